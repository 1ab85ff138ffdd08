"""The body of POST /V1/orders: Amazon's figures exactly, only what Magento knows, nothing longer than it keeps."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from functools import cache
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.commerce.figures import number
from bridge.commerce.people import NO_PHONE, NO_POSTCODE, NOT_PROVIDED
from bridge.commerce.wire import LENGTHS, order_body
from bridge.domain.draft import build_draft
from bridge.domain.money import exponent
from bridge.domain.order import Address, Channel, LineAmounts, OrderSnapshot
from bridge.errors import InvalidInput
from tests.clients.commerce_desk import Desk, shared
from tests.domain.orders import JANE, SHOP, make_line, make_order, orders, products_for, relaxed


def entity_of(order: OrderSnapshot, *, quantity: int = 1, shop=SHOP, **more: Any) -> dict[str, Any]:
    """The body's entity, with what push usually asks for."""
    draft = build_draft(order, products_for(order, quantity))
    asked = {"increment_id": None, "state": "processing", "status": "processing"} | more
    return order_body(order, draft, replace(shop, base_currency=draft.currency), **asked)["entity"]


@cache
def validator() -> jsonschema.Draft4Validator:
    """The body's schema as Adobe publishes it, with unknown properties forbidden all the way down."""
    whole = json.loads(shared("contracts", "magento", "magento-rest-2.4.openapi.json").read_text())
    parameters = whole["paths"]["/V1/orders"]["post"]["parameters"]
    body = next(p["schema"] for p in parameters if p["in"] == "body")
    for definition in whole["definitions"].values():
        if "properties" in definition:
            definition["additionalProperties"] = False
    forbidding = body | {"additionalProperties": False, "definitions": whole["definitions"]}
    return jsonschema.Draft4Validator(forbidding)


def shipping_address(entity: dict[str, Any]) -> dict[str, Any]:
    """Where Magento looks for it."""
    return entity["extension_attributes"]["shipping_assignments"][0]["shipping"]["address"]


def exact(amount: float) -> Decimal:
    """What the JSON text of the number says."""
    return Decimal(json.dumps(amount))


@given(orders(), st.booleans())
@settings(relaxed, max_examples=25)  # half a second each: the schema of an order is large
def test_every_body_stands_in_adobes_schema(order, numbered):
    body = {"entity": entity_of(order, increment_id="AMZ-1" if numbered else None, console_url="https://b.example/1")}
    validator().validate(body)
    json.dumps(body, allow_nan=False)


@given(orders(), st.integers(1, 7))
@relaxed
def test_the_bodys_figures_are_amazons_to_the_last_unit(order, quantity):
    entity = entity_of(order, quantity=quantity)
    scale = exponent(order.currency)
    made = sum(exact(entity[name]) for name in ("subtotal", "discount_amount", "shipping_amount", "tax_amount"))
    total = Decimal(order.grand_total).scaleb(-scale)
    assert made == exact(entity["grand_total"]) == exact(entity["payment"]["amount_ordered"]) == total
    assert sum(exact(item["row_total"]) for item in entity["items"]) == exact(entity["subtotal"])
    line_tax = sum(exact(item["tax_amount"]) for item in entity["items"])
    assert line_tax + exact(entity["shipping_tax_amount"]) == exact(entity["tax_amount"])
    line_discount = sum(exact(item["discount_amount"]) for item in entity["items"])
    assert line_discount + exact(entity["shipping_discount_amount"]) == -exact(entity["discount_amount"])
    for part in (entity, entity["payment"], *entity["items"]):
        for name in part:
            if name.startswith("base_") and name[5:] in part and not name.endswith(("code", "rate")):
                assert part[name] == part[name[5:]], name


