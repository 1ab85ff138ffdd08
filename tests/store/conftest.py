"""The store's tests run on all three databases, each migrated once; every test has an Amazon store of its own."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest

from bridge import migrate
from bridge.db import Database
from bridge.domain.order import AmazonStatus, Channel
from bridge.domain.states import ImportState
from bridge.models import Order, OrderPersonalData, OrderSettingsRow, Store, StoreSecret
from tests import needs
from tests.databases import own_database

NOW = datetime(2026, 11, 2, 9, 30, 15, 123456, tzinfo=UTC)
_numbers = itertools.count(1)


@pytest.fixture(scope="package", params=needs.DATABASES)
def db(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    with own_database(request.param, tmp_path_factory.mktemp("db")) as url:
        db = Database(url)
        migrate.upgrade(db)
        yield db
        db.close()


@pytest.fixture
def store_id(db: Database) -> int:
    number = next(_numbers)
    with db.session() as session:
        store = Store(
            name=f"Cups {number}", seller_id=f"S{number}", marketplace_id="ATVPDKIKX0DER",
            commerce_url="https://shop.example", website_code="base", integration_time=NOW, created_at=NOW,
            updated_at=NOW, settings=OrderSettingsRow(), secret=StoreSecret(encrypted=b"sealed", updated_at=NOW),
        )  # fmt: skip
        session.add(store)
        session.flush()
        return store.id


@pytest.fixture
def put(db: Database, store_id: int) -> Callable[..., Order]:
    """Puts an order of the store into the table; a ready FBM one unless told otherwise."""

    def put(**values: object) -> Order:
        number = f"111-{next(_numbers):07d}-1234567"
        defaults: dict[str, object] = {
            "store_id": store_id, "amazon_order_id": number, "amazon_order_tail": number[-7:], "status": "Unshipped",
            "amazon_status": AmazonStatus.UNSHIPPED, "import_state": ImportState.READY, "channel": Channel.FBM,
            "purchase_date": NOW, "last_update_date": NOW, "programs": [], "packages": [], "due_at": NOW,
            "created_at": NOW, "updated_at": NOW, "personal": OrderPersonalData(store_id=store_id, buyer_sort=""),
            "lines": [], "tip_minor": 0, "attempts": 0,
        }  # fmt: skip
        order = Order(**(defaults | values))
        with db.session() as session:
            session.add(order)
            session.flush()
        return order

    return put
