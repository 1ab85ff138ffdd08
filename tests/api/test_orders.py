"""One order over the API: everything about it, its import, its preview."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from bridge import claims
from bridge.domain.states import ImportState
from bridge.models import Order, OrderEvent, OrderSettingsRow, Store
from bridge.runtime import Runtime
from tests.api_client import ApiClient
from tests.conftest import HandClock
from tests.factories import make_line, make_order, make_store
from tests.stage import Stage, line

Put = Callable[..., Order]


def test_an_order_shows_its_lines_amounts_and_address(api: ApiClient, put: Put):
    address = {"name": "Jane Doe", "lines": ["1 Main St"], "city": "Seattle", "country": "US", "postcode": "98101"}
    order = put(
        lines=[
            make_line(total=1500, amounts={"item": 1000, "item_tax": 200, "shipping": 300, "total": 1500}),
            make_line(sku=None, total=730, amounts=None, details={"gift_message": "Enjoy"}),
        ],
        grand_total_minor=1600,
        tip_minor=100,
        address=address,
    )
    shown = api.get(f"/orders/{order.id}")
    assert shown["amounts"]["item"] == "10.00"
    assert (shown["amounts"]["tip"], shown["amounts"]["total"]) == ("1.00", "16.00")
    first, second = shown["lines"]
    assert first["amounts"]["item_tax"] == "2.00"
    assert (second["amounts"], second["gift_message"], second["sku"]) == (None, "Enjoy", None)
    assert shown["shipping_address"] == {
        "name": "Jane Doe", "company": None, "lines": ["1 Main St"], "city": "Seattle", "county": None, "region": None,
        "postcode": "98101", "country": "US", "phone": None,
    }  # fmt: skip


def test_what_blocked_an_order_is_not_shown_while_it_is_being_created(api: ApiClient, put: Put, runtime: Runtime):
    order = put(blockers=["product_not_found"])
    (found,) = api.get("/orders", blocker="product_not_found")["items"]
    assert [shown["code"] for shown in found["blockers"]] == ["product_not_found"]
    assert api.get("/orders", blocker="product_not_found", status="Shipped")["total_count"] == 0
    now = runtime.now()
    with runtime.db.session() as session:
        assert claims.claim_for_import(session, session.get_one(Order, order.id), "claim", now, now)
    (listed,) = api.get("/orders")["items"]
    for shown in (listed, api.get(f"/orders/{order.id}")):
        assert (shown["status"], shown["import_state"], shown["blockers"]) == ("Unshipped", "importing", [])
    assert api.get("/orders", blocker="product_not_found")["items"] == []


def test_a_blocker_says_what_mends_it_and_where(api: ApiClient, put: Put):
    (blocker,) = api.get(f"/orders/{put(blockers=['out_of_stock']).id}")["blockers"]
    assert (blocker["code"], blocker["where"]) == ("out_of_stock", "product")
    assert blocker["fix"].startswith("Raise the product's stock")


def test_events_are_paged_newest_first(api: ApiClient, put: Put, runtime: Runtime, clock: HandClock):
    order = put()
    with runtime.db.session() as session:
        held = session.get_one(Order, order.id)
        for number in range(25):
            held.note(clock.now() + timedelta(seconds=number), "note", f"Event {number}.")
    page = api.get(f"/orders/{order.id}/events", page=2, page_size=10)
    assert [e["message"] for e in page["items"]] == [f"Event {n}." for n in range(14, 4, -1)]
    assert (page["total_count"], page["total_pages"]) == (25, 3)
    assert len(api.get(f"/orders/{order.id}")["events"]) == 10


def test_an_order_that_travels_is_shown_whole_at_every_stop(stage: Stage, stage_api: ApiClient):
    number = stage.paid_order(line("BLUE-MUG", 2))
    stage.sync()
    order = stage.order(number)
    shown = stage_api.get(f"/orders/{order.id}")
    assert (shown["status"], shown["commerce_order"]["status"]) == ("Unshipped", "processing")
    assert shown["amounts"]["total"] == shown["grand_total"]["amount"]
    commerce = stage.commerce_order(number)
    stage.shop.ship(commerce["entity_id"], tracks=[("ups", "UPS", "1Z1")])
    stage.sync()
    shipments = stage_api.get(f"/orders/{order.id}/shipments")
    assert shipments["items"][0]["tracks"] == [{"number": "1Z1", "carrier_code": "ups", "title": "UPS"}]
    assert shipments["amazon_packages"][0]["tracking_number"] == "1Z1"
    shown = stage_api.get(f"/orders/{order.id}")
    assert {change["kind"]: change["state"] for change in shown["outgoing"]}["confirm_shipment"] == "done"
    stage.sync()
    assert stage_api.get(f"/orders/{order.id}")["status"] == "Completed"
    stage_api.get("/orders")


def test_a_view_only_order_is_imported_by_hand(stage: Stage, stage_api: ApiClient):
    stage.set(import_orders="disabled")
    number = stage.paid_order()
    stage.sync()
    order = stage.order(number)
    assert order.import_state is ImportState.VIEW_ONLY
    stage.set(import_orders="enabled")
    run = stage_api.post(f"/orders/{order.id}/import", status=202)
    assert (run["job"], run["store_id"], run["trigger"]) == ("import", stage.store_id, "api")
    assert stage.order(number).import_state is ImportState.IMPORTED
    assert stage_api.get(f"/job-runs/{run['id']}")["state"] == "succeeded"
    assert stage_api.post(f"/orders/{order.id}/import", status=409)["code"] == "already_imported"


def test_many_orders_are_imported_and_those_that_cannot_be_are_named(stage: Stage, stage_api: ApiClient):
    stage.set(import_orders="disabled")
    numbers = [stage.paid_order() for _ in range(2)]
    waiting = stage.place()
    stage.sync()
    stage.set(import_orders="enabled")
    first, second = (stage.order(number).id for number in numbers)
    pending = stage.order(waiting).id
    answer = stage_api.post("/orders/import", {"order_ids": [first, second, first, pending, 999]}, 202)
    assert answer["accepted"] == [first, second]
    assert [(r["order_id"], r["code"]) for r in answer["refused"]] == [
        (pending, "not_importable_yet"),
        (999, "not_found"),
    ]
    assert len(answer["job_runs"]) == 1
    assert all(len(stage.commerce_orders(number)) == 1 for number in numbers)


@pytest.mark.parametrize("order_ids", [None, [], ["1"], [0], [1.5], list(range(1, 202))])
def test_a_bulk_import_must_name_orders(api: ApiClient, order_ids: Any):
    given = {"order_ids": order_ids}
    assert api.post("/orders/import", given, 422)["code"] == "invalid_input"


def test_a_preview_shows_the_order_line_by_line_and_writes_nothing(stage: Stage, stage_api: ApiClient):
    number = stage.paid_order(line("BLUE-MUG", 2), line("RED-MUG", 1, "5.00"))
    stage.wait()
    stage.job("sync")
    order = stage.order(number)
    before = [e.id for e in stage.events(number)]
    preview = stage_api.get(f"/orders/{order.id}/preview")
    assert preview["can_be_created"] is True
    assert preview["grand_total"] == preview["amazon_total"]
    assert [(each["sku"], each["qty"]) for each in preview["lines"]] == [("BLUE-MUG", 2), ("RED-MUG", 1)]
    assert preview["lines"][0]["row_total"] == "39.98"
    assert preview["commerce_request"]["entity"]["ext_order_id"] == number
    assert stage.commerce_orders(number) == []
    assert [e.id for e in stage.events(number)] == before


def test_a_preview_of_a_blocked_order_names_the_blockers(stage: Stage, stage_api: ApiClient):
    number = stage.paid_order(line("NO-SUCH-MUG"))
    stage.wait()
    stage.job("sync")
    preview = stage_api.get(f"/orders/{stage.order(number).id}/preview")
    assert (preview["can_be_created"], preview["commerce_request"], preview["lines"]) == (False, None, [])
    assert [b["code"] for b in preview["blockers"]] == ["product_not_found"]


def test_a_shop_that_is_down_is_told_as_such(stage: Stage, stage_api: ApiClient):
    number = stage.paid_order()
    stage.wait()
    stage.job("sync")
    with stage.bridge.db.session() as session:
        session.get_one(OrderSettingsRow, stage.store_id).commerce_store_view = "nowhere"
    problem = stage_api.get(f"/orders/{stage.order(number).id}/preview", 502)
    assert problem["code"] == "commerce_failed"
    assert problem["remote"]["code"] == "StoreViewNotFound"


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", ""), ("POST", "/import"), ("GET", "/preview"), ("GET", "/events"), ("GET", "/shipments")],
)
def test_an_order_of_another_store_is_not_there(
    api: ApiClient, put: Put, runtime: Runtime, key_for: Any, store: Store, method: str, path: str
):
    with runtime.db.session() as session:
        theirs = make_order(session, make_store(session))
    bound = api.using(key_for(stores=[store.id]))
    assert bound.send(method, f"/orders/{theirs.id}{path}", 404).get_json()["code"] == "not_found"
    api.send(method, f"/orders/99999{path}", 404)
    answer = bound.post("/orders/import", {"order_ids": [theirs.id]}, 202)
    assert [r["code"] for r in answer["refused"]] == ["not_found"]
    with runtime.db.reading() as session:
        assert session.query(OrderEvent).count() == 0
