"""The Commerce order that an Amazon order becomes: Amazon's own figures, line by line, or nothing.

Magento's identity must hold (subtotal + discount + shipping + tax = grand total, magento-rest 2.10) and equal Amazon's
total. What Magento has no field for in Open Source (gift wrap, cash-on-delivery fee, tip, other charges) becomes a
virtual line of its own, so that it stays visible as its own figure and needs no shipping.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import ROUND_HALF_UP, Decimal

from bridge.domain.commerce import Product
from bridge.domain.money import exponent, shares, to_text
from bridge.domain.order import Channel, Line, LineAmounts, OrderSnapshot

_FEES = (
    # attribute of LineAmounts, its tax, its discount, SKU and name of the line that stands for it
    ("gift_wrap", "gift_wrap_tax", None, "AMAZON-GIFT-WRAP", "Gift wrap"),
    ("cod_fee", "cod_fee_tax", "cod_fee_discount", "AMAZON-COD-FEE", "Cash on delivery fee"),
    ("other", None, None, "AMAZON-OTHER", "Other Amazon charge"),
)


@dataclass(frozen=True, slots=True)
class ProductLine:
    """Which Commerce product stands for an Amazon line, and how many of it one Amazon unit is.

    parts: of a bundle that leaves no choice, its products and how many of each one bundle has.
    """

    product: Product
    quantity: int = 1
    parts: tuple[tuple[Product, int], ...] = ()

    @property
    def pieces(self) -> tuple[tuple[Product, int], ...]:
        """The products that are written, kept in stock and shipped, and how many of each one Amazon unit is."""
        if not self.parts:
            return ((self.product, self.quantity),)
        return tuple((product, self.quantity * count) for product, count in self.parts)


@dataclass(frozen=True, slots=True)
class DraftLine:
    """A line of the Commerce order, amounts in minor units. row_total is net of tax and before the discount (positive).

    amazon_item_id goes into ext_order_item_id. product_id is None for a charge that is no product.
    """

    amazon_item_id: str
    sku: str
    name: str
    qty: int
    row_total: int
    tax: int = 0
    discount: int = 0
    product_id: int | None = None
    is_virtual: bool = False
    weight: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class Draft:
    """The money side of a Commerce order, in minor units of `currency`; discounts positive."""

    currency: str
    lines: tuple[DraftLine, ...]
    shipping: int
    shipping_tax: int
    shipping_discount: int
    settled: bool  # sold and shipped by Amazon: recorded as complete in one piece (magento-live 6a)

    @property
    def subtotal(self) -> int:
        """The sum of the lines, net of tax, before discounts."""
        return sum(line.row_total for line in self.lines)

    @property
    def discount(self) -> int:
        """Line discounts and the shipping discount, positive."""
        return sum(line.discount for line in self.lines) + self.shipping_discount

    @property
    def tax(self) -> int:
        """Line taxes and the shipping tax."""
        return sum(line.tax for line in self.lines) + self.shipping_tax

    @property
    def grand_total(self) -> int:
        """Magento's identity."""
        return self.subtotal - self.discount + self.shipping + self.tax

    def unit_price(self, line: DraftLine) -> Decimal:
        """Net price of one unit to the four decimals that Magento keeps; row_total stays authoritative."""
        price = Decimal(line.row_total).scaleb(-exponent(self.currency)) / line.qty
        return price.quantize(Decimal("0.0001"), ROUND_HALF_UP)


def live_lines(order: OrderSnapshot) -> tuple[Line, ...]:
    """The lines that still stand: a line cancelled as a whole has no quantity and no part in the Commerce order."""
    return tuple(line for line in order.lines if line.quantity > 0)


def amounts_problem(order: OrderSnapshot) -> str | None:
    """Why the order's figures cannot become a Commerce order, with the figures; None when they add up."""
    if order.amounts_problem:
        return order.amounts_problem
    if not live_lines(order):
        return "Amazon shows no quantity on any line of this order."
    if order.currency is None or order.grand_total is None:
        return "Amazon has sent no total for this order."
    for line in order.lines:
        if problem := _line_problem(line, order.currency):
            return problem
    made_minor = sum(line.amounts.total for line in order.lines if line.amounts) + order.tip
    if made_minor != order.grand_total:
        made, total = (to_text(n, order.currency) for n in (made_minor, order.grand_total))
        return f"The lines make {made} {order.currency}, Amazon's total is {total}."
    return None


