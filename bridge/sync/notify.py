"""ORDER_CHANGE notifications: a hint that an order changed, kept until the order has been read.

They only make things sooner. A message may be lost, doubled, late or out of order (amazon-sp-api 4), so nothing is
believed but what getOrder answers, versions are ordered by lastUpdatedTime as everywhere, and sync alone finds all.
"""

from __future__ import annotations

import math
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, CursorResult, func, select, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from bridge import store
from bridge.amazon.notifications import ORDER_CHANGE, OrderChange, Unreadable, read_order_change
from bridge.amazon.sqs import Message, Queue
from bridge.db import Database
from bridge.domain.retry import Policy, next_delay
from bridge.errors import BridgeError, RemoteError, Verdict
from bridge.models import CommunicationError, Notification, Store
from bridge.sync.connect import Links
from bridge.sync.intake import NOT_STORABLE, store_snapshots

# An order is read at most once in this time. Amazon sends several messages for one change, so some patience saves
# requests (getOrder: 30 at once, then one every 2 s); 30 s of it would make every order late. The first message of a
# quiet order waits for nothing, and those that follow share the next reading.
COALESCE = timedelta(seconds=5)
CLAIM = timedelta(minutes=2)  # longer than one getOrder with its time-outs
WAIT = 5  # seconds of one long poll: how late the end of the process may be noticed
MOST = 5000  # messages that one run takes when its time is over
AT_ONCE = 200  # orders that are read between two looks at the queue
NOT_FOUND_TRIES = 5  # an order may be announced before getOrder knows it
POLICY = Policy()
SOON = Policy(first=2, cap=30)
PENDING = Notification.state == "pending"


def listen(
    db: Database,
    links: Links,
    queue: Queue,
    now: Callable[[], datetime],
    *,
    seconds: float,
    stopping: threading.Event,
) -> dict[str, int]:
    """Take messages in and read their orders for `seconds` (0: until the queue is empty); what was done, counted.

    Ends early when `stopping` is set. Raises RemoteError when the queue cannot be read.
    """
    done = read_due(db, links, now)
    end = time.monotonic() + seconds
    while not stopping.is_set():
        left = max(0.0, end - time.monotonic())
        taken = take_in(db, queue, now, wait=math.ceil(min(WAIT, left, _until_due(db, now))))
        done += taken + read_due(db, links, now)
        if time.monotonic() >= end and (not taken["received"] or done["received"] >= MOST):
            break
    return dict(done)


def _until_due(db: Database, now: Callable[[], datetime]) -> float:
    """Seconds until an order is to be read."""
    query = select(func.min(Notification.due_at)).join(Store, Store.id == Notification.store_id)
    with db.reading() as session:
        due = session.scalar(query.where(PENDING, Store.active))
    return max(0.0, (due - now()).total_seconds()) if due else math.inf


# -- messages to rows


def take_in(db: Database, queue: Queue, now: Callable[[], datetime], *, wait: int = 0) -> Counter[str]:
    """Store one batch of messages, and only then delete them from the queue. Raises RemoteError.

    A message that cannot be used is stored as dead and shown as a communication error, and holds up none of the others.
    """
    messages = queue.receive(wait)
    if not messages:
        return Counter()
    try:
        with db.session() as session:
            done = _store(session, messages, now())
    except SQLAlchemyError:
        queue.release(messages)
        raise
    queue.delete(messages)
    return done


def _store(session: Session, messages: Sequence[Message], now: datetime) -> Counter[str]:
    done = Counter(received=len(messages))
    stores = {(row.seller_id, row.marketplace_id): row.id for row in session.scalars(select(Store))}
    rows = [_row(message, stores, now) for message in messages]
    ids = [row.notification_id for row in rows]
    known = set(session.scalars(select(Notification.notification_id).where(Notification.notification_id.in_(ids))))
    for row in rows:
        if row.notification_id in known:
            done["duplicates"] += 1
            continue
        known.add(row.notification_id)
        if row.state == "pending":
            row.due_at = _due(session, row, now)
        elif row.state == "dead":
            session.add(_complaint(row, now))
        session.add(row)
        session.flush()
        done[{"pending": "new", "done": "ignored", "dead": "dead"}[row.state]] += 1
    return done


