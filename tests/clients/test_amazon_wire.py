"""An order of Amazon's, read: names, times, statuses, addresses, parcels; the money has a file of its own."""

from __future__ import annotations

import contextlib
import copy
import random
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from bridge.amazon import wire
from bridge.amazon.marketplaces import MARKETPLACES
from bridge.amazon.wire import Unreadable
from bridge.domain.order import Address, AmazonStatus, Channel, OrderSnapshot, Package
from tests.clients.amazon_fixtures import US, contract, order_json


def read(**changes: Any) -> OrderSnapshot:
    snapshot = wire.snapshot(order_json(**changes))
    assert snapshot is not None
    return snapshot


def item(**changes: Any) -> dict[str, Any]:
    return {"orderItemId": "1", "quantityOrdered": 3, "product": {"sellerSku": "BLUE-MUG"}} | changes


def examples() -> list[dict[str, Any]]:
    answers = [case["response"] for case in contract("sandbox_cases.json")]
    return [order for answer in answers for order in answer.get("orders") or [answer["order"]]]


def test_every_example_of_amazons_own_is_read_with_its_total():
    orders = examples()
    assert orders
    for order in orders:
        snapshot = wire.snapshot(order)
        shown = order["proceeds"]["grandTotal"]
        digits = 0 if shown["currencyCode"] == "JPY" else 2
        assert snapshot.amounts_problem is None
        assert snapshot.currency == shown["currencyCode"]
        assert Decimal(snapshot.grand_total).scaleb(-digits) == Decimal(shown["amount"])
        assert sum(line.amounts.total for line in snapshot.lines) + snapshot.tip == snapshot.grand_total
        assert all(line.amounts.add_up for line in snapshot.lines)


@pytest.mark.parametrize(
    ("shown", "status"),
    [
        ("PENDING_AVAILABILITY", AmazonStatus.PENDING_AVAILABILITY),
        ("PendingAvailability", AmazonStatus.PENDING_AVAILABILITY),
        ("PENDING", AmazonStatus.PENDING),
        ("UNSHIPPED", AmazonStatus.UNSHIPPED),
        ("Unshipped", AmazonStatus.UNSHIPPED),
        ("PARTIALLY_SHIPPED", AmazonStatus.PARTIALLY_SHIPPED),
        ("PartiallyShipped", AmazonStatus.PARTIALLY_SHIPPED),
        ("SHIPPED", AmazonStatus.SHIPPED),
        ("INVOICE_UNCONFIRMED", AmazonStatus.SHIPPED),
        ("InvoiceUnconfirmed", AmazonStatus.SHIPPED),
        ("CANCELLED", AmazonStatus.CANCELED),
        ("Canceled", AmazonStatus.CANCELED),
        ("UNFULFILLABLE", AmazonStatus.UNFULFILLABLE),
    ],
)
def test_both_generations_of_status_names_are_understood(shown, status):
    assert read(fulfillment={"fulfillmentStatus": shown, "fulfilledBy": "MERCHANT"}).status is status


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"fulfillment": {"fulfillmentStatus": "TELEPORTED", "fulfilledBy": "MERCHANT"}}, "'TELEPORTED' is not known"),
        ({"fulfillment": {"fulfilledBy": "MERCHANT"}}, "no fulfillmentStatus"),
        ({"fulfillment": None}, "no fulfillmentStatus"),
        ({"fulfillment": {"fulfillmentStatus": "SHIPPED"}}, "no fulfilledBy"),
        ({"fulfillment": {"fulfillmentStatus": "SHIPPED", "fulfilledBy": "DRONE"}}, "'DRONE' is not known"),
        ({"lastUpdatedTime": "yesterday"}, "lastUpdatedTime is not a time"),
        ({"lastUpdatedTime": "0001-01-01T00:00:00+14:00"}, "lastUpdatedTime is not a time"),
        ({"createdTime": 5}, "createdTime is not a time"),
        ({"salesChannel": {"channelName": "AMAZON"}}, "does not name its marketplace"),
        ({"orderItems": [item(orderItemId=None)]}, "no orderItemId"),
        ({"orderItems": [item(quantityOrdered="many")]}, "not a number of pieces"),
        ({"orderItems": [item(quantityOrdered=-1)]}, "not a number of pieces"),
        ({"orderItems": [item(), item()]}, "the same orderItemId"),
    ],
)
def test_an_order_without_what_it_needs_is_reported_and_never_guessed(changes, reason):
    with pytest.raises(Unreadable, match=reason) as caught:
        wire.snapshot(order_json(**changes))
    assert caught.value.order_id == "111-1111111-1111111"


