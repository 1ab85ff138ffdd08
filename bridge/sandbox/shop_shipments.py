"""Shipments and their tracks, with Magento's refusals and what they do to stock and state."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bridge.sandbox.commerce_errors import not_found, refused
from bridge.sandbox.commerce_input import number
from bridge.sandbox.commerce_interfaces import REQUIRED
from bridge.sandbox.shop_columns import stored
from bridge.sandbox.shop_lines import chosen_lines, default_source, document_error, not_allowed, reserve, sku_of
from bridge.sandbox.shop_state import Record, amount, can_ship, qty_to_ship, set_state

if TYPE_CHECKING:
    from bridge.sandbox.shop import Shop

_NOT_SAVED: Final = "Could not save a shipment, see error log for details"
_NO_GOODS: Final = "You can't create a shipment without products."


def ship(shop: Shop, order: Record, request: Record) -> int:
    """POST /V1/order/{id}/ship: the shipment's id. Nothing changes when it is refused."""
    lines = chosen_lines(order, request.get("items") or [], qty_to_ship)
    problems = not_allowed(order, "shipment", "A", can_ship(order)) + ([] if lines else [_NO_GOODS])
    tracks: list[Record] = request.get("tracks") or []
    if any(not track.get("track_number") for track in tracks):
        problems.append("Please enter a tracking number.")
    if problems:
        raise document_error("Shipment", problems)
    if any(not track.get("title") or not track.get("carrier_code") for track in tracks):
        raise refused(_NOT_SAVED)
    asked = request.get("arguments", {}).get("extension_attributes", {}).get("source_code")
    source_code = asked or default_source(shop, order)
    _deduct(shop, order, lines, source_code)
    return _write_shipment(shop, order, lines, tracks, source_code)


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
