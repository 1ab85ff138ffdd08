"""The jobs: what runs by itself, for each store or for the bridge as a whole."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bridge import sync
from bridge.jobs.cleanup import clean_up
from bridge.jobs.notifications import read_notifications
from bridge.jobs.webhooks import tell

if TYPE_CHECKING:
    from bridge.runtime import Runtime
    from bridge.sync.connect import Link

SCHEDULER_LEASE = "scheduler"  # whoever holds it runs the jobs


@dataclass(frozen=True, slots=True)
class Job:
    """A job. `run` works for one store, `run_once` for the bridge; each returns what was done, counted.

    writes: it changes something on the other side, so that read-only mode holds it. per_account: a run for one store
    serves all stores of its seller account and region.
    """

    name: str
    help: str
    run: Callable[[Link], dict[str, int]] | None = None
    run_once: Callable[[Runtime], dict[str, int]] | None = None
    writes: bool = True
    per_account: bool = False

    @property
    def per_store(self) -> bool:
        """Whether the job works for one store at a time."""
        return self.run is not None


# Functions of their own, so that the use cases and the clients are imported where a job runs, and only there.


def _sync(link: Link) -> dict[str, int]:
    return sync.pull.pull_orders(link)


def _sweep(link: Link) -> dict[str, int]:
    return sync.pull.sweep_orders(link)


def _import(link: Link) -> dict[str, int]:
    return sync.held.import_all(link)


def _confirm(link: Link) -> dict[str, int]:
    return sync.confirm.confirm_shipments(link)


def _complete(link: Link) -> dict[str, int]:
    return sync.follow.follow_orders(link)


def _audit(link: Link) -> dict[str, int]:
    return sync.audit.run_audit(link)


JOBS: dict[str, Job] = {
    job.name: job
    for job in (
        Job("sync", "Read what changed on Amazon.", run=_sync, writes=False, per_account=True),
        Job("sweep", "Read the last two days' new orders once more.", run=_sweep, writes=False, per_account=True),
        Job("notifications", "Listen to Amazon's notifications.", run_once=read_notifications, writes=False),
        Job("import", "Create what can be created in Commerce, and say why the rest cannot.", run=_import),
        Job("confirm", "Confirm the shop's shipments to Amazon.", run=_confirm),
        Job("complete", "Hold, cancel, invoice and complete in Commerce what Amazon asks for.", run=_complete),
        Job("audit", "Compare Amazon, us and Commerce, and name what differs.", run=_audit, writes=False),
        Job("webhooks", "Tell the webhook endpoints what became of orders.", run_once=tell),
        Job("cleanup", "Delete old logs, and buyers' data that is no longer needed.", run_once=clean_up, writes=False),
    )
}
