"""Orders imported by four workers at once, each of which dies again and again, into a shop that answers as it likes.

`python -m tests.soak.once [SEED ...]`: 2,000 orders for these seeds or for all 50, in both order-number modes.
"""

from __future__ import annotations

import logging
import os
import random
import sys
import tempfile
import threading
import time
import traceback
from collections import Counter
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, field, replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from unittest.mock import patch

import httpx
import structlog
from sqlalchemy import event, func, select

from bridge.amazon.client import AmazonClient, OrderPage
from bridge.domain.states import ImportState
from bridge.errors import RemoteError
from bridge.models import Order, OrderEvent
from bridge.runtime import Runtime, build
from bridge.sandbox.world import Fault
from bridge.sync.audit import audit
from bridge.sync.held import import_all
from tests.sandbox_transport import SandboxTransport
from tests.soak.mortal import Fuse, Killed
from tests.soak.turns import Turns
from tests.stage import START, Stage, line

SEEDS = range(50)
MODES = ("commerce", "amazon", "cart")  # whose order numbers; or Commerce's, by carts
ORDERS = 2_000
WORKERS = 4
PROCESSES = 2
MEMORY = "/dev/shm"  # the database's file, where there is such a place
CREATE = "(POST /commerce/rest/all/V1/orders|PUT /commerce/rest/default/V1/guest-carts/[^/]+/order)$"
LIMIT = timedelta(minutes=2)  # the bridge's default: when a creation that was not answered is looked up
SHOP_LIMIT = 88.0  # seconds after which the shop has carried a creation out or never will; less than 3/4 of LIMIT
CLIENT_TIMEOUT = 60.0  # seconds
PATIENCE = timedelta(days=3)
IN_COMMERCE = (ImportState.IMPORTED, ImportState.COMPLETED)
MASKED = '{"message":"Internal Error. Details are available in Magento log file. Report ID: webapi-6563f0a1"}'
MAINTENANCE = "<html><head><title>Error 503: Service Unavailable</title></head></html>"


@dataclass
class Outcome:
    """How a play ended. problems: what must not be; counts: what was played, so that it is known to have been."""

    name: str
    problems: list[str] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)

    def __str__(self) -> str:
        return f"{self.name}: " + ", ".join(f"{name} {count}" for name, count in sorted(self.counts.items()))


