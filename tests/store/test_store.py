"""Named reads and writes, the same on all three databases."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.exc import StatementError

from bridge import claims, store
from bridge.db import Database
from bridge.domain.blockers import Blocker
from bridge.domain.order import Address, AmazonStatus, Channel, Line, LineAmounts, OrderSnapshot
from bridge.domain.settings import OrderSettings
from bridge.domain.states import ImportState
from bridge.errors import NotFound, RemoteError, Verdict
from bridge.models import BuyerWord, CommunicationError, GlobalSettingsRow, Order, OrderBlocker, OrderEvent, Store
from tests.store.conftest import NOW

Put = Callable[..., Order]
AMOUNTS = LineAmounts(item=3998, item_tax=330, shipping=499, shipping_tax=41, item_discount=100, total=4768)


def blocker(code: str = "out_of_stock", sku: str = "MUG") -> Blocker:
    return Blocker(code=code, message=f"{sku} is {code}.", fix="Mend it.", line_id="1", sku=sku)


def whole(db: Database, order_id: int) -> Order:
    with db.reading() as session:
        (order,) = store.load_orders(session, [order_id])
        session.expunge_all()
        return order


def events(db: Database, order: Order) -> list[tuple[str, str | None, str | None]]:
    query = select(OrderEvent).where(OrderEvent.order_id == order.id).order_by(OrderEvent.id)
    with db.reading() as session:
        return [(event.kind, event.old, event.new) for event in session.scalars(query)]


def snapshot(order: Order, **values: object) -> OrderSnapshot:
    defaults: dict[str, object] = {
        "amazon_order_id": order.amazon_order_id, "marketplace_id": "", "status": AmazonStatus.UNSHIPPED,
        "channel": Channel.FBM, "purchase_date": NOW, "last_update": NOW, "lines": (),
    }  # fmt: skip
    return OrderSnapshot(**(defaults | values))  # type: ignore[arg-type]


def test_a_store_that_is_not_there_is_told(db: Database):
    with db.reading() as session, pytest.raises(NotFound, match="999999"):
        store.get_store(session, 999_999)


def test_only_active_stores_are_worked_for(db: Database, store_id: int):
    with db.reading() as session:
        assert store_id in store.active_store_ids(session)
    with db.session() as session:
        session.get_one(Store, store_id).active = False
    with db.reading() as session:
        assert store_id not in store.active_store_ids(session)


def test_a_fresh_store_has_the_default_settings(db: Database, store_id: int):
    with db.reading() as session:
        assert store.order_settings(store.get_store(session, store_id).settings) == OrderSettings()


def test_the_global_settings_are_made_once(db: Database):
    with db.session() as session:
        assert store.global_settings(session).clear_log_history == "monthly"
        store.global_settings(session).debug_logging = True
    with db.session() as session:
        assert store.global_settings(session).debug_logging
        assert len(session.scalars(select(GlobalSettingsRow)).all()) == 1


def test_a_cursor_remembers_how_far_its_feed_was_read(db: Database, store_id: int):
    with db.session() as session:
        row = store.cursor(session, store_id, "amazon", NOW)
        assert (row.position, row.token) == (None, None)
        row.position, row.token, row.query = "2026-11-02T09:30:15+00:00", "t" * 5000, {"lastUpdatedAfter": "x"}
    with db.session() as session:
        row = store.cursor(session, store_id, "amazon", NOW)
        assert (row.position, len(row.token or ""), row.query) == (
            "2026-11-02T09:30:15+00:00",
            5000,
            {"lastUpdatedAfter": "x"},
        )
        assert store.cursor(session, store_id, "shipments", NOW).position is None


def test_known_versions_are_found_however_many_are_asked_for(db: Database, put: Put, store_id: int):
    orders = [put(last_update_date=NOW + timedelta(microseconds=number)) for number in range(3)]
    unknown = [f"999-{number:07d}-0000000" for number in range(1200)]
    asked = [orders[0].amazon_order_id, *unknown, orders[2].amazon_order_id]
    with db.reading() as session:
        assert store.known_versions(session, store_id, asked) == {
            orders[0].amazon_order_id: NOW,
            orders[2].amazon_order_id: NOW + timedelta(microseconds=2),
        }


def test_orders_are_loaded_as_asked_and_found_by_their_commerce_order(db: Database, put: Put, store_id: int):
    first, second = put(commerce_order_id=70), put(commerce_order_id=71)
    with db.reading() as session:
        assert [order.id for order in store.load_orders(session, [second.id, -1, first.id])] == [second.id, first.id]
        assert store.orders_by_commerce_id(session, store_id, [71, 72]).keys() == {71}
        assert store.orders_by_commerce_id(session, store_id + 1, [71]) == {}


def test_an_import_looks_at_what_is_due_and_at_everything_blocked(db: Database, put: Put, store_id: int):
    later = NOW + timedelta(hours=1)
    due = put()
    put(due_at=later)
    blocked = put(import_state=ImportState.BLOCKED, due_at=later)
    for state in set(ImportState) - {ImportState.READY, ImportState.BLOCKED}:
        put(import_state=state)
    with db.reading() as session:
        assert claims.importable_ids(session, store_id, NOW, 10) == [due.id, blocked.id]
        assert claims.importable_ids(session, store_id, NOW, 1) == [due.id]
        assert claims.importable_ids(session, store_id, NOW, 10, after=due.id) == [blocked.id]


def test_of_the_held_it_looks_at_what_is_paid_and_at_everything_blocked(db: Database, put: Put, store_id: int):
    ids = []
    for state, status in itertools.product(
        (ImportState.READY, ImportState.RESERVED, ImportState.BLOCKED), (AmazonStatus.PENDING, AmazonStatus.UNSHIPPED)
    ):
        held = put(import_state=state, amazon_status=status, commerce_order_id=7)
        put(import_state=state, amazon_status=status)
        if state is ImportState.BLOCKED or (state is ImportState.RESERVED and status is AmazonStatus.UNSHIPPED):
            ids.append(held.id)
    put(import_state=ImportState.RESERVED, commerce_order_id=7, due_at=NOW + timedelta(hours=1))
    with db.reading() as session:
        assert claims.importable_ids(session, store_id, NOW, 20, held=True) == ids


def test_blockers_make_an_error_once_and_leave_an_event_for_each_change(db: Database, put: Put):
    order = put()
    for given, changed in (
        ([blocker()], True),
        ([blocker()], False),
        ([blocker("product_disabled"), blocker(sku="CUP")], True),
        ([], True),
    ):
        with db.session() as session:
            (fresh,) = store.load_orders(session, [order.id])
            assert store.replace_blockers(session, fresh, given, NOW) is changed
        assert [(b.code, b.sku) for b in whole(db, order.id).blockers] == [(b.code, b.sku) for b in given]
    assert events(db, order) == [("import_state", "ready", "blocked"), ("blocked", None, "product_disabled")]
    assert whole(db, order.id).status == "Error"
    with db.reading() as session:
        assert session.scalars(select(OrderBlocker.id).where(OrderBlocker.order_id == order.id)).all() == []


def test_a_change_and_its_event_stand_in_one_commit(db: Database, put: Put):
    order = put()

    def block_and_die() -> None:
        with db.session() as session:
            (fresh,) = store.load_orders(session, [order.id])
            fresh.move_to(ImportState.BLOCKED, NOW, "Blocked.")
            session.flush()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        block_and_die()
    assert (whole(db, order.id).import_state, events(db, order)) == (ImportState.READY, [])


def test_lines_are_replaced_and_keep_their_link_to_commerce(db: Database, put: Put):
    order = put()
    first, second = Line("1", 2, sku="MUG", amounts=AMOUNTS), Line("2", 1, title="x" * 600)
    with db.session() as session:
        (fresh,) = store.load_orders(session, [order.id])
        store.write_lines(fresh, [first, second])
        fresh.lines[0].commerce_item_id = 55
    with db.session() as session:
        (fresh,) = store.load_orders(session, [order.id])
        store.write_lines(fresh, [Line("1", 3, sku="MUG", quantity_shipped=1), Line("3", 1)])
    rows = whole(db, order.id).lines
    assert [(r.amazon_item_id, r.quantity, r.quantity_shipped, r.commerce_item_id) for r in rows] == [
        ("1", 3, 1, 55),
        ("3", 1, 0, None),
    ]


def test_what_is_stored_of_an_order_is_read_back_as_it_came(db: Database, put: Put):
    order = put(currency="USD", grand_total_minor=2**40, programs=["PRIME"])
    given = snapshot(
        order, currency="USD", grand_total=2**40, programs=("PRIME",), buyer_name="Chloé 🫖 Tremblay",
        buyer_email="chloe@example.com",
        address=Address(name="Œuvre", lines=("1 Rue", "Apt 4"), city="Québec", country="CA"),
        lines=(Line("1", 2, "Mug", "MUG", "B0", 1, 1, AMOUNTS, "Joyeux Noël 🎁"), Line("2", 0)),
    )  # fmt: skip
    with db.session() as session:
        (fresh,) = store.load_orders(session, [order.id])
        store.write_lines(fresh, given.lines)
        store.write_personal(session, fresh, given)
    assert store.snapshot_of(whole(db, order.id)) == given


def test_what_amazon_no_longer_sends_of_the_buyer_stays(db: Database, put: Put):
    order = put()
    for given in (snapshot(order, buyer_name="Ada Whitfield", buyer_company="Mugs Ltd"), snapshot(order)):
        with db.session() as session:
            (fresh,) = store.load_orders(session, [order.id])
            store.write_personal(session, fresh, given)
    personal = whole(db, order.id).personal
    assert (personal.buyer_name, personal.buyer_company) == ("Ada Whitfield", "Mugs Ltd")


def test_the_words_of_a_buyers_name_follow_the_name(db: Database, put: Put):
    order = put()
    words = select(BuyerWord.word).where(BuyerWord.order_id == order.id).order_by(BuyerWord.word)
    for name, expected in (("João O’Connor João", ["connor", "joao", "o"]), ("José Ünal", ["jose", "unal"])):
        with db.session() as session:
            (fresh,) = store.load_orders(session, [order.id])
            store.write_personal(session, fresh, snapshot(order, buyer_name=name))
        with db.reading() as session:
            assert list(session.scalars(words)) == expected


def test_a_remote_error_is_kept_cut_to_length(db: Database, store_id: int):
    error = RemoteError(
        "m" * 900, system="commerce", operation="o" * 99, verdict=Verdict.RETRY, status=503, code="c" * 99
    )
    with db.session() as session:
        store.record_remote_error(session, store_id, error, NOW)
    with db.reading() as session:
        (row,) = session.scalars(select(CommunicationError).where(CommunicationError.store_id == store_id))
    assert (len(row.message), len(row.operation), len(row.code), row.status, row.request_id) == (500, 64, 64, 503, None)


def test_skus_that_differ_in_case_or_blanks_differ(db: Database, put: Put):
    order = put()
    with db.session() as session:
        (fresh,) = store.load_orders(session, [order.id])
        store.write_lines(fresh, [Line(str(number), 1, sku=sku) for number, sku in enumerate(("MUG", "mug", "MÜG"))])
    query = select(Order.id).join(Order.lines).where(Order.id == order.id)
    with db.reading() as session:
        line = Order.lines.property.mapper.class_
        for sku, count in (("MUG", 1), ("Mug", 0), ("MÜG", 1)):
            assert len(session.execute(query.where(line.sku == sku)).all()) == count


def test_a_time_is_kept_to_the_microsecond_and_only_with_a_zone(db: Database, put: Put):
    assert whole(db, put().id).purchase_date == NOW
    with pytest.raises(StatementError, match="without a zone"):
        put(purchase_date=datetime(2026, 11, 2))  # noqa: DTZ001 - that is the point
    assert whole(db, put(purchase_date=datetime(9999, 1, 1, tzinfo=UTC)).id).purchase_date.year == 9999
