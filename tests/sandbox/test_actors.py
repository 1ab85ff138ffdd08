"""The people of the sandbox: what a minute in town brings, how they mend and ship, and that they calm down."""

from __future__ import annotations

import threading
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from bridge.sandbox import create_sandbox
from bridge.sandbox.actors import Pace, Town, Warehouse, waiting_for_shipment
from bridge.sandbox.cast import GOODS, PEOPLE
from bridge.sandbox.scenarios import SCENARIOS
from bridge.sandbox.world import SandboxClock, World
from tests.sandbox.commerce_shop import entity, line

MORNING = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
SKU = "TENT-2P-GRN"


def demo(seed: int = 0) -> World:
    world = World(clock=SandboxClock(MORNING), seed=seed)
    SCENARIOS["demo"](world)
    return world


def live(world: World, town: Town, seconds: int):
    """Step by half seconds; gives the statuses that each order went through."""
    seen: dict[str, list[str]] = {}
    for _ in range(seconds * 2):
        town.step()
        for order_id in world.marketplace.orders:
            history = seen.setdefault(order_id, [])
            if history[-1:] != [world.marketplace.status(order_id)]:
                history.append(world.marketplace.status(order_id))
        world.clock.advance(timedelta(seconds=0.5))
    return seen


def import_order(world: World, sku: str, quantity: int = 1, lines: int = 1) -> int:
    """An order in Commerce as an importer creates it."""
    items = [line(sku, world.shop.catalog.get(sku).id, quantity, store_id=1) for _ in range(lines)]
    answer = (
        create_sandbox(world)
        .test_client()
        .post(
            "/commerce/rest/all/V1/orders",
            json=entity(f"AMZ-{len(world.shop.orders)}", items, store_id=1),
            headers={"Authorization": f"Bearer {world.shop.bearer}"},
        )
    )
    assert answer.status_code == 200, answer.text
    return answer.json["entity_id"]


@pytest.mark.parametrize("seed", range(5))
def test_a_minute_in_town_shows_each_kind_of_thing_once(seed):
    world = demo(seed)
    seen = live(world, Town(world), 60)
    lives = Counter(map(tuple, seen.values()))
    assert lives["PENDING", "UNSHIPPED", "SHIPPED"] >= 1
    assert lives["PENDING", "CANCELLED"] >= 1
    assert lives["PENDING", "UNSHIPPED"] >= 4
    bought = [
        item["product"]["sellerSku"] for order in world.marketplace.orders.values() for item in order["orderItems"]
    ]
    for kind in ("missing", "disabled", "out_of_stock"):
        assert bought.count(next(good.sku for good in GOODS if good.shop == kind)) == 1


def test_the_first_four_orders_come_at_once_and_are_paid_after_a_few_seconds():
    world = demo()
    town = Town(world, Pace(payment_after=7))
    live(world, town, 3)
    assert Counter(map(world.marketplace.status, world.marketplace.orders)) == {"PENDING": 4}
    live(world, town, 7)
    assert Counter(map(world.marketplace.status, world.marketplace.orders))["UNSHIPPED"] == 4


def test_what_keeps_orders_out_is_mended_half_a_minute_later():
    world = demo()
    town = Town(world, Pace(mend_after=30))
    broken = [good for good in GOODS if good.shop != "ready"]

    def healthy(good):
        product = world.shop.catalog.get(good.sku)
        return product is not None and product.status == 1 and world.shop.salable_quantity(good.sku) > 0

    live(world, town, 29)
    assert [healthy(good) for good in broken] == [False, False, False]
    live(world, town, 15)
    assert [healthy(good) for good in broken] == [True, True, True]


def test_a_shelf_that_runs_low_is_filled_again():
    world = demo()
    town = Town(world, Pace(mend_after=0, most=0))
    live(world, town, 15)
    world.shop.set_stock(SKU, 2)
    live(world, town, 1)
    assert world.shop.salable_quantity(SKU) >= 60


def test_the_catalogue_manager_leaves_alone_what_the_shop_never_had():
    world = World(clock=SandboxClock(MORNING))
    Town(world, Pace(mend_after=0)).step()
    live(world, Town(world, Pace(mend_after=0)), 20)
    assert world.shop.catalog.get("TENT-2P-GRN") is None


