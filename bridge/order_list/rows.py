"""What an order looks like in the list (design: section 6), made from raw tuples."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple

import orjson
from sqlalchemy import Connection

from bridge.amazon.marketplaces import MARKETPLACES
from bridge.db import took_too_long
from bridge.domain.money import exponent, to_text
from bridge.domain.states import ShownStatus
from bridge.errors import TooSlow

_NOTHING = ("000", "")
_TO_THE_SECOND = len("2026-11-02 09:30:00")
_HUNDREDTHS, _WHOLES = (
    {place.currency for place in MARKETPLACES.values() if exponent(place.currency) == digits} for digits in (2, 0)
)
_ERROR = ShownStatus.ERROR.value


class Shop(NamedTuple):
    """What of a store the list needs: where its orders are opened, and how many decimals its totals have."""

    seller_central: str | None
    admin: str | None
    digits: int


def run(connection: Connection, statement: str, parameters: Sequence[Any] = ()) -> list[Any]:
    """The raw rows of a select whose parameters are marked with "?". Raises TooSlow, and SQLAlchemy's errors.

    By the driver's own cursor: what SQLAlchemy prepares for a result costs as much as reading ten rows of it.
    """
    dialect = connection.dialect
    if dialect.paramstyle != "qmark":
        statement = statement.replace("?", "%s")
    cursor = connection.connection.cursor()
    try:
        cursor.execute(statement, tuple(parameters))
        return list(cursor.fetchall())
    except dialect.loaded_dbapi.Error as error:
        if took_too_long(error):
            raise TooSlow("The database works for too long at this.") from error
        # Asked once more by SQLAlchemy, which knows the driver's errors and gives up a connection that is gone.
        return list(connection.exec_driver_sql(statement, tuple(parameters)).cursor.fetchall())
    finally:
        cursor.close()


def date_text(connection: Connection, column: str) -> str:
    """SQL for the column's text: parsing a time only to print it again would cost more than reading the row."""
    name = connection.dialect.name
    return column if name == "sqlite" else f"{column}::text" if name == "postgresql" else f"CAST({column} AS CHAR)"


@lru_cache(1024)
def shop(marketplace_id: str, admin: str | None) -> Shop:
    """What the list needs of a store of this marketplace with this address of its Commerce admin."""
    place = MARKETPLACES.get(marketplace_id)
    return Shop(
        f"https://{place.seller_central}/orders-v3/order/" if place else None,
        f"{admin.rstrip('/')}/sales/order/view/order_id/" if admin else None,
        exponent(place.currency) if place else 2,
    )


def decimals(connection: Connection) -> dict[int, int]:
    """Every store, and how many decimals its totals have."""
    return {
        store_id: shop(marketplace_id, None).digits
        for store_id, marketplace_id in run(connection, "SELECT id, marketplace_id FROM stores ORDER BY id")
    }


PLACED, BLOCKERS, COUNT, KEY = 5, 19, 20, 21  # where in a row these stand
# A second question costs as much as thirty rows of the first. It would on the others too, but SQLite is no server, and
# MySQL's JSON_ARRAYAGG keeps no order.
_BLOCKERS_ON_POSTGRESQL = f"""CASE WHEN o.status = '{_ERROR}' THEN (
  SELECT json_agg(json_build_object('code', b.code, 'message', b.message) ORDER BY b.id)::text
  FROM order_blockers b WHERE b.order_id = o.id
) END"""


def selected(connection: Connection, count: str = "NULL", key: str = "NULL") -> str:
    """The columns that `items` takes apart; of FROM. count, key: SQL of what the search wants to know beside."""
    return ", ".join(
        (
            "SELECT o.id, o.store_id, o.amazon_order_id, o.status, o.amazon_status",
            date_text(connection, "o.purchase_date"),
            date_text(connection, "o.last_update_date"),
            "p.buyer_name, o.currency, o.grand_total_minor, o.order_note, o.channel, o.programs, o.import_state",
            "o.commerce_order_id, o.commerce_order_number, o.commerce_status, s.marketplace_id, s.commerce_admin_url",
            _BLOCKERS_ON_POSTGRESQL if connection.dialect.name == "postgresql" else "NULL",
            count,
            key,
        )
    )


# Outer joins, though every order has a store: planners then begin with the orders, and not with the few stores.
JOINS = "LEFT JOIN stores s ON s.id = o.store_id LEFT JOIN order_personal_data p ON p.order_id = o.id"


