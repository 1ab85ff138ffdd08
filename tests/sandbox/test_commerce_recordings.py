"""The sandbox's Commerce against single answers recorded on a real Magento 2.4.7, beyond the conformance steps.

Most recordings need no more than the catalogue: they are played alone, each on a fresh shop. The others are told as
stories: what was not recorded in between is done here, with the ids that the recordings use.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from oauthlib import oauth1

from tests.sandbox.commerce_shop import SHARED, START, CommerceClient, shared

RECORDINGS = ("contracts", "magento", "recordings")
TIME = re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d")
KEPT_IDS = {"store_id", "website_id", "store_group_id", "stock_id", "region_id", "customer_group_id", "group_id"}

NOT_PLAYED = {
    "async_bulk_order_create": "asynchronous calls are not played: the bridge makes none",
    "async_order_create": "asynchronous calls are not played: the bridge makes none",
    "bulk_detailed_status": "asynchronous calls are not played: the bridge makes none",
    "client_timeout_unknown_outcome": "a measurement, no request; the world's fault hang_up_after plays it",
    "concurrent_same_increment_id": "a measurement, no request; test_commerce_orders plays it",
    "devmode_salable_unknown_sku": "its answer is a trace of PHP; salable_qty_nope plays it without developer mode",
    "dump_stock_index_data": "holds the whole catalogue of that shop after a day of orders",
    "limits_on_no_page_size": "holds the orders of that shop after a day",
    "order_updated_at_by_step": "a table, no request; test_commerce_orders plays it",
    "timings": "a measurement, no request",
    "timings_2400_orders": "a measurement, no request",
}
# How each of these was signed; their Authorization headers are not in the recordings.
SIGNED: dict[str, dict[str, Any]] = {
    "oauth_future_timestamp_700s": {"ahead": 700},
    "oauth_hmac_sha1": {"signature_method": oauth1.SIGNATURE_HMAC_SHA1},
    "oauth_no_token": {"resource_owner_key": None},
    "oauth_nonce_reused": {"nonce": "used before"},
    "oauth_old_timestamp": {"ahead": -100_000},
    "oauth_short_consumer": {"client_key": "short"},
    "oauth_unknown_consumer": {"client_key": "x" * 32},
    "oauth_unknown_token": {"resource_owner_key": "x" * 32},
    "oauth_wrong_secret": {"client_secret": "x" * 32},
}
MAINTENANCE = ("maintenance_mode_get", "maintenance_mode_post")


def recording(name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(shared(*RECORDINGS, f"{name}.json").read_text())
    return loaded


def plain(value: Any, key: str = "") -> Any:
    """The value without what differs between any two shops: ids, times, hashes, the shop's address."""
    if isinstance(value, dict):
        return {name: plain(inner, name) for name, inner in value.items()}
    if isinstance(value, list):
        return [plain(inner, key) for inner in value]
    if isinstance(value, str):
        if TIME.match(value):
            return "<time>"
        value = re.sub(r"(?<=Report ID: )webapi-\w+", "<id>", value)
        value = re.sub(r"http://[^/]+/(commerce/)?(static/version\d+/|static/|media/)?", "<url>", value)
        return re.sub(r"\b[0-9a-zA-Z]{32,}\b", "<hash>", value)
    if key.endswith("_id") and key not in KEPT_IDS and not isinstance(value, bool) and value is not None:
        return "<id>"
    return value


