"""Webhook endpoints, what they were sent, and the message itself."""

from __future__ import annotations

from typing import Any, ClassVar

from marshmallow import fields, validate

from bridge.api.blueprint import Input, Output
from bridge.api.fields import Enumerated, Flag, Whole
from bridge.api.schemas.common import MOST, PageQuery, integer, list_of, page_of, string
from bridge.api.schemas.orders import OrderSchema, moment
from bridge.domain.webhooks import TEST, EventType

DELIVERY_STATES = ("pending", "delivered", "failed")
TOLD = (*EventType, TEST)


def _events(**kwargs: Any) -> Any:
    return fields.List(Enumerated("WebhookEventType", EventType), **kwargs)


class WebhookEndpointSchema(Output):
    """An address that is told what becomes of orders."""

    id = integer("Its id.", 3)
    store_id = integer("The store whose orders it is told of; null: all stores.", 1, allow_none=True)
    url = string("Where messages are sent to.", "https://erp.example/hooks/amazon")
    description = string("What it is for.", "ERP")
    events = _events(required=True, metadata={"description": "What it is told."})
    active = fields.Boolean(required=True, metadata={"description": "Whether it is told anything."})
    disabled_reason = string("Why it was switched off by itself; null: it was not.", allow_none=True)
    failing_since = moment("Since when every delivery has failed; null: the newest one did not.", allow_none=True)
    last_success_at = moment("When it last took a message.", allow_none=True)
    previous_secret_until = moment("Until when the secret before the present one signs too.", allow_none=True)
    created_at = moment("When it was added.")
    updated_at = moment("When it was last changed.")


class WebhookSecretSchema(WebhookEndpointSchema):
    """An endpoint with its new secret."""

    secret = string(
        "What messages are signed with. It is shown this once: keep it.", "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"
    )


WebhookEndpointListSchema = list_of(WebhookEndpointSchema, "WebhookEndpointListSchema")


class NewWebhookEndpoint(Input):
    """An endpoint to be added."""

    url = fields.String(
        required=True,
        validate=validate.Length(1, 500),
        metadata={
            "description": "https; http only into an allowed private network. Redirects are not followed.",
            "examples": ["https://erp.example/hooks/amazon"],
        },
    )
    events = _events(
        load_default=list(EventType), validate=validate.Length(1, 20), metadata={"description": "Left out: all."}
    )
    description = fields.String(
        load_default="",
        validate=validate.Length(max=200),
        metadata={"description": "What it is for.", "examples": ["ERP"]},
    )
    store_id = Whole(
        allow_none=True,
        load_default=None,
        validate=validate.Range(1, MOST),
        metadata={
            "description": "Only this store's orders; null: all, for keys that are not bound to some stores.",
            "examples": [1],
        },
    )


class WebhookEndpointChange(Input):
    """What is to change of an endpoint; what is left out stays."""

    EXAMPLE: ClassVar[Any] = {"events": ["order.shipped"], "active": True}

    url = fields.String(
        validate=validate.Length(1, 500),
        metadata={"description": "Where messages are sent to.", "examples": ["https://erp.example/hooks/amazon"]},
    )
    events = _events(validate=validate.Length(1, 20), metadata={"description": "What it is told from now on."})
    description = fields.String(
        validate=validate.Length(max=200), metadata={"description": "What it is for.", "examples": ["ERP"]}
    )
    active = Flag(metadata={"description": "true also clears disabled_reason."})


class RotateSecret(Input):
    """How a secret is replaced."""

    overlap_hours = Whole(
        load_default=24,
        validate=validate.Range(0, 168),
        metadata={"description": "For how long messages carry the old secret's signature beside the new one's."},
    )


class DeliveryTrySchema(Output):
    """One try to deliver a message."""

    at = moment("When.")
    status = integer("The HTTP status; null: no answer.", 503, allow_none=True)
    ms = integer("How long it took, in milliseconds.", 120)
    error = string("Why it failed; null: it did not.", allow_none=True)


class WebhookDeliverySchema(Output):
    """A message for one endpoint, and how far it is."""

    id = integer("Its id.", 88)
    event_id = string("The event's id: the header webhook-id, the same in every try.", "evt_5d1c2f")
    type = Enumerated("WebhookMessageType", TOLD, required=True, metadata={"description": "What it tells."})
    order_id = integer("The order that it is about; null: none.", 42, allow_none=True)
    state = Enumerated(
        "WebhookDeliveryState",
        DELIVERY_STATES,
        required=True,
        metadata={"description": "`failed`: given up after five days; it can be sent once more by hand."},
    )
    attempts = integer("How often it was tried.", 1)
    next_attempt_at = moment("When it is tried next; null: it is not.", allow_none=True)
    created_at = moment("When it came up.")
    delivered_at = moment("When the endpoint took it.", allow_none=True)
    last_status = integer("The newest try's HTTP status; null: no answer.", 200, allow_none=True)
    last_error = string("Why the newest try failed; null: it did not.", allow_none=True)
    tries = fields.List(
        fields.Nested(DeliveryTrySchema), required=True, metadata={"description": "The newest tries, oldest first."}
    )


WebhookDeliveryPageSchema = page_of(WebhookDeliverySchema, "WebhookDeliveryPageSchema")


class WebhookDeliveryQuery(PageQuery):
    """Which deliveries."""

    state = Enumerated("WebhookDeliveryState", DELIVERY_STATES, metadata={"description": "Those in this state."})


class ToldOrderSchema(OrderSchema):
    """An order as in the list, without the buyer's name."""

    class Meta(OrderSchema.Meta):
        """marshmallow's options."""

        exclude = ("buyer_name",)


class WebhookDataSchema(Output):
    """What a message is about."""

    order = fields.Nested(
        ToldOrderSchema,
        required=True,
        allow_none=True,
        metadata={"description": "The order when the event was handed out; null in a test."},
    )


class WebhookMessageSchema(Output):
    """What an endpoint is sent."""

    id = string("The event's id: the same in every try, and for every endpoint.", "evt_5d1c2f")
    type = Enumerated("WebhookMessageType", TOLD, required=True, metadata={"description": "What happened."})
    timestamp = moment("When it happened.")
    version = integer(
        "Grows from event to event: of two messages about an order, the one with the larger version is newer.", 1042
    )
    data = fields.Nested(WebhookDataSchema, required=True, metadata={"description": "What it is about."})
