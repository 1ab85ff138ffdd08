"""The shop that single answers were recorded on, a real Magento 2.4.7, as the sandbox plays it; and steps of stories.

A story is what was recorded and, in between, what was not: that is done here, with the ids that the recordings use.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from oauthlib import oauth1

from tests.sandbox.commerce_shop import START, CommerceClient, shared

RECORDINGS = ("contracts", "magento", "recordings")
TIME = re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d")
UUID = re.compile(r"\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b")
KEPT_IDS = {"store_id", "website_id", "store_group_id", "stock_id", "region_id", "customer_group_id", "group_id"}
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
        if key == "result_serialized_data":
            return plain(json.loads(value))
        if TIME.match(value):
            return "<time>"
        value = UUID.sub("<uuid>", value)
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

    def plays(self, name: str, body_here: Any = None) -> None:
        """Send the recorded request; status, type and body (or `body_here` in its place) must be the recorded ones."""
        request, wanted = recording(name)["request"], recording(name)["response"]
        expected = body_here or wanted["body"]
        more: dict[str, Any] = {"headers": self._authorization(request, **SIGNED.get(name, {}))}
        if isinstance(request["body"], dict) and "__raw__" in request["body"]:
            more |= {"data": request["body"]["__raw__"], "content_type": "application/json"}
        elif request["body"] is not None:
            more["json"] = request["body"]
        response = self.http.open(f"/commerce{self._renamed(request['path'])}", method=request["method"], **more)
        body = response.get_json(silent=True)
        if isinstance(expected, dict) and "__not_json__" in expected:
            body = {"__not_json__": response.get_data(as_text=True)}
        assert (response.status_code, plain(body)) == (wanted["status"], plain(expected)), name
        assert response.content_type == wanted["headers"]["Content-Type"], name

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


def second_website(shop: RecordedShop) -> None:
    """A website beside the first, with a store view and some of the products."""
    shop.shop.add_website("amz", "Amazon")
    shop.shop.add_store_view("amazon_ms", "Amazon MS", website_id=2)
    for product in shop.shop.catalog.products.values():
        if product.sku in {"FILL-055", "FILL-056", "FILL-057"}:
            product.website_ids = [1, 2]


def stocked(**pieces: int) -> Step:
    """What lies in the source after what was not recorded; an underscore stands for a hyphen."""

    def step(shop: RecordedShop) -> None:
        for sku, qty in pieces.items():
            shop.shop.set_stock(sku.replace("_", "-"), qty)

    return step


def later(seconds: int) -> Step:
    """Let time pass."""
    return lambda shop: shop.world.clock.advance(timedelta(seconds=seconds))


def in_cart(theirs: str) -> Step:
    """A new cart that stands for the recorded one."""

    def step(shop: RecordedShop) -> None:
        shop.names[theirs] = shop.http.post("/commerce/rest/amazon_us/V1/guest-carts").get_json()

    return step
