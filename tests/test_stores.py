"""The use cases behind stores and settings, called as the command line calls them."""

from __future__ import annotations

import pytest

from bridge import stores
from bridge.errors import Conflict, InvalidInput, NotFound
from bridge.models import Store
from bridge.runtime import Runtime


def test_everything_that_is_missing_is_named_at_once(runtime: Runtime):
    with pytest.raises(InvalidInput) as caught:
        stores.add_store(runtime, {"commerce_auth": "bearer"})
    assert set(caught.value.fields) == {
        "name", "seller_id", "marketplace_id", "commerce_url", "website_code", "amazon_client_id",
        "amazon_client_secret", "amazon_refresh_token", "commerce_token",
    }  # fmt: skip


def test_of_two_who_read_the_same_settings_one_wins(runtime: Runtime, store: Store):
    with runtime.db.session() as session:
        stores.save_order_settings(session, store.id, 1, {"invoice": "at_import"})
    with pytest.raises(Conflict) as caught, runtime.db.session() as session:
        stores.save_order_settings(session, store.id, 1, {"customer_creation": "new_account"})
    assert caught.value.code == "changed_meanwhile"
    with runtime.db.session() as session:
        row = stores.save_order_settings(session, store.id, 2, {})
        assert (row.invoice, row.customer_creation, row.version) == ("at_import", "guest", 3)


def test_a_store_that_is_not_there_cannot_be_changed(runtime: Runtime):
    for change in (
        lambda: stores.update_store(runtime, 99, {"name": "x"}),
        lambda: stores.set_active(runtime, 99, active=True),
        lambda: stores.delete_store(runtime, 99),
        lambda: stores.add_product_match(runtime, 99, {"asin": "B1", "commerce_sku": "mug"}),
    ):
        with pytest.raises(NotFound):
            change()
