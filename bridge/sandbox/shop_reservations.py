"""Magento's reservation commands: `inventory:reservation:list-inconsistencies` and `create-compensations`.

What they do and do not see was measured (magento-live 3.2 and 3.3).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from bridge.sandbox.search_criteria import collated
from bridge.sandbox.shop_lines import sku_of
from bridge.sandbox.shop_state import Record, amount
from bridge.sandbox.shop_stock import Reservation

if TYPE_CHECKING:
    from bridge.sandbox.shop import Shop

FINAL_STATES: Final = frozenset({"complete", "closed", "canceled"})
# Magento's own pattern is greedy: with a ':' in the SKU the order is looked for under "INCREMENT:SKU-part".
_LINE: Final = re.compile(r"(?P<increment>.+):(?P<sku>.+):(?P<quantity>-?\d+(?:\.\d+)?):(?P<stock>\d+)\Z")
_FATAL: Final = "Call to a member function getEntityId() on bool"
_NO_LINES: Final = "A list of compensations needs to be defined as argument or STDIN."


@dataclass(frozen=True)
class ReservationRun:
    """What one run of the pipeline did: the lines listed, those compensated, and the error it ended with, if any."""

    listed: list[str]
    compensated: list[str]
    error: str | None = None


def list_inconsistencies(shop: Shop) -> list[str]:
    """The raw listing, a line `INCREMENT:SKU:-3.000000:STOCK` each, oldest order first.

    Orders without a store, products that are unknown, not managed or not in the order's website are not listed.
    """
    lines = []
    for entity_id in sorted(shop.table.unbalanced):
        order = shop.orders[entity_id]
        found = _inconsistencies(shop, order)
        if not found and order.get("state") in FINAL_STATES:
            shop.table.unbalanced.discard(entity_id)
        lines += found
    return lines


def _inconsistencies(shop: Shop, order: Record) -> list[str]:
    stock = shop.stock_of(order)
    if order.get("store_id") is None or stock is None:
        return []
    reserved = shop.inventory.reserved_by_order.get(order.get("increment_id") or "", {})
    lines = []
    for sku, open_qty in _expected(shop, order).items():
        difference = open_qty + reserved.get((collated(sku), stock.stock_id), 0)
        if abs(difference) > 1e-6:
            lines.append(f"{order['increment_id']}:{sku}:{-difference:.6f}:{stock.stock_id}")
    return lines


def _expected(shop: Shop, order: Record) -> dict[str, float]:
    """Pieces per SKU that should still be reserved: none once the order is at an end."""
    website = shop.stores.website_of(order.get("store_id"))
    expected: dict[str, float] = {}
    for item in order["items"]:
        product = shop.catalog.get(sku_of(shop, item))
        if product is None or not product.manage_stock or website.id not in product.website_ids:
            continue
        gone = sum(amount(item, f"qty_{name}") for name in ("canceled", "refunded", "shipped"))
        open_qty = 0.0 if order.get("state") in FINAL_STATES else amount(item, "qty_ordered") - gone
        expected[product.sku] = expected.get(product.sku, 0) + open_qty
    return expected


def create_compensations(shop: Shop, lines: list[str]) -> ReservationRun:
    """Append what the lines say, in their order. A SKU with a ':' ends the command at its line (magento-live 0.8)."""
    if not lines:
        return ReservationRun([], [], _NO_LINES)
    done: list[str] = []
    for line in lines:
        match = _LINE.match(line.strip())
        found = shop.table.find("increment_id", match["increment"]) if match else []
        if match is None or not found:
            return ReservationRun(lines, done, _FATAL)
        shop.table.unbalanced.add(found[0]["entity_id"])
        order_id, increment = str(found[0]["entity_id"]), match["increment"]
        stock_id, quantity = int(match["stock"]), float(match["quantity"])
        shop.inventory.append(
            Reservation(stock_id, match["sku"], quantity, "manual_compensation", "order", order_id, increment)
        )
        done.append(line)
    return ReservationRun(lines, done)
