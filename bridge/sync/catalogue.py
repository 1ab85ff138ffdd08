"""What one import asks the shop about products, asked once per SKU however many orders need it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from bridge.commerce.client import CommerceClient
from bridge.domain.blockers import UNSUPPORTED_TYPES, ShopFacts, requested_quantities
from bridge.domain.commerce import Product, ShopContext
from bridge.domain.draft import ProductLine, live_lines
from bridge.domain.order import Channel, Line, OrderSnapshot
from bridge.models import ProductMatch


class Catalogue:
    """Looks products and stock up in bulk and remembers the answers for as long as the object lives (one run)."""

    def __init__(self, commerce: CommerceClient, shop: ShopContext, matches: Sequence[ProductMatch]) -> None:
        self._commerce = commerce
        self._shop = shop
        self._by_sku = {m.seller_sku: (m.commerce_sku, m.quantity) for m in matches if m.seller_sku}
        self._by_asin = {m.asin: (m.commerce_sku, m.quantity) for m in matches if m.asin}
        self._products: dict[str, Product | None] = {}
        self._salable: dict[tuple[str, int], bool] = {}

    def facts(self, orders: Iterable[OrderSnapshot]) -> list[ShopFacts]:
        """The facts for each order, in the same order. Raises RemoteError."""
        orders = list(orders)
        self._look_up({name for order in orders for line in live_lines(order) if (name := self._standing(line)[0])})
        named = self._products.values()
        self._look_up({sku for product in named if product for sku in product.fixed_parts})
        standing = [self._products_of(order) for order in orders]
        needs = [self._quantities(order, products) for order, products in zip(orders, standing, strict=True)]
        self._ask_salable({pair for need in needs for pair in need.items()})
        return [
            ShopFacts(self._shop, products, {sku: self._salable[sku, qty] for sku, qty in need.items()})
            for products, need in zip(standing, needs, strict=True)
        ]

    def _standing(self, line: Line) -> tuple[str | None, int]:
        """The Commerce SKU that stands for the line: a match of its SKU, else of its ASIN, else its own SKU."""
        if line.sku in self._by_sku:
            return self._by_sku[line.sku]
        if line.asin in self._by_asin:
            return self._by_asin[line.asin]
        return line.sku, 1

    def _look_up(self, skus: set[str]) -> None:
        missing = sorted(skus - self._products.keys())
        if missing:
            found = self._commerce.products(missing)
            self._products |= {sku: found.get(sku) for sku in missing}

    def _products_of(self, order: OrderSnapshot) -> dict[str, ProductLine]:
        products = {}
        for line in live_lines(order):
            sku, quantity = self._standing(line)
            product = self._products.get(sku) if sku else None
            if product is not None:
                products[line.item_id] = ProductLine(product, quantity, self._parts_of(product))
        return products

    def _parts_of(self, product: Product) -> tuple[tuple[Product, int], ...]:
        """The parts of a bundle that leaves no choice; none when one of them is not to be found."""
        parts = [(self._products.get(sku), count) for sku, count in product.fixed_parts.items()]
        found = tuple((part, count) for part, count in parts if part is not None)
        return found if len(found) == len(parts) else ()

    @staticmethod
    def _quantities(order: OrderSnapshot, products: dict[str, ProductLine]) -> dict[str, int]:
        """What has to be in stock: nothing for an order that Amazon ships."""
        if order.channel is Channel.FBA:
            return {}
        pieces = [product for standing in products.values() for product, _ in standing.pieces]
        askable = {product.sku for product in pieces if product.type_id not in UNSUPPORTED_TYPES}
        return {sku: qty for sku, qty in requested_quantities(order, products).items() if sku in askable}

    def _ask_salable(self, pairs: set[tuple[str, int]]) -> None:
        """Ask for each SKU and quantity; a SKU wanted in several quantities takes part in several requests."""
        missing = sorted(pairs - self._salable.keys())
        while missing:
            batch: dict[str, int] = {}
            for sku, qty in missing:
                batch.setdefault(sku, qty)
            answers = self._commerce.salable(batch, self._shop.stock_id)
            self._salable |= {(sku, qty): answers.get(sku, False) for sku, qty in batch.items()}
            missing = [pair for pair in missing if pair not in self._salable]
