"""Orders: the list with its filters, the whole order, what can be asked of it."""

from __future__ import annotations

from dataclasses import fields as members
from functools import partial
from typing import Any

from marshmallow import ValidationError, fields, validate, validates_schema

from bridge.api.blueprint import Input, Output
from bridge.api.fields import DayOrMoment, DecimalString, Enumerated, Moment, Whole
from bridge.api.schemas.common import MOST, MoneySchema, integer, page_of, string
from bridge.domain.blockers import BLOCKER_CODES
from bridge.domain.order import AmazonStatus, Channel, LineAmounts
from bridge.domain.states import ImportState, ShownStatus
from bridge.order_list import EVERY_SORT, MOST_COUNTED

order_status = partial(Enumerated, "OrderStatus", ShownStatus)
amazon_status_of = partial(Enumerated, "AmazonStatus", AmazonStatus)
channel_of = partial(Enumerated, "Channel", Channel)
state_of = partial(Enumerated, "ImportState", ImportState)
blocker_code = partial(Enumerated, "BlockerCode", BLOCKER_CODES)


def moment(says: str, *, allow_none: bool = False) -> Moment:
    """A required moment of an answer."""
    metadata = {"description": says, "examples": ["2026-03-31T07:20:05Z"]}
    return Moment(required=True, allow_none=allow_none, metadata=metadata)


class OrderFilterQuery(Input):
    """Filter and sort of orders; all filters must hold."""

    store_id = fields.Integer(validate=validate.Range(1, MOST), metadata={"description": "Orders of this store."})
    status = fields.List(
        order_status(),
        metadata={"description": "Orders that show one of these statuses; give the parameter once for each."},
    )
    purchase_date_from = DayOrMoment(metadata={"description": "Placed on this day (UTC) or at this moment, or later."})
    purchase_date_to = DayOrMoment(
        end=True, metadata={"description": "Placed on this day (UTC) or at this moment, or earlier."}
    )
    order_number = fields.String(
        validate=validate.Length(1, 64),
        metadata={
            "description": "A whole Amazon or Commerce order number, its beginning, or Amazon's last seven digits.",
            "examples": ["111-8391502"],
        },
    )
    buyer_name = fields.String(
        validate=validate.Length(1, 100),
        metadata={
            "description": "Beginnings of words of the buyer's name, whatever their case and accents; all must match.",
            "examples": ["jose gar"],
        },
    )
    total_min = DecimalString(metadata={"description": "Smallest grand total.", "examples": ["12.30"]})
    total_max = DecimalString(metadata={"description": "Largest grand total.", "examples": ["99.99"]})
    channel = channel_of(metadata={"description": "Who ships: the merchant (FBM) or Amazon (FBA)."})
    import_state = state_of(metadata={"description": "How far the Commerce side is."})
    blocker = blocker_code(metadata={"description": "Orders that have this blocker."})
    sort = Enumerated(
        "OrderSort",
        EVERY_SORT,
        load_default="-purchase_date",
        metadata={"description": "Sort key over the whole result, falling with a minus."},
    )


class OrderQuery(OrderFilterQuery):
    """Filter, sort and page of the order list."""

    page = fields.Integer(
        validate=validate.Range(1, 1_000_000),
        metadata={"description": "Number of the page, from 1 (the default). Not together with cursor."},
    )
    page_size = fields.Integer(
        load_default=20, validate=validate.Range(1, 200), metadata={"description": "Orders of a page."}
    )
    cursor = fields.String(
        validate=validate.Length(1, 600),
        metadata={"description": "`next` of the page before: as fast on the last page as on the first."},
    )

    @validates_schema
    def _one_way_to_page(self, data: dict[str, Any], **_kwargs: Any) -> None:
        if "page" in data and "cursor" in data:
            raise ValidationError("Give page or cursor, not both.", "cursor")


class BlockerSchema(Output):
    """Why the Commerce order cannot be created now."""

    code = blocker_code(required=True, metadata={"description": "Stable word for programs."})
    message = string("In the merchant's words.", "No product with the SKU MUG-7 in Commerce.")


