"""Webhooks by the Standard Webhooks specification (1.0): what events there are, and how a message is signed."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Iterable
from enum import StrEnum

from bridge.domain.order import AmazonStatus
from bridge.domain.states import ImportState

SECRET_PREFIX = "whsec_"  # noqa: S105  what a secret begins with, so that scanners recognise one
_SECRET_BYTES = 32


class EventType(StrEnum):
    """What an endpoint can be told of an order."""

    IMPORTED = "order.imported"  # the Commerce order exists
    BLOCKED = "order.blocked"  # it cannot be created; the order's blockers say why
    SHIPPED = "order.shipped"  # Amazon shows it as shipped
    COMPLETED = "order.completed"  # the Commerce order is complete
    CANCELED = "order.canceled"  # canceled, on Amazon or in Commerce: whichever is seen first


_OF_IMPORT = {
    ImportState.IMPORTED: EventType.IMPORTED,
    ImportState.BLOCKED: EventType.BLOCKED,
    ImportState.COMPLETED: EventType.COMPLETED,
    ImportState.CANCELED: EventType.CANCELED,
}


def told_of_import(state: ImportState, status: AmazonStatus) -> EventType | None:
    """What there is to tell when an import comes to `state` while Amazon shows `status`.

    A cancellation that Amazon shows was told when it was shown.
    """
    if state is ImportState.CANCELED and status is AmazonStatus.CANCELED:
        return None
    return _OF_IMPORT.get(state)


def told_of_status(status: AmazonStatus, state: ImportState) -> EventType | None:
    """What there is to tell when Amazon comes to show `status` while the import is at `state`."""
    if status is AmazonStatus.SHIPPED:
        return EventType.SHIPPED
    if status is AmazonStatus.CANCELED and state is not ImportState.CANCELED:
        return EventType.CANCELED
    return None


TEST = "webhook.test"  # what an endpoint is sent to try it out


def new_secret() -> str:
    """A fresh signing secret."""
    return SECRET_PREFIX + base64.b64encode(secrets.token_bytes(_SECRET_BYTES)).decode()


def signature(held: Iterable[str], message_id: str, timestamp: int, body: bytes) -> str:
    """The header webhook-signature: one signature for each secret, so that a receiver may know any of them.

    timestamp: whole seconds of Unix time, as in the header webhook-timestamp.
    """
    signed = f"{message_id}.{timestamp}.".encode() + body
    return " ".join(f"v1,{_digest(secret, signed)}" for secret in held)


def _digest(secret: str, signed: bytes) -> str:
    key = base64.b64decode(secret.removeprefix(SECRET_PREFIX))
    return base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
