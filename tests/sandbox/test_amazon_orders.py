"""An order's life on Amazon: payment, packages, cancellation; and what is shown of it at each point."""

from __future__ import annotations

from decimal import Decimal

import pytest
from jsonschema import Draft4Validator

from bridge.sandbox.amounts import Line
from bridge.sandbox.refusal import Refusal
from tests.sandbox.amazon_desk import EVERYTHING, MUGS, TENT, Desk, contract, errors


@pytest.fixture
def desk() -> Desk:
    return Desk()


def status(order):
    return order["fulfillment"]["fulfillmentStatus"]


def test_a_pending_order_shows_what_was_bought_and_nothing_of_the_buyer(desk):
    order = desk.get(desk.amazon.place([MUGS]))
    assert status(order) == "PENDING"
    assert not {"buyer", "recipient", "proceeds", "payment"} & set(order)
    item = order["orderItems"][0]
    assert (item["product"]["sellerSku"], item["quantityOrdered"]) == ("MUG", 3)
    assert "proceeds" not in item
    assert "price" not in item["product"]


def test_payment_makes_it_unshipped_and_brings_buyer_address_and_amounts(desk):
    order_id = desk.amazon.place([MUGS], buyer_name="Ada Whitfield")
    before = desk.get(order_id)["lastUpdatedTime"]
    desk.later(seconds=30)
    desk.amazon.verify_payment(order_id)
    order = desk.get(order_id)
    assert status(order) == "UNSHIPPED"
    assert order["lastUpdatedTime"] > before
    assert order["recipient"]["deliveryAddress"]["name"] == order["buyer"]["buyerName"] == "Ada Whitfield"
    assert order["proceeds"]["grandTotal"] == {"amount": "37.37", "currencyCode": "USD"}


def test_an_fba_order_shows_no_phone_no_mail_and_no_packages(desk):
    order_id = desk.unshipped(fulfilled_by="AMAZON")
    desk.amazon.ship_fba(order_id)
    order = desk.get(order_id)
    assert status(order) == "SHIPPED"
    assert "buyerEmail" not in order["buyer"]
    assert "phone" not in order["recipient"]["deliveryAddress"]
    assert "packages" not in order
    assert order["orderItems"][0]["fulfillment"] == {"quantityFulfilled": 1, "quantityUnfulfilled": 0}


def test_the_phone_number_goes_once_a_shipped_orders_delivery_is_due(desk):
    shipped, waiting = desk.unshipped(), desk.unshipped()
    desk.confirm(shipped, {0: 1})
    desk.later(days=7)
    desk.log_in()
    phones = ["phone" in desk.get(order_id)["recipient"]["deliveryAddress"] for order_id in (shipped, waiting)]
    desk.later(seconds=1)
    phones += ["phone" in desk.get(order_id)["recipient"]["deliveryAddress"] for order_id in (shipped, waiting)]
    assert phones == [True, True, False, True]


def test_an_order_put_in_place_of_a_pending_one_stays_what_it_is(desk):
    order_id = desk.amazon.place([TENT])
    desk.amazon.put(desk.get(order_id) | {"programs": ["PRIME"]})
    desk.amazon.verify_payment(order_id)
    order = desk.get(order_id)
    assert (order["programs"], "buyer" in order) == (["PRIME"], False)


@pytest.mark.parametrize("sign", [-1, 1])
@pytest.mark.parametrize("inclusive", [False, True])
def test_amounts_add_up_whatever_the_sign_of_discounts_and_the_place_of_the_tax(desk, sign, inclusive):
    line = Line(
        "ALL",
        "Everything at once",
        3,
        Decimal("29.99"),
        item_tax=Decimal("3.00"),
        shipping=Decimal("10.00"),
        shipping_tax=Decimal("1.00"),
        gift_wrap=Decimal("2.50"),
        gift_wrap_tax=Decimal("0.20"),
        cod_fee=Decimal("4.00"),
        item_discount=Decimal("5.00"),
        shipping_discount=Decimal("1.50"),
        discount_tax=Decimal("0.50"),
    )
    order = desk.get(desk.unshipped(line, TENT, tip=Decimal(5), tax_inclusive=inclusive, discount_sign=sign))

    def total(breakdowns):
        # A discount lowers the sum whichever way it is written; TAX counts only where prices do not contain it.
        amounts = {part["type"]: Decimal(part["subtotal"]["amount"]) for part in breakdowns}
        amounts["DISCOUNT"] = -abs(amounts.get("DISCOUNT", Decimal(0)))
        return sum(amount for kind, amount in amounts.items() if kind != "TAX" or not inclusive)

    items = [item["proceeds"] for item in order["orderItems"]]
    assert [total(item["breakdowns"]) for item in items] == [Decimal(i["proceedsTotal"]["amount"]) for i in items]
    grand_total = Decimal(order["proceeds"]["grandTotal"]["amount"])
    assert grand_total == sum(Decimal(item["proceedsTotal"]["amount"]) for item in items) + 5
    assert total(order["proceeds"]["breakdowns"]) == grand_total
    parts = {part["type"]: part for part in items[0]["breakdowns"]}
    assert parts["ITEM"]["subtotal"]["amount"] == "89.97"
    assert parts["DISCOUNT"]["subtotal"]["amount"] == ("-6.50" if sign < 0 else "6.50")
    details = {part["subtype"]: part["value"]["amount"] for part in parts["TAX"]["detailedBreakdowns"]}
    assert (details["ITEM"], details["SHIPPING"], details["GIFT_WRAP"]) == ("3.00", "1.00", "0.20")


