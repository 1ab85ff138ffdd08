"""What a Commerce shop says of the stock of single products: what lies where, and what is left to sell."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from bridge.commerce.connection import Connection
from bridge.commerce.query import any_of, criteria
from bridge.errors import RemoteError


class Stock:
    """The stock of one shop. All failures are RemoteErrors."""

    def __init__(self, shop: Connection) -> None:
        self._shop = shop

    def in_sources(self, skus: Iterable[str]) -> dict[str, Decimal]:
        """SKU -> pieces in all sources together that offer it; a SKU that no source has is absent."""
        held: dict[str, Decimal] = {}
        for wanted in any_of("sku", skus):
            query = criteria([wanted], page_size=1000, fields="items[sku,source_code,quantity,status],total_count")
            for row in self._shop.call("GET", "/V1/inventory/source-items", _items, query=query):
                offered = Decimal(str(row["quantity"])) if int(row["status"]) == 1 else Decimal(0)
                held[str(row["sku"])] = held.get(str(row["sku"]), Decimal(0)) + offered
        return held

    def salable_quantity(self, sku: str, stock_id: int) -> Decimal:
        """Pieces that are left to sell; 0 also for a product that is not on sale or whose stock is not managed."""
        path = {"sku": sku, "stock": stock_id}
        return self._shop.call("GET", "/V1/inventory/get-product-salable-quantity/{sku}/{stock}", _number, path=path)

    def has(self, sku: str, quantity: Decimal) -> bool:
        """Whether the product's own stock item has the quantity: how a shop without inventory sources keeps stock.

        A SKU with a slash is taken to have it: Magento's OAuth refuses a slash in a path (magento-live 1), and a shop
        whose order was paid on Amazon is the better judge of its shelves.
        """
        if "/" in sku:
            return True
        route, path = "/V1/stockItems/{sku}", {"sku": sku}
        try:
            return self._shop.call("GET", route, lambda item: _enough(item, quantity), path=path)
        except RemoteError as error:
            if error.status == 404:
                return False
            raise

    def threshold(self, sku: str) -> Decimal | None:
        """From how many pieces on the product counts as sold out; None when its stock is not managed."""
        row = self._shop.call("GET", "/V1/stockItems/{sku}", _managed, path={"sku": sku})
        return row


def _enough(item: Any, quantity: Decimal) -> bool:
    if not item["manage_stock"]:
        return True
    left = Decimal(str(item["qty"])) - Decimal(str(item["min_qty"]))
    return bool(item["is_in_stock"]) and (int(item["backorders"]) > 0 or left >= quantity)


def _items(answer: Any) -> list[Any]:
    return list(answer["items"] or ())


def _number(answer: Any) -> Decimal:
    if isinstance(answer, bool):
        raise TypeError("not a number")
    return Decimal(str(answer))


def _managed(answer: Any) -> Decimal | None:
    return Decimal(str(answer["min_qty"])) if answer["manage_stock"] else None
