"""Do Amazon, we and Commerce agree? Every gap, double and difference of the last days is named.

Nothing is written to Amazon or Commerce; the nightly job takes in what sync has missed of Amazon. What Amazon changed
within the last hour is passed over: the next sync may still be on its way.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session

from bridge import store
from bridge.amazon.quota import RATES
from bridge.domain import app_secret
from bridge.domain.commerce import CommerceOrder
from bridge.domain.money import to_text
from bridge.domain.order import AmazonStatus, OrderSnapshot
from bridge.domain.states import IMPORTABLE, UNFINISHED, ImportState
from bridge.models import CommunicationError, Order, OutgoingChange
from bridge.sync.connect import Link
from bridge.sync.intake import NOT_STORABLE, store_snapshots

WINDOW = timedelta(days=7)
PAGE = 100  # orders that one request reads
LEFT_TO_SYNC = 2  # requests
SETTLING = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that does not agree; kind is one of KINDS."""

    kind: str
    amazon_order_id: str
    message: str


@dataclass(frozen=True, slots=True)
class _Case:
    """One order as all three see it; None where one of them does not have it."""

    number: str
    amazon: OrderSnapshot | None
    ours: Order | None
    commerce: Sequence[CommerceOrder]
    open_changes: frozenset[str]
    settled_before: datetime

    @property
    def linked(self) -> CommerceOrder | None:
        wanted = self.ours.commerce_order_id if self.ours else None
        return next((order for order in self.commerce if order.entity_id == wanted), None)


def audit(link: Link) -> list[Finding]:
    """Compare the orders created in the last days, as far back as Amazon's quota lets them be read.

    Raises RemoteError.
    """
    since, _newest = _reach(link)
    return _compare(link, since, _read_amazon(link, since))


