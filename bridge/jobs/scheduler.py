"""APScheduler 3.x drives the jobs in one process, which holds a lease in the database; another one waits to take over.

The job store is memory (a shared one would run every job once per process); a late run is made up for once (coalesce,
no misfire limit); each store's run goes to a pool, or to the workers behind a broker, so that one store never holds
up another.
"""

from __future__ import annotations

import os
import re
import signal
import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import structlog
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.base import BaseTrigger
from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.interval import IntervalTrigger

from bridge import claims
from bridge.errors import ConfigError
from bridge.jobs import JOBS, SCHEDULER_LEASE
from bridge.jobs.run import close_lost_runs, job_targets, run_job, start_job, waits

if TYPE_CHECKING:
    from bridge.runtime import Runtime

LEASE_SECONDS = 15.0
WORKERS = 8
QUEUED = 300.0  # seconds for which a scheduled run waits for a worker; then the next tick's takes its place
log = structlog.get_logger()


def trigger(text: str) -> BaseTrigger:
    """A five-field cron expression in UTC, or "@every 3s" (s, m, h). Raises ConfigError."""
    every = re.fullmatch(r"@every (\d+)([smh])", text.strip())
    if every:
        unit = {"s": "seconds", "m": "minutes", "h": "hours"}[every[2]]
        return IntervalTrigger(**{unit: int(every[1])}, timezone="UTC")
    try:
        return CronTrigger.from_crontab(text, timezone="UTC")
    except ValueError as error:
        raise ConfigError(f"{text!r} is neither a five-field cron expression nor @every N(s|m|h): {error}") from error


class Scheduler:
    """Runs the jobs while it holds the lease. `run` blocks until `stop` is called or a signal comes."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._holder = f"{socket.gethostname()}:{os.getpid()}"
        self._stopped = threading.Event()
        self._triggers = {name: trigger(text) for name, text in runtime.config.schedules.items()}
        self._pool = ThreadPoolExecutor(WORKERS, thread_name_prefix="store")
        self._busy: set[tuple[str, int | None]] = set()
        self._lock = threading.Lock()

    def run(self, *, handle_signals: bool = True) -> None:
        """Wait for the lease, then drive the jobs; when the lease is lost to another process, wait again."""
        if handle_signals:
            for number in (signal.SIGTERM, signal.SIGINT):
                signal.signal(number, lambda *_: self.stop())
        while not self._stopped.is_set():
            if self._lease():
                self._drive()
            self._stopped.wait(LEASE_SECONDS / 3)
        self._pool.shutdown(wait=True, cancel_futures=True)
        with self._runtime.db.session() as session:
            claims.release_lease(session, SCHEDULER_LEASE, self._holder)

    def stop(self) -> None:
        """End: no new runs start, those under way are waited for."""
        self._stopped.set()
        self._runtime.stopping.set()

    def _lease(self) -> bool:
        with self._runtime.db.session() as session:
            return claims.take_lease(session, SCHEDULER_LEASE, self._holder, self._runtime.now(), LEASE_SECONDS)

    def _drive(self) -> None:
        log.info("scheduling", schedules=self._runtime.config.schedules)
        close_lost_runs(self._runtime)
        clock = BackgroundScheduler(
            timezone="UTC", job_defaults={"coalesce": True, "misfire_grace_time": None, "max_instances": 1}
        )
        for name, when in self._triggers.items():
            clock.add_job(self.dispatch, when, args=(name,), id=name)
        clock.start()
        try:
            while not self._stopped.wait(LEASE_SECONDS / 3) and self._lease():
                pass
        finally:
            clock.shutdown(wait=False)

    def dispatch(self, name: str) -> None:
        """Have the job run for everything that it concerns."""
        job = JOBS[name]
        for store_id in job_targets(self._runtime, job):
            if self._runtime.config.broker_url:
                # A tick whose run waits for a worker, or is under way there, would only lengthen the queue.
                if not waits(self._runtime, job.name, store_id, QUEUED):
                    start_job(self._runtime, job.name, store_id, "schedule", expires=QUEUED)
                continue
            with self._lock:
                if (job.name, store_id) in self._busy:
                    continue  # the run before is not over; the next tick sees what this one would have seen
                self._busy.add((job.name, store_id))
            self._pool.submit(self._run, job.name, store_id)

    def _run(self, name: str, store_id: int | None) -> None:
        try:
            run_job(self._runtime, name, store_id, "schedule")
        finally:
            with self._lock:
                self._busy.discard((name, store_id))
