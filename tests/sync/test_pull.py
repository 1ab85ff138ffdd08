"""Amazon to us: nothing missed, nothing undone, nothing stored twice."""

from __future__ import annotations

import copy
import json
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import DataError
from sqlalchemy.orm import Session

from bridge.domain.order import AmazonStatus, OrderSnapshot
from bridge.domain.states import ImportState
from bridge.jobs.run import run_job
from bridge.models import CommunicationError, JobRun, Order, Store
from bridge.queries import system_messages
from bridge.sandbox.world import Fault
from bridge.sync.connect import Link, Links
from bridge.sync.intake import store_snapshots
from bridge.sync.verify import verify
from bridge.work import QuotaBucket, SyncCursor, UnreadableOrder
from tests.sandbox_transport import SandboxTransport
from tests.soak.simulation import SmallPages
from tests.stage import Stage, line

SEARCH = r"GET /amazon/orders/2026-01-01/orders"


def cursor(stage: Stage) -> SyncCursor:
    with stage.bridge.db.reading() as session:
        return session.get_one(SyncCursor, (stage.store_id, "amazon"))


def count(stage: Stage) -> int:
    with stage.bridge.db.reading() as session:
        return session.scalar(select(func.count()).select_from(Order)) or 0


def test_every_page_is_read_and_a_second_run_changes_nothing(stage: Stage):
    numbers = [stage.place() for _ in range(230)]
    run = stage.sync("sync")["sync"]
    assert (run.result["added"], run.result["pages"]) == (230, 3)
    assert count(stage) == 230
    events = sum(len(stage.events(n)) for n in numbers[:5])
    run = stage.sync("sync")["sync"]
    assert "added" not in run.result
    assert "updated" not in run.result
    assert sum(len(stage.events(n)) for n in numbers[:5]) == events


def test_the_watermark_is_amazons_echo_and_moves_only_after_the_last_page(stage: Stage):
    for _ in range(150):
        stage.place()
    stage.wait()
    stage.world.faults.add(Fault(SEARCH + r".*", "answer", times=0))
    stage.job("sync")
    first = cursor(stage).position
    assert first is not None
    stage.wait()
    for _ in range(150):
        stage.place()
    stage.wait()
    # The second page of the next run fails: what the first one brought is kept, the watermark is not moved.
    stage.world.faults.clear()
    requests_before = stage.world.requests["amazon searchOrders"]
    run = stage.job("sync")
    assert run.state == "succeeded"
    assert stage.world.requests["amazon searchOrders"] > requests_before
    assert cursor(stage).position > first
    assert cursor(stage).token is None


def test_a_run_that_is_cut_off_between_two_pages_goes_on_with_its_token(stage: Stage):
    numbers = [stage.place() for _ in range(150)]
    stage.wait()

    class OnlyOnce:
        calls = 0

    original = stage.bridge.links.get(stage.store_id).amazon.search_orders

    def first_page_only(**query):
        OnlyOnce.calls += 1
        if OnlyOnce.calls > 1:
            raise KeyboardInterrupt
        return original(**query)

    link = stage.bridge.links.get(stage.store_id)
    link.amazon.search_orders = first_page_only
    try:
        stage.job("sync")
    except KeyboardInterrupt:
        pass
    link.amazon.search_orders = original
    held = cursor(stage)
    assert held.token is not None
    assert held.position is None
    assert count(stage) == 100
    stage.wait(timedelta(minutes=3))  # the lease of the killed run runs out
    assert stage.job("sync").state == "succeeded"
    assert count(stage) == 150
    assert cursor(stage).token is None
    assert all(stage.known(n) for n in numbers)


def test_a_token_that_amazon_no_longer_takes_starts_the_search_anew(stage: Stage):
    for _ in range(3):
        stage.place()
    with stage.bridge.db.session() as session:
        session.add(
            SyncCursor(
                store_id=stage.store_id,
                name="amazon",
                query={"lastUpdatedAfter": "2026-11-02T08:00:00Z", "marketplaceIds": "ATVPDKIKX0DER"},
                token="stale",
                updated_at=stage.world.now(),
            )
        )
    assert stage.sync("sync")["sync"].result["added"] == 3


