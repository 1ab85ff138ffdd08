"""What the Commerce admin's own order grid shows of Amazon orders: its columns, and which orders it means.

Commerce names orders by number (grid columns) or by entity_id (buttons, mass actions). Numbers of two shops may be the
same: one that stands for orders of several shops that the caller may see tells nothing, and is not shown.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from bridge.models import Order, Store

Allowed = Collection[int] | None
# (id, label, type) as a grid column is declared in the app's configuration
COLUMNS = (
    ("amazon_order_id", "Amazon order", "string"),
    ("amazon_status", "Amazon status", "string"),
    ("amazon_channel", "Amazon channel", "string"),
    ("amazon_note", "Amazon note", "string"),
)
DEFAULTS = dict.fromkeys((name for name, _label, _type in COLUMNS), "")


def grid_columns(session: Session, numbers: Collection[str], allowed: Allowed) -> dict[str, dict[str, str]]:
    """{number: its columns} of those that are Amazon orders of the caller's, and "*": what holds for the others.

    One query, by the index of Commerce numbers.
    """
    columns = (
        Order.commerce_order_number, Store.commerce_url,
        Order.amazon_order_id, Order.status, Order.channel, Order.order_note,
    )  # fmt: skip
    where = Order.commerce_order_number.in_(set(numbers))
    shops: dict[str, set[str]] = {}
    shown: dict[str, dict[str, str]] = {}
    for number, shop, *values in session.execute(_visible(columns, where, allowed)) if numbers else ():
        shops.setdefault(number, set()).add(shop)
        shown[number] = dict(zip(DEFAULTS, map(str, values), strict=True))
    return {number: found for number, found in shown.items() if len(shops[number]) == 1} | {"*": dict(DEFAULTS)}


def orders_of(session: Session, entity_ids: Iterable[int], allowed: Allowed) -> dict[int, Order]:
    """{Commerce's entity_id: the order} of those that are Amazon orders of the caller's, in one shop."""
    wanted = set(entity_ids)
    if allowed is None:  # the index begins with the store
        allowed = list(session.scalars(select(Store.id)))
    shops: dict[int, set[str]] = {}
    found: dict[int, Order] = {}
    where = Order.commerce_order_id.in_(wanted)
    for order, shop in session.execute(_visible((Order, Store.commerce_url), where, allowed)) if wanted else ():
        shops.setdefault(order.commerce_order_id, set()).add(shop)
        found[order.commerce_order_id] = order
    return {entity_id: order for entity_id, order in found.items() if len(shops[entity_id]) == 1}


def _visible(columns: tuple[Any, ...], where: ColumnElement[bool], allowed: Allowed) -> Any:
    mine = [] if allowed is None else [Order.store_id.in_(allowed)]
    return select(*columns).join(Store, Store.id == Order.store_id).where(where, *mine)


EXTENSION = "amazon-order-bridge"


def registry(public_url: str) -> list[dict[str, Any]]:
    """What Commerce's local testing reads in place of Adobe's App Registry (V1)."""
    return [
        {
            "name": EXTENSION,
            "title": "Amazon order bridge",
            "description": "Amazon's number and status of an order.",
            "icon": "no",
            "publisher": EXTENSION,
            "endpoints": {"commerce/backend-ui/1": {"view": [{"href": f"{public_url}/admin-ui/index.html"}]}},
            "xrInfo": {"supportEmail": "", "appId": EXTENSION},
            "status": "PUBLISHED",
        }
    ]


def registration() -> dict[str, Any]:
    """What the extension adds to the admin (V1): a button on an order. Columns need an API Mesh there, or V2."""
    return {
        "registration": {
            "order": {
                "viewButtons": [
                    {
                        "buttonId": f"{EXTENSION}::open-order",
                        "label": "Amazon order",
                        "path": "#/order",
                        "level": 0,
                        "sortOrder": 80,
                        "sandbox": "allow-popups",
                    }
                ]
            }
        }
    }
