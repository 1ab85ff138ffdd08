"""What a person may ask of one order."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from bridge import trail
from bridge.domain.states import IMPORTABLE, ImportState
from bridge.errors import Conflict
from bridge.models import Order, OrderLine

_REFUSALS = {
    ImportState.WAITING: ("not_importable_yet", "Amazon does not let this order be created yet."),
    ImportState.RESERVING: ("not_importable_yet", "Amazon does not let this order be created yet."),
    ImportState.IMPORTING: ("being_imported", "This order is being created in Commerce."),
    ImportState.IMPORTED: ("already_imported", "This order is in Commerce already."),
    ImportState.COMPLETED: ("already_imported", "This order is in Commerce already."),
    ImportState.CANCELED: ("order_ended", "This order is canceled."),
}


def request_import(order: Order, now: datetime) -> None:
    """Have the order looked at by the next import: a blocked or failed one at once, a view-only one from now on.

    Raises Conflict (codes not_importable_yet, being_imported, already_imported, order_ended).
    """
    if order.import_state is ImportState.RESERVED and order.amazon_status not in IMPORTABLE[order.channel]:
        raise Conflict("Amazon does not let this order be created yet.", "not_importable_yet")
    if order.import_state in _REFUSALS:
        code, message = _REFUSALS[order.import_state]
        raise Conflict(message, code)
    if order.import_state is ImportState.VIEW_ONLY:
        order.move_to(ImportState.READY, now, "To be imported on the merchant's request.")
    order.due_at = now
    order.attempts = 0
    trail.record_order(order, "order.import_requested")


def look_again(session: Session, store_id: int, now: datetime, *, seller_sku: str | None, asin: str | None) -> int:
    """Make the orders that a new product match concerns due at once; how many."""
    same = OrderLine.sku == seller_sku if seller_sku else OrderLine.asin == asin
    concerned = select(OrderLine.order_id).where(same)
    waiting = Order.import_state.in_((ImportState.READY, ImportState.BLOCKED, ImportState.RESERVED))
    query = select(Order.id).where(Order.store_id == store_id, waiting, Order.id.in_(concerned))
    ids = list(session.scalars(query))
    if ids:
        session.execute(update(Order).where(Order.id.in_(ids)).values(due_at=now))
    return len(ids)
