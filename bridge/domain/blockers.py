"""Why a Commerce order cannot be created now: one small function per reason, each with words for the merchant.

A blocker is looked at afresh in every import, so nothing here remembers anything: the same order and the same facts of
the shop always give the same blockers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from bridge.domain.commerce import Product, ShopContext
from bridge.domain.draft import ProductLine, amounts_problem, live_lines
from bridge.domain.order import Channel, Line, OrderSnapshot

Where = Literal["product", "product_match", "address", "store", "order"]


@dataclass(frozen=True, slots=True)
class BlockerKind:
    """What a code means, what fixes it, and on which kind of page that is done."""

    meaning: str
    fix: str
    where: Where


BLOCKER_CODES: dict[str, BlockerKind] = {
    "product_not_found": BlockerKind(
        "Commerce has no product with the line's SKU, and no product match says which one it is.",
        "Create a product with this SKU in Commerce, or match the Amazon listing to a product.",
        "product_match",
    ),
    "product_disabled": BlockerKind(
        "The product is disabled in Commerce.",
        "Enable the product in Commerce, or match the Amazon listing to another one.",
        "product",
    ),
    "product_not_in_website": BlockerKind(
        "The product is not assigned to the website that receives the orders.",
        "Assign the product to the website in Commerce.",
        "product",
    ),
    "unsupported_product_type": BlockerKind(
        "The product is of a type that cannot stand for an Amazon line by itself.",
        "Match the Amazon listing to the simple product that is shipped, or to a bundle whose options are all required"
        " and have one selection each.",
        "product_match",
    ),
    "out_of_stock": BlockerKind(
        "Commerce cannot sell the quantity that was ordered.",
        "Raise the product's stock in Commerce, allow backorders, or stop managing its stock.",
        "product",
    ),
    "address_incomplete": BlockerKind(
        "The shipping address lacks a part without which a parcel cannot be sent.",
        "Complete the shipping address of the order.",
        "address",
    ),
    "amounts_do_not_add_up": BlockerKind(
        "Amazon's figures for the order do not make Amazon's total, so no exact Commerce order can be made of them.",
        "Nothing to do while Amazon still changes the order; otherwise create the Commerce order by hand.",
        "order",
    ),
    "currency_not_available": BlockerKind(
        "The store view does not take the order's currency, or has no exchange rate for it.",
        "Allow the currency for the store view and give it a rate in Commerce (Stores > Currency Rates), or tie the"
        " store to a website whose base currency is the order's.",
        "store",
    ),
    "commerce_rejected": BlockerKind(
        "Commerce refused to create the order.",
        "Do what Commerce's message asks for, then retry.",
        "order",
    ),
}

UNSUPPORTED_TYPES = frozenset({"configurable", "bundle", "grouped", "giftcard"})


@dataclass(frozen=True, slots=True)
class Blocker:
    """One reason; line_id and sku name the order line that it concerns, None for the order as a whole."""

    code: str
    message: str
    fix: str
    line_id: str | None = None
    sku: str | None = None

    @property
    def where(self) -> Where:
        """The kind of page on which the merchant mends it."""
        return BLOCKER_CODES[self.code].where


@dataclass(frozen=True, slots=True)
class ShopFacts:
    """What the shop says of one order.

    products: Amazon's order item id -> the product that stands for the line; a line without one is absent.
    salable: Commerce SKU -> whether the shop can sell the whole requested quantity; absent where nobody asked.
    """

    context: ShopContext
    products: Mapping[str, ProductLine] = field(default_factory=dict)
    salable: Mapping[str, bool] = field(default_factory=dict)


def find_blockers(order: OrderSnapshot, facts: ShopFacts) -> list[Blocker]:
    """Everything that keeps the order out of Commerce; empty when it can be created."""
    return [blocker for check in BLOCKERS for blocker in check(order, facts)]


def requested_quantities(order: OrderSnapshot, products: Mapping[str, ProductLine]) -> dict[str, int]:
    """How many of each Commerce SKU the order needs, over all its lines that have a product."""
    wanted: dict[str, int] = {}
    for line in live_lines(order):
        standing = products.get(line.item_id)
        for product, count in standing.pieces if standing else ():
            wanted[product.sku] = wanted.get(product.sku, 0) + line.quantity * count
    return wanted


def commerce_rejected(message: str) -> Blocker:
    """The blocker for Commerce's own refusal, in its own words."""
    return _blocker("commerce_rejected", f"Commerce refused the order: {message}")


def cannot_sell(code: str, sku: str, quantity: int, message: str, line_id: str | None) -> Blocker:
    """The blocker for goods that Commerce, asked to sell them, refused in the words of `message`."""
    says = {
        "product_not_found": f"No product with the SKU {sku} in Commerce.",
        "product_disabled": f"The product {sku} is disabled in Commerce.",
        "out_of_stock": f"Commerce does not have {quantity} of {sku} to sell.",
    }
    told = says.get(code, f"Commerce refused to sell {sku}: {message}")
    return Blocker(code, told, BLOCKER_CODES[code].fix, line_id, sku)


