"""Credit memos: POST /V1/order/{id}/refund, as far as stock, totals and state go."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bridge.sandbox.commerce_errors import refused
from bridge.sandbox.commerce_input import number
from bridge.sandbox.shop_lines import reserve, sku_of
from bridge.sandbox.shop_state import Record, amount, can_creditmemo, share
from bridge.sandbox.shop_stock import DEFAULT_SOURCE

if TYPE_CHECKING:
    from bridge.sandbox.shop import Shop

_BLOCKING: Final = frozenset({"payment_review", "holded", "canceled", "closed"})


def refund(shop: Shop, order: Record, request: Record) -> int:
    """Give money back; the credit memo's id. Without `items` all that is invoiced and not refunded is taken."""
    lines = _lines(order, request.get("items") or [])
    problems = []
    if order.get("state") in _BLOCKING:
        problems.append(f"A creditmemo can not be created when an order has a status of {order.get('status')}")
    elif not can_creditmemo(order, shop.memos_of(order["entity_id"])):
        problems.append("The order does not allow a creditmemo to be created.")
    arguments: Record = request.get("arguments") or {}
    if not lines and not amount(arguments, "shipping_amount") and not amount(arguments, "adjustment_positive"):
        problems.append("You can't create a creditmemo without products.")
    if problems:
        raise refused("\n".join(["Creditmemo Document Validation Error(s):", *problems]))
    before = dict(order)
    returned = set(arguments.get("extension_attributes", {}).get("return_to_stock_items") or [])
    for item, qty in lines:
        _move_stock(shop, order, item, qty, returned=item["item_id"] in returned)
    document = _document(shop, order, lines, arguments)
    _book(order, lines, document, arguments)
    shop.keep_creditmemo(document)
    shop.table.save(order, before)
    return int(document["entity_id"])


def _lines(order: Record, asked: list[Record]) -> list[tuple[Record, float]]:
    wanted = {entry.get("order_item_id"): amount(entry, "qty") for entry in asked}
    lines = []
    for item in order["items"]:
        left = max(amount(item, "qty_invoiced") - amount(item, "qty_refunded"), 0)
        qty = wanted.get(item["item_id"], 0) if wanted else left
        if qty > left:
            message = (
                'The quantity to creditmemo must not be greater than the unrefunded quantity for product SKU "%1".'
            )
            raise refused(f"Creditmemo Document Validation Error(s):\n{message}", item.get("sku"))
        if qty > 0:
            lines.append((item, qty))
    return lines


def _move_stock(shop: Shop, order: Record, item: Record, qty: float, *, returned: bool) -> None:
    """Pieces that left a source stay out, or come back when asked for.

    Pieces that never left one are taken out now and their reservation compensated, so that the salable quantity stays
    (magento-live 3.5); returned, only the reservation is compensated.
    """
    product = shop.catalog.get(sku_of(shop, item))
    if product is None or not product.manage_stock:
        return
    source_code, deducted = DEFAULT_SOURCE, 0.0
    for shipment in shop.shipments_of(order["entity_id"]):
        for row in shipment["items"]:
            if row["order_item_id"] == item["item_id"]:
                deducted += row["qty"]
                source_code = shipment["extension_attributes"]["source_code"]
    if item.get("is_virtual"):
        deducted = amount(item, "qty_invoiced")
    out = min(qty, max(deducted - amount(item, "qty_refunded"), 0))
    if returned:
        shop.inventory.put_back(product.sku, source_code, out)
    else:
        shop.inventory.deduct(product.sku, source_code, qty - out)
    reserve(shop, order, product.sku, qty - out, "creditmemo_created")


def _document(shop: Shop, order: Record, lines: list[tuple[Record, float]], arguments: Record) -> Record:
    now, entity_id = shop.timestamp(), shop.next("creditmemo_id")
    document: Record = {
        "entity_id": entity_id,
        "increment_id": shop.next_increment("creditmemo", order.get("store_id")),
        "order_id": order["entity_id"],
        "store_id": order.get("store_id"),
        "state": 3,
        "created_at": now,
        "updated_at": now,
        "comments": [],
    }
    for base in ("", "base_"):
        document |= _totals(order, lines, arguments, base)
    document["items"] = [
        {
            "entity_id": shop.next("creditmemo_item_id"),
            "parent_id": entity_id,
            "order_item_id": item["item_id"],
            "sku": item.get("sku"),
            "name": item.get("name"),
            "price": item.get("price"),
            "qty": number(qty),
        }
        for item, qty in lines
    ]
    return document


def _totals(order: Record, lines: list[tuple[Record, float]], arguments: Record, base: str) -> Record:
    left = amount(order, f"{base}shipping_invoiced") - amount(order, f"{base}shipping_refunded")
    shipping = amount(arguments, "shipping_amount") if "shipping_amount" in arguments else left
    subtotal = sum(share(item, f"{base}row_total", qty) for item, qty in lines)
    tax = sum(share(item, f"{base}tax_amount", qty) for item, qty in lines)
    discount = sum(share(item, f"{base}discount_amount", qty) for item, qty in lines)
    adjustment = amount(arguments, "adjustment_positive") - amount(arguments, "adjustment_negative")
    return {
        f"{base}subtotal": number(subtotal),
        f"{base}tax_amount": number(tax),
        f"{base}discount_amount": number(-discount),
        f"{base}shipping_amount": number(shipping),
        f"{base}adjustment": number(adjustment),
        f"{base}grand_total": number(subtotal + tax + shipping - discount + adjustment),
    }


def _book(order: Record, lines: list[tuple[Record, float]], document: Record, arguments: Record) -> None:
    for item, qty in lines:
        item["qty_refunded"] = number(amount(item, "qty_refunded") + qty)
        for base in ("", "base_"):
            for target, source in (("amount_refunded", "row_total"), ("tax_refunded", "tax_amount")):
                item[base + target] = number(amount(item, base + target) + share(item, base + source, qty))
        item["updated_at"] = document["updated_at"]
    for base in ("", "base_"):
        for name in ("subtotal", "tax", "shipping", "discount"):
            source = f"{base}subtotal" if name == "subtotal" else f"{base}{name}_amount"
            target = f"{base}{name}_refunded"
            order[target] = number(amount(order, target) + amount(document, source))
        for target in (f"{base}total_refunded", f"{base}total_offline_refunded"):
            order[target] = number(amount(order, target) + amount(document, f"{base}grand_total"))
        for kind in ("positive", "negative"):
            target = f"{base}adjustment_{kind}"
            order[target] = number(amount(order, target) + amount(arguments, f"adjustment_{kind}"))