class Crowd:
    """A stage with orders that are ready, and workers that import them at the same time."""

    def __init__(
        self,
        seed: int,
        directory: Path,
        *,
        mode: str = "commerce",
        orders: int = ORDERS,
        database_url: str | None = None,
        in_turn: bool = True,
        calm: bool = False,
        time_limit: timedelta = LIMIT,
    ) -> None:
        """calm: nobody dies and nothing fails, and the workers use as many connections as the bridge does.

        time_limit: after which the bridge takes it that a creation has been carried out or never will be.
        """
        self.seed, self.calm = seed, calm
        self.rng = random.Random(f"once {seed}")
        self.outcome = Outcome(f"seed {seed} {mode}")
        customers = "new_account" if not calm and self.rng.random() < 0.3 else "guest"
        prefix = self.rng.choice(("", "AMZ-")) if mode == "amazon" else ""
        settings = {"order_number_source": mode, "order_number_prefix": prefix, "customer_creation": customers}
        if mode == "cart":
            settings |= {"order_number_source": "commerce", "stock_strategy": "cart_restate"}
        more = {"commerce_time_limit": time_limit.total_seconds()}
        self.stage = Stage(directory, database_url=database_url, more=more, **settings)
        self.world = self.stage.world
        self.world.faults.rng = random.Random(f"faults {seed}")
        self.turns = Turns(self.world.clock, random.Random(f"turns {seed}"), in_turn=in_turn)
        self.here = threading.local()
        self.world.sleep = self._sleep_here
        self._place(orders)

    def _place(self, orders: int) -> None:
        skus = [f"MUG-{number:02d}" for number in range(40)]
        for sku in skus:
            self.stage.shop.add_product(sku, sku.title(), qty=100_000, price=9.99)
        for _ in range(orders):
            lines = [
                line(self.rng.choice(skus), self.rng.randint(1, 2), str(Decimal(self.rng.randint(100, 9999)) / 100))
                for _ in range(self.rng.choice((1, 1, 1, 2)))
            ]
            amazons = self.rng.random() < 0.1
            number = self.stage.place(*lines, fulfilled_by="AMAZON" if amazons else "MERCHANT")
            self.stage.amazon.verify_payment(number)
            if amazons:
                self.stage.amazon.ship_fba(number)
        self.stage.wait()
        while (run := self.stage.job("sync")).state != "succeeded":
            assert run.result, run.error
            self.stage.wait(timedelta(seconds=run.result["retry_after"]))  # Amazon's quota is spent for now

    def play(self) -> Outcome:
        """Let the workers go on until every order is in Commerce; what is not as it must be then."""
        workers = [Worker(self, number) for number in range(WORKERS)]
        if not self.calm:
            self._misbehave()
        requests = self._requests()
        jitter = random.Random(f"jitter {self.seed}")
        with patch.object(random, "SystemRandom", lambda: jitter):  # the bridge's own dice
            for worker in workers:
                self.turns.join(worker.number)
            for worker in workers:
                worker.thread.start()
            for worker in workers:
                worker.thread.join()
        self.outcome.counts["requests"] = self._requests() - requests
        self.outcome.counts["faults"] = sum(self.world.faults.played.values())
        self.world.faults.clear()
        self.world.sleep = lambda _seconds: None
        self._judge()
        self.stage.bridge.close()
        return self.outcome

    def over(self) -> bool:
        """Whether nothing is left to import, or it is taking too long."""
        with self.stage.bridge.db.reading() as session:
            left = session.scalar(select(func.count()).where(Order.import_state.not_in(IN_COMMERCE)))
        return not left or self.world.now() > START + PATIENCE

    def _requests(self) -> int:
        return sum(count for name, count in self.world.requests.items() if name.startswith("commerce "))

    # What goes wrong

    def _misbehave(self) -> None:
        json = {"content_type": "application/json", "times": None}
        for fault in (
            # for a while every creation is carried out and none is answered
            Fault(CREATE, "hang_up_after", times=self.rng.choice((0, 5, 70))),
            Fault(CREATE, "hang_up_after", chance=0.03, times=None),
            Fault(CREATE, "hang_up_after", seconds=50, chance=0.005, times=None),
            Fault(CREATE, "answer_after", status=500, body=MASKED, chance=0.03, **json),
            Fault(CREATE, "answer_after", status=504, chance=0.01, times=None),
            Fault(CREATE, "delay", seconds=55, chance=0.005, times=None),
            Fault(CREATE, "answer", status=429, body='{"message":"slow down"}', chance=0.005, **json),
            Fault("/commerce/", "answer", status=503, body=MAINTENANCE, chance=0.005, times=None),
            Fault("/commerce/", "answer", status=500, body=MASKED, chance=0.01, **json),
            Fault("/commerce/", "answer", status=502, chance=0.01, times=None),
            Fault("/commerce/", "hang_up", chance=0.01, times=None),
            Fault("GET /commerce/", "hang_up_after", chance=0.01, times=None),
        ):
            self.world.faults.add(fault)

    def _sleep_here(self, seconds: float) -> None:
        worker: Worker | None = getattr(self.here, "worker", None)
        if worker is not None:
            self.turns.sleep(worker.number, seconds)

    # What must be

    def _judge(self) -> None:
        shop = self.world.shop
        with self.stage.bridge.db.reading() as session:
            rows = list(session.scalars(select(Order).order_by(Order.id)))
            imported = select(OrderEvent.order_id, func.count()).where(OrderEvent.new == ImportState.IMPORTED.value)
            times = {row[0]: row[1] for row in session.execute(imported.group_by(OrderEvent.order_id))}
            differing = session.scalars(select(OrderEvent.order_id).where(OrderEvent.kind == "totals_differ")).all()
            for row in rows:
                _ = row.lines
        numbers = {row.amazon_order_id: self._judge_one(row, times.get(row.id, 0)) for row in rows}
        if len(rows) != len(self.stage.amazon.orders) or len(shop.orders) != len(rows):
            told = f"{len(self.stage.amazon.orders)} orders on Amazon, {len(rows)} here"
            self.outcome.problems.append(f"{told}, {len(shop.orders)} in Commerce")
        self.outcome.problems += [f"totals differ: {order_id}" for order_id in differing]
        self.outcome.counts["orders"] = len(numbers)
        self.stage.wait(timedelta(hours=2))  # the audit passes over what may be on its way
        link = self.stage.bridge.links.get(self.stage.store_id)
        patient: Any = _Patient(link.amazon, self.stage)
        link = replace(link, clients=replace(link.clients, amazon=patient))
        self.outcome.problems += [f"audit: {found}" for found in audit(link)]

    def _judge_one(self, row: Order, times_imported: int) -> None:
        number, found = row.amazon_order_id, self.stage.commerce_orders(row.amazon_order_id)
        problems = self.outcome.problems
        if len(found) != 1:
            problems.append(f"{number} is in Commerce {len(found)} times")
            return
        created = found[0]
        if row.import_state not in IN_COMMERCE or row.claim is not None:
            problems.append(f"{number} is {row.import_state}, claim {row.claim}")
        if (row.commerce_order_id, row.commerce_order_number) != (created["entity_id"], created["increment_id"]):
            problems.append(f"{number} is linked to {row.commerce_order_id}, not to {created['entity_id']}")
        if {item.commerce_item_id for item in row.lines} != {item["item_id"] for item in created["items"]}:
            problems.append(f"{number}: its lines are not linked")
        total = Decimal(self.stage.amazon.orders[number]["proceeds"]["grandTotal"]["amount"])
        if Decimal(str(created["grand_total"])) != total or Decimal(row.grand_total_minor or 0) / 100 != total:
            problems.append(f"{number} is worth {total}, {row.grand_total_minor} here, {created['grand_total']} there")
        reserved = sum(self.world.shop.inventory.reserved_by_order.get(created["increment_id"], {}).values())
        if self.stage.shop.orders and created.get("quote_id") and -reserved != created["total_qty_ordered"]:
            problems.append(f"{number} orders {created['total_qty_ordered']} and holds {-reserved}")
        if times_imported != 1:
            problems.append(f"{number} was imported {times_imported} times")


