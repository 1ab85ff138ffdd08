"""Us to Commerce: every order that can be created is created once, at Amazon's exact figures; the others say why not.

Once, whatever dies when: an order is claimed by a conditional UPDATE before Commerce is asked, nothing remote happens
inside a transaction, and an order whose creation was never answered is looked up in Commerce (after Commerce's own time
limit) before anything else is tried. A claim that has run out was left by a dead process and is treated the same way.
"""

from __future__ import annotations

import random
import uuid
from collections import Counter, deque
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

import structlog

from bridge import claims, store
from bridge.commerce.wire import order_body
from bridge.domain.blockers import Blocker, ShopFacts, commerce_rejected, find_blockers
from bridge.domain.commerce import CommerceOrder, CommerceShipment
from bridge.domain.draft import Draft, ProductLine, amounts_problem, build_draft, live_lines, pending_draft
from bridge.domain.money import to_text
from bridge.domain.order import STREET_WITHHELD, AmazonStatus, Channel, OrderSnapshot
from bridge.domain.retry import Policy, next_delay
from bridge.domain.states import ImportState, state_for
from bridge.errors import AlreadyExists, NotFound, RemoteError, Verdict
from bridge.models import Order
from bridge.sync.catalogue import Catalogue
from bridge.sync.confirm import keep_shipment
from bridge.sync.connect import Link
from bridge.sync.intake import STATE_MESSAGES
from bridge.sync.make import claim_until, keeper, limit, make
from bridge.sync.outgoing import INVOICE_COMMERCE, follow_up
from bridge.sync.stock_cart import CannotSell

BATCH = 200  # orders loaded and checked together; the answers about SKUs are shared by all batches of a run
POLICY = Policy(first=15, cap=900)
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Preview:
    """The Commerce order that would be created, or what stands against it. body is None while anything does."""

    draft: Draft | None
    blockers: list[Blocker]
    order_number: str | None
    body: dict[str, Any] | None


def import_orders(link: Link) -> dict[str, int]:
    """Settle what was left unanswered, then look at every ready and every blocked order; what was done, counted.

    Raises RemoteError when the shop cannot be asked about its products; what was done before stays.
    """
    done: Counter[str] = Counter()
    done += settle_abandoned(link)
    if not link.settings.import_enabled:
        return dict(done)
    ahead = link.parallel > 1  # with one slot nothing is done beside anything else: the same luck is the same run
    under_way: deque[Future[str]] = deque()
    crashed: list[Exception] = []
    # The slots only ask the shop: while it works on some orders, others are claimed or recorded, and a batch looked up.
    with ThreadPoolExecutor(link.parallel) as slots, ThreadPoolExecutor(2 * link.parallel if ahead else 1) as pool:
        for jobs in _batches(link, slots, done):
            under_way += [pool.submit(_create_guarded, *job, slots) for job in jobs]
            _await(under_way, len(jobs) if ahead else 0, done, crashed)
        _await(under_way, 0, done, crashed)
    if crashed:
        raise crashed[0]
    return dict(done)


def _await(orders: deque[Future[str]], but: int, done: Counter[str], crashed: list[Exception]) -> None:
    """Count how the orders ended, without the last `but`. A defect that one of them meets never stops the others."""
    while len(orders) > but:
        order = orders.popleft()
        error = order.exception()
        if isinstance(error, Exception):
            crashed.append(error)
        else:
            done[order.result()] += 1


Job = tuple[Link, Order, OrderSnapshot, ShopFacts]


def _batches(link: Link, slots: Executor, done: Counter[str]) -> Iterator[list[Job]]:
    """Batch by batch what can be created; what cannot is marked so, and counted. Raises RemoteError."""
    catalogue: Catalogue | None = None
    after = 0
    while True:
        with link.db.reading() as session:
            ids = claims.importable_ids(session, link.store_id, link.now(), BATCH, after)
            orders = store.load_orders(session, ids)
            if not orders:
                return
            matches = [] if catalogue else store.matches_of(session, link.store_id)
            coming = [] if catalogue else store.blocked_lines(session, link.store_id)
        after = ids[-1]
        snapshots = [store.snapshot_of(order) for order in orders]
        if catalogue is None:
            catalogue = Catalogue(link.commerce, slots.submit(link.shop).result(), matches, coming)
        facts = slots.submit(catalogue.facts, snapshots).result()
        jobs = []
        for order, snapshot, known in zip(orders, snapshots, facts, strict=True):
            blockers = find_blockers(snapshot, known)
            if blockers:
                done["blocked"] += 1
                block(link, order, blockers)
            else:
                jobs.append((link, order, snapshot, known))
        yield jobs


