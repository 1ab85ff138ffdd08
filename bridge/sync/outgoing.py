"""What must reach the other side, kept until the other side's own data shows it."""

from __future__ import annotations

import random
from collections.abc import Callable, Collection
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import selectinload

from bridge import claims, store
from bridge.domain.order import AmazonStatus, Channel, plain_tracking
from bridge.domain.retry import Policy, next_delay
from bridge.domain.states import ImportState
from bridge.errors import RemoteError, Verdict
from bridge.models import Order, OutgoingChange
from bridge.sync.connect import Link

CANCEL_AMAZON = "cancel_amazon"  # to Amazon: the merchant cancels the order
CONFIRM_SHIPMENT = "confirm_shipment"  # to Amazon: one package of a Commerce shipment
HOLD_COMMERCE = "hold_commerce"  # to Commerce: the buyer asks to cancel
CANCEL_COMMERCE = "cancel_commerce"  # to Commerce: Amazon has cancelled the order
INVOICE_COMMERCE = "invoice_commerce"  # to Commerce: the order is to be invoiced at import
COMPLETE_COMMERCE = "complete_commerce"  # to Commerce: everything is shipped
TO_COMMERCE = (HOLD_COMMERCE, CANCEL_COMMERCE, INVOICE_COMMERCE, COMPLETE_COMMERCE)

NO_TRACKING = "none"  # what Amazon, who wants a tracking number, is told of a package that has none
CLAIM = timedelta(minutes=5)  # longer than any one call with its time-outs
UNSEEN = timedelta(days=1)  # after which what Amazon took and does not show is sent once more
POLICY = Policy()


def follow_up(order: Order, now: datetime) -> None:
    """Keep what Commerce must be told of an order that exists there, now that Amazon shows what it shows."""
    if order.import_state not in (ImportState.IMPORTED, ImportState.RESERVED):
        return
    if order.amazon_status is AmazonStatus.CANCELED:
        store.enqueue(order, CANCEL_COMMERCE, now)
    elif order.import_state is ImportState.RESERVED:
        return  # it is told the rest once it has Amazon's figures
    elif order.amazon_status is AmazonStatus.SHIPPED:
        store.enqueue(order, COMPLETE_COMMERCE, now)
    elif order.buyer_cancel_requested_at is not None and order.channel is Channel.FBM:
        store.enqueue(order, HOLD_COMMERCE, now)


def seen_on_amazon(order: Order, now: datetime) -> None:
    """Close what Amazon itself now shows: packages that we confirmed, a cancellation that we asked for."""
    if order.channel is Channel.FBA:  # Amazon's own to ship: nothing of it is ours to confirm or to cancel
        return
    _see_cancellation(order, now)
    if not order.packages:
        return
    changes = [change for change in order.changes if change.kind == CONFIRM_SHIPMENT]
    shown = {p["reference"]: p for p in order.packages}
    # The merchant may have confirmed a parcel in Seller Central, which gives it a number of its own.
    others = [shown[reference] for reference in shown.keys() - {change.reference for change in changes}]
    for change in changes:
        if change.state == "done" or (change.state != "sent" and (change.sent_at or not change.attempts)):
            continue  # changed since it was sent: what Amazon shows under that number is the former state
        own = shown.get(change.reference)
        if (own and _same_tracking(own, change)) or any(_is_same_parcel(package, change) for package in others):
            close(change, now)
            tracking = change.payload.get("tracking_number") or NO_TRACKING
            order.note(now, "shipment_confirmed", f"Amazon shows package {change.reference}, tracking {tracking}.")


def _same_tracking(package: dict[str, Any], change: OutgoingChange) -> bool:
    told = change.payload.get("tracking_number") or NO_TRACKING
    return plain_tracking(package.get("tracking_number")) == plain_tracking(told)


def _is_same_parcel(package: dict[str, Any], change: OutgoingChange) -> bool:
    """Whether a package of another number has the confirmation's tracking number, and all that it says is inside."""
    held = dict(package.get("items") or ())
    whole = all(held.get(item_id, 0) >= quantity for item_id, quantity in change.payload["items"])
    return whole and bool(change.payload.get("tracking_number")) and _same_tracking(package, change)


