"""An Amazon order and its draft as the body of POST /V1/orders. Pure.

Every key stands in Adobe's schema: Magento refuses an unknown one (magento-live 0.3). Magento refuses little else, cuts
what is too long without a word (0.4) and needs some parts of an address to be there: both are seen to here.
"""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from html import escape
from typing import Any

from bridge.commerce.figures import (
    Both,
    four_decimals,
    in_currency,
    line_tax_row,
    number,
    order_tax_rows,
    tax_percent,
)
from bridge.commerce.people import address_of, billing_business, customer, email_of
from bridge.domain.commerce import ShopContext
from bridge.domain.draft import Draft, DraftLine
from bridge.domain.exchange import in_base_currency
from bridge.domain.money import exponent
from bridge.domain.names import one_line, storable
from bridge.domain.order import STREET_WITHHELD, AmazonStatus, OrderSnapshot
from bridge.errors import InvalidInput

Json = dict[str, Any]

# What Magento's columns hold (magento-live 0.4, magento-rest 2 and 3). Numbers and codes are never cut.
LENGTHS = {"increment_id": 50, "ext_order_id": 32, "po_number": 32, "state": 32, "status": 32, "sku": 255}

_ZERO_AMOUNTS = {
    "discount_tax_compensation_amount": 0,
    "base_discount_tax_compensation_amount": 0,
}


def order_body(
    order: OrderSnapshot,
    draft: Draft,
    shop: ShopContext,
    *,
    increment_id: str | None,
    state: str,
    status: str,
    customer_id: int | None = None,
    console_url: str | None = None,
    country: str | None = None,
) -> Json:
    """The whole {"entity": ...} of a new Commerce order.

    increment_id: the order's number, None for Commerce's next one. state, status: of an order yet to be shipped;
    a settled draft is complete whatever they say (magento-live 6a). customer_id: None makes it a guest's order.
    console_url: our own page of the order. country: where the marketplace is, for an order without any address.
    Raises InvalidInput when a number or code is longer than Magento keeps, ValueError when the shop has no rate for the
    order's currency.
    """
    rate = shop.rate(draft.currency)
    if rate is None:
        raise ValueError(f"an order in {draft.currency} for a website in {shop.base_currency} that has no rate for it")
    both = Both(draft, in_base_currency(draft, shop.base_currency, rate))
    if draft.settled:
        state = status = "complete"
    email = email_of(order)
    shipping = address_of(order, shop, email, country)
    entity: Json = {
        "ext_order_id": order.amazon_order_id,
        "store_id": shop.store_id,
        "state": state,
        "status": status,
        "is_virtual": 0,
        "created_at": _time(order.purchase_date),
        "email_sent": 0,
        **customer(order, email, customer_id),
        **_currencies(both, rate),
        **_totals(both),
        "shipping_description": _shipping_description(order, draft),
        "items": [_item(both, index, shop) for index in range(len(draft.lines))],
        "billing_address": {**shipping, "address_type": "billing", **billing_business(order)},
        "payment": _payment(order, both),
        "status_histories": [_history(order, draft, status, console_url)],
        "extension_attributes": {"shipping_assignments": [_assignment(shipping)]},
    }
    if shop.tax_rows:
        entity["extension_attributes"] |= order_tax_rows(both, collected=order.tax_collected_by_amazon)
    if increment_id is not None:
        entity["increment_id"] = increment_id
    _check_lengths(entity)
    return {"entity": entity}


def _assignment(address: Json) -> Json:
    # An existing carrier, because its code must be known; the words for people are in shipping_description.
    return {
        "shipping": {"address": {**address, "address_type": "shipping"}, "method": "flatrate_flatrate"},
        "items": [],
    }


def _currencies(both: Both, rate: Decimal) -> Json:
    base, own = both.base.currency, both.draft.currency
    return {
        "global_currency_code": base,
        "base_currency_code": base,
        "store_currency_code": base,
        "order_currency_code": own,
        "base_to_global_rate": 1,
        "base_to_order_rate": number(rate),
        "store_to_base_rate": 0,
        "store_to_order_rate": 0,
    }


