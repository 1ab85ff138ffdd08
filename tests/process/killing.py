"""A shop, a seller account, and the bridge between them in processes that can be killed at any point."""

from __future__ import annotations

import multiprocessing
import os
import pickle
import shutil
import signal
import sqlite3
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import func, select

from bridge.config import Config
from bridge.models import Order, OrderEvent, OrderSettingsRow, OutgoingChange, Shipment
from bridge.runtime import build
from bridge.sandbox import create_sandbox
from bridge.sandbox import marketplace as amazon_side
from bridge.sandbox.world import SandboxClock, World
from bridge.stores import add_store
from bridge.vault import new_key
from tests.process import victim
from tests.sharing import sqlite_url
from tests.stage import line

START = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
ROUND = timedelta(minutes=10)  # longer than every lease, claim and pause
JOBS = ("sync", "import", "confirm", "sync", "complete")
SKUS = ("BLUE-MUG", "RED-MUG")
# One child is forked in milliseconds from a process that has imported everything and holds no threads.
_processes = multiprocessing.get_context("forkserver")
_processes.set_forkserver_preload(["tests.process.warm"])


class Gallows:
    """Stands between the bridge and the sandbox, and kills the process that makes the n-th request that writes.

    after: the work is done, and never answered; otherwise it is kept for `finish_late`.
    """

    def __init__(self) -> None:
        self.app: Any = None
        self._left: int | None = None
        self._after = True
        self._pid = 0
        self._pid_known = threading.Event()
        self._kept: dict[str, Any] | None = None
        self.writes: list[str] = []

    def prepare(self, app: Any, at_write: int | None, *, after: bool) -> None:
        """For the next process."""
        self.app, self._left, self._after = app, at_write, after
        self._pid_known.clear()

    def watch(self, pid: int) -> None:
        """This is the process."""
        self._pid = pid
        self._pid_known.set()

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        self._pid_known.wait(10)
        path = environ["PATH_INFO"]
        if environ["REQUEST_METHOD"] != "GET" and "/auth/" not in path and "salable" not in path:
            self.writes.append(path)
            if self._left is not None:
                self._left -= 1
                if self._left == 0:
                    self._execute(environ)
        answer: Iterable[bytes] = self.app(environ, start_response)
        return answer

    def _execute(self, environ: dict[str, Any]) -> None:
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        self._kept = {name: value for name, value in environ.items() if isinstance(value, str)} | {"body": body}
        if self._after:
            self.finish_late()
        os.kill(self._pid, signal.SIGKILL)
        raise ConnectionResetError("whoever asked is dead")

    def finish_late(self) -> None:
        """Do the work of the request whose process was killed."""
        assert self._kept is not None
        kept, self._kept = self._kept, None
        headers = {"Authorization": kept.get("HTTP_AUTHORIZATION", "")}
        headers["x-amz-access-token"] = kept.get("HTTP_X_AMZ_ACCESS_TOKEN", "")
        answer = self.app.test_client().open(
            kept["PATH_INFO"], method=kept["REQUEST_METHOD"], query_string=kept.get("QUERY_STRING", ""),
            data=kept["body"], content_type=kept.get("CONTENT_TYPE"), headers=headers,
        )  # fmt: skip
        assert answer.status_code < 300, answer.text


@dataclass
class Town:
    """A world at one moment, the bridge's database at the same moment, and the orders by what becomes of them."""

    world: World
    database: Path
    orders: Mapping[str, str]


