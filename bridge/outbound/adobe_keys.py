"""The public keys that Adobe I/O Events signs with.

A message names the path of its key in a header that nobody has signed. Only paths of Adobe's own form are asked for, at
Adobe's fixed address and nowhere else; what was found is kept for a day; strangers cannot make us ask all the time.
"""

from __future__ import annotations

import re
import threading
from collections import deque
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING

import httpx

from bridge.errors import RemoteError, Verdict
from bridge.tls import trusted

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

HOST = "https://static.adobeioevents.com"
PATH = re.compile(r"/prod/keys/pub-key-[A-Za-z0-9_-]{1,64}\.pem")
KEPT = timedelta(days=1)
MOST_KEYS = 16
MOST_CALLS = 10  # in a minute
MOST_BYTES = 16 * 1024
TIMEOUT = httpx.Timeout(5.0)


class AdobeKeys:
    """Keys by their path. Thread-safe. transport: for tests."""

    def __init__(self, now: Callable[[], datetime], transport: httpx.BaseTransport | None = None) -> None:
        self._now = now
        self._transport = transport
        self._lock = threading.Lock()
        self._keys: dict[str, tuple[datetime, RSAPublicKey]] = {}
        self._calls: deque[datetime] = deque(maxlen=MOST_CALLS)

    @cached_property
    def _client(self) -> httpx.Client:
        """Made when it is first needed: most bridges never ask."""
        return httpx.Client(
            base_url=HOST, verify=trusted(), transport=self._transport, timeout=TIMEOUT, follow_redirects=False
        )

    def get(self, path: str) -> RSAPublicKey | None:
        """The key; None for a path that is none of Adobe's. Raises RemoteError when Adobe does not give it now."""
        if not PATH.fullmatch(path):
            return None
        with self._lock:
            held = self._keys.get(path)
            if held and held[0] > self._now():
                return held[1]
            if len(self._calls) == MOST_CALLS and self._now() - self._calls[0] < timedelta(minutes=1):
                raise _failed("Too many keys were asked for within a minute.")
            self._calls.append(self._now())
        key = self._fetch(path)
        with self._lock:
            if len(self._keys) >= MOST_KEYS:
                del self._keys[min(self._keys, key=lambda each: self._keys[each][0])]
            self._keys[path] = (self._now() + KEPT, key)
        return key

    def _fetch(self, path: str) -> RSAPublicKey:
        from cryptography.exceptions import UnsupportedAlgorithm  # noqa: PLC0415
        from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey  # noqa: PLC0415
        from cryptography.hazmat.primitives.serialization import load_pem_public_key  # noqa: PLC0415

        received = bytearray()
        try:
            with self._client.stream("GET", path) as response:
                for part in response.iter_bytes():
                    received += part
                    if len(received) > MOST_BYTES:
                        break
        except httpx.HTTPError as error:
            raise _failed(f"The connection broke off: {type(error).__name__}") from error
        if response.status_code != 200:
            raise _failed("There is no such key.", status=response.status_code)
        try:
            key = load_pem_public_key(bytes(received))
        except (ValueError, UnsupportedAlgorithm) as error:
            raise _failed("What Adobe sent is no key.", status=200) from error
        if not isinstance(key, RSAPublicKey) or key.key_size < 2048:
            raise _failed("What Adobe sent is no RSA key of 2048 bits.", status=200)
        return key

    def close(self) -> None:
        """Give the connections back."""
        if "_client" in self.__dict__:
            self._client.close()


def _failed(message: str, status: int | None = None) -> RemoteError:
    return RemoteError(message, system="adobe", operation="eventKey", verdict=Verdict.RETRY, status=status)
