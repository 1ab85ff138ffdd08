"""Typed requests: the tables of properties against the published OpenAPI document, and what is refused."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any

import pytest

from bridge.sandbox.commerce_errors import CommerceError, MaskedError
from bridge.sandbox.commerce_input import number, typed
from bridge.sandbox.commerce_interfaces import INTERFACES, LENGTHS, REQUIRED
from bridge.sandbox.shop_columns import stored, utc_text
from tests.sandbox.commerce_shop import CommerceClient, entity, shared

PUBLISHED = {
    "Order": "sales-data-order-interface",
    "OrderItem": "sales-data-order-item-interface",
    "OrderAddress": "sales-data-order-address-interface",
    "OrderPayment": "sales-data-order-payment-interface",
    "OrderStatusHistory": "sales-data-order-status-history-interface",
    "OrderExtension": "sales-data-order-extension-interface",
    "OrderItemExtension": "sales-data-order-item-extension-interface",
    "ShippingAssignment": "sales-data-shipping-assignment-interface",
    "Shipping": "sales-data-shipping-interface",
    "Total": "sales-data-total-interface",
    "ShipmentItemCreation": "sales-data-shipment-item-creation-interface",
    "ShipmentTrackCreation": "sales-data-shipment-track-creation-interface",
    "ShipmentTrack": "sales-data-shipment-track-interface",
    "ShipmentCommentCreation": "sales-data-shipment-comment-creation-interface",
    "ShipmentCreationArguments": "sales-data-shipment-creation-arguments-interface",
    "ShipmentCreationArgumentsExtension": "sales-data-shipment-creation-arguments-extension-interface",
    "InvoiceItemCreation": "sales-data-invoice-item-creation-interface",
    "CreditmemoItemCreation": "sales-data-creditmemo-item-creation-interface",
    "CreditmemoCreationArguments": "sales-data-creditmemo-creation-arguments-interface",
    "OrderTax": "tax-data-order-tax-interface",
    "OrderTaxItem": "tax-data-order-tax-item-interface",
    "SourceItem": "inventory-api-data-source-item-interface",
    "Source": "inventory-api-data-source-interface",
    "Stock": "inventory-api-data-stock-interface",
    "Customer": "customer-data-customer-interface",
    "Product": "catalog-data-product-interface",
    "StockItem": "catalog-inventory-data-stock-item-interface",
    "CartItem": "quote-data-cart-item-interface",
}
# Only Adobe Commerce and its B2B modules add these to extension_attributes.
COMMERCE_ONLY = ("gw_", "gift_cards", "base_", "customer_balance", "reward_", "company_", "custom_fees", "gift_card")
TYPES = {"number": "float", "integer": "int", "boolean": "bool", "string": "string"}


def published(definition: str) -> dict[str, str]:
    document = json.loads(shared("contracts", "magento", "magento-rest-2.4.openapi.json").read_text())
    properties: dict[str, dict[str, Any]] = document["definitions"][definition].get("properties", {})
    return {name: shape(schema) for name, schema in properties.items()}


def shape(schema: dict[str, Any]) -> str:
    """A scalar's name, "object" for anything else, with [] for lists."""
    if schema.get("type") == "array":
        return shape(schema["items"]) + "[]"
    return TYPES.get(schema.get("type", ""), "object")


def known(interface: str) -> dict[str, str]:
    scalars = set(TYPES.values())
    return {
        name: kind if kind.removesuffix("[]") in scalars else "object" + "[]" * kind.endswith("[]")
        for name, kind in INTERFACES[interface].items()
    }


@pytest.mark.parametrize("interface", PUBLISHED)
def test_a_table_is_what_the_openapi_document_says(interface: str) -> None:
    said = published(PUBLISHED[interface])
    if interface.endswith("Extension"):
        said = {name: kind for name, kind in said.items() if not name.startswith(COMMERCE_ONLY)}
    assert known(interface) == said


def test_each_type_is_a_scalar_or_another_table() -> None:
    scalars = {"int", "float", "string", "bool", "mixed"}
    for table in INTERFACES.values():
        assert {kind.removesuffix("[]") for kind in table.values()} <= scalars | INTERFACES.keys()


def test_lengths_and_required_properties_are_known_ones() -> None:
    for interface, names in [*LENGTHS.items(), *REQUIRED.items()]:
        assert set(names) <= INTERFACES[interface].keys()


