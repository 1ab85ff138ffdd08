"""A database that was copied to another address must not touch the real shop and the real seller account."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import structlog
from sqlalchemy.exc import IntegrityError

from bridge import store, trail

if TYPE_CHECKING:
    from bridge.runtime import Runtime

log = structlog.get_logger()


def guard_public_url(runtime: Runtime) -> bool:
    """Record the address that the bridge runs at; whether it differs from the recorded one.

    Then read-only mode is switched on, and stays on until somebody switches it off in the global settings. The new
    address is recorded, so that this happens once and not at every start. To be called before anything is sent.
    """
    try:
        return _guard(runtime)
    except IntegrityError:  # two processes started at once on a fresh database, and the other one made the row
        return _guard(runtime)


def _guard(runtime: Runtime) -> bool:
    here = runtime.config.public_url
    with runtime.db.session() as session:
        settings = store.global_settings(session)
        recorded = settings.public_url
        settings.public_url = here
        if recorded is None or _plain(recorded) == _plain(here):
            return False
        if not settings.read_only_mode:
            old, new = {"read_only_mode": False}, {"read_only_mode": True}
            trail.record(session, "global_settings.changed", "global_settings", 1, before=old, after=new)
        settings.read_only_mode = True
        settings.version += 1
    log.warning("read-only mode switched on: the public URL has changed", recorded=recorded, now=here)
    return True


def _plain(url: str) -> tuple[str, str, str]:
    """What two spellings of one address have in common."""
    parts = urlsplit(url)
    return parts.scheme.lower(), parts.netloc.lower(), parts.path.rstrip("/")
