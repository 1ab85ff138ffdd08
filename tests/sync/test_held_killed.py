"""The process dies at steps of placing, holding and finishing in turn: one order, its figures, its stock."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from bridge.domain.states import ImportState
from bridge.errors import RemoteError
from bridge.runtime import build
from bridge.sync.held import import_all
from tests.sandbox_transport import SandboxTransport
from tests.soak.mortal import Fuse, Killed, MortalTransport
from tests.stage import Stage, line
from tests.sync.test_held import amazon_now_wants

MOST_STEPS = 90
EACH = 5  # every fifth step: before a request leaves, before its answer is read, and commits alternate
OTHER_LINES = (line(quantity=5), line("RED-MUG", quantity=1))
LINES = (line(quantity=1), line(quantity=2, price="17.50"), line("RED-MUG", quantity=1))


def die(stage: Stage, step: int) -> bool:
    """Whether a process that runs the import died at its n-th step: a request sent, an answer read, a commit."""
    fuse = Fuse()
    transport: Any = MortalTransport(SandboxTransport(stage.app), fuse, lambda: None, lambda *_: None)
    transports = {"amazon": transport, "commerce": transport}
    runtime = build(stage.bridge.config, transports=transports, now=stage.world.now, parallel=1)  # type: ignore[arg-type]
    fuse.guard(runtime.db.engine)
    fuse.light(step)
    try:
        import_all(runtime.links.get(stage.store_id))
    except (Killed, RemoteError):
        pass
    finally:
        runtime.close()
    return fuse.deaths > 0


def recover(stage: Stage) -> None:
    stage.wait(timedelta(minutes=3))
    stage.job("import")
    stage.job("import")


@pytest.mark.parametrize(
    ("strategy", "held", "dies"),
    [
        ("cart_restate", False, "creating"),
        ("cart_restate", True, "holding"),
        ("cart_restate", True, "finishing"),
        ("cart_restate", True, "replacing"),
        ("reservation_cli", True, "holding"),
        ("reservation_cli", True, "finishing"),
    ],
)
def test_the_process_dies_on_its_way(stage: Stage, strategy: str, held: bool, dies: str):
    stage.set(stock_strategy=strategy, pending_orders="reserve" if held else "do_not_reserve")
    for sku in ("BLUE-MUG", "RED-MUG"):
        stage.shop.set_stock(sku, 1000)
    stage.job("import")  # what is known of the shop is read by each process anew, so it counts below
    numbers = []
    for step in range(1, MOST_STEPS, EACH):
        number = stage.place(*(OTHER_LINES if dies == "replacing" else LINES))
        numbers.append(number)
        if not held or dies != "holding":
            if held:
                stage.sync("sync", "import")
            if dies == "replacing":
                amazon_now_wants(stage, number, *LINES)
            stage.amazon.verify_payment(number)
        stage.wait()
        stage.job("sync")
        died = die(stage, step)
        recover(stage)
        if dies == "holding":
            assert stage.order(number).import_state is ImportState.RESERVED, f"step {step}"
            stage.amazon.verify_payment(number)
            stage.sync("sync", "import")
        created = stage.commerce_order(number)
        quantities = sorted(item["qty_ordered"] for item in created["items"])
        shown = (created["state"], created["grand_total"], quantities)
        total = float(stage.amazon.orders[number]["proceeds"]["grandTotal"]["amount"])
        assert shown == ("processing", total, [1, 1, 2]), f"step {step}"
        assert stage.order(number).import_state is ImportState.IMPORTED, f"step {step}"
        if not died:
            break
    assert not died, "more steps than were tried"
    assert sum(order["state"] != "canceled" for order in stage.shop.orders.values()) == len(numbers)
    assert len(stage.shop.orders) == len(numbers) * (2 if dies == "replacing" else 1)
    if strategy == "reservation_cli":
        stage.shop.run_reservation_cli()
    assert stage.shop.salable_quantity("BLUE-MUG") == 1000 - 3 * len(numbers)
    assert stage.shop.salable_quantity("RED-MUG") == 1000 - len(numbers)
