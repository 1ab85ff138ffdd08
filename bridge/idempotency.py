"""Idempotency keys: a request that is sent again with its key is answered as it was at first, and done once.

The claim is the insert of the key's row; whoever is second sees the row and waits or gets the answer kept in it. Only
what was done is kept: a refusal changed nothing, so its claim is given up and the request may come again, mended or
not. A claim whose process died runs out by itself; what that process had done already then answers as a conflict.
"""

from __future__ import annotations

import math
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import CursorResult, Result, String, delete, insert, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, Session, mapped_column

from bridge.db import Base, Database, Json, LongText, UtcDateTime
from bridge.errors import Conflict, InvalidInput

KEPT = timedelta(hours=24)
CLAIMED = timedelta(minutes=2)  # longer than any request takes
HEADER = "Idempotency-Key"


class IdempotencyKey(Base):
    """A key that a caller sent (owner: the API key's id), and the answer to its request; no status: still at work."""

    __tablename__ = "idempotency_keys"

    owner: Mapped[str] = mapped_column(String(32), primary_key=True)
    key: Mapped[str] = mapped_column(String(255), primary_key=True)
    fingerprint: Mapped[str] = mapped_column(String(64))
    claim: Mapped[str] = mapped_column(String(32))
    claimed_until: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    status: Mapped[int | None]
    headers: Mapped[Any] = mapped_column(Json, nullable=True)
    body: Mapped[str | None] = mapped_column(LongText)


@dataclass(frozen=True, slots=True)
class Answer:
    """What the request was answered with at first."""

    status: int
    headers: dict[str, str]
    body: str


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to do a request; end it with `keep` or `give_up`."""

    owner: str
    key: str
    token: str


def begin(db: Database, owner: str, key: str, fingerprint: str, now: datetime) -> Claim | Answer:
    """The claim of a request that is to be done now, or the answer to it that there is already.

    fingerprint: the same for the same request only. Raises Conflict while another process does the request, and
    InvalidInput when the key came with another request before.
    """
    claim = Claim(owner, key, uuid.uuid4().hex)
    values = {
        "fingerprint": fingerprint, "claim": claim.token, "claimed_until": now + CLAIMED, "expires_at": now + KEPT,
        "status": None, "headers": None, "body": None,
    }  # fmt: skip
    try:
        with db.session() as session:
            session.execute(insert(IdempotencyKey).values(owner=owner, key=key, **values))
    except IntegrityError:  # the key is known
        return _take_over(db, claim, fingerprint, values, now)
    return claim


def _take_over(db: Database, claim: Claim, fingerprint: str, values: dict[str, Any], now: datetime) -> Claim | Answer:
    owner, key = claim.owner, claim.key
    with db.session() as session:
        row = session.get(IdempotencyKey, (owner, key))
        if row is not None and row.expires_at > now:
            if row.fingerprint != fingerprint:
                raise _reused()
            if row.status is not None:
                return Answer(row.status, row.headers, row.body or "")
            if row.claimed_until > now:
                raise _at_work((row.claimed_until - now).total_seconds())
        # Too old, or its process died; if it was given up at this very moment, the caller may simply ask again.
        if row is None or not _changed(
            session.execute(update(IdempotencyKey).where(*_mine(owner, key, row.claim)).values(values))
        ):
            raise _at_work(1)
    return claim


def keep(db: Database, claim: Claim, answer: Answer) -> None:
    """Answer the request so from now on."""
    with db.session() as session:
        session.execute(
            update(IdempotencyKey)
            .where(*_mine(claim.owner, claim.key, claim.token))
            .values(status=answer.status, headers=answer.headers, body=answer.body)
        )


def give_up(db: Database, claim: Claim) -> None:
    """Let the request be done when it comes again."""
    with db.session() as session:
        session.execute(delete(IdempotencyKey).where(*_mine(claim.owner, claim.key, claim.token)))


def forget_old(session: Session, now: datetime) -> int:
    """Delete the keys that have had their day; how many."""
    return _changed(session.execute(delete(IdempotencyKey).where(IdempotencyKey.expires_at <= now)))


def _mine(owner: str, key: str, token: str) -> tuple[Any, ...]:
    return (IdempotencyKey.owner == owner, IdempotencyKey.key == key, IdempotencyKey.claim == token)


def _changed(result: Result[Any]) -> int:
    return result.rowcount if isinstance(result, CursorResult) else 0


def _reused() -> InvalidInput:
    message = "Came with another request before: every request needs a key of its own."
    return InvalidInput("The key is taken.", {HEADER: [message]}, code="idempotency_key_reused", location="header")


def _at_work(seconds: float) -> Conflict:
    wait = min(math.ceil(seconds), 5)
    return Conflict(
        "The request with this Idempotency-Key is at work: ask again.", "idempotency_key_in_use", retry_after=wait
    )
