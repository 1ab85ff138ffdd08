"""Every way to write an order, for an order that has it all: a bundle, a discount, a currency of its own."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tests.stage import Stage, line


def check_identity(order: dict[str, Any]) -> None:
    """Magento's own, in both currencies."""
    for base in ("", "base_"):
        parts = ("subtotal", "discount_amount", "shipping_amount", "tax_amount")
        assert sum(Decimal(str(order[base + part])) for part in parts) == Decimal(str(order[f"{base}grand_total"]))


@pytest.mark.parametrize("pending", ["do_not_reserve", "reserve"])
@pytest.mark.parametrize("strategy", ["reservation_cli", "cart_restate"])
def test_a_bundle_in_another_currency_is_exact_whichever_way_it_is_written(stage: Stage, strategy: str, pending: str):
    stage.set(stock_strategy=strategy, pending_orders=pending)
    stage.shop.set_base_currency("EUR")
    stage.shop.set_exchange_rate("USD", 1.0837)
    stage.shop.add_product("PLATE", "Plate", qty=50, price=10)
    stage.shop.add_bundle("SET", "Set", [("PLATE", 2)], [("BLUE-MUG", 1)])
    number = stage.place(line("SET", 3, "33.33", item_discount=Decimal("5.00")))
    stage.wait()
    stage.sync()
    assert len(stage.commerce_orders(number)) == (pending == "reserve")
    stage.amazon.verify_payment(number)
    stage.sync()
    created = stage.commerce_order(number)
    assert (created["order_currency_code"], created["base_currency_code"]) == ("USD", "EUR")
    shown = Decimal(stage.amazon.orders[number]["proceeds"]["grandTotal"]["amount"])
    assert Decimal(str(created["grand_total"])) == shown
    check_identity(created)
    assert {item["sku"]: item["qty_ordered"] for item in created["items"]} == {"PLATE": 6, "BLUE-MUG": 3}
    stage.shop.ship(created["entity_id"], tracks=[("ups", "UPS", "1Z")])
    stage.sync()
    stage.sync()
    assert stage.order(number).status == "Completed"
    assert Decimal(str(stage.commerce_order(number)["total_paid"])) == shown