def _row(message: Message, stores: Mapping[tuple[str, str], int], now: datetime) -> Notification:
    row = Notification(received_at=now, due_at=now, settled_at=now, state="dead", attempts=0)
    try:
        change = read_order_change(message.body)
    except Unreadable as error:
        row.notification_id = error.notification_id or f"sqs:{message.message_id}"[:128]
        row.reason = f"MalformedNotification: {error}"
        return row
    row.notification_id, row.amazon_order_id = change.notification_id, change.order_id
    row.store_id = stores.get((change.seller_id, change.marketplace_id))
    if row.store_id is not None:
        row.state, row.settled_at = "pending", None
    elif _seller_known(change, stores):
        # A subscription covers all marketplaces of the seller: those that are not connected are none of ours.
        row.state, row.reason = "done", "No store for this marketplace."
    else:
        row.reason = "UnknownSeller: no store of this seller"
    return row


def _seller_known(change: OrderChange, stores: Mapping[tuple[str, str], int]) -> bool:
    return any(seller == change.seller_id for seller, _marketplace in stores)


def _due(session: Session, row: Notification, now: datetime) -> datetime:
    """With the order's other messages that wait; COALESCE after its last reading; at once when there is neither."""
    order = (Notification.store_id == row.store_id, Notification.amazon_order_id == row.amazon_order_id)
    waiting = session.scalar(select(func.min(Notification.due_at)).where(*order, PENDING))
    if waiting is not None:
        return waiting
    read = session.scalar(select(func.max(Notification.settled_at)).where(*order, Notification.state == "done"))
    return now if read is None else max(now, read + COALESCE)


def _complaint(row: Notification, now: datetime) -> CommunicationError:
    code, _, reason = (row.reason or "").partition(": ")
    return CommunicationError(
        store_id=row.store_id, at=now, system="amazon", operation=ORDER_CHANGE, code=code[:64],
        message=f"Notification {row.notification_id}: {reason}"[:500],
    )  # fmt: skip


# -- rows to orders


def read_due(db: Database, links: Links, now: Callable[[], datetime]) -> Counter[str]:
    """Read every order whose messages are due, once for all of them, and store what is news; counted.

    What Amazon refuses is put off or given up for that order alone; a store whose quota is spent, or that Amazon does
    not answer, is left alone for now, while the others go on.
    """
    done: Counter[str] = Counter()
    left_alone: set[int] = set()
    for store_id, order_id in _due_orders(db, now()):
        if store_id in left_alone or not _claim(db, store_id, order_id, now()):
            continue
        asked_at = now()
        try:
            link = links.get(store_id)
            snapshot = link.amazon.get_order(order_id)
        except BridgeError as error:
            with db.session() as session:
                done[_put_off(session, store_id, order_id, error, now())] += 1
            if not (isinstance(error, RemoteError) and error.permanent):
                left_alone.add(store_id)
            continue
        try:
            with db.session() as session:
                done += store_snapshots(session, link, [snapshot])
                # What was received before we asked is answered; what came since is read again.
                answered = Notification.received_at <= asked_at
                _change(session, store_id, order_id, answered, state="done", settled_at=now(), reason=None)
        except NOT_STORABLE as error:
            with db.session() as session:
                _give_up(session, store_id, order_id, type(error).__name__, now())
            done["dead"] += 1
        else:
            done["read"] += 1
    return done


def _give_up(session: Session, store_id: int, order_id: str, why: str, now: datetime) -> None:
    """The database does not take the order; sync meets it too, and asks for it until it can be stored."""
    _change(session, store_id, order_id, state="dead", settled_at=now, reason=f"It cannot be stored: {why}.")
    session.add(
        CommunicationError(
            store_id=store_id, at=now, system="amazon", operation=ORDER_CHANGE, code="NotStorable",
            message=f"Order {order_id} cannot be stored: {why}.",
        )
    )  # fmt: skip


