"""An order in the shop's base currency: exact in total, equal in its parts, and nothing out of nothing."""

from __future__ import annotations

from dataclasses import replace
from decimal import ROUND_HALF_UP, Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.domain.draft import Draft, DraftLine, build_draft
from bridge.domain.exchange import in_base_currency
from bridge.domain.money import exponent
from tests.domain.orders import products_for, relaxed, sums

RATES = st.integers(1, 200_000_000).map(lambda tenths: Decimal(tenths).scaleb(-4)) | st.sampled_from(
    [Decimal("0.7913"), Decimal("163.27"), Decimal("1.000001"), Decimal("0.307541234567")]
)
BASES = st.sampled_from(["USD", "EUR", "JPY", "KWD", "CHF"])


def figures(draft: Draft) -> list[int]:
    """Every amount of a draft."""
    lines = [amount for line in draft.lines for amount in (line.row_total, line.tax, line.discount)]
    return [*lines, draft.shipping, draft.shipping_tax, draft.shipping_discount]


def converted(minor: int, draft: Draft, base: str, rate: Decimal) -> Decimal:
    """The amount in smallest units of the base currency, not rounded."""
    return Decimal(minor).scaleb(exponent(base) - exponent(draft.currency)) / rate


@given(sums(), BASES, RATES)
@settings(relaxed, max_examples=40)
def test_any_order_in_any_base_currency(order, base, rate):
    draft = build_draft(order, products_for(order))
    made = in_base_currency(draft, base, rate)
    assert made.currency == base
    if base == draft.currency:
        assert made is draft
    else:
        the_total_is_the_converted_total_and_the_parts_make_it(draft, made, rate)
    no_figure_is_far_from_its_own_conversion(draft, made, rate)
    a_discount_that_leaves_something_leaves_nothing_below_zero(draft, made)


def the_total_is_the_converted_total_and_the_parts_make_it(draft: Draft, made: Draft, rate: Decimal) -> None:
    exact = converted(draft.grand_total, draft, made.currency, rate)
    assert made.grand_total == int(exact.to_integral_value(ROUND_HALF_UP))
    assert made.subtotal - made.discount + made.shipping + made.tax == made.grand_total


def no_figure_is_far_from_its_own_conversion(draft: Draft, made: Draft, rate: Decimal) -> None:
    # Where all but a few figures are zero, the few have to take what the others cannot.
    most = 1 + Decimal(len(figures(draft))) / 2 if made is not draft else 0
    for own, theirs in zip(figures(draft), figures(made), strict=True):
        assert abs(converted(own, draft, made.currency, rate if most else Decimal(1)) - theirs) <= most
        assert theirs >= 0
        assert own or not theirs, "something came of nothing"


def a_discount_that_leaves_something_leaves_nothing_below_zero(draft: Draft, made: Draft) -> None:
    pairs = [
        ((a.row_total, a.discount), (b.row_total, b.discount)) for a, b in zip(draft.lines, made.lines, strict=True)
    ]
    pairs.append(((draft.shipping, draft.shipping_discount), (made.shipping, made.shipping_discount)))
    for (price, discount), (base_price, base_discount) in pairs:
        assert discount > price or base_discount <= base_price


def test_the_residue_goes_where_most_was_left_out():
    lines = tuple(DraftLine(str(n), "A", "A", 1, amount) for n, amount in enumerate((100, 100, 100)))
    draft = Draft("USD", lines, shipping=0, shipping_tax=0, shipping_discount=0, settled=False)
    made = in_base_currency(draft, "EUR", Decimal(3))
    assert [line.row_total for line in made.lines] == [34, 33, 33]
    assert made.grand_total == 100


@pytest.mark.parametrize("price", [1, 3333, 99999])
def test_what_is_given_away_is_given_away(price):
    lines = (DraftLine("1", "A", "A", 1, price, discount=price), DraftLine("2", "B", "B", 1, 100))
    draft = Draft("USD", lines, shipping=price, shipping_tax=0, shipping_discount=price, settled=False)
    made = in_base_currency(draft, "EUR", Decimal("1.0837"))
    assert (made.grand_total, made.lines[0].row_total - made.lines[0].discount) == (92, 0)
    assert replace(made, lines=()).grand_total == 0
