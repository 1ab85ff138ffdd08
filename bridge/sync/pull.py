"""Amazon to us: every order that changed, with nothing missed.

One search serves all stores of a seller account in a region, because Amazon counts searches by account. The watermark
is Amazon's own echo of the search (lastUpdatedBefore); it moves after the last page is stored, and the next search
starts OVERLAP before it, because Amazon's lists are eventually consistent (amazon-sp-api 1.8, 1.10).
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from bridge import store
from bridge.amazon.client import OrderPage
from bridge.amazon.wire import Unreadable
from bridge.domain.order import OrderSnapshot
from bridge.domain.retry import Policy, next_delay
from bridge.errors import RemoteError, Verdict
from bridge.models import CommunicationError
from bridge.sync.connect import Link
from bridge.sync.intake import NOT_STORABLE, store_snapshots
from bridge.work import SyncCursor, UnreadableOrder

OVERLAP = timedelta(minutes=60)
SWEEP = timedelta(hours=48)
NOT_FOUND_TRIES = 4
POLICY = Policy(first=300)  # of asking again for an order that could not be read


@dataclass(frozen=True, slots=True)
class _Account:
    """The stores of one seller account in one region; `lead` keeps the place in a page run."""

    stores: Mapping[str, Link]  # by marketplace id

    @property
    def lead(self) -> Link:
        return min(self.stores.values(), key=lambda link: link.store_id)


def _account(link: Link) -> _Account:
    return _Account({sibling.marketplace_id: sibling for sibling in link.account()})


def pull_orders(link: Link) -> dict[str, int]:
    """Read every change since the watermark for the store and all others of its account; what was done, counted.

    A run that was cut off goes on with its frozen query and token; a token that Amazon no longer accepts starts the
    search anew from the watermark. Raises RemoteError; what was stored before stays.
    """
    account = _account(link)

    def first_page(lead: Link) -> OrderPage:
        since = min(_watermark(sibling) for sibling in account.stores.values()) - OVERLAP
        return lead.amazon.search_orders(
            marketplace_ids=sorted(account.stores), last_updated_after=since, reserve=link.reserve
        )

    return dict(_run(account, "amazon", first_page, link.reserve) + _ask_again(account))


def sweep_orders(link: Link) -> dict[str, int]:
    """Read the orders created in the last two days once more, in case Amazon's list of changes has left one out."""
    account = _account(link)

    def first_page(lead: Link) -> OrderPage:
        since = lead.now() - SWEEP
        return lead.amazon.search_orders(
            marketplace_ids=sorted(account.stores), created_after=since, reserve=link.reserve
        )

    return dict(_run(account, "sweep", first_page, link.reserve))


def _watermark(link: Link) -> datetime:
    with link.db.session() as session:
        position = store.cursor(session, link.store_id, "amazon", link.now()).position
    return datetime.fromisoformat(position).astimezone(UTC) if position else link.integration_time


def _run(account: _Account, name: str, first_page: Callable[[Link], OrderPage], reserve: int) -> Counter[str]:
    """Read page after page and store each in a transaction of its own, with the place to go on from."""
    done: Counter[str] = Counter()
    lead = account.lead
    while True:
        with lead.db.session() as session:
            cursor = store.cursor(session, lead.store_id, name, lead.now())
            query, token = cursor.query, cursor.token
        page = _next_page(lead, name, query, token, reserve) if token else first_page(lead)
        if page is None:
            continue
        done["pages"] += 1
        try:
            with lead.db.session() as session:
                stored = store_page(session, account.stores, page)
                _keep_place(session, account, name, page, first=not token)
        except NOT_STORABLE:
            stored = _store_singly(account, page)
            with lead.db.session() as session:
                _keep_place(session, account, name, page, first=not token)
        done += stored
        if not page.next_token:
            return done


def _keep_place(session: Session, account: _Account, name: str, page: OrderPage, *, first: bool) -> None:
    """The page is stored: the next one is read from here, whoever reads it."""
    lead = account.lead
    cursor = store.cursor(session, lead.store_id, name, lead.now())
    cursor.updated_at = lead.now()
    if first:
        # The first page's echo bounds the whole run: what changes while it is read belongs to the next one.
        bound = page.last_updated_before or page.created_before
        cursor.bound = bound.astimezone(UTC).isoformat() if bound else None
    cursor.token = page.next_token
    cursor.query = dict(page.query) if page.next_token else None
    if not page.next_token:
        _move_watermarks(session, account, cursor, page)


def _next_page(lead: Link, name: str, query: dict[str, str], token: str, reserve: int) -> OrderPage | None:
    """The page behind the token; None when Amazon refuses the token, which is then forgotten."""
    try:
        return lead.amazon.search_orders(pagination_token=token, frozen=query, reserve=reserve)
    except RemoteError as error:
        if error.verdict is not Verdict.PERMANENT:
            raise
        with lead.db.session() as session:
            store.record_remote_error(session, lead.store_id, error, lead.now())
            cursor = store.cursor(session, lead.store_id, name, lead.now())
            cursor.token = cursor.query = None
        return None


