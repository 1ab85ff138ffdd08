"""Amazon's order JSON (Orders API v2026-01-01) -> OrderSnapshot. Pure.

Everything but a few fields may be absent, lists of values are open, and a field of the wrong type counts as absent
(amazon-sp-api 1.2); only what an order cannot do without makes it Unreadable.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, TypeVar

from bridge.amazon.amounts import read_amounts
from bridge.amazon.marketplaces import MARKETPLACES
from bridge.domain.order import Address, AmazonStatus, Channel, Line, LineAmounts, OrderSnapshot, Package

Json = Mapping[str, Any]
Word = TypeVar("Word", AmazonStatus, Channel)

# fulfillmentStatus -> status, without underscores and in capitals, so that one table takes both generations of names
STATUSES: dict[str, AmazonStatus] = {
    "PENDINGAVAILABILITY": AmazonStatus.PENDING_AVAILABILITY,
    "PENDING": AmazonStatus.PENDING,
    "UNSHIPPED": AmazonStatus.UNSHIPPED,
    "PARTIALLYSHIPPED": AmazonStatus.PARTIALLY_SHIPPED,
    "SHIPPED": AmazonStatus.SHIPPED,
    "INVOICEUNCONFIRMED": AmazonStatus.SHIPPED,  # all is shipped, the invoice is open; not in Amazon's model
    "CANCELLED": AmazonStatus.CANCELED,
    "CANCELED": AmazonStatus.CANCELED,
    "UNFULFILLABLE": AmazonStatus.UNFULFILLABLE,
}
CHANNELS: dict[str, Channel] = {
    "MERCHANT": Channel.FBM,
    "MFN": Channel.FBM,
    "AMAZON": Channel.FBA,
    "AFN": Channel.FBA,
}
NON_AMAZON = "NON_AMAZON"  # fulfilled by Amazon for another channel, perhaps our own Commerce: importing would loop
REPLACEMENTS = {"REPLACEMENT_ORIGINAL_ID", "EXCHANGE_ORIGINAL_ID"}
COMPANY_REGISTRATIONS = {"BUSINESS", "VAT", "CNPJ"}  # the other kinds (CPF, CST) name a person as well
COUNTRIES = {"UK": "GB"}  # Amazon's marketplace code, seen in addresses; ISO knows the other

# What a parcel must not be without; one that is not here is told by its own name
NEEDS = {
    "cashOnDelivery": "cash on delivery",
    "palletDelivery": "delivery by pallet",
    "recipientAgeVerification": "check of the recipient's age",
    "recipientIdentityVerification": "check of the recipient's identity",
    "signatureConfirmation": "signature of the recipient",
}

_MARKETPLACE_OF = {marketplace.domain: marketplace.id for marketplace in MARKETPLACES.values()}
_TEXT = 255
_MOST = 2**31  # what a column of the database holds
_UNSTORABLE = re.compile("[\0\ud800-\udfff]")  # half of a sign is what is left where somebody has cut a text
_ID = 32


class Unreadable(ValueError):
    """The order lacks what it cannot do without, or says what nobody may guess about.

    order_id is "?" when unknown; created is when it was placed, as far as that can be read.
    """

    def __init__(self, order_id: str, reason: str, created: datetime | None = None) -> None:
        super().__init__(reason)
        self.order_id = order_id
        self.created = created


def snapshot(order: Any) -> OrderSnapshot | None:
    """One version of an order, or None for an order that was not placed on Amazon. Raises Unreadable."""
    order_id = text(order, "orderId")
    if not order_id or len(order_id) > _ID:
        raise Unreadable("?", "The order has no orderId.")
    try:
        return _snapshot(order_id, order)
    except _LackingError as lacking:
        raise Unreadable(order_id, str(lacking), _time(order, "createdTime")) from lacking


def moment(value: str) -> datetime:
    """A time as Amazon writes it, with or without milliseconds and offset, as aware UTC. Raises ValueError."""
    try:
        when = datetime.fromisoformat(value)
        return when.replace(tzinfo=UTC) if when.tzinfo is None else when.astimezone(UTC)
    except (OverflowError, TypeError) as error:
        raise ValueError(f"{value!r} is not a time") from error


def text(of: Any, name: str, limit: int = _TEXT) -> str | None:
    """The text of a field, stripped and cut; None where there is none."""
    value = of.get(name) if isinstance(of, Mapping) else None
    return _storable(value).strip()[:limit] or None if isinstance(value, str) else None


def _storable(value: str) -> str:
    """The text without what no database takes: one such sign would keep a whole page from being stored, for ever."""
    return value if value.isascii() and "\0" not in value else _UNSTORABLE.sub("", value)


def part(of: Any, name: str) -> Json:
    """The object in a field; an empty one where there is none."""
    value = of.get(name) if isinstance(of, Mapping) else None
    return value if isinstance(value, Mapping) else {}


def parts(of: Any, name: str) -> Iterator[Json]:
    """The objects of a list in a field; none where there is no list."""
    value = of.get(name) if isinstance(of, Mapping) else None
    return (entry for entry in value if isinstance(entry, Mapping)) if isinstance(value, list) else iter(())


class _LackingError(ValueError):
    """Something required is not there, or not understood."""


def _snapshot(order_id: str, order: Json) -> OrderSnapshot | None:
    sold = part(order, "salesChannel")
    if text(sold, "channelName") == NON_AMAZON:
        return None
    fulfillment = part(order, "fulfillment")
    status = _of_table(STATUSES, fulfillment, "fulfillmentStatus")
    items = list(parts(order, "orderItems"))
    quantities = [_quantity(item, status) for item in items]
    amounts = read_amounts(order, items, quantities)
    replaces = _replaces(order)
    figures = amounts.lines
    if replaces and amounts.grand_total == 0 and not any(figures):
        figures = (LineAmounts(),) * len(items)  # a replacement costs nothing, and may say nothing else of it
    lines = tuple(map(_line, items, quantities, figures))
    if len({line.item_id for line in lines}) < len(lines):
        raise _LackingError("Two of the order's items have the same orderItemId.")
    buyer, registration = part(order, "buyer"), _registration(order)
    return OrderSnapshot(
        amazon_order_id=order_id,
        marketplace_id=_marketplace(sold),
        status=status,
        channel=_of_table(CHANNELS, fulfillment, "fulfilledBy"),
        purchase_date=_required_time(order, "createdTime"),
        last_update=_required_time(order, "lastUpdatedTime"),
        lines=lines,
        currency=amounts.currency,
        grand_total=amounts.grand_total,
        tip=amounts.tip,
        # A cancelled order is never made in Commerce, and comes with half of its figures.
        amounts_problem=None if status is AmazonStatus.CANCELED else amounts.problem and _storable(amounts.problem),
        programs=_words(order, "programs"),
        service_level=text(fulfillment, "fulfillmentServiceLevel", _ID),
        ship_by=_latest(fulfillment, "shipByWindow"),
        deliver_by=_latest(fulfillment, "deliverByWindow"),
        buyer_name=text(buyer, "buyerName"),
        buyer_email=text(buyer, "buyerEmail"),
        buyer_company=text(buyer, "buyerCompanyName") or _company(registration),
        purchase_order_number=text(buyer, "buyerPurchaseOrderNumber", 100),
        address=_address(part(order, "recipient"), registration),
        packages=tuple(_packages(order)),
        buyer_cancel_reason=_buyer_cancel_reason(items),
        replaces=replaces,
        tax_collected_by_amazon=_tax_collected_by_amazon(items),
        payment_methods=_listed(part(order, "payment"), "paymentExecutions", "paymentMethod", but="Other"),
        fulfillment_orders=_listed(order, "fulfillmentOrders", "fulfillmentOrderId"),
    )


def _of_table(table: Mapping[str, Word], of: Json, name: str) -> Word:
    word = text(of, name)
    if word is None:
        raise _LackingError(f"The order has no {name}.")
    known = table.get(word.replace("_", "").upper())
    if known is None:
        raise _LackingError(f"The {name} {word!r} is not known.")
    return known


def _required_time(of: Json, name: str) -> datetime:
    when = _time(of, name)
    if when is None:
        raise _LackingError(f"The order's {name} is not a time.")
    return when


def _time(of: Json, name: str) -> datetime | None:
    value = text(of, name)
    try:
        return moment(value) if value else None
    except ValueError:
        return None


def _latest(of: Json, name: str) -> datetime | None:
    return _time(part(of, name), "latestDateTime")


def _words(of: Json, name: str) -> tuple[str, ...]:
    value = of.get(name)
    return tuple(_storable(word)[:_TEXT] for word in value if isinstance(word, str)) if isinstance(value, list) else ()


def _listed(of: Json, name: str, member: str, *, but: str = "") -> str | None:
    """A member of each object of a list, each once, in one text for people; None where there is none."""
    found = dict.fromkeys(word for one in parts(of, name) if (word := text(one, member)) and word != but)
    return ", ".join(found)[:_TEXT] or None


def _marketplace(sold: Json) -> str:
    by_name = _MARKETPLACE_OF.get((text(sold, "marketplaceName") or "").lower())
    marketplace_id = text(sold, "marketplaceId") or by_name
    if not marketplace_id or len(marketplace_id) > _ID:
        raise _LackingError("The order does not name its marketplace.")
    return marketplace_id


def _count(of: Json, name: str) -> int | None:
    value = of.get(name)
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < _MOST else None


def _quantity(item: Json, status: AmazonStatus) -> int:
    """How many of the item still stand.

    Amazon does not say whether quantityOrdered shrinks when a part is cancelled: what is neither shipped nor to be
    shipped of an item that shows a cancellation does not stand. A wholly cancelled order keeps what was ordered.
    """
    ordered = _count(item, "quantityOrdered")
    if ordered is None:
        raise _LackingError("An item's quantityOrdered is not a number of pieces.")
    progress = part(item, "fulfillment")
    shipped, open_ = _count(progress, "quantityFulfilled"), _count(progress, "quantityUnfulfilled")
    executed = bool(part(part(item, "cancellation"), "cancellationExecution"))
    if status is AmazonStatus.CANCELED or not executed or shipped is None or open_ is None:
        return ordered
    return min(ordered, shipped + open_)


def _line(item: Json, quantity: int, amounts: LineAmounts | None) -> Line:
    item_id = text(item, "orderItemId")
    if not item_id or len(item_id) > _ID:
        raise _LackingError("An item has no orderItemId.")
    product, progress = part(item, "product"), part(item, "fulfillment")
    shipped = _count(progress, "quantityFulfilled") or 0
    open_ = _count(progress, "quantityUnfulfilled")
    gift = part(part(progress, "packing"), "giftOption")
    return Line(
        item_id=item_id,
        quantity=quantity,
        title=text(product, "title", 500) or "",
        sku=text(product, "sellerSku", 128),
        asin=text(product, "asin", 16),
        quantity_shipped=shipped,
        quantity_unshipped=max(0, quantity - shipped) if open_ is None else open_,
        amounts=amounts,
        gift_message=text(gift, "giftMessage", 2000),
        gift_wrap_level=text(gift, "giftWrapLevel", 64),
        customized_url=text(part(product, "customization"), "customizedUrl", 2000),
        promotions=_listed(part(item, "promotion"), "breakdowns", "promotionId"),
        shipping_needs=_needs(progress),
        ioss_number=text(part(part(progress, "shipping"), "internationalShipping"), "iossNumber", 64),
    )


def _registration(order: Json) -> Json:
    """The buyer's tax registration, the VAT number before any other; Amazon's own and the seller's stand beside it."""
    own = [
        one
        for one in parts(part(order, "tax"), "taxRegistrations")
        if text(one, "entityType") == "BUYER" and text(one, "taxRegistrationNumber")
    ]
    return min(own, key=lambda one: text(one, "taxRegistrationType") != "VAT", default={})


