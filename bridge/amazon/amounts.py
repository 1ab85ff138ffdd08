"""What Amazon shows of an order's money -> LineAmounts, to the minor unit or with a reason why not. Pure.

Amazon leaves two things open, which are decided item by item, by what makes the item's total (amazon-sp-api 1.4):
TAX is added to the other figures, or contained in them; DISCOUNT is shown with either sign. Four equations are checked:
the breakdowns make the item's total, the items and the tip make the order's, so do the order's own breakdowns, and ITEM
is the unit price times the quantity, with or without the tax. Nothing is rounded.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from bridge.domain.money import AmountNotExact, to_minor, to_text
from bridge.domain.order import LineAmounts

Json = Mapping[str, Any]

TAX, DISCOUNT, TIP = "TAX", "DISCOUNT", "DELIVERY_TIP"
# Amazon's type -> our part; any other type is `other`
PARTS = {"ITEM": "item", "SHIPPING": "shipping", "GIFT_WRAP": "gift_wrap", "COD_FEE": "cod_fee"}
DISCOUNTED = ("item", "shipping", "cod_fee")

_AMOUNT = re.compile(r"-?\d{1,15}(\.\d{1,10})?")
_CURRENCY = re.compile(r"[A-Z]{3}")


@dataclass(frozen=True, slots=True)
class OrderAmounts:
    """The order's money in minor units of `currency`.

    lines: one for each item, None where there are no figures. problem says, with the figures, what does not add up or
    is not exact.
    """

    lines: tuple[LineAmounts | None, ...]
    currency: str | None = None
    grand_total: int | None = None
    tip: int = 0
    problem: str | None = None


def read_amounts(order: Json, items: Sequence[Json], quantities: Sequence[int]) -> OrderAmounts:
    """The money of an order; quantities are those that still stand of the items."""
    till = _Till()
    proceeds = _object(order, "proceeds")
    grand_total = till.read(proceeds, "grandTotal")
    read = [_read_item(till, item, quantity) for item, quantity in zip(items, quantities, strict=True)]
    shown = till.breakdowns(proceeds)
    tip = shown.subtotals.pop(TIP, 0)
    lines = tuple(_with_points(till, item, line.amounts) for item, line in zip(items, read, strict=True))
    made = sum(line.total for line in lines if line)
    whole = bool(lines) and None not in lines
    if grand_total is None:
        # A total made of bare unit prices would leave out what Amazon has not said yet.
        grand_total = made + tip if whole and not any(line.bare for line in read) else None
    elif tip and whole and made == grand_total:
        tip = 0  # a tip that is not final is shown beside the total, not in it
    problems = [*till.problems, *(line.problem for line in read if line.problem)]
    if grand_total is not None and not problems:
        added = sum(line.added_tax for line in read)
        problems = _order_problems(till, shown, grand_total, tip=tip, made=made if whole else None, added_tax=added)
    return OrderAmounts(lines, till.currency, grand_total, tip, " ".join(problems)[:500] or None)


@dataclass
class _Breakdowns:
    """Subtotals by type, and the details of TAX and DISCOUNT by subtype; discounts positive."""

    subtotals: dict[str, int] = field(default_factory=dict)
    details: dict[str, dict[str, int]] = field(default_factory=dict)

    @property
    def untaxed(self) -> int:
        """Everything but the tax, discounts taken off."""
        rest = sum(amount for kind, amount in self.subtotals.items() if kind not in (TAX, DISCOUNT))
        return rest - self.subtotals.get(DISCOUNT, 0)


@dataclass
class _Item:
    """What was read of an item. added_tax: the tax where it is added; bare: nothing but a unit price was there."""

    amounts: LineAmounts | None
    problem: str | None = None
    added_tax: int = 0
    bare: bool = False


class _FigureError(ValueError):
    """Figures that cannot be taken; the message names them."""


class _Till:
    """Reads one order's money, all in one currency, and keeps what could not be read."""

    def __init__(self) -> None:
        self.currency: str | None = None
        self.problems: list[str] = []

    def read(self, of: Json, name: str) -> int | None:
        """The money in a field in minor units; None where there is none, or where it is noted as a problem."""
        money = _object(of, name)
        if not money:
            return None
        amount, currency = str(money.get("amount")), str(money.get("currencyCode"))
        if not _CURRENCY.fullmatch(currency) or not _AMOUNT.fullmatch(amount):
            self.problems.append(f"{name} is {amount[:40]} {currency[:10]}, which is not an amount of money.")
            return None
        self.currency = self.currency or currency
        if currency != self.currency:
            self.problems.append(f"The order has amounts in {self.currency} and in {currency}.")
            return None
        try:
            return to_minor(amount, currency)
        except AmountNotExact as error:
            self.problems.append(f"{name}: {error}.")
            return None

    def breakdowns(self, proceeds: Json) -> _Breakdowns:
        """The breakdowns of an item or of the order; a type that comes twice is summed."""
        read = _Breakdowns()
        for entry in _objects(proceeds, "breakdowns"):
            kind = str(entry.get("type") or "OTHER")
            subtotal = self.read(entry, "subtotal") or 0
            read.subtotals[kind] = read.subtotals.get(kind, 0) + (abs(subtotal) if kind == DISCOUNT else subtotal)
            details = read.details.setdefault(kind, {})
            for detail in _objects(entry, "detailedBreakdowns"):
                subtype = str(detail.get("subtype") or "OTHER")
                value = self.read(detail, "value") or 0
                details[subtype] = details.get(subtype, 0) + (abs(value) if DISCOUNT in (kind, subtype) else value)
        return read

    def text(self, minor: int) -> str:
        """An amount with its currency, for a message."""
        return f"{to_text(minor, self.currency or '')} {self.currency}"


