"""What most tests stand on: a database migrated once and copied for each, a hand-moved clock, the app and a client."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from bridge import create_app, migrate
from bridge.config import Config
from bridge.db import Database
from bridge.jobs import run
from bridge.keys import Scope, create_key
from bridge.models import Order, Store
from bridge.processes import settle
from bridge.runtime import Runtime, build
from bridge.vault import new_key
from tests.api_client import ApiClient
from tests.factories import NOW, make_order, make_store
from tests.sharing import share_routes, sqlite_url

share_routes()


def pytest_collection_finish() -> None:
    """What is there when the tests begin stays, as in a server."""
    settle()


class HandClock:
    """Time that passes only when a test says so."""

    def __init__(self, start: datetime) -> None:
        self.present = start

    def now(self) -> datetime:
        return self.present

    def advance(self, by: timedelta) -> None:
        self.present += by


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file made by the real migrations, once a run."""
    path = tmp_path_factory.mktemp("template") / "bridge.db"
    database = Database(f"sqlite:///{path}")
    migrate.upgrade(database)
    database.close()
    return path


@pytest.fixture
def clock() -> HandClock:
    return HandClock(NOW)


@pytest.fixture
def config(migrated_file: Path, tmp_path: Path) -> Config:
    """A bridge beside the sandbox, with a database of the test's own."""
    path = tmp_path / "bridge.db"
    shutil.copy(migrated_file, path)
    return Config(database_url=sqlite_url(path), secret_keys=(new_key(),), sandbox=True)


@pytest.fixture
def runtime(config: Config, clock: HandClock) -> Iterator[Runtime]:
    runtime = build(config, now=clock.now)
    yield runtime
    runtime.close()


@pytest.fixture
def app(runtime: Runtime) -> Flask:
    return create_app(runtime=runtime)


@pytest.fixture
def api(app: Flask) -> ApiClient:
    """The API as the holder of the demo key sees it."""
    return ApiClient(app)


@pytest.fixture
def session(runtime: Runtime) -> Iterator[Session]:
    """A session that reads; it must not be open while a test writes through the app."""
    with runtime.db.reading() as session:
        yield session


@pytest.fixture
def store(runtime: Runtime) -> Store:
    """Mugs US, active."""
    with runtime.db.session() as session:
        return make_store(session, "Mugs US")


@pytest.fixture
def put(runtime: Runtime, store: Store) -> Callable[..., Order]:
    """Puts an order of Mugs US into the table (see make_order)."""

    def put(**values: Any) -> Order:
        with runtime.db.session() as session:
            return make_order(session, values.pop("store", store), **values)

    return put


@pytest.fixture
def key_for(runtime: Runtime, clock: HandClock) -> Callable[..., str]:
    """Makes an API key with these scopes, bound to these stores."""

    def key_for(*scopes: Scope, stores: list[int] | None = None, expires_at: datetime | None = None) -> str:
        with runtime.db.session() as session:
            name = f"key {len(scopes)} {stores} {expires_at}"
            return create_key(session, name, scopes or tuple(Scope), stores, expires_at, clock.now())

    return key_for


class AtOnce:
    """An executor whose work is done when submit returns."""

    def submit(self, work: Callable[..., None], *args: Any) -> None:
        work(*args)


@pytest.fixture
def no_background(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the API starts in the background is over when it answers."""
    monkeypatch.setattr(run, "_background", AtOnce())
