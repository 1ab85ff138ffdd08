"""Stores, their settings, matches and dashboard; the global settings and the messages."""

from __future__ import annotations

from typing import Any, ClassVar

from marshmallow import fields, validate

from bridge.amazon.marketplaces import MARKETPLACES
from bridge.api.blueprint import Input, Output
from bridge.api.fields import Choice, DecimalString, Enumerated, Flag, Moment, Whole
from bridge.api.schemas.common import MOST, MoneySchema, PageQuery, integer, list_of, page_of, string
from bridge.api.schemas.orders import OrderSchema, moment, order_status
from bridge.domain.settings import ORDER_SETTINGS, Setting
from bridge.queries import SYSTEM_MESSAGE
from bridge.stores import AMAZON_CREDENTIALS, COMMERCE_CREDENTIALS


class MarketplaceSchema(Output):
    """One of Amazon's marketplaces."""

    id = string("Amazon's id of it.", "ATVPDKIKX0DER")
    code = string("Its short name.", "US")
    country = string("Its country's name.", "United States")
    region = Enumerated(
        "Region",
        sorted({m.region for m in MARKETPLACES.values()}),
        required=True,
        metadata={"description": "Its region of Amazon's API.", "examples": ["na"]},
    )
    currency = string("The usual currency of its orders.", "USD")
    domain = string("Its shop.", "amazon.com")
    seller_central_url = string("Its Seller Central.", "https://sellercentral.amazon.com")


class StoreMarketplaceSchema(Output):
    """A store's marketplace."""

    id = string("Amazon's id of it.", "ATVPDKIKX0DER")
    code = string("Its short name.", "US")
    country = string("Its country's name.", "United States")
    currency = string("The usual currency of its orders.", "USD")


class StoreSchema(Output):
    """An Amazon seller account in one marketplace, tied to a Commerce website. Its credentials are never shown."""

    id = integer("Our id of the store.", 1)
    name = string("The name that the merchant gave it.", "Mugs US")
    seller_id = string("Amazon's merchant token.", "A2EXAMPLE1SELL")
    marketplace = fields.Nested(
        StoreMarketplaceSchema, required=True, metadata={"description": "Where its listings are."}
    )
    commerce_url = string("Base address of the Commerce shop.", "https://shop.example")
    commerce_admin_url = string("Address of its admin, for links.", "https://shop.example/admin", allow_none=True)
    website_code = string("Code of the Commerce website.", "base")
    active = fields.Boolean(required=True, metadata={"description": "Whether the jobs work for it."})
    integration_time = moment("When it was connected; older orders are never imported.")
    created_at = moment("When it was made here.")
    updated_at = moment("When it was last changed here.")


def _secret(**kwargs: Any) -> fields.String:
    metadata = {"description": "Kept encrypted, never shown.", "writeOnly": True, "examples": ["a-secret"]}
    return fields.String(validate=validate.Length(1, 2048), metadata=metadata, **kwargs)


_AUTH_SAYS = "How the bridge signs in at Commerce."


class StoreChange(Input):
    """Fields of a store to change; those left out stay. A changed credential replaces the one of its name."""

    EXAMPLE: ClassVar[Any] = {"name": "Mugs US", "commerce_admin_url": "https://shop.example/admin"}

    name = fields.String(
        validate=validate.Length(1, 100),
        metadata={"description": "The merchant's own name of it.", "examples": ["Mugs US"]},
    )
    commerce_url = fields.String(
        validate=validate.Length(1, 255),
        metadata={"description": "https, or http to this machine.", "examples": ["https://shop.example"]},
    )
    commerce_admin_url = fields.String(
        validate=validate.Length(0, 255),
        allow_none=True,
        metadata={"description": "Address of the shop's admin, for links.", "examples": ["https://shop.example/admin"]},
    )
    website_code = fields.String(
        validate=validate.Length(1, 32),
        metadata={"description": "Code of the Commerce website.", "examples": ["base"]},
    )
    amazon_client_id = _secret()
    amazon_client_secret = _secret()
    amazon_refresh_token = _secret()
    commerce_auth = Enumerated("CommerceAuth", COMMERCE_CREDENTIALS, metadata={"description": _AUTH_SAYS})
    commerce_token = _secret()
    commerce_consumer_key = _secret()
    commerce_consumer_secret = _secret()
    commerce_access_token = _secret()
    commerce_token_secret = _secret()
    commerce_ims_client_id = _secret()
    commerce_ims_client_secret = _secret()
    commerce_ims_org_id = _secret()


