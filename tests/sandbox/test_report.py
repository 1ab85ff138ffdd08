"""Reading an All Orders report: what is understood, and what is refused with its line number."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from bridge.sandbox.report import AMOUNTS, NEEDED, OPTIONAL, ReportError, read_report
from tests.needs import shared

COLUMNS = (*NEEDED, *OPTIONAL, "promotion-ids")
LAMP = dict.fromkeys(COLUMNS, "") | {
    "amazon-order-id": "404-0000001-0000001",
    "purchase-date": "2026-02-01T00:00:00+05:30",
    "order-status": "Shipped - Delivered to Buyer",
    "fulfillment-channel": "Merchant",
    "sales-channel": "Amazon.in",
    "product-name": "Clay Lamp",
    "sku": "LAMP-CLAY",
    "item-status": "Shipped",
    "quantity": "2",
    "currency": "INR",
    "item-price": "698.50",
    "ship-city": "new delhi ",
    "ship-state": "delhi",
    "ship-postal-code": "110017",
    "ship-country": "IN",
}


def report(*rows: dict[str, str], columns: tuple[str, ...] = COLUMNS, end: str = "\n") -> list[str]:
    """A report of LAMP's lines, each with these values changed."""
    lines = ["\t".join(columns), *("\t".join((LAMP | row).get(name, "?") for name in columns) for row in rows)]
    return [line + end for line in lines]


def problems(*rows: dict[str, str]) -> list[str]:
    with pytest.raises(ReportError) as refused:
        read_report(report(*rows))
    return refused.value.problems


def test_a_line_is_read_with_its_exact_amounts() -> None:
    (order,) = read_report(report({"item-tax": "106.55", "ship-promotion-discount": "40"}))
    (line,) = order.lines
    assert (order.order_id, order.outcome, order.channel) == ("404-0000001-0000001", "shipped", "MERCHANT")
    assert order.purchased == datetime(2026, 1, 31, 18, 30, tzinfo=UTC)
    assert (line.number, line.sku, line.quantity, line.item_price) == (2, "LAMP-CLAY", 2, Decimal("698.50"))
    assert (line.item_tax, line.shipping_discount, line.shipping) == (Decimal("106.55"), Decimal(40), 0)


def test_what_people_typed_as_their_address_stays_as_they_typed_it() -> None:
    (order,) = read_report(report({}))
    assert (order.city, order.state) == ("new delhi ", "delhi")


def test_the_columns_may_stand_in_any_order_and_unknown_ones_are_passed_over() -> None:
    (order,) = read_report(report({}, columns=("novelty", *reversed(NEEDED))))
    assert order.lines[0].sku == "LAMP-CLAY"


def test_two_lines_of_one_sku_are_two_lines() -> None:
    (order,) = read_report(report({}, {}))
    assert [line.number for line in order.lines] == [2, 3]


def test_lines_of_an_order_need_not_follow_each_other() -> None:
    other = {"amazon-order-id": "404-0000002-0000002"}
    assert [len(order.lines) for order in read_report(report({}, other, {}))] == [2, 1]


def test_a_line_without_price_needs_no_currency() -> None:
    unpriced = {"quantity": "0", "currency": "", "item-price": ""}
    (order,) = read_report(report(unpriced, {}))
    assert (order.currency, order.lines[0].item_price) == ("INR", None)


def test_blank_lines_at_the_end_are_passed_over() -> None:
    assert len(read_report([*report({}, end="\r\n"), "\r\n", ""])) == 1


@pytest.mark.parametrize(
    ("content", "city"),
    [
        ("\ufeff" + "".join(report({"ship-city": "Köln"})), "Köln"),
        ("".join(report({"ship-city": "São Tomé"})), "São Tomé"),
    ],
)
def test_a_file_is_read_as_utf_8_with_or_without_its_mark(tmp_path: Path, content: str, city: str) -> None:
    path = tmp_path / "report.tsv"
    path.write_bytes(content.encode())
    assert read_report(path)[0].city == city


def test_a_file_that_is_not_utf_8_is_read_as_windows_1252(tmp_path: Path) -> None:
    path = tmp_path / "report.tsv"
    path.write_bytes("".join(report({"ship-city": "Málaga – centro"})).encode("cp1252"))
    assert read_report(path)[0].city == "Málaga – centro"


