"""Cent-exact: orders of any mix go from Amazon through the bridge to Commerce and are equal there, or are held.

Amazon's side is written by the sandbox, which shares no code with the bridge; only the currencies that have three
decimals, which no marketplace of the sandbox charges in, are ours.
"""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any, Literal

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from bridge.sandbox.amounts import Line
from bridge.sandbox.markets import Market
from bridge.sandbox.order_json import Address, new_order
from tests.stage import US, Stage

DECIMALS = {"USD": 2, "EUR": 2, "GBP": 2, "JPY": 0, "KWD": 3, "BHD": 3}
# Order currency -> the website's base currency and how much of the order's one unit of it is.
FOREIGN = {
    "GBP": ("USD", Decimal("0.7913")),
    "JPY in EUR": ("EUR", Decimal("163.27")),
    "KWD in USD": ("USD", Decimal("0.307541")),
}
SKUS = tuple(f"THING-{n}" for n in range(6))
numbers = itertools.count(1)


@dataclass(frozen=True)
class Dinars(Market):
    """A marketplace that charges in thousandths."""

    decimals = 3  # type: ignore[assignment]


@dataclass(frozen=True)
class Case:
    """An order that a buyer may place; off_by: by how many minor units Amazon's total is wrong."""

    lines: tuple[Line, ...]
    other: int
    tip: int
    inclusive: bool
    sign: Literal[-1, 1]
    fba: bool
    order_breakdowns: bool
    off_by: int


class Till:
    """A stage whose buyers pay in one currency; its shop keeps its books in the same, or in another one by a rate."""

    def __init__(self, directory: Path, name: str) -> None:
        self.stage = Stage(directory)
        self.currency = currency = name.partition(" in ")[0]
        self.decimals = DECIMALS[currency]
        self.base, self.rate = FOREIGN.get(name, (currency, Decimal(1)))
        self.stage.shop.set_base_currency(self.base)
        if name in FOREIGN:
            self.stage.shop.set_exchange_rate(currency, float(self.rate))
        for sku in SKUS:
            self.stage.shop.add_product(sku, sku.title(), manage_stock=False, price=1)
        kind = Dinars if self.decimals == 3 else Market
        self.market = kind(US, "US", "Amazon.com", "na", currency)

    def in_base(self, total: Decimal) -> Decimal:
        """An order's total in the base currency, to its smallest unit."""
        smallest = Decimal(1).scaleb(-DECIMALS[self.base])
        return (total / self.rate).quantize(smallest, ROUND_HALF_UP)

    def exact(self, amount: Any) -> Decimal:
        """A figure of Commerce to the four decimals that its columns keep."""
        return Decimal(str(amount or 0)).quantize(Decimal("0.0001"))

    def sell(self, case: Case) -> str:
        """Put the order on Amazon as the sandbox writes it; its id."""
        order_id = f"111-{next(numbers):07d}-{next(numbers):07d}"
        smallest = Decimal(1).scaleb(-self.decimals)
        order = new_order(
            order_id,
            case.lines,
            market=self.market,
            created=self.stage.world.now(),
            address=Address(name="Jane Doe"),
            buyer_name="Jane Doe",
            fulfilled_by="AMAZON" if case.fba else "MERCHANT",
            programs=(),
            service_level="STANDARD",
            status="SHIPPED" if case.fba else "UNSHIPPED",
            tip=case.tip * smallest,
            tax_inclusive=case.inclusive,
            discount_sign=case.sign,
        )
        if case.other:
            self._charge(order, "OTHER", case.other * smallest)
        if not case.order_breakdowns and not case.tip:  # a tip stands nowhere else
            del order["proceeds"]["breakdowns"]
        self._raise(order["proceeds"]["grandTotal"], case.off_by * smallest)
        self.stage.amazon.put(order)
        return order_id

    def _charge(self, order: dict[str, Any], kind: str, amount: Decimal) -> None:
        """A charge that the sandbox's buyers do not know, on the first item."""
        proceeds = order["orderItems"][0]["proceeds"]
        for breakdowns in (proceeds["breakdowns"], order["proceeds"]["breakdowns"]):
            breakdowns.append({"type": kind, "subtotal": {"amount": str(amount), "currencyCode": self.currency}})
        self._raise(proceeds["proceedsTotal"], amount)
        self._raise(order["proceeds"]["grandTotal"], amount)

    @staticmethod
    def _raise(money: dict[str, str], by: Decimal) -> None:
        money["amount"] = str(Decimal(money["amount"]) + by)

    def run(self) -> None:
        """What is on Amazon comes to Commerce."""
        for job in ("sync", "import"):
            self.stage.wait(timedelta(minutes=10))
            run = self.stage.job(job)
            assert run.state == "succeeded", run.error

    def invoice(self, entity_id: int, items: list[dict[str, Any]]) -> None:
        """Invoice these lines, or all that is open, as a colleague in the admin would."""
        answer = self.stage.app.test_client().post(
            f"/commerce/rest/all/V1/order/{entity_id}/invoice",
            json={"items": items, "capture": False},
            headers={"Authorization": "Bearer sandbox-commerce-token"},
        )
        assert answer.status_code == 200, answer.get_data(as_text=True)