@given(orders())
@relaxed
def test_nothing_is_longer_than_magento_keeps(order):
    entity = entity_of(order, increment_id="AMZ-" + order.amazon_order_id)
    for address in (entity["billing_address"], shipping_address(entity)):
        required = ("firstname", "lastname", "city", "postcode", "country_id", "telephone", "email")
        assert all(address[name].strip() for name in required)
        assert all(len(value) <= 255 for value in address.values() if isinstance(value, str))
        assert 0 < len("\n".join(address["street"])) <= 255
        assert all(line.strip() for line in address["street"])
    assert all(0 < len(entity[f"customer_{name}"]) <= 128 for name in ("firstname", "lastname", "email"))
    assert all(len(item["name"]) <= 255 for item in entity["items"])
    text = json.dumps(entity, ensure_ascii=False)
    assert all(len(sign.encode()) <= 3 for sign in text), "the database would keep ????"


def test_the_order_of_the_facts_page_comes_out_as_measured():
    entity = entity_of(make_order(), increment_id="AMZ-113-1234567-1234567")
    expected = json.loads(shared("contracts", "magento", "bodies", "post_orders.json").read_text())["entity"]
    figures = {k: v for k, v in expected.items() if isinstance(v, int | float) and k != "store_id"}
    assert {k: entity[k] for k in figures} == figures
    own = {
        "price",
        "row_total",
        "tax_amount",
        "discount_amount",
        "qty_ordered",
        "row_total_incl_tax",
        "product_id",
        "row_weight",
    }
    assert {k: entity["items"][0][k] for k in own} == {k: expected["items"][0][k] for k in own}
    same = (
        "increment_id",
        "ext_order_id",
        "created_at",
        "customer_email",
        "base_currency_code",
    )
    assert {k: entity[k] for k in same} == {k: expected[k] for k in same}
    assert entity["billing_address"] == expected["billing_address"]
    assert entity["extension_attributes"] == expected["extension_attributes"]


def test_the_customer_is_the_buyer_and_the_parcel_goes_to_the_recipient():
    entity = entity_of(make_order(buyer_name="John Buyer", address=replace(JANE, name="Jane Doe")))
    assert (entity["customer_firstname"], entity["customer_lastname"]) == ("John", "Buyer")
    assert (entity["billing_address"]["firstname"], entity["billing_address"]["lastname"]) == ("Jane", "Doe")
    assert (entity["customer_is_guest"], "customer_id" in entity) == (1, False)


def test_a_buyer_without_name_is_called_as_the_recipient_and_the_other_way_round():
    assert entity_of(make_order(buyer_name=None))["customer_lastname"] == "Doe"
    entity = entity_of(make_order(address=replace(JANE, name=None)))
    assert entity["billing_address"]["lastname"] == "Buyer"


def test_a_customer_account_makes_no_guest_order():
    entity = entity_of(make_order(), customer_id=9)
    assert (entity["customer_id"], entity["customer_is_guest"], entity["customer_group_id"]) == (9, 0, 1)


def test_what_amazon_withholds_is_labelled_and_magento_takes_it():
    order = make_order(buyer_name=None, buyer_email=None, address=None)
    entity = entity_of(order, country="DE")
    address = entity["billing_address"]
    assert (address["firstname"], address["lastname"]) == ("Amazon", "customer")
    assert (address["street"], address["city"]) == ([NOT_PROVIDED], NOT_PROVIDED)
    assert (address["postcode"], address["telephone"], address["country_id"]) == (NO_POSTCODE, NO_PHONE, "DE")
    assert entity["customer_email"] == "113-1234567-1234567@marketplace.example.com"
    assert Desk().client.create_order({"entity": entity}).state == "processing"


@pytest.mark.parametrize("given_email", ["not an address", "a@b", "x" * 130 + "@example.com", "ü@example.com", ""])
def test_an_e_mail_address_that_magento_refuses_is_replaced(given_email):
    entity = entity_of(make_order(buyer_email=given_email))
    assert entity["customer_email"] == "113-1234567-1234567@marketplace.example.com"