def test_an_html_503_is_not_no_orders(stage: Stage):
    number = stage.place()
    stage.wait()
    stage.world.faults.add(Fault(SEARCH, "answer"))
    run = stage.job("sync")
    assert run.state == "failed"
    assert count(stage) == 0
    with stage.bridge.db.reading() as session:
        errors = session.scalars(select(CommunicationError)).all()
    assert [(e.system, e.operation, e.status) for e in errors] == [("amazon", "searchOrders", 503)]
    stage.sync("sync")
    assert stage.known(number)


def test_an_order_that_becomes_visible_late_is_found_by_the_overlap(stage: Stage):
    late = stage.place(visible_after=1500)
    stage.sync("sync")
    stage.sync("sync")
    assert not stage.known(late)
    stage.wait(timedelta(minutes=20))
    stage.sync("sync")
    assert stage.known(late)


def test_an_unreadable_order_is_reported_and_holds_up_nothing(stage: Stage):
    good, bad = stage.place(), stage.place()
    stage.amazon.orders[bad]["fulfillment"]["fulfillmentStatus"] = "TELEPORTED"
    run = stage.sync("sync")["sync"]
    assert (run.result["added"], run.result["unreadable"]) == (1, 1)
    assert stage.known(good)
    with stage.bridge.db.reading() as session:
        (error,) = session.scalars(select(CommunicationError)).all()
    assert bad in error.message
    assert "TELEPORTED" in error.message
    assert error.request_id  # what Amazon's support asks for
    check = {check.name: check for check in verify(stage.bridge.links, stage.store_id)}["orders"]
    assert (check.ok, bad in check.message, "TELEPORTED" in check.message) == (False, True, True)
    with stage.bridge.db.reading() as session:
        (told,) = system_messages(session, None)
        assert system_messages(session, [99]) == []
    assert (told["code"], told["store_ids"]) == ("orders_unreadable", [stage.store_id])
    assert "Mugs US (1)" in told["text"]


def test_an_unreadable_order_is_asked_for_again_until_it_can_be_read(stage: Stage):
    bad = stage.place()
    stage.amazon.orders[bad]["fulfillment"]["fulfillmentStatus"] = "TELEPORTED"
    stage.sync("sync")
    stage.wait(timedelta(hours=3))
    stage.sync("sync")
    assert not stage.known(bad)
    stage.amazon.orders[bad]["fulfillment"]["fulfillmentStatus"] = "PENDING"  # lastUpdatedTime is long past
    stage.wait(timedelta(hours=3))
    stage.sync("sync")
    assert stage.known(bad)
    asked = stage.world.requests["amazon getOrder"]
    stage.wait(timedelta(hours=3))
    stage.sync("sync")
    assert stage.world.requests["amazon getOrder"] == asked  # and then no more
    with stage.bridge.db.reading() as session:
        assert system_messages(session, None) == []


def test_an_unreadable_order_from_before_the_integration_is_none_of_ours(stage: Stage):
    old, bad = stage.place(), stage.place()
    stage.wait(timedelta(hours=1))
    with stage.bridge.db.session() as session:
        session.get_one(Store, stage.store_id).integration_time = stage.world.now()
    for number in (old, bad):
        stage.amazon.orders[number]["fulfillment"]["fulfillmentStatus"] = "TELEPORTED"
        stage.amazon._touch(number)
    stage.amazon.orders[bad]["createdTime"] = "some day"  # nobody knows whether this one is ours
    stage.sync("sync")
    with stage.bridge.db.reading() as session:
        assert [row.amazon_order_id for row in session.scalars(select(UnreadableOrder))] == [bad]


