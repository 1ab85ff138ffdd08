"""Virtual time for processes that are threads of a test: it passes only while none of them has anything to do."""

from __future__ import annotations

import heapq
import itertools
import random
import threading
from collections.abc import Callable
from datetime import datetime, timedelta

from bridge.sandbox.world import SandboxClock

PATIENCE = 60.0  # real seconds without any sign of life after which the play is given up


class Turns:
    """Who may go on, and how late it is.

    in_turn: one process at a time goes on, the next one drawn at every `give_way`, so that a seed is one play and no
    other; else all that are awake go on at once, as the operating system likes.
    A process joins before its thread starts, waits in `begin`, and leaves at its end.
    """

    def __init__(self, clock: SandboxClock, rng: random.Random, *, in_turn: bool) -> None:
        self._clock = clock
        self._rng = rng
        self._in_turn = in_turn
        self._changed = threading.Condition()
        self._awake: list[int] = []
        self._asleep: dict[int, datetime] = {}
        self._turn: int | None = None
        self._coming: list[tuple[datetime, int, Callable[[], None]]] = []
        self._count = itertools.count()
        self._signs = 0  # of life

    def join(self, me: int) -> None:
        self._awake.append(me)

    def begin(self, me: int) -> None:
        """Wait for the first turn."""
        with self._changed:
            if self._turn is None:
                self._pass_on()
            self._await_turn(me)

    def leave(self, me: int) -> None:
        with self._changed:
            self._awake.remove(me)
            self._pass_on()

    def give_way(self, me: int) -> None:
        """Perhaps it is another's turn now. Never to be called inside a transaction: the other may need the lock."""
        self._signs += 1
        if not self._in_turn:
            return
        with self._changed:
            self._pass_on()
            self._await_turn(me)

    def sleep(self, me: int, seconds: float) -> None:
        """Go on when it is that much later."""
        with self._changed:
            self._awake.remove(me)
            self._asleep[me] = self._clock.now() + timedelta(seconds=seconds)
            self._pass_on()
            self._await_turn(me)

    def at(self, when: datetime, act: Callable[[], None]) -> None:
        """Let something happen by itself once it is that late; it must not wait for anybody."""
        with self._changed:
            heapq.heappush(self._coming, (when, next(self._count), act))

    def _pass_on(self) -> None:
        self._signs += 1
        while not self._awake and (self._asleep or self._coming):
            self._move_on()
        self._turn = self._rng.choice(self._awake) if self._awake else None
        self._changed.notify_all()

    def _move_on(self) -> None:
        """Nobody can go on: let the next thing happen, or wake who sleeps the shortest."""
        first = min(self._asleep.values(), default=None)
        if self._coming and (first is None or self._coming[0][0] <= first):
            when, _, act = heapq.heappop(self._coming)
            self._clock.move_to(when)
            act()
            return
        if first is not None:
            self._clock.move_to(first)
            for process in sorted(p for p, when in self._asleep.items() if when <= first):
                del self._asleep[process]
                self._awake.append(process)

    def _await_turn(self, me: int) -> None:
        def mine() -> bool:
            return me in self._awake and (not self._in_turn or self._turn == me)

        seen = -1
        while not self._changed.wait_for(mine, PATIENCE):
            if self._signs == seen:
                raise TimeoutError(f"process {me} was left waiting")
            seen = self._signs