@pytest.mark.parametrize(
    ("value", "kind", "result"),
    [
        ("47.68", "float", 47.68),
        (2.0, "float", 2),
        (0.1 + 0.2, "float", 0.3),
        ("12", "int", 12),
        (12.0, "int", 12),
        (True, "int", 1),
        (5, "string", "5"),
        (1.50, "string", "1.5"),
        (True, "string", "1"),
        (0, "bool", False),
        ("true", "bool", True),
        (None, "float", None),
        ({"method_title": "Amazon"}, "string[]", ["Amazon"]),
        ([{"sku": "A", "qty": "2"}], "InventoryRequestItem[]", [{"sku": "A", "qty": 2}]),
        ({"incrementId": "A"}, "Order", {"increment_id": "A"}),
        ({"state": None}, "Order", {}),
        ({"billing_address": "x", "items": "x"}, "Order", {"billing_address": {}}),
        ({"items": [None, "x", {"sku": "A"}]}, "Order", {"items": [{}, {}, {"sku": "A"}]}),
        ({"custom_attributes": [None, "x"]}, "Product", {"custom_attributes": [None, "x"]}),
    ],
)
def test_a_value_takes_its_type(value: Any, kind: str, result: Any) -> None:
    assert typed(value, kind) == result
    assert type(typed(value, kind)) is type(result)


@pytest.mark.parametrize(
    ("value", "kind", "message"),
    [
        ("abc", "float", 'The "abc" value\'s type is invalid. The "float" type was expected.'),
        (1.5, "int", 'The "1.5" value\'s type is invalid. The "int" type was expected.'),
        (["a"], "string", 'The "array" value\'s type is invalid. The "string" type was expected.'),
        ("a", "string[]", 'The "string" value\'s type is invalid. The "string[]" type was expected.'),
        ([], "bool", 'The "array" value\'s type is invalid. The "bool" type was expected.'),
        ("maybe", "bool", 'The "maybe" value\'s type is invalid. The "bool" type was expected.'),
        (
            {"items": [{"qty_ordered": "two"}]},
            "Order",
            'Error occurred during "items" processing. Error occurred during "qty_ordered" processing. '
            'The "two" value\'s type is invalid. The "float" type was expected.',
        ),
    ],
)
def test_a_wrong_type_is_refused_with_its_way_there(value: Any, kind: str, message: str) -> None:
    with pytest.raises(CommerceError) as refusal:
        typed(value, kind)
    assert (refusal.value.status, refusal.value.message) == (400, f"{message} Verify and try again.")


@pytest.mark.parametrize(
    "entity",
    [{"foo_bar": 1}, {"items": [{"foo_bar": 1}]}, {"extension_attributes": {"foo_bar": None}}, {"fooBar": 1}],
)
def test_an_unknown_property_is_refused_wherever_it_is(entity: dict[str, Any]) -> None:
    with pytest.raises(CommerceError) as refusal:
        typed(entity, "Order")
    assert refusal.value.parameters == {"fieldName": "FooBar"}


def test_columns_cut_and_forget() -> None:
    given = {"increment_id": "9" * 60, "state": "", "customer_note": "🎁 ü", "grand_total": 1, "coupon_code": None}
    assert stored(given, "Order") == {"increment_id": "9" * 50, "customer_note": "???? ü", "grand_total": 1}


def test_times_become_utc() -> None:
    assert utc_text("2026-11-20T10:11:12-08:00") == "2026-11-20 18:11:12"
    assert utc_text("2026-11-20 10:11:12") == "2026-11-20 10:11:12"
    with pytest.raises(MaskedError):
        utc_text("yesterday, maybe")


def test_numbers_have_four_places_and_no_needless_point() -> None:
    assert [number(1.0), number(1.23456), number(-2)] == [1, 1.2346, -2]


def places(value: Any, way: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The ways to every value inside."""
    entries = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in entries:
        yield (*way, key)
        yield from places(inner, (*way, key))


@pytest.mark.parametrize("odd", [None, "", "abc", -1, 99, 1.5, True, [], {}, [None], [{}], {"a": 1}], ids=repr)
def test_whatever_an_order_holds_it_is_saved_or_refused(odd: Any) -> None:
    shop = CommerceClient()
    shop.http.application.config["PROPAGATE_EXCEPTIONS"] = True
    whole = entity("AMZ-0")
    for number_, way in enumerate(places(whole)):
        body = copy.deepcopy(whole)
        body["entity"]["increment_id"] = f"AMZ-{number_}"
        where = body
        for key in way[:-1]:
            where = where[key]
        where[way[-1]] = odd
        response = shop.send("POST", "orders", body)
        assert response.status_code in {200, 400, 404, 500}, way
        assert response.get_json() is not None
    for order_id in shop.shop.orders:
        assert shop.get(f"orders/{order_id}")["entity_id"] == order_id
        shop.send("POST", f"order/{order_id}/invoice", {})
        shop.send("POST", f"order/{order_id}/ship", {})
        shop.send("POST", f"orders/{order_id}/cancel", {})
