"""`flask bridge sandbox replay`: a real seller's orders live through the sandbox and are handled as in production.

The report's lives are played on a world with a hand-set clock. Every few hours of it the bridge's own jobs run, over
the HTTP that they always use (without a socket) and under Amazon's real quotas, and so does the shop's crontab line.
Database and world are kept: another report plays only what is new in it, the same one nothing.
"""

from __future__ import annotations

import fcntl
import hashlib
import logging
import pickle
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import TextIO

import click
import httpx
import structlog
from sqlalchemy import delete, func, or_, select

from bridge import migrate, runtime, sandbox
from bridge.config import Config
from bridge.domain.states import ImportState
from bridge.jobs.run import run_job
from bridge.models import JobRun, Order, OrderEvent, OutgoingChange, Store
from bridge.reconciliation import Reconciliation, reconcile
from bridge.sandbox.lives import Play, market_of, pieces, purchased
from bridge.sandbox.marketplace import CLIENT_ID, CLIENT_SECRET, REFRESH_TOKEN, SELLER_ID
from bridge.sandbox.report import ReportError, ReportOrder, read_report
from bridge.sandbox.shop import BEARER_TOKEN
from bridge.sandbox.world import SandboxClock, World
from bridge.stores import add_store, save_order_settings
from bridge.vault import new_key
from bridge.work import SyncCursor

SANDBOX = "http://127.0.0.1:8001"  # spoken to without a socket: nothing listens there
STEP = timedelta(hours=6)
LAG = timedelta(minutes=3)  # Amazon's searches end two minutes before now
TICK = 60  # seconds after which a job that waits for a quota is run again at the soonest
ROUND = ("sync", "import", "confirm", "sync", "complete")
CLOSING_ROUNDS = 12
MOST_FAILURES = 20
PREFIX = "AMZ-"
# The crontab line of the shop: ours only, and no SKU with a ':' in it (magento-live 3.3).
RESERVATION_LINES = rf"^{PREFIX}[^:]*:[^:]+:-?[0-9]+(\.[0-9]+)?:[0-9]+$"
SPARE_PIECES = 100  # in stock of each SKU beyond what the merchant ships


@dataclass
class Kept:
    """What is kept of a replay beside the bridge's database: the world, and what was put into it.

    key: of the database's vault. version: see `version`.
    """

    world: World
    key: str
    version: str
    orders: dict[str, ReportOrder] = field(default_factory=dict)
    stocked: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True)
class Changes:
    """What a replay changed in the bridge and in the shop."""

    added: int
    updated: int
    commerce_orders: int
    events: int

    def __sub__(self, before: Changes) -> Changes:
        return Changes(
            self.added - before.added,
            self.updated - before.updated,
            self.commerce_orders - before.commerce_orders,
            self.events - before.events,
        )

    def __str__(self) -> str:
        return (
            f"{self.added:,} orders added, {self.updated:,} updated, {self.commerce_orders:,} Commerce orders created,"
            f" {self.events:,} events written"
        )


def new_world(orders: Sequence[ReportOrder]) -> Kept:
    """A world in which nothing has happened yet, an hour before the first order."""
    first = min(purchased(order) for order in orders)
    return Kept(World(clock=SandboxClock(first - timedelta(hours=1))), new_key(), version())


def version() -> str:
    """What tells this sandbox's code from another one, whose worlds may be made of other parts."""
    content = b"".join(path.read_bytes() for path in sorted(Path(sandbox.__file__).parent.glob("*.py")))
    return hashlib.sha256(content).hexdigest()


class State:
    """The directory in which a replay is kept. One replay at a time; one that was cut off is begun anew."""

    def __init__(self, directory: Path) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self.database = directory / "replay.db"
        self.cut_off = False
        self._world = directory / "replay.world"
        self._unfinished = directory / "replay.unfinished"
        self._lock: TextIO = (directory / "replay.lock").open("w")

    def __enter__(self) -> State:
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self._lock.close()
            raise click.ClickException(f"another replay is using {self.database.parent}") from None
        self.cut_off = self.database.exists() != self._world.exists() or self._unfinished.exists()
        if self.cut_off:
            for part in (self.database, *(Path(f"{self.database}{end}") for end in ("-wal", "-shm")), self._world):
                part.unlink(missing_ok=True)
        return self

    def __exit__(self, *_: object) -> None:
        self._lock.close()

    def load(self) -> Kept | None:
        """What was kept; None in a fresh directory. Raises ClickException for what another version has written."""
        if not self._world.exists():
            return None
        try:
            # Written by `save`, in a directory of the operator's own.
            kept = pickle.loads(self._world.read_bytes())  # noqa: S301
        except (AttributeError, EOFError, ImportError, IndexError, TypeError, pickle.UnpicklingError):
            kept = None
        if not isinstance(kept, Kept) or kept.version != version():
            raise click.ClickException(
                f"{self._world} was kept by another version of the sandbox: remove it, and the replay begins anew"
            )
        return kept

    def begin(self) -> None:
        """From now on the database is ahead of the kept world, until `save`."""
        self._unfinished.touch()

    def save(self, kept: Kept) -> None:
        """Keep it; only now the replay counts as finished."""
        part = self._world.with_suffix(".part")
        part.write_bytes(pickle.dumps(kept, pickle.HIGHEST_PROTOCOL))
        part.replace(self._world)
        self._unfinished.unlink(missing_ok=True)


