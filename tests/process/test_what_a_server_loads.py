"""What stands in a server's memory for nothing: each worker is a process, and an operator starts several."""

from __future__ import annotations

import subprocess
import sys

import click

from bridge import cli
from bridge.vault import new_key

SERVER = """
import sys
from bridge import create_app, processes
from bridge.config import Config
create_app(Config(database_url="sqlite://", secret_keys=(sys.argv[1],)))
print(*sys.modules)
"""
FOR_OTHERS = (
    "alembic", "apscheduler", "boto3", "bridge.amazon.client", "bridge.cli.jobs", "bridge.commerce.client",
    "bridge.demo", "bridge.jobs.scheduler", "bridge.outbound.guard", "bridge.replay", "bridge.sandbox",
    "bridge.sync.pull", "bridge.sync.push", "celery", "cryptography", "httpcore", "httpx", "oauthlib",
    "sqlalchemy.dialects.mysql", "xml.etree.ElementTree",
)  # fmt: skip


def test_a_server_loads_nothing_that_only_others_need():
    done = subprocess.run(
        [sys.executable, "-c", SERVER, new_key()], capture_output=True, text=True, timeout=60, check=True
    )
    loaded = set(done.stdout.split())
    assert "bridge.api.orders" in loaded
    assert not loaded.intersection(FOR_OTHERS)


def test_every_command_is_found_under_the_name_that_it_bears():
    context = click.Context(cli.commands)
    for name in cli.commands.list_commands(context):
        command = cli.commands.get_command(context, name)
        assert command is not None
        assert command.name == name
    assert cli.commands.get_command(context, "nothing") is None