def _company(registration: Json) -> str | None:
    """The legal name where it is a company's (amazon-sp-api 1.6: some markets send it there alone)."""
    of_company = text(registration, "taxRegistrationType") in COMPANY_REGISTRATIONS
    return text(registration, "legalName") if of_company else None


def _needs(progress: Json) -> str | None:
    """What a parcel with the item must have, in words; each constraint that there is, is mandatory."""
    constraints = part(part(progress, "shipping"), "shippingConstraints")
    found = [NEEDS.get(name) or _in_words(name) for name in constraints if text(constraints, name)]
    if text(part(part(progress, "packing"), "serialNumberRequirement"), "requirementType"):
        found.append("serial numbers")
    return ", ".join(found)[:500] or None


def _in_words(name: str) -> str:
    return re.sub(r"([A-Z])", r" \1", name).lower().strip()


def _address(recipient: Json, registration: Json) -> Address | None:
    address, wishes = part(recipient, "deliveryAddress"), part(recipient, "deliveryPreference")
    told = [wish for name in ("dropOffLocation", "addressInstruction") if (wish := text(wishes, name))]
    lines = [line for n in (1, 2, 3) if (line := text(address, f"addressLine{n}"))]
    if not lines:  # Brazil may name the parts of the street instead
        detail = part(address, "extendedFields")
        street = [word for name in ("streetName", "streetNumber") if (word := text(detail, name))]
        lines = [" ".join(street)] if street else []
        lines += [word for name in ("complement", "neighborhood") if street and (word := text(detail, name))]
    country = (text(address, "countryCode") or "").upper() or None
    read = Address(
        name=text(address, "name"),
        company=text(address, "companyName"),
        lines=tuple(lines),
        city=text(address, "city") or text(address, "municipality"),
        county=text(address, "districtOrCounty"),
        region=text(address, "stateOrRegion"),
        postcode=text(address, "postalCode"),
        country=COUNTRIES.get(country, country) if country else None,
        phone=text(address, "phone"),
        instructions="; ".join(told) or None,
        tax_id=text(registration, "taxRegistrationNumber", 64),
        tax_office=next(
            (
                text(one, "value", 100)
                for one in parts(registration, "taxRegistrationAttributes")
                if text(one, "key") == "TAX_OFFICE"
            ),
            None,
        ),
    )
    return None if read == Address() else read


