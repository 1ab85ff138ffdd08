"""Cursors: the sort key and the id of a page's last row, as a text that callers hand back and do not read."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from typing import Any

import orjson

from bridge.errors import InvalidInput

SORTS = ("purchase_date", "total", "status", "order_number", "buyer_name")
EVERY_SORT = [sign + name for name in SORTS for sign in ("-", "")]


def write_cursor(sort: str, key: Any, last_id: int) -> str:
    """The cursor behind this row; a date's key is its text in UTC."""
    return base64.urlsafe_b64encode(orjson.dumps([sort, key, last_id])).decode().rstrip("=")


def read_cursor(cursor: str, sort: str) -> tuple[Any, int]:
    """Sort key (a date's as datetime) and id. Raises InvalidInput for what is not ours or is of another sort."""
    try:
        made_for, value, last_id = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (ValueError, TypeError, RecursionError):
        made_for = value = last_id = None
    if made_for in EVERY_SORT and made_for != sort:
        raise InvalidInput("Another sort.", {"cursor": [f"Was made for sort={made_for}."]})
    if sort.lstrip("-") == "purchase_date":
        value = _moment_of(value)
    if made_for != sort or not _is_whole(last_id) or not _fits(sort.lstrip("-"), value):
        raise InvalidInput("The cursor is not one of ours.", {"cursor": ["Not a cursor of this API."]})
    return value, last_id


def _moment_of(value: Any) -> datetime | None:
    try:
        found = datetime.fromisoformat(value)
        return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
    except (ValueError, TypeError, OverflowError):
        return None


def _fits(name: str, value: Any) -> bool:
    """Whether the value can stand in the sort's column; a cursor may have been made by hand."""
    if name == "total":
        return value is None or _is_whole(value)
    if name == "purchase_date":
        return isinstance(value, datetime)
    return isinstance(value, str) and value.isprintable()


def _is_whole(value: Any) -> bool:
    return type(value) is int and abs(value) < 2**63
