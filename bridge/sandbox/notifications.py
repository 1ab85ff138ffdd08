"""Notifications v1, as far as a seller's set-up goes: destinations and subscriptions are kept, nothing is sent."""

from __future__ import annotations

import re
import uuid

from bridge.sandbox.amounts import Json
from bridge.sandbox.refusal import Refusal, invalid

QUEUE_ARN = re.compile(r"arn:aws:sqs:[a-z0-9-]+:\d{12}:[A-Za-z0-9_-]+(\.fifo)?")
ORDER_CHANGE_TYPES = {"BuyerRequestedChange", "DeliveryTipChange", "OrderStatusChange"}


class Notifications:
    """Destinations belong to the application, subscriptions to (seller, notification type)."""

    def __init__(self) -> None:
        self.destinations: dict[str, Json] = {}
        self.subscriptions: dict[tuple[str, str], Json] = {}

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


def _complete(directive: Json) -> bool:
    # Half a directive is what Amazon cannot parse: a filter needs its type and known change types.
    event_filter = directive.get("eventFilter") if isinstance(directive, dict) else None
    if not isinstance(event_filter, dict) or event_filter.get("eventFilterType") != "ORDER_CHANGE":
        return False
    return set(event_filter.get("orderChangeTypes") or ()) <= ORDER_CHANGE_TYPES