def blockers_of(order: Order, snapshot: OrderSnapshot, facts: ShopFacts) -> list[Blocker]:
    """What stands against it. What its own Commerce order holds is not out of stock."""
    found = find_blockers(snapshot, facts)
    return [b for b in found if b.code != "out_of_stock"] if order.commerce_order_id is not None else found


def block(link: Link, order: Order, blockers: Sequence[Blocker]) -> None:
    """Write the blockers when they differ from those that stand; an order that moved on meanwhile is left alone."""
    held = [(b.code, b.message, b.amazon_item_id) for b in order.blockers]
    if order.import_state is ImportState.BLOCKED and held == [(b.code, b.message, b.line_id) for b in blockers]:
        return
    with link.db.session() as session:
        for fresh in store.load_orders(session, [order.id]):
            if fresh.import_state in (ImportState.READY, ImportState.BLOCKED, ImportState.RESERVED):
                store.replace_blockers(session, fresh, blockers, link.now())


def _create_guarded(link: Link, order: Order, snapshot: OrderSnapshot, facts: ShopFacts, slots: Executor) -> str:
    """One order's failure never stops the others."""
    try:
        return _create(link, order, snapshot, facts, slots)
    except RemoteError as error:
        log.warning("order not created", store=link.store_id, order=order.id, error=str(error))
        return "failed"


def _create(link: Link, order: Order, snapshot: OrderSnapshot, facts: ShopFacts, slots: Executor) -> str:
    """Claim, create, record. Only what the shop works on is done in a slot: the next one is claimed by then."""
    claim = uuid.uuid4().hex
    claimed_at = link.now()
    with link.db.session() as session:
        if not claims.claim_for_import(session, order, claim, claimed_at, claim_until(link, claimed_at)):
            return "taken"
    try:
        customer_id = None
        if link.settings.customer_creation == "new_account":
            customer_id = slots.submit(link.customer_for, snapshot).result()
        body = body_of(link, snapshot, facts.products, customer_id, order.id)
    except RemoteError as error:
        give_back(link, order.id, claim, error)
        raise
    try:
        created = slots.submit(make, link, order, claim, keeper(link, order.id, claim, claimed_at), body).result()
    except AlreadyExists as error:
        return _adopt_existing(link, order.id, claim, error)
    except RemoteError as error:
        after_failure(link, order.id, claim, error)
        raise
    return record(link, order.id, claim, created, facts.products) if created else "taken"


def body_of(
    link: Link,
    snapshot: OrderSnapshot,
    products: Mapping[str, ProductLine],
    customer_id: int | None,
    order_id: int | None,
    *,
    pending: bool = False,
) -> dict[str, Any]:
    """What is sent to create the order; pending: one that only holds the goods while Amazon verifies the payment."""
    draft = pending_draft(snapshot, products, link.shop().base_currency) if pending else build_draft(snapshot, products)
    state = "new" if pending else "complete" if draft.settled else "processing"
    return order_body(
        snapshot,
        draft,
        link.shop(),
        increment_id=link.settings.order_number(snapshot.amazon_order_id),
        state=state,
        status="pending" if pending else "complete" if draft.settled else link.settings.new_status,
        customer_id=customer_id,
        country=link.country,
        console_url=f"{link.public_url}/console/orders/{order_id}" if order_id else None,
    )


def record(
    link: Link,
    order_id: int,
    claim: str,
    created: CommerceOrder,
    products: Mapping[str, ProductLine],
    *,
    shipments: Sequence[CommerceShipment] | None = None,
) -> str:
    """Write the Commerce order down. When the claim was lost, whoever took it over finds the order by look-up.

    shipments: of an order that was found; the warehouse may have shipped it while we did not know it, and the
    shop's list of shipments has been read beyond them since.
    """
    now = link.now()
    with link.db.session() as session:
        order = claims.claimed_order(session, order_id, claim)
        if order is None:
            return "taken"
        with session.no_autoflush:  # written once, not before each row that is read
            held = order.commerce_order_id is not None
            adopted = shipments is not None and not held
            _link_to(order, created, products)
            order.claim = None
            order.attempts = 0
            order.due_at = now
            order.imported_at = now
            order.blockers = []
            if not adopted and order.channel is Channel.FBM and store.snapshot_of(order).street_withheld:
                order.note(now, "role_missing", f"{STREET_WITHHELD}; created with placeholders.")
            how = "Found in Commerce as" if adopted else "Moved to processing as" if held else "Created in Commerce as"
            order.move_to(ImportState.IMPORTED, now, f"{how} order #{created.increment_id}.")
            _note_difference(order, created)
            if created.state == "complete":
                order.move_to(ImportState.COMPLETED, now, f"Commerce order #{created.increment_id} is complete.")
            elif link.settings.invoice == "at_import" and order.amazon_status is not AmazonStatus.CANCELED:
                store.enqueue(order, INVOICE_COMMERCE, now)
            follow_up(order, now)
        if order.channel is Channel.FBM:
            for shipment in shipments or ():
                keep_shipment(session, order, shipment, now, shipments or ())
    return "adopted" if adopted else "restated" if held else "created"


