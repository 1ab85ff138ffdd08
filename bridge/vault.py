"""Secrets at rest: encrypted with the first of SECRET_KEYS, readable with any, bound to the record they belong to."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from bridge.errors import ConfigError


class Vault:
    """Encrypts small dictionaries. Raises ConfigError without a usable key."""

    def __init__(self, keys: Sequence[str]) -> None:
        if not keys:
            raise ConfigError("BRIDGE_SECRET_KEYS is not set; `flask bridge keys new` makes a key for it")
        try:
            self._fernet = MultiFernet([Fernet(key) for key in keys])
        except ValueError as error:
            raise ConfigError(
                "BRIDGE_SECRET_KEYS holds something that is no key (32 bytes, url-safe base64)"
            ) from error

    def seal(self, record: str, values: Mapping[str, str]) -> bytes:
        """The values encrypted for this record ("store:7"); they cannot be read as another record's."""
        return self._fernet.encrypt(json.dumps({"record": record, "values": dict(values)}).encode())

    def open(self, record: str, sealed: bytes) -> dict[str, str]:
        """What `seal` was given. Raises ConfigError when no key fits or the record is another one."""
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
    return Fernet.generate_key().decode()
