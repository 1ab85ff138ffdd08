"""Commerce orders that hold the goods before they have Amazon's final figures.

Where the store's settings say so (`pending_orders: reserve`) the Commerce order of what the merchant ships is created
while Amazon still verifies the payment, in new/pending and without amounts where Amazon sends none, so that the stock
strategy holds the quantity (magento-live 6b). Once Amazon has verified it, that order gets Amazon's figures. One that
was placed from a cart by a process that died comes the same way.

What stands against it while Amazon shows Pending is no error yet: nothing is held, the order's note says why, and the
next import looks again. Afterwards it is a blocker like any other; the goods stay held meanwhile, until Amazon cancels.
"""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from bridge import claims, store
from bridge.domain.blockers import ShopFacts, find_blockers
from bridge.domain.commerce import CommerceOrder
from bridge.domain.draft import live_lines
from bridge.domain.order import AmazonStatus, Channel, OrderSnapshot
from bridge.domain.states import ImportState
from bridge.errors import AlreadyExists, RemoteError, Verdict
from bridge.models import Order
from bridge.sync.catalogue import Catalogue
from bridge.sync.connect import Link
from bridge.sync.make import claim_until, keeper, make
from bridge.sync.push import (
    BATCH,
    after_failure,
    block,
    blockers_of,
    body_of,
    give_back,
    import_orders,
    keep_held,
    record,
    settle_abandoned,
)
from bridge.sync.restate import ClaimLost, HoldsOther, give_up, restate

# What Amazon only sends once it has verified the payment.
NOT_YET = frozenset({"amounts_do_not_add_up", "address_incomplete"})
log = structlog.get_logger()
Case = tuple[Link, Order, OrderSnapshot, ShopFacts]
Keep = Callable[[], None]
Step = Callable[[Case, str, Keep], str]  # the case, its claim and what keeps it


def import_all(link: Link) -> dict[str, int]:
    """The import: finish what is held, create what can be created, hold what is pending; what was done, counted.

    Raises RemoteError when the shop cannot be asked about its products; what was done before stays.
    """
    done = settle_abandoned(link)
    done += finish_held(link)
    done.update(import_orders(link))
    done += hold_pending(link)
    return dict(done)


def finish_held(link: Link) -> Counter[str]:
    """Give Amazon's figures to the Commerce orders that hold what has been paid by now. Raises RemoteError.

    Also while import is disabled: these orders stand in Commerce already.
    """

    def ids(session: Session, after: int) -> list[int]:
        return claims.importable_ids(session, link.store_id, link.now(), BATCH, after, held=True)

    done: Counter[str] = Counter()
    for cases in _batches(link, ids):
        ready = []
        for case in cases:
            _, order, snapshot, facts = case
            blockers = blockers_of(order, snapshot, facts)
            if blockers:
                done["blocked"] += 1
                block(link, order, blockers)
            else:
                ready.append(case)
        _work(link, _finish, ready, done)
    return done


def hold_pending(link: Link) -> Counter[str]:
    """Create Commerce orders for what is not paid yet, where the settings ask for it. Raises RemoteError."""
    done: Counter[str] = Counter()
    settings = link.settings
    if settings.pending_orders != "reserve" or settings.stock_strategy == "none" or not settings.import_enabled:
        return done
    for cases in _batches(link, lambda session, after: _pending_ids(session, link, after)):
        free = []
        for case in cases:
            _, order, snapshot, facts = case
            standing = [found for found in find_blockers(snapshot, facts) if found.code not in NOT_YET]
            if standing:
                _note(link, order, f"No stock is held yet: {standing[0].message}")
            elif live_lines(snapshot):
                free.append(case)
        _work(link, _hold, free, done)
    return done


def _pending_ids(session: Session, link: Link, after: int) -> list[int]:
    where = (
        Order.store_id == link.store_id,
        Order.import_state == ImportState.WAITING,
        Order.channel == Channel.FBM,
        Order.amazon_status == AmazonStatus.PENDING,
        Order.due_at <= link.now(),
        Order.id > after,
    )
    return list(session.scalars(select(Order.id).where(*where).order_by(Order.id).limit(BATCH)))