@pytest.mark.parametrize("order", [None, "text", [], {}, {"orderId": None}, {"orderId": "1" * 40}])
def test_what_has_no_order_id_is_unreadable_without_a_name(order):
    with pytest.raises(Unreadable) as caught:
        wire.snapshot(order)
    assert caught.value.order_id == "?"


def test_an_order_of_another_channel_is_left_out():
    assert wire.snapshot(order_json(salesChannel={"channelName": "NON_AMAZON", "marketplaceId": US})) is None


def test_a_marketplace_that_is_only_named_is_found_by_its_name():
    sold = {"channelName": "AMAZON", "marketplaceName": "Amazon.co.jp"}
    assert MARKETPLACES[read(salesChannel=sold).marketplace_id].code == "JP"


@pytest.mark.parametrize(
    "shown",
    ["2026-11-02T08:30:00Z", "2026-11-02T08:30:00.000Z", "2026-11-02T09:30:00+01:00", "2026-11-02T08:30:00"],
)
def test_times_are_utc_whatever_form_they_come_in(shown):
    assert read(lastUpdatedTime=shown).last_update == datetime(2026, 11, 2, 8, 30, tzinfo=UTC)


def test_milliseconds_are_kept_because_they_order_versions():
    assert read(lastUpdatedTime="2026-11-02T08:30:00.250Z").last_update.microsecond == 250_000


@pytest.mark.parametrize(("by", "channel"), [("MERCHANT", Channel.FBM), ("AMAZON", Channel.FBA), ("AFN", Channel.FBA)])
def test_the_channel_is_who_ships(by, channel):
    assert read(fulfillment={"fulfillmentStatus": "SHIPPED", "fulfilledBy": by}).channel is channel


def test_the_customer_comes_from_the_buyer_and_the_address_from_the_recipient():  # regression 34
    buyer = {"buyerName": "Bob Buyer", "buyerEmail": "b@marketplace.amazon.com", "buyerCompanyName": "Bob & Sons",
             "buyerPurchaseOrderNumber": "PO-7"}  # fmt: skip
    address = {"name": "Rita Recipient", "addressLine1": " 1 Main St ", "addressLine2": "", "addressLine3": "Door 3",
               "city": "Springfield", "stateOrRegion": "IL", "postalCode": "62701", "countryCode": "us"}  # fmt: skip
    snapshot = read(buyer=buyer, recipient={"deliveryAddress": address})
    assert (snapshot.buyer_name, snapshot.buyer_email) == ("Bob Buyer", "b@marketplace.amazon.com")
    assert (snapshot.buyer_company, snapshot.purchase_order_number) == ("Bob & Sons", "PO-7")
    assert snapshot.address == Address(
        name="Rita Recipient", lines=("1 Main St", "Door 3"), city="Springfield", region="IL", postcode="62701",
        country="US",
    )  # fmt: skip


def test_an_order_without_personal_data_is_read_all_the_same():
    snapshot = read()
    assert snapshot.buyer_name is snapshot.buyer_email is snapshot.address is None


def test_a_brazilian_street_is_put_together_when_only_its_parts_are_there():
    street = {"streetName": "Avenida Paulista", "streetNumber": "1000", "neighborhood": "Bela Vista"}
    address = read(recipient={"deliveryAddress": {"extendedFields": street, "countryCode": "BR"}}).address
    assert address.lines == ("Avenida Paulista 1000", "Bela Vista")


def test_the_united_kingdom_has_its_iso_code():
    assert read(recipient={"deliveryAddress": {"countryCode": "UK"}}).address.country == "GB"


