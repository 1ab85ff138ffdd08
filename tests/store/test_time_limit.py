"""A list that would keep the database busy for long is given up; the jobs' work is not."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from bridge.db import Database
from bridge.errors import TooSlow
from bridge.order_list.rows import run
from tests import needs
from tests.databases import own_database

LIMIT = 0.05  # seconds
ENDLESS = {
    "sqlite": "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n",
    "postgresql": "SELECT count(*) FROM generate_series(1, 1000000000) AS a, generate_series(1, 1000000000) AS b",
    "mariadb": f"SELECT count(*) FROM {', '.join(f'information_schema.collations AS {name}' for name in 'abcdef')}",
}
LONGER = {
    "sqlite": "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 2000000) SELECT count(*) FROM n",
    "postgresql": "SELECT count(*) FROM generate_series(1, 2000000)",
    "mariadb": "SELECT count(*) FROM information_schema.collations AS a, information_schema.collations AS b,"
    " (SELECT id FROM information_schema.collations LIMIT 50) AS c",
}


@pytest.fixture(params=needs.DATABASES)
def limited(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[str, Database]]:
    with own_database(request.param, tmp_path) as url:
        db = Database(url, time_limit=LIMIT)
        yield request.param, db
        db.close()


def test_a_select_that_takes_too_long_is_ended_and_its_connection_goes_on(limited: tuple[str, Database]):
    kind, db = limited
    for _ in range(2):
        with db.connecting() as connection, pytest.raises(TooSlow):
            run(connection, ENDLESS[kind])
        with db.connecting() as connection:
            assert run(connection, "SELECT 1")[0][0] == 1


def test_what_the_jobs_do_has_no_limit(limited: tuple[str, Database]):
    kind, db = limited
    with db.connecting() as connection, pytest.raises(TooSlow):
        run(connection, LONGER[kind])
    with db.session() as session:
        assert session.execute(text(LONGER[kind])).one() is not None
