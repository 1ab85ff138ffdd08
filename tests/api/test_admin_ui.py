"""The Admin UI SDK's wire: what Commerce sends to a worker and what it reads, with requests as Commerce writes them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event, text

from bridge import create_app
from bridge.admin_ui import COLUMNS, grid_columns
from bridge.domain.states import ImportState
from bridge.keys import Scope
from bridge.models import Order, Store
from bridge.runtime import Runtime
from tests.api_client import ApiClient
from tests.factories import make_store
from tests.stage import Stage

Put = Callable[..., Order]
Keys = Callable[..., str]
EMPTY = {"amazon_order_id": "", "amazon_status": "", "amazon_channel": "", "amazon_note": ""}
REQUEST_ID = "6a1f0c1e-2f0a-4c55-9d0e-2b0f6f2f7f11"


def grid(*ids: str, **more: Any) -> dict[str, Any]:
    return {"requestId": REQUEST_ID, "gridType": "order", "ids": list(ids), **more}


def imported(put: Put, number: str, entity_id: int, **more: Any) -> Order:
    return put(import_state=ImportState.IMPORTED, commerce_order_number=number, commerce_order_id=entity_id, **more)


def test_the_grid_shows_amazons_number_and_status_and_defaults_for_the_rest(api: ApiClient, put: Put):
    order = imported(put, "000000042", 42, order_note="Created in Commerce as order #000000042.")
    shown = api.post("/admin-ui/order-grid-columns", grid("000000041", "000000042", "AMZ-1"))
    assert shown == {
        "000000042": {
            "amazon_order_id": order.amazon_order_id,
            "amazon_status": "Unshipped",
            "amazon_channel": "FBM",
            "amazon_note": "Created in Commerce as order #000000042.",
        },
        "*": EMPTY,
    }
    assert [name for name, _label, _type in COLUMNS] == list(EMPTY)
    assert api.post("/admin-ui/order-grid-columns", grid()) == {"*": EMPTY}


def test_fields_that_adobe_adds_are_borne(api: ApiClient):
    assert api.post("/admin-ui/order-grid-columns", grid("1", locale="de_DE", page={"n": 1})) == {"*": EMPTY}


@pytest.mark.parametrize(
    "body",
    [grid("1", gridType="product"), grid("1") | {"ids": "1"}, grid(*map(str, range(301))), grid("x" * 51), grid("")],
)
def test_what_is_no_request_of_the_order_grid_is_refused_with_a_message(api: ApiClient, body: dict[str, Any]):
    problem = api.post("/admin-ui/order-grid-columns", body, 422)
    assert problem["message"] == problem["detail"]


def test_another_stores_order_is_not_shown(api: ApiClient, runtime: Runtime, store: Store, put: Put, key_for: Keys):
    with runtime.db.session() as session:
        other = make_store(session, commerce_url="https://other.example")
    mine = imported(put, "000000001", 7)
    imported(put, "000000002", 8, store=other)
    bound = api.using(key_for(stores=[store.id]))
    shown = bound.post("/admin-ui/order-grid-columns", grid("000000001", "000000002"))
    assert set(shown) == {"000000001", "*"}
    assert shown["000000001"]["amazon_order_id"] == mine.amazon_order_id
    assert bound.post("/admin-ui/order-view-button", {"id": "b", "orderId": "8"}, 404)["message"]
    bound.post("/admin-ui/mass-action", {"gridType": "order", "selectedIds": ["8"]}, 404)
    bound.get("/admin-ui/orders/8", 404)


def test_a_number_that_two_shops_have_is_shown_to_neither(api: ApiClient, runtime: Runtime, put: Put, key_for: Keys):
    with runtime.db.session() as session:
        same_shop, other_shop = make_store(session), make_store(session, commerce_url="https://other.example")
    mine = imported(put, "000000001", 7)
    imported(put, "000000001", 7, store=other_shop)
    assert api.post("/admin-ui/order-grid-columns", grid("000000001")) == {"*": EMPTY}
    api.post("/admin-ui/order-view-button", {"id": "b", "orderId": 7}, 404)
    bound = api.using(key_for(stores=[mine.store_id, same_shop.id]))
    assert "000000001" in bound.post("/admin-ui/order-grid-columns", grid("000000001"))


def test_all_numbers_are_one_query_by_index(runtime: Runtime, put: Put):
    for number in range(200):
        imported(put, f"{number:09d}", number + 1)
    asked: list[tuple[str, Any]] = []
    event.listen(runtime.db.engine, "before_cursor_execute", lambda _c, _cursor, sql, p, *_: asked.append((sql, p)))
    with runtime.db.reading() as session:
        shown = grid_columns(session, [f"{number:09d}" for number in range(200)], None)
    ((sql, parameters),) = [each for each in asked if each[0].startswith("SELECT")]
    assert len(shown) == 201
    with runtime.db.engine.connect() as connection:
        plan = " ".join(row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", parameters))
    assert "ix_orders_commerce_number" in plan
    assert "SCAN orders" not in plan


def test_a_button_sends_what_waits_for_the_order(stage: Stage, stage_api: ApiClient):
    number = stage.paid_order()
    stage.sync("sync", "import")
    entity_id = stage.commerce_order(number)["entity_id"]
    stage.shop.ship(entity_id, tracks=[("ups", "UPS", "1Z1")])
    stage.wait()
    pressed = {"requestId": REQUEST_ID, "id": "amazon-order-bridge::send", "orderId": str(entity_id)}
    assert stage_api.post("/admin-ui/order-view-button", pressed) == {
        "message": "What waits for 1 order is being sent."
    }
    assert len(stage.packages(number)) == 1
    assert stage_api.get("/job-runs", 200, job="confirm")["items"][0]["state"] == "succeeded"


def test_a_mass_action_passes_over_what_is_not_amazons(stage: Stage, stage_api: ApiClient):
    numbers = [stage.paid_order() for _ in range(2)]
    stage.sync("sync", "import")
    ids = [str(stage.commerce_order(number)["entity_id"]) for number in numbers]
    for body in ({"selectedIds": [*ids, "99999"]}, {"ids": ids}):  # the second as early releases of the SDK
        answer = stage_api.post("/admin-ui/mass-action", {"requestId": REQUEST_ID, "gridType": "order", **body})
        assert answer == {"message": "What waits for 2 orders is being sent."}
    for body in ({"selectedIds": ["99999"]}, {"selectedIds": ["9" * 40]}):
        stage_api.post("/admin-ui/mass-action", body, 404)
    for body in ({}, {"selectedIds": ["AMZ-1"]}, {"selectedIds": ["²"]}):
        assert stage_api.post("/admin-ui/mass-action", body, 422)["message"]
    events = stage_api.get("/audit-events", 200, action="order.hurried")["items"]
    assert len(events) == 4


def test_reading_needs_no_right_to_write_and_writing_does(api: ApiClient, put: Put, key_for: Keys):
    imported(put, "000000042", 42)
    reader = api.using(key_for(Scope.ORDERS_READ))
    assert "000000042" in reader.post("/admin-ui/order-grid-columns", grid("000000042"))
    refused = reader.post("/admin-ui/order-view-button", {"id": "b", "orderId": "42"}, 403)
    assert refused["message"] == refused["detail"]


def test_the_order_behind_a_commerce_order_is_found(api: ApiClient, put: Put):
    order = imported(put, "000000042", 42)
    assert api.get("/admin-ui/orders/42") == {
        "order_id": order.id,
        "store_id": order.store_id,
        "amazon_order_id": order.amazon_order_id,
        "status": "Unshipped",
    }
    api.get("/admin-ui/orders/43", 404)


def test_local_testing_finds_the_registry_the_registration_and_the_page(app: Flask, runtime: Runtime):
    client = app.test_client()
    (extension,) = client.get("/admin-ui/registry").get_json()
    assert extension["status"] == "PUBLISHED"
    (view,) = extension["endpoints"]["commerce/backend-ui/1"]["view"]
    assert view["href"] == f"{runtime.config.public_url}/admin-ui/index.html"
    order = client.get("/api/v1/web/admin-ui-sdk/registration").get_json()["registration"]["order"]
    (button,) = order["viewButtons"]
    assert {"buttonId", "label", "path", "level", "sortOrder"} <= set(button)
    page = client.get("/admin-ui/index.html")
    assert "frame-ancestors 'none'" in page.headers["Content-Security-Policy"]
    assert "<script>" not in page.text
    for address in ("/docs/static/admin_ui.js", "/console/static/base.css"):
        assert address in page.text
        with client.get(address) as answer:
            assert answer.status_code == 200


def test_the_page_is_framed_by_named_admins_only(runtime: Runtime):
    config = replace(runtime.config, cors_origins=("https://admin.example",))
    page = create_app(runtime=replace(runtime, config=config)).test_client().get("/admin-ui/index.html")
    assert page.headers["Content-Security-Policy"].endswith("frame-ancestors https://admin.example")


def test_nothing_personal_goes_into_the_grid(api: ApiClient, runtime: Runtime, put: Put):
    imported(put, "000000042", 42, buyer_name="Zenobia Quick")
    shown = api.post("/admin-ui/order-grid-columns", grid("000000042"))
    assert "Zenobia" not in str(shown)
    with runtime.db.reading() as session:
        assert session.execute(text("SELECT count(*) FROM audit_events")).scalar_one() == 0
