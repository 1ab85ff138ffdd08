"""Stock strategy cart_restate: a cart reserves, and the order that it becomes has Amazon's figures."""

from __future__ import annotations

from decimal import Decimal

import pytest

from bridge.domain.states import ImportState
from bridge.sandbox.world import Fault
from tests.stage import Stage, line

PLACE = r"PUT /commerce/rest/default/V1/guest-carts/\w+/order$"
SAVE = r"POST /commerce/rest/all/V1/orders$"
STEPS = [
    r"POST /commerce/rest/default/V1/guest-carts$",
    r"POST .*/items$",
    r"POST .*/shipping-information$",
    PLACE,
    r"GET /commerce/rest/all/V1/orders/\d+$",
    SAVE,
    r"PUT /commerce/rest/all/V1/orders/\d+$",
]


@pytest.fixture
def cart(stage: Stage) -> Stage:
    stage.set(stock_strategy="cart_restate")
    return stage


def stock(stage: Stage, sku: str = "BLUE-MUG") -> tuple[float, float]:
    """What lies in the source, and what is left to sell."""
    return stage.shop.source_quantity(sku), stage.shop.salable_quantity(sku)


def test_the_order_has_amazons_figures_and_its_goods_are_reserved_at_once(cart: Stage):
    number = cart.paid_order(
        line(gift_wrap=Decimal("3.50"), gift_wrap_tax=Decimal("0.29"), item_discount=Decimal("5.00"))
    )
    cart.sync("sync", "import")
    created = cart.commerce_order(number)
    assert (created["state"], created["status"], created["increment_id"]) == ("processing", "processing", "000000001")
    for base in ("", "base_"):
        assert created[f"{base}grand_total"] == 47.47
        assert created[f"{base}subtotal"] == 43.48
        assert created[f"{base}tax_amount"] == 4
        assert created[f"{base}discount_amount"] == -5
        assert created[f"{base}shipping_amount"] == 4.99
    shown = [(item["sku"], item["qty_ordered"], item["row_total"], item["base_row_total"]) for item in created["items"]]
    assert shown == [("BLUE-MUG", 2, 39.98, 39.98), ("AMAZON-GIFT-WRAP", 1, 3.5, 3.5)]
    assert stock(cart) == (100, 98)
    order = cart.order(number)
    assert order.import_state is ImportState.IMPORTED
    assert order.commerce_quote_id == created["quote_id"]
    assert order.lines[0].commerce_item_id == created["items"][0]["item_id"]
    assert "paid on Amazon" in created["status_histories"][-1]["comment"]

    cart.shop.ship(created["entity_id"], items={created["items"][0]["item_id"]: 2}, tracks=[("ups", "UPS", "1Z1")])
    cart.sync()
    assert cart.order(number).status == "Completed"
    assert cart.commerce_order(number)["total_paid"] == 47.47
    assert stock(cart) == (98, 98)


def test_the_buyers_address_is_the_orders_and_no_mail_reaches_the_buyer(cart: Stage):
    number = cart.paid_order()
    cart.sync("sync", "import")
    created = cart.commerce_order(number)
    amazon = cart.amazon.orders[number]
    assert created["customer_email"] == amazon["buyer"]["buyerEmail"]
    assert created["shipping_address"]["email"] == amazon["buyer"]["buyerEmail"]
    assert created["shipping_address"]["city"] == amazon["recipient"]["deliveryAddress"]["city"]
    assert [mail[1] for mail in cart.shop.mails] == [f"{number}@marketplace.example.com"]


def test_a_region_that_commerce_does_not_know_is_not_replaced_by_one_that_it_knows(cart: Stage):
    number = cart.paid_order()
    cart.amazon.orders[number]["recipient"]["deliveryAddress"]["stateOrRegion"] = "Atlantis"
    cart.sync("sync", "import")
    address = cart.commerce_order(number)["shipping_address"]
    assert address["region"] == "Atlantis"
    assert not address.get("region_id")


def test_two_lines_of_one_sku_are_one_in_the_cart_and_two_in_the_order(cart: Stage):
    number = cart.paid_order(line(quantity=2), line(quantity=1, price="17.50"))
    cart.sync("sync", "import")
    created, order = cart.commerce_order(number), cart.order(number)
    assert [(i["sku"], i["qty_ordered"], i["row_total"]) for i in created["items"]] == [
        ("BLUE-MUG", 2, 39.98),
        ("BLUE-MUG", 1, 17.5),
    ]
    assert [row.commerce_item_id for row in order.lines] == [item["item_id"] for item in created["items"]]
    assert stock(cart) == (100, 97)
    cart.shop.ship(created["entity_id"], tracks=[("ups", "UPS", "1Z1")])
    assert stock(cart) == (97, 97)


