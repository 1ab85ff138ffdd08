"""`pending_orders: reserve`: stock is held while Amazon verifies the payment, once, and given back once."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from bridge.domain.states import ImportState
from bridge.sandbox.world import Fault
from bridge.sync.audit import audit
from bridge.sync.push import preview
from tests.stage import Stage, line

CREATE = r"POST /commerce/rest/all/V1/orders$"


@pytest.fixture(params=["reservation_cli", "cart_restate"])
def held(stage: Stage, request: pytest.FixtureRequest) -> Stage:
    """A store that holds stock while an order is Pending, in both ways."""
    stage.set(stock_strategy=request.param, pending_orders="reserve")
    return stage


def reserve(stage: Stage) -> None:
    """The shop's crontab, where the strategy has one."""
    if stage.bridge.links.get(stage.store_id).settings.stock_strategy == "reservation_cli":
        stage.shop.run_reservation_cli()


def stock(stage: Stage, sku: str = "BLUE-MUG") -> tuple[float, float]:
    reserve(stage)
    return stage.shop.source_quantity(sku), stage.shop.salable_quantity(sku)


def amazon_now_wants(stage: Stage, order_id: str, *lines: Any) -> None:
    """By the time it is paid the order has these lines in place of its own."""
    full = stage.amazon._withheld[order_id]
    other = stage.amazon.place(list(lines), marketplace_id=full["salesChannel"]["marketplaceId"])
    theirs = stage.amazon._withheld[other]
    for index, item in enumerate(theirs["orderItems"]):
        if index < len(full["orderItems"]):
            item["orderItemId"] = full["orderItems"][index]["orderItemId"]
    full["orderItems"], full["proceeds"] = theirs["orderItems"], theirs["proceeds"]
    del stage.amazon._withheld[other]
    stage.amazon.orders[other]["fulfillment"]["fulfillmentStatus"] = "CANCELLED"
    stage.amazon._touch(other)


def test_a_pending_order_holds_its_goods_and_gets_its_figures_when_it_is_paid(held: Stage):
    number = held.place()
    held.sync("sync", "import")
    created = held.commerce_order(number)
    assert (created["state"], created["status"], created["grand_total"]) == ("new", "pending", 0)
    remarks = [history["comment"] for history in created["status_histories"]]
    assert ["holds its stock while Amazon verifies" in remark for remark in remarks] in ([True], [])
    order = held.order(number)
    assert (order.status, order.import_state) == ("Pending", ImportState.RESERVED)
    assert order.order_note == f"Its stock is held by Commerce order #{created['increment_id']}."
    assert stock(held) == (100, 98)

    held.amazon.verify_payment(number)
    held.sync("sync", "import")
    finished = held.commerce_order(number)
    assert finished["entity_id"] == created["entity_id"]
    assert (finished["state"], finished["status"]) == ("processing", "processing")
    for base in ("", "base_"):
        assert (finished[f"{base}grand_total"], finished[f"{base}tax_amount"]) == (48.68, 3.71)
    amazon = held.amazon.orders[number]
    for kind in ("billing", "shipping"):
        assert finished[f"{kind}_address"]["city"] == amazon["recipient"]["deliveryAddress"]["city"]
        assert finished[f"{kind}_address"]["email"] == amazon["buyer"]["buyerEmail"]
    assert "paid on Amazon" in finished["status_histories"][-1]["comment"]
    order = held.order(number)
    assert (order.status, order.import_state) == ("Unshipped", ImportState.IMPORTED)
    assert order.order_note == f"Moved to processing as order #{created['increment_id']}."
    assert stock(held) == (100, 98)

    held.shop.ship(finished["entity_id"], tracks=[("ups", "UPS", "1Z1")])
    held.sync()
    assert held.order(number).status == "Completed"
    assert held.commerce_order(number)["total_paid"] == 48.68
    assert stock(held) == (98, 98)


@pytest.mark.parametrize("command_ran", [True, False])
def test_canceled_while_pending_the_goods_are_free_again_once(held: Stage, command_ran: bool):
    number = held.place()
    held.sync("sync", "import")
    if command_ran:
        assert stock(held) == (100, 98)
    held.amazon.cancel(number)
    held.sync("sync", "import", "complete", "complete", "import")
    assert held.commerce_order(number)["state"] == "canceled"
    order = held.order(number)
    assert (order.status, order.import_state) == ("Canceled", ImportState.CANCELED)
    assert stock(held) == (100, 100)
    assert stock(held) == (100, 100)


def test_nothing_is_held_unless_the_settings_ask_for_it(stage: Stage):
    reserving = {"pending_orders": "reserve", "stock_strategy": "reservation_cli"}
    for settings in (
        {"pending_orders": "do_not_reserve"},
        reserving | {"stock_strategy": "none"},
        reserving | {"import_orders": "disabled"},
    ):
        stage.set(**settings)
        stage.place()
        stage.sync("sync", "import")
        assert stage.shop.orders == {}


