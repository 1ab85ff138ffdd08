"""The audit trail and webhooks on all three databases: what must happen once happens once."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial

import pytest
from sqlalchemy import delete, func, select

from bridge import inbound, trail
from bridge.db import Database
from bridge.domain.states import ImportState
from bridge.domain.webhooks import EventType
from bridge.ledger import AuditEvent, InboundEvent, WebhookDelivery, WebhookEndpoint, WebhookEvent
from bridge.models import Order, Store
from bridge.outbound.receivers import Answer, Receivers
from bridge.sync.announce import Announcer
from bridge.vault import Vault, new_key
from tests.store.conftest import NOW

VAULT = Vault([new_key()])


class Taking(Receivers):
    """Keeps what it is given, under the id of the message."""

    def __init__(self) -> None:
        self.taken: list[str] = []

    def post(self, url: str, headers: object, body: bytes) -> Answer:
        self.taken.append(headers["webhook-id"])  # type: ignore[index]
        return Answer(204, None, ms=1)


@pytest.fixture
def endpoint(db: Database, store_id: int) -> int:
    with db.session() as session:
        session.execute(delete(WebhookEvent))
        session.execute(delete(WebhookEndpoint))
        row = WebhookEndpoint(
            store_id=store_id, url="https://erp.example/", events=list(EventType), sealed=b"", created_at=NOW,
            updated_at=NOW,
        )  # fmt: skip
        session.add(row)
        session.flush()
        row.sealed = VAULT.seal(f"webhook:{row.id}", {"current": "whsec_c2VjcmV0"})
        return row.id


def announcer(db: Database, receivers: Receivers) -> Announcer:
    return Announcer(db, VAULT, receivers, lambda: NOW, threading.Event())


def count(db: Database, table: type) -> int:
    with db.reading() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


def test_of_many_at_once_each_event_is_handed_out_and_sent_once(db: Database, put: Callable[..., Order], endpoint: int):
    for _ in range(30):
        order = put()
        with db.session() as session:
            session.get_one(Order, order.id).announce(EventType.IMPORTED, NOW)
    receivers = Taking()
    with ThreadPoolExecutor(4) as pool:
        for run in [pool.submit(announcer(db, receivers).run) for _ in range(4)]:
            run.result()
    announcer(db, receivers).run()
    assert len(receivers.taken) == len(set(receivers.taken)) == 30
    with db.reading() as session:
        states = session.execute(select(WebhookDelivery.state, WebhookDelivery.attempts)).all()
    assert {tuple(each) for each in states} == {("delivered", 1)}


def test_a_step_and_its_event_are_one_commit(db: Database, put: Callable[..., Order], endpoint: int):
    order = put(import_state=ImportState.IMPORTING)
    for commit in (False, True):
        with db.session() as session:
            row = session.get_one(Order, order.id)
            row.move_to(ImportState.IMPORTED, NOW, "Created in Commerce as order #1.")
            if not commit:
                session.rollback()
        assert count(db, WebhookEvent) == int(commit)


def test_what_belongs_to_a_store_goes_with_it_and_the_trail_stays(
    db: Database, put: Callable[..., Order], store_id: int, endpoint: int
):
    order = put()
    with db.session() as session:
        session.get_one(Order, order.id).announce(EventType.SHIPPED, NOW)
        trail.record(session, "store.changed", "store", store_id, store_id=store_id)
    announcer(db, Taking()).run()
    assert inbound.is_news(db, "adobe", store_id, "event-1", NOW)
    with db.session() as session:
        session.execute(delete(Store).where(Store.id == store_id))
    assert [count(db, table) for table in (WebhookEndpoint, WebhookEvent, WebhookDelivery)] == [0, 0, 0]
    with db.reading() as session:
        assert session.scalar(select(InboundEvent.id).where(InboundEvent.store_id == store_id)) is None
        assert session.scalar(select(AuditEvent.action).where(AuditEvent.store_id == store_id)) == "store.changed"


def test_of_many_readings_and_messages_at_once_one_is_kept(db: Database, store_id: int):
    actor = trail.Actor("api_key", f"key of {store_id}")
    clock = lambda: NOW + timedelta(minutes=1)  # noqa: E731

    def read() -> None:
        with trail.acting(actor, clock):
            trail.record_reading(db, "order.read", store_id, store_id)

    with ThreadPoolExecutor(6) as pool:
        for run in [pool.submit(read) for _ in range(6)]:
            run.result()
        tell = partial(inbound.is_news, db, "commerce", store_id, "the same", NOW)
        news = [run.result() for run in [pool.submit(tell) for _ in range(6)]]
    assert sorted(news) == [False] * 5 + [True]
    with db.reading() as session:
        mine = (AuditEvent.action == "order.read", AuditEvent.store_id == store_id)
        assert session.scalar(select(func.count()).select_from(AuditEvent).where(*mine)) == 1
