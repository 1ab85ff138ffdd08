"""Who works on what, and until when: leases of jobs, claims of orders and of changes.

Claiming is one UPDATE that finds what is claimed as it was; of those who try at once the database lets one succeed.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from functools import cache
from typing import cast

from sqlalchemy import Select, Table, Update, bindparam, delete, exists, insert, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, joinedload, selectinload

from bridge.domain.order import Channel
from bridge.domain.states import CLAIMED, IMPORTABLE, ImportState, transition
from bridge.models import Order, OrderEvent, OutgoingChange
from bridge.store import affected
from bridge.work import Lease

# What every run, order or change needs is made once: making a statement takes longer than carrying it out.
_ORDERS, _CHANGES = cast(Table, Order.__table__), cast(Table, OutgoingChange.__table__)
_INSERT_EVENT = insert(cast(Table, OrderEvent.__table__))
_LEASES = cast(Table, Lease.__table__)
_TAKE = (
    update(_LEASES)
    .where(
        _LEASES.c.name == bindparam("lease"),
        or_(_LEASES.c.holder == bindparam("whose"), _LEASES.c.until <= bindparam("at")),
    )
    .values(holder=bindparam("whose"), until=bindparam("end"))
)
_FREE = delete(_LEASES).where(_LEASES.c.name == bindparam("lease"), _LEASES.c.holder == bindparam("whose"))


def take_lease(session: Session, name: str, holder: str, now: datetime, seconds: float) -> bool:
    """Whether `holder` now has the lease: it was free, had run out, or was already its own (then it is prolonged)."""
    until = now + timedelta(seconds=seconds)
    if affected(session.connection().execute(_TAKE, {"lease": name, "whose": holder, "at": now, "end": until})):
        return True
    if session.get(Lease, name) is not None:
        return False
    try:
        with session.begin_nested():
            session.execute(insert(Lease).values(name=name, holder=holder, until=until))
    except IntegrityError:  # another process was first
        return False
    return True


def release_lease(session: Session, name: str, holder: str) -> None:
    """Give the lease back, if it is still the holder's."""
    session.connection().execute(_FREE, {"lease": name, "whose": holder})


# -- orders


def importable_ids(
    session: Session, store_id: int, now: datetime, limit: int, after: int = 0, *, held: bool = False
) -> list[int]:
    """Ids of the orders that an import looks at now, above `after`: ready ones that are due, and all blocked ones.

    held: instead those whose goods a Commerce order holds, once Amazon has verified the payment.
    An order that the merchant is cancelling on Amazon is left alone.
    """
    values = {"store": store_id, "now": now, "after": after, "limit": limit}
    return list(session.scalars(_importable(held=held), values))


@cache
def _importable(*, held: bool) -> Select[int]:
    paid = Order.amazon_status.in_(IMPORTABLE[Channel.FBM])
    ready = (Order.import_state == ImportState.RESERVED) & paid if held else Order.import_state == ImportState.READY
    due = or_(ready & (Order.due_at <= bindparam("now")), Order.import_state == ImportState.BLOCKED)
    unwanted = exists().where(
        OutgoingChange.order_id == Order.id,
        OutgoingChange.kind == "cancel_amazon",
        OutgoingChange.state.in_(("pending", "sent")),
    )
    in_commerce = Order.commerce_order_id.is_not(None) if held else Order.commerce_order_id.is_(None)
    where = (Order.store_id == bindparam("store"), Order.id > bindparam("after"), due, in_commerce, ~unwanted)
    return select(Order.id).where(*where).order_by(Order.id).limit(bindparam("limit"))


def abandoned_ids(session: Session, store_id: int, now: datetime, limit: int) -> list[int]:
    """Ids of the orders that were being created when their time ran out: the outcome in Commerce is unknown."""
    query = select(Order.id).where(
        Order.store_id == store_id, Order.import_state.in_(_BEING_CLAIMED), Order.due_at <= now
    )
    return list(session.scalars(query.order_by(Order.id).limit(limit)))


_BEING_CLAIMED = frozenset(CLAIMED.values())


