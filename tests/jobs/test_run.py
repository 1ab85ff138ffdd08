"""The job boundary: alone, recorded, whatever happens inside."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from bridge import claims, log, store
from bridge.errors import NotFound
from bridge.jobs import JOBS
from bridge.jobs.run import LEASE_SECONDS, close_lost_runs, job_targets, run_job, start_job
from bridge.models import CommunicationError, JobRun, Store
from bridge.sandbox.world import Fault
from bridge.work import Lease
from tests.stage import Stage


def test_a_run_is_recorded_with_what_it_did(stage: Stage):
    stage.place()
    run = stage.sync("sync")["sync"]
    assert (run.job, run.store_id, run.trigger, run.state) == ("sync", stage.store_id, "cli", "succeeded")
    assert run.result == {"pages": 1, "added": 1}
    assert run.finished_at is not None


def test_two_runs_of_one_job_for_one_store_never_overlap(stage: Stage):
    with stage.bridge.db.session() as session:
        assert claims.take_lease(session, f"job:sync:{stage.store_id}", "another process", stage.world.now(), 60)
    assert stage.job("sync").state == "skipped"
    assert stage.world.requests["amazon searchOrders"] == 0
    stage.wait(timedelta(seconds=61))  # the other process died
    assert stage.job("sync").state == "succeeded"


def test_the_lease_is_given_back_at_the_end(stage: Stage):
    stage.job("sync")
    with stage.bridge.db.reading() as session:
        assert session.scalars(select(Lease)).all() == []


def test_a_remote_failure_fails_the_run_and_is_logged_for_the_merchant(stage: Stage):
    stage.world.faults.add(Fault("/amazon/orders", "answer"))
    run = stage.job("sync")
    assert run.state == "failed"
    assert "searchOrders: 503" in run.error
    with stage.bridge.db.reading() as session:
        (error,) = session.scalars(select(CommunicationError)).all()
    assert (error.store_id, error.system, error.operation) == (stage.store_id, "amazon", "searchOrders")


def test_a_defect_of_ours_fails_the_run_and_nothing_else(stage: Stage, monkeypatch: pytest.MonkeyPatch):
    def crash(_link):
        raise ZeroDivisionError

    monkeypatch.setitem(JOBS, "sync", replace(JOBS["sync"], run=crash))
    run = stage.job("sync")
    assert (run.state, run.error) == ("failed", "ZeroDivisionError; see the log")
    assert stage.job("import").state == "succeeded"


def test_read_only_mode_keeps_what_would_be_sent(stage: Stage):
    number = stage.paid_order()
    with stage.bridge.db.session() as session:
        store.global_settings(session).read_only_mode = True
    stage.wait()
    states = {name: stage.job(name).state for name in ("sync", "import", "confirm", "complete")}
    assert states == {"sync": "succeeded", "import": "skipped", "confirm": "skipped", "complete": "skipped"}
    assert stage.known(number)
    assert stage.commerce_orders(number) == []
    with stage.bridge.db.session() as session:
        store.global_settings(session).read_only_mode = False
    stage.sync()
    assert len(stage.commerce_orders(number)) == 1


def test_an_unknown_job_and_an_unknown_store_are_said(stage: Stage):
    with pytest.raises(NotFound, match="no job 'dance'"):
        run_job(stage.bridge, "dance", stage.store_id, "cli")
    with pytest.raises(NotFound, match="no store 99"):
        run_job(stage.bridge, "sync", 99, "cli")
    with pytest.raises(NotFound, match="needs a store"):
        run_job(stage.bridge, "sync", None, "cli")


def test_a_run_in_the_background_is_recorded_at_once(stage: Stage):
    run_id = start_job(stage.bridge, "cleanup", None, "api")
    with stage.bridge.db.reading() as session:
        run = session.get_one(JobRun, run_id)
    assert (run.job, run.trigger) == ("cleanup", "api")


def test_runs_whose_process_died_are_closed(stage: Stage):
    now = stage.world.now()
    with stage.bridge.db.session() as session:
        for store_id in (stage.store_id, None):
            session.add(JobRun(job="sync", store_id=store_id, trigger="schedule", state="running", started_at=now))
    assert close_lost_runs(stage.bridge) == 0  # they have only begun
    with stage.bridge.db.session() as session:
        claims.take_lease(session, "job:sync:-", "alive", now, LEASE_SECONDS * 3)
    stage.wait(timedelta(seconds=LEASE_SECONDS + 1))
    assert close_lost_runs(stage.bridge) == 1
    with stage.bridge.db.reading() as session:
        states = {run.store_id: run.state for run in session.scalars(select(JobRun))}
    assert states == {stage.store_id: "lost", None: "running"}


def test_scheduled_jobs_run_for_active_stores_only(stage: Stage):
    other = stage.add_store("Mugs CA", "A2EUQ1WTGCTBG2")
    assert job_targets(stage.bridge, JOBS["import"]) == [stage.store_id, other]
    assert job_targets(stage.bridge, JOBS["sync"]) == [stage.store_id]  # one search serves the whole seller account
    with stage.bridge.db.session() as session:
        session.get_one(Store, other).active = False
    assert job_targets(stage.bridge, JOBS["import"]) == [stage.store_id]
    assert job_targets(stage.bridge, JOBS["cleanup"]) == [None]


@pytest.mark.parametrize(("setting", "days"), [("daily", 1), ("weekly", 7), ("monthly", 31)])
def test_old_logs_go_and_young_ones_stay(stage: Stage, setting, days):
    number = stage.place()
    stage.sync("sync")
    with stage.bridge.db.session() as session:
        store.global_settings(session).clear_log_history = setting
    stage.wait(timedelta(days=days))
    stage.job("cleanup")
    stage.wait(timedelta(minutes=10))
    run = stage.job("cleanup")
    assert run.result["job_runs"] == 1
    assert len(stage.events(number)) == 1  # an order's own history is not a log


def test_debug_logging_has_the_jobs_tell_what_they_ask_amazon_for(stage: Stage, capsys: pytest.CaptureFixture[str]):
    log.configure("INFO")
    told = []
    for wanted in (False, True, False):
        with stage.bridge.db.session() as session:
            store.global_settings(session).debug_logging = wanted
        stage.sync("sync")
        lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
        told.append([line["query"] for line in lines if line["event"] == "amazon request"])
    assert (told[0], told[2]) == ([], [])
    (query,) = told[1]
    assert query["lastUpdatedAfter"].startswith("2026-11-02T")
