"""Import enabled: the whole way of an order, and the three blockers with their healing."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bridge.domain.order import AmazonStatus
from bridge.domain.states import ImportState
from tests.stage import Stage, line


def test_an_order_goes_from_pending_to_complete(stage: Stage):
    number = stage.place()
    stage.sync()
    order = stage.order(number)
    assert (order.status, order.import_state) == ("Pending", ImportState.WAITING)
    assert stage.commerce_orders(number) == []

    stage.amazon.verify_payment(number)
    stage.sync()
    order, created = stage.order(number), stage.commerce_order(number)
    assert (order.status, order.import_state) == ("Unshipped", ImportState.IMPORTED)
    assert (created["state"], created["status"]) == ("processing", "processing")
    shown = stage.amazon.orders[number]["proceeds"]["grandTotal"]["amount"]
    assert f"{created['grand_total']:.2f}" == shown == "48.68"
    assert (order.commerce_order_id, order.commerce_order_number) == (created["entity_id"], created["increment_id"])

    item = created["items"][0]["item_id"]
    stage.shop.ship(created["entity_id"], items={item: 2}, tracks=[("ups", "United Parcel Service", "1Z1")])
    stage.sync("confirm")
    assert [(p["trackingNumber"], p["carrier"]) for p in stage.packages(number)] == [("1Z1", "UPS")]
    assert stage.order(number).status == "Unshipped"  # not before Amazon itself shows it

    stage.sync("sync")
    assert stage.order(number).status == "Shipped"
    assert stage.commerce_order(number)["state"] == "processing"

    stage.sync("complete")
    assert stage.order(number).status == "Completed"
    assert stage.commerce_order(number)["state"] == "complete"
    assert stage.commerce_order(number)["total_paid"] == 48.68
    assert [change.state for change in stage.changes(number)] == ["done", "done"]

    stage.sync()
    assert stage.order(number).status == "Completed"
    assert len(stage.commerce_orders(number)) == 1


def test_the_events_tell_the_whole_story_and_the_newest_is_the_note(stage: Stage):
    number = stage.paid_order()
    stage.sync()
    created = stage.commerce_order(number)
    stage.shop.ship(created["entity_id"], tracks=[("ups", "UPS", "1Z1")])
    stage.sync("confirm", "sync", "complete")
    messages = [event.message for event in stage.events(number)]
    assert messages == [
        "Received from Amazon as Unshipped.",
        "Ready to be created in Commerce.",
        "Being created in Commerce.",
        f"Created in Commerce as order #{created['increment_id']}.",
        "Shipped in Commerce: 1Z1.",
        "Shipment confirmed to Amazon: 1Z1.",
        "Status updated to Shipped.",
        f"Amazon shows package {stage.shipments(number)[0].commerce_shipment_id}, tracking 1Z1.",
        f"Commerce order #{created['increment_id']} is complete.",
    ]
    assert stage.order(number).order_note == messages[-1]


def blocked_by_a_missing_product(stage: Stage) -> tuple[str, str]:
    return stage.paid_order(line("LOST-MUG")), "product_not_found"


def blocked_by_a_disabled_product(stage: Stage) -> tuple[str, str]:
    stage.shop.add_product("LOST-MUG", "Lost mug", qty=10, status=2)
    return stage.paid_order(line("LOST-MUG")), "product_disabled"


def blocked_by_an_empty_shelf(stage: Stage) -> tuple[str, str]:
    stage.shop.add_product("LOST-MUG", "Lost mug", qty=1)
    return stage.paid_order(line("LOST-MUG", quantity=2)), "out_of_stock"


def mend(stage: Stage) -> None:
    if stage.shop.catalog.get("LOST-MUG") is None:
        stage.shop.add_product("LOST-MUG", "Lost mug", qty=10)
    stage.shop.set_product_status("LOST-MUG", True)
    stage.shop.set_stock("LOST-MUG", 10)


@pytest.mark.parametrize(
    "arrange", [blocked_by_a_missing_product, blocked_by_a_disabled_product, blocked_by_an_empty_shelf]
)
def test_a_blocked_order_says_why_and_is_created_by_the_next_sync_after_it_is_mended(stage: Stage, arrange):
    number, code = arrange(stage)
    other = stage.paid_order()
    stage.sync()
    order = stage.order(number)
    assert (order.status, [b.code for b in order.blockers]) == ("Error", [code])
    assert "LOST-MUG" in order.order_note
    assert order.blockers[0].fix
    assert stage.commerce_orders(number) == []
    assert stage.order(other).status == "Unshipped"  # a blocked order holds up no other one
    assert len(stage.commerce_orders(other)) == 1

    before = len(stage.events(number))
    stage.sync()
    assert len(stage.events(number)) == before  # looked at again, nothing new to say

    mend(stage)
    stage.sync()
    order = stage.order(number)
    assert (order.status, order.blockers) == ("Unshipped", [])
    assert len(stage.commerce_orders(number)) == 1


def test_an_order_older_than_the_integration_is_never_stored(stage: Stage):
    old = stage.place(created=stage.world.now() - timedelta(seconds=1))
    stage.wait()
    stage.amazon.verify_payment(old)  # changed after the integration, created before it
    new = stage.paid_order()
    stage.sync()
    assert not stage.known(old)
    assert stage.commerce_orders(old) == []
    assert stage.known(new)


def test_a_partial_shipment_shows_as_partially_shipped_and_the_rest_completes_it(stage: Stage):
    number = stage.paid_order(line("BLUE-MUG", 2), line("RED-MUG", 1, "5.00"))
    stage.sync()
    created = stage.commerce_order(number)
    blue, red = (item["item_id"] for item in created["items"])
    stage.shop.ship(created["entity_id"], items={blue: 1}, tracks=[("ups", "UPS", "1Z1")])
    stage.sync()
    assert stage.order(number).status == "PartiallyShipped"
    assert stage.commerce_order(number)["state"] == "processing"
    assert [p["packageItems"][0]["quantity"] for p in stage.packages(number)] == [1]

    stage.shop.ship(
        created["entity_id"], items={blue: 1, red: 1}, tracks=[("fedex", "FedEx", "F1"), ("dhl", "DHL", "D1")]
    )
    stage.sync("confirm", "sync")
    assert stage.order(number).status == "Shipped"
    assert sorted(p["trackingNumber"] for p in stage.packages(number)) == ["1Z1", "D1", "F1"]
    stage.sync("complete")
    assert stage.order(number).status == "Completed"
    assert stage.commerce_order(number)["state"] == "complete"


def test_an_fba_order_is_created_when_amazon_ships_it_as_settled_and_touches_no_stock(stage: Stage):
    stage.shop.set_stock("BLUE-MUG", 0)  # FBA needs no sellable stock
    number = stage.paid_order(fulfilled_by="AMAZON")
    stage.sync()
    assert stage.order(number).import_state is ImportState.WAITING
    assert stage.commerce_orders(number) == []
    stage.amazon.ship_fba(number)
    stage.sync()
    created = stage.commerce_order(number)
    assert (created["state"], created["total_due"], created["grand_total"]) == ("complete", 0, 48.68)
    assert stage.order(number).status == "Completed"
    assert stage.shop.source_quantity("BLUE-MUG") == 0
    stage.shop.run_reservation_cli()
    assert stage.shop.salable_quantity("BLUE-MUG") == 0


def test_two_lines_of_the_same_sku_stay_two_lines_and_are_shipped_apart(stage: Stage):
    number = stage.paid_order(line("BLUE-MUG", 1, "10.00"), line("BLUE-MUG", 2, "12.00"))
    stage.sync()
    created = stage.commerce_order(number)
    assert [(i["sku"], i["qty_ordered"], i["price"]) for i in created["items"]] == [
        ("BLUE-MUG", 1, 10.0),
        ("BLUE-MUG", 2, 12.0),
    ]
    first, second = (item["item_id"] for item in created["items"])
    stage.shop.ship(created["entity_id"], items={second: 2}, tracks=[("ups", "UPS", "1Z1")])
    stage.sync()
    shipped = {
        i["orderItemId"]: i["fulfillment"]["quantityFulfilled"] for i in stage.amazon.orders[number]["orderItems"]
    }
    assert list(shipped.values()) == [0, 2]
    stage.shop.ship(created["entity_id"], items={first: 1}, tracks=[("ups", "UPS", "1Z2")])
    stage.sync()
    assert stage.order(number).amazon_status is AmazonStatus.SHIPPED
