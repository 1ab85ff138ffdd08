"""The merchant's grid: filter, sort and page over all orders, as plain selects (the columns, no mapped objects).

Two steps: the ids of the page in their order, by the index that the sort or the filter has, then the rows of those ids.
A page far down is reached by a cursor (keyset in the form `d <= ? and (d < ? or id < ?)`, which all three databases
plan by index), not by counting rows.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, and_, case, false, func, or_, select, union
from sqlalchemy.orm import InstrumentedAttribute, Session

from bridge.amazon.marketplaces import MARKETPLACES
from bridge.db import Database
from bridge.domain.commerce import plain
from bridge.domain.money import exponent, to_text
from bridge.errors import InvalidInput
from bridge.models import BuyerWord, Order, OrderBlocker, OrderPersonalData, Store

SORTS = ("purchase_date", "total", "status", "order_number", "buyer_name")
EVERY_SORT = [sign + name for name in SORTS for sign in ("-", "")]
MOST_COUNTED = 10_000  # a count beyond it would cost more than the page, and tells the merchant little
_LAST = "\U0010ffff"  # sorts after every continuation of a prefix where text is compared byte by byte


@dataclass(frozen=True, slots=True)
class OrderFilter:
    """What the grid asks for; None and () leave a filter out.

    purchase_date_from is included, purchase_date_to excluded. Totals are in whole units of their currency.
    """

    store_ids: Collection[int]  # the stores that the caller may see, and chose
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
class Page:
    """The ids of a page, how many orders the filter finds, and the cursor of the next page (None at the end).

    capped: there are more than total_count, which is then MOST_COUNTED.
    """

    ids: list[int]
    total_count: int
    next: str | None
    capped: bool = False


def find_page(
    session: Session, wanted: OrderFilter, *, sort: str, page: int | None, page_size: int, cursor: str | None
) -> Page:
    """One page of the filtered orders; sort is one of SORTS, with a minus for falling.

    Give page (from 1) or cursor, not both. Raises InvalidInput for a cursor that is not ours or is of another sort.
    """
    where = _conditions(session, wanted)
    some = select(Order.id).where(*where).limit(MOST_COUNTED + 1).subquery()
    total = session.execute(select(func.count()).select_from(some)).scalar_one()
    query = _sorted(session, wanted, where, sort, cursor).limit(page_size + 1)
    if page is not None and cursor is None:
        query = query.offset((page - 1) * page_size)
    rows = session.execute(query).all()
    more = len(rows) > page_size
    rows = rows[:page_size]
    following = _write_cursor(sort, rows[-1]) if more else None
    return Page([row.id for row in rows], min(total, MOST_COUNTED), following, total > MOST_COUNTED)


def every_page(db: Database, wanted: OrderFilter, *, sort: str, page_size: int) -> Iterator[list[dict[str, Any]]]:
    """All of the filtered orders, a page at a time, each in a transaction of its own and none of them kept.

    An order that changes its place meanwhile may be missing or come twice.
    """
    cursor = None
    while True:
        with db.reading() as session:
            query = _sorted(session, wanted, _conditions(session, wanted), sort, cursor).limit(page_size)
            rows = session.execute(query).all()
            items = order_items(session, [row.id for row in rows])
        if items:
            yield items
        if len(rows) < page_size:
            return
        cursor = _write_cursor(sort, rows[-1])


def _sorted(
    session: Session, wanted: OrderFilter, where: list[ColumnElement[bool]], sort: str, cursor: str | None
) -> Select[Any]:
    """Ids and sort keys of the orders after the cursor, in their order."""
    name, falling = sort.lstrip("-"), sort.startswith("-")
    key = _sort_key(session, wanted.store_ids, name)
    query = select(Order.id, key.label("sort_key")).where(*where)
    if name == "buyer_name":
        query = query.join(OrderPersonalData, OrderPersonalData.order_id == Order.id)
    if cursor is not None:
        value, last_id = _read_cursor(cursor, sort)
        nulls_last = name == "total" and falling != (_dialect(session) == "postgresql")
        query = query.where(_after(key, value, last_id, falling=falling, nulls_last=nulls_last))
    return query.order_by(*((key.desc(), Order.id.desc()) if falling else (key.asc(), Order.id.asc())))


def order_items(session: Session, ids: Sequence[int]) -> list[dict[str, Any]]:
    """These orders as the list shows them (design: section 6), in the order of `ids`."""
    if not ids:
        return []
    blockers: dict[int, list[dict[str, str]]] = {}
    held = select(OrderBlocker.order_id, OrderBlocker.code, OrderBlocker.message).where(OrderBlocker.order_id.in_(ids))
    for order_id, code, message in session.execute(held.order_by(OrderBlocker.id)):
        blockers.setdefault(order_id, []).append({"code": code, "message": message})
    query = (
        select(*_COLUMNS)
        .join(Store, Store.id == Order.store_id)
        .outerjoin(OrderPersonalData, OrderPersonalData.order_id == Order.id)
        .where(Order.id.in_(ids))
    )
    found = {row.id: _item(row, blockers.get(row.id, [])) for row in session.execute(query)}
    return [found[i] for i in ids if i in found]


_COLUMNS = (
    Order.id,
    Order.store_id,
    Order.amazon_order_id,
    Order.status,
    Order.amazon_status,
    Order.purchase_date,
    Order.last_update_date,
    OrderPersonalData.buyer_name,
    Order.currency,
    Order.grand_total_minor,
    Order.order_note,
    Order.channel,
    Order.programs,
    Order.import_state,
    Order.commerce_order_id,
    Order.commerce_order_number,
    Order.commerce_status,
    Store.marketplace_id,
    Store.commerce_admin_url,
)


def _item(row: Row[Any], blockers: list[dict[str, str]]) -> dict[str, Any]:
    commerce = commerce_order(row)
    marketplace = MARKETPLACES.get(row.marketplace_id)
    seller_central = marketplace.order_url(row.amazon_order_id) if marketplace else None
    return {
        "id": row.id,
        "store_id": row.store_id,
        "amazon_order_id": row.amazon_order_id,
        "status": row.status,
        "amazon_status": row.amazon_status,
        "purchase_date": moment(row.purchase_date),
        "last_update_date": moment(row.last_update_date),
        "buyer_name": row.buyer_name,
        "grand_total": money(row.grand_total_minor, row.currency),
        "order_note": row.order_note,
        "channel": row.channel,
        "programs": row.programs or [],
        "import_state": row.import_state,
        "blockers": blockers,
        "commerce_order": commerce,
        "seller_central_url": seller_central,
        "order_url": (commerce and commerce["url"]) or seller_central,
    }


def commerce_order(row: Any) -> dict[str, Any] | None:
    """The Commerce order of a row that has its columns and the store's admin address; None while there is none."""
    if row.commerce_order_id is None:
        return None
    admin = row.commerce_admin_url
    url = f"{admin.rstrip('/')}/sales/order/view/order_id/{row.commerce_order_id}" if admin else None
    return {
        "id": row.commerce_order_id,
        "number": row.commerce_order_number,
        "status": row.commerce_status,
        "url": url,
    }


