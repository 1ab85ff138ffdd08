"""The world's clock and its list of faults."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from bridge.sandbox.world import Fault, SandboxClock, World

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def test_a_hand_moved_clock_goes_forward_and_never_back():
    clock = SandboxClock(NOON)
    assert clock.advance(timedelta(hours=1)) == NOON + timedelta(hours=1)
    assert clock.move_to(NOON) == NOON + timedelta(hours=1)
    assert clock.move_to(NOON + timedelta(hours=2)) == clock.now() == NOON + timedelta(hours=2)


def test_a_real_clock_cannot_be_moved():
    clock = SandboxClock()
    with pytest.raises(ValueError, match="real time"):
        clock.advance(timedelta(hours=1))
    with pytest.raises(ValueError, match="real time"):
        clock.move_to(NOON)


def test_a_fault_of_chance_is_played_on_its_share_of_requests_and_the_same_each_time():
    played = []
    for _ in range(2):
        faults = World(seed=4).faults
        faults.add(Fault("GET", "answer", times=None, chance=0.25))
        played.append([faults.take("GET /amazon/x") is not None for _ in range(400)])
    assert 70 < sum(played[0]) < 130
    assert played[0] == played[1]


def test_the_first_fault_that_matches_and_is_not_used_up_is_played():
    faults = World().faults
    first = faults.add(Fault("GET /amazon", "answer", times=1))
    second = faults.add(Fault("GET", "hang_up", times=None))
    assert [faults.take("GET /amazon/x"), faults.take("GET /amazon/x"), faults.take("POST /x")] == [first, second, None]
