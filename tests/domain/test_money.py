"""Money in minor units: exact or refused."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.domain.money import AmountNotExact, Money, exponent, shares, to_minor, to_text
from tests.domain.orders import relaxed

CURRENCIES = st.sampled_from(["USD", "EUR", "JPY", "KWD", "INR"])


@pytest.mark.parametrize(
    ("amount", "currency", "minor", "text"),
    [
        ("12.30", "USD", 1230, "12.30"),
        ("12.3", "USD", 1230, "12.30"),
        ("12", "USD", 1200, "12.00"),
        ("-0.01", "EUR", -1, "-0.01"),
        ("1500", "JPY", 1500, "1500"),
        ("1500.00", "JPY", 1500, "1500"),
        ("1.234", "KWD", 1234, "1.234"),
        (7, "USD", 700, "7.00"),
        (Decimal("1E+3"), "USD", 100000, "1000.00"),
    ],
)
def test_an_amount_is_kept_in_minor_units(amount, currency, minor, text):
    assert to_minor(amount, currency) == minor
    assert to_text(minor, currency) == text
    assert str(Money.parse(amount, currency)) == f"{text} {currency}"


@pytest.mark.parametrize(
    ("amount", "currency"),
    [("0.001", "USD"), ("0.5", "JPY"), ("1.2345", "KWD"), ("NaN", "USD"), ("Infinity", "USD"), ("1,5", "EUR")],
)  # fmt: skip
def test_what_cannot_be_kept_exactly_is_refused(amount, currency):
    with pytest.raises(AmountNotExact):
        to_minor(amount, currency)


@given(st.integers(-(10**14), 10**14), CURRENCIES)
@relaxed
def test_an_amount_survives_being_written_and_read(minor, currency):
    text = to_text(minor, currency)
    assert to_minor(text, currency) == minor
    assert len(text.partition(".")[2]) == exponent(currency)
    assert Money(minor, currency).text == text


WEIGHTS = st.integers(0, 99_990_000).map(lambda tenths: Decimal(tenths).scaleb(-4))


@given(st.integers(0, 10**9), st.lists(WEIGHTS, min_size=1, max_size=8))
@settings(relaxed, max_examples=60)
def test_shares_make_the_whole_and_none_is_a_unit_off(total, weights):
    parts = shares(total, weights)
    assert sum(parts) == total
    whole = sum(weights)
    for part, weight in zip(parts, weights, strict=True):
        if whole:
            assert abs(Fraction(part) - Fraction(total) * Fraction(weight) / Fraction(whole)) < 1
            assert weight or not part