@pytest.mark.parametrize(
    ("region", "county", "expected"),
    [
        ("texas", None, {"region": "Texas", "region_code": "TX", "region_id": 57}),
        ("TX", "Travis", {"region": "Texas", "region_code": "TX", "region_id": 57}),
        ("Nowhere", None, {"region": "Nowhere"}),
        (None, "Kent", {"region": "Kent"}),
        (None, None, {}),
    ],
)
def test_a_region_is_magentos_own_where_magento_knows_it(region, county, expected):
    address = replace(JANE, region=region, county=county)
    shown = entity_of(make_order(address=address))["billing_address"]
    assert {name: value for name, value in shown.items() if name.startswith("region")} == expected


def test_a_county_beside_a_region_is_kept_in_the_street():
    address = replace(JANE, county="Travis")
    assert entity_of(make_order(address=address))["billing_address"]["street"] == ["1 Main St", "Apt 2", "Travis"]


def test_a_street_is_cut_to_what_one_column_keeps():
    address = replace(JANE, lines=("a" * 200, "b" * 100))
    assert entity_of(make_order(address=address))["billing_address"]["street"] == ["a" * 200, "b" * 54]


@pytest.mark.parametrize(("country", "kept"), [("UK", "GB"), ("gb", "GB"), ("PR", "PR"), ("US", "US")])
def test_a_country_is_named_by_its_iso_code(country, kept):
    assert entity_of(make_order(address=replace(JANE, country=country)))["billing_address"]["country_id"] == kept


def test_a_listing_without_a_title_that_can_be_kept_is_called_by_its_sku():
    assert entity_of(make_order(make_line(title="🎉")))["items"][0]["name"] == "BLUE-MUG"


def test_a_business_buyers_company_stands_in_the_billing_address():
    entity = entity_of(make_order(buyer_company="ACME", purchase_order_number="PO-7"))
    assert entity["billing_address"]["company"] == "ACME"
    assert "company" not in shipping_address(entity)
    assert "purchase order PO-7" in entity["status_histories"][0]["comment"]


def test_the_history_tells_what_no_field_holds():
    line = make_line(
        gift_message="For <you>\nJane", gift_wrap_level="Classic", customized_url="https://c.example/?a=1&b=2",
        ioss_number="IM1", shipping_needs="signature of the recipient",
    )  # fmt: skip
    ship_by = datetime(2026, 10, 1, 23, 59, tzinfo=timezone(timedelta(hours=-7)))
    told = replace(JANE, tax_id="GB1", tax_office="Office 7", instructions="Porch; <mill>")
    order = make_order(
        line, programs=("PRIME",), ship_by=ship_by, replaces="113-0", tax_collected_by_amazon=True, address=told
    )
    (history,) = entity_of(order, console_url="https://b.example/orders/7?a=1&b=2")["status_histories"]
    assert history["comment"] == (
        'Amazon order <a href="https://b.example/orders/7?a=1&amp;b=2">113-1234567-1234567</a>, paid on Amazon; '
        "Standard; programs: Prime; ship by 2026-10-02 06:59:00 UTC; in place of order 113-0; "
        "buyer's tax office Office 7; delivery instructions Porch; &lt;mill&gt;; IOSS number IM1; "
        "tax is collected and paid by Amazon.<br>"
        "BLUE-MUG: needs signature of the recipient<br>"
        "BLUE-MUG: gift wrap Classic<br>BLUE-MUG: gift message: For &lt;you&gt;<br>Jane<br>"
        'BLUE-MUG: <a href="https://c.example/?a=1&amp;b=2">customization</a>'
    )
    assert (history["status"], history["is_customer_notified"], history["is_visible_on_front"]) == ("processing", 0, 0)


def test_a_customization_that_is_no_web_address_makes_no_link():
    entity = entity_of(make_order(make_line(customized_url="javascript:alert(1)")))
    assert "javascript" not in entity["status_histories"][0]["comment"]


