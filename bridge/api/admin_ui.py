"""What an Adobe Commerce admin asks through the Admin UI SDK: an app's worker forwards it here with an API key."""

from __future__ import annotations

from typing import Any

from flask import Blueprint as PlainBlueprint
from flask import Response, current_app, render_template

from bridge import admin_ui, trail
from bridge.api.blueprint import Blueprint, caller, reply, runtime
from bridge.api.schemas import admin_ui as shapes
from bridge.errors import InvalidInput, NotFound
from bridge.jobs.run import start_job
from bridge.keys import Scope
from bridge.models import Order

blp = Blueprint(
    "Commerce admin",
    __name__,
    url_prefix="/api/v1/admin-ui",
    description="What Adobe Commerce's own order grid shows of Amazon orders (Admin UI SDK, commerce/backend-ui/2).",
)
_COLUMN_VALUES = {
    "type": "object",
    "additionalProperties": {"type": "object", "additionalProperties": {"type": "string"}},
    "description": 'By order number; "*" holds for every order that is not named.',
    "examples": [
        {
            "000000042": {
                "amazon_order_id": "114-3941689-8772232",
                "amazon_status": "Unshipped",
                "amazon_channel": "FBM",
                "amazon_note": "Created in Commerce as order #000000042.",
            },
            "*": {"amazon_order_id": "", "amazon_status": "", "amazon_channel": "", "amazon_note": ""},
        }
    ],
}


@blp.operation(
    "POST",
    "/order-grid-columns",
    "adminUiOrderGridColumns",
    scope=Scope.ORDERS_READ,
    body=shapes.AdminUiGridRequest,
    answer=_COLUMN_VALUES,
    once=False,
)
def order_grid_columns(values: dict[str, Any]) -> Response:
    """Show Amazon's number and status in the Commerce admin's order grid

    Declare the columns `amazon_order_id`, `amazon_status`, `amazon_channel` and `amazon_note`, all of the type string,
    and forward Commerce's request as it is. Orders that are none of Amazon's, or of stores that the key is not for,
    have the values of `*`. Give each shop a key that is bound to its stores: a number that two shops have is not shown.
    """
    with runtime().db.reading() as session:
        return reply(admin_ui.grid_columns(session, values["ids"], caller().store_ids))


@blp.operation(
    "POST",
    "/order-view-button",
    "adminUiOrderViewButton",
    scope=Scope.ORDERS_WRITE,
    body=shapes.AdminUiButtonRequest,
    answer=shapes.AdminUiMessageSchema,
    errors=(404,),
    once=False,
)
def order_view_button(values: dict[str, Any]) -> Response:
    """Send what waits for an order, from a button on it

    For a button of the type worker. Tells Amazon of the order's shipments and Commerce of what Amazon shows, at once
    rather than with the next run of the jobs. An error has `message`, as the SDK wants it.
    """
    with runtime().db.reading() as session:
        found = admin_ui.orders_of(session, [values["order_id"]], caller().store_ids)
    if not found:
        raise NotFound("This order does not come from Amazon.")
    return _hurried(list(found.values()))


@blp.operation(
    "POST",
    "/mass-action",
    "adminUiMassAction",
    scope=Scope.ORDERS_WRITE,
    body=shapes.AdminUiMassRequest,
    answer=shapes.AdminUiMessageSchema,
    errors=(404,),
    once=False,
)
def mass_action(values: dict[str, Any]) -> Response:
    """Send what waits for many orders, from the admin's order grid

    For a mass action of the type worker. What is selected and does not come from Amazon is passed over; 404 when that
    is all of it. The admin's grid holds orders that are in Commerce, so there is nothing to import among them.
    """
    chosen = [*values["selected_ids"], *values["ids"]]
    if not chosen or not all(each.isascii() and each.isdigit() for each in chosen):
        raise InvalidInput("No orders.", {"selectedIds": ["Name orders by their entity_id."]})
    with runtime().db.reading() as session:
        found = admin_ui.orders_of(session, [int(each) for each in chosen if len(each) < 19], caller().store_ids)
    if not found:
        raise NotFound("None of these orders comes from Amazon.")
    return _hurried(list(found.values()))


def _hurried(orders: list[Order]) -> Response:
    stores = sorted({order.store_id for order in orders})
    with runtime().db.session() as session:
        for order in orders:
            trail.record(session, "order.hurried", "order", order.id, store_id=order.store_id)
    for store_id in stores:
        for job in ("confirm", "complete"):
            start_job(runtime(), job, store_id, "api")
    count = "1 order" if len(orders) == 1 else f"{len(orders)} orders"
    return reply({"message": f"What waits for {count} is being sent."})


@blp.operation(
    "GET",
    "/orders/<id:commerce_order_id>",
    "adminUiOrder",
    scope=Scope.ORDERS_READ,
    answer=shapes.AdminUiOrderSchema,
)
def order_behind(commerce_order_id: int) -> Response:
    """Show which Amazon order is behind a Commerce order

    By the Commerce order's entity_id, which is what the admin's pages know.
    """
    with runtime().db.reading() as session:
        order = admin_ui.orders_of(session, [commerce_order_id], caller().store_ids).get(commerce_order_id)
    if order is None:
        raise NotFound("This order does not come from Amazon.")
    return reply(
        {
            "order_id": order.id,
            "store_id": order.store_id,
            "amazon_order_id": order.amazon_order_id,
            "status": order.status,
        }
    )


# What Commerce reads without a key while an extension is tried out (V1, "Enable local testing"); none of it holds data.
local = PlainBlueprint("admin_ui", __name__, template_folder="templates", static_folder=None)


@local.get("/api/v1/web/admin-ui-sdk/registration")
def registration() -> Response:
    """What the extension adds to the admin."""
    return reply(admin_ui.registration())


@local.get("/admin-ui/registry")
def registry() -> Response:
    """The address for "Local Server Base URL"."""
    return reply(admin_ui.registry(runtime().config.public_url))


@local.get("/admin-ui/index.html")
def index() -> Response:
    """The page that the admin frames: it leads to the order in the console. Origins of BRIDGE_CORS_ORIGINS may."""
    held = current_app.extensions["bridge"]
    origins = " ".join(held.config.cors_origins if held else ()) or "'none'"
    policy = f"default-src 'none'; script-src 'self'; style-src 'self'; base-uri 'none'; frame-ancestors {origins}"
    return Response(render_template("admin_ui.html"), headers={"Content-Security-Policy": policy})
