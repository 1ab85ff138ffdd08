"""The ORDER_CHANGE notification of an order, in Amazon's form: PascalCase and the words of the Orders API v0."""

from __future__ import annotations

import uuid
from datetime import datetime

from bridge.sandbox.amounts import Json
from bridge.sandbox.order_json import text_time

APPLICATION_ID = "amzn1.sellerapps.app.sandbox"
# fulfillmentStatus -> the notification's OrderStatus
STATUSES = {
    "PENDING_AVAILABILITY": "PendingAvailability",
    "PENDING": "Pending",
    "UNSHIPPED": "Unshipped",
    "PARTIALLY_SHIPPED": "PartiallyShipped",
    "SHIPPED": "Shipped",
    "CANCELLED": "Canceled",
    "UNFULFILLABLE": "Unfulfillable",
    "INVOICE_UNCONFIRMED": "InvoiceUnconfirmed",
}
PROGRAMS = {"AMAZON_BUSINESS": "Business", "PRIME": "Prime", "PREMIUM": "Premium", "INVOICE_BY_AMAZON": "IBA"}
REASONS = {"BuyerRequestedChange": "Buyer Requested Cancel", "DeliveryTipChange": "Delivery Tip Changed"}


def order_change(
    order: Json, *, seller_id: str, subscription_id: str, change_type: str, now: datetime, rng_bits: int
) -> Json:
    """The whole message; rng_bits (128) make its NotificationId."""
    when = text_time(now)
    change = {
        "NotificationLevel": "OrderLevel",
        "SellerId": seller_id,
        "AmazonOrderId": order["orderId"],
        "OrderChangeType": change_type,
        "OrderChangeTrigger": {
            "TimeOfOrderChange": order["lastUpdatedTime"],
            "ChangeReason": REASONS.get(change_type, "Order Status Changed"),
        },
        "Summary": _summary(order),
    }
    return {
        "NotificationVersion": "1.0",
        "NotificationType": "ORDER_CHANGE",
        "PayloadVersion": "1.0",
        "EventTime": when,
        "Payload": {"OrderChangeNotification": change},
        "NotificationMetadata": {
            "ApplicationId": APPLICATION_ID,
            "SubscriptionId": subscription_id,
            "PublishTime": when,
            "NotificationId": str(uuid.UUID(int=rng_bits, version=4)),
        },
    }


def _summary(order: Json) -> Json:
    fulfillment = order.get("fulfillment", {})
    status = fulfillment.get("fulfillmentStatus")
    items = [_item(item) for item in order["orderItems"]]
    address = order.get("recipient", {}).get("deliveryAddress", {})
    shipped = sum(item["QuantityShipped"] for item in items)
    summary = {
        "MarketplaceId": order["salesChannel"].get("marketplaceId", ""),
        "OrderStatus": STATUSES.get(status, "Pending"),
        "PurchaseDate": order["createdTime"],
        "DestinationPostalCode": address.get("postalCode"),
        "FulfillmentType": "AFN" if fulfillment.get("fulfilledBy") == "AMAZON" else "MFN",
        "OrderType": "Preorder" if status == "PENDING_AVAILABILITY" else "StandardOrder",
        "OrderItems": items,
        "NumberOfItemsShipped": shipped,
        "NumberOfItemsUnshipped": sum(item["Quantity"] for item in items) - shipped,
        "OrderPrograms": [PROGRAMS[name] for name in order.get("programs", ()) if name in PROGRAMS],
    }
    for name, window, end in (
        ("EarliestShipDate", "shipByWindow", "earliestDateTime"),
        ("LatestShipDate", "shipByWindow", "latestDateTime"),
        ("EarliestDeliveryDate", "deliverByWindow", "earliestDateTime"),
        ("LatestDeliveryDate", "deliverByWindow", "latestDateTime"),
    ):
        if fulfillment.get(window, {}).get(end):
            summary[name] = fulfillment[window][end]
    return summary


def _item(item: Json) -> Json:
    shipped = int(item.get("fulfillment", {}).get("quantityFulfilled") or 0)
    request = item.get("cancellation", {}).get("cancellationRequest", {})
    return {
        "OrderItemId": item["orderItemId"],
        "SellerSKU": item["product"].get("sellerSku", ""),
        "SupplySourceId": None,
        "OrderItemStatus": "Shipped" if shipped >= item["quantityOrdered"] else "Unshipped",
        "Quantity": item["quantityOrdered"],
        "QuantityShipped": shipped,
        "IsBuyerRequestedCancel": request.get("requester") == "BUYER",
    }
