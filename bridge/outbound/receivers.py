"""Sends webhooks: one POST on a connection of its own, without redirects, whose answer's body nobody reads."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import httpx

from bridge.outbound.guard import AddressForbidden, GuardedTransport, Network

TIMEOUT = httpx.Timeout(10.0, connect=5.0)
DEADLINE = 20.0  # seconds for the whole exchange, however slowly the receiver drips its headers
LONGEST_WAIT = 86400.0  # seconds of a Retry-After that are believed


@dataclass(frozen=True, slots=True)
class Answer:
    """How it went. status: the HTTP status, None without an answer. error: why it did not go well, else None.

    retry_after: seconds that the receiver asked us to wait. ms: how long it took.
    """

    status: int | None
    error: str | None
    retry_after: float | None = None
    ms: int = 0


class Receivers:
    """Thread-safe. transport: for tests."""

    def __init__(
        self,
        private_networks: Sequence[Network],
        *,
        loopback: bool,
        transport: httpx.BaseTransport | None = None,
        deadline: float = DEADLINE,
    ) -> None:
        self._networks = private_networks
        self._loopback = loopback
        self._transport = transport
        self._deadline = deadline

    def post(self, url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """Send it once; whatever happens is the answer."""
        began = time.monotonic()
        transport = self._transport or GuardedTransport(self._networks, loopback=self._loopback)
        # A client of its own: closing it ends this exchange and no other.
        with httpx.Client(transport=transport, timeout=TIMEOUT, follow_redirects=False) as client:
            late = threading.Timer(self._deadline, client.close)
            late.daemon = True
            late.start()
            try:
                answer = _exchange(client, url, headers, body)
            finally:
                late.cancel()
        took = time.monotonic() - began
        if took >= self._deadline and answer.error is not None:
            answer = Answer(None, f"No answer within {self._deadline:.0f} seconds.")
        return Answer(answer.status, answer.error, answer.retry_after, round(took * 1000))


def _exchange(client: httpx.Client, url: str, headers: Mapping[str, str], body: bytes) -> Answer:
    sent = {"Content-Type": "application/json", "User-Agent": "amazon-order-bridge", "Connection": "close", **headers}
    try:
        with client.stream("POST", url, content=body, headers=sent) as response:
            return _read(response)
    except AddressForbidden:
        return Answer(None, "The endpoint's name leads to an address that must not be called.")
    except httpx.TimeoutException:
        return Answer(None, "The endpoint did not answer in time.")
    except httpx.ConnectError:
        return Answer(None, "No connection to the endpoint.")
    except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, RuntimeError) as error:
        # RuntimeError: the client was closed when the time was up.
        return Answer(None, f"The connection broke off: {type(error).__name__}.")


def _read(response: httpx.Response) -> Answer:
    status = response.status_code
    if 200 <= status < 300:
        return Answer(status, None)
    wait = response.headers.get("Retry-After", "")
    seconds = min(float(wait), LONGEST_WAIT) if wait.isascii() and wait.isdigit() else None
    if 300 <= status < 400:
        return Answer(status, f"The endpoint answered {status}; redirects are not followed.", seconds)
    return Answer(status, f"The endpoint answered {status}.", seconds)
