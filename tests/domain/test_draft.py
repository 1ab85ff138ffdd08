"""The Commerce order's money: Amazon's figures to the cent, or none."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bridge.domain.draft import ProductLine, amounts_problem, build_draft, live_lines
from bridge.domain.order import Channel, LineAmounts
from tests.domain.orders import MUGS, NO_WORDS, lines, make_line, make_order, make_product, products_for, relaxed, sums

PRICES = st.integers(0, 50_000).map(lambda cents: Decimal(cents).scaleb(-2))
PRICED = st.lists(st.tuples(PRICES, st.integers(1, 9)), min_size=2, max_size=5)


def test_two_mugs_become_one_line_with_amazons_figures():
    order = make_order()
    draft = build_draft(order, products_for(order))
    (line,) = draft.lines
    assert (line.sku, line.qty, line.row_total, line.tax, line.discount) == ("BLUE-MUG", 2, 3998, 330, 500)
    assert (draft.subtotal, draft.discount, draft.shipping, draft.tax) == (3998, 500, 499, 371)
    assert draft.grand_total == order.grand_total == 4368
    assert draft.unit_price(line) == Decimal("19.9900")
    assert not draft.settled


@given(sums())
@settings(relaxed, max_examples=30)
def test_magentos_identity_holds_and_is_amazons_total(order):
    draft = build_draft(order, products_for(order))
    assert draft.subtotal - draft.discount + draft.shipping + draft.tax == draft.grand_total == order.grand_total
    goods = [line for line in draft.lines if not line.is_virtual]
    assert [line.amazon_item_id for line in goods] == [line.item_id for line in live_lines(order)]
    assert all(line.product_id is None for line in draft.lines if line.is_virtual)
    assert draft.settled is (order.channel is Channel.FBA)


def test_what_magento_has_no_field_for_becomes_a_line_of_its_own():
    amounts = LineAmounts(
        item=1000,
        gift_wrap=399,
        gift_wrap_tax=31,
        cod_fee=200,
        cod_fee_tax=16,
        cod_fee_discount=50,
        other=7,
        total=1603,
    )
    order = make_order(make_line(amounts=amounts), tip=300)
    draft = build_draft(order, products_for(order))
    fees = [(line.sku, line.row_total, line.tax, line.discount) for line in draft.lines if line.is_virtual]
    assert fees == [
        ("AMAZON-GIFT-WRAP", 399, 31, 0),
        ("AMAZON-COD-FEE", 200, 16, 50),
        ("AMAZON-OTHER", 7, 0, 0),
        ("AMAZON-DELIVERY-TIP", 300, 0, 0),
    ]
    assert draft.grand_total == 1903


def test_a_discount_on_a_fee_that_costs_nothing_is_not_lost():
    order = make_order(make_line(amounts=LineAmounts(item=1000, cod_fee_discount=100, total=900)))
    assert build_draft(order, products_for(order)).grand_total == 900


def test_one_amazon_unit_may_be_several_of_a_product():
    order = make_order()
    draft = build_draft(order, products_for(order, quantity=3))
    assert (draft.lines[0].qty, draft.lines[0].row_total) == (6, 3998)
    assert draft.unit_price(draft.lines[0]) == Decimal("6.6633")


def test_a_line_that_was_cancelled_as_a_whole_has_no_part():
    gone = make_line("item-2", quantity=0, sku="GONE", amounts=LineAmounts(shipping=5, item_discount=5))
    order = make_order(make_line(), gone)
    draft = build_draft(order, {"item-1": ProductLine(make_product())})
    assert [line.sku for line in draft.lines] == ["BLUE-MUG"]
    assert draft.grand_total == order.grand_total


PROBLEMS = {
    "what Amazon's client found": (make_order(amounts_problem="TAX is 1.005"), "TAX is 1.005"),
    "no line left": (make_order(make_line(quantity=0, amounts=None)), "no quantity on any line"),
    "no currency": (make_order(currency=None), "no total"),
    "no total": (make_order(grand_total=None), "no total"),
    "a line without amounts": (
        make_order(make_line(), make_line("item-2", amounts=None)),
        "no amounts for line item-2",
    ),
    "a charge for a cancelled line": (
        make_order(make_line(), make_line("item-2", quantity=0)),
        "Line item-2 has no quantity, yet Amazon shows 43.68 USD",
    ),
    "a line that does not add up": (
        make_order(make_line(amounts=replace(MUGS, total=4369))),
        "Line item-1: its parts make 43.68 USD, Amazon's total is 43.69.",
    ),
    "a negative part": (make_order(make_line(amounts=LineAmounts(item=10, other=-5, total=5))), "its parts make"),
    "lines that do not make the total": (
        make_order(grand_total=4400),
        "The lines make 43.68 USD, Amazon's total is 44.00.",
    ),
}


@pytest.mark.parametrize("name", PROBLEMS)
def test_figures_that_do_not_add_up_are_named_and_make_no_draft(name):
    order, words = PROBLEMS[name]
    problem = amounts_problem(order)
    assert problem is not None
    assert words in problem
    with pytest.raises(ValueError, match=r"."):
        build_draft(order, products_for(order))


def test_figures_that_add_up_are_no_problem():
    assert amounts_problem(make_order()) is None


@given(lines(NO_WORDS), st.integers(1, 5), PRICED)
@settings(relaxed, max_examples=30)
def test_a_bundles_parts_make_the_lines_figures_and_no_discount_exceeds_its_price(found, quantity, priced):
    order = make_order(*found)
    parts = tuple((make_product(f"PART-{n}", price=price), count) for n, (price, count) in enumerate(priced))
    draft = build_draft(
        order, {line.item_id: ProductLine(make_product("SET", type_id="bundle"), quantity, parts) for line in found}
    )
    for line in live_lines(order):
        mine = [made for made in draft.lines if made.amazon_item_id == line.item_id and not made.is_virtual]
        assert len(mine) == len(parts)
        assert sum(made.row_total for made in mine) == line.amounts.item
        assert sum(made.tax for made in mine) == line.amounts.item_tax
        assert sum(made.discount for made in mine) == line.amounts.item_discount
        if line.amounts.item_discount <= line.amounts.item:
            assert all(made.discount <= made.row_total for made in mine)
        assert [made.qty for made in mine] == [line.quantity * quantity * count for _, count in parts]
