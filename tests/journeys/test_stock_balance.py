"""Whatever becomes of orders, and whatever dies: one Commerce order each, and the stock is what it should be.

Stock is told from the shop's own tables: what lies in the source, the ledger of reservations, what can be sold.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bridge.domain.states import ImportState
from bridge.errors import RemoteError
from bridge.runtime import build
from bridge.sandbox.commerce_errors import CommerceError
from bridge.sandbox.refusal import Refusal
from bridge.sandbox.world import Fault
from bridge.sync.follow import follow_orders
from bridge.sync.held import import_all
from tests.sandbox_transport import SandboxTransport
from tests.soak.mortal import Fuse, Killed, MortalTransport
from tests.stage import Stage, line

WAYS = {
    "cli, Commerce's numbers": {"stock_strategy": "reservation_cli", "order_number_source": "commerce"},
    "cli, Amazon's numbers": {"stock_strategy": "reservation_cli", "order_number_source": "amazon"},
    "cart": {"stock_strategy": "cart_restate"},
    "none": {"stock_strategy": "none"},
}
HELD = 100
LOOK_AGAIN = timedelta(minutes=16)


def crontab(stage: Stage) -> None:
    """The shop's command, where the strategy has one."""
    if stage.bridge.links.get(stage.store_id).settings.stock_strategy == "reservation_cli":
        run = stage.shop.run_reservation_cli()
        assert run.error is None or not run.listed


def ledger(stage: Stage, sku: str = "BLUE-MUG") -> float:
    """All reservations of a SKU together."""
    return sum(entry.quantity for entry in stage.shop.inventory.reservations if entry.sku == sku)


@pytest.mark.parametrize("shipped", [0, 1])
@pytest.mark.parametrize("reserved_before", [True, False])
@pytest.mark.parametrize("way", WAYS)
def test_a_cancellation_gives_the_stock_back_once(stage: Stage, way: str, reserved_before: bool, shipped: int):
    stage.set(**WAYS[way])
    number = stage.paid_order(line(quantity=3))
    stage.sync("sync", "import")
    created = stage.commerce_order(number)
    if reserved_before:
        crontab(stage)
    if shipped:
        stage.shop.ship(created["entity_id"], items={created["items"][0]["item_id"]: shipped})
    before = list(stage.shop.inventory.reservations)
    stage.amazon.cancel(number)
    stage.sync("sync", "complete", "complete")
    if way == "none":
        assert stage.shop.inventory.reservations == before  # nobody but an ERP moves stock
    if shipped:  # what has left the house is the merchant's to settle
        assert stage.order(number).import_state is ImportState.IMPORTED
        assert "refund it there" in stage.order(number).order_note
        stage.shop.cancel(created["entity_id"])
        stage.wait(LOOK_AGAIN)
        stage.sync("complete")
    assert stage.order(number).import_state is ImportState.CANCELED
    assert stage.commerce_order(number)["state"] == "canceled"
    crontab(stage)
    assert stage.shop.source_quantity("BLUE-MUG") == HELD - shipped
    if way != "none":
        assert (stage.shop.salable_quantity("BLUE-MUG"), ledger(stage)) == (HELD - shipped, 0)
        assert stage.shop.run_reservation_cli().listed == []


@pytest.mark.parametrize("way", WAYS)
def test_what_amazon_ships_neither_needs_nor_moves_stock(stage: Stage, way: str):
    stage.set(**WAYS[way], **({"pending_orders": "reserve"} if way != "none" else {}))
    stage.shop.set_stock("BLUE-MUG", 0)
    numbers = [stage.place(line(quantity=3), fulfilled_by="AMAZON") for _ in range(2)]
    stage.sync("sync", "import")
    for number in numbers:
        stage.amazon.verify_payment(number)
    stage.amazon.cancel(numbers[1])
    stage.amazon.ship_fba(numbers[0])
    stage.sync()
    assert stage.commerce_order(numbers[0])["state"] == "complete"
    assert stage.commerce_orders(numbers[1]) == []
    assert stage.order(numbers[0]).status == "Completed"
    assert stage.shop.inventory.reservations == []
    assert stage.shop.run_reservation_cli().listed == []
    assert stage.shop.source_quantity("BLUE-MUG") == 0


# Stories


