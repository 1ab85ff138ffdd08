"""A Commerce order that exists already made to show other figures: the partial saves that do it. Pure.

Magento saves the columns that it is sent and keeps the others. A save with lines must not name the state, and one that
names the state no lines, or the order may jump to complete (magento-live 2 and 6b).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from bridge.domain.commerce import CommerceLine, CommerceOrder, PlacedOrder

Json = dict[str, Any]

# What stays as the order was placed with, and what is saved in other ways.
_KEPT = frozenset(
    {
        *("increment_id", "store_id", "created_at", "state", "status", "items", "billing_address", "payment"),
        *("status_histories", "extension_attributes"),
    }
)
# What an address may have that another has not; what is left out of a save would stay.
_EMPTY = {"company": "", "region": "", "region_id": 0}
_NOTHING = {
    f"{base}{name}": 0
    for base in ("", "base_")
    for name in ("row_total", "row_total_incl_tax", "tax_amount", "discount_amount")
}


def totals_body(entity: Mapping[str, Any], seen: CommerceOrder) -> Json:
    """The save that gives the order the figures, the numbers and the buyer of `entity`, a new order's (wire.py)."""
    return _named(seen) | {name: value for name, value in entity.items() if name not in _KEPT}


def lines_body(entity: Mapping[str, Any], seen: CommerceOrder) -> Json:
    """The save that gives the order the lines of `entity`.

    A line is known again by Amazon's item id and its SKU. One of a cart, which knows no item ids, becomes the first
    wanted line of its SKU; what is wanted beyond is added, what is no longer wanted is left with no quantity.
    """
    free = list(seen.lines)
    items = [_line(wanted, _take(free, wanted)) for wanted in entity["items"]]
    items += [
        _NOTHING | {"item_id": line.item_id, "qty_ordered": 0, "row_weight": 0}
        for line in free
        if line.qty_ordered and not line.qty_shipped
    ]
    return _named(seen) | {"items": items}


def state_body(entity: Mapping[str, Any], seen: CommerceOrder) -> Json:
    """The save that moves the order to the state of `entity`, with its remark in the history."""
    return _named(seen) | {name: entity[name] for name in ("state", "status", "status_histories")}


def address_bodies(entity: Mapping[str, Any], seen: PlacedOrder) -> list[Json]:
    """The addresses of `entity` where the order has others, each with the id of the one that it takes the place of."""
    assignments = entity["extension_attributes"]["shipping_assignments"]
    wanted = {"billing": entity["billing_address"], "shipping": assignments[0]["shipping"]["address"]}
    bodies = []
    for kind, held in seen.addresses.items():
        emptied = {name: empty for name, empty in _EMPTY.items() if held.get(name)}
        address = emptied | wanted[kind]
        if any((held.get(name) or None) != (value or None) for name, value in address.items() if name != "region_code"):
            bodies.append(address | {"entity_id": held["entity_id"]})
    return bodies


def held_quantities(lines: Iterable[CommerceLine]) -> dict[str, int]:
    """SKU -> pieces of goods that the lines hold, those that were shipped included."""
    held: dict[str, int] = {}
    for line in lines:
        if not line.is_virtual and (left := int(line.qty_ordered - line.qty_canceled)):
            held[line.sku] = held.get(line.sku, 0) + left
    return held


def _named(seen: CommerceOrder) -> Json:
    # Both, or an old Magento numbers the order anew (magento-rest 3).
    return {"entity_id": seen.entity_id, "increment_id": seen.increment_id}


def _take(free: list[CommerceLine], wanted: Mapping[str, Any]) -> CommerceLine | None:
    """The line that stands for the wanted one; it is taken out of `free`."""
    item_id, sku = wanted.get("ext_order_item_id"), wanted["sku"]
    alike = [line for line in free if line.sku == sku]
    found = next((line for line in alike if line.amazon_item_id == item_id), None)
    found = found or next((line for line in alike if line.amazon_item_id is None), None)
    if found is not None:
        free.remove(found)
    return found


def _line(wanted: Mapping[str, Any], standing: CommerceLine | None) -> Json:
    item = {name: value for name, value in wanted.items() if name != "extension_attributes"}
    return item if standing is None else {"item_id": standing.item_id} | item
