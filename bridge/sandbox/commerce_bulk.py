"""The routes of the asynchronous interface, for orders: accepted with a uuid, under which their outcome is read.

Other writes are not played asynchronously, nor is any in the cloud, where the paths are others (magento-rest 7).
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from bridge.sandbox.commerce_call import Call
from bridge.sandbox.commerce_errors import CommerceError


def accept_order(call: Call) -> Any:
    """POST /async/V1/orders: the body is checked at once, all else when the order is saved."""
    return call.shop.bulks.accept(call.view.id, [(0, call.sent("entity", "Order"), call.body)])


def accept_orders(call: Call) -> Any:
    """POST /async/bulk/V1/orders: a list of such bodies, refused as a whole; what is no object is passed over."""
    bodies = [(place, body) for place, body in enumerate(call.body.values()) if isinstance(body, dict)]
    orders = [(place, replace(call, body=body).sent("entity", "Order"), body) for place, body in bodies]
    return call.shop.bulks.accept(call.view.id, orders)


def detailed_status(call: Call) -> Any:
    """GET /V1/bulk/{bulkUuid}/detailed-status."""
    uuid = call.path["bulkUuid"]
    bulk = call.shop.bulks.by_uuid.get(uuid)
    if bulk is None:
        raise CommerceError(404, "Bulk uuid %bulkUuid not exist", {"bulkUuid": uuid})
    return bulk


_OPERATIONS: Final = "Magento_AsynchronousOperations::system_magento_logging_bulk_operations"
ROUTES: Final = (
    ("POST", "async/V1/orders", "Magento_Sales::create", accept_order),
    ("POST", "async/bulk/V1/orders", "Magento_Sales::create", accept_orders),
    ("GET", "bulk/{bulkUuid}/detailed-status", _OPERATIONS, detailed_status),
)
