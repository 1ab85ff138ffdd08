"""The order list beside the bare driver and beside FastAPI, on 1,000,000 orders (or as many as the argument says).

One run, interleaved, ratios only: the machine may be busy. SQLite, and PostgreSQL where one answers. Prints a line for
each goal; ends with 1 when one is missed. The orders are kept in var/bench between runs.
"""

from __future__ import annotations

import io
import itertools
import sqlite3
import statistics
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from operator import itemgetter
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import psycopg
from sqlalchemy import create_engine, make_url
from sqlalchemy.exc import SQLAlchemyError

from benchmarks.listing import data, raw, servers
from bridge import create_app, log
from bridge.config import Config
from bridge.db import Database
from bridge.keys import Scope, create_key
from bridge.order_list import OrderFilter, find_page
from bridge.order_list.cursors import write_cursor
from bridge.processes import settle
from bridge.vault import new_key
from tests.needs import SERVICES

PAGE = 50
CPU, REQUESTS, DEEP, FILTER = 1.5, 3.0, 2.0, 50.0
RESIDENT, GROWTH = 80, 20  # MB
MB = 1_000_000
END = data.START + data.YEARS
# What a merchant looks for: one that many orders meet, one that few do, one that none does.
FILTERS: dict[str, tuple[dict[str, Any], ...]] = {
    "store_id": ({"store_ids": [1]}, {"store_ids": [3]}),
    "status": (
        {"status": ["Completed"]},
        {"status": ["Pending"]},
        {"status": ["Unshipped", "Error"]},
        {"status": ["Unfulfillable"]},
    ),
    "purchase_date": (
        {"purchase_date_to": data.START + timedelta(days=600)},
        {"purchase_date_from": data.START + timedelta(300), "purchase_date_to": data.START + timedelta(330)},
        {"purchase_date_from": END - timedelta(days=1)},
    ),
    "order_number": ({"order_number": "111-12"}, {"order_number": "0500000"}, {"order_number": "zzz"}),
    "buyer_name": ({"buyer_name": "jane"}, {"buyer_name": "Sophie smith"}, {"buyer_name": "nobody"}),
    "total": (
        {"total_min": Decimal(30)},
        {"total_min": Decimal("19.99"), "total_max": Decimal("20.01")},
        {"total_max": Decimal("0.10")},
    ),
    "channel": ({"channel": "FBA"},),
    "import_state": ({"import_state": "completed"}, {"import_state": "blocked"}, {"import_state": "importing"}),
    "blocker": ({"blocker": "product_not_found"}, {"blocker": "currency_not_available"}),
}


class Goals:
    """Prints a line for each, and remembers whether all are met."""

    def __init__(self) -> None:
        self.met = True

    def at_most(self, name: str, figure: float, most: float, detail: str = "") -> None:
        self._line(name, figure, f"<= {most:g}", figure <= most, detail)

    def at_least(self, name: str, figure: float, least: float, detail: str = "") -> None:
        self._line(name, figure, f">= {least:g}", figure >= least, detail)

    def _line(self, name: str, figure: float, goal: str, good: bool, detail: str) -> None:
        self.met &= good
        print(f"  {name:<46} {figure:>8.2f}  {goal:<8} {'ok' if good else 'MISSED':<7} {detail}", flush=True)


def cpu(goals: Goals, url: str, key: str) -> None:
    """User and system time of this process for a request, asked of the application directly."""
    app = create_app(Config(database_url=url, secret_keys=(new_key(),), rate_limit="none"))
    settle()

    def request() -> bytes:
        environ = {
            "REQUEST_METHOD": "GET", "PATH_INFO": "/api/v1/orders", "QUERY_STRING": f"page_size={PAGE}",
            "SERVER_NAME": "localhost", "SERVER_PORT": "80", "SERVER_PROTOCOL": "HTTP/1.1", "wsgi.version": (1, 0),
            "wsgi.url_scheme": "http", "wsgi.input": io.BytesIO(), "wsgi.errors": sys.stderr,
            "wsgi.multithread": True, "wsgi.multiprocess": True, "wsgi.run_once": False,
            "HTTP_AUTHORIZATION": f"Bearer {key}",
        }  # fmt: skip
        return b"".join(app.wsgi_app(environ, lambda *_: lambda _: None))

    if url.startswith("sqlite"):
        connection: Any = sqlite3.connect(make_url(url).database or "", isolation_level=None)
    else:
        plain = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
        connection = psycopg.connect(plain, autocommit=True)
    bare, least = raw.answer(connection, PAGE), raw.asking_least(connection, PAGE)
    with open("/dev/null", "w") as nowhere:
        kept, sys.stderr = sys.stderr, nowhere  # the log line is written, and part of the price
        try:
            for theirs in (bare(), least()):
                # The same but for the order of the envelope's members and the cursor's spelling.
                if not request().startswith(theirs[: theirs.index(b'],"total_count"')]):
                    raise SystemExit("the bare driver's answer is another one")
            ratio, costs = _interleaved(request, bare, 61, 20)
            strict, cheapest = _interleaved(request, least, 61, 20)
        finally:
            sys.stderr = kept
    connection.close()
    detail = f"{costs[0]:.0f} and {costs[1]:.0f} microseconds"
    goals.at_most("CPU of a request, of bare driver and orjson", ratio, CPU, detail)
    name, detail = "the same, of one that asks the least it can", f"no goal: {cheapest[1]:.0f} microseconds"
    print(f"  {name:<46} {strict:>8.2f}  {detail}", flush=True)


