"""What an order does in the shop, beyond single answers: when updated_at moves, partial saves, what moves stock."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from tests.sandbox.commerce_shop import CommerceClient, address, entity, line, where

INVOICE = {"capture": True}


@pytest.fixture
def shop() -> CommerceClient:
    return CommerceClient()


def create(shop: CommerceClient, number: str = "AMZ-1", lines: Any = None, **more: Any) -> int:
    return int(shop.post("orders", entity(number, lines, **more))["entity_id"])


def new(shop: CommerceClient, number: str = "AMZ-1", lines: Any = None, **more: Any) -> int:
    return create(shop, number, lines, **({"state": "new", "status": "pending"} | more))


def state(shop: CommerceClient, order_id: int) -> tuple[str, str]:
    order = shop.get(f"orders/{order_id}")
    return order["state"], order["status"]


def item(shop: CommerceClient, order_id: int, place: int = 0) -> int:
    return int(shop.shop.orders[order_id]["items"][place]["item_id"])


def parcel(shop: CommerceClient, order_id: int, qty: float, **more: Any) -> str:
    body = {"items": [{"order_item_id": item(shop, order_id), "qty": qty}]} | more
    return str(shop.post(f"order/{order_id}/ship", body))


def moved(shop: CommerceClient, order_id: int, act: Callable[[], Any]) -> bool:
    """Whether the order's updated_at moved, a minute having passed."""
    before = shop.get(f"orders/{order_id}")["updated_at"]
    shop.world.clock.advance(timedelta(minutes=1))
    act()
    return bool(shop.get(f"orders/{order_id}")["updated_at"] != before)


# When updated_at moves (magento-live section 4)


def test_an_invoiced_order_moves_with_its_invoice_and_its_last_parcel_only(shop):
    order_id = new(shop)
    note = {"statusHistory": {"comment": "note", "is_customer_notified": 0, "is_visible_on_front": 0}}
    assert not moved(shop, order_id, lambda: shop.post(f"orders/{order_id}/comments", note))
    assert moved(shop, order_id, lambda: shop.post(f"order/{order_id}/invoice", INVOICE))
    assert state(shop, order_id) == ("processing", "processing")
    assert not moved(shop, order_id, lambda: parcel(shop, order_id, 1))
    track = {"parent_id": 1, "order_id": order_id, "track_number": "1Z", "title": "UPS", "carrier_code": "ups"}
    assert not moved(shop, order_id, lambda: shop.post("shipment/track", {"entity": track}))
    assert moved(shop, order_id, lambda: parcel(shop, order_id, 1))
    assert state(shop, order_id) == ("complete", "complete")


def test_an_order_without_invoice_moves_with_its_first_parcel_and_with_the_invoice(shop):
    order_id = new(shop)
    assert moved(shop, order_id, lambda: parcel(shop, order_id, 1))
    assert not moved(shop, order_id, lambda: parcel(shop, order_id, 1))
    assert state(shop, order_id) == ("processing", "processing")
    assert moved(shop, order_id, lambda: shop.post(f"order/{order_id}/invoice", INVOICE))
    assert state(shop, order_id) == ("complete", "complete")


def test_hold_unhold_and_cancel_move_it_an_address_and_the_same_state_do_not(shop):
    order_id = new(shop)
    assert moved(shop, order_id, lambda: shop.post(f"orders/{order_id}/hold"))
    assert state(shop, order_id) == ("holded", "holded")
    assert moved(shop, order_id, lambda: shop.post(f"orders/{order_id}/unhold"))
    assert state(shop, order_id) == ("new", "pending")
    changed = address(entity_id=1, parent_id=order_id, city="Dallas")
    assert not moved(shop, order_id, lambda: shop.send("PUT", f"orders/{order_id}", {"entity": changed}))
    assert shop.get(f"orders/{order_id}")["billing_address"]["city"] == "Dallas"
    same = {"entity": {"entity_id": order_id, "increment_id": "AMZ-1", "state": "new", "status": "pending"}}
    assert not moved(shop, order_id, lambda: shop.post("orders", same))
    assert moved(shop, order_id, lambda: shop.post(f"orders/{order_id}/cancel"))


