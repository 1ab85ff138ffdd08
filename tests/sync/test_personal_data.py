"""What tells who a buyer is goes when it is no longer needed, all of it, and does not come back."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from sqlalchemy import select

from bridge import store
from bridge.domain.states import ImportState
from bridge.models import Base, BuyerWord, Order, OrderPersonalData
from bridge.sync import personal
from tests.stage import Stage, line

MONTH = timedelta(days=31)


@pytest.fixture
def delivered(stage: Stage) -> str:
    number = stage.paid_order()
    stage.sync()
    stage.shop.ship(stage.commerce_order(number)["entity_id"], tracks=[("ups", "UPS", "1Z1")])
    stage.sync("confirm", "sync", "complete")
    assert stage.order(number).import_state is ImportState.COMPLETED
    return number


def everything(stage: Stage) -> str:
    """All that the database holds, as text."""
    with stage.bridge.db.engine.connect() as connection:
        tables = Base.metadata.sorted_tables
        return "\n".join(str(row) for table in tables for row in connection.execute(select(table)))


def personal_texts(stage: Stage, number: str) -> list[str]:
    with stage.bridge.db.reading() as session:
        row = session.scalars(select(OrderPersonalData).join(Order).where(Order.amazon_order_id == number)).one()
    address = row.address
    found = [row.buyer_name, row.buyer_email, address["name"], *address["lines"], address["postcode"], address["phone"]]
    return [text for text in found if text]


def purged(stage: Stage) -> int:
    return stage.job("cleanup").result["personal_data"]


def test_a_delivered_orders_personal_data_is_gone_after_a_month_from_every_table(stage: Stage, delivered: str):
    texts = personal_texts(stage, delivered)
    assert len(texts) >= 5
    assert all(text in everything(stage) for text in texts)
    total = stage.order(delivered).grand_total_minor
    stage.wait(timedelta(days=1))
    assert purged(stage) == 0
    stage.wait(MONTH + timedelta(days=14))
    assert purged(stage) == 1
    left = everything(stage)
    assert [text for text in texts if text in left] == []
    assert stage.order(delivered).grand_total_minor == total
    assert stage.events(delivered)[-1].kind == "personal_data"
    assert "buyer" not in stage.order(delivered).order_note  # the note stays the order's last news
    assert purged(stage) == 0


def test_the_merchant_says_for_how_long(stage: Stage, delivered: str):
    with stage.bridge.db.session() as session:
        store.global_settings(session).personal_data_days = 400
    stage.wait(timedelta(days=200))
    assert purged(stage) == 0
    stage.wait(timedelta(days=220))
    assert purged(stage) == 1


def test_an_order_that_still_needs_its_address_keeps_it(stage: Stage):
    blocked = stage.paid_order(line("GREEN-MUG"))
    unshipped = stage.paid_order()
    stage.sync()
    stage.wait(timedelta(days=90))
    assert purged(stage) == 0
    for number in (blocked, unshipped):
        assert personal_texts(stage, number)


def test_amazon_sending_it_once_more_does_not_bring_it_back(stage: Stage, delivered: str):
    texts = personal_texts(stage, delivered)
    stage.wait(MONTH + timedelta(days=14))
    assert purged(stage) == 1
    stage.amazon._touch(delivered)
    stage.wait()
    stage.sync("sync")
    with stage.bridge.db.reading() as session:
        assert session.scalars(select(BuyerWord)).all() == []
    left = everything(stage)
    assert [text for text in texts if text in left] == []


def test_many_are_done_in_batches(stage: Stage, delivered: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(personal, "BATCH", 2)
    for _ in range(4):
        stage.amazon.cancel(stage.place())
    stage.sync("sync")
    stage.wait(MONTH + timedelta(days=14))
    assert purged(stage) == 5
    assert not re.search("@marketplace.amazon", everything(stage))