def _blocker(code: str, message: str, line: Line | None = None) -> Blocker:
    line_id, sku = (line.item_id, line.sku) if line else (None, None)
    return Blocker(code, message, BLOCKER_CODES[code].fix, line_id, sku)


def _known_lines(order: OrderSnapshot, facts: ShopFacts) -> Iterable[tuple[Line, ProductLine]]:
    for line in live_lines(order):
        standing = facts.products.get(line.item_id)
        if standing:
            yield line, standing


def _product_not_found(order: OrderSnapshot, facts: ShopFacts) -> Iterable[Blocker]:
    for line in live_lines(order):
        if line.item_id in facts.products:
            continue
        if line.sku:
            message = f"No product with the SKU {line.sku} in Commerce."
        elif line.asin:
            message = f"Amazon names no SKU for the listing {line.asin}, and it is matched to no product."
        else:
            message = f"Amazon names neither SKU nor ASIN for line {line.item_id}."
        yield _blocker("product_not_found", message, line)


def _named(standing: ProductLine) -> Iterable[tuple[Product, str]]:
    """The products that a line needs to be on sale, and what to call them: a bundle, and each of its parts."""
    yield standing.product, f"The product {standing.product.sku}"
    for product, _ in standing.parts:
        yield product, f"The product {product.sku}, a part of the bundle {standing.product.sku},"


def _product_disabled(order: OrderSnapshot, facts: ShopFacts) -> Iterable[Blocker]:
    for line, standing in _known_lines(order, facts):
        for product, called in _named(standing):
            if not product.enabled:
                yield _blocker("product_disabled", f"{called} is disabled in Commerce.", line)


def _product_not_in_website(order: OrderSnapshot, facts: ShopFacts) -> Iterable[Blocker]:
    for line, standing in _known_lines(order, facts):
        for product, called in _named(standing):
            if facts.context.website_id not in product.website_ids:
                message = f"{called} is not assigned to the website {facts.context.website_code}."
                yield _blocker("product_not_in_website", message, line)


def _unsupported_product_type(order: OrderSnapshot, facts: ShopFacts) -> Iterable[Blocker]:
    for line, standing in _known_lines(order, facts):
        product = standing.product
        if product.type_id == "bundle" and not standing.parts:
            message = f"The bundle {product.sku} leaves its buyer a choice, so nobody knows which parts to ship."
            yield _blocker("unsupported_product_type", message, line)
        elif product.type_id in UNSUPPORTED_TYPES and not standing.parts:
            message = f"The product {product.sku} is of the type {product.type_id}, which has no stock of its own."
            yield _blocker("unsupported_product_type", message, line)


def _out_of_stock(order: OrderSnapshot, facts: ShopFacts) -> Iterable[Blocker]:
    if order.channel is Channel.FBA:  # Amazon ships from Amazon's stock
        return
    wanted = requested_quantities(order, facts.products)
    for line, standing in _known_lines(order, facts):
        for product, _ in standing.pieces:
            # A disabled product and one without stock of its own are never salable: that is another blocker's news.
            if not product.enabled or product.type_id in UNSUPPORTED_TYPES:
                continue
            if facts.salable.get(product.sku) is False:
                message = f"Commerce does not have {wanted[product.sku]} of {product.sku} to sell."
                yield _blocker("out_of_stock", message, line)


def _address_incomplete(order: OrderSnapshot, _facts: ShopFacts) -> Iterable[Blocker]:
    # Without the restricted roles Amazon sends no street at all: such an order is made with placeholders.
    address = order.address
    if order.channel is Channel.FBA or address is None or not any(map(str.strip, address.lines)):
        return
    missing = [
        name for name, part in (("city", address.city), ("country", address.country)) if not (part or "").strip()
    ]
    if missing:
        yield _blocker("address_incomplete", f"The shipping address has no {' and no '.join(missing)}.")


def _amounts_do_not_add_up(order: OrderSnapshot, _facts: ShopFacts) -> Iterable[Blocker]:
    problem = amounts_problem(order)
    if problem:
        yield _blocker("amounts_do_not_add_up", problem)


def _currency_not_available(order: OrderSnapshot, facts: ShopFacts) -> Iterable[Blocker]:
    shop = facts.context
    if order.currency is not None and shop.rate(order.currency) is None:
        message = (
            f"The order is in {order.currency}: the store view {shop.store_view} has no exchange rate for it, and the"
            f" base currency of the website {shop.website_code} is {shop.base_currency}."
        )
        yield _blocker("currency_not_available", message)


BLOCKERS: tuple[Callable[[OrderSnapshot, ShopFacts], Iterable[Blocker]], ...] = (
    _product_not_found,
    _product_disabled,
    _product_not_in_website,
    _unsupported_product_type,
    _out_of_stock,
    _address_incomplete,
    _amounts_do_not_add_up,
    _currency_not_available,
)
