"""What the API reads of the audit trail and of webhooks: plain selects, answered as JSON-ready dictionaries."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from bridge.ledger import AuditEvent, WebhookDelivery, WebhookEndpoint
from bridge.order_list import moment
from bridge.queries import Allowed, paged

_FILTERS = ("actor", "action", "object_kind", "object_id", "request_id")


def audit_events(
    session: Session,
    allowed: Allowed,
    page: int,
    page_size: int,
    *,
    at_from: datetime | None = None,
    at_to: datetime | None = None,
    **wanted: str,
) -> dict[str, Any]:
    """Who did what, newest first; wanted: any of actor, action, object_kind, object_id, request_id. at_to excluded."""
    where = [getattr(AuditEvent, name) == wanted[name] for name in _FILTERS if name in wanted]
    if allowed is not None:
        where.append(AuditEvent.store_id.in_(allowed))
    if at_from is not None:
        where.append(AuditEvent.at >= at_from)
    if at_to is not None:
        where.append(AuditEvent.at < at_to)
    return paged(session, select(AuditEvent).where(*where).order_by(AuditEvent.id.desc()), page, page_size, _event)


def _event(row: AuditEvent) -> dict[str, Any]:
    return {
        "id": row.id,
        "at": moment(row.at),
        "actor_kind": row.actor_kind,
        "actor": row.actor,
        "scope": row.scope,
        "request_id": row.request_id,
        "action": row.action,
        "object_kind": row.object_kind,
        "object_id": row.object_id,
        "store_id": row.store_id,
        "changes": row.changes,
    }


def webhook_endpoint(row: WebhookEndpoint) -> dict[str, Any]:
    """An endpoint as the API shows it; its secret is never read back."""
    return {
        "id": row.id,
        "store_id": row.store_id,
        "url": row.url,
        "description": row.description,
        "events": row.events,
        "active": row.active,
        "disabled_reason": row.disabled_reason,
        "failing_since": moment(row.failing_since),
        "last_success_at": moment(row.last_success_at),
        "previous_secret_until": moment(row.previous_until),
        "created_at": moment(row.created_at),
        "updated_at": moment(row.updated_at),
    }


def webhook_deliveries(
    session: Session, endpoint_id: int, page: int, page_size: int, *, state: str | None = None
) -> dict[str, Any]:
    """What an endpoint was sent, newest first."""
    where = [WebhookDelivery.endpoint_id == endpoint_id]
    where += [WebhookDelivery.state == state] if state is not None else []
    query = select(WebhookDelivery).where(*where).options(selectinload(WebhookDelivery.event))
    return paged(session, query.order_by(WebhookDelivery.id.desc()), page, page_size, _delivery)


def _delivery(row: WebhookDelivery) -> dict[str, Any]:
    return {
        "id": row.id,
        "event_id": row.event.event_id,
        "type": row.event.type,
        "order_id": row.event.order_id,
        "state": row.state,
        "attempts": row.attempts,
        "next_attempt_at": moment(row.due_at) if row.state == "pending" else None,
        "created_at": moment(row.created_at),
        "delivered_at": moment(row.delivered_at),
        "last_status": row.last_status,
        "last_error": row.last_error,
        "tries": row.tries,
    }
