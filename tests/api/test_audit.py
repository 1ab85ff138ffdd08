"""The audit trail: who did what, over every operation that changes something, and without what nobody may read."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, text

from bridge.domain.order import AmazonStatus
from bridge.domain.states import ImportState
from bridge.keys import Scope
from bridge.ledger import AuditEvent
from bridge.models import Order, OutgoingChange, Store
from bridge.runtime import Runtime
from tests.api.test_stores import NEW
from tests.api_client import ApiClient
from tests.conftest import HandClock
from tests.factories import make_store
from tests.stage import Stage

Put = Callable[..., Order]
ADDRESS = {
    "name": "Zenobia Quick",
    "lines": ["12 Hidden Lane"],
    "city": "Walla Walla",
    "region": "WA",
    "postcode": "99362",
    "country": "US",
    "phone": "+1 509 555 0100",
}
# Operations that write and change nothing that people decide.
UNRECORDED = {"verifyStore", "filterReservations", "adminUiOrderGridColumns"}


def changed(event: dict[str, Any]) -> dict[str, tuple[str | None, str | None]]:
    return {c["field"]: (c["before"], c["after"]) for c in event["changes"]}


def newest(api: ApiClient, **query: Any) -> dict[str, Any]:
    event: dict[str, Any] = api.get("/audit-events", 200, **query)["items"][0]
    return event


@pytest.fixture
def recorded(stage: Stage, stage_api: ApiClient) -> Callable[..., list[str]]:
    """Performs an operation and gives the actions that it left in the trail, of the same request."""

    def recorded(method: str, path: str, status: int, body: Any = None, etag: str | None = None) -> list[str]:
        headers = {"X-Request-Id": "the-one-request"} | ({"If-Match": etag} if etag else {})
        options = {} if body is None else {"json": body}
        stage_api.send(method, path, status, headers=headers, **options)
        with stage.bridge.db.session() as session:
            rows = session.scalars(select(AuditEvent).where(AuditEvent.request_id == "the-one-request")).all()
            assert {row.actor for row in rows} <= {"demo"}
            session.execute(text("UPDATE audit_events SET request_id = NULL"))
        return [row.action for row in rows]

    return recorded


def test_every_operation_that_changes_something_is_recorded(
    app: Flask, stage: Stage, stage_api: ApiClient, recorded: Callable[..., list[str]]
):
    number = stage.paid_order()
    stage.sync("sync")
    with stage.bridge.db.session() as session:
        session.execute(text("UPDATE orders SET commerce_order_id = 4711"))
    order, store = stage.order(number), f"/stores/{stage.store_id}"
    settings = stage_api.send("GET", f"{store}/order-settings", 200).headers["ETag"]
    overall = stage_api.send("GET", "/global-settings", 200).headers["ETag"]
    address = stage_api.send("GET", f"/orders/{order.id}/shipping-address", 200).headers["ETag"]
    match = {"seller_sku": "GREEN-MUG", "commerce_sku": "BLUE-MUG"}
    carriers = {"items": [{"commerce_carrier": "hauspost", "carrier_code": "DHL"}]}
    performed = {
        "saveOrderSettings": ("PUT", f"{store}/order-settings", 200, {"invoice": "at_import"}, settings),
        "saveGlobalSettings": ("PUT", "/global-settings", 200, {"debug_logging": True}, overall),
        "saveShippingAddress": ("PUT", f"/orders/{order.id}/shipping-address", 200, ADDRESS, address),
        "cancelOrder": ("POST", f"/orders/{order.id}/cancel", 202, {"reason": "NoInventory"}),
        "confirmShipments": ("POST", f"/orders/{order.id}/confirm", 202),
        "addProductMatch": ("POST", f"{store}/product-matches", 201, match),
        "deleteProductMatch": ("DELETE", f"{store}/product-matches/1", 204),
        "saveCarrierMap": ("PUT", f"{store}/carrier-map", 200, carriers),
        "syncStore": ("POST", f"{store}/sync", 202),
        "runJob": ("POST", "/jobs/cleanup/run", 202, {}),
        "changeStore": ("PATCH", store, 200, {"name": "Mugs of America"}),
        "addStore": ("POST", "/stores", 201, NEW),
        "deactivateStore": ("POST", f"{store}/deactivate", 200),
        "activateStore": ("POST", f"{store}/activate", 200),
        "deleteStore": ("DELETE", "/stores/2", 204),
        "addWebhook": ("POST", "/webhooks", 201, {"url": "https://erp.example/"}),
        "rotateWebhookSecret": ("POST", "/webhooks/1/rotate-secret", 200, {}),
        "testWebhook": ("POST", "/webhooks/1/test", 202),
        "redeliverWebhook": ("POST", "/webhooks/1/deliveries/1/redeliver", 202),
        "changeWebhook": ("PATCH", "/webhooks/1", 200, {"url": "https://erp.example/other"}),
        "deleteWebhook": ("DELETE", "/webhooks/1", 204),
        "adminUiOrderViewButton": ("POST", "/admin-ui/order-view-button", 200, {"orderId": "4711"}),
        "adminUiMassAction": ("POST", "/admin-ui/mass-action", 200, {"selectedIds": ["4711"]}),
        "importOrder": ("POST", "/orders/2/import", 202),
        "importOrders": ("POST", "/orders/import", 202, {"order_ids": [3]}),
    }
    before: dict[str, Callable[[], Any]] = {
        "deleteStore": lambda: stage_api.post("/stores/2/deactivate"),
        "importOrder": lambda: view_only(stage, 2),
        "confirmShipments": lambda: refused_confirmation(stage, order.id),
    }
    found = {}
    for name, how in performed.items():
        before.get(name, lambda: None)()
        found[name] = recorded(*how)
    assert all(found.values()), found
    assert found["importOrder"] == ["order.import_requested"]
    writing = {
        operation["operationId"]
        for held in stage_api.contract.document["paths"].values()
        for method, operation in held.items()
        if method != "get"
    }
    assert set(performed) | UNRECORDED == writing, "say here how the operation is performed"


def refused_confirmation(stage: Stage, order_id: int) -> None:
    with stage.bridge.db.session() as session:
        session.add(
            OutgoingChange(
                store_id=stage.store_id, order_id=order_id, kind="confirm_shipment", reference="1", state="refused",
                due_at=stage.world.now(), created_at=stage.world.now(),
            )
        )  # fmt: skip


def view_only(stage: Stage, count: int) -> None:
    """Orders that wait for the merchant's word."""
    stage.set(import_orders="disabled")
    for _ in range(count):
        stage.paid_order()
    stage.sync("sync")


