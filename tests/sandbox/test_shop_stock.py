"""Stock in the shop: reservations, the reservation commands, sources, and what the salable reads answer."""

from __future__ import annotations

import pickle
from typing import Any

import pytest

from bridge.sandbox.commerce_errors import CommerceError, FatalError
from bridge.sandbox.shop_reservations import create_compensations
from tests.sandbox.commerce_shop import CommerceClient, entity, line

FILL = "FILL-001"


@pytest.fixture
def shop() -> CommerceClient:
    return CommerceClient()


def create(shop: CommerceClient, number: str = "AMZ-1", lines: Any = None, **more: Any) -> int:
    more = {"state": "new", "status": "pending"} | more
    return int(shop.post("orders", entity(number, lines, **more))["entity_id"])


def quantities(shop: CommerceClient) -> tuple[float, float]:
    """What lies in the source, what can be sold."""
    return shop.shop.source_quantity(FILL), shop.shop.salable_quantity(FILL)


def test_an_order_reserves_nothing_until_the_command_runs(shop):
    create(shop, lines=[line(qty=3)])
    assert quantities(shop) == (500, 500)
    run = shop.shop.run_reservation_cli("^AMZ-")
    assert run.compensated == ["AMZ-1:FILL-001:-3.000000:1"]
    assert quantities(shop) == (500, 497)
    entry = shop.shop.inventory.reservations[-1]
    assert (entry.event_type, entry.object_id, entry.increment_id) == ("manual_compensation", "1", "AMZ-1")


def test_a_reserved_order_shipped_in_parts_nets_to_zero(shop):
    order_id = create(shop, lines=[line(qty=3)])
    shop.shop.run_reservation_cli("^AMZ-")
    shop.shop.ship(order_id, {1: 1})
    assert quantities(shop) == (499, 497)
    shop.shop.ship(order_id)
    assert quantities(shop) == (497, 497)
    assert shop.shop.run_reservation_cli().listed == []


def test_a_shipment_without_reservation_oversells_until_the_command_runs(shop):
    shop.shop.ship(create(shop))
    assert quantities(shop) == (498, 500)
    shop.shop.run_reservation_cli("^AMZ-")
    assert quantities(shop) == (498, 498)


def test_a_cancellation_without_reservation_inflates_until_the_command_runs(shop):
    shop.shop.cancel(create(shop, lines=[line(qty=4)]))
    assert quantities(shop) == (500, 504)
    assert shop.shop.run_reservation_cli("^AMZ-").compensated == ["AMZ-1:FILL-001:-4.000000:1"]
    assert quantities(shop) == (500, 500)


def test_a_cancellation_gives_a_reservation_back_once(shop):
    order_id = create(shop, lines=[line(qty=4)])
    shop.shop.run_reservation_cli("^AMZ-")
    assert shop.shop.cancel(order_id) is True
    assert shop.shop.cancel(order_id) is False
    assert quantities(shop) == (500, 500)


def test_a_part_shipped_and_canceled_order_is_repaired(shop):
    order_id = create(shop, lines=[line(qty=3)])
    shop.shop.ship(order_id, {1: 1})
    shop.shop.cancel(order_id)
    shop.shop.run_reservation_cli("^AMZ-")
    assert quantities(shop) == (499, 499)


def test_an_order_found_in_balance_is_listed_again_when_it_changes(shop):
    order_id = create(shop)
    shop.shop.run_reservation_cli()
    shop.shop.invoice(order_id)
    shop.shop.ship(order_id)
    assert shop.shop.run_reservation_cli().listed == []
    assert shop.shop.table.unbalanced == set()
    again = {"entity": {"entity_id": order_id, "increment_id": "AMZ-1", "state": "processing"}}
    extra = {"items": [{"item_id": 1, "qty_ordered": 5, "qty_shipped": 2}]}
    shop.post("orders", {"entity": again["entity"] | extra})
    assert shop.shop.run_reservation_cli().listed == ["AMZ-1:FILL-001:-3.000000:1"]


