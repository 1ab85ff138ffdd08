"""Whether a store's connection is healthy, in words for the operator."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from sqlalchemy import func, select

from bridge import store
from bridge.amazon.marketplaces import MARKETPLACES
from bridge.domain import app_secret
from bridge.domain.order import STREET_WITHHELD
from bridge.errors import BridgeError, RemoteError, Verdict
from bridge.models import CommunicationError, Notification
from bridge.sync.connect import Link, Links
from bridge.sync.stock_check import CURE, measure
from bridge.work import SyncCursor, UnreadableOrder

MAX_SKEW = 90.0  # seconds
LATE = timedelta(hours=1)  # after which orders should have been asked for, with any sensible schedule


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that `verify` looked at, in words for the operator."""

    name: str
    ok: bool
    message: str


def verify(links: Links, store_id: int) -> list[Check]:
    """Ask both sides whether the store's credentials and settings work; never raises RemoteError."""
    link = links.get(store_id)
    checks = [
        _check("amazon", lambda: _verify_marketplace(link)),
        _check("clock", lambda: _verify_clock(link)),
        _check("quota", lambda: _verify_quota(link)),
        _check("personal data", lambda: _verify_roles(link)),
        _check("client secret", lambda: _verify_secret(link)),
        _check("notifications", lambda: _verify_notifications(links, link)),
        _check("orders", lambda: _verify_orders(link)),
        _check("commerce", lambda: f"Commerce {link.commerce.version()} answers."),
    ]
    if checks[-1].ok:
        fresh = replace(link, clients=replace(link.clients, contexts={}))
        checks.append(_check("store view", lambda: _verify_store_view(fresh)))
        if checks[-1].ok:
            checks.append(_check("stock", lambda: _verify_stock(link)))
    return checks


def _check(name: str, ask: Callable[[], str]) -> Check:
    try:
        return Check(name, True, ask())
    except BridgeError as error:
        return Check(name, False, error.message if isinstance(error, RemoteError) else str(error))


def _verify_marketplace(link: Link) -> str:
    taken_part = link.amazon.marketplace_participations()
    if link.marketplace_id not in taken_part:
        raise RemoteError(
            "the seller account does not take part in this store's marketplace",
            system="amazon",
            operation="getMarketplaceParticipations",
            verdict=Verdict.PERMANENT,
        )
    return f"The seller account takes part in {MARKETPLACES[link.marketplace_id].domain}."


def _verify_clock(link: Link) -> str:
    """Amazon refuses times that lie less than two minutes back by its own clock (amazon-sp-api 1.8)."""
    skew = link.amazon.clock_skew
    if skew is None:
        return "Amazon has not told its time yet."
    if abs(skew) > MAX_SKEW:
        raise _warning(f"this machine's clock differs from Amazon's by {skew:+.0f} seconds: synchronise it")
    return f"This machine's clock and Amazon's differ by {skew:+.0f} seconds."


def _verify_quota(link: Link) -> str:
    left = link.clients.quota.left()
    if not left:
        return "Nothing has been asked yet."
    return "Requests left: " + ", ".join(f"{operation} {int(tokens)}" for operation, tokens in left.items()) + "."


def _verify_roles(link: Link) -> str:
    """Amazon answers 200 without the fields that a role is missing for (amazon-sp-api 1.7)."""
    with link.db.reading() as session:
        newest = store.newest_addresses(session, link.store_id, 20)
    if not newest:
        return "No order that you ship yourself has come yet."
    with_street = sum(1 for address in newest if address and any(address.get("lines") or ()))
    if with_street == 0:
        raise _warning(f"{STREET_WITHHELD}; orders are created with placeholders")
    return f"Amazon sends addresses ({with_street} of the newest {len(newest)} orders)."


def _verify_secret(link: Link) -> str:
    since, now = link.clients.secret_since, link.now()
    told = app_secret.warning(since, now)
    if told:
        raise _warning(told)
    return f"Entered {(now - since).days} days ago; to be rotated within {app_secret.days_left(since, now)} days."


def _warning(message: str) -> RemoteError:
    return RemoteError(message, system="amazon", operation="verify", verdict=Verdict.PERMANENT)


def _verify_notifications(links: Links, link: Link) -> str:
    """Also sets them up where they are missing, unless read-only mode forbids it."""
    queue = links.open_queue()
    if queue is None:
        return "Not used (BRIDGE_SQS_QUEUE_URL is not set): orders arrive with the next sync."
    with queue:
        set_up = link.amazon.notifications.ensure(queue.arn(), create=not link.read_only)
        told = f"{set_up} {_arrivals(link)}"
        try:
            given_up = queue.given_up()
        except RemoteError as error:
            return f"{told} Its dead-letter queue cannot be read: {error.message}."
    if given_up is None:
        return told
    told = f"{told} SQS has given up {given_up} messages."
    if given_up:
        raise _warning(f"{told} See its dead-letter queue: the bridge could not store them; sync finds their orders")
    return told


