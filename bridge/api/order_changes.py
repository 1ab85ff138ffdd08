"""What a merchant asks of one order beyond its import."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Any

from flask import Response

from bridge import queries, sync, trail
from bridge.api.blueprint import caller, demand_version, reply_versioned, runtime
from bridge.api.orders import blp
from bridge.api.schemas import order_changes as shapes
from bridge.api.schemas.jobs import JobRunSchema
from bridge.api.schemas.orders import AddressSchema
from bridge.api.stores import ETAG, IF_MATCH, LOCATION, started
from bridge.domain.order import Address
from bridge.domain.states import ImportState
from bridge.errors import NotFound
from bridge.jobs.run import start_job
from bridge.keys import Scope
from bridge.models import Order
from bridge.sync.address import address_version, edit_address, lock_order

__all__ = ["blp"]  # with the routes below on it


@blp.operation(
    "POST",
    "/orders/<id:order_id>/cancel",
    "cancelOrder",
    scope=Scope.ORDERS_WRITE,
    body=shapes.CancelOrder,
    answer=JobRunSchema,
    status=202,
    errors=(409,),
    headers=LOCATION,
)
def cancel_order(values: dict[str, Any], order_id: int) -> Response:
    """Cancel an unshipped order on Amazon

    It shows Canceled once Amazon itself does, and is canceled in Commerce after that. Until then, and when Amazon
    refuses, `outgoing` of the order tells how far it is. 409 `not_cancelable`: only Unshipped orders that the merchant
    ships; `cancellation_requested`: it was asked for already.
    """
    return _told_to_amazon(order_id, partial(sync.cancel.request_cancel, reason=values["reason"]))


@blp.operation(
    "POST",
    "/orders/<id:order_id>/confirm",
    "confirmShipments",
    scope=Scope.ORDERS_WRITE,
    answer=JobRunSchema,
    status=202,
    errors=(409,),
    headers=LOCATION,
)
def confirm_shipments(order_id: int) -> Response:
    """Confirm an order's shipments to Amazon again

    Those that Amazon has refused, and those that wait for their next attempt, are sent at once. 409
    `nothing_to_confirm`: Amazon has taken all of it, or nothing was shipped.
    """
    return _told_to_amazon(order_id, sync.confirm.request_confirmation)


def _told_to_amazon(order_id: int, change: Callable[[Order, datetime], None]) -> Response:
    """Have the caller's order changed so, and the job started that tells Amazon."""
    with runtime().db.session() as session:
        order = queries.find_order(session, order_id, caller().store_ids)
        change(order, runtime().now())
        store_id = order.store_id
    return started("confirm", store_id)


@blp.operation(
    "GET",
    "/orders/<id:order_id>/shipping-address",
    "getShippingAddress",
    scope=Scope.ORDERS_READ,
    answer=AddressSchema,
    headers=ETAG,
)
def get_shipping_address(order_id: int) -> Response:
    """Show where an order's parcel goes

    As the merchant wrote it, else as Amazon sent it. 404 while there is neither.
    """
    with runtime().db.reading() as session:
        order = queries.find_order(session, order_id, caller().store_ids)
        answer = _address(order)
    trail.record_reading(runtime().db, "order.read", order_id, order.store_id)
    return answer


@blp.operation(
    "PUT",
    "/orders/<id:order_id>/shipping-address",
    "saveShippingAddress",
    scope=Scope.ORDERS_WRITE,
    body=shapes.AddressChange,
    answer=AddressSchema,
    errors=(409, 412, 428),
    headers=ETAG,
    doc=IF_MATCH,
)
def save_shipping_address(values: dict[str, Any], order_id: int) -> Response:
    """Change where an order's parcel goes

    Only while the order is not in Commerce (409 `already_imported` afterwards). It stands in place of whatever Amazon
    sends later, and an order that waits for it is looked at again at once. Where there is no address yet, send
    `If-Match: "none"`.
    """
    with runtime().db.session() as session:
        order = queries.find_order(session, order_id, caller().store_ids)
        lock_order(session, order)
        demand_version(_version(order))
        edit_address(order, Address(**{**values, "lines": tuple(values["lines"])}), runtime().now())
    if order.import_state in (ImportState.READY, ImportState.BLOCKED):
        start_job(runtime(), "import", order.store_id, "api")
    return _address(order)


def _version(order: Order) -> str:
    return address_version(order) if queries.shipping_address(order) else "none"


def _address(order: Order) -> Response:
    address = queries.shipping_address(order)
    if address is None:
        raise NotFound(f"There is no address of order {order.id}.")
    return reply_versioned(address, _version(order))
