"""What the fast path answers, read back through the documented schemas, so that speed and contract cannot drift apart.

marshmallow is strict here: an unknown member, a missing one or one of another type fails.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator
from datetime import UTC, timedelta
from typing import Any

import pytest
from marshmallow import RAISE, Schema, ValidationError, fields

from bridge.api.export import COLUMNS
from bridge.api.schemas.orders import OrderDetailSchema, OrderPageSchema, OrderSchema
from bridge.domain.order import AmazonStatus
from bridge.domain.states import ImportState
from bridge.models import Order
from bridge.runtime import Runtime
from tests.api_client import ApiClient
from tests.factories import JP, NOW, make_order, make_store

ADDRESS = {"name": "Jane Doe", "lines": ["1 Main St"], "city": "Seattle", "region": "WA", "postcode": "98101",
           "country": "US"}  # fmt: skip


@pytest.fixture
def orders(put: Callable[..., Order], runtime: Runtime) -> list[Order]:
    """One of each kind: imported, blocked, pending without figures, in yen, with part of a second, without an admin."""
    held = [
        put(import_state=ImportState.IMPORTED, commerce_order_id=17, commerce_order_number="000000017",
            commerce_status="processing", programs=["PRIME", "BUSINESS"], address=ADDRESS),
        put(blockers=["product_not_found", "out_of_stock"], buyer_name="山田 \"太郎\""),
        put(grand_total_minor=None, amazon_status=AmazonStatus.PENDING, import_state=ImportState.WAITING,
            buyer_name=None),
        put(purchase_date=NOW + timedelta(milliseconds=7), last_update_date=NOW.astimezone(UTC)),
    ]  # fmt: skip
    with runtime.db.session() as session:
        bare = make_store(session, marketplace_id=JP, commerce_admin_url=None)
        held.append(make_order(session, bare, currency="JPY", grand_total_minor=1230, commerce_order_id=18))
    return held


def strict(schema: Schema) -> Schema:
    """The schema and those in it, refusing what they do not know."""
    schema.unknown = RAISE
    for field in schema.fields.values():
        inner = field.inner if isinstance(field, fields.List) else field
        if isinstance(inner, fields.Nested):
            inner.unknown = RAISE
            strict(inner.schema)
    return schema


def members(schema: Schema, value: Any) -> Iterator[tuple[str, bool]]:
    """(path, whether the object there has exactly the members that are documented) for every object in the answer."""
    yield "", set(value) == set(schema.fields)
    for name, field in schema.fields.items():
        inner = field.inner if isinstance(field, fields.List) else field
        if isinstance(inner, fields.Nested):
            found = value[name] if isinstance(field, fields.List) else [value[name]]
            for one in found:
                if one is not None:
                    yield from ((f"{name}.{path}", good) for path, good in members(inner.schema, one))


def load(schema: Schema, answer: Any) -> None:
    assert strict(schema).validate(answer) == {}
    assert [path for path, good in members(schema, answer) if not good] == []


@pytest.mark.parametrize(
    "query", [{}, {"status": "Error"}, {"sort": "total"}, {"buyer_name": "jane"}, {"channel": "FBA"}]
)
def test_a_page_of_orders_is_what_is_documented(api: ApiClient, orders: list[Order], query: dict[str, str]):
    answer = api.get("/orders", **query)
    load(OrderPageSchema(), answer)
    assert query or len(answer["items"]) == len(orders)


def test_the_detail_is_what_is_documented_and_shows_the_list_s_members(api: ApiClient, orders: list[Order]):
    listed = {item["id"]: item for item in api.get("/orders")["items"]}
    for order in orders:
        detail = api.get(f"/orders/{order.id}")
        load(OrderDetailSchema(), detail)
        blockers = [{name: one[name] for name in ("code", "message")} for one in detail["blockers"]]
        same = {name: detail[name] for name in OrderSchema().fields} | {"blockers": blockers}
        shown = listed[order.id]
        assert same == shown | {"blockers": [{n: b[n] for n in ("code", "message")} for b in shown["blockers"]]}


def test_an_export_holds_the_list_s_members_by_their_names(api: ApiClient, orders: list[Order]):
    lines = csv.DictReader(io.StringIO(api.send("GET", "/orders/export", 200).text, newline=""), strict=True)
    items = {str(item["id"]): item for item in api.get("/orders")["items"]}
    told_apart = {"grand_total", "currency", "programs", "blockers", "commerce_order_number", "commerce_status"}
    assert set(COLUMNS) - told_apart <= set(OrderSchema().fields)
    for line in lines:
        item = items.pop(line["id"])
        for name in set(COLUMNS) - told_apart:
            assert line[name] == ("" if item[name] is None else str(item[name])), name
        assert line["grand_total"] == ((item["grand_total"] or {}).get("amount") or "")
        assert line["currency"] == ((item["grand_total"] or {}).get("currency") or "")
    assert not items


@pytest.mark.parametrize(
    "change", [{"surplus": 1}, {"id": "x"}, {"status": "Nope"}, {"purchase_date": "yesterday"}, {"grand_total": "1.00"}]
)
def test_another_shape_would_be_found(api: ApiClient, orders: list[Order], change: dict[str, Any]):
    item = api.get("/orders")["items"][0]
    with pytest.raises(ValidationError):
        strict(OrderSchema()).load(item | change)
    assert strict(OrderSchema()).load(item)
