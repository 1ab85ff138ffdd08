"""Notifications v1: having ORDER_CHANGE sent to our queue, and reading what arrives there (amazon-sp-api 4)."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from bridge.amazon.connection import Answer, Connection, Operation
from bridge.errors import RemoteError, Verdict

T = TypeVar("T")

ORDER_CHANGE = "ORDER_CHANGE"
PAYLOAD_VERSION = "1.0"
DESTINATION_NAME = "amazon-order-bridge"

_SCOPE = "sellingpartnerapi::notifications"
_BASE = "/notifications/v1"
GET_DESTINATIONS = Operation("getDestinations", "GET", f"{_BASE}/destinations", scope=_SCOPE)
CREATE_DESTINATION = Operation("createDestination", "POST", f"{_BASE}/destinations", scope=_SCOPE)
# A second destination for a queue, and a second subscription, are refused by Amazon (409): asking twice does no harm.
GET_SUBSCRIPTION = Operation("getSubscription", "GET", f"{_BASE}/subscriptions/{{kind}}")
CREATE_SUBSCRIPTION = Operation("createSubscription", "POST", f"{_BASE}/subscriptions/{{kind}}")


class Unreadable(Exception):
    """A message that is no ORDER_CHANGE notification; the text names what is wrong, never what the message holds."""

    def __init__(self, reason: str, notification_id: str | None = None) -> None:
        super().__init__(reason)
        self.notification_id = notification_id


@dataclass(frozen=True, slots=True)
class OrderChange:
    """That something of an order changed. What changed is not taken from here: the order is read instead."""

    notification_id: str
    seller_id: str
    marketplace_id: str
    order_id: str


_ID = re.compile(r"[A-Za-z0-9._:-]{1,128}")
_SHORT_ID = re.compile(r"[A-Za-z0-9-]{1,32}")


def read_order_change(body: str) -> OrderChange:
    """The fields that we use, checked; all others are left alone, known or not. Raises Unreadable.

    Both OrderLevel and OrderItemLevel are taken, and every payload version that still holds these fields.
    """
    try:
        message = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Unreadable("not JSON") from error
    notification_id = _id_of(message)
    try:
        if message["NotificationType"] != ORDER_CHANGE:
            raise Unreadable(f"not an {ORDER_CHANGE}", notification_id)
        change = message["Payload"]["OrderChangeNotification"]
        return OrderChange(
            notification_id=_checked(message["NotificationMetadata"]["NotificationId"], "NotificationId", _ID),
            seller_id=_checked(change["SellerId"], "SellerId", _SHORT_ID),
            marketplace_id=_checked(change["Summary"]["MarketplaceId"], "MarketplaceId", _SHORT_ID),
            order_id=_checked(change["AmazonOrderId"], "AmazonOrderId", _SHORT_ID),
        )
    except KeyError as error:
        raise Unreadable(f"{error.args[0]} is missing", notification_id) from error
    except ValueError as error:
        raise Unreadable(f"{error} is no id", notification_id) from error
    except TypeError as error:
        raise Unreadable("not the objects that it should hold", notification_id) from error


def _id_of(message: Any) -> str | None:
    try:
        return _checked(message["NotificationMetadata"]["NotificationId"], "NotificationId", _ID)
    except (LookupError, TypeError, ValueError):
        return None


def _checked(value: Any, name: str, form: re.Pattern[str]) -> str:
    if not isinstance(value, str) or not form.fullmatch(value):
        raise ValueError(name)
    return value


class Notifications:
    """What one seller account has sent where. Every failure is a RemoteError."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def destinations(self) -> dict[str, str]:
        """The application's queues: destination id -> ARN."""
        return _read(GET_DESTINATIONS, self._connection.call(GET_DESTINATIONS), _queues)

    def create_destination(self, arn: str) -> str:
        """Make the queue a destination; gives its id. Amazon refuses (409) a queue that is one already."""
        body = {"name": DESTINATION_NAME, "resourceSpecification": {"sqs": {"arn": arn}}}
        answer = self._connection.call(CREATE_DESTINATION, body=body)
        return _read(CREATE_DESTINATION, answer, _destination_id)

    def subscribed_to(self) -> str | None:
        """The destination id of the seller's subscription to ORDER_CHANGE; None when there is none."""
        try:
            answer = self._connection.call(GET_SUBSCRIPTION, path={"kind": ORDER_CHANGE})
        except RemoteError as error:
            if error.status == 404:
                return None
            raise
        return _read(GET_SUBSCRIPTION, answer, _destination_id)

    def subscribe(self, destination_id: str) -> None:
        """Have the seller's ORDER_CHANGE sent to the destination.

        No processingDirective: it would choose among the three types of change, and all three are wanted.
        """
        body = {"payloadVersion": PAYLOAD_VERSION, "destinationId": destination_id}
        self._connection.call(CREATE_SUBSCRIPTION, path={"kind": ORDER_CHANGE}, body=body)

    def ensure(self, arn: str, *, create: bool = True) -> str:
        """See that ORDER_CHANGE goes to this queue; what was found or done, in words for the operator.

        A subscription that is there is found, not doubled; one to another queue is somebody's and is left alone
        (RemoteError, PERMANENT). create: whether a missing one is made.
        """
        held = self.subscribed_to()
        queues = self.destinations()
        if held is not None:
            if queues.get(held) == arn:
                return "Changes of orders are sent to our queue."
            raise _not_ours("The seller's ORDER_CHANGE notifications are sent to another queue than ours.")
        if not create:
            raise _not_ours(
                "The seller's ORDER_CHANGE notifications are sent nowhere; in read-only mode this stays so."
            )
        try:
            ours = [destination_id for destination_id, queue in queues.items() if queue == arn]
            self.subscribe(ours[0] if ours else self.create_destination(arn))
        except RemoteError as error:
            if error.status == 409:  # another process was first
                return self.ensure(arn, create=False)
            raise
        return "Changes of orders are sent to our queue from now on."


def _not_ours(message: str) -> RemoteError:
    return GET_SUBSCRIPTION.failed(message, verdict=Verdict.PERMANENT, code="NotSubscribed")


def _read(operation: Operation, answer: Answer, read: Callable[[Any], T]) -> T:
    """What `read` makes of a 2xx answer's payload; one that is not what it should be counts as no answer."""
    try:
        return read(answer.json()["payload"])
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        raise operation.failed(
            "The answer is not what Amazon is known to send.", status=answer.status, request_id=answer.request_id
        ) from error


def _destination_id(payload: Any) -> str:
    return _checked(payload["destinationId"], "destinationId", _ID)


def _queues(payload: Any) -> dict[str, str]:
    """Those that are no queues (EventBridge) are left out."""
    queues = {_destination_id(each): (each["resource"].get("sqs") or {}).get("arn") for each in payload}
    return {destination_id: str(arn) for destination_id, arn in queues.items() if arn}