def _reach(link: Link) -> tuple[datetime, int | None]:
    """(since when orders are compared; how many of ours that are, where the quota would not do for all the days)."""
    since = max(link.now() - WINDOW, link.integration_time)
    left = link.clients.quota.left().get("searchOrders", RATES["searchOrders"][1] - 1)
    pages = max(1, int(left) - max(link.reserve, LEFT_TO_SYNC) - 1)
    most = max(1, pages * PAGE * 9 // 10)  # there may be some that we do not know
    ours = select(Order.purchase_date).where(Order.store_id == link.store_id, Order.purchase_date >= since)
    with link.db.reading() as session:
        last = session.scalar(ours.order_by(Order.purchase_date.desc()).offset(most - 1).limit(1))
    return (since, None) if last is None else (last, most)


def _compare(link: Link, since: datetime, on_amazon: Mapping[str, OrderSnapshot]) -> list[Finding]:
    with link.db.reading() as session:
        query = select(Order.amazon_order_id).where(Order.store_id == link.store_id, Order.purchase_date >= since)
        known = store.orders_by_number(session, link.store_id, [*on_amazon, *session.scalars(query)])
        changes = select(OutgoingChange.order_id, OutgoingChange.kind).where(
            OutgoingChange.store_id == link.store_id,
            OutgoingChange.state != "done",
            OutgoingChange.created_at < link.now() - SETTLING,
        )
        waiting: dict[int, set[str]] = {}
        for order_id, kind in session.execute(changes):
            waiting.setdefault(order_id, set()).add(kind)
    in_commerce: dict[str, list[CommerceOrder]] = {}
    for found in link.commerce.find_orders(ext_order_ids=sorted({*on_amazon, *known})):
        in_commerce.setdefault(found.ext_order_id or "", []).append(found)
    findings = []
    for number in sorted({*on_amazon, *known}):
        ours = known.get(number)
        open_changes = frozenset(waiting.get(ours.id, ()) if ours else ())
        case = _Case(
            number, on_amazon.get(number), ours, in_commerce.get(number, []), open_changes, link.now() - SETTLING
        )
        for kind, look in KINDS.items():
            findings += [Finding(kind, number, message) for message in look(case)]
    return findings


def run_audit(link: Link) -> dict[str, int]:
    """The nightly job: what was found is counted by kind, and told under the communication errors."""
    since, newest = _reach(link)
    on_amazon = _read_amazon(link, since)
    findings = _compare(link, since, on_amazon)
    with link.db.session() as session:
        _tell_of_secret(session, link)
        for finding in findings[:500]:
            session.add(
                CommunicationError(
                    store_id=link.store_id, at=link.now(), system="bridge", operation="audit", status=None,
                    code=finding.kind, message=f"Order {finding.amazon_order_id}: {finding.message}"[:500],
                )
            )  # fmt: skip
    told = {} if newest is None else {"newest_orders": newest}
    stale = {"missing_here", "status_differs"}
    missed = dict.fromkeys(finding.amazon_order_id for finding in findings if finding.kind in stale)
    told |= _take_in(link, [on_amazon[number] for number in missed if number in on_amazon])
    return {"findings": len(findings), **Counter(finding.kind for finding in findings), **told}


def _take_in(link: Link, missed: Iterable[OrderSnapshot]) -> dict[str, int]:
    """Store what sync has missed; how many. What cannot be stored is found again the next night."""
    fetched = 0
    for snapshot in missed:
        with suppress(*NOT_STORABLE):
            with link.db.session() as session:
                stored = store_snapshots(session, link, [snapshot])
            fetched += stored.total()
    return {"fetched": fetched} if fetched else {}


def _tell_of_secret(session: Session, link: Link) -> None:
    told = app_secret.warning(link.clients.secret_since, link.now())
    if told:
        session.add(
            CommunicationError(
                store_id=link.store_id, at=link.now(), system="amazon", operation="login", status=None,
                code="SecretEnds", message=f"{told}.",
            )
        )  # fmt: skip


def _read_amazon(link: Link, since: datetime) -> dict[str, OrderSnapshot]:
    """Amazon's orders created since then, by Amazon's order id."""
    found: dict[str, OrderSnapshot] = {}
    page = link.amazon.search_orders(marketplace_ids=[link.marketplace_id], created_after=since, reserve=link.reserve)
    while True:
        found |= {s.amazon_order_id: s for s in page.snapshots if s.purchase_date >= since}
        if page.next_token is None:
            return found
        page = link.amazon.search_orders(pagination_token=page.next_token, frozen=page.query, reserve=link.reserve)


def _missing_here(case: _Case) -> Iterator[str]:
    if case.amazon and case.ours is None and case.amazon.last_update < case.settled_before:
        yield f"Amazon has it ({case.amazon.status}), we do not."


def _missing_on_amazon(case: _Case) -> Iterator[str]:
    if case.ours and case.amazon is None and case.ours.created_at < case.settled_before:
        yield "Amazon no longer lists it."


def _status_differs(case: _Case) -> Iterator[str]:
    if case.ours is None or case.amazon is None or case.amazon.last_update >= case.settled_before:
        return
    if case.amazon.status is not case.ours.amazon_status:
        yield f"Amazon shows {case.amazon.status}, we show {case.ours.amazon_status}."


def _not_created(case: _Case) -> Iterator[str]:
    order = case.ours
    if order is None or order.amazon_status not in IMPORTABLE[order.channel] or order.updated_at >= case.settled_before:
        return
    if not case.commerce and order.import_state in (ImportState.READY, ImportState.WAITING):
        yield "It could be created in Commerce and was not."
    if order.import_state is ImportState.RESERVED:
        yield f"Commerce order #{order.commerce_order_number} holds its stock and was not moved to processing."


def _commerce_order_missing(case: _Case) -> Iterator[str]:
    if case.ours and case.ours.commerce_order_id is not None and case.linked is None:
        yield f"We know Commerce order #{case.ours.commerce_order_number}, Commerce does not have it."


def _doubled(case: _Case) -> Iterator[str]:
    if len(case.commerce) > 1:
        numbers = ", ".join(f"#{order.increment_id}" for order in case.commerce)
        yield f"Commerce has it {len(case.commerce)} times: {numbers}."


def _not_linked(case: _Case) -> Iterator[str]:
    importing = case.ours is not None and case.ours.import_state in (ImportState.IMPORTING, ImportState.RESERVING)
    if case.commerce and not importing and (case.ours is None or case.ours.commerce_order_id is None):
        yield f"Commerce has it as #{case.commerce[0].increment_id}, we do not know of that."


def _total_differs(case: _Case) -> Iterator[str]:
    order, created = case.ours, case.linked
    if order is None or created is None or created.grand_total is None or order.currency is None:
        return
    if order.import_state in UNFINISHED:  # it has not got its figures
        return
    wanted = to_text(order.grand_total_minor or 0, order.currency)
    if created.grand_total != Decimal(wanted):
        told = f"Commerce order #{created.increment_id} has {created.grand_total}"
        yield f"Amazon's total is {wanted} {order.currency}, {told}."
    yield from _changed_since(case, order, f"Commerce order #{created.increment_id} was created with {wanted}")


def _changed_since(case: _Case, order: Order, told: str) -> Iterator[str]:
    amazon = case.amazon
    if amazon is None or amazon.status is AmazonStatus.CANCELED or amazon.currency != order.currency:
        return
    if amazon.grand_total is not None and amazon.grand_total != order.grand_total_minor and amazon.currency:
        yield f"Amazon's total is {to_text(amazon.grand_total, amazon.currency)} {amazon.currency} by now; {told}."


def _state_differs(case: _Case) -> Iterator[str]:
    order, created = case.ours, case.linked
    if order is None or created is None or order.updated_at >= case.settled_before:
        return
    wanted = {ImportState.COMPLETED: {"complete", "closed"}, ImportState.CANCELED: {"canceled", "closed"}}
    if order.import_state in wanted and created.state not in wanted[order.import_state]:
        yield f"Here it is {order.import_state}, Commerce order #{created.increment_id} is {created.state}."
    alive = order.import_state is ImportState.IMPORTED and order.amazon_status is not AmazonStatus.CANCELED
    if alive and created.state == "canceled":
        yield f"Amazon shows {order.amazon_status}, Commerce order #{created.increment_id} is canceled."


def _not_told(case: _Case) -> Iterator[str]:
    for kind in sorted(case.open_changes):
        yield f"For more than an hour the other side has not shown: {kind}."


KINDS: Mapping[str, Callable[[_Case], Iterator[str]]] = {
    "missing_here": _missing_here,
    "missing_on_amazon": _missing_on_amazon,
    "status_differs": _status_differs,
    "not_created": _not_created,
    "commerce_order_missing": _commerce_order_missing,
    "doubled": _doubled,
    "not_linked": _not_linked,
    "total_differs": _total_differs,
    "state_differs": _state_differs,
    "not_told": _not_told,
}