class RecordedShop(CommerceClient):
    """The shop that the recordings were made on: the reference shop and some products with awkward SKUs and types."""

    def __init__(self) -> None:
        super().__init__()
        shop = self.shop
        shop.catalog.products["green-mug"].name = "Green mug (disabled)"
        shop.add_product("LOW-STOCK-CUP", "Low stock cup", product_id=8, qty=1)
        shop.add_product("SLASH/MUG", "Slash mug", product_id=12, qty=30)
        shop.add_product("COLON:MUG", "Colon mug", product_id=13, qty=30)
        shop.add_product("ÜBER-TASSE", "Über-Tasse", product_id=14, qty=30)
        shop.add_product("EBOOK-1", "E-book", product_id=15, type_id="virtual", qty=1000, price=7, weight=None)
        shop.add_product("MUG-SET", "Mug set (bundle)", product_id=19, type_id="bundle", price=30)
        self.names: dict[str, str] = {}

    def plays(self, name: str) -> None:
        """Send the recorded request; status and body must be the recorded ones."""
        request, wanted = recording(name)["request"], recording(name)["response"]
        more: dict[str, Any] = {"headers": self._authorization(request, **SIGNED.get(name, {}))}
        if isinstance(request["body"], dict) and "__raw__" in request["body"]:
            more |= {"data": request["body"]["__raw__"], "content_type": "application/json"}
        elif request["body"] is not None:
            more["json"] = request["body"]
        response = self.http.open(f"/commerce{self._renamed(request['path'])}", method=request["method"], **more)
        body = response.get_json(silent=True)
        if isinstance(wanted["body"], dict) and "__not_json__" in wanted["body"]:
            body = {"__not_json__": response.get_data(as_text=True)}
        assert (response.status_code, plain(body)) == (wanted["status"], plain(wanted["body"])), name

    def _renamed(self, path: str) -> str:
        for theirs, ours in self.names.items():
            path = path.replace(theirs, ours)
        return path

    def _authorization(self, request: dict[str, Any], **signed: Any) -> dict[str, str]:
        """As recorded; OAuth where the recording says so, signed as a client library does it."""
        if request["auth"] == "bearer":
            return {"Authorization": f"Bearer {self.shop.bearer}"}
        if request["auth"] != "oauth" and not signed:
            return {}
        own, stamp = self.shop.integration, str(int(START.timestamp()) + signed.pop("ahead", 0))
        secrets = {
            "client_key": own.consumer_key,
            "client_secret": own.consumer_secret,
            "resource_owner_key": own.access_token,
            "resource_owner_secret": own.access_token_secret,
            "signature_method": oauth1.SIGNATURE_HMAC_SHA256,
            "timestamp": stamp,
        }
        signer = oauth1.Client(**(secrets | signed))
        # This library wants an "=" after a key that has no value.
        path = re.sub(r"\?searchCriteria$", "?searchCriteria=", self._renamed(request["path"]))
        _, headers, _ = signer.sign(f"http://localhost/commerce{path}", request["method"])
        return {"Authorization": str(headers["Authorization"])}


Step = str | Callable[[RecordedShop], Any]


def counted(**numbers: int) -> Step:
    """Let the next ids be these."""

    def step(shop: RecordedShop) -> None:
        for counter, number in numbers.items():
            shop.shop._counters[counter] = number - 1

    return step


def placed(order_id: int, item_id: int, sku: str, qty: int = 1, price: float = 10, **more: Any) -> Step:
    """An order as the recordings place it, with these ids."""

    def step(shop: RecordedShop) -> None:
        body = recording("order_create_ok")["request"]["body"]["entity"]
        product = shop.shop.catalog.get(sku)
        line = body["items"][0] | {"sku": sku, "product_id": product.id if product else 99999}
        line |= {"name": sku.title(), "qty_ordered": qty, "row_weight": qty * 0.5}
        row, tax = round(price * qty, 2), more.pop("tax", 3.3)
        amazon_id = more.pop("amazon_id", f"113-{order_id:07}-0000000")
        line["ext_order_item_id"] = amazon_id.replace("-", "")[3:10] + "0"
        body |= {"increment_id": f"AMZ-{amazon_id}", "ext_order_id": amazon_id}
        body["status_histories"][0]["comment"] = f"Amazon order {amazon_id}, paid on Amazon."
        for base in ("", "base_"):
            line |= {f"{base}{name}": price for name in ("price", "original_price")}
            line |= {
                f"{base}row_total": row,
                f"{base}tax_amount": tax,
                f"{base}row_total_incl_tax": round(row + tax, 2),
            }
            line |= {f"{base}price_incl_tax": round(price * 1.0825, 4)}
            total = round(row + tax + 5.4, 2)
            body |= {f"{base}subtotal": row, f"{base}subtotal_incl_tax": round(row + tax, 2)}
            body |= {f"{base}tax_amount": round(tax + 0.41, 2), f"{base}grand_total": total, f"{base}total_due": total}
            body["payment"] |= {f"{base}amount_ordered": total}
        body |= {"total_qty_ordered": qty, "items": [line]} | more
        counted(order_id=order_id, item_id=item_id)(shop)  # type: ignore[operator]
        shop.post("orders", {"entity": body})

    return step


