"""Reading an All Orders report: the tab-separated file of order lines that a seller downloads from Seller Central.

Nothing is quoted in it and its lines have no order of their own. It is read strictly: a line that cannot be meant as it
stands is a problem with its number, and a report with a problem is not played at all.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Literal

Outcome = Literal["shipped", "cancelled", "unshipped", "pending"]
Channel = Literal["AMAZON", "MERCHANT"]

# order-status -> how far the order has come; "Shipped - ..." tells what became of the parcel afterwards
OUTCOMES: dict[str, Outcome] = {
    "Pending": "pending",
    "Unshipped": "unshipped",
    "Pending - Waiting for Pick Up": "unshipped",
    "Shipping": "unshipped",
    "Shipped": "shipped",
    "Shipped - Picked Up": "shipped",
    "Shipped - Out for Delivery": "shipped",
    "Shipped - Delivered to Buyer": "shipped",
    "Shipped - Returning to Seller": "shipped",
    "Shipped - Returned to Seller": "shipped",
    "Shipped - Rejected by Buyer": "shipped",
    "Shipped - Lost in Transit": "shipped",
    "Shipped - Damaged": "shipped",
    "Cancelled": "cancelled",
}
CHANNELS: dict[str, Channel] = {"Amazon": "AMAZON", "Merchant": "MERCHANT"}
AMOUNTS = (
    "item-price",
    "item-tax",
    "shipping-price",
    "shipping-tax",
    "gift-wrap-price",
    "gift-wrap-tax",
    "item-promotion-discount",
    "ship-promotion-discount",
)
# What all lines of an order must agree on. Values of the address are never put into a message.
OF_ORDER = (
    "purchase-date",
    "order-status",
    "fulfillment-channel",
    "sales-channel",
    "ship-city",
    "ship-state",
    "ship-postal-code",
    "ship-country",
)
NEEDED = ("amazon-order-id", *OF_ORDER, "product-name", "sku", "quantity", "currency", *AMOUNTS)
OPTIONAL = ("asin", "item-status", "ship-service-level")
SHOWN_PROBLEMS = 20
_ORDER_ID = re.compile(r"[0-9]{3}-[0-9]{7}-[0-9]{7}")
_PIECES = re.compile(r"[0-9]{1,6}")
_AMOUNT = re.compile(r"[0-9]{1,12}(\.[0-9]{1,2})?")


class ReportError(ValueError):
    """The report cannot be played. `problems` are the first messages, `count` is how many there are."""

    def __init__(self, problems: list[str], count: int) -> None:
        more = f"\n... and {count - len(problems)} more" if count > len(problems) else ""
        super().__init__("\n".join(problems) + more)
        self.problems = problems
        self.count = count


@dataclass(frozen=True, slots=True)
class ReportLine:
    """One line: amounts are for the whole line, in the order's currency; item_price None where the report has none."""

    number: int
    sku: str
    title: str
    asin: str
    quantity: int
    item_status: str
    item_price: Decimal | None
    item_tax: Decimal
    shipping: Decimal
    shipping_tax: Decimal
    gift_wrap: Decimal
    gift_wrap_tax: Decimal
    item_discount: Decimal
    shipping_discount: Decimal


@dataclass(slots=True)
class ReportOrder:
    """One order. `purchased` is midnight where the report has the day only; currency None where no line is priced."""

    order_id: str
    purchased: datetime
    status: str
    outcome: Outcome
    channel: Channel
    sales_channel: str
    service_level: str
    city: str
    state: str
    postal_code: str
    country: str
    currency: str | None = None
    lines: list[ReportLine] = field(default_factory=list)


def read_report(source: Path | Iterable[str]) -> list[ReportOrder]:
    """The orders of a report, given as a file or as its lines, in the order of their first lines.

    A file is UTF-8, with or without a byte order mark, or else Windows-1252. Raises ReportError; OSError for a file
    that cannot be read.
    """
    return _Reader(_decoded(source) if isinstance(source, Path) else iter(source)).read()


def _decoded(path: Path) -> Iterator[str]:
    encoding = "utf-8" if _is_utf8(path) else "cp1252"
    with path.open("rb") as file:
        for number, raw in enumerate(file, start=1):
            try:
                text = raw.decode(encoding)
            except UnicodeDecodeError:
                raise ReportError([f"line {number}: neither UTF-8 nor Windows-1252"], 1) from None
            yield text.removeprefix("\ufeff") if number == 1 else text


def _is_utf8(path: Path) -> bool:
    with path.open("rb") as file:
        try:
            for raw in file:
                raw.decode("utf-8")
        except UnicodeDecodeError:
            return False
    return True


