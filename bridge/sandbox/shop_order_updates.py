"""Partial saves: POST /V1/orders with an entity_id, and PUT /V1/orders/{parent_id} for an address."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bridge.sandbox.commerce_errors import not_found
from bridge.sandbox.shop_columns import check_address
from bridge.sandbox.shop_columns import stored as as_stored
from bridge.sandbox.shop_order_views import address_view, updated_reply
from bridge.sandbox.shop_state import Record, settle

if TYPE_CHECKING:
    from bridge.sandbox.shop_orders import OrderTable

_PARTS: Final = frozenset(
    {"items", "billing_address", "payment", "status_histories", "extension_attributes", "entity_id", "updated_at"}
)


def update_order(table: OrderTable, order: Record, entity: Record, stored: Record) -> Record:
    """Write what was sent of an order and return the reply; `stored` are its columns as the database cuts them.

    Both addresses in the entity are ignored. The state rules look at the request alone, with the stored lines only
    where it has none: that is Magento's trap of lines without qty_ordered (magento-live section 2).
    """
    before = dict(order)
    columns = {name: value for name, value in stored.items() if name not in _PARTS}
    table.rename(order, columns)
    order.update(columns)
    echoed = _save_items(table, order, entity["items"]) if "items" in entity else None
    if "payment" in entity:
        order["payment"].update({k: v for k, v in entity["payment"].items() if k not in {"entity_id", "parent_id"}})
    if "status_histories" in entity:
        table.add_histories(order, [row for row in entity["status_histories"] if not row.get("entity_id")])
    seen = {**entity, "items": entity["items"] if "items" in entity else order["items"]}
    settle(seen, table.shop.memos_of(order["entity_id"]))
    order.update({name: seen[name] for name in ("state", "status") if seen.get(name) is not None})
    table.touch_if_changed(order, before)
    return updated_reply(order, entity, seen, echoed)


def _save_items(table: OrderTable, order: Record, items: list[Record]) -> list[Record]:
    """Update lines by item_id, add those without; what the reply shows of them."""
    by_id = {item["item_id"]: item for item in order["items"]}
    now = table.shop.timestamp()
    echoed = []
    for sent in items:
        item = by_id.get(sent.get("item_id") or 0)
        if item is None:
            item = table.new_item(order, sent)
            order["items"].append(item)
        else:
            table.write_item(item, sent)
            item["updated_at"] = now
        echo = {"sku": None, "original_price": sent.get("price")} | sent
        echo |= {name: item[name] for name in ("item_id", "order_id", "created_at", "updated_at")}
        echoed.append({name: value for name, value in echo.items() if value is not None or name == "sku"})
    return echoed


def update_address(order: Record, sent: Record) -> Record:
    """Write to an address of the order, found by its entity_id; raises the 400 for one that cannot be saved.

    What was not sent stays, what was sent empty is NULL. order.updated_at does not move (magento-live 4).
    """
    stored = as_stored(sent, "OrderAddress")
    for name in ("billing_address", "shipping_address"):
        if order.get(name, {}).get("entity_id") == stored.get("entity_id"):
            kind = {"address_type": name.removesuffix("_address")}
            check_address(stored)
            kept = {k: v for k, v in order[name].items() if k not in sent}
            order[name] = kept | stored | kind | {"parent_id": order["entity_id"]}
            return address_view(order[name])
    raise not_found()
