"""The lives behind a report: when each order was placed, paid, shipped or cancelled, on a world with a hand-set clock.

A report tells how an order ended, not how it came there. What it does not tell is filled in by rules that stand here
and depend on nothing but the order itself, so that the same report is always the same play:
- an order for which the report has a price had been paid; one cancelled without any price never was;
- a quantity of 0 on a line of a cancelled order is what the cancellation left: one piece had been ordered;
- a line with neither quantity nor price in any other order was cancelled alone, early: it stays at 0;
- a purchase date at midnight is a date without a clock time: such orders are spread over their day.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Literal
from zlib import crc32

from bridge.sandbox.amounts import Line
from bridge.sandbox.marketplace import OPEN
from bridge.sandbox.markets import MARKETS, Market
from bridge.sandbox.order_json import Address
from bridge.sandbox.report import ReportLine, ReportOrder
from bridge.sandbox.shop_state import Record, qty_to_ship
from bridge.sandbox.world import World

Fate = Literal[
    "shipped_by_merchant",
    "shipped_by_amazon",
    "cancelled_unpaid",
    "cancelled_paid",
    "unshipped",
    "pending",
]
Act = Literal["place", "pay", "cancel", "ship_fba", "first_parcel", "last_parcel"]

CARRIERS = (("delhivery", "Delhivery"), ("bluedart", "BlueDart"), ("indiapost", "India Post"))
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
_LAST_STATUS: dict[Fate, str] = {
    "shipped_by_merchant": "SHIPPED",
    "shipped_by_amazon": "SHIPPED",
    "cancelled_unpaid": "CANCELLED",
    "cancelled_paid": "CANCELLED",
    "unshipped": "UNSHIPPED",
    "pending": "PENDING",
}


@dataclass(frozen=True, slots=True, order=True)
class Happening:
    """Something that a buyer, Amazon or the merchant's warehouse does to an order."""

    when: datetime
    order_id: str
    act: Act


def market_of(sales_channel: str) -> Market | None:
    """The marketplace that a report calls by this name ("Amazon.in")."""
    return next((market for market in MARKETS.values() if market.name == sales_channel), None)


def fate_of(order: ReportOrder) -> Fate:
    """How the order's life goes."""
    if order.outcome == "shipped":
        return "shipped_by_amazon" if order.channel == "AMAZON" else "shipped_by_merchant"
    if order.outcome == "cancelled":
        return "cancelled_paid" if any(line.item_price is not None for line in order.lines) else "cancelled_unpaid"
    return order.outcome


def last_status(order: ReportOrder) -> str:
    """The fulfillmentStatus that Amazon shows in the end."""
    return _LAST_STATUS[fate_of(order)]


def pieces(order: ReportOrder, line: ReportLine) -> int:
    """How many had been ordered."""
    if line.quantity or order.outcome != "cancelled":
        return line.quantity
    return 1 if line.item_price is not None or fate_of(order) == "cancelled_unpaid" else 0


def purchased(order: ReportOrder) -> datetime:
    """When the order was placed."""
    if order.purchased.time() != datetime.min.time():
        return order.purchased
    return order.purchased + timedelta(seconds=_number(order, "placed") % 86_000)


def happenings(order: ReportOrder) -> Iterator[Happening]:
    """The order's life, oldest first."""
    fate, placed = fate_of(order), purchased(order)

    def at(when: datetime, act: Act) -> Happening:
        return Happening(when, order.order_id, act)

    yield at(placed, "place")
    if fate == "pending":
        return
    if fate == "cancelled_unpaid":
        yield at(placed + (20 + _number(order, "cancel") % 460) * MINUTE, "cancel")
        return
    paid = placed + (30 + _number(order, "pay") % 60) * MINUTE
    yield at(paid, "pay")
    if fate == "cancelled_paid":
        # A merchant's order is in the shop long before; what Amazon ships itself is cancelled before it leaves.
        wait = 14 + _number(order, "cancel") % 24 if order.channel == "MERCHANT" else 2 + _number(order, "cancel") % 6
        yield at(paid + wait * HOUR, "cancel")
    elif fate == "shipped_by_amazon":
        yield at(paid + (8 + _number(order, "ship") % 24) * HOUR, "ship_fba")
    elif fate == "shipped_by_merchant":
        leaves = paid + (12 + _number(order, "ship") % 32) * HOUR
        if in_two_parcels(order):
            yield at(leaves, "first_parcel")
            leaves += 20 * HOUR
        yield at(leaves, "last_parcel")


def in_two_parcels(order: ReportOrder) -> bool:
    """Every other order of more than one piece leaves the warehouse in two parcels."""
    return sum(pieces(order, line) for line in order.lines) > 1 and _number(order, "parcels") % 2 == 0


