"""Readings of Amazon that other systems lost, did twice or believed too easily; and what the merchant is shown."""

from __future__ import annotations

import copy
from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import delete, func, select

from bridge import claims
from bridge.domain.order import AmazonStatus
from bridge.models import Order, OutgoingChange, Shipment, Store
from bridge.sandbox.world import Fault
from bridge.stores import delete_store, set_active
from bridge.work import Lease, SyncCursor
from tests.api_client import ApiClient
from tests.stage import Stage, line

SEARCH = r"GET /amazon/orders/2026-01-01/orders(\?|$)"


def watermark(stage: Stage) -> str | None:
    with stage.bridge.db.reading() as session:
        cursor = session.get(SyncCursor, (stage.store_id, "amazon"))
        return cursor.position if cursor else None


def test_regression_8_revenue_leaves_out_what_is_canceled_or_cannot_be_imported(stage: Stage, stage_api: ApiClient):
    stage.paid_order()
    canceled = stage.paid_order(line("RED-MUG", 1, "100.00"))
    blocked = stage.paid_order(line("LOST-MUG", 1, "1000.00"))
    stage.sync("sync", "import")
    stage.amazon.cancel(canceled)
    stage.sync("sync")
    assert stage.order(blocked).status == "Error"
    board = stage_api.get(f"/stores/{stage.store_id}/dashboard", days=7)
    assert board["revenue"] == board["lifetime_sales"] == {"amount": "48.68", "currency": "USD"}
    assert sum(Decimal(day["revenue"]["amount"]) for day in board["revenue_by_day"]) == Decimal("48.68")

    stage.shop.add_product("LOST-MUG", "Lost mug", qty=5)
    stage.sync("import")
    board = stage_api.get(f"/stores/{stage.store_id}/dashboard", days=7)
    assert Decimal(board["revenue"]["amount"]) > 1000


def test_regression_10_two_runs_of_a_job_for_a_store_do_not_overlap(stage: Stage):
    stage.place()
    stage.wait()
    with stage.bridge.db.session() as session:
        assert claims.take_lease(session, f"job:sync:{stage.store_id}", "another process", stage.world.now(), 60)
    assert stage.job("sync").state == "skipped"
    assert watermark(stage) is None


def test_regression_18_a_store_that_is_deleted_takes_everything_of_it_along(stage: Stage):
    number = stage.paid_order()
    stage.sync("sync", "import")
    created = stage.commerce_order(number)
    stage.shop.ship(created["entity_id"], tracks=[("ups", "UPS", "1Z1")])
    stage.sync("confirm")
    set_active(stage.bridge, stage.store_id, active=False)
    delete_store(stage.bridge, stage.store_id)
    with stage.bridge.db.reading() as session:
        for table in (Store, Order, OutgoingChange, Shipment, SyncCursor):
            assert session.scalar(select(func.count()).select_from(table)) == 0
    assert stage.commerce_order(number)["state"] == "processing"  # the shop keeps its orders


ODD_ANSWERS = {
    "errors with 200": (200, '{"errors":[{"code":"InternalFailure","message":"Try again."}]}', "application/json"),
    "an error beside no orders": (200, '{"payload":{"orders":[]}}', "application/json"),
    "HTML": (503, "<html><body>Service Unavailable</body></html>", "text/html"),
    "nothing": (200, "", "application/json"),
}


@pytest.mark.parametrize("answer", ODD_ANSWERS)
def test_regression_19_a_reading_that_is_answered_by_an_error_keeps_its_place(stage: Stage, answer: str):
    stage.sync("sync")
    before = watermark(stage)
    assert before is not None
    missed = stage.place()
    status, body, content_type = ODD_ANSWERS[answer]
    stage.world.faults.add(Fault(SEARCH, "answer", status=status, body=body, content_type=content_type, times=None))
    stage.wait()
    assert stage.job("sync").state == "failed"
    assert watermark(stage) == before
    stage.world.faults.clear()
    stage.wait(timedelta(days=2))
    assert stage.job("sync").state == "succeeded"
    assert stage.known(missed)


def test_regression_20_a_lease_that_is_deleted_meanwhile_neither_stops_its_run_nor_the_next_one(stage: Stage):
    def delete_leases(_seconds: float) -> None:
        with stage.bridge.db.session() as session:
            session.execute(delete(Lease))

    stage.world.sleep = delete_leases
    stage.world.faults.add(Fault(SEARCH, "delay", seconds=1.0))
    number = stage.place()
    stage.sync("sync", "sync")
    assert stage.known(number)


def test_regression_28_a_buyers_request_to_cancel_is_noted_once(stage: Stage):
    number = stage.paid_order()
    stage.sync("sync", "import")
    for _ in range(3):
        stage.amazon.request_cancel(number)  # each a newer version that shows the same request
        stage.sync()
    notes = [event for event in stage.events(number) if event.message == "The buyer asks to cancel this order."]
    held = [change for change in stage.changes(number) if change.kind == "hold_commerce"]
    assert (len(notes), len(held)) == (1, 1)


@pytest.mark.parametrize("older_last", [True, False])
def test_regression_38_an_older_version_of_an_order_never_overwrites_a_newer_one(stage: Stage, older_last: bool):
    number = stage.paid_order()
    old = copy.deepcopy(stage.amazon.orders[number])
    stage.wait()
    stage.amazon.cancel(number)
    new = copy.deepcopy(stage.amazon.orders[number])
    assert datetime.fromisoformat(old["lastUpdatedTime"]) < datetime.fromisoformat(new["lastUpdatedTime"])
    for version in (new, old) if older_last else (old, new):
        stage.amazon.put(version)
        stage.sync("sync")
    order = stage.order(number)
    assert (order.amazon_status, order.status) == (AmazonStatus.CANCELED, "Canceled")


def test_regression_50_a_store_keeps_each_amazon_order_once(stage: Stage):
    number = stage.paid_order()
    for _ in range(3):
        stage.amazon._touch(number)
        stage.sync("sync", "import")
    with stage.bridge.db.reading() as session:
        assert session.scalar(select(func.count()).select_from(Order)) == 1
    assert len(stage.commerce_orders(number)) == 1
