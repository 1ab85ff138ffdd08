"""The merchant cancels an order on Amazon: asked for by a feed, and done once Amazon itself shows it.

All cancellations that are due travel in one feed, because Amazon lets us queue only one feed in two minutes
(amazon-sp-api 2.3, 2.5). A feed that is done may still have refused an order: its report says so, and why.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from bridge import claims, store, trail
from bridge.amazon.client import GET_FEED_DOCUMENT
from bridge.amazon.feeds import (
    FLAT_CANCELLATIONS,
    Cancellation,
    FeedError,
    flat_cancellations,
    read_report,
)
from bridge.amazon.words import CANCEL_REASONS
from bridge.domain.order import AmazonStatus, Channel
from bridge.domain.retry import Policy, next_delay
from bridge.errors import Conflict, InvalidInput, RemoteError, Verdict
from bridge.models import Order, OutgoingChange
from bridge.sync.connect import Link
from bridge.sync.outgoing import CANCEL_AMAZON, CLAIM, send_again, work_off

LOOK_AGAIN = timedelta(minutes=1)  # how soon a feed that is not done is looked at again
LOOK_LATER = timedelta(hours=1)  # and one that is done, until the order itself shows what came of it
POLICY = Policy(first=120)
BATCH = 200


def request_cancel(order: Order, now: datetime, *, reason: str) -> None:
    """Keep the wish to cancel the order on Amazon; the next confirm job sends it.

    reason: one of Amazon's CANCEL_REASONS. Raises InvalidInput for another one, Conflict (not_cancelable,
    cancellation_requested) when the order is not the merchant's to cancel.
    """
    if reason not in CANCEL_REASONS:
        raise InvalidInput("Amazon does not know that reason.", {"reason": [f"Must be one of: {_REASONS}."]})
    if order.channel is not Channel.FBM or order.amazon_status is not AmazonStatus.UNSHIPPED:
        raise Conflict("Only an unshipped order that you ship yourself can be canceled.", "not_cancelable")
    if order.shipments:
        raise Conflict("The order is shipped in Commerce; Amazon is being told.", "not_cancelable")
    held = next((change for change in order.changes if change.kind == CANCEL_AMAZON), None)
    if held is not None and held.state != "refused":
        raise Conflict("The cancellation was asked for already.", "cancellation_requested")
    if held is None:
        store.enqueue(order, CANCEL_AMAZON, now, payload={"reason": reason})
    else:
        held.payload, held.state, held.attempts, held.due_at = {"reason": reason}, "pending", 0, now
    order.note(now, "cancel_requested", f"To be canceled on Amazon: {reason}.", new=reason)
    trail.record_order(order, "order.cancel_requested", after={"reason": reason})


_REASONS = ", ".join(CANCEL_REASONS)


def cancel_on_amazon(link: Link) -> dict[str, int]:
    """Read the reports of feeds that were sent, then send what is due; what was done, counted. Raises RemoteError.

    A feed that cannot be read never holds up what is still to be sent.
    """
    done: Counter[str] = Counter()
    for feed_id in _open_feeds(link):
        try:
            done += _read_feed(link, feed_id)
        except RemoteError as error:
            if error.verdict is Verdict.REAUTHORISE:
                raise
            _put_off_feed(link, feed_id, error)
    send_again(link, CANCEL_AMAZON)
    _leave_shipped(link)
    if link.cancels_by_operation:
        with link.db.reading() as session:
            direct = [c.id for c in _changes(session, link, "pending") if c.payload["reason"] in _OPERATION_REASONS]
        done.update(work_off(link, (CANCEL_AMAZON,), partial(_ask_directly, link), only=direct))
    done += _send(link)
    return dict(done)


def _leave_shipped(link: Link) -> None:
    """What was shipped in Commerce since its cancellation was asked for is shipped, and not canceled as well.

    Whatever Amazon knows of the parcel: the money that it pays back would be lost.
    """
    with link.db.session() as session:
        for change in _changes(session, link, "pending"):
            if change.order.shipments:
                change.state, change.last_error = "refused", "The order is shipped in Commerce."
                change.order.note(link.now(), "refused", "Not canceled: shipped in Commerce meanwhile.")


def _changes(session: Session, link: Link, state: str) -> Sequence[OutgoingChange]:
    where = (
        OutgoingChange.store_id == link.store_id,
        OutgoingChange.kind == CANCEL_AMAZON,
        OutgoingChange.state == state,
        OutgoingChange.due_at <= link.now(),
    )
    query = select(OutgoingChange).where(*where).order_by(OutgoingChange.id).limit(BATCH)
    return session.scalars(query.options(selectinload(OutgoingChange.order).selectinload(Order.shipments))).all()


def _open_feeds(link: Link) -> list[str]:
    with link.db.reading() as session:
        sent = _changes(session, link, "sent")
        return sorted({change.payload["feed_id"] for change in sent if "feed_id" in change.payload})


def _read_feed(link: Link, feed_id: str) -> Counter[str]:
    """What Amazon says of a feed: refusals are told to the merchant, the rest waits for the order itself to show it."""
    done: Counter[str] = Counter()
    status = link.amazon.get_feed(feed_id)
    refusals: Sequence[FeedError] = ()
    if status.processing_status == "DONE" and status.result_document_id:
        refusals = _refusals(link.amazon.get_feed_document(status.result_document_id))
    now = link.now()
    with link.db.session() as session:
        for change in _of_feed(session, link, feed_id):
            refusal = next((each for each in refusals if _concerns(each, change)), None)
            if refusal is not None:
                change.state, change.last_error = "refused", f"{refusal.description} ({refusal.code})"[:500]
                change.order.note(now, "refused", f"Amazon refuses to cancel the order: {change.last_error}")
                done["refused"] += 1
            elif status.ended and status.processing_status != "DONE":
                change.state, change.due_at = "pending", now + _pause(change.attempts)
                done["feed_failed"] += 1
            else:
                # Done by the report, or still being worked on: the order will show it.
                change.due_at = now + (LOOK_LATER if status.ended else LOOK_AGAIN)
    return done


def _refusals(report: bytes) -> Sequence[FeedError]:
    try:
        return read_report(FLAT_CANCELLATIONS, report).errors
    except ValueError as error:
        message = f"The processing report of the cancellations cannot be read: {error}."
        raise GET_FEED_DOCUMENT.failed(message, status=200, code="UnreadableReport") from error


def _concerns(refusal: FeedError, change: OutgoingChange) -> bool:
    """Whether it is about this order; a report that names no order has at least the number of its row."""
    if refusal.order_id:
        return refusal.order_id == change.order.amazon_order_id
    return bool(refusal.message_number == change.payload.get("row"))


def _of_feed(session: Session, link: Link, feed_id: str) -> list[OutgoingChange]:
    return [change for change in _changes(session, link, "sent") if change.payload.get("feed_id") == feed_id]


def _put_off_feed(link: Link, feed_id: str, error: RemoteError) -> None:
    """A feed that Amazon no longer knows is sent anew, one that cannot be read now is read later."""
    now = link.now()
    with link.db.session() as session:
        if error.code != "QuotaWait":  # then Amazon was not asked
            store.record_remote_error(session, link.store_id, error, now)
        for change in _of_feed(session, link, feed_id):
            if error.permanent:
                change.state = "pending"
            pause = LOOK_LATER if error.code == "UnreadableReport" else _pause(change.attempts)
            change.due_at = now + max(pause, timedelta(seconds=error.retry_after or 0))


# What cancelOrder calls the reasons; those that it does not know go by feed.
_OPERATION_REASONS = {
    "NoInventory": "NO_INVENTORY",
    "BuyerCanceled": "BUYER_CANCELLED",
    "ShippingAddressUndeliverable": "SHIPPING_ADDRESS_UNDELIVERABLE",
    "CustomerExchange": "CUSTOMER_EXCHANGE",
}


def _ask_directly(link: Link, change_id: int) -> str:
    """Cancel one order by cancelOrder; only where Link.cancels_by_operation says that Amazon has it."""
    with link.db.reading() as session:
        change = session.get_one(OutgoingChange, change_id)
        number = session.get_one(Order, change.order_id).amazon_order_id
    link.amazon.cancel_order(number, _OPERATION_REASONS[change.payload["reason"]])
    with link.db.session() as session:
        change = session.get_one(OutgoingChange, change_id)
        change.state, change.sent_at, change.last_error = "sent", link.now(), None
        session.get_one(Order, change.order_id).note(link.now(), "cancel_sent", "Cancellation sent to Amazon.")
    return "cancellations_sent"


def _send(link: Link) -> Counter[str]:
    with link.db.session() as session:
        due = [c.id for c in _changes(session, link, "pending")]
        mine = [i for i in due if claims.claim_change(session, i, link.now(), link.now() + CLAIM)]
    if not mine:
        return Counter()
    with link.db.reading() as session:
        wanted = [
            Cancellation(session.get_one(Order, change.order_id).amazon_order_id, change.payload["reason"])
            for change in (session.get_one(OutgoingChange, i) for i in mine)
        ]
    try:
        feed_id = link.amazon.submit_feed(flat_cancellations(wanted), [link.marketplace_id])
    except RemoteError as error:
        _put_off(link, mine, error)
        raise
    now = link.now()
    with link.db.session() as session:
        for row, change_id in enumerate(mine, start=1):
            change = session.get_one(OutgoingChange, change_id)
            change.payload = change.payload | {"feed_id": feed_id, "row": row}
            change.state, change.sent_at, change.due_at, change.last_error = "sent", now, now + LOOK_AGAIN, None
            session.get_one(Order, change.order_id).note(now, "cancel_sent", "Cancellation sent to Amazon.")
    return Counter({"cancellations_sent": len(mine)})


def _put_off(link: Link, change_ids: Sequence[int], error: RemoteError) -> None:
    with link.db.session() as session:
        for change_id in change_ids:
            change = session.get_one(OutgoingChange, change_id)
            change.due_at = link.now() + max(_pause(change.attempts), timedelta(seconds=error.retry_after or 0))
            change.last_error = str(error)[:500]


def _pause(attempt: int) -> timedelta:
    return timedelta(seconds=next_delay(attempt, POLICY, rng=random.SystemRandom()))
