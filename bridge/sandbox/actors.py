"""What makes orders move by itself in the sandbox: buyers, the warehouse, the catalogue manager, the shop's crontab.

Everything they do is drawn from the world's seeded generator and timed by its clock, so that a town repeats its day.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING, Any, Literal

from bridge.sandbox.amounts import ZERO, Line
from bridge.sandbox.cast import GOODS, PEOPLE, TAX_RATES, Good
from bridge.sandbox.commerce_errors import CommerceError
from bridge.sandbox.refusal import Refusal
from bridge.sandbox.shop_catalog import DISABLED, ENABLED
from bridge.sandbox.shop_state import qty_to_ship

if TYPE_CHECKING:
    from bridge.sandbox.order_json import Address
    from bridge.sandbox.world import World

Kind = Literal["plain", "two_lines", "fba", "cancelled_unpaid", "asks_to_cancel", "missing", "disabled", "out_of_stock"]
# What the first visitors of a day do, so that whoever watches for a minute sees each kind of thing once.
OPENING: tuple[Kind, ...] = ("plain", "missing", "disabled", "out_of_stock", "two_lines", "fba", "cancelled_unpaid")
LATER: tuple[Kind, ...] = (*("plain",) * 8, *("two_lines",) * 4, *("fba",) * 3, "cancelled_unpaid", "asks_to_cancel")
CARRIERS = (("ups", "United Parcel Service"), ("fedex", "Federal Express"), ("usps", "United States Postal Service"))
CENT = Decimal("0.01")


@dataclass(frozen=True)
class Pace:
    """How fast a town lives, in seconds; and when it calms down, so that one left alone overnight stays small.

    After `lively` orders the next one comes every `calm_every` seconds, after `most` there are no more.
    """

    order_every: float = 7.0
    payment_after: float = 7.0
    fba_after: float = 6.0
    ship_after: float = 5.0
    second_parcel_after: float = 8.0
    mend_after: float = 30.0
    reserve_every: float = 20.0
    lively: int = 40
    calm_every: float = 900.0
    most: int = 150


@dataclass(order=True)
class Errand:
    """Something that a buyer, or Amazon for a buyer, will do to an order."""

    due: datetime
    order_id: str
    act: Literal["pay", "cancel", "request_cancel", "ship_fba"]


def line_of(good: Good, quantity: int, address: Address) -> Line:
    """A line as an American buyer's order has it: tax by state on goods and shipping, small orders pay for shipping."""
    rate = TAX_RATES.get(address.state_or_region, ZERO)
    price = good.price * quantity
    shipping = Decimal("5.99") if price < 35 else ZERO
    return Line(
        sku=good.sku,
        asin=good.asin,
        title=good.title,
        quantity=quantity,
        unit_price=good.price,
        item_tax=(price * rate).quantize(CENT, ROUND_HALF_UP),
        shipping=shipping,
        shipping_tax=(shipping * rate).quantize(CENT, ROUND_HALF_UP),
    )


class Buyer:
    """All buyers at once: they place orders, pay a little later, and now and then think better of it."""

    def __init__(self, pace: Pace) -> None:
        self._pace = pace
        self._next: datetime | None = None
        self._errands: list[Errand] = []
        self.placed: list[str] = []

    def step(self, world: World) -> None:
        """Do what is due by now."""
        now = world.now()
        for errand in sorted(self._errands):
            if errand.due <= now:
                self._errands.remove(errand)
                self._run(world, errand)
        if (self._next is None or self._next <= now) and len(self.placed) < self._pace.most:
            opening = len(self.placed) < len(OPENING)
            self._place(world, OPENING[len(self.placed)] if opening else world.rng.choice(LATER))
            every = self._pace.order_every if len(self.placed) < self._pace.lively else self._pace.calm_every
            # The first four come at once: one that goes well, and the three that the shop cannot take.
            self._next = now if len(self.placed) < 4 else now + timedelta(seconds=every)

    def _place(self, world: World, kind: Kind) -> None:
        address = world.rng.choice(PEOPLE)
        # Small goods are bought in twos and threes.
        lines = [
            line_of(good, world.rng.randint(1, 3) if good.price < 30 else 1, address) for good in _goods(world, kind)
        ]
        fulfilled_by: Literal["AMAZON", "MERCHANT"] = "AMAZON" if kind == "fba" else "MERCHANT"
        programs = ("PRIME",) if kind == "fba" else ()
        order_id = world.marketplace.place(
            lines, buyer_name=address.name, address=address, fulfilled_by=fulfilled_by, programs=programs
        )
        self.placed.append(order_id)
        paid = self._pace.payment_after
        if kind == "cancelled_unpaid":
            self._later(world, order_id, "cancel", paid)
            return
        self._later(world, order_id, "pay", paid)
        if kind == "fba":
            self._later(world, order_id, "ship_fba", paid + self._pace.fba_after)
        if kind == "asks_to_cancel":
            self._later(world, order_id, "request_cancel", paid + 1)

    def _later(self, world: World, order_id: str, act: Any, seconds: float) -> None:
        self._errands.append(Errand(world.now() + timedelta(seconds=seconds), order_id, act))

    def _run(self, world: World, errand: Errand) -> None:
        acts: dict[str, Callable[[str], None]] = {
            "pay": world.marketplace.verify_payment,
            "cancel": lambda order_id: world.marketplace.cancel(order_id, "BUYER", "BuyerCanceled"),
            "request_cancel": world.marketplace.request_cancel,
            "ship_fba": world.marketplace.ship_fba,
        }
        try:
            acts[errand.act](errand.order_id)
        except Refusal:
            pass  # somebody at the page was quicker, and the order has moved on


