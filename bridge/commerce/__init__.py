"""Adobe Commerce's REST API: what the bridge asks of a shop, and what it makes of the answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bridge.late import modules_of

if TYPE_CHECKING:
    from bridge.commerce import auth, client, ims

    __all__ = ["auth", "client", "ims"]

__getattr__ = modules_of(__name__)
