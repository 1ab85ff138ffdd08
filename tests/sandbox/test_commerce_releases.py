"""In what the sandbox's shop differs from release to release, and how a client can tell."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.commerce_shop import CommerceClient, entity

EXTENSION = "sales-data-order-extension-interface"
ITEM_EXTENSION = "sales-data-order-item-extension-interface"
TAX = {"code": "A", "title": "A", "percent": 5, "amount": 1, "base_amount": 1, "base_real_amount": 1}


def taxed(number: str) -> dict[str, Any]:
    body = entity(number)
    body["entity"]["extension_attributes"]["taxes"] = [TAX]
    return body


def schema(shop: CommerceClient, **more: Any) -> dict[str, Any]:
    answer = shop.http.get(
        "/commerce/rest/all/schema?services=salesOrderRepositoryV1",
        headers={"Authorization": f"Bearer {shop.shop.bearer}"} | more,
    )
    assert answer.status_code == 200, answer.get_data(as_text=True)
    return answer.get_json()


@pytest.mark.parametrize(("release", "known"), [("2.4.6", False), ("2.4.7", True), ("2.4.8", True), ("2.4.9", True)])
def test_tax_rows_came_with_2_4_7_and_the_schema_says_so(release, known):
    shop = CommerceClient()
    shop.shop.release = release
    definitions = schema(shop)["definitions"]
    assert ("taxes" in definitions[EXTENSION]["properties"]) is known
    assert ("itemized_taxes" in definitions[ITEM_EXTENSION]["properties"]) is known
    assert shop.http.get("/commerce/magento_version").get_data(as_text=True) == "Magento/2.4 (Community)"
    answer = shop.send("POST", "orders", taxed("AMZ-1"))
    assert answer.status_code == (200 if known else 500)
    if not known:
        assert answer.get_json()["message"].startswith("Internal Error. Details are available in Magento log file.")
        assert shop.shop.orders == {}


def test_the_schema_leads_to_every_definition_that_it_names():
    whole = schema(CommerceClient())
    named = {part.split('"')[0] for part in str(whole).replace("'", '"').split("#/definitions/")[1:]}
    assert named <= whole["definitions"].keys()
    assert whole["definitions"]["sales-data-order-item-interface"]["properties"]["qty_ordered"] == {"type": "number"}


def test_the_schema_needs_rights_and_a_known_service():
    shop = CommerceClient()
    answer = shop.http.get("/commerce/rest/all/schema?services=salesOrderRepositoryV1")
    assert answer.status_code == 401
    answer = shop.http.get("/commerce/rest/all/schema?services=nopeV1")
    assert answer.status_code == 400
    assert shop.http.get("/commerce/rest/nowhere/schema").status_code == 400


@pytest.mark.parametrize(("release", "status"), [("2.4.6", 500), ("2.4.7", 400)])
def test_an_unknown_property_is_refused_in_every_release_each_in_its_way(release, status):
    shop = CommerceClient()
    shop.shop.release = release
    assert shop.send("POST", "orders", entity("AMZ-1", FooBar=1)).status_code == status


@pytest.mark.parametrize(
    ("release", "own", "default", "other"),
    [
        ("2.4.6", "own", "own", "own"),  # any is taken, none changes the order
        ("2.4.7", "own", None, None),  # the order's own alone
        ("2.4.8", "own", "processing", None),  # one of the same state, which becomes the order's
    ],
)
def test_a_comment_with_a_status(release, own, default, other):
    shop = CommerceClient()
    shop.shop.release = release
    for status, after in (("own", own), ("processing", default), ("closed", other)):
        order = shop.post("orders", entity(f"AMZ-{release}-{status}", status="own"))
        answer = shop.send("POST", f"orders/{order['entity_id']}/comments", {"statusHistory": {"status": status}})
        assert answer.status_code == (400 if after is None else 200)
        assert shop.shop.orders[order["entity_id"]]["status"] == (after or "own")


def test_a_store_view_tells_its_currencies_and_their_rates():
    shop = CommerceClient()
    shop.shop.set_exchange_rate("GBP", 0.791345678, "amazon_us")
    shop.shop.set_exchange_rate("CHF", 0, "amazon_us")
    told = shop.http.get("/commerce/rest/amazon_us/V1/directory/currency").get_json()
    assert told["base_currency_code"] == "USD"
    assert told["available_currency_codes"] == ["USD", "GBP", "CHF"]
    rates = {"USD": 1, "GBP": 0.791345678, "CHF": 0}
    assert told["exchange_rates"] == [{"currency_to": code, "rate": rate} for code, rate in rates.items()]
    other = shop.http.get("/commerce/rest/default/V1/directory/currency").get_json()
    assert other["available_currency_codes"] == ["USD"]
