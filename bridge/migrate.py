"""The database's schema: bringing it to the newest migration, and telling where it stands."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import inspect, text

from bridge.db import Database
from bridge.errors import ConfigError

if TYPE_CHECKING:
    from alembic.config import Config as AlembicConfig

# Alembic is imported where a database is migrated: a server only looks where it stands, and would carry 11 MB for that.
MIGRATIONS = Path(__file__).resolve().parent.parent / "migrations"
logging.getLogger("alembic").setLevel(logging.WARNING)  # it tells at length what it is about to do


def upgrade(db: Database, revision: str = "head") -> None:
    """Migrate up to `revision`. Raises ConfigError when the database stands at a migration that we do not know."""
    from alembic import command  # noqa: PLC0415

    _run(db, lambda config: command.upgrade(config, revision))


def downgrade(db: Database, revision: str) -> None:
    """Take migrations back down to `revision` ("base": all of them, and every table with them)."""
    from alembic import command  # noqa: PLC0415

    _run(db, lambda config: command.downgrade(config, revision))


def check(db: Database) -> None:
    """Raises ConfigError when the database is not at the newest migration, or its tables differ from the models."""
    from alembic import command  # noqa: PLC0415

    _run(db, command.check)


def head() -> str:
    """The newest migration."""
    try:
        return (MIGRATIONS / ".current-alembic-head").read_text(encoding="utf-8").split("_")[0]
    except OSError as error:
        raise ConfigError(f"there are no migrations in {MIGRATIONS}") from error


def current(db: Database) -> str | None:
    """The migration that the database stands at; None for an empty one."""
    with db.engine.connect() as connection:
        if not inspect(connection).has_table("alembic_version"):
            return None
        found: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
        return found


def _run(db: Database, work: Callable[[AlembicConfig], object]) -> None:
    from alembic.config import Config as AlembicConfig  # noqa: PLC0415
    from alembic.util.exc import CommandError  # noqa: PLC0415

    config = AlembicConfig(attributes={"database": db})
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    try:
        work(config)
    except CommandError as error:
        raise ConfigError(f"the database's schema: {error}") from error
