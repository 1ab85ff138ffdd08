"""Which properties the sandbox's REST interface knows, of what type, and which it always answers.

One table per Magento data interface, read off the published OpenAPI document (Open Source's share of it: properties
that only Adobe Commerce adds to `extension_attributes` are left out). A type is `int`, `float`, `string`, `bool`,
`mixed` (taken as it comes), the name of another interface, or one of these with `[]`.
"""

from __future__ import annotations

from typing import Final

from bridge.sandbox.commerce_sales_interfaces import SALES_INTERFACES, properties

INTERFACES: Final[dict[str, dict[str, str]]] = SALES_INTERFACES | {
    "Customer": properties(
        int_="id group_id gender store_id website_id disable_auto_group_change",
        string_="""
            default_billing default_shipping confirmation created_at updated_at created_in dob email firstname lastname
            middlename prefix suffix taxvat
        """,
        addresses="mixed[]",
        extension_attributes="mixed",
        custom_attributes="mixed[]",
    ),
    "Product": properties(
        int_="id attribute_set_id status visibility",
        float_="price weight",
        string_="sku name type_id created_at updated_at",
        extension_attributes="ProductExtension",
        product_links="mixed[]",
        options="mixed[]",
        media_gallery_entries="mixed[]",
        tier_prices="mixed[]",
        custom_attributes="mixed[]",
    ),
    "ProductExtension": properties(
        website_ids="int[]",
        stock_item="StockItem",
        category_links="mixed[]",
        configurable_product_options="mixed[]",
        configurable_product_links="int[]",
    ),
    "StockItem": properties(
        int_="item_id product_id stock_id use_config_min_sale_qty backorders stock_status_changed_auto",
        float_="qty min_qty min_sale_qty max_sale_qty notify_stock_qty qty_increments",
        string_="low_stock_date",
        bool_="""
            is_in_stock is_qty_decimal show_default_notification_message use_config_min_qty use_config_max_sale_qty
            use_config_backorders use_config_notify_stock_qty use_config_qty_increments use_config_enable_qty_inc
            enable_qty_increments use_config_manage_stock manage_stock is_decimal_divided
        """,
        extension_attributes="mixed",
    ),
    "Source": properties(
        int_="region_id",
        float_="latitude longitude",
        string_="""
            source_code name email contact_name description country_id region city street postcode phone fax
        """,
        bool_="enabled use_default_carrier_config",
        carrier_links="mixed[]",
        extension_attributes="mixed",
    ),
    "Stock": properties(int_="stock_id", string_="name", extension_attributes="StockExtension"),
    "StockExtension": properties(sales_channels="SalesChannel[]"),
    "SalesChannel": properties(string_="type code", extension_attributes="mixed"),
    "StockSourceLink": properties(int_="stock_id priority", string_="source_code", extension_attributes="NoExtension"),
    "SourceItem": properties(
        string_="sku source_code",
        float_="quantity",
        int_="status",
        extension_attributes="NoExtension",
    ),
    "InventoryRequest": properties(int_="stock_id", items="InventoryRequestItem[]", extension_attributes="mixed"),
    "InventoryRequestItem": properties(string_="sku", float_="qty", extension_attributes="mixed"),
    "CartItem": properties(
        int_="item_id",
        float_="qty price",
        string_="sku name product_type quote_id",
        product_option="mixed",
        extension_attributes="mixed",
    ),
    "ShippingInformation": properties(
        string_="shipping_method_code shipping_carrier_code",
        shipping_address="OrderAddress",
        billing_address="OrderAddress",
        extension_attributes="mixed",
        custom_attributes="mixed[]",
    ),
}

_MODULES: Final = {
    "Customer": "Customer",
    "Product": "Catalog",
    "StockItem": "CatalogInventory",
    "Source": "InventoryApi",
    "Stock": "InventoryApi",
    "StockSourceLink": "InventoryApi",
    "SourceItem": "InventoryApi",
    "CartItem": "Quote",
    "OrderTax": "Tax",
    "OrderTaxItem": "Tax",
}


def php_name(interface: str) -> str:
    """The name by which messages call an interface."""
    return f"\\Magento\\{_MODULES.get(interface, 'Sales')}\\Api\\Data\\{interface}Interface"


# Getters that may not return null: a reply shows them as null where other empty properties are left out.
REQUIRED: Final[dict[str, tuple[str, ...]]] = {
    "Order": ("base_grand_total", "customer_email", "grand_total"),
    "OrderItem": ("sku",),
    "OrderAddress": ("address_type", "city", "country_id", "firstname", "lastname", "postcode", "telephone"),
    "OrderPayment": ("account_status", "cc_last4"),
    "ShipmentTrack": ("weight", "qty", "description"),
}

# Column lengths (magento-live section 0.4: what is longer is cut without a word, the POST reply still shows all of it).
LENGTHS: Final[dict[str, dict[str, int]]] = {
    "Order": {
        "increment_id": 50,
        "ext_order_id": 32,
        "ext_customer_id": 32,
        "state": 32,
        "status": 32,
        "customer_email": 128,
        "customer_firstname": 128,
        "customer_lastname": 128,
        "shipping_description": 255,
        "base_currency_code": 3,
        "global_currency_code": 3,
        "order_currency_code": 3,
        "store_currency_code": 3,
    },
    "OrderItem": {"sku": 255, "name": 255, "ext_order_item_id": 255, "product_type": 255},
    "OrderAddress": {
        "firstname": 255,
        "lastname": 255,
        "company": 255,
        "city": 255,
        "region": 255,
        "postcode": 255,
        "telephone": 255,
        "email": 255,
        "country_id": 2,
    },
    "OrderPayment": {"method": 128, "po_number": 32},
    "OrderStatusHistory": {"status": 32, "entity_name": 32},
    "ShipmentTrack": {"title": 255, "carrier_code": 32},
}
