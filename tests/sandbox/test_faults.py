"""The sandbox misbehaves on request, on both faces, and marks all its answers."""

from __future__ import annotations

import pytest

from bridge.sandbox import create_sandbox
from bridge.sandbox.world import Fault, World
from tests.sandbox.amazon_desk import Desk

MARK = "this is not Amazon, nor a shop"


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_an_answer_is_given_instead_of_the_work_as_often_as_asked(desk):
    order_id = desk.unshipped()
    desk.world.faults.add(Fault("shipmentConfirmation", "answer", times=2))
    answers = [desk.confirm(order_id, {0: 1}) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [503, 503, 204]
    assert answers[0].mimetype == "text/html"
    assert desk.world.faults.played == {"answer": 2}


def test_the_work_is_done_and_the_answer_is_lost(desk):
    order_id = desk.unshipped()
    desk.world.faults.add(Fault("shipmentConfirmation", "answer_after", status=504))
    assert desk.confirm(order_id, {0: 1}).status_code == 504
    assert desk.amazon.status(order_id) == "SHIPPED"


def test_a_hang_up_before_or_after_the_work(desk):
    order_id = desk.unshipped()
    desk.world.faults.add(Fault("shipmentConfirmation", "hang_up"))
    desk.world.faults.add(Fault("shipmentConfirmation", "hang_up_after"))
    statuses = []
    for _ in range(2):
        with pytest.raises(ConnectionResetError):
            desk.confirm(order_id, {0: 1})
        statuses.append(desk.amazon.status(order_id))
    assert statuses == ["UNSHIPPED", "SHIPPED"]


def test_a_delay_waits_without_holding_the_world(desk):
    held = []

    desk.world.sleep = lambda seconds: held.append((seconds, desk.world.lock._is_owned()))
    desk.world.faults.add(Fault("GET /amazon/orders", "delay", seconds=7))
    assert desk.search().status_code == 200
    assert held == [(7, False)]


def test_a_fault_matches_only_its_requests_until_it_is_cleared():
    world = World()
    http = create_sandbox(world).test_client()
    world.faults.add(Fault("^POST /commerce/rest", "answer", status=500, times=None))
    assert http.get("/commerce/rest/V1/orders").status_code == 401
    assert [http.post("/commerce/rest/V1/orders").status_code for _ in range(2)] == [500, 500]
    world.faults.clear()
    assert http.post("/commerce/rest/V1/orders").status_code == 401


def test_the_page_and_the_control_api_never_misbehave():
    world = World()
    http = create_sandbox(world).test_client()
    world.faults.add(Fault(".*", "answer", times=None))
    assert http.get("/").status_code == 200
    assert http.get("/sandbox/state").status_code == 200


def test_every_answer_says_that_it_is_the_sandboxs():
    world = World()
    http = create_sandbox(world).test_client()
    world.faults.add(Fault("/amazon/broken", "answer"))
    paths = ("/", "/sandbox/state", "/amazon/orders/2026-01-01/orders", "/commerce/rest/V1/modules", "/amazon/broken")
    assert {http.get(path).headers["X-Sandbox"] for path in paths} == {MARK}