def _number(order: ReportOrder, purpose: str) -> int:
    """A number that is the order's own for this purpose, the same in every process."""
    return crc32(f"{purpose} {order.order_id}".encode())


class Play:
    """The lives of some orders on a world. What the world has lived through already is not played again."""

    def __init__(self, world: World, orders: Iterable[ReportOrder]) -> None:
        self._world = world
        self._orders = {order.order_id: order for order in orders if not _is_over(world, order)}
        self._ahead = sorted(happening for order in self._orders.values() for happening in happenings(order))
        self._waiting: list[Happening] = []
        self.played = 0

    @property
    def begins(self) -> datetime | None:
        """When the first thing happens; None when nothing does."""
        return self._ahead[0].when if self._ahead else None

    @property
    def left(self) -> int:
        """How many things are still to happen."""
        return len(self._ahead) + len(self._waiting)

    @property
    def share(self) -> float:
        """How much of everything has happened, from 0 to 1."""
        return self.played / (self.played + self.left) if self.left else 1.0

    def until(self, when: datetime) -> None:
        """Let happen what happens up to then, and move the clock there. What waits for the shop is tried again."""
        with self._world.lock:
            waited, self._waiting = self._waiting, []
            for happening in waited:
                self._let(happening)
            while self._ahead and self._ahead[0].when <= when:
                happening = heapq.heappop(self._ahead)
                self._world.clock.move_to(happening.when)
                self._let(happening)
            self._world.clock.move_to(when)

    def _let(self, happening: Happening) -> None:
        order = self._orders[happening.order_id]
        if happening.act in ("first_parcel", "last_parcel"):
            if not self._ship(order, happening.act):
                self._waiting.append(happening)
                return
        else:
            self._live(order, happening)
        self.played += 1

    def _live(self, order: ReportOrder, happening: Happening) -> None:
        amazon, order_id = self._world.marketplace, order.order_id
        if happening.act == "place":
            if order_id not in amazon.orders:
                _place(self._world, order, happening.when)
            return
        status = amazon.status(order_id)
        if happening.act == "pay" and status == "PENDING":
            amazon.verify_payment(order_id)
        elif happening.act == "ship_fba" and status == "UNSHIPPED":
            amazon.ship_fba(order_id)
        elif happening.act == "cancel" and status in OPEN:
            amazon.cancel(order_id, "BUYER", "BuyerCanceled")

    def _ship(self, order: ReportOrder, act: Act) -> bool:
        """Ship as the warehouse does, from what it finds in the shop; False while there is nothing to ship there."""
        found = self._world.shop.find_orders(ext_order_id=order.order_id)
        if not found or found[0]["state"] != "processing":
            return False
        left = {int(item["item_id"]): qty for item in found[0]["items"] if (qty := qty_to_ship(item)) > 0}
        if act == "first_parcel":
            if _shipped(found[0]):
                return True
            left = {min(left): 1.0}
        code, title = CARRIERS[_number(order, "carrier") % len(CARRIERS)]
        track = f"{title[:2].upper()}{_number(order, act):010d}"
        self._world.shop.ship(int(found[0]["entity_id"]), items=left, tracks=[(code, title, track)])
        return True


def _shipped(commerce_order: Record) -> bool:
    return any(item.get("qty_shipped") for item in commerce_order["items"])


def _is_over(world: World, order: ReportOrder) -> bool:
    return order.order_id in world.marketplace.orders and world.marketplace.status(order.order_id) == last_status(order)


def _place(world: World, order: ReportOrder, when: datetime) -> None:
    market = market_of(order.sales_channel)
    if market is None:
        raise ValueError(f"there is no marketplace {order.sales_channel!r}")
    # The report names no buyer and no street; what it has of the address is shown as it was typed.
    name = f"Buyer {order.order_id[-7:]}"
    address = Address(name, "", "", "", order.city, order.state, order.postal_code, order.country, "")
    world.marketplace.place(
        [_line(order, line) for line in order.lines],
        buyer_name=name,
        address=address,
        marketplace_id=market.marketplace_id,
        fulfilled_by=order.channel,
        service_level=order.service_level.upper() or "STANDARD",
        order_id=order.order_id,
        created=when,
    )


def _line(order: ReportOrder, line: ReportLine) -> Line:
    quantity = pieces(order, line)
    price = line.item_price or Decimal(0)
    return Line(
        sku=line.sku,
        title=line.title,
        asin=line.asin,
        quantity=quantity,
        unit_price=price / quantity if quantity else Decimal(0),
        item_tax=line.item_tax,
        shipping=line.shipping,
        shipping_tax=line.shipping_tax,
        gift_wrap=line.gift_wrap,
        gift_wrap_tax=line.gift_wrap_tax,
        item_discount=line.item_discount,
        shipping_discount=line.shipping_discount,
    )