def claim_for_import(session: Session, order: Order, claim: str, now: datetime, until: datetime) -> bool:
    """Take an order for what is done in Commerce in its state (see states.CLAIMED), unless another process has it or it
    is not what was read any more: Amazon has sent a newer version, the merchant another address, or it is held by now.

    The row that was read (`order`) stays as it was; reload it in the transaction that records the outcome.
    """
    old = order.import_state
    into = CLAIMED.get(old)
    if into is None:
        return False
    connection, held = session.connection(), order.commerce_order_id
    read = {"of": order.id, "version": order.last_update_date, "edits": order.address_edits}
    read |= {"commerce": held} if held is not None else {}
    becomes = {"shows": order.amazon_status.value, "mine": claim, "until": until, "now": now}
    if affected(connection.execute(_claim(into, held=held is not None), read | becomes)) != 1:
        return False
    new = transition(old, into)
    event = {"order_id": order.id, "at": now, "kind": "import_state", "old": old.value, "new": new.value}
    message = _CLAIM_MESSAGES.get(old, "Being created in Commerce.")
    connection.execute(_INSERT_EVENT, event | {"message": message})
    return True


@cache
def _claim(into: ImportState, *, held: bool) -> Update:
    row = _ORDERS.c
    return (
        update(_ORDERS)
        .where(
            row.id == bindparam("of"),
            row.import_state.in_([state for state, claimed in CLAIMED.items() if claimed is into]),
            # What is held by now was not when it was read
            row.commerce_order_id == bindparam("commerce") if held else row.commerce_order_id.is_(None),
            row.last_update_date == bindparam("version"),
            row.address_edits == bindparam("edits"),
        )
        .values(
            import_state=into,
            status=bindparam("shows"),
            claim=bindparam("mine"),
            due_at=bindparam("until"),
            attempts=row.attempts + 1,
            updated_at=bindparam("now"),
        )
    )


def prolong_claim(session: Session, order_id: int, claim: str, until: datetime, *, quote_id: int | None = None) -> bool:
    """Whether the claim holds until then: nobody has taken the order over. quote_id: the cart that is placed next."""
    changed = session.execute(
        update(Order)
        .where(Order.id == order_id, Order.import_state.in_(_BEING_CLAIMED), Order.claim == claim)
        .values(due_at=until, **({"commerce_quote_id": quote_id} if quote_id is not None else {}))
        .execution_options(synchronize_session=False)
    )
    return affected(changed) == 1


_CLAIM_MESSAGES = {
    ImportState.WAITING: "Its stock is being held in Commerce.",
    ImportState.RESERVED: "Its Commerce order is getting Amazon's figures.",
}


def claim_abandoned(session: Session, order_id: int, claim: str, now: datetime, until: datetime) -> bool:
    """Take over an order that another process left in the middle of its creation."""
    changed = session.execute(
        update(Order)
        .where(Order.id == order_id, Order.import_state.in_(_BEING_CLAIMED), Order.due_at <= now)
        .values(claim=claim, due_at=until)
        .execution_options(synchronize_session=False)
    )
    return affected(changed) == 1


def claimed_order(session: Session, order_id: int, claim: str) -> Order | None:
    """The order with its lines and blockers, if it is still this claim's."""
    order = session.scalars(_MINE, {"order": order_id, "mine": claim}).unique().one_or_none()
    return order if order and order.import_state in _BEING_CLAIMED else None


_MINE = (
    select(Order)
    .where(Order.id == bindparam("order"), Order.claim == bindparam("mine"))
    .options(joinedload(Order.lines), selectinload(Order.blockers))
    .with_for_update(of=Order)
)


# -- outgoing changes


def due_changes(session: Session, store_id: int, kinds: Collection[str], now: datetime, limit: int) -> list[int]:
    """Ids of the changes to be sent now, the longest due first."""
    values = {"store": store_id, "kinds": list(kinds), "now": now, "limit": limit}
    return list(session.scalars(_DUE_CHANGES, values))


_DUE_CHANGES = (
    select(OutgoingChange.id)
    .where(
        OutgoingChange.store_id == bindparam("store"),
        OutgoingChange.kind.in_(bindparam("kinds", expanding=True)),
        OutgoingChange.state == "pending",
        OutgoingChange.due_at <= bindparam("now"),
    )
    .order_by(OutgoingChange.due_at, OutgoingChange.id)
    .limit(bindparam("limit"))
)


def claim_change(session: Session, change_id: int, now: datetime, until: datetime) -> bool:
    """Take a due change: nobody else sends it before `until`."""
    taken = session.connection().execute(_CLAIM_CHANGE, {"change": change_id, "now": now, "until": until})
    return affected(taken) == 1


_CLAIM_CHANGE = (
    update(_CHANGES)
    .where(_CHANGES.c.id == bindparam("change"), _CHANGES.c.state == "pending", _CHANGES.c.due_at <= bindparam("now"))
    .values(due_at=bindparam("until"), attempts=_CHANGES.c.attempts + 1)
)
