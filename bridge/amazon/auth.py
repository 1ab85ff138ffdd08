"""Access tokens of Login with Amazon: one for each seller, fetched once whoever needs it (amazon-sp-api 3)."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

EARLY = 120.0  # seconds before its end at which a token is no longer used


@dataclass
class _Slot:
    lock: threading.Lock = field(default_factory=threading.Lock)
    token: str | None = None
    good_until: datetime | None = None


class TokenCache:
    """Tokens in memory, by seller. Thread-safe: while one thread fetches a seller's token the others wait for it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._slots: dict[str, _Slot] = {}

    def get(self, seller: str, now: datetime, fetch: Callable[[], tuple[str, float]]) -> str:
        """The seller's token; `fetch` gives a new one with its life in seconds. Raises what `fetch` raises."""
        slot = self._slot(seller)
        with slot.lock:
            if slot.token is None or slot.good_until is None or now >= slot.good_until:
                token, seconds = fetch()
                slot.token, slot.good_until = token, now + timedelta(seconds=seconds - EARLY)
            return slot.token

    def forget(self, seller: str, token: str) -> None:
        """Amazon no longer takes this token; a newer one that another thread has fetched meanwhile stays."""
        slot = self._slot(seller)
        with slot.lock:
            if slot.token == token:
                slot.token = None

    def _slot(self, seller: str) -> _Slot:
        with self._lock:
            return self._slots.setdefault(seller, _Slot())
