"""Amazon's half of the world: sellers, their access tokens, and their orders as the Orders API v2026-01-01 shows them.

`orders` maps orderId to the very JSON that getOrder answers with all of includedData. What is not yet shown (a Pending
order has no buyer, no address and no amounts) waits in `_withheld`. `put` takes orders of any shape of the API.
"""

from __future__ import annotations

import copy
import functools
import secrets
from bisect import bisect_left, bisect_right, insort
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Concatenate, Literal, ParamSpec, TypeVar

from bridge.sandbox.amounts import Json, Line
from bridge.sandbox.feeds import Feeds
from bridge.sandbox.markets import MARKETS
from bridge.sandbox.notifications import Notifications
from bridge.sandbox.order_json import Address, new_order, parse_time, pending_view, text_time
from bridge.sandbox.packages import confirm
from bridge.sandbox.quota import Quotas
from bridge.sandbox.refusal import Refusal, invalid

if TYPE_CHECKING:
    from decimal import Decimal

    from bridge.sandbox.world import World

SELLER_ID = "A1SANDBOXSELLER"
CLIENT_ID = "amzn1.application-oa2-client.sandbox"
CLIENT_SECRET = "amzn1.oa2-cs.v1.sandbox"  # noqa: S105 - printed at start, good for the sandbox only
REFRESH_TOKEN = "Atzr|sandbox-refresh-token"  # noqa: S105 - as above

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")
TimeField = Literal["createdTime", "lastUpdatedTime"]
OPEN = ("PENDING", "PENDING_AVAILABILITY", "UNSHIPPED", "PARTIALLY_SHIPPED")


@dataclass
class Seller:
    """A selling partner who has authorised one application.

    restricted_data: whether the application holds the roles for buyers' names, addresses and e-mail; without them
    those fields are absent from answers that are 200 all the same.
    """

    seller_id: str
    client_id: str
    client_secret: str
    refresh_token: str
    marketplace_ids: tuple[str, ...] = tuple(MARKETS)
    store_name: str = "Sandbox Outfitters"
    restricted_data: bool = True


@dataclass
class Grant:
    """What an access token allows: one seller's data, or (seller_id None) the grantless operations of one scope."""

    seller_id: str | None
    expires: datetime
    scope: str = ""


def _locked(
    method: Callable[Concatenate[Marketplace, Arguments], Result],
) -> Callable[Concatenate[Marketplace, Arguments], Result]:
    # The town, the requests and whoever plays a story change orders from threads of their own.
    @functools.wraps(method)
    def locked(self: Marketplace, /, *args: Arguments.args, **kwargs: Arguments.kwargs) -> Result:
        with self.world.lock:
            return method(self, *args, **kwargs)

    return locked


