"""What the order's own buttons do: cancel, hold, unhold, comment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bridge.sandbox.commerce_errors import refused
from bridge.sandbox.commerce_input import number
from bridge.sandbox.shop_lines import reserve, sku_of
from bridge.sandbox.shop_state import (
    DEFAULT_STATUS,
    Record,
    amount,
    can_cancel,
    can_hold,
    qty_to_cancel,
    set_state,
    share,
)

if TYPE_CHECKING:
    from bridge.sandbox.shop import Shop


def cancel(shop: Shop, order: Record) -> bool:
    """POST /V1/orders/{id}/cancel: false, with HTTP 200, when nothing can be cancelled (magento-live section 4).

    Each open piece is given back to the ledger, whether it was reserved or not (magento-live 3.2).
    """
    if not can_cancel(order):
        return False
    before, now = dict(order), shop.timestamp()
    for item in order["items"]:
        qty = qty_to_cancel(item)
        if qty > 0:
            item["qty_canceled"] = number(amount(item, "qty_canceled") + qty)
            item["tax_canceled"] = number(amount(item, "tax_canceled") + share(item, "base_tax_amount", qty))
            item["discount_tax_compensation_canceled"] = 0
            item["updated_at"] = now
            if shop.catalog.get(sku_of(shop, item)) is not None:
                reserve(shop, order, sku_of(shop, item), qty, "order_canceled")
    for base in ("", "base_"):
        for name in ("subtotal", "tax", "shipping", "discount"):
            source = f"{base}subtotal" if name == "subtotal" else f"{base}{name}_amount"
            left = abs(amount(order, source)) - abs(amount(order, f"{base}{name}_invoiced"))
            order[f"{base}{name}_canceled"] = number(left)
        total = amount(order, f"{base}grand_total") - amount(order, f"{base}total_paid")
        order[f"{base}total_canceled"] = number(total)
    set_state(order, "canceled")
    shop.table.save(order, before)
    return True


def hold(shop: Shop, order: Record) -> bool:
    """POST /V1/orders/{id}/hold."""
    if not can_hold(order):
        raise refused("A hold action is not available.")
    before = dict(order)
    order["hold_before_state"], order["hold_before_status"] = order.get("state"), order.get("status")
    set_state(order, "holded")
    shop.table.save(order, before)
    return True


def unhold(shop: Shop, order: Record) -> bool:
    """POST /V1/orders/{id}/unhold: back to the state and status of before."""
    if order.get("state") != "holded":
        raise refused("You cannot remove the hold.")
    before = dict(order)
    order["state"] = order.pop("hold_before_state", None) or "new"
    order["status"] = order.pop("hold_before_status", None) or "pending"
    shop.table.save(order, before)
    return True


def comment(shop: Shop, order: Record, history: Record) -> bool:
    """POST /V1/orders/{id}/comments with a status: it is the order's on 2.4.7, and changes it from 2.4.8 on.

    Up to 2.4.6 any is taken and the order keeps its own; from 2.4.8 on it has to belong to the order's state, of which
    the sandbox knows the default statuses alone (magento-live 4).
    """
    status, release = history.get("status"), shop.release
    allowed = {order.get("status")}
    if release >= "2.4.8":
        allowed.add(DEFAULT_STATUS.get(order.get("state") or ""))
    if status is not None and status not in allowed and release >= "2.4.7":
        message = 'Unable to add comment: The status "%1" is not part of the order\n                 status history.'
        raise refused(message, status)
    shop.table.add_histories(order, [{"status": order.get("status")} | history])
    if status is not None and release >= "2.4.8":
        before = dict(order)
        order["status"] = status
        shop.table.touch_if_changed(order, before)
    return True
