"""Pauses between tries: growing, capped, jittered, never sooner than asked, never given up."""

from __future__ import annotations

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.domain.retry import Policy, next_delay


class Steady(random.Random):
    """Draws the middle, so that the jitter is nil."""

    def random(self) -> float:
        return 0.5


def test_the_pause_doubles_and_stops_growing_at_the_cap():
    policy = Policy(first=10, factor=2, cap=60)
    assert [next_delay(n, policy, rng=Steady()) for n in range(1, 6)] == [10, 20, 40, 60, 60]


def test_the_other_sides_wish_is_a_minimum():
    policy = Policy(first=10, factor=2, cap=60)
    assert next_delay(1, policy, retry_after=179, rng=Steady()) == 179
    assert next_delay(1, policy, retry_after=3, rng=Steady()) == 10


@given(st.integers(1, 10**9), st.integers(0, 2**32))
@settings(max_examples=50)
def test_every_attempt_has_a_next_one_within_the_bounds(attempt, seed):
    policy = Policy()
    pause = next_delay(attempt, policy, rng=random.Random(seed))
    assert policy.first * (1 - policy.jitter) <= pause <= policy.cap * (1 + policy.jitter)


def test_without_jitter_pauses_never_shrink():
    policy, rng = Policy(jitter=0), random.Random(1)
    pauses = [next_delay(attempt, policy, rng=rng) for attempt in range(1, 60)]
    assert pauses == sorted(pauses)
