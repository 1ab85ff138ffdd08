"""How many requests the shop gets, counted by the sandbox."""

from __future__ import annotations

import random

import pytest

from tests.stage import Stage, line


def commerce_requests(stage: Stage) -> int:
    return sum(count for name, count in stage.world.requests.items() if name.startswith("commerce "))


def settled(stage: Stage) -> None:
    """The store view, the countries and the stock are read once an hour: they have been."""
    stage.paid_order()
    stage.sync()


def imported(stage: Stage, skus: list[str]) -> float:
    """A hundred orders of these SKUs in turn: the requests that the shop got for each."""
    settled(stage)
    for sku in skus:
        stage.shop.add_product(sku, sku.title(), qty=10_000, price=19.99)
    numbers = [stage.place(line(skus[n % len(skus)])) for n in range(100)]
    for number in numbers:
        stage.amazon.verify_payment(number)
    stage.sync("sync")
    before = commerce_requests(stage)
    stage.sync("import")
    assert all(stage.commerce_orders(n) for n in numbers)
    return (commerce_requests(stage) - before) / len(numbers)


@pytest.mark.parametrize("skus", [1, 100])
def test_an_imported_order_costs_one_request_and_a_share_of_the_catalogue(stage: Stage, skus: int):
    assert imported(stage, [f"MUG-{n:03d}" for n in range(skus)]) <= 1.05


def blocked_again(stage: Stage, skus: list[str], orders: int) -> int:
    """So many orders of these SKUs, in quantities from 2 to 5, that stay blocked: the requests of the second look."""
    settled(stage)
    rng = random.Random(1)
    for _ in range(orders):
        stage.paid_order(line(rng.choice(skus), rng.randint(2, 5)))
    stage.sync("sync", "import")
    before = commerce_requests(stage)
    run = stage.sync("import")["import"]
    assert run.result == {"blocked": orders}
    return commerce_requests(stage) - before


def test_orders_of_products_that_are_not_found_cost_by_sku_not_by_order(stage: Stage):
    assert blocked_again(stage, [f"LOST-{n:03d}" for n in range(100)], 400) <= 4


def test_orders_of_what_is_sold_out_cost_by_sku_not_by_order_nor_by_quantity(stage: Stage):
    skus = [f"GONE-{n:03d}" for n in range(100)]
    for n, sku in enumerate(skus):  # none, or one that is not enough for anybody
        stage.shop.add_product(sku, sku.title(), qty=n % 2, price=19.99)
    assert blocked_again(stage, skus, 400) <= 4


def test_what_a_larger_quantity_would_be_told_is_asked(stage: Stage):
    """Three are there: an order of two is made, one of four is not, and both are asked about."""
    settled(stage)
    stage.shop.set_stock("RED-MUG", 3)
    few, many = stage.paid_order(line("RED-MUG", 2)), stage.paid_order(line("RED-MUG", 4))
    stage.sync("sync", "import")
    assert stage.commerce_orders(few)
    assert [b.code for b in stage.order(many).blockers] == ["out_of_stock"]


def test_an_idle_round_asks_the_shop_once(stage: Stage):
    stage.paid_order()
    stage.sync()
    before = commerce_requests(stage)
    stage.sync()
    assert commerce_requests(stage) - before == 1


def test_amazon_never_had_to_throttle_us(stage: Stage):
    for _ in range(30):
        stage.paid_order()
        stage.sync()
    assert sum(stage.amazon.throttled.values()) == 0
