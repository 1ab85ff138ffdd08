"""How the order tables keep what they are given, and which addresses they refuse."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Final

from bridge.sandbox.commerce_errors import MaskedError, refused
from bridge.sandbox.commerce_interfaces import LENGTHS
from bridge.sandbox.shop_state import Record

_ADDRESS_LABELS: Final = {
    "postcode": "Zip code",
    "lastname": "Last name",
    "street": "Street",
    "city": "City",
    "country_id": "Country",
    "firstname": "First Name",
    "telephone": "Phone Number",
}
_NO_COLUMNS: Final = frozenset({"extension_attributes", "parent_item", "product_option", "region_code"})
_EMAIL: Final = re.compile(r"[^@\s]+@[^@\s.]+(\.[^@\s.]+)+\Z")
_BEYOND_BMP: Final = re.compile("[\U00010000-\U0010ffff]")


def stored(values: Record, interface: str) -> Record:
    """The values as the database keeps them: '' is NULL, text is cut, what lies beyond utf8mb3 becomes ???? .

    Lists that a column holds as text (street, additional_information) stay lists; other parts are not columns.
    """
    lengths = LENGTHS.get(interface, {})
    kept: Record = {}
    for name, value in values.items():
        if name in _NO_COLUMNS:
            continue
        if isinstance(value, str):
            if not value:
                continue
            text = value if value.isascii() else _BEYOND_BMP.sub("????", value)
            limit = lengths.get(name)
            kept[name] = text if limit is None else text[:limit]
        elif value is not None:
            kept[name] = value
    return kept


def utc_text(value: str) -> str:
    """A created_at as given, in Magento's form and UTC; raises MaskedError for what is no date (magento-live 2)."""
    try:
        when = datetime.fromisoformat(value)
    except ValueError:
        raise MaskedError from None
    if when.tzinfo is not None:
        when = when.astimezone(UTC)
    return when.strftime("%Y-%m-%d %H:%M:%S")


def check_address(address: Record) -> None:
    """Raise the 400 for an address that cannot be saved; an empty text passes, a missing property does not."""
    missing = (label for name, label in _ADDRESS_LABELS.items() if name not in address)
    wrong = [f'"{label}" is required. Enter and try again.' for label in missing]
    if not _EMAIL.match(address.get("email") or ""):
        wrong.append("Email has a wrong format")
    if wrong:
        raise refused("We can't save the address:\n%1", "\n".join(wrong))
