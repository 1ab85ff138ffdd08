"""Bundles and configurable products: written as what is shipped, at Amazon's price, and confirmed in Amazon's units."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

import pytest

from bridge.domain.states import ImportState
from bridge.models import ProductMatch
from bridge.sandbox.world import Fault
from tests.stage import Stage, line


@pytest.fixture
def stage(stage: Stage) -> Stage:
    """A shop that sells a set of two plates at 10.00 and one mug at 19.99."""
    stage.shop.add_product("PLATE", "Plate", qty=50, price=10)
    stage.shop.add_bundle("SET", "Breakfast set", [("PLATE", 2)], [("BLUE-MUG", 1)])
    return stage


def match(stage: Stage, commerce_sku: str, quantity: int, **named: str) -> None:
    with stage.bridge.db.session() as session:
        more = {"commerce_sku": commerce_sku, "quantity": quantity, "created_at": stage.world.now()}
        session.add(ProductMatch(store_id=stage.store_id, **more, **named))


def imported(stage: Stage, *lines, **more) -> str:
    number = stage.paid_order(*lines, **more)
    stage.sync("sync", "import")
    return number


def blockers(stage: Stage, number: str) -> list[tuple[str, str]]:
    return [(blocker.code, blocker.message) for blocker in stage.order(number).blockers]


def goods(stage: Stage, number: str) -> dict[str, dict]:
    return {item["sku"]: item for item in stage.commerce_order(number)["items"]}


def total(items: Iterable[dict], name: str) -> Decimal:
    return sum((Decimal(str(item[name])) for item in items), Decimal(0))


def test_a_bundle_is_written_as_its_parts_whose_prices_add_up(stage: Stage):
    number = imported(stage, line("SET", 3, "33.33", item_discount=Decimal("5.00")))
    items = goods(stage, number)
    assert {sku: item["qty_ordered"] for sku, item in items.items()} == {"PLATE": 6, "BLUE-MUG": 3}
    assert {item["product_type"] for item in items.values()} == {"simple"}
    assert [item["name"] for item in items.values()] == ["Plate", "Blue-Mug"]
    assert total(items.values(), "row_total") == Decimal("99.99")
    assert (items["PLATE"]["row_total"], items["BLUE-MUG"]["row_total"]) == (50.01, 49.98)  # 20.00 to 19.99
    assert total(items.values(), "discount_amount") == 5
    assert total(items.values(), "tax_amount") == Decimal("8.25")
    shown = Decimal(stage.amazon.orders[number]["proceeds"]["grandTotal"]["amount"])
    assert Decimal(str(stage.commerce_order(number)["grand_total"])) == shown
    assert stage.order(number).lines[0].commerce_sku == "SET"


def test_a_multipack_of_a_bundle_is_so_many_of_each_part(stage: Stage):
    match(stage, "SET", 2, seller_sku="TWO-SETS")
    number = imported(stage, line("TWO-SETS", 2))
    assert {sku: item["qty_ordered"] for sku, item in goods(stage, number).items()} == {"PLATE": 8, "BLUE-MUG": 4}


def test_parts_without_a_price_share_by_their_number(stage: Stage):
    for sku in ("PLATE", "BLUE-MUG"):
        stage.shop.catalog.get(sku).price = 0
    number = imported(stage, line("SET", 1, "30.00"))
    assert {sku: item["row_total"] for sku, item in goods(stage, number).items()} == {"PLATE": 20, "BLUE-MUG": 10}


def test_a_bundle_that_leaves_a_choice_blocks_and_says_so(stage: Stage):
    stage.shop.add_bundle("CHOICE", "Any mug", [("BLUE-MUG", 1), ("RED-MUG", 1)])
    stage.shop.add_bundle("OPTIONAL", "With or without", [("BLUE-MUG", 1)], required=False)
    stage.shop.add_bundle("HALF", "Half a mug", [("BLUE-MUG", 0.5)])
    for sku in ("CHOICE", "OPTIONAL", "HALF"):
        words = f"The bundle {sku} leaves its buyer a choice, so nobody knows which parts to ship."
        assert blockers(stage, imported(stage, line(sku, 1))) == [("unsupported_product_type", words)]


def test_a_configurable_blocks_and_its_child_is_written_as_its_simple(stage: Stage):
    stage.shop.add_product("SHIRT", "Shirt", type_id="configurable")
    stage.shop.add_product("SHIRT-XL", "Shirt XL", qty=5)
    parent, child = stage.paid_order(line("SHIRT", 1)), stage.paid_order(line("SHIRT-XL", 1))
    stage.sync("sync", "import")
    assert [code for code, _ in blockers(stage, parent)] == ["unsupported_product_type"]
    assert goods(stage, child)["SHIRT-XL"]["product_type"] == "simple"


def test_what_is_wrong_with_a_part_blocks_and_names_it(stage: Stage):
    stage.shop.set_stock("BLUE-MUG", 2)
    stage.shop.catalog.get("PLATE").website_ids = [2]
    number = imported(stage, line("SET", 3))
    assert blockers(stage, number) == [
        (
            "product_not_in_website",
            "The product PLATE, a part of the bundle SET, is not assigned to the website base.",
        ),
        ("out_of_stock", "Commerce does not have 3 of BLUE-MUG to sell."),
    ]
    stage.shop.set_product_status("PLATE", enabled=False)
    stage.shop.catalog.get("PLATE").website_ids = [1]
    stage.sync("import")
    assert ("product_disabled", "The product PLATE, a part of the bundle SET, is disabled in Commerce.") in blockers(
        stage, number
    )
    stage.shop.set_product_status("PLATE", enabled=True)
    stage.shop.set_stock("BLUE-MUG", 20)
    stage.sync("import")
    assert stage.order(number).import_state is ImportState.IMPORTED


def shipped(stage: Stage, number: str, *parcels: dict[str, int]) -> list[list[tuple[str, int]]]:
    """What Amazon is told after each parcel: the tracking numbers and how many units each has."""
    items = goods(stage, number)
    told = []
    for n, parcel in enumerate(parcels):
        pieces = {items[sku]["item_id"]: float(qty) for sku, qty in parcel.items()}
        stage.shop.ship(stage.commerce_order(number)["entity_id"], pieces, [("ups", "UPS", f"1Z{n}")])
        stage.sync("confirm", "sync")
        told.append(
            [
                (package["trackingNumber"], sum(item["quantity"] for item in package["packageItems"]))
                for package in stage.packages(number)
            ]
        )
    return told


def test_a_set_is_confirmed_once_all_its_parts_are_shipped(stage: Stage):
    number = imported(stage, line("SET", 2))
    told = shipped(stage, number, {"PLATE": 3}, {"BLUE-MUG": 1}, {"PLATE": 1, "BLUE-MUG": 1})
    assert told == [[], [("1Z1", 1)], [("1Z1", 1), ("1Z2", 1)]]
    stage.sync()
    assert stage.order(number).import_state is ImportState.COMPLETED


def test_a_set_that_was_found_again_is_known_by_its_parts(stage: Stage):
    number = stage.paid_order(line("SET", 1))
    stage.world.faults.add(Fault(r"POST /commerce/rest/all/V1/orders$", "hang_up_after"))
    stage.sync("sync", "import", "import")
    assert len(stage.commerce_orders(number)) == 1
    assert shipped(stage, number, {"PLATE": 2}, {"BLUE-MUG": 1}) == [[], [("1Z1", 1)]]


def test_amazons_own_sale_of_a_set_is_settled_and_touches_no_stock(stage: Stage):
    number = stage.paid_order(line("SET", 1), fulfilled_by="AMAZON")
    stage.amazon.ship_fba(number)
    stage.sync("sync", "import")
    assert stage.commerce_order(number)["state"] == "complete"
    assert {item["qty_shipped"] for item in goods(stage, number).values()} == {1, 2}
    assert stage.shop.source_quantity("PLATE") == 50


def test_a_match_of_the_seller_sku_goes_before_one_of_the_asin_and_that_before_the_same_sku(stage: Stage):
    stage.shop.add_product("SHELF-1", "Shelf", qty=9)
    match(stage, "PLATE", 3, asin="B000000001")
    match(stage, "SHELF-1", 2, seller_sku="RED-MUG")
    both = imported(stage, line("RED-MUG", 2))  # every line of the stage has that ASIN
    asin_alone = imported(stage, line("BLUE-MUG", 2))
    assert {sku: item["qty_ordered"] for sku, item in goods(stage, both).items()} == {"SHELF-1": 4}
    assert {sku: item["qty_ordered"] for sku, item in goods(stage, asin_alone).items()} == {"PLATE": 6}


def test_one_look_up_serves_many_orders_of_one_bundle(stage: Stage):
    for _ in range(20):
        stage.paid_order(line("SET", 1))
    stage.sync("sync")
    before = stage.world.requests["commerce GET /V1/products"]
    assert stage.sync("import")["import"].result == {"created": 20}
    assert stage.world.requests["commerce GET /V1/products"] - before == 2  # the bundle, and its parts
