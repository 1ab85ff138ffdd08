"""The named situations that a world can begin with."""

from __future__ import annotations

import pytest

from bridge.sandbox.cast import GOODS
from bridge.sandbox.scenarios import SCENARIOS
from bridge.sandbox.world import World


@pytest.mark.parametrize("name", SCENARIOS)
def test_every_scenario_can_be_loaded_and_begins_without_orders(name):
    world = World()
    SCENARIOS[name](world)
    assert (world.marketplace.orders, world.shop.orders) == ({}, {})


def test_the_demo_shop_lacks_one_product_has_one_disabled_and_one_sold_out():
    world = World()
    SCENARIOS["demo"](world)
    products = {good.sku: world.shop.catalog.get(good.sku) for good in GOODS}
    assert [sku for sku, product in products.items() if product is None] == ["HAMMOCK-ULTRA"]
    assert [sku for sku, product in products.items() if product and product.status != 1] == ["POLE-TREK-PAIR"]
    assert world.shop.salable_quantity("FILTER-WATER-S") == 0
    assert world.shop.salable_quantity("TENT-2P-GRN") == 40
    assert world.haste > 1


def test_the_reference_shop_is_stocked_and_the_empty_one_is_not():
    stocked, empty = World(), World()
    SCENARIOS["reference-shop"](stocked.shop.world)
    SCENARIOS["empty"](empty)
    assert len(stocked.shop.catalog.products) > 10
    assert empty.shop.catalog.products == {}
