"""The scheduler: five-field cron per job, one process at a time, one store never holding up another."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from apscheduler.triggers.cron import CronTrigger
from sqlalchemy import select

from bridge import claims
from bridge import config as configuration
from bridge.errors import ConfigError
from bridge.jobs import JOBS, SCHEDULER_LEASE
from bridge.jobs.scheduler import Scheduler, trigger
from bridge.models import JobRun
from bridge.work import Lease
from tests.stage import Stage


def scheduler(stage: Stage, **schedules: str) -> Scheduler:
    never = dict.fromkeys(configuration.JOB_NAMES, "0 0 1 1 *")
    config = replace(stage.bridge.config, schedules=never | schedules)
    return Scheduler(replace(stage.bridge, config=config))


def test_five_fields_and_intervals_are_understood():
    five = trigger("*/5 * * * *")
    assert isinstance(five, CronTrigger)
    start = datetime(2026, 11, 24, 12, 1, tzinfo=UTC)
    assert five.get_next_fire_time(None, start) == datetime(2026, 11, 24, 12, 5, tzinfo=UTC)
    assert trigger("@every 3s").interval.total_seconds() == 3
    assert trigger("@every 2h").interval.total_seconds() == 7200


@pytest.mark.parametrize("text", ["", "every day", "* * * *", "61 * * * *", "@every 3d"])
def test_what_is_no_schedule_is_refused_with_its_text(text):
    with pytest.raises(ConfigError, match="is neither"):
        trigger(text)


def test_it_runs_the_jobs_while_it_holds_the_lease_and_gives_it_back(stage: Stage, monkeypatch: pytest.MonkeyPatch):
    ran = threading.Event()
    monkeypatch.setitem(JOBS, "sync", replace(JOBS["sync"], run=lambda _link: ran.set() or {}))
    running = scheduler(stage, sync="@every 1s")
    thread = threading.Thread(target=running.run, kwargs={"handle_signals": False})
    thread.start()
    assert ran.wait(10)
    with stage.bridge.db.reading() as session:
        assert session.get(Lease, SCHEDULER_LEASE) is not None
    running.stop()
    thread.join(20)
    assert not thread.is_alive()
    with stage.bridge.db.reading() as session:
        assert session.get(Lease, SCHEDULER_LEASE) is None
        assert {run.trigger for run in session.scalars(select(JobRun))} == {"schedule"}


def test_without_the_lease_it_waits(stage: Stage, monkeypatch: pytest.MonkeyPatch):
    ran = threading.Event()
    monkeypatch.setitem(JOBS, "sync", replace(JOBS["sync"], run=lambda _link: ran.set() or {}))
    with stage.bridge.db.session() as session:
        assert claims.take_lease(session, SCHEDULER_LEASE, "another process", stage.world.now(), 60)
    waiting = scheduler(stage, sync="@every 1s")
    thread = threading.Thread(target=waiting.run, kwargs={"handle_signals": False})
    thread.start()
    assert not ran.wait(2)
    waiting.stop()
    thread.join(20)
    with stage.bridge.db.reading() as session:
        assert session.get_one(Lease, SCHEDULER_LEASE).holder == "another process"


def test_a_store_that_hangs_does_not_hold_up_another(stage: Stage, monkeypatch: pytest.MonkeyPatch):
    other = stage.add_store("Mugs CA", "A2EUQ1WTGCTBG2")
    release, reached = threading.Event(), threading.Event()

    def work(link):
        if link.store_id == stage.store_id:
            release.wait(20)
        else:
            reached.set()
        return {}

    monkeypatch.setitem(JOBS, "import", replace(JOBS["import"], run=work))
    running = scheduler(stage, **{"import": "@every 1s"})
    thread = threading.Thread(target=running.run, kwargs={"handle_signals": False})
    thread.start()
    assert reached.wait(10)
    reached.clear()
    assert reached.wait(10)  # again, while the first store still hangs
    with stage.bridge.db.reading() as session:
        hanging = session.scalars(select(JobRun).where(JobRun.store_id == stage.store_id)).all()
    assert [run.state for run in hanging] == ["running"]
    assert other
    release.set()
    running.stop()
    thread.join(20)