def _packages(order: Json) -> Iterator[Package]:
    for package in parts(order, "packages"):
        reference = text(package, "packageReferenceId")
        if reference:
            yield Package(
                reference=reference,
                carrier=text(package, "carrier"),
                tracking_number=text(package, "trackingNumber"),
                status=text(part(package, "packageStatus"), "status"),
                items=tuple(
                    (item_id, quantity)
                    for content in parts(package, "packageItems")
                    if (item_id := text(content, "orderItemId")) and (quantity := _count(content, "quantity"))
                ),
            )


def _buyer_cancel_reason(items: list[Json]) -> str | None:
    for item in items:
        request = part(part(item, "cancellation"), "cancellationRequest")
        if request and text(request, "requester") in (None, "BUYER"):
            return text(request, "cancelReason", 500) or ""
    return None


def _replaces(order: Json) -> str | None:
    for associated in parts(order, "associatedOrders"):
        if text(associated, "associationType") in REPLACEMENTS:
            return text(associated, "orderId", _ID)
    return None


def _tax_collected_by_amazon(items: list[Json]) -> bool:
    # Said by Amazon, never concluded from figures: a cancelled order has no tax, whoever collects it.
    return any(
        text(collection, "model") == "MARKETPLACE_FACILITATOR"
        for item in items
        for collection in parts(part(item, "tax"), "taxCollections")
    )