def test_a_change_shows_who_made_it_with_which_right_and_what_it_was(
    app: Flask, api: ApiClient, store: Store, key_for: Callable[..., str]
):
    editor = api.using(key_for(Scope.ORDERS_READ, Scope.SETTINGS_WRITE))
    path = f"/stores/{store.id}/order-settings"
    etag = editor.send("GET", path, 200).headers["ETag"]
    editor.send("PUT", path, 200, json={"invoice": "at_import"}, headers={"If-Match": etag, "X-Request-Id": "req-7"})
    event = newest(api)
    assert (event["actor_kind"], event["scope"], event["request_id"]) == ("api_key", "settings:write", "req-7")
    assert event["actor"].startswith("key 2")
    assert (event["action"], event["object_kind"], event["object_id"]) == (
        "order_settings.changed", "order_settings", str(store.id),
    )  # fmt: skip
    assert changed(event) == {"invoice": ("at_completion", "at_import")}
    assert event["at"] == "2026-11-02T09:30:00Z"


def test_what_is_refused_leaves_no_event(api: ApiClient, store: Store):
    api.put(f"/stores/{store.id}/order-settings", {"invoice": "at_import"}, 412, etag='"9"')
    api.delete(f"/stores/{store.id}", 409)
    api.put(f"/stores/{store.id}/carrier-map", {"items": [{"commerce_carrier": " ", "carrier_code": "DHL"}]}, 422)
    assert api.get("/audit-events")["items"] == []


def test_no_secret_and_nothing_personal_is_in_the_trail(app: Flask, api: ApiClient, runtime: Runtime, put: Put):
    made = api.post("/stores", NEW, 201)
    api.patch(f"/stores/{made['id']}", {"commerce_token": "another token of the shop"})
    order = put(buyer_name="Zenobia Quick", address={"name": "Zenobia Quick", "lines": ["1 Old Road"], "city": "Ys"})
    path = f"/orders/{order.id}/shipping-address"
    etag = api.send("GET", path, 200).headers["ETag"]
    api.put(path, ADDRESS, etag=etag)
    api.get(f"/orders/{order.id}")
    api.send("GET", "/orders/export", 200, query_string={"buyer_name": "Zenobia", "status": "Unshipped"})
    with runtime.db.reading() as session:
        rows = session.execute(text("SELECT * FROM audit_events")).all()
        actions = [row.action for row in session.scalars(select(AuditEvent).order_by(AuditEvent.id))]
    assert actions == [
        "store.added", "store.changed", "order.read", "order.address_changed", "orders.exported",
    ]  # fmt: skip
    held = re.sub(r"\b[0-9a-f]{32}\b", "", repr(rows))  # a request's random number may hold any digits
    for hidden in (
        *(value for name, value in NEW.items() if name.startswith(("amazon_", "commerce_token"))),
        "another token", "Zenobia", "Hidden Lane", "Walla", "99362", "509", "Old Road", "Ys",
    ):  # fmt: skip
        assert hidden not in held, hidden
    replaced, added = newest(api, action="store.changed"), newest(api, action="store.added")
    assert [(c["field"], c["withheld"]) for c in replaced["changes"]] == [("commerce_token", True)]
    assert {"amazon_refresh_token", "commerce_token"} <= {c["field"] for c in added["changes"] if c["withheld"]}
    edited = newest(api, action="order.address_changed")["changes"]
    assert {c["field"] for c in edited} == {"lines", "city", "region", "postcode", "country", "phone"}
    exported = newest(api, action="orders.exported")
    assert changed(exported) == {"filters": (None, "buyer_name, status")}


