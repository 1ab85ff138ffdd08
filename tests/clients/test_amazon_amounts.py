"""The money of an order: whatever way Amazon shows it, our parts make Amazon's total, or the order says why not."""

from __future__ import annotations

from dataclasses import asdict
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.amazon import wire
from bridge.domain.draft import amounts_problem
from bridge.domain.order import LineAmounts, OrderSnapshot
from tests.clients.amazon_fixtures import order_json

DIGITS = {"USD": 2, "EUR": 2, "JPY": 0, "KWD": 3}


def money(minor: int, currency: str = "USD") -> dict[str, str]:
    return {"amount": str(Decimal(minor).scaleb(-DIGITS[currency])), "currencyCode": currency}


def part(kind: str, minor: int, currency: str = "USD", **details: int) -> dict[str, Any]:
    shown = [{"subtype": name, "value": money(value, currency)} for name, value in details.items()]
    return {"type": kind, "subtotal": money(minor, currency)} | ({"detailedBreakdowns": shown} if shown else {})


def item(
    *parts: dict[str, Any], total: int | None = None, unit: int | None = None, quantity: int = 1
) -> dict[str, Any]:
    proceeds: dict[str, Any] = {"breakdowns": list(parts)} if parts else {}
    if total is not None:
        proceeds["proceedsTotal"] = money(total)
    product = {"price": {"unitPrice": money(unit)}} if unit is not None else {}
    return {"orderItemId": "1", "quantityOrdered": quantity, "product": product, "proceeds": proceeds}


def read(*items: dict[str, Any], grand: int | None = None, shown: list[dict[str, Any]] | None = None) -> OrderSnapshot:
    numbered = [{**entry, "orderItemId": str(number)} for number, entry in enumerate(items, 1)]
    proceeds: dict[str, Any] = {"grandTotal": money(grand)} if grand is not None else {}
    if shown:
        proceeds["breakdowns"] = shown
    snapshot = wire.snapshot(order_json(orderItems=numbered, proceeds=proceeds))
    assert snapshot is not None
    return snapshot


def amounts(*parts: dict[str, Any], total: int, unit: int | None = None, quantity: int = 1) -> LineAmounts:
    snapshot = read(item(*parts, total=total, unit=unit, quantity=quantity), grand=total)
    assert snapshot.amounts_problem is None
    line = snapshot.lines[0].amounts
    assert line is not None
    assert line.add_up
    return line


# How Amazon may show the same things


def test_tax_on_top_is_taken_over_part_by_part():
    line = amounts(part("ITEM", 8997), part("SHIPPING", 1000), part("TAX", 400, ITEM=300, SHIPPING=100), total=10397,
                   unit=2999, quantity=3)  # fmt: skip
    assert line == LineAmounts(item=8997, item_tax=300, shipping=1000, shipping_tax=100, total=10397)


def test_tax_inside_the_figures_is_taken_out_of_them():
    line = amounts(part("ITEM", 11900), part("SHIPPING", 595), part("TAX", 1995, ITEM=1900, SHIPPING=95), total=12495,
                   unit=11900)  # fmt: skip
    assert line == LineAmounts(item=10000, item_tax=1900, shipping=500, shipping_tax=95, total=12495)


@pytest.mark.parametrize("sign", [1, -1])
def test_a_discount_is_taken_off_whatever_its_sign(sign):
    discount = part("DISCOUNT", sign * 300, ITEM=sign * 200, SHIPPING=sign * 100)
    line = amounts(part("ITEM", 2000), part("SHIPPING", 500), discount, total=2200)
    assert line == LineAmounts(item=2000, item_discount=200, shipping=500, shipping_discount=100, total=2200)


@pytest.mark.parametrize("sign", [1, -1])
def test_the_tax_that_a_discount_saves_stays_in_the_items_tax(sign):
    tax = part("TAX", 171, ITEM=190, DISCOUNT=sign * 19)
    line = amounts(part("ITEM", 1000), tax, part("DISCOUNT", sign * 100), total=1071)
    assert line == LineAmounts(item=1000, item_tax=171, item_discount=100, total=1071)


