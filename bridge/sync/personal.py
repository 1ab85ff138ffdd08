"""Personal data goes when it is no longer needed: so many days after delivery (global setting personal_data_days).

Amazon lets an application keep what tells who the buyer is for at most 30 days after delivery, longer only where the
law demands it (amazon-sp-api 5, R1). What is left of an order are its figures, its lines and its history.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import delete, insert, or_, select, update
from sqlalchemy.orm import Session

from bridge import store
from bridge.db import Database
from bridge.domain.order import AmazonStatus
from bridge.domain.states import ENDED, ImportState
from bridge.models import BuyerWord, Order, OrderEvent, OrderLine, OrderPersonalData

BATCH = 500  # orders in a transaction
_GONE = {
    "buyer_name": None,
    "buyer_sort": "",
    "buyer_email": None,
    "buyer_company": None,
    "purchase_order_number": None,
    "address": None,
    "address_edited": None,
    "buyer_cancel_reason": None,
}


def purge_personal_data(db: Database, now: datetime) -> int:
    """Delete the personal data of orders that are over and were delivered long enough ago; how many orders.

    Amazon tells no day of delivery for most orders: the last promised day counts, or the last change if that is later.
    An order that is still to be imported or shipped keeps its address.
    """
    purged = after = 0
    while True:
        with db.session() as session:
            kept_since = now - timedelta(days=store.global_settings(session).personal_data_days)
            ids = _expired(session, kept_since, after)
            if not ids:
                return purged
            _purge(session, ids, now)
        purged, after = purged + len(ids), ids[-1]


def _expired(session: Session, kept_since: datetime, after: int) -> list[int]:
    over = or_(Order.import_state.in_((*ENDED, ImportState.VIEW_ONLY)), Order.amazon_status == AmazonStatus.CANCELED)
    query = (
        select(Order.id)
        .join(OrderPersonalData, OrderPersonalData.order_id == Order.id)
        .where(Order.id > after, OrderPersonalData.purged_at.is_(None), over)
        .where(Order.last_update_date < kept_since)
        .where(or_(Order.deliver_by.is_(None), Order.deliver_by < kept_since))
    )
    return list(session.scalars(query.order_by(Order.id).limit(BATCH)))


def _purge(session: Session, ids: Sequence[int], now: datetime) -> None:
    unloaded = {"synchronize_session": False}
    personal = update(OrderPersonalData).where(OrderPersonalData.order_id.in_(ids))
    session.execute(personal.values(**_GONE, purged_at=now), execution_options=unloaded)
    session.execute(delete(BuyerWord).where(BuyerWord.order_id.in_(ids)), execution_options=unloaded)
    # gift messages and addresses of customizations
    lines = update(OrderLine).where(OrderLine.order_id.in_(ids)).values(details=None)
    session.execute(lines, execution_options=unloaded)
    message = "The buyer's personal data was deleted."
    session.execute(
        insert(OrderEvent), [{"order_id": i, "at": now, "kind": "personal_data", "message": message} for i in ids]
    )
