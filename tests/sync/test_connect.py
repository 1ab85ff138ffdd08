"""What `verify` says, and which clients a store gets."""

from __future__ import annotations

from bridge.domain.commerce import StoreView
from bridge.models import StoreSecret
from bridge.sandbox.world import Fault
from bridge.sync.connect import find_store_view, verify
from tests.stage import Stage


def view(number: int, code: str, website: str = "base", *, active: bool = True) -> StoreView:
    return StoreView(number, code, code, 1, website, "USD", is_active=active)


def test_everything_is_well(stage: Stage):
    checks = verify(stage.bridge.links, stage.store_id)
    names = ["amazon", "notifications", "commerce", "store view"]
    assert [(check.name, check.ok) for check in checks] == [(name, True) for name in names]


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
    checks = {check.name: check.ok for check in verify(stage.bridge.links, stage.store_id)}
    assert checks == {"amazon": True, "notifications": True, "commerce": False}


def test_a_website_in_another_currency_is_said_beforehand(stage: Stage):
    canada = stage.add_store("Mugs CA", "A2EUQ1WTGCTBG2")
    checks = {check.name: check for check in verify(stage.bridge.links, canada)}
    assert "they would be blocked" in checks["store view"].message


def test_the_store_view_of_the_website():
    views = [view(3, "late"), view(1, "first", active=False), view(2, "second"), view(4, "x", "other")]
    assert find_store_view(views, "base", None).code == "second"
    assert find_store_view(views, "base", "late").code == "late"
    assert find_store_view(views, "base", "first") is None
    assert find_store_view(views, "base", "x") is None


def test_clients_are_kept_until_the_credentials_change(stage: Stage):
    first = stage.bridge.links.get(stage.store_id)
    assert stage.bridge.links.get(stage.store_id).clients is first.clients
    with stage.bridge.db.session() as session:
        session.get_one(StoreSecret, stage.store_id).updated_at = stage.world.now().replace(microsecond=1)
    assert stage.bridge.links.get(stage.store_id).clients is not first.clients
