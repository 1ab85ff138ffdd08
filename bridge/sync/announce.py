"""Webhooks out: events become deliveries, and deliveries are sent until the endpoint has taken them.

Three steps, each in a transaction of its own and no call inside one: an event is handed out to the endpoints that want
it, a due delivery is claimed by a conditional UPDATE, and how it went is written down. A process that dies after
sending sends once more: receivers tell a doubled message by its webhook-id.
"""

from __future__ import annotations

import json
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from bridge import store, trail
from bridge.db import Database
from bridge.domain.retry import Policy, next_delay
from bridge.domain.webhooks import EventType, signature
from bridge.ledger import WebhookDelivery, WebhookEndpoint, WebhookEvent
from bridge.order_list import moment, order_items
from bridge.vault import Vault

if TYPE_CHECKING:
    from bridge.outbound.receivers import Answer, Receivers

POLICY = Policy(first=10, factor=3, cap=6 * 3600)
CLAIM = timedelta(minutes=2)  # longer than a call can take
GIVE_UP = timedelta(days=5)  # a delivery that has failed for so long is not tried any more, an endpoint is disabled
RUN_SECONDS = 45.0  # after which a run leaves the rest to the next one
PARALLEL = 8  # endpoints that are called at once; a slow one holds up its own deliveries only
PATIENCE = 3  # failures in a row after which a run leaves an endpoint alone
TRIES_KEPT = 10
BATCH = 200
PERSONAL = ("buyer_name",)  # of an order in a list: what endpoints are not told


def as_told(order: Mapping[str, Any]) -> dict[str, Any]:
    """An order of the list without what says who the buyer is."""
    return {name: value for name, value in order.items() if name not in PERSONAL}


def message(event: WebhookEvent, data: Mapping[str, Any]) -> dict[str, Any]:
    """What is sent of an event."""
    return {
        "id": event.event_id,
        "type": event.type,
        "timestamp": moment(event.at),
        "version": event.id,
        "data": dict(data),
    }


def secrets_of(vault: Vault, endpoint: WebhookEndpoint, now: datetime) -> list[str]:
    """The secrets that sign now: the endpoint's own, and for a while after a rotation the one before."""
    held = vault.open(f"webhook:{endpoint.id}", endpoint.sealed)
    also = endpoint.previous_until is not None and endpoint.previous_until > now and "previous" in held
    return [held["current"], *([held["previous"]] if also else [])]


