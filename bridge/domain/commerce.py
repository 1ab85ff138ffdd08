"""What the rules need to know of a Commerce shop: frozen values, in Magento's words."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any


@dataclass(frozen=True, slots=True)
class BundleOption:
    """What a buyer of a bundle chooses from: the SKUs and their quantities in one bundle."""

    required: bool
    selections: tuple[tuple[str, Decimal], ...]


@dataclass(frozen=True, slots=True)
class Product:
    """A catalogue product; `enabled` is status 1. options: of a bundle. price: of the catalogue, in its currency."""

    id: int
    sku: str
    name: str
    enabled: bool
    type_id: str = "simple"
    weight: Decimal = Decimal(0)
    website_ids: tuple[int, ...] = ()
    price: Decimal = Decimal(0)
    options: tuple[BundleOption, ...] = ()

    @property
    def fixed_parts(self) -> dict[str, int]:
        """SKU -> quantity in one bundle, of a bundle that leaves the buyer no choice; empty for all others."""
        parts: dict[str, int] = {}
        for option in self.options:
            if not option.required or len(option.selections) != 1:
                return {}
            ((sku, quantity),) = option.selections
            if quantity < 1 or quantity != quantity.to_integral_value():
                return {}
            parts[sku] = parts.get(sku, 0) + int(quantity)
        return parts


@dataclass(frozen=True, slots=True)
class StockAnswer:
    """Whether a stock can sell the quantity that was asked for; spent: it can sell no larger one either."""

    salable: bool
    spent: bool = False


@dataclass(frozen=True, slots=True)
class Region:
    """A state or province of a country as Magento knows it."""

    id: int
    code: str
    name: str


def plain(text: str) -> str:
    """The text without accents, case, punctuation or doubled blanks: what two spellings of a place have in common."""
    decomposed = unicodedata.normalize("NFKD", text.replace("&", " and "))
    letters = "".join(c if c.isalnum() else " " for c in decomposed if not unicodedata.combining(c))
    return " ".join(letters.casefold().split())


@dataclass(frozen=True, slots=True)
class ShopContext:
    """Where an Amazon store's orders go in Commerce: the store view and what depends on it.

    countries maps each ISO code that the shop knows to its regions. stock_id is the stock of the website (0: the
    shop keeps a stock for each product alone, without Magento's inventory modules).
    admin_url is the address of the Commerce admin without a trailing slash, or None.
    rates: how many units of each currency that the store view allows one unit of the base currency is.
    tax_rows: the shop keeps tax by line and rate (Magento 2.4.7 and later).
    """

    store_id: int
    store_view: str
    website_id: int
    website_code: str
    base_currency: str
    stock_id: int
    countries: Mapping[str, tuple[Region, ...]] = field(default_factory=dict)
    admin_url: str | None = None
    rates: Mapping[str, Decimal] = field(default_factory=dict)
    tax_rows: bool = False

    def rate(self, currency: str) -> Decimal | None:
        """Magento's base_to_order_rate for an order in the currency; None when the shop takes no such order."""
        return Decimal(1) if currency == self.base_currency else self.rates.get(currency)

    def region(self, country: str | None, text: str | None) -> Region | None:
        """The region by its code, else by its name whatever case, accents and signs; None rather than a wrong one."""
        if not country or not text:
            return None
        regions = self.countries.get(country, ())
        wanted = plain(text)
        by_code = [r for r in regions if plain(r.code) == wanted]
        by_name = [r for r in regions if plain(r.name) == wanted]
        found = by_code or by_name
        return found[0] if len(found) == 1 else None


@dataclass(frozen=True, slots=True)
class CommerceLine:
    """One line of a Commerce order with what has become of it."""

    item_id: int
    sku: str
    qty_ordered: Decimal
    qty_invoiced: Decimal = Decimal(0)
    qty_shipped: Decimal = Decimal(0)
    qty_canceled: Decimal = Decimal(0)
    qty_refunded: Decimal = Decimal(0)
    amazon_item_id: str | None = None  # ext_order_item_id
    is_virtual: bool = False


@dataclass(frozen=True, slots=True)
class CommerceOrder:
    """A Commerce order; grand_total as Magento prints it, None after a partial save (magento-live 2).

    quote_id: the cart that it was placed from, which reserved its goods; None for an order that was written as it is.
    """

    entity_id: int
    increment_id: str
    store_id: int | None
    state: str
    status: str
    grand_total: Decimal | None = None
    currency: str | None = None
    ext_order_id: str | None = None
    quote_id: int | None = None
    total_invoiced: Decimal = Decimal(0)
    lines: tuple[CommerceLine, ...] = ()


@dataclass(frozen=True, slots=True)
class PlacedOrder:
    """A Commerce order with its addresses ("billing", "shipping") in Magento's own fields, entity_id among them."""

    order: CommerceOrder
    addresses: Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Track:
    """A tracking number of a shipment."""

    number: str
    carrier_code: str
    title: str


@dataclass(frozen=True, slots=True)
class CommerceShipment:
    """A shipment made in Commerce. items: (order item id, quantity). Times as Magento prints them, UTC, no zone."""

    entity_id: int
    order_id: int
    created_at: str
    updated_at: str
    items: tuple[tuple[int, Decimal], ...]
    tracks: tuple[Track, ...] = ()


@dataclass(frozen=True, slots=True)
class StoreView:
    """A store view, and the website and currency it belongs to."""

    id: int
    code: str
    name: str
    website_id: int
    website_code: str
    base_currency: str
    is_active: bool = True
    base_url: str | None = None
