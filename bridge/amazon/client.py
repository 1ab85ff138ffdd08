"""What the bridge asks of Amazon's Selling Partner API, operation by operation. Every failure is a RemoteError."""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, TypeVar

import httpx

from bridge.amazon import wire
from bridge.amazon.auth import TokenCache
from bridge.amazon.connection import DEFAULT_TIMEOUT, MAX_ANSWER, Answer, Connection, Operation
from bridge.amazon.feeds import FeedContent, FeedStatus
from bridge.amazon.notifications import Notifications
from bridge.amazon.quota import QuotaKeeper
from bridge.domain.order import OrderSnapshot, plain_tracking
from bridge.errors import RemoteError, Verdict

T = TypeVar("T")

INCLUDED_DATA = (
    "BUYER", "RECIPIENT", "PROCEEDS", "EXPENSE", "PROMOTION", "CANCELLATION", "FULFILLMENT", "PACKAGES", "TAX",
    "PAYMENT", "FULFILLMENT_ORDERS",
)  # fmt: skip

_ORDERS, _FEEDS = "/orders/2026-01-01/orders", "/feeds/2021-06-30"
SEARCH_ORDERS = Operation("searchOrders", "GET", _ORDERS)
GET_ORDER = Operation("getOrder", "GET", f"{_ORDERS}/{{order_id}}")
CONFIRM_SHIPMENT = Operation(
    "confirmShipment", "POST", "/orders/v0/orders/{order_id}/shipmentConfirmation", repeatable=False
)
# Not in Amazon's public model: published and withdrawn three times in 2026 (amazon-sp-api 2.3).
# Cancelling twice does no harm.
CANCEL_ORDER = Operation("cancelOrder", "PUT", f"{_ORDERS}/{{order_id}}/cancellation")
PARTICIPATIONS = Operation("getMarketplaceParticipations", "GET", "/sellers/v1/marketplaceParticipations")
# A document that nobody uses harms nobody.
CREATE_FEED_DOCUMENT = Operation("createFeedDocument", "POST", f"{_FEEDS}/documents")
UPLOAD = Operation("uploadFeedDocument", "PUT", "")
CREATE_FEED = Operation("createFeed", "POST", f"{_FEEDS}/feeds", repeatable=False)
GET_FEED = Operation("getFeed", "GET", f"{_FEEDS}/feeds/{{feed_id}}")
GET_FEED_DOCUMENT = Operation("getFeedDocument", "GET", f"{_FEEDS}/documents/{{document_id}}")
DOWNLOAD = Operation("downloadFeedDocument", "GET", "")


@dataclass(frozen=True, slots=True)
class OrderPage:
    """One page of searchOrders.

    unreadable: the orders that could not be read; skipped: how many were not Amazon's own.
    query and next_token are to be kept together and given back as they are: Amazon takes the token with no other query.
    last_updated_before, created_before: Amazon's echo, up to when the search is complete. request_id: Amazon's number.
    """

    snapshots: tuple[OrderSnapshot, ...]
    query: dict[str, str]
    next_token: str | None = None
    unreadable: tuple[wire.Unreadable, ...] = ()
    skipped: int = 0
    last_updated_before: datetime | None = None
    created_before: datetime | None = None
    request_id: str | None = None


@dataclass(frozen=True, slots=True)
class PackageDetail:
    """A parcel for confirmShipment. The same reference edits the parcel that was sent before (amazon-sp-api 2.1).

    package_reference_id: a positive number in a string. carrier_name is required with carrier_code "Other".
    items: (order item id, quantity).
    """

    package_reference_id: str
    carrier_code: str
    tracking_number: str
    ship_date: datetime
    items: tuple[tuple[str, int], ...]
    carrier_name: str | None = None
    shipping_method: str | None = None


@dataclass(frozen=True, slots=True)
class UploadTarget:
    """A feed document to be filled: its id, and the address to upload to within five minutes."""

    document_id: str
    url: str


