"""The token buckets: never more requests than Amazon allows, and never a wait that is longer than needed."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.amazon.quota import RATES, Bucket, MemoryQuota, full_bucket, take, with_rate
from tests.clients.amazon_fixtures import START


def later(seconds: float):
    return START + timedelta(seconds=seconds)


def test_a_fresh_bucket_gives_its_burst_but_one_and_then_says_how_long_to_wait():
    bucket = full_bucket("searchOrders", START)
    for _ in range(19):
        bucket, wait = take(bucket, START)
        assert wait == 0.0
    bucket, wait = take(bucket, START)
    assert wait == pytest.approx(1 / 0.0056)


def test_who_waits_as_long_as_told_gets_the_token():
    bucket = Bucket(0.0, 0.0056, 20, START)
    bucket, wait = take(bucket, START)
    assert take(bucket, later(wait - 1))[1] > 0
    assert take(bucket, later(wait))[1] == 0.0


def test_a_reserve_is_left_for_others():
    bucket = Bucket(2.5, 0.5, 30, START)
    unspent, wait = take(bucket, START, reserve=2)
    assert (unspent.tokens, wait) == (2.5, pytest.approx(1.0))
    assert take(bucket, START)[1] == 0.0


def test_a_reserve_larger_than_the_bucket_does_not_wait_for_ever():
    assert take(full_bucket("confirmShipment", START), START, reserve=1000)[1] == 0.0


def test_a_clock_that_goes_back_refills_nothing_twice():
    bucket, _ = take(Bucket(1.0, 1.0, 10, later(60)), START)
    assert bucket == Bucket(0.0, 1.0, 10, later(60))
    assert take(bucket, later(60))[1] == pytest.approx(1.0)


def test_a_learned_rate_counts_from_now_on():
    bucket = with_rate(Bucket(0.0, 1.0, 10, START), 4.0, later(2))
    assert bucket == Bucket(2.0, 4.0, 10, later(2))


@pytest.mark.parametrize("rate", [0.0, -1.0, float("nan")])
def test_a_rate_that_is_none_is_not_learned(rate):
    bucket = full_bucket("getOrder", START)
    assert with_rate(bucket, rate, later(5)) is bucket


def test_the_memory_keeps_a_bucket_for_each_operation():
    quota = MemoryQuota(lambda: START)
    waits = [quota.acquire("confirmShipment") for _ in range(10)]
    assert waits[:9] == [0.0] * 9
    assert waits[9] == pytest.approx(0.5)
    assert quota.acquire("getOrder") == 0.0
    quota.learn("confirmShipment", 10.0)
    assert quota.acquire("confirmShipment") == pytest.approx(0.1)


def test_an_operation_without_a_plan_is_a_mistake():
    with pytest.raises(KeyError):
        MemoryQuota(lambda: START).acquire("deleteEverything")


@given(
    operation=st.sampled_from(sorted(RATES)), gaps=st.lists(st.floats(0, 2000), max_size=60), reserve=st.integers(0, 3)
)
def test_what_is_let_through_never_exceeds_amazons_plan(operation, gaps, reserve):
    rate, burst = RATES[operation]
    bucket, elapsed, passed = full_bucket(operation, START), 0.0, 0
    for gap in gaps:
        elapsed += gap
        bucket, wait = take(bucket, later(elapsed), reserve)
        passed += wait == 0.0
        assert wait >= 0
        assert passed <= burst + elapsed * rate
        assert 0 <= bucket.tokens <= burst
