"""What the order settings change about the Commerce order."""

from __future__ import annotations

import pytest

from bridge.errors import NotFound
from bridge.models import Order
from bridge.sync.push import preview
from tests.stage import Stage, line


def test_commerce_numbers_the_order_by_default_and_keeps_amazons_number(stage: Stage):
    number = stage.paid_order()
    stage.sync()
    created = stage.commerce_order(number)
    assert created["increment_id"] == "000000001"
    assert created["ext_order_id"] == number
    assert created["customer_is_guest"] == 1


def test_amazons_number_with_a_prefix(stage: Stage):
    stage.set(order_number_source="amazon", order_number_prefix="AMZ-")
    number = stage.paid_order()
    stage.sync()
    assert stage.commerce_order(number)["increment_id"] == f"AMZ-{number}"
    assert stage.order(number).commerce_order_number == f"AMZ-{number}"


def test_a_status_of_ones_own_under_processing(stage: Stage):
    stage.set(order_status="custom", processing_status="amazon_new")
    number = stage.paid_order()
    stage.sync()
    created = stage.commerce_order(number)
    assert (created["state"], created["status"]) == ("processing", "amazon_new")
    assert stage.order(number).commerce_status == "amazon_new"


def test_the_store_view_that_was_chosen(stage: Stage):
    view = stage.shop.add_store_view("amazon_us", "Amazon US")
    stage.set(commerce_store_view="amazon_us")
    number = stage.paid_order()
    stage.sync()
    assert stage.commerce_order(number)["store_id"] == view.id


def test_a_store_view_that_is_not_there_fails_the_import_and_says_so(stage: Stage):
    stage.set(commerce_store_view="gone")
    number = stage.paid_order()
    stage.sync("sync")
    run = stage.job("import")
    assert run.state == "failed"
    assert "no active store view 'gone'" in run.error
    stage.set(commerce_store_view=None)
    stage.sync("import")
    assert len(stage.commerce_orders(number)) == 1


def test_a_new_account_is_made_once_per_buyer(stage: Stage):
    stage.set(customer_creation="new_account")
    first, second = stage.paid_order(), stage.paid_order()
    for number in (first, second):
        stage.amazon.orders[number]["buyer"]["buyerEmail"] = "alice@marketplace.amazon.com"
    stage.sync()
    orders = [stage.commerce_order(number) for number in (first, second)]
    assert [order["customer_is_guest"] for order in orders] == [0, 0]
    assert orders[0]["customer_id"] == orders[1]["customer_id"]
    assert stage.world.requests["commerce POST /V1/customers"] == 1


def test_a_buyer_without_an_e_mail_stays_a_guest(stage: Stage):
    stage.set(customer_creation="new_account")
    number = stage.paid_order()
    stage.amazon.orders[number]["buyer"].pop("buyerEmail")
    stage.sync()
    assert stage.commerce_order(number)["customer_is_guest"] == 1


def test_invoiced_at_import_the_last_parcel_completes_it(stage: Stage):
    stage.set(invoice="at_import")
    number = stage.paid_order()
    stage.sync()
    created = stage.commerce_order(number)
    assert (created["state"], created["total_paid"]) == ("processing", 48.68)
    stage.shop.ship(created["entity_id"], tracks=[("ups", "UPS", "1Z1")])
    assert stage.commerce_order(number)["state"] == "complete"
    stage.sync()
    assert stage.order(number).status == "Completed"
    assert stage.world.requests["commerce POST /V1/order/{id}/invoice"] <= 1