def items(connection: Connection, rows: Sequence[Sequence[Any]]) -> list[dict[str, Any]]:
    """Orders from rows that are as `selected` says, with their blockers."""
    # While a blocked order is being created its blockers are still kept; they stand only where the status says so.
    blockers = _blockers(connection, [row for row in rows if row[3] == _ERROR])
    found: list[dict[str, Any]] = []
    # Taken apart at once and in place: looking into each row name by name, or a call for it, takes half as long again.
    for (
        order_id, store_id, number, status, amazon_status, placed, updated, buyer, currency, total, note, channel,
        programs, import_state, commerce_id, commerce_number, commerce_status, marketplace_id, admin, _blocked, _count,
        _key,
    ) in rows:  # fmt: skip
        selling, selling_in, _digits = shop(marketplace_id, admin)
        seller_central = selling + number if selling else None
        # Two decimals or none is what totals nearly always have, and a Decimal is far slower.
        if total is not None and total >= 0 and currency in _HUNDREDTHS:
            grand_total: dict[str, str] | None = {
                "amount": f"{total // 100}.{total % 100:02d}",
                "currency": currency,
            }
        elif total is not None and currency in _WHOLES:
            grand_total = {"amount": str(total), "currency": currency}
        else:
            grand_total = money(total, currency)
        commerce = url = None
        if commerce_id is not None:
            url = f"{selling_in}{commerce_id}" if selling_in else None
            commerce = {"id": commerce_id, "number": commerce_number, "status": commerce_status, "url": url}
        purchase_date = moment_of(placed)
        found.append(
            {
                "id": order_id,
                "store_id": store_id,
                "amazon_order_id": number,
                "status": status,
                "amazon_status": amazon_status,
                "purchase_date": purchase_date,
                "last_update_date": purchase_date if updated == placed else moment_of(updated),
                "buyer_name": buyer,
                "grand_total": grand_total,
                "order_note": note,
                "channel": channel,
                "programs": list(_programs(programs)),
                "import_state": import_state,
                "blockers": blockers.get(order_id, []),
                "commerce_order": commerce,
                "seller_central_url": seller_central,
                "order_url": url or seller_central,
            }
        )
    return found


@lru_cache(256)  # orders have the same few
def _programs(text: str | None) -> tuple[str, ...]:
    return tuple(json.loads(text or "[]") or ())


def _blockers(connection: Connection, rows: Sequence[Sequence[Any]]) -> dict[int, list[dict[str, str]]]:
    """By order id: those that came with the rows, else asked for."""
    if not rows:
        return {}
    if connection.dialect.name == "postgresql":
        return {row[0]: orjson.loads(row[BLOCKERS]) for row in rows if row[BLOCKERS]}
    marks = ",".join("?" * len(rows))
    found: dict[int, list[dict[str, str]]] = {}
    for order_id, code, message in run(
        connection,
        f"SELECT order_id, code, message FROM order_blockers WHERE order_id IN ({marks}) ORDER BY id",
        [row[0] for row in rows],
    ):
        found.setdefault(order_id, []).append({"code": code, "message": message})
    return found


def order_items(connection: Connection, ids: Sequence[int]) -> list[dict[str, Any]]:
    """These orders as the list shows them, in the order of `ids`."""
    if not ids:
        return []
    marks = ",".join("?" * len(ids))
    rows = run(connection, f"{selected(connection)} FROM orders o {JOINS} WHERE o.id IN ({marks})", ids)
    found = {item["id"]: item for item in items(connection, rows)}
    return [found[i] for i in ids if i in found]


def moment(when: datetime | None) -> str | None:
    """RFC 3339 in UTC with Z; milliseconds only where there are any."""
    if when is None:
        return None
    return when.isoformat(timespec="milliseconds" if when.microsecond >= 1000 else "seconds").replace("+00:00", "Z")


def moment_of(text: str) -> str:
    """The same of a database's text, "2026-11-02 09:30:00" with or without a fraction."""
    if len(text) == _TO_THE_SECOND:  # by far the most, where the database leaves out a fraction that is none
        return text.replace(" ", "T") + "Z"
    if text[20:23] in _NOTHING:
        return f"{text[:10]}T{text[11:19]}Z"
    return f"{text[:10]}T{text[11:23]}Z" if len(text) > 22 else f"{text[:10]}T{text[11:]:0<12}Z"


def money(minor: int | None, currency: str | None) -> dict[str, str] | None:
    """{"amount": "12.30", "currency": "USD"}; None while Amazon has sent no amount."""
    if minor is None or currency is None:
        return None
    return {"amount": to_text(minor, currency), "currency": currency}