class FullBlockerSchema(BlockerSchema):
    """A blocker with what mends it."""

    fix = string("What mends it.", "Create a product with this SKU in Commerce, or match the listing to a product.")
    where = Enumerated(
        "BlockerPlace",
        sorted({kind.where for kind in BLOCKER_CODES.values()}),
        required=True,
        metadata={"description": "On which kind of page it is mended."},
    )
    amazon_item_id = string("The order line that it concerns; null: the whole order.", allow_none=True)
    sku = string("That line's seller SKU.", "MUG-7", allow_none=True)


class CommerceOrderSchema(Output):
    """The order in Commerce."""

    id = integer("entity_id.", 17)
    number = string("increment_id, the number that the merchant sees.", "000000017", allow_none=True)
    status = string("Its status in Commerce, as it was last read.", "processing", allow_none=True)
    url = string("Its page in the Commerce admin; null when the store has no commerce_admin_url.", allow_none=True)


class OrderSchema(Output):
    """An Amazon order as the list shows it."""

    id = integer("Our id of the order.", 42)
    store_id = integer("The store that it belongs to.", 1)
    amazon_order_id = string("Amazon's order number.", "111-8391502-4479812")
    status = order_status(required=True, metadata={"description": "What the merchant's grid shows."})
    amazon_status = amazon_status_of(required=True, metadata={"description": "What Amazon shows."})
    purchase_date = moment("When it was placed.")
    last_update_date = moment("Amazon's time of the newest version that we know.")
    buyer_name = string("Null while Amazon sends none.", "Jane Doe", allow_none=True)
    grand_total = fields.Nested(
        MoneySchema,
        required=True,
        allow_none=True,
        metadata={"description": "What the buyer paid; null while Amazon names no amount."},
    )
    order_note = string("The newest event, in the merchant's words.", "Status updated to Shipped.")
    channel = channel_of(required=True, metadata={"description": "Who ships."})
    programs = fields.List(
        fields.String(),
        required=True,
        metadata={"description": "Amazon programs, such as PRIME or BUSINESS.", "examples": [["PRIME"]]},
    )
    import_state = state_of(
        required=True, metadata={"description": "How far the Commerce side is.", "examples": ["imported"]}
    )
    blockers = fields.List(
        fields.Nested(BlockerSchema),
        required=True,
        metadata={"description": "Why it cannot be created in Commerce; empty unless it is blocked.", "examples": [[]]},
    )
    commerce_order = fields.Nested(
        CommerceOrderSchema, required=True, allow_none=True, metadata={"description": "Null until it is in Commerce."}
    )
    seller_central_url = string("Its page in Seller Central.", allow_none=True)
    order_url = string(
        "What a click opens: the Commerce order when it has a page, else Seller Central.", allow_none=True
    )


OrderPageSchema = page_of(
    OrderSchema,
    "OrderPageSchema",
    total_count=integer(f"How many orders the filter finds, counted up to {MOST_COUNTED:,}.", 1),
    total_count_capped=fields.Boolean(
        required=True,
        metadata={"description": "Counting ended early: there are at least total_count.", "examples": [False]},
    ),
    total_pages=integer("How many pages there are; null when total_count is capped.", 1, allow_none=True),
    next=string("Cursor of the next page; null on the last one.", allow_none=True),
)


def _amount(name: str) -> str:
    """What a field of LineAmounts holds, in words: cod_fee_tax is the tax on the fee for cash on delivery."""
    words = {
        "item": "the goods",
        "shipping": "shipping",
        "gift_wrap": "gift wrap",
        "cod_fee": "the fee for payment on delivery",
    }
    if name in {"other", "total"}:
        return "Whatever else Amazon charged." if name == "other" else "All of it, as Amazon adds it up."
    if name == "points":
        return "What the buyer's points cost the seller; no part of the total."
    for ending, says in (("_tax", "The tax on {}."), ("_discount", "What was taken off {}."), ("", "The price of {}.")):
        if name.endswith(ending) and (part := words.get(name.removesuffix(ending))):
            return says.format(part)
    raise KeyError(name)