def test_the_warehouse_ships_what_stands_in_processing_after_a_moment():
    world = demo()
    warehouse = Warehouse(Pace(ship_after=5))
    order_id = import_order(world, SKU)
    warehouse.step(world)
    assert waiting_for_shipment(world) == {order_id: {world.shop.orders[order_id]["items"][0]["item_id"]: 1.0}}
    world.clock.advance(timedelta(seconds=5))
    warehouse.step(world)
    assert waiting_for_shipment(world) == {}
    shipment = next(iter(world.shop.shipments.values()))
    assert shipment["order_id"] == order_id
    assert shipment["tracks"][0]["track_number"].startswith("SBX")


def test_an_order_of_two_lines_goes_in_one_parcel_or_in_two():
    parcels = set()
    for seed in range(8):
        world = demo(seed)
        warehouse = Warehouse(Pace(ship_after=1, second_parcel_after=1))
        import_order(world, SKU, lines=2)
        for _ in range(4):
            warehouse.step(world)
            world.clock.advance(timedelta(seconds=1))
        assert waiting_for_shipment(world) == {}
        parcels.add(len(world.shop.shipments))
    assert parcels == {1, 2}


def test_an_order_on_hold_is_not_shipped():
    world = demo()
    order_id = import_order(world, SKU)
    world.shop.orders[order_id]["state"] = "holded"
    warehouse = Warehouse(Pace(ship_after=0))
    warehouse.step(world)
    assert world.shop.shipments == {}


def test_an_empty_shelf_makes_the_warehouse_wait_and_not_fall_over():
    world = demo()
    import_order(world, SKU, quantity=2)
    world.shop.set_stock(SKU, 1)
    warehouse = Warehouse(Pace(ship_after=0, mend_after=30))
    warehouse.step(world)
    assert world.shop.shipments == {}
    world.shop.set_stock(SKU, 5)
    warehouse.step(world)
    assert world.shop.shipments == {}
    world.clock.advance(timedelta(seconds=30))
    warehouse.step(world)
    assert len(world.shop.shipments) == 1


def test_a_town_left_alone_stays_small():
    world = demo()
    town = Town(world, Pace(order_every=0.5, lively=10, calm_every=100, most=14))
    live(world, town, 30)
    assert len(world.marketplace.orders) == 10
    live(world, town, 600)
    assert len(world.marketplace.orders) == 14


def test_the_same_seed_lives_the_same_day():
    days = []
    for _ in range(2):
        world = demo(seed=11)
        live(world, Town(world), 60)
        days.append(world.marketplace.orders)
    assert days[0] == days[1]


def test_somebody_at_the_page_may_be_quicker_than_the_buyers():
    world = demo()
    town = Town(world, Pace(payment_after=5, most=1))
    town.step()
    order_id = next(iter(world.marketplace.orders))
    world.marketplace.cancel(order_id)
    live(world, town, 10)
    assert world.marketplace.status(order_id) == "CANCELLED"


def test_a_buyers_amounts_are_whole_cents():
    world = demo()
    live(world, Town(world), 60)
    for order in world.marketplace.orders.values():
        for item in order["orderItems"]:
            for part in item.get("proceeds", {}).get("breakdowns", []):
                assert len(part["subtotal"]["amount"].split(".")[1]) == 2
    assert len({person.name for person in PEOPLE}) == len(PEOPLE)


def test_a_town_lives_in_a_thread_until_it_is_stopped():
    world = World()
    SCENARIOS["demo"](world)
    placed = threading.Event()
    original = world.marketplace.place

    def place(*args, **options):
        placed.set()
        return original(*args, **options)

    world.marketplace.place = place
    town = Town(world)
    town.start(tick=0.001)
    assert placed.wait(10)
    town.stop()
    count = len(world.marketplace.orders)
    assert count >= 1
    assert not town.alive


def test_the_shops_crontab_reserves_what_was_ordered():
    world = demo()
    town = Town(world, Pace(order_every=1000, ship_after=1000, reserve_every=20))
    town.step()
    before = world.shop.salable_quantity(SKU)
    import_order(world, SKU, quantity=2)
    world.clock.advance(timedelta(seconds=19))
    town.step()
    assert world.shop.salable_quantity(SKU) == before
    world.clock.advance(timedelta(seconds=1))
    town.step()
    assert world.shop.salable_quantity(SKU) == before - 2