def _totals(both: Both) -> Json:
    draft = both.draft
    weight = sum((line.weight * line.qty for line in draft.lines), Decimal(0))
    totals = both(_amounts)
    totals |= _ZERO_AMOUNTS | {
        "shipping_discount_tax_compensation_amount": 0,
        "base_shipping_discount_tax_compensation_amnt": 0,  # Magento's own spelling
        "total_qty_ordered": sum(line.qty for line in draft.lines),
        "total_item_count": len(draft.lines),
        "weight": four_decimals(weight),
    }
    if draft.discount:
        totals["discount_description"] = "Amazon promotion"
    return totals


def _amounts(draft: Draft) -> Json:
    money = in_currency(draft)
    line_tax = sum(line.tax for line in draft.lines)
    amounts = {
        "subtotal": money(draft.subtotal),
        "subtotal_incl_tax": money(draft.subtotal + line_tax),
        "discount_amount": money(-draft.discount),
        "shipping_amount": money(draft.shipping),
        "shipping_tax_amount": money(draft.shipping_tax),
        "shipping_incl_tax": money(draft.shipping + draft.shipping_tax),
        "shipping_discount_amount": money(draft.shipping_discount),
        "tax_amount": money(draft.tax),
        "grand_total": money(draft.grand_total),
        "total_due": 0 if draft.settled else money(draft.grand_total),
    }
    if draft.settled:
        amounts |= {
            "total_paid": money(draft.grand_total),
            "total_invoiced": money(draft.grand_total),
            "subtotal_invoiced": money(draft.subtotal),
            "tax_invoiced": money(draft.tax),
            "discount_invoiced": money(-draft.discount),
            "shipping_invoiced": money(draft.shipping),
        }
    return amounts


def _item(both: Both, index: int, shop: ShopContext) -> Json:
    draft, line = both.draft, both.draft.lines[index]
    item: Json = {
        "sku": line.sku,
        "product_type": "virtual" if line.is_virtual else "simple",
        "name": one_line(line.name) or line.sku,
        "store_id": shop.store_id,
        "is_virtual": int(line.is_virtual),
        "is_qty_decimal": 0,
        "no_discount": 1,
        "free_shipping": 0,
        "qty_ordered": line.qty,
        "weight": four_decimals(line.weight),
        "row_weight": four_decimals(line.weight * line.qty),
        "tax_percent": tax_percent(line),
        "discount_percent": 0,
        **_ZERO_AMOUNTS,
        **both(lambda side: _item_amounts(side, side.lines[index])),
    }
    if line.amazon_item_id:
        item["ext_order_item_id"] = line.amazon_item_id
    if line.product_id is not None:
        item["product_id"] = line.product_id
    if draft.settled:
        item |= {"qty_invoiced": line.qty, "qty_shipped": 0 if line.is_virtual else line.qty}
    if shop.tax_rows and line.tax:
        item["extension_attributes"] = {"itemized_taxes": [line_tax_row(both, index)]}
    return item


def _item_amounts(draft: Draft, line: DraftLine) -> Json:
    money = in_currency(draft)
    gross = Decimal(line.row_total + line.tax).scaleb(-exponent(draft.currency))
    price = number(draft.unit_price(line))
    amounts = {
        "price": price,
        "original_price": price,
        "price_incl_tax": four_decimals(gross / line.qty),
        "row_total": money(line.row_total),
        "row_total_incl_tax": money(line.row_total + line.tax),
        "tax_amount": money(line.tax),
        "discount_amount": money(line.discount),
    }
    if draft.settled:
        done = ("row_invoiced", "row_total"), ("tax_invoiced", "tax_amount"), ("discount_invoiced", "discount_amount")
        amounts |= {invoiced: amounts[ordered] for invoiced, ordered in done}
    return amounts


def _payment(order: OrderSnapshot, both: Both) -> Json:
    # `purchaseorder` shows the Amazon number in the admin, and is never asked whether it is enabled (magento-live 2).
    def amounts(draft: Draft) -> Json:
        money = in_currency(draft)
        paid = {"amount_paid": money(draft.grand_total)} if draft.settled else {}
        return {"amount_ordered": money(draft.grand_total), "shipping_amount": money(draft.shipping), **paid}

    return {
        "method": "purchaseorder",
        "po_number": order.amazon_order_id,
        "account_status": "",
        "cc_last4": "",
        "additional_information": [],
        **both(amounts),
    }