def _arrivals(link: Link) -> str:
    """What came of the messages. One that leads nowhere costs no order, which the next sync finds."""
    with link.db.reading() as session:
        last = session.scalar(select(func.max(Notification.received_at)))
        counts = select(Notification.state, func.count()).group_by(Notification.state)
        states = dict(session.execute(counts).all())
        dead = select(Notification.reason).where(Notification.state == "dead").order_by(Notification.id.desc())
        newest = session.scalar(dead.limit(1))
    if last is None:
        return "None has come yet."
    told = f"{states.get('pending', 0)} wait, and the last one came {_ago(link, last)} ago."
    if newest is not None:
        told += f" {states['dead']} of the last 15 days lead nowhere, the newest because of {newest}."
    return told


def _verify_orders(link: Link) -> str:
    """Whether Amazon's changes are read, and all orders among them can be."""
    account = [each.store_id for each in link.account()]
    with link.db.reading() as session:
        where = UnreadableOrder.store_id.in_(account)
        unread = session.scalars(select(UnreadableOrder).where(where).order_by(UnreadableOrder.amazon_order_id)).all()
        cursor = session.get(SyncCursor, (link.store_id, "amazon"))
    if unread:
        shown = "; ".join(f"{row.amazon_order_id}: {row.reason}" for row in unread[:5])
        more = f" and {len(unread) - 5} more" if len(unread) > 5 else ""
        raise _warning(f"{len(unread)} order(s) cannot be read, and are asked for again: {shown}{more}")
    if cursor is None or cursor.position is None:
        return "No order has been asked for yet."
    until = datetime.fromisoformat(cursor.position).astimezone(UTC)
    told = f"Amazon's changes are read up to {until:%Y-%m-%d %H:%M} UTC, {_ago(link, until)} ago"
    if link.now() - until > LATE:
        raise _warning(f"{told}. {_last_refusal(link, account, until)}")
    return f"{told}."


def _last_refusal(link: Link, account: list[int], since: datetime) -> str:
    """What Amazon last said when it was asked for orders; some sellers are refused just that (amazon-sp-api 1.7)."""
    errors = select(CommunicationError).where(
        CommunicationError.store_id.in_(account),
        CommunicationError.operation == "searchOrders",
        CommunicationError.at > since,
    )
    with link.db.reading() as session:
        last = session.scalar(errors.order_by(CommunicationError.id.desc()).limit(1))
    if last is None:
        return "See the job runs of sync, and whether the scheduler runs"
    cure = "; have the seller authorise the app again" if last.status in (401, 403) else ""
    return f"Amazon's last answer to searchOrders: {last.status or 'none'} {last.message}{cure}"


def _ago(link: Link, when: datetime) -> str:
    minutes = max(0, int((link.now() - when).total_seconds() // 60))
    return f"{minutes} minutes" if minutes < 120 else f"{minutes // 60} hours"


def _verify_store_view(link: Link) -> str:
    shop = link.shop()
    marketplace = MARKETPLACES[link.marketplace_id]
    rate = shop.rate(marketplace.currency)
    if rate is None:
        raise RemoteError(
            f"the website's base currency is {shop.base_currency}, orders of {marketplace.domain} are in"
            f" {marketplace.currency}, for which the store view {shop.store_view} has no rate: they would be blocked",
            system="commerce",
            operation="storeConfigs",
            verdict=Verdict.PERMANENT,
            code="CurrencyDiffers",
        )
    money = shop.base_currency
    if marketplace.currency != money:
        money = f"{marketplace.currency} at {rate} for one {money}"
    stock = f"stock {shop.stock_id}" if shop.stock_id else "no inventory sources"
    return f"Orders go to the store view {shop.store_view} ({stock}, {money})."


def _verify_stock(link: Link) -> str:
    """Whether what is imported is also taken from what the shop can sell; see stock_check for what can be told."""
    strategy = link.settings.stock_strategy
    if strategy == "none":
        return "The quantity of imported orders is not held in Commerce (stock_strategy is none)."
    if strategy == "cart_restate":
        return "The quantity of imported orders is held by Commerce itself, which makes them from carts."
    found = measure(link)
    if not found.ok:
        message = f"{found.message} {CURE}."
        raise RemoteError(message, system="commerce", operation="verify", verdict=Verdict.PERMANENT, code="NotReserved")
    return found.message
