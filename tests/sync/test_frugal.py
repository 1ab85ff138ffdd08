"""How many requests the shop gets, counted by the sandbox."""

from __future__ import annotations

from tests.stage import Stage, line


def commerce_requests(stage: Stage) -> int:
    return sum(count for name, count in stage.world.requests.items() if name.startswith("commerce "))


def test_an_imported_order_costs_one_request_and_a_share_of_the_catalogue(stage: Stage):
    stage.shop.set_stock("BLUE-MUG", 1000)
    stage.paid_order()
    stage.sync()  # reads the store view, the countries and the stock once
    numbers = [stage.place() for _ in range(100)]
    for number in numbers:
        stage.amazon.verify_payment(number)
    stage.sync("sync")
    before = commerce_requests(stage)
    stage.sync("import")
    assert all(stage.commerce_orders(n) for n in numbers)
    assert (commerce_requests(stage) - before) / len(numbers) <= 1.05


def test_blocked_orders_cost_by_sku_not_by_order(stage: Stage):
    for index in range(500):
        stage.paid_order(line(f"LOST-{index % 100:03d}", 1))
    stage.sync("sync", "import")
    before = commerce_requests(stage)
    run = stage.sync("import")["import"]
    assert run.result == {"blocked": 500}
    assert commerce_requests(stage) - before <= 4


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
