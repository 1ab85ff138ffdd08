"""Named reads and writes of the tables for the use cases. Lists for people are in queries.py."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import (
    CursorResult,
    case,
    delete,
    func,
    select,
)
from sqlalchemy.orm import Session, selectinload

from bridge.domain.blockers import Blocker
from bridge.domain.commerce import plain
from bridge.domain.order import LINE_DETAILS, Address, AmazonStatus, Channel, Line, LineAmounts, OrderSnapshot
from bridge.domain.settings import ORDER_SETTINGS, OrderSettings
from bridge.domain.states import ImportState
from bridge.domain.webhooks import EventType
from bridge.errors import NotFound, RemoteError
from bridge.models import (
    BuyerWord,
    CommunicationError,
    GlobalSettingsRow,
    Order,
    OrderBlocker,
    OrderLine,
    OrderPersonalData,
    OrderSettingsRow,
    OutgoingChange,
    ProductMatch,
    Store,
)
from bridge.work import SyncCursor

_T = TypeVar("_T")
_CHUNK = 500  # bind parameters of one IN list; SQLite takes 32,766, MariaDB plans long lists badly


# -- stores and settings


def get_store(session: Session, store_id: int) -> Store:
    """The store. Raises NotFound."""
    store = session.get(Store, store_id)
    if store is None:
        raise NotFound(f"There is no store {store_id}.")
    return store


def active_store_ids(session: Session) -> list[int]:
    """The ids of the stores that jobs work for, oldest first."""
    return list(session.scalars(select(Store.id).where(Store.active).order_by(Store.id)))


def active_stores(session: Session) -> list[Store]:
    """The stores that jobs work for, oldest first."""
    return list(session.scalars(select(Store).where(Store.active).order_by(Store.id)))


def order_settings(row: OrderSettingsRow) -> OrderSettings:
    """The row as a value."""
    return OrderSettings(**{setting.name: getattr(row, setting.name) for setting in ORDER_SETTINGS})


def global_settings(session: Session) -> GlobalSettingsRow:
    """The one row, made with the defaults when it is not there yet."""
    row = session.get(GlobalSettingsRow, 1)
    if row is None:
        row = GlobalSettingsRow(id=1)
        session.add(row)
        session.flush()
    return row


def matches_of(session: Session, store_id: int) -> list[ProductMatch]:
    """The store's product matches."""
    return list(session.scalars(select(ProductMatch).where(ProductMatch.store_id == store_id)))


# -- cursors


def cursor(session: Session, store_id: int, name: str, now: datetime) -> SyncCursor:
    """The cursor, made empty when it is not there yet."""
    row = session.get(SyncCursor, (store_id, name))
    if row is None:
        row = SyncCursor(store_id=store_id, name=name, updated_at=now)
        session.add(row)
    return row


def lock_intake(session: Session, store_id: int) -> None:
    """Until the end of the transaction nobody else stores versions of the store's orders.

    Sync, sweep and notifications meet the same new order at the same time; each would find it missing and add it.
    """
    where = (SyncCursor.store_id == store_id, SyncCursor.name == "amazon")
    session.execute(select(SyncCursor.store_id).where(*where).with_for_update())


# -- orders


def known_versions(session: Session, store_id: int, amazon_order_ids: Collection[str]) -> dict[str, datetime]:
    """Of these orders, those that are stored and the lastUpdatedTime of the version we hold."""
    found: dict[str, datetime] = {}
    for ids in _chunks(amazon_order_ids):
        where = (Order.store_id == store_id, Order.amazon_order_id.in_(ids))
        for number, when in session.execute(select(Order.amazon_order_id, Order.last_update_date).where(*where)):
            found[number] = when
    return found


def orders_by_number(session: Session, store_id: int, amazon_order_ids: Collection[str]) -> dict[str, Order]:
    """These orders with lines, personal data and outgoing changes, by Amazon's order id."""
    found: dict[str, Order] = {}
    for ids in _chunks(amazon_order_ids):
        where = (Order.store_id == store_id, Order.amazon_order_id.in_(ids))
        for order in session.scalars(select(Order).where(*where).options(*_WHOLE, selectinload(Order.changes))):
            found[order.amazon_order_id] = order
    return found


def orders_by_commerce_id(session: Session, store_id: int, entity_ids: Collection[int]) -> dict[int, Order]:
    """These orders with lines, by the Commerce order's entity_id."""
    found: dict[int, Order] = {}
    for ids in _chunks(entity_ids):
        where = (Order.store_id == store_id, Order.commerce_order_id.in_(ids))
        for order in session.scalars(select(Order).where(*where).options(selectinload(Order.lines))):
            if order.commerce_order_id is not None:
                found[order.commerce_order_id] = order
    return found


