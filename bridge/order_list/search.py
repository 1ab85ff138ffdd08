"""Which way through the indexes a page is found.

Either the orders are walked in the order of the sort, by the index that holds it, passing over those that do not meet
the filter: right where many meet it. Or those that meet the filter are fetched by the filter's own index and sorted:
right where few do. A planner guesses how many do, and guesses wrong by a thousand where filters depend on each other
(the pending orders are the newest ones). The count is needed anyway, is bounded, and tells.

The ids of the page come first, the columns are read for those alone, so that a page far down costs index entries and
not rows. By cursor (keyset in the form `k <= ? and (k < ? or id < ?)`, which all three databases plan by index) it
costs no more than the first.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection

from bridge.db import Database
from bridge.order_list.cursors import read_cursor, write_cursor
from bridge.order_list.filters import MOST_COUNTED, Condition, Fetched, OrderFilter, conditions, one_of, stored, weighed
from bridge.order_list.rows import COUNT, JOINS, KEY, PLACED, decimals, items, run, selected

# The column of each sort, and the index that holds it behind the store.
_KEYS = {
    "purchase_date": ("purchase_date", "ix_orders_date"),
    "total": ("grand_total_minor", "ix_orders_total"),
    "status": ("status", "ix_orders_status_id"),
    "order_number": ("amazon_order_id", "uq_orders_store_id_amazon_order_id"),
    "buyer_name": ("buyer_sort", "ix_order_personal_data_buyer"),
}
# By which of these the orders of a store are also kept in the order of their dates; the rarest first.
_DATED = {"status": "ix_orders_status", "import_state": "ix_orders_state", "channel": "ix_orders_channel"}
_MOST_WEIGHED = 100_000  # what so many orders meet is passed over in an index faster than they are counted
_MORE = "more orders than are counted"  # in a connection's info: how many are counted, and when (time.monotonic)
_BELIEVED = 10.0  # seconds
_MOST_PARTS = 200  # SQLite puts at most 500 selects together


@dataclass(frozen=True, slots=True)
class Page:
    """A page of orders as the list shows them, how many the filter finds, and the next page's cursor (None at the end).

    capped: counting ended there; there are at least total_count.
    """

    items: list[dict[str, Any]]
    total_count: int
    next: str | None
    capped: bool

    @property
    def ids(self) -> list[int]:
        """Their ids."""
        return [item["id"] for item in self.items]


def find_page(
    connection: Connection, wanted: OrderFilter, *, sort: str, page: int | None, page_size: int, cursor: str | None
) -> Page:
    """One page of the filtered orders; sort is one of EVERY_SORT.

    Give page (from 1) or cursor, not both. Raises InvalidInput for a cursor that is not ours or is of another sort.
    """
    search = _Search(connection, wanted, sort)
    offset = (page - 1) * page_size if page is not None and cursor is None else 0
    found, following = search.page(connection, cursor, page_size, offset)
    count, capped = search.count()
    return Page(found, max(count, offset + len(found)) if capped else count, following, capped)


def every_page(db: Database, wanted: OrderFilter, *, sort: str, page_size: int) -> Iterator[list[dict[str, Any]]]:
    """All of the filtered orders, a page at a time, each in a transaction of its own and none of them kept.

    An order that changes its place meanwhile may be missing or come twice.
    """
    with db.connecting() as connection:
        search = _Search(connection, wanted, sort)
    cursor = None
    while True:
        with db.connecting() as connection:
            found, cursor = search.page(connection, cursor, page_size)
        if found:
            yield found
        if cursor is None:
            return


@dataclass(frozen=True, slots=True)
class _Part:
    """Orders of some stores (() stands for all) that meet the conditions. factor: brings their totals to one scale."""

    store_ids: Sequence[int]
    factor: int
    conditions: list[Condition]

    @property
    def known(self) -> Condition | None:
        """The one that few orders meet (`weighed`)."""
        return next((each for each in self.conditions if each.known), None)

    @property
    def others(self) -> list[Condition]:
        """Those that an index of orders holds, the stores among them."""
        held = [each for each in self.conditions if not each.known and not each.found_in]
        return [one_of("store_id", self.store_ids), *held] if self.store_ids else held

    @property
    def broad(self) -> list[Condition]:
        """Those that very many orders meet, and that no index of orders holds."""
        return [each for each in self.conditions if each.found_in and not each.known]


class _Search:
    """A filter and a sort, weighed once, and then any of its pages."""

    def __init__(self, connection: Connection, wanted: OrderFilter, sort: str) -> None:
        self._sort = sort
        self._name, self._falling = sort.lstrip("-"), sort.startswith("-")
        self._dated = self._name == "purchase_date"
        self._dialect = connection.dialect.name
        self._driver: str | None = None
        self._walks = self._all = True
        self._known_ids = False
        # How many there are and whether there may be more; None where the count comes with the page.
        self._counted: tuple[int, bool] | None = None
        self._parts = [_Part((), 1, [])]
        self._unfiltered = self._dated and wanted == OrderFilter()
        if self._unfiltered:  # what is asked most: nothing has to be known before
            if _knows_of_more(connection):
                self._counted = (MOST_COUNTED, True)
            return
        self._digits = decimals(connection)
        chosen = self._digits if wanted.store_ids is None else [i for i in wanted.store_ids if i in self._digits]
        self._stores = sorted(chosen)
        self._all = len(self._stores) == len(self._digits)
        self._parts = self._weigh(connection, wanted)
        self._known_ids = bool(self._parts) and all(part.known for part in self._parts)
        if self._known_ids:
            self._walks = False
            return
        if self._dialect == "sqlite" and self._parts:
            self._driver = self._choose_driver(connection, self._parts)
        self._counted = self._count(connection) if self._parts else (0, False)
        self._walks = self._is_walked(capped=self._counted[1])

    def count(self) -> tuple[int, bool]:
        """How many orders the filter finds, and whether there may be more; known when the first page is."""
        return self._counted or (0, False)

    def page(
        self, connection: Connection, cursor: str | None, size: int, offset: int = 0
    ) -> tuple[list[dict[str, Any]], str | None]:
        """The page behind the cursor and the cursor of the next one. Raises InvalidInput."""
        after = read_cursor(cursor, self._sort) if cursor is not None else None
        if after is not None and self._dated:
            after = (stored(connection, after[0]), after[1])
        if self._counted == (0, False):
            return [], None
        rows = run(connection, *self._read(connection, after, size + 1, offset))
        if self._counted is None:
            first = 0 if self._known_ids and after is None and not offset else None
            self._counted = self._told(rows[0][COUNT] if rows else first) or self._count(connection)
            if self._unfiltered and self._counted[1]:
                connection.info[_MORE] = MOST_COUNTED, time.monotonic()
        if len(rows) <= size:
            return items(connection, rows), None
        last = rows[size - 1]
        return items(connection, rows[:size]), write_cursor(self._sort, last[PLACED if self._dated else KEY], last[0])

    def _read(
        self, connection: Connection, after: tuple[Any, int] | None, limit: int, offset: int
    ) -> tuple[str, list[Any]]:
        """The select of a page: what `items` takes apart, the count where it is still to be told, and the key."""
        count = "NULL"
        if self._counted is None:
            count = "page.n" if self._known_ids else f"(SELECT 1 FROM orders LIMIT 1 OFFSET {MOST_COUNTED})"
        if self._unfiltered and not offset:  # there is nothing to pass over: no need for the ids first
            where, parameters = self._behind("o.purchase_date", "o.id", after) if after else ("", [])
            hint = " FORCE INDEX (ix_orders_all_dates)" if self._dialect in {"mysql", "mariadb"} else ""
            source = f"orders o{hint} {JOINS}{f' WHERE {where}' if where else ''}"
            # The limit is written out: a prepared statement whose limit PostgreSQL does not know is planned each time.
            order = f"{self._order('o.purchase_date', 'o.id')} LIMIT {limit:d}"
            return f"{selected(connection, count)} FROM {source} ORDER BY {order}", parameters
        ids, parameters = self._walk(after, limit, offset) if self._walks else self._fetch(after, limit, offset)
        source = f"({ids}) AS page JOIN orders o ON o.id = page.id {JOINS}"
        order = self._order("page.k", "page.id")
        return f"{selected(connection, count, 'page.k')} FROM {source} ORDER BY {order}", parameters

    # -- how many there are

    def _told(self, count: int | None) -> tuple[int, bool] | None:
        """What the page's first row tells of the count; None where it tells nothing."""
        if count is None:
            return None
        if not self._known_ids:
            return MOST_COUNTED, True
        return min(count, MOST_COUNTED), count > MOST_COUNTED

    def _weigh(self, connection: Connection, wanted: OrderFilter) -> list[_Part]:
        """The filter, once for every number of decimals that totals have where totals matter."""
        scales = sorted({self._digits[i] for i in self._stores})
        totals = self._name == "total" or wanted.total_min is not None or wanted.total_max is not None
        parts: list[_Part] = []
        fetched: Fetched = {}
        for digits in scales if totals else scales[-1:]:
            stores = [i for i in self._stores if not totals or self._digits[i] == digits]
            found = conditions(connection, wanted, stores, digits)
            if found is None:
                return []
            factor = 10 ** (scales[-1] - digits) if self._name == "total" else 1
            parts.append(_Part(stores, factor, weighed(connection, found, fetched)))
        return parts

    def _choose_driver(self, connection: Connection, parts: list[_Part]) -> str | None:
        """The column whose index shall be used, because the fewest orders meet its condition.

        SQLite knows averages only, and takes pending orders to be as many as completed ones.
        """
        held = [each for each in parts[0].conditions if not each.found_in and not each.known]
        if len(held) < 2 or parts[0].known:
            return None
        sizes: dict[str, int] = {}
        for column in held:
            selects: list[str] = []
            values: list[Any] = []
            for part in parts:
                alone = [one_of("store_id", part.store_ids), *(c for c in part.conditions if c.name == column.name)]
                where, more = _written(self._dialect, alone, "o.")
                selects.append(f"SELECT 1 FROM orders o WHERE {where}")
                values += more
            met = " UNION ALL ".join(selects)
            # Whether there are so many is answered in half the time that counting them takes.
            many = run(connection, f"{met} LIMIT 1 OFFSET {_MOST_WEIGHED}", values)
            size = None if many else run(connection, f"SELECT count(*) FROM ({met}) AS found", values)[0][0]
            sizes[column.name] = _MOST_WEIGHED if size is None else size
        return min(sizes, key=lambda name: sizes[name])

    def _count(self, connection: Connection) -> tuple[int, bool]:
        """How many orders the filter finds, and whether there may be more."""
        if not any(part.conditions for part in self._parts):
            # Whether there are enough is answered in half the time that counting them takes.
            where, parameters = _written(self._dialect, [] if self._all else [one_of("store_id", self._stores)], "o.")
            where = f" WHERE {where}" if where else ""
            if run(connection, f"SELECT 1 FROM orders o{where} LIMIT 1 OFFSET {MOST_COUNTED}", parameters):
                return MOST_COUNTED, True
        elif len(self._parts[0].conditions) == 1 and self._parts[0].broad and self._all:
            return MOST_COUNTED, True
        if self._known_ids:
            found = run(connection, *self._fetch(None, 1, 0))
            return self._told(found[0][2]) or (0, False) if found else (0, False)
        met = looked_at = 0
        for part in self._parts:
            inner, values = self._driven(part)
            outer, more = _written(self._dialect, part.broad, "o.")
            meets = f"count(CASE WHEN {outer} THEN 1 END)" if outer else "count(*)"
            (row,) = run(connection, f"SELECT count(*), {meets} FROM {inner}", [*more, *values])
            looked_at += row[0]
            met += row[1]
        return min(met, MOST_COUNTED), looked_at > MOST_COUNTED

    def _driven(self, part: _Part) -> tuple[str, list[Any]]:
        """FROM: at most MOST_COUNTED + 1 orders that meet what an index finds.

        The limit also keeps planners from other ways than this one.
        """
        written = []
        begin, values = "orders o", list[Any]()
        if part.known:
            known, values = self._known([part])
            begin = f"({known}) o"
        for each in part.others:
            by_index = self._driver is None or each.name in {self._driver, "store_id"}
            sql, more = each.written(self._dialect, "o." if by_index else "+o.")  # SQLite has no index for +column
            written.append(sql)
            values += more
        where = f" WHERE {' AND '.join(written)}" if written else ""
        return f"(SELECT {self._columns([part])} FROM {begin}{where} LIMIT {MOST_COUNTED + 1}) o", values

    def _known(self, parts: list[_Part]) -> tuple[str, list[Any]]:
        """The few orders that may meet the filter; behind a limit as before."""
        held = [part.known for part in parts if part.known]
        found: list[str] = []
        values: list[Any] = []
        if not held[0].few:
            held = [Condition("ids", "", ids=frozenset[int]().union(*(each.ids or () for each in held)))]
        for each in dict.fromkeys(held):
            sql, more = each.written(self._dialect, "o.")
            found.append(sql)
            values += more
        limit = (MOST_COUNTED + 1) * len(parts)
        return f"SELECT {self._columns(parts)} FROM orders o WHERE {' OR '.join(found)} LIMIT {limit}", values

    def _columns(self, parts: list[_Part]) -> str:
        """Those of orders that are looked at behind a limit."""
        columns = {"id", _KEYS[self._name][0]} - {"buyer_sort"}
        for part in parts:
            columns |= {column for each in part.broad for column in each.columns}
            columns |= {each.name for each in part.others} if part.known else set()
        return ", ".join(f"o.{column}" for column in sorted(columns))

    # -- the two ways

    def _is_walked(self, *, capped: bool) -> bool:
        if capped or not self._parts or not self._parts[0].conditions:
            return True
        dated = [each for each in self._parts[0].conditions if each.name != "purchase_date"]
        return self._name == "purchase_date" and (not dated or (len(dated) == 1 and dated[0].name in _DATED))

    def _fetch(self, after: tuple[Any, int] | None, limit: int, offset: int) -> tuple[str, list[Any]]:
        """Those that meet the filter, sorted; where their ids are known, with their number as n."""
        of = "known" if self._known_ids else "o"
        key, joined = f"{of}.{_KEYS[self._name][0]}", ""
        if self._name == "total":
            key += " * @"
        if self._name == "buyer_name":
            key, joined = "p.buyer_sort", " CROSS JOIN order_personal_data p"
        known, parameters = self._known(self._parts) if self._known_ids else ("", [])
        selects: list[str] = []
        for part in self._parts:
            source, values = ("known", []) if known else self._driven(part)
            held, more = _written(self._dialect, [*part.others, *part.broad] if known else part.broad, f"{of}.")
            where = " AND ".join(each for each in (held, f"p.order_id = {of}.id" if joined else "") if each)
            where = f" WHERE {where}" if where else ""
            scaled = key.replace("@", str(part.factor))
            selects.append(f"SELECT {of}.id AS id, {scaled} AS k FROM {source}{joined}{where}")
            parameters += [*values, *more]
        found, begin, count = f"({' UNION ALL '.join(selects)})", "", ""
        if known:  # read once, whatever the parts
            begin = f"WITH known AS ({known}), met AS {found} "
            found, count = "met", ", (SELECT count(*) FROM met) AS n"
        where, values = self._behind("k", "id", after) if after else ("", [])
        where = f" WHERE {where}" if where else ""
        ordered = f"ORDER BY {self._order('k', 'id')} LIMIT ? OFFSET ?"
        sql = f"{begin}SELECT id, k{count} FROM {found} AS found{where} {ordered}"
        return sql, [*parameters, *values, limit, offset]

    def _walk(self, after: tuple[Any, int] | None, limit: int, offset: int) -> tuple[str, list[Any]]:
        """The orders by the sort's index, one select for each store, so that all are read in order and merged."""
        parts = self._walked_parts()
        ordered = f"ORDER BY {self._order('k', 'id')}"
        # The servers would put all of the selects' rows together first; and a calculated key is in no index.
        each_limited = len(parts) > 1 and (self._dialect != "sqlite" or any(p.factor > 1 for p in parts))
        selects: list[str] = []
        parameters: list[Any] = []
        for n, part in enumerate(parts):
            select, values = self._walked(part, after)
            parameters += values
            if each_limited:
                column = _KEYS[self._name][0]
                order = self._order(f"o.{column}" if self._name != "buyer_name" else f"p.{column}", "id")
                select = f"SELECT * FROM ({select} ORDER BY {order} LIMIT ?) AS part{n}"
                parameters.append(limit + offset)
            selects.append(select)
        return f"{' UNION ALL '.join(selects)} {ordered} LIMIT ? OFFSET ?", [*parameters, limit, offset]

    def _walked_parts(self) -> list[_Part]:
        plain = not any(each.name in _DATED for part in self._parts for each in part.conditions)
        if self._all and self._name == "purchase_date" and plain and len(self._parts) == 1:
            return [replace(self._parts[0], store_ids=())]  # ix_orders_all_dates
        parts = [replace(part, store_ids=(i,)) for part in self._parts for i in part.store_ids]
        if self._name == "purchase_date":
            parts = [each for part in parts for each in _by_status(part)]
        return parts if len(parts) <= _MOST_PARTS else self._parts

    def _walked(self, part: _Part, after: tuple[Any, int] | None) -> tuple[str, list[Any]]:
        column, index = _KEYS[self._name]
        names = {each.name for each in part.conditions}
        led = next((name for name in _DATED if name in names), None) if self._name == "purchase_date" else None
        index = _DATED[led] if led else index if part.store_ids else "ix_orders_all_dates"
        hint = f" FORCE INDEX ({index})" if self._dialect in {"mysql", "mariadb"} else ""
        table, order_id, key, store = f"orders o{hint}", "o.id", f"o.{column}", "o."
        if self._name == "buyer_name":
            table, order_id, key, store = f"order_personal_data p{hint}", "p.order_id", f"p.{column}", "p."
            if part.conditions:
                straight = "STRAIGHT_JOIN" if hint else "CROSS JOIN"
                table += f" {straight} orders o"
        where: list[str] = [f"{order_id} = o.id"] if " orders o" in table and store == "p." else []
        parameters: list[Any] = []
        held = [(one_of("store_id", part.store_ids), store)] if part.store_ids else []
        elsewhere = "+o." if self._dialect == "sqlite" else "o."
        held += [(each, "o." if each.name in {led, column} else elsewhere) for each in part.conditions]
        for each, prefix in held:
            sql, values = each.written(self._dialect, prefix)
            where.append(sql)
            parameters += values
        if after is not None:
            sql, behind = self._behind(key, order_id, after, part.factor)
            where.append(sql)
            parameters += behind
        scaled = f"{key} * {part.factor}" if part.factor > 1 else key
        limits = f" WHERE {' AND '.join(where)}" if where else ""
        return f"SELECT {order_id} AS id, {scaled} AS k FROM {table}{limits}", parameters

    # -- order

    def _order(self, key: str, order_id: str) -> str:
        return f"{key} DESC, {order_id} DESC" if self._falling else f"{key} ASC, {order_id} ASC"

    def _behind(self, key: str, order_id: str, after: tuple[Any, int], factor: int = 1) -> tuple[str, list[Any]]:
        """What comes after the row (key, id); orders without a total stand together at one end."""
        value, last_id = after
        nulls_last = self._name == "total" and self._falling != (self._dialect == "postgresql")
        later = f"{order_id} {'<' if self._falling else '>'} ?"
        if value is None:
            rest = f"({key} IS NULL AND {later})"
            return (rest, [last_id]) if nulls_last else (f"({rest} OR {key} IS NOT NULL)", [last_id])
        beyond = "<" if self._falling else ">"
        if factor > 1:
            # Between two of this part's totals the row has no equal: all that is beyond follows.
            value, between = divmod(value, factor)
            if between:
                value, last_id = (value, 2**63 - 1) if self._falling else (value + 1, 0)
        following, values = f"({key} {beyond}= ? AND ({key} {beyond} ? OR {later}))", [value, value, last_id]
        return (f"({following} OR {key} IS NULL)" if nulls_last else following), values


def _knows_of_more(connection: Connection) -> bool:
    """Whether this connection has seen lately that there are more orders than are counted.

    Only a store that is deleted takes orders away; and to see it again is two thirds of what the page costs a server.
    SQLite sees it in a tenth of a millisecond.
    """
    if connection.dialect.name == "sqlite":
        return False
    seen: tuple[int, float] = connection.info.get(_MORE, (0, 0.0))
    return seen[0] == MOST_COUNTED and time.monotonic() - seen[1] < _BELIEVED


def _written(dialect: str, held: list[Condition], prefix: str) -> tuple[str, list[Any]]:
    """All of the conditions and their parameters."""
    both = [each.written(dialect, prefix) for each in held]
    return " AND ".join(sql for sql, _ in both), [value for _, values in both for value in values]


def _by_status(part: _Part) -> list[_Part]:
    """A part for each of several statuses, whose orders are read in order only one status at a time."""
    several = next((each for each in part.conditions if each.name == "status" and len(each.parameters) > 1), None)
    if several is None:
        return [part]
    others = [each for each in part.conditions if each is not several]
    return [replace(part, conditions=[one_of("status", [value]), *others]) for value in several.parameters]
