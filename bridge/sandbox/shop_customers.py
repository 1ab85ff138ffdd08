"""The shop's customer accounts."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final

from bridge.sandbox.commerce_errors import MaskedError, refused
from bridge.sandbox.search_criteria import SearchCriteria, collated
from bridge.sandbox.shop_state import Record

if TYPE_CHECKING:
    from bridge.sandbox.shop import Shop

# Letters, digits, blanks and a few marks make a name (magento-rest section 6).
_NAME: Final = re.compile(r"(?:[^\W_]|[,\-_.'’`&\s]){1,255}\Z")
_TAKEN: Final = "A customer with the same email address already exists in an associated website."
_COLUMNS: Final = frozenset({"entity_id", "id", "email", "firstname", "lastname", "website_id", "store_id", "group_id"})


def _check_name(label: str, value: str) -> None:
    if not value:
        raise refused(f'"{label}" is a required value.')
    if not _NAME.match(value):
        raise refused(f"{label} is not valid!")


class CustomerBook:
    """Creates accounts and finds them by e-mail."""

    def __init__(self, shop: Shop) -> None:
        self.shop = shop
        self.by_email: dict[tuple[str, int], int] = {}

    def create(self, customer: dict[str, Any]) -> Record:
        """A new account; raises the 400 for a taken e-mail or an impossible name. An e-mail is taken per website."""
        _check_name("First Name", customer.get("firstname") or "")
        _check_name("Last Name", customer.get("lastname") or "")
        website_id = customer.get("website_id") or 1
        email = customer.get("email") or ""
        if (collated(email), website_id) in self.by_email:
            raise refused(_TAKEN)
        view = self.shop.stores.views.get(customer.get("store_id") or 1)
        if view is None:
            raise MaskedError
        now = self.shop.timestamp()
        record = {
            "id": self.shop.next("customer_id"),
            "group_id": customer.get("group_id") or 1,
            "created_at": now,
            "updated_at": now,
            "created_in": view.name,
            "email": email,
            "firstname": customer["firstname"],
            "lastname": customer["lastname"],
            "store_id": view.id,
            "website_id": website_id,
            "addresses": customer.get("addresses") or [],
            "disable_auto_group_change": 0,
            "extension_attributes": {"is_subscribed": False},
        }
        self.shop.customers[record["id"]] = record
        self.by_email[collated(email), website_id] = record["id"]
        if view.sends_mail:
            self.shop.mails.append(("welcome", email, view.id))
        return record

    def rows(self, criteria: SearchCriteria) -> Iterable[Record]:
        """The accounts that a search has to look at; raises MaskedError for a column that does not exist."""
        if not criteria.names <= _COLUMNS:
            raise MaskedError
        wanted = criteria.single("email", "eq")
        if wanted is None:
            return self.shop.customers.values()
        email = collated(wanted.value)
        ids = (self.by_email.get((email, website_id)) for website_id in self.shop.stores.websites)
        return [self.shop.customers[i] for i in ids if i is not None]
