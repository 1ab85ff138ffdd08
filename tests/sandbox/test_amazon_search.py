"""searchOrders and getOrder: filters, the window and its echo, pages, and what includedData lets through."""

from __future__ import annotations

import copy
from datetime import timedelta

import pytest

from bridge.sandbox.marketplace import SELLER_ID
from bridge.sandbox.order_json import text_time
from tests.sandbox.amazon_desk import EVERYTHING, MUGS, NOON, TENT, Desk, contract, errors


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_a_new_order_is_found_once_it_is_two_minutes_old(desk):
    order_id = desk.amazon.place([TENT])
    assert desk.found() == []
    desk.later(minutes=2)
    answer = desk.search()
    assert [order["orderId"] for order in answer.json["orders"]] == [order_id]
    assert answer.json["lastUpdatedBefore"] == "2026-03-01T12:00:00Z"
    assert "pagination" not in answer.json


def test_the_two_minutes_shrink_with_haste():
    desk = Desk(haste=60)
    desk.amazon.place([TENT])
    desk.later(seconds=2)
    assert len(desk.found()) == 1


def test_bounds_are_inclusive_on_both_sides(desk):
    order_id = desk.amazon.place([TENT])
    desk.later(hours=1)
    desk.log_in()
    noon = text_time(NOON)
    assert desk.found(lastUpdatedAfter=noon, lastUpdatedBefore=noon) == [order_id]
    assert desk.found(lastUpdatedAfter=text_time(NOON + timedelta(seconds=1))) == []
    assert desk.found(lastUpdatedBefore=text_time(NOON - timedelta(seconds=1))) == []


def test_a_search_by_creation_does_not_see_changes_and_echoes_created_before(desk):
    order_id = desk.amazon.place([TENT])
    desk.later(hours=5)
    desk.amazon.verify_payment(order_id)
    desk.later(hours=1)
    desk.log_in()
    since = "2026-03-01T13:00:00Z"
    created = desk.search(createdAfter=since, lastUpdatedAfter=None).json
    assert (created["orders"], created["createdBefore"]) == ([], "2026-03-01T17:58:00Z")
    assert desk.found(lastUpdatedAfter=since) == [order_id]


@pytest.mark.parametrize(
    "query",
    [
        {"lastUpdatedAfter": None},
        {"createdAfter": "2026-01-01T00:00:00Z"},
        {"createdBefore": "2026-01-01T00:00:00Z"},
        {"lastUpdatedBefore": "2026-03-01T11:58:01Z"},
        {"lastUpdatedBefore": "2025-12-31T23:59:59Z"},
        {"lastUpdatedAfter": "01/03/2026"},
        {"lastUpdatedAfter": "2026-02-30T00:00:00Z"},
        {"lastUpdatedAfter": "2026-01-01T00:00:00 09:00"},
        {"fulfillmentStatuses": "SHIPPED,Shipped"},
        {"fulfilledBy": "ME"},
        {"includedData": "BUYER,EVERYTHING"},
        {"marketplaceIds": "NOWHERE"},
        {"marketplaceIds": ",".join(["ATVPDKIKX0DER"] * 51)},
        {"maxResultsPerPage": "0"},
        {"maxResultsPerPage": "101"},
        {"maxResultsPerPage": "many"},
        {"paginationToken": "not-a-token"},
    ],
)
def test_a_search_that_breaks_a_rule_is_invalid_input(desk, query):
    assert errors(desk.search(**query))[:2] == (400, "InvalidInput")


def test_an_offset_with_its_plus_encoded_is_fine(desk):
    desk.amazon.place([TENT])
    desk.later(hours=1)
    desk.log_in()
    assert len(desk.found(lastUpdatedAfter="2026-03-01T21:00:00+09:00")) == 1
    assert len(desk.found(lastUpdatedAfter="2026-03-01T21:00:01+09:00")) == 0


