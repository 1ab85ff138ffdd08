"""What an order's state allows, and how Magento moves the state by itself when an order is saved.

An order is a dict in Magento's field names with `items`; a missing number is 0, as in PHP. That is what makes the trap
of partial saves work here too: lines sent without qty_ordered look as if nothing were left to invoice or to ship.
"""

from __future__ import annotations

from typing import Any, Final

Record = dict[str, Any]

DEFAULT_STATUS: Final = {
    "new": "pending",
    "pending_payment": "pending_payment",
    "processing": "processing",
    "complete": "complete",
    "closed": "closed",
    "canceled": "canceled",
    "holded": "holded",
    "payment_review": "payment_review",
}
_NEAR_ZERO: Final = 0.0001


def amount(record: Record, name: str) -> float:
    """A number of the record, 0 when it is missing."""
    return float(record.get(name) or 0)


def share(item: Record, name: str, qty: float) -> float:
    """The part of a line's amount that falls to `qty` of its pieces."""
    ordered = amount(item, "qty_ordered")
    return amount(item, name) * qty / ordered if ordered else 0


def qty_to_invoice(item: Record) -> float:
    """Pieces of a line that no invoice has yet."""
    return max(amount(item, "qty_ordered") - amount(item, "qty_invoiced") - amount(item, "qty_canceled"), 0)


def qty_to_ship(item: Record) -> float:
    """Pieces of a line that no shipment has yet; virtual lines are never shipped."""
    if item.get("is_virtual"):
        return 0
    done = max(amount(item, "qty_shipped"), amount(item, "qty_refunded"))
    return max(round(amount(item, "qty_ordered") - done - amount(item, "qty_canceled"), 8), 0)


def qty_to_cancel(item: Record) -> float:
    """Pieces of a line that a cancellation frees."""
    return min(qty_to_invoice(item), max(qty_to_ship(item), qty_to_invoice(item) if item.get("is_virtual") else 0))


def can_invoice(order: Record) -> bool:
    """Whether an invoice may still be made."""
    if order.get("state") in {"holded", "payment_review", "canceled", "complete", "closed"}:
        return False
    return any(qty_to_invoice(item) > 0 for item in order["items"])


def can_ship(order: Record) -> bool:
    """Whether a shipment may still be made."""
    if order.get("state") in {"holded", "payment_review", "canceled"} or order.get("is_virtual"):
        return False
    return any(qty_to_ship(item) > 0 for item in order["items"])


def can_creditmemo(order: Record, memos: int) -> bool:
    """Whether money may still be given back; `memos` is how many credit memos the order has."""
    if order.get("state") in {"holded", "payment_review", "canceled", "closed"}:
        return False
    paid, refunded, total = amount(order, "total_paid"), amount(order, "total_refunded"), amount(order, "grand_total")
    left = round(paid, 2) - refunded
    if abs(total) < _NEAR_ZERO:
        due = can_invoice(order) and paid <= total
        all_refunded = memos > 0 and abs(paid - refunded) < _NEAR_ZERO
        return not (due or all_refunded)
    return abs(left) >= _NEAR_ZERO and abs(left - amount(order, "adjustment_negative")) >= _NEAR_ZERO


def can_cancel(order: Record) -> bool:
    """Whether /cancel does anything: something must be left to invoice, in a state that is not an end."""
    return can_invoice(order)


def can_hold(order: Record) -> bool:
    """Whether /hold does anything."""
    return order.get("state") not in {"holded", "payment_review", "canceled", "complete", "closed"}


def set_state(order: Record, state: str) -> None:
    """Move to a state and its default status: a custom status is overwritten."""
    order["state"] = state
    order["status"] = DEFAULT_STATUS.get(state, state)


def settle(order: Record, memos: int = 0) -> None:
    """Magento's own moves to `complete` and `closed` after each save (Handler\\State)."""
    state = order.get("state")
    if state in {"canceled", "holded", "payment_review"} or can_invoice(order):
        return
    virtual = bool(order.get("is_virtual"))
    shippable = can_ship(order)
    if state in {"processing", "complete"} and not virtual and not shippable and not can_creditmemo(order, memos):
        set_state(order, "closed")
    elif state == "processing" and (not shippable or _refunded_rest(order)):
        set_state(order, "complete")


def _refunded_rest(order: Record) -> bool:
    """Whether what is not shipped was refunded."""
    items = order["items"]
    handled = sum(amount(item, "qty_shipped") + amount(item, "qty_refunded") for item in items)
    ordered = sum(amount(item, "qty_ordered") - amount(item, "qty_canceled") for item in items)
    return any(amount(item, "qty_refunded") for item in items) and handled >= ordered
