"""What a merchant asks of one order beyond its import."""

from __future__ import annotations

from typing import Any

from flask import Response

from bridge import queries
from bridge.api.blueprint import caller, runtime
from bridge.api.orders import blp
from bridge.api.schemas import order_changes as shapes
from bridge.api.schemas.jobs import JobRunSchema
from bridge.api.stores import LOCATION, started
from bridge.keys import Scope
from bridge.sync.cancel import request_cancel

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
    with runtime().db.session() as session:
        order = queries.find_order(session, order_id, caller().store_ids)
        request_cancel(session, order, values["reason"], runtime().now())
        store_id = order.store_id
    return started("confirm", store_id)