def test_two_minutes_before_the_request_is_just_allowed(desk):
    assert desk.search(lastUpdatedBefore="2026-03-01T11:58:00Z").status_code == 200


def test_filters_take_lists_by_comma_or_by_repeated_key(desk):
    pending = desk.amazon.place([TENT])
    unshipped = desk.unshipped()
    fba = desk.unshipped(fulfilled_by="AMAZON")
    british = desk.unshipped(marketplace_id="A1F83G8C2ARO7P")
    desk.later(minutes=5)
    assert desk.found(fulfillmentStatuses="PENDING,SHIPPED") == [pending]
    assert set(desk.found(fulfillmentStatuses=["PENDING", "UNSHIPPED"])) == {pending, unshipped, fba, british}
    assert desk.found(fulfilledBy="AMAZON") == [fba]
    assert desk.found(marketplaceIds="A1F83G8C2ARO7P") == [british]
    assert len(desk.found(marketplaceIds="A1F83G8C2ARO7P,ATVPDKIKX0DER", fulfilledBy="MERCHANT,AMAZON")) == 4


def test_unknown_parameters_are_tolerated(desk):
    assert desk.search(MarketplaceIds="ATVPDKIKX0DER", marketplace_ids="x").status_code == 200


def test_a_marketplace_that_the_seller_is_not_in_is_forbidden(desk):
    desk.amazon.sellers[SELLER_ID].marketplace_ids = ("ATVPDKIKX0DER",)
    assert desk.search(marketplaceIds="A1PA6795UKMFR9").status_code == 403


def test_pages_follow_each_other_without_gap_or_repeat(desk):
    placed = {desk.amazon.place([TENT]) for _ in range(7)}
    desk.later(minutes=5)
    first = desk.search(maxResultsPerPage="3").json
    second = desk.search(maxResultsPerPage="3", paginationToken=first["pagination"]["nextToken"]).json
    third = desk.search(maxResultsPerPage="100", paginationToken=second["pagination"]["nextToken"]).json
    assert [len(page["orders"]) for page in (first, second, third)] == [3, 3, 1]
    assert {order["orderId"] for page in (first, second, third) for order in page["orders"]} == placed
    assert "pagination" not in third
    assert first["lastUpdatedBefore"] == second["lastUpdatedBefore"] == third["lastUpdatedBefore"]


def test_a_full_last_page_promises_no_next_one(desk):
    for _ in range(3):
        desk.amazon.place([TENT])
    desk.later(minutes=5)
    assert "pagination" not in desk.search(maxResultsPerPage="3").json


def test_the_echo_stays_though_time_passes_between_pages(desk):
    for _ in range(3):
        desk.amazon.place([TENT])
    desk.later(minutes=5)
    first = desk.search(maxResultsPerPage="2").json
    late = desk.amazon.place([TENT])
    desk.later(minutes=30)
    last = desk.search(maxResultsPerPage="2", paginationToken=first["pagination"]["nextToken"]).json
    assert last["lastUpdatedBefore"] == first["lastUpdatedBefore"]
    assert late not in [order["orderId"] for order in last["orders"]]
    assert late in desk.found(lastUpdatedAfter=first["lastUpdatedBefore"])


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"lastUpdatedAfter": "2026-01-02T00:00:00Z"}, 400),
        ({"fulfilledBy": "MERCHANT"}, 400),
        ({"marketplaceIds": "ATVPDKIKX0DER"}, 400),
        ({"maxResultsPerPage": "5"}, 200),
        ({"includedData": EVERYTHING}, 200),
    ],
)
def test_a_pagination_token_is_tied_to_the_parameters_of_page_one(desk, change, status):
    for _ in range(3):
        desk.amazon.place([TENT])
    desk.later(minutes=5)
    token = desk.search(maxResultsPerPage="2").json["pagination"]["nextToken"]
    answer = desk.search(**({"maxResultsPerPage": "2", "paginationToken": token} | change))
    assert answer.status_code == status
    if status == 400:
        assert errors(answer)[2] == (
            "The paginationToken you have submitted is not valid. "
            "All parameters must match the original request except maxResultsPerPage."
        )


