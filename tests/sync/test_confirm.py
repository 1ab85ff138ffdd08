"""Commerce to Amazon: every shipment and every track, kept until Amazon shows it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bridge.models import ProductMatch, Shipment
from bridge.sandbox.world import Fault
from bridge.sync.confirm import LATE_TRACKS, packages
from tests.stage import Stage, line

CONFIRM = r"POST /amazon/orders/v0/orders/.*/shipmentConfirmation"
SHIPMENTS = "commerce GET /V1/shipments"


def imported(stage: Stage, *lines, **more) -> tuple[str, dict]:
    number = stage.paid_order(*lines, **more)
    stage.sync()
    return number, stage.commerce_order(number)


def items_of(order: dict) -> list[int]:
    return [item["item_id"] for item in order["items"]]


def test_a_shipment_with_several_tracks_becomes_as_many_packages(stage: Stage):
    number, created = imported(stage, line("BLUE-MUG", 3))
    stage.shop.ship(created["entity_id"], tracks=[("ups", "UPS", "1Z1"), ("dhl", "DHL", "D2")])
    stage.sync()
    shown = {p["trackingNumber"]: sum(i["quantity"] for i in p["packageItems"]) for p in stage.packages(number)}
    assert shown == {"1Z1": 2, "D2": 1}
    assert stage.order(number).amazon_status == "Shipped"


def test_a_refused_confirmation_is_visible_and_others_go_on(stage: Stage):
    bad, bad_created = imported(stage)
    good, good_created = imported(stage)
    body = '{"errors":[{"code":"InvalidInput","message":"The carrier is unknown."}]}'
    stage.world.faults.add(
        Fault(CONFIRM.replace(".*", bad), "answer", status=400, body=body, content_type="application/json")
    )
    stage.shop.ship(bad_created["entity_id"], tracks=[("x", "X", "1")])
    stage.shop.ship(good_created["entity_id"], tracks=[("ups", "UPS", "2")])
    stage.sync()
    assert [c.state for c in stage.changes(bad)] == ["refused"]
    assert "The carrier is unknown." in stage.order(bad).order_note
    assert stage.order(good).status in {"Shipped", "Completed"}


@pytest.mark.parametrize("kind", ["answer", "hang_up", "hang_up_after", "answer_after"])
def test_a_failed_confirmation_is_tried_until_amazon_shows_it(stage: Stage, kind):
    number, created = imported(stage)
    stage.shop.ship(created["entity_id"], tracks=[("ups", "UPS", "1Z1")])
    stage.world.faults.add(Fault(CONFIRM, kind, times=4))
    for _ in range(12):
        stage.sync("confirm", "sync")
        stage.wait(timedelta(hours=1))
    confirmation = stage.changes(number)[0]
    assert (confirmation.kind, confirmation.state) == ("confirm_shipment", "done")
    assert [p["trackingNumber"] for p in stage.packages(number)] == ["1Z1"]
    assert stage.order(number).amazon_status == "Shipped"


def test_a_shipment_without_a_track_waits_for_one_for_an_hour(stage: Stage):
    number, created = imported(stage)
    shipment = stage.shop.ship(created["entity_id"], tracks=[])
    stage.sync()
    assert stage.packages(number) == []
    stage.shop.add_track(shipment, "ups", "UPS", "LATE1")  # moves no updated_at at all
    stage.sync()
    assert [p["trackingNumber"] for p in stage.packages(number)] == ["LATE1"]


def test_a_shipment_that_never_gets_a_track_is_confirmed_all_the_same(stage: Stage):
    number, created = imported(stage)
    stage.shop.ship(created["entity_id"], tracks=[])
    stage.sync()
    stage.wait(timedelta(hours=1))
    stage.sync()
    assert [p["trackingNumber"] for p in stage.packages(number)] == ["none"]
    assert stage.order(number).amazon_status == "Shipped"
    stage.sync("sync")
    assert [c.state for c in stage.changes(number) if c.kind == "confirm_shipment"] == ["done"]


def test_a_track_that_comes_after_amazon_was_told_of_none_is_sent_as_well(stage: Stage):
    number, created = imported(stage)
    shipment = stage.shop.ship(created["entity_id"], tracks=[])
    stage.sync("confirm")
    stage.wait(timedelta(hours=1))
    stage.sync()
    stage.sync("sync")
    stage.shop.add_track(shipment, "ups", "UPS", "LATE1")
    stage.sync("confirm", "sync")
    assert [p["trackingNumber"] for p in stage.packages(number)] == ["LATE1"]
    assert [c.state for c in stage.changes(number) if c.kind == "confirm_shipment"] == ["done"]


def shipped_without_a_track(stage: Stage) -> tuple[str, int]:
    """A shipment without a track, and one of another order after it, so that the newest one is not it."""
    number, created = imported(stage)
    _other, newer = imported(stage)
    shipment = stage.shop.ship(created["entity_id"], tracks=[])
    stage.wait(timedelta(hours=1))
    stage.shop.ship(newer["entity_id"], tracks=[("ups", "UPS", "1Z1")])
    stage.sync()
    return number, shipment


def test_a_track_that_came_while_the_shop_could_not_be_asked_is_sent_as_well(stage: Stage):
    number, shipment = shipped_without_a_track(stage)
    stage.wait(LATE_TRACKS - timedelta(days=1))
    stage.sync("confirm")
    stage.shop.add_track(shipment, "ups", "UPS", "LATE1")
    stage.world.faults.add(Fault("/commerce/", "answer", times=None))
    stage.wait(timedelta(hours=20))
    assert stage.job("confirm").state == "failed"
    stage.wait(timedelta(hours=10))
    stage.world.faults.clear()
    stage.sync("confirm", "sync")
    assert [p["trackingNumber"] for p in stage.packages(number)] == ["LATE1"]


def test_a_shipment_that_has_had_no_track_for_a_week_is_read_no_more(stage: Stage):
    shipped_without_a_track(stage)
    asked = []
    for _ in range(3):
        before = stage.world.requests[SHIPMENTS]
        stage.sync("confirm")
        asked.append(stage.world.requests[SHIPMENTS] - before)
        stage.wait(LATE_TRACKS)
    assert asked == [2, 2, 1]


def test_what_was_shipped_before_we_knew_the_commerce_order_is_confirmed_once_it_is_found(stage: Stage):
    other, created = imported(stage)
    number = stage.paid_order()
    stage.world.faults.add(Fault(r"POST /commerce/rest/all/V1/orders$", "hang_up_after"))
    stage.sync("sync", "import")
    stage.shop.ship(stage.commerce_order(number)["entity_id"], tracks=[("ups", "UPS", "1Z1")])
    stage.wait(timedelta(minutes=30))
    stage.shop.ship(created["entity_id"], tracks=[("ups", "UPS", "1Z2")])
    stage.sync("confirm")  # the list of shipments is read beyond that of the order that we do not know yet
    assert [p["trackingNumber"] for p in stage.packages(other)] == ["1Z2"]
    assert stage.packages(number) == []
    stage.sync("import", "confirm")
    assert [p["trackingNumber"] for p in stage.packages(number)] == ["1Z1"]


def test_shipments_of_orders_that_are_not_ours_are_passed_over(stage: Stage):
    _number, created = imported(stage)
    entity = {"increment_id": "100000042", "store_id": 1, "customer_email": "jane@example.com",
              "payment": {"method": "checkmo"}, "state": "processing", "status": "processing",
              "items": [{"sku": "BLUE-MUG", "product_id": 1, "product_type": "simple", "qty_ordered": 1}]}  # fmt: skip
    foreign = stage.app.test_client().post(
        "/commerce/rest/all/V1/orders",
        json={"entity": entity},
        headers={"Authorization": "Bearer sandbox-commerce-token"},
    )
    assert foreign.status_code == 200
    stage.shop.ship(foreign.get_json()["entity_id"], tracks=[("ups", "UPS", "1Z1")])
    run = stage.sync("confirm")["confirm"]
    assert run.result == {}
    assert created["entity_id"]


def test_a_multipack_is_confirmed_in_amazon_units(stage: Stage):
    with stage.bridge.db.session() as session:
        session.add(
            ProductMatch(
                store_id=stage.store_id, seller_sku="MUG-3PACK", commerce_sku="BLUE-MUG", quantity=3,
                created_at=stage.world.now(),
            )
        )  # fmt: skip
    number, created = imported(stage, line("MUG-3PACK", 2, "30.00"))
    assert [(i["sku"], i["qty_ordered"], i["row_total"]) for i in created["items"]] == [("BLUE-MUG", 6, 60.0)]
    item = items_of(created)[0]
    stage.shop.ship(created["entity_id"], items={item: 3}, tracks=[("ups", "UPS", "1Z1")])
    stage.sync()
    assert stage.order(number).amazon_status == "PartiallyShipped"
    stage.shop.ship(created["entity_id"], items={item: 3}, tracks=[("ups", "UPS", "1Z2")])
    stage.sync()
    assert stage.order(number).amazon_status == "Shipped"
    assert [p["packageItems"][0]["quantity"] for p in stage.packages(number)] == [1, 1]


def test_units_are_dealt_out_to_the_tracks_and_none_is_lost_or_doubled(stage: Stage):
    tracks = [{"number": str(n), "carrier_code": "ups", "title": "UPS"} for n in range(5)]
    shipment = Shipment(commerce_shipment_id=7, shipped_at=stage.world.now(), items=[["A", 2], ["B", 1]], tracks=tracks)
    made = packages(shipment)
    assert [reference for reference, _ in made] == ["7", "7001", "7002"]
    assert sorted(item for _, package in made for item in package["items"]) == [["A", 1], ["A", 1], ["B", 1]]


def confirmations(stage: Stage, number: str) -> list[tuple[str, str]]:
    return [(c.reference, c.state) for c in stage.changes(number) if c.kind == "confirm_shipment"]


def test_a_confirmation_that_amazon_took_and_never_shows_is_sent_again_the_next_day(stage: Stage):
    number, created = imported(stage)
    stage.world.faults.add(Fault(CONFIRM, "answer", status=204, body=""))
    shipment = stage.shop.ship(created["entity_id"], tracks=[("ups", "UPS", "1Z1")])
    stage.sync("confirm", "sync")
    assert (confirmations(stage, number), stage.packages(number)) == ([(str(shipment), "sent")], [])
    stage.wait(timedelta(hours=23))
    stage.sync("confirm")
    assert stage.packages(number) == []
    stage.wait(timedelta(hours=1))
    stage.sync("confirm", "sync")
    assert confirmations(stage, number) == [(str(shipment), "done")]
    assert "sent again" in " ".join(event.message for event in stage.events(number))


def test_what_is_never_shown_is_sent_ever_more_rarely(stage: Stage):
    _number, created = imported(stage)
    stage.world.faults.add(Fault(CONFIRM, "answer", status=204, body="", times=None))
    stage.shop.ship(created["entity_id"], tracks=[("ups", "UPS", "1Z1")])
    told = []
    for _ in range(12):
        before = stage.world.faults.played["answer"]
        stage.sync("confirm")
        told.append(stage.world.faults.played["answer"] - before)
        stage.wait(timedelta(days=1))
    assert told == [1, 1, 0, 1, 0, 0, 1, 0, 0, 0, 1, 0]


def confirmed_by_hand(stage: Stage, number: str, tracking: str, *, reference: str = "9", quantity: int = 2) -> None:
    """The merchant confirms a parcel in Seller Central, which counts packages in its own way."""
    order = stage.amazon.orders[number]
    items = [{"orderItemId": item["orderItemId"], "quantity": quantity} for item in order["orderItems"]]
    detail = {"packageReferenceId": reference, "carrierCode": "UPS", "trackingNumber": tracking,
              "shipDate": "2026-11-02T10:00:00Z", "orderItems": items}  # fmt: skip
    marketplace = order["salesChannel"]["marketplaceId"]
    stage.amazon.confirm_shipment(number, {"marketplaceId": marketplace, "packageDetail": detail})


def test_a_parcel_that_the_merchant_has_confirmed_by_hand_is_shown_by_its_tracking_number(stage: Stage):
    number, created = imported(stage)
    shipment = stage.shop.ship(created["entity_id"], tracks=[("ups", "UPS", "1z 999")])
    confirmed_by_hand(stage, number, "1Z-999")
    stage.sync("confirm", "sync")
    assert confirmations(stage, number) == [(str(shipment), "done")]


def test_a_refused_confirmation_is_over_once_amazon_shows_the_parcel(stage: Stage):
    number, created = imported(stage)
    body = '{"errors":[{"code":"InvalidInput","message":"Not now."}]}'
    stage.world.faults.add(Fault(CONFIRM, "answer", status=400, body=body, content_type="application/json"))
    shipment = stage.shop.ship(created["entity_id"], tracks=[("ups", "UPS", "1Z1")])
    stage.sync("confirm", "sync")
    assert confirmations(stage, number) == [(str(shipment), "refused")]
    confirmed_by_hand(stage, number, "1Z1")
    stage.sync("sync")
    assert confirmations(stage, number) == [(str(shipment), "done")]


def test_a_parcel_of_our_own_shows_no_other_one_that_travels_under_the_same_tracking_number(stage: Stage):
    number, created = imported(stage, line("BLUE-MUG", 3))
    (item,) = items_of(created)
    for _ in range(2):
        stage.shop.ship(created["entity_id"], items={item: 1}, tracks=[("ups", "UPS", "SAME")])
        stage.sync("confirm", "sync")
        stage.world.faults.add(Fault(CONFIRM, "answer", status=204, body=""))  # the second one is lost at Amazon
    assert [state for _, state in confirmations(stage, number)] == ["done", "sent"]


def test_a_parcel_confirmed_by_hand_that_holds_fewer_units_shows_nothing(stage: Stage):
    number, created = imported(stage, line("BLUE-MUG", 3))
    stage.world.faults.add(Fault(CONFIRM, "answer", status=204, body=""))
    stage.shop.ship(created["entity_id"], tracks=[("ups", "UPS", "1Z1")])
    stage.sync("confirm")
    confirmed_by_hand(stage, number, "1Z1", reference="9", quantity=2)
    stage.sync("sync")
    assert [state for _, state in confirmations(stage, number)] == ["sent"]


def take_away_the_second_track(stage: Stage, shipment: int) -> None:
    del stage.shop.shipments[shipment]["tracks"][1]
    stage.shop.shipments[shipment]["updated_at"] = stage.shop.timestamp()


def test_a_track_that_is_taken_away_before_amazon_knew_it_ships_nothing_twice(stage: Stage):
    number, created = imported(stage, line("BLUE-MUG", 3))
    shipment = stage.shop.ship(created["entity_id"], tracks=[("ups", "UPS", "1Z1"), ("ups", "UPS", "WRONG")])
    stage.world.faults.add(Fault(CONFIRM, "answer", times=2))
    stage.sync("confirm")
    assert confirmations(stage, number) == [(str(shipment), "pending"), (f"{shipment}001", "pending")]
    take_away_the_second_track(stage, shipment)
    stage.sync("confirm", "sync")
    assert confirmations(stage, number) == [(str(shipment), "done")]
    assert [(p["trackingNumber"], p["packageItems"][0]["quantity"]) for p in stage.packages(number)] == [("1Z1", 3)]


def test_a_track_that_is_taken_away_after_amazon_knew_it_is_told_to_the_merchant(stage: Stage):
    number, created = imported(stage, line("BLUE-MUG", 3))
    shipment = stage.shop.ship(created["entity_id"], tracks=[("ups", "UPS", "1Z1"), ("ups", "UPS", "WRONG")])
    stage.sync("confirm")
    take_away_the_second_track(stage, shipment)
    stage.sync("confirm")
    assert (f"{shipment}001", "sent") in confirmations(stage, number)
    assert "WRONG was removed in Commerce" in " ".join(event.message for event in stage.events(number))


def test_more_tracks_than_units_are_told_to_the_merchant_for_amazon_cannot_be_told(stage: Stage):
    number, created = imported(stage, line("BLUE-MUG", 1))
    stage.shop.ship(created["entity_id"], tracks=[("ups", "UPS", "1Z1"), ("ups", "UPS", "1Z2")])
    stage.sync("confirm", "sync")
    assert [p["trackingNumber"] for p in stage.packages(number)] == ["1Z1"]
    told = " ".join(event.message for event in stage.events(number))
    assert "Amazon takes one tracking number for each unit: 1Z2 cannot be told." in told


def test_a_ship_plus_order_is_confirmed_by_its_label_and_not_by_us(stage: Stage):
    number, created = imported(stage, programs=["FBM_SHIP_PLUS"])
    stage.shop.ship(created["entity_id"], tracks=[("ups", "UPS", "1Z1")])
    stage.sync("confirm")
    assert confirmations(stage, number) == []
    assert stage.world.requests["amazon confirmShipment"] == 0
    assert stage.order(number).order_note == "Shipped in Commerce: 1Z1. Amazon confirms FBM Ship+ by its own label."
