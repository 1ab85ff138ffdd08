"""What stands in a server's memory for nothing: each worker is a process, and an operator starts several."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module
from pathlib import Path

import click

from bridge import cli
from bridge.late import PACKAGES
from bridge.vault import new_key

SERVER = """
import sys
from bridge import create_app, processes
from bridge.config import Config
create_app(Config(database_url="sqlite://", secret_keys=(sys.argv[1],)))
print(*sys.modules)
"""
SCHEDULER = """
import sys
from bridge import processes
from bridge.config import Config
from bridge.db import Database
from bridge.jobs import scheduler
from bridge.migrate import upgrade
db = Database(sys.argv[2])
upgrade(db)
db.close()
scheduler.Scheduler.run = lambda self: print(*sys.modules)
processes.run_scheduler(Config(database_url=sys.argv[2], secret_keys=(sys.argv[1],)))
"""
FOR_OTHERS = (
    "alembic", "apscheduler", "boto3", "bridge.amazon.client", "bridge.cli.jobs", "bridge.commerce.client",
    "bridge.demo", "bridge.jobs.scheduler", "bridge.outbound.guard", "bridge.replay", "bridge.sandbox",
    "bridge.sync.pull", "bridge.sync.push", "celery", "cryptography", "httpcore", "httpx", "oauthlib",
    "sqlalchemy.dialects.mysql", "xml.etree.ElementTree",
)  # fmt: skip


def loaded_by(program: str, *arguments: str) -> set[str]:
    command = [sys.executable, "-c", program, new_key(), *arguments]
    return set(subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout.split())


def test_a_server_loads_nothing_that_only_others_need():
    loaded = loaded_by(SERVER)
    assert "bridge.api.orders" in loaded
    assert not loaded.intersection(FOR_OTHERS)


def test_what_runs_the_jobs_has_all_that_they_need_before_the_first_one(tmp_path: Path):
    """A release that is installed meanwhile must not be mixed into it."""
    loaded = loaded_by(SCHEDULER, f"sqlite:///{tmp_path / 'bridge.db'}")
    folders = (Path(import_module(package).__path__[0]) for package in PACKAGES)
    needed = {f"bridge.{path.parent.name}.{path.stem}" for folder in folders for path in folder.glob("[!_]*.py")}
    assert len(needed) > 40
    assert needed <= loaded


def test_every_command_is_found_under_the_name_that_it_bears():
    context = click.Context(cli.commands)
    for name in cli.commands.list_commands(context):
        command = cli.commands.get_command(context, name)
        assert command is not None
        assert command.name == name
    assert cli.commands.get_command(context, "nothing") is None
