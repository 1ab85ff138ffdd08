"""A database of a test's own on each kind of server, made empty and dropped at the end."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import create_engine, make_url, text

from tests import needs

_numbers = itertools.count(1)


@contextmanager
def own_database(kind: str, directory: Path) -> Iterator[str]:
    """The address of an empty database of this kind (needs.DATABASES); ends the test when its server is missing."""
    if kind == "sqlite":
        yield f"sqlite:///{directory / 'bridge.db'}"
        return
    server = make_url(needs.service(kind))
    # Workers of one run, runs beside each other, and two fixtures of one worker must not meet.
    name = f"bridge_test_{os.environ.get('PYTEST_XDIST_WORKER', 'main')}_{os.getpid()}_{next(_numbers)}"
    force = " WITH (FORCE)" if kind == "postgresql" else ""
    engine = create_engine(server, isolation_level="AUTOCOMMIT")
    try:
        with engine.connect() as connection:
            connection.execute(text(f"DROP DATABASE IF EXISTS {name}{force}"))
            connection.execute(text(f"CREATE DATABASE {name}"))
        yield server.set(database=name).render_as_string(hide_password=False)
        with engine.connect() as connection:
            connection.execute(text(f"DROP DATABASE IF EXISTS {name}{force}"))
    finally:
        engine.dispose()
