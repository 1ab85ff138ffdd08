"""A database that was copied to another address goes into read-only mode, once."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bridge import store
from bridge.runtime import Runtime
from bridge.staging import guard_public_url


def at(runtime: Runtime, url: str) -> Runtime:
    """The same database, run at another address."""
    return replace(runtime, config=replace(runtime.config, public_url=url))


def read_only(runtime: Runtime) -> bool:
    with runtime.db.reading() as session:
        return store.global_settings(session).read_only_mode


def test_the_first_start_records_the_address(runtime: Runtime):
    assert not guard_public_url(at(runtime, "https://bridge.example"))
    assert not guard_public_url(at(runtime, "https://bridge.example"))
    assert not read_only(runtime)


def test_another_address_switches_read_only_mode_on(runtime: Runtime):
    guard_public_url(at(runtime, "https://bridge.example"))
    assert guard_public_url(at(runtime, "https://staging.example"))
    assert read_only(runtime)


def test_read_only_mode_stays_on_at_the_next_start_and_off_once_somebody_switched_it_off(runtime: Runtime):
    guard_public_url(at(runtime, "https://bridge.example"))
    staging = at(runtime, "https://staging.example")
    guard_public_url(staging)
    assert not guard_public_url(staging)
    assert read_only(runtime)
    with runtime.db.session() as session:
        store.global_settings(session).read_only_mode = False
    guard_public_url(staging)
    assert not read_only(runtime)


def test_the_switch_is_seen_by_whoever_is_editing_the_settings(runtime: Runtime):
    guard_public_url(at(runtime, "https://bridge.example"))
    with runtime.db.reading() as session:
        before = store.global_settings(session).version
    guard_public_url(at(runtime, "https://staging.example"))
    with runtime.db.reading() as session:
        assert store.global_settings(session).version == before + 1


@pytest.mark.parametrize("url", ["https://bridge.example/", "https://BRIDGE.example"])
def test_an_address_that_is_only_written_differently_is_the_same(runtime: Runtime, url: str):
    guard_public_url(at(runtime, "https://bridge.example"))
    assert not guard_public_url(at(runtime, url))
