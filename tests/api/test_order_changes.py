"""What a merchant asks of one order over the API: its cancellation, another address."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bridge.claims import claim_for_import
from bridge.domain.order import Address, AmazonStatus, Channel
from bridge.domain.states import ImportState
from bridge.models import Order, OutgoingChange
from bridge.runtime import Runtime
from bridge.sandbox.world import Fault
from bridge.store import snapshot_of, write_personal
from bridge.sync.address import edit_address, lock_order
from tests.api_client import ApiClient
from tests.conftest import HandClock
from tests.factories import NOW, make_order, make_store
from tests.stage import Stage

Put = Callable[..., Order]


def test_a_cancellation_travels_to_amazon_and_then_to_commerce(stage: Stage, stage_api: ApiClient):
    number = stage.paid_order()
    stage.sync()
    order = stage.order(number)
    run = stage_api.post(f"/orders/{order.id}/cancel", {"reason": "NoInventory"}, 202)
    assert (run["job"], run["store_id"]) == ("confirm", stage.store_id)
    (change,) = stage_api.get(f"/orders/{order.id}")["outgoing"]
    assert (change["kind"], change["state"], change["attempts"]) == ("cancel_amazon", "sent", 1)
    again = stage_api.post(f"/orders/{order.id}/cancel", {"reason": "NoInventory"}, 409)
    assert again["code"] == "cancellation_requested"
    for _ in range(3):
        stage.sync()
    shown = stage_api.get(f"/orders/{order.id}")
    assert (shown["status"], shown["commerce_order"]["status"]) == ("Canceled", "canceled")
    assert {c["kind"]: c["state"] for c in shown["outgoing"]} == {"cancel_amazon": "done", "cancel_commerce": "done"}


def test_an_unknown_reason_is_named_and_nothing_is_kept(api: ApiClient, put: Put):
    order = put()
    problem = api.post(f"/orders/{order.id}/cancel", {"reason": "Bored"}, 422)
    assert [(e["location"], e["field"]) for e in problem["errors"]] == [("body", "reason")]
    assert api.get(f"/orders/{order.id}")["outgoing"] == []


@pytest.mark.parametrize(
    "values",
    [
        {"amazon_status": AmazonStatus.SHIPPED},
        {"amazon_status": AmazonStatus.PENDING},
        {"amazon_status": AmazonStatus.UNSHIPPED, "channel": Channel.FBA},
    ],
    ids=["shipped", "pending", "shipped by Amazon"],
)
def test_an_order_that_is_not_the_merchants_to_cancel_is_refused(api: ApiClient, put: Put, values: dict[str, Any]):
    order = put(**values)
    assert api.post(f"/orders/{order.id}/cancel", {"reason": "NoInventory"}, 409)["code"] == "not_cancelable"


@pytest.mark.parametrize(
    ("values", "confirmation", "overdue"),
    [
        ({}, None, True),
        ({"ship_by": NOW + timedelta(seconds=1)}, None, False),
        ({"ship_by": None}, None, False),
        ({"channel": Channel.FBA}, None, False),
        ({"amazon_status": AmazonStatus.PARTIALLY_SHIPPED}, "done", True),
        ({"amazon_status": AmazonStatus.SHIPPED}, "pending", True),
        ({"amazon_status": AmazonStatus.SHIPPED}, "done", False),
        ({"amazon_status": AmazonStatus.CANCELED}, None, False),
    ],
)
def test_an_order_is_overdue_while_amazon_waits_for_its_shipment(
    api: ApiClient, put: Put, runtime: Runtime, clock: HandClock, values: dict[str, Any], confirmation: str | None,
    overdue: bool,
):  # fmt: skip
    order = put(**({"ship_by": NOW - timedelta(hours=1)} | values))
    if confirmation:
        with runtime.db.session() as session:
            session.add(
                OutgoingChange(
                    store_id=order.store_id, order_id=order.id, kind="confirm_shipment", reference="9",
                    state=confirmation, due_at=clock.now(), created_at=clock.now(),
                )
            )  # fmt: skip
    assert api.get(f"/orders/{order.id}")["overdue"] is overdue
    board = api.get(f"/stores/{order.store_id}/dashboard")
    assert (board["overdue_count"], [one["id"] for one in board["overdue_orders"]]) == (
        (1, [order.id]) if overdue else (0, [])
    )


def test_the_dashboard_names_the_longest_overdue_orders_first_and_counts_all(
    api: ApiClient, put: Put, runtime: Runtime
):
    orders = [
        put(ship_by=NOW - timedelta(hours=hour), blockers=["out_of_stock"] if hour % 2 else ()) for hour in range(12)
    ]
    with runtime.db.session() as session:
        make_order(session, make_store(session), ship_by=NOW - timedelta(days=9))
    board = api.get(f"/stores/{orders[0].store_id}/dashboard")
    assert board["overdue_count"] == 12
    assert [one["id"] for one in board["overdue_orders"]] == [order.id for order in orders[:1:-1]]
    assert (board["overdue_orders"][0]["status"], board["overdue_orders"][0]["ship_by"]) == (
        "Error", "2026-11-01T22:30:00Z",
    )  # fmt: skip


@pytest.mark.usefixtures("no_background")
def test_a_confirmation_that_amazon_refused_is_sent_again_at_the_merchants_word(stage: Stage, stage_api: ApiClient):
    number = stage.paid_order()
    stage.sync("sync", "import")
    body = '{"errors":[{"code":"InvalidInput","message":"Not today."}]}'
    refusal = Fault("/shipmentConfirmation", "answer", status=400, body=body, content_type="application/json")
    stage.world.faults.add(refusal)
    path = f"/orders/{stage.order(number).id}/confirm"
    assert stage_api.post(path, None, 409)["code"] == "nothing_to_confirm"
    stage.shop.ship(stage.commerce_order(number)["entity_id"], tracks=[("ups", "UPS", "1Z1")])
    stage.sync("confirm")
    assert [change.state for change in stage.changes(number)] == ["refused"]
    stage.wait()
    run = stage_api.post(path, None, 202)
    assert (run["job"], run["store_id"]) == ("confirm", stage.store_id)
    assert [(change.state, change.attempts) for change in stage.changes(number)] == [("sent", 1)]
    stage.sync("sync")
    assert stage.order(number).amazon_status is AmazonStatus.SHIPPED
    assert stage_api.post(path, None, 409)["code"] == "nothing_to_confirm"  # Amazon shows it


ADDRESS = {
    "name": "Jane Doe", "lines": ["1 Main St", "Apt 4"], "city": "Seattle", "region": "WA", "postcode": "98101",
    "country": "US", "phone": None,
}  # fmt: skip
AMAZONS = {"name": "J. D.", "company": "Mugs Ltd", "lines": ["Old St"], "city": "", "county": "King", "country": "US",
           "tax_id": "US-1", "instructions": "Leave it on the porch"}  # fmt: skip


def etag(api: ApiClient, order: Order) -> str:
    return api.send("GET", f"/orders/{order.id}/shipping-address", 200).headers["ETag"]


@pytest.mark.usefixtures("no_background")
def test_an_edited_address_makes_the_round_trip_and_the_order_due(
    api: ApiClient, put: Put, runtime: Runtime, clock: HandClock
):
    order = put(address=AMAZONS, blockers=["address_incomplete"], due_at=NOW + timedelta(hours=1))
    path = f"/orders/{order.id}/shipping-address"
    first = etag(api, order)
    saved = api.send("PUT", path, 200, json=ADDRESS, headers={"If-Match": first})
    assert saved.get_json() == ADDRESS | {"company": "Mugs Ltd", "county": None}
    assert saved.headers["ETag"] == etag(api, order) != first
    shown = api.get(f"/orders/{order.id}")
    assert (shown["shipping_address"], shown["shipping_address_edited"]) == (saved.get_json(), True)
    assert shown["buyer_tax_id"] == "US-1"
    assert shown["events"][0]["kind"] == "address_edited"
    assert "Main" not in str(shown["events"])
    with runtime.db.reading() as session:
        held = session.get_one(Order, order.id)
        assert held.due_at == clock.now()
        assert held.personal.address == AMAZONS
        assert held.personal.address_edited["tax_id"] == "US-1"  # for the bill that Commerce writes
        assert held.personal.address_edited["instructions"] == "Leave it on the porch"
    assert [run["job"] for run in api.get("/job-runs")["items"]] == ["import"]
    assert api.put(path, ADDRESS, 412, etag=first)["code"] == "precondition_failed"
    assert api.put(path, ADDRESS, 428)["code"] == "precondition_required"


@pytest.mark.usefixtures("no_background")
def test_an_order_without_an_address_gets_one(api: ApiClient, put: Put):
    order = put(amazon_status=AmazonStatus.PENDING, import_state=ImportState.WAITING)
    path = f"/orders/{order.id}/shipping-address"
    assert api.get(path, 404)["code"] == "not_found"
    assert api.put(path, ADDRESS, 412, etag='"1"')
    assert api.put(path, ADDRESS, etag='"none"')["city"] == "Seattle"
    assert api.get("/job-runs")["items"] == []


def test_the_merchants_address_wins_over_amazons_later_ones_and_is_what_commerce_gets(
    stage: Stage, stage_api: ApiClient
):
    stage.set(import_orders="disabled")
    number = stage.paid_order()
    stage.sync()
    order = stage.order(number)
    path = f"/orders/{order.id}/shipping-address"
    stage_api.put(path, ADDRESS, etag=etag(stage_api, order))
    with stage.bridge.db.session() as session:
        held = session.get_one(Order, order.id)
        write_personal(session, held, replace(snapshot_of(held), address=Address(lines=("Elsewhere 9",), city="Rome")))
    assert stage_api.get(path)["city"] == "Seattle"
    stage.set(import_orders="enabled")
    stage_api.post(f"/orders/{order.id}/import", status=202)
    commerce = stage.commerce_order(number)
    assert commerce["billing_address"]["street"] == ADDRESS["lines"]
    problem = stage_api.put(path, ADDRESS, 409, etag=etag(stage_api, order))
    assert problem["code"] == "already_imported"


@pytest.mark.parametrize(
    ("state", "code"),
    [
        (ImportState.IMPORTING, "being_imported"),
        (ImportState.IMPORTED, "already_imported"),
        (ImportState.COMPLETED, "already_imported"),
        (ImportState.CANCELED, "order_ended"),
    ],
)
def test_an_address_is_changed_before_the_order_is_in_commerce_only(
    api: ApiClient, put: Put, state: ImportState, code: str
):
    order = put(import_state=state, address=AMAZONS)
    assert api.put(f"/orders/{order.id}/shipping-address", ADDRESS, 409, etag=etag(api, order))["code"] == code
    assert api.get(f"/orders/{order.id}")["shipping_address_edited"] is False


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"name": " "}, "name"),
        ({"name": None}, "name"),
        ({"lines": []}, "lines"),
        ({"lines": ["a", "b", "c", "d"]}, "lines"),
        ({"lines": ["x" * 256]}, "lines.0"),
        ({"city": ""}, "city"),
        ({"country": "USA"}, "country"),
        ({"country": "us"}, "country"),
        ({"county": "King"}, "county"),
    ],
)
def test_an_address_that_is_wrong_is_named(api: ApiClient, put: Put, change: dict[str, Any], field: str):
    order = put(address=AMAZONS)
    path = f"/orders/{order.id}/shipping-address"
    problem = api.put(path, ADDRESS | change, 422, etag=etag(api, order))
    assert [e["field"] for e in problem["errors"]] == [field]


def test_an_import_that_read_the_old_address_does_not_take_the_order(put: Put, runtime: Runtime, clock: HandClock):
    order = put(address=AMAZONS)
    with runtime.db.session() as session:
        held = session.get_one(Order, order.id)
        lock_order(session, held)
        edit_address(held, Address(name="Jane", lines=("1 Main St",), city="Seattle"), clock.now())
    with runtime.db.session() as session:
        assert not claim_for_import(session, order, "c", clock.now(), clock.now())
        assert claim_for_import(session, session.get_one(Order, order.id), "c", clock.now(), clock.now())
