"""What the grid's filter means in SQL.

Conditions stand on orders as "@column", because the search decides for each whether an index may be chosen for it.
Parameters are marked with "?", whatever the database.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from itertools import chain
from typing import Any

from sqlalchemy import Connection

from bridge.domain.commerce import plain
from bridge.domain.states import ShownStatus
from bridge.order_list.rows import run

MOST_COUNTED = 10_000  # counting further would cost more than the page, and tells the merchant little
_MOST_FETCHED = 50_000  # ids of one condition: two names that many bear have few bearers of both
_LAST = "\U0010ffff"  # sorts after every continuation of a prefix: the columns are compared byte by byte
LONGEST_WORD = 64


@dataclass(frozen=True, slots=True)
class OrderFilter:
    """What the grid asks for; None and () leave a filter out.

    store_ids: the stores that the caller may see, and chose; None: all of them. purchase_date_from is included,
    purchase_date_to excluded. Totals are in whole units of their currency.
    """

    store_ids: Collection[int] | None = None
    status: Sequence[str] = ()
    purchase_date_from: datetime | None = None
    purchase_date_to: datetime | None = None
    order_number: str | None = None
    buyer_name: str | None = None
    total_min: Decimal | None = None
    total_max: Decimal | None = None
    channel: str | None = None
    import_state: str | None = None
    blocker: str | None = None


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition of a filter. name: the column of orders that it limits, or what else it is about.

    columns: those of orders that it looks at where it is not its name.

    found_in: selects of the ids that meet it (any of them), where it has indexes apart from those of the sorts.
    ids: those ids, where they are few (`weighed`); then they are the condition, and where to begin. few: the same, but
    the database is to look them up once more: it has one select to do it.
    """

    name: str
    sql: str
    parameters: tuple[Any, ...] = ()
    found_in: tuple[tuple[str, tuple[Any, ...]], ...] = ()
    ids: frozenset[int] | None = None
    columns: tuple[str, ...] = ()
    few: bool = False

    @property
    def known(self) -> bool:
        """Whether few orders meet it."""
        return self.few or self.ids is not None

    def written(self, dialect: str, prefix: str) -> tuple[str, tuple[Any, ...]]:
        """SQL and parameters; prefix stands before the columns of orders."""
        if self.few:
            ((select, parameters),) = self.found_in
            return f"o.id IN ({select})", parameters
        if self.ids is None:
            return self.sql.replace("@", prefix), self.parameters
        if dialect == "postgresql":
            return "o.id = ANY(?)", (sorted(self.ids),)
        if dialect == "sqlite":
            return "o.id IN (SELECT value FROM json_each(?))", (json.dumps(sorted(self.ids)),)
        return f"o.id IN ({', '.join(map(str, sorted(self.ids))) or 'NULL'})", ()


def conditions(
    connection: Connection, wanted: OrderFilter, store_ids: Collection[int], digits: int
) -> list[Condition] | None:
    """All that must hold in these stores, whose totals have so many decimals; None when nothing can meet it."""
    found: list[Condition] = []
    status = wanted.status
    if wanted.blocker is not None:  # an order shows its blockers only while it stands in Error
        if status and ShownStatus.ERROR not in status:
            return None
        status = (ShownStatus.ERROR.value,)
    if status:
        found.append(one_of("status", status))
    if wanted.channel is not None:
        found.append(Condition("channel", "@channel = ?", (str(wanted.channel),)))
    if wanted.import_state is not None:
        found.append(Condition("import_state", "@import_state = ?", (str(wanted.import_state),)))
    found += _placed_between(connection, wanted)
    found += _total_between(wanted, digits)
    if wanted.order_number is not None:
        found.append(_numbered(wanted.order_number.strip().lstrip("#"), store_ids))
    if wanted.buyer_name is not None:
        words = plain(wanted.buyer_name).split()
        if not words:
            return None
        found += [_named(word[:LONGEST_WORD], store_ids) for word in dict.fromkeys(words)]
    if wanted.blocker is not None:
        found.append(_blocked(wanted.blocker))
    return found


def one_of(column: str, values: Collection[Any]) -> Condition:
    """Plain equality for one value: an IN list keeps SQLite and MariaDB from reading an index in the sort's order."""
    if len(values) == 1:
        return Condition(column, f"@{column} = ?", tuple(values))
    return Condition(column, f"@{column} IN ({', '.join('?' * len(values))})", tuple(sorted(values)))


Fetched = dict[tuple[Any, ...], frozenset[int] | None]