def moment(when: datetime | None) -> str | None:
    """RFC 3339 in UTC with Z; milliseconds only where there are any."""
    if when is None:
        return None
    return when.isoformat(timespec="milliseconds" if when.microsecond >= 1000 else "seconds").replace("+00:00", "Z")


def money(minor: int | None, currency: str | None) -> dict[str, str] | None:
    """{"amount": "12.30", "currency": "USD"}; None while Amazon has sent no amount."""
    if minor is None or currency is None:
        return None
    return {"amount": to_text(minor, currency), "currency": currency}


# -- filters -----------------------------------------------------------------------------------------------------------


def _conditions(session: Session, wanted: OrderFilter) -> list[ColumnElement[bool]]:
    where = []
    # A condition that holds for every row would only keep the planner from the indexes without a store.
    if set(session.scalars(select(Store.id))) - set(wanted.store_ids):
        where.append(_one_of(Order.store_id, wanted.store_ids))
    if wanted.status:
        where.append(_one_of(Order.status, wanted.status))
    if wanted.purchase_date_from is not None:
        where.append(Order.purchase_date >= wanted.purchase_date_from)
    if wanted.purchase_date_to is not None:
        where.append(Order.purchase_date < wanted.purchase_date_to)
    if wanted.channel is not None:
        where.append(Order.channel == wanted.channel)
    if wanted.import_state is not None:
        where.append(Order.import_state == wanted.import_state)
    if wanted.blocker is not None:
        where.append(Order.id.in_(select(OrderBlocker.order_id).where(OrderBlocker.code == wanted.blocker)))
    if wanted.order_number is not None:
        where.append(Order.id.in_(_numbered(session, wanted.order_number)))
    if wanted.buyer_name is not None:
        where.extend(_named(session, wanted.store_ids, wanted.buyer_name))
    return where + _total_between(session, wanted)


def _one_of(column: InstrumentedAttribute[Any], values: Collection[Any]) -> ColumnElement[bool]:
    """Plain equality for one value: an IN list keeps SQLite and MariaDB from reading an index in the sort's order."""
    return column == next(iter(values)) if len(values) == 1 else column.in_(sorted(values))