class _Patient:
    """The seller account, asked again when its quota allows: 2,000 orders are more pages than it gives at once."""

    def __init__(self, amazon: AmazonClient, stage: Stage) -> None:
        self._amazon = amazon
        self._stage = stage

    def search_orders(self, **asked: Any) -> OrderPage:
        while True:
            try:
                return self._amazon.search_orders(**asked)
            except RemoteError as error:
                if error.code != "QuotaWait":
                    raise
                self._stage.wait(timedelta(seconds=(error.retry_after or 0) + 1))


class Worker:
    """A thread that plays one process after the other: each goes on, on the same database, where the last one died."""

    def __init__(self, crowd: Crowd, number: int) -> None:
        self.crowd = crowd
        self.number = number
        self.rng = random.Random(f"worker {number} {crowd.seed}")
        self.fuse = Fuse()
        self.thread = threading.Thread(target=self._live, name=f"worker {number}", daemon=True)
        self.runtime = self._process()

    def _process(self) -> Runtime:
        """A new process: nothing of the former one's memory is left."""
        crowd = self.crowd
        transport = _UncertainTransport(self, SandboxTransport(crowd.stage.app))
        parallel = {} if crowd.calm else {"parallel": 1}
        config = crowd.stage.bridge.config
        runtime = build(config, transports={"commerce": transport}, now=crowd.world.now, **parallel)
        self.fuse.renew()
        self.fuse.guard(runtime.db.engine)
        if not crowd.calm:
            # before a transaction begins: SQLite's would have the lock already
            event.listen(runtime.db.engine, "engine_connect", lambda _: crowd.turns.give_way(self.number))
            # some die soon, again and again; others get far
            self.fuse.light(self.rng.randint(1, self.rng.choice((12, 200, 800))))
        return runtime

    def _live(self) -> None:
        turns, problems = self.crowd.turns, self.crowd.outcome.problems
        turns.begin(self.number)
        try:
            while not self.crowd.over():
                self._import()
                turns.sleep(self.number, self.rng.uniform(5, 60))
        except Exception:
            problems.append(f"worker {self.number} crashed: {traceback.format_exc()}")
        finally:
            self.runtime.close()
            turns.leave(self.number)

    def _import(self) -> None:
        counts = self.crowd.outcome.counts
        try:
            done = import_all(self.runtime.links.get(self.crowd.stage.store_id))
        except Killed:
            counts["kills"] += 1
            self.runtime.close()
            self.runtime = self._process()
        except RemoteError:
            counts["runs broken off"] += 1
        else:
            counts.update(done)

    def point(self) -> None:
        """Here the process may die, be held up for long, or see that others were faster."""
        self.fuse.burn()
        if self.crowd.calm:
            return
        if self.rng.random() < 0.004:
            self.crowd.outcome.counts["held up"] += 1
            self.crowd.turns.sleep(self.number, self.rng.uniform(1, 3 * LIMIT.total_seconds()))
        self.crowd.turns.give_way(self.number)


