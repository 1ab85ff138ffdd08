"""What the API reads of the audit trail and of webhooks: plain selects, answered as JSON-ready dictionaries."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from bridge.ledger import AuditEvent
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