def did(verb_path: str, body: Any = None) -> Step:
    """A request that succeeded on the real shop as well, but was not recorded."""
    verb, path = verb_path.split()
    return lambda shop: shop._good(shop.send(verb, path, {} if body is None else body))


def _second_website(shop: RecordedShop) -> None:
    shop.shop.add_website("amz", "Amazon")
    shop.shop.add_store_view("amazon_ms", "Amazon MS", website_id=2)
    for product in shop.shop.catalog.products.values():
        if product.sku in {"FILL-055", "FILL-056", "FILL-057"}:
            product.website_ids = [1, 2]


def in_cart(theirs: str) -> Step:
    """A new cart that stands for the recorded one."""

    def step(shop: RecordedShop) -> None:
        shop.names[theirs] = shop.http.post("/commerce/rest/amazon_us/V1/guest-carts").get_json()

    return step


AMAZON_PAYMENT = {"method": "amazon", "additional_information": ["Amazon Payments"]}
AMAZON_PAYMENT |= {"amount_ordered": 16.32, "base_amount_ordered": 16.32}
QUIET = {"is_customer_notified": 0, "is_visible_on_front": 0}
STORIES: dict[str, list[Step]] = {
    "from new to complete": [
        "happy_1_order_create",
        "happy_2_comment",
        "happy_3_invoice",
        "happy_3b_order_get_invoiced",
        "happy_4_ship_partial",
        "happy_4b_order_get_partially_shipped",
        "happy_5_track_add",
        "happy_6_ship_second",
        "happy_7_ship_last",
        "happy_8_order_get_complete",
        "happy_9_shipments_by_updated_at",
        "happy_9b_shipments_by_order_id",
        "happy_10_refund_partial",
    ],
    "shipped without an invoice": [
        placed(2, 3, "BLUE-MUG", 2, 19.99, amazon_id="113-5405293-4515267"),
        did("POST order/2/ship", {"items": [{"order_item_id": 3, "qty": 1}]}),
        did("POST order/2/ship"),
        "happy_11_order_get_shipped_not_invoiced",
    ],
    "canceled after its address was changed": [
        placed(3, 4, "BLUE-MUG", 2, 19.99, amazon_id="113-5405294-4523186"),
        lambda shop: shop.shop.orders[3]["billing_address"].update(city="Dallas"),
        "happy_12_cancel",
        "happy_12b_order_get_canceled",
    ],
    "an invoiced order in two parcels": [
        placed(35, 33, "FILL-001", 3, 10.01, tax=2.48, amazon_id="113-5403894-3436586"),
        did("POST order/35/invoice"),
        "ship_partial_after_invoice",
        "invoice_second_time",
        did("POST order/35/ship", {"items": [{"order_item_id": 33, "qty": 2}]}),
        "shipments_by_updated_at",
        "shipment_get",
        "ship_rest_after_invoice",
        "ship_nothing_left",
        "order_get_complete",
        "cancel_complete_order",
        "invoices_by_order_id",
    ],
    "an order shipped first and invoiced then": [
        placed(36, 34, "FILL-002", 2),
        counted(shipment_id=3, invoice_id=2),
        "ship_partial_without_invoice",
        "ship_rest_without_invoice",
        "invoice_after_shipment",
    ],
    "two cancellations": [
        placed(37, 35, "FILL-003"),
        placed(38, 36, "FILL-004"),
        lambda shop: shop.shop.run_reservation_cli("^AMZ-113-0000038-"),
        "cancel_pending_without_reservation",
        "cancel_pending_with_reservation",
    ],
    "a late track": [
        placed(39, 37, "FILL-005", 1, 10.05),
        counted(**{"shipment_id": 5, "shipment of store 2": 5}),
        "ship_without_track",
        "shipment_track_add",
        "shipment_get_after_late_track",
    ],
    "comments, a refund and a hold": [
        placed(40, 38, "FILL-006", 2, amazon_id="113-5403964-3990916"),
        did("POST orders/40/comments", {"statusHistory": {"comment": "x"} | QUIET}),
        "comment_status_same_on_pending",
        "comment_status_unknown",
        did("POST order/40/invoice"),
        "comment_status_fraud_on_processing",
        "comment_back_to_processing",
        did("POST orders/40/comments", {"statusHistory": {"comment": "x"} | QUIET}),
        "comments_list",
        "refund_partial_unshipped",
        "order_hold",
        "ship_on_hold",
    ],
    "partly shipped, then canceled": [
        placed(42, 40, "FILL-008", 2),
        did("POST order/42/ship", {"items": [{"order_item_id": 40, "qty": 1}]}),
        did("POST orders/42/cancel"),
        "ship_rest_after_cancel",
        "invoice_after_partial_cancel",
    ],
    "what the source cannot give": [
        placed(43, 41, "SOLD-OUT-VASE"),
        placed(46, 44, "BACKORDER-CHAIR", 9),
        placed(47, 45, "T-SHIRT-XXL", 6),
        "ship_sold_out_vase",
        "ship_backorder_chair",
        "ship_t_shirt_xxl",
    ],
    "a SKU that the catalogue does not have": [
        placed(49, 47, "NOPE-1"),
        counted(shipment_id=14),
        "ship_nonexisting_sku",
    ],
    "lines that cannot be shipped": [
        placed(50, 48, "FILL-008"),
        placed(52, 50, "FILL-008"),
        "ship_unknown_item",
        "ship_zero_qty",
        "ship_half_qty",
        "ship_unknown_source",
        "ship_track_only_number",
    ],
    "an unknown payment method": [
        placed(54, 52, "FILL-009", 1, 10.09, tax=0.83, amazon_id="113-5404053-4695707", payment=AMAZON_PAYMENT),
        did("POST order/54/invoice"),
        "order_get_unknown_payment",
        counted(shipment_id=18, creditmemo_id=3),
        "ship_unknown_payment_method",
        "refund_unknown_payment_method",
    ],
    "a purchase order": [
        placed(57, 55, "FILL-009", payment={"method": "purchaseorder", "po_number": "113-5404056-4719464"}),
        counted(invoice_id=8),
        "invoice_purchaseorder",
    ],
    "a state written over": [
        placed(58, 56, "FILL-010", 2, 10.1, tax=1.67, amazon_id="113-5404057-4727383"),
        "order_update_without_increment_id",
        "order_update_state_processing",
        "order_update_state_canceled",
    ],
    "an invoiced order written to": [
        placed(59, 57, "FILL-010", 2, 10.1, tax=1.67, amazon_id="113-5404058-4735302"),
        did("POST order/59/invoice"),
        lambda shop: shop.shop.orders[59]["items"][0].update(name="Renamed"),
        "order_update_ext_customer_id",
        lambda shop: shop.shop.orders[59]["billing_address"].update(city="Dallas"),
        "order_update_billing_address_in_entity",
    ],
    "a long ext_order_id cut": [
        placed(24, 24, "BLUE-MUG", 2, 19.99, amazon_id="113-5403794-2644686", ext_order_id="A" * 40),
        "order_get_after_long_ext_order_id",
    ],
    "input limits": [
        lambda shop: setattr(shop.shop, "input_limit", 20),
        "limits_on_source_items_25",
        "limits_on_order_20_lines",
    ],
    "two lines of one SKU": [
        placed(66, 66, "FILL-020", 2),
        lambda shop: shop.shop.orders[66]["items"].append(
            shop.shop.orders[66]["items"][0] | {"item_id": 67, "qty_ordered": 3}
        ),
        counted(shipment_id=23),
        "ship_one_of_two_same_sku_lines",
    ],
    "a second website with sources of its own": [
        _second_website,
        "source_create",
        did("POST inventory/sources", {"source": {"source_code": "wh1", "name": "Warehouse 1"}}),
        "stock_create",
        "stock_source_links_save",
        "stock_source_links_save_ok",
        "stock_resolver_second_website",
        "source_items_two_sources",
        "source_selection_priority",
        "products_list_store_scope_website_filter",
        placed(2355, 4477, "FILL-055", 4, store_id=3),
        counted(shipment_id=54),
        "ship_multi_source_without_source_code",
        "ship_multi_source_wh2",
        "ship_multi_source_rest",
        # What `default` held of it then is not recorded; it was too little.
        lambda shop: shop.shop.set_stock("FILL-056", 3),
        placed(2356, 4478, "FILL-056", 7, store_id=3),
        "ship_multi_source_more_than_one_source_has",
        placed(2357, 4479, "FILL-001", store_id=3),
        "ship_product_not_in_website",
    ],
    "an e-mail address twice": ["customer_create", "customer_create_duplicate"],
    "an order number twice": ["order_create_ok", "order_create_duplicate_increment_id"],
    "an order looked up": [
        "order_create_ok",
        "order_get_by_id",
        "orders_by_ext_order_id",
        "orders_by_ext_order_id_fields",
        "orders_by_increment_id_fields",
        "orders_by_increment_id_in_fields",
    ],
    "stock after a day": [
        lambda shop: shop.shop.set_stock("BLUE-MUG", 62),
        lambda shop: shop.shop.set_stock("RED-MUG", 48),
        "export_stock_salable_qty",
        "salable_qty_blue_mug",
    ],
    "a cart placed and restated": [
        in_cart("44QPY3ecNjrPSkkFmaksQtl9mDGNqnRj"),
        "cart_add_item",
        "cart_shipping_information",
        counted(**{"order_id": 60, "order of store 2": 2, "item_id": 58, "shipment_id": 19, "invoice_id": 10}),
        "cart_place_order",
        "order_get_cart_placed",
        "orders_by_quote_id",
        "restate_cart_order",
        "order_get_restated",
        "invoice_restated",
        "ship_restated",
    ],
    "a cart of the default store": [
        "cart_default_store_create",
        lambda shop: shop.names.update({"uyWgmGBxXzNtk5HSqA8U4ySJ5T3p0QKq": next(iter(shop.shop.carts))}),
        counted(quote_id=7),
        lambda shop: shop.shop.carts.update({next(iter(shop.shop.carts)): {"quote_id": 7, "store_id": 1, "items": []}}),
        "cart_default_store_add_item",
        "cart_default_store_shipping_information",
    ],
    "what a cart takes and refuses": [
        counted(quote_id=6),
        in_cart("lT9EjBIFGaLcPu2ajztc8kxEI0lYi6bY"),
        in_cart("UJ7hf4Mqh9CwIOxRQZ9koQPnmHWCPBv0"),
        in_cart("ZWgscIyne64sPcrVLL9zhKzVnzuhyfNO"),
        in_cart("A8sedCLx8EJKO4lRbOqdSJLf5fnCSeiC"),
        in_cart("TJa1TbUDRYQljkUyaknaqRkpa434CSp5"),
        "cart_add_backorder_chair",
        "cart_add_green_mug",
        "cart_add_nope",
        "cart_add_sold_out_vase",
        "cart_add_t_shirt_xxl",
    ],
    "taxes read back": [
        "order_create_with_taxes_247",
        lambda shop: shop.shop.orders.update({346: shop.shop.orders[1]}),
        "order_get_with_taxes",
    ],
}


