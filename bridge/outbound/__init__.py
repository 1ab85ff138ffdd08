"""Requests to addresses that people gave us: what may be called, and how a webhook's receiver is.

`outbound.guard` of `from bridge import outbound` is imported, and httpx with it, when it is used (bridge/late.py).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bridge.late import modules_of

if TYPE_CHECKING:
    from bridge.outbound import adobe_keys, guard, receivers

    __all__ = ["adobe_keys", "guard", "receivers"]

__getattr__ = modules_of(__name__)
