"""Every answer that was recorded from a real shop is read as what it is, by one rule that can be read here."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import httpx
import pytest

from bridge.commerce import answers
from bridge.commerce.auth import BearerAuth
from bridge.commerce.connection import Connection
from bridge.errors import AlreadyExists, RemoteError, Verdict
from tests.clients.commerce_desk import SHARED, shared

FOLDER = SHARED / "contracts" / "magento" / "recordings"
RECORDINGS = {
    path.stem: recording
    for path in sorted(FOLDER.glob("*.json"))
    if "response" in (recording := json.loads(path.read_text()))
}


def text_of(recording: dict[str, Any]) -> str:
    body = recording["response"]["body"]
    if isinstance(body, dict) and "__not_json__" in body:
        return str(body["__not_json__"])
    return json.dumps(body)


def meaning(recording: dict[str, Any]) -> str:
    """success, exists, or the verdict: what a caller may make of the recorded answer."""
    status, text = recording["response"]["status"], text_of(recording)
    is_json = "__not_json__" not in str(recording["response"]["body"])[:20]
    if status == 200 and is_json:
        return "success"
    if "Unique constraint violation found" in text:
        return "exists"
    if status == 401:
        return "reauthorise"
    if 400 <= status < 500:
        return "permanent"
    if status == 202:
        return "unknown"  # accepted, not saved yet: looked up before it is sent again
    if status == 503:
        return "retry"  # Magento's own maintenance page
    return "retry" if recording["request"]["method"] == "GET" else "unknown"


def told(recording: dict[str, Any]) -> tuple[str, Any]:
    """What the client makes of it."""
    answer = recording["response"]
    headers = {"Content-Type": answer["headers"].get("Content-Type", "")}

    def reply(request: httpx.Request) -> httpx.Response:
        return httpx.Response(answer["status"], headers=headers, content=text_of(recording).encode())

    shop = Connection("https://shop.example.com", BearerAuth("t"), transport=httpx.MockTransport(reply))
    request = recording["request"]
    try:
        return "success", shop.call(request["method"], "/V1/x", lambda found: found, body=request["body"])
    except AlreadyExists as error:
        return "exists", error
    except RemoteError as error:
        return error.verdict.value, error


def test_the_recordings_are_there():
    assert len(list(shared("contracts", "magento", "recordings").glob("*.json"))) == 274
    assert len(RECORDINGS) == 269  # five are measurements and tables, without an answer


@pytest.mark.parametrize("name", RECORDINGS)
def test_a_recorded_answer_is_read_as_what_it_is(name):
    recording = RECORDINGS[name]
    what, found = told(recording)
    assert what == meaning(recording)
    if what == "success":
        assert found == json.loads(text_of(recording), parse_float=Decimal)
    else:
        assert found.status == recording["response"]["status"]
        assert "%" not in found.message, "a placeholder was left"
        assert "@" not in found.message, "an address was left"


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("order_create_invalid_email", "We can't save the address:\nEmail has a wrong format"),
        ("order_create_unknown_property", '"FooBar" is not supported. Correct the field name and try again.'),
        ("acl_missing_orders_read", "The consumer isn't authorized to access Magento_Sales::actions_view."),
        ("ship_track_unknown_property", '"Foo" is not supported. Correct the field name and try again.'),
        ("stock_source_links_save", "Validation Failed Can not save link related to Default Source or Default Stock"),
        ("maintenance_mode_get", "The shop answered with a page that is not JSON."),
    ],
)  # fmt: skip
def test_magentos_own_words_are_given_on_with_their_placeholders_filled(name, words):
    shared("contracts", "magento", "recordings")
    assert told(RECORDINGS[name])[1].message == words


def test_the_report_id_of_a_masked_error_can_be_given_to_the_shops_operator():
    shared("contracts", "magento", "recordings")
    error = told(RECORDINGS["order_create_bad_created_at"])[1]
    assert error.request_id == "webapi-6b03b31f0fca4"
    assert error.verdict is Verdict.UNKNOWN


def rows(part: str) -> list[dict[str, Any]]:
    """Every row of a list, or single object, that was recorded in full from paths that hold `part`."""
    found = []
    for recording in RECORDINGS.values():
        path, body = recording["request"]["path"], recording["response"]["body"]
        if recording["response"]["status"] == 200 and part in path and "fields=" not in path and isinstance(body, dict):
            found += (body["items"] or []) if "total_count" in body else [body]
    return found


ORDER_KEYS = ("entity_id", "state", "ext_order_id")


def as_decimal(value: float | None) -> Decimal | None:
    return None if value is None else Decimal(str(value))


def test_every_recorded_order_reads_with_its_lines_and_figures():
    shared("contracts", "magento", "recordings")
    orders = [row for row in rows("/V1/orders") if {"state", "increment_id"} <= row.keys()]  # not partial saves
    assert len(orders) > 60
    for row in orders:
        order = answers.order_values(row)
        assert (order.entity_id, order.state, order.ext_order_id) == tuple(map(row.get, ORDER_KEYS))
        assert order.grand_total == as_decimal(row["grand_total"])
        assert [line.qty_ordered for line in order.lines] == [as_decimal(i["qty_ordered"]) for i in row["items"] or ()]


def test_every_recorded_shipment_reads_with_its_items_and_tracks():
    shared("contracts", "magento", "recordings")
    shipments = [row for row in rows("/V1/shipment") if "order_id" in row and "items" in row]
    assert len(shipments) > 5
    for row in shipments:
        shipment = answers.shipment_values(row)
        assert sum(qty for _, qty in shipment.items) == row["total_qty"]
        assert [t.number for t in shipment.tracks] == [t["track_number"] for t in row["tracks"]]


def test_every_recorded_product_reads():
    shared("contracts", "magento", "recordings")
    products = [answers.product_values(row) for row in rows("/V1/products")]
    products += map(answers.product_values, RECORDINGS["products_by_sku_in_fields"]["response"]["body"]["items"])
    assert {("BLUE-MUG", True, "simple", (1,)), ("GREEN-MUG", False, "simple", (1,))} <= {
        (p.sku, p.enabled, p.type_id, p.website_ids) for p in products
    }
