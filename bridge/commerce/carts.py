"""A guest's cart in a Commerce shop: the one way to have a standard shop reserve goods by REST (magento-live 5)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bridge.commerce.connection import Connection

Json = dict[str, Any]

SHIPPING = ("flatrate", "flatrate")  # Magento's own carrier; it has to be enabled for the store view
# Ways to pay that need nothing but the order, the first that the shop offers; "free" is what an empty total leaves.
PAYMENTS = ("checkmo", "purchaseorder", "banktransfer", "cashondelivery", "free")


@dataclass(frozen=True, slots=True)
class Cart:
    """A cart that has goods in it. masked_id opens it; an order that is placed from it has its quote_id."""

    masked_id: str
    quote_id: int
    store_view: str


class Carts:
    """The carts of one shop. All failures are RemoteErrors; nothing here is an order before `place`."""

    def __init__(self, shop: Connection) -> None:
        self._shop = shop

    def open(self, store_view: str) -> str:
        """A new, empty cart in the store view; its masked id."""
        return self._shop.call("POST", "/V1/guest-carts", _text, store_view=store_view)

    def add(self, masked_id: str, store_view: str, sku: str, qty: int) -> int:
        """Put goods into the cart; the cart's quote id. A 400 or 404 is the shop's refusal to sell them."""
        item = {"quote_id": masked_id, "sku": sku, "qty": qty}
        return self._shop.call(
            "POST",
            "/V1/guest-carts/{cart}/items",
            lambda added: int(added["quote_id"]),
            path={"cart": masked_id},
            body={"cartItem": item},
            store_view=store_view,
        )

    def set_shipping(self, cart: Cart, address: Mapping[str, Any]) -> str:
        """Send the cart to the address (one of Magento's, with its email); how it can be paid, one of PAYMENTS.

        "checkmo" where the shop offers none of them: it says itself that it does not.
        """
        carrier, method = SHIPPING
        places = {"shipping_address": address, "billing_address": address}
        offered = self._shop.call(
            "POST",
            "/V1/guest-carts/{cart}/shipping-information",
            lambda told: [str(way["code"]) for way in told["payment_methods"]],
            path={"cart": cart.masked_id},
            body={"addressInformation": {**places, "shipping_carrier_code": carrier, "shipping_method_code": method}},
            store_view=cart.store_view,
        )
        return next((way for way in PAYMENTS if way in offered), PAYMENTS[0])

    def place(self, cart: Cart, payment: str, reference: str) -> int:
        """Make the order and reserve its goods; the order's entity id. A cart that was placed is a 404.

        reference: the purchase order number, where that is how it is paid.
        """
        method: Json = {"method": payment} | ({"po_number": reference} if payment == "purchaseorder" else {})
        return self._shop.call(
            "PUT",
            "/V1/guest-carts/{cart}/order",
            int,
            path={"cart": cart.masked_id},
            body={"paymentMethod": method},
            store_view=cart.store_view,
        )


def _text(answer: Any) -> str:
    if not isinstance(answer, str) or not answer:
        raise TypeError("not a text")
    return answer
