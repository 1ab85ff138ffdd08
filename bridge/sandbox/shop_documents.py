"""Invoices, shipments, tracks and cancellations, with Magento's refusals and what they do to stock and state."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from bridge.sandbox.commerce_errors import CommerceError, not_found, refused
from bridge.sandbox.commerce_input import number
from bridge.sandbox.commerce_interfaces import REQUIRED
from bridge.sandbox.shop_orders import stored
from bridge.sandbox.shop_state import (
    Record,
    amount,
    can_cancel,
    can_hold,
    can_invoice,
    can_ship,
    qty_to_cancel,
    qty_to_invoice,
    qty_to_ship,
    set_state,
)
from bridge.sandbox.shop_stock import DEFAULT_SOURCE, Reservation

if TYPE_CHECKING:
    from bridge.sandbox.shop import Shop

_BLOCKING: Final = {
    "shipment": frozenset({"payment_review", "holded", "canceled"}),
    "invoice": frozenset({"payment_review", "holded", "canceled", "complete", "closed"}),
}
_NOT_SAVED: Final = "Could not save a shipment, see error log for details"
_NO_GOODS: Final = "You can't create a shipment without products."
_NO_LINES: Final = "The invoice can't be created without products. Add products and try again."
_LINE_AMOUNTS: Final = ("row", "tax", "discount", "discount_tax_compensation")


def _not_allowed(order: Record, kind: str, article: str, allowed: bool) -> list[str]:
    if order.get("state") in _BLOCKING[kind]:
        return [f"{article} {kind} cannot be created when an order has a status of {order.get('status')}"]
    return [] if allowed else [f"The order does not allow {article.lower()} {kind} to be created."]


def _document_error(kind: str, problems: list[str]) -> CommerceError:
    return refused("\n".join([f"{kind} Document Validation Error(s):", *problems]))


def _chosen(order: Record, asked: list[Record], open_qty: Any) -> list[tuple[Record, float]]:
    """The lines and pieces of a document: everything open, or what was asked for, cut to what is open (live 0.5)."""
    wanted: dict[int, float] = {}
    for entry in asked:
        wanted[entry.get("order_item_id", 0)] = amount(entry, "qty")
    chosen = []
    for item in order["items"]:
        left = open_qty(item)
        qty = min(wanted.get(item["item_id"], 0), left) if wanted else left
        if not item.get("is_qty_decimal"):
            qty = int(qty)
        if qty > 0:
            chosen.append((item, qty))
    return chosen


# Shipments


def ship(shop: Shop, order: Record, request: Record) -> int:
    """POST /V1/order/{id}/ship: the shipment's id. Nothing changes when it is refused."""
    lines = _chosen(order, request.get("items") or [], qty_to_ship)
    problems = _not_allowed(order, "shipment", "A", can_ship(order)) + ([] if lines else [_NO_GOODS])
    tracks: list[Record] = request.get("tracks") or []
    if any(not track.get("track_number") for track in tracks):
        problems.append("Please enter a tracking number.")
    if problems:
        raise _document_error("Shipment", problems)
    if any(not track.get("title") or not track.get("carrier_code") for track in tracks):
        raise refused(_NOT_SAVED)
    asked = request.get("arguments", {}).get("extension_attributes", {}).get("source_code")
    source_code = asked or _default_source(shop, order)
    _deduct(shop, order, lines, source_code)
    return _write_shipment(shop, order, lines, tracks, source_code)


def _default_source(shop: Shop, order: Record) -> str:
    """The only source of the order's stock, else `default`, be it in that stock or not (live 0.6)."""
    stock = shop.stock_of(order)
    return stock.source_codes[0] if stock is not None and len(stock.source_codes) == 1 else DEFAULT_SOURCE


def sku_of(shop: Shop, item: Record) -> str:
    """The SKU whose stock a line moves: its product's, or its own when the product is gone."""
    product = shop.catalog.by_id.get(item.get("product_id") or 0)
    return product.sku if product is not None else str(item.get("sku") or "")


def _deduct(shop: Shop, order: Record, lines: list[tuple[Record, float]], source_code: str) -> None:
    """Take the goods out of the source and give their reservation back; a refusal leaves everything as it was."""
    if source_code not in shop.inventory.sources:
        raise refused(_NOT_SAVED)
    website = shop.stores.website_of(order.get("store_id"))
    needed: dict[str, float] = {}
    for item, qty in lines:
        product = shop.catalog.get(sku_of(shop, item))
        if product is None or not product.manage_stock:
            continue
        if website.id and website.id not in product.website_ids:
            raise refused(_NOT_SAVED)
        needed[product.sku] = needed.get(product.sku, 0) + qty
    for sku, qty in needed.items():
        held = shop.inventory.source_item(sku, source_code)
        if held is None or held.quantity < qty:
            raise refused(_NOT_SAVED)
    for sku, qty in needed.items():
        shop.inventory.deduct(sku, source_code, qty)
        reserve(shop, order, sku, qty, "shipment_created")


