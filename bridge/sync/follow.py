"""What Commerce must be told after an order was created there: hold, cancel, invoice, complete.

Closed orders are never re-opened, and a status is only ever written forwards.
"""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from functools import partial

from bridge import claims, store
from bridge.domain.commerce import CommerceOrder
from bridge.domain.states import ImportState
from bridge.errors import RemoteError, Verdict
from bridge.models import Order, OutgoingChange
from bridge.sync.connect import Link
from bridge.sync.outgoing import (
    CANCEL_COMMERCE,
    COMPLETE_COMMERCE,
    HOLD_COMMERCE,
    INVOICE_COMMERCE,
    TO_COMMERCE,
    close,
    work_off,
)

LOOK_AGAIN = timedelta(minutes=15)  # how soon an order that waits for the merchant is looked at again
_CLOSED = {"complete", "closed", "canceled"}


def follow_orders(link: Link) -> dict[str, int]:
    """Work off what is due towards Commerce; what was done, counted.

    The orders concerned are read 50 to a request, before and after. Raises RemoteError when no further call could
    succeed.
    """
    done: Counter[str] = Counter()
    while True:
        with link.db.reading() as session:
            due = claims.due_changes(session, link.store_id, TO_COMMERCE, link.now(), 50)
            orders = store.load_orders(session, sorted({session.get_one(OutgoingChange, i).order_id for i in due}))
        if not due:
            return {name: count for name, count in done.items() if count}
        ids = [order.commerce_order_id for order in orders if order.commerce_order_id]
        shown = {order.entity_id: order for order in link.commerce.orders(ids)}
        touched: set[int] = set()
        done.update(work_off(link, TO_COMMERCE, partial(_send, link, shown, touched), limit=len(due)))
        if touched:
            for order in link.commerce.orders(sorted(touched)):
                done.update(_read_back(link, order))


def _send(link: Link, shown: dict[int, CommerceOrder], touched: set[int], change_id: int) -> str:
    """Do what one change asks for, given what Commerce showed; an order that was asked is added to `touched`."""
    with link.db.reading() as session:
        change = session.get_one(OutgoingChange, change_id)
        order = session.get_one(Order, change.order_id)
    current = shown.get(order.commerce_order_id or 0)
    if current is None:
        return _wait(link, change_id, "Commerce no longer has the order.")
    if change.kind == CANCEL_COMMERCE:
        # The state is written over whatever stands there: it has to be seen a moment ago, and not fifty orders ago.
        current = next(iter(link.commerce.orders([current.entity_id])), current)
    if _settle(link, change_id, current):
        return change.kind
    touched.add(current.entity_id)
    return _ACTIONS[change.kind](link, change_id, current)


def _hold(link: Link, change_id: int, current: CommerceOrder) -> str:
    if not link.commerce.hold(current.entity_id):
        return _wait(link, change_id, "Commerce does not let the order be put on hold.")
    return "held"


def _cancel(link: Link, change_id: int, current: CommerceOrder) -> str:
    """Cancel so that stock is given back exactly once.

    An order of a cart reserved its goods when it was placed, and /cancel gives them back. One that was written has
    nothing until Magento's reservation command has run, and /cancel would give back what was never taken: its state is
    written, and the command frees what it may have reserved (magento-live 3.2).
    """
    if current.total_invoiced or any(line.qty_shipped for line in current.lines):
        return _wait(
            link,
            change_id,
            "Amazon has cancelled the order, but it is shipped or invoiced in Commerce: refund it there.",
        )
    if current.state == "holded":
        link.commerce.unhold(current.entity_id)
    if current.quote_id is None:
        link.commerce.write_state(current.entity_id, current.increment_id, "canceled", "canceled")
    elif not link.commerce.cancel(current.entity_id):
        return _wait(link, change_id, "Commerce does not let the order be canceled.")
    return "canceled"


