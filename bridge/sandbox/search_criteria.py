"""Magento's `searchCriteria` and `fields`: read off a query string, put to rows and to replies.

Filters are OR-ed inside a group and the groups AND-ed. Text is compared as MySQL's general_ci collations do: neither
case nor accents nor trailing blanks count (magento-live section 3.8).
"""

from __future__ import annotations

import operator
import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import unquote_plus

from bridge.sandbox.commerce_errors import MaskedError, field_required

Row = dict[str, Any]

_DATE: Final = re.compile(r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d)?\Z")
_BRACKETS: Final = re.compile(r"\[([^\]]*)\]")


def query_tree(query: str) -> dict[str, Any]:
    """PHP's reading of a query string: a[b][0]=c becomes nested dicts, the last of equal keys wins, `a[]` appends."""
    tree: dict[str, Any] = {}
    for pair in query.split("&"):
        if not pair:
            continue
        raw_key, _, raw_value = pair.partition("=")
        key, value = unquote_plus(raw_key), unquote_plus(raw_value)
        head, bracket, _ = key.partition("[")
        path = [head, *_BRACKETS.findall(key)] if bracket else [key]
        node = tree
        for part in path[:-1]:
            inner = node.get(part)
            if not isinstance(inner, dict):
                inner = node[part] = {}
            node = inner
        node[path[-1] or str(len(node))] = value
    return tree


def items_of(node: Any) -> list[Any]:
    """The entries of a list that was sent as keys [0], [1] ...; [] when there is none."""
    return list(node.values()) if isinstance(node, dict) else []


def collated(value: Any) -> str:
    """The key under which the database takes two texts for equal."""
    text = str(value).rstrip(" ")
    if text.isascii():
        return text.lower()
    return "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c)).casefold()


@dataclass(frozen=True)
class Filter:
    """One comparison; `value` is as sent."""

    name: str
    value: str
    condition: str

    def values(self) -> list[str]:
        """The values named: an `in` or `nin` is split at every comma, whatever was meant."""
        return self.value.split(",") if self.condition in {"in", "nin"} else [self.value]

    def numbers(self) -> list[int]:
        """The whole numbers among the values, each once, ascending."""
        return sorted({int(value) for value in self.values() if value.strip().isdigit()})


@dataclass(frozen=True)
class SearchCriteria:
    """A search as asked for; page_size 0 is everything."""

    groups: tuple[tuple[Filter, ...], ...] = ()
    orders: tuple[tuple[str, str], ...] = ()
    page_size: int | None = None
    current_page: int | None = None
    names: frozenset[str] = field(default_factory=frozenset)

    def echo(self) -> dict[str, Any]:
        """The `search_criteria` of the reply."""
        groups = [
            {"filters": [{"field": f.name, "value": f.value, "condition_type": f.condition} for f in group]}
            for group in self.groups
        ]
        echo: dict[str, Any] = {"filter_groups": groups}
        if self.orders:
            echo["sort_orders"] = [{"field": name, "direction": direction} for name, direction in self.orders]
        if self.page_size is not None:
            echo["page_size"] = self.page_size
        if self.current_page is not None:
            echo["current_page"] = self.current_page
        return echo

    def single(self, name: str, *conditions: str) -> Filter | None:
        """The filter on `name` with such a condition that every row must pass, if any: an index may serve it."""
        for group in self.groups:
            if len(group) == 1 and group[0].name == name and group[0].condition in conditions:
                return group[0]
        return None


def parse(tree: dict[str, Any]) -> SearchCriteria:
    """The criteria of a query; raises the 400 for a query without `searchCriteria`."""
    if "searchCriteria" not in tree:
        raise field_required("searchCriteria")
    raw = tree["searchCriteria"]
    if not isinstance(raw, dict):
        return SearchCriteria()
    groups = []
    for group in items_of(_either(raw, "filter_groups", "filterGroups")):
        filters = items_of(_either(group, "filters")) if isinstance(group, dict) else []
        groups.append(tuple(_filter(f) for f in filters if isinstance(f, dict)))
    orders = tuple(
        (str(order.get("field", "")), str(order.get("direction", "DESC")).upper())
        for order in items_of(_either(raw, "sortOrders", "sort_orders"))
        if isinstance(order, dict)
    )
    used = {f.name for group in groups for f in group} | {name for name, _ in orders}
    return SearchCriteria(
        tuple(group for group in groups if group),
        orders,
        _integer(_either(raw, "pageSize", "page_size")),
        _integer(_either(raw, "currentPage", "current_page")),
        frozenset(used),
    )


def _either(node: dict[str, Any], *names: str) -> Any:
    return next((node[name] for name in names if name in node), None)


def _integer(value: Any) -> int | None:
    return int(value) if isinstance(value, str) and value.isdigit() else None


