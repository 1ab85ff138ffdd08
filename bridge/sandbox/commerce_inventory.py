"""The routes for multi-source inventory."""

from __future__ import annotations

from typing import Any, Final

from bridge.sandbox.commerce_call import Call
from bridge.sandbox.commerce_catalog import product_rows
from bridge.sandbox.commerce_errors import (
    MaskedError,
    field_required,
    must_not_be_empty,
    not_found,
    refused,
    validation_failed,
)
from bridge.sandbox.commerce_input import number, typed, typed_object
from bridge.sandbox.search_criteria import collated, find, items_of
from bridge.sandbox.shop_catalog import Product
from bridge.sandbox.shop_stock import DEFAULT_SOURCE

_DEFAULT_LINK: Final = "Can not save link related to Default Source or Default Stock"
_SOURCE_ITEM_FIELDS: Final = frozenset({"sku", "source_code", "quantity", "status", "source_item_id"})


def search_source_items(call: Call) -> Any:
    """GET /V1/inventory/source-items: the rows of every product that has sources, orphans included."""
    criteria = call.criteria()
    if not criteria.names <= _SOURCE_ITEM_FIELDS:
        raise MaskedError
    wanted = criteria.single("sku", "eq", "in")
    held = call.shop.inventory.items
    if wanted is None:
        found = list(held.values())
    else:
        skus, codes = dict.fromkeys(map(collated, wanted.values())), call.shop.inventory.sources
        keys = ((sku, code) for sku in skus for code in codes)
        found = [held[key] for key in keys if key in held]
    rows = [
        {"sku": item.sku, "source_code": item.source_code, "quantity": number(item.quantity), "status": item.status}
        for item in found
    ]
    page, total = find(rows, criteria)
    return {"items": page, "search_criteria": criteria.echo(), "total_count": total}


def _sent_source_items(call: Call) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = call.sent("sourceItems", "SourceItem[]") or []
    for item, name in ((item, name) for item in items for name in ("sku", "source_code")):
        if not item.get(name):
            raise must_not_be_empty(name)
    return items


def save_source_items(call: Call) -> Any:
    """POST /V1/inventory/source-items: absolute quantities; an empty list is the answer."""
    items = _sent_source_items(call)
    if any(item.get("source_code") not in call.shop.inventory.sources for item in items):
        raise refused("Could not save Source Item")
    for item in items:
        status = item.get("status", 1)
        call.shop.inventory.save_source_item(item["sku"], item["source_code"], item.get("quantity", 0), status)
    return []


def delete_source_items(call: Call) -> Any:
    """POST /V1/inventory/source-items-delete."""
    for item in _sent_source_items(call):
        call.shop.inventory.delete_source_items(item["sku"], item.get("source_code"))
    return []


def list_sources(call: Call) -> Any:
    """GET /V1/inventory/sources."""
    criteria = call.criteria()
    extension = {"is_pickup_location_active": False, "frontend_name": ""}
    rows = [
        {
            "source_code": code,
            "name": name,
            "enabled": True,
            "description": name,
            "latitude": 0,
            "longitude": 0,
            "country_id": "US",
            "postcode": "00000",
            "use_default_carrier_config": True,
            "carrier_links": [],
            "extension_attributes": extension,
        }
        for code, name in call.shop.inventory.sources.items()
    ]
    page, total = find(rows, criteria)
    return {"items": page, "search_criteria": criteria.echo(), "total_count": total}


def create_source(call: Call) -> Any:
    """POST /V1/inventory/sources."""
    source = call.sent("source", "Source")
    if not source.get("source_code"):
        raise must_not_be_empty("source_code")
    call.shop.add_source(source["source_code"], source.get("name", ""))
    return []


def _stock_view(call: Call, stock_id: int) -> dict[str, Any]:
    stock = call.shop.inventory.stocks[stock_id]
    channels = [{"type": "website", "code": code} for code in stock.website_codes]
    return {"stock_id": stock_id, "name": stock.name, "extension_attributes": {"sales_channels": channels}}


def list_stocks(call: Call) -> Any:
    """GET /V1/inventory/stocks."""
    criteria = call.criteria()
    page, total = find([_stock_view(call, stock_id) for stock_id in call.shop.inventory.stocks], criteria)
    return {"items": page, "search_criteria": criteria.echo(), "total_count": total}


def create_stock(call: Call) -> Any:
    """POST /V1/inventory/stocks: the new id."""
    stock = call.sent("stock", "Stock")
    channels = stock.get("extension_attributes", {}).get("sales_channels", [])
    return call.shop.add_stock(stock.get("name", ""), [], [channel.get("code", "") for channel in channels])


def save_links(call: Call) -> Any:
    """POST /V1/inventory/stock-source-links: the default source stays with the default stock (magento-live 3.7)."""
    links = call.sent("links", "StockSourceLink[]") or []
    if any(link.get("source_code") == DEFAULT_SOURCE or link.get("stock_id") == 1 for link in links):
        raise validation_failed(_DEFAULT_LINK)
    for link in sorted(links, key=lambda link: int(link.get("priority", 1))):
        stock = call.shop.inventory.stocks.get(link.get("stock_id", 0))
        if stock is None or link.get("source_code") not in call.shop.inventory.sources:
            raise refused("Could not save StockSourceLinks")
        if link["source_code"] not in stock.source_codes:
            stock.source_codes.append(str(link["source_code"]))
    return []


def resolve_stock(call: Call) -> Any:
    """GET /V1/inventory/stock-resolver/{type}/{code}."""
    stock = call.shop.inventory.stock_of_website(call.path["code"])
    if stock is None or call.path["type"] != "website":
        raise not_found("No linked stock found")
    return _stock_view(call, stock.stock_id)


