"""Shipments, carriers and parcels that other systems lost, stuck on or told wrongly."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from bridge.domain.order import AmazonStatus
from bridge.models import ProductMatch
from bridge.sandbox.world import Fault
from bridge.sync.carriers import Mapped, replace_carrier_map
from tests.stage import Stage, line

REFUSAL = '{"errors":[{"code":"InvalidInput","message":"The carrier is not known."}]}'


def imported(stage: Stage, *lines: Any, **more: Any) -> tuple[str, dict[str, Any]]:
    """An order that is in Commerce, and the Commerce order."""
    number = stage.paid_order(*lines, **more)
    stage.sync("sync", "import")
    return number, stage.commerce_order(number)


def refuse(stage: Stage, order_id: str, times: int | None = 1) -> None:
    """Amazon refuses the order's next confirmations for good."""
    pattern = rf"POST /amazon/orders/v0/orders/{order_id}/shipmentConfirmation"
    stage.world.faults.add(
        Fault(pattern, "answer", status=400, body=REFUSAL, content_type="application/json", times=times)
    )


def calls(stage: Stage) -> int:
    """How many confirmations Amazon was sent."""
    return stage.world.requests["amazon confirmShipment"]


def shipped(stage: Stage, number: str) -> list[int]:
    """How many of each item Amazon shows as shipped."""
    return [item["fulfillment"]["quantityFulfilled"] for item in stage.amazon.orders[number]["orderItems"]]


def test_regression_23_a_shipped_line_that_is_not_amazons_is_passed_over(stage: Stage):
    number, created = imported(stage)
    stage.shop.add_product("FREE-SAMPLE", "Sample", qty=5)
    sample = {**created["items"][0], "item_id": 9001, "sku": "FREE-SAMPLE", "qty_ordered": 1}
    sample.pop("ext_order_item_id")
    created["items"].append(sample)
    mug = created["items"][0]["item_id"]
    stage.shop.ship(created["entity_id"], items={9001: 1}, tracks=[("ups", "UPS", "1Z0")])
    stage.sync()
    assert stage.packages(number) == []
    stage.shop.ship(created["entity_id"], items={mug: 2}, tracks=[("ups", "UPS", "1Z1")])
    stage.sync()
    assert [package["trackingNumber"] for package in stage.packages(number)] == ["1Z1"]


def test_regression_24_a_shipment_without_a_carrier_is_held_back_and_then_told_without_a_number(stage: Stage):
    number, created = imported(stage)
    stage.shop.ship(created["entity_id"], tracks=[])
    stage.sync("confirm", "sync")
    assert calls(stage) == 0
    stage.wait(timedelta(hours=1))
    stage.sync("confirm", "sync")
    assert [(p["carrier"], p["trackingNumber"]) for p in stage.packages(number)] == [("Other", "none")]
    assert calls(stage) == 1


def test_regression_24_a_track_of_a_carrier_without_a_title_is_told_by_its_code(stage: Stage):
    number, created = imported(stage)
    stage.shop.ship(created["entity_id"], tracks=[("custom", " ", "X1")])
    stage.sync("confirm", "sync")
    assert [(p["carrier"], p["trackingNumber"]) for p in stage.packages(number)] == [("custom", "X1")]


@pytest.mark.parametrize("ending", ["canceled", "closed", "complete"])
def test_regression_26_a_closed_commerce_order_is_never_reopened(stage: Stage, ending: str):
    number, created = imported(stage)
    entity = created["entity_id"]
    if ending == "canceled":
        stage.shop.cancel(entity)
    else:
        stage.shop.invoice(entity)
        stage.shop.ship(entity, tracks=[("ups", "UPS", "1Z1")])
    if ending == "closed":
        answer = stage.app.test_client().post(
            f"/commerce/rest/all/V1/order/{entity}/refund",
            json={"arguments": {"adjustment_positive": 0.41}},  # the tax on the shipping
            headers={"Authorization": "Bearer sandbox-commerce-token"},
        )
        assert answer.status_code == 200
    assert stage.commerce_order(number)["state"] == ending
    stage.sync()
    stage.amazon.orders[number]["fulfillment"]["fulfillmentStatus"] = "SHIPPED"
    stage.amazon._touch(number)
    stage.sync()
    stage.sync()
    assert stage.commerce_order(number)["state"] == ending
    assert stage.order(number).ended


def test_regression_26_the_guard_does_not_stop_a_cancellation_of_an_order_on_hold(stage: Stage):
    number, _created = imported(stage)
    stage.amazon.request_cancel(number)
    stage.sync()
    assert stage.commerce_order(number)["state"] == "holded"
    stage.amazon.cancel(number)
    stage.sync()
    assert stage.commerce_order(number)["state"] == "canceled"


