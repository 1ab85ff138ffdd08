"""The job that listens to Amazon's notifications; one queue carries those of all sellers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bridge import sync

if TYPE_CHECKING:
    from bridge.runtime import Runtime


def read_notifications(runtime: Runtime) -> dict[str, int]:
    """Listen to the queue for as long as the configuration says; nothing at all where there is none.

    Raises RemoteError when the queue cannot be read: the sweep finds every order all the same.
    """
    queue = runtime.links.open_queue()
    if queue is None:
        return {}
    with queue:
        return sync.notify.listen(
            runtime.db,
            runtime.links,
            queue,
            runtime.now,
            seconds=runtime.config.sqs_listen,
            stopping=runtime.stopping,
        )