AMOUNTS_SAY = "Decimal strings in `currency`; discounts positive; all but the taxes are net of tax."
LineAmountsSchema = type(
    "LineAmountsSchema",
    (Output,),
    {"__doc__": AMOUNTS_SAY, "currency": string("ISO 4217 code.", "USD")}
    | {
        member.name: DecimalString(required=True, metadata={"description": _amount(member.name), "examples": ["19.99"]})
        for member in members(LineAmounts)
    },
)
OrderAmountsSchema = type(
    "OrderAmountsSchema",
    (LineAmountsSchema,),
    {
        "__doc__": AMOUNTS_SAY,
        "tip": DecimalString(
            required=True, metadata={"description": "Delivery tip; part of the total.", "examples": ["0.00"]}
        ),
    },
)


class OrderLineSchema(Output):
    """A line of the Amazon order."""

    amazon_item_id = string("Amazon's order item id.", "05015851154158")
    sku = string("Seller SKU; null when Amazon names none.", "MUG-7", allow_none=True)
    asin = string("ASIN; null when Amazon names none.", "B00EXAMPLE", allow_none=True)
    title = string("The listing's title.", "Blue mug")
    quantity = integer("Ordered.", 2)
    quantity_shipped = integer("Shipped, as Amazon shows it.", 0)
    quantity_unshipped = integer("Still to be shipped, as Amazon shows it.", 2)
    commerce_sku = string("The Commerce product that stands for it, once imported.", "MUG-7", allow_none=True)
    amounts = fields.Nested(
        LineAmountsSchema,
        required=True,
        allow_none=True,
        metadata={"description": "The line's amounts; null while Amazon names none."},
    )
    gift_message = string("The buyer's gift message.", allow_none=True)
    gift_wrap_level = string("The gift wrap that the buyer chose.", allow_none=True)
    customized_url = string("Where Amazon keeps the buyer's customization.", allow_none=True)
    shipping_needs = string("What its parcel must have.", "signature of the recipient", allow_none=True)
    promotions = string("Amazon's ids of the promotions in it.", "SUMMER-20, FREE-SHIPPING", allow_none=True)
    ioss_number = string("What the carrier writes on the customs declaration.", "IM4420001201", allow_none=True)


class AddressSchema(Output):
    """Where the parcel goes; every part may be missing."""

    name = string("Recipient.", "Jane Doe", allow_none=True)
    company = string("Company.", allow_none=True)
    lines = fields.List(
        fields.String(), required=True, metadata={"description": "Street lines.", "examples": [["1 Main St"]]}
    )
    city = string("City.", "Seattle", allow_none=True)
    county = string("County or district.", allow_none=True)
    region = string("State or province, as the buyer's country writes it.", "WA", allow_none=True)
    postcode = string("Postcode.", "98101", allow_none=True)
    country = string("ISO 3166 code.", "US", allow_none=True)
    phone = string("Phone number.", allow_none=True)


class QuantitySchema(Output):
    """How many of an order line."""

    amazon_item_id = string("Amazon's order item id.", "05015851154158")
    quantity = integer("Units.", 2)


class TrackSchema(Output):
    """A tracking number."""

    number = string("Tracking number.", "1Z999AA10123456784")
    carrier_code = string("Commerce's carrier code.", "ups")
    title = string("Commerce's carrier title.", "United Parcel Service")


class ShipmentSchema(Output):
    """A shipment that the merchant made in Commerce."""

    commerce_shipment_id = integer("Its entity_id in Commerce.", 9)
    shipped_at = moment("When it was made.")
    items = fields.List(
        fields.Nested(QuantitySchema), required=True, metadata={"description": "What of the order is in it."}
    )
    tracks = fields.List(
        fields.Nested(TrackSchema), required=True, metadata={"description": "Its tracking numbers, none or several."}
    )


class AmazonPackageSchema(Output):
    """A parcel as Amazon shows it."""

    reference = string("packageReferenceId; the Commerce shipment's id where we confirmed it.", "9")
    carrier = string("Carrier.", "UPS", allow_none=True)
    tracking_number = string("Tracking number.", "1Z999AA10123456784", allow_none=True)
    status = string("Amazon's status of the parcel.", allow_none=True)
    items = fields.List(
        fields.Nested(QuantitySchema), required=True, metadata={"description": "What of the order is in it."}
    )


