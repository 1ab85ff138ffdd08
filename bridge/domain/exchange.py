"""An order's figures in the shop's base currency. The order's own currency is Amazon's and is never touched by this.

Magento keeps each amount twice, and its identity (subtotal + discount + shipping + tax = grand total) has to hold for
both. Amounts that are converted one by one do not add up: what is missing is given, one smallest unit each, to the
figures whose rounding left most out, so that the total is the exact conversion of Amazon's total.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction

from bridge.domain.draft import Draft
from bridge.domain.money import exponent


@dataclass(slots=True)
class _Figure:
    """One amount of a draft, in smallest units of the base currency; sign is how it counts in the total."""

    exact: Fraction
    sign: int
    minor: int
    price: _Figure | None = None  # of which this is the discount
    discount: _Figure | None = None

    def may_move(self, by: int) -> bool:
        """Whether the amount may change by one unit: nothing comes of nothing, no discount exceeds its price."""
        if not self.exact or self.minor + by < 0:
            return False
        price, discount = (self.price, self) if self.price else (self, self.discount)
        if discount is None or discount.exact > price.exact:
            return True
        room = price.minor - discount.minor
        return room + (by if price is self else -by) >= 0


def in_base_currency(draft: Draft, currency: str, rate: Decimal) -> Draft:
    """The same draft in the base currency; rate: units of the draft's currency for one of the base currency.

    Its total is the converted total to the nearest smallest unit (halves up), and its parts make it.
    """
    if draft.currency == currency:
        return draft
    factor = Fraction(10) ** (exponent(currency) - exponent(draft.currency)) / Fraction(rate)
    converted = [
        (_figure(line.row_total, factor, 1), _figure(line.tax, factor, 1), _figure(line.discount, factor, -1))
        for line in draft.lines
    ]
    shipping = (
        _figure(draft.shipping, factor, 1),
        _figure(draft.shipping_tax, factor, 1),
        _figure(draft.shipping_discount, factor, -1),
    )
    groups = [*converted, shipping]
    for price, _, discount in groups:
        price.discount, discount.price = discount, price
    _spread([figure for group in groups for figure in group], _rounded(draft.grand_total * factor))
    lines = tuple(
        replace(line, row_total=price.minor, tax=tax.minor, discount=discount.minor)
        for line, (price, tax, discount) in zip(draft.lines, converted, strict=True)
    )
    return replace(
        draft,
        currency=currency,
        lines=lines,
        shipping=shipping[0].minor,
        shipping_tax=shipping[1].minor,
        shipping_discount=shipping[2].minor,
    )


def _spread(figures: list[_Figure], total: int) -> None:
    """Move the figures until they make the total: those first whose rounding is furthest off, then in their order."""
    missing = total - sum(figure.sign * figure.minor for figure in figures)
    step = 1 if missing > 0 else -1
    for _ in range(abs(missing)):
        off = [(step * f.sign * (f.exact - f.minor), -n, f) for n, f in _movable(figures, step)]
        _, _, chosen = max(off, key=lambda entry: entry[:2])
        chosen.minor += step * chosen.sign


def _movable(figures: list[_Figure], step: int) -> Iterator[tuple[int, _Figure]]:
    return ((n, figure) for n, figure in enumerate(figures) if figure.may_move(step * figure.sign))


def _figure(minor: int, factor: Fraction, sign: int) -> _Figure:
    exact = minor * factor
    return _Figure(exact, sign, _rounded(exact))


def _rounded(exact: Fraction) -> int:
    return (2 * exact.numerator + exact.denominator) // (2 * exact.denominator)
