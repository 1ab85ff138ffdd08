"""What the pages and the API read beside the order list: plain selects, answered as JSON-ready dictionaries.

`allowed` is always the ids of the stores that the caller may see, None for all of them; what belongs to another store
does not exist for the caller (NotFound).
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import asdict, fields
from datetime import UTC, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from bridge.amazon.marketplaces import MARKETPLACES
from bridge.domain.blockers import BLOCKER_CODES
from bridge.domain.money import to_text
from bridge.domain.order import AmazonStatus, Channel, LineAmounts
from bridge.domain.states import ImportState, ShownStatus
from bridge.errors import NotFound
from bridge.models import (
    CommunicationError,
    JobRun,
    Order,
    OrderEvent,
    OrderLine,
    OutgoingChange,
    ProductMatch,
    Shipment,
    Store,
)
from bridge.order_list import moment, money, order_items
from bridge.work import UnreadableOrder

Allowed = Collection[int] | None
SYSTEM_MESSAGE = (
    "Your Amazon store(s) has orders that cannot be imported into Commerce."
    " See Recent Orders in the store dashboard(s): {stores}"
)
UNREADABLE_MESSAGE = (
    "Amazon has shown orders that cannot be read; they are asked for again until they can. Do not forget to ship them."
    " See Communication errors. Store(s): {stores}"
)
_RECENT = 10  # orders and events shown where there is a list of their own


def paged(
    session: Session, query: Select[Any], page: int, page_size: int, shape: Callable[[Any], dict[str, Any]]
) -> dict[str, Any]:
    """One page of an ordered query of one entity, in the envelope of every list."""
    total = session.execute(select(func.count()).select_from(query.order_by(None).subquery())).scalar_one()
    rows = session.scalars(query.limit(page_size).offset((page - 1) * page_size))
    return {"items": [shape(row) for row in rows], **page_figures(total, page, page_size)}


def page_figures(total: int, page: int | None, page_size: int) -> dict[str, Any]:
    """The envelope's figures; page is None where a cursor was followed."""
    return {
        "total_count": total,
        "page": page,
        "page_size": page_size,
        "total_pages": -(-total // page_size),
    }


def _mine(column: InstrumentedAttribute[Any], allowed: Allowed) -> list[ColumnElement[bool]]:
    return [] if allowed is None else [column.in_(allowed)]


# -- stores ------------------------------------------------------------------------------------------------------------


def store_ids(session: Session, allowed: Allowed) -> list[int]:
    """The stores that the caller may see."""
    return list(session.scalars(select(Store.id).where(*_mine(Store.id, allowed)).order_by(Store.id)))


def stores(session: Session, allowed: Allowed) -> list[dict[str, Any]]:
    """The stores, oldest first."""
    return [_store(row) for row in session.scalars(select(Store).where(*_mine(Store.id, allowed)).order_by(Store.id))]


def store(session: Session, store_id: int) -> dict[str, Any]:
    """One store; its credentials are never read back. Raises NotFound."""
    row = session.get(Store, store_id)
    if row is None:
        raise NotFound(f"There is no store {store_id}.")
    return _store(row)


def _store(row: Store) -> dict[str, Any]:
    marketplace = MARKETPLACES[row.marketplace_id]
    return {
        "id": row.id,
        "name": row.name,
        "seller_id": row.seller_id,
        "marketplace": {
            "id": row.marketplace_id,
            "code": marketplace.code,
            "country": marketplace.country,
            "currency": marketplace.currency,
        },
        "commerce_url": row.commerce_url,
        "commerce_admin_url": row.commerce_admin_url,
        "website_code": row.website_code,
        "active": row.active,
        "integration_time": moment(row.integration_time),
        "created_at": moment(row.created_at),
        "updated_at": moment(row.updated_at),
    }


def product_matches(session: Session, store_id: int, page: int, page_size: int) -> dict[str, Any]:
    """The store's product matches, newest first."""
    query = select(ProductMatch).where(ProductMatch.store_id == store_id).order_by(ProductMatch.id.desc())
    return paged(session, query, page, page_size, product_match)


def product_match(row: ProductMatch) -> dict[str, Any]:
    """A product match as the API shows it."""
    return {
        "id": row.id,
        "seller_sku": row.seller_sku,
        "asin": row.asin,
        "commerce_sku": row.commerce_sku,
        "quantity": row.quantity,
        "created_at": moment(row.created_at),
    }


def dashboard(session: Session, store_id: int, days: int, now: datetime) -> dict[str, Any]:
    """How the store does: sales so far, revenue of the last `days` days (UTC, with today) against the days before.

    Neither counts what is canceled, nor what cannot be imported, for as long as it cannot.
    """
    held = store(session, store_id)
    currency = held["marketplace"]["currency"]
    today = datetime.combine(now.astimezone(UTC).date(), time(), UTC)
    begin, before = today - timedelta(days=days - 1), today - timedelta(days=2 * days - 1)
    standing = and_(Order.amazon_status != AmazonStatus.CANCELED, Order.status != ShownStatus.ERROR.value)
    sold = and_(Order.store_id == store_id, standing, Order.currency == currency)
    lifetime = _sum(session, sold)
    revenue = _sum(session, and_(sold, Order.purchase_date >= begin))
    previous = _sum(session, and_(sold, Order.purchase_date >= before, Order.purchase_date < begin))
    day = func.date(Order.purchase_date)
    by_day = {
        str(when): int(amount or 0)
        for when, amount in session.execute(
            select(day, func.sum(Order.grand_total_minor)).where(sold, Order.purchase_date >= begin).group_by(day)
        )
    }
    counted = select(Order.status, func.count()).where(Order.store_id == store_id).group_by(Order.status)
    recent = select(Order.id).where(Order.store_id == store_id).order_by(Order.purchase_date.desc(), Order.id.desc())
    dates = [(begin + timedelta(days=n)).date().isoformat() for n in range(days)]
    seller_central = MARKETPLACES[held["marketplace"]["id"]].seller_central
    return {
        "store": held,
        "days": days,
        "lifetime_sales": money(lifetime, currency),
        "revenue": money(revenue, currency),
        "previous_revenue": money(previous, currency),
        "change_percent": _change(previous, revenue),
        "revenue_by_day": [{"date": d, "revenue": money(by_day.get(d, 0), currency)} for d in dates],
        **_overdue_orders(session, store_id, now),
        "orders_by_status": [
            {"status": word, "count": n} for word, n in session.execute(counted.order_by(Order.status))
        ],
        "recent_orders": order_items(session.connection(), list(session.scalars(recent.limit(_RECENT)))),
        "seller_central_links": [
            {"label": label, "url": f"https://{seller_central}{path}"} for label, path in _SELLER_CENTRAL
        ],
    }


def _overdue_orders(session: Session, store_id: int, now: datetime) -> dict[str, Any]:
    """How many orders of the store are overdue (see _overdue), and the longest overdue of them."""
    late = (Order.store_id == store_id, Order.channel == Channel.FBM, Order.ship_by <= now)
    shown = select(Order.ship_by, Order.id, Order.amazon_order_id, Order.status)
    # What is not shipped is shown as one of three words, by which an index finds it among all that is.
    waits = Order.amazon_status.in_((AmazonStatus.UNSHIPPED, AmazonStatus.PARTIALLY_SHIPPED))
    words = (ShownStatus.UNSHIPPED, ShownStatus.PARTIALLY_SHIPPED, ShownStatus.ERROR)
    untold = (
        OutgoingChange.store_id == store_id,
        OutgoingChange.kind == "confirm_shipment",
        OutgoingChange.state.in_(("pending", "sent")),
        Order.amazon_status == AmazonStatus.SHIPPED,
    )
    rows = session.execute(shown.where(*late, waits, Order.status.in_([word.value for word in words]))).all()
    told = shown.join(OutgoingChange, OutgoingChange.order_id == Order.id).where(*late, *untold).distinct()
    found = sorted(tuple(row) for row in (*rows, *session.execute(told)))
    return {
        "overdue_count": len(found),
        "overdue_orders": [
            {"id": order_id, "amazon_order_id": number, "status": status, "ship_by": moment(ship_by)}
            for ship_by, order_id, number, status in found[:_RECENT]
        ],
    }


_SELLER_CENTRAL = (
    ("Seller Central", "/home"),
    ("Manage orders", "/orders-v3"),
    ("Manage returns", "/gp/returns/list"),
    ("Performance notifications", "/performance/notifications"),
)


def _sum(session: Session, where: ColumnElement[bool]) -> int:
    return int(session.execute(select(func.sum(Order.grand_total_minor)).where(where)).scalar_one() or 0)


def _change(previous: int, present: int) -> str | None:
    """In per cent with one decimal, as a string; None when there was nothing to compare with."""
    if not previous:
        return None
    change = Decimal(present - previous) * 100 / previous
    return str(change.quantize(Decimal("0.1"), ROUND_HALF_UP))


def system_messages(session: Session, allowed: Allowed) -> list[dict[str, Any]]:
    """What the merchant must be told: one message while any order of an active store is blocked, and one while Amazon
    has shown any that cannot be read, which stands in no list.
    """
    return [*_blocked_message(session, allowed), *_unreadable_message(session, allowed)]


def _blocked_message(session: Session, allowed: Allowed) -> list[dict[str, Any]]:
    blocked = select(Order.id).where(Order.store_id == Store.id, Order.import_state == ImportState.BLOCKED).exists()
    query = select(Store.id, Store.name).where(Store.active, blocked, *_mine(Store.id, allowed)).order_by(Store.id)
    concerned = session.execute(query).all()
    if not concerned:
        return []
    text = SYSTEM_MESSAGE.format(stores=", ".join(name for _, name in concerned))
    return [{"code": "orders_blocked", "severity": "error", "text": text, "store_ids": [i for i, _ in concerned]}]


def _unreadable_message(session: Session, allowed: Allowed) -> list[dict[str, Any]]:
    query = (
        select(Store.id, Store.name, func.count())
        .join(UnreadableOrder, UnreadableOrder.store_id == Store.id)
        .where(Store.active, *_mine(Store.id, allowed))
        .group_by(Store.id, Store.name)
    )
    concerned = session.execute(query.order_by(Store.id)).all()
    if not concerned:
        return []
    text = UNREADABLE_MESSAGE.format(stores=", ".join(f"{name} ({count})" for _, name, count in concerned))
    ids = [store_id for store_id, _, _ in concerned]
    return [{"code": "orders_unreadable", "severity": "error", "text": text, "store_ids": ids}]


# -- one order ---------------------------------------------------------------------------------------------------------


def find_order(session: Session, order_id: int, allowed: Allowed) -> Order:
    """The order, if the caller may see it. Raises NotFound."""
    order = session.get(Order, order_id)
    if order is None or (allowed is not None and order.store_id not in allowed):
        raise NotFound(f"There is no order {order_id}.")
    return order


def order_detail(session: Session, order_id: int, allowed: Allowed, now: datetime) -> dict[str, Any]:
    """Everything that is known of an order; its newest events only. Raises NotFound."""
    order = find_order(session, order_id, allowed)
    (item,) = order_items(session.connection(), [order_id])
    personal = order.personal
    outgoing = _outgoing(session, order_id)
    return item | {
        "lines": [_line(line, order.currency) for line in order.lines],
        "amounts": _amounts(order),
        "blockers": [
            {"code": b.code, "message": b.message, "fix": b.fix, "where": BLOCKER_CODES[b.code].where,
             "amazon_item_id": b.amazon_item_id, "sku": b.sku}
            for b in (order.blockers if order.status == ShownStatus.ERROR else ())
        ],
        "shipping_address": shipping_address(order),
        "shipping_address_edited": bool(personal and personal.address_edited),
        "buyer_email": personal.buyer_email if personal else None,
        "buyer_company": personal.buyer_company if personal else None,
        "buyer_tax_id": (personal.address or {}).get("tax_id") if personal else None,
        "purchase_order_number": personal.purchase_order_number if personal else None,
        "delivery_instructions": (personal.address or {}).get("instructions") if personal else None,
        "buyer_cancel_requested_at": moment(order.buyer_cancel_requested_at),
        "buyer_cancel_reason": personal.buyer_cancel_reason if personal else None,
        "personal_data_deleted_at": moment(personal.purged_at) if personal else None,
        "service_level": order.service_level,
        "ship_by": moment(order.ship_by),
        "overdue": _overdue(order, outgoing, now),
        "deliver_by": moment(order.deliver_by),
        "replaces": order.replaces,
        "payment_methods": order.payment_methods,
        "fulfillment_orders": order.fulfillment_orders,
        "tax_collected_by_amazon": order.tax_collected_by_amazon,
        "imported_at": moment(order.imported_at),
        "attempts": order.attempts,
        "next_attempt_at": moment(order.due_at) if order.import_state is ImportState.READY else None,
        "created_at": moment(order.created_at),
        "updated_at": moment(order.updated_at),
        "shipments": order_shipments(session, order),
        "outgoing": outgoing,
        "events": order_events(session, order_id, 1, _RECENT)["items"],
    }  # fmt: skip


def shipping_address(order: Order) -> dict[str, Any] | None:
    """Where the parcel goes: as the merchant wrote it, else as Amazon sent it."""
    address = order.personal.ship_to if order.personal else None
    parts = ("name", "company", "lines", "city", "county", "region", "postcode", "country", "phone")
    return {part: address.get(part) for part in parts} if address else None


def _overdue(order: Order, outgoing: list[dict[str, Any]], now: datetime) -> bool:
    """Whether Amazon's last moment of shipping has passed and Amazon does not know of everything as shipped."""
    if order.channel is not Channel.FBM or order.ship_by is None or order.ship_by > now:
        return False
    if order.amazon_status in (AmazonStatus.UNSHIPPED, AmazonStatus.PARTIALLY_SHIPPED):
        return True
    shown = order.amazon_status is AmazonStatus.SHIPPED
    return shown and any(c["kind"] == "confirm_shipment" and c["state"] in {"pending", "sent"} for c in outgoing)


def _line(line: OrderLine, currency: str | None) -> dict[str, Any]:
    return {
        "amazon_item_id": line.amazon_item_id,
        "sku": line.sku,
        "asin": line.asin,
        "title": line.title,
        "quantity": line.quantity,
        "quantity_shipped": line.quantity_shipped,
        "quantity_unshipped": line.quantity_unshipped,
        "commerce_sku": line.commerce_sku,
        "amounts": _figures(LineAmounts(**line.amounts), currency) if line.amounts and currency else None,
        "gift_message": (line.details or {}).get("gift_message"),
        "gift_wrap_level": (line.details or {}).get("gift_wrap_level"),
        "customized_url": (line.details or {}).get("customized_url"),
        "shipping_needs": (line.details or {}).get("shipping_needs"),
        "promotions": (line.details or {}).get("promotions"),
        "ioss_number": (line.details or {}).get("ioss_number"),
    }


def _figures(amounts: LineAmounts, currency: str) -> dict[str, str]:
    """Each figure of the line as a decimal string of `currency`; all but the taxes are net of tax."""
    return {"currency": currency} | {name: to_text(value, currency) for name, value in asdict(amounts).items()}


def _amounts(order: Order) -> dict[str, str] | None:
    """The same figures summed over the lines, with the tip; None while Amazon has sent none."""
    if order.currency is None or order.grand_total_minor is None:
        return None
    held = [LineAmounts(**line.amounts) for line in order.lines if line.amounts]
    summed = LineAmounts(**{f.name: sum(getattr(a, f.name) for a in held) for f in fields(LineAmounts)})
    shown = _figures(summed, order.currency)
    shown["tip"] = to_text(order.tip_minor, order.currency)
    shown["total"] = to_text(order.grand_total_minor, order.currency)
    return shown


def order_events(session: Session, order_id: int, page: int, page_size: int) -> dict[str, Any]:
    """What happened to the order, newest first."""
    query = select(OrderEvent).where(OrderEvent.order_id == order_id).order_by(OrderEvent.id.desc())
    return paged(
        session, query, page, page_size,
        lambda e: {"id": e.id, "at": moment(e.at), "kind": e.kind, "old": e.old, "new": e.new, "message": e.message},
    )  # fmt: skip


def order_shipments(session: Session, order: Order) -> dict[str, Any]:
    """Shipments made in Commerce, and the parcels that Amazon shows."""
    query = select(Shipment).where(Shipment.order_id == order.id).order_by(Shipment.id)
    return {
        "items": [
            {
                "commerce_shipment_id": row.commerce_shipment_id,
                "shipped_at": moment(row.shipped_at),
                "items": _quantities(row.items),
                "tracks": row.tracks,
            }
            for row in session.scalars(query)
        ],
        "amazon_packages": [
            {
                "reference": package["reference"],
                "carrier": package.get("carrier"),
                "tracking_number": package.get("tracking_number"),
                "status": package.get("status"),
                "items": _quantities(package.get("items") or []),
            }
            for package in order.packages or []
        ],
    }


def _quantities(pairs: list[list[Any]]) -> list[dict[str, Any]]:
    return [{"amazon_item_id": item_id, "quantity": quantity} for item_id, quantity in pairs]


def _outgoing(session: Session, order_id: int) -> list[dict[str, Any]]:
    query = select(OutgoingChange).where(OutgoingChange.order_id == order_id).order_by(OutgoingChange.id)
    return [
        {
            "kind": row.kind,
            "reference": row.reference,
            "state": row.state,
            "attempts": row.attempts,
            "next_attempt_at": moment(row.due_at) if row.state == "pending" else None,
            "last_error": row.last_error,
            "created_at": moment(row.created_at),
            "sent_at": moment(row.sent_at),
            "done_at": moment(row.done_at),
        }
        for row in session.scalars(query)
    ]


# -- what ran and what failed ------------------------------------------------------------------------------------------


def communication_errors(
    session: Session, allowed: Allowed, page: int, page_size: int, *, system: str | None = None
) -> dict[str, Any]:
    """Failed calls to Amazon and Commerce, newest first."""
    where = _mine(CommunicationError.store_id, allowed)
    if system is not None:
        where.append(CommunicationError.system == system)
    query = select(CommunicationError).where(*where).order_by(CommunicationError.id.desc())
    return paged(
        session, query, page, page_size,
        lambda e: {
            "id": e.id, "store_id": e.store_id, "at": moment(e.at), "system": e.system, "operation": e.operation,
            "status": e.status, "code": e.code, "message": e.message, "request_id": e.request_id,
        },
    )  # fmt: skip


def job_runs(
    session: Session, allowed: Allowed, page: int, page_size: int, *, job: str | None = None, state: str | None = None
) -> dict[str, Any]:
    """The jobs' runs, newest first."""
    where = _mine(JobRun.store_id, allowed)
    where += [JobRun.job == job] if job is not None else []
    where += [JobRun.state == state] if state is not None else []
    return paged(session, select(JobRun).where(*where).order_by(JobRun.id.desc()), page, page_size, _job_run)


def job_run(session: Session, run_id: int, allowed: Allowed) -> dict[str, Any]:
    """One run. Raises NotFound."""
    row = session.get(JobRun, run_id)
    if row is None or (allowed is not None and row.store_id not in allowed):
        raise NotFound(f"There is no job run {run_id}.")
    return _job_run(row)


def last_runs(session: Session, allowed: Allowed) -> dict[str, dict[str, Any]]:
    """Each job's newest run, by the job's name."""
    newest = select(func.max(JobRun.id)).where(*_mine(JobRun.store_id, allowed)).group_by(JobRun.job)
    return {row.job: _job_run(row) for row in session.scalars(select(JobRun).where(JobRun.id.in_(newest)))}


def _job_run(row: JobRun) -> dict[str, Any]:
    return {
        "id": row.id,
        "job": row.job,
        "store_id": row.store_id,
        "trigger": row.trigger,
        "state": row.state,
        "started_at": moment(row.started_at),
        "finished_at": moment(row.finished_at),
        "result": row.result,
        "error": row.error,
    }
