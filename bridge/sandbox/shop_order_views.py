"""How an order shows in a reply: read back from the table, or echoed right after a save."""

from __future__ import annotations

from typing import Any, Final

from bridge.sandbox.commerce_input import number
from bridge.sandbox.commerce_interfaces import INTERFACES, REQUIRED
from bridge.sandbox.shop_places import region_code
from bridge.sandbox.shop_state import Record, amount

_HIDDEN: Final = frozenset(
    {"items", "billing_address", "shipping_address", "payment", "status_histories", "shipping_method", "taxes"}
    | {"shipping_address_id", "additional_keys"}
)
_TOTAL: Final = tuple(INTERFACES["Total"])


def columns(order: Record, interface: str = "Order") -> Record:
    """A record's own columns; NULL ones are left out, unless their getter may not return null."""
    view = {name: value for name, value in order.items() if name not in _HIDDEN and value is not None}
    for name in REQUIRED.get(interface, ()):
        view.setdefault(name, None)
    return view


def totals_due(order: Record) -> Record:
    """`total_due` is computed on reading, never read: grand total less what is paid."""
    return {
        f"{base}total_due": number(max(amount(order, f"{base}grand_total") - amount(order, f"{base}total_paid"), 0))
        for base in ("", "base_")
    }


def address_view(address: Record) -> Record:
    """An address; its region_code is no column but computed."""
    code = region_code(address)
    return columns(address, "OrderAddress") | ({"region_code": code} if code is not None else {})


def item_views(order: Record) -> list[Record]:
    """The lines as a GET shows them."""
    taxes = order["taxes"]["items"]
    return [
        columns(item, "OrderItem") | {"extension_attributes": {"itemized_taxes": taxes.get(item["item_id"], [])}}
        for item in order["items"]
    ]


def history_views(order: Record) -> list[Record]:
    """The status history, newest first."""
    return [dict(history) for history in reversed(order["status_histories"])]


def payment_view(order: Record) -> Record:
    """The payment as a GET shows it."""
    return columns(order["payment"], "OrderPayment")


def order_view(order: Record) -> Record:
    """GET /V1/orders/{id}."""
    items = item_views(order)
    view = columns(order) | totals_due(order) | {"items": items}
    if "billing_address" in order:
        view["billing_address"] = address_view(order["billing_address"])
    view |= {"payment": payment_view(order), "status_histories": history_views(order)}
    view["extension_attributes"] = _extension(order, items)
    return view


def _extension(order: Record, items: list[Record]) -> Record:
    shipping: Record = {}
    if "shipping_address" in order:
        shipping["address"] = address_view(order["shipping_address"])
    if "shipping_method" in order:
        shipping["method"] = order["shipping_method"]
    shipping["total"] = {name: order[name] for name in _TOTAL if order.get(name) is not None}
    information = order["payment"].get("additional_information", [])
    keys = order["payment"].get("additional_keys") or [str(place) for place in range(len(information))]
    return {
        "shipping_assignments": [{"shipping": shipping, "items": items}],
        "payment_additional_info": [{"key": k, "value": v} for k, v in zip(keys, information, strict=True)],
        **_applied(order),
        "converting_from_quote": False,
        "taxes": order["taxes"]["taxes"],
        "additional_itemized_taxes": order["taxes"]["additional"],
    }


def _applied(order: Record) -> Record:
    """The older form of the same tax rows."""
    rows = order["taxes"]
    titles = {tax["tax_id"]: tax.get("title") for tax in rows["taxes"]}

    def applied(tax: Record) -> Record:
        return {
            "code": tax.get("tax_code"),
            "title": titles.get(tax.get("tax_id")),
            "percent": tax.get("tax_percent"),
            "amount": tax.get("amount"),
            "base_amount": tax.get("base_amount"),
        }

    whole = ("code", "title", "percent", "amount", "base_amount")
    lines = [
        {"type": "product", "item_id": item_id, "applied_taxes": [applied(tax) for tax in taxes]}
        for item_id, taxes in rows["items"].items()
    ]
    rest = [{"type": tax.get("taxable_item_type"), "applied_taxes": [applied(tax)]} for tax in rows["additional"]]
    return {
        "applied_taxes": [{name: tax.get(name) for name in whole} for tax in rows["taxes"]],
        "item_applied_taxes": lines + rest,
    }


def created_reply(order: Record, entity: Record, shipping: Record | None, method: str | None) -> Record:
    """The reply to a create: what was sent, uncut, with the ids that it got; counters that start at 0 are missing."""
    reply = {k: v for k, v in entity.items() if k != "extension_attributes"}
    for name in ("entity_id", "state", "status", "updated_at", "billing_address_id"):
        if name in order:
            reply[name] = order[name]
    reply |= totals_due(entity)
    for name in REQUIRED["Order"]:
        reply.setdefault(name, None)
    if "billing_address" in reply:
        reply["billing_address"] = address_view(reply["billing_address"])
    reply["items"] = [_echoed_item(item) for item in reply["items"]]
    extension = dict(entity.get("extension_attributes", {}))
    if extension.get("shipping_assignments"):
        echo: Record = {"items": []}
        echo["shipping"] = ({"address": address_view(shipping)} if shipping is not None else {}) | (
            {"method": method} if method else {}
        )
        extension["shipping_assignments"] = [echo]
    if extension:
        reply["extension_attributes"] = extension
    return reply


def _echoed_item(item: Record) -> Record:
    """A parent line is echoed with row totals, though it is not saved (magento-rest 2, rule 8)."""
    if "parent_item" not in item:
        return item
    totals = ("row_total", "base_row_total", "row_total_incl_tax", "base_row_total_incl_tax")
    return item | {"parent_item": dict.fromkeys(totals, 0) | item["parent_item"]}


def updated_reply(order: Record, entity: Record, state: Record, echoed: list[Record] | None) -> Record:
    """The reply to a partial save: the properties sent, and everything else of the order's parts as stored.

    Amounts that were not sent show as null although they are kept (magento-live section 2, "Partial update").
    """
    skipped = {"items", "billing_address", "payment", "status_histories", "extension_attributes"}
    reply: Record = {name: value for name, value in entity.items() if name not in skipped}
    reply |= {name: state[name] for name in ("state", "status") if state.get(name) is not None}
    for name in ("entity_id", "created_at", "updated_at", "billing_address_id"):
        if name in order:
            reply[name] = order[name]
    reply |= totals_due(entity)
    for name in REQUIRED["Order"]:
        reply.setdefault(name, None)
    reply["items"] = echoed if echoed is not None else [columns(item, "OrderItem") for item in order["items"]]
    if "billing_address" in order:
        reply["billing_address"] = address_view(order["billing_address"])
    reply["payment"] = payment_view(order)
    reply["status_histories"] = history_views(order)
    return reply


def document_view(document: dict[str, Any]) -> Record:
    """A shipment, invoice or credit memo as a GET shows it: NULL columns are left out, lists are not."""
    view = {name: value for name, value in document.items() if value is not None}
    view["items"] = [{k: v for k, v in item.items() if v is not None} for item in document["items"]]
    return view