def test_compensations_given_by_hand_are_seen_by_the_next_run(shop):
    order_id = create(shop)
    shop.shop.cancel(order_id)
    shop.shop.run_reservation_cli()
    assert shop.shop.run_reservation_cli().listed == []
    create_compensations(shop.shop, ["AMZ-1:FILL-001:-3.000000:1"])
    assert shop.shop.run_reservation_cli().compensated == ["AMZ-1:FILL-001:3.000000:1"]
    assert quantities(shop) == (500, 500)


def test_the_pattern_spares_other_orders(shop):
    create(shop, "AMZ-1")
    create(shop, "000000017")
    run = shop.shop.run_reservation_cli(r"^AMZ-[^:]*:[^:]+:-?[0-9]+(\.[0-9]+)?:[0-9]+$")
    assert len(run.listed) == 2
    assert run.compensated == ["AMZ-1:FILL-001:-2.000000:1"]


def test_a_colon_in_a_sku_ends_the_command_at_its_line(shop):
    shop.shop.add_product("COLON:MUG", "Colon mug", product_id=200, qty=30)
    create(shop, "AMZ-1")
    create(shop, "AMZ-2", [line("COLON:MUG", 200)])
    create(shop, "AMZ-3")
    run = shop.shop.run_reservation_cli("^AMZ-")
    assert (len(run.listed), run.compensated) == (3, ["AMZ-1:FILL-001:-2.000000:1"])
    assert run.error == "Call to a member function getEntityId() on bool"


def test_nothing_to_compensate_is_an_error_of_the_command(shop):
    assert shop.shop.run_reservation_cli().error == "A list of compensations needs to be defined as argument or STDIN."


@pytest.mark.parametrize(
    ("lines", "more"),
    [
        ([line("NO-STOCK-MGMT", 9)], {}),
        ([line("NOPE", 9999)], {}),
        ([line()], {"store_id": None}),
        ([line()], {"state": "complete", "status": "complete"}),
    ],
)
def test_what_the_command_does_not_see(shop, lines, more):
    create(shop, lines=lines, **more)
    assert shop.shop.run_reservation_cli().listed == []


def test_a_source_that_has_too_little_refuses_even_with_backorders(shop):
    order_id = create(shop, lines=[line("BACKORDER-CHAIR", 10, qty=9)])
    with pytest.raises(CommerceError, match="Could not save a shipment"):
        shop.shop.ship(order_id)
    assert shop.shop.source_quantity("BACKORDER-CHAIR") == 2
    assert shop.shop.orders[order_id]["items"][0]["qty_shipped"] == 0


def test_a_shipment_short_of_one_line_ships_none(shop):
    order_id = create(shop, lines=[line(), line("SOLD-OUT-VASE", 7)])
    with pytest.raises(CommerceError):
        shop.shop.ship(order_id)
    assert quantities(shop) == (500, 500)


def test_without_a_source_code_a_foreign_default_source_is_emptied(shop):
    shop.shop.add_website("amz", "Amazon")
    shop.shop.add_store_view("amazon_uk", "Amazon UK", website_id=2)
    for code in ("wh1", "wh2"):
        shop.shop.add_source(code, code)
    stock_id = shop.shop.add_stock("Amazon", ["wh1", "wh2"], ["amz"])
    shop.shop.catalog.get(FILL).website_ids.append(2)
    shop.shop.set_stock(FILL, 5, "wh1")
    order_id = create(shop, store_id=3)
    shop.shop.ship(order_id, {1: 1})
    assert shop.shop.source_quantity(FILL) == 499
    assert shop.shop.salable_quantity(FILL, stock_id) == 6
    shop.shop.ship(order_id, {1: 1}, source_code="wh1")
    assert shop.shop.source_quantity(FILL, "wh1") == 4


def test_a_product_is_matched_by_its_id_before_its_sku(shop):
    shop.shop.ship(create(shop, lines=[line("OLD-NAME", 20)]))
    assert shop.shop.source_quantity(FILL) == 498


def test_a_removed_product_is_shipped_without_a_deduction(shop):
    order_id = create(shop)
    shop.shop.remove_product(FILL)
    assert shop.shop.ship(order_id) == 1
    with pytest.raises(FatalError):
        shop.shop.salable_quantity(FILL)


