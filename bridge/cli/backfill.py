"""`flask bridge store backfill`: orders that the seller's own report names and we do not have."""

from __future__ import annotations

import time
from pathlib import Path

import click

from bridge.cli import context
from bridge.sync.backfill import backfill as run
from bridge.sync.backfill import report_orders


@click.command("backfill")
@click.argument("store_id", type=int)
@click.argument("report", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--wait/--no-wait", default=True, help="Wait for Amazon's quota (two seconds an order), or stop there.")
def backfill(store_id: int, report: Path, *, wait: bool) -> None:
    """Ask Amazon for the orders of an All Orders REPORT that are missing here.

    Orders older than the store's integration time stay out. What was stored stays, so it can be ended and run again.
    """
    with report.open(encoding="utf-8-sig", errors="replace", newline="") as lines:
        orders = report_orders(lines)
    click.echo(f"{len(orders)} orders in the report.")
    with context.online() as runtime:
        while True:
            done = run(runtime.links.get(store_id), orders)
            click.echo(", ".join(f"{name} {count}" for name, count in done.items() if count) or "Nothing is missing.")
            if "left" not in done or not wait:
                return
            time.sleep(done["retry_after"])