def _shipping_description(order: OrderSnapshot, draft: Draft) -> str:
    """What the warehouse reads beside the address: the number, how fast, for which programs, and until when."""
    parts = [f"Amazon {order.amazon_order_id}", _words(order.service_level) or "Shipping"]
    parts += map(_words, order.programs)
    if draft.settled:
        parts.append("shipped by Amazon")
    elif order.ship_by:
        parts.append(f"ship by {order.ship_by.astimezone(UTC):%Y-%m-%d %H:%M} UTC")
    return one_line(" - ".join(parts))


def _history(order: OrderSnapshot, draft: Draft, status: str, console_url: str | None) -> Json:
    return {
        "comment": "<br>".join(_remarks(order, draft, console_url)),
        "status": status,
        "entity_name": "order",
        "is_customer_notified": 0,
        "is_visible_on_front": 0,
        "parent_id": 0,
    }


def _remarks(order: OrderSnapshot, draft: Draft, console_url: str | None) -> list[str]:
    """What the warehouse has to know and no field holds, as HTML: the admin shows <a> and <br> in comments."""
    remarks = ["; ".join(_facts(order, draft, console_url)) + "."]
    if order.street_withheld:
        remarks.append(f"{STREET_WITHHELD}.")
    for line in order.lines:
        about = escape(line.sku or line.asin or line.item_id)
        if line.shipping_needs:
            remarks.append(f"{about}: needs {escape(one_line(line.shipping_needs))}")
        if line.gift_wrap_level:
            remarks.append(f"{about}: gift wrap {escape(one_line(line.gift_wrap_level))}")
        if line.gift_message:
            message = escape(storable(line.gift_message).strip()).replace("\n", "<br>")
            remarks.append(f"{about}: gift message: {message}")
        if (line.customized_url or "").startswith("https://"):
            remarks.append(f'{about}: <a href="{escape(one_line(line.customized_url, 2000))}">customization</a>')
    return remarks


def _facts(order: OrderSnapshot, draft: Draft, console_url: str | None) -> list[str]:
    """The same about the order as a whole."""
    name = escape(order.amazon_order_id)
    link = f'<a href="{escape(console_url)}">{name}</a>' if console_url else name
    paid = order.status not in (AmazonStatus.PENDING, AmazonStatus.PENDING_AVAILABILITY)
    facts = [
        f"Amazon order {link}, {'paid on Amazon' if paid else 'holds its stock while Amazon verifies the payment'}"
    ]
    if draft.settled:
        facts.append("sold and shipped by Amazon")
    if order.service_level:
        facts.append(escape(_words(order.service_level)))
    if order.programs:
        facts.append("programs: " + escape(", ".join(map(_words, order.programs))))
    if order.ship_by and not draft.settled:
        facts.append(f"ship by {_time(order.ship_by)} UTC")
    told = (
        ("payment by", order.payment_methods),
        ("Easy Ship", order.fulfillment_orders),
        ("in place of order", order.replaces),
        ("buyer's purchase order", order.purchase_order_number),
        ("buyer's tax office", order.address.tax_office if order.address else None),
        ("delivery instructions", order.address.instructions if order.address else None),
        *(("IOSS number", number) for number in sorted({line.ioss_number or "" for line in order.lines})),
    )
    facts += [f"{what} {escape(one_line(value))}" for what, value in told if value]
    if order.tax_collected_by_amazon:
        facts.append("tax is collected and paid by Amazon")
    return facts


def _words(code: str | None) -> str:
    """An Amazon code as words: "SAME_DAY" is "Same Day"; what is written as words already stays."""
    text = one_line(code)
    return text.replace("_", " ").title() if text.isupper() else text


def _time(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")


def _check_lengths(entity: Json) -> None:
    for part in (entity, entity["payment"], *entity["items"]):
        for name, most in LENGTHS.items():
            if len(part.get(name) or "") > most:
                raise InvalidInput(f"{name} {part[name]!r} is longer than the {most} characters that Commerce keeps.")
