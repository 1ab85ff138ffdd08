"""The database's schema: bringing it to the newest migration, and telling where it stands."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

from alembic import command
from alembic.config import Config as AlembicConfig
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util.exc import CommandError

from bridge.db import Database
from bridge.errors import ConfigError

MIGRATIONS = Path(__file__).resolve().parent.parent / "migrations"
logging.getLogger("alembic").setLevel(logging.WARNING)  # it tells at length what it is about to do


def upgrade(db: Database, revision: str = "head") -> None:
    """Migrate up to `revision`. Raises ConfigError when the database stands at a migration that we do not know."""
    _run(db, lambda config: command.upgrade(config, revision))


def downgrade(db: Database, revision: str) -> None:
    """Take migrations back down to `revision` ("base": all of them, and every table with them)."""
    _run(db, lambda config: command.downgrade(config, revision))


def check(db: Database) -> None:
    """Raises ConfigError when the database is not at the newest migration, or its tables differ from the models."""
    _run(db, command.check)


def head() -> str:
    """The newest migration."""
    newest = ScriptDirectory(str(MIGRATIONS)).get_current_head()
    if newest is None:
        raise ConfigError(f"there are no migrations in {MIGRATIONS}")
    return newest


def current(db: Database) -> str | None:
    """The migration that the database stands at; None for an empty one."""
    with db.engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def _run(db: Database, work: Callable[[AlembicConfig], object]) -> None:
    config = AlembicConfig(attributes={"database": db})
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    try:
        work(config)
    except CommandError as error:
        raise ConfigError(f"the database's schema: {error}") from error