def test_bytes_that_are_neither_are_refused_with_their_line(tmp_path: Path) -> None:
    path = tmp_path / "report.tsv"
    path.write_bytes("".join(report({}, {})).encode() + b"\x81\n")
    with pytest.raises(ReportError, match="line 4: neither UTF-8 nor Windows-1252"):
        read_report(path)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"amazon-order-id": "404-1"}, "amazon-order-id '404-1' is not in the form 3-7-7"),
        ({"order-status": "Vanished"}, "order-status 'Vanished' is unknown"),
        ({"fulfillment-channel": "Drone"}, "fulfillment-channel 'Drone' is unknown"),
        ({"sku": " "}, "sku is empty"),
        ({"quantity": "two"}, "quantity 'two' is not a number"),
        ({"quantity": ""}, "quantity '' is not a number"),
        ({"quantity": "1.5"}, "quantity '1.5' is not a number"),
        ({"quantity": "-1"}, "quantity '-1' is negative"),
        ({"quantity": "٣"}, "quantity '٣' is not a number"),
        ({"item-price": "1,299"}, "item-price '1,299' is not a number"),
        ({"item-price": "12.345"}, "item-price '12.345' is not a number"),
        ({"item-price": "NaN"}, "item-price 'NaN' is not a number"),
        ({"item-price": "-3"}, "item-price '-3' is negative"),
        ({"currency": "Rs"}, "currency 'Rs' is not a currency code"),
        ({"currency": ""}, "an amount without a currency"),
        ({"purchase-date": "yesterday"}, "purchase-date 'yesterday' is not a date"),
        ({"purchase-date": "2026-02-30T00:00:00+05:30"}, "purchase-date '2026-02-30T00:00:00+05:30' is not a date"),
        ({"purchase-date": "2026-02-01T00:00:00"}, "purchase-date '2026-02-01T00:00:00' has no time zone"),
    ],
)
def test_a_value_that_cannot_be_meant_is_refused_with_its_line(values: dict[str, str], message: str) -> None:
    # The faulty line has an order of its own, so that nothing but the value is wrong with it.
    assert problems({}, {"amazon-order-id": "404-0000009-0000009"} | values) == [f"line 3: {message}"]


@pytest.mark.parametrize("name", AMOUNTS)
def test_every_amount_is_checked(name: str) -> None:
    assert problems({name: "free"}) == [f"line 2: {name} 'free' is not a number"]


def test_a_line_with_too_many_or_too_few_fields_is_refused() -> None:
    lines = report({}, {}, {})
    lines[2] = lines[2].rstrip("\n") + "\tmore\n"
    lines[3] = lines[3].partition("\t")[2]
    count = len(COLUMNS)
    with pytest.raises(ReportError) as refused:
        read_report(lines)
    assert refused.value.problems == [
        f"line 3: {count + 1} fields, the header has {count}",
        f"line 4: {count - 1} fields, the header has {count}",
    ]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("order-status", "Cancelled"),
        ("fulfillment-channel", "Amazon"),
        ("sales-channel", "Amazon.de"),
        ("purchase-date", "2026-02-02T00:00:00+05:30"),
        ("ship-postal-code", "110018"),
    ],
)
def test_lines_of_an_order_that_disagree_are_refused_without_quoting_an_address(name: str, value: str) -> None:
    assert problems({}, {name: value}) == [f"line 3: {name} differs from the order's first line"]


def test_an_order_in_two_currencies_is_refused() -> None:
    assert problems({}, {"currency": "USD"}) == ["line 3: USD in an order that is in INR"]


def test_every_problem_is_told_at_once_and_not_more_than_twenty() -> None:
    with pytest.raises(ReportError) as refused:
        read_report(report(*({"quantity": "?"} for _ in range(25))))
    assert refused.value.count == 25
    assert refused.value.problems == [f"line {number}: quantity '?' is not a number" for number in range(2, 22)]
    assert str(refused.value).endswith("... and 5 more")


def test_a_header_without_a_needed_column_is_refused() -> None:
    without = tuple(name for name in COLUMNS if name != "quantity")
    with pytest.raises(ReportError, match="line 1: the column quantity is missing"):
        read_report(report({}, columns=without))


def test_a_header_with_a_needed_column_twice_is_refused() -> None:
    with pytest.raises(ReportError, match="line 1: the column sku stands twice"):
        read_report(report({}, columns=(*COLUMNS, "sku")))


@pytest.mark.parametrize(("lines", "message"), [([], "line 1: the column"), (report(), "line 2: .* no orders")])
def test_an_empty_report_is_refused(lines: list[str], message: str) -> None:
    with pytest.raises(ReportError, match=message):
        read_report(lines)


def test_a_real_sellers_report_is_read_whole() -> None:
    orders = read_report(shared("data", "all-orders-amazon-in-2022-04-05.tsv"))
    assert sum(len(order.lines) for order in orders) == 11_632
    assert Counter((order.outcome, order.channel) for order in orders) == {
        ("shipped", "MERCHANT"): 2_833,
        ("shipped", "AMAZON"): 6_420,
        ("cancelled", "MERCHANT"): 618,
        ("cancelled", "AMAZON"): 983,
        ("pending", "AMAZON"): 1,
    }
    shipped = [line for order in orders if order.outcome == "shipped" for line in order.lines]
    assert sum(line.item_price or 0 for line in shipped) == 6_507_478
    assert sum(not line.quantity and line.item_price is None for line in shipped) == 6