def test_the_shipped_line_moves_and_the_shipment_does_not_with_a_late_track(shop):
    order_id = create(shop)
    shop.world.clock.advance(timedelta(minutes=1))
    parcel(shop, order_id, 1)
    order = shop.get(f"orders/{order_id}")
    assert order["items"][0]["updated_at"] > order["updated_at"]
    shop.world.clock.advance(timedelta(minutes=1))
    shop.shop.add_track(1, "dhl", "DHL", "LATE")
    shipment = shop.get("shipment/1")
    assert shipment["updated_at"] == order["items"][0]["updated_at"]
    assert shipment["tracks"][0]["updated_at"] > shipment["updated_at"]


# Numbers


def test_a_number_is_taken_once_per_store_whatever_its_case(shop):
    create(shop, "AMZ-1")
    duplicate = (400, {"message": "Unique constraint violation found"})
    assert shop.refusal("POST", "orders", entity("amz-1 ")) == duplicate
    assert create(shop, "AMZ-1", store_id=1) == 2
    assert len(shop.shop.find_orders(increment_id="AMZ-1")) == 2


def test_a_number_is_not_taken_without_a_store(shop):
    assert create(shop, "AMZ-1", store_id=None) != create(shop, "AMZ-1", store_id=None)


def test_numbers_that_differ_after_the_cut_are_the_same(shop):
    assert shop.post("orders", entity("9" * 50 + "1"))["increment_id"] == "9" * 50 + "1"
    assert shop.refusal("POST", "orders", entity("9" * 50 + "2"))[1]["message"] == "Unique constraint violation found"
    assert shop.shop.orders[1]["increment_id"] == "9" * 50


