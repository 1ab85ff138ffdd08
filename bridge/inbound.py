"""Signed messages of Commerce and Adobe I/O Events: whose they are, and whether they are new. Nothing else counts."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import re
from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy.exc import IntegrityError

from bridge.db import Database
from bridge.errors import ConfigError
from bridge.ledger import InboundEvent

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

# cryptography is imported where a signature is looked at (see vault).
_PEM = re.compile(r"-----BEGIN PUBLIC KEY-----.+?-----END PUBLIC KEY-----", re.DOTALL)


def signed_by(key: RSAPublicKey, signature: str, content: bytes) -> bool:
    """Whether the signature (Base64, RSA-SHA256) is the key's for exactly these bytes."""
    from cryptography.exceptions import InvalidSignature  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15  # noqa: PLC0415
    from cryptography.hazmat.primitives.hashes import SHA256  # noqa: PLC0415

    try:
        key.verify(base64.b64decode(signature, validate=True), content, PKCS1v15(), SHA256())
    except (InvalidSignature, binascii.Error, ValueError):
        return False
    return True


def commerce_keys(text: str) -> list[RSAPublicKey]:
    """The public keys of one or more shops (PEM, one after the other). Raises ConfigError."""
    from cryptography.exceptions import UnsupportedAlgorithm  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey  # noqa: PLC0415
    from cryptography.hazmat.primitives.serialization import load_pem_public_key  # noqa: PLC0415

    try:
        keys = [load_pem_public_key(each.encode()) for each in _PEM.findall(text.replace("\\n", "\n"))]
    except (ValueError, UnsupportedAlgorithm) as error:
        raise ConfigError(f"BRIDGE_COMMERCE_WEBHOOK_KEY: {error}") from error
    if not keys or not all(isinstance(key, RSAPublicKey) for key in keys):
        raise ConfigError("BRIDGE_COMMERCE_WEBHOOK_KEY holds no RSA public key (PEM)")
    return [key for key in keys if isinstance(key, RSAPublicKey)]


def from_commerce(keys: Iterable[RSAPublicKey], signature: str, raw: bytes) -> bool:
    """Whether a shop of ours sent exactly these bytes: Commerce signs their Base64 (ecosystem: section 6)."""
    content = base64.b64encode(raw)
    return any(signed_by(key, signature, content) for key in keys)


def adobe_event_ids(raw: bytes, client_id: str) -> list[str] | None:
    """The ids of the events in an I/O Events message, one or a batch; None unless every one is for this client.

    An event without an id is told from others by its content.
    """
    try:
        content = json.loads(raw)
    except (ValueError, RecursionError):
        return None
    events: list[Any] = content if isinstance(content, list) else [content]
    if not events or not all(isinstance(e, dict) and e.get("recipient_client_id") == client_id for e in events):
        return None
    return [_event_id(event) for event in events]


def _event_id(event: dict[str, Any]) -> str:
    given = event.get("event_id") or event.get("id")
    text = given if isinstance(given, str) else json.dumps(event, sort_keys=True)
    return text if len(text) <= 128 and text.isprintable() else hashlib.sha256(text.encode()).hexdigest()


def is_news(db: Database, source: str, store_id: int, event_id: str, now: datetime) -> bool:
    """Note the message; False when the same one has come before."""
    try:
        with db.session() as session:
            session.add(InboundEvent(source=source, store_id=store_id, event_id=event_id, received_at=now))
    except IntegrityError:
        return False
    return True
