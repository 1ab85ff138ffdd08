"""Amazon's usage plans: one token bucket per selling partner and operation."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bridge.sandbox.world import World

# operation -> (requests per second, burst), the default usage plans of Amazon's models
PLANS: dict[str, tuple[float, int]] = {
    "searchOrders": (0.0056, 20),
    "getOrder": (0.5, 30),
    "confirmShipment": (2, 10),
    "cancelOrder": (1, 5),
    "createFeedDocument": (0.5, 15),
    "createFeed": (0.0083, 15),
    "getFeed": (2, 15),
    "getFeeds": (0.0222, 10),
    "getFeedDocument": (0.0222, 10),
    "createDestination": (1, 5),
    "getDestinations": (1, 5),
    "createSubscription": (1, 5),
    "getSubscription": (1, 5),
    "deleteSubscriptionById": (1, 5),
    "getMarketplaceParticipations": (0.016, 15),
}


class Quotas:
    """The buckets, filled by the world's clock and its haste."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._buckets: dict[tuple[str, str], tuple[float, datetime]] = {}

    def take(self, owner: str, operation: str) -> bool:
        """Whether the owner may call now; a call that may not takes nothing."""
        rate, burst = PLANS[operation]
        now = self._world.now()
        level, since = self._buckets.get((owner, operation), (float(burst), now))
        level = min(float(burst), level + (now - since).total_seconds() * rate * self._world.haste)
        allowed = level >= 1
        self._buckets[owner, operation] = (level - 1 if allowed else level, now)
        return allowed