def _goods(world: World, kind: Kind) -> list[Good]:
    if kind in ("missing", "disabled", "out_of_stock"):
        return [next(good for good in GOODS if good.shop == kind)]
    ready = [good for good in GOODS if good.shop == "ready"]
    return world.rng.sample(ready, 2) if kind == "two_lines" else [world.rng.choice(ready)]


class Warehouse:
    """Ships what stands in Commerce in `processing`, after a moment, with a tracking number; some in two parcels."""

    def __init__(self, pace: Pace) -> None:
        self._pace = pace
        self._due: dict[int, datetime] = {}
        self._parcels = 0

    def step(self, world: World) -> None:
        """Ship what is due by now."""
        now = world.now()
        waiting = waiting_for_shipment(world)
        self._due = {order_id: due for order_id, due in self._due.items() if order_id in waiting}
        for order_id, left in waiting.items():
            due = self._due.setdefault(order_id, now + timedelta(seconds=self._pace.ship_after))
            if due > now:
                continue
            parcel = left
            if len(left) > 1 and world.rng.random() < 0.5:
                first = min(left)
                parcel = {first: left[first]}
                self._due[order_id] = now + timedelta(seconds=self._pace.second_parcel_after)
            self._parcels += 1
            carrier_code, title = world.rng.choice(CARRIERS)
            number = f"SBX{world.rng.randint(0, 10**9 - 1):09d}{self._parcels:03d}"
            try:
                world.shop.ship(order_id, items=parcel, tracks=[(carrier_code, title, number)])
            except CommerceError:
                # The shelf is empty: somebody took the pieces out of the source. It may be filled again.
                self._due[order_id] = now + timedelta(seconds=self._pace.mend_after)


def waiting_for_shipment(world: World) -> dict[int, dict[int, float]]:
    """Commerce orders in `processing` with something left to ship: order id -> item id -> quantity."""
    waiting: dict[int, dict[int, float]] = {}
    for order_id, order in world.shop.orders.items():
        if order.get("state") != "processing":
            continue
        left = {int(item["item_id"]): quantity for item in order["items"] if (quantity := qty_to_ship(item)) > 0}
        if left:
            waiting[int(order_id)] = left
    return waiting


class CatalogueManager:
    """Mends, some time after opening, what keeps orders out of the shop; and fills shelves that have run low."""

    LOW, FULL = 5, 60

    def __init__(self, pace: Pace) -> None:
        self._pace = pace
        self._opened: datetime | None = None
        self._broken = [good for good in GOODS if good.shop != "ready"]

    def step(self, world: World) -> None:
        """Do what is due by now; one thing is mended at a time, a few seconds apart."""
        now = world.now()
        self._opened = self._opened or now
        mended = sum(good.shop != "ready" for good in GOODS) - len(self._broken)
        if self._broken and now >= self._opened + timedelta(seconds=self._pace.mend_after + 4 * mended):
            mend(world, self._broken.pop(0))
        elif not self._broken:
            for good in GOODS:
                known = world.shop.catalog.get(good.sku)
                if known is not None and world.shop.salable_quantity(good.sku) < self.LOW:
                    world.shop.set_stock(good.sku, world.shop.source_quantity(good.sku) + self.FULL)


class Crontab:
    """The shop's own crontab: it reserves what was ordered by REST, as the bridge's README has it."""

    LINES = r"^[^:]+:[^:]+:-?[0-9]+(\.[0-9]+)?:[0-9]+$"

    def __init__(self, pace: Pace) -> None:
        self._pace = pace
        self._next: datetime | None = None

    def step(self, world: World) -> None:
        """Run the reservation command when its time has come."""
        now = world.now()
        if self._next is None or now >= self._next:
            self._next = now + timedelta(seconds=self._pace.reserve_every)
            world.shop.run_reservation_cli(self.LINES)


def stock_the_shop(world: World, good: Good) -> None:
    """Put a good into the shop's catalogue as it stands there when the scenario begins."""
    if good.shop == "missing":
        return
    world.shop.add_product(
        good.sku,
        good.title,
        price=float(good.price),
        qty=0 if good.shop == "out_of_stock" else good.stock,
        status=DISABLED if good.shop == "disabled" else ENABLED,
    )


def mend(world: World, good: Good) -> None:
    """Make a good salable in the shop: create it where it is missing, else enable it, else fill its shelf."""
    product = world.shop.catalog.get(good.sku)
    if product is None:
        stock_the_shop(world, replace(good, shop="ready"))
    elif product.status != ENABLED:
        world.shop.set_product_status(good.sku, True)
    else:
        world.shop.set_stock(good.sku, good.stock)


class Town:
    """All actors over one world: stepped by hand, or in a thread of its own until `stop`."""

    def __init__(self, world: World, pace: Pace | None = None) -> None:
        pace = pace or Pace()
        self._world = world
        self.actors = (Buyer(pace), Warehouse(pace), CatalogueManager(pace), Crontab(pace))
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None

    def step(self) -> None:
        """Let everybody do what is due by now."""
        for actor in self.actors:
            with self._world.lock:
                actor.step(self._world)

    @property
    def alive(self) -> bool:
        """Whether its thread is running."""
        return self._thread is not None and self._thread.is_alive()

    def start(self, tick: float = 0.5) -> None:
        """Live on, a step every `tick` seconds."""
        self._thread = threading.Thread(target=self._live, args=(tick,), name="sandbox-town", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stand still, and give back the thread."""
        self._stopped.set()
        if self._thread is not None:
            self._thread.join()

    def _live(self, tick: float) -> None:
        while not self._stopped.wait(tick):
            self.step()