def test_parcels_show_what_was_sent_and_what_is_in_them():
    package = {"packageReferenceId": "7", "carrier": "UPS", "trackingNumber": "1Z9",
               "packageStatus": {"status": "SHIPPED"},
               "packageItems": [{"orderItemId": "1", "quantity": 2}]}  # fmt: skip
    assert read(packages=[package, {"carrier": "no reference"}]).packages == (
        Package("7", "UPS", "1Z9", "SHIPPED", (("1", 2),)),
    )


@pytest.mark.parametrize(
    ("request_", "reason"),
    [
        ({"requester": "BUYER", "cancelReason": "Ordered twice"}, "Ordered twice"),
        ({"requester": "BUYER"}, ""),
        (None, None),
    ],
)
def test_the_buyers_wish_to_cancel_reads_the_same_every_time(request_, reason):  # regression 28
    order = order_json(orderItems=[item(cancellation={"cancellationRequest": request_} if request_ else {})])
    assert wire.snapshot(order).buyer_cancel_reason == wire.snapshot(order).buyer_cancel_reason == reason


def test_who_remits_the_tax_is_what_amazon_says_and_not_what_figures_suggest():  # regression 29
    canceled = {"fulfillmentStatus": "CANCELLED", "fulfilledBy": "MERCHANT"}
    zero = {"proceedsTotal": {"amount": "0.00", "currencyCode": "USD"}}
    facilitated = {"taxCollections": [{"model": "MARKETPLACE_FACILITATOR", "responsibleParty": "Amazon"}]}
    assert not read(fulfillment=canceled, orderItems=[item(proceeds=zero)]).tax_collected_by_amazon
    assert read(fulfillment=canceled, orderItems=[item(proceeds=zero, tax=facilitated)]).tax_collected_by_amazon
    assert read(orderItems=[item(tax=facilitated)]).tax_collected_by_amazon


def registration(kind: str, number: str | None, entity: str = "BUYER", **more: Any) -> dict[str, Any]:
    return {"entityType": entity, "taxRegistrationType": kind, "taxRegistrationNumber": number} | more


def test_a_business_buyers_tax_number_is_his_own_and_not_amazons_or_the_sellers():  # regression 37
    registered = [
        registration("CNPJ", "15436940", "MARKETPLACE"),
        registration("VAT", "GB1", "MERCHANT"),
        registration("BUSINESS", "777"),
        registration("VAT", " 1234567890 ", legalName="Oliveira Ltda",
                     taxRegistrationAttributes=[{"key": "TAX_OFFICE", "value": "Kadikoy"}]),
        registration("VAT", None),
    ]  # fmt: skip
    snapshot = read(tax={"taxRegistrations": registered}, buyer={"buyerName": "Ana"})
    assert snapshot.address == Address(tax_id="1234567890", tax_office="Kadikoy")
    assert snapshot.buyer_company == "Oliveira Ltda"
    named = read(tax={"taxRegistrations": registered}, buyer={"buyerCompanyName": "Oliveira"})
    assert named.buyer_company == "Oliveira"


def test_the_legal_name_of_a_person_is_no_company():
    registered = {"taxRegistrations": [registration("CPF", "123", legalName="Ana Oliveira")]}
    snapshot = read(tax=registered, recipient={"deliveryAddress": {"city": "Recife"}})
    assert (snapshot.address.tax_id, snapshot.address.city, snapshot.buyer_company) == ("123", "Recife", None)


def test_what_a_parcel_needs_is_told_with_the_line_and_what_the_buyer_asks_for_with_the_address():
    must = dict.fromkeys(("signatureConfirmation", "recipientAgeVerification", "droneFreeZone"), "MANDATORY")
    constraints = must | {"palletDelivery": None}
    packing = {"serialNumberRequirement": {"requirementType": "REQUIRED"}}
    shipped = {"shipping": {"shippingConstraints": constraints}, "packing": packing}
    wish = {"dropOffLocation": "Porch", "addressInstruction": "Behind the mill", "deliveryCapabilities": ["X"]}
    snapshot = read(orderItems=[item(fulfillment=shipped)], recipient={"deliveryPreference": wish})
    assert snapshot.lines[0].shipping_needs == (
        "signature of the recipient, check of the recipient's age, drone free zone, serial numbers"
    )
    assert snapshot.address == Address(instructions="Porch; Behind the mill")
    assert read(orderItems=[item()]).lines[0].shipping_needs is None


