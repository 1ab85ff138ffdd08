"""Why an order cannot be created in Commerce: which reasons there are, when each stands, and its words."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from bridge.domain.blockers import (
    BLOCKER_CODES,
    Blocker,
    ShopFacts,
    commerce_rejected,
    find_blockers,
    requested_quantities,
)
from bridge.domain.draft import ProductLine
from bridge.domain.order import Address, Channel
from tests.domain.orders import JANE, MUGS, SHOP, make_line, make_order, make_product, products_for


def facts_for(order, *, salable=True, context=SHOP, quantity=1, **product) -> ShopFacts:
    products = products_for(order, quantity, **product)
    return ShopFacts(context, products, dict.fromkeys(requested_quantities(order, products), salable))


def found(order, facts) -> list[tuple[str, str | None, str]]:
    return [(b.code, b.line_id, b.message) for b in find_blockers(order, facts)]


def test_the_codes_are_those_that_the_interface_promises():
    assert list(BLOCKER_CODES) == [
        "product_not_found",
        "product_disabled",
        "product_not_in_website",
        "unsupported_product_type",
        "out_of_stock",
        "address_incomplete",
        "amounts_do_not_add_up",
        "currency_not_available",
        "commerce_rejected",
    ]
    assert all(kind.meaning and kind.fix and kind.where for kind in BLOCKER_CODES.values())


def test_an_order_that_can_be_created_has_no_blocker():
    assert find_blockers(make_order(), facts_for(make_order())) == []


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (make_line(), "No product with the SKU BLUE-MUG in Commerce."),
        (make_line(sku=None), "Amazon names no SKU for the listing B0MUG, and it is matched to no product."),
        (make_line(sku=None, asin=None), "Amazon names neither SKU nor ASIN for line item-1."),
    ],
)
def test_a_line_without_product_names_what_is_missing(line, message):
    assert found(make_order(line), ShopFacts(SHOP)) == [("product_not_found", "item-1", message)]


def test_only_the_line_that_lacks_its_product_is_blocked():
    order = make_order(make_line(), make_line("item-2", sku="NOPE"))
    facts = ShopFacts(SHOP, {"item-1": ProductLine(make_product())}, {"BLUE-MUG": True})
    (blocker,) = find_blockers(order, facts)
    assert (blocker.code, blocker.line_id, blocker.sku, blocker.where) == (
        "product_not_found",
        "item-2",
        "NOPE",
        "product_match",
    )
    assert blocker.fix == BLOCKER_CODES["product_not_found"].fix


def test_a_line_that_was_cancelled_blocks_nothing():
    order = make_order(make_line(), make_line("item-2", sku="NOPE", quantity=0, amounts=None))
    facts = ShopFacts(SHOP, {"item-1": ProductLine(make_product())}, {"BLUE-MUG": True})
    assert find_blockers(order, facts) == []


def test_a_disabled_product_is_said_once_and_not_to_be_out_of_stock_too():
    order = make_order()
    message = "The product BLUE-MUG is disabled in Commerce."
    assert found(order, facts_for(order, salable=False, enabled=False)) == [("product_disabled", "item-1", message)]


def test_a_product_of_another_website_blocks():
    order = make_order()
    message = "The product BLUE-MUG is not assigned to the website base."
    assert found(order, facts_for(order, website_ids=(2,))) == [("product_not_in_website", "item-1", message)]


@pytest.mark.parametrize("type_id", ["configurable", "bundle", "grouped", "giftcard"])
def test_a_product_without_stock_of_its_own_blocks(type_id):
    order = make_order()
    (blocker,) = find_blockers(order, facts_for(order, salable=False, type_id=type_id))
    assert (blocker.code, type_id in blocker.message) == ("unsupported_product_type", True)


@pytest.mark.parametrize("type_id", ["simple", "virtual", "downloadable"])
def test_other_types_of_product_do_not_block(type_id):
    order = make_order()
    assert find_blockers(order, facts_for(order, type_id=type_id)) == []


def test_stock_counts_over_all_lines_of_the_same_product():
    order = make_order(make_line(), make_line("item-2", quantity=3))
    products = products_for(order, quantity=2)
    assert requested_quantities(order, products) == {"BLUE-MUG": 10}
    message = "Commerce does not have 10 of BLUE-MUG to sell."
    assert found(order, ShopFacts(SHOP, products, {"BLUE-MUG": False})) == [
        ("out_of_stock", "item-1", message),
        ("out_of_stock", "item-2", message),
    ]


def test_what_amazon_ships_needs_neither_stock_nor_address():
    order = make_order(channel=Channel.FBA, address=Address(lines=("1 Main St",)))
    assert find_blockers(order, facts_for(order, salable=False)) == []


def test_stock_that_nobody_asked_for_does_not_block():
    order = make_order()
    assert find_blockers(order, ShopFacts(SHOP, products_for(order))) == []


@pytest.mark.parametrize(
    ("address", "message"),
    [
        (replace(JANE, city=None), "The shipping address has no city."),
        (replace(JANE, country=" "), "The shipping address has no country."),
        (replace(JANE, city="", country=None), "The shipping address has no city and no country."),
    ],
)
def test_an_address_with_a_street_but_no_place_blocks(address, message):
    order = make_order(address=address)
    assert found(order, facts_for(order)) == [("address_incomplete", None, message)]


@pytest.mark.parametrize("address", [None, Address(), Address(city="Austin", country="US"), Address(lines=("", " "))])
def test_an_address_that_amazon_withholds_does_not_block(address):
    order = make_order(address=address)
    assert find_blockers(order, facts_for(order)) == []


def test_figures_that_do_not_add_up_block_with_the_figures():
    order = make_order(make_line(amounts=replace(MUGS, total=4369)))
    message = "Line item-1: its parts make 43.68 USD, Amazon's total is 43.69."
    assert found(order, facts_for(order)) == [("amounts_do_not_add_up", None, message)]


def test_a_currency_without_an_exchange_rate_blocks():
    order = make_order()
    message = (
        "The order is in USD: the store view amazon_us has no exchange rate for it, and the base currency of the"
        " website base is EUR."
    )
    assert found(order, facts_for(order, context=replace(SHOP, base_currency="EUR"))) == [
        ("currency_not_available", None, message)
    ]


def test_a_currency_with_an_exchange_rate_does_not_block():
    shop = replace(SHOP, base_currency="EUR", rates={"USD": Decimal("1.08")})
    assert found(make_order(), facts_for(make_order(), context=shop)) == []


def test_several_reasons_stand_side_by_side():
    order = make_order(make_line(sku="NOPE"), grand_total=1, address=replace(JANE, city=None))
    codes = [blocker.code for blocker in find_blockers(order, ShopFacts(replace(SHOP, base_currency="EUR")))]
    assert codes == ["product_not_found", "address_incomplete", "amounts_do_not_add_up", "currency_not_available"]


def test_commerces_own_refusal_keeps_its_words():
    blocker = commerce_rejected("Phone Number is required.")
    assert blocker == Blocker(
        "commerce_rejected",
        "Commerce refused the order: Phone Number is required.",
        BLOCKER_CODES["commerce_rejected"].fix,
    )
    assert blocker.where == "order"
