"""Amazon over HTTP: Login with Amazon, and the Selling Partner API's operations that a seller's order import needs.

A thin face over `marketplace`: every operation stands in ROUTES, one guard around them all does what Amazon's gateway
does (token, usage plan, request id, the form of errors). The Host header does not matter.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from flask import Blueprint, Response, request

from bridge.sandbox.amounts import Json
from bridge.sandbox.feeds import CANCEL_REASONS
from bridge.sandbox.lwa import json_reply, login
from bridge.sandbox.marketplace import Marketplace, Seller
from bridge.sandbox.markets import MARKETS
from bridge.sandbox.order_json import parse_time, view
from bridge.sandbox.quota import PLANS
from bridge.sandbox.refusal import Refusal, invalid
from bridge.sandbox.search import included_data, search, values
from bridge.sandbox.world import World

# cancelOrder's codes -> the reasons that orders show
CANCEL_CODES = {
    "NO_INVENTORY": CANCEL_REASONS[0],
    "SHIPPING_ADDRESS_UNDELIVERABLE": CANCEL_REASONS[1],
    "CUSTOMER_EXCHANGE": CANCEL_REASONS[2],
    "BUYER_CANCELLED": CANCEL_REASONS[3],
    "PRICING_ERROR": CANCEL_REASONS[4],
}
ORDER_ID = re.compile(r"\d{3}-\d{7}-\d{7}")
HTML_400 = "<html><head><title>400 Bad Request</title></head><body><h1>400 Bad Request</h1></body></html>"


@dataclass(frozen=True)
class Call:
    """One authorised request. `seller` is None in grantless operations."""

    marketplace: Marketplace
    seller: Seller | None

    @property
    def owner(self) -> Seller:
        """The seller of an operation that has one."""
        if self.seller is None:
            raise AssertionError("a grantless operation asked for its seller")
        return self.seller

    def body(self) -> Json:
        """The JSON object sent; refuses anything else."""
        body = request.get_json(force=True, silent=True)
        if not isinstance(body, dict):
            raise invalid("The request body is not a JSON object.")
        return body


Handler = Callable[..., tuple[int, Json | None]]
GrantKind = Literal["seller", "grantless"]


def blueprint(world: World) -> Blueprint:
    """Amazon's face of a world, to be mounted under /amazon."""
    face = Blueprint("amazon", __name__, url_prefix="/amazon")
    face.add_url_rule("/auth/o2/token", "token", lambda: login(world), methods=["POST"])
    face.add_url_rule("/feed-documents/<document_id>", "document", _document(world), methods=["GET", "PUT"])
    for verb, path, operation, handler, kind in ROUTES:
        face.add_url_rule(path, operation, _guarded(world, operation, handler, kind), methods=[verb])
    elsewhere = ["GET", "POST", "PUT", "PATCH", "DELETE"]
    face.add_url_rule("/<path:rest>", "elsewhere", _unknown, methods=elsewhere)
    return face


def _guarded(world: World, operation: str, handler: Handler, kind: GrantKind) -> Callable[..., Response]:
    def answer(**path: str) -> Response:
        with world.lock:
            world.requests[f"amazon {operation}"] += 1
            if request.method == "GET" and (request.content_length or request.headers.get("Transfer-Encoding")):
                return Response(HTML_400, 400, content_type="text/html")
            world.marketplace.feeds.settle()
            try:
                call = _authorise(world.marketplace, operation, kind)
                status, body = handler(call, **path)
            except Refusal as refusal:
                return _refused(refusal, world, operation)
            return json_reply(status, body, rate=PLANS[operation][0] * world.haste)

    return answer


def _authorise(marketplace: Marketplace, operation: str, kind: GrantKind) -> Call:
    grant = marketplace.grant_of(request.headers.get("x-amz-access-token"))
    if (grant.seller_id is None) != (kind == "grantless"):
        raise Refusal(403, "Unauthorized", "Access to requested resource is denied.")
    owner = grant.seller_id or "application"
    if not marketplace.quotas.take(owner, operation):
        marketplace.throttled[operation] += 1
        raise Refusal(429, "QuotaExceeded", "You exceeded your quota for the requested resource.")
    return Call(marketplace, marketplace.sellers[grant.seller_id] if grant.seller_id else None)


