"""The bridge's jobs as a process that is there to be killed."""

from __future__ import annotations

import os
import re
import signal
import time
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Engine, event
from sqlalchemy.orm import Session

from bridge import log
from bridge.config import Config
from bridge.jobs.run import run_job
from bridge.runtime import build

NOT_KILLED = 7
# What an order is made of; leases, job runs and quotas are written far more often, and lose nothing of an order.
_ORDERS = re.compile(r"(INSERT INTO|UPDATE|DELETE FROM) (orders|order_\w+|outgoing_changes|shipments|sync_cursors)\b")


def run_jobs(config: Config, now: datetime, names: Sequence[str], die_at_commit: int | None) -> None:
    """Run the jobs for store 1 as if it were `now`; with kill -9 right after that many commits that concern orders.

    Ends with exit code NOT_KILLED when it should have died and there were fewer commits.
    """
    log.configure("CRITICAL")
    begun = time.monotonic()
    runtime = build(config, now=lambda: now + timedelta(seconds=time.monotonic() - begun), parallel=1)
    if die_at_commit is not None:
        _die_at(die_at_commit)
    for name in names:
        run_job(runtime, name, 1, "cli")
    runtime.close()
    if die_at_commit is not None:
        os._exit(NOT_KILLED)


def _die_at(commits: int) -> None:
    left = commits
    concerned = False

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        nonlocal concerned
        concerned = concerned or bool(_ORDERS.match(statement))

    def count(_session: Session) -> None:
        nonlocal left, concerned
        left -= concerned
        if concerned and left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        concerned = False

    event.listen(Engine, "before_cursor_execute", note)
    event.listen(Session, "after_commit", count)
