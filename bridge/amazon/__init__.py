"""Amazon's Selling Partner API: what the bridge asks of it, and what it makes of the answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bridge.late import modules_of

if TYPE_CHECKING:
    from bridge.amazon import auth, client, sqs

    __all__ = ["auth", "client", "sqs"]

__getattr__ = modules_of(__name__)
