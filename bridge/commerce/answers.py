"""Magento's JSON as domain values. Pure; raises KeyError, TypeError or ValueError where a needed part is missing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from bridge.domain.commerce import (
    BundleOption,
    CommerceLine,
    CommerceOrder,
    CommerceShipment,
    PlacedOrder,
    Product,
    Region,
    StockAnswer,
    StoreView,
    Track,
)

Json = Mapping[str, Any]

# What `fields=` asks for: exactly what the readers below read.
ORDER_FIELDS = (
    "items[entity_id,increment_id,store_id,state,status,grand_total,order_currency_code,ext_order_id,quote_id,total_invoiced,"
    "items[item_id,sku,qty_ordered,qty_invoiced,qty_shipped,qty_canceled,qty_refunded,ext_order_item_id,is_virtual]],"
    "total_count"
)
PRODUCT_FIELDS = (
    "items[id,sku,name,status,price,type_id,weight,"
    "extension_attributes[website_ids,bundle_product_options[required,product_links[sku,qty]]]],total_count"
)
SHIPMENT_FIELDS = (
    "items[entity_id,order_id,created_at,updated_at,items[order_item_id,qty],tracks[track_number,title,carrier_code]],"
    "total_count"
)


# Why a stock cannot sell a quantity, where it could sell no larger one either (magento-live 3.6). The smallest or most
# that a cart takes, or steps of it, are other reasons.
SPENT = {
    "is_any_source_item_in_stock-no_source_items_in_stock",
    "is_salable_with_reservations-not_enough_qty",
    "is_salable_with_reservations-no_data",
}


def stock_answers(found: Any) -> dict[str, StockAnswer]:
    """SKU -> what the salability reads say of it."""
    if not isinstance(found, list):
        raise TypeError("not a list")
    told = {}
    for entry in found:
        if not isinstance(entry["salable"], bool):
            raise TypeError("neither true nor false")
        spent = any(error["code"] in SPENT for error in entry.get("errors") or ())
        told[str(entry["sku"])] = StockAnswer(entry["salable"], spent and not entry["salable"])
    return told


def order_values(order: Json) -> CommerceOrder:
    """An order of GET or POST /V1/orders; a new order's lines lack the quantities that are 0 (magento-live 2)."""
    grand_total = order.get("grand_total")
    return CommerceOrder(
        entity_id=int(order["entity_id"]),
        increment_id=str(order["increment_id"]),
        store_id=_optional_int(order.get("store_id")),
        state=str(order.get("state") or ""),  # others may have written an order without one
        status=str(order.get("status") or ""),
        grand_total=None if grand_total is None else Decimal(str(grand_total)),
        currency=order.get("order_currency_code"),
        ext_order_id=order.get("ext_order_id"),
        quote_id=_optional_int(order.get("quote_id")),
        total_invoiced=_amount(order.get("total_invoiced")),
        lines=tuple(map(_line, order.get("items") or ())),
    )


def _line(item: Json) -> CommerceLine:
    return CommerceLine(
        item_id=int(item["item_id"]),
        sku=str(item["sku"]),
        qty_ordered=_amount(item.get("qty_ordered")),
        qty_invoiced=_amount(item.get("qty_invoiced")),
        qty_shipped=_amount(item.get("qty_shipped")),
        qty_canceled=_amount(item.get("qty_canceled")),
        qty_refunded=_amount(item.get("qty_refunded")),
        amazon_item_id=item.get("ext_order_item_id") or None,
        is_virtual=bool(int(item.get("is_virtual") or 0)),
    )


def placed_values(order: Json) -> PlacedOrder:
    """An order of GET /V1/orders/{id}, which shows its addresses."""
    assignments = (order.get("extension_attributes") or {}).get("shipping_assignments") or [{}]
    shipping = (assignments[0].get("shipping") or {}).get("address")
    given = {"billing": order.get("billing_address"), "shipping": shipping}
    addresses = {kind: dict(address) for kind, address in given.items() if address and address.get("entity_id")}
    return PlacedOrder(order_values(order), addresses)


def shipment_values(shipment: Json) -> CommerceShipment:
    """A shipment of GET /V1/shipments; without tracks `fields=` answers null."""
    return CommerceShipment(
        entity_id=int(shipment["entity_id"]),
        order_id=int(shipment["order_id"]),
        created_at=str(shipment["created_at"]),
        updated_at=str(shipment["updated_at"]),
        items=tuple((int(i["order_item_id"]), _amount(i["qty"])) for i in shipment.get("items") or ()),
        tracks=tuple(map(_track, shipment.get("tracks") or ())),
    )