def load_orders(session: Session, ids: Sequence[int]) -> list[Order]:
    """These orders with lines, personal data and blockers, in the order of `ids`."""
    found: dict[int, Order] = {}
    for part in _chunks(ids):
        query = select(Order).where(Order.id.in_(part)).options(*_WHOLE, selectinload(Order.blockers))
        found |= {order.id: order for order in session.scalars(query)}
    return [found[i] for i in ids if i in found]


_WHOLE = (selectinload(Order.lines), selectinload(Order.personal))


def blocked_lines(session: Session, store_id: int) -> list[tuple[str | None, str | None, int | None]]:
    """What blocked orders are about: (seller SKU, ASIN, quantity of its smallest line that the merchant ships)."""
    smallest = func.min(case((Order.channel == Channel.FBM, OrderLine.quantity)))
    query = select(OrderLine.sku, OrderLine.asin, smallest).join(Order).group_by(OrderLine.sku, OrderLine.asin)
    blocked = (Order.store_id == store_id, Order.import_state == ImportState.BLOCKED, OrderLine.quantity > 0)
    return [(sku, asin, quantity) for sku, asin, quantity in session.execute(query.where(*blocked))]


def newest_addresses(session: Session, store_id: int, count: int) -> list[Any]:
    """The addresses, as stored, of the newest paid orders that the merchant ships; None where Amazon sent none."""
    query = (
        select(OrderPersonalData.address)
        .join(Order, Order.id == OrderPersonalData.order_id)
        .where(
            Order.store_id == store_id,
            Order.channel == Channel.FBM,
            Order.amazon_status.in_((AmazonStatus.UNSHIPPED, AmazonStatus.PARTIALLY_SHIPPED, AmazonStatus.SHIPPED)),
        )
    )
    return list(session.scalars(query.order_by(Order.purchase_date.desc(), Order.id.desc()).limit(count)))


def replace_blockers(session: Session, order: Order, blockers: Sequence[Blocker], now: datetime) -> bool:
    """Make these the order's blockers; whether that changed anything (an event is left only then)."""
    wanted = [(b.code, b.message, b.fix, b.line_id, b.sku) for b in blockers]
    held = [(b.code, b.message, b.fix, b.amazon_item_id, b.sku) for b in order.blockers]
    same = wanted == held
    if same and (not blockers or order.import_state is ImportState.BLOCKED):
        return False
    if not same:
        order.blockers = [
            OrderBlocker(code=b.code, message=b.message[:500], fix=b.fix[:500], amazon_item_id=b.line_id, sku=b.sku)
            for b in blockers
        ]
    if blockers and order.import_state is ImportState.BLOCKED:
        order.note(now, "blocked", blockers[0].message, new=blockers[0].code)
        order.announce(EventType.BLOCKED, now)
    elif blockers:
        order.move_to(ImportState.BLOCKED, now, blockers[0].message, news=not same)
    session.flush()
    return True


# -- snapshots to rows and back


def write_lines(order: Order, lines: Iterable[Line]) -> None:
    """Make these the order's lines; a line that is already there keeps its link to Commerce."""
    purged = order.personal is not None and order.personal.purged_at is not None
    held = {line.amazon_item_id: line for line in order.lines}
    kept = []
    for line in lines:
        row = held.get(line.item_id) or OrderLine(amazon_item_id=line.item_id, units_per_item=1)
        row.sku, row.asin, row.title = line.sku, line.asin, line.title[:500]
        row.quantity, row.quantity_shipped = line.quantity, line.quantity_shipped
        row.quantity_unshipped = line.quantity_unshipped
        row.amounts = asdict(line.amounts) if line.amounts else None
        row.details = {
            name: value for name in LINE_DETAILS if not purged and (value := getattr(line, name)) is not None
        } or None
        kept.append(row)
    order.lines = kept


