"""How an order of Amazon's looks: building its JSON, and leaving out what is not shown yet or was not asked for."""

from __future__ import annotations

import copy
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Literal

from bridge.sandbox.amounts import ZERO, Json, Line, Pricing, item_proceeds, order_proceeds
from bridge.sandbox.markets import Market

# includedData value -> (keys of the order, keys of an item) that come only with it
SECTIONS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "BUYER": (("buyer",), ()),
    "RECIPIENT": (("recipient",), ()),
    "PROCEEDS": (("proceeds",), ("proceeds",)),
    "EXPENSE": ((), ("expense",)),
    "PROMOTION": ((), ("promotion",)),
    "CANCELLATION": ((), ("cancellation",)),
    "FULFILLMENT": (("fulfillment",), ("fulfillment",)),
    "PACKAGES": (("packages",), ()),
    "TAX": (("tax",), ("tax",)),
    "PAYMENT": (("payment",), ()),
    "FULFILLMENT_ORDERS": (("fulfillmentOrders",), ()),
}
# Delivery address fields that need a role for personal data; city, state and country do not.
RESTRICTED_ADDRESS = ("name", "addressLine1", "addressLine2", "addressLine3", "postalCode", "phone", "extendedFields")
TRANSIT = timedelta(days=3)


@dataclass(frozen=True)
class Address:
    """A delivery address, in the field names of the API but for their case; an empty field is not shown."""

    name: str = ""
    line1: str = "410 Terry Avenue North"
    line2: str = ""
    line3: str = ""
    city: str = "Seattle"
    state_or_region: str = "WA"
    postal_code: str = "98109-5210"
    country_code: str = "US"
    phone: str = "+1 206-555-0100"
    company_name: str = ""
    address_type: str = "RESIDENTIAL"

    def shown(self, *, phone: bool) -> Json:
        """`recipient.deliveryAddress`; FBA orders never show a phone number."""
        fields = {
            "name": self.name,
            "companyName": self.company_name,
            "addressLine1": self.line1,
            "addressLine2": self.line2,
            "addressLine3": self.line3,
            "city": self.city,
            "stateOrRegion": self.state_or_region,
            "postalCode": self.postal_code,
            "countryCode": self.country_code,
            "phone": self.phone if phone else "",
            "addressType": self.address_type,
        }
        return {key: value for key, value in fields.items() if value}


def text_time(when: datetime) -> str:
    """A time as Amazon writes it: UTC with Z, milliseconds only where there are some."""
    utc = when.astimezone(UTC)
    return utc.strftime("%Y-%m-%dT%H:%M:%S") + (f".{utc.microsecond // 1000:03d}Z" if utc.microsecond >= 1000 else "Z")


def parse_time(text: str) -> datetime:
    """An ISO 8601 date or date-time, UTC where it does not say; raises ValueError on anything else."""
    when = datetime.fromisoformat(text)
    return when if when.tzinfo else when.replace(tzinfo=UTC)


def new_order(
    order_id: str,
    lines: Sequence[Line],
    *,
    market: Market,
    created: datetime,
    address: Address,
    buyer_name: str,
    fulfilled_by: Literal["MERCHANT", "AMAZON"],
    programs: Sequence[str],
    service_level: str,
    status: str,
    tip: Decimal | None,
    tax_inclusive: bool | None,
    discount_sign: Literal[-1, 1],
) -> Json:
    """The order with everything that it will ever show."""
    inclusive = market.tax_inclusive if tax_inclusive is None else tax_inclusive
    pricing = Pricing(market, inclusive, discount_sign)
    own = fulfilled_by == "MERCHANT"
    buyer = {"buyerName": buyer_name}
    if own:
        buyer["buyerEmail"] = f"{order_id.replace('-', '')[3:]}@marketplace.{market.name.lower()}"
    proceeds = order_proceeds(lines, pricing, tip=tip or ZERO)
    return {
        "orderId": order_id,
        "createdTime": text_time(created),
        "lastUpdatedTime": text_time(created),
        "programs": list(programs),
        "salesChannel": _channel(market),
        "buyer": buyer,
        "recipient": {"deliveryAddress": address.shown(phone=own)},
        "proceeds": proceeds,
        "payment": {"paymentExecutions": [{"paymentMethod": "Other", "paymentAmount": proceeds["grandTotal"]}]},
        "fulfillment": {"fulfillmentStatus": status, "fulfilledBy": fulfilled_by, **_service(service_level, created)},
        "orderItems": [_item(order_id, at, line, pricing) for at, line in enumerate(lines, start=1)],
    }


