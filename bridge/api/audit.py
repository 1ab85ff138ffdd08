"""The audit trail over HTTP."""

from __future__ import annotations

from typing import Any

from flask import Response

from bridge import queries_trail
from bridge.api.blueprint import LINK, Blueprint, reply_page, runtime
from bridge.api.operations import chosen_stores
from bridge.api.schemas import audit as shapes
from bridge.keys import Scope

blp = Blueprint("Audit", __name__, url_prefix="/api/v1", description="Who changed what, and who read personal data.")


@blp.operation(
    "GET",
    "/audit-events",
    "listAuditEvents",
    scope=Scope.AUDIT_READ,
    query=shapes.AuditQuery,
    answer=shapes.AuditEventPageSchema,
    headers=LINK,
)
def list_audit_events(query: dict[str, Any]) -> Response:
    """List who did what, newest first

    Changes of settings, stores, keys, matches, carriers, addresses and webhooks; what was asked of orders and jobs; and
    who read buyers' names and addresses (`order.read`, once an hour for the same key and order, and `orders.exported`).
    Secrets and personal data are named, never shown. A key that is bound to some stores sees what concerns those.
    """
    allowed = chosen_stores(query.pop("store_id", None))
    with runtime().db.reading() as session:
        return reply_page(queries_trail.audit_events(session, allowed, **query))
