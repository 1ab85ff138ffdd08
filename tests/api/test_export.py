"""Orders as CSV: the list's filter and sort, every order once, nothing that a spreadsheet would run."""

from __future__ import annotations

import csv
import io
import tracemalloc
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import insert, select

from bridge.api import orders as module
from bridge.api.export import COLUMNS
from bridge.models import Order, OrderPersonalData, Store
from bridge.runtime import Runtime
from tests.api_client import BASE, ApiClient
from tests.factories import NOW, make_order, make_store

Put = Callable[..., Order]


def export(api: ApiClient, **query: Any) -> list[dict[str, str]]:
    answer = api.send("GET", "/orders/export", 200, query_string=query)
    return list(csv.DictReader(io.StringIO(answer.text, newline=""), strict=True))


def test_an_order_is_a_line_of_texts(api: ApiClient, put: Put):
    order = put(
        buyer_name="山田 \"太郎\", jr.\nLtd", programs=["PRIME", "BUSINESS"], blockers=["out_of_stock", "out_of_stock"],
        commerce_order_id=17, commerce_order_number="000000017", commerce_status="processing",
    )  # fmt: skip
    answer = api.send("GET", "/orders/export", 200)
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="orders.csv"'
    assert answer.data.split(b"\r\n")[0].decode() == ",".join(COLUMNS)
    assert answer.data.endswith(b"\r\n")
    (line,) = export(api)
    assert line == {
        "id": str(order.id), "store_id": str(order.store_id), "amazon_order_id": order.amazon_order_id,
        "status": "Error", "amazon_status": "Unshipped", "purchase_date": "2026-11-02T09:30:00Z",
        "last_update_date": "2026-11-02T09:30:00Z", "buyer_name": "山田 \"太郎\", jr.\nLtd", "grand_total": "12.30",
        "currency": "USD", "order_note": "Received from Amazon.", "channel": "FBM", "programs": "PRIME BUSINESS",
        "import_state": "blocked", "blockers": "out_of_stock", "commerce_order_number": "000000017",
        "commerce_status": "processing",
        "seller_central_url": f"https://sellercentral.amazon.com/orders-v3/order/{order.amazon_order_id}",
        "order_url": "https://shop.example/admin/sales/order/view/order_id/17",
    }  # fmt: skip


@pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", " =1", "＝1", "＠SUM"])
def test_a_text_that_a_spreadsheet_would_run_is_defused(api: ApiClient, put: Put, name: str):
    put(buyer_name=name, order_note=name)
    (line,) = export(api)
    assert (line["buyer_name"], line["order_note"]) == (f"'{name}", f"'{name}")


@pytest.mark.parametrize("sort", ["-purchase_date", "total", "-total", "buyer_name", "-order_number"])
def test_it_holds_what_the_list_holds_in_the_same_order_over_many_batches(
    api: ApiClient, put: Put, monkeypatch: pytest.MonkeyPatch, sort: str
):
    monkeypatch.setattr(module, "EXPORT_BATCH", 3)
    for n in range(9):  # a whole number of batches
        put(purchase_date=NOW - timedelta(hours=n % 2), grand_total_minor=None if n % 4 == 0 else 100 * n)
    put(channel="FBA")
    listed = [str(item["id"]) for item in api.get("/orders", channel="FBM", sort=sort)["items"]]
    assert len(listed) == 9
    assert [line["id"] for line in export(api, channel="FBM", sort=sort)] == listed


def test_nothing_found_is_the_column_names_alone(api: ApiClient, put: Put):
    put()
    assert api.send("GET", "/orders/export", 200, query_string={"channel": "FBA"}).text == ",".join(COLUMNS) + "\r\n"


@pytest.mark.parametrize("query", [{"page": "1"}, {"cursor": "x"}, {"status": "Nope"}, {"store_id": "99"}])
def test_what_is_unknown_or_wrong_is_named_before_anything_is_sent(api: ApiClient, query: dict[str, str]):
    assert api.get("/orders/export", 422, **query)["code"] == "invalid_input"


def test_orders_of_another_store_are_not_exported(
    api: ApiClient, put: Put, runtime: Runtime, store: Store, key_for: Callable[..., str]
):
    mine = put()
    with runtime.db.session() as session:
        make_order(session, make_store(session))
    assert [line["id"] for line in export(api.using(key_for(stores=[store.id])))] == [str(mine.id)]
    assert len(export(api)) == 2


def test_memory_does_not_grow_with_the_number_of_orders(api: ApiClient, put: Put, runtime: Runtime):
    model = put()
    with runtime.db.session() as session:
        held = dict(session.execute(select(Order.__table__).where(Order.id == model.id)).mappings().one())
        rows = [held | {"id": model.id + n, "amazon_order_id": f"112-{n:015d}"} for n in range(1, 12_000)]
        session.execute(insert(Order.__table__), rows)
        personal = {"store_id": model.store_id, "buyer_sort": ""}
        session.execute(insert(OrderPersonalData.__table__), [personal | {"order_id": row["id"]} for row in rows])
        del rows

    def peak(query: str) -> tuple[int, int]:
        headers = {"Authorization": f"Bearer {api.key}"}
        tracemalloc.start()
        with api.http.get(f"{BASE}/orders/export{query}", headers=headers, buffered=False) as answer:
            lines = sum(chunk.count(b"\r\n") for chunk in answer.iter_encoded())
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return lines, most

    peak("?order_number=112-00000000000")  # what is made once and kept
    few, little = peak("?order_number=112-000000000001")
    many, most = peak("")
    assert (few, many) == (1001, 12_001)
    assert most < little + 1_000_000