def _numbered(session: Session, text: str) -> Select[Any]:
    """Ids of the orders whose Amazon or Commerce number begins with the text, or whose last seven digits it is."""
    wanted = text.strip().lstrip("#")
    matches = [
        select(Order.id).where(_begins(session, Order.amazon_order_id, wanted)),
        select(Order.id).where(_begins(session, Order.commerce_order_number, wanted)),
        select(Order.id).where(Order.amazon_order_tail == wanted),
    ]
    return select(union(*matches).subquery().c.id)


def _named(session: Session, store_ids: Collection[int], text: str) -> Iterable[ColumnElement[bool]]:
    """One condition a word: the buyer's name has a word that begins with it."""
    words = plain(text).split()
    if not words:
        return [false()]
    mine = _one_of(BuyerWord.store_id, store_ids)
    begins = (_begins(session, BuyerWord.word, word[:64]) for word in words)
    return [Order.id.in_(select(BuyerWord.order_id).where(mine, begin)) for begin in begins]


def _begins(session: Session, column: InstrumentedAttribute[Any], prefix: str) -> ColumnElement[bool]:
    """Begins with the prefix, by index: SQLite and MariaDB need a range for that, whose end PostgreSQL's collations may
    sort elsewhere; SQLite's LIKE alone would not tell A from a.
    """
    begins = column.startswith(prefix, autoescape=True)
    return begins if _dialect(session) == "postgresql" else and_(column >= prefix, column < prefix + _LAST, begins)


def _dialect(session: Session) -> str:
    return session.get_bind().dialect.name


def _total_between(session: Session, wanted: OrderFilter) -> list[ColumnElement[bool]]:
    if wanted.total_min is None and wanted.total_max is None:
        return []
    expression, digits = _total(session, wanted.store_ids)
    where: list[ColumnElement[bool]] = []
    if wanted.total_min is not None:
        where.append(expression >= int(wanted.total_min.scaleb(digits).to_integral_value(ROUND_CEILING)))
    if wanted.total_max is not None:
        where.append(expression <= int(wanted.total_max.scaleb(digits).to_integral_value(ROUND_FLOOR)))
    return where


def _total(session: Session, store_ids: Collection[int]) -> tuple[ColumnElement[Any], int]:
    """The grand total as a comparable number, and how many decimals it holds.

    An order is in its marketplace's currency. Where all the stores' currencies have as many decimals the column itself
    is comparable (and indexed); otherwise yen and cents are brought to the same scale first.
    """
    ids = _one_of(Store.id, store_ids)
    known = (MARKETPLACES.get(m) for m in session.scalars(select(Store.marketplace_id).where(ids).distinct()))
    digits = {exponent(m.currency) for m in known if m is not None} or {2}
    if len(digits) == 1:
        return Order.grand_total_minor.expression, digits.pop()
    most = max(digits)
    currencies = {m.currency for m in MARKETPLACES.values()}
    factors = {c: 10 ** (most - exponent(c)) for c in sorted(currencies) if exponent(c) != 2}
    scaled = case(*((Order.currency == c, factor) for c, factor in factors.items()), else_=10 ** (most - 2))
    return Order.grand_total_minor * scaled, most


# -- sorts and cursors -------------------------------------------------------------------------------------------------


def _sort_key(session: Session, store_ids: Collection[int], name: str) -> ColumnElement[Any]:
    if name == "total":
        return _total(session, store_ids)[0]
    columns: Mapping[str, InstrumentedAttribute[Any]] = {
        "purchase_date": Order.purchase_date,
        "status": Order.status,
        "order_number": Order.amazon_order_id,
        "buyer_name": OrderPersonalData.buyer_sort,
    }
    return columns[name].expression


def _after(
    key: ColumnElement[Any], value: Any, last_id: int, *, falling: bool, nulls_last: bool
) -> ColumnElement[bool]:
    """What comes after the row (value, last_id); orders without a total stand together at one end."""
    later_id = Order.id < last_id if falling else Order.id > last_id
    if value is None:
        rest = and_(key.is_(None), later_id)
        return rest if nulls_last else or_(rest, key.is_not(None))
    if falling:
        following = and_(key <= value, or_(key < value, later_id))
    else:
        following = and_(key >= value, or_(key > value, later_id))
    return or_(following, key.is_(None)) if nulls_last else following


def _write_cursor(sort: str, row: Row[Any]) -> str:
    value = row.sort_key.isoformat() if isinstance(row.sort_key, datetime) else row.sort_key
    text = json.dumps([sort, value, row.id], separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _read_cursor(cursor: str, sort: str) -> tuple[Any, int]:
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
        return datetime.fromisoformat(value).astimezone(UTC)
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
