"""The sandbox's own JSON interface, /sandbox: the buyer, the warehouse and the catalogue manager for scripts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import asdict
from datetime import timedelta
from decimal import Decimal
from typing import Any

from flask import Blueprint, Response, jsonify, request

from bridge.sandbox.amounts import Json, Line
from bridge.sandbox.marketplace import Marketplace
from bridge.sandbox.notifications import sqs_sender
from bridge.sandbox.order_json import Address, text_time
from bridge.sandbox.refusal import Refusal
from bridge.sandbox.world import Fault, World

AMOUNTS = (
    "unit_price",
    "item_tax",
    "shipping",
    "shipping_tax",
    "gift_wrap",
    "gift_wrap_tax",
    "cod_fee",
    "item_discount",
    "shipping_discount",
    "cod_fee_discount",
    "discount_tax",
)
# verb in the address -> what happens to the Amazon order
LIFE: dict[str, Callable[[Marketplace, str, Json], None]] = {
    "verify-payment": lambda amazon, order_id, _: amazon.verify_payment(order_id),
    "cancel": lambda amazon, order_id, body: amazon.cancel(
        order_id, body.get("by", "BUYER"), body.get("reason", "BuyerCanceled")
    ),
    "request-cancel": lambda amazon, order_id, body: amazon.request_cancel(
        order_id, body.get("reason", "No longer needed")
    ),
    "ship-fba": lambda amazon, order_id, _: amazon.ship_fba(order_id),
}


def blueprint(world: World) -> Blueprint:
    """The control interface of a world, to be mounted at /sandbox."""
    face = Blueprint("control", __name__, url_prefix="/sandbox")

    def serve(verb: str, path: str, act: Callable[..., tuple[int, Json]]) -> None:
        def answer(**parts: str) -> tuple[Response, int]:
            with world.lock:
                try:
                    status, body = act(world, **parts)
                except Refusal as refusal:
                    status, body = refusal.status, {"error": refusal.message}
                except (LookupError, TypeError, ValueError, ArithmeticError) as wrong:
                    status, body = 422, {"error": f"{type(wrong).__name__}: {wrong}"}
            return jsonify(body), status

        face.add_url_rule(path, f"{verb} {path}", answer, methods=[verb])

    serve("GET", "/state", state)
    serve("POST", "/orders", _place)
    serve("POST", "/orders/<order_id>/<change>", _live)
    serve("POST", "/products/<path:sku>", _product)
    serve("POST", "/shipments", _ship)
    serve("POST", "/amazon", _manage_amazon)
    serve("POST", "/notifications", _notify)
    serve("POST", "/clock", _move_clock)
    serve("POST", "/faults", _misbehave)
    serve("DELETE", "/faults", _behave)
    return face


def state(world: World) -> tuple[int, Json]:
    """What the world holds, in numbers and order ids."""
    amazon = world.marketplace
    return 200, {
        "now": text_time(world.now()),
        "haste": world.haste,
        "amazon_orders": {order_id: amazon.status(order_id) for order_id in amazon.orders},
        "amazon_statuses": Counter(amazon.status(order_id) for order_id in amazon.orders),
        "commerce_orders": len(world.shop.orders),
        "requests": world.requests,
        "throttled": amazon.throttled,
        "faults": [asdict(fault) for fault in world.faults.rules],
        "faults_played": world.faults.played,
    }


def _body() -> Json:
    body = request.get_json(silent=True) if request.data else {}
    if not isinstance(body, dict):
        raise TypeError("a JSON object is expected")
    return body


def _place(world: World) -> tuple[int, Json]:
    body = _body()
    lines = [_line(fields) for fields in body.pop("lines")]
    pay = body.pop("pay", False)
    if "address" in body:
        body["address"] = Address(**body["address"])
    if "tip" in body:
        body["tip"] = Decimal(str(body["tip"]))
    order_id = world.marketplace.place(lines, **body)
    if pay:
        world.marketplace.verify_payment(order_id)
    return 201, {"orderId": order_id, "fulfillmentStatus": world.marketplace.status(order_id)}


def _line(fields: dict[str, Any]) -> Line:
    amounts = {name: Decimal(str(fields[name])) for name in AMOUNTS if name in fields}
    promotions = {"promotion_ids": tuple(fields["promotion_ids"])} if "promotion_ids" in fields else {}
    return Line(**{"title": str(fields.get("sku")), **fields, **amounts, **promotions})


def _live(world: World, order_id: str, change: str) -> tuple[int, Json]:
    if change not in LIFE:
        raise Refusal(404, "NotFound", f"An order knows {', '.join(LIFE)}.")
    LIFE[change](world.marketplace, order_id, _body())
    return 200, {"orderId": order_id, "fulfillmentStatus": world.marketplace.status(order_id)}


def _product(world: World, sku: str) -> tuple[int, Json]:
    body = _body()
    if body.get("remove"):
        world.shop.remove_product(sku)
        return 200, {"sku": sku, "removed": True}
    if body.get("create"):
        fields = body["create"] if isinstance(body["create"], dict) else {}
        world.shop.add_product(sku, fields.pop("name", sku), **fields)
    if "enabled" in body:
        world.shop.set_product_status(sku, bool(body["enabled"]))
    if "qty" in body:
        world.shop.set_stock(sku, float(body["qty"]))
    return 200, {"sku": sku, "salable_quantity": float(world.shop.salable_quantity(sku))}


def _ship(world: World) -> tuple[int, Json]:
    body = _body()
    items = {int(item_id): float(quantity) for item_id, quantity in body["items"].items()} if "items" in body else None
    tracks = [(str(code), str(title), str(number)) for code, title, number in body.get("tracks", ())]
    return 201, {"shipment_id": world.shop.ship(int(body["order_id"]), items=items, tracks=tracks)}


def _manage_amazon(world: World) -> tuple[int, Json]:
    """How late new orders are found, whether cancelOrder exists, and the end of all tokens that are out."""
    body = _body()
    amazon = world.marketplace
    amazon.visible_after = float(body.get("visible_after", amazon.visible_after))
    amazon.cancel_order_released = bool(body.get("cancel_order_released", amazon.cancel_order_released))
    if body.get("expire_tokens"):
        amazon.expire_tokens()
    return 200, {"visible_after": amazon.visible_after, "cancel_order_released": amazon.cancel_order_released}


def _notify(world: World) -> tuple[int, Json]:
    """Where ORDER_CHANGE notifications are sent (an SQS stand-in on this machine) and how badly."""
    body = _body()
    notifications = world.marketplace.notifications
    if "endpoint" in body:
        try:
            notifications.send = sqs_sender(str(body["endpoint"])) if body["endpoint"] else None
        except ImportError as error:
            raise Refusal(501, "NotImplemented", "Sending to a queue needs boto3.") from error
    for name in ("lose", "duplicate", "reorder"):
        setattr(notifications, name, float(body.get(name, getattr(notifications, name))))
    notifications.announce_new = bool(body.get("announce_new", notifications.announce_new))
    notifications.flush()
    return 200, {"sending": notifications.send is not None, "counts": notifications.counts}


def _move_clock(world: World) -> tuple[int, Json]:
    return 200, {"now": text_time(world.clock.advance(timedelta(seconds=float(_body()["seconds"]))))}


def _misbehave(world: World) -> tuple[int, Json]:
    return 201, asdict(world.faults.add(Fault(**_body())))


def _behave(world: World) -> tuple[int, Json]:
    world.faults.clear()
    return 200, {}