def test_an_order_with_texts_that_no_database_takes_is_stored_without_those_signs(stage: Stage):
    odd, good = stage.paid_order(), stage.paid_order()
    shown = copy.deepcopy(stage.amazon.orders[odd])
    shown["buyer"]["buyerName"] = "Ann \ud83d"  # half of a sign: somebody has cut the text
    shown["programs"] = ["PRI\x00ME"]
    shown["orderItems"][0]["product"]["title"] = "Mug \x00\udc00"
    page = json.dumps({"orders": [shown, stage.amazon.orders[good]], "lastUpdatedBefore": "2026-11-02T09:00:00Z"})
    stage.world.faults.add(Fault(SEARCH, "answer", status=200, body=page, content_type="application/json"))
    stage.sync("sync")
    assert stage.known(good)
    order = stage.order(odd)
    assert (order.personal.buyer_name, order.programs, order.lines[0].title) == ("Ann", ["PRIME"], "Mug")


def test_an_order_of_more_pieces_than_a_column_holds_is_unreadable_and_stops_nothing(stage: Stage):
    odd, good = stage.paid_order(), stage.paid_order()
    stage.amazon.orders[odd]["orderItems"][0]["quantityOrdered"] = 2**40
    stage.sync("sync")
    assert (stage.known(good), stage.known(odd)) == (True, False)


def test_an_order_that_cannot_be_stored_holds_up_nothing_and_is_asked_for_until_it_can(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
):
    odd, good = stage.place(), stage.place()

    def choosy(session: Session, link: Link, snapshots: list[OrderSnapshot]) -> Counter[str]:
        if any(snapshot.amazon_order_id == odd for snapshot in snapshots):
            raise DataError("INSERT", {}, Exception("value out of range"))
        return store_snapshots(session, link, snapshots)

    with monkeypatch.context() as broken:
        broken.setattr("bridge.sync.pull.store_snapshots", choosy)
        for _ in range(3):
            run = stage.sync("sync")["sync"]
            stage.wait(timedelta(hours=3))
    assert run.result == {"pages": 1}  # past it, and no crash
    assert (stage.known(good), stage.known(odd)) == (True, False)
    with stage.bridge.db.reading() as session:
        (row,) = session.scalars(select(UnreadableOrder))
        assert (row.amazon_order_id, row.reason) == (odd, "It cannot be stored: DataError.")
    stage.sync("sync")
    assert stage.known(odd)


def not_found(times: int | None) -> Fault:
    body = '{"errors":[{"code":"NotFound","message":"There is no such order."}]}'
    return Fault(rf"{SEARCH}/", "answer", status=404, body=body, content_type="application/json", times=times)


def test_an_unreadable_order_that_amazon_does_not_find_at_first_is_asked_for_again(stage: Stage):
    bad = stage.place()
    stage.amazon.orders[bad]["fulfillment"]["fulfillmentStatus"] = "TELEPORTED"
    stage.world.faults.add(not_found(times=2))
    for _ in range(2):
        stage.sync("sync")
        stage.wait(timedelta(hours=2))  # beyond the overlap
    stage.amazon.orders[bad]["fulfillment"]["fulfillmentStatus"] = "PENDING"
    stage.sync("sync")
    assert stage.known(bad)


def test_an_unreadable_order_that_amazon_never_finds_is_given_up(stage: Stage):
    bad = stage.place()
    stage.amazon.orders[bad]["fulfillment"]["fulfillmentStatus"] = "TELEPORTED"
    stage.world.faults.add(not_found(times=None))
    for _ in range(7):
        stage.sync("sync")
        stage.wait(timedelta(hours=2))
    with stage.bridge.db.reading() as session:
        assert session.scalars(select(UnreadableOrder)).all() == []


def test_orders_of_other_channels_are_skipped(stage: Stage):
    number = stage.place()
    stage.amazon.orders[number]["salesChannel"]["channelName"] = "NON_AMAZON"
    stage.sync("sync")
    assert not stage.known(number)