@pytest.mark.parametrize("sign", [1, -1])
def test_figures_that_contain_their_tax_become_the_same_parts_as_those_that_do_not(sign):
    tax = part("TAX", 171, ITEM=190, DISCOUNT=sign * 19)
    line = amounts(part("ITEM", 1190), tax, part("DISCOUNT", sign * 119), total=1071)
    assert line == LineAmounts(item=1000, item_tax=171, item_discount=100, total=1071)


def test_a_discounts_tax_that_is_shown_but_not_taken_off_changes_nothing():
    line = amounts(part("ITEM", 1190), part("TAX", 190, ITEM=190, DISCOUNT=19), part("DISCOUNT", -119), total=1071)
    assert line == LineAmounts(item=1000, item_tax=190, item_discount=119, total=1071)


def test_gift_wrap_fee_and_unknown_charges_stay_figures_of_their_own():
    tax = part("TAX", 60, ITEM=40, GIFT_WRAP=15, COD_FEE=5)
    charges = [part("ITEM", 500), part("GIFT_WRAP", 200), part("COD_FEE", 100), part("RECYCLING", 30), tax]
    line = amounts(*charges, part("DISCOUNT", -50, COD_FEE=-50), total=840)
    assert line == LineAmounts(
        item=500, item_tax=40, gift_wrap=200, gift_wrap_tax=15, cod_fee=100, cod_fee_tax=5, cod_fee_discount=50,
        other=30, total=840,
    )  # fmt: skip


def test_without_details_tax_and_discount_are_the_items():
    line = amounts(part("ITEM", 1000), part("SHIPPING", 500), part("TAX", 90), part("DISCOUNT", -100), total=1490)
    assert line == LineAmounts(item=1000, item_tax=90, item_discount=100, shipping=500, total=1490)


def test_a_discount_without_details_never_takes_more_than_the_item_costs():
    line = amounts(part("ITEM", 1000), part("SHIPPING", 500), part("DISCOUNT", -1500), total=0)
    assert (line.item_discount, line.shipping_discount) == (1000, 500)


def test_contained_tax_without_details_never_makes_a_part_negative():
    line = amounts(part("ITEM", 100), part("SHIPPING", 2300), part("TAX", 400), total=2400)
    assert (line.item, line.item_tax, line.shipping, line.shipping_tax) == (0, 100, 2000, 300)


def test_a_total_without_breakdowns_is_the_items():
    assert amounts(total=5000, unit=2500, quantity=2) == LineAmounts(item=5000, total=5000)


def test_a_unit_price_alone_prices_the_line_but_not_the_order():
    snapshot = read(item(unit=1999, quantity=2))
    assert snapshot.lines[0].amounts == LineAmounts(item=3998, total=3998)
    assert (snapshot.grand_total, snapshot.currency) == (None, "USD")


def test_breakdowns_without_a_total_make_it():
    snapshot = read(item(part("ITEM", 1000), part("TAX", 80)))
    assert (snapshot.lines[0].amounts.total, snapshot.grand_total) == (1080, 1080)


def test_a_pending_order_without_figures_has_none():
    snapshot = read(item())
    assert snapshot.lines[0].amounts is snapshot.currency is snapshot.grand_total is snapshot.amounts_problem is None


@pytest.mark.parametrize(
    ("granted", "points"),
    [
        ({"pointsNumber": 60, "pointsMonetaryValue": money(60)}, 60),
        ({"pointsNumber": 60}, 0),  # what they are worth is not ours to guess
        ({"pointsMonetaryValue": money(60, "JPY")}, 0),
        ({"pointsMonetaryValue": {"amount": "much", "currencyCode": "USD"}}, 0),
        ({"pointsMonetaryValue": money(-60)}, 0),
        (None, 0),
    ],
)
def test_points_cost_the_seller_and_are_part_of_no_total(granted, points):
    shown = item(part("ITEM", 1000), total=1000) | {"expense": {"pointsCost": {"pointsGranted": granted}}}
    snapshot = read(shown, grand=1000)
    assert snapshot.amounts_problem is None
    line = snapshot.lines[0].amounts
    assert (line.points, line.total, line.add_up) == (points, 1000, True)


