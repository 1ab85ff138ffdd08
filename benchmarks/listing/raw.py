"""What the list is measured against: the same rows, count and JSON by the bare driver and orjson, written by hand.

No web framework, no key, no argument, no log line: a function that answers one question, page 1 of all orders. It is
what one writes down at first: three queries, of which one counts. The list has ways to ask less, and they are counted
in its favour; `asking_least` gives them to the bare driver too, which shows what the list costs beside its questions.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson

SELLER_CENTRAL = {
    "ATVPDKIKX0DER": "sellercentral.amazon.com",
    "A2EUQ1WTGCTBG2": "sellercentral.amazon.ca",
    "A1VC38T7YXB528": "sellercentral.amazon.co.jp",
}
ROWS = """
SELECT o.id, o.store_id, o.amazon_order_id, o.status, o.amazon_status, {date}, {update}, p.buyer_name, o.currency,
  o.grand_total_minor, o.order_note, o.channel, o.programs, o.import_state, o.commerce_order_id,
  o.commerce_order_number, o.commerce_status, s.marketplace_id, s.commerce_admin_url
FROM orders o JOIN stores s ON s.id = o.store_id LEFT JOIN order_personal_data p ON p.order_id = o.id
ORDER BY o.purchase_date DESC, o.id DESC LIMIT {limit}
"""
COUNT = "SELECT count(*) FROM (SELECT 1 FROM orders LIMIT 10001) AS found"
BLOCKERS = "SELECT order_id, code, message FROM order_blockers WHERE order_id IN ({marks}) ORDER BY id"


def answer(connection: Any, size: int) -> Callable[[], bytes]:
    """A function that answers page 1; connection: of sqlite3 or psycopg, in autocommit."""
    rows_sql, blockers_sql = _rows(connection, size), _blockers(connection, size)

    def page() -> bytes:
        rows = connection.execute(rows_sql).fetchall()
        (count,) = connection.execute(COUNT).fetchone()
        asked = connection.execute(blockers_sql, [row[0] for row in rows[:size]]).fetchall()
        return _spelt(rows, asked, count, size)

    return page


def asking_least(connection: Any, size: int) -> Callable[[], bytes]:
    """The same by one query: that there are many orders is taken as known, and only those in Error have blockers."""
    rows_sql = _rows(connection, size)

    def page() -> bytes:
        rows = connection.execute(rows_sql).fetchall()
        ids = [row[0] for row in rows[:size] if row[3] == "Error"]
        asked = connection.execute(_blockers(connection, len(ids)), ids).fetchall() if ids else []
        return _spelt(rows, asked, 10_001, size)

    return page


def _is_sqlite(connection: Any) -> bool:
    return type(connection).__module__.startswith("sqlite3")


def _rows(connection: Any, size: int) -> str:
    text = "" if _is_sqlite(connection) else "::text"
    return ROWS.format(date=f"o.purchase_date{text}", update=f"o.last_update_date{text}", limit=size + 1)


def _blockers(connection: Any, number: int) -> str:
    return BLOCKERS.format(marks=",".join(["?" if _is_sqlite(connection) else "%s"] * number))


def _spelt(rows: list[tuple[Any, ...]], asked: list[tuple[Any, ...]], count: int, size: int) -> bytes:
    blockers: dict[int, list[dict[str, str]]] = {}
    for order_id, code, message in asked:
        blockers.setdefault(order_id, []).append({"code": code, "message": message})
    last = rows[size - 1]
    return orjson.dumps(
        {
            "items": [_item(row, blockers) for row in rows[:size]],
            "total_count": min(count, 10_000),
            "page": 1,
            "page_size": size,
            "total_pages": None,
            "total_count_capped": count > 10_000,
            "next": f"{last[5]} {last[0]}",
        }
    )


def _item(row: tuple[Any, ...], blockers: dict[int, list[dict[str, str]]]) -> dict[str, Any]:
    (
        order_id, store_id, number, status, amazon_status, placed, updated, buyer, currency, total, note, channel,
        programs, state, commerce_id, commerce_number, commerce_status, marketplace, admin,
    ) = row  # fmt: skip
    seller_central = f"https://{SELLER_CENTRAL[marketplace]}/orders-v3/order/{number}"
    url = f"{admin}/sales/order/view/order_id/{commerce_id}" if commerce_id else None
    amount = None if total is None else str(total) if currency == "JPY" else f"{total // 100}.{total % 100:02d}"
    return {
        "id": order_id,
        "store_id": store_id,
        "amazon_order_id": number,
        "status": status,
        "amazon_status": amazon_status,
        "purchase_date": _moment(placed),
        "last_update_date": _moment(updated),
        "buyer_name": buyer,
        "grand_total": None if amount is None else {"amount": amount, "currency": currency},
        "order_note": note,
        "channel": channel,
        "programs": orjson.loads(programs),
        "import_state": state,
        "blockers": blockers.get(order_id, []),
        "commerce_order": (
            {"id": commerce_id, "number": commerce_number, "status": commerce_status, "url": url}
            if commerce_id
            else None
        ),
        "seller_central_url": seller_central,
        "order_url": url or seller_central,
    }


def _moment(text: str) -> str:
    thousandths = f"{text[20:23]:0<3}"
    return f"{text[:10]}T{text[11:19]}{'' if thousandths == '000' else f'.{thousandths}'}Z"
