"""Webhook endpoints: who is told of what, and with which secret messages are signed. Calls nobody."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from bridge import outbound, trail
from bridge.domain.webhooks import TEST, new_secret
from bridge.errors import ConfigError, Conflict, InvalidInput, NotFound
from bridge.ledger import WebhookDelivery, WebhookEndpoint, WebhookEvent
from bridge.models import Store
from bridge.sync.announce import deliver, message

if TYPE_CHECKING:
    from bridge.runtime import Runtime

MOST = 100  # endpoints of a bridge: each is another call for every event
Allowed = Collection[int] | None


def find_endpoint(session: Session, endpoint_id: int, allowed: Allowed) -> WebhookEndpoint:
    """The endpoint, if the caller may see it: those of all stores are for callers of all stores. Raises NotFound."""
    row = session.get(WebhookEndpoint, endpoint_id)
    if row is None or (allowed is not None and row.store_id not in allowed):
        raise NotFound(f"There is no webhook endpoint {endpoint_id}.")
    return row


def endpoints(session: Session, allowed: Allowed) -> Sequence[WebhookEndpoint]:
    """The endpoints that the caller may see, oldest first."""
    query = select(WebhookEndpoint).order_by(WebhookEndpoint.id)
    if allowed is not None:
        query = query.where(WebhookEndpoint.store_id.in_(allowed))
    return session.scalars(query).all()


def add_endpoint(runtime: Runtime, values: Mapping[str, Any], allowed: Allowed = None) -> tuple[WebhookEndpoint, str]:
    """A new endpoint and its secret, which is told this once.

    values: url, events, description, store_id (None: all stores). Raises InvalidInput, Conflict.
    """
    _check(runtime, values)
    now, secret = runtime.now(), new_secret()
    with runtime.db.session() as session:
        if values["store_id"] is not None:
            _known_store(session, values["store_id"], allowed)
        if (session.scalar(select(func.count()).select_from(WebhookEndpoint)) or 0) >= MOST:
            raise Conflict(f"There are {MOST} webhook endpoints already.", "too_many_webhooks")
        row = WebhookEndpoint(
            store_id=values["store_id"],
            url=values["url"],
            description=values["description"],
            events=list(dict.fromkeys(values["events"])),
            sealed=b"",
            active=True,
            created_at=now,
            updated_at=now,
        )
        session.add(row)
        session.flush()
        row.sealed = runtime.vault.seal(_record(row), {"current": secret})
        _note(session, "webhook.added", row, after=_shown(row))
    return row, secret


def change_endpoint(runtime: Runtime, endpoint_id: int, allowed: Allowed, values: Mapping[str, Any]) -> WebhookEndpoint:
    """Change the given ones of url, description, events, active; one that is activated starts with a clean record.

    Raises InvalidInput, NotFound.
    """
    _check(runtime, values)
    with runtime.db.session() as session:
        row = find_endpoint(session, endpoint_id, allowed)
        before, url = _shown(row), row.url
        for name, value in values.items():
            setattr(row, name, list(dict.fromkeys(value)) if name == "events" else value)
        if values.get("active"):
            row.failing_since = row.disabled_reason = None
        row.updated_at = runtime.now()
        _note(
            session,
            "webhook.changed",
            row,
            before=before,
            after=_shown(row),
            withheld=["url"] if row.url != url else [],
        )
    return row


def delete_endpoint(session: Session, endpoint_id: int, allowed: Allowed) -> None:
    """Tell it nothing any more, and forget its deliveries. Raises NotFound."""
    row = find_endpoint(session, endpoint_id, allowed)
    _note(session, "webhook.deleted", row, before=_shown(row))
    session.delete(row)


def rotate_secret(runtime: Runtime, endpoint_id: int, allowed: Allowed, overlap: timedelta) -> tuple[Any, str]:
    """(endpoint, new secret); for the overlap every message carries the old secret's signature as well.

    Raises NotFound.
    """
    now, secret = runtime.now(), new_secret()
    with runtime.db.session() as session:
        row = find_endpoint(session, endpoint_id, allowed)
        held = runtime.vault.open(_record(row), row.sealed)
        row.sealed = runtime.vault.seal(_record(row), {"current": secret, "previous": held["current"]})
        row.previous_until = now + overlap
        row.updated_at = now
        _note(session, "webhook.secret_rotated", row, withheld=["secret"])
    return row, secret


def send_test(runtime: Runtime, endpoint_id: int, allowed: Allowed) -> int:
    """Have a message without an order sent to the endpoint, whatever events it wants; the delivery's id.

    Raises NotFound, Conflict (webhook_inactive).
    """
    now = runtime.now()
    with runtime.db.session() as session:
        row = _active(session, endpoint_id, allowed)
        event = WebhookEvent(type=TEST, store_id=row.store_id, at=now, dispatched_at=now)
        session.add(event)
        session.flush()
        event.payload = message(event, {"order": None})
        delivery = deliver(event, row, now)
        session.add(delivery)
        _note(session, "webhook.test_requested", row)
        session.flush()
        return delivery.id


def redeliver(runtime: Runtime, endpoint_id: int, delivery_id: int, allowed: Allowed) -> int:
    """Have a delivery sent once more, with the same webhook-id. Raises NotFound, Conflict (webhook_inactive)."""
    with runtime.db.session() as session:
        row = _active(session, endpoint_id, allowed)
        delivery = session.get(WebhookDelivery, delivery_id, with_for_update=True)
        if delivery is None or delivery.endpoint_id != row.id:
            raise NotFound(f"There is no delivery {delivery_id}.")
        delivery.state, delivery.due_at = "pending", runtime.now()
        # What is asked for by hand is tried for days again, as what is new.
        delivery.attempts, delivery.created_at = 0, runtime.now()
        _note(session, "webhook.redelivery_requested", row, after={"delivery": delivery_id})
        return delivery.id


def _known_store(session: Session, store_id: int, allowed: Allowed) -> None:
    if session.get(Store, store_id) is None or (allowed is not None and store_id not in allowed):
        raise InvalidInput("Unknown store.", {"store_id": [f"There is no store {store_id}."]})


def _active(session: Session, endpoint_id: int, allowed: Allowed) -> WebhookEndpoint:
    row = find_endpoint(session, endpoint_id, allowed)
    if not row.active:
        raise Conflict("The endpoint is not active: activate it first.", "webhook_inactive")
    return row


def _check(runtime: Runtime, values: Mapping[str, Any]) -> None:
    if "url" not in values:
        return
    config = runtime.config
    try:
        outbound.guard.check_url(values["url"], config.allowed_private_hosts, whose="endpoint", loopback=config.sandbox)
    except (ConfigError, ValueError) as error:  # ValueError: not even an address
        raise InvalidInput("The endpoint cannot be kept.", {"url": [f"{error}."]}) from error


def _record(row: WebhookEndpoint) -> str:
    return f"webhook:{row.id}"


def _shown(row: WebhookEndpoint) -> dict[str, Any]:
    """What the audit trail shows; of the address its host only, for the rest of it may be a secret."""
    values = {name: getattr(row, name) for name in ("description", "events", "active")}
    return values | {"host": urlsplit(row.url).hostname}


def _note(
    session: Session,
    action: str,
    row: WebhookEndpoint,
    *,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    withheld: Collection[str] = (),
) -> None:
    trail.record(
        session, action, "webhook", row.id, store_id=row.store_id, before=before, after=after, withheld=withheld
    )
