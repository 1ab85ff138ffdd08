"""Orders as CSV (RFC 4180, CRLF), line by line."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from typing import Any

COLUMNS = (
    "id", "store_id", "amazon_order_id", "status", "amazon_status", "purchase_date", "last_update_date", "buyer_name",
    "grand_total", "currency", "order_note", "channel", "programs", "import_state", "blockers",
    "commerce_order_number", "commerce_status", "seller_central_url", "order_url",
)  # fmt: skip
# What makes spreadsheets take a cell for a formula; the full-width signs are taken for the plain ones.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def csv_lines(pages: Iterable[list[dict[str, Any]]]) -> Iterator[str]:
    """A line of column names, then the text of each page of orders (see bridge.order_list.order_items)."""
    yield _lines([COLUMNS])
    for items in pages:
        yield _lines([_cells(item) for item in items])


def _cells(item: dict[str, Any]) -> list[str]:
    total, commerce = item["grand_total"] or {}, item["commerce_order"] or {}
    row = item | {
        "grand_total": total.get("amount"),
        "currency": total.get("currency"),
        "programs": " ".join(item["programs"]),
        "blockers": " ".join(dict.fromkeys(blocker["code"] for blocker in item["blockers"])),
        "commerce_order_number": commerce.get("number"),
        "commerce_status": commerce.get("status"),
    }
    return [_cell(row[name]) for name in COLUMNS]


def _cell(value: Any) -> str:
    text = "" if value is None else str(value)
    return f"'{text}" if text.lstrip(" ").startswith(_FORMULA) else text


def _lines(rows: Iterable[Iterable[str]]) -> str:
    kept = io.StringIO()
    csv.writer(kept).writerows(rows)
    return kept.getvalue()
