"""Commerce orders that other systems lost, doubled, changed or made wrongly."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from bridge.domain.states import ImportState
from bridge.models import Order
from bridge.sandbox.world import Fault
from bridge.sync.cancel import request_cancel
from tests.api_client import ApiClient
from tests.stage import Stage, line

CREATE = r"POST /commerce/rest/all/V1/orders$"


def imported(stage: Stage, *lines: Any, **more: Any) -> tuple[str, dict[str, Any]]:
    """An order that is in Commerce, and the Commerce order."""
    number = stage.paid_order(*lines, **more)
    stage.sync("sync", "import")
    return number, stage.commerce_order(number)


def ask_commerce(stage: Stage, path: str, body: dict[str, Any]) -> Any:
    """What a colleague's program does in the shop."""
    answer = stage.app.test_client().post(
        f"/commerce/rest/all/V1/{path}", json=body, headers={"Authorization": "Bearer sandbox-commerce-token"}
    )
    assert answer.status_code == 200, answer.get_data(as_text=True)
    return answer.get_json()


def test_regression_6_a_failing_order_stops_no_later_one_and_is_seen_and_retried(stage: Stage):
    numbers = [stage.paid_order() for _ in range(3)]
    stage.world.faults.add(
        Fault(CREATE, "answer", status=400, body='{"message":"No."}', content_type="application/json")
    )
    stage.sync("sync", "import")
    made = [number for number in numbers if stage.commerce_orders(number)]
    (failed,) = set(numbers) - set(made)
    order = stage.order(failed)
    assert (order.status, [b.code for b in order.blockers]) == ("Error", ["commerce_rejected"])
    stage.sync("import")
    assert [len(stage.commerce_orders(number)) for number in numbers] == [1, 1, 1]


def test_regression_7_amazons_tax_is_on_the_line_and_on_the_order(stage: Stage):
    _number, created = imported(stage)
    assert created["items"][0]["tax_amount"] == created["items"][0]["base_tax_amount"] == 3.30
    assert (created["shipping_tax_amount"], created["tax_amount"], created["base_tax_amount"]) == (0.41, 3.71, 3.71)


def test_regression_9_the_shipping_method_is_one_that_every_shop_has_whatever_amazon_calls_the_service(stage: Stage):
    for service in ("STANDARD", "Std Frutta fresca / dom+2 <x>", "module_that_is_gone"):
        number, created = imported(stage, service_level=service)
        assert created["shipping_method"] == "flatrate_flatrate"
        assert created["shipping_description"].startswith(f"Amazon {number} - ")


def test_regression_11_and_54_catalogue_prices_cart_rules_and_cart_limits_have_no_say(stage: Stage):
    stage.shop.add_product("GOLD-MUG", "Gold mug", manage_stock=False, price=999.0)
    _number, created = imported(stage, line("GOLD-MUG", 20_000, "0.01"))  # beyond any cart's max_sale_qty
    item = created["items"][0]
    assert (item["price"], item["original_price"], item["row_total"]) == (0.01, 0.01, 200.0)
    assert (item["no_discount"], item["discount_amount"], created["discount_amount"]) == (1, 0, 0)
    asked = [name for name, count in stage.world.requests.items() if count and "cart" in name.lower()]
    assert asked == []


def test_regression_54_an_order_of_a_cent_needs_no_minimum_amount(stage: Stage):
    nothing = {"item_tax": Decimal(0), "shipping": Decimal(0), "shipping_tax": Decimal(0)}
    _number, created = imported(stage, line("BLUE-MUG", 1, "0.01", **nothing))
    assert created["grand_total"] == 0.01


