"""What `verify` says of a store's connection."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bridge.models import StoreSecret
from bridge.sandbox.world import Fault
from bridge.sync.connect import Links
from bridge.sync.verify import Check, verify
from tests.stage import Stage


def checked(stage: Stage) -> dict[str, Check]:
    return {check.name: check for check in verify(stage.bridge.links, stage.store_id)}


def test_everything_is_well(stage: Stage):
    checks = checked(stage)
    assert [name for name, check in checks.items() if not check.ok] == []
    names = [
        "amazon",
        "clock",
        "quota",
        "personal data",
        "client secret",
        "notifications",
        "orders",
        "commerce",
        "store view",
        "stock",
    ]
    assert list(checks) == names


def test_wrong_credentials_are_said_for_each_side(stage: Stage):
    with stage.bridge.db.session() as session:
        row = session.get_one(StoreSecret, stage.store_id)
        secret = stage.bridge.vault.open(f"store:{stage.store_id}", row.encrypted)
        wrong = secret | {"amazon_client_secret": "no", "commerce_token": "no"}
        row.encrypted = stage.bridge.vault.seal(f"store:{stage.store_id}", wrong)
        row.updated_at = stage.world.clock.advance(stage.world.now() - stage.world.now())
        row.updated_at = stage.world.now().replace(microsecond=1)
    checks = {check.name: check for check in verify(stage.bridge.links, stage.store_id)}
    assert not checks["amazon"].ok
    assert "invalid_client" in checks["amazon"].message or "authentication" in checks["amazon"].message.lower()
    assert not checks.get("store view", checks["commerce"]).ok
    assert "Atzr|" not in checks["amazon"].message


def test_a_shop_that_is_down_is_said(stage: Stage):
    stage.world.faults.add(Fault("/commerce/", "answer", times=None))
    checks = checked(stage)
    assert [name for name, check in checks.items() if not check.ok] == ["commerce"]
    assert "store view" not in checks  # nobody to ask


def test_a_website_in_another_currency_is_said_beforehand(stage: Stage):
    canada = stage.add_store("Mugs CA", "A2EUQ1WTGCTBG2")
    checks = {check.name: check for check in verify(stage.bridge.links, canada)}
    assert "they would be blocked" in checks["store view"].message
    stage.shop.set_exchange_rate("CAD", 1.37)
    checks = {check.name: check for check in verify(stage.bridge.links, canada)}
    assert checks["store view"].ok
    assert "CAD at 1.37 for one USD" in checks["store view"].message


def test_a_clock_that_is_wrong_is_said(stage: Stage):
    def slow():
        return stage.world.now() - timedelta(minutes=5)

    bridge = stage.bridge
    links = Links(bridge.config, bridge.db, bridge.vault, transports=bridge.links._transports, now=slow)
    checks = {check.name: check for check in verify(links, stage.store_id)}
    assert not checks["clock"].ok
    assert "+300 seconds" in checks["clock"].message


def test_a_missing_role_is_named_and_the_orders_are_imported_all_the_same(stage: Stage):
    assert "No order" in checked(stage)["personal data"].message
    next(iter(stage.amazon.sellers.values())).restricted_data = False
    number = stage.paid_order()
    stage.sync()
    check = checked(stage)["personal data"]
    assert not check.ok
    assert "Direct-to-Consumer Shipping" in check.message
    (comment,) = [entry["comment"] for entry in stage.commerce_order(number)["status_histories"]]
    assert "Direct-to-Consumer Shipping" in comment
    assert "Direct-to-Consumer Shipping" in " ".join(event.message for event in stage.events(number))
    assert stage.order(number).order_note.startswith("Created in Commerce")


def test_addresses_that_come_are_counted(stage: Stage):
    number = stage.paid_order()
    stage.sync()
    assert "Direct-to-Consumer" not in repr(stage.commerce_order(number))
    assert checked(stage)["personal data"].message == "Amazon sends addresses (1 of the newest 1 orders)."


def test_how_far_orders_have_been_read_is_said(stage: Stage):
    assert checked(stage)["orders"].message == "No order has been asked for yet."
    stage.sync("sync")
    assert checked(stage)["orders"].message.startswith("Amazon's changes are read up to 2026-11-02 09:01 UTC")
    stage.wait(timedelta(hours=3))
    check = checked(stage)["orders"]
    assert (check.ok, "3 hours ago" in check.message) == (False, True)


def test_a_right_that_is_missing_for_orders_alone_is_said(stage: Stage):
    stage.sync("sync")
    body = '{"errors":[{"code":"Unauthorized","message":"Access to requested resource is denied."}]}'
    refused = Fault("GET /amazon/orders", "answer", status=403, body=body, content_type="application/json", times=None)
    stage.world.faults.add(refused)
    stage.wait(timedelta(hours=2))
    assert stage.job("sync").state == "failed"
    checks = checked(stage)
    assert checks["amazon"].ok  # other operations are allowed
    assert not checks["orders"].ok
    assert "searchOrders: 403 Access to requested resource is denied." in checks["orders"].message
    assert "authorise the app again" in checks["orders"].message


def test_the_quota_that_is_left_is_shown(stage: Stage):
    stage.sync("sync")
    assert "searchOrders 18" in checked(stage)["quota"].message


@pytest.mark.parametrize(("days", "ok"), [(10, True), (149, True), (151, False), (200, False)])
def test_a_client_secret_is_to_be_rotated_in_time(stage: Stage, days, ok):
    stage.wait(timedelta(days=days))
    assert checked(stage)["client secret"].ok is ok


def test_a_check_never_shows_a_secret(stage: Stage):
    text = " ".join(check.message for check in checked(stage).values())
    assert "Atza|" not in text
    assert "Atzr|" not in text
