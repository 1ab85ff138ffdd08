"""API keys: who may call the REST API, for what, and for which stores. Only a hash of each key is kept.

A key is 256 random bits behind the prefix `aob_`, so that a leaked one is recognised by scanners; a plain SHA-256 of
that much randomness cannot be searched, and is looked up by index.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from bridge import trail
from bridge.db import Database
from bridge.errors import InvalidInput, NotFound
from bridge.models import ApiKey, Store

PREFIX = "aob_"
DEMO_KEY = "bridge-demo-key"
REMEMBERED = timedelta(seconds=1)
_MOST_KNOWN = 1000
_USED_EVERY = timedelta(minutes=1)  # how exact last_used_at is: a write per request would cost more than the request


class Scope(StrEnum):
    """What a key may be used for."""

    ORDERS_READ = "orders:read"
    ORDERS_WRITE = "orders:write"
    SETTINGS_WRITE = "settings:write"
    STORES_WRITE = "stores:write"
    AUDIT_READ = "audit:read"
    STOCK_READ = "stock:read"


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls. id: the API key's, "demo" for the demo key. store_ids None: every store."""

    id: str
    name: str
    scopes: frozenset[Scope]
    store_ids: frozenset[int] | None = None

    def sees(self, store_id: int | None) -> bool:
        """Whether the store is this caller's; None stands for what belongs to the bridge as a whole."""
        return self.store_ids is None or store_id in self.store_ids


DEMO_CALLER = Caller("demo", "demo", frozenset(Scope))


def create_key(  # noqa: PLR0917  the order in which a person would say it
    session: Session,
    name: str,
    scopes: Collection[str],
    store_ids: Collection[int] | None,
    expires_at: datetime | None,
    now: datetime,
) -> str:
    """A new key; its secret is returned once and never again. Raises InvalidInput."""
    wrong: dict[str, list[str]] = {}
    if not name.strip() or len(name) > 100:
        wrong["name"] = ["Between 1 and 100 characters."]
    elif session.scalar(select(ApiKey.id).where(ApiKey.name == name)) is not None:
        wrong["name"] = ["There is a key of this name."]
    unknown = sorted(set(scopes) - set(Scope))
    if unknown or not scopes:
        wrong["scopes"] = [f"Choose from: {', '.join(Scope)}."]
    if store_ids is not None:
        known = set(session.scalars(select(Store.id).where(Store.id.in_(store_ids))))
        if not store_ids or set(store_ids) - known:
            wrong["store_ids"] = ["Name stores that exist, or none for all of them."]
    if expires_at is not None and expires_at <= now:
        wrong["expires_at"] = ["Lies in the past."]
    if wrong:
        raise InvalidInput("The API key cannot be made.", wrong)
    secret = PREFIX + secrets.token_urlsafe(32)
    session.add(
        ApiKey(
            name=name,
            hash=_hash(secret),
            scopes=sorted(set(scopes)),
            store_ids=sorted(set(store_ids)) if store_ids is not None else None,
            created_at=now,
            expires_at=expires_at,
        )
    )
    session.flush()
    given = {
        "scopes": sorted(set(scopes)),
        "store_ids": sorted(set(store_ids)) if store_ids is not None else None,
        "expires_at": expires_at,
    }
    trail.record(session, "api_key.created", "api_key", name, after=given)
    return secret


def list_keys(session: Session) -> list[ApiKey]:
    """Every key, revoked ones too, oldest first."""
    return list(session.scalars(select(ApiKey).order_by(ApiKey.id)))


def revoke_key(session: Session, name: str, now: datetime) -> None:
    """Have the key refused from now on. Raises NotFound."""
    key = session.scalars(select(ApiKey).where(ApiKey.name == name)).one_or_none()
    if key is None:
        raise NotFound(f"There is no API key {name!r}.")
    if key.revoked_at is None:
        key.revoked_at = now
        trail.record(session, "api_key.revoked", "api_key", name)


def authenticate(db: Database, secret: str, now: datetime, *, sandbox: bool) -> Caller | None:
    """Whose key it is; None when it is nobody's, expired or revoked. The demo key counts beside the sandbox only."""
    if sandbox and hmac.compare_digest(_bytes(secret), DEMO_KEY.encode()):
        return DEMO_CALLER
    with db.reading() as session:
        key = session.scalars(select(ApiKey).where(ApiKey.hash == _hash(secret))).one_or_none()
    if key is None or key.revoked_at is not None or (key.expires_at is not None and key.expires_at <= now):
        return None
    if key.last_used_at is None or key.last_used_at <= now - _USED_EVERY:
        _note_use(db, key.id, now)
    stores = frozenset(key.store_ids) if key.store_ids is not None else None
    return Caller(str(key.id), key.name, frozenset(Scope(word) for word in key.scopes if word in set(Scope)), stores)


class Keyring:
    """`authenticate` for a server: who was looked up is believed for REMEMBERED, the bearer of a revoked key too.

    A look-up costs half as much as a page of orders.
    """

    def __init__(self, db: Database, *, sandbox: bool) -> None:
        self._db = db
        self._sandbox = sandbox
        self._known: dict[str, tuple[Caller, datetime]] = {}

    def authenticate(self, secret: str, now: datetime) -> Caller | None:
        """Whose key it is; None when it is nobody's, expired or revoked."""
        hashed = _hash(secret)
        caller, looked_up = self._known.get(hashed, (None, now))
        if caller is not None and timedelta() <= now - looked_up < REMEMBERED:
            return caller
        self._known.pop(hashed, None)
        caller = authenticate(self._db, secret, now, sandbox=self._sandbox)
        if caller is not None:
            if len(self._known) >= _MOST_KNOWN:
                self._known.clear()
            self._known[hashed] = caller, now
        return caller


def _note_use(db: Database, key_id: int, now: datetime) -> None:
    stale = or_(ApiKey.last_used_at.is_(None), ApiKey.last_used_at <= now - _USED_EVERY)
    with db.session() as session:
        session.execute(update(ApiKey).where(ApiKey.id == key_id, stale).values(last_used_at=now))


def _hash(secret: str) -> str:
    return hashlib.sha256(_bytes(secret)).hexdigest()


def _bytes(secret: str) -> bytes:
    return secret.encode("utf-8", "surrogateescape")  # a header may hold bytes that are no text
