"""Amazon clients for the tests of this folder: in front of the sandbox, or of canned answers; and orders to be read."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest

from bridge.amazon.auth import TokenCache
from bridge.amazon.client import AmazonClient
from bridge.amazon.quota import MemoryQuota
from bridge.sandbox import create_sandbox
from bridge.sandbox.amounts import Line
from bridge.sandbox.marketplace import CLIENT_ID, CLIENT_SECRET, REFRESH_TOKEN
from bridge.sandbox.world import SandboxClock, World
from tests.sandbox_transport import SandboxTransport

START = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
US = "ATVPDKIKX0DER"
DE = "A1PA6795UKMFR9"
MUG = Line("BLUE-MUG", "Blue mug", 2, Decimal("19.99"), "B000000001", item_tax=Decimal("3.30"))
ENDPOINT = "http://127.0.0.1:8001/amazon"


class NoQuota:
    """A quota that never ends and learns nothing."""

    def acquire(self, operation: str, *, reserve: int = 0) -> float:
        return 0.0

    def learn(self, operation: str, rate: float) -> None:
        pass

    def spent(self, operation: str) -> None:
        pass


class Recorder(httpx.BaseTransport):
    """Passes requests on and keeps them."""

    def __init__(self, inner: httpx.BaseTransport) -> None:
        self.inner = inner
        self.requests: list[httpx.Request] = []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        return self.inner.handle_request(request)


def make_client(transport: httpx.BaseTransport, **changes: Any) -> AmazonClient:
    arguments: dict[str, Any] = {
        "endpoint": ENDPOINT,
        "lwa_endpoint": f"{ENDPOINT}/auth/o2/token",
        "client_id": CLIENT_ID,
        "client_secret": CLIENT_SECRET,
        "refresh_token": REFRESH_TOKEN,
        "tokens": TokenCache(),
        "quota": NoQuota(),
        "clock": lambda: START,
        "transport": transport,
    }
    return AmazonClient(**(arguments | changes))


def client_that_gets(
    answer: httpx.Response | Callable[[httpx.Request], httpx.Response], **changes: Any
) -> AmazonClient:
    """A client whose login works and whose every other request is answered so."""

    def handle(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/auth/o2/token"):
            return httpx.Response(200, json={"access_token": "Atza|one", "token_type": "bearer", "expires_in": 3600})
        return answer(request) if callable(answer) else answer

    return make_client(httpx.MockTransport(handle), **changes)


class Desk:
    """A sandbox with a hand-moved clock, and a client of its seller; `sent` are the client's requests."""

    def __init__(self, **changes: Any) -> None:
        self.world = World(clock=SandboxClock(START), seed=3)
        self.amazon = self.world.marketplace
        self.transport = Recorder(SandboxTransport(create_sandbox(self.world)))
        self.quota = MemoryQuota(self.world.now)
        arguments = {"clock": self.world.now, "quota": self.quota} | changes
        self.client = make_client(self.transport, **arguments)

    @property
    def sent(self) -> list[httpx.Request]:
        return self.transport.requests

    def asked(self, operation: str) -> int:
        return self.world.requests[f"amazon {operation}"]

    def wait(self, **by: float) -> None:
        self.world.clock.advance(timedelta(**by))

    def paid_order(self, *lines: Line, **more: Any) -> str:
        order_id = self.amazon.place(list(lines) or [MUG], **more)
        self.wait(seconds=1)
        self.amazon.verify_payment(order_id)
        return order_id


def contract(name: str) -> Any:
    """One of Amazon's own models or examples, from the folder beside the project."""
    path = Path(__file__).resolve().parents[3] / "shared" / "contracts" / "amazon" / name
    if not path.exists():
        reason = f"{path} is not there: nothing to compare with"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    return json.loads(path.read_text())


def order_json(**changes: Any) -> dict[str, Any]:
    """An order with one item and no amounts, in the shape of the Orders API."""
    order = {
        "orderId": "111-1111111-1111111",
        "createdTime": "2026-11-02T08:00:00Z",
        "lastUpdatedTime": "2026-11-02T08:30:00Z",
        "salesChannel": {"channelName": "AMAZON", "marketplaceId": US, "marketplaceName": "Amazon.com"},
        "fulfillment": {"fulfillmentStatus": "UNSHIPPED", "fulfilledBy": "MERCHANT"},
        "orderItems": [{"orderItemId": "1", "quantityOrdered": 1, "product": {"sellerSku": "BLUE-MUG"}}],
    }
    return order | changes