class NewStore(StoreChange):
    """A store to connect, with the credentials that its commerce_auth needs.

    bearer: commerce_token. oauth1: the consumer's key and secret, the access token and its secret. ims: the three of
    commerce_ims, for Commerce as a Cloud Service, whose commerce_url ends with the tenant.
    """

    EXAMPLE: ClassVar[Any] = {
        "name": "Mugs US",
        "seller_id": "A2EXAMPLE1SELL",
        "marketplace_id": "ATVPDKIKX0DER",
        "commerce_url": "https://shop.example",
        "website_code": "base",
        "amazon_client_id": "amzn1.application-oa2-client.example",
        "amazon_client_secret": "a-secret",
        "amazon_refresh_token": "a-token",
        "commerce_auth": "bearer",
        "commerce_token": "a-token",
    }

    name = fields.String(
        required=True,
        validate=validate.Length(1, 100),
        metadata={"description": "The merchant's own name of it.", "examples": ["Mugs US"]},
    )
    seller_id = fields.String(
        required=True,
        validate=validate.Length(3, 32),
        metadata={"description": "Amazon's merchant token.", "examples": ["A2EXAMPLE1SELL"]},
    )
    marketplace_id = fields.String(
        required=True,
        validate=validate.Length(1, 32),
        metadata={"description": "Amazon's id of the marketplace.", "examples": ["ATVPDKIKX0DER"]},
    )
    commerce_url = fields.String(
        required=True,
        validate=validate.Length(1, 255),
        metadata={"description": "https, or http to this machine.", "examples": ["https://shop.example"]},
    )
    website_code = fields.String(
        required=True,
        validate=validate.Length(1, 32),
        metadata={"description": "Code of the Commerce website.", "examples": ["base"]},
    )
    integration_time = Moment(
        metadata={"description": "Now unless given; never in the past.", "examples": ["2030-01-01T00:00:00Z"]}
    )
    commerce_auth = Enumerated(
        "CommerceAuth", COMMERCE_CREDENTIALS, required=True, metadata={"description": _AUTH_SAYS}
    )


for _name in AMAZON_CREDENTIALS:
    NewStore._declared_fields[_name] = _secret(required=True)

StoreListSchema = list_of(StoreSchema, "StoreListSchema")
MarketplaceListSchema = list_of(MarketplaceSchema, "MarketplaceListSchema")


class CheckSchema(Output):
    """One thing that was looked at."""

    name = string("What.", "amazon")
    ok = fields.Boolean(required=True, metadata={"description": "Whether it is as it should be."})
    message = string("What came of it.", "The seller account takes part in amazon.com.")


class VerificationSchema(Output):
    """Whether the store's credentials and settings work."""

    ok = fields.Boolean(required=True, metadata={"description": "Whether all checks passed."})
    checks = fields.List(
        fields.Nested(CheckSchema), required=True, metadata={"description": "What was looked at, in that order."}
    )


def _setting(setting: Setting, *, required: bool) -> Any:
    nullable = setting.default is None
    metadata = {"description": setting.help}
    if setting.values is None:
        return fields.String(required=required, allow_none=nullable, metadata=metadata)
    component = "".join(part.title() for part in setting.name.split("_")) + "Setting"
    return Enumerated(component, setting.values, required=required, metadata=metadata)