class ShipmentsSchema(Output):
    """Both sides' view of what was shipped."""

    items = fields.List(
        fields.Nested(ShipmentSchema), required=True, metadata={"description": "The shipments in Commerce."}
    )
    amazon_packages = fields.List(
        fields.Nested(AmazonPackageSchema), required=True, metadata={"description": "The parcels that Amazon shows."}
    )


class EventSchema(Output):
    """One thing that happened to the order."""

    id = integer("Its id.", 311)
    at = moment("When.")
    kind = string("What kind of event.", "amazon_status")
    old = string("What held before, where there is a before.", "Unshipped", allow_none=True)
    new = string("What holds since.", "Shipped", allow_none=True)
    message = string("In the merchant's words.", "Status updated to Shipped.")


EventPageSchema = page_of(EventSchema, "EventPageSchema")


class OutgoingSchema(Output):
    """A change that must reach Amazon or Commerce; kept until the other side's own data shows it."""

    kind = string("What is to be done.", "confirm_shipment")
    reference = string("Tells several of a kind apart.", "9")
    state = Enumerated(
        "OutgoingState",
        ("pending", "sent", "done", "refused"),
        required=True,
        metadata={"description": "How far it is."},
    )
    attempts = integer("How often it was tried.", 1)
    next_attempt_at = moment("When it is tried next; null when it is not.", allow_none=True)
    last_error = string("Why the last attempt failed.", allow_none=True)
    created_at = moment("Since when it is kept.")
    sent_at = moment("When the other side accepted it.", allow_none=True)
    done_at = moment("When the other side showed it.", allow_none=True)


class OrderDetailSchema(OrderSchema):
    """Everything that is known of an order."""

    lines = fields.List(fields.Nested(OrderLineSchema), required=True, metadata={"description": "What was ordered."})
    amounts = fields.Nested(
        OrderAmountsSchema,
        required=True,
        allow_none=True,
        metadata={"description": "The order's amounts, added up; null while Amazon names none."},
    )
    blockers = fields.List(
        fields.Nested(FullBlockerSchema),
        required=True,
        metadata={"description": "Why it cannot be created in Commerce, and what mends that.", "examples": [[]]},
    )
    shipping_address = fields.Nested(
        AddressSchema,
        required=True,
        allow_none=True,
        metadata={"description": "Where the parcel goes; null while there is no address."},
    )
    shipping_address_edited = fields.Boolean(
        required=True, metadata={"description": "Whether the merchant wrote it, in place of Amazon's."}
    )
    buyer_email = string("Amazon's relay address of the buyer.", allow_none=True)
    buyer_company = string("Company of a business buyer.", allow_none=True)
    buyer_tax_id = string("Tax registration number of the buyer.", allow_none=True)
    purchase_order_number = string("The business buyer's own order number.", allow_none=True)
    delivery_instructions = string("What the buyer asks of the carrier.", "Leave it on the porch", allow_none=True)
    buyer_cancel_requested_at = moment("When the buyer asked to cancel.", allow_none=True)
    buyer_cancel_reason = string("The reason that the buyer gave.", allow_none=True)
    personal_data_deleted_at = moment("When names, addresses and messages were deleted for good.", allow_none=True)
    service_level = string("Shipping service that the buyer chose.", "STANDARD", allow_none=True)
    ship_by = moment("Latest moment of shipping.", allow_none=True)
    overdue = fields.Boolean(
        required=True,
        metadata={"description": "ship_by has passed, and Amazon does not know of everything as shipped."},
    )
    deliver_by = moment("Latest moment of delivery.", allow_none=True)
    replaces = string("The order that this one replaces.", allow_none=True)
    payment_methods = string("How the buyer pays, where Amazon says so.", "CashOnDelivery", allow_none=True)
    fulfillment_orders = string("Amazon's numbers of Easy Ship.", allow_none=True)
    tax_collected_by_amazon = fields.Boolean(
        required=True, metadata={"description": "Whether Amazon pays the tax, so that the merchant must not."}
    )
    imported_at = moment("When the Commerce order was created.", allow_none=True)
    attempts = integer("How often its import was tried.", 0)
    next_attempt_at = moment("When its import is tried next; null when it is not ready.", allow_none=True)
    created_at = moment("When we first saw it.")
    updated_at = moment("When anything about it last changed here.")
    shipments = fields.Nested(
        ShipmentsSchema, required=True, metadata={"description": "What was shipped, as both sides show it."}
    )
    outgoing = fields.List(
        fields.Nested(OutgoingSchema),
        required=True,
        metadata={"description": "Changes for Amazon and Commerce, those that are done too."},
    )
    events = fields.List(
        fields.Nested(EventSchema), required=True, metadata={"description": "The newest ones, newest first."}
    )


