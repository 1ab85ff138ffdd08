"""The audit trail: who changed what people decide, and who read personal data. Rows are added and never changed.

Who acts is said once, at the edge (`acting`); the use case records what was done in the commit that does it. Secrets
and personal data are named and never written.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import event, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, object_session

from bridge import clock
from bridge.db import Database
from bridge.ledger import AuditEvent
from bridge.models import Order

LONGEST = 500  # characters of a value that are kept


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts: kind "api_key", "cli", "job" or "bridge" (by itself), the name, and with which right and request."""

    kind: str
    name: str
    scope: str | None = None
    request_id: str | None = None


BRIDGE = Actor("bridge", "bridge")
_acting: ContextVar[tuple[Actor, Callable[[], datetime]]] = ContextVar("acting", default=(BRIDGE, clock.now))


@contextmanager
def acting(actor: Actor, now: Callable[[], datetime]) -> Iterator[None]:
    """What is recorded within was done by the actor, at the time of that clock."""
    token = _acting.set((actor, now))
    try:
        yield
    finally:
        _acting.reset(token)


def record(
    session: Session,
    action: str,
    object_kind: str,
    object_id: object,
    *,
    store_id: int | None = None,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    withheld: Collection[str] = (),
) -> None:
    """Add what was done to the session's commit.

    before, after: the object's values by name, of which those that differ are kept. withheld: further fields that
    changed and whose values nobody may read here.
    """
    actor, now = _acting.get()
    changes = _differences(before or {}, after or {}, withheld)
    session.add(_row(actor, now(), action, object_kind, str(object_id), store_id, changes))


def record_order(
    order: Order, action: str, *, after: Mapping[str, Any] | None = None, withheld: Collection[str] = ()
) -> None:
    """The same of an order that is in a session."""
    session = object_session(order)
    if session is None:
        raise ValueError("an order outside a session changes nothing")
    record(session, action, "order", order.id, store_id=order.store_id, after=after, withheld=withheld)


def record_reading(db: Database, action: str, object_id: object, store_id: int | None) -> None:
    """Note that the actor reads an object's personal data: one row an hour for the same actor, action and object."""
    actor, now = _acting.get()
    words = (action, actor.kind, actor.name, str(object_id), now().strftime("%Y-%m-%dT%H"))
    once = hashlib.sha256("\x1f".join(words).encode()).hexdigest()
    with db.reading() as session:
        if session.scalar(select(AuditEvent.id).where(AuditEvent.once == once)) is not None:
            return
    row = _row(actor, now(), action, "order", str(object_id), store_id, [])
    row.once = once
    try:
        with db.session() as session:
            session.add(row)
    except IntegrityError:  # another request of the same actor was first
        pass


def _row(  # noqa: PLR0917  one line of the table
    actor: Actor, at: datetime, action: str, kind: str, object_id: str, store_id: int | None, changes: list[Any]
) -> AuditEvent:
    return AuditEvent(
        at=at,
        actor_kind=actor.kind,
        actor=actor.name[:100],
        scope=actor.scope,
        request_id=actor.request_id,
        action=action,
        object_kind=kind,
        object_id=object_id[:100],
        store_id=store_id,
        changes=changes,
    )


def _differences(before: Mapping[str, Any], after: Mapping[str, Any], withheld: Collection[str]) -> list[Any]:
    shown = [
        {"field": name, "before": _text(before.get(name)), "after": _text(after.get(name)), "withheld": False}
        for name in dict.fromkeys((*before, *after))
        if before.get(name) != after.get(name) and name not in withheld
    ]
    return shown + [{"field": name, "before": None, "after": None, "withheld": True} for name in sorted(withheld)]


def _text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value[:LONGEST] if value else value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    if isinstance(value, (list, tuple, set, frozenset)):
        return ", ".join(str(_text(item)) for item in value)[:LONGEST]
    return str(value)[:LONGEST]


@event.listens_for(AuditEvent, "before_update")
@event.listens_for(AuditEvent, "before_delete")
def _refuse(_mapper: Any, _connection: Any, _row: AuditEvent) -> None:
    raise ValueError("what is in the audit trail stays as it is")