def test_yen_have_no_digits_after_the_point(desk):
    line = Line("JP", "Kettle", 2, Decimal(5980), item_tax=Decimal(1087))
    order = desk.get(desk.unshipped(line, marketplace_id="A1VC38T7YXB528"))
    assert order["proceeds"]["grandTotal"] == {"amount": "11960", "currencyCode": "JPY"}


def test_a_package_ships_a_part_and_the_next_one_the_rest(desk):
    order_id = desk.unshipped(TENT, MUGS)
    assert desk.confirm(order_id, {1: 2}).status_code == 204
    order = desk.get(order_id)
    assert status(order) == "PARTIALLY_SHIPPED"
    assert order["orderItems"][1]["fulfillment"] == {"quantityFulfilled": 2, "quantityUnfulfilled": 1}
    answer = desk.confirm(order_id, {0: 1, 1: 1}, packageReferenceId="2", carrierCode="Other", carrierName="Pony")
    assert (answer.status_code, answer.data) == (204, b"")
    order = desk.get(order_id)
    assert status(order) == "SHIPPED"
    assert [(p["packageReferenceId"], p["carrier"], p["trackingNumber"]) for p in order["packages"]] == [
        ("1", "UPS", "1Z999"),
        ("2", "Pony", "1Z999"),
    ]


def test_the_same_reference_edits_its_package(desk):
    order_id = desk.unshipped(MUGS)
    desk.confirm(order_id, {0: 3})
    assert desk.confirm(order_id, {0: 2}, trackingNumber="1ZNEW").status_code == 204
    order = desk.get(order_id)
    assert status(order) == "PARTIALLY_SHIPPED"
    assert [package["trackingNumber"] for package in order["packages"]] == ["1ZNEW"]
    assert order["orderItems"][0]["fulfillment"]["quantityUnfulfilled"] == 1


@pytest.mark.parametrize(
    "detail",
    [
        {"packageReferenceId": "SHIP-1"},
        {"packageReferenceId": "0"},
        {"packageReferenceId": "-1"},
        {"packageReferenceId": None},
        {"packageReferenceId": 1},
        {"carrierCode": None},
        {"carrierCode": "Other"},
        {"trackingNumber": None},
        {"trackingNumber": " "},
        {"shipDate": "02/21/2022"},
        {"orderItems": []},
        {"orderItems": [{"orderItemId": "unknown", "quantity": 1}]},
        {"orderItems": ["nonsense"]},
    ],
)
def test_a_wrong_confirmation_is_refused_and_changes_nothing(desk, detail):
    order_id = desk.unshipped()
    before = desk.get(order_id)
    assert errors(desk.confirm(order_id, {0: 1}, **detail))[:2] == (400, "InvalidInput")
    assert desk.get(order_id) == before


@pytest.mark.parametrize("quantities", [{0: 4}, {0: 0}, {0: -1}])
def test_more_than_is_left_or_nothing_cannot_be_shipped(desk, quantities):
    order_id = desk.unshipped(MUGS)
    assert desk.confirm(order_id, quantities).status_code == 400
    assert status(desk.get(order_id)) == "UNSHIPPED"


def test_a_second_package_for_a_shipped_order_is_package_to_update_not_found(desk):
    order_id = desk.unshipped()
    desk.confirm(order_id, {0: 1})
    assert errors(desk.confirm(order_id, {0: 1}, packageReferenceId="2"))[:2] == (400, "PackageToUpdateNotFound")


def test_fba_ship_plus_pending_and_cancelled_orders_cannot_be_confirmed(desk):
    fba, pending, cancelled = desk.unshipped(fulfilled_by="AMAZON"), desk.amazon.place([TENT]), desk.unshipped()
    desk.amazon.cancel(cancelled)
    refused = (fba, desk.unshipped(programs=["FBM_SHIP_PLUS"]), pending, cancelled)
    assert [desk.confirm(order_id, {0: 1}).status_code for order_id in refused] == [400, 400, 400, 400]