def _line_problem(line: Line, currency: str) -> str | None:
    if line.amounts is None:
        return f"Amazon has sent no amounts for line {line.item_id}." if line.quantity else None
    if not line.quantity and line.amounts.total:
        shown = to_text(line.amounts.total, currency)
        return f"Line {line.item_id} has no quantity, yet Amazon shows {shown} {currency} for it."
    if not line.amounts.add_up:
        made, total = (to_text(n, currency) for n in (line.amounts.computed_total, line.amounts.total))
        return f"Line {line.item_id}: its parts make {made} {currency}, Amazon's total is {total}."
    return None


def build_draft(order: OrderSnapshot, products: Mapping[str, ProductLine]) -> Draft:
    """The Commerce order with Amazon's exact amounts.

    products maps each live line's item id to its product. Raises ValueError when the figures do not add up: ask
    `amounts_problem` first.
    """
    problem = amounts_problem(order)
    if problem or order.currency is None:
        raise ValueError(problem or "no currency")
    goods: list[DraftLine] = []
    fees: list[DraftLine] = []
    amounts = [line.amounts for line in live_lines(order) if line.amounts]
    for line in live_lines(order):
        goods.extend(_goods_lines(line, products[line.item_id]))
        fees.extend(_fee_lines(line.item_id, line.amounts or LineAmounts()))
    if order.tip:
        fees.append(DraftLine("", "AMAZON-DELIVERY-TIP", "Delivery tip", 1, order.tip, is_virtual=True))
    draft = Draft(
        currency=order.currency,
        lines=tuple(goods + fees),
        shipping=sum(a.shipping for a in amounts),
        shipping_tax=sum(a.shipping_tax for a in amounts),
        shipping_discount=sum(a.shipping_discount for a in amounts),
        settled=order.channel is Channel.FBA,
    )
    if draft.grand_total != order.grand_total:
        raise ValueError(f"the draft makes {draft.grand_total}, Amazon's total is {order.grand_total} minor units")
    return draft


def pending_draft(order: OrderSnapshot, products: Mapping[str, ProductLine], currency: str) -> Draft:
    """The Commerce order that holds the goods while Amazon verifies the payment.

    With Amazon's figures where it sends them already and they add up, else with none, in `currency`.
    """
    if order.currency == currency and amounts_problem(order) is None:
        return build_draft(order, products)
    bare = (replace(line, amounts=None) for line in live_lines(order))
    goods = (good for line in bare for good in _goods_lines(line, products[line.item_id]))
    return Draft(currency, tuple(goods), shipping=0, shipping_tax=0, shipping_discount=0, settled=False)


def _goods_lines(line: Line, standing: ProductLine) -> Iterator[DraftLine]:
    """A line for each product that is shipped; Amazon's price of a bundle is split by what the shop asks for its parts.

    Magento cannot be sent a bundle with its parts in one request (magento-rest 2.8).
    """
    amounts = line.amounts or LineAmounts()
    prices = [product.price * count for product, count in standing.pieces]
    if not any(prices):
        prices = [Decimal(count) for _, count in standing.pieces]
    rows = shares(amounts.item, prices)
    by_row = [Decimal(row) for row in rows] if any(rows) else prices
    taxes, discounts = shares(amounts.item_tax, by_row), shares(amounts.item_discount, by_row)
    for (product, count), row, tax, discount in zip(standing.pieces, rows, taxes, discounts, strict=True):
        yield DraftLine(
            amazon_item_id=line.item_id,
            sku=product.sku,
            name=product.name if standing.parts else line.title or product.name,
            qty=line.quantity * count,
            row_total=row,
            tax=tax,
            discount=discount,
            product_id=product.id,
            weight=product.weight,
        )


def _fee_lines(item_id: str, amounts: LineAmounts) -> list[DraftLine]:
    found = []
    for name, tax, discount, sku, label in _FEES:
        amount: int = getattr(amounts, name)
        taxed: int = getattr(amounts, tax) if tax else 0
        taken_off: int = getattr(amounts, discount) if discount else 0
        if amount or taxed or taken_off:
            found.append(DraftLine(item_id, sku, label, 1, amount, taxed, taken_off, is_virtual=True))
    return found