def test_regression_27_a_changed_carrier_with_the_same_tracking_number_is_sent_again(stage: Stage):
    number, created = imported(stage)
    shipment = stage.shop.ship(created["entity_id"], tracks=[("custom", "Pigeon", "T1")])
    stage.sync("confirm", "sync")
    assert [p["carrier"] for p in stage.packages(number)] == ["Pigeon"]
    track = stage.shop.shipments[shipment]["tracks"][0]
    track["carrier_code"], track["title"] = "fedex", "FedEx"
    stage.shop.shipments[shipment]["updated_at"] = stage.shop.timestamp()
    stage.sync("confirm", "sync")
    assert [(p["carrier"], p["trackingNumber"]) for p in stage.packages(number)] == [("FedEx", "T1")]
    assert [c.state for c in stage.changes(number) if c.kind == "confirm_shipment"] == ["done"]


def test_regression_27_a_carrier_that_changes_before_an_unanswered_confirmation_is_sent_again(stage: Stage):
    number, created = imported(stage)
    stage.world.faults.add(Fault("shipmentConfirmation", "hang_up_after"))
    shipment = stage.shop.ship(created["entity_id"], tracks=[("custom", "Pigeon", "T1")])
    stage.sync("confirm", "sync")
    track = stage.shop.shipments[shipment]["tracks"][0]
    track["carrier_code"], track["title"] = "fedex", "FedEx"
    stage.shop.shipments[shipment]["updated_at"] = stage.shop.timestamp()
    for _ in range(3):
        stage.sync("confirm", "sync")
        stage.wait(timedelta(hours=1))
    assert [(p["carrier"], p["trackingNumber"]) for p in stage.packages(number)] == [("FedEx", "T1")]


def test_regression_33_a_carrier_that_amazon_refuses_is_a_visible_task_and_not_tried_for_ever(stage: Stage):
    number, created = imported(stage)
    refuse(stage, number, times=None)
    shipment = stage.shop.ship(created["entity_id"], tracks=[("x", "Nobody", "T1")])
    for _ in range(4):
        stage.sync("confirm", "sync")
        stage.wait(timedelta(hours=6))
    assert stage.world.faults.played["answer"] == 1
    (change,) = [c for c in stage.changes(number) if c.kind == "confirm_shipment"]
    assert (change.state, "The carrier is not known." in change.last_error) == ("refused", True)
    assert "The carrier is not known." in stage.order(number).order_note

    stage.world.faults.clear()  # the merchant mends the track: it is sent again
    track = stage.shop.shipments[shipment]["tracks"][0]
    track["carrier_code"], track["title"] = "ups", "UPS"
    stage.shop.shipments[shipment]["updated_at"] = stage.shop.timestamp()
    stage.sync("confirm", "sync")
    assert [(p["carrier"], p["trackingNumber"]) for p in stage.packages(number)] == [("UPS", "T1")]


def test_regression_33_a_carrier_that_the_merchant_maps_afterwards_is_sent_again(stage: Stage):
    number, created = imported(stage)
    refuse(stage, number)
    stage.shop.ship(created["entity_id"], tracks=[("pigeons", "Pigeon Post", "T1")])
    stage.sync("confirm")
    stage.wait(timedelta(days=1))
    stage.sync("confirm", "sync")
    assert stage.packages(number) == []
    with stage.bridge.db.session() as session:
        replace_carrier_map(session, stage.store_id, [Mapped("pigeons", "DHL")])
    stage.sync("confirm", "sync")
    assert [(p["carrier"], p["trackingNumber"]) for p in stage.packages(number)] == [("DHL", "T1")]
    assert [c.state for c in stage.changes(number) if c.kind == "confirm_shipment"] == ["done"]


def adopted_as_one_line(stage: Stage, *quantities: int) -> tuple[str, dict[str, Any]]:
    """An order of one SKU on several Amazon lines that another program wrote to Commerce as one line."""
    stage.set(order_number_source="amazon")
    number = stage.paid_order(*(line("BLUE-MUG", quantity) for quantity in quantities))
    total = float(stage.amazon.orders[number]["proceeds"]["grandTotal"]["amount"])
    entity = {"increment_id": number, "ext_order_id": number, "store_id": 1, "customer_email": "jane@example.com",
              "payment": {"method": "checkmo"}, "state": "processing", "status": "processing", "grand_total": total,
              "items": [{"sku": "BLUE-MUG", "product_id": 1, "product_type": "simple",
                         "qty_ordered": sum(quantities)}]}  # fmt: skip
    answer = stage.app.test_client().post(
        "/commerce/rest/all/V1/orders",
        json={"entity": entity},
        headers={"Authorization": "Bearer sandbox-commerce-token"},
    )
    assert answer.status_code == 200
    stage.sync("sync", "import")
    return number, stage.commerce_order(number)


