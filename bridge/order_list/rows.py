"""What an order looks like in the list (design: section 6), made from raw tuples."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection

from bridge.amazon.marketplaces import MARKETPLACES
from bridge.domain.money import exponent, to_text


class Shop(NamedTuple):
    """What of a store the list needs: where its orders are opened, and how many decimals its totals have."""

    seller_central: str | None
    admin: str | None
    digits: int


def run(connection: Connection, statement: str, parameters: Sequence[Any] = ()) -> list[Any]:
    """The raw rows of a statement whose parameters are marked with "?"."""
    if connection.dialect.paramstyle != "qmark":
        statement = statement.replace("?", "%s")
    return list(connection.exec_driver_sql(statement, tuple(parameters)).cursor.fetchall())


def date_text(connection: Connection, column: str) -> str:
    """SQL for the column's text: parsing a time only to print it again would cost more than reading the row."""
    name = connection.dialect.name
    return column if name == "sqlite" else f"{column}::text" if name == "postgresql" else f"CAST({column} AS CHAR)"


def read_shops(connection: Connection) -> dict[int, Shop]:
    """Every store."""
    shops = {}
    for store_id, marketplace_id, admin in run(
        connection, "SELECT id, marketplace_id, commerce_admin_url FROM stores ORDER BY id"
    ):
        place = MARKETPLACES.get(marketplace_id)
        shops[store_id] = Shop(
            f"https://{place.seller_central}/orders-v3/order/" if place else None,
            f"{admin.rstrip('/')}/sales/order/view/order_id/" if admin else None,
            exponent(place.currency) if place else 2,
        )
    return shops


def columns(connection: Connection) -> str:
    """What `items` takes apart, of orders o left joined with order_personal_data p."""
    return (
        "o.id, o.store_id, o.amazon_order_id, o.status, o.amazon_status, "
        f"{date_text(connection, 'o.purchase_date')}, {date_text(connection, 'o.last_update_date')}, p.buyer_name, "
        "o.currency, o.grand_total_minor, o.order_note, o.channel, o.programs, o.import_state, o.commerce_order_id, "
        "o.commerce_order_number, o.commerce_status"
    )


def items(connection: Connection, shops: dict[int, Shop], rows: Iterable[Sequence[Any]]) -> list[dict[str, Any]]:
    """Orders from rows that begin with `columns`, with their blockers."""
    rows = list(rows)
    blockers = _blockers(connection, [row[0] for row in rows])
    return [_item(row, shops[row[1]], blockers) for row in rows]


def _item(row: Sequence[Any], shop: Shop, blockers: dict[int, list[dict[str, str]]]) -> dict[str, Any]:
    # Taken apart at once: looking into the tuple name by name is half of what building the item costs.
    (
        order_id, store_id, number, status, amazon_status, placed, updated, buyer, currency, total, note, channel,
        programs, import_state, commerce_id, commerce_number, commerce_status, *_
    ) = row  # fmt: skip
    seller_central = shop.seller_central + number if shop.seller_central else None
    commerce = None
    if commerce_id is not None:
        url = f"{shop.admin}{commerce_id}" if shop.admin else None
        commerce = {"id": commerce_id, "number": commerce_number, "status": commerce_status, "url": url}
    return {
        "id": order_id,
        "store_id": store_id,
        "amazon_order_id": number,
        "status": status,
        "amazon_status": amazon_status,
        "purchase_date": moment_of(placed),
        "last_update_date": moment_of(updated),
        "buyer_name": buyer,
        "grand_total": None if total is None or currency is None else _money(total, currency),
        "order_note": note,
        "channel": channel,
        "programs": json.loads(programs) or [] if programs and programs != "[]" else [],
        "import_state": import_state,
        "blockers": blockers.get(order_id, []),
        "commerce_order": commerce,
        "seller_central_url": seller_central,
        "order_url": (commerce and commerce["url"]) or seller_central,
    }


def _blockers(connection: Connection, ids: Sequence[int]) -> dict[int, list[dict[str, str]]]:
    if not ids:
        return {}
    marks = ",".join("?" * len(ids))
    found: dict[int, list[dict[str, str]]] = {}
    for order_id, code, message in run(
        connection, f"SELECT order_id, code, message FROM order_blockers WHERE order_id IN ({marks}) ORDER BY id", ids
    ):
        found.setdefault(order_id, []).append({"code": code, "message": message})
    return found


def order_items(connection: Connection, ids: Sequence[int]) -> list[dict[str, Any]]:
    """These orders as the list shows them, in the order of `ids`."""
    if not ids:
        return []
    marks = ",".join("?" * len(ids))
    rows = run(
        connection,
        f"SELECT {columns(connection)} FROM orders o LEFT JOIN order_personal_data p ON p.order_id = o.id"
        f" WHERE o.id IN ({marks})",
        ids,
    )
    found = {item["id"]: item for item in items(connection, read_shops(connection), rows)}
    return [found[i] for i in ids if i in found]


def moment(when: datetime | None) -> str | None:
    """RFC 3339 in UTC with Z; milliseconds only where there are any."""
    if when is None:
        return None
    return when.isoformat(timespec="milliseconds" if when.microsecond >= 1000 else "seconds").replace("+00:00", "Z")


def moment_of(text: str) -> str:
    """The same of a database's text, "2026-11-02 09:30:00" with or without a fraction."""
    thousandths = text[20:23]
    if not thousandths or thousandths == "000":
        return f"{text[:10]}T{text[11:19]}Z"
    return f"{text[:10]}T{text[11:19]}.{thousandths:0<3}Z"


def money(minor: int | None, currency: str | None) -> dict[str, str] | None:
    """{"amount": "12.30", "currency": "USD"}; None while Amazon has sent no amount."""
    if minor is None or currency is None:
        return None
    return {"amount": to_text(minor, currency), "currency": currency}


def _money(minor: int, currency: str) -> dict[str, str]:
    if minor >= 0 and exponent(currency) == 2:  # nearly always, and ten times as fast as a Decimal
        return {"amount": f"{minor // 100}.{minor % 100:02d}", "currency": currency}
    return {"amount": to_text(minor, currency), "currency": currency}
