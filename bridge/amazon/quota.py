"""Amazon's usage plans, kept on our side: a token bucket for each seller account, region and operation.

Pure functions over a frozen bucket, so that whoever keeps it (memory, database) needs nothing but to read and write it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol

# operation -> (requests per second, burst): Amazon's documented defaults (amazon-sp-api 1.10; feeds: Amazon's model)
RATES: dict[str, tuple[float, int]] = {
    "searchOrders": (0.0056, 20),
    "getOrder": (0.5, 30),
    "confirmShipment": (2.0, 10),
    "cancelOrder": (1.0, 5),
    "getMarketplaceParticipations": (0.016, 15),
    "createFeedDocument": (0.5, 15),
    "createFeed": (0.0083, 15),
    "getFeed": (2.0, 15),
    "getFeedDocument": (0.0222, 10),
    "createDestination": (1.0, 5),
    "getDestinations": (1.0, 5),
    "createSubscription": (1.0, 5),
    "getSubscription": (1.0, 5),
}


class QuotaKeeper(Protocol):
    """Keeps the buckets of one seller account in one region. Never sleeps."""

    def acquire(self, operation: str, *, reserve: int = 0) -> float:
        """Take a token and give 0.0; or take none and give the seconds until one is there beside `reserve` others."""

    def learn(self, operation: str, rate: float) -> None:
        """Amazon has named the rate (requests a second) that the account really has."""

    def spent(self, operation: str) -> None:
        """Amazon has refused a request (429): whatever we have counted, nothing is left."""


@dataclass(frozen=True, slots=True)
class Bucket:
    """How many requests are left as of `updated_at`; `rate` more come each second, up to one less than `burst`.

    One token stays unused: a request that was long on its way is counted later by Amazon than by us, and so refilled
    later.
    """

    tokens: float
    rate: float
    burst: int
    updated_at: datetime

    @property
    def capacity(self) -> float:
        """The most that the bucket holds."""
        return float(max(1, self.burst - 1))


def full_bucket(operation: str, now: datetime) -> Bucket:
    """A bucket that was not used yet. Raises KeyError for an operation that RATES does not know."""
    rate, burst = RATES[operation]
    bucket = Bucket(0.0, rate, burst, now)
    return replace(bucket, tokens=bucket.capacity)


def level(bucket: Bucket, now: datetime) -> float:
    """The tokens that are there at `now`; a clock that went back refills nothing."""
    passed = max(0.0, (now - bucket.updated_at).total_seconds())
    return min(bucket.capacity, bucket.tokens + passed * bucket.rate)


def take(bucket: Bucket, now: datetime, reserve: int = 0) -> tuple[Bucket, float]:
    """The bucket after a request at `now`, and 0.0; or the bucket unspent, and the seconds to wait.

    reserve: how many tokens have to stay for others.
    """
    tokens = level(bucket, now)
    needed = min(1.0 + reserve, bucket.capacity)
    current = replace(bucket, tokens=tokens, updated_at=max(now, bucket.updated_at))
    # Sums of fractions end a hair below a whole number: a millionth of a token is no reason to wait.
    if tokens + 1e-6 >= needed:
        return replace(current, tokens=max(0.0, tokens - 1.0)), 0.0
    return current, (needed - tokens) / bucket.rate


def with_rate(bucket: Bucket, rate: float, now: datetime) -> Bucket:
    """The bucket with another rate from `now` on; a rate that is not positive is no news."""
    if not rate > 0 or rate == bucket.rate:
        return bucket
    return replace(bucket, tokens=level(bucket, now), rate=rate, updated_at=max(now, bucket.updated_at))


def emptied(bucket: Bucket, now: datetime) -> Bucket:
    """The bucket with nothing in it: the next request is free when one would be refilled."""
    return replace(bucket, tokens=0.0, updated_at=max(now, bucket.updated_at))


class MemoryQuota:
    """A QuotaKeeper that forgets with its process. Thread-safe."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._buckets: dict[str, Bucket] = {}

    def acquire(self, operation: str, *, reserve: int = 0) -> float:
        """See QuotaKeeper."""
        now = self._clock()
        with self._lock:
            bucket = self._buckets.get(operation) or full_bucket(operation, now)
            self._buckets[operation], wait = take(bucket, now, reserve)
        return wait

    def learn(self, operation: str, rate: float) -> None:
        """See QuotaKeeper."""
        now = self._clock()
        with self._lock:
            bucket = self._buckets.get(operation) or full_bucket(operation, now)
            self._buckets[operation] = with_rate(bucket, rate, now)

    def spent(self, operation: str) -> None:
        """See QuotaKeeper."""
        now = self._clock()
        with self._lock:
            bucket = self._buckets.get(operation) or full_bucket(operation, now)
            self._buckets[operation] = emptied(bucket, now)
