"""The sandbox's world: one clock, the two remote systems' state, and the faults that it is asked to play.

The world knows nothing of the bridge. Everything that HTTP shows lives in `marketplace` (Amazon) and `shop` (Commerce);
`amazon.py` and `commerce.py` are thin faces over them.
"""

from __future__ import annotations

import random
import re
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from bridge.sandbox.marketplace import Marketplace
    from bridge.sandbox.shop import Shop


class SandboxClock:
    """What time it is in the sandbox: real time by default, or a hand-moved clock when `start` is given."""

    def __init__(self, start: datetime | None = None) -> None:
        self._frozen = start

    def now(self) -> datetime:
        """The sandbox's time, aware, in UTC."""
        return self._frozen if self._frozen is not None else datetime.now(UTC)

    def advance(self, by: timedelta) -> datetime:
        """Move a hand-moved clock forward; a real clock cannot be moved and raises ValueError."""
        if self._frozen is None:
            raise ValueError("the sandbox runs on real time: its clock cannot be moved")
        self._frozen += by
        return self._frozen

    def move_to(self, when: datetime) -> datetime:
        """Set a hand-moved clock; it never goes back (an earlier time is ignored)."""
        if self._frozen is None:
            raise ValueError("the sandbox runs on real time: its clock cannot be moved")
        self._frozen = max(self._frozen, when)
        return self._frozen


FaultKind = Literal["answer", "answer_after", "hang_up", "hang_up_after", "delay"]


@dataclass
class Fault:
    """One misbehaviour, played on requests whose "VERB /path" matches `pattern` (a regular expression, searched).

    kind: `answer` (the given answer instead of doing the work), `answer_after` (do the work, then give that answer),
    `hang_up` (drop the connection, nothing done), `hang_up_after` (do the work, then drop the connection),
    `delay` (wait `seconds`, then do the work and answer as usual).
    times: how many more matching requests it is played on; None is for ever.
    chance: the share of matching requests it is played on, 0..1, drawn from the world's seeded generator.
    """

    pattern: str
    kind: FaultKind
    status: int = 503
    body: str = "<html><body><h1>503 Service Unavailable</h1></body></html>"
    content_type: str = "text/html"
    seconds: float = 0.0
    times: int | None = 1
    chance: float = 1.0


@dataclass
class Faults:
    """The faults in force, oldest first; the first that matches is played."""

    rng: random.Random
    rules: list[Fault] = field(default_factory=list)
    played: Counter[str] = field(default_factory=Counter)

    def add(self, fault: Fault) -> Fault:
        """Put a fault in force and give it back."""
        self.rules.append(fault)
        return fault

    def clear(self) -> None:
        """Behave again."""
        self.rules.clear()

    def take(self, request_line: str) -> Fault | None:
        """The fault to play on this request ("POST /commerce/rest/all/V1/orders"), counted down; None for none."""
        for fault in self.rules:
            if fault.times == 0 or not re.search(fault.pattern, request_line):
                continue
            if fault.chance < 1.0 and self.rng.random() >= fault.chance:
                continue
            if fault.times is not None:
                fault.times -= 1
            self.played[fault.kind] += 1
            return fault
        return None


class World:
    """Everything that the sandbox knows. One re-entrant lock serialises all reads and writes of it.

    haste: how many times shorter than in reality Amazon's waiting times are (quota refill, the two-minute rule, feeds),
    so that a visitor need not wait; 1 is faithful.
    """

    def __init__(self, *, clock: SandboxClock | None = None, seed: int = 0, haste: float = 1.0) -> None:
        # Both halves know the world, so they cannot be imported before it.
        from bridge.sandbox.marketplace import Marketplace  # noqa: PLC0415
        from bridge.sandbox.shop import Shop  # noqa: PLC0415

        self.lock = threading.RLock()
        self.clock = clock or SandboxClock()
        self.rng = random.Random(seed)  # noqa: S311 - play, not secrets
        self.haste = haste
        self.faults = Faults(random.Random(seed + 1))  # noqa: S311 - as above
        self.requests: Counter[str] = Counter()
        self.sleep: Callable[[float], None] = time.sleep
        self.marketplace: Marketplace = Marketplace(self)
        self.shop: Shop = Shop(self)

    def now(self) -> datetime:
        """The sandbox's time, aware, in UTC."""
        return self.clock.now()

    def __getstate__(self) -> dict[str, Any]:
        # A world can be kept in a file between runs; its lock and its way of waiting are the process's own.
        return {name: value for name, value in self.__dict__.items() if name not in ("lock", "sleep")}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self.lock = threading.RLock()
        self.sleep = time.sleep