def _read_back(created: str, order_id: int) -> list[Step]:
    return [counted(order_id=order_id), f"order_create_{created}", f"order_get_after_{created}"]


STORIES |= {
    f"{created} read back": _read_back(created, order_id)
    for created, order_id in {
        "emoji_name": 18,
        "long_increment_id": 23,
        "missing_billing": 12,
        "missing_items": 11,
        "missing_shipping_assignment": 13,
        "nonexisting_product_id": 27,
        "shipping_method_no_underscore": 20,
        "shipping_method_unknown_carrier": 21,
        "unknown_payment": 19,
        "unknown_state": 22,
    }.items()
}
TOLD = {step for story in STORIES.values() for step in story if isinstance(step, str)}


FOLDER = SHARED.joinpath(*RECORDINGS)
IN_A_MODE = {"acl_missing_orders_read", "devmode_404", "devmode_unknown_property", *MAINTENANCE}
ELSEWHERE = TOLD | NOT_PLAYED.keys() | IN_A_MODE
ALONE = sorted({path.stem for path in FOLDER.glob("*.json")} - ELSEWHERE) or ["order_create_ok"]


@pytest.mark.parametrize("name", ALONE)
def test_a_recording_alone_is_answered_as_recorded(name: str) -> None:
    shop = RecordedShop()
    shop.shop.integration.nonces.add("used before")
    shop.plays(name)


