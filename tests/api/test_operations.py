"""Jobs, messages, failed calls and global settings over the API."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from bridge.errors import RemoteError, Verdict
from bridge.jobs import JOBS
from bridge.models import JobRun, Order, Store
from bridge.runtime import Runtime
from bridge.store import record_remote_error
from tests.api_client import ApiClient
from tests.conftest import HandClock
from tests.factories import make_order, make_store
from tests.stage import Stage


def test_the_jobs_are_listed_with_their_schedules_and_newest_runs(api: ApiClient, runtime: Runtime, store: Store):
    with runtime.db.session() as session:
        for state in ("failed", "succeeded"):
            run = JobRun(job="sync", store_id=store.id, trigger="schedule", state=state, started_at=runtime.now())
            session.add(run)
    items = {item["name"]: item for item in api.get("/jobs")["items"]}
    assert list(items) == list(JOBS)
    assert items["sync"]["last_run"]["state"] == "succeeded"
    assert items["import"]["last_run"] is None
    assert items["cleanup"]["schedule"] == "17 3 * * *"
    assert (items["cleanup"]["per_store"], items["sync"]["per_store"]) == (False, True)


def test_a_job_is_run_by_hand(stage: Stage, stage_api: ApiClient):
    number = stage.place()
    stage.wait()
    started = stage_api.send("POST", "/jobs/sync/run", 202, json={"store_id": stage.store_id})
    run = started.get_json()
    assert started.headers["Location"] == f"/api/v1/job-runs/{run['id']}"
    shown = stage_api.get(f"/job-runs/{run['id']}")
    assert (shown["state"], shown["result"]["added"]) == ("succeeded", 1)
    assert stage.known(number)
    stage_api.post(f"/stores/{stage.store_id}/sync", status=202)
    assert stage_api.get("/job-runs", job="sync")["total_count"] == 2
    stage_api.post("/jobs/cleanup/run", {}, 202)


@pytest.mark.parametrize(
    ("name", "given", "status"),
    [
        ("nope", {}, 404),
        ("sync", {}, 422),
        ("sync", {"store_id": None}, 422),
        ("sync", {"store_id": 99}, 422),
        ("sync", {"store_id": "1"}, 422),
        ("sync", {"store": 1}, 422),
        ("cleanup", {"store_id": 1}, 422),
    ],
)
def test_a_job_that_cannot_be_run_is_not_recorded(
    api: ApiClient, store: Store, name: str, given: dict[str, Any], status: int
):
    api.post(f"/jobs/{name}/run", given, status)
    assert api.get("/job-runs")["total_count"] == 0


def test_a_key_of_one_store_runs_and_sees_that_stores_jobs_only(
    api: ApiClient, runtime: Runtime, store: Store, key_for: Any
):
    with runtime.db.session() as session:
        other = make_store(session)
        for store_id in (store.id, other.id, None):
            session.add(
                JobRun(job="sync", store_id=store_id, trigger="cli", state="succeeded", started_at=runtime.now())
            )
    bound = api.using(key_for(stores=[store.id]))
    assert [run["store_id"] for run in bound.get("/job-runs")["items"]] == [store.id]
    assert [run["id"] for run in api.get("/job-runs", page_size=2)["items"]] == [3, 2]
    bound.get("/job-runs/2", 404)
    bound.get("/job-runs/3", 404)
    bound.get("/job-runs", 422, store_id=other.id)
    bound.post("/jobs/sync/run", {"store_id": other.id}, 422)
    assert bound.post("/jobs/cleanup/run", {}, 403)["code"] == "store_bound_key"
    assert api.get("/job-runs", state="failed")["items"] == []


def test_the_system_message_has_exactly_these_words_once(
    api: ApiClient, runtime: Runtime, store: Store, put: Callable[..., Order], key_for: Any
):
    assert api.get("/system-messages")["items"] == []
    put(blockers=["out_of_stock"])
    put(blockers=["product_disabled"])
    with runtime.db.session() as session:
        second = make_store(session, "Mugs, Japan")
        make_order(session, second, blockers=["product_not_found"])
        make_order(session, make_store(session, "Asleep", active=False), blockers=["product_not_found"])
        make_order(session, make_store(session, "Fine"))
    (message,) = api.get("/system-messages")["items"]
    assert message["text"] == (
        "Your Amazon store(s) has orders that cannot be imported into Commerce. "
        "See Recent Orders in the store dashboard(s): Mugs US, Mugs, Japan"
    )
    assert message["store_ids"] == [store.id, second.id]
    (message,) = api.using(key_for(stores=[second.id])).get("/system-messages")["items"]
    assert message["text"].endswith("dashboard(s): Mugs, Japan")


def test_failed_calls_are_listed_newest_first(
    api: ApiClient, runtime: Runtime, store: Store, clock: HandClock, key_for: Any
):
    error = RemoteError(
        "Too fast.", system="amazon", operation="searchOrders", verdict=Verdict.RETRY, status=429, code="QuotaExceeded"
    )
    with runtime.db.session() as session:
        other = make_store(session)
        record_remote_error(session, store.id, error, clock.now())
        error.system = "commerce"
        record_remote_error(session, other.id, error, clock.now() + timedelta(seconds=1))
        error.system = "bridge"  # what the nightly audit has found
        record_remote_error(session, None, error, clock.now() - timedelta(seconds=1))
    assert [e["store_id"] for e in api.get("/communication-errors", system="bridge")["items"]] == [None]
    assert {e["system"] for e in api.get("/communication-errors")["items"]} == {"amazon", "commerce", "bridge"}
    bound = api.using(key_for(stores=[store.id, other.id]))
    assert [e["store_id"] for e in bound.get("/communication-errors")["items"]] == [other.id, store.id]
    assert [e["store_id"] for e in api.get("/communication-errors", system="amazon")["items"]] == [store.id]
    assert [e["store_id"] for e in api.get("/communication-errors", store_id=other.id)["items"]] == [other.id]
    bound = api.using(key_for(stores=[store.id]))
    (shown,) = bound.get("/communication-errors")["items"]
    assert (shown["status"], shown["code"], shown["message"]) == (429, "QuotaExceeded", "Too fast.")
    api.get("/communication-errors", 422, system="ebay")


def test_global_settings_make_the_round_trip_with_their_etag(api: ApiClient):
    first = api.send("GET", "/global-settings", 200)
    assert first.get_json() == {
        "clear_log_history": "monthly",
        "read_only_mode": False,
        "debug_logging": False,
        "personal_data_days": 30,
    }
    changed = api.put("/global-settings", {"read_only_mode": True}, etag=first.headers["ETag"])
    assert changed == first.get_json() | {"read_only_mode": True}
    assert api.get("/global-settings") == changed
    api.put("/global-settings", {"read_only_mode": False}, 412, etag=first.headers["ETag"])
    api.put("/global-settings", {"read_only_mode": False}, 428)
    api.put("/global-settings", {"read_only_mode": "yes"}, 422, etag='"2"')
    api.put("/global-settings", {"clear_log_history": "hourly"}, 422, etag='"2"')
    api.put("/global-settings", {"personal_data_days": 0}, 422, etag='"2"')
    assert api.get("/global-settings") == changed


def test_a_key_of_one_store_does_not_change_what_holds_for_all(api: ApiClient, store: Store, key_for: Any):
    bound = api.using(key_for(stores=[store.id]))
    bound.get("/global-settings")
    assert bound.put("/global-settings", {"read_only_mode": True}, 403, etag='"1"')["code"] == "store_bound_key"