def test_of_four_at_once_one_wins(shop):
    codes: list[int] = []
    threads = [
        threading.Thread(target=lambda: codes.append(shop.send("POST", "orders", entity("AMZ-1")).status_code))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(codes) == [200, 400, 400, 400]
    assert len(shop.shop.orders) == 1


def test_a_refused_order_leaves_nothing(shop):
    body = entity("AMZ-1")
    del body["entity"]["billing_address"]["city"]
    assert shop.refusal("POST", "orders", body)[0] == 400
    assert shop.shop.orders == {}
    assert create(shop, "AMZ-1") == 1


@pytest.mark.parametrize("more", [{"status_histories": [{"created_at": "soon"}]}, {"created_at": "soon"}])
def test_a_time_that_is_none_breaks_the_order_and_leaves_nothing(shop, more):
    status, body = shop.refusal("POST", "orders", entity("AMZ-1", **more))
    assert (status, body["message"][:14]) == (500, "Internal Error")
    assert shop.shop.orders == {}


def test_documents_are_numbered_per_store(shop):
    for number, store_id in (("AMZ-1", 2), ("AMZ-2", 2), ("AMZ-3", 1)):
        shop.shop.ship(create(shop, number, store_id=store_id))
    assert [s["increment_id"] for s in shop.shop.shipments.values()] == ["2000000001", "2000000002", "000000001"]


# Partial saves (magento-live section 2)


def save(shop: CommerceClient, order_id: int, **properties: Any) -> Any:
    return shop.post("orders", {"entity": {"entity_id": order_id, "increment_id": "AMZ-1"} | properties})


def test_a_state_is_written_without_touching_the_amounts(shop):
    order_id = create(shop)
    reply = save(shop, order_id, state="processing", status="amazon_shipped")
    assert (reply["status"], reply["grand_total"]) == ("amazon_shipped", None)
    assert shop.get(f"orders/{order_id}")["grand_total"] == 20


def test_lines_without_qty_ordered_beside_a_state_complete_an_unshipped_order(shop):
    order_id = new(shop)
    shop.shop.invoice(order_id)
    save(shop, order_id, state="processing", items=[{"item_id": item(shop, order_id), "name": "Renamed"}])
    assert state(shop, order_id) == ("complete", "complete")


def test_lines_with_qty_ordered_and_without_a_state_leave_the_state(shop):
    order_id = new(shop)
    save(shop, order_id, items=[{"item_id": item(shop, order_id), "qty_ordered": 2, "price": 12, "row_total": 24}])
    assert state(shop, order_id) == ("new", "pending")
    assert shop.get(f"orders/{order_id}")["items"][0]["row_total"] == 24


def test_an_order_reserved_without_prices_is_restated_and_completes(shop):
    nothing = line(qty=2, price=0)
    order_id = new(shop, lines=[nothing])
    assert state(shop, order_id) == ("new", "pending")
    shop.shop.run_reservation_cli("^AMZ-")
    assert shop.shop.salable_quantity("FILL-001") == 498
    totals = {f"{base}{name}": 20 for base in ("", "base_") for name in ("subtotal", "grand_total")}
    save(shop, order_id, **totals)
    priced = {f"{base}{name}": v for base in ("", "base_") for name, v in (("price", 10), ("row_total", 20))}
    save(shop, order_id, items=[{"item_id": item(shop, order_id), "qty_ordered": 2} | priced])
    save(shop, order_id, state="processing", status="processing")
    parcel(shop, order_id, 2)
    shop.shop.invoice(order_id)
    order = shop.get(f"orders/{order_id}")
    assert (order["state"], order["total_paid"], order["total_due"]) == ("complete", 20, 0)
    assert (shop.shop.source_quantity("FILL-001"), shop.shop.salable_quantity("FILL-001")) == (498, 498)


def test_a_written_canceled_gives_nothing_back_until_the_command_runs(shop):
    order_id = new(shop)
    shop.shop.run_reservation_cli("^AMZ-")
    save(shop, order_id, state="canceled", status="canceled")
    assert shop.shop.salable_quantity("FILL-001") == 498
    shop.shop.run_reservation_cli("^AMZ-")
    assert shop.shop.salable_quantity("FILL-001") == 500


def test_an_order_is_found_under_its_new_number_only(shop):
    order_id = create(shop)
    create(shop, "AMZ-2")
    shop.post("orders", {"entity": {"entity_id": order_id, "increment_id": "AMZ-9", "ext_order_id": "9"}})
    assert shop.shop.find_orders(increment_id="AMZ-1") == shop.shop.find_orders(ext_order_id="1") == []
    assert shop.shop.find_orders(ext_order_id="9") == shop.shop.find_orders(increment_id="AMZ-9")
    renamed = {"entity": {"entity_id": order_id, "increment_id": "AMZ-2"}}
    assert shop.refusal("POST", "orders", renamed)[1] == {"message": "Unique constraint violation found"}
    assert create(shop, "AMZ-1") == 3


def test_a_partial_save_adds_comments_lines_and_payment_details(shop):
    order_id = create(shop)
    note = {"comment": "seen", "is_customer_notified": 0, "is_visible_on_front": 0, "parent_id": order_id}
    created = "2026-11-20T10:00:00-08:00"
    save(shop, order_id, status_histories=[note], payment={"po_number": "113"}, created_at=created)
    save(shop, order_id, items=[line("RED-MUG", 2)])
    order = shop.get(f"orders/{order_id}")
    assert [h["comment"] for h in order["status_histories"]] == ["seen"]
    assert [i["sku"] for i in order["items"]] == ["FILL-001", "RED-MUG"]
    assert (order["payment"]["po_number"], order["payment"]["method"]) == ("113", "checkmo")
    assert order["created_at"] == "2026-11-20 18:00:00"


def test_an_address_is_written_whole_or_not_at_all(shop):
    order_id = create(shop)
    without_city = address(entity_id=2, parent_id=order_id)
    del without_city["city"]
    status, body = shop.refusal("PUT", f"orders/{order_id}", {"entity": without_city})
    assert (status, body["parameters"]) == (400, ['"City" is required. Enter and try again.'])
    assert shop.refusal("PUT", f"orders/{order_id}", {"entity": address(entity_id=99)})[0] == 404
    reply = shop.send("PUT", f"orders/{order_id}", {"entity": address(entity_id=2, region_id=12)}).get_json()
    assert (reply["address_type"], reply["region_code"]) == ("shipping", "CA")


# Invoices, refunds, settled orders


def test_two_invoices_together_are_the_order(shop):
    lines = [line(qty=3, price=3.33, tax_amount=0.1, base_tax_amount=0.1, discount_amount=1, base_discount_amount=1)]
    total = round(9.99 + 0.1 - 1 + 5.4, 2)
    amounts = {"shipping_amount": 5, "shipping_tax_amount": 0.4, "tax_amount": 0.5, "discount_amount": -1}
    order_id = new(shop, lines=lines, subtotal=9.99, grand_total=total, **amounts)
    asked = {"items": [{"order_item_id": item(shop, order_id), "qty": 1}]}
    shop.post(f"order/{order_id}/invoice", asked)
    first = shop.get(f"orders/{order_id}")
    assert (first["subtotal_invoiced"], first["shipping_invoiced"], first["state"]) == (3.33, 5, "processing")
    shop.post(f"order/{order_id}/invoice", INVOICE)
    order = shop.get(f"orders/{order_id}")
    assert order["total_invoiced"] == pytest.approx(total)
    assert (order["tax_invoiced"], order["discount_invoiced"], order["total_due"]) == (0.5, -1, 0)


def test_a_full_refund_closes_the_order(shop):
    order_id = new(shop)
    shop.shop.invoice(order_id)
    shop.shop.ship(order_id)
    assert shop.post(f"order/{order_id}/refund", {}) == "1"
    assert state(shop, order_id) == ("closed", "closed")
    assert shop.refusal("POST", f"order/{order_id}/refund", {})[0] == 400


@pytest.mark.parametrize(("returned", "left"), [([1], 499), ([], 498)])
def test_a_refund_of_shipped_goods_returns_what_is_asked_for(shop, returned, left):
    order_id = new(shop)
    shop.shop.run_reservation_cli("^AMZ-")
    shop.shop.invoice(order_id)
    shop.shop.ship(order_id)
    extension = {"extension_attributes": {"return_to_stock_items": returned}}
    body = {"items": [{"order_item_id": 1, "qty": 1}], "arguments": {"shipping_amount": 0} | extension}
    shop.post(f"order/{order_id}/refund", body)
    assert (shop.shop.source_quantity("FILL-001"), shop.shop.salable_quantity("FILL-001")) == (left, left)
    order = shop.get(f"orders/{order_id}")
    assert (order["state"], order["total_refunded"], order["items"][0]["qty_refunded"]) == ("complete", 10, 1)


def test_an_unshipped_refund_takes_the_unit_from_the_source_and_its_reservation(shop):
    order_id = new(shop)
    shop.shop.run_reservation_cli("^AMZ-")
    shop.shop.invoice(order_id)
    shop.post(f"order/{order_id}/refund", {"items": [{"order_item_id": 1, "qty": 1}]})
    assert (shop.shop.source_quantity("FILL-001"), shop.shop.salable_quantity("FILL-001")) == (499, 498)


def test_a_refund_is_refused_beyond_what_was_invoiced_and_while_on_hold(shop):
    order_id = new(shop)
    assert shop.refusal("POST", f"order/{order_id}/refund", {})[0] == 400
    shop.shop.invoice(order_id)
    too_many = {"items": [{"order_item_id": 1, "qty": 3}]}
    assert shop.refusal("POST", f"order/{order_id}/refund", too_many)[1]["parameters"] == ["FILL-001"]
    shop.post(f"orders/{order_id}/hold")
    message = shop.refusal("POST", f"order/{order_id}/refund", {})[1]["message"]
    assert message.endswith("A creditmemo can not be created when an order has a status of holded")
    assert shop.refusal("POST", f"orders/{order_id}/hold")[1]["message"] == "A hold action is not available."
    shop.post(f"orders/{order_id}/unhold")
    assert shop.refusal("POST", f"orders/{order_id}/unhold")[1]["message"] == "You cannot remove the hold."


def settled() -> dict[str, Any]:
    done = line(qty=2, qty_invoiced=2, qty_shipped=2, row_invoiced=20, base_row_invoiced=20)
    paid = {f"{base}{name}": 20 for base in ("", "base_") for name in ("total_paid", "total_invoiced")}
    return {"lines": [done], "state": "complete", "status": "complete"} | paid


def test_a_settled_order_moves_no_stock_and_takes_no_document(shop):
    order_id = create(shop, **settled())
    assert state(shop, order_id) == ("complete", "complete")
    assert shop.refusal("POST", f"order/{order_id}/ship", {})[0] == 400
    assert shop.refusal("POST", f"order/{order_id}/invoice", {})[0] == 400
    assert shop.post(f"orders/{order_id}/cancel") is False
    assert shop.shop.run_reservation_cli().listed == []
    assert (shop.shop.source_quantity("FILL-001"), shop.shop.salable_quantity("FILL-001")) == (500, 500)


def test_a_refund_of_a_settled_order_takes_the_unit_out_of_the_source(shop):
    order_id = create(shop, **settled())
    shop.post(f"order/{order_id}/refund", {"items": [{"order_item_id": item(shop, order_id), "qty": 1}]})
    assert (shop.shop.source_quantity("FILL-001"), shop.shop.salable_quantity("FILL-001")) == (499, 500)
    assert shop.shop.run_reservation_cli().listed == ["AMZ-1:FILL-001:-1.000000:1"]


def test_virtual_lines_leave_the_source_with_the_invoice_and_complete_the_order(shop):
    order_id = new(shop, lines=[line(qty=2, is_virtual=1, product_type="virtual")], is_virtual=1)
    shop.shop.invoice(order_id)
    assert state(shop, order_id) == ("complete", "complete")
    assert (shop.shop.source_quantity("FILL-001"), shop.shop.salable_quantity("FILL-001")) == (498, 500)
    assert shop.refusal("POST", f"order/{order_id}/ship", {})[0] == 400


def test_a_custom_status_survives_a_partial_parcel_and_not_the_invoice(shop):
    order_id = create(shop, status="amazon_unshipped")
    parcel(shop, order_id, 1)
    assert state(shop, order_id) == ("processing", "amazon_unshipped")
    shop.shop.invoice(order_id)
    assert state(shop, order_id) == ("processing", "processing")


def test_a_partly_shipped_order_without_invoice_can_still_be_canceled(shop):
    order_id = new(shop)
    parcel(shop, order_id, 1)
    assert shop.post(f"orders/{order_id}/cancel") is True
    found = shop.get(f"orders/{order_id}")["items"][0]
    assert (found["qty_shipped"], found["qty_canceled"]) == (1, 1)


def test_shipments_are_found_by_when_they_changed(shop):
    parcel(shop, create(shop, "AMZ-1"), 1)
    shop.world.clock.advance(timedelta(hours=1))
    since = shop.shop.timestamp().replace(" ", "%20")
    parcel(shop, create(shop, "AMZ-2"), 1)
    found = shop.get("shipments?" + where("updated_at", since, "gteq"))
    assert [s["entity_id"] for s in found["items"]] == [2]
    found = shop.get("orders?" + where("updated_at", since, "gteq"))
    assert [o["increment_id"] for o in found["items"]] == ["AMZ-2"]


def test_each_request_is_counted_by_its_route(shop):
    create(shop)
    shop.get("orders/1")
    assert shop.world.requests == {"commerce POST /V1/orders": 1, "commerce GET /V1/orders/{id}": 1}