def _move_watermarks(session: Session, account: _Account, run: SyncCursor, page: OrderPage) -> None:
    """The run is over: everything up to its bound is stored, for the stores whose marketplaces it asked for."""
    bound, run.bound = run.bound, None
    if bound is None:
        return
    asked = set(page.query["marketplaceIds"].split(","))
    for marketplace_id, link in account.stores.items():
        if marketplace_id in asked:
            cursor = store.cursor(session, link.store_id, run.name, link.now())
            cursor.position, cursor.updated_at = bound, link.now()


def store_page(session: Session, stores: Mapping[str, Link], page: OrderPage) -> Counter[str]:
    """Store one page of orders; one that cannot be read is reported, asked for again later, and holds up nothing.

    stores: by marketplace id; orders of a marketplace without a store are none of ours.
    """
    done = _store(session, stores, page.snapshots)
    return done + _note_unread(session, stores, page.unreadable, page.request_id)


def _store_singly(account: _Account, page: OrderPage) -> Counter[str]:
    """Store a page that could not be stored as a whole order by order; one that cannot be holds up only itself."""
    done: Counter[str] = Counter()
    unread = list(page.unreadable)
    for snapshot in page.snapshots:
        try:
            with account.lead.db.session() as session:
                stored = _store(session, account.stores, [snapshot])
        except NOT_STORABLE as error:
            reason = f"It cannot be stored: {type(error).__name__}."
            unread.append(Unreadable(snapshot.amazon_order_id, reason, snapshot.purchase_date))
        else:
            done += stored
    with account.lead.db.session() as session:
        return done + _note_unread(session, account.stores, unread, page.request_id)


def _note_unread(
    session: Session, stores: Mapping[str, Link], unreadable: Iterable[Unreadable], request_id: str | None
) -> Counter[str]:
    done: Counter[str] = Counter()
    lead = min(stores.values(), key=lambda link: link.store_id)
    begun = min(link.integration_time for link in stores.values())
    for unread in unreadable:
        if unread.created is not None and unread.created < begun:
            continue
        done["unreadable"] += 1
        if session.get(UnreadableOrder, (lead.store_id, unread.order_id)) is None:
            _remember(session, lead, unread, request_id)
    return done


def _store(session: Session, stores: Mapping[str, Link], snapshots: Iterable[OrderSnapshot]) -> Counter[str]:
    done: Counter[str] = Counter()
    by_marketplace: dict[str, list[OrderSnapshot]] = {}
    for snapshot in snapshots:
        by_marketplace.setdefault(snapshot.marketplace_id, []).append(snapshot)
    for marketplace_id, theirs in sorted(by_marketplace.items()):  # always the same order: each store is locked
        if marketplace_id in stores:
            done += store_snapshots(session, stores[marketplace_id], theirs)
    return done


def _remember(session: Session, link: Link, unread: Unreadable, request_id: str | None) -> None:
    order_id, reason = unread.order_id, str(unread)
    session.add(
        UnreadableOrder(
            store_id=link.store_id, amazon_order_id=order_id, reason=reason[:500], attempts=0, due_at=link.now()
        )
    )
    session.add(
        CommunicationError(
            store_id=link.store_id, at=link.now(), system="amazon", operation="searchOrders", status=200,
            code="UnreadableOrder", message=f"Order {order_id}: {reason}"[:500],
            request_id=(request_id or "")[:64] or None,
        )
    )  # fmt: skip


def _ask_again(account: _Account) -> Counter[str]:
    """Ask for the orders that could not be read: the watermark has passed them, so nothing else would bring them."""
    done: Counter[str] = Counter()
    with account.lead.db.reading() as session:
        query = select(UnreadableOrder.store_id, UnreadableOrder.amazon_order_id).where(
            UnreadableOrder.store_id.in_([link.store_id for link in account.stores.values()]),
            UnreadableOrder.due_at <= account.lead.now(),
        )
        due = list(session.execute(query.order_by(UnreadableOrder.due_at).limit(20)))
    for store_id, order_id in due:
        done += _ask_once(account, store_id, order_id)
    return done


def _ask_once(account: _Account, store_id: int, order_id: str) -> Counter[str]:
    lead = account.lead
    snapshots: list[OrderSnapshot] = []
    gone = missing = False
    try:
        snapshots.append(lead.amazon.get_order(order_id))
    except RemoteError as error:
        if not error.permanent:
            raise
        gone, missing = error.code == "NotAnAmazonOrder", error.code == "NotFound"
    if snapshots:
        try:
            with lead.db.session() as session:
                session.delete(session.get_one(UnreadableOrder, (store_id, order_id)))
                return _store(session, account.stores, snapshots)
        except NOT_STORABLE:
            pass  # no better than one that cannot be read
    with lead.db.session() as session:
        row = session.get_one(UnreadableOrder, (store_id, order_id))
        # Amazon has listed it: that it does not find it for once is no reason to forget it.
        if gone or (missing and row.attempts >= NOT_FOUND_TRIES):
            session.delete(row)
            return Counter()
        row.attempts += 1
        pause = next_delay(row.attempts, POLICY, rng=random.SystemRandom())
        row.due_at = lead.now() + timedelta(seconds=pause)
    return Counter()
