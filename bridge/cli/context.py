"""What commands work with, from the environment."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from bridge.config import Config, from_environment
from bridge.db import Database
from bridge.processes import beside_sandbox, started
from bridge.runtime import Runtime, build


def configuration() -> Config:
    """The configuration. Raises ConfigError."""
    return beside_sandbox(from_environment())


@contextmanager
def database() -> Iterator[Database]:
    """The database alone, for what needs no keys."""
    db = Database(configuration().database_url)
    try:
        yield db
    finally:
        db.close()


@contextmanager
def offline() -> Iterator[Runtime]:
    """A runtime for what never leaves the database. Raises ConfigError."""
    runtime = build(configuration())
    try:
        yield runtime
    finally:
        runtime.close()


@contextmanager
def online() -> Iterator[Runtime]:
    """A runtime for what may speak to Amazon and Commerce (see processes.started). Raises ConfigError."""
    with started(configuration()) as runtime:
        yield runtime