class _UncertainTransport(httpx.BaseTransport):
    """A way to the shop on which its caller may die, and a creation may arrive when nobody waits for it any more."""

    def __init__(self, worker: Worker, inner: httpx.BaseTransport) -> None:
        self._worker = worker
        self._inner = inner

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        worker, crowd = self._worker, self._worker.crowd
        path = request.url.path
        creates = (request.method == "POST" and path.endswith("/V1/orders")) or path.endswith("/order")
        if not crowd.calm and worker.runtime.db.engine.pool.checkedout():  # type: ignore[attr-defined]
            crowd.outcome.problems.append(f"{request.method} {request.url.path} was sent inside a transaction")
        worker.fuse.burn()
        if creates and not crowd.calm and worker.rng.random() < 0.01:
            self._arrive_late(request)
        if not creates:
            worker.point()
        crowd.here.worker = worker
        response = self._inner.handle_request(request)
        crowd.here.worker = None
        worker.point()
        return response

    def _arrive_late(self, request: httpx.Request) -> None:
        """The shop works on it for longer than the client waits, or than the client lives."""
        worker, crowd = self._worker, self._worker.crowd
        crowd.outcome.counts["arrived late"] += 1

        def arrive() -> None:
            here, crowd.here.worker = getattr(crowd.here, "worker", None), None
            try:
                self._inner.handle_request(request)
            except httpx.TransportError:
                pass  # nobody is there to hear that it failed
            crowd.here.worker = here

        seconds = worker.rng.uniform(CLIENT_TIMEOUT, SHOP_LIMIT)
        crowd.turns.at(crowd.world.now() + timedelta(seconds=seconds), arrive)
        if worker.rng.random() < 0.3:
            worker.fuse.light(1)
            worker.fuse.burn()
        crowd.turns.sleep(worker.number, CLIENT_TIMEOUT)
        raise httpx.ReadTimeout("the shop is still at it", request=request)


def play(seed: int, mode: str, orders: int = ORDERS) -> tuple[Outcome, float]:
    """One seed in a directory of its own, and the seconds that it took."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    began = time.monotonic()
    with tempfile.TemporaryDirectory(dir=MEMORY if os.access(MEMORY, os.W_OK) else None) as directory:
        outcome = Crowd(seed, Path(directory), mode=mode, orders=orders).play()
    return outcome, time.monotonic() - began


def main(seeds: list[int]) -> int:
    failed = []
    with ProcessPoolExecutor(PROCESSES) as pool:
        for done in as_completed([pool.submit(play, seed, mode) for seed in seeds for mode in MODES]):
            outcome, seconds = done.result()
            print(f"{'FAILED' if outcome.problems else 'ok    '} {outcome} ({seconds:.1f} s)", flush=True)
            for problem in outcome.problems[:20]:
                print(f"       {problem}", flush=True)
            failed += [outcome.name] * bool(outcome.problems)
    plays = len(seeds) * len(MODES)
    print(f"{plays - len(failed)} of {plays} well" + f", failed: {sorted(failed)}" * bool(failed))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main([int(word) for word in sys.argv[1:]] or list(SEEDS)))
