"""Notifications v1: destinations and subscriptions, and the sending of ORDER_CHANGE to a queue, as badly as wanted."""

from __future__ import annotations

import ipaddress
import json
import random
import re
import uuid
from collections import Counter
from collections.abc import Callable
from datetime import datetime
from functools import cache
from typing import Any
from urllib.parse import urlsplit

from bridge.sandbox.amounts import Json
from bridge.sandbox.order_change import order_change
from bridge.sandbox.refusal import Refusal, invalid

QUEUE_ARN = re.compile(r"arn:aws:sqs:[a-z0-9-]+:\d{12}:[A-Za-z0-9_-]+(\.fifo)?")
ORDER_CHANGE_TYPES = {"BuyerRequestedChange", "DeliveryTipChange", "OrderStatusChange"}

Send = Callable[[str, str], None]  # (the queue's ARN, the message); raises OSError when the queue does not take it


class Notifications:
    """Destinations belong to the application, subscriptions to (seller, notification type).

    send: how a message reaches a queue; None (the default): nothing is sent. lose, duplicate, reorder: the share of
    messages (0..1) that is never sent, sent twice, or sent only after the next one. announce_new: whether an order that
    was just placed counts as changed; Amazon does not say. counts: what was sent, lost, duplicated, reordered, refused.
    """

    def __init__(self, seed: str = "") -> None:
        self.destinations: dict[str, Json] = {}
        self.subscriptions: dict[tuple[str, str], Json] = {}
        self.send: Send | None = None
        self.lose = self.duplicate = self.reorder = 0.0
        self.announce_new = True
        self.counts: Counter[str] = Counter()
        self.rng = random.Random(f"notifications {seed}")  # noqa: S311 - play, not secrets
        self._held: list[tuple[str, str]] = []

    def __getstate__(self) -> dict[str, Any]:
        # A world can be kept in a file between runs; the way to the queue is the process's own.
        return self.__dict__ | {"send": None}

    def publish(self, order: Json, *, seller_id: str, change_type: str, now: datetime, new: bool = False) -> None:
        """Tell the seller's queue, if there is one, that the order changed."""
        subscription = self.subscriptions.get((seller_id, "ORDER_CHANGE"))
        if subscription is None or self.send is None or (new and not self.announce_new):
            return
        directive = subscription.get("processingDirective") or {}
        if change_type not in directive.get("eventFilter", {}).get("orderChangeTypes", ORDER_CHANGE_TYPES):
            return
        message = order_change(
            order,
            seller_id=seller_id,
            subscription_id=subscription["subscriptionId"],
            change_type=change_type,
            now=now,
            rng_bits=self.rng.getrandbits(128),
        )
        queue = self.destinations[subscription["destinationId"]]["resource"]["sqs"]["arn"]
        self._dispatch(queue, json.dumps(message))

    def _dispatch(self, queue: str, message: str) -> None:
        if self.rng.random() < self.lose:
            self.counts["lost"] += 1
            return
        copies = [(queue, message)]
        if self.rng.random() < self.duplicate:
            self.counts["duplicated"] += 1
            copies *= 2
        if self.rng.random() < self.reorder:
            self.counts["reordered"] += 1
            self._held += copies
            return
        for copy in copies:
            self._send(*copy)
        self.flush()

    def flush(self) -> None:
        """Send what is held back until the next message."""
        held, self._held = self._held, []
        for queue, message in held:
            self._send(queue, message)

    def _send(self, queue: str, message: str) -> None:
        if self.send is None:
            return
        try:
            self.send(queue, message)
        except OSError:  # the sandbox's Amazon, like the real one, does not stop for a seller's queue
            self.counts["refused"] += 1
        else:
            self.counts["sent"] += 1

    def create_destination(self, body: Json) -> Json:
        """A queue to send to, as createDestination answers it."""
        queue = (body.get("resourceSpecification") or {}).get("sqs")
        name = body.get("name")
        if not name or not isinstance(queue, dict) or not QUEUE_ARN.fullmatch(str(queue.get("arn"))):
            raise invalid("name and resourceSpecification.sqs.arn are required.")
        if any(known["resource"]["sqs"]["arn"] == queue["arn"] for known in self.destinations.values()):
            raise Refusal(409, "Conflict", "A destination for this resource exists already.")
        destination = {"name": name, "destinationId": str(uuid.uuid4()), "resource": {"sqs": {"arn": queue["arn"]}}}
        self.destinations[destination["destinationId"]] = destination
        return destination

    def create_subscription(self, seller_id: str, notification_type: str, body: Json) -> Json:
        """The seller's subscription, as createSubscription answers it."""
        if notification_type != "ORDER_CHANGE":
            raise invalid(f"notificationType {notification_type} is not supported here.")
        if body.get("payloadVersion") != "1.0" or body.get("destinationId") not in self.destinations:
            raise invalid("payloadVersion 1.0 and a known destinationId are required.")
        directive = body.get("processingDirective")
        if directive is not None and not _complete(directive):
            raise invalid("Unable to parse processingDirective.")
        if (seller_id, notification_type) in self.subscriptions:
            raise Refusal(409, "Conflict", "A subscription to this notification type exists already.")
        subscription = {"subscriptionId": str(uuid.uuid4()), **body}
        self.subscriptions[seller_id, notification_type] = subscription
        return subscription

    def subscription(self, seller_id: str, notification_type: str) -> Json:
        """The seller's subscription; refuses (404) when there is none."""
        try:
            return self.subscriptions[seller_id, notification_type]
        except KeyError:
            raise Refusal(404, "NotFound", f"There is no subscription to {notification_type}.") from None

    def delete_subscription(self, notification_type: str, subscription_id: str) -> None:
        """End a subscription of any seller (the operation is grantless); refuses (404) one that is not there."""
        for key, subscription in self.subscriptions.items():
            if key[1] == notification_type and subscription["subscriptionId"] == subscription_id:
                del self.subscriptions[key]
                return
        raise Refusal(404, "NotFound", f"There is no subscription {subscription_id}.")


