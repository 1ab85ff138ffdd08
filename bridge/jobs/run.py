"""The job boundary: one run of one job, alone, recorded, whatever happens in it."""

from __future__ import annotations

import math
import threading
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import structlog
from sqlalchemy import select, update

from bridge import claims, store
from bridge import log as log_module
from bridge.errors import BridgeError, NotFound, RemoteError
from bridge.jobs import JOBS, Job, cluster
from bridge.models import GlobalSettingsRow, JobRun
from bridge.trail import Actor, acting
from bridge.work import Lease

if TYPE_CHECKING:
    from bridge.runtime import Runtime

LEASE_SECONDS = 120.0  # seconds; prolonged by a heartbeat while the job runs, so that a dead process frees it soon
HEARTBEAT = LEASE_SECONDS / 4
QUEUED_SECONDS = 3600.0  # after which a run that nobody has begun is given up
RESERVE = 2  # tokens of each of Amazon's quotas that scheduled runs leave for "sync now"
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class _Outcome:
    state: str
    result: dict[str, int] | None = None
    error: str | None = None


def run_job(runtime: Runtime, name: str, store_id: int | None, trigger: str) -> int:
    """Run the job now and return its job run's id; the run tells how it went, this never raises what the job raised.

    trigger: "schedule", "api", "cli", "webhook". Raises NotFound for an unknown job or store.
    """
    run_id = _record(runtime, name, store_id, trigger, "running")
    _work(runtime, JOBS[name], store_id, run_id, trigger)
    return run_id


def start_job(runtime: Runtime, name: str, store_id: int | None, trigger: str, expires: float | None = None) -> int:
    """Like run_job, but by a worker where there is a broker, else in the background; the run is recorded as queued.

    expires: seconds after which a worker leaves it alone. A broker that does not answer holds nothing up: this process
    does the run itself.
    """
    run_id = _record(runtime, name, store_id, trigger, "queued")
    if not cluster.send(runtime.config, run_id, expires=expires):
        _background.submit(take_up, runtime, run_id)
    return run_id


def in_background(work: Callable[..., None], *args: Any) -> None:
    """Do this in a thread of this process."""
    _background.submit(work, *args)


_background = ThreadPoolExecutor(max_workers=4, thread_name_prefix="job")


def take_up(runtime: Runtime, run_id: int) -> bool:
    """Do a queued run, unless somebody has; False while a run that was begun may still be under way elsewhere.

    A run whose process died is done again once nobody holds its lease.
    """
    with runtime.db.reading() as session:
        run = session.get(JobRun, run_id)
    if run is None or run.state not in ("queued", "running"):
        return True
    if run.state == "running" and _under_way(runtime, run):
        return False
    unchanged = (JobRun.id == run_id, JobRun.state == run.state, JobRun.started_at == run.started_at)
    with runtime.db.session() as session:
        begin = update(JobRun).where(*unchanged).values(state="running", started_at=runtime.now())
        if not store.affected(session.execute(begin)):
            return True  # somebody else has taken it up just now
    _work(runtime, JOBS[run.job], run.store_id, run_id, run.trigger)
    return True


def _record(runtime: Runtime, name: str, store_id: int | None, trigger: str, state: str) -> int:
    job = JOBS.get(name)
    if job is None:
        raise NotFound(f"There is no job {name!r}.")
    with runtime.db.session() as session:
        if job.per_store:
            if store_id is None:
                raise NotFound(f"The job {name!r} needs a store.")
            store.get_store(session, store_id)
        run = JobRun(job=name, store_id=store_id, trigger=trigger, state=state, started_at=runtime.now())
        session.add(run)
        session.flush()
        return run.id


def _work(runtime: Runtime, job: Job, store_id: int | None, run_id: int, trigger: str) -> None:
    holder = uuid.uuid4().hex
    lease = _lease_name(runtime, job, store_id)
    with runtime.db.session() as session:
        taken = claims.take_lease(session, lease, holder, runtime.now(), LEASE_SECONDS)
    if not taken:
        _finish(runtime, run_id, _Outcome("skipped", error="Another process is running this job for this store."))
        return
    stop = threading.Event()
    heart = threading.Thread(target=_keep_lease, args=(runtime, lease, holder, stop), daemon=True)
    heart.start()
    try:
        outcome = _attempt(runtime, job, store_id, trigger)
    finally:
        stop.set()
        heart.join()
        with runtime.db.session() as session:
            claims.release_lease(session, lease, holder)
    _finish(runtime, run_id, outcome)


def _lease_name(runtime: Runtime, job: Job, store_id: int | None) -> str:
    """Runs with the same name never overlap; the stores of a seller account share a job that works for them all."""
    if job.per_account and store_id is not None:
        store_id = min((link.store_id for link in runtime.links.of_account(store_id)), default=store_id)
    return f"job:{job.name}:{store_id or '-'}"


