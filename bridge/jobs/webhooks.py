"""The job that tells webhook endpoints what became of orders."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bridge import store, sync

if TYPE_CHECKING:
    from bridge.runtime import Runtime


def tell(runtime: Runtime) -> dict[str, int]:
    """Hand out what is new and send what is due. In read-only mode nothing is sent: a copied database tells nobody."""
    with runtime.db.session() as session:
        if store.global_settings(session).read_only_mode:
            return {}
    announcer = sync.announce.Announcer(
        runtime.db, runtime.vault, runtime.links.receivers(), runtime.now, runtime.stopping
    )
    return announcer.run()
