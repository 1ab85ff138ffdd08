"""Orders taken asynchronously: accepted at once, saved by the shop's consumer, and how it tells of those it cannot."""

from __future__ import annotations

import json
import pickle
from datetime import timedelta
from typing import Any

import pytest

from tests.sandbox.commerce_shop import CommerceClient, entity, line

ASYNC = "/commerce/rest/all/async/V1/orders"
BULK = "/commerce/rest/all/async/bulk/V1/orders"


@pytest.fixture
def shop() -> CommerceClient:
    return CommerceClient()


def asked(shop: CommerceClient, body: Any, path: str = BULK) -> tuple[int, Any]:
    answer = shop.http.post(path, json=body, headers={"Authorization": f"Bearer {shop.shop.bearer}"})
    return answer.status_code, answer.get_json()


def accepted(shop: CommerceClient, *orders: Any) -> str:
    status, answer = asked(shop, list(orders))
    assert status == 202
    return str(answer["bulk_uuid"])


def operations(shop: CommerceClient, uuid: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = shop.get(f"bulk/{uuid}/detailed-status")["operations_list"]
    return found


def consumed(shop: CommerceClient, uuid: str) -> list[dict[str, Any]]:
    shop.world.clock.advance(timedelta(seconds=2))
    return operations(shop, uuid)


def test_an_accepted_order_is_there_once_the_consumer_has_had_its_time(shop):
    uuid = accepted(shop, entity("AMZ-1"))
    shop.world.clock.advance(timedelta(seconds=1))
    [operation] = operations(shop, uuid)
    assert (operation["status"], operation["result_message"]) == (4, None)
    assert json.loads(json.loads(operation["serialized_data"])["meta_information"]) == entity("AMZ-1")
    assert shop.shop.orders == {}
    [operation] = consumed(shop, uuid)
    assert operation["status"] == 1
    saved = json.loads(operation["result_serialized_data"])
    assert shop.get(f"orders/{saved['entity_id']}")["increment_id"] == "AMZ-1"


def test_a_world_that_is_kept_keeps_what_waits(shop):
    uuid = accepted(shop, entity("AMZ-1"))
    kept = pickle.loads(pickle.dumps(shop.world))
    kept.clock.advance(timedelta(seconds=2))
    kept.shop.bulks.consume()
    assert kept.shop.bulks.by_uuid[uuid]["operations_list"][0]["status"] == 1
    assert (len(kept.shop.orders), len(shop.shop.orders)) == (1, 0)


def test_what_cannot_be_saved_fails_alone_and_says_why(shop):
    no_payment, no_phone = entity("AMZ-2"), entity("AMZ-4")
    del no_payment["entity"]["payment"]
    del no_phone["entity"]["billing_address"]["telephone"]
    bad_date = entity("AMZ-5", created_at="soon")
    uuid = accepted(
        shop, entity("AMZ-1"), entity("AMZ-1"), no_payment, entity("AMZ-3", store_id=99), no_phone, bad_date
    )
    found = consumed(shop, uuid)
    assert [(each["id"], each["status"], each["error_code"]) for each in found] == [
        (0, 1, None),
        *((place, 3, 0) for place in range(1, 6)),
    ]
    assert [each["result_message"] for each in found[1:5]] == [
        "Unique constraint violation found",
        "Please provide payment for the order.",
        "The store that was requested wasn't found. Verify the store and try again.",
        'We can\'t save the address:\n"Phone Number" is required. Enter and try again.',
    ]
    assert all(each["serialized_data"] and each["result_serialized_data"] is None for each in found[1:])
    assert len(shop.shop.orders) == 1


def test_a_body_of_the_wrong_form_is_refused_at_once_and_as_a_whole(shop):
    unknown = entity("AMZ-2", foo_bar=1)
    refusal = {"message": '"%fieldName" is not supported. Correct the field name and try again.'}
    refusal |= {"parameters": {"fieldName": "FooBar"}}
    assert asked(shop, [entity("AMZ-1"), unknown]) == (400, refusal)
    assert asked(shop, unknown, ASYNC) == (400, refusal)
    missing = {"message": '"%fieldName" is required. Enter and try again.', "parameters": {"fieldName": "entity"}}
    assert asked(shop, entity("AMZ-1")) == (400, missing)
    assert asked(shop, [entity("AMZ-1")], ASYNC) == (400, missing)
    shop.world.clock.advance(timedelta(seconds=2))
    assert shop.get("orders?searchCriteria=")["total_count"] == 0


def test_the_place_in_the_list_stays_the_number_of_an_operation(shop):
    status, answer = asked(shop, ["no object", entity("AMZ-1"), entity("AMZ-1")])
    assert (status, [item["id"] for item in answer["request_items"]]) == (202, [1, 2])
    assert len({item["data_hash"] for item in answer["request_items"]}) == 1
    assert asked(shop, [])[1]["request_items"] == []


def test_limits_of_input_are_wider_than_for_a_plain_call(shop):
    shop.shop.input_limit = 20
    uuid = accepted(shop, entity("AMZ-21", [line()] * 21))
    assert consumed(shop, uuid)[0]["status"] == 1
    limit = {"type": "\\Magento\\Sales\\Api\\Data\\OrderItemInterface", "max": 5000}
    refusal = (400, {"message": 'Maximum items of type "%type" is %max', "parameters": limit})
    assert asked(shop, {"entity": {"items": [{}] * 5001}}, ASYNC) == refusal


def test_only_the_routes_of_the_asynchronous_interface_are_there(shop):
    no_route = (404, {"message": "Request does not match any route."})
    for path in ("all/async/orders", "all/async/V1/customers", "all/async/bulk/orders", "all/V1/async/orders"):
        assert asked(shop, entity("AMZ-1"), f"/commerce/rest/{path}") == no_route
    assert asked(shop, entity("AMZ-1"), "/commerce/cloud/tenant/async/V1/orders") == no_route
    assert asked(shop, entity("AMZ-1"), "/commerce/rest/async/V1/orders")[0] == 202
    unknown = {"message": "Bulk uuid %bulkUuid not exist", "parameters": {"bulkUuid": "x"}}
    assert shop.refusal("GET", "bulk/x/detailed-status") == (404, unknown)
    shop.shop.rights = frozenset({"Magento_Sales::actions_view"})
    assert asked(shop, entity("AMZ-1"), ASYNC)[0] == 401
    assert shop.refusal("GET", "bulk/x/detailed-status")[0] == 401


def test_an_order_without_a_store_bears_the_name_of_the_view_that_was_asked(shop):
    body = entity("AMZ-1", store_id=None)
    assert asked(shop, body, "/commerce/rest/amazon_us/async/V1/orders")[0] == 202
    shop.world.clock.advance(timedelta(seconds=2))
    assert shop.post("orders", body)["store_name"] == "Admin\nDefault\nAdmin"
    names = [order["store_name"] for order in shop.get("orders?searchCriteria=")["items"]]
    assert names == ["Main Website\nMain Website Store\nAmazon US", "Admin\nDefault\nAdmin"]