def test_what_amazon_ships_goes_into_no_cart(cart: Stage):
    number = cart.paid_order(fulfilled_by="AMAZON")
    cart.amazon.ship_fba(number)
    cart.sync("sync", "import")
    assert cart.commerce_order(number)["state"] == "complete"
    assert stock(cart) == (100, 100)
    assert cart.world.requests["commerce POST /V1/guest-carts"] == 0


def test_a_cancellation_gives_the_goods_back_once(cart: Stage):
    number = cart.paid_order()
    cart.sync("sync", "import")
    assert stock(cart) == (100, 98)
    cart.amazon.cancel(number)
    cart.sync("sync", "complete", "complete")
    assert cart.commerce_order(number)["state"] == "canceled"
    assert cart.order(number).import_state is ImportState.CANCELED
    assert stock(cart) == (100, 100)


@pytest.mark.parametrize(
    ("happens", "code", "message"),
    [
        ("disabled", "product_disabled", "The product BLUE-MUG is disabled in Commerce."),
        ("sold", "out_of_stock", "Commerce does not have 2 of BLUE-MUG to sell."),
        ("gone", "product_not_found", "No product with the SKU BLUE-MUG in Commerce."),
    ],
)
def test_what_the_shop_refuses_to_sell_is_the_blocker_that_it_is(cart: Stage, happens: str, code: str, message: str):
    """It was on sale when the shop was asked, and was not any more when it was put into the cart."""
    number = cart.paid_order()
    cart.sync("sync")

    def change(_seconds: float) -> None:
        {
            "disabled": lambda: cart.shop.set_product_status("BLUE-MUG", False),
            "sold": lambda: cart.shop.set_stock("BLUE-MUG", 1),
            "gone": lambda: cart.shop.remove_product("BLUE-MUG"),
        }[happens]()

    cart.world.sleep = change
    cart.world.faults.add(Fault(r"POST /commerce/rest/default/V1/guest-carts$", "delay", seconds=1))
    cart.sync("import")
    order = cart.order(number)
    assert [(b.code, b.message) for b in order.blockers] == [(code, message)]
    assert (order.status, order.import_state) == ("Error", ImportState.BLOCKED)
    assert cart.shop.orders == {}


def test_a_shop_without_a_way_to_pay_says_so_in_its_own_words(cart: Stage):
    number = cart.paid_order()
    refusal = '{"message":"The requested Payment Method is not available."}'
    cart.world.faults.add(Fault(PLACE, "answer", status=400, body=refusal, content_type="application/json"))
    cart.sync("sync", "import")
    assert [b.code for b in cart.order(number).blockers] == ["commerce_rejected"]
    assert "The requested Payment Method is not available." in cart.order(number).blockers[0].message
    cart.sync("import")
    assert len(cart.shop.orders) == 1
    assert cart.order(number).import_state is ImportState.IMPORTED


@pytest.mark.parametrize("kind", ["hang_up", "hang_up_after"])
@pytest.mark.parametrize("step", STEPS)
def test_an_unanswered_step_is_made_good_and_there_is_one_order(cart: Stage, step: str, kind: str):
    number = cart.paid_order()
    cart.world.faults.add(Fault(step, kind))
    cart.sync("sync", "import", "import", "import")
    assert len(cart.shop.orders) == 1
    created = cart.commerce_order(number)
    assert (created["state"], created["grand_total"], len(created["items"])) == ("processing", 48.68, 1)
    assert cart.order(number).import_state is ImportState.IMPORTED
    assert len(created["status_histories"]) == 1
    assert stock(cart) == (100, 98)


def test_every_save_that_goes_unanswered_leaves_each_line_once(cart: Stage):
    number = cart.paid_order(line(quantity=2), line(quantity=1, price="17.50", gift_wrap=Decimal("3.50")))
    cart.world.faults.add(Fault(SAVE, "hang_up_after", times=3))
    cart.sync("sync", *["import"] * 6)
    created = cart.commerce_order(number)
    assert [item["sku"] for item in created["items"]] == ["BLUE-MUG", "BLUE-MUG", "AMAZON-GIFT-WRAP"]
    assert cart.order(number).import_state is ImportState.IMPORTED
    assert stock(cart) == (100, 97)