def test_regression_14_details_are_there_although_the_import_is_off(stage: Stage, stage_api: ApiClient):
    stage.set(import_orders="disabled")
    number = stage.paid_order()
    stage.sync("sync", "import")
    detail = stage_api.get(f"/orders/{stage.order(number).id}")
    assert detail["import_state"] == "view_only"
    assert detail["grand_total"] == {"amount": "48.68", "currency": "USD"}
    assert [row["sku"] for row in detail["lines"]] == ["BLUE-MUG"]
    assert detail["shipping_address"]["city"] == "Seattle"
    assert stage.commerce_orders(number) == []


@pytest.mark.parametrize("sku", ["LOST-MUG", None])
def test_regression_16_and_48_a_line_without_a_product_is_a_blocker_and_no_exception(stage: Stage, sku: str | None):
    number = stage.paid_order(line(sku))
    stage.amazon.orders[number]["orderItems"][0]["product"].pop("asin")
    runs = stage.sync("sync", "import")
    assert runs["import"].result == {"blocked": 1}
    order = stage.order(number)
    assert (order.status, [b.code for b in order.blockers]) == ("Error", ["product_not_found"])


def test_regression_17_what_an_import_sold_is_not_salable_at_the_next_one(stage: Stage):
    stage.shop.set_stock("RED-MUG", 1)
    _first, _created = imported(stage, line("RED-MUG", 1))
    stage.shop.run_reservation_cli()  # the crontab line of the shop
    late = stage.paid_order(line("RED-MUG", 1))
    stage.sync("sync", "import")
    assert [b.code for b in stage.order(late).blockers] == ["out_of_stock"]


def test_regression_21_an_order_that_was_saved_before_an_observer_threw_is_not_made_again(stage: Stage):
    number = stage.paid_order()
    stage.world.faults.add(Fault(CREATE, "answer_after", status=500, body='{"message":"Internal Error."}'))
    for _ in range(3):
        stage.sync("sync", "import")
    assert len(stage.commerce_orders(number)) == 1
    assert stage.order(number).import_state is ImportState.IMPORTED


@pytest.mark.parametrize("channel", ["MERCHANT", "AMAZON"])
def test_regression_22_order_and_lines_stand_in_the_chosen_store_view(stage: Stage, channel: Any):
    view = stage.shop.add_store_view("amazon_us", "Amazon US")
    stage.set(commerce_store_view="amazon_us")
    number = stage.paid_order(fulfilled_by=channel)
    if channel == "AMAZON":
        stage.amazon.ship_fba(number)
    stage.sync("sync", "import")
    created = stage.commerce_order(number)
    assert {created["store_id"], *(item["store_id"] for item in created["items"])} == {view.id}


def test_regression_25_a_sku_of_nought_is_a_sku_and_not_an_empty_text(stage: Stage):
    stage.shop.add_product("0", "Nought", qty=5)
    _number, created = imported(stage, line("0", 1))
    assert [item["sku"] for item in created["items"]] == ["0"]


def test_regression_29_that_amazon_collects_the_tax_is_said_by_amazon_and_not_concluded_from_zero(stage: Stage):
    untaxed = {"item_tax": Decimal(0), "shipping_tax": Decimal(0)}
    plain, _ = imported(stage, line(**untaxed))
    taxed, _ = imported(stage)
    told = {n: stage.commerce_order(n)["status_histories"][0]["comment"] for n in (plain, taxed)}
    assert "collected and paid by Amazon" not in told[plain]
    assert "collected and paid by Amazon" in told[taxed]
    canceled, _ = imported(stage)
    stage.amazon.cancel(canceled)  # its figures are gone
    stage.sync()
    assert stage.order(canceled).status == "Canceled"


def test_regression_30_a_cancellation_of_several_lines_cancels_all_of_them(stage: Stage):
    several = [imported(stage, line("BLUE-MUG", 1), line("RED-MUG", 2), line("BLUE-MUG", 3))[0] for _ in range(2)]
    with stage.bridge.db.session() as session:
        for number in several:
            request_cancel(session.get_one(Order, stage.order(number).id), stage.world.now(), reason="NoInventory")
    stage.sync("confirm", "confirm", "sync", "complete")
    for number in several:
        shown = stage.amazon.orders[number]
        assert shown["fulfillment"]["fulfillmentStatus"] == "CANCELLED"
        assert all(item["cancellation"]["cancellationExecution"] for item in shown["orderItems"])
        assert stage.commerce_order(number)["state"] == "canceled"