def _channel(market: Market) -> Json:
    return {"channelName": "AMAZON", "marketplaceId": market.marketplace_id, "marketplaceName": market.name}


def _service(level: str, created: datetime) -> Json:
    return {
        "fulfillmentServiceLevel": level,
        "shipByWindow": _window(created, timedelta(days=2)),
        "deliverByWindow": _window(created + TRANSIT, timedelta(days=4)),
    }


def _window(start: datetime, length: timedelta) -> Json:
    return {"earliestDateTime": text_time(start), "latestDateTime": text_time(start + length)}


def _item(order_id: str, at: int, line: Line, pricing: Pricing) -> Json:
    product: Json = {
        "asin": line.asin or _asin(line.sku or line.title),
        "title": line.title,
        "condition": {"conditionType": "NEW", "conditionSubtype": "NEW"},
        "price": {"unitPrice": pricing.money(line.unit_price)},
    }
    if line.sku is not None:
        product["sellerSku"] = line.sku
    item: Json = {
        "orderItemId": line.order_item_id or f"{order_id.replace('-', '')[5:]}{at:02d}",
        "quantityOrdered": line.quantity,
        "product": product,
        "proceeds": item_proceeds(line, pricing),
        "fulfillment": {"quantityFulfilled": 0, "quantityUnfulfilled": line.quantity},
    }
    if line.gift_message or line.gift_wrap:
        item["fulfillment"]["packing"] = {"giftOption": {"giftMessage": line.gift_message, "giftWrapLevel": "STANDARD"}}
    if line.promotion_ids:
        item["promotion"] = {"breakdowns": [{"promotionId": promotion} for promotion in line.promotion_ids]}
    if line.item_tax and pricing.market.country_code == "US":
        collection = {"model": "MARKETPLACE_FACILITATOR", "responsibleParty": "Amazon Services, Inc."}
        item["tax"] = {"taxCollections": [collection]}
    return item


def _asin(text: str) -> str:
    # An ASIN of our own for what has none: the same for the same text in every process.
    number = 0
    for character in text:
        number = (number * 131 + ord(character)) % 100_000_000
    return f"B0{number:08d}"


def pending_view(full: Json) -> Json:
    """What is shown of an order whose payment is not authorised: no buyer, no address, no amounts."""
    shown = copy.deepcopy({key: value for key, value in full.items() if key not in ("buyer", "recipient", "payment")})
    del shown["proceeds"]
    for item in shown["orderItems"]:
        item.pop("proceeds", None)
        item.pop("tax", None)
        item["product"].pop("price", None)
    return shown


def view(order: Json, included: Collection[str], *, now: datetime, restricted_data: bool = True) -> Json:
    """The order with the asked-for sections only, and without personal data where no role allows it.

    The telephone number goes when a shipped order's time of delivery has passed.
    Parts are shared with `order`: to be written out, never changed.
    """
    dropped = [keys for name, keys in SECTIONS.items() if name not in included]
    of_order = {key for keys, _ in dropped for key in keys}
    of_item = {key for _, keys in dropped for key in keys}
    shown = {key: value for key, value in order.items() if key not in of_order}
    if of_item:
        shown["orderItems"] = [
            {key: value for key, value in item.items() if key not in of_item} for item in order["orderItems"]
        ]
    if not restricted_data:
        buyer = shown.get("buyer")
        if buyer is not None:
            shown["buyer"] = {key: value for key, value in buyer.items() if key not in ("buyerName", "buyerEmail")}
        return _without_address_fields(shown, RESTRICTED_ADDRESS)
    return _without_address_fields(shown, ("phone",)) if _delivered(order, now) else shown


def _delivered(order: Json, now: datetime) -> bool:
    fulfillment = order.get("fulfillment", {})
    latest = fulfillment.get("deliverByWindow", {}).get("latestDateTime")
    return fulfillment.get("fulfillmentStatus") == "SHIPPED" and latest is not None and parse_time(latest) < now


def _without_address_fields(shown: Json, hidden: Collection[str]) -> Json:
    address = shown.get("recipient", {}).get("deliveryAddress")
    if address is not None:
        public = {key: value for key, value in address.items() if key not in hidden}
        shown["recipient"] = {**shown["recipient"], "deliveryAddress": public}
    return shown
