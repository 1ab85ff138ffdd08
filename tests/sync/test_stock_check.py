"""Whether Magento's reservation command runs for our orders is told by what can still be sold."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bridge import create_app
from bridge.cli import doctor
from bridge.sandbox.world import Fault
from bridge.sync.stock_check import measure
from bridge.sync.verify import Check, verify
from tests.api.test_reservations import foreign_order
from tests.api_client import ApiClient
from tests.stage import Stage, line

LATER = timedelta(minutes=20)


def checked(stage: Stage) -> Check:
    return {check.name: check for check in verify(stage.bridge.links, stage.store_id)}["stock"]


def imported(stage: Stage, *lines, **more) -> str:
    number = stage.paid_order(*lines, **more)
    stage.sync("sync", "import")
    return number


def test_without_an_open_order_nothing_is_told(stage: Stage):
    assert "No open order tells yet" in checked(stage).message
    imported(stage)
    assert "No open order tells yet" in checked(stage).message  # the crontab has had no time
    assert checked(stage).ok


def test_a_command_that_does_not_run_is_found_and_what_to_do_is_said(stage: Stage):
    imported(stage)
    stage.wait(LATER)
    check = checked(stage)
    assert not check.ok
    assert "more can be sold than is free of BLUE-MUG" in check.message
    assert "crontab of the shop's user" in check.message

    stage.shop.run_reservation_cli()
    assert checked(stage) == Check("stock", True, "What our open orders need is reserved (SKUs measured: 1).")


def test_a_command_that_has_stopped_is_found_by_the_first_order_that_it_misses(stage: Stage):
    imported(stage)
    stage.shop.run_reservation_cli()
    imported(stage)
    stage.wait(LATER)
    assert not checked(stage).ok


@pytest.mark.parametrize("other", ["reserved", "unreserved"])
def test_what_others_order_raises_no_alarm(stage: Stage, other: str):
    imported(stage)
    foreign_order(stage, "M2E-1", "BLUE-MUG")
    stage.shop.run_reservation_cli("" if other == "reserved" else f"^{1:09d}:")
    stage.wait(LATER)
    assert stage.shop.salable_quantity("BLUE-MUG") == (91 if other == "reserved" else 98)
    assert checked(stage).ok


def test_what_was_shipped_or_canceled_in_between_raises_no_alarm(stage: Stage):
    numbers = [imported(stage, line(quantity=3)) for _ in range(3)]
    stage.shop.run_reservation_cli()
    orders = [stage.commerce_order(number) for number in numbers]
    stage.shop.ship(orders[0]["entity_id"], items={orders[0]["items"][0]["item_id"]: 1})
    stage.shop.ship(orders[1]["entity_id"])
    stage.shop.cancel(orders[2]["entity_id"])
    stage.wait(LATER)
    assert checked(stage).ok


@pytest.mark.parametrize(
    "product",
    [{"manage_stock": False}, {"backorders": True}, {"qty": 0, "backorders": True}, {"qty": 2}, {"qty": 3}],
)
def test_no_alarm_for_a_product_of_whatever_stock_whose_orders_are_reserved(stage: Stage, product):
    stage.shop.add_product("ODD-MUG", "Odd Mug", **({"qty": 100} | product))
    imported(stage, line("ODD-MUG"))
    stage.shop.run_reservation_cli()
    stage.wait(LATER)
    assert checked(stage).ok


def test_the_out_of_stock_threshold_is_not_taken_for_a_reservation(stage: Stage):
    product = stage.shop.catalog.get("BLUE-MUG")
    assert product
    product.min_qty = 5
    imported(stage)
    stage.wait(LATER)
    assert not checked(stage).ok
    stage.shop.run_reservation_cli()
    assert checked(stage).ok


def test_pieces_in_a_source_of_another_stock_raise_no_alarm(stage: Stage):
    stage.shop.add_source("wh2", "Second warehouse")
    stage.shop.set_stock("BLUE-MUG", 50, "wh2")
    imported(stage)
    stage.shop.run_reservation_cli()
    stage.wait(LATER)
    assert checked(stage).ok


def test_products_that_are_gone_or_have_a_slash_in_the_sku_are_passed_over(stage: Stage):
    stage.shop.add_product("MUG/XL", "Mug XL", qty=10)
    stage.shop.add_product("MUG:XL", "Mug XL", qty=10)
    imported(stage, line("MUG/XL"), line("MUG:XL"), line("RED-MUG"))
    stage.shop.remove_product("RED-MUG")
    stage.wait(LATER)
    check = checked(stage)
    assert check.ok
    assert "The command cannot reserve SKUs with a colon: MUG:XL." in check.message


def test_a_sale_between_two_readings_is_looked_at_again(stage: Stage, monkeypatch: pytest.MonkeyPatch):
    """Between reading the orders and the stock a parcel leaves: for a moment less lies there than should."""
    number = imported(stage, line(quantity=4))
    stage.shop.run_reservation_cli()
    stage.wait(LATER)
    link = stage.bridge.links.get(stage.store_id)
    real, calls = link.commerce.stock.in_sources, []

    def in_sources(skus):
        if not calls:
            stage.shop.ship(stage.commerce_order(number)["entity_id"])
        calls.append(skus)
        return real(skus)

    monkeypatch.setattr(link.commerce.stock, "in_sources", in_sources)
    assert measure(link).ok


@pytest.mark.parametrize(("strategy", "words"), [("none", "is not held"), ("cart_restate", "from carts")])
def test_other_strategies_need_no_command(stage: Stage, strategy: str, words: str):
    imported(stage)
    stage.set(stock_strategy=strategy)
    stage.wait(LATER)
    assert checked(stage).ok
    assert words in checked(stage).message


def test_orders_by_cart_need_no_command_whatever_is_set_now(stage: Stage):
    stage.set(stock_strategy="cart_restate")
    imported(stage)
    stage.set(stock_strategy="reservation_cli")
    stage.wait(LATER)
    assert "No open order tells yet" in checked(stage).message


def test_the_api_shows_it(stage: Stage, no_background: None):
    imported(stage)
    stage.wait(LATER)
    shown = ApiClient(create_app(runtime=stage.bridge)).post(f"/stores/{stage.store_id}/verify")
    assert shown["ok"] is False
    assert [check["name"] for check in shown["checks"] if not check["ok"]] == ["stock"]


def test_doctor_asks_the_shop_only_where_orders_wait_and_says_what_to_do(stage: Stage, monkeypatch: pytest.MonkeyPatch):
    bridge = stage.bridge
    monkeypatch.setattr(doctor, "Links", lambda *_: bridge.links)

    def found() -> list[tuple[str, str]]:
        findings = doctor._stock(bridge.config, bridge.db, bridge.vault, stage.store_id)
        return [(finding.message.split(":")[0], finding.cure) for finding in findings]

    imported(stage)
    stage.world.requests.clear()
    assert found() == []
    assert not any(name.startswith("commerce") for name in stage.world.requests)
    stage.wait(LATER)
    ((message, cure),) = found()
    assert message == "Magento's reservation command does not reserve our orders"
    assert "crontab" in cure
    stage.shop.run_reservation_cli()
    assert found() == [("What our open orders need is reserved (SKUs measured", "")]
    stage.world.faults.add(Fault("/commerce/", "hang_up", times=None))
    assert found() == [("could not be measured", f"Run `flask bridge store verify {stage.store_id}`.")]
