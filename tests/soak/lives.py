"""What people do in thirty days: buyers place, pay, cancel and ask to; the warehouse and the merchant do their work.

Everything is drawn from one seed. Most of it falls into spells of a few hours, so that the days between cost little.
"""

from __future__ import annotations

import heapq
import itertools
import random
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from bridge.sandbox.marketplace import OPEN
from bridge.sandbox.shop_actions import unhold
from bridge.sandbox.shop_state import qty_to_ship
from bridge.sandbox.world import World
from bridge.sync.confirm import LATE_TRACKS
from tests.stage import START, US, line

CA = "A2EUQ1WTGCTBG2"
DAYS = 30
SPELLS = 4  # spells in which orders are placed; in the one that follows the last ones are shipped
SPELL = timedelta(minutes=60)
LATEST = 40.0 * 60  # seconds until a new order turns up in Amazon's list
LATE_SKU = "GREEN-MUG"  # sold on Amazon before the shop has it
CARRIERS = (("ups", "UPS"), ("fedex", "FedEx"), ("custom", "Our van"))
FATES = {
    "ship": 26,
    "ship_many_tracks": 9,
    "ship_in_two": 12,
    "ship_track_later": 10,
    "fba_ship": 16,
    "fba_cancel": 4,
    "cancel_unpaid": 7,
    "cancel_paid": 8,
    "ask_then_merchant_cancels": 5,
    "ask_then_ship": 4,
    "merchant_cancels": 4,
    "stay_unshipped": 3,
    "stay_pending": 2,
}
Act = Callable[[], bool | None]  # False: not possible yet, to be tried again


