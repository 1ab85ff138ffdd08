"""searchOrders: its parameters and their rules, paging, and the token that is tied to the parameters of page one."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol

from bridge.sandbox.amounts import Json
from bridge.sandbox.marketplace import Marketplace, Seller, TimeField
from bridge.sandbox.markets import MARKETS
from bridge.sandbox.order_json import SECTIONS, text_time, view
from bridge.sandbox.refusal import Refusal, invalid

STATUSES = (
    "PENDING_AVAILABILITY",
    "PENDING",
    "UNSHIPPED",
    "PARTIALLY_SHIPPED",
    "SHIPPED",
    "CANCELLED",
    "UNFULFILLABLE",
)
TOKEN_LIFE = timedelta(hours=24)
BEFORE_LAG = timedelta(minutes=2)
# Parameters that page two has to repeat; maxResultsPerPage and includedData may change, what is unknown is ignored.
FROZEN = (
    "createdAfter",
    "createdBefore",
    "lastUpdatedAfter",
    "lastUpdatedBefore",
    "fulfillmentStatuses",
    "marketplaceIds",
    "fulfilledBy",
)
STALE_PAGE = (
    "The paginationToken you have submitted is not valid. "
    "All parameters must match the original request except maxResultsPerPage."
)


class Arguments(Protocol):
    """A query string: repeated keys in order (werkzeug's MultiDict is one)."""

    def getlist(self, key: str, /) -> list[str]:
        """All values of a key."""


@dataclass(frozen=True)
class Query:
    """A valid search. `by` says which time the window and the echo are about."""

    by: TimeField
    after: datetime
    before: datetime
    statuses: tuple[str, ...]
    fulfilled_by: tuple[str, ...]
    marketplace_ids: tuple[str, ...]
    included: tuple[str, ...]
    page_size: int
    fingerprint: str


@dataclass(frozen=True)
class Token:
    """Where a search goes on."""

    fingerprint: str
    before: datetime
    place: tuple[datetime, str]
    issued: datetime

    def text(self) -> str:
        """The token as Amazon hands it out: opaque."""
        times = [self.before.isoformat(), self.place[0].isoformat(), self.place[1], self.issued.isoformat()]
        return base64.urlsafe_b64encode(json.dumps([self.fingerprint, *times]).encode()).decode().rstrip("=")

    @classmethod
    def read(cls, text: str) -> Token:
        """The token of a text; refuses (400) what was never one."""
        try:
            parts = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
            fingerprint, before, when, order_id, issued = parts
            place = (datetime.fromisoformat(when), order_id)
            return cls(fingerprint, datetime.fromisoformat(before), place, datetime.fromisoformat(issued))
        except (ValueError, TypeError, binascii.Error):
            raise invalid(STALE_PAGE) from None


def search(marketplace: Marketplace, seller: Seller, arguments: Arguments) -> Json:
    """One page of searchOrders; raises Refusal for a request that breaks a rule."""
    now = marketplace.world.now()
    query = parse(arguments, seller, now, BEFORE_LAG / marketplace.world.haste)
    token = _token(arguments, query, now)
    before = token.before if token else query.before
    found: list[Json] = []
    last_place: tuple[datetime, str] | None = None
    next_token: str | None = None
    for place, order in marketplace.walk(
        seller.seller_id, query.by, query.after, before, beyond=token.place if token else None
    ):
        if not _matches(order, query):
            continue
        if len(found) == query.page_size and last_place is not None:
            next_token = Token(query.fingerprint, before, last_place, now).text()
            break
        found.append(view(order, query.included, now=now, restricted_data=seller.restricted_data))
        last_place = place
    answer: Json = {"orders": found}
    if next_token:
        answer["pagination"] = {"nextToken": next_token}
    answer["createdBefore" if query.by == "createdTime" else "lastUpdatedBefore"] = text_time(before)
    return answer


def _matches(order: Json, query: Query) -> bool:
    fulfillment = order.get("fulfillment", {})
    if query.statuses and fulfillment.get("fulfillmentStatus") not in query.statuses:
        return False
    if query.fulfilled_by and fulfillment.get("fulfilledBy") not in query.fulfilled_by:
        return False
    return order["salesChannel"].get("marketplaceId") in query.marketplace_ids


def _token(arguments: Arguments, query: Query, now: datetime) -> Token | None:
    text = _one(arguments, "paginationToken")
    if not text:
        return None
    token = Token.read(text)
    if token.fingerprint != query.fingerprint or now - token.issued > TOKEN_LIFE:
        raise invalid(STALE_PAGE)
    return token


def parse(arguments: Arguments, seller: Seller, now: datetime, lag: timedelta) -> Query:
    """The search that a query string asks for. lag: how long before now the end of the window has to lie."""
    by, after, before = _window(arguments, now, lag)
    size = _one(arguments, "maxResultsPerPage") or "100"
    if not re.fullmatch(r"\d{1,3}", size) or not 1 <= int(size) <= 100:
        raise invalid("maxResultsPerPage must be between 1 and 100.")
    frozen = [[name, values(arguments, name)] for name in FROZEN]
    return Query(
        by=by,
        after=after,
        before=before,
        statuses=_choice(arguments, "fulfillmentStatuses", STATUSES),
        fulfilled_by=_choice(arguments, "fulfilledBy", ("MERCHANT", "AMAZON")),
        marketplace_ids=_marketplaces(arguments, seller),
        included=included_data(arguments),
        page_size=int(size),
        fingerprint=hashlib.sha256(json.dumps([seller.seller_id, frozen]).encode()).hexdigest()[:24],
    )


def _window(arguments: Arguments, now: datetime, lag: timedelta) -> tuple[TimeField, datetime, datetime]:
    created, updated = _one(arguments, "createdAfter"), _one(arguments, "lastUpdatedAfter")
    if bool(created) == bool(updated):
        raise invalid("Exactly one of createdAfter and lastUpdatedAfter must be provided.")
    family, other = ("created", "lastUpdated") if created else ("lastUpdated", "created")
    if _one(arguments, f"{other}Before"):
        raise invalid(f"{other}Before may not be combined with {family}After.")
    after = _time(arguments, f"{family}After")
    # The echo has whole seconds; rounding down keeps it a bound that really was searched.
    before = (now - lag).replace(microsecond=0)
    if _one(arguments, f"{family}Before"):
        before = _time(arguments, f"{family}Before")
        if before > now - lag:
            raise invalid(f"{family}Before must be at least two minutes before the time of the request.")
        if before < after:
            raise invalid(f"{family}Before must be equal to or after {family}After.")
    return ("createdTime" if created else "lastUpdatedTime"), after, before


def _time(arguments: Arguments, name: str) -> datetime:
    text = _one(arguments, name)
    wrong = invalid(f"{name} is not a date in ISO 8601 format.")
    # A "+" that was not percent-encoded arrives as a space and is refused here, as at Amazon.
    if not re.fullmatch(r"\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?(Z|[+-]\d{2}:?\d{2})?)?", text):
        raise wrong
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        raise wrong from None
    return when if when.tzinfo else when.replace(tzinfo=UTC)


def _one(arguments: Arguments, name: str) -> str:
    return next(iter(arguments.getlist(name)), "")


def values(arguments: Arguments, name: str) -> list[str]:
    """A list parameter, whether comma separated or with the key repeated."""
    return [value for text in arguments.getlist(name) for value in text.split(",") if value]


def _choice(arguments: Arguments, name: str, allowed: tuple[str, ...] | Mapping[str, object]) -> tuple[str, ...]:
    chosen = tuple(values(arguments, name))
    for value in chosen:
        if value not in allowed:
            raise invalid(f"{value} is not a valid value of {name}.")
    return chosen


def included_data(arguments: Arguments) -> tuple[str, ...]:
    """The datasets asked for; none unless asked."""
    return _choice(arguments, "includedData", SECTIONS)


def _marketplaces(arguments: Arguments, seller: Seller) -> tuple[str, ...]:
    asked = tuple(values(arguments, "marketplaceIds"))
    if len(asked) > 50:
        raise invalid("marketplaceIds may hold at most 50 values.")
    for marketplace_id in asked:
        if marketplace_id not in MARKETS:
            raise invalid(f"Marketplace {marketplace_id} is not valid.")
        if marketplace_id not in seller.marketplace_ids:
            raise Refusal(403, "Unauthorized", "Access to requested resource is denied.")
    return asked or seller.marketplace_ids
