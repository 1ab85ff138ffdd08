"""When to try again: one pure function over one policy."""

from __future__ import annotations

import random
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Policy:
    """A growing, capped, jittered pause. Seconds. There is no last attempt: what can succeed is tried for ever.

    The n-th pause (n from 1) is first * factor ** (n - 1), at most cap, then varied by +/- jitter (a share of itself).
    """

    first: float = 15.0
    factor: float = 2.0
    cap: float = 3600.0
    jitter: float = 0.2


def next_delay(attempt: int, policy: Policy, *, retry_after: float | None = None, rng: random.Random) -> float:
    """Seconds until the next try after `attempt` (from 1) has failed; never sooner than the other side asked."""
    exponent = min(max(attempt, 1) - 1, 64)
    pause = min(policy.first * policy.factor**exponent, policy.cap)
    pause *= 1 + policy.jitter * (2 * rng.random() - 1)
    return max(pause, retry_after or 0.0)