def test_regression_35_there_is_no_blank_comment(stage: Stage):
    number, _created = imported(stage)
    stage.amazon.cancel(number)
    stage.sync()
    assert all((entry.get("comment") or "").strip() for entry in stage.commerce_order(number)["status_histories"])


def test_regression_36_a_cancellation_gives_stock_back_once_also_after_the_product_is_gone(stage: Stage):
    number, _created = imported(stage)
    stage.shop.run_reservation_cli()
    assert stage.shop.salable_quantity("BLUE-MUG") == 98
    stage.shop.remove_product("BLUE-MUG")
    stage.amazon.cancel(number)
    for _ in range(2):
        stage.sync()
    assert stage.commerce_order(number)["state"] == "canceled"
    assert stage.order(number).import_state is ImportState.CANCELED
    stage.shop.add_product("BLUE-MUG", "Blue mug", qty=100)
    for _ in range(2):
        stage.shop.run_reservation_cli()
    assert stage.shop.salable_quantity("BLUE-MUG") == 100


def test_regression_46_a_new_customer_belongs_to_the_orders_store_view(stage: Stage):
    view = stage.shop.add_store_view("amazon_us", "Amazon US")
    stage.set(commerce_store_view="amazon_us", customer_creation="new_account")
    _number, created = imported(stage)
    assert stage.shop.customers[created["customer_id"]]["store_id"] == created["store_id"] == view.id


def test_regression_47_a_completed_order_can_be_refunded(stage: Stage):
    number, created = imported(stage)
    stage.shop.ship(created["entity_id"], tracks=[("ups", "UPS", "1Z1")])
    stage.sync("confirm", "sync", "complete")
    assert stage.order(number).status == "Completed"
    ask_commerce(stage, f"order/{created['entity_id']}/refund", {"arguments": {"adjustment_positive": 0.41}})
    assert stage.commerce_order(number)["state"] == "closed"
    stage.sync()
    assert stage.commerce_order(number)["state"] == "closed"


def test_regression_43_the_parts_of_a_bundle_share_amazons_tax(stage: Stage):
    stage.shop.add_bundle("SET", "Set", [("RED-MUG", 1)], [("BLUE-MUG", 2)])
    _number, created = imported(stage, line("SET", 1, "30.00", item_tax=Decimal("2.50"), shipping_tax=Decimal(0)))
    assert {item["sku"]: item["tax_amount"] for item in created["items"]} == {"RED-MUG": 0.83, "BLUE-MUG": 1.67}
    assert created["tax_amount"] == 2.5


def test_regression_49_each_line_is_tied_to_its_own_commerce_line_by_number_and_not_by_place(stage: Stage):
    number = stage.paid_order(line("BLUE-MUG", 1), line("RED-MUG", 2), line("BLUE-MUG", 3))
    stage.world.faults.add(Fault(CREATE, "hang_up_after"))
    stage.sync("sync", "import")
    stage.commerce_order(number)["items"].reverse()  # as another version of the shop may list them
    stage.sync("import")
    items = {item["item_id"]: item["ext_order_item_id"] for item in stage.commerce_order(number)["items"]}
    rows = stage.order(number).lines
    assert [items[row.commerce_item_id] for row in rows] == [row.amazon_item_id for row in rows]