def salable_quantity(call: Call) -> Any:
    """GET /V1/inventory/get-product-salable-quantity/{sku}/{stockId}: a bare number."""
    return call.shop.salable_quantity(call.path["sku"], call.id("stockId"))


def is_salable(call: Call) -> Any:
    """GET /V1/inventory/is-product-salable/{sku}/{stockId}: a bare boolean."""
    return call.shop.inventory.is_salable(call.path["sku"], call.id("stockId"))


def is_salable_for(call: Call) -> Any:
    """GET /V1/inventory/is-product-salable-for-requested-qty/{sku}/{stockId}/{qty}."""
    quantity = typed(call.path["qty"], "float")
    answer = call.shop.inventory.salable_for(call.path["sku"], quantity, call.id("stockId"))
    return {name: answer[name] for name in ("salable", "errors")}


def are_salable(call: Call) -> Any:
    """GET /V1/inventory/are-products-salable: an unknown SKU is not salable, and no error."""
    skus, stock_id = items_of(call.asked("skus")), int(typed(call.asked("stockId"), "int"))
    return [
        {"sku": sku, "stock_id": stock_id, "salable": call.shop.inventory.is_salable(sku, stock_id)} for sku in skus
    ]


def are_salable_for(call: Call) -> Any:
    """GET /V1/inventory/are-product-salable-for-requested-qty: one unknown SKU spoils it all (magento-live 0.12)."""
    requests, stock_id = items_of(call.asked("skuRequests")), int(typed(call.asked("stockId"), "int"))
    answers = []
    for entry in (typed_object(request, "InventoryRequestItem") for request in requests):
        for name in ("sku", "qty"):
            if name not in entry:
                raise field_required(name)
        answers.append(call.shop.inventory.salable_for(entry["sku"], entry["qty"], stock_id))
    return answers


def _stock_of_channel(call: Call) -> int:
    stock = call.shop.inventory.stock_of_website(call.path["code"])
    if stock is None:
        raise not_found("No linked stock found")
    return stock.stock_id


def dump_index(call: Call) -> Any:
    """GET /V1/inventory/dump-stock-index-data/{type}/{code}."""
    return call.shop.inventory.index(_stock_of_channel(call))


def export_salable(call: Call) -> Any:
    """GET /V1/inventory/export-stock-salable-qty/{type}/{code}: products by a search, sorted by SKU."""
    criteria, stock_id = call.criteria(), _stock_of_channel(call)
    page, total = find(product_rows(call, criteria), criteria, "sku")
    items = []
    for row in page:
        product: Product = row["record"]
        salable = call.shop.inventory.is_salable(product.sku, stock_id)
        quantity = call.shop.inventory.salable_quantity(product.sku, stock_id) if product.has_sources else 0
        items.append({"sku": product.sku, "qty": quantity, "is_salable": salable})
    return {"items": items, "search_criteria": criteria.echo(), "total_count": total}


def select_sources(call: Call) -> Any:
    """POST /V1/inventory/source-selection-algorithm-result: by priority, the stock's sources one after the other."""
    request = call.sent("inventoryRequest", "InventoryRequest")
    stock = call.shop.inventory.stocks.get(request.get("stock_id", 0))
    if stock is None:
        raise not_found()
    chosen, shippable = [], True
    for entry in request.get("items", []):
        sku, left = entry.get("sku", ""), float(entry.get("qty", 0))
        for code in stock.source_codes:
            item = call.shop.inventory.source_item(sku, code)
            if item is None or not item.status:
                continue
            taken = min(left, item.quantity)
            left -= taken
            row = {"source_code": code, "sku": sku, "qty_to_deduct": number(taken)}
            chosen.append(row | {"qty_available": number(item.quantity)})
        shippable = shippable and left <= 0
    return {"source_selection_items": chosen, "shippable": shippable}


_STOCK: Final = "Magento_InventorySalesApi::stock"
_SOURCE: Final = "Magento_InventoryApi::source"
ROUTES: Final = (
    ("GET", "inventory/source-items", _SOURCE, search_source_items),
    ("POST", "inventory/source-items", _SOURCE, save_source_items),
    ("POST", "inventory/source-items-delete", _SOURCE, delete_source_items),
    ("GET", "inventory/sources", _SOURCE, list_sources),
    ("POST", "inventory/sources", _SOURCE, create_source),
    ("GET", "inventory/stocks", "Magento_InventoryApi::stock", list_stocks),
    ("POST", "inventory/stocks", "Magento_InventoryApi::stock", create_stock),
    ("POST", "inventory/stock-source-links", "Magento_InventoryApi::stock", save_links),
    ("GET", "inventory/stock-resolver/{type}/{code}", _STOCK, resolve_stock),
    ("GET", "inventory/get-product-salable-quantity/{sku}/{stockId}", _STOCK, salable_quantity),
    ("GET", "inventory/is-product-salable/{sku}/{stockId}", _STOCK, is_salable),
    ("GET", "inventory/is-product-salable-for-requested-qty/{sku}/{stockId}/{qty}", _STOCK, is_salable_for),
    ("GET", "inventory/are-products-salable", _STOCK, are_salable),
    ("GET", "inventory/are-product-salable-for-requested-qty", _STOCK, are_salable_for),
    ("GET", "inventory/dump-stock-index-data/{type}/{code}", _STOCK, dump_index),
    ("GET", "inventory/export-stock-salable-qty/{type}/{code}", _STOCK, export_salable),
    ("POST", "inventory/source-selection-algorithm-result", _SOURCE, select_sources),
)