def _refused(refusal: Refusal, world: World, operation: str) -> Response:
    error = {"code": refusal.code, "message": refusal.message, "details": refusal.details}
    rate = PLANS[operation][0] * world.haste if refusal.status in (400, 404) else None
    response = json_reply(refusal.status, {"errors": [error]}, rate=rate)
    response.headers["x-amzn-ErrorType"] = refusal.code
    return response


def _unknown(rest: str) -> Response:
    return json_reply(404, {"errors": [{"code": "NotFound", "message": f"The resource /{rest} was not found."}]})


# Orders


def _search_orders(call: Call) -> tuple[int, Json]:
    return 200, search(call.marketplace, call.owner, request.args)


def _get_order(call: Call, order_id: str) -> tuple[int, Json]:
    order = call.marketplace.order(_well_formed(order_id), call.owner.seller_id)
    now = call.marketplace.world.now()
    shown = view(order, included_data(request.args), now=now, restricted_data=call.owner.restricted_data)
    return 200, {"order": shown}


def _confirm_shipment(call: Call, order_id: str) -> tuple[int, None]:
    call.marketplace.confirm_shipment(_well_formed(order_id), call.body(), seller_id=call.owner.seller_id)
    return 204, None


def _cancel_order(call: Call, order_id: str) -> tuple[int, Json]:
    if not call.marketplace.cancel_order_released:
        raise Refusal(404, "NotFound", "The requested operation was not found.")
    order = call.marketplace.order(_well_formed(order_id), call.owner.seller_id)
    code = call.body().get("cancelReasonCode")
    if code not in CANCEL_CODES:
        raise invalid(f"cancelReasonCode {code} is not valid.")
    if order["fulfillment"].get("fulfilledBy") != "MERCHANT" or call.marketplace.status(order_id) != "UNSHIPPED":
        raise invalid(f"Order {order_id} cannot be cancelled.")
    call.marketplace.cancel(order_id, "MERCHANT", CANCEL_CODES[code])
    return 202, {}


def _well_formed(order_id: str) -> str:
    if not ORDER_ID.fullmatch(order_id):
        raise invalid(f"OrderId: {order_id} is invalid, should be in 3-7-7 format.")
    return order_id


def _participations(call: Call) -> tuple[int, Json]:
    participation = {"isParticipating": True, "hasSuspendedListings": False}
    markets = [MARKETS[marketplace_id] for marketplace_id in call.owner.marketplace_ids]
    return 200, {
        "payload": [
            {
                "marketplace": {
                    "id": market.marketplace_id,
                    "name": market.name,
                    "countryCode": market.country_code,
                    "defaultCurrencyCode": market.currency,
                    "defaultLanguageCode": "en_US",
                    "domainName": f"www.{market.name.lower()}",
                },
                "participation": participation,
                "storeName": call.owner.store_name,
            }
            for market in markets
        ]
    }


# Feeds


def _create_feed_document(call: Call) -> tuple[int, Json]:
    content_type = call.body().get("contentType")
    if not isinstance(content_type, str) or not content_type:
        raise invalid("contentType is missing.")
    document = call.marketplace.feeds.create_document(call.owner.seller_id, content_type)
    return 201, {"feedDocumentId": document.document_id, "url": _document_url(document.document_id)}


def _create_feed(call: Call) -> tuple[int, Json]:
    body = call.body()
    wanted = body.get("marketplaceIds")
    feed = call.marketplace.feeds.create(
        call.owner.seller_id,
        str(body.get("feedType")),
        tuple(wanted) if isinstance(wanted, list) else (),
        str(body.get("inputFeedDocumentId")),
    )
    return 202, {"feedId": feed.feed_id}


def _get_feed(call: Call, feed_id: str) -> tuple[int, Json]:
    return 200, call.marketplace.feeds.feed(feed_id, call.owner.seller_id).shown()


def _get_feeds(call: Call) -> tuple[int, Json]:
    types, statuses = values(request.args, "feedTypes"), values(request.args, "processingStatuses")
    if not types:
        raise invalid("feedTypes is required.")
    since = _since(request.args.get("createdSince"))
    found = [
        feed
        for feed in call.marketplace.feeds.feeds.values()
        if feed.seller_id == call.owner.seller_id
        and feed.feed_type in types
        and (not statuses or feed.status in statuses)
        and (since is None or feed.created >= since)
    ]
    size = request.args.get("pageSize", 10, type=int)
    return 200, {"feeds": [feed.shown() for feed in reversed(found)][: max(1, min(size, 100))]}