class Lives:
    """The happenings of one seed, played on a world as its clock passes them."""

    def __init__(self, world: World, rng: random.Random, *, ask_bridge: Callable[[str, str], bool], canada: bool):
        self.world = world
        self.rng = rng
        self._ask_bridge = ask_bridge
        self._canada = canada
        self._ahead: list[tuple[datetime, int, Act]] = []
        self._waiting: list[Act] = []
        self._count = itertools.count()
        self._cancelling: set[str] = set()
        self.last = world.now()
        gap = timedelta(days=DAYS - 1) / SPELLS
        self.spells = [START + gap * n + timedelta(hours=rng.uniform(0, 24)) for n in range(SPELLS + 1)]
        for _ in range(rng.randint(50, 90)):
            self._plan()
        for _ in range(4):  # older than the integration: never ours, also when they change
            self._plan_old()
        self.at(self.spells[rng.randint(2, SPELLS)], lambda: self._add_product(LATE_SKU))

    # The agenda

    def at(self, when: datetime, act: Act) -> None:
        """Let something happen."""
        heapq.heappush(self._ahead, (when, next(self._count), act))

    @property
    def over(self) -> bool:
        """Whether nothing is left to happen."""
        return not self._ahead and not self._waiting

    @property
    def next(self) -> datetime | None:
        """When something happens next."""
        return self._ahead[0][0] if self._ahead else None

    def until(self, when: datetime) -> None:
        """Let happen what happens up to then, and move the clock there. What had to wait is tried first."""
        waited, self._waiting = self._waiting, []
        for act in waited:
            self._let(act)
        while self._ahead and self._ahead[0][0] <= when:
            self.world.clock.move_to(self._ahead[0][0])
            self.happen()
        self.world.clock.move_to(when)

    def happen(self) -> None:
        """Let the next thing happen now."""
        if self._ahead:
            self._let(heapq.heappop(self._ahead)[2])

    def _let(self, act: Act) -> None:
        if act() is False:
            self._waiting.append(act)
        else:
            self.last = self.world.now()

    # The plans

    def _moment(self, spell: int) -> datetime:
        return self.spells[min(spell, len(self.spells) - 1)] + SPELL * self.rng.random()

    def _plan(self) -> None:
        rng = self.rng
        fate = rng.choices(list(FATES), list(FATES.values()))[0]
        spell = rng.randrange(SPELLS)
        born = self._moment(spell)
        fields: dict[str, Any] = {"visible_after": rng.choice((0.0, 0.0, rng.uniform(1, LATEST)))}
        if fate.startswith("fba"):
            fields["fulfilled_by"] = "AMAZON"
        if self._canada and rng.random() < 0.2:
            fields["marketplace_id"] = CA
        lines = [self._line() for _ in range(rng.choice((1, 1, 2, 3)))]
        paid = born + timedelta(minutes=rng.choice((0.5, 5, 30, 90)) * rng.uniform(0.5, 1))
        cancelled = paid + timedelta(minutes=rng.uniform(1, 25)) if rng.random() < 0.5 else self._moment(spell + 1)

        def place() -> None:
            order_id = self.world.marketplace.place(lines, **fields)
            if fate == "stay_pending":
                return
            if fate == "cancel_unpaid":
                self.at(paid, lambda: self._cancel(order_id))
                return
            self.at(paid, lambda: self._pay(order_id))
            shop_less = fields.get("marketplace_id") == CA and not fate.startswith("fba")
            if fate.endswith("cancel") or fate.startswith("cancel") or shop_less:
                self.at(cancelled, lambda: self._cancel(order_id))
            elif fate == "fba_ship":
                self.at(self._moment(spell + rng.randint(0, 1)), lambda: self._ship_fba(order_id))
            else:
                self._plan_merchant(order_id, fate, spell, cancelled)

        self.at(born, place)

    def _plan_merchant(self, order_id: str, fate: str, spell: int, asked: datetime) -> None:
        decided = max(self._moment(spell + 1), asked + timedelta(minutes=2))
        if fate.startswith("ask"):
            self.at(asked, lambda: self._ask(order_id))
        if fate in ("merchant_cancels", "ask_then_merchant_cancels"):
            self.at(decided, lambda: self._merchant_cancels(order_id))
        elif fate != "stay_unshipped":
            self.at(decided, lambda: self._ship(order_id, fate, spell + 1))

    def _plan_old(self) -> None:
        created = START - timedelta(minutes=self.rng.uniform(1, 3000))
        order_id = self.world.marketplace.place([self._line()], created=created)
        self.at(self._moment(self.rng.randint(0, 3)), lambda: self._pay(order_id))

    def _line(self) -> Any:
        sku = self.rng.choices(("BLUE-MUG", "RED-MUG", LATE_SKU), (10, 10, 1))[0]
        price = Decimal(self.rng.randint(100, 9999)) / 100
        return line(sku, self.rng.randint(1, 4), str(price))

    # Amazon and its buyers

    def _pay(self, order_id: str) -> None:
        if self.world.marketplace.status(order_id) == "PENDING":
            self.world.marketplace.verify_payment(order_id)

    def _cancel(self, order_id: str) -> None:
        """Amazon does not let a buyer cancel what has left the warehouse."""
        if self.world.marketplace.status(order_id) in OPEN and not self._parcels(order_id):
            self.world.marketplace.cancel(order_id, "BUYER", "BuyerCanceled")

    def _ask(self, order_id: str) -> None:
        if self.world.marketplace.status(order_id) == "UNSHIPPED":
            self.world.marketplace.request_cancel(order_id)

    def _ship_fba(self, order_id: str) -> bool:
        if self.world.marketplace.status(order_id) == "PENDING":
            return False
        if self.world.marketplace.status(order_id) == "UNSHIPPED":
            self.world.marketplace.ship_fba(order_id)
        return True

    # The merchant's people

    def _add_product(self, sku: str) -> None:
        self.world.shop.add_product(sku, sku.title(), qty=1000, price=19.99)

    def _merchant_cancels(self, order_id: str) -> bool:
        if self.world.marketplace.status(order_id) not in OPEN or self._parcels(order_id):
            return True
        if not self._ask_bridge(order_id, "NoInventory"):
            return False  # the bridge does not know the order, or not yet that it is paid
        self._cancelling.add(order_id)
        return True

    def _ship(self, order_id: str, fate: str, spell: int) -> bool:
        """Ship what is open, as the warehouse finds it in the shop; False while there is nothing to ship there."""
        found = self.world.shop.find_orders(ext_order_id=order_id)
        if self.world.marketplace.status(order_id) == "CANCELLED" or order_id in self._cancelling:
            return True
        if found and found[0]["state"] == "holded" and fate == "ask_then_ship":
            unhold(self.world.shop, found[0])
        if not found or found[0]["state"] != "processing":
            return False
        left = {int(item["item_id"]): qty for item in found[0]["items"] if (qty := qty_to_ship(item)) > 0}
        if fate == "ship_in_two" and not self._parcels(order_id) and sum(left.values()) > 1:
            left = {min(left): 1.0}
            self.at(self._soon_or_in(spell + 1), lambda: self._ship(order_id, fate, spell))
        tracks = self.rng.randint(2, 3) if fate == "ship_many_tracks" else int(fate != "ship_track_later")
        parcel = [self._track() for _ in range(tracks)]
        shipment_id = self.world.shop.ship(int(found[0]["entity_id"]), items=left, tracks=parcel)
        if fate == "ship_track_later":
            later = min(self._soon_or_in(spell + 1), self.world.now() + LATE_TRACKS - timedelta(days=1))
            self.at(later, lambda: self._add_track(shipment_id))
        return True

    def _soon_or_in(self, spell: int) -> datetime:
        soon = self.world.now() + timedelta(minutes=self.rng.choice((15, 20, 90)))
        return soon if self.rng.random() < 0.6 else max(soon, self._moment(spell))

    def _add_track(self, shipment_id: int) -> None:
        self.world.shop.add_track(shipment_id, *self._track())

    def _track(self) -> tuple[str, str, str]:
        code, title = self.rng.choice(CARRIERS)
        return code, title, f"1Z{self.rng.randrange(10**10):010d}"

    def _parcels(self, order_id: str) -> list[Any]:
        found = self.world.shop.find_orders(ext_order_id=order_id)
        return self.world.shop.shipments_of(int(found[0]["entity_id"])) if found else []


def marketplaces(canada: bool) -> tuple[str, ...]:
    """Where the bridge has a store."""
    return (US, CA) if canada else (US,)