def test_a_pagination_token_lives_for_a_day(desk):
    for _ in range(2):
        desk.amazon.place([TENT])
    desk.later(minutes=5)
    token = desk.search(maxResultsPerPage="1").json["pagination"]["nextToken"]
    desk.later(hours=24)
    desk.log_in()
    assert desk.search(maxResultsPerPage="1", paginationToken=token).status_code == 200
    desk.later(seconds=1)
    assert desk.search(maxResultsPerPage="1", paginationToken=token).status_code == 400


def test_an_order_that_changes_between_pages_is_found_by_the_next_search(desk):
    placed = [desk.amazon.place([TENT]) for _ in range(4)]
    desk.later(minutes=5)
    first = desk.search(maxResultsPerPage="2").json
    seen = [order["orderId"] for order in first["orders"]]
    moved = next(order_id for order_id in placed if order_id not in seen)
    desk.amazon.verify_payment(moved)
    desk.later(minutes=5)
    second = desk.search(maxResultsPerPage="2", paginationToken=first["pagination"]["nextToken"]).json
    assert moved not in [order["orderId"] for order in second["orders"]]
    assert desk.found(lastUpdatedAfter=first["lastUpdatedBefore"]) == [moved]


def test_an_order_may_become_visible_late_but_can_be_fetched_at_once(desk):
    order_id = desk.amazon.place([TENT], visible_after=600)
    desk.later(seconds=599)
    assert desk.found() == []
    assert desk.get(order_id)["orderId"] == order_id
    desk.later(seconds=1)
    assert desk.found() == [order_id]


def test_only_what_is_asked_for_is_included(desk):
    order_id = desk.unshipped(MUGS)
    bare = desk.get(order_id, "")
    assert set(bare) == {"orderId", "createdTime", "lastUpdatedTime", "programs", "salesChannel", "orderItems"}
    assert set(bare["orderItems"][0]) == {"orderItemId", "quantityOrdered", "product"}
    assert set(desk.get(order_id, "BUYER,TAX")) - set(bare) == {"buyer"}
    assert set(desk.get(order_id, "PROCEEDS")["orderItems"][0]) - set(bare["orderItems"][0]) == {"proceeds"}
    everything = desk.get(order_id)
    assert {"buyer", "recipient", "proceeds", "payment", "fulfillment"} <= set(everything)


def test_without_the_role_personal_data_is_absent_and_the_answer_is_200(desk):
    order_id = desk.unshipped()
    desk.amazon.sellers[SELLER_ID].restricted_data = False
    order = desk.get(order_id)
    assert order["buyer"] == {}
    assert set(order["recipient"]["deliveryAddress"]) == {"city", "stateOrRegion", "countryCode", "addressType"}
    desk.later(minutes=3)
    found = desk.search(includedData=EVERYTHING).json["orders"][0]
    assert "name" not in found["recipient"]["deliveryAddress"]


@pytest.mark.parametrize("order_id", ["111-0000000-0000000", "unknown"])
def test_an_order_that_is_not_there_is_refused(desk, order_id):
    answer = desk.http.get(f"/amazon/orders/2026-01-01/orders/{order_id}", headers=desk.headers)
    expected = (400, "InvalidInput") if order_id == "unknown" else (404, "NotFound")
    assert errors(answer)[:2] == expected


def test_amazons_own_examples_come_back_as_they_are(desk):
    cases = contract("sandbox_cases.json")
    shown = 0
    for case in cases:
        response = case["response"]
        for order in response.get("orders", [response["order"]] if "order" in response else []):
            desk.amazon.put(copy.deepcopy(order))
            included = case["request"]["parameters"].get("includedData", {"value": []})["value"]
            assert desk.get(order["orderId"], ",".join(included)) == order
            shown += 1
    assert shown >= 4