def test_gift_wrap_and_discounts_are_their_own_figures(stage: Stage):
    from decimal import Decimal

    number = stage.paid_order(
        line(gift_wrap=Decimal("3.50"), gift_wrap_tax=Decimal("0.29"), item_discount=Decimal("5.00"),
             shipping_discount=Decimal("1.00"))
    )  # fmt: skip
    stage.sync()
    created = stage.commerce_order(number)
    assert created["grand_total"] == 46.47
    assert [(i["sku"], i["row_total"], i["discount_amount"]) for i in created["items"]] == [
        ("BLUE-MUG", 39.98, 5.0),
        ("AMAZON-GIFT-WRAP", 3.5, 0),
    ]
    assert (created["discount_amount"], created["shipping_discount_amount"]) == (-6.0, 1.0)
    item = created["items"][0]["item_id"]
    stage.shop.ship(created["entity_id"], items={item: 2}, tracks=[("ups", "UPS", "1Z1")])
    stage.sync()
    assert stage.order(number).status == "Completed"
    assert stage.commerce_order(number)["total_paid"] == 46.47


def test_a_preview_shows_the_order_and_its_blockers_and_writes_nothing(stage: Stage):
    good, bad = stage.paid_order(), stage.paid_order(line("LOST-MUG"))
    stage.sync("sync")
    link = stage.bridge.links.get(stage.store_id)
    shown = preview(link, stage.order(good).id)
    assert shown.blockers == []
    assert shown.draft.grand_total == 4868
    assert float(shown.body["entity"]["grand_total"]) == 48.68
    shown = preview(link, stage.order(bad).id)
    assert [b.code for b in shown.blockers] == ["product_not_found"]
    assert (shown.draft, shown.body) == (None, None)
    assert stage.commerce_orders(good) == []
    assert stage.world.requests["commerce POST /V1/orders"] == 0


def test_a_preview_of_another_stores_order_is_not_found(stage: Stage):
    number = stage.paid_order()
    stage.sync("sync")
    other = stage.add_store("Mugs CA", "A2EUQ1WTGCTBG2")
    with pytest.raises(NotFound):
        preview(stage.bridge.links.get(other), stage.order(number).id)


def test_figures_that_do_not_add_up_hold_the_order_and_are_shown(stage: Stage):
    number = stage.paid_order()
    stage.amazon.orders[number]["proceeds"]["grandTotal"]["amount"] = "50.00"
    stage.sync()
    order = stage.order(number)
    assert (order.status, order.blockers[0].code) == ("Error", "amounts_do_not_add_up")
    assert "48.68" in order.blockers[0].message
    assert "50.00" in order.blockers[0].message
    stage.amazon.orders[number]["proceeds"]["grandTotal"]["amount"] = "48.68"
    stage.amazon._touch(number)
    stage.sync()
    assert stage.commerce_order(number)["grand_total"] == 48.68


def test_an_order_in_another_currency_is_held(stage: Stage):
    canada = stage.add_store("Mugs CA", "A2EUQ1WTGCTBG2")
    number = stage.place(marketplace_id="A2EUQ1WTGCTBG2")
    stage.amazon.verify_payment(number)
    stage.wait()
    stage.job("sync", canada)
    stage.job("import", canada)
    with stage.bridge.db.reading() as session:
        order = session.get_one(Order, stage.order(number).id)
        assert [b.code for b in order.blockers] == ["currency_not_available"]


@pytest.mark.parametrize(("release", "rows"), [("2.4.6", 0), ("2.4.7", 1)])
def test_a_shop_gets_tax_rows_when_it_knows_them_and_the_order_either_way(stage: Stage, release: str, rows: int):
    stage.shop.release = release
    number = stage.paid_order()
    stage.sync("sync", "import")
    created = stage.commerce_order(number)
    assert len(created["taxes"]["taxes"]) == rows
    assert (created["tax_amount"], created["grand_total"]) == (3.71, 48.68)


def test_a_shop_without_inventory_modules_gets_its_orders_and_blocks_what_it_has_not(stage: Stage):
    stage.shop.inventory_modules = False
    stage.set(stock_strategy="none")
    good, lacking = stage.paid_order(), stage.paid_order(line("RED-MUG", 101))
    stage.sync()
    assert stage.commerce_order(good)["state"] == "processing"
    assert [blocker.code for blocker in stage.order(lacking).blockers] == ["out_of_stock"]
    assert stage.commerce_orders(lacking) == []