def test_a_tip_belongs_to_the_order():
    tip = {"type": "DELIVERY_TIP", "status": "FINALIZED", "subtotal": money(500)}
    snapshot = read(item(part("ITEM", 14997), part("TAX", 2), total=14999), grand=15499,
                    shown=[part("ITEM", 14997), part("TAX", 2), tip])  # fmt: skip
    assert (snapshot.tip, snapshot.grand_total, snapshot.amounts_problem) == (500, 15499, None)


def test_a_tip_that_is_not_yet_in_the_total_is_not_counted():
    tip = {"type": "DELIVERY_TIP", "status": "PENDING", "subtotal": money(500)}
    snapshot = read(item(total=1000), grand=1000, shown=[tip])
    assert (snapshot.tip, snapshot.amounts_problem) == (0, None)


def test_items_may_differ_in_how_they_show_their_tax():
    added = item(part("ITEM", 1000), part("TAX", 100), total=1100)
    contained = item(part("ITEM", 1190), part("TAX", 190), total=1190)
    snapshot = read(added, contained, grand=2290, shown=[part("ITEM", 2190), part("TAX", 290)])
    assert snapshot.amounts_problem is None
    assert [line.amounts.item for line in snapshot.lines] == [1000, 1000]


def test_the_order_may_name_a_tax_that_its_items_do_not():
    snapshot = read(item(total=1100), grand=1100, shown=[part("ITEM", 1000), part("TAX", 100)])
    assert snapshot.amounts_problem is None


@pytest.mark.parametrize("shown_item", [3000, 2700])
def test_unit_price_times_quantity_may_contain_the_tax(shown_item):
    tax = 300 if shown_item == 2700 else 0
    parts = [part("ITEM", shown_item)] + ([part("TAX", tax, ITEM=tax)] if tax else [])
    assert amounts(*parts, total=3000, unit=1000, quantity=3).total == 3000


# What does not add up, or is not exact


@pytest.mark.parametrize(
    ("order", "figures"),
    [
        (read(item(part("ITEM", 1000), part("TAX", 80), total=1100), grand=1100), ["10.80 USD", "10.00 USD", "11.00"]),
        (read(item(total=1000), grand=1001), ["10.00 USD", "10.01 USD"]),
        (read(item(total=1000), grand=1000, shown=[part("ITEM", 900)]), ["9.00 USD", "10.00 USD"]),
        (read(item(part("ITEM", 1000), total=1000, unit=400, quantity=2), grand=1000), ["10.00 USD", "8.00 USD"]),
        (read(item(part("ITEM", -100), total=-100), grand=-100), ["ITEM is -1.00 USD"]),
        (read(item(total=-100), grand=-100), ["its total is -1.00 USD"]),
        (read(item(part("ITEM", 500), part("OTHER", -100), total=400), grand=400), ["OTHER is -1.00 USD"]),
        (read(item(part("ITEM", 500), part("TAX", 50, ITEM=20), total=550), grand=550), ["0.20 USD", "0.50 USD"]),
        (read(item(part("ITEM", 500), part("TAX", 50, SHIPPING=70), total=550), grand=550), ["0.70 USD", "0.50 USD"]),
        (read(item(part("ITEM", 500), part("DISCOUNT", 50, ITEM=40), total=450), grand=450), ["0.40 USD", "0.50 USD"]),
        (read(item(part("ITEM", 100), part("TAX", 150), total=100), grand=100), ["tax of 1.50 USD"]),
        (read(item(part("ITEM", 100), part("TAX", 5, ITEM=10, SHIPPING=-5), total=105), grand=105), ["negative"]),
        (read(item(total=1000), grand=900, shown=[{"type": "DELIVERY_TIP", "subtotal": money(-100)}]), ["-1.00 USD"]),
    ],
)
def test_figures_that_do_not_add_up_are_told_and_never_mended(order, figures):
    assert all(figure in order.amounts_problem for figure in figures), order.amounts_problem
    assert amounts_problem(order) == order.amounts_problem


