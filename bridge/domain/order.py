"""An Amazon order as the rules see it: frozen values, amounts in minor units, tax always on top of the net amounts."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import datetime
from enum import StrEnum


class AmazonStatus(StrEnum):
    """Amazon's fulfilment status, in the spelling that the API of this service and the merchant's grid use."""

    PENDING_AVAILABILITY = "PendingAvailability"
    PENDING = "Pending"
    UNSHIPPED = "Unshipped"
    PARTIALLY_SHIPPED = "PartiallyShipped"
    SHIPPED = "Shipped"
    CANCELED = "Canceled"
    UNFULFILLABLE = "Unfulfillable"


class Channel(StrEnum):
    """Who ships: the merchant (Amazon: MERCHANT, MFN) or Amazon (AMAZON, AFN)."""

    FBM = "FBM"
    FBA = "FBA"


@dataclass(frozen=True, slots=True)
class Address:
    """Where the parcel goes. Every part may be absent: without the restricted roles Amazon sends little of it.

    tax_id, tax_office: the buyer's own tax registration, which belongs to the bill. instructions: for the carrier.
    """

    name: str | None = None
    company: str | None = None
    lines: tuple[str, ...] = ()
    city: str | None = None
    county: str | None = None
    region: str | None = None
    postcode: str | None = None
    country: str | None = None
    phone: str | None = None
    tax_id: str | None = None
    tax_office: str | None = None
    instructions: str | None = None


@dataclass(frozen=True, slots=True)
class LineAmounts:
    """What one line costs, in minor units, none negative; `total` is Amazon's own figure.

    All but the taxes are net of tax. `add_up` tells whether they make `total`:
    item + shipping + gift_wrap + cod_fee + other + taxes - discounts.
    points: what the points that the buyer gets cost the seller; no part of what the buyer pays.
    """

    item: int = 0
    item_tax: int = 0
    item_discount: int = 0
    shipping: int = 0
    shipping_tax: int = 0
    shipping_discount: int = 0
    gift_wrap: int = 0
    gift_wrap_tax: int = 0
    cod_fee: int = 0
    cod_fee_tax: int = 0
    cod_fee_discount: int = 0
    other: int = 0
    total: int = 0
    points: int = 0

    @property
    def tax(self) -> int:
        """All the taxes of the line."""
        return self.item_tax + self.shipping_tax + self.gift_wrap_tax + self.cod_fee_tax

    @property
    def discount(self) -> int:
        """All the discounts of the line, positive."""
        return self.item_discount + self.shipping_discount + self.cod_fee_discount

    @property
    def computed_total(self) -> int:
        """What the parts make."""
        net = self.item + self.shipping + self.gift_wrap + self.cod_fee + self.other
        return net + self.tax - self.discount

    @property
    def add_up(self) -> bool:
        """Whether the parts make Amazon's total and none is negative."""
        return self.computed_total == self.total and all(getattr(self, f.name) >= 0 for f in fields(self))


@dataclass(frozen=True, slots=True)
class Line:
    """One line of an Amazon order. `quantity` is what was ordered; a line cancelled as a whole may have 0.

    amounts is None where Amazon sent no figures (PENDING, or a line without price).
    """

    item_id: str
    quantity: int
    title: str = ""
    sku: str | None = None
    asin: str | None = None
    quantity_shipped: int = 0
    quantity_unshipped: int = 0
    amounts: LineAmounts | None = None
    gift_message: str | None = None
    gift_wrap_level: str | None = None
    customized_url: str | None = None
    promotions: str | None = None  # Amazon's ids of them
    shipping_needs: str | None = None  # a signature, a check of the age ...
    ioss_number: str | None = None  # the carrier has to write it on the customs declaration


# Of a Line: what only people read, and what goes when the buyer's personal data goes
LINE_DETAILS = (
    "gift_message", "gift_wrap_level", "customized_url", "promotions", "shipping_needs", "ioss_number",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Package:
    """A parcel as Amazon shows it; `reference` is what we sent as packageReferenceId."""

    reference: str
    carrier: str | None = None
    tracking_number: str | None = None
    status: str | None = None
    items: tuple[tuple[str, int], ...] = ()  # (order item id, quantity)


def plain_tracking(number: str | None) -> str:
    """A tracking number as it is compared: it is written with and without blanks and hyphens, in capitals and not."""
    return "".join(filter(str.isalnum, number or "")).upper()


@dataclass(frozen=True, slots=True)
class OrderSnapshot:
    """One version of an Amazon order; `last_update` orders the versions.

    currency and grand_total (minor units) are None while Amazon sends no amounts. tip is part of grand_total.
    amounts_problem says, with the figures, why the amounts cannot be taken as they are; None when they add up.
    buyer_cancel_reason is None when the buyer has not asked to cancel ("" when no reason was given).
    replaces is the order id that a replacement or exchange stands for. payment_methods, fulfillment_orders: Amazon's
    words and (of Easy Ship) numbers, for people to read.
    """

    amazon_order_id: str
    marketplace_id: str
    status: AmazonStatus
    channel: Channel
    purchase_date: datetime
    last_update: datetime
    lines: tuple[Line, ...]
    currency: str | None = None
    grand_total: int | None = None
    tip: int = 0
    amounts_problem: str | None = None
    programs: tuple[str, ...] = ()
    service_level: str | None = None
    ship_by: datetime | None = None
    deliver_by: datetime | None = None
    buyer_name: str | None = None
    buyer_email: str | None = None
    buyer_company: str | None = None
    purchase_order_number: str | None = None
    address: Address | None = None
    packages: tuple[Package, ...] = ()
    buyer_cancel_reason: str | None = None
    replaces: str | None = None
    tax_collected_by_amazon: bool = False
    payment_methods: str | None = None
    fulfillment_orders: str | None = None

    @property
    def street_withheld(self) -> bool:
        """Whether Amazon does not say where the merchant's parcel goes: it tells those with a role (amazon-sp-api 1.7).

        Before the payment is verified, and where Amazon ships, nobody is told.
        """
        told = self.address is not None and any(map(str.strip, self.address.lines))
        return self.channel is Channel.FBM and self.status not in _UNPAID and not told


_UNPAID = frozenset({AmazonStatus.PENDING, AmazonStatus.PENDING_AVAILABILITY})
STREET_WITHHELD = (
    "Amazon sends no street: the app lacks the role Direct-to-Consumer Shipping (Restricted), or the seller has to"
    " authorise it again"
)
