"""A stage for stories: the bridge's use cases and clients, the sandbox behind them, a hand-moved clock, no sockets."""

from __future__ import annotations

import atexit
import shutil
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from sqlalchemy import select

from bridge import migrate
from bridge.config import Config
from bridge.db import Database
from bridge.jobs.run import run_job
from bridge.models import (
    JobRun,
    Order,
    OrderEvent,
    OrderSettingsRow,
    OutgoingChange,
    Shipment,
    Store,
    StoreSecret,
)
from bridge.runtime import build
from bridge.sandbox import create_sandbox
from bridge.sandbox import marketplace as amazon_side
from bridge.sandbox.amounts import Line
from bridge.sandbox.world import SandboxClock, World
from bridge.vault import new_key
from tests.sandbox_transport import SandboxTransport
from tests.sharing import sqlite_url

START = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
US = "ATVPDKIKX0DER"
STEP = timedelta(minutes=3)


def line(sku: str | None = "BLUE-MUG", quantity: int = 2, price: str = "19.99", **more: Any) -> Line:
    """A line worth price x quantity and 8.25 % tax, and 4.99 for shipping."""
    unit = Decimal(price)
    taxed = {"item_tax": (unit * quantity * Decimal("0.0825")).quantize(Decimal("0.01"))}
    return Line(
        sku=sku,
        title=(sku or "Something").title(),
        quantity=quantity,
        unit_price=unit,
        asin="B000000001",
        **({"shipping": Decimal("4.99"), "shipping_tax": Decimal("0.41")} | taxed | more),
    )


@cache
def _template() -> Path:
    """A file that the real migrations have made, once in this process."""
    path = Path(mkdtemp(prefix="bridge-stage-")) / "template.db"
    atexit.register(shutil.rmtree, path.parent, ignore_errors=True)
    database = Database(f"sqlite:///{path}")
    migrate.upgrade(database)
    database.close()  # the last connection to go leaves all of it in the one file that is copied
    return path


def _migrated(path: Path) -> Path:
    if not path.exists():
        shutil.copy(_template(), path)
    return path


