"""Secrets at rest: encrypted with the first of SECRET_KEYS, readable with any, bound to the record they belong to."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from bridge.errors import ConfigError

if TYPE_CHECKING:
    from cryptography.fernet import MultiFernet

# cryptography is imported where a secret is opened: 7 MB that a process which only answers lists does without.
_KEY_BYTES = 32


class Vault:
    """Encrypts small dictionaries. Raises ConfigError without a usable key."""

    def __init__(self, keys: Sequence[str]) -> None:
        if not keys:
            raise ConfigError("BRIDGE_SECRET_KEYS is not set; `flask bridge keys new` makes a key for it")
        if not all(_is_key(key) for key in keys):
            raise ConfigError("BRIDGE_SECRET_KEYS holds something that is no key (32 bytes, url-safe base64)")
        self._keys = tuple(keys)

    @cached_property
    def _fernet(self) -> MultiFernet:
        from cryptography.fernet import Fernet, MultiFernet  # noqa: PLC0415

        return MultiFernet([Fernet(key) for key in self._keys])

    def seal(self, record: str, values: Mapping[str, str]) -> bytes:
        """The values encrypted for this record ("store:7"); they cannot be read as another record's."""
        return self._fernet.encrypt(json.dumps({"record": record, "values": dict(values)}).encode())

    def open(self, record: str, sealed: bytes) -> dict[str, str]:
        """What `seal` was given. Raises ConfigError when no key fits or the record is another one."""
        from cryptography.fernet import InvalidToken  # noqa: PLC0415

        try:
            content = json.loads(self._fernet.decrypt(sealed))
        except InvalidToken as error:
            raise ConfigError(f"none of BRIDGE_SECRET_KEYS opens the credentials of {record}") from error
        if content["record"] != record:
            raise ConfigError(f"the credentials of {record} belong to another record")
        values: dict[str, str] = content["values"]
        return values

    def rotate(self, sealed: bytes) -> bytes:
        """The same secret under the first key."""
        return self._fernet.rotate(sealed)


def new_key() -> str:
    """A fresh key for BRIDGE_SECRET_KEYS."""
    from cryptography.fernet import Fernet  # noqa: PLC0415

    return Fernet.generate_key().decode()


def _is_key(text: str) -> bool:
    """Whether Fernet takes it."""
    try:
        return len(base64.urlsafe_b64decode(text)) == _KEY_BYTES
    except ValueError:
        return False
