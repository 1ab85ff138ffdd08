"""The orders that Amazon's own sandbox answers with: each becomes our order and a Commerce order at the same total."""

from __future__ import annotations

import copy
import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from bridge.models import Order, Store
from tests.needs import shared
from tests.stage import Stage

ORDERS = ("250-1234567-8901234", "171-2345678-9012345", "171-9876543-2109876", "114-9876543-1234567")
MOVED_ON = {"PENDING": "UNSHIPPED", "PENDING_AVAILABILITY": "UNSHIPPED"}


def published() -> dict[str, dict[str, Any]]:
    """Amazon's example orders by their orderId."""
    cases = json.loads(shared("contracts", "amazon", "sandbox_cases.json").read_text(encoding="utf-8"))
    found = [order for case in cases for order in case["response"].get("orders", [])]
    found += [case["response"]["order"] for case in cases if "order" in case["response"]]
    return {order["orderId"]: copy.deepcopy(order) for order in found}


def connected(stage: Stage, order: dict[str, Any]) -> int:
    """A store of the order's marketplace, on a website whose base currency is the order's; everything it needs."""
    currency = order["proceeds"]["grandTotal"]["currencyCode"]
    website_id = stage.shop.add_website("amazon", "Amazon", currency)
    stage.shop.add_store_view("amazon", "Amazon", website_id)
    stage.shop.add_stock("Amazon", ["default"], ["amazon"])
    for item in order["orderItems"]:
        stage.shop.add_product(
            item["product"]["sellerSku"], "Thing", qty=item["quantityOrdered"], website_ids=[website_id]
        )
    with stage.bridge.db.session() as session:
        session.delete(session.get_one(Store, stage.store_id))  # one store per seller account and marketplace
    store_id = stage.add_store("Amazon", order["salesChannel"]["marketplaceId"])
    with stage.bridge.db.session() as session:
        store = session.get_one(Store, store_id)
        store.website_code = "amazon"
        store.integration_time = datetime(2024, 12, 1, tzinfo=UTC)
    return store_id


def exact(amount: float) -> Decimal:
    return Decimal(str(amount))


def of_the_goods(item: dict[str, Any]) -> Decimal:
    """What Amazon charges for the goods of an item, without shipping and the like."""
    parts = {part["type"]: part["subtotal"]["amount"] for part in item["proceeds"]["breakdowns"]}
    return Decimal(parts["ITEM"])


def test_these_are_all_the_orders_that_amazon_publishes() -> None:
    assert sorted(published()) == sorted(ORDERS)


@pytest.mark.parametrize("order_id", ORDERS)
def test_an_order_of_amazons_own_examples_becomes_a_commerce_order_at_the_same_total(stage: Stage, order_id: str):
    shown = published()[order_id]
    fulfillment = shown["fulfillment"]
    fulfillment["fulfillmentStatus"] = MOVED_ON.get(fulfillment["fulfillmentStatus"], fulfillment["fulfillmentStatus"])
    store_id = connected(stage, shown)
    stage.amazon.put(shown)
    stage.wait(timedelta(minutes=3))
    for job in ("sync", "import"):
        run = stage.job(job, store_id)
        assert run.state == "succeeded", run.error
    total = Decimal(shown["proceeds"]["grandTotal"]["amount"])
    created = stage.commerce_order(order_id)
    for base in ("", "base_"):
        assert exact(created[f"{base}grand_total"]) == total
        assert created[f"{base or 'order_'}currency_code"] == shown["proceeds"]["grandTotal"]["currencyCode"]
    own = [one["taxRegistrationNumber"] for one in shown.get("tax", {}).get("taxRegistrations", ())
           if one["entityType"] == "BUYER"]  # fmt: skip
    assert [number for number in [created["billing_address"].get("vat_id")] if number] == own
    lines = {item["ext_order_item_id"]: item for item in created["items"] if not item["is_virtual"]}
    assert {
        item_id: (line["sku"], line["qty_ordered"], exact(line["row_total"])) for item_id, line in lines.items()
    } == {
        item["orderItemId"]: (item["product"]["sellerSku"], item["quantityOrdered"], of_the_goods(item))
        for item in shown["orderItems"]
    }
    with stage.bridge.db.reading() as session:
        ours = session.get_one(Order, stage.order(order_id).id)
        paid = [one["paymentMethod"] for one in shown.get("payment", {}).get("paymentExecutions", ())]
        assert ours.payment_methods == (", ".join(paid) or None)
        assert all(method in created["status_histories"][0]["comment"] for method in paid)
        granted = [item.get("expense", {}).get("pointsCost", {}).get("pointsGranted") for item in shown["orderItems"]]
        assert [row.amounts["points"] for row in ours.lines] == [
            int(points["pointsMonetaryValue"]["amount"]) if points else 0 for points in granted
        ]
        assert (ours.store_id, ours.blockers, ours.commerce_order_id) == (store_id, [], created["entity_id"])
        wanted = int(total) if ours.currency == "JPY" else int(total * 100)
        assert ours.grand_total_minor == wanted
