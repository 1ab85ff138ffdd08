"""The routes for guest carts; a visitor of the shop needs no token for them."""

from __future__ import annotations

from typing import Any, Final

from bridge.sandbox import shop_carts
from bridge.sandbox.commerce_call import Call
from bridge.sandbox.shop_state import Record


def _cart(call: Call) -> Record:
    return shop_carts.cart_of(call.shop, call.path["cartId"])


def create_cart(call: Call) -> Any:
    """POST /V1/guest-carts: the masked id, a bare string."""
    return shop_carts.create_cart(call.shop, call.view)


def add_item(call: Call) -> Any:
    """POST /V1/guest-carts/{cartId}/items."""
    item = call.sent("cartItem", "CartItem")
    return shop_carts.add_item(call.shop, _cart(call), item.get("sku", ""), item.get("qty", 1))


def set_shipping(call: Call) -> Any:
    """POST /V1/guest-carts/{cartId}/shipping-information."""
    return shop_carts.set_shipping(call.shop, _cart(call), call.sent("addressInformation", "ShippingInformation"))


def place_order(call: Call) -> Any:
    """PUT /V1/guest-carts/{cartId}/order: the id as a JSON string."""
    payment = call.body.get("paymentMethod")
    method = payment.get("method") if isinstance(payment, dict) else "checkmo"
    return str(shop_carts.place(call.shop, call.path["cartId"], str(method)))


ROUTES: Final = (
    ("POST", "guest-carts", "anonymous", create_cart),
    ("POST", "guest-carts/{cartId}/items", "anonymous", add_item),
    ("POST", "guest-carts/{cartId}/shipping-information", "anonymous", set_shipping),
    ("PUT", "guest-carts/{cartId}/order", "anonymous", place_order),
)