OrderSettingsSchema = type(
    "OrderSettingsSchema",
    (Output,),
    {"__doc__": "How a store's orders come into Commerce."}
    | {setting.name: _setting(setting, required=True) for setting in ORDER_SETTINGS},
)
OrderSettingsChange = type(
    "OrderSettingsChange",
    (Input,),
    {"__doc__": "Order settings to save; those left out stay as they are."}
    | {setting.name: _setting(setting, required=False) for setting in ORDER_SETTINGS},
)


def _clear_log_history(**kwargs: Any) -> Enumerated:
    says = {"description": "How long job runs and communication errors are kept."}
    return Enumerated("ClearLogHistory", ("monthly", "weekly", "daily"), metadata=says, **kwargs)


def _personal_data_days(**kwargs: Any) -> fields.Integer:
    says = (
        "For how many days after delivery buyers' names, addresses and messages are kept. Amazon allows 30; more only"
        " where the law of taxes or invoices demands it."
    )
    kept = validate.Range(1, 3650)
    return Whole(validate=kept, metadata={"description": says, "examples": [30]}, **kwargs)


READ_ONLY_SAYS = "Changes for Amazon and Commerce are kept, not sent."


DEBUG_SAYS = "Whether the jobs' log tells more: also what is asked of Amazon."


class GlobalSettingsSchema(Output):
    """What holds for all stores."""

    clear_log_history = _clear_log_history(required=True)
    read_only_mode = fields.Boolean(required=True, metadata={"description": READ_ONLY_SAYS, "examples": [False]})
    debug_logging = fields.Boolean(required=True, metadata={"description": DEBUG_SAYS})
    personal_data_days = _personal_data_days(required=True)


class GlobalSettingsChange(Input):
    """Global settings to save; those left out stay as they are."""

    clear_log_history = _clear_log_history()
    read_only_mode = Flag(metadata={"description": READ_ONLY_SAYS, "examples": [False]})
    debug_logging = Flag(metadata={"description": DEBUG_SAYS, "examples": [False]})
    personal_data_days = _personal_data_days()


class ProductMatchSchema(Output):
    """Which Commerce product stands for an Amazon listing."""

    id = integer("Its id.", 3)
    seller_sku = string("The listing's seller SKU; null when it is matched by ASIN.", "MUG-7-FBM", allow_none=True)
    asin = string("The listing's ASIN; null when it is matched by seller SKU.", allow_none=True)
    commerce_sku = string("The product.", "MUG-7")
    quantity = integer("How many of the product one Amazon unit is.", 1)
    created_at = moment("When it was saved.")


ProductMatchPageSchema = page_of(ProductMatchSchema, "ProductMatchPageSchema")


class NewProductMatch(Input):
    """A product match to save: by seller_sku or by asin, one of the two."""

    EXAMPLE: ClassVar[Any] = {"seller_sku": "MUG-7-FBM", "commerce_sku": "MUG-7", "quantity": 1}

    seller_sku = fields.String(
        validate=validate.Length(1, 128),
        metadata={"description": "The listing's seller SKU.", "examples": ["MUG-7-FBM"]},
    )
    asin = fields.String(
        validate=validate.Length(1, 16), metadata={"description": "The listing's ASIN.", "examples": ["B00EXAMPLE"]}
    )
    commerce_sku = fields.String(
        required=True,
        validate=validate.Length(1, 64),
        metadata={"description": "SKU of the Commerce product.", "examples": ["MUG-7"]},
    )
    quantity = Whole(
        load_default=1,
        validate=validate.Range(1, 10_000),
        metadata={"description": "How many of the product one Amazon unit is.", "examples": [1]},
    )


class DashboardQuery(Input):
    """Over which days the dashboard looks."""

    days = Choice("DashboardDays", (7, 30), load_default=30, metadata={"description": "Days, today included."})


class DayRevenueSchema(Output):
    """A day's revenue."""

    date = fields.Date(required=True, metadata={"description": "Day in UTC.", "examples": ["2026-03-31"]})
    revenue = fields.Nested(MoneySchema, required=True, metadata={"description": "Of the orders placed on it."})