def _invoice(link: Link, change_id: int, current: CommerceOrder) -> str:
    try:
        link.commerce.invoice(current.entity_id)
    except RemoteError as error:
        # "Nothing left to invoice" and an unanswered call are both decided by what Commerce shows afterwards.
        if error.verdict not in (Verdict.PERMANENT, Verdict.UNKNOWN):
            raise
        with link.db.session() as session:
            store.record_remote_error(session, link.store_id, error, link.now())
        _wait(link, change_id, error.message, timedelta(minutes=1))
    return "invoiced"


def _complete(link: Link, change_id: int, current: CommerceOrder) -> str:
    if not _all_shipped(current):
        return _wait(link, change_id, "Shipped on Amazon; not yet shipped in Commerce.")
    return _invoice(link, change_id, current)


_ACTIONS = {
    HOLD_COMMERCE: _hold,
    CANCEL_COMMERCE: _cancel,
    INVOICE_COMMERCE: _invoice,
    COMPLETE_COMMERCE: _complete,
}


def _all_shipped(order: CommerceOrder) -> bool:
    """Whether nothing is left to ship of an order (magento-rest 5: Magento has no shipped state)."""
    return all(
        line.is_virtual or line.qty_shipped + line.qty_canceled + line.qty_refunded >= line.qty_ordered
        for line in order.lines
    )


def _settle(link: Link, change_id: int, current: CommerceOrder) -> bool:
    """Whether Commerce shows already what the change wants, or never will; then the change is closed."""
    now = link.now()
    with link.db.session() as session:
        change = session.get_one(OutgoingChange, change_id)
        order = session.get_one(Order, change.order_id)
        order.commerce_status = current.status
        reached = {
            HOLD_COMMERCE: current.state in _CLOSED | {"holded"} or any(line.qty_shipped for line in current.lines),
            CANCEL_COMMERCE: current.state in {"canceled", "closed"},
            INVOICE_COMMERCE: current.state in _CLOSED or current.total_invoiced > 0,
            COMPLETE_COMMERCE: current.state in _CLOSED,
        }[change.kind]
        if not reached or change.state == "done":
            return reached
        close(change, now)
        number = current.increment_id
        if change.kind == HOLD_COMMERCE and current.state == "holded":
            order.note(now, "held", f"Commerce order #{number} is on hold until you decide on the buyer's request.")
        elif change.kind == INVOICE_COMMERCE:
            order.note(now, "invoiced", f"Commerce order #{number} is invoiced.")
        elif change.kind == CANCEL_COMMERCE and order.import_state is ImportState.RESERVED:
            order.move_to(ImportState.CANCELED, now, f"Commerce order #{number}, which held its stock, is canceled.")
        elif change.kind in (COMPLETE_COMMERCE, CANCEL_COMMERCE) and order.import_state is ImportState.IMPORTED:
            ended = ImportState.COMPLETED if current.state in {"complete", "closed"} else ImportState.CANCELED
            order.move_to(ended, now, f"Commerce order #{number} is {current.state}.")
        return True


def _read_back(link: Link, current: CommerceOrder) -> Counter[str]:
    """Close what Commerce now shows to be done."""
    done: Counter[str] = Counter()
    with link.db.reading() as session:
        open_changes = store.open_changes_of(session, link.store_id, current.entity_id, TO_COMMERCE)
    for change_id, kind in open_changes:
        if _settle(link, change_id, current):
            done[f"{kind}_done"] += 1
    return done


def _wait(link: Link, change_id: int, reason: str, pause: timedelta = LOOK_AGAIN) -> str:
    """Look again later, for ever; the reason is noted when it is new."""
    now = link.now()
    with link.db.session() as session:
        change = session.get_one(OutgoingChange, change_id)
        change.due_at = now + pause
        if change.last_error != reason[:500]:
            change.last_error = reason[:500]
            session.get_one(Order, change.order_id).note(now, "waiting", reason)
    return "waiting"
