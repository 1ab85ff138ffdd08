"""Guest carts: they reserve stock, take the shop's own prices, and may refuse (magento-live section 5)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from bridge.sandbox.commerce_errors import CommerceError, not_found, refused
from bridge.sandbox.commerce_input import number
from bridge.sandbox.shop_catalog import ENABLED, Product
from bridge.sandbox.shop_state import Record
from bridge.sandbox.shop_stock import Reservation
from bridge.sandbox.shop_stores import StoreView

if TYPE_CHECKING:
    from bridge.sandbox.shop import Shop

# Flat rate, per piece: Magento's default setting.
FLAT_RATE: Final = 5.0
_CARRIER: Final = "Flat Rate - Fixed"
_PAYMENT: Final = {"code": "checkmo", "title": "Check / Money order"}
_ALPHABET: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
_NO_PRODUCT: Final = "The product that was requested doesn't exist. Verify the product and try again."
_UNAVAILABLE: Final = "Product that you are trying to add is not available."


def _both(**amounts: Any) -> Record:
    return {f"{base}{name}": value for name, value in amounts.items() for base in ("", "base_")}


# What every order of a guest cart says.
_FIXED: Final[Record] = {
    **_both(tax_amount=0, discount_amount=0, shipping_tax_amount=0, shipping_discount_amount=0),
    **_both(discount_tax_compensation_amount=0),
    "shipping_discount_tax_compensation_amount": 0,
    "base_shipping_discount_tax_compensation_amnt": 0,
    "base_to_global_rate": 1,
    "base_to_order_rate": 1,
    "store_to_base_rate": 0,
    "store_to_order_rate": 0,
    "state": "new",
    "status": "pending",
    "is_virtual": 0,
    "remote_ip": "127.0.0.1",
    "customer_is_guest": 1,
    "customer_group_id": 0,
    "customer_note_notify": 1,
    "shipping_description": _CARRIER,
}


def create_cart(shop: Shop, view: StoreView) -> str:
    """A new cart in a store view; its masked id."""
    cart_id = "".join(shop.rng.choice(_ALPHABET) for _ in range(32))
    shop.carts[cart_id] = {"quote_id": shop.next("quote_id"), "store_id": view.id or 1, "items": []}
    return cart_id


def cart_of(shop: Shop, cart_id: str) -> Record:
    """The cart, or the 404 for one that is unknown or was placed already."""
    cart = shop.carts.get(cart_id)
    if cart is None:
        parameters = {"fieldName": "cartId", "fieldValue": cart_id}
        raise CommerceError(404, "No such entity with %fieldName = %fieldValue", parameters)
    return cart


def add_item(shop: Shop, cart: Record, sku: str, qty: float) -> Record:
    """Put pieces into the cart; raises the refusals for what cannot be sold."""
    product = shop.catalog.get(sku)
    if product is None:
        raise not_found(_NO_PRODUCT)
    stock = shop.stock_of(cart)
    website = shop.stores.website_of(cart["store_id"])
    sellable = product.status == ENABLED and website.id in product.website_ids and stock is not None
    if not sellable or stock is None or not shop.inventory.is_salable(product.sku, stock.stock_id):
        raise refused(_UNAVAILABLE)
    held: Record | None = next((item for item in cart["items"] if item["sku"] == product.sku), None)
    wanted = qty + (held["qty"] if held else 0)
    if not shop.inventory.salable_for(product.sku, wanted, stock.stock_id)["salable"]:
        raise refused("The requested qty is not available")
    if held:  # a cart has one line for a product
        held["qty"] = number(wanted)
        return held
    item: Record = {
        "item_id": shop.next("quote_item_id"),
        "sku": product.sku,
        "qty": number(qty),
        "name": product.name,
        "price": product.price,
        "product_type": product.type_id,
        "quote_id": str(cart["quote_id"]),
    }
    cart["items"].append(item)
    return item


def set_shipping(shop: Shop, cart: Record, information: dict[str, Any]) -> Record:
    """Addresses and method; the payment methods and the totals."""
    cart["shipping_address"] = information.get("shipping_address") or {}
    cart["billing_address"] = information.get("billing_address") or cart["shipping_address"]
    cart["method"] = f"{information.get('shipping_carrier_code')}_{information.get('shipping_method_code')}"
    currency = shop.stores.website_of(cart["store_id"]).base_currency
    return {"payment_methods": [dict(_PAYMENT)], "totals": _totals(cart, currency)}


def _sums(cart: Record) -> tuple[int | float, int | float, int | float]:
    """Subtotal, shipping, grand total."""
    subtotal = sum(item["price"] * item["qty"] for item in cart["items"])
    shipping = FLAT_RATE * sum(item["qty"] for item in cart["items"])
    return number(subtotal), number(shipping), number(subtotal + shipping)


def _totals(cart: Record, currency: str) -> Record:
    subtotal, shipping, total = _sums(cart)
    amounts = _both(
        grand_total=total,
        subtotal=subtotal,
        discount_amount=0,
        subtotal_with_discount=subtotal,
        shipping_amount=shipping,
        shipping_discount_amount=0,
        tax_amount=0,
        shipping_tax_amount=0,
        shipping_incl_tax=shipping,
    )
    segments: list[Record] = [
        {"code": "subtotal", "title": "Subtotal", "value": subtotal},
        {"code": "shipping", "title": f"Shipping & Handling ({_CARRIER})", "value": shipping},
        {"code": "tax", "title": "Tax", "value": 0, "extension_attributes": {"tax_grandtotal_details": []}},
        {"code": "grand_total", "title": "Grand Total", "value": total, "area": "footer"},
    ]
    return amounts | {
        "weee_tax_applied_amount": None,
        "subtotal_incl_tax": subtotal,
        "base_currency_code": currency,
        "quote_currency_code": currency,
        "items_qty": number(sum(item["qty"] for item in cart["items"])),
        "items": [_totals_item(item) for item in cart["items"]],
        "total_segments": segments,
    }


def _totals_item(item: Record) -> Record:
    row = number(item["price"] * item["qty"])
    amounts = _both(
        price=item["price"],
        row_total=row,
        tax_amount=0,
        discount_amount=0,
        price_incl_tax=item["price"],
        row_total_incl_tax=row,
    )
    return amounts | {
        "item_id": item["item_id"],
        "qty": item["qty"],
        "row_total_with_discount": 0,
        "tax_percent": 0,
        "discount_percent": 0,
        "options": "[]",
        "weee_tax_applied_amount": None,
        "weee_tax_applied": None,
        "name": item["name"],
    }


def place(shop: Shop, cart_id: str, method: str) -> int:
    """Make the order, reserve its goods, send its mail; the order's id. The cart is gone then."""
    cart = cart_of(shop, cart_id)
    if not cart["items"] or "shipping_address" not in cart:
        raise refused("The shipping address is missing. Set the address and try again.")
    if method != _PAYMENT["code"]:
        raise refused("The requested Payment Method is not available.")
    entity_id = int(shop.table.save_entity(_entity(shop, cart))["entity_id"])
    order = shop.orders[entity_id]
    order["payment"] |= {"additional_information": [_PAYMENT["title"]], "additional_keys": ["method_title"]}
    stock = shop.stock_of(order)
    for item in order["items"]:
        # A cart's lines leave these empty where a posted order's are 0.
        del item["base_cost"], item["qty_backordered"]
        if stock is not None:
            # The order has no id yet when its goods are reserved (magento-live 5).
            shop.inventory.append(
                Reservation(
                    stock.stock_id,
                    item["sku"],
                    -item["qty_ordered"],
                    "order_placed",
                    "order",
                    "",
                    order["increment_id"],
                )
            )
    del shop.carts[cart_id]
    view = shop.stores.views[cart["store_id"]]
    if view.sends_mail:
        shop.mails.append(("order", order["customer_email"], view.id))
    return entity_id


