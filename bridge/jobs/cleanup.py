"""Old logs and buyers' personal data go when the merchant said they should (global settings)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import CursorResult, Delete, delete, exists

from bridge import idempotency, store, sync
from bridge.ledger import AuditEvent, InboundEvent, WebhookDelivery, WebhookEvent
from bridge.models import CommunicationError, JobRun, Notification

if TYPE_CHECKING:
    from bridge.runtime import Runtime

NOTIFICATIONS_KEPT = timedelta(days=15)  # SQS may deliver a message again for fourteen
EVENTS_KEPT = timedelta(days=30)  # what endpoints were told, and how that went
READINGS_KEPT = timedelta(days=400)  # who read whose personal data; Amazon asks for twelve months at least
KEPT = {"daily": timedelta(days=1), "weekly": timedelta(days=7), "monthly": timedelta(days=31)}


def clean_up(runtime: Runtime) -> dict[str, int]:
    """Delete job runs and communication errors older than the setting says, what was made of old notifications and
    webhooks, keys of requests after their day, and the personal data of orders that were delivered long enough ago.

    An order's own events and what people changed are never deleted; who read personal data is, after READINGS_KEPT.
    """
    counts = {"personal_data": sync.personal.purge_personal_data(runtime.db, runtime.now())}
    with runtime.db.session() as session:
        before = runtime.now() - KEPT[store.global_settings(session).clear_log_history]
        settled_before = runtime.now() - NOTIFICATIONS_KEPT
        readings_before = runtime.now() - READINGS_KEPT
        settled = Notification.settled_at.is_not(None)
        finished = JobRun.finished_at.is_not(None)
        for name, query in (
            ("job_runs", delete(JobRun).where(JobRun.started_at < before, finished)),
            ("communication_errors", delete(CommunicationError).where(CommunicationError.at < before)),
            ("notifications", delete(Notification).where(Notification.received_at < settled_before, settled)),
            ("webhook_events", _old_events(runtime.now() - EVENTS_KEPT)),
            ("inbound_events", delete(InboundEvent).where(InboundEvent.received_at < settled_before)),
            ("readings", delete(AuditEvent).where(AuditEvent.once.is_not(None), AuditEvent.at < readings_before)),
        ):
            result = session.execute(query)
            counts[name] = result.rowcount if isinstance(result, CursorResult) else 0
        counts["idempotency_keys"] = idempotency.forget_old(session, runtime.now())
    return counts


def _old_events(before: datetime) -> Delete:
    """Events that were told, or given up, with their deliveries."""
    waiting = exists().where(WebhookDelivery.event_id == WebhookEvent.id, WebhookDelivery.state == "pending")
    return delete(WebhookEvent).where(WebhookEvent.at < before, WebhookEvent.dispatched_at.is_not(None), ~waiting)