def reserve(shop: Shop, order: Record, sku: str, quantity: float, event: str) -> None:
    """A line of the reservation ledger in the stock of the order's website."""
    stock = shop.stock_of(order)
    if stock is not None and quantity:
        entry = Reservation(
            stock.stock_id, sku, quantity, event, "order", str(order["entity_id"]), order.get("increment_id") or ""
        )
        shop.inventory.append(entry)


def _write_shipment(
    shop: Shop, order: Record, lines: list[tuple[Record, float]], tracks: list[Record], source_code: str
) -> int:
    now, entity_id, before = shop.timestamp(), shop.next("shipment_id"), dict(order)
    items = []
    for item, qty in lines:
        item["qty_shipped"] = number(amount(item, "qty_shipped") + qty)
        item["updated_at"] = now
        row = {name: item.get(name) for name in ("name", "price", "product_id", "sku", "weight")}
        ids = {"entity_id": shop.next("shipment_item_id"), "parent_id": entity_id, "order_item_id": item["item_id"]}
        items.append(row | ids | {"qty": number(qty)})
    shipment = {
        "billing_address_id": order.get("billing_address_id"),
        "created_at": now,
        "entity_id": entity_id,
        "increment_id": shop.next_increment("shipment", order.get("store_id")),
        "order_id": order["entity_id"],
        "packages": [],
        "shipping_address_id": order.get("shipping_address_id"),
        "store_id": order.get("store_id"),
        "total_qty": number(sum(qty for _, qty in lines)),
        "updated_at": now,
        "items": items,
        "tracks": [],
        "comments": [],
        "extension_attributes": {"source_code": source_code},
    }
    shop.keep_shipment(shipment)
    for track in tracks:
        add_track(shop, track | {"parent_id": entity_id, "order_id": order["entity_id"]})
    if order.get("state") == "new":
        set_state(order, "processing")
    shop.table.save(order, before)
    return entity_id


def add_track(shop: Shop, track: Record) -> Record:
    """POST /V1/shipment/track: the track as echoed. Neither the shipment's nor the order's updated_at moves."""
    shipment = shop.shipments.get(track.get("parent_id") or 0)
    if shipment is None:
        raise not_found()
    now = shop.timestamp()
    echo = track | {"created_at": now, "updated_at": now, "entity_id": shop.next("track_id")}
    empty = dict.fromkeys(REQUIRED["ShipmentTrack"])
    shipment["tracks"].append(empty | stored(echo, "ShipmentTrack"))
    return empty | echo


# Invoices


def invoice(shop: Shop, order: Record, request: Record) -> int:
    """POST /V1/order/{id}/invoice: the invoice's id. The invoice is paid at once, as offline methods are."""
    lines = _chosen(order, request.get("items") or [], qty_to_invoice)
    problems = ([] if lines else [_NO_LINES]) + _not_allowed(order, "invoice", "An", can_invoice(order))
    if problems:
        raise _document_error("Invoice", problems)
    before, now = dict(order), shop.timestamp()
    last = all(any(item is line for line, _ in lines) for item in order["items"] if qty_to_invoice(item) > 0) and all(
        qty >= qty_to_invoice(item) for item, qty in lines
    )
    document = _invoice_document(shop, order, lines, last)
    for item, qty in lines:
        _invoice_line(item, qty)
        item["updated_at"] = now
        if item.get("is_virtual"):
            _deduct_virtual(shop, order, item, qty)
    _book_payment(order, document)
    shop.keep_invoice(document)
    set_state(order, "processing")
    shop.table.save(order, before)
    return int(document["entity_id"])


def _share(item: Record, name: str, qty: float) -> float:
    ordered = amount(item, "qty_ordered")
    return amount(item, name) * qty / ordered if ordered else 0


def _invoice_line(item: Record, qty: float) -> None:
    for base in ("", "base_"):
        for kind in _LINE_AMOUNTS:
            source = f"{base}row_total" if kind == "row" else f"{base}{kind}_amount"
            target = f"{base}{kind}_invoiced"
            item[target] = number(amount(item, target) + _share(item, source, qty))
    item["qty_invoiced"] = number(amount(item, "qty_invoiced") + qty)
    item["weee_tax_applied"] = "[]"


def _invoice_document(shop: Shop, order: Record, lines: list[tuple[Record, float]], last: bool) -> Record:
    now, entity_id = shop.timestamp(), shop.next("invoice_id")
    copied = (
        "base_currency_code base_to_global_rate base_to_order_rate billing_address_id global_currency_code "
        "order_currency_code shipping_address_id store_currency_code store_id store_to_base_rate store_to_order_rate"
    ).split()
    document: Record = {name: order.get(name) for name in copied}
    for base in ("", "base_"):
        document |= _invoice_totals(order, lines, base, last)
    document |= {
        "entity_id": entity_id,
        "increment_id": shop.next_increment("invoice", order.get("store_id")),
        "order_id": order["entity_id"],
        "state": 2,
        "can_void_flag": 0,
        "created_at": now,
        "updated_at": now,
        "total_qty": number(sum(qty for _, qty in lines)),
        "items": [_invoice_item(shop, entity_id, item, qty) for item, qty in lines],
        "comments": [],
    }
    return document


