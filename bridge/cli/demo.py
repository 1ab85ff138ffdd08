"""`flask bridge demo`, which `make run` calls."""

from __future__ import annotations

from pathlib import Path

import click

from bridge.demo import Demo, run


@click.command()
@click.option("--port", type=click.IntRange(1, 65535), default=8000, show_default=True, help="The bridge's port.")
@click.option("--sandbox-port", type=click.IntRange(1, 65535), default=8001, show_default=True)
@click.option(
    "--directory", type=click.Path(file_okay=False, path_type=Path), default=Path("var/demo"), show_default=True
)
def demo(port: int, sandbox_port: int, directory: Path) -> None:
    """The bridge beside its sandbox, orders flowing by themselves; begins anew at every start."""
    run(Demo(directory, port, sandbox_port))
