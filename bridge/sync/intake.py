"""A version of an Amazon order becomes our rows: what is news is taken over, and the steps that it allows are taken."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.exc import DataError, IntegrityError
from sqlalchemy.orm import Session

from bridge import store
from bridge.domain.money import to_text
from bridge.domain.order import AmazonStatus, Channel, OrderSnapshot
from bridge.domain.states import IMPORTABLE, SETTLED, ImportState, shown_status, state_for, supersedes
from bridge.domain.webhooks import EventType
from bridge.models import Order, OrderEvent
from bridge.sync.connect import Link
from bridge.sync.outgoing import follow_up, seen_on_amazon

# What storing an order raises because of what is in it, and not because the database is away.
NOT_STORABLE = (DataError, IntegrityError, OverflowError, ValueError)


def store_snapshots(session: Session, link: Link, snapshots: Iterable[OrderSnapshot]) -> Counter[str]:
    """Store these versions where they are news. Orders created before the integration time are never stored."""
    done: Counter[str] = Counter()
    store.lock_intake(session, link.store_id)
    young = [s for s in snapshots if s.purchase_date >= link.integration_time]
    # A list that shifts while it is read may hold an order twice: the newer version is the last one here.
    wanted = {s.amazon_order_id: s for s in sorted(young, key=lambda s: s.last_update)}
    known = store.known_versions(session, link.store_id, wanted)
    news = [s for number, s in wanted.items() if number not in known or s.last_update > known[number]]
    changed = [s.amazon_order_id for s in news if s.amazon_order_id in known]
    held = store.orders_by_number(session, link.store_id, changed)
    fresh = {s.amazon_order_id: _new(link, s) for s in news if s.amazon_order_id not in held}
    session.add_all(fresh.values())
    session.flush()  # all of a page at once; what belongs to an order needs its id
    with session.no_autoflush:  # and all that becomes of them at once too
        for snapshot in news:
            order = fresh.get(snapshot.amazon_order_id)
            if order is None:
                _update(session, link, held[snapshot.amazon_order_id], snapshot)
                done["updated"] += 1
            else:
                _receive(session, link, order, snapshot)
                done["added"] += 1
    return done


def _new(link: Link, snapshot: OrderSnapshot) -> Order:
    now = link.now()
    return Order(
        store_id=link.store_id,
        amazon_order_id=snapshot.amazon_order_id,
        amazon_order_tail=snapshot.amazon_order_id[-7:],
        status=shown_status(snapshot.status, ImportState.WAITING).value,
        amazon_status=snapshot.status,
        import_state=ImportState.WAITING,
        channel=snapshot.channel,
        purchase_date=snapshot.purchase_date,
        packages=[],
        programs=[],
        tip_minor=0,
        attempts=0,
        due_at=now,
        created_at=now,
        updated_at=now,
        last_update_date=snapshot.last_update,
        lines=[],
        blockers=[],
        changes=[],
        personal=None,
    )


def _receive(session: Session, link: Link, order: Order, snapshot: OrderSnapshot) -> None:
    now = link.now()
    order.note(now, "received", f"Received from Amazon as {snapshot.status}.", new=snapshot.status)
    if snapshot.status is AmazonStatus.SHIPPED:
        order.announce(EventType.SHIPPED, now)
    _take_over(session, order, snapshot)
    _advance(link, order, snapshot)


def _update(session: Session, link: Link, order: Order, snapshot: OrderSnapshot) -> None:
    now = link.now()
    if supersedes(order.amazon_status, order.last_update_date, snapshot.status, snapshot.last_update):
        if snapshot.status is not order.amazon_status:
            order.show_amazon_status(snapshot.status, now)
            if order.import_state is ImportState.COMPLETED and snapshot.status is AmazonStatus.CANCELED:
                number = order.commerce_order_number
                order.note(
                    now, "waiting", f"Canceled on Amazon after it was completed: refund Commerce order #{number}."
                )
    else:
        # A newer version that would take the order back: its data is kept, its status is not believed.
        order.note(
            now, "ignored", f"Amazon shows {snapshot.status} after {order.amazon_status}; kept.",
            old=order.amazon_status, new=snapshot.status,
        )  # fmt: skip
    order.last_update_date = snapshot.last_update
    _take_over(session, order, snapshot)
    _advance(link, order, snapshot)


def _take_over(session: Session, order: Order, snapshot: OrderSnapshot) -> None:
    """Copy what the version says; the amounts that a Commerce order was made of are history and stay."""
    order.programs = list(snapshot.programs)
    order.service_level = snapshot.service_level
    order.ship_by = snapshot.ship_by
    order.deliver_by = snapshot.deliver_by
    order.replaces = snapshot.replaces
    order.tax_collected_by_amazon = snapshot.tax_collected_by_amazon
    order.payment_methods, order.fulfillment_orders = snapshot.payment_methods, snapshot.fulfillment_orders
    order.packages = [
        {"reference": p.reference, "carrier": p.carrier, "tracking_number": p.tracking_number, "status": p.status,
         "items": [list(item) for item in p.items]}
        for p in snapshot.packages
    ]  # fmt: skip
    store.write_personal(session, order, snapshot)
    if order.import_state in SETTLED:
        _note_changed_total(session, order, snapshot)
        shipped = {line.item_id: line for line in snapshot.lines}
        for row in order.lines:
            if row.amazon_item_id in shipped:
                row.quantity_shipped = shipped[row.amazon_item_id].quantity_shipped
                row.quantity_unshipped = shipped[row.amazon_item_id].quantity_unshipped
        return
    # An order cancelled before it was imported often comes without its figures: what we knew of them stays.
    if snapshot.grand_total is not None or snapshot.status is not AmazonStatus.CANCELED:
        order.currency = snapshot.currency
        order.grand_total_minor = snapshot.grand_total
        order.tip_minor = snapshot.tip
        order.amounts_problem = snapshot.amounts_problem
        store.write_lines(order, snapshot.lines)


def _note_changed_total(session: Session, order: Order, snapshot: OrderSnapshot) -> None:
    """Say once that Amazon's total is no longer that of the Commerce order; every later version shows the same."""
    held, shown, currency = order.grand_total_minor, snapshot.grand_total, snapshot.currency
    if snapshot.status is AmazonStatus.CANCELED or held is None or shown is None or held == shown:
        return
    if not currency or not order.commerce_order_number:
        return
    changed = snapshot.tip != order.tip_minor
    tip = f", with a delivery tip of {to_text(snapshot.tip, currency)}" if changed else ""
    message = (
        f"Amazon now shows a total of {to_text(shown, currency)} {currency}{tip};"
        f" Commerce order #{order.commerce_order_number} was created with {to_text(held, currency)}."
    )
    same = (OrderEvent.order_id == order.id, OrderEvent.kind == "total_changed", OrderEvent.message == message)
    if session.scalar(select(OrderEvent.id).where(*same).limit(1)) is None:
        order.note(order.last_update_date, "total_changed", message)


