"""Amazon's half of the world: sellers and their orders, in the shape that the Orders API v2026-01-01 shows."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bridge.sandbox.world import World


class Marketplace:
    """The sellers and orders of one world."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.orders: dict[str, dict[str, Any]] = {}
        self.throttled: Counter[str] = Counter()
