"""Who bought and where the parcel goes, as an order in Commerce needs it. Pure.

Magento takes an order only with a name, a street, a city, a postcode, a country, a telephone number and an e-mail
address (magento-live 2). Amazon sends them to those alone who hold its restricted roles, and no telephone for FBA: what
is missing gets a placeholder that can be told from a real value.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from bridge.domain.commerce import Region, ShopContext
from bridge.domain.names import one_line, split_name
from bridge.domain.order import Address, OrderSnapshot

Json = dict[str, Any]

CUSTOMER_LENGTH = 128  # the order's own copy of the buyer's name and e-mail; 255 in addresses
# What stands where Amazon sent nothing (without the restricted roles, or for FBA). Magento takes all of it.
NOT_PROVIDED = "Not provided by Amazon"
NO_POSTCODE = "not provided"
NO_PHONE = "0000000000"
MAIL_DOMAIN = "marketplace.example.com"  # reserved, so never anybody's, and of a known top-level domain unlike .invalid

# "UK" is what some Amazon pages call GB; Magento knows ISO codes only.
_COUNTRY_ALIASES = {"UK": "GB"}
# A whole last line of an American address in the field of the city: "Escondido, CA 92025-1501".
_CITY_LINE = re.compile(r"(?P<city>[^,]+),\s*(?P<region>[^,\d]+?)(?:\s+(?P<postcode>\d{5}(?:-\d{4})?))?")
_MAIL = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@([A-Za-z0-9-]+\.)+[A-Za-z]{2,}")


def customer(order: OrderSnapshot, email: str, customer_id: int | None) -> Json:
    """The order's customer_* fields: the buyer, by whose name the order is listed, and not the parcel's recipient."""
    recipient = order.address.name if order.address else None
    first, last = split_name(order.buyer_name or recipient, order.buyer_company)
    who: Json = {
        "customer_email": email,
        "customer_firstname": first[:CUSTOMER_LENGTH].rstrip(),
        "customer_lastname": last[:CUSTOMER_LENGTH].rstrip(),
        "customer_is_guest": 1,
        "customer_group_id": 0,
        "customer_note_notify": 0,
    }
    if customer_id is not None:
        who |= {"customer_id": customer_id, "customer_is_guest": 0, "customer_group_id": 1}
    return who


def email_of(order: OrderSnapshot) -> str:
    """The buyer's e-mail address, or one that nobody reads: Magento wants a valid one of everybody."""
    given = (order.buyer_email or "").strip()
    if len(given) <= CUSTOMER_LENGTH and _MAIL.fullmatch(given):
        return given
    return f"{order.amazon_order_id}@{MAIL_DOMAIN}"


def address_of(order: OrderSnapshot, shop: ShopContext, email: str, country: str | None) -> Json:
    """Where the parcel goes, with the recipient's name; `country` stands in where Amazon sent no address at all."""
    given = order.address or Address()
    code = (given.country or country or "US").strip().upper()
    code = _COUNTRY_ALIASES.get(code, code)
    given = _city_apart(given, shop, code)
    first, last = split_name(given.name or order.buyer_name, given.company)
    address: Json = {
        "firstname": first,
        "lastname": last,
        "street": _street(given),
        "city": one_line(given.city) or NOT_PROVIDED,
        "postcode": one_line(given.postcode) or NO_POSTCODE,
        "country_id": code,
        "telephone": one_line(given.phone) or NO_PHONE,
        "email": email,
    }
    if company := one_line(given.company):
        address["company"] = company
    region = shop.region(code, given.region)
    if region:
        address |= {"region": region.name, "region_code": region.code, "region_id": region.id}
    elif text := one_line(given.region or given.county):
        address["region"] = text
    return address


def _city_apart(given: Address, shop: ShopContext, country: str) -> Address:
    """The address with region and postcode where they belong, when they stand in the city's field.

    Only where the region is one that the shop knows and nothing contradicts what the other fields say.
    """
    found = _CITY_LINE.fullmatch(one_line(given.city))
    region = shop.region(country, found["region"]) if found else None
    if not found or not region or not _agrees(given, region, found["postcode"], shop.region(country, given.region)):
        return given
    postcode = one_line(given.postcode) or found["postcode"]
    return replace(given, city=found["city"].rstrip(), region=region.code, postcode=postcode)


def _agrees(given: Address, region: Region, postcode: str | None, own_region: Region | None) -> bool:
    own = one_line(given.postcode)
    same_region = not one_line(given.region) or own_region == region
    return same_region and (not own or not postcode or own[:5] == postcode[:5])


def _street(given: Address) -> list[str]:
    """The lines of the street; Magento joins them by line breaks into one column of 255 characters."""
    lines = [line for line in map(one_line, given.lines) if line]
    if given.region and (county := one_line(given.county)):
        lines.append(county)  # Magento has no field for it
    whole = "\n".join(lines)[:255].rstrip()
    return whole.split("\n") if whole else [NOT_PROVIDED]


def billing_business(order: OrderSnapshot) -> Json:
    """What the billing address has beyond the shipping address: a business buyer's company and tax number."""
    told = {"company": order.buyer_company, "vat_id": order.address.tax_id if order.address else None}
    return {name: text for name, value in told.items() if (text := one_line(value))}
