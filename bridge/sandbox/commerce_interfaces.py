"""Which properties the sandbox's REST interface knows, of what type, and which it always answers.

One table per Magento data interface, read off the published OpenAPI document (Open Source's share of it: properties
that only Adobe Commerce adds to `extension_attributes` are left out). A type is `int`, `float`, `string`, `bool`,
`mixed` (taken as it comes), the name of another interface, or one of these with `[]`.
"""

from __future__ import annotations

from typing import Final


def _properties(
    *, int_: str = "", float_: str = "", string_: str = "", bool_: str = "", **others: str
) -> dict[str, str]:
    table = dict(others)
    for type_name, names in (("int", int_), ("float", float_), ("string", string_), ("bool", bool_)):
        table |= dict.fromkeys(names.split(), type_name)
    return table


INTERFACES: Final[dict[str, dict[str, str]]] = {
    "NoExtension": {},
    "StockSourceLink": _properties(int_="stock_id priority", string_="source_code"),
    "InventoryRequest": _properties(int_="stock_id", items="InventoryRequestItem[]", extension_attributes="mixed"),
    "InventoryRequestItem": _properties(string_="sku", float_="qty"),
    "Order": _properties(
        float_="""
            adjustment_negative adjustment_positive base_adjustment_negative base_adjustment_positive
            base_discount_amount base_discount_canceled base_discount_invoiced base_discount_refunded base_grand_total
            base_discount_tax_compensation_amount base_discount_tax_compensation_invoiced
            base_discount_tax_compensation_refunded base_shipping_amount base_shipping_canceled
            base_shipping_discount_amount base_shipping_discount_tax_compensation_amnt base_shipping_incl_tax
            base_shipping_invoiced base_shipping_refunded base_shipping_tax_amount base_shipping_tax_refunded
            base_subtotal base_subtotal_canceled base_subtotal_incl_tax base_subtotal_invoiced base_subtotal_refunded
            base_tax_amount base_tax_canceled base_tax_invoiced base_tax_refunded base_total_canceled base_total_due
            base_total_invoiced base_total_invoiced_cost base_total_offline_refunded base_total_online_refunded
            base_total_paid base_total_qty_ordered base_total_refunded base_to_global_rate base_to_order_rate
            discount_amount discount_canceled discount_invoiced discount_refunded grand_total
            discount_tax_compensation_amount discount_tax_compensation_invoiced discount_tax_compensation_refunded
            payment_authorization_amount shipping_amount shipping_canceled shipping_discount_amount
            shipping_discount_tax_compensation_amount shipping_incl_tax shipping_invoiced shipping_refunded
            shipping_tax_amount shipping_tax_refunded store_to_base_rate store_to_order_rate subtotal subtotal_canceled
            subtotal_incl_tax subtotal_invoiced subtotal_refunded tax_amount tax_canceled tax_invoiced tax_refunded
            total_canceled total_due total_invoiced total_offline_refunded total_online_refunded total_paid
            total_qty_ordered total_refunded weight
        """,
        string_="""
            applied_rule_ids base_currency_code coupon_code created_at customer_dob customer_email customer_firstname
            customer_lastname customer_middlename customer_note customer_prefix customer_suffix customer_taxvat
            discount_description ext_customer_id ext_order_id global_currency_code hold_before_state hold_before_status
            increment_id order_currency_code original_increment_id protect_code relation_child_id relation_child_real_id
            relation_parent_id relation_parent_real_id remote_ip shipping_description state status store_currency_code
            store_name updated_at x_forwarded_for
        """,
        int_="""
            billing_address_id can_ship_partially can_ship_partially_item customer_gender customer_group_id customer_id
            customer_is_guest customer_note_notify edit_increment email_sent entity_id forced_shipment_with_invoice
            is_virtual payment_auth_expiration quote_address_id quote_id store_id total_item_count
        """,
        items="OrderItem[]",
        billing_address="OrderAddress",
        payment="OrderPayment",
        status_histories="OrderStatusHistory[]",
        extension_attributes="OrderExtension",
    ),
    "OrderItem": _properties(
        string_="""
            additional_data applied_rule_ids created_at description ext_order_item_id name product_type sku updated_at
            weee_tax_applied
        """,
        float_="""
            amount_refunded base_amount_refunded base_cost base_discount_amount base_discount_invoiced
            base_discount_refunded base_discount_tax_compensation_amount base_discount_tax_compensation_invoiced
            base_discount_tax_compensation_refunded base_original_price base_price base_price_incl_tax base_row_invoiced
            base_row_total base_row_total_incl_tax base_tax_amount base_tax_before_discount base_tax_invoiced
            base_tax_refunded base_weee_tax_applied_amount base_weee_tax_applied_row_amnt base_weee_tax_disposition
            base_weee_tax_row_disposition discount_amount discount_invoiced discount_percent discount_refunded
            gw_base_price gw_base_price_invoiced gw_base_price_refunded gw_base_tax_amount gw_base_tax_amount_invoiced
            gw_base_tax_amount_refunded gw_price gw_price_invoiced gw_price_refunded gw_tax_amount
            gw_tax_amount_invoiced gw_tax_amount_refunded discount_tax_compensation_amount
            discount_tax_compensation_canceled discount_tax_compensation_invoiced discount_tax_compensation_refunded
            original_price price price_incl_tax qty_backordered qty_canceled qty_invoiced qty_ordered qty_refunded
            qty_returned qty_shipped row_invoiced row_total row_total_incl_tax row_weight tax_amount tax_before_discount
            tax_canceled tax_invoiced tax_percent tax_refunded weee_tax_applied_amount weee_tax_applied_row_amount
            weee_tax_disposition weee_tax_row_disposition weight
        """,
        int_="""
            event_id free_shipping gw_id is_qty_decimal is_virtual item_id locked_do_invoice locked_do_ship no_discount
            order_id parent_item_id product_id quote_item_id store_id
        """,
        parent_item="OrderItem",
        product_option="mixed",
        extension_attributes="OrderItemExtension",
    ),
    "OrderAddress": _properties(
        string_="""
            address_type city company country_id email fax firstname lastname middlename postcode prefix region
            region_code suffix telephone vat_id vat_request_date vat_request_id
        """,
        int_="customer_address_id customer_id entity_id parent_id region_id vat_is_valid vat_request_success",
        street="string[]",
        extension_attributes="OrderAddressExtension",
    ),
    "OrderPayment": _properties(
        string_="""
            account_status additional_data address_status anet_trans_method cc_approval cc_avs_status cc_cid_status
            cc_debug_request_body cc_debug_response_body cc_debug_response_serialized cc_exp_month cc_exp_year cc_last4
            cc_number_enc cc_owner cc_secure_verify cc_ss_issue cc_ss_start_month cc_ss_start_year cc_status
            cc_status_description cc_trans_id cc_type echeck_account_name echeck_account_type echeck_bank_name
            echeck_routing_number echeck_type last_trans_id method po_number protection_eligibility
        """,
        additional_information="string[]",
        float_="""
            amount_authorized amount_canceled amount_ordered amount_paid amount_refunded base_amount_authorized
            base_amount_canceled base_amount_ordered base_amount_paid base_amount_paid_online base_amount_refunded
            base_amount_refunded_online base_shipping_amount base_shipping_captured base_shipping_refunded
            shipping_amount shipping_captured shipping_refunded
        """,
        int_="entity_id parent_id quote_payment_id",
        extension_attributes="OrderPaymentExtension",
    ),
    "OrderStatusHistory": _properties(
        string_="comment created_at entity_name status",
        int_="entity_id is_customer_notified is_visible_on_front parent_id",
        extension_attributes="OrderStatusHistoryExtension",
    ),
    "OrderExtension": _properties(
        shipping_assignments="ShippingAssignment[]",
        payment_additional_info="PaymentAdditionalInfo[]",
        applied_taxes="AppliedTax[]",
        item_applied_taxes="ItemAppliedTax[]",
        bool_="converting_from_quote",
        taxes="OrderTax[]",
        additional_itemized_taxes="OrderTaxItem[]",
        gift_message="mixed",
        string_="pickup_location_code",
        int_="notification_sent send_notification",
        coupon_codes="string[]",
        coupon_discounts="string[]",
    ),
    "OrderItemExtension": _properties(
        itemized_taxes="OrderTaxItem[]",
        gift_message="mixed",
    ),
    "OrderAddressExtension": _properties(),
    "OrderPaymentExtension": {"vault_payment_token": "mixed"},
    "OrderStatusHistoryExtension": _properties(),
    "ShippingAssignment": _properties(
        shipping="Shipping",
        items="OrderItem[]",
        int_="stock_id",
        extension_attributes="NoExtension",
    ),
    "Shipping": _properties(
        address="OrderAddress",
        string_="method",
        total="Total",
        extension_attributes="NoExtension",
    ),
    "Total": _properties(
        float_="""
            base_shipping_amount base_shipping_canceled base_shipping_discount_amount
            base_shipping_discount_tax_compensation_amnt base_shipping_incl_tax base_shipping_invoiced
            base_shipping_refunded base_shipping_tax_amount base_shipping_tax_refunded shipping_amount shipping_canceled
            shipping_discount_amount shipping_discount_tax_compensation_amount shipping_incl_tax shipping_invoiced
            shipping_refunded shipping_tax_amount shipping_tax_refunded
        """,
        extension_attributes="NoExtension",
    ),
    "ShipmentItemCreation": _properties(
        extension_attributes="NoExtension",
        int_="order_item_id",
        float_="qty",
    ),
    "ShipmentTrackCreation": _properties(
        extension_attributes="NoExtension",
        string_="track_number title carrier_code",
    ),
    "ShipmentTrack": _properties(
        int_="order_id entity_id parent_id",
        string_="created_at updated_at description track_number title carrier_code",
        float_="weight qty",
        extension_attributes="NoExtension",
    ),
    "ShipmentCommentCreation": _properties(
        extension_attributes="NoExtension",
        string_="comment",
        int_="is_visible_on_front",
    ),
    "ShipmentCreationArguments": _properties(
        extension_attributes="ShipmentCreationArgumentsExtension",
    ),
    "ShipmentCreationArgumentsExtension": _properties(
        string_="source_code",
    ),
    "InvoiceItemCreation": _properties(
        extension_attributes="NoExtension",
        int_="order_item_id",
        float_="qty",
    ),
    "CreditmemoItemCreation": _properties(
        extension_attributes="NoExtension",
        int_="order_item_id",
        float_="qty",
    ),
    "CreditmemoCreationArguments": _properties(
        float_="shipping_amount adjustment_positive adjustment_negative",
        extension_attributes="CreditmemoCreationArgumentsExtension",
    ),
    "CreditmemoCreationArgumentsExtension": _properties(
        return_to_stock_items="int[]",
    ),
    "OrderTax": _properties(
        int_="tax_id order_id priority position process",
        string_="code title",
        float_="percent amount base_amount base_real_amount",
        extension_attributes="NoExtension",
    ),
    "OrderTaxItem": _properties(
        int_="tax_item_id tax_id item_id associated_item_id",
        string_="tax_code taxable_item_type",
        float_="tax_percent amount base_amount real_amount real_base_amount",
        extension_attributes="NoExtension",
    ),
    "AppliedTax": _properties(
        string_="code title",
        float_="percent amount base_amount",
        extension_attributes="AppliedTaxExtension",
    ),
    "AppliedTaxExtension": _properties(
        rates="AppliedTaxRate[]",
    ),
    "ItemAppliedTax": _properties(
        string_="type",
        int_="item_id associated_item_id",
        applied_taxes="AppliedTax[]",
        extension_attributes="NoExtension",
    ),
    "AppliedTaxRate": _properties(
        string_="code title",
        float_="percent",
        extension_attributes="NoExtension",
    ),
    "SourceItem": _properties(
        string_="sku source_code",
        float_="quantity",
        int_="status",
        extension_attributes="NoExtension",
    ),
    "PaymentAdditionalInfo": _properties(
        string_="key value",
    ),
}

# Getters that may not return null: a reply shows them as null where other empty properties are left out.
REQUIRED: Final[dict[str, tuple[str, ...]]] = {
    "Order": ("base_grand_total", "customer_email", "grand_total"),
    "OrderItem": ("sku",),
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
