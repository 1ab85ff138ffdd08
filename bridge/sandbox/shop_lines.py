"""What shipments, invoices and cancellations have in common: which lines they take, whose stock they move."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from bridge.sandbox.commerce_errors import CommerceError, refused
from bridge.sandbox.shop_state import Record, amount
from bridge.sandbox.shop_stock import DEFAULT_SOURCE, Reservation

if TYPE_CHECKING:
    from bridge.sandbox.shop import Shop

BLOCKING_STATES: Final = {
    "shipment": frozenset({"payment_review", "holded", "canceled"}),
    "invoice": frozenset({"payment_review", "holded", "canceled", "complete", "closed"}),
}


def not_allowed(order: Record, kind: str, article: str, allowed: bool) -> list[str]:
    """Magento's sentence when the order's state, or what is left of it, forbids the document."""
    if order.get("state") in BLOCKING_STATES[kind]:
        return [f"{article} {kind} cannot be created when an order has a status of {order.get('status')}"]
    return [] if allowed else [f"The order does not allow {article.lower()} {kind} to be created."]


def document_error(kind: str, problems: list[str]) -> CommerceError:
    """The 400 with all sentences of the validators."""
    return refused("\n".join([f"{kind} Document Validation Error(s):", *problems]))


def chosen_lines(order: Record, asked: list[Record], open_qty: Callable[[Record], float]) -> list[tuple[Record, float]]:
    """The lines and pieces of a document: all that is open, or what was asked for of it (magento-live 0.5)."""
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


def sku_of(shop: Shop, item: Record) -> str:
    """The SKU whose stock a line moves: its product's, or its own when the product is gone."""
    product = shop.catalog.by_id.get(item.get("product_id") or 0)
    return product.sku if product is not None else str(item.get("sku") or "")


def default_source(shop: Shop, order: Record) -> str:
    """The only source of the order's stock, else `default`, be it in that stock or not (magento-live 0.6)."""
    stock = shop.stock_of(order)
    return stock.source_codes[0] if stock is not None and len(stock.source_codes) == 1 else DEFAULT_SOURCE


def reserve(shop: Shop, order: Record, sku: str, quantity: float, event: str) -> None:
    """A line of the reservation ledger in the stock of the order's website."""
    stock = shop.stock_of(order)
    if stock is not None and quantity:
        entry = Reservation(
            stock.stock_id, sku, quantity, event, "order", str(order["entity_id"]), order.get("increment_id") or ""
        )
        shop.inventory.append(entry)
