"""One Amazon order, at most one Commerce order, whatever is answered, lost or killed."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bridge import claims
from bridge.domain.states import ImportState
from bridge.models import Order
from bridge.sandbox.world import Fault
from tests.stage import Stage

CREATE = r"POST /commerce/rest/all/V1/orders$"
LIMIT = timedelta(seconds=121)


@pytest.fixture(params=["commerce", "amazon"])
def numbered(stage: Stage, request: pytest.FixtureRequest) -> Stage:
    """Both ways of numbering Commerce orders."""
    stage.set(order_number_source=request.param, order_number_prefix="AMZ-")
    return stage


def test_an_unanswered_creation_that_was_carried_out_is_found_and_adopted(numbered: Stage):
    stage = numbered
    number = stage.paid_order()
    stage.world.faults.add(Fault(CREATE, "hang_up_after"))
    stage.sync("sync", "import")
    assert stage.order(number).import_state is ImportState.IMPORTING
    assert len(stage.commerce_orders(number)) == 1

    stage.sync("import")
    order = stage.order(number)
    assert order.import_state is ImportState.IMPORTED
    assert order.commerce_order_id == stage.commerce_order(number)["entity_id"]
    assert order.lines[0].commerce_item_id == stage.commerce_order(number)["items"][0]["item_id"]
    assert "Found in Commerce" in stage.events(number)[-1].message


def test_an_unanswered_creation_that_was_not_carried_out_is_made_after_a_look(numbered: Stage):
    stage = numbered
    number = stage.paid_order()
    stage.world.faults.add(Fault(CREATE, "hang_up"))
    stage.sync("sync", "import")
    assert stage.commerce_orders(number) == []
    stage.sync("import")
    assert len(stage.commerce_orders(number)) == 1
    assert stage.order(number).import_state is ImportState.IMPORTED


def test_nothing_is_tried_before_commerces_own_time_limit_has_passed(stage: Stage):
    number = stage.paid_order()
    stage.world.faults.add(Fault(CREATE, "hang_up"))
    stage.sync("sync", "import")
    stage.wait(timedelta(seconds=60))
    stage.job("import")
    assert (stage.order(number).import_state, stage.commerce_orders(number)) == (ImportState.IMPORTING, [])
    stage.wait(LIMIT)
    stage.job("import")
    assert stage.order(number).import_state is ImportState.IMPORTED


@pytest.mark.parametrize("kind", ["answer", "answer_after"])
def test_a_5xx_to_a_creation_says_nothing_about_its_outcome(numbered: Stage, kind):
    stage = numbered
    number = stage.paid_order()
    stage.world.faults.add(
        Fault(CREATE, kind, status=500, body='{"message":"Internal Error"}', content_type="application/json")
    )
    stage.sync("sync", "import")
    assert stage.order(number).import_state is ImportState.IMPORTING
    stage.sync("import")
    assert len(stage.commerce_orders(number)) == 1
    assert stage.order(number).import_state is ImportState.IMPORTED


def test_a_claim_left_by_a_dead_process_is_taken_over(stage: Stage):
    number = stage.paid_order()
    stage.sync("sync")
    with stage.bridge.db.session() as session:
        order = session.get_one(Order, stage.order(number).id)
        now = stage.world.now()
        assert claims.claim_for_import(session, order, "dead", now, now + timedelta(seconds=120))
    stage.job("import")
    assert stage.commerce_orders(number) == []  # the claim still holds
    stage.wait(LIMIT)
    stage.job("import")
    assert len(stage.commerce_orders(number)) == 1
    assert stage.order(number).import_state is ImportState.IMPORTED


def test_an_order_is_claimed_by_one_of_two(stage: Stage):
    number = stage.paid_order()
    stage.sync("sync")
    order, now = stage.order(number), stage.world.now()
    with stage.bridge.db.session() as session:
        assert claims.claim_for_import(session, order, "first", now, now + LIMIT)
    with stage.bridge.db.session() as session:
        assert not claims.claim_for_import(session, order, "second", now, now + LIMIT)


def test_a_claim_fails_when_amazon_has_sent_a_newer_version(stage: Stage):
    number = stage.paid_order()
    stage.sync("sync")
    stale = stage.order(number)
    stage.amazon.request_cancel(number)
    stage.sync("sync")
    with stage.bridge.db.session() as session:
        assert not claims.claim_for_import(session, stale, "late", stage.world.now(), stage.world.now() + LIMIT)


def test_an_order_number_that_another_order_has_blocks_the_order(stage: Stage):
    stage.set(order_number_source="amazon")
    number = stage.place()
    entity = {
        "increment_id": number, "ext_order_id": "somebody-else", "store_id": 1, "customer_email": "jane@example.com",
        "payment": {"method": "checkmo"},
    }  # fmt: skip
    foreign = stage.app.test_client().post(
        "/commerce/rest/all/V1/orders",
        json={"entity": entity},
        headers={"Authorization": "Bearer sandbox-commerce-token"},
    )
    assert foreign.status_code == 200
    stage.amazon.verify_payment(number)
    stage.sync("sync", "import")
    order = stage.order(number)
    assert (order.status, order.blockers[0].code) == ("Error", "commerce_rejected")
    assert "taken by another order" in order.blockers[0].message
    assert stage.commerce_orders(number) == []


def test_a_refused_order_is_blocked_in_commerces_own_words_and_retried(stage: Stage):
    number = stage.paid_order()
    refusal = '{"message":"The requested %fieldName is odd","parameters":{"fieldName":"thing"}}'
    stage.world.faults.add(Fault(CREATE, "answer", status=400, body=refusal, content_type="application/json"))
    stage.sync("sync", "import")
    order = stage.order(number)
    assert (order.status, order.blockers[0].code) == ("Error", "commerce_rejected")
    assert "The requested thing is odd" in order.blockers[0].message
    stage.world.faults.add(Fault(CREATE, "answer", status=400, body=refusal, content_type="application/json"))
    stage.sync("import")
    assert (stage.order(number).status, stage.order(number).import_state) == ("Error", ImportState.BLOCKED)
    stage.sync("import")
    assert stage.order(number).status == "Unshipped"
    assert len(stage.commerce_orders(number)) == 1


def test_a_shop_in_maintenance_delays_and_loses_nothing(stage: Stage):
    numbers = [stage.paid_order() for _ in range(3)]
    stage.world.faults.add(Fault(r"/commerce/", "answer", times=None))
    stage.wait()
    stage.job("sync")
    assert stage.job("import").state == "failed"
    assert all(stage.commerce_orders(n) == [] for n in numbers)
    stage.world.faults.clear()
    stage.sync("import")
    assert all(len(stage.commerce_orders(n)) == 1 for n in numbers)


def test_one_failing_order_does_not_stop_the_others(stage: Stage):
    numbers = [stage.paid_order() for _ in range(3)]
    stage.world.faults.add(Fault(CREATE, "hang_up", times=1))
    stage.sync("sync", "import")
    assert sorted(len(stage.commerce_orders(n)) for n in numbers) == [0, 1, 1]
    stage.sync("import")
    assert [len(stage.commerce_orders(n)) for n in numbers] == [1, 1, 1]
