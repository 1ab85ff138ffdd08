"""Amazon orders for the tests of the rules: one with sensible defaults, and any whose figures add up."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from bridge.domain.commerce import Product, Region, ShopContext
from bridge.domain.draft import ProductLine
from bridge.domain.order import Address, AmazonStatus, Channel, Line, LineAmounts, OrderSnapshot

BOUGHT = datetime(2026, 9, 30, 14, 3, 11, tzinfo=UTC)
JANE = Address("Jane Doe", None, ("1 Main St", "Apt 2"), "Austin", None, "TX", "78701", "US", "+1 512-555-0100")
SHOP = ShopContext(
    store_id=2,
    store_view="amazon_us",
    website_id=1,
    website_code="base",
    base_currency="USD",
    stock_id=1,
    countries={"US": (Region(57, "TX", "Texas"), Region(12, "CA", "California")), "DE": ()},
)
# Two mugs at 19.99 net, 5.00 off, 4.99 shipping, 3.71 tax.
MUGS = LineAmounts(
    item=3998, item_tax=330, item_discount=500, shipping=499, shipping_tax=41, total=3998 + 330 - 500 + 499 + 41
)


def make_line(item_id: str = "item-1", **more: Any) -> Line:
    return replace(Line(item_id, 2, "Blue mug", "BLUE-MUG", "B0MUG", amounts=MUGS), **more)


def make_order(*lines: Line, **more: Any) -> OrderSnapshot:
    """Jane's order of two mugs, or of the lines given; the total is what the lines and the tip make."""
    lines = lines or (make_line(),)
    total = sum(line.amounts.total for line in lines if line.amounts) + more.get("tip", 0)
    order = OrderSnapshot(
        amazon_order_id="113-1234567-1234567",
        marketplace_id="ATVPDKIKX0DER",
        status=AmazonStatus.UNSHIPPED,
        channel=Channel.FBM,
        purchase_date=BOUGHT,
        last_update=BOUGHT,
        lines=lines,
        currency="USD",
        grand_total=total,
        buyer_name="John Buyer",
        buyer_email="abc123@marketplace.amazon.com",
        address=JANE,
        service_level="STANDARD",
    )
    return replace(order, **more)


def make_product(sku: str = "BLUE-MUG", **more: Any) -> Product:
    return replace(Product(42, sku, "Blue mug", True, "simple", Decimal("0.5"), (1,)), **more)


def products_for(order: OrderSnapshot, quantity: int = 1, **more: Any) -> dict[str, ProductLine]:
    """A product for each line."""
    return {line.item_id: ProductLine(make_product(line.sku or "X", **more), quantity) for line in order.lines}


# Any order whose figures add up; a busy machine is no reason to fail
relaxed = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

MINOR = st.integers(0, 2_000_000)
# Every character but the halves of surrogate pairs. Told by its bounds: a new clone takes a second to find them out.
ANY = st.characters(max_codepoint=0xD7FF, exclude_categories=()) | st.characters(
    min_codepoint=0xE000, exclude_categories=()
)
TEXT = st.none() | st.text(ANY, max_size=300)
NO_WORDS: st.SearchStrategy[None] = st.none()


_NAMES = ("item", "item_tax", "item_discount", "shipping", "shipping_tax", "shipping_discount", "gift_wrap")
_NAMES += ("gift_wrap_tax", "cod_fee", "cod_fee_tax", "cod_fee_discount", "other")
_MOST = (0, 3, 1_000, 2_000_000)  # none, one that a rounding eats, one like most, one like few


def amounts() -> st.SearchStrategy[LineAmounts]:
    """A line's figures, drawn as one string of bytes: a draw for each takes longer than what is tested."""
    return st.binary(min_size=4 * len(_NAMES), max_size=4 * len(_NAMES)).map(_amounts_of)


def _amounts_of(drawn: bytes) -> LineAmounts:
    cells = [drawn[at : at + 4] for at in range(0, len(drawn), 4)]
    figures = [int.from_bytes(cell[1:], "big") % (_MOST[cell[0] % 4] + 1) for cell in cells]
    made = LineAmounts(**dict(zip(_NAMES, figures, strict=True)))
    # What is taken off beyond the price would make a negative total: Amazon has no such line.
    made = replace(made, item=made.item + max(0, -made.computed_total))
    return replace(made, total=made.computed_total)


@st.composite
def lines(draw: st.DrawFn, words: st.SearchStrategy[Any]) -> tuple[Line, ...]:
    count = draw(st.integers(1, 4))
    made = [
        Line(f"item-{n}", draw(st.integers(1, 1000)), draw(words) or "", f"SKU-{n}", amounts=draw(amounts()))
        for n in range(count)
    ]
    if draw(st.booleans()):
        made.append(Line("cancelled", 0, amounts=draw(st.none() | st.just(LineAmounts()))))
    extras = ("gift_message", "gift_wrap_level", "customized_url")
    made[0] = replace(made[0], **{name: draw(words) for name in extras})
    return tuple(made)


STREETS = st.lists(st.text(ANY, max_size=150), max_size=4).map(tuple)
ADDRESSES = st.builds(Address, TEXT, TEXT, STREETS, TEXT, TEXT, TEXT, TEXT, st.none() | st.just("US"), TEXT)


@st.composite
def orders(draw: st.DrawFn) -> OrderSnapshot:
    """Any order that can be imported."""
    return replace(
        draw(sums(TEXT)),
        buyer_name=draw(TEXT),
        buyer_email=draw(TEXT | st.emails()),
        buyer_company=draw(TEXT),
        purchase_order_number=draw(TEXT),
        address=draw(st.none() | ADDRESSES),
        programs=tuple(draw(st.lists(st.sampled_from(["PRIME", "BUSINESS"]), max_size=2))),
        service_level=draw(st.sampled_from([None, "STANDARD", "SAME_DAY", "Std US D2D Dom"])),
        ship_by=draw(st.none() | st.just(BOUGHT)),
        replaces=draw(st.none() | st.just("113-0000000-0000000")),
        tax_collected_by_amazon=draw(st.booleans()),
    )


@st.composite
def sums(draw: st.DrawFn, words: st.SearchStrategy[Any] = NO_WORDS) -> OrderSnapshot:
    """An order of any figures, for rules that read no words."""
    return make_order(
        *draw(lines(words)),
        currency=draw(st.sampled_from(["USD", "EUR", "JPY", "KWD"])),
        tip=draw(st.just(0) | MINOR),
        channel=draw(st.sampled_from(Channel)),
    )