@dataclass(frozen=True)
class Announcer:
    """Tells endpoints; stopping: set when the process is to end."""

    db: Database
    vault: Vault
    receivers: Receivers
    now: Callable[[], datetime]
    stopping: threading.Event

    def run(self) -> dict[str, int]:
        """Hand out every new event, then send what is due; what was done, counted."""
        done: Counter[str] = Counter()
        while (found := self._hand_out(done)) and not self.stopping.is_set():
            if found < BATCH:
                break
        until = time.monotonic() + RUN_SECONDS
        with self.db.reading() as session:
            due = (
                select(WebhookDelivery.endpoint_id)
                .join(WebhookEndpoint, WebhookEndpoint.id == WebhookDelivery.endpoint_id)
                .where(WebhookEndpoint.active, WebhookDelivery.state == "pending", WebhookDelivery.due_at <= self.now())
            )
            waiting = list(session.scalars(due.distinct()))
        if waiting:
            with ThreadPoolExecutor(min(PARALLEL, len(waiting)), thread_name_prefix="webhook") as pool:
                # Each in a copy of this context: who acts, and what the log binds, hold there too.
                runs = [pool.submit(copy_context().run, self._serve, endpoint_id, until) for endpoint_id in waiting]
                for run in runs:
                    done += run.result()
        return dict(done)

    # -- events become deliveries

    def _hand_out(self, done: Counter[str]) -> int:
        with self.db.session() as session:
            fresh = select(WebhookEvent).where(WebhookEvent.dispatched_at.is_(None)).order_by(WebhookEvent.id)
            events = session.scalars(fresh.limit(BATCH).with_for_update()).all()
            endpoints = session.scalars(select(WebhookEndpoint).where(WebhookEndpoint.active)).all()
            shown = {
                item["id"]: item
                for item in order_items(session.connection(), [e.order_id for e in events if e.order_id])
            }
            for event in events:
                wanted = [each for each in endpoints if _wants(each, event)]
                order = shown.get(event.order_id or 0)
                if not wanted or order is None or _told_already(session, event, order):
                    session.execute(delete(WebhookEvent).where(WebhookEvent.id == event.id))
                    continue
                event.payload = message(event, {"order": as_told(order)})
                event.dispatched_at = self.now()
                session.add_all(deliver(event, endpoint, self.now()) for endpoint in wanted)
                done["events"] += 1
            return len(events)

    # -- deliveries are sent

    def _serve(self, endpoint_id: int, until: float) -> Counter[str]:
        """Send what is due to one endpoint, the longest due first, until it fails too often."""
        done: Counter[str] = Counter()
        failed = 0
        while failed < PATIENCE and time.monotonic() < until and not self.stopping.is_set():
            claimed = self._claim_next(endpoint_id)
            if claimed is None:
                break
            delivery_id, url, headers, body = claimed
            answer = self.receivers.post(url, headers, body)
            self._record(delivery_id, answer)
            failed = 0 if answer.error is None else failed + 1
            done["delivered" if answer.error is None else "failed"] += 1
        return done

    def _claim_next(self, endpoint_id: int) -> tuple[int, str, dict[str, str], bytes] | None:
        """(delivery, address, headers, body) of a delivery that is now ours to send; None when none is due."""
        now = self.now()
        with self.db.session() as session:
            # The endpoint first, as where the outcome is written: two that take the rows in another order deadlock.
            endpoint = session.get(WebhookEndpoint, endpoint_id, with_for_update=True)
            if endpoint is None or not endpoint.active:
                return None
            due = (
                WebhookDelivery.endpoint_id == endpoint_id,
                WebhookDelivery.state == "pending",
                WebhookDelivery.due_at <= now,
            )
            ids = session.scalars(
                select(WebhookDelivery.id).where(*due).order_by(WebhookDelivery.due_at, WebhookDelivery.id).limit(5)
            )
            mine = next((i for i in ids.all() if _claim(session, i, now)), None)
            if mine is None:
                return None
            event = session.get_one(WebhookDelivery, mine).event
            body = json.dumps(event.payload, ensure_ascii=False, separators=(",", ":")).encode()
            stamp = int(now.timestamp())
            headers = {
                "webhook-id": event.event_id,
                "webhook-timestamp": str(stamp),
                "webhook-signature": signature(secrets_of(self.vault, endpoint, now), event.event_id, stamp, body),
            }
            return mine, endpoint.url, headers, body

    def _record(self, delivery_id: int, answer: Answer) -> None:
        now = self.now()
        with self.db.session() as session:
            row = session.get(WebhookDelivery, delivery_id)
            if row is None:  # the endpoint was deleted meanwhile
                return
            endpoint = session.get_one(WebhookEndpoint, row.endpoint_id, with_for_update=True)
            row.last_status, row.last_error = answer.status, answer.error
            tried = {"at": moment(now), "status": answer.status, "ms": answer.ms, "error": answer.error}
            row.tries = [*row.tries, tried][-TRIES_KEPT:]
            if answer.error is None:
                row.state, row.delivered_at = "delivered", now
                endpoint.failing_since, endpoint.last_success_at = None, now
                return
            endpoint.failing_since = endpoint.failing_since or now
            pause = next_delay(row.attempts, POLICY, retry_after=answer.retry_after, rng=random.SystemRandom())
            row.due_at = now + timedelta(seconds=pause)
            if now - row.created_at >= GIVE_UP:
                row.state = "failed"
            _judge(session, endpoint, answer, now)


def deliver(event: WebhookEvent, endpoint: WebhookEndpoint, now: datetime) -> WebhookDelivery:
    """The event's delivery to the endpoint, due now."""
    return WebhookDelivery(
        event=event, endpoint_id=endpoint.id, state="pending", attempts=0, due_at=now, created_at=now, tries=[]
    )


def _wants(endpoint: WebhookEndpoint, event: WebhookEvent) -> bool:
    """What happened before the endpoint was added is not for it."""
    mine = endpoint.store_id in (None, event.store_id) and event.type in endpoint.events
    return mine and event.at >= endpoint.created_at


def _told_already(session: Session, event: WebhookEvent, order: Mapping[str, Any]) -> bool:
    """A blocked order is looked at in every import; that it is blocked as before is no news."""
    if event.type != EventType.BLOCKED:
        return False
    earlier = (WebhookEvent.order_id == event.order_id, WebhookEvent.id < event.id, WebhookEvent.payload.is_not(None))
    query = select(WebhookEvent).where(*earlier).order_by(WebhookEvent.id.desc()).limit(1)
    last = session.scalars(query).one_or_none()
    if last is None or last.type != event.type:
        return False
    return bool(last.payload["data"]["order"]["blockers"] == order["blockers"])


def _claim(session: Session, delivery_id: int, now: datetime) -> bool:
    claimed = session.execute(
        update(WebhookDelivery)
        .where(WebhookDelivery.id == delivery_id, WebhookDelivery.state == "pending", WebhookDelivery.due_at <= now)
        .values(due_at=now + CLAIM, attempts=WebhookDelivery.attempts + 1)
        .execution_options(synchronize_session=False)
    )
    return store.affected(claimed) == 1


def _judge(session: Session, endpoint: WebhookEndpoint, answer: Answer, now: datetime) -> None:
    """Disable an endpoint that says it is gone, or that has failed for days without one success."""
    since = endpoint.failing_since or now
    if answer.status == 410:
        reason = "The endpoint answered 410: it is gone for good."
    elif now - since >= GIVE_UP:
        reason = f"Every delivery since {moment(since)} has failed. {answer.error}"
    else:
        return
    endpoint.active, endpoint.disabled_reason, endpoint.updated_at = False, reason[:500], now
    trail.record(
        session, "webhook.disabled", "webhook", endpoint.id, store_id=endpoint.store_id, after={"reason": reason}
    )