def _invoice_totals(order: Record, lines: list[tuple[Record, float]], base: str, last: bool) -> Record:
    """The totals of an invoice; the last one takes what is left, so that all invoices together are the order."""

    def part(name: str, invoiced: str, per_line: float) -> float:
        left = amount(order, base + name) - amount(order, base + invoiced)
        return left if last else min(per_line, left)

    first = not amount(order, f"{base}shipping_invoiced")
    shipping = amount(order, f"{base}shipping_amount") if first else 0
    shipping_tax = amount(order, f"{base}shipping_tax_amount") if first else 0
    subtotal = part("subtotal", "subtotal_invoiced", sum(_share(i, f"{base}row_total", q) for i, q in lines))
    taxed = sum(_share(i, f"{base}tax_amount", q) for i, q in lines) + shipping_tax
    tax = part("tax_amount", "tax_invoiced", taxed)
    discount = abs(amount(order, f"{base}discount_amount")) - abs(amount(order, f"{base}discount_invoiced"))
    if not last:
        discount = min(sum(_share(i, f"{base}discount_amount", q) for i, q in lines), discount)
    return {
        f"{base}subtotal": number(subtotal),
        f"{base}subtotal_incl_tax": number(subtotal + tax - shipping_tax),
        f"{base}tax_amount": number(tax),
        f"{base}discount_amount": number(-discount),
        f"{base}discount_tax_compensation_amount": 0,
        f"{base}shipping_amount": number(shipping),
        f"{base}shipping_incl_tax": number(shipping + shipping_tax),
        f"{base}shipping_tax_amount": number(shipping_tax),
        f"{base}shipping_discount_tax_compensation_{'amnt' if base else 'amount'}": 0,
        f"{base}grand_total": number(subtotal + tax + shipping - discount),
    }


def _invoice_item(shop: Shop, invoice_id: int, item: Record, qty: float) -> Record:
    plain = ("base_cost", "base_price", "base_price_incl_tax", "name", "price", "price_incl_tax", "product_id", "sku")
    row = {name: item.get(name) for name in plain}
    for base in ("", "base_"):
        for name in ("row_total", "row_total_incl_tax", "tax_amount", "discount_tax_compensation_amount"):
            row[base + name] = number(_share(item, base + name, qty))
    ids = {"entity_id": shop.next("invoice_item_id"), "parent_id": invoice_id, "order_item_id": item["item_id"]}
    return row | ids | {"qty": number(qty)}


def _book_payment(order: Record, document: Record) -> None:
    """Carry an invoice's amounts into the order's and the payment's totals."""
    payment = order["payment"]
    for base in ("", "base_"):
        for name in ("subtotal", "tax", "shipping", "discount", "discount_tax_compensation"):
            source = f"{base}{name}" if name == "subtotal" else f"{base}{name}_amount"
            target = f"{base}{name}_invoiced"
            order[target] = number(amount(order, target) + amount(document, source))
        total = amount(document, f"{base}grand_total")
        for target in (f"{base}total_invoiced", f"{base}total_paid"):
            order[target] = number(amount(order, target) + total)
        payment[f"{base}amount_paid"] = number(amount(payment, f"{base}amount_paid") + total)
        captured = f"{base}shipping_captured"
        payment[captured] = number(amount(payment, captured) + amount(document, f"{base}shipping_amount"))
    order["base_total_invoiced_cost"] = order.get("base_total_invoiced_cost") or 0


def _deduct_virtual(shop: Shop, order: Record, item: Record, qty: float) -> None:
    """An invoiced virtual line leaves its source and compensates its reservation (live 3.4)."""
    product = shop.catalog.get(sku_of(shop, item))
    if product is None or not product.manage_stock:
        return
    if shop.inventory.deduct(product.sku, _default_source(shop, order), qty):
        reserve(shop, order, product.sku, qty, "invoice_created")


# Cancel, hold, comments


def cancel(shop: Shop, order: Record) -> bool:
    """POST /V1/orders/{id}/cancel: false, with HTTP 200, when nothing can be cancelled (live section 4).

    Each open piece is given back to the ledger, whether it was reserved or not (live 3.2).
    """
    if not can_cancel(order):
        return False
    before, now = dict(order), shop.timestamp()
    for item in order["items"]:
        qty = qty_to_cancel(item)
        if qty > 0:
            item["qty_canceled"] = number(amount(item, "qty_canceled") + qty)
            item["tax_canceled"] = number(amount(item, "tax_canceled") + _share(item, "base_tax_amount", qty))
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
    """POST /V1/orders/{id}/comments: on 2.4.7 a status must equal the order's (live 0.9)."""
    status = history.get("status")
    if status is not None and status != order.get("status"):
        message = 'Unable to add comment: The status "%1" is not part of the order\n                 status history.'
        raise refused(message, status)
    shop.table.add_histories(order, [{"status": order.get("status")} | history])
    return True
