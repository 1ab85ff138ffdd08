"""The order list on every database: the same answers, and by index."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from bridge.db import Database
from bridge.domain.states import ShownStatus
from bridge.models import Order, OrderBlocker, Store
from bridge.order_list import EVERY_SORT, OrderFilter, Page, find_page, order_items, search
from bridge.queries import dashboard, job_runs, system_messages
from tests.factories import JP, NOW, US, make_order, make_store

NAMES = ("Émile Zola", "adam O'Brien", "José García-Márquez", "山田 太郎", None)


@pytest.fixture(scope="module")
def stores(db: Database) -> Iterator[list[int]]:
    """One American and one Japanese store with sixty orders each; gone at the end."""
    with db.session() as session:
        made = [make_store(session, marketplace_id=US), make_store(session, marketplace_id=JP)]
        for store, n in itertools.product(made, range(60)):
            make_order(
                session, store, amazon_order_id=f"111-{n:07d}-{n % 7:07d}", buyer_name=NAMES[n % len(NAMES)],
                purchase_date=NOW - timedelta(hours=n // 3), currency="USD" if store is made[0] else "JPY",
                grand_total_minor=None if n % 11 == 0 else 100 * (n % 9), commerce_order_number=f"AMZ-{n:05d}",
                commerce_order_id=n, blockers=["out_of_stock"] if n % 4 == 0 else [],
            )  # fmt: skip
        ids = [store.id for store in made]
    yield ids
    with db.session() as session:
        session.execute(delete(Store).where(Store.id.in_(ids)))


def find(
    session: Session, stores: list[int], *, sort: str = "-purchase_date", size: int = 200, **wanted: Any
) -> list[Order]:
    found = find_page(
        session.connection(), OrderFilter(stores, **wanted), sort=sort, page=1, page_size=size, cursor=None
    )
    assert found.total_count == len(found.ids)
    return [session.get_one(Order, i) for i in found.ids]


@pytest.mark.parametrize("sort", EVERY_SORT)
@pytest.mark.parametrize("several", [False, True], ids=["one store", "two stores"])
def test_following_the_cursor_gives_every_order_once_in_the_order_of_the_pages(
    db: Database, stores: list[int], sort: str, several: bool
):
    chosen = stores if several else stores[:1]
    for wanted, count in ((OrderFilter(chosen), 60), (OrderFilter(chosen, buyer_name="jo", total_min=Decimal(1)), 10)):
        with db.reading() as session:
            whole = find_page(session.connection(), wanted, sort=sort, page=1, page_size=200, cursor=None)
            page = find_page(session.connection(), wanted, sort=sort, page=1, page_size=7, cursor=None)
            seen = page.ids
            while page.next:
                page = find_page(session.connection(), wanted, sort=sort, page=None, page_size=7, cursor=page.next)
                assert page.total_count == whole.total_count
                seen += page.ids
        assert seen == whole.ids
        assert len(set(seen)) == whole.total_count == (2 * count if several else count)


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ("ZOLA emi", 0),
        ("o br", 1),
        ("garcia", 2),
        ("márq jos", 2),
        ("山田", 3),
        ("z%l", None),
        ("ar", None),
        ("_", None),
    ],
)
def test_names_are_found_by_beginnings_of_words(db: Database, stores: list[int], asked: str, expected: int | None):
    with db.reading() as session:
        found = {order.personal.buyer_name for order in find(session, stores, buyer_name=asked)}
    assert found == ({NAMES[expected]} if expected is not None else set())


@pytest.mark.parametrize(
    ("asked", "count"),
    [("111-0000003-0000003", 2), ("111-000000", 20), ("0000002", 18), ("AMZ-0004", 20), ("amz-0004", 0), ("AMZ_", 0),
     ("AMZ-00041", 2), ("11", 120)],
)  # fmt: skip
def test_numbers_are_found_by_beginning_or_tail(db: Database, stores: list[int], asked: str, count: int):
    with db.reading() as session:
        assert len(find(session, stores, order_number=asked)) == count


def test_totals_of_several_currencies_are_compared_in_whole_units(db: Database, stores: list[int]):
    with db.reading() as session:
        dollars = find(session, stores, total_min=Decimal("4"), total_max=Decimal("4.00"))
        yen = find(session, stores, total_min=Decimal("400"), total_max=Decimal("400"))
        ordered = [o.grand_total_minor for o in find(session, stores, sort="total") if o.grand_total_minor is not None]
        assert {(o.currency, o.grand_total_minor) for o in dollars} == {("USD", 400)}
        assert {(o.currency, o.grand_total_minor) for o in yen} == {("JPY", 400)}
    assert len(ordered) == 108


def test_rows_are_read_in_the_order_of_the_page(db: Database, stores: list[int]):
    with db.reading() as session:
        ids = find_page(session.connection(), OrderFilter(stores), sort="total", page=2, page_size=9, cursor=None).ids
        items = order_items(session.connection(), ids)
    assert [item["id"] for item in items] == ids
    assert {item["grand_total"]["currency"] for item in items if item["grand_total"]} <= {"USD", "JPY"}


def test_the_other_reads_work_as_well(db: Database, stores: list[int]):
    with db.reading() as session:
        board = dashboard(session, stores[0], 7, NOW)
        assert sum(Decimal(day["revenue"]["amount"]) for day in board["revenue_by_day"]) == Decimal(
            board["revenue"]["amount"]
        )
        assert Decimal(board["revenue"]["amount"]) > 0
        assert len(system_messages(session, stores)[0]["store_ids"]) == 2
        assert job_runs(session, stores, 1, 20)["items"] == []


def test_a_server_is_believed_for_a_while_that_there_are_more_orders_than_are_counted(
    db: Database, stores: list[int], monkeypatch: pytest.MonkeyPatch
):
    def first_page() -> Page:
        with db.connecting() as connection:
            return find_page(connection, OrderFilter(), sort="-purchase_date", page=1, page_size=50, cursor=None)

    with db.session() as session:
        gone = [make_order(session, session.get_one(Store, stores[0])).id for _ in range(2)]
        number = session.scalars(select(func.count()).select_from(Order)).one()
    monkeypatch.setattr(search, "MOST_COUNTED", number - 1)
    found = first_page()
    assert (found.total_count, found.capped) == (number - 1, True)
    with db.session() as session:
        session.execute(delete(Order).where(Order.id.in_(gone)))
    assert first_page().capped is (db.engine.dialect.name != "sqlite")
    monkeypatch.setattr(search, "_BELIEVED", 0.0)
    found = first_page()
    assert (found.total_count, found.capped) == (number - 2, False)


def test_an_orders_blockers_stand_in_their_order_and_only_while_it_shows_error(db: Database, stores: list[int]):
    said = [("out_of_stock", 'Not "enough" of MUG\\7, é 山 \U0001f375\n'), ("product_disabled", "")]
    with db.session() as session:
        blocked, creating = (
            make_order(session, session.get_one(Store, stores[0]), blockers=["out_of_stock"]) for _ in range(2)
        )
        for order in (blocked, creating):
            order.blockers = [OrderBlocker(code=code, message=message, fix="") for code, message in said]
        creating.status = ShownStatus.UNSHIPPED
        session.flush()
        ids = [blocked.id, creating.id]
    with db.connecting() as connection:
        shown = {item["id"]: item["blockers"] for item in order_items(connection, ids)}
        page = find_page(connection, OrderFilter(stores), sort="-purchase_date", page=1, page_size=200, cursor=None)
    assert shown == {ids[0]: [{"code": code, "message": message} for code, message in said], ids[1]: []}
    assert {item["id"]: item["blockers"] for item in page.items if item["id"] in ids} == shown
    with db.session() as session:
        session.execute(delete(Order).where(Order.id.in_(ids)))
