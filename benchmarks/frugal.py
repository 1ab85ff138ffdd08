"""How many requests the shop gets, counted by the sandbox: for an import, for blocked orders again, for no news.

`benchmarks/frugal.py [ORDERS]`: so many orders on 100 SKUs, in the mean three pieces of each. Prints one line for each
figure; ends with 1 when one is above its budget.
"""

from __future__ import annotations

import logging
import os
import sys
import tempfile
import time
from datetime import timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import structlog

from tests.stage import Stage, line

ORDERS, SKUS = 10_000, 100
A_ORDER, AGAIN, IDLE = 1.05, 4, 1  # requests
MEMORY = "/dev/shm"


class Shop:
    """A stage, and the requests that its shop has got since it was last asked."""

    def __init__(self, directory: Path) -> None:
        self.stage = Stage(directory)
        self._before = 0
        self.stage.sync()  # the store view, the countries and the stock are read once an hour
        self.requests()

    def requests(self) -> int:
        """The requests since the last time."""
        counted = sum(count for name, count in self.stage.world.requests.items() if name.startswith("commerce "))
        new, self._before = counted - self._before, counted
        return new

    def place(self, kind: str, orders: int, *, in_stock: int | None) -> None:
        """Paid orders of products of their own; in_stock None: products that the shop does not have."""
        for number in range(SKUS):
            if in_stock is not None:
                self.stage.shop.add_product(f"{kind}-{number:03d}", kind, qty=in_stock, price=19.99)
        for number in range(orders):
            goods = line(f"{kind}-{number % SKUS:03d}", 5 - number // SKUS % 5)
            self.stage.amazon.verify_payment(self.stage.place(goods))
        self.stage.wait()
        while (run := self.stage.job("sync")).state != "succeeded":
            if not run.result or "retry_after" not in run.result:
                raise SystemExit(f"sync failed: {run.error}")
            self.stage.wait(timedelta(seconds=run.result["retry_after"]))

    def run(self, *jobs: str) -> tuple[dict[str, int], int, float]:
        """What the last job did, the requests of all of them, and the real seconds that they took."""
        self.requests()
        began = time.monotonic()
        for job in jobs:
            run = self.stage.job(job)
        if run.state != "succeeded":
            raise SystemExit(f"{run.job} failed: {run.error}")
        return run.result or {}, self.requests(), time.monotonic() - began


def show(what: str, figure: float, budget: float, note: str) -> bool:
    """Print a figure; whether it is within its budget."""
    print(f"{what:<46} {figure:>6.2f}  (budget {budget:g})  {note}", flush=True)
    return figure <= budget


def main(orders: int = ORDERS) -> int:
    """Measure once; 0 when all is within budget."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    well = []
    with tempfile.TemporaryDirectory(dir=MEMORY if os.access(MEMORY, os.W_OK) else None) as directory:
        shop = Shop(Path(directory))
        shop.place("SOLD", max(1000, orders // 10), in_stock=1_000_000)
        done, requests, seconds = shop.run("import")
        created = done.get("created", 0)
        note = f"{created:,} created in {seconds:.0f} s"
        well.append(show("requests for an imported order", requests / max(1, created), A_ORDER, note))
        _, requests, _ = shop.run("sync", "import", "confirm", "sync", "complete")
        well.append(show("requests of a round without news", requests, IDLE, ""))
        for kind, in_stock in (("LOST", None), ("GONE", 0)):
            shop = Shop(Path(tempfile.mkdtemp(dir=directory)))
            shop.place(kind, orders, in_stock=in_stock)
            shop.run("import")
            done, requests, seconds = shop.run("import")
            blocked = done.get("blocked", 0)
            what = "not found" if in_stock is None else "sold out"
            note = f"{blocked:,} orders on {SKUS} SKUs, {what}, in {seconds:.0f} s"
            well.append(show("requests to look at blocked orders again", requests, AGAIN, note))
            well.append(blocked == orders)
    return 0 if all(well) else 1


if __name__ == "__main__":
    sys.exit(main(*(int(word) for word in sys.argv[1:])))