class AmazonClient:
    """One seller account in one region. Thread-safe; close it, or use it as a context manager.

    endpoint, lwa_endpoint: https, or http to this machine only; ConfigError otherwise. clock gives aware times.
    """

    def __init__(
        self,
        *,
        endpoint: str,
        lwa_endpoint: str,
        client_id: str,
        client_secret: str,
        refresh_token: str,
        tokens: TokenCache,
        quota: QuotaKeeper,
        clock: Callable[[], datetime],
        transport: httpx.BaseTransport | None = None,
        timeout: httpx.Timeout | float = DEFAULT_TIMEOUT,
    ) -> None:
        self._connection = Connection(
            endpoint=endpoint,
            lwa_endpoint=lwa_endpoint,
            credentials={"client_id": client_id, "client_secret": client_secret, "refresh_token": refresh_token},
            tokens=tokens,
            quota=quota,
            clock=clock,
            transport=transport,
            timeout=timeout,
        )

    def __enter__(self) -> AmazonClient:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Give the connections back."""
        self._connection.close()

    @property
    def clock_skew(self) -> float | None:
        """Seconds by which Amazon's clock is ahead of ours, by its newest answer; None before the first."""
        return self._connection.clock_skew

    @property
    def notifications(self) -> Notifications:
        """Where the seller's notifications are sent."""
        return Notifications(self._connection)

    # Orders

    def search_orders(
        self,
        *,
        marketplace_ids: Sequence[str] = (),
        last_updated_after: datetime | None = None,
        created_after: datetime | None = None,
        pagination_token: str | None = None,
        frozen: Mapping[str, str] | None = None,
        page_size: int = 100,
        reserve: int = 0,
    ) -> OrderPage:
        """A page of the orders changed (or created) since a time, or the page behind a token.

        A token goes with `frozen`, the query of the page that it came from; everything else is then taken from there.
        Otherwise exactly one of the two times is needed (ValueError). reserve: quota tokens to leave for others.
        """
        if frozen is not None:
            query = dict(frozen)
        else:
            query = _search_query(marketplace_ids, last_updated_after, created_after, page_size)
        sent = {**query, "paginationToken": pagination_token} if pagination_token else query
        answer = self._connection.call(SEARCH_ORDERS, query=sent, reserve=reserve)
        return _read(SEARCH_ORDERS, answer, lambda body: _page(body, query, answer.request_id))

    def get_order(self, order_id: str) -> OrderSnapshot:
        """The order as Amazon shows it now. Raises RemoteError, PERMANENT with code NotFound when there is none,
        UnreadableOrder or NotAnAmazonOrder when it cannot be taken.
        """
        answer = self._connection.call(
            GET_ORDER, path={"order_id": order_id}, query={"includedData": ",".join(INCLUDED_DATA)}
        )
        order = _read(GET_ORDER, answer, lambda body: _object(body["order"]))
        try:
            snapshot = wire.snapshot(order)
        except wire.Unreadable as error:
            raise _not_taken("UnreadableOrder", str(error), answer) from error
        if snapshot is None:
            raise _not_taken("NotAnAmazonOrder", "The order was not placed on Amazon.", answer)
        return snapshot

    def confirm_shipment(self, order_id: str, marketplace_id: str, package: PackageDetail) -> None:
        """Tell Amazon of a parcel. Sending the same parcel again does no harm. Raises RemoteError.

        Amazon refuses a parcel of an order with nothing left to ship (PackageToUpdateNotFound); when the order shows
        its tracking number already, that is what was wanted.
        """
        detail: dict[str, Any] = {
            "packageReferenceId": package.package_reference_id,
            "carrierCode": package.carrier_code,
            "trackingNumber": package.tracking_number,
            "shipDate": _time_text(package.ship_date),
            "orderItems": [{"orderItemId": item_id, "quantity": quantity} for item_id, quantity in package.items],
        }
        if package.carrier_name:
            detail["carrierName"] = package.carrier_name
        if package.shipping_method:
            detail["shippingMethod"] = package.shipping_method
        body = {"marketplaceId": marketplace_id, "packageDetail": detail}
        try:
            self._connection.call(CONFIRM_SHIPMENT, path={"order_id": order_id}, body=body)
        except RemoteError as error:
            if "PackageToUpdateNotFound" not in f"{error.code} {error.message}":
                raise
            shown = {plain_tracking(parcel.tracking_number) for parcel in self.get_order(order_id).packages}
            if plain_tracking(package.tracking_number) not in shown:
                raise

    def cancel_order(self, order_id: str, reason_code: str) -> None:
        """Ask for the cancellation of a whole order, where Amazon has this operation. Raises RemoteError.

        reason_code: NO_INVENTORY, BUYER_CANCELLED, SHIPPING_ADDRESS_UNDELIVERABLE, CUSTOMER_EXCHANGE or PRICING_ERROR.
        """
        self._connection.call(CANCEL_ORDER, path={"order_id": order_id}, body={"cancelReasonCode": reason_code})

    def marketplace_participations(self) -> frozenset[str]:
        """The ids of the marketplaces in which the seller takes part. Raises RemoteError."""
        answer = self._connection.call(PARTICIPATIONS)
        return _read(
            PARTICIPATIONS,
            answer,
            lambda body: frozenset(
                str(entry["marketplace"]["id"])
                for entry in body["payload"]
                if entry["participation"]["isParticipating"] is True
            ),
        )

    # Feeds

    def submit_feed(self, content: FeedContent, marketplace_ids: Sequence[str]) -> str:
        """Upload the content and queue it; gives the feed's id. Raises RemoteError."""
        target = self.create_feed_document(content.content_type)
        self.upload(target.url, content.content_type, content.body)
        return self.create_feed(content.feed_type, target.document_id, marketplace_ids)

    def create_feed_document(self, content_type: str) -> UploadTarget:
        """A document to upload to, with exactly this content type. Raises RemoteError."""
        answer = self._connection.call(CREATE_FEED_DOCUMENT, body={"contentType": content_type})
        return _read(
            CREATE_FEED_DOCUMENT, answer, lambda body: UploadTarget(str(body["feedDocumentId"]), str(body["url"]))
        )

    def upload(self, url: str, content_type: str, content: bytes) -> None:
        """Fill a document. Raises RemoteError."""
        self._connection.transfer(UPLOAD, url, content=content, content_type=content_type)

    def create_feed(self, feed_type: str, document_id: str, marketplace_ids: Sequence[str]) -> str:
        """Queue a feed over an uploaded document; gives its id. Raises RemoteError."""
        body = {
            "feedType": feed_type,
            "marketplaceIds": list(marketplace_ids),
            "inputFeedDocumentId": document_id,
        }
        answer = self._connection.call(CREATE_FEED, body=body)
        return _read(CREATE_FEED, answer, lambda body: str(body["feedId"]))

    def get_feed(self, feed_id: str) -> FeedStatus:
        """How far a feed is. Raises RemoteError."""
        answer = self._connection.call(GET_FEED, path={"feed_id": feed_id})
        return _read(
            GET_FEED,
            answer,
            lambda body: FeedStatus(
                str(body["feedId"]), str(body["processingStatus"]), body.get("resultFeedDocumentId") or None
            ),
        )

    def get_feed_document(self, document_id: str) -> bytes:
        """The content of a document, unpacked. Raises RemoteError."""
        answer = self._connection.call(GET_FEED_DOCUMENT, path={"document_id": document_id})
        url, packed = _read(
            GET_FEED_DOCUMENT, answer, lambda body: (str(body["url"]), body.get("compressionAlgorithm") == "GZIP")
        )
        content = self._connection.transfer(DOWNLOAD, url)
        return _unpack(content) if packed else content