def test_what_amazon_ships_is_never_held(held: Stage):
    number = held.place(fulfilled_by="AMAZON")
    held.sync("sync", "import")
    assert held.shop.orders == {}
    assert held.order(number).import_state is ImportState.WAITING


def test_what_stands_against_a_pending_order_is_a_note_and_no_error(held: Stage):
    number = held.place(line("LOST-MUG"))
    held.sync("sync", "import", "import")
    order = held.order(number)
    assert (order.status, order.import_state, order.blockers) == ("Pending", ImportState.WAITING, [])
    assert order.order_note == "No stock is held yet: No product with the SKU LOST-MUG in Commerce."
    assert [event.kind for event in held.events(number)].count("not_held") == 1

    held.shop.add_product("LOST-MUG", "Lost Mug", qty=10)
    held.sync("import")
    assert held.order(number).import_state is ImportState.RESERVED
    assert stock(held, "LOST-MUG") == (10, 8)


def test_still_blocked_when_it_is_paid_it_is_an_error_like_any_other(held: Stage):
    number = held.place(line("LOST-MUG"))
    held.sync("sync", "import")
    held.amazon.verify_payment(number)
    held.sync("sync", "import")
    order = held.order(number)
    assert (order.status, order.blockers[0].code) == ("Error", "product_not_found")
    held.shop.add_product("LOST-MUG", "Lost Mug", qty=10)
    held.sync("import")
    assert held.commerce_order(number)["state"] == "processing"
    assert stock(held, "LOST-MUG") == (10, 8)


def test_the_last_piece_that_is_held_does_not_stand_in_its_own_way(held: Stage):
    held.shop.set_stock("BLUE-MUG", 2)
    number = held.place()
    held.sync("sync", "import")
    assert stock(held) == (2, 0)
    held.amazon.verify_payment(number)
    held.sync("sync")
    assert preview(held.bridge.links.get(held.store_id), held.order(number).id).blockers == []
    held.sync("import")
    assert held.order(number).import_state is ImportState.IMPORTED
    assert stock(held) == (2, 0)


def test_a_held_order_that_is_blocked_keeps_its_goods_and_its_commerce_order(held: Stage):
    number = held.place()
    held.sync("sync", "import")
    held.amazon.verify_payment(number)
    held.amazon.orders[number]["proceeds"]["grandTotal"]["amount"] = "50.00"
    held.sync("sync", "import")
    order = held.order(number)
    assert (order.status, order.blockers[0].code) == ("Error", "amounts_do_not_add_up")
    assert order.commerce_order_id == held.commerce_order(number)["entity_id"]
    assert stock(held) == (100, 98)

    held.amazon.orders[number]["proceeds"]["grandTotal"]["amount"] = "48.68"
    held.amazon._touch(number)
    held.sync("sync", "import")
    assert held.commerce_order(number)["grand_total"] == 48.68
    assert held.order(number).import_state is ImportState.IMPORTED
    assert len(held.shop.orders) == 1


def test_a_held_order_that_is_blocked_and_then_canceled_gives_its_goods_back(held: Stage):
    number = held.place()
    held.sync("sync", "import")
    held.amazon.verify_payment(number)
    held.amazon.orders[number]["proceeds"]["grandTotal"]["amount"] = "50.00"
    held.sync("sync", "import")
    held.amazon.cancel(number)
    held.sync("sync", "import", "complete")
    order = held.order(number)
    assert (order.status, order.import_state, order.blockers) == ("Canceled", ImportState.CANCELED, [])
    assert held.commerce_order(number)["state"] == "canceled"
    assert stock(held) == (100, 100)


@pytest.mark.parametrize(
    ("lines", "blue", "red"),
    [
        ([line(quantity=1)], 99, 100),
        ([line(quantity=3)], 97, 100),
        ([line("RED-MUG", quantity=2)], 100, 98),
        ([line(quantity=2), line("RED-MUG", quantity=1)], 98, 99),
    ],
)
def test_other_lines_when_it_is_paid_than_when_it_was_placed(held: Stage, lines: list[Any], blue: int, red: int):
    """One order is alive, with Amazon's lines; the stock is what it wants and nothing else."""
    number = held.place(line(quantity=2))
    held.sync("sync", "import")
    assert stock(held) == (100, 98)
    amazon_now_wants(held, number, *lines)
    held.amazon.verify_payment(number)
    held.sync("sync", "import", "import")
    created = held.commerce_order(number)
    goods = {item["sku"]: item["qty_ordered"] for item in created["items"] if item["qty_ordered"]}
    assert goods == {each.sku: each.quantity for each in lines}
    total = held.amazon.orders[number]["proceeds"]["grandTotal"]["amount"]
    assert (created["state"], f"{created['grand_total']:.2f}") == ("processing", total)
    assert held.order(number).import_state is ImportState.IMPORTED
    assert held.order(number).commerce_order_id == created["entity_id"]
    assert [order["entity_id"] for order in held.shop.orders.values() if order["state"] != "canceled"] == [
        created["entity_id"]
    ]
    assert (stock(held), stock(held, "RED-MUG")) == ((100, blue), (100, red))
    held.wait(timedelta(hours=2))
    assert [f for f in audit(held.bridge.links.get(held.store_id)) if f.amazon_order_id == number] == []

    held.shop.ship(created["entity_id"], tracks=[("ups", "UPS", "1Z1")])
    held.sync("confirm", "sync", "complete")
    assert held.order(number).status == "Completed"
    assert (stock(held), stock(held, "RED-MUG")) == ((blue, blue), (red, red))


