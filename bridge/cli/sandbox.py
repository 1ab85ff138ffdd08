"""`flask bridge sandbox`."""

from __future__ import annotations

import click

from bridge.processes import DEMO, SANDBOX_PORT, run_sandbox
from bridge.replay import command as replay
from bridge.sandbox.scenarios import SCENARIOS


@click.group("sandbox")
def group() -> None:
    """Stand-ins for Amazon and for a Commerce shop."""


@group.command()
@click.option("--port", type=click.IntRange(1, 65535), default=SANDBOX_PORT, show_default=True)
@click.option("--scenario", type=click.Choice(list(SCENARIOS)), default=DEMO, show_default=True, help="How it begins.")
def serve(port: int, scenario: str) -> None:
    """Serve the sandbox on 127.0.0.1; in the scenario `demo` its people act by themselves."""
    run_sandbox(port, scenario, town=scenario == DEMO)


group.add_command(replay)
