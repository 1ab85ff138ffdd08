"""Orders that Amazon cancels before and after they are in Commerce, and buyers who ask to cancel."""

from __future__ import annotations

from datetime import timedelta

from bridge.domain.states import ImportState
from bridge.models import Order
from bridge.sandbox.world import Fault
from bridge.sync.cancel import request_cancel
from tests.stage import Stage, line


def test_cancelled_before_import_is_never_created(stage: Stage):
    unpaid, paid = stage.place(), stage.paid_order()
    stage.sync("sync")
    stage.amazon.cancel(unpaid)
    stage.amazon.cancel(paid)
    stage.sync()
    for number in (unpaid, paid):
        assert (stage.order(number).status, stage.order(number).import_state) == ("Canceled", ImportState.CANCELED)
        assert stage.commerce_orders(number) == []


def test_a_blocked_order_that_amazon_cancels_leaves_the_errors(stage: Stage):
    number = stage.paid_order(line("LOST-MUG"))
    stage.sync()
    assert stage.order(number).status == "Error"
    stage.amazon.cancel(number)
    stage.sync()
    assert (stage.order(number).status, stage.order(number).blockers) == ("Canceled", [])


def test_cancelled_after_import_is_canceled_in_commerce_and_stock_is_given_back_once(stage: Stage):
    number = stage.paid_order()
    stage.sync()
    stage.shop.run_reservation_cli()
    assert stage.shop.salable_quantity("BLUE-MUG") == 98
    stage.amazon.cancel(number)
    stage.sync()
    assert stage.order(number).status == "Canceled"
    assert stage.order(number).import_state is ImportState.CANCELED
    assert stage.commerce_order(number)["state"] == "canceled"
    stage.shop.run_reservation_cli()
    assert (stage.shop.salable_quantity("BLUE-MUG"), stage.shop.source_quantity("BLUE-MUG")) == (100, 100)
    stage.sync()
    stage.shop.run_reservation_cli()
    assert stage.shop.salable_quantity("BLUE-MUG") == 100


def test_stock_is_right_too_when_the_reservation_command_never_ran_before(stage: Stage):
    number = stage.paid_order()
    stage.sync()
    stage.amazon.cancel(number)
    stage.sync()
    assert stage.shop.salable_quantity("BLUE-MUG") == 100
    stage.shop.run_reservation_cli()
    assert stage.shop.salable_quantity("BLUE-MUG") == 100


def test_cancelled_while_it_was_being_created_is_created_and_canceled(stage: Stage):
    number = stage.paid_order()
    stage.sync("sync")
    stage.amazon.cancel(number)
    stage.sync("import", "sync", "complete")
    assert stage.commerce_order(number)["state"] == "canceled"
    assert stage.order(number).status == "Canceled"


def test_cancelled_on_amazon_after_it_was_shipped_in_commerce_waits_for_the_merchant(stage: Stage):
    number = stage.paid_order()
    stage.sync()
    stage.shop.ship(stage.commerce_order(number)["entity_id"], tracks=[("ups", "UPS", "1Z1")])
    stage.amazon.cancel(number)
    stage.sync("sync", "complete")
    assert stage.commerce_order(number)["state"] == "processing"
    assert "refund it there" in stage.order(number).order_note
    assert [c.state for c in stage.changes(number) if c.kind == "cancel_commerce"] == ["pending"]


def test_a_buyers_request_is_noted_once_and_holds_the_order(stage: Stage):
    number = stage.paid_order()
    stage.sync()
    stage.amazon.request_cancel(number, "Ordered by mistake")
    stage.sync()
    stage.sync()
    assert stage.commerce_order(number)["state"] == "holded"
    assert stage.order(number).status == "Unshipped"
    kinds = [event.kind for event in stage.events(number)]
    assert (kinds.count("buyer_cancel_requested"), kinds.count("held")) == (1, 1)
    assert "Ordered by mistake" not in " ".join(
        e.message for e in stage.events(number)
    )  # the buyer's words are personal


def test_a_request_that_came_before_the_import_holds_the_new_order(stage: Stage):
    number = stage.paid_order()
    stage.amazon.request_cancel(number)
    stage.sync()
    assert stage.commerce_order(number)["state"] == "holded"


def test_cancelled_on_amazon_after_it_was_completed_asks_for_a_refund(stage: Stage):
    number = stage.paid_order(fulfilled_by="AMAZON")
    stage.amazon.ship_fba(number)
    stage.sync()
    assert stage.order(number).status == "Completed"
    stage.amazon.orders[number]["fulfillment"]["fulfillmentStatus"] = "CANCELLED"
    stage.amazon._touch(number)
    stage.sync()
    order = stage.order(number)
    assert (order.status, order.import_state) == ("Canceled", ImportState.COMPLETED)
    assert order.order_note.endswith(f"refund Commerce order #{order.commerce_order_number}.")
    assert stage.commerce_order(number)["state"] == "complete"


def test_the_merchant_who_ships_all_the_same_takes_the_order_off_hold_and_it_stays_off(stage: Stage):
    number = stage.paid_order()
    stage.sync()
    stage.amazon.request_cancel(number)
    stage.sync()
    entity = stage.commerce_order(number)["entity_id"]
    answer = stage.app.test_client().post(
        f"/commerce/rest/all/V1/orders/{entity}/unhold", headers={"Authorization": "Bearer sandbox-commerce-token"}
    )
    assert answer.get_json() is True
    stage.amazon.request_cancel(number, "Really")  # once more, as Amazon lets a buyer
    stage.sync()
    stage.sync()
    assert stage.commerce_order(number)["state"] == "processing"
    stage.shop.ship(entity, tracks=[("ups", "UPS", "1Z1")])
    stage.sync()
    stage.sync()
    assert stage.order(number).status == "Completed"
    assert stage.commerce_order(number)["state"] == "complete"


def test_the_merchant_who_agrees_to_a_buyers_request_cancels_on_both_sides(stage: Stage):
    number = stage.paid_order()
    stage.sync()
    stage.amazon.request_cancel(number)
    stage.sync()
    with stage.bridge.db.session() as session:
        request_cancel(session.get_one(Order, stage.order(number).id), stage.world.now(), reason="BuyerCanceled")
    stage.sync()
    stage.wait(timedelta(minutes=10))
    stage.sync()
    stage.sync()
    assert stage.order(number).status == "Canceled"
    assert stage.commerce_order(number)["state"] == "canceled"


def test_what_is_shipped_while_others_are_being_canceled_is_not_written_over(stage: Stage):
    numbers = [stage.paid_order(), stage.paid_order()]
    stage.sync()
    for number in numbers:
        stage.amazon.cancel(number)
    stage.sync("sync")
    numbers.sort(key=lambda number: stage.changes(number)[-1].id)  # the order in which they are told to Commerce
    entities = [stage.commerce_order(number)["entity_id"] for number in numbers]

    def warehouse(_seconds: float) -> None:
        stage.shop.ship(entities[1], tracks=[("ups", "UPS", "1Z1")])

    stage.world.sleep = warehouse
    stage.world.faults.add(Fault("POST /commerce/rest/all/V1/orders$", "delay", seconds=1.0))
    stage.sync("complete")
    assert [stage.commerce_order(number)["state"] for number in numbers] == ["canceled", "processing"]
    assert "refund it there" in stage.order(numbers[1]).order_note