def test_a_disabled_product_is_not_salable_until_its_stock_is_saved(shop):
    assert shop.shop.salable_quantity("GREEN-MUG") == 0
    item = {"sku": "GREEN-MUG", "source_code": "default", "quantity": 10, "status": 1}
    shop.post("inventory/source-items", {"sourceItems": [item]})
    assert shop.shop.salable_quantity("GREEN-MUG") == 10
    assert shop.get("products/GREEN-MUG")["status"] == 2


def refusals(shop: CommerceClient, sku: str, qty: int) -> list[str]:
    query = f"skuRequests[0][sku]={sku}&skuRequests[0][qty]={qty}&stockId=1"
    answer = shop.get(f"inventory/are-product-salable-for-requested-qty?{query}")[0]
    assert answer["salable"] is (not answer["errors"])
    return [error["code"] for error in answer["errors"]]


def test_one_refusal_has_three_codes(shop):
    short = ["back_order-disabled", "manage_stock-enabled", "is_salable_with_reservations-not_enough_qty"]
    assert refusals(shop, "T-SHIRT-XXL", 6) == short
    assert refusals(shop, "T-SHIRT-XXL", 5) == []
    assert refusals(shop, "GREEN-MUG", 1)[-1] == "is_salable_with_reservations-no_data"


def test_an_unknown_stock_is_refused(shop):
    refusal = shop.refusal("GET", f"inventory/get-product-salable-quantity/{FILL}/9")
    assert refusal == (400, {"message": "Could not receive Stock Item data"})


def test_reservations_count_in_what_is_salable_but_not_in_the_index(shop):
    create(shop, lines=[line("T-SHIRT-XXL", 4, qty=5)])
    shop.shop.run_reservation_cli()
    assert shop.shop.salable_quantity("T-SHIRT-XXL") == 0
    index = {row["sku"]: row for row in shop.get("inventory/dump-stock-index-data/website/base")}
    assert index["T-SHIRT-XXL"]["qty"] == 5


def test_the_catalogue_manager_changes_a_product(shop):
    shop.shop.set_stock("SOLD-OUT-VASE", 3)
    assert shop.shop.salable_quantity("SOLD-OUT-VASE") == 3
    shop.shop.set_product_status("SOLD-OUT-VASE", enabled=False)
    assert shop.get("products/SOLD-OUT-VASE?fields=status") == {"status": 2}
    body = {"product": {"price": 31.5, "extension_attributes": {"stock_item": {"qty": 8, "is_in_stock": True}}}}
    assert shop.send("PUT", "products/SOLD-OUT-VASE", body).get_json()["price"] == 31.5
    assert shop.get("stockItems/SOLD-OUT-VASE")["qty"] == 8
    with pytest.raises(KeyError):
        shop.shop.set_stock("NOPE", 1)


def test_a_placed_cart_reserves_with_its_number_only(shop):
    cart = shop.post("guest-carts")
    shop.post(f"guest-carts/{cart}/items", {"cartItem": {"sku": FILL, "qty": 2, "quote_id": cart}})
    address = {"shipping_address": entity("x")["entity"]["billing_address"]}
    address |= {"shipping_carrier_code": "flatrate", "shipping_method_code": "flatrate"}
    shop.post(f"guest-carts/{cart}/shipping-information", {"addressInformation": address})
    placed = shop.send("PUT", f"guest-carts/{cart}/order", {"paymentMethod": {"method": "checkmo"}})
    assert placed.get_json() == "1"
    assert quantities(shop) == (500, 498)
    entry = shop.shop.inventory.reservations[-1]
    assert (entry.object_id, entry.increment_id) == ("", shop.shop.orders[1]["increment_id"])
    again = shop.send("PUT", f"guest-carts/{cart}/order", {"paymentMethod": {"method": "checkmo"}})
    assert (again.status_code, again.get_json()["parameters"]["fieldName"]) == (404, "cartId")
    assert shop.shop.run_reservation_cli().listed == []


def test_a_pickled_world_goes_on_by_itself(shop):
    order_id = create(shop)
    shop.shop.ship(order_id, {1: 1})
    world = pickle.loads(pickle.dumps(shop.world))
    assert world.shop.shipments == shop.shop.shipments
    assert world.shop.find_orders(ext_order_id="1") == [shop.shop.orders[order_id]]
    world.shop.ship(order_id)
    assert (world.shop.source_quantity(FILL), shop.shop.source_quantity(FILL)) == (498, 499)