def _batches(link: Link, ids_after: Callable[[Session, int], list[int]]) -> Iterator[list[Case]]:
    """The orders with what the shop says of their products, asked once per SKU over all batches."""
    catalogue: Catalogue | None = None
    after = 0
    while True:
        with link.db.reading() as session:
            orders = store.load_orders(session, ids_after(session, after))
            matches = [] if catalogue else store.matches_of(session, link.store_id)
        if not orders:
            return
        catalogue = catalogue or Catalogue(link.commerce, link.shop(), matches)
        after = orders[-1].id
        snapshots = [store.snapshot_of(order) for order in orders]
        facts = catalogue.facts(snapshots)
        yield [(link, *case) for case in zip(orders, snapshots, facts, strict=True)]


def _work(link: Link, step: Step, cases: list[Case], done: Counter[str]) -> None:
    with ThreadPoolExecutor(max_workers=link.parallel) as pool:
        done.update(pool.map(lambda case: _guarded(step, case), cases))


def _guarded(step: Step, case: Case) -> str:
    """One order's failure never stops the others; nor is one worked on that somebody else has."""
    link, order = case[:2]
    claim, now = uuid.uuid4().hex, link.now()
    with link.db.session() as session:
        if not claims.claim_for_import(session, order, claim, now, claim_until(link, now)):
            return "taken"
    try:
        return step(case, claim, keeper(link, order.id, claim, now))
    except ClaimLost:
        return "taken"
    except RemoteError as error:
        log.warning("held order failed", store=link.store_id, order=order.id, error=str(error))
        return "failed"


def _finish(case: Case, claim: str, keep: Keep) -> str:
    link, order, snapshot, facts = case
    entity_id = order.commerce_order_id or 0
    try:
        customer_id = link.customer_for(snapshot) if link.settings.customer_creation == "new_account" else None
        body = body_of(link, snapshot, facts.products, customer_id, order.id)
        finished = restate(link, entity_id, body["entity"], keep, final=True)
        # What the warehouse shipped before its time was passed over, for nothing could be told to Amazon then.
        shipments = link.commerce.shipments_of([entity_id])
    except HoldsOther:
        return _replace(link, order, claim, keep)
    except RemoteError as error:
        after_failure(link, order.id, claim, error)
        raise
    return record(link, order.id, claim, finished, facts.products, shipments=shipments)


def _replace(link: Link, order: Order, claim: str, keep: Keep) -> str:
    """The cart's order holds other goods than are wanted now: it is canceled, and the order is ready to be created."""
    entity_id = order.commerce_order_id or 0
    try:
        former = link.commerce.placed_order(entity_id).order
        keep()
        give_up(link, former, f"{order.amazon_order_id}-{entity_id}"[:32])
    except RemoteError as error:
        after_failure(link, order.id, claim, error)
        raise
    with link.db.session() as session:
        held = claims.claimed_order(session, order.id, claim)
        if held is None:
            return "taken"
        held.claim, held.due_at = None, link.now()
        held.commerce_order_id = held.commerce_order_number = held.commerce_status = held.commerce_quote_id = None
        for line in held.lines:
            line.commerce_item_id = line.commerce_sku = line.parts = None
        told = f"Amazon changed the quantities: Commerce order #{former.increment_id} is canceled, another one is made."
        held.move_to(ImportState.READY, link.now(), told)
    return "replaced"


def _hold(case: Case, claim: str, keep: Keep) -> str:
    link, order, snapshot, facts = case
    try:
        body = body_of(link, snapshot, facts.products, None, order.id, pending=True)
        created = make(link, order, claim, keep, body, final=False)
    except AlreadyExists as error:
        created = _own(link, order)
        if created is None:
            give_back(link, order.id, claim, error)
            raise
    except RemoteError as error:
        if error.verdict is Verdict.UNKNOWN:
            after_failure(link, order.id, claim, error)
        else:  # a refusal is no blocker yet
            give_back(link, order.id, claim, error)
        raise
    return keep_held(link, order.id, claim, created, facts.products) if created else "taken"


def _own(link: Link, order: Order) -> CommerceOrder | None:
    """The Commerce order that has the number and is ours, from an attempt that was never answered."""
    found = link.commerce.find_orders(ext_order_ids=[order.amazon_order_id])
    return found[0] if found else None


def _note(link: Link, order: Order, message: str) -> None:
    """Tell it once, as long as nothing else has happened since."""
    if order.order_note == message[:500]:
        return
    with link.db.session() as session:
        for fresh in store.load_orders(session, [order.id]):
            if fresh.import_state is ImportState.WAITING:
                fresh.note(link.now(), "not_held", message)
