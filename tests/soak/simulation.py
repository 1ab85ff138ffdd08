"""Thirty days in a few seconds, by seed: all that goes wrong between a seller account, a shop and the bridge."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from unittest.mock import patch

import httpx
from sqlalchemy import select

from bridge.db import Database
from bridge.errors import Conflict
from bridge.jobs.run import run_job
from bridge.models import JobRun, Order
from bridge.runtime import Runtime
from bridge.sandbox import marketplace as amazon_side
from bridge.sandbox.world import Fault
from bridge.sync.cancel import request_cancel
from bridge.sync.connect import Links
from tests.sandbox_transport import SandboxTransport
from tests.soak.lives import CA, DAYS, Lives, marketplaces
from tests.soak.mortal import Fuse, Killed, LocalQueue, MortalTransport
from tests.soak.verdict import differences
from tests.stage import START, Stage

TICK = timedelta(minutes=10)
NIGHT = timedelta(hours=3)  # after midnight
QUIET = 200  # hours without faults after which everything must be settled
ARN = "arn:aws:sqs:us-east-1:123456789012:orders"
QUOTA_EXCEEDED = '{"errors":[{"code":"QuotaExceeded","message":"You exceeded your quota for the requested resource."}]}'
BROKEN = '{"errors":[{"code":"InternalFailure","message":null}]}'
MAGENTO_BROKEN = '{"message":"Internal Error. Details are available in Magento log file. Report ID: webapi-1"}'


@dataclass
class Outcome:
    """How a seed ended. problems: what must not be; counts: what was played, so that it is known to have been."""

    seed: int
    problems: list[str]
    counts: Counter[str] = field(default_factory=Counter)

    def __str__(self) -> str:
        return f"seed {self.seed}: " + ", ".join(f"{name} {count}" for name, count in sorted(self.counts.items()))


def simulate(seed: int, directory: Path) -> Outcome:
    """Play a seed in an empty directory, which may hold a migrated `bridge.db`. The same seed is the same play."""
    jitter = random.Random(f"jitter {seed}")
    with patch.object(random, "SystemRandom", lambda: jitter):  # the bridge's own dice
        return Simulation(seed, directory).run()


class Simulation:
    """A stage whose bridge is killed now and then, whose clocks differ, and whose remote systems misbehave."""

    def __init__(self, seed: int, directory: Path) -> None:
        self.rng = rng = random.Random(seed)
        self.outcome = Outcome(seed, [])
        self.stage = Stage(directory)
        self.world = world = self.stage.world
        world.faults.rng = random.Random(f"faults {seed}")
        world.rng = random.Random(f"world {seed}")
        canada = rng.random() < 0.4
        if canada:  # a second store of the same seller account, only shown
            self.stage.add_store("Mugs CA", marketplace_id=CA, import_orders="disabled")
        for sku in ("BLUE-MUG", "RED-MUG"):
            world.shop.set_stock(sku, 10_000)
        self.marketplaces = marketplaces(canada)
        self.skew = timedelta(seconds=rng.uniform(-300, 300))
        self.page_size = rng.choice((3, 5, 10, 100))
        self.fuse = Fuse()
        self.queue = LocalQueue(rng, world.now)
        self.db = self.stage.bridge.db
        self.fuse.guard(self.db.engine)
        self.config = replace(self.stage.bridge.config, sqs_listen=0.0)
        self.bridge = self._process()
        self.lives = Lives(world, rng, ask_bridge=self._ask_bridge, canada=canada)
        self.notified = rng.random() < 0.7
        if self.notified:
            self._subscribe()
        self.swept = rng.random() < 0.5  # sync alone must find everything as well

    def run(self) -> Outcome:
        """The thirty days, then quiet until nothing is due."""
        self._misbehave()
        night = START + NIGHT
        end = START + timedelta(days=DAYS)
        while self.world.now() < end:
            self.lives.until(min(self._next_tick(night), end))
            at_night = self.world.now() >= night
            night += timedelta(days=1) if at_night else timedelta(0)
            self._tick(sweep=at_night and self.swept)
        self.world.faults.clear()
        self.world.marketplace.notifications.flush()
        found = self._settle()
        self.outcome.problems += found
        self.db.close()
        self._count()
        return self.outcome

    # Time

    def _next_tick(self, night: datetime) -> datetime:
        """Every ten minutes while something is going on; between the spells when something happens, and at night."""
        now = self.world.now()
        if now - self.lives.last < timedelta(minutes=30):
            return now + TICK
        coming = self.lives.next or night
        return max(now + TICK, min(coming + TICK * self.rng.random(), night))

    def _pass_time(self) -> None:
        """A request takes its time; one in fifty is slow."""
        seconds = 30 * self.rng.random() if self.rng.random() < 0.02 else 0.3 * self.rng.random()
        self.world.clock.advance(timedelta(seconds=seconds))

    def _tick(self, *, sweep: bool) -> None:
        names = ["sync", "import", "confirm", "complete"] + ["notifications"] * self.notified
        if self.rng.random() < 0.3:
            self.rng.shuffle(names)
        for name in names:
            if self.rng.random() < (0.9 if name == "sync" else 0.6):  # a busy scheduler is late
                self._job(name)
        if sweep:
            self._job("sweep")

    def _settle(self) -> list[str]:
        """Quiet hours, each with every job, until all is well; what still differs when their time is over."""
        found: list[str] = ["never looked"]
        for _ in range(QUIET):
            self.lives.until(self.world.now() + timedelta(hours=1))
            self._tick(sweep=False)
            self.outcome.counts["quiet hours"] += 1
            found = differences(self.world, self.db, self.marketplaces)
            if not found and self.lives.over and not self.queue:
                return []
        return found

    # The bridge

    def _process(self) -> Runtime:
        """A new process on the same database: nothing of the former one's memory is left."""
        self.fuse.renew()
        inner = SandboxTransport(self.stage.app)
        transport = MortalTransport(inner, self.fuse, self._pass_time, self._seen)
        amazon = SmallPages(transport, self.page_size)
        db: Database = self.db
        links = Links(
            self.config, db, self.stage.bridge.vault,
            transports={"amazon": amazon, "commerce": transport}, now=self._bridge_time, parallel=1,
        )  # fmt: skip
        links.open_queue = lambda: self.queue
        return Runtime(self.config, db, self.stage.bridge.vault, links, self._bridge_time)

    def _bridge_time(self) -> datetime:
        return self.world.now() + self.skew

    def _job(self, name: str) -> None:
        """Run a job as the scheduler does; one in forty dies in the middle, and so does its process."""
        if self.world.faults.rules and self.rng.random() < 0.025:
            self.fuse.light(self.rng.randint(1, 25))
        try:
            run_id = run_job(self.bridge, name, None if name == "notifications" else self.stage.store_id, "schedule")
        except Killed:
            self.db.close()
            self.bridge = self._process()
            return
        self.fuse.left = None
        with self.db.reading() as session:
            run = session.get_one(JobRun, run_id)
        self.outcome.counts[f"runs {run.state}"] += 1
        if run.error and run.error.endswith("see the log"):
            self.outcome.problems.append(f"{name} crashed: {run.error}")

    def _ask_bridge(self, order_id: str, reason: str) -> bool:
        """The merchant presses cancel; False when there is no such order yet, or it is not to be cancelled now."""
        with self.db.session() as session:
            order = session.scalars(select(Order).where(Order.amazon_order_id == order_id)).one_or_none()
            try:
                if order is not None:
                    request_cancel(order, self._bridge_time(), reason=reason)
            except Conflict:
                return False
        return order is not None

    # What goes wrong

    def _subscribe(self) -> None:
        notifications = self.world.marketplace.notifications
        target = {"name": "orders", "resourceSpecification": {"sqs": {"arn": ARN}}}
        destination = notifications.create_destination(target)["destinationId"]
        body = {"payloadVersion": "1.0", "destinationId": destination}
        notifications.create_subscription(amazon_side.SELLER_ID, "ORDER_CHANGE", body)
        notifications.send = self.queue.put
        notifications.announce_new = self.rng.random() < 0.5
        notifications.lose, notifications.duplicate, notifications.reorder = 0.1, 0.1, 0.2

    def _misbehave(self) -> None:
        json = {"content_type": "application/json", "times": None}
        for fault in (
            Fault("/amazon/", "answer", chance=0.015, times=None),
            Fault("/amazon/", "answer", status=500, body=BROKEN, chance=0.01, **json),
            Fault("/amazon/(orders|feeds)", "answer", status=429, body=QUOTA_EXCEEDED, chance=0.004, **json),
            Fault("/amazon/", "answer_after", status=500, body=BROKEN, chance=0.007, **json),
            Fault("/commerce/", "answer", chance=0.01, times=None),
            Fault("/commerce/", "answer_after", status=500, body=MAGENTO_BROKEN, chance=0.005, **json),
            Fault("/", "hang_up", chance=0.01, times=None),
            Fault("/", "hang_up_after", chance=0.01, times=None),
        ):
            self.world.faults.add(fault)
        for _ in range(self.rng.randint(1, 3)):
            self._plan_outage()

    def _plan_outage(self) -> None:
        """A remote system is down for hours, from the middle of a spell; once in a while longer than a token lives."""
        system = self.rng.choice(("/amazon/", "/amazon/orders", "/commerce/"))
        outage = Fault(system, "answer", times=None)
        begins = self.rng.choice(self.lives.spells) + timedelta(minutes=self.rng.uniform(0, 140))
        lasts = timedelta(hours=self.rng.choice((0.5, 3, 9, 26)))
        self.lives.at(begins, lambda: self.world.faults.rules.insert(0, outage))
        self.lives.at(begins + lasts, lambda: self._end(outage))

    def _end(self, outage: Fault) -> None:
        if outage in self.world.faults.rules:
            self.world.faults.rules.remove(outage)

    def _seen(self, request: httpx.Request, response: httpx.Response) -> None:
        """Between two pages the world goes on: orders change, and the token of the next page's request expires."""
        if not request.url.path.endswith("/2026-01-01/orders") or b"nextToken" not in response.read():
            return
        self.outcome.counts["page turns"] += 1
        if not self.world.faults.rules:
            return
        if self.rng.random() < 0.4:
            for _ in range(self.rng.randint(1, 4)):
                if self.lives.next and self.lives.next < self.world.now() + timedelta(hours=2):
                    self.lives.happen()
                    self.outcome.counts["shifts"] += 1
        if self.rng.random() < 0.1:
            self.world.marketplace.expire_tokens()
            self.outcome.counts["tokens expired"] += 1

    def _count(self) -> None:
        counts = self.outcome.counts
        counts["orders"] = len(self.world.marketplace.orders)
        counts["in commerce"] = len(self.world.shop.orders)
        counts["kills"] = self.fuse.deaths
        counts["faults"] = sum(self.world.faults.played.values())
        counts["notifications"] = self.world.marketplace.notifications.counts["sent"]
        counts["requests"] = sum(self.world.requests.values())


class SmallPages(httpx.BaseTransport):
    """Amazon gives fewer orders to a page than asked for, as it may, so that few orders make many pages."""

    def __init__(self, inner: httpx.BaseTransport, size: int) -> None:
        self._inner = inner
        self._size = size

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if "maxResultsPerPage" in request.url.params:
            request.url = request.url.copy_set_param("maxResultsPerPage", str(self._size))
        return self._inner.handle_request(request)