def test_what_amazon_shipped_is_recorded_as_settled():
    entity = entity_of(make_order(channel=Channel.FBA, tip=100), state="processing", status="custom")
    item, tip = entity["items"]
    assert (entity["state"], entity["status"], entity["status_histories"][0]["status"]) == ("complete",) * 3
    assert (entity["total_paid"], entity["total_invoiced"], entity["total_due"]) == (44.68, 44.68, 0)
    assert (entity["subtotal_invoiced"], entity["tax_invoiced"], entity["shipping_invoiced"]) == (40.98, 3.71, 4.99)
    assert entity["discount_invoiced"] == -5
    assert (item["qty_invoiced"], item["qty_shipped"], item["row_invoiced"]) == (2, 2, 39.98)
    assert (item["tax_invoiced"], item["discount_invoiced"]) == (3.3, 5)
    assert (tip["qty_invoiced"], tip["qty_shipped"]) == (1, 0)
    assert entity["payment"]["amount_paid"] == 44.68


def test_a_settled_order_is_complete_in_the_shop_and_moves_no_stock():
    desk = Desk()
    product = desk.client.products(["BLUE-MUG"])["BLUE-MUG"]
    order = make_order(channel=Channel.FBA)
    products = products_for(order)
    products = {key: replace(standing, product=product) for key, standing in products.items()}
    body = order_body(order, build_draft(order, products), SHOP, increment_id=None, state="complete", status="complete")
    made = desk.client.create_order(body)
    (shown,) = desk.client.orders([made.entity_id])
    assert (shown.state, shown.grand_total, shown.total_invoiced) == ("complete", Decimal("43.68"), Decimal("43.68"))
    assert desk.shop.source_quantity("BLUE-MUG") == desk.shop.salable_quantity("BLUE-MUG") == 100
    assert not desk.client.cancel(made.entity_id)


def test_an_order_with_fees_completes_once_its_goods_are_shipped_and_it_is_invoiced():
    desk = Desk()
    amounts = LineAmounts(item=1000, gift_wrap=399, gift_wrap_tax=31, cod_fee=200, cod_fee_discount=50, total=1580)
    made = desk.client.create_order({"entity": entity_of(make_order(make_line(amounts=amounts)))})
    goods = [line for line in made.lines if not line.is_virtual]
    desk.client.ship(made.entity_id, {goods[0].item_id: 2})
    desk.client.invoice(made.entity_id)
    (shown,) = desk.client.orders([made.entity_id])
    assert (shown.state, shown.total_invoiced, shown.grand_total) == ("complete", Decimal("15.80"), Decimal("15.80"))


def test_the_number_is_left_to_commerce_when_none_is_given():
    assert "increment_id" not in entity_of(make_order())
    assert entity_of(make_order(), increment_id="AMZ-7")["increment_id"] == "AMZ-7"


@pytest.mark.parametrize("name", ["increment_id", "status", "ext_order_id"])
def test_a_number_or_code_is_refused_rather_than_cut(name):
    too_long = "x" * (LENGTHS[name] + 1)
    order = make_order(amazon_order_id=too_long) if name == "ext_order_id" else make_order()
    more = {} if name == "ext_order_id" else {name: too_long}
    with pytest.raises(InvalidInput, match=name):
        entity_of(order, **more)


def test_an_order_in_another_currency_than_the_websites_makes_no_body():
    order = make_order()
    with pytest.raises(ValueError, match="USD"):
        order_body(
            order,
            build_draft(order, products_for(order)),
            replace(SHOP, base_currency="EUR"),
            increment_id=None,
            state="processing",
            status="processing",
        )


@given(st.integers(-(10**14), 10**14), st.integers(0, 4))
@relaxed
def test_a_json_number_prints_as_the_amount(minor, decimals):
    value = Decimal(minor).scaleb(-decimals)
    assert Decimal(json.dumps(number(value))) == value