class Replay:
    """A world, and the bridge's own runtime over it. `close` gives the database back."""

    def __init__(self, kept: Kept, database: Path) -> None:
        self._kept = kept
        self._world = kept.world
        # As far as the bridge can tell these are two remote systems: a configuration and two transports.
        transport = httpx.WSGITransport(app=sandbox.create_sandbox(self._world))
        config = Config(
            database_url=f"sqlite:///{database}",
            secret_keys=(kept.key,),
            amazon_endpoint=f"{SANDBOX}/amazon",
            lwa_endpoint=f"{SANDBOX}/amazon/auth/o2/token",
            sandbox=True,
        )
        self._bridge = runtime.build(
            config, transports={"amazon": transport, "commerce": transport}, now=self._world.now, parallel=1
        )
        migrate.upgrade(self._bridge.db)
        with self._bridge.db.reading() as session:
            self._store_id = session.scalars(select(Store.id)).first() or 0
        self.failures: list[str] = []

    def close(self) -> None:
        """Give all connections back."""
        self._bridge.close()

    def play(self, orders: Sequence[ReportOrder], watch: Callable[[Play], None]) -> Changes:
        """Live through what is new in the report and tell what that changed. `watch` is called after each step."""
        self._store_id = self._store(orders[0].sales_channel)
        self._stock(orders)
        self._kept.orders |= {order.order_id: order for order in orders}
        before = self._state()
        play = Play(self._world, orders)
        if play.begins is None or play.begins < self._world.now():
            self._forget_how_far()
        while play.begins is not None:
            self._world.clock.move_to(play.begins)
            self._round(play)
            watch(play)
        for _ in range(CLOSING_ROUNDS):
            self._round(play)
            watch(play)
            if not play.left and self._quiet():
                break
        return self._state() - before

    def reconcile(self) -> Reconciliation:
        """Account for every order of every report that was played in this state."""
        with self._bridge.db.reading() as session:
            done = reconcile(session, self._store_id, self._world, self._kept.orders.values(), self._kept.stocked)
        done.problems["job runs that failed"] = self.failures
        return done

    def _store(self, sales_channel: str) -> int:
        """The store of the report's marketplace, connected before its first order when it is not there yet."""
        if self._store_id:
            return self._store_id
        market = market_of(sales_channel)
        if market is None:
            raise ValueError(f"there is no marketplace {sales_channel!r}")
        self._world.shop.set_base_currency(market.currency)
        store_id = add_store(
            self._bridge,
            {
                "name": f"Replay {market.name}",
                "seller_id": SELLER_ID,
                "marketplace_id": market.marketplace_id,
                "commerce_url": f"{SANDBOX}/commerce",
                "website_code": "base",
                "amazon_client_id": CLIENT_ID,
                "amazon_client_secret": CLIENT_SECRET,
                "amazon_refresh_token": REFRESH_TOKEN,
                "commerce_auth": "bearer",
                "commerce_token": BEARER_TOKEN,
            },
        )
        numbers = {"order_number_source": "amazon", "order_number_prefix": PREFIX}
        with self._bridge.db.session() as session:
            save_order_settings(session, store_id, 1, numbers)
        return store_id

    def _stock(self, orders: Sequence[ReportOrder]) -> None:
        """A product for each SKU, with the pieces that the merchant will ship of it and some more."""
        shop, wanted = self._world.shop, Counter[str]()
        for order in orders:
            if order.order_id in self._kept.orders:
                continue
            for line in order.lines:
                product = shop.catalog.get(line.sku) or shop.add_product(
                    line.sku, line.title, price=float(line.item_price or 0)
                )
                if product.sku not in self._kept.stocked:
                    wanted[product.sku] += SPARE_PIECES
                    self._kept.stocked[product.sku] = 0
                if order.channel == "MERCHANT":
                    wanted[product.sku] += pieces(order, line)
        for sku, count in wanted.items():
            self._kept.stocked[sku] += count
            shop.set_stock(sku, shop.source_quantity(sku) + count)

    def _round(self, play: Play) -> None:
        """A few hours pass, then comes what production does every few minutes, and the shop's crontab beside it."""
        play.until(self._world.now() + STEP)
        for name in ROUND:
            if name == "sync":
                play.until(self._world.now() + LAG)
            self._job(name, play)
        if self._world.shop.orders:
            self._world.shop.run_reservation_cli(RESERVATION_LINES)

    def _job(self, name: str, play: Play) -> None:
        """Run a job; when a quota of Amazon's is spent, let the time pass that it asks for, and run it again."""
        while True:
            run_id = run_job(self._bridge, name, self._store_id, "cli")
            with self._bridge.db.reading() as session:
                run = session.get_one(JobRun, run_id)
            wait = (run.result or {}).get("retry_after")
            if run.state == "failed" and wait:
                play.until(self._world.now() + timedelta(seconds=max(wait, TICK)))
                continue
            if run.state != "succeeded":
                self.failures.append(f"{name}: {run.error}")
                if len(self.failures) >= MOST_FAILURES:
                    raise click.ClickException("too many job runs failed:\n" + "\n".join(self.failures))
            return

    def _forget_how_far(self) -> None:
        """Have the bridge read every order and shipment again.

        To show that this changes nothing, or because the report tells of what is older than the world's clock.
        """
        with self._bridge.db.session() as session:
            session.execute(delete(SyncCursor).where(SyncCursor.store_id == self._store_id))

    def _quiet(self) -> bool:
        """Whether nothing is under way between Amazon and the shop."""
        under_way = or_(Order.import_state == ImportState.READY, Order.import_state == ImportState.IMPORTING)
        unseen = OutgoingChange.state.in_(("pending", "sent"))
        with self._bridge.db.reading() as session:
            orders = session.scalar(select(func.count()).select_from(Order).where(under_way))
            changes = session.scalar(select(func.count()).select_from(OutgoingChange).where(unseen))
        return not orders and not changes

    def _state(self) -> Changes:
        with self._bridge.db.reading() as session:
            orders = session.scalar(select(func.count()).select_from(Order)) or 0
            events = session.scalar(select(func.count()).select_from(OrderEvent)) or 0
            results = session.scalars(select(JobRun.result).where(JobRun.job == "sync")).all()
        updated = sum((result or {}).get("updated", 0) for result in results)
        return Changes(orders, updated, len(self._world.shop.orders), events)


