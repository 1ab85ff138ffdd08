"""Alembic's entry: one migration at a time per database, giving up rather than blocking a running bridge."""

from __future__ import annotations

from contextlib import contextmanager

from alembic import context
from sqlalchemy import Connection, text

import bridge.idempotency
import bridge.models  # the tables register themselves
import bridge.work  # noqa: F401
from bridge import config
from bridge.db import Base, Database

# Text is compared byte by byte on MySQL and MariaDB too, so that SKUs differ when they differ. Said here and not at the
# models, where it would bring these databases' dialect into every process.
FOR_MYSQL = {"mysql_charset": "utf8mb4", "mysql_collate": "utf8mb4_bin", "mysql_engine": "InnoDB"}
LOCK = 7_204_118  # any number, the same in every process that migrates


def include_object(_item, _name, kind, reflected, compare_to) -> bool:
    """Compare our own tables only."""
    return not (kind == "table" and reflected and compare_to is None)


@contextmanager
def alone(connection: Connection):
    """Hold the database's migration lock; SQLite's writers are alone anyway."""
    name = connection.dialect.name
    if name == "postgresql":
        connection.execute(text("SET lock_timeout = '10s'"))
        connection.execute(text(f"SELECT pg_advisory_lock({LOCK})"))
        connection.commit()
    elif name in {"mysql", "mariadb"}:
        if connection.execute(text(f"SELECT GET_LOCK('bridge-{LOCK}', 30)")).scalar() != 1:
            raise TimeoutError("another process is migrating this database")
        connection.execute(text("SET SESSION lock_wait_timeout = 10"))
        connection.commit()
    try:
        yield
    finally:
        if name == "postgresql":
            connection.rollback()
            connection.execute(text(f"SELECT pg_advisory_unlock({LOCK})"))
            connection.commit()
        elif name in {"mysql", "mariadb"}:
            connection.execute(text(f"SELECT RELEASE_LOCK('bridge-{LOCK}')"))
            connection.commit()


def run(connection: Connection) -> None:
    """Migrate over this connection, or compare what is there with the models."""
    for table in Base.metadata.tables.values():
        table.kwargs.update(FOR_MYSQL)
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        include_object=include_object,
        compare_type=True,
        user_module_prefix="",
        render_as_batch=connection.dialect.name == "sqlite",
    )
    with alone(connection), context.begin_transaction():
        context.run_migrations()


given = context.config.attributes.get("database")
if given is not None:
    with given.engine.execution_options(sqlite_begin="BEGIN IMMEDIATE").connect() as own:
        run(own)
else:
    database = Database(config.from_environment().database_url)
    with database.engine.execution_options(sqlite_begin="BEGIN IMMEDIATE").connect() as own:
        run(own)
    database.close()