def _filter(node: dict[str, Any]) -> Filter:
    condition = _either(node, "condition_type", "conditionType") or "eq"
    return Filter(str(node.get("field", "")), str(node.get("value", "")), str(condition))


def _comparable(stored: Any, asked: str) -> tuple[Any, Any]:
    """Both sides of a comparison, as numbers when the column holds numbers, else as collated text."""
    if isinstance(stored, (int, float)):
        try:
            return float(stored), float(asked)
        except ValueError:
            return float(stored), 0.0
    date = _DATE.match(asked)
    return collated(stored), collated(f"{date[1]} {date[2]}" if date else asked)


def _like(stored: Any, pattern: str) -> bool:
    parts = (".*" if c == "%" else "." if c == "_" else re.escape(c) for c in collated(pattern))
    return re.fullmatch("".join(parts), collated(stored), re.DOTALL) is not None


def passes(stored: Any, wanted: Filter) -> bool:
    """Whether a stored value passes; NULL passes `null` only. Raises MaskedError for an unknown condition."""
    if wanted.condition == "null":
        return stored is None
    test = _TESTS.get(wanted.condition)
    if test is None:
        raise MaskedError
    return stored is not None and test(stored, wanted)


def _compared(holds: Callable[[Any, Any], Any]) -> Callable[[Any, Filter], bool]:
    return lambda stored, wanted: bool(holds(*_comparable(stored, wanted.value)))


def _is_in(stored: Any, wanted: Filter) -> bool:
    return any(operator.eq(*_comparable(stored, value)) for value in wanted.values())


_TESTS: Final[dict[str, Callable[[Any, Filter], bool]]] = {
    "notnull": lambda _stored, _wanted: True,
    "in": _is_in,
    "nin": lambda stored, wanted: not _is_in(stored, wanted),
    "like": lambda stored, wanted: _like(stored, wanted.value),
    "nlike": lambda stored, wanted: not _like(stored, wanted.value),
    "eq": _compared(operator.eq),
    "neq": _compared(operator.ne),
    "gt": _compared(operator.gt),
    "gteq": _compared(operator.ge),
    "moreq": _compared(operator.ge),
    "from": _compared(operator.ge),
    "lt": _compared(operator.lt),
    "lteq": _compared(operator.le),
    "to": _compared(operator.le),
}


def find(rows: Iterable[Row], criteria: SearchCriteria, default_order: str = "") -> tuple[list[Row], int]:
    """The page of rows that pass, sorted, and how many pass in all. A page past the end is empty."""
    found = [row for row in rows if all(any(passes(row.get(f.name), f) for f in group) for group in criteria.groups)]
    orders = criteria.orders or (((default_order, "ASC"),) if default_order else ())
    for name, direction in reversed(orders):
        found.sort(key=lambda row: _sort_key(row.get(name)), reverse=direction == "DESC")
    size = criteria.page_size or 0
    if not size:
        return found, len(found)
    start = (max(criteria.current_page or 1, 1) - 1) * size
    return found[start : start + size], len(found)


def _sort_key(value: Any) -> tuple[int, Any]:
    if value is None:
        return 0, 0
    return (1, value) if isinstance(value, (int, float)) else (2, collated(value))


def project(reply: Any, fields: str) -> Any:
    """The reply cut down to `fields` ("items[id,sku],total_count").

    An empty list under a nested field becomes null (magento-live section 0.11); an unreadable `fields` leaves [].
    """
    if not isinstance(reply, (dict, list)):
        return reply
    wanted = _parse_fields(fields)
    return [] if wanted is None else _cut(reply, wanted)


def _cut(value: dict[str, Any] | list[Any], wanted: dict[str, Any]) -> Any:
    if isinstance(value, list) or not value:
        entries: Sequence[Any] = value if isinstance(value, list) else []
        return [_cut_object(v, wanted) if isinstance(v, dict) else v for v in entries] or None
    return _cut_object(value, wanted)


def _cut_object(value: dict[str, Any], wanted: dict[str, Any]) -> dict[str, Any]:
    kept = {}
    for name, inner in value.items():
        if name in wanted:
            below = wanted[name]
            kept[name] = _cut(inner, below) if isinstance(inner, (dict, list)) and below is not None else inner
    return kept


def _parse_fields(fields: str) -> dict[str, Any] | None:
    root: dict[str, Any] = {}
    stack, name = [root], ""
    for part in re.findall(r"[^\[\],]+|[\[\],]", fields):
        if part == "[":
            inner: dict[str, Any] = {}
            stack[-1][name] = inner
            stack.append(inner)
        elif part == "]":
            if len(stack) == 1:
                return None
            stack.pop()
        elif part != ",":
            name = part.strip()
            stack[-1][name] = None
    return root if len(stack) == 1 else None
