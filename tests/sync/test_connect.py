"""Which clients and which store view a store gets."""

from __future__ import annotations

from bridge.domain.commerce import StoreView
from bridge.models import StoreSecret
from bridge.sync.shop import find_store_view
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
