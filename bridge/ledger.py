"""The tables of who did what (audit), and of what is told to whom (webhooks out) and by whom (webhooks in)."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import BigInteger, ForeignKey, Index, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from bridge.db import Base, Json, Key, UtcDateTime


class AuditEvent(Base):
    """One thing that somebody did: a change of what people decide, or a reading of personal data. Never changed.

    actor_kind: api_key, cli, job, bridge. changes: [{field, before, after, withheld}], texts; what is secret or
    personal is named and withheld. store_id refers to no row, so that the trail outlives the store. once: set where
    the same again is not worth a row (a key that reads an order, within an hour).
    """

    __tablename__ = "audit_events"
    __table_args__ = (
        UniqueConstraint("once"),
        Index("ix_audit_events_at", "at", "id"),
        Index("ix_audit_events_store", "store_id", "id"),
        Index("ix_audit_events_actor", "actor", "id"),
        Index("ix_audit_events_action", "action", "id"),
        Index("ix_audit_events_object", "object_kind", "object_id", "id"),
        Index("ix_audit_events_request", "request_id"),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    actor_kind: Mapped[str] = mapped_column(String(16))
    actor: Mapped[str] = mapped_column(String(100))
    scope: Mapped[str | None] = mapped_column(String(24))
    request_id: Mapped[str | None] = mapped_column(String(64))
    action: Mapped[str] = mapped_column(String(48))
    object_kind: Mapped[str] = mapped_column(String(32))
    object_id: Mapped[str] = mapped_column(String(100))
    store_id: Mapped[int | None] = mapped_column(BigInteger)
    changes: Mapped[Any] = mapped_column(Json)
    once: Mapped[str | None] = mapped_column(String(64))


class WebhookEndpoint(Base):
    """An address that wants to hear of events; of one store, or of all (store_id NULL).

    events: the types that it wants. sealed: its signing secrets, encrypted; the previous one signs until
    previous_until. failing_since: when the first of the deliveries failed that have failed without exception since.
    """

    __tablename__ = "webhook_endpoints"

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    store_id: Mapped[int | None] = mapped_column(ForeignKey("stores.id", ondelete="CASCADE"))
    url: Mapped[str] = mapped_column(String(500))
    description: Mapped[str] = mapped_column(String(200), default="")
    events: Mapped[Any] = mapped_column(Json)
    sealed: Mapped[bytes] = mapped_column(LargeBinary(2048))
    previous_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    active: Mapped[bool] = mapped_column(default=True)
    disabled_reason: Mapped[str | None] = mapped_column(String(500))
    failing_since: Mapped[datetime | None] = mapped_column(UtcDateTime)
    last_success_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)


class WebhookEvent(Base):
    """Something that endpoints are told (the outbox): written in the commit that made it true, sent afterwards.

    payload is made when the event is handed out to the endpoints (dispatched_at), and is the same for all of them and
    in every try. order_id is NULL for the test of an endpoint.
    """

    __tablename__ = "webhook_events"
    __table_args__ = (
        UniqueConstraint("event_id"),
        Index("ix_webhook_events_dispatched", "dispatched_at", "id"),
        Index("ix_webhook_events_order", "order_id", "id"),
        Index("ix_webhook_events_at", "at"),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    event_id: Mapped[str] = mapped_column(String(40), default=lambda: f"evt_{uuid4().hex}")
    type: Mapped[str] = mapped_column(String(32))
    store_id: Mapped[int | None] = mapped_column(ForeignKey("stores.id", ondelete="CASCADE"))
    order_id: Mapped[int | None] = mapped_column(ForeignKey("orders.id", ondelete="CASCADE"))
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    payload: Mapped[Any] = mapped_column(Json, nullable=True)
    dispatched_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class WebhookDelivery(Base):
    """One event for one endpoint. state: pending (to be sent at due_at), delivered, failed (given up, see last_error).

    tries: the newest of them, [{at, status, ms, error}].
    """

    __tablename__ = "webhook_deliveries"
    __table_args__ = (
        UniqueConstraint("endpoint_id", "event_id"),
        Index("ix_webhook_deliveries_due", "state", "due_at", "id"),
        Index("ix_webhook_deliveries_endpoint", "endpoint_id", "state", "due_at"),
        Index("ix_webhook_deliveries_event", "event_id"),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    endpoint_id: Mapped[int] = mapped_column(ForeignKey("webhook_endpoints.id", ondelete="CASCADE"))
    event_id: Mapped[int] = mapped_column(ForeignKey("webhook_events.id", ondelete="CASCADE"))
    state: Mapped[str] = mapped_column(String(16), default="pending")
    attempts: Mapped[int] = mapped_column(default=0)
    due_at: Mapped[datetime] = mapped_column(UtcDateTime)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    delivered_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    last_status: Mapped[int | None]
    last_error: Mapped[str | None] = mapped_column(String(500))
    tries: Mapped[Any] = mapped_column(Json)

    event: Mapped[WebhookEvent] = relationship()
    endpoint: Mapped[WebhookEndpoint] = relationship()


class InboundEvent(Base):
    """A signed message that Commerce or Adobe sent us; kept for a while, so that the same one counts once.

    event_id: Adobe's, or what tells Commerce's message from others. Its content is not kept.
    """

    __tablename__ = "inbound_events"
    __table_args__ = (
        UniqueConstraint("source", "store_id", "event_id"),
        Index("ix_inbound_events_store", "store_id", "received_at"),
        Index("ix_inbound_events_received", "received_at"),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    source: Mapped[str] = mapped_column(String(16))
    event_id: Mapped[str] = mapped_column(String(128))
    store_id: Mapped[int] = mapped_column(ForeignKey("stores.id", ondelete="CASCADE"))
    received_at: Mapped[datetime] = mapped_column(UtcDateTime)
