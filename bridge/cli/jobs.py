"""`flask bridge sync` and its like, and `flask bridge jobs`: one run of a job, now."""

from __future__ import annotations

import sys
from functools import partial

import click

from bridge.cli import context
from bridge.jobs import JOBS, Job
from bridge.jobs.run import job_targets, run_job
from bridge.models import JobRun
from bridge.runtime import Runtime


def _store() -> click.Option:
    return click.Option(["--store", "store_id"], type=int, help="The store's id; all active stores without.")


@click.group("jobs")
def group() -> None:
    """The jobs that run by themselves."""


@group.command("list")
def list_() -> None:
    """Name the jobs, what they do, and when they run."""
    schedules = context.configuration().schedules
    for job in JOBS.values():
        click.echo(f"{job.name:14}{schedules[job.name]:16}{job.help}")


@group.command("run", params=[click.Argument(["name"]), _store()])
def run_(name: str, store_id: int | None) -> None:
    """Run the job NAME now; exit code 1 when it failed."""
    if name not in JOBS:
        raise click.UsageError(f"There is no job {name!r}; there are {', '.join(JOBS)}.")
    run(JOBS[name], store_id)


def run(job: Job, store_id: int | None) -> None:
    """Run a job for one store, or for all that it concerns, and print what was done."""
    with context.online() as runtime:
        targets = [store_id] if store_id is not None and job.per_store else job_targets(runtime, job)
        if not targets:
            click.echo("There is no active store.")
        states = [_run_one(runtime, job, target) for target in targets]
    if "failed" in states:
        sys.exit(1)


def _run_one(runtime: Runtime, job: Job, store_id: int | None) -> str:
    run_id = run_job(runtime, job.name, store_id, "cli")
    with runtime.db.reading() as session:
        done = session.get_one(JobRun, run_id)
    what = ", ".join(f"{name} {count}" for name, count in (done.result or {}).items())
    where = f"store {store_id} " if store_id is not None else ""
    click.echo(f"{where}{job.name}: {done.state}{': ' if what or done.error else ''}{done.error or what}")
    return done.state


def _shortcut(job: Job) -> click.Command:
    return click.Command(job.name, callback=partial(run, job), help=job.help, params=[_store()])


sync, import_, confirm, complete = (_shortcut(JOBS[name]) for name in ("sync", "import", "confirm", "complete"))
