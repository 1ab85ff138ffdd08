"""`flask bridge db`."""

from __future__ import annotations

import click

from bridge import migrate
from bridge.cli import context


@click.group("db")
def group() -> None:
    """The database's schema."""


@group.command()
def upgrade() -> None:
    """Bring the database to this release's schema; safe to repeat, and while the bridge runs."""
    with context.database() as db:
        before = migrate.current(db)
        migrate.upgrade(db)
        after = migrate.current(db)
    click.echo(f"The database stands at migration {after}" + (" already." if before == after else "."))


@group.command()
def check() -> None:
    """Fail unless the database is at the newest migration and its tables are what this release expects."""
    with context.database() as db:
        migrate.check(db)
    click.echo("The database's schema is what this release expects.")
