"""The migrations, up and down, on every database that the bridge runs on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import inspect, text

from bridge import migrate
from bridge.db import Base, Database
from bridge.errors import ConfigError
from tests import needs
from tests.databases import own_database


@pytest.fixture(params=needs.DATABASES)
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    with own_database(request.param, tmp_path) as url:
        db = Database(url)
        yield db
        db.close()


def tables(db: Database) -> set[str]:
    return set(inspect(db.engine).get_table_names()) - {"alembic_version"}


def test_the_migrations_go_up_down_and_up_again_and_make_what_the_models_say(empty: Database):
    assert migrate.current(empty) is None
    migrate.upgrade(empty)
    assert migrate.current(empty) == migrate.head()
    assert tables(empty) == set(Base.metadata.tables)
    migrate.check(empty)

    migrate.downgrade(empty, "base")
    assert tables(empty) == set()
    migrate.upgrade(empty)
    migrate.check(empty)


def test_a_table_that_differs_from_the_models_is_found(empty: Database):
    migrate.upgrade(empty)
    with empty.engine.begin() as connection:
        connection.execute(text("ALTER TABLE leases ADD COLUMN surplus INTEGER"))
    with pytest.raises(ConfigError, match="surplus"):
        migrate.check(empty)


def test_a_database_that_is_behind_is_found(empty: Database):
    with pytest.raises(ConfigError, match="not up to date"):
        migrate.check(empty)


def test_a_database_of_a_newer_release_is_refused_in_words(empty: Database):
    migrate.upgrade(empty)
    with empty.engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(ConfigError, match="9999"):
        migrate.upgrade(empty)


def test_the_newest_migrations_name_stands_in_its_file():
    # Two branches that both add a migration then conflict in git, not in a database.
    (newest,) = sorted(path.stem for path in (migrate.MIGRATIONS / "versions").glob("*.py"))[-1:]
    assert (migrate.MIGRATIONS / ".current-alembic-head").read_text().strip() == newest
    assert newest.startswith(f"{migrate.head()}_")


def test_mariadb_keeps_every_table_with_transactions_and_tells_all_texts_apart(tmp_path: Path):
    with own_database("mariadb", tmp_path) as url:
        db = Database(url)
        migrate.upgrade(db)
        with db.engine.connect() as connection:
            kept = connection.execute(
                text(
                    "SELECT table_name, engine, table_collation FROM information_schema.tables"
                    " WHERE table_schema = DATABASE() AND table_name <> 'alembic_version'"
                )
            ).all()
        db.close()
    assert {name for name, _, _ in kept} == set(Base.metadata.tables)
    assert {(engine, collation) for _, engine, collation in kept} == {("InnoDB", "utf8mb4_bin")}