def test_an_amount_that_no_json_number_prints_is_refused():
    with pytest.raises(ValueError, match="cannot be written"):
        number(Decimal("12345678901234567.8901"))


def test_the_time_is_the_purchases_in_utc():
    bought = datetime(2026, 9, 30, 23, 3, 11, 999, tzinfo=timezone(timedelta(hours=-8)))
    assert entity_of(make_order(purchase_date=bought))["created_at"] == "2026-10-01 07:03:11"
    assert entity_of(make_order(purchase_date=bought.astimezone(UTC)))["created_at"] == "2026-10-01 07:03:11"


def test_a_recipient_known_by_company_alone_keeps_it():
    shown = entity_of(make_order(buyer_name=None, address=Address(company="ACME GmbH", lines=("1 St",))))[
        "billing_address"
    ]
    assert (shown["firstname"], shown["lastname"], shown["company"]) == ("ACME", "GmbH", "ACME GmbH")


def test_the_shipping_description_shows_number_service_programs_and_ship_by_date():
    ship_by = datetime(2026, 10, 1, 23, 59, tzinfo=timezone(timedelta(hours=-7)))
    order = make_order(service_level="SAME_DAY", programs=("PRIME", "AMAZON_BUSINESS"), ship_by=ship_by)
    described = entity_of(order)["shipping_description"]
    number = order.amazon_order_id
    assert described == f"Amazon {number} - Same Day - Prime - Amazon Business - ship by 2026-10-02 06:59 UTC"
    assert entity_of(order)["payment"]["po_number"] == number
    fba = entity_of(replace(order, channel=Channel.FBA, programs=()))["shipping_description"]
    assert fba == f"Amazon {number} - Same Day - shipped by Amazon"
    assert entity_of(make_order(service_level=None))["shipping_description"] == f"Amazon {number} - Shipping"
    long = entity_of(replace(order, programs=("SOMETHING_LONG",) * 40))["shipping_description"]
    assert len(long) <= 255
    assert long.startswith(f"Amazon {number} - ")


@given(orders(), st.sampled_from(["USD", "EUR", "JPY", "KWD"]))
@settings(relaxed, max_examples=40)
def test_the_tax_rows_are_the_orders_tax_in_both_currencies(order, base):
    rates = {currency: Decimal("1.0837") for currency in ("USD", "EUR", "JPY", "KWD")}
    draft = build_draft(order, products_for(order))
    shop = replace(SHOP, base_currency=base, rates=rates, tax_rows=True)
    entity = order_body(order, draft, shop, increment_id=None, state="processing", status="processing")["entity"]
    extension = entity["extension_attributes"]
    rows = [row for item in entity["items"] for row in item.get("extension_attributes", {}).get("itemized_taxes", [])]
    rows += extension.get("additional_itemized_taxes", [])
    taxes = extension.get("taxes", [])
    assert len(taxes) == bool(draft.tax)
    for side, kept in (("amount", "tax_amount"), ("base_amount", "base_tax_amount")):
        for held in (rows, taxes):
            assert sum((exact(row[side]) for row in held), Decimal(0)) == exact(entity[kept])
    assert {row["tax_code"] for row in rows} <= {tax["code"] for tax in taxes}


@pytest.mark.parametrize(
    ("taxes", "percent"), [((330, 41), 8.25), ((330, 99), 0), ((330, 0), 8.25), ((0, 41), 8.22), ((0, 0), None)]
)
def test_a_rate_is_named_only_where_one_rate_explains_every_tax(taxes, percent):
    item_tax, shipping_tax = taxes
    amounts = LineAmounts(
        item=4000, item_tax=item_tax, shipping=499, shipping_tax=shipping_tax, total=4499 + sum(taxes)
    )
    entity = entity_of(make_order(make_line(amounts=amounts)), shop=replace(SHOP, tax_rows=True))
    kept = entity["extension_attributes"].get("taxes", [])
    assert [tax["percent"] for tax in kept] == ([] if percent is None else [percent])
