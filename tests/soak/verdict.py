"""What differs between the bridge's table, Amazon and the shop once nothing is due any more."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator
from decimal import Decimal
from typing import Any

from sqlalchemy import select

from bridge.db import Database
from bridge.models import Order, OutgoingChange
from bridge.sandbox.order_json import parse_time
from bridge.sandbox.world import World
from tests.stage import START, US

STATUSES = {
    "PENDING_AVAILABILITY": "PendingAvailability",
    "PENDING": "Pending",
    "UNSHIPPED": "Unshipped",
    "PARTIALLY_SHIPPED": "PartiallyShipped",
    "SHIPPED": "Shipped",
    "CANCELLED": "Canceled",
    "UNFULFILLABLE": "Unfulfillable",
}
IMPORTABLE = {"MERCHANT": ("UNSHIPPED", "PARTIALLY_SHIPPED", "SHIPPED"), "AMAZON": ("SHIPPED",)}


def differences(world: World, db: Database, marketplace_ids: Collection[str]) -> list[str]:
    """Everything that is not as it must be, in sentences; empty when all is well."""
    with db.reading() as session:
        rows = list(session.scalars(select(Order)))
        pending = list(session.execute(select(OutgoingChange.kind, OutgoingChange.state, OutgoingChange.last_error)))
    found = list(_in_table(world, rows, marketplace_ids))
    for order_id, order in world.marketplace.orders.items():
        if parse_time(order["createdTime"]) >= START and order["salesChannel"]["marketplaceId"] == US:
            found += _in_shop(world, order_id, order)
    found += [f"{kind} is {state}: {error}" for kind, state, error in pending if state not in ("done", "refused")]
    if world.marketplace.throttled:
        found.append(f"429s that we caused: {dict(world.marketplace.throttled)}")
    return found


def _in_table(world: World, rows: list[Order], marketplace_ids: Collection[str]) -> Iterator[str]:
    """Every order created after the integration is there once, as Amazon shows it, and no other one."""
    ours = {
        order_id: order
        for order_id, order in world.marketplace.orders.items()
        if parse_time(order["createdTime"]) >= START and order["salesChannel"]["marketplaceId"] in marketplace_ids
    }
    for order_id, times in Counter(row.amazon_order_id for row in rows).items():
        if times > 1:
            yield f"{order_id} is there {times} times"
        if order_id not in ours:
            yield f"{order_id} is there and should not be"
    held = {row.amazon_order_id: row for row in rows}
    for order_id, order in ours.items():
        row = held.get(order_id)
        if row is None:
            yield f"{order_id} ({world.marketplace.status(order_id)}) is missing"
        elif row.amazon_status.value != STATUSES[world.marketplace.status(order_id)]:
            yield f"{order_id} is {row.amazon_status}, on Amazon {world.marketplace.status(order_id)}"
        elif row.last_update_date != parse_time(order["lastUpdatedTime"]):
            yield f"{order_id} is of {row.last_update_date}, on Amazon of {order['lastUpdatedTime']}"


def _in_shop(world: World, order_id: str, order: dict[str, Any]) -> Iterator[str]:
    """One Commerce order for what can be imported, at Amazon's total, with its shipments known to Amazon."""
    status, orders = world.marketplace.status(order_id), world.shop.find_orders(ext_order_id=order_id)
    if len(orders) > 1:
        yield f"{order_id} is in Commerce {len(orders)} times"
    if not orders:
        if status in IMPORTABLE[order["fulfillment"]["fulfilledBy"]]:
            yield f"{order_id} ({status}) is not in Commerce"
        return
    shown = orders[0]
    if status == "CANCELLED":
        if shown["state"] != "canceled":
            yield f"{order_id} is cancelled, in Commerce {shown['state']}"
        return
    if status not in IMPORTABLE[order["fulfillment"]["fulfilledBy"]]:
        yield f"{order_id} ({status}) is in Commerce"
        return
    total = Decimal(order["proceeds"]["grandTotal"]["amount"])
    if Decimal(str(shown["grand_total"])) != total:
        yield f"{order_id} is worth {total}, in Commerce {shown['grand_total']}"
    if status == "SHIPPED" and shown["state"] != "complete":
        yield f"{order_id} is shipped, in Commerce {shown['state']}"
    yield from _parcels(world, order_id, order, int(shown["entity_id"]))


def _parcels(world: World, order_id: str, order: dict[str, Any], entity_id: int) -> Iterator[str]:
    packages = {package["packageReferenceId"]: package for package in order.get("packages", [])}
    for shipment in world.shop.shipments_of(entity_id):
        package = packages.get(str(shipment["entity_id"]))
        numbers = [track["track_number"] for track in shipment["tracks"]]
        if package is None:
            yield f"{order_id}: Amazon has no package for shipment {shipment['entity_id']}"
        elif numbers and package["trackingNumber"] != numbers[0]:
            yield f"{order_id}: package {package['trackingNumber']}, in Commerce {numbers}"
        pieces = sum(item["qty"] for item in shipment["items"])
        told = {p["trackingNumber"] for p in packages.values()}
        if missing := [number for number in numbers[: int(pieces)] if number not in told]:
            yield f"{order_id}: Amazon was not told of {missing}"
