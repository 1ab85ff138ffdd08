"""How the databases find a page: for every filter alone, every two together and every sort, none reads a table whole.

On twenty thousand orders with statistics, so that planners have something to choose between.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import Connection, insert

from bridge import migrate
from bridge.db import Database
from bridge.domain.blockers import BLOCKER_CODES
from bridge.domain.commerce import plain
from bridge.domain.order import AmazonStatus, Channel
from bridge.domain.states import ImportState, shown_status
from bridge.models import BuyerWord, Order, OrderBlocker, OrderPersonalData
from bridge.order_list import EVERY_SORT, OrderFilter, filters, find_page, rows, search
from tests import needs
from tests.databases import own_database
from tests.factories import JP, NOW, US, make_store

ORDERS = 20_000
FIRST, LAST = ("Jane", "José", "Émile", "Karin", "Wu"), [f"{a}{b}" for a in "BCDFGHKLMN" for b in ("ach", "ell", "irk")]
TABLES = {"orders", "buyer_words", "order_blockers", "order_personal_data"}
ALONE: list[dict[str, Any]] = [
    {"status": ["Pending"]},
    {"status": ["Unshipped", "Error"]},
    {"purchase_date_from": NOW - timedelta(days=2), "purchase_date_to": NOW - timedelta(days=1)},
    {"order_number": "111-00123"},
    {"buyer_name": "jos bach"},
    {"buyer_name": "wu"},
    {"total_min": Decimal(90), "total_max": Decimal(91)},
    {"channel": "FBA"},
    {"import_state": "blocked"},
    {"blocker": "out_of_stock"},
    {"store_ids": [1]},
]
PAIRS = [(one, other) for one, other in itertools.combinations(ALONE, 2) if not one.keys() & other.keys()]


def fill(db: Database) -> None:
    """Orders of two years and of two stores, nearly all completed; each fifth is blocked, the newest pend."""
    with db.session() as session:
        stores = [make_store(session, marketplace_id=place).id for place in (US, JP)]
        orders, people, words, blockers = [], [], [], []
        for n in range(1, ORDERS + 1):
            store, at = stores[n % 10 == 0], NOW - timedelta(minutes=35 * (ORDERS - n))
            amazon, state = AmazonStatus.SHIPPED, ImportState.COMPLETED
            if n % 5 == 0:
                amazon, state = AmazonStatus.UNSHIPPED, ImportState.BLOCKED
                code = "out_of_stock" if n % 10 else "product_disabled"
                blockers.append({"order_id": n, "code": code, "message": BLOCKER_CODES[code].meaning, "fix": ""})
            elif n > ORDERS - 200:
                amazon, state = AmazonStatus.PENDING, ImportState.WAITING
            number, name = f"111-{n:07d}-{n:07d}", f"{FIRST[n % 5]} {LAST[n % 29]}"
            orders.append({
                "id": n, "store_id": store, "amazon_order_id": number, "amazon_order_tail": number[-7:],
                "status": shown_status(amazon, state).value, "amazon_status": amazon, "import_state": state,
                "channel": Channel.FBA if n % 3 == 0 else Channel.FBM, "purchase_date": at, "last_update_date": at,
                "currency": "JPY" if store == stores[1] else "USD", "grand_total_minor": 100 * (n % 997),
                "programs": [], "packages": [], "due_at": at,
                "created_at": at, "updated_at": at, "commerce_order_number": f"{n:09d}", "commerce_order_id": n,
            })  # fmt: skip
            people.append({"order_id": n, "store_id": store, "buyer_name": name, "buyer_sort": plain(name)})
            words += [{"order_id": n, "store_id": store, "word": word} for word in plain(name).split()]
        for table, held in ((Order, orders), (OrderPersonalData, people), (BuyerWord, words), (OrderBlocker, blockers)):
            for begin in range(0, len(held), 2000):
                session.execute(insert(table.__table__), held[begin : begin + 2000])
    kind = db.engine.dialect.name
    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        if kind == "mysql":
            connection.exec_driver_sql(f"ANALYZE TABLE {', '.join(sorted(TABLES))}").close()
        else:
            connection.exec_driver_sql("VACUUM ANALYZE" if kind == "postgresql" else "ANALYZE")


@pytest.fixture(scope="module", params=needs.DATABASES)
def filled(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    with own_database(request.param, tmp_path_factory.mktemp("plans")) as url:
        db = Database(url)
        migrate.upgrade(db)
        fill(db)
        yield db
        db.close()


class Asked:
    """Notes the statements of a search, and tells which of them reads a table from end to end."""

    def __init__(self, connection: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
        self.connection = connection
        self.statements: list[tuple[str, tuple[Any, ...]]] = []
        self._run = rows.run
        for module in (rows, filters, search):
            monkeypatch.setattr(module, "run", self.run)

    def run(self, connection: Connection, statement: str, parameters: Any = ()) -> list[Any]:
        self.statements.append((statement, tuple(parameters)))
        return self._run(connection, statement, parameters)

    def scans(self) -> list[str]:
        read = {"sqlite": self._sqlite, "postgresql": self._postgresql, "mysql": self._mariadb}
        explain = read[self.connection.dialect.name]
        return [f"{found}: {sql}" for sql, values in self.statements for found in explain(sql, values)]

    def _sqlite(self, sql: str, values: tuple[Any, ...]) -> Iterator[str]:
        steps = [row[3] for row in self._run(self.connection, f"EXPLAIN QUERY PLAN {sql}", values)]
        # What was found by index is gathered under the name of the table, and then read whole, of course.
        gathered = [step.split()[1] for step in steps if step.startswith(("CO-ROUTINE", "MATERIALIZE"))]
        for step in steps:
            table = step.split()[1] if step.startswith("SCAN") else ""
            # In the order of an index and up to a limit is how a list is read.
            in_order = "LIMIT" in sql and "INDEX" in step
            if table in gathered:
                gathered.remove(table)
            elif table in {"o", "w", "b", "p"} and not in_order:
                yield step

    def _postgresql(self, sql: str, values: tuple[Any, ...]) -> Iterator[str]:
        ((plan,),) = self._run(self.connection, f"EXPLAIN (FORMAT JSON) {sql}", values)
        found = [json.loads(plan) if isinstance(plan, str) else plan]
        while found:
            node = found.pop()
            if isinstance(node, list):
                found += node
                continue
            found += [node["Plan"]] if "Plan" in node else node.get("Plans", [])
            if node.get("Node Type") == "Seq Scan" and node["Relation Name"] in TABLES:
                yield f"Seq Scan on {node['Relation Name']}"

    def _mariadb(self, sql: str, values: tuple[Any, ...]) -> Iterator[str]:
        for row in self._run(self.connection, f"EXPLAIN {sql}", values):
            table, kind, key = row[2], row[3], row[5]
            if table in {"o", "w", "b", "p"} and (kind == "ALL" or (kind == "index" and "LIMIT" not in sql)):
                yield f"{kind} of {table} by {key}"


def look(db: Database, monkeypatch: pytest.MonkeyPatch, wanted: dict[str, Any], sort: str = "-purchase_date") -> None:
    with db.connecting() as connection, monkeypatch.context() as patched:
        if connection.dialect.name == "postgresql":  # as on a disk of today, with a table that fits in memory
            connection.exec_driver_sql("SET random_page_cost = 1.1")
        asked = Asked(connection, patched)
        first = find_page(connection, OrderFilter(**wanted), sort=sort, page=1, page_size=20, cursor=None)
        if first.next:
            find_page(connection, OrderFilter(**wanted), sort=sort, page=None, page_size=20, cursor=first.next)
        assert not asked.scans(), wanted


def test_no_filter_reads_a_table_from_end_to_end(filled: Database, monkeypatch: pytest.MonkeyPatch):
    for wanted in ({}, *ALONE):
        look(filled, monkeypatch, wanted)


def test_no_two_filters_read_a_table_from_end_to_end(filled: Database, monkeypatch: pytest.MonkeyPatch):
    assert len(PAIRS) > 40
    for one, other in PAIRS:
        look(filled, monkeypatch, one | other)


def test_no_sort_reads_a_table_from_end_to_end(filled: Database, monkeypatch: pytest.MonkeyPatch):
    for sort, wanted in itertools.product(EVERY_SORT, ({}, {"store_ids": [1]}, {"order_number": "111-00019"})):
        look(filled, monkeypatch, wanted, sort)


def test_what_the_plans_find_is_what_the_filter_says(filled: Database):
    """Every filter and every two, beside Python's own reading of all orders."""
    with filled.connecting() as connection:
        every, cursor = [], None
        while not every or cursor:
            page = None if cursor else 1
            found = find_page(
                connection, OrderFilter(), sort="-purchase_date", page=page, page_size=5000, cursor=cursor
            )
            every += found.items
            cursor = found.next
        assert len({item["id"] for item in every}) == len(every) == ORDERS
        met = {str(wanted): {item["id"] for item in every if meets(item, wanted)} for wanted in ALONE}
        for one, other in [({}, {}), *((wanted, {}) for wanted in ALONE), *PAIRS]:
            either = met.get(str(one), {item["id"] for item in every}) & met.get(str(other), met.get(str(one), set()))
            expected = [item["id"] for item in every if item["id"] in either] if one else [i["id"] for i in every]
            wanted = OrderFilter(**one, **other)
            found = find_page(connection, wanted, sort="-purchase_date", page=1, page_size=50, cursor=None)
            assert found.ids == expected[:50], wanted
            assert (found.total_count, found.capped) == (min(len(expected), 10_000), len(expected) > 10_000), wanted


MEETS: dict[str, Callable[[dict[str, Any], Any], bool]] = {
    "status": lambda item, v: item["status"] in v,
    "purchase_date_from": lambda item, v: item["purchase_date"] >= f"{v:%Y-%m-%dT%H:%M:%SZ}",
    "purchase_date_to": lambda item, v: item["purchase_date"] < f"{v:%Y-%m-%dT%H:%M:%SZ}",
    "order_number": lambda item, v: item["amazon_order_id"].startswith(v),
    "buyer_name": lambda item, v: all(
        any(word.startswith(part) for word in plain(item["buyer_name"]).split()) for part in v.split()
    ),
    "total_min": lambda item, v: Decimal(item["grand_total"]["amount"]) >= v,
    "total_max": lambda item, v: Decimal(item["grand_total"]["amount"]) <= v,
    "channel": lambda item, v: item["channel"] == v,
    "import_state": lambda item, v: item["import_state"] == v,
    "blocker": lambda item, v: v in {blocker["code"] for blocker in item["blockers"]},
    "store_ids": lambda item, v: item["store_id"] in v,
}


def meets(item: dict[str, Any], wanted: dict[str, Any]) -> bool:
    return all(MEETS[name](item, value) for name, value in wanted.items())
