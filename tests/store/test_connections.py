"""The connections of single selects: kept between requests, and none of them when it is no good."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

import bridge.db
from bridge.db import Database
from bridge.order_list.rows import run
from tests.databases import own_database

WHO = {"postgresql": "SELECT pg_backend_pid()", "mariadb": "SELECT CONNECTION_ID()"}
END = {"postgresql": "SELECT pg_terminate_backend({})", "mariadb": "KILL {}"}


@pytest.fixture(params=WHO)
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[str, Database]]:
    with own_database(request.param, tmp_path) as url:
        db = Database(url)
        yield request.param, db
        db.close()


def who(kind: str, connection: Any) -> int:
    return int(run(connection, WHO[kind])[0][0])


def test_the_next_select_goes_over_the_same_connection(server: tuple[str, Database]):
    kind, db = server
    with db.connecting() as connection:
        first = who(kind, connection)
    for _ in range(3):
        with db.connecting() as connection:
            assert who(kind, connection) == first
            connection.scalar(text("SELECT 1"))  # SQLAlchemy begins a transaction with it
        with db.connecting() as connection:
            assert not connection.in_transaction()


def test_selects_at_once_have_a_connection_each(server: tuple[str, Database]):
    kind, db = server
    for _ in range(2):
        with db.connecting() as one, db.connecting() as other:
            assert who(kind, one) != who(kind, other)


def test_one_that_the_server_has_ended_is_replaced(server: tuple[str, Database], monkeypatch: pytest.MonkeyPatch):
    kind, db = server
    with db.connecting() as one, db.connecting() as other:
        ended = {who(kind, one), who(kind, other)}
    with db.engine.connect() as connection:
        for number in ended:
            connection.execute(text(END[kind].format(number)))
    monkeypatch.setattr(bridge.db, "_IDLE", -1.0)  # whatever was laid down is asked whether it is still there
    with db.connecting() as one, db.connecting() as other:
        assert not ended & {who(kind, one), who(kind, other)}


def test_after_an_error_it_is_closed(server: tuple[str, Database]):
    kind, db = server
    used: list[int] = []

    def meet_an_error() -> None:
        with db.connecting() as connection:
            used.append(who(kind, connection))
            run(connection, "SELECT nonsense")

    for _ in range(2):
        with pytest.raises(DBAPIError):
            meet_an_error()
    with db.connecting() as connection:
        used.append(who(kind, connection))
    assert len(set(used)) == 3


def test_closing_closes_all(server: tuple[str, Database]):
    kind, db = server
    with db.connecting() as one, db.connecting() as other:
        drivers: list[Any] = [connection.connection.dbapi_connection for connection in (one, other)]
    db.close()
    assert all(driver.closed if kind == "postgresql" else not driver.open for driver in drivers)
