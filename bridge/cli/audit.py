"""`flask bridge audit`: do Amazon, we and Commerce agree?"""

from __future__ import annotations

import sys

import click

from bridge import store
from bridge.cli import context
from bridge.sync.audit import audit as compare


@click.command("audit")
@click.option("--store", "store_id", type=int, help="The store's id; all active stores without.")
def audit(store_id: int | None) -> None:
    """Compare the last week's orders on Amazon, here and in Commerce; exit code 1 when anything differs."""
    with context.online() as runtime:
        with runtime.db.reading() as session:
            ids = [store_id] if store_id is not None else store.active_store_ids(session)
        findings = [finding for one in ids for finding in compare(runtime.links.get(one))]
    for finding in findings:
        click.echo(f"{finding.amazon_order_id}  {finding.kind:24}{finding.message}")
    click.echo(f"{len(findings)} findings." if findings else "Amazon, the bridge and Commerce agree.")
    if findings:
        sys.exit(1)
