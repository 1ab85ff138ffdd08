"""A Commerce order that holds goods gets Amazon's figures: what is asked of the shop, safe to be done again.

Every step is a save of values as they shall be, so a run that was cut off anywhere is made good by the next one.
Nothing of ours is written here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from bridge.commerce.restate import address_bodies, held_quantities, lines_body, state_body, totals_body
from bridge.domain.commerce import CommerceOrder
from bridge.errors import RemoteError, Verdict
from bridge.sync.connect import Link

CLOSED = frozenset({"canceled", "closed", "complete"})


class ClaimLost(Exception):
    """Another process has taken the order over; nothing more may be written for it."""


class HoldsOther(Exception):
    """The goods that the order's cart reserved are not those that it would have; only another cart reserves others."""


def restate(
    link: Link,
    entity_id: int,
    entity: Mapping[str, Any],
    keep: Callable[[], None],
    *,
    final: bool,
    placed_now: bool = False,
) -> CommerceOrder:
    """Give the order the figures, lines and addresses of `entity` (what order_body makes) and read it back.

    keep: asked before every save; raises ClaimLost. final: also move it to the state of `entity`, unless the shop has
    moved it on already. Raises RemoteError; permanent when it is closed in Commerce, which is never undone. Unless it
    was placed just now, raises HoldsOther, and changes nothing then.
    """
    seen = link.commerce.placed_order(entity_id)
    order = seen.order
    if order.state == "canceled" and order.ext_order_id not in {None, entity["ext_order_id"]}:
        raise HoldsOther  # it was given up, and whoever did that was cut off
    if order.state in CLOSED:
        raise RemoteError(
            f"order #{order.increment_id}, which was to hold its stock, is {order.state} there and never opened again:"
            " cancel the order on Amazon, or create it by hand",
            system="commerce",
            operation="GET /V1/orders/{id}",
            verdict=Verdict.PERMANENT,
            status=200,
        )
    shipped = any(line.qty_shipped for line in order.lines)
    if order.quote_id is not None and not placed_now and not shipped and held_quantities(order.lines) != _goods(entity):
        raise HoldsOther
    for body in (totals_body(entity, order), lines_body(entity, order)):
        keep()
        link.commerce.update_order(body)
    for address in address_bodies(entity, seen):
        keep()
        link.commerce.update_address(entity_id, address)
    if final and order.state == "new":
        keep()
        link.commerce.update_order(state_body(entity, order))
    return link.commerce.placed_order(entity_id).order


def give_up(link: Link, seen: CommerceOrder, ext_order_id: str) -> None:
    """Cancel an order in favour of another, with its reservation given back; it no longer goes by Amazon's number.

    Raises RemoteError, also when Commerce does not let it be cancelled.
    """
    if seen.ext_order_id != ext_order_id:
        named = {"entity_id": seen.entity_id, "increment_id": seen.increment_id}
        link.commerce.update_order(named | {"ext_order_id": ext_order_id})
    if seen.state == "holded":
        link.commerce.unhold(seen.entity_id)
    if seen.state != "canceled" and not link.commerce.cancel(seen.entity_id):
        raise RemoteError(
            f"order #{seen.increment_id} cannot be canceled there",
            system="commerce",
            operation="POST /V1/orders/{id}/cancel",
            verdict=Verdict.RETRY,
            status=200,
        )


def _goods(entity: Mapping[str, Any]) -> dict[str, int]:
    wanted: dict[str, int] = {}
    for item in entity["items"]:
        if not item["is_virtual"]:
            wanted[item["sku"]] = wanted.get(item["sku"], 0) + item["qty_ordered"]
    return wanted
