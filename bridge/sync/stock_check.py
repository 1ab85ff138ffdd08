"""Does the shop's crontab run Magento's reservation command for our orders? Measured by what can still be sold.

Nobody can ask Magento for its reservations by REST (magento-rest 1.1), so they are told from the salable quantity,
which is what lies in the sources, less the out-of-stock threshold, plus all reservations (those are negative). Let
`open` be what our orders of a SKU have not shipped. Where all of it is reserved, at most sources - threshold - open can
be sold, however many others reserve as well: they only lower it. More than that can be sold only where something open
is not reserved. So other programs' orders raise no alarm.

What this cannot tell: whether the command runs when nothing of ours is open, or when others have reserved as much as
ours should; sources of other stocks count as well, so that a shop with several stocks may hide a shortfall. Orders of
others that ship without ever having been reserved raise the same alarm, and rightly: the shop oversells.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session

from bridge.domain.commerce import CommerceOrder
from bridge.domain.order import Channel
from bridge.domain.states import ImportState
from bridge.errors import RemoteError
from bridge.models import Order
from bridge.sync.connect import Link
from bridge.sync.restate import CLOSED

GRACE = timedelta(minutes=15)  # how long the crontab may take; younger orders are not looked at
ORDERS = 50  # one page of the shop's
SKUS = 5  # three requests each
CURE = "Put the line of the README (step 5) into the crontab of the shop's user, run it by hand, and read what it says"


@dataclass(frozen=True, slots=True)
class Measured:
    """What was found. ok: nothing of what was measured can be sold twice; skus: how many were measured."""

    ok: bool
    skus: int
    message: str


def open_orders(session: Session, link: Link) -> list[int]:
    """Commerce ids of the newest of our orders that the command has had time to reserve and that are not over."""
    old = link.now() - GRACE
    where = (
        Order.store_id == link.store_id,
        Order.channel == Channel.FBM,
        Order.import_state.in_((ImportState.IMPORTED, ImportState.RESERVED)),
        Order.commerce_order_id.is_not(None),
        Order.commerce_quote_id.is_(None),  # a cart's order needs no command
        Order.created_at < old,
        Order.imported_at.is_(None) | (Order.imported_at < old),
    )
    query = select(Order.commerce_order_id).where(*where).order_by(Order.id.desc()).limit(ORDERS)
    return [entity_id for entity_id in session.scalars(query) if entity_id is not None]


def measure(link: Link) -> Measured:
    """Compare what can be sold with what should be left; what looks wrong is looked at twice. Raises RemoteError."""
    with link.db.reading() as session:
        ids = open_orders(session, link)
    ordered = _open_quantities(link.commerce.orders(ids)) if ids else {}
    seen = _measured(link, ordered)
    unheld = [sku for sku, held in seen.items() if not held]
    if unheld:  # an order may have been shipped between two readings
        again = _open_quantities(link.commerce.orders(ids))
        unheld = [sku for sku, held in _measured(link, {s: again[s] for s in unheld if s in again}).items() if not held]
    colons = sorted(sku for sku in ordered if ":" in sku)
    note = f" The command cannot reserve SKUs with a colon: {', '.join(colons[:5])}." if colons else ""
    if unheld:
        told = (
            f"Magento's reservation command does not reserve our orders: more can be sold than is free of {unheld[0]}"
        )
        more = f" and {len(unheld) - 1} other SKUs" if len(unheld) > 1 else ""
        return Measured(False, len(seen), f"{told}{more}.{note}")
    if not seen:
        return Measured(True, 0, f"No open order tells yet whether Magento's reservation command runs.{note}")
    return Measured(True, len(seen), f"What our open orders need is reserved (SKUs measured: {len(seen)}).{note}")


def _open_quantities(orders: Iterable[CommerceOrder]) -> dict[str, Decimal]:
    """SKU -> pieces that are ordered and not gone."""
    ordered: dict[str, Decimal] = {}
    for order in orders:
        for line in order.lines if order.state not in CLOSED and order.quote_id is None else ():
            left = line.qty_ordered - line.qty_shipped - line.qty_canceled - line.qty_refunded
            if left > 0 and not line.is_virtual:
                ordered[line.sku] = ordered.get(line.sku, Decimal(0)) + left
    return ordered


def _measured(link: Link, ordered: Mapping[str, Decimal]) -> dict[str, bool]:
    """SKU -> whether what is ordered of it is held, for those SKUs of which it can be told."""
    # Magento's OAuth refuses a slash in a path (magento-live 1), and the command a colon in a SKU.
    askable = [sku for sku in ordered if not {":", "/"} & set(sku)]
    chosen = sorted(askable, key=lambda sku: (-ordered[sku], sku))[:SKUS]
    if not chosen:
        return {}
    in_sources = {sku.casefold(): held for sku, held in link.commerce.stock.in_sources(chosen).items()}
    found = {}
    for sku in chosen:
        try:
            threshold = link.commerce.stock.threshold(sku)
            salable = link.commerce.stock.salable_quantity(sku, link.shop().stock_id)
        except RemoteError as error:
            if error.status not in {400, 404, 500}:
                raise
            continue  # no such product any more, or one without stock of its own
        if threshold is not None and salable > 0:  # 0 is also what a product shows that is not on sale
            found[sku] = salable <= in_sources.get(sku.casefold(), Decimal(0)) - threshold - ordered[sku]
    return found
