"""Shipments are confirmed early when Commerce says that there are some; the poll stays the one that reads them."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from sqlalchemy import select

from bridge import claims
from bridge.jobs import run
from bridge.ledger import InboundEvent
from bridge.models import JobRun

if TYPE_CHECKING:
    from bridge.runtime import Runtime

GATHER = 5.0  # seconds in which further messages join the same run
MOST_RUNS = 20  # in a row, while messages keep coming; the schedule goes on after that
MOST_SKIPPED = 4  # runs that found another one under way: it may have begun before the message came
_LEASE = 180.0  # longer than the longest pause and, prolonged with each round, not much longer than a run


def confirm_soon(runtime: Runtime, store_id: int) -> None:
    """Have the store's shipments confirmed in a few seconds, in the background; many messages are one run."""
    run.in_background(_confirm, runtime, store_id)


def _confirm(runtime: Runtime, store_id: int) -> None:
    """Run until no message has come since the run began. Whoever finds another one at it leaves it to that one."""
    lease, holder = f"early:confirm:{store_id}", uuid.uuid4().hex
    skipped = 0
    for _ in range(MOST_RUNS):
        with runtime.db.session() as session:
            if not claims.take_lease(session, lease, holder, runtime.now(), _LEASE):
                return
        if runtime.stopping.wait(GATHER * 2**skipped):
            break
        began = runtime.now()
        run_id = run.run_job(runtime, "confirm", store_id, "webhook")
        with runtime.db.session() as session:
            unseen = session.get_one(JobRun, run_id).state == "skipped"
            since = (InboundEvent.store_id == store_id, InboundEvent.received_at > began)
            news = session.scalar(select(InboundEvent.id).where(*since).limit(1)) is not None
        skipped += unseen
        if skipped > MOST_SKIPPED or not (unseen or news):
            break
    with runtime.db.session() as session:
        claims.release_lease(session, lease, holder)