def _advance(link: Link, order: Order, snapshot: OrderSnapshot) -> None:
    """Take the steps that the version allows, and keep what Commerce must be told."""
    now = link.now()
    _note_cancel_request(order, snapshot, now)
    state = state_for(
        order.import_state, order.amazon_status, order.channel, import_enabled=link.settings.import_enabled,
        held=order.commerce_order_id is not None,
    )  # fmt: skip
    if state is not order.import_state:
        if order.amazon_status is AmazonStatus.CANCELED:
            order.blockers = []
        order.due_at = now
        order.move_to(state, now, STATE_MESSAGES[state])
    elif (
        order.import_state in (ImportState.READY, ImportState.RESERVED)
        and order.amazon_status in IMPORTABLE[order.channel]
    ):
        order.due_at = now  # a newer version may have mended what failed
    seen_on_amazon(order, now)
    follow_up(order, now)


def _note_cancel_request(order: Order, snapshot: OrderSnapshot, now: datetime) -> None:
    if snapshot.buyer_cancel_reason is None or order.buyer_cancel_requested_at is not None:
        return
    if order.channel is Channel.FBM and snapshot.status is not AmazonStatus.CANCELED:
        order.buyer_cancel_requested_at = now
        order.note(now, "buyer_cancel_requested", "The buyer asks to cancel this order.")


STATE_MESSAGES = {
    ImportState.READY: "Ready to be created in Commerce.",
    ImportState.VIEW_ONLY: "View only: the import of orders is disabled for this store.",
    ImportState.CANCELED: "Canceled on Amazon; not created in Commerce.",
    ImportState.RESERVED: "Canceled on Amazon; its Commerce order is to be canceled.",
}