def _see_cancellation(order: Order, now: datetime) -> None:
    if order.amazon_status in (AmazonStatus.PENDING, AmazonStatus.UNSHIPPED):
        return
    for change in order.changes:
        if change.kind != CANCEL_AMAZON or change.state == "done":
            continue
        if order.amazon_status is AmazonStatus.CANCELED:
            close(change, now)
        elif change.state != "refused":
            change.state, change.last_error = "refused", f"The order is {order.amazon_status} on Amazon."
            order.note(now, "refused", f"Not canceled: the order is {order.amazon_status} on Amazon.")


def close(change: OutgoingChange, now: datetime) -> None:
    """The other side shows it."""
    change.state = "done"
    change.done_at = now
    change.last_error = None


def send_again(link: Link, kind: str) -> None:
    """Have sent once more what Amazon took a day ago and still does not show: it was lost there, for all we know.

    Doing it twice does no harm: the same package is edited, and a cancelled order stays cancelled. The longer it goes
    on the more rarely it is done, down to once a week.
    """
    now = link.now()
    lost = (
        OutgoingChange.store_id == link.store_id,
        OutgoingChange.kind == kind,
        OutgoingChange.state == "sent",
        OutgoingChange.sent_at <= now - UNSEEN,
    )
    with link.db.session() as session:
        query = select(OutgoingChange).where(*lost).options(selectinload(OutgoingChange.order))
        for change in session.scalars(query).all():
            if change.sent_at is None or change.sent_at > now - UNSEEN * min(change.attempts, 7):
                continue
            change.state, change.due_at, change.sent_at = "pending", now, None
            change.order.note(now, "not_shown", f"{_NAMES[kind]} was taken and is not shown: it is sent again.")


def work_off(
    link: Link,
    kinds: tuple[str, ...],
    send: Callable[[int], str],
    *,
    limit: int = 500,
    only: Collection[int] | None = None,
) -> dict[str, int]:
    """Claim the due changes of these kinds (of them `only` these ids) and send each; what came of them, counted.

    `send` takes the change's id, calls the other side, records the outcome in a transaction of its own and names it. A
    call that fails is put off by the retry policy (or refused for good) and logged; it never stops the others, except
    when every further call would fail as well (Verdict.REAUTHORISE, or no quota left).
    """
    counts: dict[str, int] = {}
    with link.db.reading() as session:
        due = claims.due_changes(session, link.store_id, kinds, link.now(), limit)
    if only is not None:
        due = [change_id for change_id in due if change_id in only]
    for change_id in due:
        with link.db.session() as session:
            if not claims.claim_change(session, change_id, link.now(), link.now() + CLAIM):
                continue
        try:
            outcome = send(change_id)
        except RemoteError as error:
            outcome = _put_off(link, change_id, error)
            if error.verdict is Verdict.REAUTHORISE or error.code == "QuotaWait":
                raise
        counts[outcome] = counts.get(outcome, 0) + 1
    return counts


def _put_off(link: Link, change_id: int, error: RemoteError) -> str:
    now = link.now()
    with link.db.session() as session:
        change = session.get_one(OutgoingChange, change_id)
        change.last_error = str(error)[:500]
        if error.code == "QuotaWait":  # we did not ask: no failure, and not worth a line in the log
            change.attempts -= 1
            change.due_at = now + timedelta(seconds=error.retry_after or 1)
            return "waiting"
        store.record_remote_error(session, link.store_id, error, now)
        order = session.get_one(Order, change.order_id)
        if error.permanent:
            change.state = "refused"
            order.note(now, "refused", f"{_NAMES[change.kind]} was refused: {error.message}")
            return "refused"
        pause = next_delay(change.attempts, POLICY, retry_after=error.retry_after, rng=random.SystemRandom())
        change.due_at = now + timedelta(seconds=pause)
        if change.attempts == 1:
            order.note(now, "put_off", f"{_NAMES[change.kind]} has to be tried again: {error.message}")
        return "put_off"


_NAMES = {
    CANCEL_AMAZON: "The cancellation on Amazon",
    CONFIRM_SHIPMENT: "The shipment confirmation to Amazon",
    HOLD_COMMERCE: "Putting the Commerce order on hold",
    CANCEL_COMMERCE: "Cancelling the Commerce order",
    INVOICE_COMMERCE: "Invoicing the Commerce order",
    COMPLETE_COMMERCE: "Completing the Commerce order",
}