@click.command("replay")
@click.argument("report", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--state",
    "directory",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("var/replay"),
    show_default=True,
    help="Where the replay's own database and world are kept.",
)
def command(report: Path, directory: Path) -> None:
    """Play a seller's All Orders report through the sandbox and the bridge, and account for every order."""
    try:
        orders = read_report(report)
    except ReportError as error:
        raise click.ClickException(f"{report} is not played:\n{error}") from error
    click.echo(f"{report}: {sum(len(order.lines) for order in orders):,} lines, {len(orders):,} orders.")
    with State(directory) as state, _silence():
        if state.cut_off:
            click.echo("The last replay was cut off: this one begins anew.")
        kept = state.load() or new_world(orders)
        _check_marketplace([*kept.orders.values(), *orders])
        state.begin()
        replay = Replay(kept, state.database)
        try:
            with _progress() as watch:
                changes = replay.play(orders, watch)
            result = replay.reconcile()
        finally:
            replay.close()
        state.save(kept)
    click.echo(f"This replay: {changes}.\n")
    click.echo(result.text())
    if result.off:
        sys.exit(1)


def _check_marketplace(orders: Sequence[ReportOrder]) -> None:
    """One marketplace to a state: it has one store."""
    first = orders[0].sales_channel
    if market_of(first) is None:
        raise click.ClickException(f"line {orders[0].lines[0].number}: there is no marketplace {first!r}")
    for order in orders:
        if order.sales_channel != first:
            where = f"line {order.lines[0].number}: {order.sales_channel}"
            raise click.ClickException(f"{where}, where this replay is of {first}: give each a report and a --state")


@contextmanager
def _silence() -> Iterator[None]:
    """Keep the bridge's log lines, thousands of them, out of the terminal: what failed is in the reconciliation."""
    before = structlog.get_config()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    try:
        yield
    finally:
        structlog.configure(**before)


@contextmanager
def _progress() -> Iterator[Callable[[Play], None]]:
    """A bar on a terminal, a line for each tenth elsewhere; on standard error."""
    tenths = 0

    def tell(share: float) -> None:
        nonlocal tenths
        if int(10 * share) > tenths:
            tenths = int(10 * share)
            click.echo(f"played {10 * tenths} %", err=True)

    if sys.stderr.isatty():
        with click.progressbar(length=1000, label="Playing", file=sys.stderr) as bar:
            yield lambda play: bar.update(int(1000 * play.share) - bar.pos)
            bar.update(1000 - bar.pos)  # what waits for ever, for a blocked order, holds up no bar
    else:
        yield lambda play: tell(play.share)
        tell(1.0)