class Bridge:
    """Plays rounds of the bridge's jobs, each in a process of its own, against the sandbox behind the gallows."""

    def __init__(self, directory: Path, migrated_file: Path, address: str, gallows: Gallows) -> None:
        self.gallows = gallows
        self._directory = directory
        self._migrated_file = migrated_file
        self._address = address
        self._config = Config(
            database_url="",
            secret_keys=(new_key(),),
            amazon_endpoint=f"{address}/amazon",
            lwa_endpoint=f"{address}/amazon/auth/o2/token",
        )
        self._copies = 0

    def begin(self, numbering: str) -> Town:
        """A shop, a store, and three paid orders: one to be shipped, one to be cancelled, one that Amazon ships."""
        world = World(clock=SandboxClock(START), seed=7)
        for sku in SKUS:
            world.shop.add_product(sku, sku.title(), qty=100, price=19.99)
        database = self._directory / "begin.db"
        shutil.copy(self._migrated_file, database)
        amazon = world.marketplace
        town = Town(world, database, {
            "shipped": amazon.place([line("BLUE-MUG", 2), line("RED-MUG", 1)]),
            "cancelled": amazon.place([line("BLUE-MUG", 3)]),
            "fba": amazon.place([line("RED-MUG", 1)], fulfilled_by="AMAZON"),
        })  # fmt: skip
        self._connect(town, numbering)
        for number in town.orders.values():
            amazon.verify_payment(number)
        return town

    def _connect(self, town: Town, numbering: str) -> None:
        runtime = build(self._config_of(town), now=town.world.now)
        values = {
            "name": "Mugs US", "seller_id": amazon_side.SELLER_ID, "marketplace_id": "ATVPDKIKX0DER",
            "commerce_url": f"{self._address}/commerce", "website_code": "base",
            "amazon_client_id": amazon_side.CLIENT_ID, "amazon_client_secret": amazon_side.CLIENT_SECRET,
            "amazon_refresh_token": amazon_side.REFRESH_TOKEN, "commerce_auth": "bearer",
            "commerce_token": "sandbox-commerce-token",
        }  # fmt: skip
        store_id = add_store(runtime, values)
        with runtime.db.session() as session:
            settings = session.get_one(OrderSettingsRow, store_id)
            settings.order_number_source, settings.order_number_prefix = numbering, "AMZ-"
        runtime.close()

    def copy(self, town: Town) -> Town:
        """The same moment once more."""
        self._copies += 1
        database = self._directory / f"copy-{self._copies}.db"
        # A killed process leaves commits in the write-ahead log beside the file; copying the file would lose them.
        source, target = sqlite3.connect(town.database), sqlite3.connect(database)
        source.backup(target)
        source.close()
        target.close()
        return Town(pickle.loads(pickle.dumps(town.world)), database, town.orders)

    def play(
        self,
        town: Town,
        *,
        later: timedelta = ROUND,
        commits: int | None = None,
        writes: int | None = None,
        after: bool = True,
    ) -> bool:
        """Some time later people act and all jobs run; whether they were killed, as asked."""
        town.world.clock.advance(later)
        act(town)
        self.gallows.prepare(create_sandbox(town.world), writes, after=after)
        arguments = (self._config_of(town), town.world.now(), JOBS, commits)
        process = _processes.Process(target=victim.run_jobs, args=arguments)
        process.start()
        self.gallows.watch(process.pid or 0)
        process.join(60)
        code = process.exitcode
        process.close()
        assert code in (0, -signal.SIGKILL, victim.NOT_KILLED)
        return code == -signal.SIGKILL

    def finish(self, town: Town, expected: Mapping[str, Any] | None = None, rounds: int = 5) -> dict[str, Any]:
        """Undisturbed rounds until all is as expected, or so many; the outcome."""
        seen: dict[str, Any] = {}
        for _ in range(rounds):
            self.play(town)
            seen = self.outcome(town)
            if seen == expected:
                break
        return seen

    def outcome(self, town: Town) -> dict[str, Any]:
        """All that must be the same in the end, on all three sides."""
        shop = town.world.shop
        runtime = build(self._config_of(town))
        with runtime.db.reading() as session:
            orders = {order.amazon_order_id: order for order in session.scalars(select(Order))}
            seen = {role: _story(session, town.world, orders.get(number)) for role, number in town.orders.items()}
        runtime.close()
        return seen | {
            "stock": {sku: (shop.salable_quantity(sku), shop.source_quantity(sku)) for sku in SKUS},
            "commerce": (len(shop.orders), len(shop.shipments), len(shop.invoices)),
            "throttled": dict(town.world.marketplace.throttled),
        }

    def _config_of(self, town: Town) -> Config:
        return replace(self._config, database_url=sqlite_url(town.database))


def _story(session: Any, world: World, order: Order | None) -> dict[str, Any] | None:
    if order is None:
        return None
    number = order.amazon_order_id
    changes = select(OutgoingChange.kind, OutgoingChange.state).where(OutgoingChange.order_id == order.id)
    steps = select(OrderEvent.new).where(OrderEvent.order_id == order.id, OrderEvent.kind == "amazon_status")
    commerce = world.shop.find_orders(ext_order_id=number)
    seen = list(session.scalars(steps))
    return {
        "ours": (order.status, order.import_state.value, order.claim),
        "amazon": world.marketplace.status(number),
        "seen twice": sorted(step for step in set(seen) if seen.count(step) > 1),
        "packages": [p["trackingNumber"] for p in world.marketplace.orders[number].get("packages", [])],
        "changes": sorted(map(tuple, session.execute(changes))),
        "shipments": session.scalar(select(func.count()).where(Shipment.order_id == order.id)),
        "commerce": [(o["state"], o["grand_total"], o.get("total_invoiced")) for o in commerce],
        "link": [(order.commerce_order_id, order.commerce_order_number)]
        == [(o["entity_id"], o["increment_id"]) for o in commerce],
    }


def act(town: Town) -> None:
    """What people do as soon as they can: the warehouse ships, Amazon ships, a buyer cancels; the shop's cron runs."""
    shop, amazon = town.world.shop, town.world.marketplace
    shop.run_reservation_cli()
    for order in shop.find_orders(ext_order_id=town.orders["shipped"]):
        if order["state"] == "processing" and not shop.shipments_of(order["entity_id"]):
            shop.ship(order["entity_id"], tracks=[("ups", "United Parcel Service", "1Z999")])
    if amazon.status(town.orders["fba"]) == "UNSHIPPED" and town.world.now() > START + ROUND:
        amazon.ship_fba(town.orders["fba"])
    cancelled = town.orders["cancelled"]
    if shop.find_orders(ext_order_id=cancelled) and amazon.status(cancelled) == "UNSHIPPED":
        amazon.cancel(cancelled, "BUYER", "BuyerCanceled")