def test_regression_49_the_tax_rows_of_a_line_are_its_own(stage: Stage):
    taxed = [
        line("BLUE-MUG", 1, item_tax=Decimal("1.65")),
        line("RED-MUG", 2),
        line("BLUE-MUG", 3, item_tax=Decimal(0)),
    ]
    _number, created = imported(stage, *taxed)
    rows = {
        item["item_id"]: item.get("extension_attributes", {}).get("itemized_taxes", []) for item in created["items"]
    }
    kept = created["taxes"]["items"]
    for item in created["items"]:
        assert [row["amount"] for row in kept.get(item["item_id"], [])] == [t for t in [item["tax_amount"]] if t], rows
    (tax,) = created["taxes"]["taxes"]
    assert tax["amount"] == created["tax_amount"]


def test_regression_51_hyphens_and_prefix_of_the_number_stay_as_configured(stage: Stage):
    stage.set(order_number_source="amazon", order_number_prefix="AMZ-")
    number, created = imported(stage)
    assert created["increment_id"] == f"AMZ-{number}"
    assert stage.commerce_order(number)["payment"]["po_number"] == number


@pytest.mark.parametrize("shipping", ["0.00", "4.99", "1234.56"])
def test_regression_52_the_shipping_amount_is_amazons(stage: Stage, shipping: str):
    _number, created = imported(stage, line(shipping=Decimal(shipping), shipping_tax=Decimal(0)))
    assert Decimal(str(created["shipping_amount"])) == Decimal(shipping)
    assert Decimal(str(created["base_shipping_amount"])) == Decimal(shipping)


def test_regression_53_free_shipping_in_a_foreign_currency_is_free_in_it(stage: Stage):
    stage.shop.set_base_currency("EUR")
    number = stage.paid_order(line(shipping_discount=Decimal("4.99"), shipping_tax=Decimal(0)))
    for money in _moneys(stage.amazon.orders[number]):
        money["currencyCode"] = "EUR"
    stage.sync("sync", "import")
    created = stage.commerce_order(number)
    assert created["order_currency_code"] == "EUR"
    assert (created["shipping_amount"], created["shipping_discount_amount"]) == (4.99, 4.99)
    assert (created["discount_amount"], created["base_discount_amount"]) == (-4.99, -4.99)
    assert created["grand_total"] == created["base_grand_total"] == 43.28


def test_regression_53_free_shipping_is_free_at_any_exchange_rate(stage: Stage):
    stage.shop.set_base_currency("EUR")
    stage.shop.set_exchange_rate("USD", 1.0837)
    number = stage.paid_order(line(shipping_discount=Decimal("4.99"), shipping_tax=Decimal(0)))
    stage.sync("sync", "import")
    created = stage.commerce_order(number)
    assert (created["order_currency_code"], created["base_currency_code"]) == ("USD", "EUR")
    assert (created["shipping_amount"], created["shipping_discount_amount"]) == (4.99, 4.99)
    assert created["base_shipping_amount"] == created["base_shipping_discount_amount"] == 4.6
    assert (created["grand_total"], created["base_grand_total"]) == (43.28, 39.94)


def _moneys(part: Any) -> list[dict[str, Any]]:
    """Every amount of money in an order's JSON."""
    if isinstance(part, dict):
        own = [part] if "currencyCode" in part else []
        return own + [money for value in part.values() for money in _moneys(value)]
    return [money for value in part for money in _moneys(value)] if isinstance(part, list) else []


def test_regression_20_an_order_that_is_deleted_while_it_is_created_does_not_stop_the_run(stage: Stage):
    lost, kept = stage.paid_order(), stage.paid_order()
    stage.sync("sync")

    def delete_meanwhile(_seconds: float) -> None:
        with stage.bridge.db.session() as session:
            session.delete(session.get_one(Order, lost_id))

    lost_id = stage.order(lost).id
    stage.world.sleep = delete_meanwhile
    stage.world.faults.add(Fault(CREATE, "delay", seconds=1.0))
    runs = stage.sync("import")
    assert runs["import"].result == {"taken": 1, "created": 1}
    assert not stage.known(lost)
    assert stage.order(kept).import_state is ImportState.IMPORTED
