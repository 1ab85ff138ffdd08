"""What can die or get lost: the bridge's process at any of its calls and commits, and messages in the queue."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import httpx
from sqlalchemy import Engine, event

from bridge.amazon.sqs import BATCH, HIDDEN_FOR, Message


class Killed(BaseException):
    """The process is gone; nothing that it would have done afterwards happens."""


class Fuse:
    """Counts the points at which a process can die, and lets it die at the chosen one. The dead do nothing more."""

    def __init__(self) -> None:
        self.left: int | None = None
        self.dead = False
        self.deaths = 0

    def light(self, points: int) -> None:
        """Die at the n-th point from now."""
        self.left = points

    def renew(self) -> None:
        """The next process."""
        self.left, self.dead = None, False

    def burn(self) -> None:
        """One point is reached."""
        if self.dead:
            raise Killed
        if self.left is None:
            return
        self.left -= 1
        if self.left <= 0:
            self.dead, self.deaths = True, self.deaths + 1
            raise Killed

    def guard(self, engine: Engine) -> None:
        """Every transaction that begins or is committed is a point. A dead process's open ones are never committed."""
        event.listen(engine, "commit", lambda _connection: self.burn())
        event.listen(engine, "begin", lambda _connection: self._look(), insert=True)

    def _look(self) -> None:
        if self.dead:
            raise Killed


class MortalTransport(httpx.BaseTransport):
    """A transport that takes time, whose process may die before a request leaves or before its answer is read."""

    def __init__(
        self,
        inner: httpx.BaseTransport,
        fuse: Fuse,
        pass_time: Callable[[], None],
        seen: Callable[[httpx.Request, httpx.Response], None],
    ) -> None:
        self._inner = inner
        self._fuse = fuse
        self._pass_time = pass_time
        self._seen = seen

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self._fuse.burn()
        self._pass_time()
        response = self._inner.handle_request(request)
        self._pass_time()
        self._seen(request, response)
        self._fuse.burn()
        return response


@dataclass
class _Held:
    message: Message
    hidden_until: datetime


class LocalQueue:
    """An SQS standard queue in memory: what was handed out and not deleted is handed out again, in any order."""

    def __init__(self, rng: random.Random, now: Callable[[], datetime]) -> None:
        self._rng = rng
        self._now = now
        self._ids = itertools.count(1)
        self._held: dict[str, _Held] = {}

    def __len__(self) -> int:
        return len(self._held)

    def __enter__(self) -> LocalQueue:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def put(self, _arn: str, body: str) -> None:
        """A message arrives."""
        number = str(next(self._ids))
        self._held[number] = _Held(Message(number, number, body), self._now())

    def receive(self, _wait: int) -> list[Message]:
        free = [held for held in self._held.values() if held.hidden_until <= self._now()]
        chosen = self._rng.sample(free, min(len(free), BATCH))
        for held in chosen:
            held.hidden_until = self._now() + timedelta(seconds=HIDDEN_FOR)
        return [held.message for held in chosen]

    def delete(self, messages: Sequence[Message]) -> None:
        for message in messages:
            self._held.pop(message.handle, None)

    def release(self, messages: Sequence[Message]) -> None:
        for message in messages:
            self._held[message.handle].hidden_until = self._now()
