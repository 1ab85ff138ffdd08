"""What a buyer pays for an order line, and how the Orders API breaks that down (`proceeds`).

Four relations hold in every example of Amazon's own: proceedsTotal is the sum of the item's breakdowns; grandTotal is
the sum of the items' proceedsTotal plus a delivery tip; it is also the sum of the order's breakdowns when those are
shown; and the ITEM subtotal is unit price times quantity. Where prices include the tax, TAX is shown and not added.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Literal

from bridge.sandbox.markets import Market

Json = dict[str, Any]
ZERO = Decimal(0)


@dataclass(frozen=True)
class Line:
    """One line of an order: what was bought, and all amounts for the whole line except `unit_price`.

    `sku` None is a line that Amazon shows without a SKU. Discounts are positive here, whatever sign is shown.
    """

    sku: str | None
    title: str
    quantity: int = 1
    unit_price: Decimal = ZERO
    asin: str = ""
    item_tax: Decimal = ZERO
    shipping: Decimal = ZERO
    shipping_tax: Decimal = ZERO
    gift_wrap: Decimal = ZERO
    gift_wrap_tax: Decimal = ZERO
    cod_fee: Decimal = ZERO
    item_discount: Decimal = ZERO
    shipping_discount: Decimal = ZERO
    cod_fee_discount: Decimal = ZERO
    discount_tax: Decimal = ZERO
    gift_message: str = ""
    promotion_ids: tuple[str, ...] = ()
    order_item_id: str = ""


@dataclass(frozen=True)
class Pricing:
    """How amounts are shown: the marketplace's currency, whether TAX is added, and the sign of DISCOUNT (-1 or 1)."""

    market: Market
    tax_inclusive: bool
    discount_sign: Literal[-1, 1] = -1

    def money(self, amount: Decimal) -> Json:
        """Amazon's Money: a decimal string with the currency's digits."""
        rounded = amount.quantize(Decimal(1).scaleb(-self.market.decimals), ROUND_HALF_UP)
        return {"amount": str(rounded), "currencyCode": self.market.currency}


def item_proceeds(line: Line, pricing: Pricing) -> Json:
    """`orderItems[].proceeds` of a line."""
    taxes = {
        "ITEM": line.item_tax,
        "SHIPPING": line.shipping_tax,
        "GIFT_WRAP": line.gift_wrap_tax,
        "DISCOUNT": pricing.discount_sign * line.discount_tax,
    }
    discounts = {
        "ITEM": pricing.discount_sign * line.item_discount,
        "SHIPPING": pricing.discount_sign * line.shipping_discount,
        "COD_FEE": pricing.discount_sign * line.cod_fee_discount,
    }
    breakdowns = [{"type": "ITEM", "subtotal": pricing.money(line.unit_price * line.quantity)}]
    breakdowns += [
        {"type": kind, "subtotal": pricing.money(amount)}
        for kind, amount in (("SHIPPING", line.shipping), ("GIFT_WRAP", line.gift_wrap), ("COD_FEE", line.cod_fee))
        if amount
    ]
    # The tax on a discount lowers the tax, whichever sign the discount itself is shown with.
    tax = line.item_tax + line.shipping_tax + line.gift_wrap_tax - line.discount_tax
    breakdowns += _detailed("TAX", tax, taxes, pricing)
    breakdowns += _detailed("DISCOUNT", sum(discounts.values(), ZERO), discounts, pricing)
    return {"proceedsTotal": pricing.money(line_total(line, pricing)), "breakdowns": breakdowns}


def _detailed(kind: str, subtotal: Decimal, parts: dict[str, Decimal], pricing: Pricing) -> list[Json]:
    details = [{"subtype": name, "value": pricing.money(amount)} for name, amount in parts.items() if amount]
    return [{"type": kind, "subtotal": pricing.money(subtotal), "detailedBreakdowns": details}] if details else []


def line_total(line: Line, pricing: Pricing) -> Decimal:
    """What the buyer pays for the line."""
    total = line.unit_price * line.quantity + line.shipping + line.gift_wrap + line.cod_fee
    total -= line.item_discount + line.shipping_discount + line.cod_fee_discount
    if not pricing.tax_inclusive:
        total += line.item_tax + line.shipping_tax + line.gift_wrap_tax - line.discount_tax
    return total


def order_proceeds(lines: Sequence[Line], pricing: Pricing, *, tip: Decimal = ZERO) -> Json:
    """`proceeds` of the order; its own breakdowns leave TAX out where it is not part of the sum."""
    sums: dict[str, Decimal] = {}
    for line in lines:
        for part in item_proceeds(line, pricing)["breakdowns"]:
            sums[part["type"]] = sums.get(part["type"], ZERO) + Decimal(part["subtotal"]["amount"])
    if pricing.tax_inclusive:
        sums.pop("TAX", None)
    breakdowns: list[Json] = [{"type": kind, "subtotal": pricing.money(amount)} for kind, amount in sums.items()]
    if tip:
        breakdowns.append({"type": "DELIVERY_TIP", "status": "FINALIZED", "subtotal": pricing.money(tip)})
    grand_total = sum((line_total(line, pricing) for line in lines), ZERO) + tip
    return {"grandTotal": pricing.money(grand_total), "breakdowns": breakdowns}