def _read_item(till: _Till, item: Json, quantity: int) -> _Item:
    before = len(till.problems)
    proceeds = _object(item, "proceeds")
    total = till.read(proceeds, "proceedsTotal")
    unit_price = till.read(_object(_object(item, "product"), "price"), "unitPrice")
    shown = till.breakdowns(proceeds)
    if len(till.problems) > before:
        return _Item(None)
    if not shown.subtotals:
        bare = total is None
        total = total if total is not None or unit_price is None else unit_price * quantity
        if total is None:
            return _Item(None)
        negative = f"its total is {till.text(total)}." if total < 0 else None
        return _Item(LineAmounts(item=total, total=total), _named(item, negative), bare=bare)
    tax = shown.subtotals.get(TAX, 0)
    total = shown.untaxed + tax if total is None else total
    added = shown.untaxed + tax == total
    try:
        amounts = _split(till, shown, total, added=added)
        expected = None if unit_price is None or not quantity else unit_price * quantity
        _check_unit_price(till, shown, amounts, expected)
    except _FigureError as wrong:
        return _Item(_as_shown(shown, total), _named(item, str(wrong)))
    return _Item(amounts, added_tax=tax if added else 0)


def _with_points(till: _Till, item: Json, amounts: LineAmounts | None) -> LineAmounts | None:
    """The same with what the buyer's points cost the seller. No total contains it: what cannot be read is left out."""
    granted = _object(_object(_object(item, "expense"), "pointsCost"), "pointsGranted")
    if amounts is None or not granted:
        return amounts
    apart = _Till()
    apart.currency = till.currency
    return replace(amounts, points=max(0, apart.read(granted, "pointsMonetaryValue") or 0))


def _named(item: Json, problem: str | None) -> str | None:
    return problem and f"Line {item.get('orderItemId')}: {problem}"


def _split(till: _Till, shown: _Breakdowns, total: int, *, added: bool) -> LineAmounts:
    """The parts net of tax. Raises _FigureError."""
    tax = shown.subtotals.get(TAX, 0)
    if not added and shown.untaxed != total:
        both = f"{till.text(shown.untaxed + tax)}, or {till.text(shown.untaxed)} without the tax"
        raise _FigureError(f"its parts make {both}; Amazon's total is {till.text(total)}.")
    for kind, amount in shown.subtotals.items():
        if amount < 0:
            raise _FigureError(f"{kind} is {till.text(amount)}.")
    gross = {name: shown.subtotals.get(kind, 0) for kind, name in PARTS.items()}
    other = sum(amount for kind, amount in shown.subtotals.items() if kind not in (*PARTS, TAX, DISCOUNT))
    taxes, discount_tax = _taxes(till, shown)
    discounts = _discounts(till, shown, gross)
    if not added:
        # The figures contain their tax, the discounts that of what they take off.
        taxes = _spill(taxes, gross)
        if sum(taxes.values()) < tax + discount_tax or sum(discounts.values()) < discount_tax:
            raise _FigureError(f"its tax of {till.text(tax)} is more than the figures that contain it.")
        gross = {name: amount - taxes[name] for name, amount in gross.items()}
        discounts = _less(discounts, discount_tax)
    taxes = _less(taxes, discount_tax)
    return LineAmounts(
        **gross,
        **{f"{name}_tax": amount for name, amount in taxes.items()},
        **{f"{name}_discount": amount for name, amount in discounts.items()},
        other=other,
        total=total,
    )