def _search_query(
    marketplace_ids: Sequence[str], updated: datetime | None, created: datetime | None, page_size: int
) -> dict[str, str]:
    since = updated or created
    if since is None or (updated is not None and created is not None):
        raise ValueError("either last_updated_after or created_after, and not both")
    # No *Before: Amazon chooses it and says which it took, so our clock cannot break the two-minute rule.
    return {
        "marketplaceIds": ",".join(marketplace_ids),
        "lastUpdatedAfter" if updated else "createdAfter": _time_text(since),
        "includedData": ",".join(INCLUDED_DATA),
        "maxResultsPerPage": str(page_size),
    }


def _time_text(when: datetime) -> str:
    """UTC in whole seconds, rounded down; an offset in place of Z would have to be escaped (amazon-sp-api 1.8)."""
    return when.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _read(operation: Operation, answer: Answer, read: Callable[[dict[str, Any]], T]) -> T:
    """What `read` makes of a 2xx answer; one that is not what it should be counts as no answer."""
    try:
        return read(_without_errors(answer.json()))
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        raise operation.failed(
            "The answer is not what Amazon is known to send.", status=answer.status, request_id=answer.request_id
        ) from error


def _without_errors(body: dict[str, Any]) -> dict[str, Any]:
    if body.get("errors"):
        raise ValueError("errors in a successful answer")
    return body


def _object(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise TypeError("not a JSON object")
    return value


def _not_taken(code: str, message: str, answer: Answer) -> RemoteError:
    return GET_ORDER.failed(
        message, verdict=Verdict.PERMANENT, status=answer.status, code=code, request_id=answer.request_id
    )


def _page(body: dict[str, Any], query: dict[str, str], request_id: str | None) -> OrderPage:
    orders = body["orders"]
    if not isinstance(orders, list):
        raise TypeError("orders is not a list")
    snapshots: list[OrderSnapshot] = []
    unreadable: list[wire.Unreadable] = []
    skipped = 0
    for order in orders:
        try:
            snapshot = wire.snapshot(order)
        except wire.Unreadable as error:
            unreadable.append(error)
            continue
        if snapshot is None:
            skipped += 1
        else:
            snapshots.append(snapshot)
    updated, created = body.get("lastUpdatedBefore"), body.get("createdBefore")
    return OrderPage(
        snapshots=tuple(snapshots),
        query=query,
        next_token=(body.get("pagination") or {}).get("nextToken") or None,
        unreadable=tuple(unreadable),
        skipped=skipped,
        last_updated_before=wire.moment(updated) if updated else None,
        created_before=wire.moment(created) if created else None,
        request_id=request_id,
    )


def _unpack(content: bytes) -> bytes:
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(content)) as packed:
            unpacked = packed.read(MAX_ANSWER + 1)
    except (EOFError, OSError, zlib.error) as error:
        raise DOWNLOAD.failed("The document is not packed as Amazon says it is.") from error
    if not content or len(unpacked) > MAX_ANSWER:
        raise DOWNLOAD.failed("The document is empty or too large.")
    return unpacked