def _interleaved(
    one: Callable[[], Any], other: Callable[[], Any], rounds: int, each: int
) -> tuple[float, tuple[float, float]]:
    """Median ratio of CPU times over the rounds, and the medians of both in microseconds."""

    def spent(call: Callable[[], Any]) -> float:
        began = time.process_time()
        for _ in range(each):
            call()
        return (time.process_time() - began) / each * 1e6

    pairs = [(spent(one), spent(other)) for _ in range(rounds)][rounds // 5 :]
    ratio = statistics.median(a / b for a, b in pairs)
    return ratio, (statistics.median(a for a, _ in pairs), statistics.median(b for _, b in pairs))


def pages(goals: Goals, db: Database, size: int) -> None:
    """A page 95 % down, and every filter alone and in pairs, beside the first page without a filter."""
    offset = int(size * 0.95) // PAGE * PAGE
    with db.connecting() as connection:
        before = find_page(connection, OrderFilter(), sort="-purchase_date", page=offset // 1, page_size=1, cursor=None)
        placed = datetime.fromisoformat(before.items[0]["purchase_date"]).isoformat()
        cursor = write_cursor("-purchase_date", placed, before.ids[0])

    def took(wanted: OrderFilter, **options: Any) -> float:
        asked = {"sort": "-purchase_date", "page": 1, "page_size": PAGE, "cursor": None} | options
        with db.connecting() as connection:
            began = time.perf_counter()
            find_page(connection, wanted, **asked)
            return time.perf_counter() - began

    def measured(wanted: OrderFilter, times: int) -> float:
        return statistics.median(took(wanted) / took(OrderFilter()) for _ in range(times))

    deep = statistics.median(took(OrderFilter(), page=None, cursor=cursor) / took(OrderFilter()) for _ in range(101))
    goals.at_most(f"page {offset // PAGE + 1:,} by cursor, of page 1", deep, DEEP)
    far = statistics.median(took(OrderFilter(), page=offset // PAGE + 1) / took(OrderFilter()) for _ in range(5))
    print(f"  {f'page {offset // PAGE + 1:,} by number, of page 1':<46} {far:>8.2f}  no goal: `next` is the way there")
    alone = [(name, held) for name, values in FILTERS.items() for held in values]
    found: list[tuple[float, str, OrderFilter]] = []
    for wanted in [*((one,) for one in alone), *itertools.combinations(alone, 2)]:
        if len({name for name, _ in wanted}) == len(wanted):
            held = OrderFilter(**{k: v for _, values in wanted for k, v in values.items()})
            found.append((measured(held, 3), " and ".join(str(values) for _, values in wanted), held))
    found.sort(key=itemgetter(0), reverse=True)
    # The dearest of so many is also the one that the machine disturbed most: asked again, and more often.
    dearest = max(((measured(held, 21), name) for _, name, held in found[:10]), key=itemgetter(0))
    median = found[len(found) // 2][0]
    goals.at_most(f"dearest of {len(found)} filters and pairs, of none", dearest[0], FILTER, f"median {median:.1f}")
    print(f"      {dearest[1]}")


def throughput(goals: Goals, url: str, key: str) -> None:
    """Requests a second of both servers, in turns."""
    with servers.bridge(url, key) as ours, servers.fastapi(url, key) as theirs:
        for server in (ours, theirs):
            servers.requests_per_second(server, key, 1)
        rounds = [
            (servers.requests_per_second(ours, key, 2), servers.requests_per_second(theirs, key, 2)) for _ in range(7)
        ]
    ratio = statistics.median(a / b for a, b in rounds)
    medians = [statistics.median(column) for column in zip(*rounds, strict=True)]
    goals.at_least(
        "requests/s, of FastAPI + SQLAlchemy + pydantic", ratio, REQUESTS, "{:.0f} and {:.0f}".format(*medians)
    )


def memory(goals: Goals, url: str, key: str) -> None:
    """What a worker takes after serving lists, and how much more while it exports everything."""
    with servers.bridge(url, key, workers=1) as server:
        for _ in range(200):
            server.get(key).read()
        before = server.memory()[0]
        goals.at_most("MB resident of a worker", before / MB, RESIDENT)
        servers.requests_per_second(server, key, 3)
        before = server.memory()[0]
        print(f"  {f'the same after {servers.CONNECTIONS} connections at once':<46} {before / MB:>8.2f}  no goal")
        answer, most, lines, read_at = server.get(key, "/api/v1/orders/export"), before, 0, time.monotonic()
        while chunk := answer.read(1 << 20):
            lines += chunk.count(b"\n")  # a chunk may end between the two characters of a line
            most = max(most, server.memory()[0])
        seconds = time.monotonic() - read_at
    goals.at_most("MB more while exporting", (most - before) / MB, GROWTH, f"{lines - 1:,} orders in {seconds:.0f} s")


def databases(size: int) -> list[tuple[str, str]]:
    """(name, address), filled; PostgreSQL only where it answers."""
    held = [("SQLite", data.sqlite_orders(size))]
    try:
        create_engine(SERVICES["postgresql"], connect_args={"connect_timeout": 3}).connect().close()
    except SQLAlchemyError:
        print("PostgreSQL does not answer: left out")
        return held
    return [*held, ("PostgreSQL", data.postgresql_orders(SERVICES["postgresql"], size))]


def main(size: int) -> int:
    """Measure with that many orders; 0 when all goals are met."""
    log.configure("INFO")
    goals = Goals()
    for name, url in databases(size):
        print(f"{name}, {size:,} orders, {PAGE} a page", flush=True)
        db = Database(url)
        with db.session() as session:
            now = datetime.now(UTC)
            key = create_key(session, f"bench {now.isoformat()}", list(Scope), None, None, now)
        cpu(goals, url, key)
        throughput(goals, url, key)
        pages(goals, db, size)
        memory(goals, url, key)
        db.close()
    return 0 if goals.met else 1


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000))