@pytest.mark.parametrize(
    ("amount", "currency", "words"),
    [
        ("10.005", "USD", "more decimals than USD has"),
        ("10.5", "JPY", "more decimals than JPY has"),
        ("NaN", "USD", "not an amount"),
        ("1e3", "USD", "not an amount"),
        ("1,000.00", "USD", "not an amount"),
        ("9" * 40, "USD", "not an amount"),
        (None, "USD", "not an amount"),
        ("10.00", "dollars", "not an amount"),
        ("10.00", None, "not an amount"),
    ],
)
def test_what_is_not_exact_is_told_and_never_rounded(amount, currency, words):
    entry = item()
    entry["proceeds"] = {"proceedsTotal": {"amount": amount, "currencyCode": currency}}
    snapshot = read(entry)
    assert words in snapshot.amounts_problem
    assert snapshot.lines[0].amounts is None


def test_two_currencies_in_one_order_are_told():
    entry = item()
    entry["proceeds"] = {"proceedsTotal": money(1000, "EUR")}
    assert "in USD and in EUR" in read(entry, grand=1000).amounts_problem


def test_figures_that_do_not_add_up_are_kept_for_the_merchant_to_see():
    order = read(item(part("ITEM", 1000), part("TAX", 80), part("DISCOUNT", -30), total=1100), grand=1100)
    assert order.lines[0].amounts == LineAmounts(item=1000, item_tax=80, item_discount=30, total=1100)


def test_a_cancelled_order_is_not_held_up_by_its_figures():
    canceled = {"fulfillmentStatus": "CANCELLED", "fulfilledBy": "MERCHANT"}
    order = order_json(orderItems=[item(total=1000)], proceeds={"grandTotal": money(0)}, fulfillment=canceled)
    assert wire.snapshot(order).amounts_problem is None


# Any order at all

SMALL = st.integers(0, 50_000)


@st.composite
def truths(draw: st.DrawFn) -> LineAmounts:
    """A line as it really is: net parts, their taxes, discounts no larger than what they reduce."""
    item_net, shipping, wrap, fee = draw(SMALL), draw(SMALL), draw(SMALL), draw(SMALL)
    taxes = [draw(st.integers(0, net)) for net in (item_net, shipping, wrap, fee)]
    discounts = [draw(st.integers(0, net)) for net in (item_net, shipping, fee)]
    other = draw(SMALL)
    total = item_net + shipping + wrap + fee + other + sum(taxes) - sum(discounts)
    return LineAmounts(
        item=item_net, item_tax=taxes[0], item_discount=discounts[0], shipping=shipping, shipping_tax=taxes[1],
        shipping_discount=discounts[1], gift_wrap=wrap, gift_wrap_tax=taxes[2], cod_fee=fee, cod_fee_tax=taxes[3],
        cod_fee_discount=discounts[2], other=other, total=total,
    )  # fmt: skip


def as_amazon_shows(
    truth: LineAmounts, currency: str, *, inclusive: bool, sign: int, saved: int, details: bool
) -> dict[str, Any]:
    """The truth in Amazon's shape. saved: how much of the item's own tax the discount saves."""
    own = {"ITEM": truth.item_tax + saved, "SHIPPING": truth.shipping_tax, "GIFT_WRAP": truth.gift_wrap_tax,
           "COD_FEE": truth.cod_fee_tax}  # fmt: skip
    net = {"ITEM": truth.item, "SHIPPING": truth.shipping, "GIFT_WRAP": truth.gift_wrap, "COD_FEE": truth.cod_fee}
    extra = saved if inclusive else 0
    taken = {
        "ITEM": truth.item_discount + extra,
        "SHIPPING": truth.shipping_discount,
        "COD_FEE": truth.cod_fee_discount,
    }
    parts = [part(kind, net[kind] + (own[kind] if inclusive else 0), currency) for kind in net]
    of_tax = own | ({"DISCOUNT": sign * saved} if saved else {}) if details else {}
    of_discount = {kind: sign * amount for kind, amount in taken.items()} if details else {}
    parts.append(part("OTHER", truth.other, currency))
    parts.append(part("TAX", truth.tax, currency, **of_tax))
    parts.append(part("DISCOUNT", sign * sum(taken.values()), currency, **of_discount))
    total = {"proceedsTotal": money(truth.total, currency)}
    return {"orderItemId": "1", "quantityOrdered": 1, "proceeds": total | {"breakdowns": parts}}