def _since(text: str | None) -> datetime | None:
    try:
        return parse_time(text) if text else None
    except ValueError:
        raise invalid("createdSince is not a date in ISO 8601 format.") from None


def _get_feed_document(call: Call, document_id: str) -> tuple[int, Json]:
    document = call.marketplace.feeds.document(document_id, call.owner.seller_id)
    return 200, {"feedDocumentId": document_id, "url": _document_url(document.document_id)}


def _document_url(document_id: str) -> str:
    # From the socket, not from the Host header, which some clients cut short.
    where = f"{request.environ['SERVER_NAME']}:{request.environ['SERVER_PORT']}"
    return f"{request.scheme}://{where}{request.script_root}/amazon/feed-documents/{document_id}"


def _document(world: World) -> Callable[[str], Response]:
    """Upload and download of feed documents, at addresses that need no token, as at the real storage."""

    def answer(document_id: str) -> Response:
        with world.lock:
            world.requests[f"amazon {request.method} document"] += 1
            document = world.marketplace.feeds.documents.get(document_id)
            if document is None:
                return Response("<Error><Code>NoSuchKey</Code></Error>", 404, content_type="application/xml")
            if request.method == "GET":
                return Response(document.body or b"", 200, content_type=document.content_type)
            if request.headers.get("Content-Type") != document.content_type:
                return Response(
                    "<Error><Code>SignatureDoesNotMatch</Code></Error>", 403, content_type="application/xml"
                )
            document.body = request.get_data()
            return Response(b"", 200)

    return answer


# Notifications


def _create_destination(call: Call) -> tuple[int, Json]:
    return 200, {"payload": call.marketplace.notifications.create_destination(call.body())}


def _get_destinations(call: Call) -> tuple[int, Json]:
    return 200, {"payload": list(call.marketplace.notifications.destinations.values())}


def _create_subscription(call: Call, kind: str) -> tuple[int, Json]:
    subscription = call.marketplace.notifications.create_subscription(call.owner.seller_id, kind, call.body())
    return 200, {"payload": subscription}


def _get_subscription(call: Call, kind: str) -> tuple[int, Json]:
    return 200, {"payload": call.marketplace.notifications.subscription(call.owner.seller_id, kind)}


def _delete_subscription(call: Call, kind: str, subscription_id: str) -> tuple[int, Json]:
    call.marketplace.notifications.delete_subscription(kind, subscription_id)
    return 200, {}


ORDERS, FEEDS, SUBSCRIPTIONS = "/orders/2026-01-01/orders", "/feeds/2021-06-30", "/notifications/v1/subscriptions"
ROUTES: tuple[tuple[str, str, str, Handler, GrantKind], ...] = (
    ("GET", ORDERS, "searchOrders", _search_orders, "seller"),
    ("GET", f"{ORDERS}/<order_id>", "getOrder", _get_order, "seller"),
    ("PUT", f"{ORDERS}/<order_id>/cancellation", "cancelOrder", _cancel_order, "seller"),
    ("POST", "/orders/v0/orders/<order_id>/shipmentConfirmation", "confirmShipment", _confirm_shipment, "seller"),
    ("GET", "/sellers/v1/marketplaceParticipations", "getMarketplaceParticipations", _participations, "seller"),
    ("POST", f"{FEEDS}/documents", "createFeedDocument", _create_feed_document, "seller"),
    ("GET", f"{FEEDS}/documents/<document_id>", "getFeedDocument", _get_feed_document, "seller"),
    ("POST", f"{FEEDS}/feeds", "createFeed", _create_feed, "seller"),
    ("GET", f"{FEEDS}/feeds", "getFeeds", _get_feeds, "seller"),
    ("GET", f"{FEEDS}/feeds/<feed_id>", "getFeed", _get_feed, "seller"),
    ("POST", "/notifications/v1/destinations", "createDestination", _create_destination, "grantless"),
    ("GET", "/notifications/v1/destinations", "getDestinations", _get_destinations, "grantless"),
    ("POST", f"{SUBSCRIPTIONS}/<kind>", "createSubscription", _create_subscription, "seller"),
    ("GET", f"{SUBSCRIPTIONS}/<kind>", "getSubscription", _get_subscription, "seller"),
    (
        "DELETE",
        f"{SUBSCRIPTIONS}/<kind>/<subscription_id>",
        "deleteSubscriptionById",
        _delete_subscription,
        "grantless",
    ),
)