def _attempt(runtime: Runtime, job: Job, store_id: int | None, trigger: str) -> _Outcome:
    with runtime.db.reading() as session:
        row = session.get(GlobalSettingsRow, 1)
    log_module.tell_more(row is not None and row.debug_logging)
    who = acting(Actor("job", job.name), runtime.now)
    with structlog.contextvars.bound_contextvars(job=job.name, store=store_id), who:
        try:
            return _perform(runtime, job, store_id, trigger)
        except RemoteError as error:
            if error.code == "QuotaWait":  # Amazon was not asked: whoever ran the job may run it again after that
                wait = math.ceil(error.retry_after or 1)
                return _Outcome("failed", {"retry_after": wait}, str(error))
            with runtime.db.session() as session:
                store.record_remote_error(session, store_id, error, runtime.now())
            log.warning("job failed", error=str(error), request_id=error.request_id)
            return _Outcome("failed", error=str(error))
        except BridgeError as error:
            log.warning("job failed", error=str(error))
            return _Outcome("failed", error=str(error))
        except Exception as error:  # the job boundary: one store's defect must not stop the scheduler
            log.exception("job crashed")
            return _Outcome("failed", error=f"{type(error).__name__}; see the log")


def _perform(runtime: Runtime, job: Job, store_id: int | None, trigger: str) -> _Outcome:
    if job.run_once is not None:
        return _Outcome("succeeded", job.run_once(runtime))
    if job.run is None or store_id is None:
        raise NotFound(f"The job {job.name!r} needs a store.")
    link = runtime.links.get(store_id)
    if trigger == "schedule":
        link = replace(link, reserve=RESERVE)
    if job.writes and link.read_only:
        return _Outcome("skipped", error="Read-only mode: nothing is sent to Commerce or Amazon.")
    return _Outcome("succeeded", job.run(link))


def _finish(runtime: Runtime, run_id: int, outcome: _Outcome) -> None:
    with runtime.db.session() as session:
        session.execute(
            update(JobRun)
            .where(JobRun.id == run_id)
            .values(
                state=outcome.state,
                finished_at=runtime.now(),
                result=outcome.result,
                error=outcome.error[:500] if outcome.error else None,
            )
        )


def _keep_lease(runtime: Runtime, lease: str, holder: str, stop: threading.Event) -> None:
    while not stop.wait(HEARTBEAT):
        with runtime.db.session() as session:
            claims.take_lease(session, lease, holder, runtime.now(), LEASE_SECONDS)


def close_lost_runs(runtime: Runtime) -> int:
    """Mark the runs whose process died, and those that no worker took in an hour; how many."""
    now, lost = runtime.now(), 0
    with runtime.db.reading() as session:
        unfinished = session.scalars(select(JobRun).where(JobRun.state.in_(("queued", "running")))).all()
    for run in unfinished:
        age = (now - run.started_at).total_seconds()
        if run.state == "queued" and age > QUEUED_SECONDS:
            reason = "No worker took it."
        elif run.state == "running" and age > LEASE_SECONDS and not _under_way(runtime, run):
            reason = "The process died."
        else:
            continue
        still = (JobRun.id == run.id, JobRun.state == run.state, JobRun.started_at == run.started_at)
        with runtime.db.session() as session:
            closed = update(JobRun).where(*still).values(state="lost", finished_at=now, error=reason)
            lost += store.affected(session.execute(closed))
    return lost


def _under_way(runtime: Runtime, run: JobRun) -> bool:
    """Whether somebody holds the lease that a run of this job for this store needs."""
    name = _lease_name(runtime, JOBS[run.job], run.store_id)
    with runtime.db.reading() as session:
        lease = session.get(Lease, name)
    return lease is not None and lease.until > runtime.now()


def waits(runtime: Runtime, name: str, store_id: int | None, seconds: float) -> bool:
    """Whether the newest run of the job for the store is under way, or was queued less than `seconds` ago."""
    newest = select(JobRun).where(JobRun.job == name, JobRun.store_id == store_id).order_by(JobRun.id.desc()).limit(1)
    with runtime.db.reading() as session:
        run = session.scalars(newest).one_or_none()
    if run is not None and run.state == "queued":
        return (runtime.now() - run.started_at).total_seconds() < seconds
    return run is not None and run.state == "running" and _under_way(runtime, run)


def job_targets(runtime: Runtime, job: Job) -> list[int | None]:
    """What a scheduled job runs for: each active store, one store per seller account, or the bridge (None)."""
    if not job.per_store:
        return [None]
    if job.per_account:
        return list(runtime.links.leads())
    with runtime.db.reading() as session:
        return list(store.active_store_ids(session))