class StatusCountSchema(Output):
    """How many orders show a status."""

    status = order_status(required=True, metadata={"description": "The status.", "examples": ["Shipped"]})
    count = integer("Orders.", 12)


class LinkSchema(Output):
    """A page elsewhere."""

    label = string("What it is called.", "Manage orders")
    url = string("Where it is.", "https://sellercentral.amazon.com/orders-v3")


class OverdueOrderSchema(Output):
    """An order whose last moment of shipping has passed, and of which Amazon does not know everything as shipped."""

    id = integer("Our id of the order.", 42)
    amazon_order_id = string("Amazon's order number.", "113-5551234-0000001")
    status = order_status(required=True, metadata={"description": "What the list shows."})
    ship_by = moment("Latest moment of shipping.")


class DashboardSchema(Output):
    """How a store does. Canceled orders are no sales."""

    store = fields.Nested(StoreSchema, required=True, metadata={"description": "The store."})
    days = integer("The period's days.", 30)
    lifetime_sales = fields.Nested(
        MoneySchema, required=True, metadata={"description": "Of all orders since the store was connected."}
    )
    revenue = fields.Nested(MoneySchema, required=True, metadata={"description": "Of the period."})
    previous_revenue = fields.Nested(
        MoneySchema, required=True, metadata={"description": "Of as many days before the period."}
    )
    change_percent = DecimalString(
        required=True,
        allow_none=True,
        metadata={"description": "Revenue against the same number of days before; null when they had none."},
    )
    revenue_by_day = fields.List(
        fields.Nested(DayRevenueSchema),
        required=True,
        metadata={"description": "Every day of the period, oldest first."},
    )
    orders_by_status = fields.List(
        fields.Nested(StatusCountSchema), required=True, metadata={"description": "All orders, counted."}
    )
    overdue_count = integer("How many orders are overdue.", 1)
    overdue_orders = fields.List(
        fields.Nested(OverdueOrderSchema),
        required=True,
        metadata={"description": "Those that are overdue the longest, at most ten."},
    )
    recent_orders = fields.List(
        fields.Nested(OrderSchema), required=True, metadata={"description": "The newest orders, newest first."}
    )
    seller_central_links = fields.List(
        fields.Nested(LinkSchema), required=True, metadata={"description": "The seller's pages at Amazon."}
    )


class SystemMessageSchema(Output):
    """What the merchant must be told."""

    code = string("Stable word for programs.", "orders_blocked")
    severity = Enumerated("Severity", ("error",), required=True, metadata={"description": "How bad it is."})
    text = string("In the merchant's words.", SYSTEM_MESSAGE.format(stores="Mugs US"))
    store_ids = fields.List(fields.Integer(), required=True, metadata={"description": "The stores it concerns."})


SystemMessageListSchema = list_of(SystemMessageSchema, "SystemMessageListSchema")


_SOURCES = ("amazon", "commerce", "bridge")


class CommunicationErrorQuery(PageQuery):
    """Which failed calls."""

    store_id = fields.Integer(validate=validate.Range(1, MOST), metadata={"description": "Calls for this store."})
    system = Enumerated("ErrorSource", _SOURCES, metadata={"description": "Calls to this side, or what we found."})


class CommunicationErrorSchema(Output):
    """A call to Amazon or Commerce that failed."""

    id = integer("Its id.", 5)
    store_id = integer("The store it was for; null: the bridge.", 1, allow_none=True)
    at = moment("When.")
    system = Enumerated("ErrorSource", _SOURCES, required=True, metadata={"description": "Who was called."})
    operation = string("What was asked.", "searchOrders")
    status = integer("The HTTP status; null: no answer.", 429, allow_none=True)
    code = string("The other side's error code, empty if it gave none.", "QuotaExceeded")
    message = string("The other side's words.", "You exceeded your quota for the requested resource.")
    request_id = string("The other side's id of the request, for its support.", allow_none=True)


CommunicationErrorPageSchema = page_of(CommunicationErrorSchema, "CommunicationErrorPageSchema")