def read_truths(entries: list[dict[str, Any]], total: int, currency: str) -> OrderSnapshot:
    numbered = [{**entry, "orderItemId": str(number)} for number, entry in enumerate(entries)]
    snapshot = wire.snapshot(order_json(orderItems=numbered, proceeds={"grandTotal": money(total, currency)}))
    assert snapshot is not None
    return snapshot


WAYS = {"inclusive": st.booleans(), "sign": st.sampled_from([1, -1]), "saved": st.integers(0, 500)}


@given(truth=truths(), currency=st.sampled_from(sorted(DIGITS)), **WAYS)
def test_with_its_details_every_line_is_read_as_what_it_is(truth, currency, inclusive, sign, saved):
    saved = saved if truth.tax else 0  # a TAX of nothing does not tell whether it is contained
    entry = as_amazon_shows(truth, currency, inclusive=inclusive, sign=sign, saved=saved, details=True)
    snapshot = read_truths([entry], truth.total, currency)
    assert snapshot.amounts_problem is None
    assert snapshot.lines[0].amounts == truth


@given(lines=st.lists(truths(), min_size=1, max_size=4), currency=st.sampled_from(sorted(DIGITS)), data=st.data())
def test_any_mix_of_charges_makes_amazons_total(lines, currency, data):
    entries = [
        as_amazon_shows(
            truth,
            currency,
            inclusive=data.draw(st.booleans()),
            sign=data.draw(st.sampled_from([1, -1])),
            saved=0,
            details=data.draw(st.booleans()),
        )
        for truth in lines
    ]
    grand = sum(truth.total for truth in lines)
    snapshot = read_truths(entries, grand, currency)
    read_lines = [line.amounts for line in snapshot.lines if line.amounts]
    assert sum(line.total for line in read_lines) == snapshot.grand_total == grand
    assert amounts_problem(snapshot) == snapshot.amounts_problem
    for truth, line in zip(lines, read_lines, strict=True):
        # Contained tax that no detail assigns may be more than fits in what can hold it: told, not forced.
        if snapshot.amounts_problem is None:
            assert line.add_up
            assert (line.tax, line.discount) == (truth.tax, truth.discount)
        assert line.other == truth.other


@given(truth=truths(), off=st.integers(-999, 999).filter(bool), **WAYS)
def test_a_total_that_is_off_by_anything_is_told(truth, off, inclusive, sign, saved):
    entry = as_amazon_shows(truth, "USD", inclusive=inclusive, sign=sign, saved=saved, details=True)
    entry["proceeds"]["proceedsTotal"] = money(truth.total + off)
    snapshot = read_truths([entry], truth.total + off, "USD")
    # Off by exactly the tax, the same figures are another truth: that in which the tax is (not) contained.
    if abs(off) != truth.tax:
        assert snapshot.amounts_problem is not None
        assert amounts_problem(snapshot) is not None


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.sampled_from(["ITEM", "TAX", "USD", "1.00"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["breakdowns", "proceedsTotal", "type", "subtotal", "amount", "currencyCode", "grandTotal"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(of_item=JSON, of_order=JSON)
def test_no_shape_of_json_makes_reading_the_money_fail(of_item, of_order):
    entry = {"orderItemId": "1", "quantityOrdered": 1, "proceeds": of_item, "product": of_order}
    snapshot = wire.snapshot(order_json(orderItems=[entry], proceeds=of_order))
    line = snapshot.lines[0].amounts
    if snapshot.amounts_problem is None and line is not None:
        assert line.add_up, asdict(line)