def weighed(connection: Connection, held: Sequence[Condition], fetched: Fetched) -> list[Condition]:
    """The conditions, those that few orders meet in the form of these orders' ids.

    Of the others, looking at one order after the other finds a page sooner than fetching all that meet them.
    fetched: what has been found before, for other stores.
    """
    apart = [each for each in held if each.found_in]
    if connection.dialect.name == "sqlite" and len(apart) == 1 == len(apart[0].found_in):
        # SQLite stands in this process: its ids need not come out and go in again. The servers could begin elsewhere.
        ((select, parameters),) = apart[0].found_in
        many = run(connection, f"{select} LIMIT 1 OFFSET {MOST_COUNTED}", parameters)
        return [replace(each, few=True) if each in apart and not many else each for each in held]
    for each in held:
        if each.found_in and each.found_in not in fetched:
            fetched[each.found_in] = _fetched(connection, each)
    known = {each.name: ids for each in held if each.found_in and (ids := fetched[each.found_in]) is not None}
    if not known:
        return list(held)
    both = frozenset[int].intersection(*known.values())
    if len(both) > MOST_COUNTED:
        return list(held)
    return [Condition("ids", "", ids=both), *(each for each in held if each.name not in known)]


def _fetched(connection: Connection, condition: Condition) -> frozenset[int] | None:
    """The ids of all that meet it; None where those are very many."""
    ids: set[int] = set()
    for select, parameters in condition.found_in:
        ids.update(chain.from_iterable(run(connection, f"{select} LIMIT {_MOST_FETCHED + 1}", parameters)))
        if len(ids) > _MOST_FETCHED:
            return None
    return frozenset(ids)


def stored(connection: Connection, when: datetime) -> Any:
    """A moment as the drivers take it."""
    utc = when.astimezone(UTC).replace(tzinfo=None)
    return utc.isoformat(" ", "microseconds") if connection.dialect.name == "sqlite" else utc


def _placed_between(connection: Connection, wanted: OrderFilter) -> list[Condition]:
    since, before = wanted.purchase_date_from, wanted.purchase_date_to
    parts = [("@purchase_date >= ?", since), ("@purchase_date < ?", before)]
    held = [(sql, stored(connection, when)) for sql, when in parts if when is not None]
    return _all("purchase_date", held)


def _total_between(wanted: OrderFilter, digits: int) -> list[Condition]:
    held: list[tuple[str, Any]] = []
    if wanted.total_min is not None:
        held.append(("@grand_total_minor >= ?", _minor(wanted.total_min, digits, ROUND_CEILING)))
    if wanted.total_max is not None:
        held.append(("@grand_total_minor <= ?", _minor(wanted.total_max, digits, ROUND_FLOOR)))
    return _all("grand_total_minor", held)


def _all(name: str, held: list[tuple[str, Any]]) -> list[Condition]:
    return [Condition(name, " AND ".join(sql for sql, _ in held), tuple(v for _, v in held))] if held else []


def _minor(total: Decimal, digits: int, rounding: str) -> int:
    return int(total.scaleb(digits).to_integral_value(rounding))


def _numbered(text: str, store_ids: Collection[int]) -> Condition:
    """Its Amazon or Commerce number begins with the text, or its last seven digits are the text."""
    begins = (text, text + _LAST)
    mine = one_of("store_id", store_ids)
    arms = (
        (f"{mine.sql} AND @amazon_order_id >= ? AND @amazon_order_id < ?", (*mine.parameters, *begins)),
        ("@commerce_order_number >= ? AND @commerce_order_number < ?", begins),
        ("@amazon_order_tail = ?", (text,)),
    )
    return Condition(
        "order_number",
        "(@amazon_order_id >= ? AND @amazon_order_id < ? OR @commerce_order_number >= ? AND @commerce_order_number < ?"
        " OR @amazon_order_tail = ?)",
        (*begins, *begins, text),
        tuple((f"SELECT o.id FROM orders o WHERE {sql}".replace("@", "o."), values) for sql, values in arms),
        columns=("amazon_order_id", "commerce_order_number", "amazon_order_tail"),
    )


def _named(word: str, store_ids: Collection[int]) -> Condition:
    """The buyer's name has a word that begins with this one."""
    begins = (word, word + _LAST)
    mine = one_of("store_id", store_ids)
    found = f"SELECT w.order_id FROM buyer_words w WHERE {mine.sql} AND @word >= ? AND @word < ?".replace("@", "w.")
    return Condition(
        f"buyer_words {word}",
        "EXISTS (SELECT 1 FROM buyer_words w WHERE w.order_id = @id AND w.word >= ? AND w.word < ?)",
        begins,
        ((found, (*mine.parameters, *begins)),),
    )


def _blocked(code: str) -> Condition:
    return Condition(
        "order_blockers",
        "EXISTS (SELECT 1 FROM order_blockers b WHERE b.order_id = @id AND b.code = ?)",
        (code,),
        (("SELECT b.order_id FROM order_blockers b WHERE b.code = ?", (code,)),),
    )