def _entity(shop: Shop, cart: Record) -> Record:
    """The cart as the order that Magento makes of it."""
    subtotal, shipping, total = _sums(cart)
    currency = shop.stores.website_of(cart["store_id"]).base_currency
    address: Record = cart["billing_address"]
    items = [_order_item(shop.catalog.products, item, cart["store_id"]) for item in cart["items"]]
    currencies = (f"{kind}_currency_code" for kind in ("base", "global", "order", "store"))
    paid = _both(amount_ordered=total, shipping_amount=shipping)
    amounts = _both(subtotal=subtotal, subtotal_incl_tax=subtotal, grand_total=total, total_due=total)
    amounts |= _both(shipping_amount=shipping, shipping_incl_tax=shipping)
    return {
        **_FIXED,
        **dict.fromkeys(currencies, currency),
        **amounts,
        "store_id": cart["store_id"],
        "quote_id": cart["quote_id"],
        "customer_email": cart["shipping_address"].get("email") or address.get("email"),
        "customer_firstname": address.get("firstname"),
        "customer_lastname": address.get("lastname"),
        "total_qty_ordered": number(sum(item["qty"] for item in cart["items"])),
        "weight": number(sum(item["row_weight"] for item in items)),
        "items": items,
        "billing_address": address,
        "payment": {"method": _PAYMENT["code"], "account_status": "", "cc_last4": "", **paid},
        "extension_attributes": {
            "shipping_assignments": [{"shipping": {"address": cart["shipping_address"], "method": cart["method"]}}]
        },
    }


def _order_item(products: dict[str, Product], item: Record, store_id: int) -> Record:
    product = next(p for p in products.values() if p.sku == item["sku"])
    row = number(item["price"] * item["qty"])
    amounts = _both(
        price=item["price"],
        original_price=item["price"],
        price_incl_tax=item["price"],
        row_total=row,
        row_total_incl_tax=row,
        tax_amount=0,
        discount_amount=0,
        discount_tax_compensation_amount=0,
    )
    return amounts | {
        "sku": product.sku,
        "name": product.name,
        "product_id": product.id,
        "product_type": product.type_id,
        "store_id": store_id,
        "quote_item_id": item["item_id"],
        "is_virtual": int(product.type_id == "virtual"),
        "is_qty_decimal": 0,
        "no_discount": 0,
        "free_shipping": 0,
        "qty_ordered": item["qty"],
        "tax_percent": 0,
        "discount_percent": 0,
        "weight": product.weight or 0,
        "row_weight": number((product.weight or 0) * item["qty"]),
    }
