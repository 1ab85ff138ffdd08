"""searchCriteria, fields, and the odds and ends of Magento's HTTP face."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bridge.sandbox.search_criteria import collated, project, query_tree
from tests.sandbox.commerce_shop import CommerceClient, entity, line, where


@pytest.fixture
def shop() -> CommerceClient:
    client = CommerceClient()
    for place, total in enumerate((30, 10, 20), start=1):
        state = "new" if place == 2 else "processing"
        more = {"state": state, "ext_order_id": f"EXT-{place}", "grand_total": total}
        if place == 3:
            more["customer_firstname"] = "Zoë"
        client.post("orders", entity(f"AMZ-{place}", **more))
        client.world.clock.advance(timedelta(hours=1))
    return client


def numbers(shop: CommerceClient, query: str) -> list[str]:
    return [order["increment_id"] for order in shop.get(f"orders?{query}")["items"]]


@pytest.mark.parametrize(
    ("name", "value", "condition", "found"),
    [
        ("grand_total", "20", "gt", [1]),
        ("grand_total", "20", "gteq", [1, 3]),
        ("grand_total", "20", "lt", [2]),
        ("grand_total", "20", "lteq", [2, 3]),
        ("grand_total", "20.0000", "eq", [3]),
        ("state", "new", "neq", [1, 3]),
        ("increment_id", "amz-1,AMZ-3,AMZ-9", "in", [1, 3]),
        ("increment_id", "AMZ-1,AMZ-3", "nin", [2]),
        ("ext_order_id", "%-2", "like", [2]),
        ("customer_firstname", "", "null", [1, 2]),
        ("customer_firstname", "", "notnull", [3]),
        ("customer_firstname", "ZOE", "eq", [3]),
        ("entity_id", "2", "eq", [2]),
        ("entity_id", "2,3", "in", [2, 3]),
        ("updated_at", "2026-11-23T04:00:00Z", "gteq", [2, 3]),
        ("updated_at", "2026-11-23 04:00:00", "gt", [3]),
        ("created_at", "2026-11-23T04:00:00%2B00:00", "from", [2, 3]),
        ("created_at", "2026-11-23 04:00:00", "to", [1, 2]),
    ],
)
def test_a_filter_finds(shop, name, value, condition, found):
    assert numbers(shop, where(name, value, condition)) == [f"AMZ-{place}" for place in found]


def test_filters_are_or_ed_in_a_group_and_groups_and_ed(shop):
    first = "searchCriteria[filter_groups][0][filters][0]"
    second = "searchCriteria[filter_groups][0][filters][1]"
    either = f"{first}[field]=increment_id&{first}[value]=AMZ-1&{second}[field]=increment_id&{second}[value]=AMZ-2"
    assert numbers(shop, either) == ["AMZ-1", "AMZ-2"]
    third = "searchCriteria[filter_groups][1][filters][0]"
    assert numbers(shop, f"{either}&{third}[field]=state&{third}[value]=new") == ["AMZ-2"]


def test_camel_case_criteria_are_understood(shop):
    camel = "searchCriteria[filterGroups][0][filters][0]"
    query = f"{camel}[field]=grand_total&{camel}[value]=20&{camel}[conditionType]=gteq"
    assert numbers(shop, query) == ["AMZ-1", "AMZ-3"]


def test_sorted_pages_and_the_true_count_past_the_end(shop):
    sort = "searchCriteria[sortOrders][0][field]=grand_total&searchCriteria[sortOrders][0][direction]=DESC"
    page = "searchCriteria[pageSize]=2&searchCriteria[currentPage]="
    assert numbers(shop, f"{sort}&{page}1") == ["AMZ-1", "AMZ-3"]
    assert numbers(shop, f"{sort}&{page}2") == ["AMZ-2"]
    past = shop.get(f"orders?{sort}&{page}9")
    assert (past["items"], past["total_count"]) == ([], 3)
    assert past["search_criteria"]["sort_orders"] == [{"field": "grand_total", "direction": "DESC"}]


def test_an_unknown_condition_or_column_is_an_internal_error(shop):
    for query in (where("state", "new", "nonsense"), where("nope_field", "1")):
        status, body = shop.refusal("GET", f"orders?{query}")
        assert status == 500
        assert body["message"].startswith(
            "Internal Error. Details are available in Magento log file. Report ID: webapi-"
        )


def test_a_product_attribute_that_does_not_exist_is_named(shop):
    assert shop.refusal("GET", f"products?{where('colour', 'red')}")[0] == 400


@pytest.mark.parametrize(
    ("reply", "fields", "cut"),
    [
        ({"items": [{"id": 1, "sku": "A"}], "total_count": 1}, "items[sku]", {"items": [{"sku": "A"}]}),
        ({"items": [], "total_count": 0}, "items[sku],total_count", {"items": None, "total_count": 0}),
        ({"items": [], "total_count": 0}, "items", {"items": []}),
        ({"a": {"b": {"c": 1, "d": 2}}}, "a[b[c]]", {"a": {"b": {"c": 1}}}),
        ([{"id": 1, "code": "x"}], "code", [{"code": "x"}]),
        ({"items": [{"tracks": []}]}, "items[tracks[title]]", {"items": [{"tracks": None}]}),
        ({"a": 1}, "a[", []),
        (True, "a", True),
    ],
)
def test_fields_cut_a_reply(reply, fields, cut):
    assert project(reply, fields) == cut


def test_a_query_is_read_as_php_reads_it():
    assert query_tree("a[b][0]=1&a[b][1]=2+3&c&d=1&d=2") == {"a": {"b": {"0": "1", "1": "2 3"}}, "c": "", "d": "2"}
    assert query_tree("s[]=x&s[]=y") == {"s": {"0": "x", "1": "y"}}


def test_texts_are_compared_as_the_database_does():
    assert collated("ÜBER-Tasse ") == collated("uber-tasse")
    assert collated("MUG") != collated("MUGS")


# The HTTP face


def test_an_accept_header_without_json_is_answered_with_a_page(shop):
    response = shop.send("GET", "store/websites", headers={"Accept": "text/plain"})
    assert (response.status_code, response.mimetype) == (500, "text/html")


def test_an_unknown_store_code_is_refused(shop):
    headers = {"Authorization": f"Bearer {shop.shop.bearer}"}
    response = shop.http.get("/commerce/rest/nowhere/V1/store/websites", headers=headers)
    assert (response.status_code, response.get_json()) == (400, {"message": "Specified request cannot be processed."})


def test_without_a_store_code_the_default_view_answers(shop):
    headers = {"Authorization": f"Bearer {shop.shop.bearer}"}
    assert shop.http.get("/commerce/rest/V1/store/websites", headers=headers).status_code == 200


def test_countries_need_no_token_and_know_their_regions(shop):
    us = shop.http.get("/commerce/rest/all/V1/directory/countries/US").get_json()
    assert {"id": "57", "code": "TX", "name": "Texas"} in us["available_regions"]
    codes = {c["id"] for c in shop.http.get("/commerce/rest/all/V1/directory/countries").get_json()}
    assert {"US", "CA", "GB", "DE", "FR", "IN", "JP", "MX"} <= codes


def test_an_authenticated_reply_sets_a_session_cookie_and_an_unknown_route_does_not(shop):
    cookie = shop.send("GET", "store/websites").headers["Set-Cookie"]
    assert cookie.startswith("PHPSESSID=")
    assert "HttpOnly" in cookie
    assert "Set-Cookie" not in shop.send("GET", "no/such/route").headers


def test_an_id_that_is_no_number_is_refused(shop):
    status, body = shop.refusal("GET", "orders/abc")
    assert (status, body["message"][:27]) == (400, 'The "abc" value\'s type is i')


def test_the_version_is_open_to_all(shop):
    assert shop.http.get("/commerce/magento_version").get_data(as_text=True) == "Magento/2.4 (Community)"


def test_stores_show_their_currency(shop):
    website_id = shop.shop.add_website("eu", "Europe", "EUR")
    shop.shop.add_store_view("amazon_de", "Amazon DE", website_id)
    shop.shop.set_base_currency("CAD")
    configs = {config["code"]: config for config in shop.get("store/storeConfigs")}
    assert configs["amazon_de"]["base_currency_code"] == "EUR"
    assert configs["default"]["default_display_currency_code"] == "CAD"
    assert [g["website_id"] for g in shop.get("store/storeGroups")] == [0, 1, 2]
    assert [c["code"] for c in shop.get("store/storeConfigs?storeCodes[0]=amazon_de")] == ["amazon_de"]


def test_a_customer_gets_a_welcome_mail_unless_the_view_sends_none(shop):
    customer = {"email": "jane@example.com", "firstname": "Jane", "lastname": "Doe", "website_id": 1, "store_id": 1}
    created = shop.post("customers", {"customer": customer})
    shop.post("customers", {"customer": customer | {"email": "joe@example.com", "store_id": 2}})
    assert shop.shop.mails == [("welcome", "jane@example.com", 1)]
    found = shop.get("customers/search?" + where("email", "JANE@example.com"))
    assert [c["id"] for c in found["items"]] == [created["id"]]
    assert shop.get(f"customers/{created['id']}") == created
    assert shop.refusal("GET", "customers/99")[0] == 404


def test_a_shipment_mails_on_request_in_a_view_that_sends_mail(shop):
    for number, store_id in (("AMZ-7", 1), ("AMZ-8", 2)):
        order_id = shop.post("orders", entity(number, store_id=store_id))["entity_id"]
        shop.post(f"order/{order_id}/ship", {"notify": True})
    assert shop.shop.mails == [("shipment", "jane@example.com", 1)]


def test_a_shop_with_input_limits_takes_short_lists_and_small_pages(shop):
    shop.shop.input_limit = 20
    limit = {"type": "\\Magento\\Sales\\Api\\Data\\OrderItemInterface", "max": 20}
    refusal = shop.refusal("POST", "orders", entity("AMZ-21", [line()] * 21))
    assert refusal == (400, {"message": 'Maximum items of type "%type" is %max', "parameters": limit})
    assert shop.post("orders", entity("AMZ-20", [line()] * 20))["total_item_count"] == 20
    page = "searchCriteria[pageSize]="
    refusal = shop.refusal("GET", f"orders?{page}301")
    assert refusal == (400, {"message": "Maximum SearchCriteria pageSize is %max", "parameters": {"max": 300}})
    assert shop.get(f"orders?{page}300")["total_count"] == 4
    assert shop.get("products?searchCriteria=")["search_criteria"]["page_size"] == 20


def test_the_small_reads_of_an_order(shop):
    assert shop.get("orders/2/statuses") == "processing"
    shop.shop.invoice(2)
    shop.shop.ship(2)
    assert shop.get("invoices/1")["grand_total"] == shop.get("invoices?searchCriteria=")["items"][0]["grand_total"]
    shop.post("order/2/refund", {})
    assert shop.get("creditmemo/1")["order_id"] == shop.get("creditmemos?searchCriteria=")["items"][0]["order_id"]
    assert shop.refusal("GET", "invoices/9")[0] == 404
    shop.shop.add_track(1, "ups", "UPS", "1Z")
    assert shop.send("DELETE", "shipment/track/1").get_json() is True
    assert shop.get("shipment/1")["tracks"] == []
    assert shop.refusal("DELETE", "shipment/track/1")[0] == 404
    assert shop.post("orders/2/emails") is True


def test_single_salable_reads(shop):
    assert shop.get("inventory/is-product-salable/NO-STOCK-MGMT/1") is True
    assert shop.get("inventory/is-product-salable/NOPE/1") is False
    answer = shop.get("inventory/is-product-salable-for-requested-qty/BLUE-MUG/1/101")
    assert (answer["salable"], len(answer["errors"])) == (False, 3)
    orphan = {"sku": "NOPE", "source_code": "default", "quantity": 7, "status": 1}
    assert shop.post("inventory/source-items", {"sourceItems": [orphan]}) == []
    assert shop.get("inventory/source-items?" + where("sku", "nope"))["items"] == [orphan]
    assert shop.post("inventory/source-items-delete", {"sourceItems": [orphan]}) == []
    assert shop.get("inventory/source-items?" + where("sku", "nope"))["total_count"] == 0
    assert shop.send("DELETE", "products/BLUE-MUG").get_json() is True
    assert shop.refusal("GET", "products/BLUE-MUG")[0] == 404
