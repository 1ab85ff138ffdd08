"""The request that makes a Commerce order, in the way of the store's stock strategy, while the order is claimed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from bridge import claims
from bridge.domain.commerce import CommerceOrder
from bridge.domain.order import Channel
from bridge.errors import RemoteError, Verdict
from bridge.models import Order
from bridge.sync.connect import Link
from bridge.sync.restate import ClaimLost, restate
from bridge.sync.stock_cart import place


def limit(link: Link) -> timedelta:
    """How long Commerce may go on with a request after it was sent."""
    return timedelta(seconds=link.commerce_time_limit)


def _head_start(link: Link) -> timedelta:
    """How long after its claim an order may be sent."""
    return limit(link) / 4


def claim_until(link: Link, since: datetime) -> datetime:
    """When a claim runs out: not before Commerce has surely ended what was sent at the last moment allowed."""
    return since + _head_start(link) + limit(link)


def make(
    link: Link, order: Order, claim: str, keep: Callable[[], None], body: dict[str, Any], *, final: bool = True
) -> CommerceOrder | None:
    """Create the order in the way of the store's stock strategy; None when the claim was lost.

    A claim that may run out on the way is prolonged first: whoever finds it run out must be able to trust that nothing
    is under way. What Amazon ships is written as it is: it needs no stock. Raises RemoteError, AlreadyExists among
    them; UNKNOWN when there may be an order.
    """
    if link.settings.stock_strategy == "cart_restate" and order.channel is Channel.FBM:
        return _make_by_cart(link, order.id, claim, body["entity"], final=final)
    try:
        keep()
    except ClaimLost:
        return None
    return link.commerce.create_order(body)


def keeper(link: Link, order_id: int, claim: str, claimed_at: datetime) -> Callable[[], None]:
    """What is asked before each request that may change something: prolongs the claim in time. Raises ClaimLost."""
    held = claimed_at

    def keep() -> None:
        nonlocal held
        while link.now() - held > _head_start(link):
            held = link.now()
            with link.db.session() as session:
                if not claims.prolong_claim(session, order_id, claim, claim_until(link, held)):
                    raise ClaimLost

    return keep


def _make_by_cart(
    link: Link, order_id: int, claim: str, entity: dict[str, Any], *, final: bool
) -> CommerceOrder | None:
    keep = keeper(link, order_id, claim, link.now())

    def remember(quote_id: int) -> bool:
        nonlocal keep
        now = link.now()
        with link.db.session() as session:
            if not claims.prolong_claim(session, order_id, claim, claim_until(link, now), quote_id=quote_id):
                return False
        keep = keeper(link, order_id, claim, now)
        keep()  # writing it down may have taken long
        return True

    try:
        entity_id = place(link, entity, remember)
    except ClaimLost:
        return None
    if entity_id is None:
        return None
    try:
        return restate(link, entity_id, entity, keep, final=final, placed_now=True)
    except ClaimLost:
        return None
    except RemoteError as error:
        error.verdict = Verdict.UNKNOWN  # there is an order: it is found by its cart, and gets its figures then
        raise
