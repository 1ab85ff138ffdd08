"""How often an API key may ask: counted by the `limits` library, in memory or in Redis (docs/adr/0012)."""

from __future__ import annotations

import math
import time

import structlog
from flask import g
from limits import RateLimitItem, parse
from limits.errors import ConfigurationError, StorageError
from limits.storage import storage_from_string
from limits.strategies import SlidingWindowCounterRateLimiter

from bridge.api.errors import refuse
from bridge.config import Config
from bridge.errors import ConfigError

_PATIENCE = 30.0  # seconds for which a counter that does not answer is not asked again
log = structlog.get_logger()


class RateLimit:
    """The limit of every API key; each key is counted by itself.

    A counter of its own in each worker, unless `rate_limit_storage` names a Redis. While that does not answer the
    worker counts by itself. Raises ConfigError for a limit or an address that cannot be used.
    """

    def __init__(self, config: Config) -> None:
        self._item = _item(config.rate_limit)
        self._counter = self._own = _counter("memory://")
        self._asked_again_at = 0.0
        if config.rate_limit_storage != "memory://":
            self._counter = _counter(config.rate_limit_storage)

    def spend(self, caller_id: str) -> None:
        """Count a request of this API key; ends it with 429 when it is one too many."""
        if self._item is None:
            return
        reset, remaining, allowed = self._count(self._item, caller_id)
        wait = max(1, math.ceil(reset - time.time()))
        g.rate = (self._item.amount, remaining, wait)
        if not allowed:
            refuse(429, "rate_limited", f"This API key may make {self._item} requests.", retry_after=wait)

    def _count(self, item: RateLimitItem, caller_id: str) -> tuple[float, int, bool]:
        if self._counter is not self._own and time.monotonic() >= self._asked_again_at:
            try:
                return _hit(self._counter, item, caller_id)
            except StorageError as error:
                log.warning("rate limit storage failed", error=type(error.storage_error).__name__)
                self._asked_again_at = time.monotonic() + _PATIENCE
        return _hit(self._own, item, caller_id)


def _hit(counter: SlidingWindowCounterRateLimiter, item: RateLimitItem, caller_id: str) -> tuple[float, int, bool]:
    allowed = counter.hit(item, "api", caller_id)
    window = counter.get_window_stats(item, "api", caller_id)
    return window.reset_time, window.remaining, allowed


def _item(text: str) -> RateLimitItem | None:
    if text in {"", "none"}:
        return None
    try:
        return parse(text)
    except ValueError as error:
        raise ConfigError(f"BRIDGE_RATE_LIMIT: {text!r} is no limit such as 1200/minute, and not none") from error


def _counter(address: str) -> SlidingWindowCounterRateLimiter:
    options = {} if address == "memory://" else {"socket_timeout": 1, "socket_connect_timeout": 1}
    try:
        return SlidingWindowCounterRateLimiter(storage_from_string(address, wrap_exceptions=True, **options))
    except (ConfigurationError, ValueError) as error:
        raise ConfigError(f"BRIDGE_RATE_LIMIT_STORAGE cannot be used: {error}") from error