class Stage:
    """A world with one seller and one shop, and a bridge with one store between them."""

    def __init__(
        self, directory: Path, *, database_url: str | None = None, more: dict[str, Any] | None = None, **settings: Any
    ) -> None:
        """settings: the store's order settings; more: of the bridge's configuration."""
        self.world = World(clock=SandboxClock(START), seed=7)
        self.world.sleep = lambda _seconds: None
        self.shop = self.world.shop
        self.amazon = self.world.marketplace
        for sku in ("BLUE-MUG", "RED-MUG"):
            self.shop.add_product(sku, sku.title(), qty=100, price=19.99)
        self.app = create_sandbox(self.world)
        config = Config(
            database_url=database_url or sqlite_url(_migrated(directory / "bridge.db")),
            secret_keys=(new_key(),),
            amazon_endpoint="http://127.0.0.1:8001/amazon",
            lwa_endpoint="http://127.0.0.1:8001/amazon/auth/o2/token",
            sandbox=True,
            **(more or {}),
        )
        transport = SandboxTransport(self.app)
        self.bridge = build(
            config, transports={"amazon": transport, "commerce": transport}, now=self.world.now, parallel=1
        )
        if database_url is not None:
            migrate.upgrade(self.bridge.db)
        self.store_id = self.add_store("Mugs US", **settings)

    def add_store(self, name: str, marketplace_id: str = US, **settings: Any) -> int:
        """Connect the sandbox's seller in a marketplace with the sandbox's shop; order settings as given."""
        now = self.world.now()
        with self.bridge.db.session() as session:
            store = Store(
                name=name,
                seller_id=amazon_side.SELLER_ID,
                marketplace_id=marketplace_id,
                commerce_url="http://127.0.0.1:8001/commerce",
                commerce_admin_url="http://127.0.0.1:8001/commerce/admin",
                website_code="base",
                integration_time=now,
                created_at=now,
                updated_at=now,
                active=True,
                settings=OrderSettingsRow(version=1, **settings),
            )
            session.add(store)
            session.flush()
            secret = {
                "amazon_client_id": amazon_side.CLIENT_ID,
                "amazon_client_secret": amazon_side.CLIENT_SECRET,
                "amazon_refresh_token": amazon_side.REFRESH_TOKEN,
                "commerce_auth": "bearer",
                "commerce_token": "sandbox-commerce-token",
            }
            sealed = self.bridge.vault.seal(f"store:{store.id}", secret)
            session.add(StoreSecret(store_id=store.id, encrypted=sealed, updated_at=now))
            return store.id

    # What people do

    def place(self, *lines: Line, **more: Any) -> str:
        """A buyer places an order (BLUE-MUG by default)."""
        return self.amazon.place(list(lines) or [line()], **more)

    def paid_order(self, *lines: Line, **more: Any) -> str:
        """A buyer's order whose payment Amazon has verified."""
        order_id = self.place(*lines, **more)
        self.wait()
        self.amazon.verify_payment(order_id)
        return order_id

    def wait(self, by: timedelta = STEP) -> None:
        """Time passes."""
        self.world.clock.advance(by)

    # What the bridge does

    def job(self, name: str, store_id: int | None = None) -> JobRun:
        """Run one job now and give the recorded run."""
        run_id = run_job(self.bridge, name, store_id or self.store_id, "cli")
        with self.bridge.db.reading() as session:
            return session.get_one(JobRun, run_id)

    def sync(self, *names: str) -> dict[str, JobRun]:
        """Run the jobs as the scheduler would, three minutes before each: Amazon shows nothing younger than two.

        Every one must succeed; gives each job's last run.
        """
        runs = {}
        for name in names or ("sync", "import", "confirm", "sync", "complete"):
            self.wait(STEP)
            runs[name] = self.job(name)
            assert runs[name].state == "succeeded", f"{name}: {runs[name].error}"
        return runs

    def set(self, **settings: Any) -> None:
        """Change the order settings."""
        with self.bridge.db.session() as session:
            row = session.get_one(OrderSettingsRow, self.store_id)
            for name, value in settings.items():
                setattr(row, name, value)

    # What can be seen

    def order(self, amazon_order_id: str) -> Order:
        """The order in our table, with lines and blockers."""
        with self.bridge.db.reading() as session:
            order = session.scalars(select(Order).where(Order.amazon_order_id == amazon_order_id)).one()
            _ = order.lines, order.blockers, order.personal
            session.expunge_all()
            return order

    def known(self, amazon_order_id: str) -> bool:
        """Whether the order is in our table."""
        with self.bridge.db.reading() as session:
            return session.scalar(select(Order.id).where(Order.amazon_order_id == amazon_order_id)) is not None

    def events(self, amazon_order_id: str) -> list[OrderEvent]:
        """The order's events, oldest first."""
        order = self.order(amazon_order_id)
        with self.bridge.db.reading() as session:
            return list(
                session.scalars(select(OrderEvent).where(OrderEvent.order_id == order.id).order_by(OrderEvent.id))
            )

    def changes(self, amazon_order_id: str) -> list[OutgoingChange]:
        """What had to reach the other side, oldest first."""
        order = self.order(amazon_order_id)
        query = select(OutgoingChange).where(OutgoingChange.order_id == order.id).order_by(OutgoingChange.id)
        with self.bridge.db.reading() as session:
            return list(session.scalars(query))

    def shipments(self, amazon_order_id: str) -> list[Shipment]:
        """The shipments that we know of."""
        order = self.order(amazon_order_id)
        with self.bridge.db.reading() as session:
            return list(session.scalars(select(Shipment).where(Shipment.order_id == order.id)))

    def commerce_orders(self, amazon_order_id: str) -> list[dict[str, Any]]:
        """Every Commerce order that stands for the Amazon order: there should never be two."""
        return self.shop.find_orders(ext_order_id=amazon_order_id)

    def commerce_order(self, amazon_order_id: str) -> dict[str, Any]:
        """The one Commerce order."""
        (order,) = self.commerce_orders(amazon_order_id)
        return order

    def packages(self, amazon_order_id: str) -> Sequence[dict[str, Any]]:
        """What Amazon shows of the order's parcels."""
        packages: list[dict[str, Any]] = self.amazon.orders[amazon_order_id].get("packages", [])
        return packages
