"""Who writes beside whom: a server lets sessions write at once; SQLite's writers queue before they ask for its lock."""

from __future__ import annotations

import threading
from typing import Any

from sqlalchemy import event, text

from bridge.db import Database

PATIENCE = 20.0  # real seconds; what is waited for takes milliseconds
A_MOMENT = 0.3  # for what must not happen


def test_writers_hold_each_other_up_only_where_the_database_knows_one_at_a_time(db: Database):
    asked, done = threading.Event(), threading.Event()

    def write() -> None:
        with db.session() as session:
            session.execute(text("SELECT 1"))
        done.set()

    def checked_out(*_: Any) -> None:
        if threading.current_thread() is other:
            asked.set()

    other = threading.Thread(target=write)
    event.listen(db.engine, "checkout", checked_out)
    try:
        with db.session() as session:
            session.execute(text("SELECT 1"))
            other.start()
            if db.engine.dialect.name == "sqlite":
                assert not asked.wait(A_MOMENT)  # asking in vain would make it sleep, longer each time
            else:
                assert done.wait(PATIENCE)
        assert done.wait(PATIENCE)
    finally:
        other.join(PATIENCE)
        event.remove(db.engine, "checkout", checked_out)