def test_a_missing_right_is_answered_as_recorded() -> None:
    shop = RecordedShop()
    shop.shop.rights = frozenset({"Magento_Catalog::products", "Magento_Backend::store"})
    request = recording("acl_missing_orders_read")["request"]
    answer = shop.http.get(
        f"/commerce{request['path']}", headers={"Authorization": f"Bearer {shop.shop.bearer}"} | request["headers"]
    )
    recorded = recording("acl_missing_orders_read")["response"]
    assert (answer.status_code, answer.get_json()) == (recorded["status"], recorded["body"])
    assert len(shop.get("store/websites")) > 1


@pytest.mark.parametrize("name", ["devmode_404", "devmode_unknown_property"])
def test_developer_mode_answers_as_recorded_with_a_trace(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    recorded = recording(name)
    recorded["response"]["body"]["trace"] = "#0 [the sandbox has no PHP to trace] {main}"
    monkeypatch.setitem(globals(), "recording", lambda _name: recorded)
    shop = RecordedShop()
    shop.shop.developer_mode = True
    shop.plays(name)


@pytest.mark.parametrize("name", MAINTENANCE)
def test_maintenance_is_answered_by_a_page_with_the_recorded_title(name: str) -> None:
    shop = RecordedShop()
    shop.shop.maintenance = True
    request, recorded = recording(name)["request"], recording(name)["response"]
    answer = shop.http.open(f"/commerce{request['path']}", method=request["method"], json=request["body"])
    assert (answer.status_code, answer.content_type) == (recorded["status"], recorded["headers"]["Content-Type"])
    title = re.compile(r"<title>(.*)</title>")
    assert title.findall(answer.get_data(as_text=True)) == title.findall(recorded["body"]["__not_json__"])


@pytest.mark.parametrize("story", STORIES)
def test_a_story_of_recordings_is_answered_as_recorded(story: str) -> None:
    shop = RecordedShop()
    for step in STORIES[story]:
        if isinstance(step, str):
            shop.plays(step)
        else:
            step(shop)


def test_all_recordings_but_those_with_a_reason_are_played() -> None:
    recorded = {path.stem for path in shared(*RECORDINGS).iterdir()}
    assert len(recorded) == 274
    assert recorded >= ELSEWHERE | SIGNED.keys()
    without_answer = {name for name in recorded if "response" not in recording(name)}
    assert without_answer <= NOT_PLAYED.keys()
    played = set(ALONE) | TOLD | IN_A_MODE
    assert played == recorded - NOT_PLAYED.keys()
    assert (len(recorded - without_answer), len(played)) == (269, 263)