def test_a_step_back_is_noted_and_not_believed(stage: Stage):
    number = stage.paid_order()
    stage.sync()
    stage.amazon.cancel(number)
    stage.sync()
    stage.amazon.orders[number]["fulfillment"]["fulfillmentStatus"] = "UNSHIPPED"
    stage.amazon._touch(number)
    stage.sync()
    order = stage.order(number)
    assert (order.amazon_status, order.import_state) == (AmazonStatus.CANCELED, ImportState.CANCELED)
    assert stage.events(number)[-1].message == "Amazon shows Unshipped after Canceled; kept."


@pytest.mark.parametrize("newer_first", [True, False])
def test_of_two_versions_that_come_together_the_newer_one_is_stored(stage: Stage, newer_first: bool):
    number = stage.paid_order()
    link = stage.bridge.links.get(stage.store_id)
    old = link.amazon.get_order(number)
    stage.amazon.cancel(number)
    new = link.amazon.get_order(number)
    with stage.bridge.db.session() as session:  # as on a page that shifted while it was read
        store_snapshots(session, link, [new, old] if newer_first else [old, new])
    assert stage.order(number).amazon_status is AmazonStatus.CANCELED


def test_personal_data_that_amazon_no_longer_sends_stays(stage: Stage):
    number = stage.paid_order()
    stage.sync("sync")
    stage.amazon.orders[number]["buyer"] = {}
    stage.amazon.orders[number].pop("recipient", None)
    stage.amazon._touch(number)
    stage.sync("sync")
    personal = stage.order(number).personal
    assert personal.buyer_name == "Alice Example"
    assert personal.address["city"] == "Seattle"


def test_a_total_that_changes_after_the_import_is_said(stage: Stage):
    number = stage.paid_order()
    stage.sync()
    proceeds = stage.amazon.orders[number]["proceeds"]
    proceeds["grandTotal"]["amount"] = "40.00"
    for _ in range(2):
        stage.amazon._touch(number)
        stage.sync("sync")
    told = [event.message for event in stage.events(number) if event.kind == "total_changed"]
    assert told == ["Amazon now shows a total of 40.00 USD; Commerce order #000000001 was created with 48.68."]
    assert stage.order(number).grand_total_minor == 4868  # what the Commerce order was created with


def test_a_tip_that_changes_after_the_import_is_said(stage: Stage):
    number = stage.paid_order(tip=Decimal("5.00"))
    stage.sync()
    proceeds = stage.amazon.orders[number]["proceeds"]
    (tip,) = [part for part in proceeds["breakdowns"] if part["type"] == "DELIVERY_TIP"]
    proceeds["grandTotal"]["amount"], tip["subtotal"]["amount"] = "55.68", "7.00"
    stage.amazon._touch(number)
    stage.sync("sync")
    assert "Amazon now shows a total of 55.68 USD, with a delivery tip of 7.00;" in stage.order(number).order_note


def test_a_replacement_at_nothing_is_kept_and_imported(stage: Stage):
    number = stage.paid_order(line("BLUE-MUG", 1, "0.00", shipping=0, shipping_tax=0, item_tax=0))
    stage.sync()
    assert stage.order(number).grand_total_minor == 0
    assert stage.commerce_order(number)["grand_total"] == 0


def test_a_store_of_another_marketplace_gets_only_its_own_orders(stage: Stage):
    canada = stage.add_store("Mugs CA", "A2EUQ1WTGCTBG2")
    american = stage.place()
    canadian = stage.place(marketplace_id="A2EUQ1WTGCTBG2")
    stage.wait()
    stage.job("sync")
    stage.job("sync", canada)
    assert stage.order(american).store_id == stage.store_id
    assert stage.order(canadian).store_id == canada


CANADA = "A2EUQ1WTGCTBG2"


def test_one_search_serves_all_stores_of_the_seller_account(stage: Stage):
    canada = stage.add_store("Mugs CA", CANADA)
    numbers = {stage.place(): stage.store_id, stage.place(marketplace_id=CANADA): canada}
    stage.wait()
    before = stage.world.requests["amazon searchOrders"]
    stage.job("sync", canada)
    assert stage.world.requests["amazon searchOrders"] - before == 1
    assert {number: stage.order(number).store_id for number in numbers} == numbers


