"""What a running bridge is made of, put together once from the configuration."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Literal

from bridge import clock
from bridge.config import Config
from bridge.db import Database
from bridge.sync.connect import PARALLEL, Links
from bridge.vault import Vault

if TYPE_CHECKING:
    import httpx


@dataclass(frozen=True)
class Runtime:
    """Configuration, database, keys, the stores' links and the clock.

    stopping: set when the process is asked to end; what waits for a long time looks at it.
    """

    config: Config
    db: Database
    vault: Vault
    links: Links
    now: Callable[[], datetime] = clock.now
    stopping: threading.Event = field(default_factory=threading.Event)

    def close(self) -> None:
        """Give all connections back."""
        self.links.close()
        self.db.close()


def build(
    config: Config,
    *,
    transports: Mapping[Literal["amazon", "commerce", "webhooks", "adobe"], httpx.BaseTransport] | None = None,
    now: Callable[[], datetime] = clock.now,
    parallel: int = PARALLEL,
) -> Runtime:
    """A runtime; `transports` let tests and the replay speak to the sandbox without a socket. Raises ConfigError."""
    db = Database(config.database_url, time_limit=config.query_time_limit)
    vault = Vault(config.secret_keys)
    return Runtime(config, db, vault, Links(config, db, vault, transports=transports, now=now, parallel=parallel), now)