def test_how_the_buyer_pays_is_told_unless_amazon_says_nothing_by_it():
    paid = [{"paymentMethod": "CashOnDelivery"}, {"paymentMethod": "Other"}, {}, {"paymentMethod": "GiftCertificate"}]
    snapshot = read(payment={"paymentExecutions": paid}, fulfillmentOrders=[{"fulfillmentOrderId": "F1"}, {}])
    assert (snapshot.payment_methods, snapshot.fulfillment_orders) == ("CashOnDelivery, GiftCertificate", "F1")
    bare = read(payment={"paymentExecutions": [{"paymentMethod": "Other"}]})
    assert (bare.payment_methods, bare.fulfillment_orders) == (None, None)


def test_a_line_tells_its_promotions_and_the_number_for_the_customs():
    international = {"shipping": {"internationalShipping": {"iossNumber": "IM4420001201"}}}
    promoted = {"breakdowns": [{"promotionId": "SUMMER"}, {"promotionId": 7}, {"promotionId": "FREE-SHIP"}]}
    line = read(orderItems=[item(fulfillment=international, promotion=promoted)]).lines[0]
    assert (line.promotions, line.ioss_number) == ("SUMMER, FREE-SHIP", "IM4420001201")
    bare = read(orderItems=[item(promotion={"breakdowns": []})]).lines[0]
    assert (bare.promotions, bare.ioss_number) == (None, None)


@pytest.mark.parametrize("kind", ["REPLACEMENT_ORIGINAL_ID", "EXCHANGE_ORIGINAL_ID"])
def test_a_replacement_names_the_order_it_stands_for(kind):
    associated = [{"orderId": "111-0000000-0000001", "associationType": kind}]
    assert read(associatedOrders=associated).replaces == "111-0000000-0000001"


def test_a_free_replacement_is_read_with_its_zero_amounts():
    zero = {"amount": "0.00", "currencyCode": "USD"}
    snapshot = read(proceeds={"grandTotal": zero}, orderItems=[item(proceeds={"proceedsTotal": zero})])
    assert (snapshot.grand_total, snapshot.lines[0].amounts.total, snapshot.amounts_problem) == (0, 0, None)


@pytest.mark.parametrize(("replaces", "figures"), [(True, True), (False, False)])
def test_a_replacement_at_nothing_may_lack_every_other_figure(replaces, figures):
    associated = [{"orderId": "111-0000000-0000001", "associationType": "REPLACEMENT_ORIGINAL_ID"}]
    zero = {"grandTotal": {"amount": "0.00", "currencyCode": "USD"}}
    (line,) = read(proceeds=zero, associatedOrders=associated if replaces else []).lines
    assert (line.amounts is not None) is figures


@pytest.mark.parametrize(
    ("status", "progress", "cancelled", "quantity", "unshipped"),
    [
        ("UNSHIPPED", {"quantityFulfilled": 0, "quantityUnfulfilled": 3}, False, 3, 3),
        ("PARTIALLY_SHIPPED", {"quantityFulfilled": 1, "quantityUnfulfilled": 2}, False, 3, 2),
        ("UNSHIPPED", {}, False, 3, 3),
        ("UNSHIPPED", {"quantityFulfilled": 0, "quantityUnfulfilled": 2}, False, 3, 2),
        ("UNSHIPPED", {"quantityFulfilled": 0, "quantityUnfulfilled": 0}, True, 0, 0),
        ("UNSHIPPED", {"quantityFulfilled": 0, "quantityUnfulfilled": 2}, True, 2, 2),
        ("CANCELLED", {"quantityFulfilled": 0, "quantityUnfulfilled": 0}, True, 3, 0),
    ],
)
def test_a_line_counts_what_still_stands(status, progress, cancelled, quantity, unshipped):
    executed = {"cancellationExecution": {"cancelledBy": "AMAZON"}} if cancelled else {}
    fulfillment = {"fulfillmentStatus": status, "fulfilledBy": "MERCHANT"}
    line = read(fulfillment=fulfillment, orderItems=[item(fulfillment=progress, cancellation=executed)]).lines[0]
    assert (line.quantity, line.quantity_unshipped) == (quantity, unshipped)


