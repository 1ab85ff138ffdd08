"""Runs behind a broker: done by a worker process, once, and by this process when the broker is away."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from bridge import claims, migrate
from bridge.config import Config
from bridge.errors import ConfigError
from bridge.jobs import cluster, run
from bridge.jobs.run import LEASE_SECONDS, QUEUED_SECONDS, close_lost_runs, start_job, take_up, waits
from bridge.jobs.scheduler import QUEUED, Scheduler
from bridge.models import JobRun
from bridge.runtime import Runtime, build
from bridge.vault import new_key
from tests import needs
from tests.process.running import bridge, free_port, until
from tests.stage import Stage


@pytest.fixture(params=["rabbitmq", "redis"])
def installation(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Runtime]:
    """An installation with a queue of its own at a real broker, and a database that a worker process can open."""
    config = Config(
        database_url=f"sqlite:///{tmp_path / 'bridge.db'}",
        secret_keys=(new_key(),),
        public_url=f"https://{uuid.uuid4().hex}.example",
        broker_url=needs.service(request.param),
    )
    runtime = build(config)
    migrate.upgrade(runtime.db)
    yield runtime
    with cluster._app(config.broker_url).connection_for_write() as connection:
        connection.default_channel.queue_delete(cluster._queue(config))
    runtime.close()


def environment(config: Config) -> dict[str, str]:
    return {
        "BRIDGE_DATABASE_URL": config.database_url,
        "BRIDGE_SECRET_KEYS": config.secret_keys[0],
        "BRIDGE_PUBLIC_URL": config.public_url,
        "BRIDGE_BROKER_URL": config.broker_url or "",
    }


def run_of(runtime: Runtime, run_id: int) -> JobRun:
    with runtime.db.reading() as session:
        return session.get_one(JobRun, run_id)


def queued(stage: Stage, job: str = "sync", state: str = "queued") -> int:
    with stage.bridge.db.session() as session:
        row = JobRun(job=job, store_id=stage.store_id, trigger="api", state=state, started_at=stage.world.now())
        session.add(row)
        session.flush()
        return row.id


def test_a_worker_process_does_the_run_and_one_of_another_installation_does_not(installation: Runtime, tmp_path: Path):
    config = installation.config
    with bridge("worker", output=tmp_path / "worker.log", **environment(config)) as worker:
        until(lambda: cluster.workers(config, patience=0.3), worker, 60, "the worker answers")
        assert cluster.workers(replace(config, public_url="https://other.example"), patience=0.5) == []
        run_id = start_job(installation, "cleanup", None, "api")
        assert run_of(installation, run_id).state in ("queued", "running", "succeeded")
        until(lambda: run_of(installation, run_id).state == "succeeded", worker, 30, "the run is done")
        worker.terminate()
        assert worker.wait(30) == 0
    assert cluster.workers(config, patience=0.5) == []


def test_a_run_that_was_queued_while_no_worker_was_there_is_done_by_the_first(installation: Runtime, tmp_path: Path):
    run_id = start_job(installation, "cleanup", None, "api")
    assert run_of(installation, run_id).state == "queued"
    with bridge("worker", output=tmp_path / "worker.log", **environment(installation.config)) as worker:
        until(lambda: run_of(installation, run_id).state == "succeeded", worker, 60, "the run is done")


class HereAndNow:
    def submit(self, work: Any, *arguments: Any) -> None:
        work(*arguments)


def test_a_broker_that_does_not_answer_holds_nothing_up(stage: Stage, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(run, "_background", HereAndNow())
    away = replace(stage.bridge.config, broker_url=f"redis://127.0.0.1:{free_port()}/0")
    runtime = replace(stage.bridge, config=away)
    assert not cluster.send(away, 1)
    done = start_job(runtime, "cleanup", None, "api")
    assert run_of(runtime, done).state == "succeeded"
    with pytest.raises(ConfigError, match="does not answer"):
        cluster.workers(away)
    with pytest.raises(ConfigError, match="does not answer"):
        cluster.work(away, lambda _: True, lambda: None, 1)


def test_without_a_broker_there_is_nothing_for_a_worker_to_do(stage: Stage):
    assert not cluster.send(stage.bridge.config, 1)
    assert cluster.workers(stage.bridge.config) == []
    with pytest.raises(ConfigError, match="is not set"):
        cluster.work(stage.bridge.config, lambda _: True, lambda: None, 1)


def test_a_message_that_comes_twice_makes_one_run(stage: Stage):
    number = stage.paid_order()
    stage.wait()
    run_id = queued(stage)
    assert take_up(stage.bridge, run_id)
    first = run_of(stage.bridge, run_id)
    assert first.state == "succeeded"
    assert stage.order(number)
    stage.wait()
    assert take_up(stage.bridge, run_id)
    assert run_of(stage.bridge, run_id).finished_at == first.finished_at
    assert take_up(stage.bridge, 10**9)  # deleted meanwhile: nothing to do


def test_the_run_of_a_dead_worker_is_done_again_once_its_lease_has_run_out(stage: Stage):
    stage.paid_order()
    run_id = queued(stage, state="running")
    with stage.bridge.db.session() as session:
        assert claims.take_lease(session, f"job:sync:{stage.store_id}", "dead", stage.world.now(), LEASE_SECONDS)
    assert not take_up(stage.bridge, run_id)
    assert run_of(stage.bridge, run_id).state == "running"
    stage.wait(timedelta(seconds=LEASE_SECONDS + 1))
    assert take_up(stage.bridge, run_id)
    assert run_of(stage.bridge, run_id).state == "succeeded"


def test_a_run_that_no_worker_takes_is_given_up_in_the_end(stage: Stage):
    run_id = queued(stage)
    stage.wait(timedelta(seconds=QUEUED_SECONDS - 1))
    assert close_lost_runs(stage.bridge) == 0
    stage.wait(timedelta(seconds=2))
    assert close_lost_runs(stage.bridge) == 1
    assert (run_of(stage.bridge, run_id).state, run_of(stage.bridge, run_id).error) == ("lost", "No worker took it.")


def test_a_run_for_a_sibling_store_holds_the_lease_of_the_account(stage: Stage):
    sibling = stage.add_store("Mugs CA", "A2EUQ1WTGCTBG2")
    now = stage.world.now()
    with stage.bridge.db.session() as session:
        session.add(JobRun(job="sync", store_id=sibling, trigger="api", state="running", started_at=now))
        claims.take_lease(session, f"job:sync:{stage.store_id}", "alive", now, LEASE_SECONDS * 3)
    stage.wait(timedelta(seconds=LEASE_SECONDS + 1))
    assert close_lost_runs(stage.bridge) == 0


def test_ticks_do_not_lengthen_the_queue(stage: Stage, monkeypatch: pytest.MonkeyPatch):
    sent: list[int] = []
    monkeypatch.setattr(cluster, "send", lambda config, run_id, *, expires=None: bool(sent.append(run_id) or expires))
    behind = replace(stage.bridge, config=replace(stage.bridge.config, broker_url="redis://127.0.0.1:1/0"))
    scheduler = Scheduler(behind)
    for _ in range(3):
        scheduler.dispatch("sync")
    assert len(sent) == 1
    assert waits(behind, "sync", stage.store_id, QUEUED)
    stage.wait(timedelta(seconds=QUEUED + 1))
    scheduler.dispatch("sync")
    assert len(sent) == 2
    assert take_up(behind, sent[-1])
    scheduler.dispatch("sync")
    assert len(sent) == 3
    with behind.db.reading() as session:
        assert {row.trigger for row in session.scalars(select(JobRun).where(JobRun.id.in_(sent)))} == {"schedule"}