def test_regression_41_one_commerce_line_for_two_amazon_lines_is_split_when_it_is_shipped_in_parts(stage: Stage):
    number, created = adopted_as_one_line(stage, 2, 3)
    item = created["items"][0]["item_id"]
    seen = []
    for quantity in (1, 2, 2):
        stage.shop.ship(created["entity_id"], items={item: quantity}, tracks=[("ups", "UPS", f"T{quantity}")])
        stage.sync("confirm", "sync")
        seen.append(shipped(stage, number))
    assert seen == [[1, 0], [2, 1], [2, 3]]
    assert stage.order(number).amazon_status is AmazonStatus.SHIPPED


def test_regression_41_pieces_of_a_multipack_that_are_shipped_apart_are_told_once_the_pack_is_whole(stage: Stage):
    with stage.bridge.db.session() as session:
        session.add(
            ProductMatch(
                store_id=stage.store_id, seller_sku="MUG-3PACK", commerce_sku="BLUE-MUG", quantity=3,
                created_at=stage.world.now(),
            )
        )  # fmt: skip
    number, created = imported(stage, line("MUG-3PACK", 2, "30.00"))
    item = created["items"][0]["item_id"]
    seen = []
    for quantity in (2, 2, 2):  # never a whole pack in one parcel
        stage.shop.ship(created["entity_id"], items={item: quantity}, tracks=[("ups", "UPS", f"T{len(seen)}")])
        stage.sync("confirm", "sync")
        seen.append(shipped(stage, number))
    assert seen == [[0], [1], [2]]
    assert stage.order(number).amazon_status is AmazonStatus.SHIPPED


def test_regression_42_of_several_changes_before_the_sending_the_newest_is_sent(stage: Stage):
    number, created = imported(stage)
    stage.world.faults.add(Fault("shipmentConfirmation", "answer", times=2))
    shipment = stage.shop.ship(created["entity_id"], tracks=[("ups", "UPS", "FIRST")])
    stage.sync("confirm")
    for tracking in ("SECOND", "THIRD"):
        stage.shop.shipments[shipment]["tracks"][0]["track_number"] = tracking
        stage.shop.shipments[shipment]["updated_at"] = stage.shop.timestamp()
        stage.sync("confirm")
    stage.wait(timedelta(hours=1))
    stage.sync("confirm", "sync")
    assert [package["trackingNumber"] for package in stage.packages(number)] == ["THIRD"]


def test_regression_56_a_retry_keeps_the_shipments_data(stage: Stage):
    number, created = imported(stage)
    stage.world.faults.add(Fault("shipmentConfirmation", "answer", times=2))
    stage.shop.ship(created["entity_id"], tracks=[("ups", "UPS", "1Z1")])
    when = stage.world.now()
    for _ in range(4):
        stage.sync("confirm", "sync")
        stage.wait(timedelta(hours=1))
    (package,) = stage.packages(number)
    assert (package["trackingNumber"], package["carrier"]) == ("1Z1", "UPS")
    assert package["shipTime"].startswith(when.strftime("%Y-%m-%dT%H:%M"))
    assert [item["quantity"] for item in package["packageItems"]] == [2]


def test_regression_58_a_refused_second_parcel_does_not_undo_the_first(stage: Stage):
    number, created = imported(stage, line("BLUE-MUG", 1), line("RED-MUG", 1))
    blue, red = (item["item_id"] for item in created["items"])
    stage.shop.ship(created["entity_id"], items={blue: 1}, tracks=[("ups", "UPS", "GOOD")])
    stage.sync("confirm", "sync")
    refuse(stage, number)
    stage.shop.ship(created["entity_id"], items={red: 1}, tracks=[("x", "X", "BAD")])
    stage.sync("confirm", "sync")
    order = stage.order(number)
    assert order.status == "PartiallyShipped"
    states = {c.payload["tracking_number"]: c.state for c in stage.changes(number) if c.kind == "confirm_shipment"}
    assert states == {"GOOD": "done", "BAD": "refused"}
    assert [package["trackingNumber"] for package in stage.packages(number)] == ["GOOD"]