def test_a_store_that_was_switched_off_catches_up_when_it_is_switched_on(stage: Stage):
    canada = stage.add_store("Mugs CA", CANADA)
    stage.sync("sync")

    def switch(active: bool) -> None:
        with stage.bridge.db.session() as session:
            session.get_one(Store, canada).active = active

    switch(False)
    missed = stage.place(marketplace_id=CANADA)
    stage.sync("sync")
    stage.wait(timedelta(days=3))
    stage.sync("sync")
    assert not stage.known(missed)
    switch(True)
    stage.sync("sync")
    assert stage.order(missed).store_id == canada


def test_the_nightly_sweep_finds_what_the_list_of_changes_left_out(stage: Stage):
    lost = stage.place()
    stage.world.marketplace._visible_from[lost] = stage.world.now() + timedelta(hours=5)
    for _ in range(3):
        stage.wait(timedelta(hours=2))
        stage.sync("sync")
    assert not stage.known(lost)  # visible now, but changed longer ago than the overlap
    run = stage.sync("sweep")["sweep"]
    assert run.result["added"] == 1
    assert stage.known(lost)


def test_a_scheduled_run_leaves_quota_for_sync_now(stage: Stage):
    stage.sync("sync")
    with stage.bridge.db.session() as session:
        bucket = session.scalars(select(QuotaBucket).where(QuotaBucket.operation == "searchOrders")).one()
        bucket.tokens, bucket.updated_at = 2.0, stage.world.now()
    number = stage.place()
    stage.wait(timedelta(seconds=121))
    run_id = run_job(stage.bridge, "sync", stage.store_id, "schedule")
    with stage.bridge.db.reading() as session:
        waiting = session.get_one(JobRun, run_id)
    assert waiting.state == "failed"
    assert waiting.result["retry_after"] > 0
    assert stage.job("sync").state == "succeeded"
    assert stage.known(number)


def test_a_429_is_remembered_by_all_processes_and_over_a_restart(stage: Stage):
    body = '{"errors":[{"code":"QuotaExceeded","message":"You exceeded your quota."}]}'
    stage.world.faults.add(Fault(SEARCH, "answer", status=429, body=body, content_type="application/json"))
    assert stage.job("sync").state == "failed"
    bridge = stage.bridge
    other = replace(
        bridge, links=Links(bridge.config, bridge.db, bridge.vault, transports=bridge.links._transports, now=bridge.now)
    )
    run_id = run_job(other, "sync", stage.store_id, "cli")
    with bridge.db.reading() as session:
        run = session.get_one(JobRun, run_id)
    assert run.state == "failed"
    assert run.result is not None
    assert 170 <= run.result["retry_after"] <= 180
    assert stage.world.faults.played["answer"] == 1
    stage.wait(timedelta(seconds=180))
    assert stage.job("sync").state == "succeeded"


def test_a_backlog_arrives_as_fast_as_the_quota_allows_and_no_request_is_refused(stage: Stage):
    pages, burst, seconds = 100, 20, 1 / 0.0056  # Amazon's plan for searchOrders
    stage.bridge.links._transports["amazon"] = SmallPages(SandboxTransport(stage.app), 1)
    for _ in range(pages):
        stage.place()
        stage.wait(timedelta(minutes=1))
    stage.wait()
    began = stage.world.now()
    while True:
        with stage.bridge.db.reading() as session:
            run = session.get_one(JobRun, run_job(stage.bridge, "sync", stage.store_id, "schedule"))
        if run.state == "succeeded":
            break
        stage.wait(timedelta(seconds=run.result["retry_after"]))
    assert count(stage) == stage.world.requests["amazon searchOrders"] == pages
    assert (stage.world.now() - began) / timedelta(seconds=(pages - burst) * seconds) <= 1.05
    assert stage.amazon.throttled == {}
