"""Who acts: at the command line, in a job, the bridge by itself; and what is kept for how long."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

import bridge
from bridge import trail
from bridge.jobs.cleanup import clean_up
from bridge.keys import create_key, revoke_key
from bridge.ledger import AuditEvent
from bridge.models import Order, Store
from bridge.runtime import Runtime
from bridge.staging import guard_public_url
from tests.cli.conftest import Cli, bare, cli
from tests.conftest import HandClock

__all__ = ["bare", "cli"]


def events(runtime: Runtime) -> list[AuditEvent]:
    with runtime.db.reading() as session:
        return list(session.scalars(select(AuditEvent).order_by(AuditEvent.id)))


def test_a_command_is_recorded_under_the_operators_account(cli: Cli, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("getpass.getuser", lambda: "olga")
    secret = cli("apikey", "create", "shop", "--scope", "orders:read").stdout.strip()
    cli("apikey", "revoke", "shop")
    cli("apikey", "revoke", "shop")  # nothing changes
    runtime = cli.runtime()
    try:
        made, revoked = events(runtime)
        assert (made.actor_kind, made.actor, made.action, made.object_id) == ("cli", "olga", "api_key.created", "shop")
        assert made.changes[0] == {"field": "scopes", "before": None, "after": "orders:read", "withheld": False}
        assert revoked.action == "api_key.revoked"
        assert secret not in repr([row.__dict__ for row in events(runtime)])
    finally:
        runtime.close()


def test_an_operator_without_a_name_has_a_number(monkeypatch: pytest.MonkeyPatch):
    def nobody() -> str:
        raise OSError("no such account")

    monkeypatch.setattr("getpass.getuser", nobody)
    assert re.fullmatch(r"uid \d+", bridge.cli.operator())  # type: ignore[attr-defined]


def test_read_only_mode_that_switches_itself_on_is_recorded_once(runtime: Runtime):
    def at(url: str) -> Runtime:
        return replace(runtime, config=replace(runtime.config, public_url=url))

    for url in ("https://bridge.example", "https://staging.example", "https://other.example"):
        guard_public_url(at(url))
    (event,) = events(runtime)
    assert (event.actor_kind, event.action) == ("bridge", "global_settings.changed")
    assert event.changes == [{"field": "read_only_mode", "before": "false", "after": "true", "withheld": False}]


def test_a_key_that_cannot_be_made_leaves_nothing(runtime: Runtime):
    with pytest.raises(bridge.errors.InvalidInput), runtime.db.session() as session:
        create_key(session, "shop", [], None, None, runtime.now())
    with pytest.raises(bridge.errors.NotFound), runtime.db.session() as session:
        revoke_key(session, "nobody", runtime.now())
    assert events(runtime) == []


def test_what_was_done_is_in_the_same_commit_or_not_at_all(runtime: Runtime, store: Store):
    def break_off() -> None:
        with runtime.db.session() as session:
            trail.record(session, "store.changed", "store", store.id)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        break_off()
    assert events(runtime) == []


def test_an_order_outside_a_session_is_a_mistake():
    with pytest.raises(ValueError, match="outside a session"):
        trail.record_order(Order(), "order.import_requested")


def test_of_two_requests_that_read_at_once_one_is_recorded(runtime: Runtime, monkeypatch: pytest.MonkeyPatch):
    trail.record_reading(runtime.db, "order.read", 7, 1)
    monkeypatch.setattr(trail, "select", lambda *_: select(AuditEvent.id).where(AuditEvent.id == -1))  # neither saw it
    trail.record_reading(runtime.db, "order.read", 7, 1)
    assert len(events(runtime)) == 1


def test_who_read_what_is_kept_for_more_than_a_year_and_changes_for_ever(runtime: Runtime, clock: HandClock):
    with trail.acting(trail.Actor("api_key", "shop"), clock.now):
        trail.record_reading(runtime.db, "order.read", 7, 1)
        with runtime.db.session() as session:
            trail.record(session, "store.changed", "store", 1)
    clock.advance(timedelta(days=399))
    assert clean_up(runtime)["readings"] == 0
    clock.advance(timedelta(days=2))
    assert clean_up(runtime)["readings"] == 1
    assert [event.action for event in events(runtime)] == ["store.changed"]


def test_nothing_but_the_cleanup_deletes_from_the_trail_and_nothing_changes_it():
    for path in Path(bridge.__file__).parent.rglob("*.py"):
        text = path.read_text()
        assert "update(AuditEvent" not in text, path
        assert "delete(AuditEvent" not in text or path.name == "cleanup.py", path
