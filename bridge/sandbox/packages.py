"""confirmShipment's effect on an order: packages by reference, quantities per item, the order's status.

Rules from Amazon's model and from what sellers met in production: the reference is a positive number in a string, the
same reference edits, a new one on an order with nothing left to ship is PackageToUpdateNotFound, FBA is refused.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from bridge.sandbox.amounts import Json
from bridge.sandbox.order_json import parse_time, text_time
from bridge.sandbox.refusal import Refusal, invalid


def confirm(order: Json, body: Json, *, now: datetime) -> None:
    """Apply confirmShipment's body to the order, or raise Refusal; a refused order may be half changed: pass a copy."""
    detail = _detail(order, body)
    if order["fulfillment"].get("fulfilledBy") != "MERCHANT":
        raise invalid("Shipment of an order that is fulfilled by Amazon cannot be confirmed by the seller.")
    if "FBM_SHIP_PLUS" in order.get("programs", ()):
        raise invalid("Shipment of an FBM Ship+ order is confirmed by its label.")
    if order["fulfillment"]["fulfillmentStatus"] not in ("UNSHIPPED", "PARTIALLY_SHIPPED", "SHIPPED"):
        raise invalid(f"Order {order['orderId']} is {order['fulfillment']['fulfillmentStatus']} and cannot be shipped.")
    for item in order["orderItems"]:
        quantities = item.setdefault("fulfillment", {})
        quantities.setdefault("quantityFulfilled", 0)
        quantities.setdefault("quantityUnfulfilled", item["quantityOrdered"] - quantities["quantityFulfilled"])
    items = {item["orderItemId"]: item for item in order["orderItems"]}
    packages: list[Json] = order.setdefault("packages", [])
    reference = detail["packageReferenceId"]
    former = next((package for package in packages if package["packageReferenceId"] == reference), None)
    if former is None and not any(item["fulfillment"]["quantityUnfulfilled"] for item in items.values()):
        raise Refusal(400, "PackageToUpdateNotFound", "Unable to find package to update.")
    for content in former.get("packageItems", ()) if former else ():
        _move(items[content["orderItemId"]], -content["quantity"])
    for content in detail["orderItems"]:
        _ship(items, content)
    created = former.get("createdTime", text_time(now)) if former else text_time(now)
    package = _package(detail, created)
    if former is None:
        packages.append(package)
    else:
        packages[packages.index(former)] = package
    order["fulfillment"]["fulfillmentStatus"] = _status(order)


def _detail(order: Json, body: Json) -> Json:
    if not isinstance(body, dict) or not isinstance(detail := body.get("packageDetail"), dict):
        raise invalid("packageDetail is missing.")
    if body.get("marketplaceId") != order["salesChannel"].get("marketplaceId"):
        raise invalid(f"marketplaceId {body.get('marketplaceId')} is not the marketplace of the order.")
    if not re.fullmatch(r"0*[1-9][0-9]*", _text(detail, "packageReferenceId")):
        raise invalid("PackageReferenceId must be a positive numeric value.")
    for name in ("carrierCode", "trackingNumber", "shipDate"):
        if not _text(detail, name):
            raise invalid(f"{name} is missing.")
    if detail["carrierCode"] == "Other" and not _text(detail, "carrierName"):
        raise invalid("carrierName is required when carrierCode is Other.")
    try:
        parse_time(detail["shipDate"])
    except ValueError:
        raise invalid("shipDate is not an ISO 8601 date.") from None
    if not isinstance(detail.get("orderItems"), list) or not detail["orderItems"]:
        raise invalid("orderItems is missing.")
    return detail


def _text(detail: Json, name: str) -> str:
    value: Any = detail.get(name)
    return value.strip() if isinstance(value, str) else ""


def _ship(items: dict[str, Json], content: Json) -> None:
    if not isinstance(content, dict):
        raise invalid("orderItems holds something that is not an object.")
    item_id = content.get("orderItemId")
    quantity = content.get("quantity")
    if item_id not in items:
        raise invalid(f"OrderItem {item_id} does not belong to the order.")
    if not isinstance(quantity, int) or isinstance(quantity, bool) or quantity < 1:
        raise invalid("quantity must be a positive integer.")
    if quantity > items[item_id]["fulfillment"]["quantityUnfulfilled"]:
        raise invalid(f"Quantity {quantity} of OrderItem {item_id} is more than is left to ship.")
    _move(items[item_id], quantity)


def _move(item: Json, quantity: int) -> None:
    item["fulfillment"]["quantityFulfilled"] += quantity
    item["fulfillment"]["quantityUnfulfilled"] -= quantity


def _package(detail: Json, created: str) -> Json:
    package: Json = {
        "packageReferenceId": detail["packageReferenceId"],
        "createdTime": created,
        "packageStatus": {"status": "SHIPPED"},
        "carrier": detail.get("carrierName") or detail["carrierCode"],
        "shipTime": text_time(parse_time(detail["shipDate"])),
        "trackingNumber": detail["trackingNumber"],
        "packageItems": [
            {key: content[key] for key in ("orderItemId", "quantity", "transparencyCodes") if key in content}
            for content in detail["orderItems"]
        ],
    }
    if detail.get("shippingMethod"):
        package["shippingService"] = detail["shippingMethod"]
    return package


def _status(order: Json) -> str:
    if any(item["fulfillment"]["quantityUnfulfilled"] for item in order["orderItems"]):
        shipped = any(item["fulfillment"]["quantityFulfilled"] for item in order["orderItems"])
        return "PARTIALLY_SHIPPED" if shipped else "UNSHIPPED"
    return "SHIPPED"