def _track(track: Json) -> Track:
    return Track(
        number=str(track.get("track_number") or ""),
        carrier_code=str(track.get("carrier_code") or ""),
        title=str(track.get("title") or ""),
    )


def product_values(product: Json) -> Product:
    """A product of GET /V1/products; configurable and virtual ones have no weight."""
    extension = product.get("extension_attributes") or {}
    return Product(
        id=int(product["id"]),
        sku=str(product["sku"]),
        name=str(product.get("name") or product["sku"]),
        enabled=int(product["status"]) == 1,
        type_id=str(product["type_id"]),
        weight=_amount(product.get("weight")),
        website_ids=tuple(map(int, extension.get("website_ids") or ())),
        price=_amount(product.get("price")),
        options=tuple(map(_bundle_option, extension.get("bundle_product_options") or ())),
    )


def _bundle_option(option: Json) -> BundleOption:
    links = option.get("product_links") or ()
    return BundleOption(
        required=bool(option.get("required")),
        selections=tuple((str(link["sku"]), _amount(link.get("qty"))) for link in links),
    )


def store_view_values(views: Sequence[Json], websites: Sequence[Json], configs: Sequence[Json]) -> list[StoreView]:
    """The three lists of /V1/store joined; the admin's own store view (id 0) is left out, it takes no orders."""
    website_codes = {int(site["id"]): str(site["code"]) for site in websites}
    config_of = {int(config["id"]): config for config in configs}
    found = []
    for view in views:
        view_id, website_id = int(view["id"]), int(view["website_id"])
        if view_id == 0:
            continue
        config = config_of[view_id]
        found.append(
            StoreView(
                id=view_id,
                code=str(view["code"]),
                name=str(view["name"]),
                website_id=website_id,
                website_code=website_codes[website_id],
                base_currency=str(config["base_currency_code"]),
                is_active=bool(int(view.get("is_active", 1))),
                base_url=config.get("secure_base_url") or config.get("base_url"),
            )
        )
    return found


def country_values(countries: Iterable[Json]) -> dict[str, tuple[Region, ...]]:
    """GET /V1/directory/countries: ISO code -> regions; a country without any lacks available_regions."""
    return {
        str(country["id"]): tuple(
            Region(int(r["id"]), str(r.get("code") or ""), str(r.get("name") or ""))
            for r in country.get("available_regions") or ()
        )
        for country in countries
    }


def exchange_rates(answer: Json) -> dict[str, Decimal]:
    """GET /V1/directory/currency: Magento lists an allowed currency without a rate at 0."""
    rates = {str(entry["currency_to"]): _amount(entry["rate"]) for entry in answer.get("exchange_rates") or ()}
    return {currency: rate for currency, rate in rates.items() if rate > 0}


def knows_tax_rows(schema: Json) -> bool:
    """GET /schema (Swagger 2.0) of salesOrderRepositoryV1: whether order and line have all that wire.py would send."""
    of = {
        "sales-data-order-extension-interface": {"taxes", "additional_itemized_taxes"},
        "sales-data-order-item-extension-interface": {"itemized_taxes"},
    }
    definitions: Json = schema["definitions"]
    return all(names <= set(definitions.get(name, {}).get("properties") or ()) for name, names in of.items())


def by_asked_sku(asked: Iterable[str], found: Iterable[Product]) -> dict[str, Product]:
    """Which product answers which SKU: the exact one, else the only one that differs by case or outer blanks alone.

    MySQL also finds what differs by accents (magento-live 3.8); that is another product and is left out.
    """
    exact: dict[str, Product] = {}
    loose: dict[str, list[Product]] = {}
    for product in {p.id: p for p in found}.values():
        exact[product.sku] = product
        loose.setdefault(product.sku.strip().casefold(), []).append(product)
    matches = {}
    for sku in asked:
        alike = loose.get(sku.strip().casefold(), [])
        if sku in exact:
            matches[sku] = exact[sku]
        elif len(alike) == 1:
            matches[sku] = alike[0]
    return matches


def _amount(value: object) -> Decimal:
    return Decimal(0) if value is None else Decimal(str(value))


def _optional_int(value: Any) -> int | None:
    return None if value is None else int(value)
