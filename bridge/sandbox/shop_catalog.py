"""The shop's products, as far as an order bridge and a catalogue manager see them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, Final

from bridge.sandbox.search_criteria import collated

# Product types that keep no stock of their own (magento-live section 0.12).
COMPOSITE: Final = frozenset({"configurable", "bundle", "grouped"})
ENABLED: Final = 1
DISABLED: Final = 2


@dataclass
class Product:
    """One product. `indexed` is whether the stock index has it: a product created disabled is missing there (3.6)."""

    id: int
    sku: str
    name: str
    type_id: str = "simple"
    status: int = ENABLED
    price: int | float = 0
    weight: int | float | None = 1
    website_ids: list[int] = field(default_factory=lambda: [1])
    manage_stock: bool = True
    use_config_manage_stock: bool = True
    backorders: int = 0
    min_qty: float = 0
    indexed: bool = True
    # Of a bundle: its options, each a list of (SKU, quantity); a buyer need not take an optional one.
    options: list[tuple[bool, list[tuple[str, float]]]] = field(default_factory=list)
    created_at: str = ""
    updated_at: str = ""

    @property
    def has_sources(self) -> bool:
        """Whether its quantity lies in sources."""
        return self.type_id not in COMPOSITE


@dataclass
class Catalog:
    """The products by collated SKU and by id."""

    products: dict[str, Product] = field(default_factory=dict)
    by_id: dict[int, Product] = field(default_factory=dict)

    def get(self, sku: str) -> Product | None:
        """The product of a SKU, compared as the database does."""
        return self.products.get(collated(sku))

    def add(self, product: Product) -> None:
        """Take a product in, or replace the one of that SKU."""
        known = self.get(product.sku)
        if known is not None:
            self.by_id.pop(known.id, None)
        self.products[collated(product.sku)] = product
        self.by_id[product.id] = product

    def remove(self, sku: str) -> Product | None:
        """Forget a product; None when there was none."""
        product = self.products.pop(collated(sku), None)
        if product is not None:
            del self.by_id[product.id]
        return product

    def next_id(self) -> int:
        """The id of the next product."""
        return max(self.by_id, default=0) + 1


def stock_item(product: Product, quantity: int | float, *, in_stock: bool) -> dict[str, Any]:
    """The legacy stock item, as GET /V1/stockItems/{sku} shows it: the default source only."""
    return {
        "item_id": product.id,
        "product_id": product.id,
        "stock_id": 1,
        "qty": quantity,
        "is_in_stock": in_stock,
        "is_qty_decimal": False,
        "show_default_notification_message": False,
        "use_config_min_qty": True,
        "min_qty": product.min_qty,
        "use_config_min_sale_qty": 1,
        "min_sale_qty": 1,
        "use_config_max_sale_qty": True,
        "max_sale_qty": 10000,
        "use_config_backorders": not product.backorders,
        "backorders": product.backorders,
        "use_config_notify_stock_qty": True,
        "notify_stock_qty": 1,
        "use_config_qty_increments": True,
        "qty_increments": 0,
        "use_config_enable_qty_inc": True,
        "enable_qty_increments": False,
        "use_config_manage_stock": product.use_config_manage_stock,
        "manage_stock": product.manage_stock,
        "low_stock_date": None,
        "is_decimal_divided": False,
        "stock_status_changed_auto": 0,
    }


def product_view(product: Product) -> dict[str, Any]:
    """A product as the REST interface lists it."""
    view: dict[str, Any] = {
        "id": product.id,
        "sku": product.sku,
        "name": product.name,
        "attribute_set_id": 4,
        "price": product.price,
        "status": product.status,
        "visibility": 4,
        "type_id": product.type_id,
        "created_at": product.created_at,
        "updated_at": product.updated_at,
    }
    if product.weight is not None:
        view["weight"] = product.weight
    view["extension_attributes"] = {"website_ids": list(product.website_ids)}
    if product.options:
        view["extension_attributes"]["bundle_product_options"] = _bundle_options(product)
    view |= {name: [] for name in ("product_links", "options", "media_gallery_entries", "tier_prices")}
    attributes = {
        "options_container": "container2",
        "url_key": re.sub(r"[^a-z0-9]+", "-", product.name.lower()).strip("-"),
        "msrp_display_actual_price_type": "0",
        "required_options": "0",
        "has_options": "0",
        "tax_class_id": "2",
        "category_ids": [],
    }
    view["custom_attributes"] = [{"attribute_code": code, "value": value} for code, value in attributes.items()]
    return view


def _bundle_options(product: Product) -> list[dict[str, Any]]:
    return [
        {
            "option_id": number,
            "title": f"Option {number}",
            "required": required,
            "type": "select",
            "position": number,
            "sku": product.sku,
            "product_links": [
                {
                    "id": f"{number}{place}",
                    "sku": sku,
                    "option_id": number,
                    "qty": qty,
                    "position": place,
                    "is_default": place == 1,
                    "price": 0,
                    "price_type": 0,
                    "can_change_quantity": 0,
                }
                for place, (sku, qty) in enumerate(selections, 1)
            ],
        }
        for number, (required, selections) in enumerate(product.options, 1)
    ]


def product_row(product: Product) -> dict[str, Any]:
    """What a search may filter and sort products by."""
    return {
        "entity_id": product.id,
        "sku": product.sku,
        "name": product.name,
        "type_id": product.type_id,
        "status": product.status,
        "visibility": 4,
        "attribute_set_id": 4,
        "price": product.price,
        "weight": product.weight,
        "website_id": product.website_ids[0] if product.website_ids else None,
        "created_at": product.created_at,
        "updated_at": product.updated_at,
        "record": product,
    }