def _taxes(till: _Till, shown: _Breakdowns) -> tuple[dict[str, int], int]:
    """(the tax of each part before discounts, the tax that the discount saves); the sum less the saved one is TAX.

    What no detail names belongs to the item. Raises _FigureError.
    """
    tax = shown.subtotals.get(TAX, 0)
    details = dict(shown.details.get(TAX, {}))
    saved = details.pop(DISCOUNT, 0)
    if any(amount < 0 for amount in details.values()):
        raise _FigureError("a part of its tax is negative.")
    named = sum(details.values())
    if "ITEM" in details and named in (tax, tax + saved):
        saved = named - tax
    elif "ITEM" in details or named > tax + saved:
        raise _FigureError(f"the parts of its tax make {till.text(named - saved)}, its tax is {till.text(tax)}.")
    taxes = {name: details.get(kind, 0) for kind, name in PARTS.items()}
    taxes["item"] = tax + saved - sum(amount for name, amount in taxes.items() if name != "item")
    return taxes, saved


def _discounts(till: _Till, shown: _Breakdowns, gross: Mapping[str, int]) -> dict[str, int]:
    """The discount of each part. Raises _FigureError.

    Without details all is the item's, but never more than the item costs while something else was there to be reduced.
    """
    discount = shown.subtotals.get(DISCOUNT, 0)
    details = shown.details.get(DISCOUNT, {})
    named = sum(details.values())
    if named > discount or ("ITEM" in details and named != discount):
        raise _FigureError(f"the parts of its discount make {till.text(named)}, its discount is {till.text(discount)}.")
    discounts = {name: details.get(kind, 0) for kind, name in PARTS.items() if name in DISCOUNTED}
    discounts["item"] += discount - sum(discounts.values())
    if not details:
        spread = _spill(discounts, gross)
        spread["item"] += discount - sum(spread.values())
        return spread
    return discounts


def _spill(amounts: Mapping[str, int], limits: Mapping[str, int]) -> dict[str, int]:
    """The amounts cut to their limits, with what was cut poured over the others as far as there is room."""
    kept = {name: min(amount, limits[name]) for name, amount in amounts.items()}
    left = sum(amounts.values()) - sum(kept.values())
    for name, amount in kept.items():
        more = min(left, limits[name] - amount)
        kept[name] += more
        left -= more
    return kept


def _less(amounts: Mapping[str, int], reduction: int) -> dict[str, int]:
    """The amounts reduced in turn, none below zero."""
    reduced = {}
    for name, amount in amounts.items():
        taken = min(amount, reduction)
        reduced[name] = amount - taken
        reduction -= taken
    return reduced


def _check_unit_price(till: _Till, shown: _Breakdowns, amounts: LineAmounts, expected: int | None) -> None:
    item = shown.subtotals.get("ITEM", 0)
    # Displayed prices contain the tax in many countries, whether ITEM does or not.
    taxes = {0, amounts.item_tax, shown.details.get(TAX, {}).get("ITEM", 0)}
    if expected is not None and expected - item not in taxes:
        raise _FigureError(f"ITEM is {till.text(item)}, unit price times quantity makes {till.text(expected)}.")


def _as_shown(shown: _Breakdowns, total: int) -> LineAmounts:
    """The figures of an item that cannot be taken, for the merchant to look at."""
    figures = {name: shown.subtotals.get(kind, 0) for kind, name in PARTS.items()}
    other = sum(amount for kind, amount in shown.subtotals.items() if kind not in (*PARTS, TAX, DISCOUNT))
    tax, discount = shown.subtotals.get(TAX, 0), shown.subtotals.get(DISCOUNT, 0)
    return LineAmounts(**figures, item_tax=tax, item_discount=discount, other=other, total=total)


def _order_problems(
    till: _Till, shown: _Breakdowns, grand_total: int, *, tip: int, made: int | None, added_tax: int
) -> list[str]:
    """What does not add up of the order as a whole. made: the sum of the items, None when one has no figures."""
    total = till.text(grand_total)
    if tip < 0:
        return [f"{TIP} is {till.text(tip)}."]
    if made is not None and made + tip != grand_total:
        return [f"The lines make {till.text(made + tip)}, Amazon's total is {total}."]
    if shown.subtotals:
        # The order may show the tax that its items contain, or that of all while only some add theirs.
        missing = grand_total - shown.untaxed - tip
        if missing not in (shown.subtotals.get(TAX, 0), added_tax):
            return [f"The order's own figures make {till.text(grand_total - missing)}, Amazon's total is {total}."]
    return []


def _object(of: Any, name: str) -> Json:
    value = of.get(name) if isinstance(of, Mapping) else None
    return value if isinstance(value, Mapping) else {}


def _objects(of: Json, name: str) -> list[Json]:
    value = of.get(name)
    return [entry for entry in value if isinstance(entry, Mapping)] if isinstance(value, list) else []
