"""Webhook endpoints over HTTP, and what the document says of the messages that they get."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from apispec import APISpec
from flask import Response, url_for

from bridge import queries_trail, webhooks
from bridge.api.blueprint import LINK, Blueprint, caller, reply, reply_page, runtime, whole_bridge_only
from bridge.api.errors import refuse
from bridge.api.schemas import webhooks as shapes
from bridge.api.schemas.jobs import JobRunSchema
from bridge.api.stores import LOCATION, started
from bridge.domain.webhooks import EventType
from bridge.keys import Scope

blp = Blueprint("Webhooks", __name__, url_prefix="/api/v1", description="Who is told what becomes of orders.")
_ID = "/webhooks/<id:webhook_id>"


def _may_read_orders() -> None:
    """Endpoints are told of orders, so whoever sets one up must be allowed to read them."""
    if Scope.ORDERS_READ not in caller().scopes:
        refuse(403, "insufficient_scope", f"Webhooks tell of orders: this needs the scope {Scope.ORDERS_READ} as well.")


@blp.operation("GET", "/webhooks", "listWebhooks", scope=Scope.SETTINGS_WRITE, answer=shapes.WebhookEndpointListSchema)
def list_webhooks() -> Response:
    """List the webhook endpoints"""
    with runtime().db.reading() as session:
        rows = webhooks.endpoints(session, caller().store_ids)
        return reply({"items": [queries_trail.webhook_endpoint(row) for row in rows]})


@blp.operation(
    "POST",
    "/webhooks",
    "addWebhook",
    scope=Scope.SETTINGS_WRITE,
    body=shapes.NewWebhookEndpoint,
    answer=shapes.WebhookSecretSchema,
    status=201,
    errors=(409,),
    headers=LOCATION,
)
def add_webhook(values: dict[str, Any]) -> Response:
    """Add a webhook endpoint

    Needs `orders:read` as well. Messages follow the Standard Webhooks specification: verify `webhook-signature` with
    the `secret` of this answer, and answer with any 2xx status within 10 seconds. A message that is not taken is sent
    again with growing pauses for five days; an endpoint that has taken none for five days is switched off.
    """
    _may_read_orders()
    if values["store_id"] is None:
        whole_bridge_only()
    row, secret = webhooks.add_endpoint(runtime(), values, caller().store_ids)
    where = {"Location": url_for("Webhooks.getWebhook", webhook_id=row.id)}
    return reply(queries_trail.webhook_endpoint(row) | {"secret": secret}, 201, where)


@blp.operation("GET", _ID, "getWebhook", scope=Scope.SETTINGS_WRITE, answer=shapes.WebhookEndpointSchema)
def get_webhook(webhook_id: int) -> Response:
    """Show a webhook endpoint"""
    with runtime().db.reading() as session:
        return reply(queries_trail.webhook_endpoint(webhooks.find_endpoint(session, webhook_id, caller().store_ids)))


@blp.operation(
    "PATCH",
    _ID,
    "changeWebhook",
    scope=Scope.SETTINGS_WRITE,
    body=shapes.WebhookEndpointChange,
    answer=shapes.WebhookEndpointSchema,
)
def change_webhook(values: dict[str, Any], webhook_id: int) -> Response:
    """Change a webhook endpoint, switch it off or on again

    What waited for it while it was off is sent once it is on; what happened meanwhile is not. Needs `orders:read` too.
    """
    _may_read_orders()
    row = webhooks.change_endpoint(runtime(), webhook_id, caller().store_ids, values)
    return reply(queries_trail.webhook_endpoint(row))


@blp.operation("DELETE", _ID, "deleteWebhook", scope=Scope.SETTINGS_WRITE, answer=None, status=204)
def delete_webhook(webhook_id: int) -> Response:
    """Delete a webhook endpoint with its deliveries"""
    with runtime().db.session() as session:
        webhooks.delete_endpoint(session, webhook_id, caller().store_ids)
    return Response(status=204)


@blp.operation(
    "POST",
    f"{_ID}/rotate-secret",
    "rotateWebhookSecret",
    scope=Scope.SETTINGS_WRITE,
    body=shapes.RotateSecret,
    answer=shapes.WebhookSecretSchema,
)
def rotate_webhook_secret(values: dict[str, Any], webhook_id: int) -> Response:
    """Replace an endpoint's secret

    For `overlap_hours` every message carries a signature of each, so that the receiver can change over at leisure.
    """
    _may_read_orders()
    overlap = timedelta(hours=values["overlap_hours"])
    row, secret = webhooks.rotate_secret(runtime(), webhook_id, caller().store_ids, overlap)
    return reply(queries_trail.webhook_endpoint(row) | {"secret": secret})


@blp.operation(
    "POST",
    f"{_ID}/test",
    "testWebhook",
    scope=Scope.SETTINGS_WRITE,
    answer=JobRunSchema,
    status=202,
    errors=(409,),
    headers=LOCATION,
)
def test_webhook(webhook_id: int) -> Response:
    """Send an endpoint a message of the type webhook.test

    `deliveries` shows how it went. 409 `webhook_inactive` while the endpoint is off.
    """
    webhooks.send_test(runtime(), webhook_id, caller().store_ids)
    return started("webhooks", None)


@blp.operation(
    "GET",
    f"{_ID}/deliveries",
    "listWebhookDeliveries",
    scope=Scope.SETTINGS_WRITE,
    query=shapes.WebhookDeliveryQuery,
    answer=shapes.WebhookDeliveryPageSchema,
    headers=LINK,
)
def list_webhook_deliveries(query: dict[str, Any], webhook_id: int) -> Response:
    """List what an endpoint was sent and how it went, newest first

    Kept for 30 days.
    """
    with runtime().db.reading() as session:
        webhooks.find_endpoint(session, webhook_id, caller().store_ids)
        return reply_page(queries_trail.webhook_deliveries(session, webhook_id, **query))


@blp.operation(
    "POST",
    f"{_ID}/deliveries/<id:delivery_id>/redeliver",
    "redeliverWebhook",
    scope=Scope.SETTINGS_WRITE,
    answer=JobRunSchema,
    status=202,
    errors=(409,),
    headers=LOCATION,
)
def redeliver_webhook(webhook_id: int, delivery_id: int) -> Response:
    """Send a message once more

    It has the same `webhook-id`, so that a receiver that has it already can tell. 409 `webhook_inactive` while the
    endpoint is off.
    """
    webhooks.redeliver(runtime(), webhook_id, delivery_id, caller().store_ids)
    return started("webhooks", None)


_SAYS = {
    EventType.IMPORTED: "The Commerce order exists",
    EventType.BLOCKED: "An order cannot be created in Commerce, and its blockers have changed",
    EventType.SHIPPED: "Amazon shows an order as shipped",
    EventType.COMPLETED: "The Commerce order is complete",
    EventType.CANCELED: "An order was canceled, on Amazon or in Commerce",
}
_HEADERS = {
    "webhook-id": "The message's id. The same message may come twice: act on an id once.",
    "webhook-timestamp": "When it was sent, whole seconds of Unix time. Refuse what is more than five minutes off.",
    "webhook-signature": (
        "`v1,` and the Base64 HMAC-SHA256 of `{webhook-id}.{webhook-timestamp}.{body}` under the endpoint's secret (the"
        " bytes that follow `whsec_`, Base64). After a rotation there are two, with a blank between: one has to fit."
    ),
}
_ORDER = (
    "Messages may come in another order than the events happened: of two about an order, the larger `version` is newer."
    " `data.order` is the order as in the list when the event was handed out; the buyer's name and address are never"
    " sent: read them over the API, with a key that may."
)


# A tag of their own: openapi-generator makes of it a module that is no Python, which must not stand in another's place.
_TAG = {"name": "Webhook messages", "description": "What is sent to the endpoints."}


def describe(spec: APISpec) -> None:
    """Add the messages to the document: the section `webhooks` of OpenAPI 3.1."""
    spec.tag(_TAG)
    spec.components.schema("WebhookMessage", schema=shapes.WebhookMessageSchema)
    body = {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/WebhookMessage"}}}}
    spec.options["webhooks"] = {
        kind.value: {
            "post": {
                "operationId": "on" + "".join(word.capitalize() for word in kind.value.split(".")),
                "summary": says,
                "description": _ORDER,
                "tags": [_TAG["name"]],
                "security": [],
                "parameters": [
                    {"in": "header", "name": name, "required": True, "schema": {"type": "string"}, "description": text}
                    for name, text in _HEADERS.items()
                ],
                "requestBody": {"required": True} | body,
                "responses": {
                    "204": {"description": "Taken; any 2xx status will do, and the answer's body is not read."},
                    "410": {"description": "Never again: the endpoint is switched off."},
                },
            }
        }
        for kind, says in _SAYS.items()
    }