@pytest.fixture(scope="module", params=sorted({"USD", "EUR", "JPY", "KWD", "BHD"} | FOREIGN.keys()))
def till(
    request: pytest.FixtureRequest, migrated_file: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Till]:
    directory = tmp_path_factory.mktemp("exact")
    shutil.copy(migrated_file, directory / "bridge.db")
    till = Till(directory, request.param)
    yield till
    till.stage.bridge.close()


@st.composite
def sold_lines(draw: st.DrawFn, decimals: int) -> Line:
    """A line whose taxes and discounts are parts of what is taxed and reduced."""
    smallest = Decimal(1).scaleb(-decimals)
    quantity = draw(st.integers(1, 12))
    item = draw(st.integers(0, 40_000)) * quantity
    shipping, wrap, fee = (draw(st.just(0) | st.integers(1, 3_000)) for _ in range(3))
    discount = draw(st.just(0) | st.integers(0, item // 2))
    item_tax = draw(st.just(0) | st.integers(0, item // 4))
    amounts = {
        "item_tax": item_tax,
        "shipping": shipping,
        "shipping_tax": draw(st.integers(0, shipping // 4)),
        "gift_wrap": wrap,
        "gift_wrap_tax": draw(st.integers(0, wrap // 4)),
        "cod_fee": fee,
        "item_discount": discount,
        "shipping_discount": draw(st.just(0) | st.integers(0, shipping // 2)),
        "cod_fee_discount": draw(st.just(0) | st.integers(0, fee)),
        "discount_tax": draw(st.just(0) | st.integers(0, min(discount, item_tax) // 4)),
    }
    return Line(
        sku=draw(st.sampled_from(SKUS)),
        title="A thing",
        quantity=quantity,
        unit_price=item // quantity * smallest,
        **{name: amount * smallest for name, amount in amounts.items()},
    )


def cases(decimals: int) -> st.SearchStrategy[Case]:
    """Any order; about one in four with a total that is wrong."""
    few = st.lists(sold_lines(decimals), min_size=1, max_size=4)
    many = st.lists(sold_lines(decimals), min_size=20, max_size=40)
    return st.builds(
        Case,
        lines=st.one_of(few, few, few, many).map(tuple),
        other=st.just(0) | st.integers(1, 5_000),
        tip=st.just(0) | st.integers(1, 5_000),
        inclusive=st.booleans(),
        sign=st.sampled_from((-1, 1)),
        fba=st.booleans(),
        order_breakdowns=st.booleans(),
        off_by=st.sampled_from((0, 0, 0, 1)),
    )


def check_identity(till: Till, order: dict[str, Any], total: Decimal) -> None:
    """subtotal + discount + shipping + tax = grand total = Amazon's, in the order's and in the base currency."""
    assert (order["base_currency_code"], order["order_currency_code"]) == (till.base, till.currency)
    assert Decimal(str(order["base_to_order_rate"])) == till.exact(till.rate)
    for base, wanted in (("", total), ("base_", till.in_base(total))):
        parts = ("subtotal", "discount_amount", "shipping_amount", "tax_amount")
        assert sum(till.exact(order[base + part]) for part in parts) == till.exact(order[f"{base}grand_total"])
        assert till.exact(order[f"{base}grand_total"]) == wanted
        rows = (("row_total", "subtotal"), ("tax_amount", "tax_amount"))
        lines = {name: sum(till.exact(item[base + name]) for item in order["items"]) for name, _ in rows}
        assert lines["row_total"] == till.exact(order[f"{base}subtotal"])
        shipping_tax = till.exact(order[f"{base}shipping_tax_amount"])
        assert lines["tax_amount"] + shipping_tax == till.exact(order[f"{base}tax_amount"])


def check_invoiced(till: Till, order: dict[str, Any], *, whole: bool) -> None:
    """What is invoiced adds up; all invoices together are the order."""
    for base in ("", "base_"):
        parts = {"subtotal": "subtotal", "discount": "discount_amount", "shipping": "shipping_amount",
                 "tax": "tax_amount"}  # fmt: skip
        invoiced = {name: till.exact(order[f"{base}{name}_invoiced"]) for name in parts}
        total = till.exact(order[f"{base}total_invoiced"])
        assert sum(invoiced.values()) == total
        assert total <= till.exact(order[f"{base}grand_total"])
        if whole:
            assert total == till.exact(order[f"{base}total_paid"]) == till.exact(order[f"{base}grand_total"])
            assert {n: till.exact(order[base + parts[n]]) for n in parts} == invoiced


def check_one(till: Till, order_id: str, case: Case) -> None:
    """The order is held with its figures, or is in Commerce to the cent, also while it is being invoiced."""
    shown = Decimal(till.stage.amazon.orders[order_id]["proceeds"]["grandTotal"]["amount"])
    ours = till.stage.order(order_id)
    if case.off_by:
        assert [b.code for b in ours.blockers] == ["amounts_do_not_add_up"]
        assert str(shown) in ours.blockers[0].message
        assert till.stage.commerce_orders(order_id) == []
        return
    assert [b.message for b in ours.blockers] == []
    created = till.stage.commerce_order(order_id)
    check_identity(till, created, shown)
    goods = [item for item in created["items"] if not item["is_virtual"]]
    assert len(goods) == len(case.lines)
    if case.fba:
        check_invoiced(till, created, whole=True)
        return
    first = goods[0]
    if first["qty_ordered"] > 1 or len(created["items"]) > 1:
        till.invoice(created["entity_id"], [{"order_item_id": first["item_id"], "qty": 1}])
        check_invoiced(till, till.stage.commerce_order(order_id), whole=False)
        check_identity(till, till.stage.commerce_order(order_id), shown)
    till.invoice(created["entity_id"], [])
    check_invoiced(till, till.stage.commerce_order(order_id), whole=True)
    check_identity(till, till.stage.commerce_order(order_id), shown)


@given(data=st.data())
@settings(
    deadline=None,
    max_examples=4,
    phases=(Phase.explicit, Phase.reuse, Phase.generate),  # the stage remembers: a smaller batch proves nothing
    suppress_health_check=(HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example),
)
def test_any_mix_of_orders_is_equal_in_commerce_to_the_last_unit_or_is_held(till: Till, data: st.DataObject):
    batch = data.draw(st.lists(cases(till.decimals), min_size=3, max_size=8))
    sold = [(till.sell(case), case) for case in batch]
    till.run()
    for order_id, case in sold:
        check_one(till, order_id, case)


def test_forty_lines_with_every_charge_are_equal_in_commerce(till: Till):
    smallest = Decimal(1).scaleb(-till.decimals)
    amounts = {"item_tax": 1001, "shipping": 499, "shipping_tax": 41, "gift_wrap": 399, "gift_wrap_tax": 33,
               "cod_fee": 250, "item_discount": 1777, "shipping_discount": 99, "cod_fee_discount": 50,
               "discount_tax": 7}  # fmt: skip
    lines = tuple(
        Line(sku=SKUS[n % 6], title="A thing", quantity=1 + n % 7, unit_price=(3333 + n) * smallest,
             **{name: amount * smallest for name, amount in amounts.items()})
        for n in range(40)
    )  # fmt: skip
    sold = []
    for inclusive, sign in itertools.product((True, False), (-1, 1)):
        case = Case(lines, 7, 500, inclusive, sign, fba=False, order_breakdowns=True, off_by=0)
        sold.append((till.sell(case), case))
    till.run()
    for order_id, case in sold:
        check_one(till, order_id, case)
