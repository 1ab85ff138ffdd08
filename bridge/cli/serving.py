"""`flask bridge serve`, `flask bridge scheduler` and `flask bridge worker`."""

from __future__ import annotations

from urllib.parse import urlsplit

import click

from bridge.cli import context
from bridge.config import Config
from bridge.processes import DEMO, SANDBOX_PORT, Supervisor, run_sandbox, run_scheduler, run_server, run_worker


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option("--port", type=click.IntRange(1, 65535), default=8000, show_default=True)
@click.option("--workers", type=click.IntRange(1), default=2, show_default=True, help="Processes, of 8 threads each.")
def serve(host: str, port: int, workers: int) -> None:
    """Answer HTTP requests; with BRIDGE_SANDBOX=1, beside the embedded sandbox."""
    config = context.configuration()
    if not config.sandbox:
        run_server(config, host, port, workers)
        return
    with Supervisor() as processes:
        processes.start("sandbox", run_sandbox, sandbox_port(config), DEMO, town=True)
        processes.start("server", run_server, config, host, port, workers)
        try:
            processes.watch()
        except KeyboardInterrupt:
            pass  # that is how it is ended


@click.command()
def scheduler() -> None:
    """Run the jobs when they are due; a second one waits until the first has gone."""
    run_scheduler(context.configuration())


@click.command()
@click.option("--threads", type=click.IntRange(1, 64), default=8, show_default=True, help="Runs at a time.")
def worker(threads: int) -> None:
    """Do the jobs' runs that the scheduler and the API ask for through the broker; start as many as you like."""
    run_worker(context.configuration(), threads)


def sandbox_port(config: Config) -> int:
    """The port of the embedded sandbox: the one that the bridge is told to speak to."""
    return urlsplit(config.amazon_endpoint or "").port or SANDBOX_PORT
