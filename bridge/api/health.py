"""For whoever keeps the service running: is it there, can it work, what does it do. No key, no personal data."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from flask import Blueprint, Flask, Response, current_app
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from sqlalchemy import func, select
from sqlalchemy.exc import DatabaseError
from sqlalchemy.orm import Session

from bridge import migrate
from bridge.api.blueprint import reply, runtime
from bridge.db import Database
from bridge.jobs import SCHEDULER_LEASE
from bridge.models import JobRun, Order, OutgoingChange
from bridge.runtime import Runtime
from bridge.work import Lease

health = Blueprint("health", __name__)


@health.get("/healthz")
def healthz() -> Response:
    """The process answers."""
    return reply({"status": "ok"})


@health.get("/readyz")
def readyz() -> Response:
    """Whether requests can be served; the scheduler is told beside it, since its absence does not stop the API."""
    held = runtime()
    checks = _database(held.db)
    ready = all(word == "ok" for word in checks.values())
    if ready:
        checks["scheduler"] = _scheduler(held)
    return reply({"status": "ok" if ready else "unready", "checks": checks}, 200 if ready else 503)


def _database(db: Database) -> dict[str, str]:
    try:
        found = migrate.current(db)
    except DatabaseError:
        return {"database": "does not answer"}
    expected = migrate.head()
    return {"database": "ok", "migrations": "ok" if found == expected else f"at {found or 'none'}, not {expected}"}


def _scheduler(held: Runtime) -> str:
    with held.db.reading() as session:
        until = session.scalar(select(Lease.until).where(Lease.name == SCHEDULER_LEASE))
    if until is None:
        return "none is running"
    late = (held.now() - until).total_seconds()
    return "ok" if late <= 0 else f"was last seen {late:.0f} s ago"


@health.get("/metrics")
def metrics() -> Response:
    """Prometheus' text format."""
    registry: CollectorRegistry = current_app.extensions["bridge-metrics"]
    return Response(generate_latest(registry), mimetype="text/plain; version=0.0.4")


def init_metrics(app: Flask) -> CollectorRegistry:
    """A registry of the app's own, with the figures that are read from the database at every scrape."""
    registry = CollectorRegistry()
    app.extensions["bridge-metrics"] = registry
    if app.extensions["bridge"] is not None:
        registry.register(_Stored(app.extensions["bridge"]))
    return registry


class _Stored(Collector):
    """Figures of the database: the same whichever process is asked."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime

    def describe(self) -> Iterable[GaugeMetricFamily]:
        """None in advance: registering must not read the database."""
        return []

    def collect(self) -> Iterable[GaugeMetricFamily]:
        """Orders by store and state, changes that wait, and how long ago each job last succeeded."""
        orders = GaugeMetricFamily("bridge_orders", "Orders by import state.", labels=("store", "state"))
        outgoing = GaugeMetricFamily("bridge_outgoing", "Changes not seen yet.", labels=("store", "kind", "state"))
        succeeded = GaugeMetricFamily(
            "bridge_job_succeeded_seconds", "Seconds since a run succeeded.", labels=("job", "store")
        )
        now = self._runtime.now()
        with self._runtime.db.reading() as session:
            for (store, state), count in _counts(session, (Order.store_id, Order.import_state)):
                orders.add_metric((str(store), state.value), count)
            kinds = (OutgoingChange.store_id, OutgoingChange.kind, OutgoingChange.state)
            for (store, kind, word), count in _counts(session, kinds, OutgoingChange.state != "done"):
                outgoing.add_metric((str(store), kind, word), count)
            last = select(JobRun.job, JobRun.store_id, func.max(JobRun.finished_at)).where(JobRun.state == "succeeded")
            for job, store_id, when in session.execute(last.group_by(JobRun.job, JobRun.store_id)):
                if when is not None:
                    succeeded.add_metric((job, str(store_id or "")), (now - when).total_seconds())
        return [orders, outgoing, succeeded]


def _counts(session: Session, by: tuple[Any, ...], *where: Any) -> Iterable[tuple[tuple[Any, ...], int]]:
    for *group, count in session.execute(select(*by, func.count()).where(*where).group_by(*by)):
        yield tuple(group), count
