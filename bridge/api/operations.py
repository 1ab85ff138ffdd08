"""Jobs, messages, failed calls and what is set for the whole bridge."""

from __future__ import annotations

from typing import Any

from flask import Response

from bridge import queries, stores
from bridge import store as records
from bridge.api.blueprint import (
    LINK,
    Blueprint,
    caller,
    demand_version,
    reply,
    reply_page,
    reply_versioned,
    runtime,
    whole_bridge_only,
)
from bridge.api.schemas import jobs as shapes
from bridge.api.schemas.stores import (
    CommunicationErrorPageSchema,
    CommunicationErrorQuery,
    GlobalSettingsChange,
    GlobalSettingsSchema,
    SystemMessageListSchema,
)
from bridge.api.stores import ETAG, IF_MATCH, LOCATION, asked_for
from bridge.errors import InvalidInput, NotFound
from bridge.jobs import JOBS
from bridge.keys import Scope
from bridge.models import GlobalSettingsRow

jobs = Blueprint("Jobs", __name__, url_prefix="/api/v1", description="What runs by itself, and what it did.")
messages = Blueprint("Messages", __name__, url_prefix="/api/v1", description="What needs somebody's attention.")
settings = Blueprint("Settings", __name__, url_prefix="/api/v1", description="What holds for all stores.")


@jobs.operation("GET", "/jobs", "listJobs", scope=Scope.ORDERS_READ, answer=shapes.JobListSchema)
def list_jobs() -> Response:
    """List the jobs with their schedules and newest runs"""
    with runtime().db.reading() as session:
        last = queries.last_runs(session, caller().store_ids)
    items = [
        {
            "name": job.name,
            "help": job.help,
            "per_store": job.per_store,
            "schedule": runtime().config.schedules[job.name],
            "last_run": last.get(job.name),
        }
        for job in JOBS.values()
    ]
    return reply({"items": items})


@jobs.operation(
    "POST",
    "/jobs/<string(maxlength=24):name>/run",
    "runJob",
    scope=Scope.ORDERS_WRITE,
    body=shapes.RunJob,
    needs_body=False,
    answer=shapes.JobRunSchema,
    status=202,
    headers=LOCATION,
)
def run_job(values: dict[str, Any], name: str) -> Response:
    """Run a job now

    A job that works for one store needs store_id; the others take none.
    """
    job = JOBS.get(name)
    store_id = values["store_id"]
    if job is None:
        raise NotFound(f"There is no job {name!r}.")
    if job.per_store:
        if store_id is None:
            raise InvalidInput("No store.", {"store_id": [f"The job {name} works for one store."]})
        with runtime().db.reading() as session:
            if store_id not in queries.store_ids(session, caller().store_ids):
                raise InvalidInput("Unknown store.", {"store_id": [f"There is no store {store_id}."]})
    else:
        whole_bridge_only()
        if store_id is not None:
            raise InvalidInput("No store.", {"store_id": [f"The job {name} works for the whole bridge."]})
    return asked_for(name, store_id)


@jobs.operation(
    "GET",
    "/job-runs",
    "listJobRuns",
    scope=Scope.ORDERS_READ,
    query=shapes.JobRunQuery,
    answer=shapes.JobRunPageSchema,
    headers=LINK,
)
def list_job_runs(query: dict[str, Any]) -> Response:
    """List what ran, newest first"""
    allowed = chosen_stores(query.pop("store_id", None))
    with runtime().db.reading() as session:
        return reply_page(queries.job_runs(session, allowed, **query))


@jobs.operation("GET", "/job-runs/<id:run_id>", "getJobRun", scope=Scope.ORDERS_READ, answer=shapes.JobRunSchema)
def get_job_run(run_id: int) -> Response:
    """Show a run of a job"""
    with runtime().db.reading() as session:
        return reply(queries.job_run(session, run_id, caller().store_ids))


@messages.operation(
    "GET", "/system-messages", "listSystemMessages", scope=Scope.ORDERS_READ, answer=SystemMessageListSchema
)
def list_system_messages() -> Response:
    """List what the merchant must be told now"""
    with runtime().db.reading() as session:
        return reply({"items": queries.system_messages(session, caller().store_ids)})


@messages.operation(
    "GET",
    "/communication-errors",
    "listCommunicationErrors",
    scope=Scope.ORDERS_READ,
    query=CommunicationErrorQuery,
    answer=CommunicationErrorPageSchema,
    headers=LINK,
)
def list_communication_errors(query: dict[str, Any]) -> Response:
    """List failed calls to Amazon and Commerce, newest first"""
    allowed = chosen_stores(query.pop("store_id", None))
    with runtime().db.reading() as session:
        return reply_page(queries.communication_errors(session, allowed, **query))


@settings.operation(
    "GET",
    "/global-settings",
    "getGlobalSettings",
    scope=Scope.ORDERS_READ,
    answer=GlobalSettingsSchema,
    headers=ETAG,
)
def get_global_settings() -> Response:
    """Show what is set for all stores"""
    with runtime().db.session() as session:
        row = records.global_settings(session)
        return reply_versioned(_global(row), row.version)


@settings.operation(
    "PUT",
    "/global-settings",
    "saveGlobalSettings",
    scope=Scope.SETTINGS_WRITE,
    body=GlobalSettingsChange,
    answer=GlobalSettingsSchema,
    errors=(409, 412, 428),
    headers=ETAG,
    doc=IF_MATCH,
)
def save_global_settings(values: dict[str, Any]) -> Response:
    """Save what is set for all stores"""
    whole_bridge_only()
    with runtime().db.session() as session:
        version = records.global_settings(session).version
        demand_version(version)
        row = stores.save_global_settings(session, version, values)
        return reply_versioned(_global(row), row.version)


def _global(row: GlobalSettingsRow) -> dict[str, Any]:
    return {
        "clear_log_history": row.clear_log_history,
        "read_only_mode": row.read_only_mode,
        "debug_logging": row.debug_logging,
        "personal_data_days": row.personal_data_days,
    }


def chosen_stores(store_id: int | None) -> queries.Allowed:
    """The caller's stores, or the one of them that was asked for."""
    if store_id is None:
        return caller().store_ids
    with runtime().db.reading() as session:
        if store_id not in queries.store_ids(session, caller().store_ids):
            raise InvalidInput("Unknown store.", {"store_id": [f"There is no store {store_id}."]})
    return [store_id]
