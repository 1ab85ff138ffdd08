"""Which carrier Amazon is told."""

from __future__ import annotations

import pytest

from bridge.errors import InvalidInput
from bridge.sync.carriers import (
    Mapped,
    Unmapped,
    amazon_carrier,
    carrier_map,
    replace_carrier_map,
    suggestion,
    unmapped_carriers,
)
from tests.stage import Stage


@pytest.mark.parametrize(
    ("code", "title", "told"),
    [
        ("ups", "United Parcel Service", ("UPS", None)),
        ("custom", "Royal Mail", ("Royal Mail", None)),
        ("custom", "deutsche-post", ("Deutsche Post", None)),
        ("custom", "Bob's Vans", ("Other", "Bob's Vans")),
        ("custom", "", ("Other", "custom")),
        ("", "", ("Other", "Other")),
    ],
)
def test_without_a_map_the_code_or_the_title_decides(code, title, told):
    assert amazon_carrier(code, title) == told


def test_the_map_comes_first():
    mapped = {"bob s vans": Mapped("bob s vans", "Yodel"), "ups": Mapped("ups", "UPSMI")}
    assert amazon_carrier("custom", "BOB'S  Vans", mapped) == ("Yodel", None)
    assert amazon_carrier("ups", "UPS Ground", mapped) == ("UPSMI", None)


@pytest.mark.parametrize(
    ("title", "code"),
    [("Fed Exx", "FedEx"), ("Royl Mail", "Royal Mail"), ("DHL Express", "DHL"), ("Bob's Vans", None), ("", None)],
)
def test_near_misses_are_suggested(title, code):
    assert suggestion(title) == code


def test_a_mapped_carrier_is_what_amazon_is_told(stage: Stage):
    with stage.bridge.db.session() as session:
        replace_carrier_map(
            session, stage.store_id, [Mapped("Bob's Vans", "Yodel"), Mapped("kiosk", "Other", "Kiosk 24")]
        )
    number = stage.paid_order()
    stage.sync()
    item = stage.commerce_order(number)["items"][0]["item_id"]
    order_id = stage.commerce_order(number)["entity_id"]
    stage.shop.ship(order_id, items={item: 1}, tracks=[("custom", "Bob's Vans", "B1")])
    stage.shop.ship(order_id, items={item: 1}, tracks=[("kiosk", "The kiosk", "K1")])
    stage.sync("confirm")
    assert {p["trackingNumber"]: p["carrier"] for p in stage.packages(number)} == {"B1": "Yodel", "K1": "Kiosk 24"}


def test_what_was_sent_as_other_is_listed_with_a_suggestion(stage: Stage):
    number = stage.paid_order()
    stage.sync()
    tracks = [("custom", "Royl Mail", "R1"), ("ups", "UPS", "U1")]
    stage.shop.ship(stage.commerce_order(number)["entity_id"], tracks=tracks)
    stage.sync("confirm")
    with stage.bridge.db.session() as session:
        assert unmapped_carriers(session, stage.store_id) == [Unmapped("custom", "Royl Mail", "Royal Mail")]
        replace_carrier_map(session, stage.store_id, [Mapped("Royl Mail", "Royal Mail")])
        assert unmapped_carriers(session, stage.store_id) == []


@pytest.mark.parametrize(
    ("wanted", "field"),
    [
        ([Mapped("  ", "UPS")], "items.0.commerce_carrier"),
        ([Mapped("Vans", "UPS"), Mapped("vans", "DHL")], "items.1.commerce_carrier"),
        ([Mapped("Vans", "Other")], "items.0.carrier_name"),
    ],
)
def test_a_map_that_says_nothing_clear_is_refused_whole(stage: Stage, wanted, field):
    with stage.bridge.db.session() as session:
        replace_carrier_map(session, stage.store_id, [Mapped("kept", "UPS")])
    with pytest.raises(InvalidInput) as wrong, stage.bridge.db.session() as session:
        replace_carrier_map(session, stage.store_id, wanted)
    assert list(wrong.value.fields) == [field]
    with stage.bridge.db.reading() as session:
        assert carrier_map(session, stage.store_id) == [Mapped("kept", "UPS")]
