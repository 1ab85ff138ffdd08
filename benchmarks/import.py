"""Import into a shop that takes three orders at once and 40 ms for each, in real time: how near we come to its limit.

`benchmarks/import.py [ORDERS [MILLISECONDS [AT_ONCE]]]`. What the shop can take is measured beside it, before and
after, by as many threads that do nothing but send: a busy machine slows both. Prints one line for each figure; ends
with 1 when the ratio is below the goal although one core had room left.
"""

from __future__ import annotations

import logging
import os
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import httpx
import structlog

from bridge.runtime import build
from bridge.sync.push import import_orders
from tests.sandbox_transport import SandboxTransport
from tests.stage import Stage, line

ORDERS, MILLISECONDS, AT_ONCE = 800, 40, 3
GOAL = 0.95
BUSY = 0.9  # of one core: Python's threads share one, and above that there is no room left
REFERENCE = 1.5  # seconds, twice
MEMORY = "/dev/shm"


class SlowShop(httpx.BaseTransport):
    """A shop that works on so many requests at once and no more, and takes its time for each.

    The work of `inner` is part of that time. cpu: the seconds of processor that it took, which are not the bridge's.
    """

    def __init__(self, inner: httpx.BaseTransport, seconds: float, at_once: int) -> None:
        self._inner = inner
        self._seconds = seconds
        self._free = [0.0] * at_once  # when each of the shop's workers has done what it was given
        self._lock = threading.Lock()
        self.cpu = 0.0
        self.requests = 0

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        with self._lock:
            self._free.sort()
            done = self._free[0] = max(time.monotonic(), self._free[0]) + self._seconds
        cpu = time.thread_time()
        response = self._inner.handle_request(request)
        response.read()
        with self._lock:
            self.cpu += time.thread_time() - cpu
            self.requests += 1
        time.sleep(max(0.0, done - time.monotonic()))
        return response


def measure_limit(milliseconds: int, at_once: int) -> tuple[int, float]:
    """Requests that bare threads, as many as the shop takes at once, got answered, and the seconds that it took."""
    shop = SlowShop(httpx.MockTransport(lambda _: httpx.Response(200, json={})), milliseconds / 1000, at_once)
    began = time.monotonic()

    def send() -> None:
        with httpx.Client(transport=shop) as client:
            while time.monotonic() < began + REFERENCE:
                client.post("http://127.0.0.1/", json={"entity": {}})

    with ThreadPoolExecutor(at_once) as pool:
        for sender in [pool.submit(send) for _ in range(at_once)]:
            sender.result()
    return shop.requests, time.monotonic() - began


def prepare(stage: Stage, orders: int) -> None:
    """Orders that wait to be imported."""
    stage.shop.set_stock("BLUE-MUG", 1_000_000)
    for _ in range(orders):
        stage.amazon.verify_payment(stage.place(line()))
    stage.wait()
    while (run := stage.job("sync")).state != "succeeded":
        if not run.result or "retry_after" not in run.result:
            raise SystemExit(f"sync failed: {run.error}")
        stage.wait(timedelta(seconds=run.result["retry_after"]))


def main(orders: int = ORDERS, milliseconds: int = MILLISECONDS, at_once: int = AT_ONCE) -> int:
    """Measure once; 0 when the goal is reached, or the processor was the limit."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    with tempfile.TemporaryDirectory(dir=MEMORY if os.access(MEMORY, os.W_OK) else None) as directory:
        stage = Stage(Path(directory))
        prepare(stage, orders)
        shop = SlowShop(SandboxTransport(stage.app), milliseconds / 1000, at_once)
        bridge = build(stage.bridge.config, transports={"commerce": shop}, now=stage.world.now, parallel=at_once)
        link = bridge.links.get(stage.store_id)
        link.shop()  # read once an hour, not once an import
        before = measure_limit(milliseconds, at_once)
        shop.cpu, began, cpu = 0.0, time.monotonic(), time.process_time()
        done = import_orders(link)
        taken, cpu = time.monotonic() - began, time.process_time() - cpu
        after = measure_limit(milliseconds, at_once)
        bridge.close()
        stage.bridge.close()
    created = done.get("created", 0)
    reached, limit, busy = created / taken, (before[0] + after[0]) / (before[1] + after[1]), cpu / taken
    ours, theirs = 1000 * (cpu - shop.cpu) / orders, 1000 * shop.cpu / orders
    print(f"orders created               {created:>7,}  of {orders:,}, by {shop.requests:,} requests")
    print(f"orders a second              {reached:>7.1f}")
    print(f"what the shop takes here     {limit:>7.1f}  (on paper {at_once * 1000 / milliseconds:.1f})")
    print(f"ratio                        {reached / limit:>7.3f}  (goal {GOAL})")
    print(f"bridge, ms of CPU an order   {ours:>7.2f}  (the sandbox beside it {theirs:.2f})")
    print(f"of one core                  {busy:>7.2f}{'  (the limit here)' if busy > BUSY else ''}")
    return 0 if created == orders and (reached / limit >= GOAL or busy > BUSY) else 1


if __name__ == "__main__":
    sys.exit(main(*(int(word) for word in sys.argv[1:])))