class Story:
    """A few orders on a stage, to which anything happens at any time; the bridge may die at any of its steps."""

    def __init__(self, directory: Path, way: str, pending: str) -> None:
        self.stage = Stage(directory, pending_orders=pending, **WAYS[way])
        self.reserves = pending == "reserve"
        self.numbers: list[str] = []

    def close(self) -> None:
        self.stage.bridge.close()

    def act(self, what: str, which: int, step: int) -> None:
        """One thing happens; what cannot happen now does not."""
        if what == "place":
            if len(self.numbers) < 3:
                self.numbers.append(self.stage.place(line(quantity=1 + which), line("RED-MUG", 1 + step % 3)))
            return
        if what in self.ALONE:
            self.ALONE[what](self, step)
        elif self.numbers:
            try:
                self.WITH_AN_ORDER[what](self, self.numbers[which % len(self.numbers)], step)
            except (Refusal, CommerceError):
                pass

    def _ship(self, number: str, step: int) -> None:
        for order in self.stage.commerce_orders(number):
            item = order["items"][step % len(order["items"])]
            items = {item["item_id"]: 1.0} if step % 2 else None
            self.stage.shop.ship(order["entity_id"], items=items, tracks=[("ups", "UPS", f"1Z{step}")])

    def _die(self, job: Callable[[Any], Any], step: int) -> None:
        """A process of the bridge runs the job and ends at its n-th step, or survives it."""
        fuse, stage = Fuse(), self.stage
        transport = MortalTransport(SandboxTransport(stage.app), fuse, lambda: None, lambda *_: None)
        runtime = build(
            stage.bridge.config,
            transports={"amazon": transport, "commerce": transport},
            now=stage.world.now,
            parallel=1,
        )
        fuse.guard(runtime.db.engine)
        fuse.light(step)
        try:
            job(runtime.links.get(stage.store_id))
        except (Killed, RemoteError):
            pass
        finally:
            runtime.close()

    def _hang(self, step: int) -> None:
        kind = "hang_up_after" if step % 3 else "hang_up"
        self.stage.world.faults.add(Fault(r"(POST|PUT) /commerce/", kind, times=1 + step % 2))

    def _job(self, *names: str) -> None:
        for name in names:
            self.stage.job(name)

    ALONE: dict[str, Callable[[Story, int], None]] = {  # noqa: RUF012
        "crontab": lambda self, _: crontab(self.stage),
        "sync": lambda self, _: self._job("sync"),
        "import": lambda self, _: self._job("import"),
        "complete": lambda self, _: self._job("complete", "confirm"),
        "wait": lambda self, step: self.stage.wait(timedelta(seconds=40 + step)),
        "die importing": lambda self, step: self._die(import_all, step),
        "die completing": lambda self, step: self._die(follow_orders, 1 + step % 12),
        "hang": _hang,
    }
    WITH_AN_ORDER: dict[str, Callable[[Story, str, int], None]] = {  # noqa: RUF012
        "pay": lambda self, number, _: self.stage.amazon.verify_payment(number),
        "cancel": lambda self, number, _: self.stage.amazon.cancel(number),
        "ship": _ship,
    }

    def end(self) -> None:
        """Nothing else happens, and everything has its time."""
        self.stage.world.faults.clear()
        for _ in range(4):
            self.stage.wait(LOOK_AGAIN)
            self.stage.sync("sync", "import", "complete", "confirm", "sync", "complete")
        crontab(self.stage)

    def judge(self) -> None:
        shop = self.stage.shop
        alive = [order for order in shop.orders.values() if order["state"] != "canceled"]
        assert len({order["ext_order_id"] for order in alive}) == len(alive), "two orders for one"
        for number in self.numbers:
            self._judge_one(number, [order for order in alive if order["ext_order_id"] == number])
        assert len(alive) <= len(self.numbers)
        for sku in ("BLUE-MUG", "RED-MUG"):
            items = [item for order in alive for item in order["items"] if item["sku"] == sku]
            wanted = sum(i["qty_ordered"] - i["qty_shipped"] - i["qty_canceled"] for i in items)
            source = shop.source_quantity(sku)
            assert (shop.salable_quantity(sku), ledger(self.stage, sku)) == (source - wanted, -wanted), sku
        assert shop.run_reservation_cli().listed == []

    def _judge_one(self, number: str, found: list[dict[str, Any]]) -> None:
        if not self.stage.known(number):
            assert not found
            return
        ours, status = self.stage.order(number), self.stage.amazon.status(number)
        assert ours.claim is None
        if status == "CANCELLED":
            assert not found or any(item["qty_shipped"] for item in found[0]["items"])
        elif status == "PENDING":
            assert (ours.import_state, len(found)) == (
                (ImportState.RESERVED, 1) if self.reserves else (ImportState.WAITING, 0)
            )
            assert all(order["grand_total"] == 0 for order in found)
        else:
            assert len(found) == 1, status
            total = self.stage.amazon.orders[number]["proceeds"]["grandTotal"]["amount"]
            assert f"{found[0]['grand_total']:.2f}" == total
            assert f"{found[0]['base_grand_total']:.2f}" == total
            assert found[0]["state"] in {"processing", "complete"}
            assert ours.import_state in {ImportState.IMPORTED, ImportState.COMPLETED}


THINGS = st.sampled_from(
    [*Story.ALONE, *Story.WITH_AN_ORDER, "place", "sync", "import", "die importing", "pay", "cancel"]
)
EVENTS = st.lists(st.tuples(THINGS, st.integers(0, 2), st.integers(1, 40)), min_size=3, max_size=30)


WAY = st.sampled_from([way for way in WAYS if way != "none"])
PENDING = st.sampled_from(["reserve", "do_not_reserve"])


@given(way=WAY, pending=PENDING, events=EVENTS)
@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
def test_no_story_makes_a_second_order_or_an_unbalanced_stock(way: str, pending: str, events: list[Any]):
    play(way, pending, events)


def play(way: str, pending: str, events: list[Any]) -> None:
    with TemporaryDirectory() as directory:
        story = Story(Path(directory), way, pending)
        try:
            story.act("place", 1, 1)
            for event in events:
                story.act(*event)
            story.end()
            story.judge()
        finally:
            story.close()
