"""The control API: the buyer, the warehouse and the catalogue manager for scripts."""

from __future__ import annotations

import pickle
from datetime import UTC, datetime

import pytest

from bridge.sandbox import create_sandbox
from bridge.sandbox.world import SandboxClock, World


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def http(world):
    return create_sandbox(world).test_client()


def place(http, **more):
    body = {"lines": [{"sku": "MUG", "title": "Mug", "quantity": 2, "unit_price": "9.50", "item_tax": 1.9}]} | more
    answer = http.post("/sandbox/orders", json=body)
    assert answer.status_code == 201, answer.text
    return answer.json["orderId"]


def test_an_order_is_placed_paid_and_cancelled(http, world):
    order_id = place(http, buyer_name="Ada", address={"name": "Ada", "city": "Duluth"}, tip="1.00")
    statuses = [world.marketplace.status(order_id)]
    for change in ("verify-payment", "request-cancel", "cancel"):
        answer = http.post(f"/sandbox/orders/{order_id}/{change}", json={"reason": "why not"})
        assert answer.status_code == 200
        statuses.append(answer.json["fulfillmentStatus"])
    assert statuses == ["PENDING", "UNSHIPPED", "UNSHIPPED", "CANCELLED"]


def test_an_order_can_be_placed_as_paid_and_shipped_by_amazon(http, world):
    order_id = place(http, pay=True, fulfilled_by="AMAZON", order_id="111-1111111-1111111")
    assert http.post(f"/sandbox/orders/{order_id}/ship-fba").json["fulfillmentStatus"] == "SHIPPED"
    proceeds = world.marketplace.orders["111-1111111-1111111"]["proceeds"]
    assert proceeds["grandTotal"]["amount"] == "20.90"


def test_a_product_is_created_stocked_disabled_and_removed(http, world):
    created = http.post("/sandbox/products/NEW-1", json={"create": {"name": "New", "price": 5}, "qty": 7})
    assert created.json == {"sku": "NEW-1", "salable_quantity": 7}
    http.post("/sandbox/products/NEW-1", json={"enabled": False})
    assert world.shop.catalog.get("NEW-1").status == 2
    assert http.post("/sandbox/products/NEW-1", json={"remove": True}).json["removed"] is True
    assert world.shop.catalog.get("NEW-1") is None


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("orders", {}, 422),
        ("orders", {"lines": [{"sku": "A", "colour": "red"}]}, 422),
        ("orders", {"lines": [{"sku": "A", "unit_price": "much"}]}, 422),
        ("orders", [], 422),
        ("orders/111-1111111-1111111/verify-payment", {}, 404),
        ("orders/111-1111111-1111111/explode", {}, 404),
        ("products/UNKNOWN", {"enabled": True}, 422),
        ("faults", {"pattern": "x"}, 422),
        ("shipments", {"order_id": "x"}, 422),
    ],
)
def test_what_cannot_be_done_is_said_and_not_a_crash(http, path, body, status):
    answer = http.post(f"/sandbox/{path}", json=body)
    assert (answer.status_code, "error" in answer.json) == (status, True)


def test_the_state_counts_orders_requests_and_faults(http):
    place(http)
    place(http, pay=True)
    http.post("/sandbox/faults", json={"pattern": "/amazon/", "kind": "answer", "times": 2})
    http.get("/amazon/orders/2026-01-01/orders")
    state = http.get("/sandbox/state").json
    assert state["amazon_statuses"] == {"PENDING": 1, "UNSHIPPED": 1}
    assert (state["faults"][0]["times"], state["faults_played"]) == (1, {"answer": 1})
    http.delete("/sandbox/faults")
    assert http.get("/sandbox/state").json["faults"] == []
    http.get("/amazon/orders/2026-01-01/orders")
    assert http.get("/sandbox/state").json["requests"] == {"amazon searchOrders": 1}


def test_amazon_is_made_late_and_forgetful(http, world):
    body = {"visible_after": 60, "cancel_order_released": True, "expire_tokens": True}
    token = world.marketplace.issue_token(next(iter(world.marketplace.sellers)))
    assert http.post("/sandbox/amazon", json=body).json == {"visible_after": 60, "cancel_order_released": True}
    answer = http.get("/amazon/orders/2026-01-01/orders", headers={"x-amz-access-token": token})
    assert answer.json["errors"][0]["details"] == "The access token you provided has expired."
    assert http.post("/sandbox/amazon", json={}).json == {"visible_after": 60, "cancel_order_released": True}


def test_only_a_hand_moved_clock_can_be_moved(http):
    assert http.post("/sandbox/clock", json={"seconds": 60}).status_code == 422
    moved = create_sandbox(World(clock=SandboxClock(datetime(2026, 3, 1, tzinfo=UTC)))).test_client()
    assert moved.post("/sandbox/clock", json={"seconds": 90}).json == {"now": "2026-03-01T00:01:30Z"}


def test_a_world_can_be_kept_in_a_file(http, world):
    order_id = place(http)
    kept = pickle.loads(pickle.dumps(world))
    kept.marketplace.verify_payment(order_id)
    with kept.lock:
        assert kept.marketplace.status(order_id) == "UNSHIPPED"
    assert world.marketplace.status(order_id) == "PENDING"