def keep_held(
    link: Link, order_id: int, claim: str, created: CommerceOrder | None, products: Mapping[str, ProductLine]
) -> str:
    """Write down that the goods are held, by the Commerce order `created` or (None) the one that is known already."""
    now = link.now()
    with link.db.session() as session:
        order = claims.claimed_order(session, order_id, claim)
        if order is None:
            return "taken"
        if created is not None:
            _link_to(order, created, products)
        order.claim = None
        order.attempts = 0
        order.due_at = now
        number = order.commerce_order_number
        order.move_to(ImportState.RESERVED, now, f"Its stock is held by Commerce order #{number}.")
        follow_up(order, now)
    return "held"


def _link_to(order: Order, created: CommerceOrder, products: Mapping[str, ProductLine]) -> None:
    order.commerce_order_id = created.entity_id
    order.commerce_order_number = created.increment_id
    order.commerce_status = created.status
    goods = [line for line in reversed(created.lines) if not line.is_virtual and line.qty_ordered]
    own = {line.amazon_item_id: line for line in goods if line.amazon_item_id}
    # Another program's order does not say which Amazon line is which, and may hold two of a SKU as one.
    nobodys = {line.sku: line for line in goods if not line.amazon_item_id}
    standing = {row.amazon_item_id: own.get(row.amazon_item_id) or nobodys.get(row.sku or "") for row in order.lines}
    for row in order.lines:
        item = standing[row.amazon_item_id]
        if item is None:
            continue
        row.commerce_item_id = item.item_id
        row.commerce_sku = item.sku
        mine = [line for line in reversed(goods) if line.amazon_item_id == row.amazon_item_id]
        several = len(mine) > 1 and row.quantity
        row.parts = [[i.item_id, max(1, int(i.qty_ordered) // row.quantity)] for i in mine] if several else None
        if row.amazon_item_id in products:
            row.commerce_sku = products[row.amazon_item_id].product.sku
            row.units_per_item = products[row.amazon_item_id].quantity
        elif row.quantity:
            sharing = sum(other.quantity for other in order.lines if standing[other.amazon_item_id] is item)
            row.units_per_item = max(1, int(item.qty_ordered) // sharing)


def _note_difference(order: Order, created: CommerceOrder) -> None:
    """An order that Commerce holds at another total than Amazon's is never passed over in silence."""
    if created.grand_total is None or order.currency is None or order.grand_total_minor is None:
        return
    if created.grand_total == Decimal(to_text(order.grand_total_minor, order.currency)):
        return
    message = (
        f"Commerce order #{created.increment_id} holds {created.grand_total}, Amazon's total is"
        f" {to_text(order.grand_total_minor, order.currency)} {order.currency}."
    )
    order.note(order.updated_at, "totals_differ", message)


def _adopt_existing(link: Link, order_id: int, claim: str, error: AlreadyExists) -> str:
    """Commerce holds the number: the order is ours from an attempt that was never answered, or somebody else's."""
    with link.db.reading() as session:
        order = store.load_orders(session, [order_id])[0]
    number = link.settings.order_number(order.amazon_order_id)
    found = link.commerce.find_orders(increment_ids=[number] if number else [], ext_order_ids=[order.amazon_order_id])
    ours = [o for o in found if o.ext_order_id == order.amazon_order_id]
    if ours:
        shipments = list(link.commerce.shipments_of([ours[0].entity_id]))
        return record(link, order_id, claim, ours[0], {}, shipments=shipments)
    _reject(link, order_id, claim, f"the order number {number} is taken by another order")
    raise error


def after_failure(link: Link, order_id: int, claim: str, error: RemoteError) -> None:
    """Unknown: leave the claim to run out, then it is looked up. Permanent: the merchant must see it. Else: later."""
    if error.verdict is Verdict.UNKNOWN:
        with link.db.session() as session:
            store.record_remote_error(session, link.store_id, error, link.now())
            order = claims.claimed_order(session, order_id, claim)
            if order is not None:
                order.due_at = link.now() + limit(link)
                order.note(link.now(), "unanswered", "Commerce did not answer; the order will be looked up there.")
    elif error.permanent:
        with link.db.session() as session:
            store.record_remote_error(session, link.store_id, error, link.now())
        _reject(link, order_id, claim, error.message, error.blockers if isinstance(error, CannotSell) else ())
    else:
        give_back(link, order_id, claim, error)


def _reject(link: Link, order_id: int, claim: str, message: str, blockers: Sequence[Blocker] = ()) -> None:
    with link.db.session() as session:
        order = claims.claimed_order(session, order_id, claim)
        if order is not None:
            order.claim = None
            store.replace_blockers(session, order, blockers or [commerce_rejected(message)], link.now())


def give_back(link: Link, order_id: int, claim: str, error: RemoteError) -> None:
    """Nothing was done: the order is tried again after a pause."""
    now = link.now()
    with link.db.session() as session:
        store.record_remote_error(session, link.store_id, error, now)
        order = claims.claimed_order(session, order_id, claim)
        if order is None:
            return
        pause = next_delay(order.attempts, POLICY, retry_after=error.retry_after, rng=random.SystemRandom())
        if _set_free(link, order, f"Not created yet, to be tried again: {error.message}"):
            order.due_at = now + timedelta(seconds=pause)


def _set_free(link: Link, order: Order, message: str) -> bool:
    """End the claim of an order for which nothing was done; False when it has got on by what Amazon shows now."""
    now, order.claim, order.due_at = link.now(), None, link.now()
    if order.commerce_order_id is not None:
        order.move_to(ImportState.RESERVED, now, message)
        follow_up(order, now)
        return True
    former = ImportState.WAITING if order.import_state is ImportState.RESERVING else ImportState.READY
    order.move_to(former, now, message)
    enabled = link.settings.import_enabled
    state = state_for(former, order.amazon_status, order.channel, import_enabled=enabled)
    if state is not former:
        order.move_to(state, now, STATE_MESSAGES[state])
    return state is former


def settle_abandoned(link: Link) -> Counter[str]:
    """Look up what was being created when its time ran out; adopt what Commerce has, make ready what it has not."""
    done: Counter[str] = Counter()
    while True:
        claim = uuid.uuid4().hex
        until = claim_until(link, link.now())
        with link.db.session() as session:
            ids = claims.abandoned_ids(session, link.store_id, link.now(), 50)
            mine = [i for i in ids if claims.claim_abandoned(session, i, claim, link.now(), until)]
            orders = store.load_orders(session, mine)
        if not ids:
            return done
        found = _look_up(link, [order for order in orders if order.commerce_order_id is None])
        shipments: dict[int, list[CommerceShipment]] = {o.entity_id: [] for o in found.values()}
        for shipment in link.commerce.shipments_of(list(shipments)) if found else ():
            shipments[shipment.order_id].append(shipment)
        for order in orders:
            created = found.get(order.id)
            if order.commerce_order_id is not None or (created and _only_holds(order, created)):
                done[keep_held(link, order.id, claim, created, {})] += 1
            elif created:
                done[record(link, order.id, claim, created, {}, shipments=shipments[created.entity_id])] += 1
            else:
                done["released"] += 1
                _release(link, order.id, claim)


def _look_up(link: Link, orders: Sequence[Order]) -> dict[int, CommerceOrder]:
    """Our order's id -> the Commerce order, for those that Commerce has."""
    quotes = {order.commerce_quote_id: order.id for order in orders if order.commerce_quote_id is not None}
    numbers = {order.amazon_order_id: order.id for order in orders}
    shown = link.commerce.find_orders(ext_order_ids=list(numbers), quote_ids=list(quotes)) if orders else ()
    found = {numbers[o.ext_order_id]: o for o in shown if o.ext_order_id in numbers}
    return found | {quotes[o.quote_id]: o for o in shown if o.quote_id in quotes}


def _only_holds(order: Order, created: CommerceOrder) -> bool:
    """Whether the Commerce order that was found is one of ours that has not got its figures."""
    return order.import_state is ImportState.RESERVING or (
        created.quote_id is not None and created.quote_id == order.commerce_quote_id
    )


def _release(link: Link, order_id: int, claim: str) -> None:
    with link.db.session() as session:
        order = claims.claimed_order(session, order_id, claim)
        if order is not None:
            _set_free(link, order, "Commerce does not have the order; it will be created.")


def preview(link: Link, order_id: int) -> Preview:
    """What an import would do with the order now, without writing anything. Raises NotFound, RemoteError."""
    with link.db.reading() as session:
        orders = store.load_orders(session, [order_id])
        if not orders or orders[0].store_id != link.store_id:
            raise NotFound(f"There is no order {order_id}.")
        matches = store.matches_of(session, link.store_id)
    snapshot = store.snapshot_of(orders[0])
    facts = Catalogue(link.commerce, link.shop(), matches).facts([snapshot])[0]
    blockers = blockers_of(orders[0], snapshot, facts)
    number = link.settings.order_number(snapshot.amazon_order_id)
    whole = not amounts_problem(snapshot) and all(line.item_id in facts.products for line in live_lines(snapshot))
    draft = build_draft(snapshot, facts.products) if whole else None
    body = None if blockers else body_of(link, snapshot, facts.products, None, order_id)
    return Preview(draft, blockers, number, body)