class ImportOrders(Input):
    """Which orders to import or to look at again."""

    order_ids = fields.List(
        Whole(validate=validate.Range(1, MOST)),
        required=True,
        validate=validate.Length(1, 200),
        metadata={"description": "Our ids of the orders.", "examples": [[42, 43]]},
    )


class RefusedImportSchema(Output):
    """An order that cannot be imported, and why."""

    order_id = integer("Our id of the order.", 43)
    code = string("Stable word for programs.", "already_imported")
    message = string("In the merchant's words.", "This order is in Commerce already.")


class ImportAnswerSchema(Output):
    """What was taken on, and the job runs that work on it."""

    accepted = fields.List(
        fields.Integer(), required=True, metadata={"description": "Our ids of the orders.", "examples": [[42]]}
    )
    refused = fields.List(
        fields.Nested(RefusedImportSchema), required=True, metadata={"description": "Those that were not taken on."}
    )
    job_runs = fields.List(
        fields.Integer(), required=True, metadata={"description": "Ids of the job runs.", "examples": [[812]]}
    )


class PreviewLineSchema(Output):
    """A line of the Commerce order beside Amazon's figure for it; decimal strings."""

    amazon_item_id = string("Amazon's order item id; empty for a charge of the whole order.", "05015851154158")
    sku = string("SKU in Commerce.", "MUG-7")
    name = string("Name in Commerce.", "Blue mug")
    qty = integer("Quantity in Commerce.", 2)
    unit_price = DecimalString(
        required=True, metadata={"description": "Net of tax, four decimals.", "examples": ["19.9900"]}
    )
    row_total = DecimalString(
        required=True, metadata={"description": "Net of tax, before the discount.", "examples": ["39.98"]}
    )
    tax = DecimalString(required=True, metadata={"description": "The row's tax.", "examples": ["3.30"]})
    discount = DecimalString(required=True, metadata={"description": "Positive.", "examples": ["0.00"]})


def _figure(says: str, example: str) -> DecimalString:
    return DecimalString(required=True, allow_none=True, metadata={"description": says, "examples": [example]})


class PreviewSchema(Output):
    """The Commerce order that an import would create now, or what stands against it."""

    order_id = integer("Our id of the order.", 42)
    can_be_created = fields.Boolean(required=True, metadata={"description": "Whether nothing stands against it."})
    order_number = string("The Commerce number it would get; null: Commerce's next one.", allow_none=True)
    blockers = fields.List(
        fields.Nested(FullBlockerSchema),
        required=True,
        metadata={"description": "What stands against it, by line.", "examples": [[]]},
    )
    currency = string("ISO 4217 code; null while there are no figures.", "USD", allow_none=True)
    lines = fields.List(
        fields.Nested(PreviewLineSchema), required=True, metadata={"description": "Its lines; none without figures."}
    )
    subtotal = _figure("All rows, net of tax.", "39.98")
    shipping = _figure("Shipping, net of tax.", "4.99")
    tax = _figure("All taxes.", "3.71")
    discount = _figure("Positive.", "0.00")
    grand_total = _figure("Of the Commerce order.", "48.68")
    amazon_total = _figure("Of the Amazon order.", "48.68")
    commerce_request = fields.Dict(
        required=True,
        allow_none=True,
        metadata={
            "description": "The body of POST /V1/orders; null while anything stands against it.",
            "examples": [{"entity": {"grand_total": 48.68}}],
        },
    )
