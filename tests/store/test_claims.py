"""Who may do what only one may do: leases, claims of orders and of outgoing changes, by sessions that race."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from bridge import claims, store
from bridge.db import Database
from bridge.domain.states import CLAIMED, ImportState
from bridge.models import Order, OrderEvent, OutgoingChange
from tests.store.conftest import NOW

LIMIT = timedelta(minutes=2)
RACERS = 4


@pytest.fixture
def lease() -> str:
    return f"lease:{uuid.uuid4().hex}"


def race(db: Database, attempt: Callable[[Session, str], object]) -> list[object]:
    """What each of several sessions got that tried at the same moment."""
    start = threading.Barrier(RACERS)

    def run(name: str) -> object:
        start.wait()
        with db.session() as session:
            return attempt(session, name)

    with ThreadPoolExecutor(RACERS) as pool:
        return list(pool.map(run, (f"racer {number}" for number in range(RACERS))))


def take(db: Database, name: str, holder: str, at: timedelta = timedelta(0)) -> bool:
    with db.session() as session:
        return claims.take_lease(session, name, holder, NOW + at, 60)


def test_a_lease_is_its_holders_until_its_time_has_run_out(db: Database, lease: str):
    assert take(db, lease, "first")
    assert not take(db, lease, "second", timedelta(seconds=59))
    assert take(db, lease, "first", timedelta(seconds=59))  # prolonged
    assert not take(db, lease, "second", timedelta(seconds=61))
    assert take(db, lease, "second", timedelta(seconds=119))
    assert not take(db, lease, "first", timedelta(seconds=120))


def test_a_lease_is_given_back_by_its_holder_only(db: Database, lease: str):
    take(db, lease, "first")
    with db.session() as session:
        claims.release_lease(session, lease, "second")
    assert not take(db, lease, "second")
    with db.session() as session:
        claims.release_lease(session, lease, "first")
    assert take(db, lease, "second")


def test_a_new_lease_goes_to_one_of_those_who_ask_at_once(db: Database, lease: str):
    taken = race(db, lambda session, name: claims.take_lease(session, lease, name, NOW, 60))
    assert sorted(taken) == [False] * (RACERS - 1) + [True]


def test_a_lease_that_has_run_out_goes_to_one_of_those_who_ask_at_once(db: Database, lease: str):
    take(db, lease, "dead")
    later = NOW + timedelta(minutes=5)
    taken = race(db, lambda session, name: claims.take_lease(session, lease, name, later, 60))
    assert sorted(taken) == [False] * (RACERS - 1) + [True]


def test_an_order_is_claimed_by_one_of_those_who_try_at_once_and_leaves_one_event(db: Database, put):
    order = put()
    got = race(db, lambda session, name: claims.claim_for_import(session, order, name, NOW, NOW + LIMIT))
    assert sorted(got) == [False] * (RACERS - 1) + [True]
    with db.reading() as session:
        row = session.get_one(Order, order.id)
        events = session.scalars(select(OrderEvent).where(OrderEvent.order_id == order.id)).all()
    assert (row.import_state, row.attempts, row.due_at) == (ImportState.IMPORTING, 1, NOW + LIMIT)
    assert row.claim == f"racer {got.index(True)}"
    assert [(event.kind, event.old, event.new) for event in events] == [("import_state", "ready", "importing")]


def test_a_claim_of_a_blocked_order_shows_amazons_status_again(db: Database, put):
    order = put(import_state=ImportState.BLOCKED, status="Error")
    with db.session() as session:
        assert claims.claim_for_import(session, order, "me", NOW, NOW + LIMIT)
    with db.reading() as session:
        assert session.get_one(Order, order.id).status == "Unshipped"


def test_an_order_of_which_amazon_sent_a_newer_version_is_not_claimed(db: Database, put):
    order = put()
    with db.session() as session:
        session.get_one(Order, order.id).last_update_date = NOW + timedelta(microseconds=1)
    with db.session() as session:
        assert not claims.claim_for_import(session, order, "me", NOW, NOW + LIMIT)


@pytest.mark.parametrize("state", sorted(CLAIMED))
def test_an_order_is_claimed_into_the_state_of_what_is_done_with_it(db: Database, put, state: ImportState):
    order = put(import_state=state)
    with db.session() as session:
        assert claims.claim_for_import(session, order, "me", NOW, NOW + LIMIT)
    with db.session() as session:
        assert not claims.claim_for_import(session, order, "other", NOW, NOW + LIMIT)
        found = claims.claimed_order(session, order.id, "me")
        assert found is not None
        assert found.import_state is CLAIMED[state]


def test_an_order_that_a_commerce_order_holds_by_now_is_not_claimed_by_who_read_it_before(db: Database, put):
    order = put(import_state=ImportState.READY)
    with db.session() as session:
        fresh = session.get_one(Order, order.id)
        fresh.import_state, fresh.commerce_order_id = ImportState.RESERVED, 7
    with db.session() as session:
        assert not claims.claim_for_import(session, order, "me", NOW, NOW + LIMIT)


@pytest.mark.parametrize("state", sorted(set(ImportState) - set(CLAIMED)))
def test_an_order_in_any_other_state_is_not_claimed(db: Database, put, state: ImportState):
    order = put(import_state=state)
    with db.session() as session:
        assert not claims.claim_for_import(session, order, "me", NOW, NOW + LIMIT)
    with db.reading() as session:
        assert session.get_one(Order, order.id).import_state is state


def test_an_abandoned_order_is_found_once_its_time_has_run_out_and_taken_over_by_one(db: Database, put, store_id: int):
    order = put(import_state=ImportState.IMPORTING, claim="dead", due_at=NOW + LIMIT)
    with db.reading() as session:
        assert claims.abandoned_ids(session, store_id, NOW, 10) == []
        assert claims.abandoned_ids(session, store_id, NOW + LIMIT, 10) == [order.id]
    later, until = NOW + LIMIT, NOW + 2 * LIMIT
    got = race(db, lambda session, name: claims.claim_abandoned(session, order.id, name, later, until))
    assert sorted(got) == [False] * (RACERS - 1) + [True]


def test_a_claimed_order_is_seen_by_its_claim_only_and_while_it_is_being_imported(db: Database, put):
    order = put(import_state=ImportState.IMPORTING, claim="mine")
    with db.session() as session:
        assert claims.claimed_order(session, order.id, "another") is None
        held = claims.claimed_order(session, order.id, "mine")
        assert held is not None
        held.move_to(ImportState.IMPORTED, NOW, "Created.")
    with db.session() as session:
        assert claims.claimed_order(session, order.id, "mine") is None


def test_a_change_is_kept_once_per_order_kind_and_reference(db: Database, put):
    order_id = put().id
    with db.session() as session:
        order = session.get_one(Order, order_id)
        first = store.enqueue(order, "confirm_shipment", NOW, reference="7", payload={"n": 1})
        again = store.enqueue(order, "confirm_shipment", NOW, reference="7", payload={"n": 2})
        other = store.enqueue(order, "confirm_shipment", NOW, reference="8")
    assert first is not None
    assert again is None
    assert other is not None
    with db.reading() as session:
        assert session.get_one(OutgoingChange, first.id).payload == {"n": 1}


def test_due_changes_come_longest_due_first_and_of_the_asked_kinds_only(db: Database, put, store_id: int):
    order_id = put().id
    with db.session() as session:
        order = session.get_one(Order, order_id)
        late = store.enqueue(order, "hold", NOW)
        early = store.enqueue(order, "cancel", NOW - LIMIT)
        store.enqueue(order, "invoice", NOW + LIMIT)
        store.enqueue(order, "confirm", NOW)
    assert late is not None
    assert early is not None
    with db.reading() as session:
        due = claims.due_changes(session, store_id, ("hold", "cancel", "invoice"), NOW, 10)
        assert due == [early.id, late.id]
        assert claims.due_changes(session, store_id, ("hold", "cancel"), NOW, 1) == [early.id]


def test_a_change_is_claimed_by_one_of_those_who_try_at_once(db: Database, put, store_id: int):
    order_id = put().id
    with db.session() as session:
        change = store.enqueue(session.get_one(Order, order_id), "hold", NOW)
    assert change is not None
    got = race(db, lambda session, _: claims.claim_change(session, change.id, NOW, NOW + LIMIT))
    assert sorted(got) == [False] * (RACERS - 1) + [True]
    with db.reading() as session:
        assert session.get_one(OutgoingChange, change.id).attempts == 1
        assert claims.due_changes(session, store_id, ("hold",), NOW, 10) == []


def test_a_change_that_is_not_pending_is_never_claimed(db: Database, put):
    order_id = put().id
    with db.session() as session:
        change = store.enqueue(session.get_one(Order, order_id), "hold", NOW)
        assert change is not None
        change.state = "sent"
    with db.session() as session:
        assert not claims.claim_change(session, change.id, NOW, NOW + LIMIT)