def write_personal(session: Session, order: Order, snapshot: OrderSnapshot) -> None:
    """Keep what Amazon sent about the buyer; what it no longer sends stays. Once it was purged nothing comes back."""
    row = order.personal
    if row is None:
        row = order.personal = OrderPersonalData(store_id=order.store_id, buyer_sort="")
    if row.purged_at is not None:
        return
    given = {
        "buyer_name": snapshot.buyer_name,
        "buyer_email": snapshot.buyer_email,
        "buyer_company": snapshot.buyer_company,
        "purchase_order_number": snapshot.purchase_order_number,
        "buyer_cancel_reason": snapshot.buyer_cancel_reason,
        # As it comes back from the database, so that an address that has not changed is not written again.
        "address": asdict(snapshot.address) | {"lines": list(snapshot.address.lines)} if snapshot.address else None,
    }
    for name, value in given.items():
        if value is not None:
            setattr(row, name, value[:500] if isinstance(value, str) else value)
    name = row.buyer_name or ""
    if plain(name)[:255] != row.buyer_sort:
        renamed = bool(row.buyer_sort)
        row.buyer_sort = plain(name)[:255]
        if renamed:
            session.execute(delete(BuyerWord).where(BuyerWord.order_id == order.id))
        session.add_all(
            BuyerWord(order_id=order.id, store_id=order.store_id, word=word)
            for word in {word[:64] for word in row.buyer_sort.split()}
        )


def snapshot_of(order: Order) -> OrderSnapshot:
    """The stored order as the rules see it."""
    personal = order.personal
    return OrderSnapshot(
        amazon_order_id=order.amazon_order_id,
        marketplace_id="",
        status=order.amazon_status,
        channel=order.channel,
        purchase_date=order.purchase_date,
        last_update=order.last_update_date,
        lines=tuple(_line_of(row) for row in order.lines),
        currency=order.currency,
        grand_total=order.grand_total_minor,
        tip=order.tip_minor,
        amounts_problem=order.amounts_problem,
        programs=tuple(order.programs or ()),
        service_level=order.service_level,
        ship_by=order.ship_by,
        deliver_by=order.deliver_by,
        buyer_name=personal.buyer_name if personal else None,
        buyer_email=personal.buyer_email if personal else None,
        buyer_company=personal.buyer_company if personal else None,
        purchase_order_number=personal.purchase_order_number if personal else None,
        address=_address_of(personal.ship_to) if personal and personal.ship_to else None,
        replaces=order.replaces,
        tax_collected_by_amazon=order.tax_collected_by_amazon,
        payment_methods=order.payment_methods,
        fulfillment_orders=order.fulfillment_orders,
    )


def _line_of(row: OrderLine) -> Line:
    return Line(
        item_id=row.amazon_item_id,
        quantity=row.quantity,
        title=row.title,
        sku=row.sku,
        asin=row.asin,
        quantity_shipped=row.quantity_shipped,
        quantity_unshipped=row.quantity_unshipped,
        amounts=LineAmounts(**row.amounts) if row.amounts else None,
        **(row.details or {}),
    )


def _address_of(stored: Mapping[str, Any]) -> Address:
    return Address(**{**stored, "lines": tuple(stored.get("lines") or ())})


# -- outgoing changes


def enqueue(
    order: Order, kind: str, now: datetime, *, reference: str = "", payload: Any = None
) -> OutgoingChange | None:
    """Keep a change that must reach the other side; None when the same one is already kept."""
    if any(held.kind == kind and held.reference == reference for held in order.changes):
        return None
    change = OutgoingChange(
        store_id=order.store_id, kind=kind, reference=reference, payload=payload,
        state="pending", attempts=0, due_at=now, created_at=now,
    )  # fmt: skip
    order.changes.append(change)
    return change


def open_changes_of(
    session: Session, store_id: int, commerce_order_id: int, kinds: Collection[str]
) -> list[tuple[int, str]]:
    """(id, kind) of the changes of these kinds that wait for this Commerce order to show them."""
    of_order = (Order.store_id == store_id, Order.commerce_order_id == commerce_order_id)
    pending = (OutgoingChange.kind.in_(kinds), OutgoingChange.state == "pending")
    query = select(OutgoingChange.id, OutgoingChange.kind).join(Order, Order.id == OutgoingChange.order_id)
    return [(change_id, kind) for change_id, kind in session.execute(query.where(*of_order, *pending))]


def record_remote_error(session: Session, store_id: int | None, error: RemoteError, now: datetime) -> None:
    """Log a failed call for the merchant; RemoteError carries no personal data."""
    session.add(
        CommunicationError(
            store_id=store_id,
            at=now,
            system=error.system,
            operation=error.operation[:64],
            status=error.status,
            code=error.code[:64],
            message=error.message[:500],
            request_id=(error.request_id or "")[:64] or None,
        )
    )


def _chunks(items: Collection[_T]) -> Iterable[list[_T]]:
    whole = list(items)
    for start in range(0, len(whole), _CHUNK):
        yield whole[start : start + _CHUNK]


def affected(result: Any) -> int:
    """How many rows an INSERT, UPDATE or DELETE changed."""
    return result.rowcount if isinstance(result, CursorResult) else 0