def _due_orders(db: Database, now: datetime) -> list[tuple[int, str]]:
    """(store, Amazon order) with messages that are due, the longest waiting first; active stores only."""
    query = (
        select(Notification.store_id, Notification.amazon_order_id)
        .join(Store, Store.id == Notification.store_id)
        .where(PENDING, Store.active, Notification.due_at <= now)
        .group_by(Notification.store_id, Notification.amazon_order_id)
        .order_by(func.min(Notification.due_at), func.min(Notification.id))
        .limit(AT_ONCE)
    )
    with db.reading() as session:
        return [(store_id, order_id) for store_id, order_id in session.execute(query) if store_id and order_id]


def _claim(db: Database, store_id: int, order_id: str, now: datetime) -> bool:
    """Take the order: nobody else reads it before CLAIM is over, nor do we when it brings this process down."""
    with db.session() as session:
        due = Notification.due_at <= now
        return _change(
            session, store_id, order_id, due, due_at=now + CLAIM, attempts=Notification.attempts + 1
        ) > 0  # fmt: skip


def _put_off(session: Session, store_id: int, order_id: str, error: BridgeError, now: datetime) -> str:
    """What becomes of the order's messages after reading it has failed, in one word."""
    if not isinstance(error, RemoteError):  # its credentials cannot be opened, or the store is gone
        _postpone(session, store_id, None, now, POLICY.cap, reason=str(error))
        return "put_off"
    if error.code == "QuotaWait":  # Amazon was not asked: no attempt, and not worth a line in the log
        _change(session, store_id, order_id, Notification.attempts > 0, attempts=Notification.attempts - 1)
        _change(session, store_id, order_id, due_at=now)
        _postpone(session, store_id, None, now, error.retry_after or 1)
        return "waiting"
    if error.code == "NotAnAmazonOrder":
        _change(session, store_id, order_id, state="done", settled_at=now, reason="Not placed on Amazon.")
        return "ignored"
    attempts = session.scalar(select(func.max(Notification.attempts)).where(*_of(store_id, order_id))) or 1
    _change(session, store_id, order_id, due_at=now)  # the claim is over
    if error.status == 404 and attempts < NOT_FOUND_TRIES:
        pause = next_delay(attempts, SOON, rng=random.SystemRandom())
        _postpone(session, store_id, order_id, now, pause, reason=str(error))
        return "put_off"
    store.record_remote_error(session, store_id, error, now)
    if error.permanent:
        _change(session, store_id, order_id, state="dead", settled_at=now, reason=str(error)[:500])
        return "dead"
    pause = next_delay(attempts, POLICY, retry_after=error.retry_after, rng=random.SystemRandom())
    _postpone(session, store_id, order_id, now, pause, reason=str(error))
    # The store's other orders would fail as well: certainly without an authorisation, probably otherwise.
    _postpone(session, store_id, None, now, pause if error.verdict is Verdict.REAUTHORISE else POLICY.first)
    return "put_off"


def _postpone(
    session: Session, store_id: int, order_id: str | None, now: datetime, seconds: float, *, reason: str | None = None
) -> None:
    """Nothing of the order (None: of the whole store) is read before; what is to be read even later stays so."""
    due_at = now + timedelta(seconds=seconds)
    why = {} if reason is None else {"reason": reason[:500]}
    _change(session, store_id, order_id, Notification.due_at < due_at, due_at=due_at, **why)


def _of(store_id: int, order_id: str | None) -> list[ColumnElement[bool]]:
    """The waiting messages of an order (None: of the whole store)."""
    order = [] if order_id is None else [Notification.amazon_order_id == order_id]
    return [PENDING, Notification.store_id == store_id, *order]


def _change(session: Session, store_id: int, order_id: str | None, *where: ColumnElement[bool], **values: Any) -> int:
    changed = session.execute(
        update(Notification)
        .where(*_of(store_id, order_id), *where)
        .values(**values)
        .execution_options(synchronize_session=False)
    )
    return changed.rowcount if isinstance(changed, CursorResult) else 0