def test_a_line_may_lack_its_sku_and_carries_gift_and_customisation():
    gift = {"packing": {"giftOption": {"giftMessage": "Happy birthday", "giftWrapLevel": "STANDARD"}}}
    product = {"asin": "B000000001", "title": "Mug", "customization": {"customizedUrl": "https://example.com/c.zip"}}
    line = read(orderItems=[item(product=product, fulfillment=gift)]).lines[0]
    assert (line.sku, line.asin, line.title) == (None, "B000000001", "Mug")
    assert (line.gift_message, line.gift_wrap_level) == ("Happy birthday", "STANDARD")
    assert line.customized_url == "https://example.com/c.zip"


def test_programs_and_windows_are_taken_over():
    fulfillment = {"fulfillmentStatus": "UNSHIPPED", "fulfilledBy": "MERCHANT", "fulfillmentServiceLevel": "EXPEDITED",
                   "shipByWindow": {"latestDateTime": "2026-11-04T07:59:59Z"}, "deliverByWindow": "soon"}  # fmt: skip
    snapshot = read(programs=["PRIME", "SOMETHING_NEW", 7], fulfillment=fulfillment)
    assert snapshot.programs == ("PRIME", "SOMETHING_NEW")
    assert snapshot.service_level == "EXPEDITED"
    assert snapshot.ship_by == datetime(2026, 11, 4, 7, 59, 59, tzinfo=UTC)
    assert snapshot.deliver_by is None


@pytest.mark.parametrize("field", ["buyer", "recipient", "proceeds", "packages", "programs", "associatedOrders"])
@pytest.mark.parametrize("nonsense", [None, "text", 7, [None, 7], {"deliveryAddress": []}])
def test_a_field_of_the_wrong_type_counts_as_absent(field, nonsense):
    assert read(**{field: nonsense}) == read()


ODD: tuple[Any, ...] = (
    None, True, 0, -1, 1.5, 2**70, "", "x", "\ud83d", "\0", "9" * 400, "1e999", "NaN", [], [None], [[]], [{}], {},
    {"amount": "1", "currencyCode": "USD"}, {"amount": None}, "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00",
)  # fmt: skip


def places(part: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The path of everything in a JSON value."""
    inner = part.items() if isinstance(part, dict) else enumerate(part) if isinstance(part, list) else ()
    for key, value in inner:
        yield (*path, key)
        yield from places(value, (*path, key))


def test_whatever_stands_anywhere_in_an_order_it_is_read_or_unreadable_and_never_worse():
    rng = random.Random(7)
    read_all = 0
    for order in [order for order in examples() for _ in range(150)]:
        odd = copy.deepcopy(order)
        *above, last = rng.choice(list(places(odd)))
        part: Any = odd
        for key in above:
            part = part[key]
        part[last] = rng.choice(ODD)
        with contextlib.suppress(Unreadable):
            snapshot = wire.snapshot(odd)
            read_all += 1
            assert not re.search(r"\\x00|\\ud83d", repr(snapshot))  # no database would take it
    assert read_all > 300


def test_the_marketplaces_are_those_of_the_recorded_table():
    recorded = {
        (m["code"], m["country"], m["marketplaceId"], m["region"], m["currency"], m["domain"], m["sellerCentralDomain"])
        for m in contract("marketplaces.json")
    }
    ours = {(m.code, m.country, m.id, m.region, m.currency, m.domain, m.seller_central) for m in MARKETPLACES.values()}
    assert ours == recorded
    assert len(ours) == 23


def test_an_orders_page_in_seller_central_has_its_address():
    url = MARKETPLACES["A1F83G8C2ARO7P"].order_url("026-1111111-1111111")
    assert url == "https://sellercentral-europe.amazon.com/orders-v3/order/026-1111111-1111111"
