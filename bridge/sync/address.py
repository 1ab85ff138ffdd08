"""The merchant's own address of an order: it stands in place of Amazon's, whatever Amazon sends later."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from bridge import trail
from bridge.domain.order import Address
from bridge.domain.states import ImportState
from bridge.errors import Conflict
from bridge.models import Order

_AMAZONS = ("company", "tax_id", "tax_office", "instructions")  # no part of what the merchant writes
_REFUSALS = {
    ImportState.RESERVING: ("being_imported", "This order's stock is being held in Commerce."),
    ImportState.IMPORTING: ("being_imported", "This order is being created in Commerce."),
    ImportState.IMPORTED: ("already_imported", "This order is in Commerce already: change its address there."),
    ImportState.COMPLETED: ("already_imported", "This order is in Commerce already: change its address there."),
    ImportState.CANCELED: ("order_ended", "This order is canceled."),
}


def address_version(order: Order) -> str:
    """Tells two addresses of an order apart, the merchant's and Amazon's."""
    held = order.personal.ship_to if order.personal else None
    text = json.dumps(held, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def edit_address(order: Order, wanted: Address, now: datetime) -> None:
    """Send the parcel there, and have a blocked or failed order looked at by the next import.

    The company, the buyer's tax number and wishes for the carrier stay as Amazon has them; a county of Amazon's is
    dropped, for the merchant has written the address out.
    `order` is locked by the caller (lock_order). Raises Conflict (being_imported, already_imported, order_ended).
    """
    if order.import_state in _REFUSALS:
        code, message = _REFUSALS[order.import_state]
        raise Conflict(message, code)
    held = order.personal.ship_to or {}
    kept: dict[str, Any] = {name: held.get(name) for name in _AMAZONS}
    given = replace(wanted, **kept)
    order.personal.address_edited = asdict(given) | {"lines": list(given.lines)}
    changed = [name for name, value in order.personal.address_edited.items() if value != held.get(name)]
    order.address_edits += 1
    order.due_at = now
    order.attempts = 0
    order.note(now, "address_edited", "Shipping address changed by the merchant.")
    trail.record_order(order, "order.address_changed", withheld=changed)


def lock_order(session: Session, order: Order) -> None:
    """Until the end of the transaction nobody else changes the order, which is read again."""
    session.refresh(order, with_for_update=True)
