"""A draft's amounts as a request's numbers: each in the order's and in the base currency, and the tax rows. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from bridge.domain.draft import Draft, DraftLine
from bridge.domain.money import exponent

Json = dict[str, Any]

TAX_CODE = "AMAZON"


@dataclass(frozen=True, slots=True)
class Both:
    """A draft, and the same in the base currency of the website; one and the same where the currencies are."""

    draft: Draft
    base: Draft

    def __call__(self, of: Callable[[Draft], Json]) -> Json:
        """What `of` makes of the draft, and what it makes of the base currency's under names that begin with base_."""
        return {**of(self.draft), **{f"base_{name}": amount for name, amount in of(self.base).items()}}


def number(value: Decimal) -> int | float:
    """The JSON number that prints as the value: 43.68 and never 43.679999. Raises ValueError where none does."""
    if value == value.to_integral_value():
        return int(value)
    nearest = float(value)
    if Decimal(repr(nearest)) != value:
        raise ValueError(f"{value} cannot be written as a JSON number")
    return nearest


def four_decimals(value: Decimal) -> int | float:
    """The value as Magento's columns keep it."""
    return number(value.quantize(Decimal("0.0001"), ROUND_HALF_UP))


def in_currency(draft: Draft) -> Callable[[int], int | float]:
    """Minor units of the draft's currency as a JSON number."""
    decimals = exponent(draft.currency)
    return lambda minor: number(Decimal(minor).scaleb(-decimals))


def tax_percent(line: DraftLine) -> int | float:
    """The rate that the line's tax comes to, for the admin's eye only: Amazon sends amounts and no rates."""
    return _percent(line.tax, line.row_total - line.discount)


def line_tax_row(both: Both, index: int) -> Json:
    """The tax of a line as Magento 2.4.7 keeps it beside the line."""
    line, base = both.draft.lines[index], both.base.lines[index]
    return _tax_row(both, "product", tax_percent(line), line.tax, base.tax)


def order_tax_rows(both: Both, *, collected: bool) -> Json:
    """The order's tax as Magento 2.4.7 keeps it, under one code; empty without tax. collected: Amazon pays it."""
    draft, base = both.draft, both.base
    if not draft.tax:
        return {}
    own, theirs = in_currency(draft)(draft.tax), in_currency(base)(base.tax)
    rows: Json = {
        "taxes": [
            {
                "code": TAX_CODE,
                "title": "Amazon tax, collected by Amazon" if collected else "Amazon tax",
                "percent": _one_rate(draft),
                "amount": own,
                "base_amount": theirs,
                "base_real_amount": theirs,
                "priority": 0,
                "position": 0,
                "process": 0,
            }
        ]
    }
    if draft.shipping_tax:
        rate = _percent(draft.shipping_tax, draft.shipping - draft.shipping_discount)
        rows["additional_itemized_taxes"] = [_tax_row(both, "shipping", rate, draft.shipping_tax, base.shipping_tax)]
    return rows


def _tax_row(both: Both, kind: str, percent: int | float, minor: int, base_minor: int) -> Json:
    own, theirs = in_currency(both.draft)(minor), in_currency(both.base)(base_minor)
    return {
        "tax_code": TAX_CODE,
        "tax_percent": percent,
        "amount": own,
        "base_amount": theirs,
        "real_amount": own,
        "real_base_amount": theirs,
        "taxable_item_type": kind,
    }


def _one_rate(draft: Draft) -> int | float:
    """The rate of the whole order where one rate explains the tax of every part, else 0: an average is no rate."""
    parts = [(line.tax, line.row_total - line.discount) for line in draft.lines]
    parts.append((draft.shipping_tax, draft.shipping - draft.shipping_discount))
    taxed = [(tax, net) for tax, net in parts if tax]
    rate = _percent(sum(tax for tax, _ in taxed), sum(net for _, net in taxed))
    exact = Decimal(str(rate)) / 100
    return rate if all(abs(tax - net * exact) <= 1 + net * Decimal("0.00005") for tax, net in taxed) else 0


def _percent(tax: int, net: int) -> int | float:
    if net <= 0:
        return 0
    return number((Decimal(100 * tax) / net).quantize(Decimal("0.01"), ROUND_HALF_UP))