def test_a_held_order_that_the_merchant_canceled_in_commerce_is_never_opened_again(held: Stage):
    number = held.place()
    held.sync("sync", "import")
    reserve(held)
    held.shop.cancel(held.commerce_order(number)["entity_id"])
    held.amazon.verify_payment(number)
    held.sync("sync", "import", "import")
    order = held.order(number)
    assert (order.status, order.blockers[0].code) == ("Error", "commerce_rejected")
    assert "is canceled there and never opened again" in order.blockers[0].message
    assert len(held.shop.orders) == 1
    assert stock(held) == (100, 100)


def test_what_is_shipped_before_it_is_paid_is_confirmed_when_it_is_paid(held: Stage):
    number = held.place()
    held.sync("sync", "import")
    reserve(held)
    held.shop.ship(held.commerce_order(number)["entity_id"], tracks=[("ups", "UPS", "1Z1")])
    held.sync("confirm")
    assert held.changes(number) == []
    held.amazon.verify_payment(number)
    held.sync("sync", "import", "confirm")
    assert [package["trackingNumber"] for package in held.packages(number)] == ["1Z1"]
    assert held.commerce_order(number)["grand_total"] == 48.68
    assert stock(held) == (98, 98)


def test_held_orders_are_finished_while_import_is_disabled(held: Stage):
    number = held.place()
    held.sync("sync", "import")
    held.set(import_orders="disabled")
    held.amazon.verify_payment(number)
    held.sync("sync", "import")
    assert held.commerce_order(number)["state"] == "processing"


def test_an_order_number_of_amazons_is_found_when_its_creation_went_unanswered(stage: Stage):
    stage.set(pending_orders="reserve", order_number_source="amazon", order_number_prefix="AMZ-")
    number = stage.place()
    stage.world.faults.add(Fault(CREATE, "hang_up_after"))
    stage.sync("sync", "import")
    assert stage.order(number).import_state is ImportState.RESERVING
    stage.sync("import")
    assert stage.order(number).import_state is ImportState.RESERVED
    assert stage.commerce_order(number)["increment_id"] == f"AMZ-{number}"


@pytest.mark.parametrize("happens", ["paid", "canceled"])
@pytest.mark.parametrize("kind", ["hang_up", "hang_up_after"])
def test_amazon_goes_on_while_nobody_knows_whether_the_goods_are_held(held: Stage, kind: str, happens: str):
    step = (
        CREATE if held.bridge.links.get(held.store_id).settings.stock_strategy == "reservation_cli" else "PUT .*/order$"
    )
    number = held.place()
    held.world.faults.add(Fault(step, kind))
    held.sync("sync", "import")
    assert held.order(number).import_state is ImportState.RESERVING
    if happens == "paid":
        held.amazon.verify_payment(number)
    else:
        held.amazon.cancel(number)
    held.sync("sync", "import", "complete", "import")
    if happens == "paid":
        assert held.commerce_order(number)["grand_total"] == 48.68
        assert held.order(number).import_state is ImportState.IMPORTED
        assert stock(held) == (100, 98)
    else:
        assert held.order(number).import_state is ImportState.CANCELED
        assert {order["state"] for order in held.shop.orders.values()} <= {"canceled"}
        assert stock(held) == (100, 100)
    assert len(held.shop.orders) == (1 if kind == "hang_up_after" or happens == "paid" else 0)


def test_a_refusal_while_pending_is_tried_again_and_no_error(held: Stage):
    step = (
        CREATE if held.bridge.links.get(held.store_id).settings.stock_strategy == "reservation_cli" else "PUT .*/order$"
    )
    held.world.faults.add(Fault(step, "answer", status=400, body='{"message":"No"}', content_type="application/json"))
    number = held.place()
    held.sync("sync", "import")
    order = held.order(number)
    assert (order.status, order.import_state) == ("Pending", ImportState.WAITING)
    assert order.order_note == "Not created yet, to be tried again: No"
    held.wait(timedelta(minutes=15))
    held.sync("import")
    assert held.order(number).import_state is ImportState.RESERVED
    assert len(held.shop.orders) == 1
