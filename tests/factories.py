"""Rows with sensible values; a test names only what it is about."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from bridge.domain.blockers import BLOCKER_CODES
from bridge.domain.commerce import plain
from bridge.domain.order import AmazonStatus, Channel
from bridge.domain.states import ImportState, shown_status
from bridge.models import (
    BuyerWord,
    Order,
    OrderBlocker,
    OrderLine,
    OrderPersonalData,
    OrderSettingsRow,
    Store,
    StoreSecret,
)

NOW = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)
US, JP, DE = "ATVPDKIKX0DER", "A1VC38T7YXB528", "A1PA6795UKMFR9"
_numbers = itertools.count(1)


def make_store(session: Session, name: str | None = None, **values: Any) -> Store:
    """An active store of Amazon.com whose credentials nobody can open."""
    number = next(_numbers)
    defaults = {
        "name": name or f"Mugs {number}",
        "seller_id": f"A{number:013d}",
        "marketplace_id": US,
        "commerce_url": "https://shop.example",
        "commerce_admin_url": "https://shop.example/admin",
        "website_code": "base",
        "active": True,
        "integration_time": NOW - timedelta(days=90),
        "created_at": NOW,
        "updated_at": NOW,
        "settings": OrderSettingsRow(),
        "secret": StoreSecret(encrypted=b"sealed", updated_at=NOW),
    }
    store = Store(**(defaults | values))
    session.add(store)
    session.flush()
    return store


def make_line(sku: str | None = "MUG-7", quantity: int = 1, total: int = 1230, **values: Any) -> OrderLine:
    """A line worth `total` minor units, all of them for the item."""
    amounts = {"item": total, "total": total}
    defaults = {
        "amazon_item_id": f"{next(_numbers):014d}",
        "sku": sku,
        "asin": "B000000001",
        "title": "Blue mug",
        "quantity": quantity,
        "quantity_unshipped": quantity,
        "amounts": amounts,
        "units_per_item": 1,
    }
    return OrderLine(**(defaults | values))


def make_order(
    session: Session,
    store: Store,
    *,
    buyer_name: str | None = "Jane Doe",
    blockers: Sequence[str] = (),
    address: dict[str, Any] | None = None,
    **values: Any,
) -> Order:
    """An order of the store: FBM, Unshipped, ready, one line of 12.30; blockers by their codes make it blocked."""
    number = values.get("amazon_order_id") or f"111-{next(_numbers):07d}-{next(_numbers):07d}"
    state = values.pop("import_state", ImportState.BLOCKED if blockers else ImportState.READY)
    status = values.pop("amazon_status", AmazonStatus.UNSHIPPED)
    total = values.pop("grand_total_minor", 1230)
    defaults: dict[str, Any] = {
        "store_id": store.id,
        "amazon_order_id": number,
        "amazon_order_tail": number[-7:],
        "status": shown_status(status, state).value,
        "amazon_status": status,
        "import_state": state,
        "channel": Channel.FBM,
        "purchase_date": NOW,
        "last_update_date": NOW,
        "currency": "USD" if total is not None else None,
        "grand_total_minor": total,
        "order_note": "Received from Amazon.",
        "programs": [],
        "packages": [],
        "due_at": NOW,
        "attempts": 0,
        "tip_minor": 0,
        "created_at": NOW,
        "updated_at": NOW,
        "lines": [make_line(total=total or 0)],
        "blockers": [
            OrderBlocker(code=code, message=BLOCKER_CODES[code].meaning, fix=BLOCKER_CODES[code].fix)
            for code in blockers
        ],
        "personal": OrderPersonalData(
            store_id=store.id, buyer_name=buyer_name, buyer_sort=plain(buyer_name or ""), address=address
        ),
    }
    order = Order(**(defaults | values))
    session.add(order)
    session.flush()
    words = set(plain(buyer_name or "").split())
    session.add_all(BuyerWord(order_id=order.id, store_id=store.id, word=word) for word in words)
    session.flush()
    return order