def test_reading_an_order_is_noted_once_an_hour_for_a_key(
    app: Flask, api: ApiClient, put: Put, clock: HandClock, key_for: Callable[..., str]
):
    order, other = put(), put()
    for _ in range(3):
        api.get(f"/orders/{order.id}")
        api.get(f"/orders/{order.id}/shipping-address", 404)
    api.get(f"/orders/{other.id}")
    api.using(key_for(Scope.ORDERS_READ)).get(f"/orders/{order.id}")
    clock.advance(timedelta(hours=1))
    api.get(f"/orders/{order.id}")
    api.get("/orders/4711", 404)
    seen = [(e["object_id"], e["actor"]) for e in api.get("/audit-events", action="order.read")["items"]]
    assert seen == [
        (str(order.id), "demo"), (str(order.id), "key 1 None None"), (str(other.id), "demo"), (str(order.id), "demo"),
    ]  # fmt: skip


def test_the_trail_outlives_the_store(api: ApiClient, store: Store):
    api.post(f"/stores/{store.id}/deactivate")
    api.delete(f"/stores/{store.id}")
    event = newest(api)
    assert (event["action"], event["store_id"]) == ("store.deleted", store.id)
    assert changed(event)["name"] == ("Mugs US", None)


def test_it_is_filtered_and_paged(api: ApiClient, runtime: Runtime, store: Store, clock: HandClock):
    with runtime.db.session() as session:
        second = make_store(session)
    for path in (f"/stores/{store.id}", f"/stores/{second.id}"):
        api.post(f"{path}/deactivate")
        clock.advance(timedelta(days=1))
        api.post(f"{path}/activate")

    def found(**query: Any) -> list[tuple[int, str]]:
        return [(e["store_id"], e["action"].split(".")[1]) for e in api.get("/audit-events", 200, **query)["items"]]

    a, b = store.id, second.id
    assert found() == [(b, "activated"), (b, "deactivated"), (a, "activated"), (a, "deactivated")]
    assert found(page_size=1, page=2) == [(b, "deactivated")]
    assert found(store_id=a) == [(a, "activated"), (a, "deactivated")]
    assert found(action="store.activated") == [(b, "activated"), (a, "activated")]
    assert found(object_kind="store", object_id=str(b)) == [(b, "activated"), (b, "deactivated")]
    assert found(at_from="2026-11-03", at_to="2026-11-03") == [(b, "deactivated"), (a, "activated")]
    assert found(actor="nobody") == found(request_id="none") == []
    api.get("/audit-events", 422, store_id=99)
    api.get("/audit-events", 422, actions="store.activated")


def test_a_key_of_some_stores_sees_what_concerns_those(
    api: ApiClient, runtime: Runtime, store: Store, key_for: Callable[..., str]
):
    with runtime.db.session() as session:
        second = make_store(session)
    api.post(f"/stores/{store.id}/deactivate")
    api.post(f"/stores/{second.id}/deactivate")
    api.post("/jobs/cleanup/run", {}, 202)
    bound = api.using(key_for(Scope.AUDIT_READ, stores=[second.id]))
    assert [e["store_id"] for e in bound.get("/audit-events")["items"]] == [second.id]
    bound.get("/audit-events", 422, store_id=store.id)


def test_a_row_of_the_trail_cannot_be_changed_or_deleted(api: ApiClient, runtime: Runtime, store: Store):
    api.post(f"/stores/{store.id}/deactivate")
    with pytest.raises(ValueError, match="stays as it is"), runtime.db.session() as session:
        session.scalars(select(AuditEvent)).one().actor = "somebody else"
    with pytest.raises(ValueError, match="stays as it is"), runtime.db.session() as session:
        session.delete(session.scalars(select(AuditEvent)).one())
    assert newest(api)["actor"] == "demo"


def test_an_import_that_was_asked_for_is_told_apart_from_one_that_was_not(api: ApiClient, put: Put):
    waiting = put(import_state=ImportState.VIEW_ONLY, amazon_status=AmazonStatus.UNSHIPPED)
    ended = put(import_state=ImportState.CANCELED, amazon_status=AmazonStatus.CANCELED)
    api.post("/orders/import", {"order_ids": [waiting.id, ended.id, 4711]}, 202)
    events = api.get("/audit-events", action="order.import_requested")["items"]
    assert [e["object_id"] for e in events] == [str(waiting.id)]


def test_the_document_tells_what_is_asked_for(api: ApiClient):
    operation = api.contract.document["paths"]["/api/v1/audit-events"]["get"]
    assert operation["x-required-scope"] == "audit:read"
    assert re.search(r"never shown", operation["description"])