class _Reader:
    """Reads all lines and collects what is wrong with them."""

    def __init__(self, lines: Iterator[str]) -> None:
        self._lines = lines
        self._problems: list[str] = []
        self._count = 0
        self._orders: dict[str, ReportOrder] = {}
        self._first: dict[str, dict[str, str]] = {}

    def read(self) -> list[ReportOrder]:
        columns = self._header()
        for number, text in enumerate(self._lines, start=2):
            fields = text.rstrip("\r\n").split("\t")
            if fields == [""]:
                continue
            if len(fields) != len(columns):
                self._problem(number, f"{len(fields)} fields, the header has {len(columns)}")
                continue
            self._take(number, dict(zip(columns, fields, strict=True)))
        if not self._orders and not self._count:
            self._problem(2, "the report holds no orders")
        if self._count:
            raise ReportError(self._problems, self._count)
        return list(self._orders.values())

    def _problem(self, number: int, message: str) -> None:
        self._count += 1
        if self._count <= SHOWN_PROBLEMS:
            self._problems.append(f"line {number}: {message}")

    def _header(self) -> list[str]:
        columns = next(self._lines, "").removeprefix("\ufeff").rstrip("\r\n").split("\t")
        for name in NEEDED:
            if columns.count(name) != 1:
                self._problem(1, f"the column {name} {'is missing' if name not in columns else 'stands twice'}")
        if self._count:
            raise ReportError(self._problems, self._count)
        return columns

    def _take(self, number: int, row: dict[str, str]) -> None:
        wrong = list(_problems_of(row))
        for message in wrong:
            self._problem(number, message)
        order_id = row["amazon-order-id"]
        first = self._first.get(order_id)
        if first is None:
            self._first[order_id] = {name: row[name] for name in OF_ORDER}
        else:
            wrong += self._differences(number, row, first)
        if wrong:
            return
        order = self._orders.get(order_id)
        if order is None:
            order = self._orders[order_id] = _order(row)
        if row["currency"] and order.currency not in (None, row["currency"]):
            self._problem(number, f"{row['currency']} in an order that is in {order.currency}")
        order.currency = order.currency or row["currency"] or None
        order.lines.append(_line(number, row))

    def _differences(self, number: int, row: dict[str, str], first: dict[str, str]) -> list[str]:
        found = [f"{name} differs from the order's first line" for name in OF_ORDER if row[name] != first[name]]
        for message in found:
            self._problem(number, message)
        return found


def _problems_of(row: dict[str, str]) -> Iterator[str]:
    if not _ORDER_ID.fullmatch(row["amazon-order-id"]):
        yield f"amazon-order-id {row['amazon-order-id']!r} is not in the form 3-7-7"
    if row["order-status"] not in OUTCOMES:
        yield f"order-status {row['order-status']!r} is unknown"
    if row["fulfillment-channel"] not in CHANNELS:
        yield f"fulfillment-channel {row['fulfillment-channel']!r} is unknown"
    if not row["sku"].strip():
        yield "sku is empty"
    yield from _number_problems("quantity", row["quantity"], _PIECES)
    for name in AMOUNTS:
        if row[name]:
            yield from _number_problems(name, row[name], _AMOUNT)
    if row["currency"] and not re.fullmatch(r"[A-Z]{3}", row["currency"]):
        yield f"currency {row['currency']!r} is not a currency code"
    if not row["currency"] and any(row[name] for name in AMOUNTS):
        yield "an amount without a currency"
    yield from _date_problems(row["purchase-date"])


def _number_problems(name: str, text: str, form: re.Pattern[str]) -> Iterator[str]:
    if not form.fullmatch(text):
        wrong = "negative" if text.startswith("-") and form.fullmatch(text[1:]) else "not a number"
        yield f"{name} {text!r} is {wrong}"


def _date_problems(text: str) -> Iterator[str]:
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        yield f"purchase-date {text!r} is not a date"
    else:
        if when.tzinfo is None:
            yield f"purchase-date {text!r} has no time zone"


def _order(row: dict[str, str]) -> ReportOrder:
    return ReportOrder(
        order_id=row["amazon-order-id"],
        purchased=datetime.fromisoformat(row["purchase-date"]),
        status=row["order-status"],
        outcome=OUTCOMES[row["order-status"]],
        channel=CHANNELS[row["fulfillment-channel"]],
        sales_channel=row["sales-channel"],
        service_level=row.get("ship-service-level", ""),
        city=row["ship-city"],
        state=row["ship-state"],
        postal_code=row["ship-postal-code"],
        country=row["ship-country"],
    )


def _line(number: int, row: dict[str, str]) -> ReportLine:
    price, *others = (Decimal(row[name]) if row[name] else None for name in AMOUNTS)
    item_tax, shipping, shipping_tax, wrap, wrap_tax, item_discount, shipping_discount = (
        amount or Decimal(0) for amount in others
    )
    return ReportLine(
        number=number,
        sku=row["sku"],
        title=row["product-name"],
        asin=row.get("asin", ""),
        quantity=int(row["quantity"]),
        item_status=row.get("item-status", ""),
        item_price=price,
        item_tax=item_tax,
        shipping=shipping,
        shipping_tax=shipping_tax,
        gift_wrap=wrap,
        gift_wrap_tax=wrap_tax,
        item_discount=item_discount,
        shipping_discount=shipping_discount,
    )