def test_a_confirmation_has_to_name_the_orders_marketplace(desk):
    order_id = desk.unshipped(marketplace_id="A2EUQ1WTGCTBG2")
    assert "marketplaceId" in errors(desk.confirm(order_id, {0: 1}))[2]


def test_a_buyers_wish_to_cancel_leaves_the_order_unshipped(desk):
    order_id = desk.unshipped()
    before = desk.get(order_id)["lastUpdatedTime"]
    desk.amazon.request_cancel(order_id, "Bought by mistake")
    order = desk.get(order_id)
    request = {"requester": "BUYER", "cancelReason": "Bought by mistake"}
    assert order["orderItems"][0]["cancellation"] == {"cancellationRequest": request}
    assert status(order) == "UNSHIPPED"
    assert order["lastUpdatedTime"] > before


def test_cancelling_what_is_left_after_a_parcel_makes_the_order_shipped(desk):
    order_id = desk.unshipped(TENT, MUGS)
    desk.confirm(order_id, {0: 1})
    desk.amazon.cancel(order_id, "MERCHANT", "NoInventory")
    order = desk.get(order_id)
    assert status(order) == "SHIPPED"
    assert order["orderItems"][1]["cancellation"]["cancellationExecution"]["cancelledBy"] == "MERCHANT"


def test_cancelling_one_item_leaves_the_other_to_ship(desk):
    order_id = desk.unshipped(TENT, MUGS)
    second = desk.get(order_id)["orderItems"][1]["orderItemId"]
    desk.amazon.cancel(order_id, "MERCHANT", "NoInventory", [second])
    assert status(desk.get(order_id)) == "UNSHIPPED"
    desk.confirm(order_id, {0: 1})
    assert status(desk.get(order_id)) == "SHIPPED"


def test_an_order_cancelled_before_payment_never_shows_a_buyer(desk):
    order_id = desk.amazon.place([TENT])
    desk.amazon.cancel(order_id, "BUYER")
    order = desk.get(order_id)
    assert status(order) == "CANCELLED"
    assert "buyer" not in order
    assert "proceeds" not in order


def test_an_order_at_its_end_does_not_move_again(desk):
    order_id = desk.unshipped()
    desk.amazon.cancel(order_id)
    for move in (desk.amazon.verify_payment, desk.amazon.request_cancel, desk.amazon.cancel, desk.amazon.ship_fba):
        with pytest.raises(Refusal):
            move(order_id)


def test_two_changes_in_one_moment_can_be_told_apart(desk):
    order_id = desk.unshipped()
    first = desk.get(order_id)["lastUpdatedTime"]
    desk.amazon.request_cancel(order_id)
    assert desk.get(order_id)["lastUpdatedTime"] != first
    desk.later(minutes=5)
    assert desk.found() == [order_id]


def test_cancel_order_does_not_exist_until_it_is_released(desk):
    order_id = desk.unshipped()
    path = f"/amazon/orders/2026-01-01/orders/{order_id}/cancellation"
    body = {"cancelReasonCode": "NO_INVENTORY"}
    assert desk.http.put(path, json=body, headers=desk.headers).status_code == 404
    desk.amazon.cancel_order_released = True
    assert desk.http.put(path, json={"cancelReasonCode": "WHIM"}, headers=desk.headers).status_code == 400
    assert desk.http.put(path, json=body, headers=desk.headers).status_code == 202
    assert status(desk.get(order_id)) == "CANCELLED"
    assert desk.http.put(path, json=body, headers=desk.headers).status_code == 400


def valid(model, definition, document):
    schema = {"$ref": f"#/definitions/{definition}", "definitions": contract(model)["definitions"]}
    Draft4Validator(schema).validate(document)


def test_every_answer_about_orders_is_one_that_amazons_model_allows(desk):
    model = "orders_2026-01-01.json"
    orders = [desk.amazon.place([TENT]), desk.unshipped(TENT, MUGS), desk.unshipped(fulfilled_by="AMAZON")]
    orders.append(desk.unshipped(MUGS, tip=Decimal(2), marketplace_id="A1PA6795UKMFR9"))
    desk.confirm(orders[1], {1: 2})
    desk.amazon.ship_fba(orders[2])
    desk.amazon.request_cancel(orders[3])
    desk.later(minutes=5)
    for included in (EVERYTHING, ""):
        first = desk.search(includedData=included, maxResultsPerPage="3").json
        valid(model, "SearchOrdersResponse", first)
        assert len(first["orders"]) == 3
        for order_id in orders:
            valid(model, "GetOrderResponse", {"order": desk.get(order_id, included)})
    refusals = [desk.search(lastUpdatedAfter=None), desk.search(paginationToken="x"), desk.post("/nowhere", {})]
    desk.amazon.expire_tokens()
    for refused in [*refusals, desk.search()]:
        valid(model, "ErrorList", refused.json)
