"""Invoices: their amounts, what they add to the order's totals, and the virtual goods that they hand over."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bridge.sandbox.commerce_input import number
from bridge.sandbox.shop_lines import chosen_lines, default_source, document_error, not_allowed, reserve, sku_of
from bridge.sandbox.shop_state import Record, amount, can_invoice, qty_to_invoice, set_state, share

if TYPE_CHECKING:
    from bridge.sandbox.shop import Shop

_NO_LINES: Final = "The invoice can't be created without products. Add products and try again."
_LINE_AMOUNTS: Final = ("row", "tax", "discount", "discount_tax_compensation")
_COPIED: Final = (
    "base_currency_code",
    "base_to_global_rate",
    "base_to_order_rate",
    "billing_address_id",
    "global_currency_code",
    "order_currency_code",
    "shipping_address_id",
    "store_currency_code",
    "store_id",
    "store_to_base_rate",
    "store_to_order_rate",
)


def invoice(shop: Shop, order: Record, request: Record) -> int:
    """POST /V1/order/{id}/invoice: the invoice's id. The invoice is paid at once, as offline methods are."""
    lines = chosen_lines(order, request.get("items") or [], qty_to_invoice)
    problems = ([] if lines else [_NO_LINES]) + not_allowed(order, "invoice", "An", can_invoice(order))
    if problems:
        raise document_error("Invoice", problems)
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


def _invoice_line(item: Record, qty: float) -> None:
    for base in ("", "base_"):
        for kind in _LINE_AMOUNTS:
            source = f"{base}row_total" if kind == "row" else f"{base}{kind}_amount"
            target = f"{base}{kind}_invoiced"
            item[target] = number(amount(item, target) + share(item, source, qty))
    item["qty_invoiced"] = number(amount(item, "qty_invoiced") + qty)
    item["weee_tax_applied"] = "[]"


def _invoice_document(shop: Shop, order: Record, lines: list[tuple[Record, float]], last: bool) -> Record:
    now, entity_id = shop.timestamp(), shop.next("invoice_id")
    document: Record = {name: order.get(name) for name in _COPIED}
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
        # Each figure is rounded as its column keeps it, so that the invoice's own figures make its total.
        left = amount(order, base + name) - amount(order, base + invoiced)
        return number(left if last else min(per_line, left))

    first = not amount(order, f"{base}shipping_invoiced")
    shipping = amount(order, f"{base}shipping_amount") if first else 0
    shipping_tax = amount(order, f"{base}shipping_tax_amount") if first else 0
    subtotal = part("subtotal", "subtotal_invoiced", sum(share(i, f"{base}row_total", q) for i, q in lines))
    taxed = sum(share(i, f"{base}tax_amount", q) for i, q in lines) + shipping_tax
    tax = part("tax_amount", "tax_invoiced", taxed)
    discount = abs(amount(order, f"{base}discount_amount")) - abs(amount(order, f"{base}discount_invoiced"))
    if not last:
        # The discount on shipping comes with the first invoice that has any discount.
        of_shipping = (
            0 if amount(order, f"{base}discount_invoiced") else amount(order, f"{base}shipping_discount_amount")
        )
        discount = min(number(sum(share(i, f"{base}discount_amount", q) for i, q in lines) + of_shipping), discount)
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
            row[base + name] = number(share(item, base + name, qty))
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
    """An invoiced virtual line leaves its source and compensates its reservation (magento-live 3.4)."""
    product = shop.catalog.get(sku_of(shop, item))
    if product is None or not product.manage_stock:
        return
    if shop.inventory.deduct(product.sku, default_source(shop, order), qty):
        reserve(shop, order, product.sku, qty, "invoice_created")