class Marketplace:
    """The sellers and orders of one world. What changes it takes the world's lock; what reads it expects it held.

    visible_after: seconds until a placed order turns up in searchOrders (getOrder knows it at once), for orders that do
    not say otherwise. cancel_order_released: whether the unreleased cancelOrder operation exists.
    """

    def __init__(self, world: World) -> None:
        self.world = world
        self.sellers: dict[str, Seller] = {}
        self.orders: dict[str, Json] = {}
        self.throttled: Counter[str] = Counter()
        self.quotas = Quotas(world)
        self.feeds = Feeds(self)
        self.notifications = Notifications(str(world.rng.getstate()))
        self.visible_after = 0.0
        self.cancel_order_released = False
        self._seller_of: dict[str, str] = {}
        self._withheld: dict[str, Json] = {}
        self._visible_from: dict[str, datetime] = {}
        self._grants: dict[str, Grant] = {}
        self._index: dict[TimeField, list[tuple[datetime, str]]] = {"createdTime": [], "lastUpdatedTime": []}
        self._times: dict[str, dict[TimeField, datetime]] = {}
        self.add_seller(Seller(SELLER_ID, CLIENT_ID, CLIENT_SECRET, REFRESH_TOKEN))

    # Sellers and tokens

    def add_seller(self, seller: Seller) -> Seller:
        """Register a selling partner and give it back."""
        self.sellers[seller.seller_id] = seller
        return seller

    @_locked
    def issue_token(self, seller_id: str | None, scope: str = "") -> str:
        """A new access token, good for an hour."""
        now = self.world.now()
        self._grants = {
            token: grant for token, grant in self._grants.items() if grant.expires > now - timedelta(days=1)
        }
        token = f"Atza|{secrets.token_urlsafe(48)}"
        self._grants[token] = Grant(seller_id, now + timedelta(hours=1), scope)
        return token

    @_locked
    def expire_tokens(self) -> None:
        """Let every access token that is out there have expired."""
        for grant in self._grants.values():
            grant.expires = min(grant.expires, self.world.now())

    def grant_of(self, token: str | None) -> Grant:
        """What a token allows; refuses (403 Unauthorized) a missing, unknown or expired one."""
        if not token:
            raise _denied("Access token is missing in the request header.")
        grant = self._grants.get(token)
        if grant is None:
            raise _denied("The access token you provided is revoked, malformed or invalid.")
        if grant.expires <= self.world.now():
            raise _denied("The access token you provided has expired.")
        return grant

    # The life of an order

    @_locked
    def place(
        self,
        lines: Sequence[Line],
        *,
        buyer_name: str = "Alice Example",
        address: Address | None = None,
        seller_id: str = SELLER_ID,
        marketplace_id: str = "ATVPDKIKX0DER",
        fulfilled_by: Literal["MERCHANT", "AMAZON"] = "MERCHANT",
        programs: Sequence[str] = (),
        service_level: str = "STANDARD",
        order_id: str | None = None,
        created: datetime | None = None,
        status: Literal["PENDING", "PENDING_AVAILABILITY"] = "PENDING",
        tip: Decimal | None = None,
        tax_inclusive: bool | None = None,
        discount_sign: Literal[-1, 1] = -1,
        visible_after: float | None = None,
    ) -> str:
        """A buyer places an order; gives its orderId. Payment is open: amounts, buyer and address are withheld.

        created: default now. tax_inclusive: default as the marketplace quotes its prices.
        """
        order_id = order_id or self._new_order_id()
        if order_id in self.orders:
            raise invalid(f"Order {order_id} exists already.")
        full = new_order(
            order_id,
            lines,
            market=MARKETS[marketplace_id],
            created=created or self.world.now(),
            address=address or Address(name=buyer_name),
            buyer_name=buyer_name,
            fulfilled_by=fulfilled_by,
            programs=programs,
            service_level=service_level,
            status=status,
            tip=tip,
            tax_inclusive=tax_inclusive,
            discount_sign=discount_sign,
        )
        late = self.visible_after if visible_after is None else visible_after
        self.put(pending_view(full), seller_id=seller_id, visible_after=late)
        self._withheld[order_id] = full
        return order_id

    @_locked
    def put(self, order: Json, *, seller_id: str = SELLER_ID, visible_after: float = 0.0) -> str:
        """Take an order just as it is, in the API's shape, new or in place of the one with its orderId."""
        order_id: str = order["orderId"]
        new = order_id not in self.orders
        self._forget_times(order_id)
        self._withheld.pop(order_id, None)
        self._visible_from.pop(order_id, None)
        self.orders[order_id] = order
        self._seller_of[order_id] = seller_id
        if visible_after > 0:
            self._visible_from[order_id] = self.world.now() + timedelta(seconds=visible_after)
        self._times[order_id] = {
            "createdTime": parse_time(order["createdTime"]),
            "lastUpdatedTime": parse_time(order["lastUpdatedTime"]),
        }
        for name, when in self._times[order_id].items():
            insort(self._index[name], (when, order_id))
        self._announce(order_id, new=new)
        return order_id

    @_locked
    def verify_payment(self, order_id: str) -> None:
        """The payment is authorised: Pending becomes Unshipped, and buyer, address and amounts appear."""
        order = self._expect(order_id, "PENDING", "PENDING_AVAILABILITY")
        full = self._withheld.pop(order_id, None) or order
        full["fulfillment"]["fulfillmentStatus"] = "UNSHIPPED"
        self.orders[order_id] = full
        self._touch(order_id)

    @_locked
    def request_cancel(self, order_id: str, reason: str = "Buyer no longer needs the item") -> None:
        """The buyer asks for cancellation of an Unshipped order; the order stays Unshipped until the seller decides."""
        for item in self._expect(order_id, "UNSHIPPED")["orderItems"]:
            request = {"requester": "BUYER", "cancelReason": reason}
            item.setdefault("cancellation", {})["cancellationRequest"] = request
        self._touch(order_id, "BuyerRequestedChange")

    @_locked
    def cancel(
        self,
        order_id: str,
        by: Literal["BUYER", "MERCHANT", "AMAZON"] = "BUYER",
        reason: str = "",
        item_ids: Sequence[str] | None = None,
    ) -> None:
        """Cancel what is not shipped of an order or of some of its items; CANCELLED once nothing is left or shipped."""
        order = self._expect(order_id, *OPEN)
        known = {item["orderItemId"] for item in order["orderItems"]}
        for unknown in set(item_ids or ()) - known:
            raise invalid(f"OrderItem {unknown} does not belong to order {order_id}.")
        for item in order["orderItems"]:
            if item_ids is None or item["orderItemId"] in item_ids:
                execution = {"cancelledBy": by, "cancelReason": reason}
                item.setdefault("cancellation", {})["cancellationExecution"] = execution
                item.setdefault("fulfillment", {})["quantityUnfulfilled"] = 0
        if all(item["fulfillment"]["quantityUnfulfilled"] == 0 for item in order["orderItems"]):
            shipped = any(item["fulfillment"].get("quantityFulfilled") for item in order["orderItems"])
            order["fulfillment"]["fulfillmentStatus"] = "SHIPPED" if shipped else "CANCELLED"
            self._withheld.pop(order_id, None)
            if not shipped:
                order.pop("proceeds", None)
        self._touch(order_id)

    @_locked
    def ship_fba(self, order_id: str) -> None:
        """Amazon's warehouse ships a paid FBA order, all of it; such an order never shows packages."""
        order = self._expect(order_id, "UNSHIPPED")
        if order["fulfillment"].get("fulfilledBy") != "AMAZON":
            raise invalid(f"Order {order_id} is fulfilled by the merchant.")
        for item in order["orderItems"]:
            item["fulfillment"] = {
                **item.get("fulfillment", {}),
                "quantityFulfilled": item["quantityOrdered"],
                "quantityUnfulfilled": 0,
            }
        order["fulfillment"]["fulfillmentStatus"] = "SHIPPED"
        self._touch(order_id)

    @_locked
    def confirm_shipment(self, order_id: str, body: Json, *, seller_id: str = SELLER_ID) -> None:
        """The seller reports a package, or edits the one with that packageReferenceId (confirmShipment's body)."""
        changed = copy.deepcopy(self.order(order_id, seller_id))
        confirm(changed, body, now=self.world.now())
        self.orders[order_id] = changed
        self._touch(order_id)

    # Reading

    def order(self, order_id: str, seller_id: str = SELLER_ID) -> Json:
        """The order as shown; refuses (404 NotFound) one that does not exist or is another seller's."""
        if self._seller_of.get(order_id) != seller_id:
            raise Refusal(404, "NotFound", f"Order {order_id} was not found.")
        return self.orders[order_id]

    def status(self, order_id: str) -> str:
        """The order's fulfillmentStatus."""
        return str(self.orders[order_id]["fulfillment"]["fulfillmentStatus"])

    def walk(
        self,
        seller_id: str,
        by: TimeField,
        first: datetime,
        last: datetime,
        *,
        beyond: tuple[datetime, str] | None = None,
    ) -> Iterator[tuple[tuple[datetime, str], Json]]:
        """The seller's visible orders with first <= time <= last, oldest first, each with its place in that order.

        beyond: the place after which to go on.
        """
        index = self._index[by]
        start = bisect_right(index, beyond) if beyond else bisect_left(index, (first, ""))
        now = self.world.now()
        for at in range(start, len(index)):
            place = index[at]
            if place[0] > last:
                return
            order_id = place[1]
            visible_from = self._visible_from.get(order_id)
            if self._seller_of[order_id] == seller_id and (visible_from is None or visible_from <= now):
                yield place, self.orders[order_id]

    # Bookkeeping

    def _expect(self, order_id: str, *statuses: str) -> Json:
        if order_id not in self.orders:
            raise Refusal(404, "NotFound", f"Order {order_id} was not found.")
        if self.status(order_id) not in statuses:
            raise invalid(f"Order {order_id} is {self.status(order_id)}, not {' or '.join(statuses)}.")
        return self.orders[order_id]

    def _touch(self, order_id: str, change_type: str = "OrderStatusChange") -> None:
        # Two changes within one reading of the clock still have to be told apart by lastUpdatedTime.
        order = self.orders[order_id]
        times = self._times[order_id]
        when = max(self.world.now(), times["lastUpdatedTime"] + timedelta(milliseconds=1))
        order["lastUpdatedTime"] = text_time(when)
        index = self._index["lastUpdatedTime"]
        del index[bisect_left(index, (times["lastUpdatedTime"], order_id))]
        times["lastUpdatedTime"] = parse_time(order["lastUpdatedTime"])
        insort(index, (times["lastUpdatedTime"], order_id))
        self._announce(order_id, change_type)

    def _announce(self, order_id: str, change_type: str = "OrderStatusChange", *, new: bool = False) -> None:
        seller_id, now = self._seller_of[order_id], self.world.now()
        self.notifications.publish(
            self.orders[order_id], seller_id=seller_id, change_type=change_type, now=now, new=new
        )

    def _forget_times(self, order_id: str) -> None:
        for name, when in self._times.pop(order_id, {}).items():
            index = self._index[name]
            del index[bisect_left(index, (when, order_id))]

    def _new_order_id(self) -> str:
        while True:
            rng = self.world.rng
            order_id = f"{rng.randint(111, 114)}-{rng.randint(0, 9999999):07d}-{rng.randint(0, 9999999):07d}"
            if order_id not in self.orders:
                return order_id


def _denied(details: str) -> Refusal:
    return Refusal(403, "Unauthorized", "Access to requested resource is denied.", details)