def sqs_sender(endpoint: str) -> Send:
    """Sends to the queues of an SQS stand-in on this machine; raises ValueError for an endpoint elsewhere.

    Needs boto3 (ImportError). The credentials are made up: nothing of the sandbox's reaches AWS.
    """
    host = urlsplit(endpoint).hostname or ""
    if host != "localhost" and not ipaddress.ip_address(host).is_loopback:
        raise ValueError(f"{host} is not this machine")
    from botocore.config import Config  # noqa: PLC0415 - an extra
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415

    patience = Config(connect_timeout=2, read_timeout=2, retries={"total_max_attempts": 1})
    clients: dict[str, Any] = {}
    addresses: dict[str, str] = {}

    def send(queue: str, message: str) -> None:
        _, _, _, region, account, name = queue.split(":")
        try:
            if region not in clients:
                clients[region] = _aws().client("sqs", region_name=region, endpoint_url=endpoint, config=patience)
            if queue not in addresses:
                found = clients[region].get_queue_url(QueueName=name, QueueOwnerAWSAccountId=account)
                addresses[queue] = found["QueueUrl"]
            clients[region].send_message(QueueUrl=addresses[queue], MessageBody=message)
        except (BotoCoreError, ClientError) as error:
            raise ConnectionError(str(error)) from error

    return send


@cache
def _aws() -> Any:
    """One session: each would read anew what botocore knows of AWS."""
    import boto3  # noqa: PLC0415 - an extra

    return boto3.session.Session(aws_access_key_id="sandbox", aws_secret_access_key="sandbox")  # noqa: S106


def _complete(directive: Json) -> bool:
    # Half a directive is what Amazon cannot parse: a filter needs its type and known change types.
    event_filter = directive.get("eventFilter") if isinstance(directive, dict) else None
    if not isinstance(event_filter, dict) or event_filter.get("eventFilterType") != "ORDER_CHANGE":
        return False
    return set(event_filter.get("orderChangeTypes") or ()) <= ORDER_CHANGE_TYPES
