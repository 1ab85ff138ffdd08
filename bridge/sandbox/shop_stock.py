"""Multi-source inventory: sources, stocks, what lies where, and the append-only ledger of reservations.

Salable quantity = what the stock's sources hold - min_qty + the sum of the reservations (magento-live section 3).
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any, Final

from bridge.sandbox.commerce_errors import FatalError, refused
from bridge.sandbox.commerce_input import number
from bridge.sandbox.search_criteria import collated
from bridge.sandbox.shop_catalog import Catalog, Product

DEFAULT_SOURCE: Final = "default"
_NO_SOURCES_SUPPORT: Final = "Can't check requested quantity for products without Source Items support."


@dataclass
class SourceItem:
    """How many pieces of a SKU lie in a source; status 0 takes them off sale."""

    sku: str
    source_code: str
    quantity: float
    status: int = 1


@dataclass
class Stock:
    """A set of sources, sold through the websites whose codes are named."""

    stock_id: int
    name: str
    source_codes: list[str]
    website_codes: list[str]


@dataclass(frozen=True)
class Reservation:
    """One line of the ledger; the metadata names the order, its id may be empty."""

    stock_id: int
    sku: str
    quantity: float
    event_type: str
    object_type: str
    object_id: str
    increment_id: str


@dataclass
class Inventory:
    """The stock of one shop. Quantities are pieces; SKUs are compared as the database does."""

    catalog: Catalog
    sources: dict[str, str] = field(default_factory=lambda: {DEFAULT_SOURCE: "Default Source"})
    stocks: dict[int, Stock] = field(default_factory=lambda: {1: Stock(1, "Default Stock", [DEFAULT_SOURCE], ["base"])})
    items: dict[tuple[str, str], SourceItem] = field(default_factory=dict)
    reservations: list[Reservation] = field(default_factory=list)
    reserved: dict[tuple[str, int], float] = field(default_factory=lambda: defaultdict(float))
    reserved_by_order: dict[str, dict[tuple[str, int], float]] = field(default_factory=dict)

    def source_item(self, sku: str, source_code: str) -> SourceItem | None:
        """What a source holds of a SKU; None when it never had any."""
        return self.items.get((collated(sku), source_code))

    def save_source_item(self, sku: str, source_code: str, quantity: float, status: int = 1) -> None:
        """Set a quantity; raises the 400 for an unknown source. An unknown SKU leaves an orphan row (3.6)."""
        if source_code not in self.sources:
            raise refused("Could not save Source Item")
        self.items[collated(sku), source_code] = SourceItem(sku, source_code, quantity, status)
        product = self.catalog.get(sku)
        if product is not None:
            product.indexed = True

    def delete_source_items(self, sku: str, source_code: str | None = None) -> None:
        """Forget the rows of a SKU, in one source or in all."""
        codes = list(self.sources) if source_code is None else [source_code]
        for code in codes:
            self.items.pop((collated(sku), code), None)

    def stock_of_website(self, website_code: str) -> Stock | None:
        """The stock that sells through a website."""
        return next((stock for stock in self.stocks.values() if website_code in stock.website_codes), None)

    def append(self, reservation: Reservation) -> None:
        """Write a line of the ledger, unless the product's stock is not managed."""
        product = self.catalog.get(reservation.sku)
        if product is not None and not product.manage_stock:
            return
        key = (collated(reservation.sku), reservation.stock_id)
        self.reservations.append(reservation)
        self.reserved[key] += reservation.quantity
        ledger = self.reserved_by_order.setdefault(reservation.increment_id, {})
        ledger[key] = ledger.get(key, 0) + reservation.quantity

    def source_total(self, sku: str, stock_id: int) -> float:
        """What the stock's sources hold and offer of a SKU."""
        held = (self.source_item(sku, code) for code in self.stocks[stock_id].source_codes)
        return sum(item.quantity for item in held if item is not None and item.status)

    def deduct(self, sku: str, source_code: str, quantity: float) -> bool:
        """Take pieces out of a source; False, and nothing done, when it holds too few, backorders or not (3.4)."""
        item = self.source_item(sku, source_code)
        if item is None or item.quantity - quantity < 0:
            return False
        item.quantity = number(item.quantity - quantity)
        if item.quantity <= 0:
            product = self.catalog.get(sku)
            if product is None or not product.backorders:
                item.status = 0
        return True

    def put_back(self, sku: str, source_code: str, quantity: float) -> None:
        """Return pieces to a source that knows the SKU."""
        item = self.source_item(sku, source_code)
        if item is not None:
            item.quantity = number(item.quantity + quantity)
            item.status = 1

    # What the REST interface answers

    def is_salable(self, sku: str, stock_id: int) -> bool:
        """are-products-salable and is-product-salable: an unknown SKU is just not salable (3.6)."""
        product = self.catalog.get(sku)
        if product is None or not product.indexed or not product.has_sources:
            return product is not None and product.type_id == "bundle"
        if not product.manage_stock or product.backorders:
            return True
        return self._left(product, stock_id) > 0

    def salable_quantity(self, sku: str, stock_id: int) -> int | float:
        """get-product-salable-quantity, or its errors: an unknown SKU is fatal, a configurable product a 400."""
        product = self._sourced(sku)
        if stock_id not in self.stocks:
            raise refused("Could not receive Stock Item data")
        if not product.manage_stock or not self.is_salable(sku, stock_id):
            return 0
        return number(self._left(product, stock_id))

    def salable_for(self, sku: str, quantity: float, stock_id: int) -> dict[str, Any]:
        """One entry of are-product-salable-for-requested-qty; an unknown SKU is fatal, a configurable one a 400."""
        product = self._sourced(sku)
        if stock_id not in self.stocks:
            raise refused("Could not receive Stock Item data")
        errors = self._shortage(product, quantity, stock_id)
        return {"sku": sku, "stock_id": stock_id, "salable": not errors, "errors": errors}

    def index(self, stock_id: int) -> list[dict[str, Any]]:
        """dump-stock-index-data: what the sources hold, without reservations; unindexed products are missing."""
        # Magento unites two queries: products without stock to manage, then the index, each by the products' ids.
        products = sorted(self.catalog.products.values(), key=lambda product: (product.manage_stock, product.id))
        return [
            {
                "sku": product.sku,
                "qty": number(self.source_total(product.sku, stock_id)) if product.manage_stock else 0,
                "is_salable": self.is_salable(product.sku, stock_id),
            }
            for product in products
            if product.indexed
        ]

    def _sourced(self, sku: str) -> Product:
        product = self.catalog.get(sku)
        if product is None:
            raise FatalError
        if not product.has_sources:
            raise refused(_NO_SOURCES_SUPPORT)
        return product

    def _left(self, product: Product, stock_id: int) -> float:
        held = self.source_total(product.sku, stock_id)
        return held - product.min_qty + self.reserved.get((collated(product.sku), stock_id), 0)

    def _shortage(self, product: Product, quantity: float, stock_id: int) -> list[dict[str, str]]:
        """The refusals of the salability conditions (3.6): one when no source offers any, else three together."""
        if not product.manage_stock or (product.backorders and product.indexed):
            return []
        held = (self.source_item(product.sku, code) for code in self.stocks[stock_id].source_codes)
        if not any(item is not None and item.status and item.quantity > 0 for item in held):
            return [
                {
                    "code": "is_any_source_item_in_stock-no_source_items_in_stock",
                    "message": "There are no source items with the in stock status",
                }
            ]
        enough = self._left(product, stock_id) >= quantity
        if enough and product.indexed:
            return []
        last = (
            ("not_enough_qty", "The requested qty is not available")
            if product.indexed
            else ("no_data", "The requested sku is not assigned to given stock")
        )
        return [
            {"code": "back_order-disabled", "message": "Backorders are disabled"},
            {"code": "manage_stock-enabled", "message": "Manage stock is enabled"},
            {"code": f"is_salable_with_reservations-{last[0]}", "message": last[1]},
        ]
