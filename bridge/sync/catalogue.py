"""What one import asks the shop about products, asked once per SKU however many orders need it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from itertools import islice

from bridge.commerce.client import CommerceClient
from bridge.commerce.query import AT_ONCE
from bridge.domain.blockers import UNSUPPORTED_TYPES, ShopFacts, requested_quantities
from bridge.domain.commerce import Product, ShopContext
from bridge.domain.draft import ProductLine, live_lines
from bridge.domain.order import Channel, OrderSnapshot
from bridge.models import ProductMatch


class Catalogue:
    """Looks products and stock up in bulk and remembers the answers for as long as the object lives (one run).

    coming: (seller SKU, ASIN, smallest quantity or None) of what will be asked about sooner or later; it fills up the
    requests that have room. A SKU's smallest quantity is asked about first: where the stock has too few for that, it
    has too few for larger ones, and those, most of what is blocked, need no request of their own.
    """

    def __init__(
        self,
        commerce: CommerceClient,
        shop: ShopContext,
        matches: Sequence[ProductMatch],
        coming: Iterable[tuple[str | None, str | None, int | None]] = (),
    ) -> None:
        self._commerce = commerce
        self._shop = shop
        self._by_sku = {m.seller_sku: (m.commerce_sku, m.quantity) for m in matches if m.seller_sku}
        self._by_asin = {m.asin: (m.commerce_sku, m.quantity) for m in matches if m.asin}
        self._products: dict[str, Product | None] = {}
        self._salable: dict[tuple[str, int], bool] = {}
        self._spent: dict[str, int] = {}  # the quantity from which on the stock has too few
        self._coming: dict[str, None] = {}
        self._smallest: dict[str, int] = {}
        for seller_sku, asin, quantity in coming:
            sku, pieces = self._standing(seller_sku, asin)
            if sku:
                self._coming[sku] = None
            if sku and quantity:
                self._smallest[sku] = min(quantity * pieces, self._smallest.get(sku, quantity * pieces))

    def facts(self, orders: Iterable[OrderSnapshot]) -> list[ShopFacts]:
        """The facts for each order, in the same order. Raises RemoteError."""
        orders = list(orders)
        self._look_up(
            {name for order in orders for line in live_lines(order) if (name := self._standing(line.sku, line.asin)[0])}
        )
        named = self._products.values()
        self._look_up({sku for product in named if product for sku in product.fixed_parts})
        standing = [self._products_of(order) for order in orders]
        needs = [self._quantities(order, products) for order, products in zip(orders, standing, strict=True)]
        self._ask_salable({pair for need in needs for pair in need.items()})
        return [
            ShopFacts(self._shop, products, {sku: self._salable.get((sku, qty), False) for sku, qty in need.items()})
            for products, need in zip(standing, needs, strict=True)
        ]

    def _standing(self, sku: str | None, asin: str | None) -> tuple[str | None, int]:
        """The Commerce SKU that stands for a line: a match of its SKU, else of its ASIN, else its own SKU."""
        if sku in self._by_sku:
            return self._by_sku[sku]
        if asin in self._by_asin:
            return self._by_asin[asin]
        return sku, 1

    def _look_up(self, skus: set[str]) -> None:
        missing = sorted(skus - self._products.keys())
        if missing:
            later = (sku for sku in self._coming if sku not in self._products and sku not in skus)
            missing += islice(later, _room(missing))
            found = self._commerce.products(missing)
            self._products |= {sku: found.get(sku) for sku in missing}

    def _products_of(self, order: OrderSnapshot) -> dict[str, ProductLine]:
        products = {}
        for line in live_lines(order):
            sku, quantity = self._standing(line.sku, line.asin)
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
        askable = {product.sku for s in products.values() for product, _ in s.pieces if _has_stock(product)}
        return {sku: qty for sku, qty in requested_quantities(order, products).items() if sku in askable}

    def _ask_salable(self, pairs: set[tuple[str, int]]) -> None:
        missing = sorted(pair for pair in pairs if not self._is_known(pair))
        while missing:
            batch: dict[str, int] = {}
            for sku, qty in missing:
                batch[sku] = batch.get(sku) or min(qty, self._smallest.pop(sku, qty))
            later = [sku for sku in self._smallest if _has_stock(self._products.get(sku))]
            batch |= {sku: self._smallest.pop(sku) for sku in later[: _room(batch)]}
            for sku, answer in self._commerce.ask_stock(batch, self._shop.stock_id).items():
                self._salable[sku, batch[sku]] = answer.salable
                if answer.spent:
                    self._spent[sku] = batch[sku]
            missing = [pair for pair in missing if not self._is_known(pair)]

    def _is_known(self, pair: tuple[str, int]) -> bool:
        sku, qty = pair
        return pair in self._salable or (sku in self._spent and qty >= self._spent[sku])


def _has_stock(product: Product | None) -> bool:
    """Whether its stock is worth a question: a disabled one is blocked anyway, one of several parts has none."""
    return product is not None and product.enabled and product.type_id not in UNSUPPORTED_TYPES


def _room(asked: Collection[str]) -> int:
    """How many more can be asked about in the same requests."""
    return -len(asked) % AT_ONCE
