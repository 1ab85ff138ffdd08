"""Who buys what in the sandbox: what a small outdoor seller lists on Amazon, and buyers in the United States."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from bridge.sandbox.order_json import Address


@dataclass(frozen=True)
class Good:
    """A listing on Amazon, and how the shop stands to it when the scenario begins.

    shop: `ready` for sale, or what keeps it from being sold there: it is `missing`, `disabled` or `out_of_stock`.
    """

    sku: str
    asin: str
    title: str
    price: Decimal
    stock: int = 40
    shop: Literal["ready", "missing", "disabled", "out_of_stock"] = "ready"


GOODS: tuple[Good, ...] = (
    Good("TENT-2P-GRN", "B07Q1HARB1", "Harbour 2-Person Tent, Green", Decimal("129.00")),
    Good("BAG-SLEEP-M5", "B07Q1HARB2", "Fjell Sleeping Bag, -5 C", Decimal("84.50")),
    Good("STOVE-GAS-01", "B07Q1HARB3", "Ember Gas Stove", Decimal("39.95")),
    Good("LAMP-HEAD-300", "B07Q1HARB4", "Beacon Headlamp, 300 Lumen", Decimal("24.99"), 120),
    Good("BOTTLE-STEEL-1L", "B07Q1HARB5", "Steel Bottle, 1 l", Decimal("18.00"), 150),
    Good("PACK-DAY-22", "B07Q1HARB6", "Ridge Daypack, 22 l", Decimal("59.90")),
    Good("MUG-ENAMEL-BLU", "B07Q1HARB7", "Enamel Mug, Blue", Decimal("9.50"), 200),
    Good("ROPE-6MM-10M", "B07Q1HARB8", "Accessory Cord 6 mm, 10 m", Decimal("14.20")),
    Good("MAP-CASE-A4", "B07Q1HARB9", "Waterproof Map Case", Decimal("11.75")),
    Good("HAMMOCK-ULTRA", "B07Q2HARB0", "Ultralight Hammock", Decimal("49.00"), shop="missing"),
    Good("POLE-TREK-PAIR", "B07Q2HARB1", "Trekking Poles, Pair", Decimal("64.00"), shop="disabled"),
    Good("FILTER-WATER-S", "B07Q2HARB2", "Water Filter, Small", Decimal("34.90"), shop="out_of_stock"),
)

# Sales tax by state, as a share of the price; three states of these have none.
TAX_RATES: dict[str, Decimal] = {
    "WA": Decimal("0.101"),
    "CA": Decimal("0.0875"),
    "NY": Decimal("0.08875"),
    "TX": Decimal("0.0825"),
    "CO": Decimal("0.0881"),
    "IL": Decimal("0.1025"),
    "MN": Decimal("0.09025"),
}

PEOPLE: tuple[Address, ...] = (
    Address("Ada Whitfield", "218 Alder Street", "Apt 4", "", "Seattle", "WA", "98104-1820", "US", "+1 206-555-0134"),
    Address("Benjamin Ortiz", "77 Mission Bay Drive", "", "", "San Diego", "CA", "92109-2210", "US", "+1 619-555-0117"),
    Address(
        "Chloé Tremblay", "1420 Pine Ridge Road", "", "", "Burlington", "VT", "05401-3390", "US", "+1 802-555-0176"
    ),
    Address("Daniel O’Connor", "9 Harbor View Lane", "", "", "Portland", "ME", "04101-5502", "US", "+1 207-555-0190"),
    Address("Eleni Papadakis", "350 West 42nd Street", "Unit 21F", "", "New York", "NY", "10036-7110", "US"),
    Address("Farid Haddad", "6021 Hillcroft Avenue", "", "", "Houston", "TX", "77081-1006", "US", "+1 713-555-0102"),
    Address("Grace Lindqvist", "18 Lakeshore Drive", "", "", "Duluth", "MN", "55802-2312", "US", "+1 218-555-0168"),
    Address("Hiro Tanaka", "2200 Market Street", "Suite 9", "", "Denver", "CO", "80205-2021", "US", "+1 303-555-0145"),
    Address("Imani Brooks", "415 South Wabash Avenue", "", "", "Chicago", "IL", "60605-1208", "US", "+1 312-555-0121"),
    Address("João Martins", "88 Beacon Hill Road", "", "", "Eugene", "OR", "97401-0440", "US", "+1 541-555-0183"),
)
