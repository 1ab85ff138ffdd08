"""Stores over the API: connecting, changing, leaving alone, removing; and what is set for them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from bridge.domain.order import AmazonStatus
from bridge.domain.states import ImportState
from bridge.keys import Scope
from bridge.models import Order, OrderSettingsRow, ProductMatch, Store, StoreSecret
from bridge.runtime import Runtime
from bridge.sandbox import marketplace as amazon_side
from tests.api_client import ApiClient
from tests.conftest import HandClock
from tests.factories import make_store
from tests.stage import US, Stage

NEW = {
    "name": "Mugs Germany",
    "seller_id": "A2EXAMPLE1SELL",
    "marketplace_id": "A1PA6795UKMFR9",
    "commerce_url": "https://shop.example/",
    "commerce_admin_url": "https://shop.example/admin/",
    "website_code": "base",
    "amazon_client_id": "amzn1.application-oa2-client.1",
    "amazon_client_secret": "the client's secret",
    "amazon_refresh_token": "Atzr|refresh",
    "commerce_auth": "bearer",
    "commerce_token": "the shop's token",
}


def test_a_connected_store_can_be_read_without_its_credentials(api: ApiClient, runtime: Runtime):
    made = api.post("/stores", NEW, 201)
    assert made == {
        "id": 1,
        "name": "Mugs Germany",
        "seller_id": "A2EXAMPLE1SELL",
        "marketplace": {"id": "A1PA6795UKMFR9", "code": "DE", "country": "Germany", "currency": "EUR"},
        "commerce_url": "https://shop.example",
        "commerce_admin_url": "https://shop.example/admin",
        "website_code": "base",
        "active": True,
        "integration_time": "2026-11-02T09:30:00Z",
        "created_at": "2026-11-02T09:30:00Z",
        "updated_at": "2026-11-02T09:30:00Z",
    }
    assert api.get("/stores/1") == made
    assert api.get("/stores")["items"] == [made]


def test_credentials_are_kept_encrypted_and_only_those_that_are_needed(
    api: ApiClient, runtime: Runtime, session: Session
):
    api.post("/stores", NEW | {"commerce_consumer_key": "of no use with a bearer token"}, 201)
    sealed = session.get_one(StoreSecret, 1).encrypted
    assert b"secret" not in sealed
    assert runtime.vault.open("store:1", sealed) == {
        "amazon_client_id": "amzn1.application-oa2-client.1",
        "amazon_client_secret": "the client's secret",
        "amazon_refresh_token": "Atzr|refresh",
        "commerce_auth": "bearer",
        "commerce_token": "the shop's token",
        "amazon_secret_since": "2026-11-02T09:30:00+00:00",
    }


def test_only_another_client_secret_of_amazons_begins_its_days_anew(api: ApiClient, runtime: Runtime, clock: HandClock):
    api.post("/stores", NEW, 201)
    days = []
    for change in (
        {"commerce_token": "another one"},
        {"commerce_url": "https://shop2.example"},
        {"amazon_client_secret": NEW["amazon_client_secret"]},
        {"amazon_client_secret": "the next one"},
    ):
        clock.advance(timedelta(days=10))
        api.send("PATCH", "/stores/1", 200, json=change)
        days.append((clock.now() - runtime.links.get(1).clients.secret_since).days)
    assert days == [10, 20, 30, 0]


def test_a_store_of_before_keeps_the_day_on_which_its_credentials_were_last_entered(
    api: ApiClient, runtime: Runtime, clock: HandClock
):
    api.post("/stores", NEW, 201)
    with runtime.db.session() as session:
        row = session.get_one(StoreSecret, 1)
        secret = runtime.vault.open("store:1", row.encrypted)
        del secret["amazon_secret_since"]
        row.encrypted = runtime.vault.seal("store:1", secret)
    clock.advance(timedelta(days=40))
    api.send("PATCH", "/stores/1", 200, json={"commerce_url": "https://shop2.example"})
    assert (clock.now() - runtime.links.get(1).clients.secret_since).days == 40


def test_a_new_store_has_the_default_settings(api: ApiClient):
    api.post("/stores", NEW, 201)
    settings = api.get("/stores/1/order-settings")
    assert settings["import_orders"] == "enabled"
    assert settings["stock_strategy"] == "reservation_cli"


@pytest.mark.parametrize(
    ("change", "fields"),
    [
        ({"name": " "}, {"name"}),
        ({"name": "two\nlines"}, {"name"}),
        ({"seller_id": "A 1"}, {"seller_id"}),
        ({"marketplace_id": "NOPE"}, {"marketplace_id"}),
        ({"commerce_url": "ftp://shop.example"}, {"commerce_url"}),
        ({"commerce_url": "http://shop.example"}, {"commerce_url"}),
        ({"commerce_url": "https://user:pw@shop.example"}, {"commerce_url"}),
        ({"commerce_url": "https://10.0.0.1"}, {"commerce_url"}),
        ({"commerce_url": "https://[::1"}, {"commerce_url"}),
        ({"commerce_admin_url": "javascript:alert(1)"}, {"commerce_admin_url"}),
        ({"website_code": "Base!"}, {"website_code"}),
        ({"commerce_auth": "basic"}, {"commerce_auth"}),
        ({"commerce_auth": "ims"}, {
            "commerce_ims_client_id", "commerce_ims_client_secret", "commerce_ims_org_id",
        }),
        ({"commerce_auth": "oauth1"}, {
            "commerce_consumer_key", "commerce_consumer_secret", "commerce_access_token", "commerce_token_secret"
        }),
        ({"commerce_token": None}, {"commerce_token"}),
        ({"integration_time": "2026-11-01T00:00:00Z"}, {"integration_time"}),
        ({"integration_time": "2026-11-03"}, {"integration_time"}),
        ({"integration_time": "0001-01-01T00:00:00+14:00"}, {"integration_time"}),
        ({"colour": "blue"}, {"colour"}),
    ],
)  # fmt: skip
def test_a_store_that_cannot_be_connected_leaves_nothing(
    api: ApiClient, session: Session, change: dict[str, Any], fields: set[str]
):
    problem = api.post("/stores", NEW | change, 422)
    assert {e["field"] for e in problem["errors"]} == fields
    assert session.scalar(select(func.count()).select_from(Store)) == 0


def test_a_later_integration_time_is_kept(api: ApiClient):
    made = api.post("/stores", NEW | {"integration_time": "2026-11-03T01:00:00+01:00"}, 201)
    assert made["integration_time"] == "2026-11-03T00:00:00Z"


def test_a_name_and_a_seller_in_a_marketplace_are_connected_once(api: ApiClient):
    api.post("/stores", NEW, 201)
    problem = api.post("/stores", NEW, 422)
    assert {e["field"] for e in problem["errors"]} == {"name", "marketplace_id"}
    api.post("/stores", NEW | {"name": "Mugs France", "marketplace_id": "A13V1IB3VIYZZH"}, 201)


def test_only_what_is_given_is_changed(api: ApiClient, runtime: Runtime, clock: HandClock):
    made = api.post("/stores", NEW, 201)
    clock.advance(timedelta(hours=1))
    changed = api.patch("/stores/1", {"name": "Mugs DE", "commerce_admin_url": None})
    expected = made | {"name": "Mugs DE", "commerce_admin_url": None, "updated_at": "2026-11-02T10:30:00Z"}
    assert changed == expected


def test_a_replaced_credential_leaves_the_others(api: ApiClient, runtime: Runtime, clock: HandClock):
    api.post("/stores", NEW, 201)
    clock.advance(timedelta(hours=1))
    oauth = {n: n for n in ("commerce_consumer_key", "commerce_consumer_secret", "commerce_access_token")}
    api.patch("/stores/1", {"commerce_auth": "oauth1"} | oauth, 422)
    api.patch("/stores/1", {"commerce_auth": "oauth1", "commerce_token_secret": "s"} | oauth)
    with runtime.db.reading() as session:
        secret = session.get_one(StoreSecret, 1)
    held = runtime.vault.open("store:1", secret.encrypted)
    assert held["commerce_auth"] == "oauth1"
    assert held["amazon_refresh_token"] == "Atzr|refresh"
    assert "commerce_token" not in held
    assert secret.updated_at == clock.now()


def test_a_new_address_makes_new_clients(api: ApiClient, runtime: Runtime, clock: HandClock, session: Session):
    api.post("/stores", NEW, 201)
    clock.advance(timedelta(hours=1))
    api.patch("/stores/1", {"commerce_url": "https://new.example"})
    assert session.get_one(StoreSecret, 1).updated_at == clock.now()


@pytest.mark.parametrize("field", ["seller_id", "marketplace_id", "integration_time", "id", "active"])
def test_what_a_store_is_cannot_be_changed(api: ApiClient, field: str):
    api.post("/stores", NEW, 201)
    problem = api.patch("/stores/1", {field: "A1"}, 422)
    assert [e["field"] for e in problem["errors"]] == [field]


def test_another_stores_name_is_refused(api: ApiClient, store: Store):
    made = api.post("/stores", NEW, 201)
    problem = api.patch(f"/stores/{made['id']}", {"name": store.name}, 422)
    assert [e["field"] for e in problem["errors"]] == ["name"]
    api.patch(f"/stores/{made['id']}", {"name": "Mugs Germany"})


def test_a_store_is_deactivated_and_activated(api: ApiClient, store: Store):
    assert api.post(f"/stores/{store.id}/deactivate")["active"] is False
    assert api.post(f"/stores/{store.id}/sync", status=409)["code"] == "store_inactive"
    assert api.post(f"/stores/{store.id}/activate")["active"] is True


def test_only_a_deactivated_store_is_deleted_and_its_orders_with_it(
    api: ApiClient, store: Store, put: Callable[..., Order], session: Session
):
    put(blockers=["out_of_stock"])
    assert api.delete(f"/stores/{store.id}", 409)["code"] == "store_active"
    api.post(f"/stores/{store.id}/deactivate")
    api.delete(f"/stores/{store.id}")
    for table in (Store, StoreSecret, OrderSettingsRow, Order):
        assert session.scalar(select(func.count()).select_from(table)) == 0
    api.get(f"/stores/{store.id}", 404)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", ""), ("PATCH", ""), ("DELETE", ""), ("POST", "/activate"), ("POST", "/deactivate"), ("POST", "/verify"),
        ("POST", "/sync"), ("GET", "/order-settings"), ("PUT", "/order-settings"), ("GET", "/dashboard"),
        ("GET", "/product-matches"), ("POST", "/product-matches"), ("GET", "/product-matches/1"),
        ("DELETE", "/product-matches/1"),
    ],
)  # fmt: skip
def test_a_store_that_is_not_there_and_one_that_is_not_the_callers_are_the_same(
    api: ApiClient, store: Store, runtime: Runtime, key_for: Any, method: str, path: str
):
    with runtime.db.session() as session:
        other = make_store(session)
    body = {"json": {"commerce_sku": "A", "asin": "B"} if path == "/product-matches" else {}} if method != "GET" else {}
    headers = {"If-Match": '"1"'}
    missing = api.send(method, f"/stores/99{path}", 404, headers=headers, **body).get_json()
    bound = api.using(key_for(stores=[store.id]))
    hidden = bound.send(method, f"/stores/{other.id}{path}", 404, headers=headers, **body).get_json()
    assert missing["code"] == hidden["code"] == "not_found"
    assert hidden["detail"] == missing["detail"].replace("99", str(other.id))


def test_a_key_that_is_bound_to_a_store_connects_no_other(api: ApiClient, store: Store, key_for: Any):
    bound = api.using(key_for(stores=[store.id]))
    assert bound.post("/stores", NEW, 403)["code"] == "store_bound_key"
    assert [item["id"] for item in bound.get("/stores")["items"]] == [store.id]


def test_order_settings_make_the_round_trip_with_their_etag(api: ApiClient, store: Store):
    path = f"/stores/{store.id}/order-settings"
    first = api.send("GET", path, 200)
    assert first.headers["ETag"] == '"1"'
    changed = api.send("PUT", path, 200, json={"invoice": "at_import"}, headers={"If-Match": '"1"'})
    assert changed.headers["ETag"] == '"2"'
    assert changed.get_json() == first.get_json() | {"invoice": "at_import"}
    assert api.get(path) == changed.get_json()
    unchanged = api.http.get(
        f"/api/v1{path}", headers={"If-None-Match": '"2"', "Authorization": "Bearer bridge-demo-key"}
    )
    assert (unchanged.status_code, unchanged.data) == (304, b"")


def test_settings_are_saved_by_who_read_the_newest_version_only(api: ApiClient, store: Store):
    path = f"/stores/{store.id}/order-settings"
    assert api.put(path, {"invoice": "at_import"}, 428)["code"] == "precondition_required"
    api.put(path, {"invoice": "at_import"}, etag='"1"')
    assert api.put(path, {"customer_creation": "new_account"}, 412, etag='"1"')["code"] == "precondition_failed"
    assert api.get(path)["customer_creation"] == "guest"


@pytest.mark.parametrize(
    ("given", "fields"),
    [
        ({"invoice": "later"}, ["invoice"]),
        ({"order_status": "custom"}, ["processing_status"]),
        ({"order_number_prefix": "no blanks"}, ["order_number_prefix"]),
        ({"order_number_prefix": 7}, ["order_number_prefix"]),
        ({"stock_strategy": "none", "pending_orders": "reserve"}, ["pending_orders"]),
        ({"version": 1}, ["version"]),
        ({"invoice": None}, ["invoice"]),
    ],
)
def test_settings_that_are_wrong_are_named_and_nothing_is_saved(
    api: ApiClient, store: Store, given: dict[str, Any], fields: list[str]
):
    path = f"/stores/{store.id}/order-settings"
    before = api.get(path)
    problem = api.put(path, {"customer_creation": "new_account"} | given, 422, etag='"1"')
    assert [e["field"] for e in problem["errors"]] == fields
    assert api.get(path) == before


def test_while_import_is_disabled_the_other_settings_are_kept_and_read_only(api: ApiClient, store: Store):
    path = f"/stores/{store.id}/order-settings"
    api.put(path, {"order_number_source": "amazon", "order_number_prefix": "AMZ-"}, etag='"1"')
    disabled = api.put(path, {"import_orders": "disabled"}, etag='"2"')
    assert disabled["order_number_prefix"] == "AMZ-"
    problem = api.put(path, {"order_number_prefix": "X-"}, 422, etag='"3"')
    assert [e["field"] for e in problem["errors"]] == ["order_number_prefix"]
    same = api.put(path, disabled, etag='"3"')
    assert same == disabled


def test_saving_a_match_has_the_waiting_orders_looked_at_at_once(
    api: ApiClient, store: Store, put: Callable[..., Order], runtime: Runtime, clock: HandClock
):
    waiting = put(blockers=["product_not_found"], due_at=clock.now() + timedelta(hours=1))
    path = f"/stores/{store.id}/product-matches"
    clock.advance(timedelta(minutes=1))
    made = api.post(path, {"seller_sku": "MUG-7", "commerce_sku": "mug", "quantity": 2}, 201)
    assert (made["seller_sku"], made["asin"], made["commerce_sku"], made["quantity"]) == ("MUG-7", None, "mug", 2)
    with runtime.db.reading() as session:
        assert session.get_one(Order, waiting.id).due_at == clock.now()
    assert api.get(path)["items"] == [made]
    assert api.get(f"{path}/{made['id']}") == made
    api.delete(f"{path}/{made['id']}")
    assert api.get(path)["items"] == []


def test_a_listing_is_matched_once_and_by_one_of_its_names(api: ApiClient, store: Store, session: Session):
    path = f"/stores/{store.id}/product-matches"
    api.post(path, {"asin": "B000000001", "commerce_sku": "mug"}, 201)
    assert api.post(path, {"asin": "B000000001", "commerce_sku": "other"}, 409)["code"] == "already_matched"
    for wrong in (
        {},
        {"asin": "B1", "seller_sku": "S"},
        {"asin": "B1", "quantity": 0},
        {"asin": "B1", "quantity": "2"},
    ):
        api.post(path, {"commerce_sku": "mug"} | wrong, 422)
    assert session.scalar(select(func.count()).select_from(ProductMatch)) == 1


def test_a_match_of_another_store_is_not_found_through_ones_own(api: ApiClient, store: Store, runtime: Runtime):
    with runtime.db.session() as session:
        other = make_store(session)
    made = api.post(f"/stores/{other.id}/product-matches", {"asin": "B1", "commerce_sku": "mug"}, 201)
    api.get(f"/stores/{store.id}/product-matches/{made['id']}", 404)
    api.delete(f"/stores/{store.id}/product-matches/{made['id']}", 404)


def test_reading_scopes_change_nothing(api: ApiClient, store: Store, key_for: Any):
    reader = api.using(key_for(Scope.ORDERS_READ))
    assert reader.patch(f"/stores/{store.id}", {"name": "x"}, 403)["code"] == "insufficient_scope"
    reader.put(f"/stores/{store.id}/order-settings", {}, 403, etag='"1"')
    reader.get(f"/stores/{store.id}/order-settings")


def test_a_store_connected_by_the_api_works_against_the_sandbox(stage: Stage, stage_api: ApiClient):
    with stage.bridge.db.session() as session:
        session.delete(session.get_one(Store, stage.store_id))
    made = stage_api.post(
        "/stores",
        {
            "name": "By the API",
            "seller_id": amazon_side.SELLER_ID,
            "marketplace_id": US,
            "commerce_url": "http://127.0.0.1:8001/commerce",
            "website_code": "base",
            "amazon_client_id": amazon_side.CLIENT_ID,
            "amazon_client_secret": amazon_side.CLIENT_SECRET,
            "amazon_refresh_token": amazon_side.REFRESH_TOKEN,
            "commerce_auth": "bearer",
            "commerce_token": "sandbox-commerce-token",
        },
        201,
    )
    answer = stage_api.post(f"/stores/{made['id']}/verify")
    assert answer["ok"] is True, answer
    assert {check["name"] for check in answer["checks"]} >= {"amazon", "notifications", "commerce", "store view"}
    stage.wait()
    stage_api.patch(f"/stores/{made['id']}", {"commerce_token": "wrong"})
    answer = stage_api.post(f"/stores/{made['id']}/verify")
    assert (answer["ok"], answer["checks"][0]["ok"], answer["checks"][-1]["ok"]) == (False, True, False)


def test_the_dashboard_adds_up(api: ApiClient, store: Store, put: Callable[..., Order], clock: HandClock):
    day = timedelta(days=1)
    put(grand_total_minor=1000, purchase_date=clock.now())
    put(grand_total_minor=500, purchase_date=clock.now() - 6 * day, import_state=ImportState.COMPLETED)
    put(grand_total_minor=1000, purchase_date=clock.now() - 7 * day)
    put(grand_total_minor=7, purchase_date=clock.now() - 14 * day)
    put(grand_total_minor=9999, amazon_status=AmazonStatus.CANCELED, import_state=ImportState.CANCELED)
    put(grand_total_minor=None, amazon_status=AmazonStatus.PENDING, import_state=ImportState.WAITING)
    board = api.get(f"/stores/{store.id}/dashboard", days=7)
    assert board["lifetime_sales"] == {"amount": "25.07", "currency": "USD"}
    assert board["revenue"]["amount"] == "15.00"
    assert board["previous_revenue"]["amount"] == "10.00"
    assert board["change_percent"] == "50.0"
    by_day = {entry["date"]: entry["revenue"]["amount"] for entry in board["revenue_by_day"]}
    assert len(by_day) == 7
    assert {date: amount for date, amount in by_day.items() if amount != "0.00"} == {
        "2026-10-27": "5.00",
        "2026-11-02": "10.00",
    }
    counts = {entry["status"]: entry["count"] for entry in board["orders_by_status"]}
    assert counts == {"Canceled": 1, "Completed": 1, "Pending": 1, "Unshipped": 3}
    assert len(board["recent_orders"]) == 6
    assert board["seller_central_links"][0]["url"] == "https://sellercentral.amazon.com/home"


def test_a_dashboard_without_a_past_shows_no_change(api: ApiClient, store: Store):
    board = api.get(f"/stores/{store.id}/dashboard")
    assert (board["days"], board["change_percent"], board["lifetime_sales"]["amount"]) == (30, None, "0.00")
    assert len(board["revenue_by_day"]) == 30
    api.get(f"/stores/{store.id}/dashboard", 422, days=8)


def test_every_marketplace_is_listed(api: ApiClient):
    items = api.get("/marketplaces")["items"]
    assert len(items) == 23
    assert {"id": "A1VC38T7YXB528", "code": "JP", "country": "Japan", "region": "fe", "currency": "JPY",
            "domain": "amazon.co.jp", "seller_central_url": "https://sellercentral.amazon.co.jp"} in items  # fmt: skip
