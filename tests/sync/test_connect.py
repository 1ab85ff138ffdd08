"""Which clients and which store view a store gets."""

from __future__ import annotations

from pathlib import Path

from bridge.domain.commerce import StoreView
from bridge.models import Store, StoreSecret
from bridge.sync.shop import find_store_view
from bridge.sync.verify import verify
from tests.stage import Stage


def view(number: int, code: str, website: str = "base", *, active: bool = True) -> StoreView:
    return StoreView(number, code, code, 1, website, "USD", is_active=active)


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


def test_a_store_of_the_cloud_service_gets_its_orders(tmp_path: Path):
    stage = Stage(tmp_path, more={"ims_endpoint": "http://127.0.0.1:8001/commerce/ims/token/v3"})
    ims = stage.shop.ims
    with stage.bridge.db.session() as session:
        store = session.get_one(Store, stage.store_id)
        store.commerce_url = "http://127.0.0.1:8001/commerce/cloud/tenant-1"
        secret = stage.bridge.vault.open(f"store:{store.id}", store.secret.encrypted) | {
            "commerce_auth": "ims",
            "commerce_ims_client_id": ims.client_id,
            "commerce_ims_client_secret": ims.client_secret,
            "commerce_ims_org_id": ims.org_id,
        }
        store.secret.encrypted = stage.bridge.vault.seal(f"store:{store.id}", secret)
    number = stage.paid_order()
    stage.sync()
    assert stage.commerce_order(number)["state"] == "processing"
    stage.shop.ship(stage.commerce_order(number)["entity_id"], tracks=[("ups", "UPS", "1Z")])
    stage.sync()
    assert stage.commerce_order(number)["state"] == "complete"
    checks = verify(stage.bridge.links, stage.store_id)
    assert next(c.message for c in checks if c.name == "commerce") == "Commerce as a Cloud Service answers."
    assert [check.name for check in checks if not check.ok] == []
    stage.bridge.close()
