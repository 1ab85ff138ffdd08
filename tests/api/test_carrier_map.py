"""A store's carrier map over the API."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from bridge.keys import Scope
from bridge.models import Order, Shipment, Store
from bridge.runtime import Runtime
from bridge.sync.carriers import carrier_map
from tests.api_client import ApiClient
from tests.factories import NOW, make_store

DHL = {"commerce_carrier": "hauspost", "carrier_code": "DHL", "carrier_name": None}


def path(store: Store) -> str:
    return f"/stores/{store.id}/carrier-map"


def test_the_map_is_saved_as_a_whole_and_read_back(api: ApiClient, store: Store):
    assert api.get(path(store)) == {"items": [], "unmapped": []}
    other = {"commerce_carrier": "Bicycle", "carrier_code": "Other", "carrier_name": "City Bicycle"}
    saved = api.put(path(store), {"items": [{"commerce_carrier": "HAUSPÓST", "carrier_code": "DHL"}, other]})
    assert saved["items"] == [other | {"commerce_carrier": "bicycle"}, DHL]
    assert api.get(path(store)) == saved
    assert api.put(path(store), {"items": [DHL]})["items"] == [DHL]


def test_carriers_that_go_as_other_are_named_with_a_suggestion_until_they_are_mapped(
    api: ApiClient, store: Store, put: Callable[..., Order], runtime: Runtime
):
    order = put()
    tracks = [{"number": "1", "carrier_code": "custom", "title": title} for title in ("Fed Exx", "Hauspost", "UPS")]
    with runtime.db.session() as session:
        session.add(Shipment(order_id=order.id, commerce_shipment_id=9, shipped_at=NOW, items=[], tracks=tracks))
    unmapped = api.get(path(store))["unmapped"]
    assert [(u["title"], u["suggestion"]) for u in unmapped] == [("Fed Exx", "FedEx"), ("Hauspost", None)]
    saved = api.put(path(store), {"items": [DHL]})
    assert [u["title"] for u in saved["unmapped"]] == ["Fed Exx"]


@pytest.mark.parametrize(
    ("items", "field"),
    [
        ([DHL, DHL | {"commerce_carrier": "HausPost"}], "items.1.commerce_carrier"),
        ([DHL | {"commerce_carrier": " "}], "items.0.commerce_carrier"),
        ([DHL | {"commerce_carrier": "\N{ARABIC LIGATURE SALLALLAHOU ALAYHE WASALLAM}" * 100}],
         "items.0.commerce_carrier"),
        ([{"commerce_carrier": "bicycle", "carrier_code": "Other"}], "items.0.carrier_name"),
        ([DHL | {"surplus": 1}], "items.0.surplus"),
        ([{"commerce_carrier": "bicycle"}], "items.0.carrier_code"),
        ("none", "items"),
    ],
    ids=["doubled", "empty", "too long once plain", "other without a name", "unknown field", "no code", "no list"],
)  # fmt: skip
def test_a_map_that_is_wrong_is_named_and_the_old_one_stays(api: ApiClient, store: Store, items: Any, field: str):
    api.put(path(store), {"items": [DHL]})
    problem = api.put(path(store), {"items": items}, 422)
    assert problem["errors"][0]["field"] == field
    assert api.get(path(store))["items"] == [DHL]


def test_it_takes_the_scope_for_settings_and_ones_own_store(
    api: ApiClient, store: Store, runtime: Runtime, key_for: Callable[..., str]
):
    with runtime.db.session() as session:
        other = make_store(session)
    assert api.using(key_for(Scope.ORDERS_READ, Scope.ORDERS_WRITE)).put(path(store), {"items": []}, 403)
    bound = api.using(key_for(stores=[other.id]))
    assert bound.put(path(store), {"items": [DHL]}, 404)["code"] == "not_found"
    with runtime.db.reading() as session:
        assert carrier_map(session, store.id) == []
