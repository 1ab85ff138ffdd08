"""Commerce clients for the tests of this folder: in front of the sandbox's reference shop, or of canned answers."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from bridge.commerce.auth import BearerAuth, OAuth1Auth
from bridge.commerce.client import CommerceClient
from bridge.sandbox import create_sandbox
from bridge.sandbox.shop_reference import reference_shop
from bridge.sandbox.world import SandboxClock, World
from tests.sandbox_transport import SandboxTransport

SHARED = Path(__file__).resolve().parents[3] / "shared"
START = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)


def shared(*parts: str) -> Path:
    """A path beside the project; its absence skips the test, but fails it on CI."""
    path = SHARED.joinpath(*parts)
    if not path.exists():
        if os.environ.get("CI") == "true":
            pytest.fail(f"{path} is missing")
        pytest.skip(f"{path} is not there: nothing to compare with")
    return path


class Recorder(httpx.BaseTransport):
    """Passes requests on and keeps them."""

    def __init__(self, inner: httpx.BaseTransport) -> None:
        self.inner = inner
        self.requests: list[httpx.Request] = []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        return self.inner.handle_request(request)


class Desk:
    """The reference shop of a sandbox and a client that speaks to it; `sent` are the client's requests."""

    def __init__(self, auth: str = "bearer") -> None:
        self.world = World(clock=SandboxClock(START))
        self.shop = reference_shop(self.world.shop)
        self.transport = Recorder(SandboxTransport(create_sandbox(self.world)))
        self.client = CommerceClient(
            base_url="http://127.0.0.1:8001/commerce/", auth=self._auth(auth), transport=self.transport
        )

    def _auth(self, kind: str) -> httpx.Auth:
        if kind == "bearer":
            return BearerAuth(self.shop.bearer)
        return OAuth1Auth(*self.shop.integration.secrets().values(), clock=lambda: self.world.now().timestamp())

    @property
    def sent(self) -> list[httpx.Request]:
        return self.transport.requests


def client_of(answer: Callable[[httpx.Request], httpx.Response]) -> CommerceClient:
    """A client in front of a function that answers."""
    return CommerceClient(
        base_url="https://shop.example.com", auth=BearerAuth("t"), transport=httpx.MockTransport(answer)
    )


def client_that_gets(status: int = 200, **answer: Any) -> CommerceClient:
    """A client whose every request gets the same answer."""
    return client_of(lambda request: httpx.Response(status, **answer))
