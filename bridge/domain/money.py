"""Amounts of money as integer minor units and a currency."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from fractions import Fraction

# ISO 4217 currencies whose minor unit is not a hundredth.
_EXPONENTS = {
    "BIF": 0, "CLP": 0, "DJF": 0, "GNF": 0, "ISK": 0, "JPY": 0, "KMF": 0, "KRW": 0, "PYG": 0, "RWF": 0, "UGX": 0,
    "VND": 0, "VUV": 0, "XAF": 0, "XOF": 0, "XPF": 0,
    "BHD": 3, "IQD": 3, "JOD": 3, "KWD": 3, "LYD": 3, "OMR": 3, "TND": 3,
}  # fmt: skip


class AmountNotExact(ValueError):
    """The text is no number, or has more decimals than its currency has: it cannot be kept without rounding."""


def exponent(currency: str) -> int:
    """How many decimals the currency has: 2 for USD, 0 for JPY, 3 for KWD."""
    return _EXPONENTS.get(currency, 2)


def to_minor(amount: str | int | Decimal, currency: str) -> int:
    """The amount in minor units: ("12.30", "USD") is 1230. Raises AmountNotExact rather than rounding."""
    try:
        value = Decimal(amount)
    except (InvalidOperation, TypeError, ValueError):
        raise AmountNotExact(f"{amount!r} is not an amount of money") from None
    if not value.is_finite():
        raise AmountNotExact(f"{amount!r} is not an amount of money")
    scaled = value.scaleb(exponent(currency))
    if scaled != scaled.to_integral_value():
        raise AmountNotExact(f"{amount} has more decimals than {currency} has")
    return int(scaled)


def shares(total: int, weights: Sequence[Decimal]) -> list[int]:
    """Split an amount (not negative) by weight so that the parts make it exactly; what rounding leaves goes to those
    whose share lost most by it, the first first. Without any weight the first takes all.
    """
    whole = sum(weights)
    if not whole:
        return [total, *(0 for _ in weights[1:])]
    exact = [Fraction(total) * Fraction(weight) / Fraction(whole) for weight in weights]
    parts = [part.numerator // part.denominator for part in exact]
    neediest = sorted(range(len(parts)), key=lambda n: parts[n] - exact[n])
    for n in neediest[: total - sum(parts)]:
        parts[n] += 1
    return parts


def to_text(minor: int, currency: str) -> str:
    """The amount as a decimal string with the currency's own number of decimals: (1230, "USD") is "12.30"."""
    return str(Decimal(minor).scaleb(-exponent(currency)))


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in the currency's minor units (cents, yen, fils)."""

    minor: int
    currency: str

    @classmethod
    def parse(cls, amount: str | int | Decimal, currency: str) -> Money:
        """Money from a decimal string. Raises AmountNotExact."""
        return cls(to_minor(amount, currency), currency)

    @property
    def text(self) -> str:
        """The decimal string, "12.30"."""
        return to_text(self.minor, self.currency)

    def __str__(self) -> str:
        """ "12.30 USD"."""
        return f"{self.text} {self.currency}"
