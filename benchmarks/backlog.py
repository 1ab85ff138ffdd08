"""A backlog of 20,000 orders before the first sync, in virtual time: how long it takes beside what the quota allows.

Prints one line for each figure; ends with 1 when the ratio is above the budget or Amazon had to say 429.
"""

from __future__ import annotations

import logging
import os
import sys
import tempfile
import time
from datetime import timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import structlog
from sqlalchemy import func, select

from bridge.jobs.run import run_job
from bridge.models import JobRun, Order
from tests.stage import START, Stage, line

ORDERS = 20_000
PAGE = 100
BURST, RATE = 20, 0.0056  # Amazon's plan for searchOrders: at once, and then a second (amazon-sp-api 1.10)
BUDGET = 1.05
MEMORY = "/dev/shm"


def place_backlog(stage: Stage, orders: int) -> None:
    """Orders of two weeks; Amazon's list shows them all when the first sync begins."""
    goods = [line()]
    pause = timedelta(days=14) / orders
    for _ in range(orders):
        stage.world.clock.advance(pause)
        stage.amazon.place(goods)
    stage.wait()


def read_backlog(stage: Stage) -> int:
    """Run sync, waiting for the quota as a scheduler that is told when, until a run is through; pages read."""
    pages_before = stage.world.requests["amazon searchOrders"]
    while True:
        run_id = run_job(stage.bridge, "sync", stage.store_id, "schedule")
        with stage.bridge.db.reading() as session:
            run = session.get_one(JobRun, run_id)
        if run.state == "succeeded":
            return int(stage.world.requests["amazon searchOrders"] - pages_before)
        if not run.result or "retry_after" not in run.result:
            raise SystemExit(f"sync failed: {run.error}")
        stage.wait(timedelta(seconds=run.result["retry_after"]))


def main(orders: int) -> int:
    """Measure with that many orders; 0 when all is within budget."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    with tempfile.TemporaryDirectory(dir=MEMORY if os.access(MEMORY, os.W_OK) else None) as directory:
        stage = Stage(Path(directory))
        place_backlog(stage, orders)
        began, real = stage.world.now(), time.monotonic()
        pages = read_backlog(stage)
        taken = stage.world.now() - began
        with stage.bridge.db.reading() as session:
            stored = session.scalar(select(func.count()).select_from(Order)) or 0
        stage.bridge.close()
    least = timedelta(seconds=max(0, -(-orders // PAGE) - BURST) / RATE)
    ratio = taken / least if least else 1.0
    throttled = sum(stage.amazon.throttled.values())
    print(f"orders in the backlog    {orders:>9,}  (placed from {START:%Y-%m-%d} on)")
    print(f"orders in our table      {stored:>9,}")
    print(f"pages                    {pages:>9,}")
    print(f"virtual hours taken      {taken / timedelta(hours=1):>9.2f}")
    print(f"hours the quota allows   {least / timedelta(hours=1):>9.2f}")
    print(f"ratio                    {ratio:>9.3f}  (budget {BUDGET})")
    print(f"429s                     {throttled:>9,}")
    print(f"orders a second of real time {(stored / (time.monotonic() - real)):>5.0f}")
    return 0 if stored == orders and ratio <= BUDGET and not throttled else 1


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else ORDERS))
