"""Order settings: what is refused, with which words, and what follows from what is set."""

from __future__ import annotations

import pytest

from bridge.domain.settings import ORDER_SETTINGS, OrderSettings, check_order_settings

DEFAULTS = OrderSettings()


def test_the_defaults_are_the_first_values():
    for setting in ORDER_SETTINGS:
        assert getattr(DEFAULTS, setting.name) == setting.default
        assert setting.values is None or setting.values[0] == setting.default
        assert setting.help


@pytest.mark.parametrize(
    ("given_settings", "field", "words"),
    [
        ({"import_orders": "maybe"}, "import_orders", "Must be one of: enabled, disabled."),
        ({"invoice": None}, "invoice", "Must be one of"),
        ({"order_number_prefix": "A B"}, "order_number_prefix", "Letters, digits"),
        ({"order_number_prefix": "X" * 21}, "order_number_prefix", "20 at most"),
        ({"commerce_store_view": "1st"}, "commerce_store_view", "A store view code"),
        ({"processing_status": 7}, "processing_status", "A status code"),
        ({"order_status": "custom"}, "processing_status", "Required when order_status is custom."),
        (
            {"stock_strategy": "cart_restate", "order_number_source": "amazon"},
            "order_number_source",
            "Commerce numbers an order that it makes from a cart",
        ),
        ({"pending_orders": "reserve", "stock_strategy": "none"}, "pending_orders", "Nothing can be held"),
        ({"colour": "red"}, "colour", "Unknown field."),
    ],
)
def test_what_cannot_be_set_is_refused_at_its_field(given_settings, field, words):
    wrong = check_order_settings(given_settings, DEFAULTS)
    assert list(wrong) == [field]
    assert words in wrong[field][0]


def test_a_custom_status_with_its_code_is_fine():
    assert check_order_settings({"order_status": "custom", "processing_status": "amazon_new"}, DEFAULTS) == {}


def test_each_stock_strategy_goes_with_the_rest_of_the_defaults():
    for strategy in ("reservation_cli", "cart_restate", "none"):
        assert check_order_settings({"stock_strategy": strategy}, DEFAULTS) == {}
    for strategy in ("reservation_cli", "cart_restate"):
        assert check_order_settings({"stock_strategy": strategy, "pending_orders": "reserve"}, DEFAULTS) == {}
    numbered = OrderSettings(order_number_source="amazon")
    assert list(check_order_settings({"stock_strategy": "cart_restate"}, numbered)) == ["order_number_source"]
    held = OrderSettings(pending_orders="reserve")
    assert list(check_order_settings({"stock_strategy": "none"}, held)) == ["pending_orders"]


def test_while_import_is_disabled_every_other_field_is_read_only():
    wrong = check_order_settings({"import_orders": "disabled", "invoice": "at_import"}, DEFAULTS)
    assert wrong == {"invoice": ["Cannot be changed while import_orders is disabled."]}
    assert check_order_settings({"import_orders": "disabled"}, OrderSettings(invoice="at_import")) == {}


def test_enabling_and_changing_in_one_go_is_fine():
    disabled = OrderSettings(import_orders="disabled")
    assert check_order_settings({"import_orders": "enabled", "invoice": "at_import"}, disabled) == {}


def test_order_numbers():
    assert OrderSettings().order_number("113-1-1") is None
    assert OrderSettings(order_number_source="amazon").order_number("113-1-1") == "113-1-1"
    amazon = OrderSettings(order_number_source="amazon", order_number_prefix="AMZ-")
    assert amazon.order_number("113-1-1") == "AMZ-113-1-1"


def test_the_status_of_a_new_order():
    assert OrderSettings().new_status == "processing"
    assert OrderSettings(order_status="custom", processing_status="amazon_new").new_status == "amazon_new"
    assert OrderSettings(processing_status="amazon_new").new_status == "processing"
