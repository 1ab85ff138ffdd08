"""A new document breaks no client of the last release (openapi/released); and the comparison sees what would."""

from __future__ import annotations

import re
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.breaking import breaks

OPENAPI = Path(__file__).resolve().parent.parent / "openapi"
RELEASED = OPENAPI / "released"
CHANGELOG = OPENAPI.parent / "CHANGELOG.md"
Document = dict[str, Any]


def releases() -> list[tuple[tuple[int, ...], Path]]:
    """Kept documents by version, oldest first: released/1.4.0.yaml."""
    found = [path for path in RELEASED.glob("*.yaml") if re.fullmatch(r"\d+\.\d+\.\d+", path.stem)]
    return sorted((tuple(map(int, path.stem.split("."))), path) for path in found)


@pytest.fixture(scope="module")
def present() -> Document:
    return dict(yaml.safe_load((OPENAPI / "bridge.yaml").read_text(encoding="utf-8")))


def test_no_client_of_the_last_release_breaks(present: Document):
    kept = releases()
    if not kept:
        told = "there is a release in CHANGELOG.md and none in openapi/released: copy its openapi/bridge.yaml there"
        assert not re.search(r"^## \[\d", CHANGELOG.read_text(encoding="utf-8"), re.MULTILINE), told
        return  # nothing was released yet, so there is no client to break
    version, path = kept[-1]
    if int(present["info"]["version"].split(".")[0]) > version[0]:
        return  # a new major version may break what it says that it breaks
    assert breaks(yaml.safe_load(path.read_text(encoding="utf-8")), present) == []


def test_a_document_does_not_break_itself(present: Document):
    assert breaks(present, deepcopy(present)) == []


def schema(document: Document, name: str) -> Any:
    return document["components"]["schemas"][name]


def operation(document: Document, path: str, method: str = "get") -> Any:
    return document["paths"][f"/api/v1{path}"][method]


def parameter(document: Document, name: str) -> Any:
    return next(p for p in operation(document, "/orders")["parameters"] if p["name"] == name)


def without(node: Any, key: Any) -> None:
    node.pop(key) if isinstance(node, dict) else node.remove(key)


NEW_HEADER = {"in": "header", "name": "X-Tenant", "required": True, "schema": {"type": "string"}}
BREAKING: dict[str, Callable[[Document], Any]] = {
    "GET /api/v1/marketplaces is gone": lambda d: without(d["paths"], "/api/v1/marketplaces"),
    "POST /api/v1/stores is gone": lambda d: without(d["paths"]["/api/v1/stores"], "post"),
    "Order.buyer_name is gone": lambda d: without(schema(d, "Order")["properties"], "buyer_name"),
    "Order.status may be missing now": lambda d: without(schema(d, "Order")["required"], "status"),
    "Order.id was integer and is string": lambda d: schema(d, "Order")["properties"]["id"].update(type="string"),
    "Order.order_note was string and is null/string": lambda d: schema(d, "Order")["properties"]["order_note"].update(
        type=["string", "null"]
    ),
    "OrderStatus no longer knows Error": lambda d: without(schema(d, "OrderStatus")["enum"], "Error"),
    "GET /api/v1/orders header X-Tenant is new and required": lambda d: operation(d, "/orders")["parameters"].append(
        NEW_HEADER
    ),
    "GET /api/v1/orders query channel is no longer taken": lambda d: without(
        operation(d, "/orders")["parameters"], parameter(d, "channel")
    ),
    "GET /api/v1/orders query cursor is required now": lambda d: parameter(d, "cursor").update(required=True),
    "GET /api/v1/orders query page_size: maximum is 100, and was 200": lambda d: parameter(d, "page_size")[
        "schema"
    ].update(maximum=100),
    "CancelReason (sent) no longer knows NoInventory": lambda d: without(
        schema(d, "CancelReason")["enum"], "NoInventory"
    ),
    "NewStore (sent).commerce_admin_url is required now": lambda d: schema(d, "NewStore")["required"].append(
        "commerce_admin_url"
    ),
    "StoreChange (sent).name is gone": lambda d: without(schema(d, "StoreChange")["properties"], "name"),
    "POST /api/v1/jobs/{name}/run body is required now": lambda d: operation(d, "/jobs/{name}/run", "post")[
        "requestBody"
    ].update(required=True),
    "POST /api/v1/stores/{store_id}/sync no longer answers 202": lambda d: without(
        operation(d, "/stores/{store_id}/sync", "post")["responses"], "202"
    ),
    "GET /api/v1/stores needs another scope: audit:read": lambda d: operation(d, "/stores").update(
        {"x-required-scope": "audit:read"}
    ),
    "GET /api/v1/stores is called allStores, no longer listStores": lambda d: operation(d, "/stores").update(
        operationId="allStores"
    ),
}


@pytest.mark.parametrize("told", BREAKING)
def test_what_breaks_a_client_is_told(present: Document, told: str):
    changed = deepcopy(present)
    BREAKING[told](changed)
    assert told in breaks(present, changed)


HARMLESS: dict[str, Callable[[Document], Any]] = {
    "a new path": lambda d: d["paths"].update({"/api/v1/new": deepcopy(d["paths"]["/api/v1/stores"])}),
    "an answer says more": lambda d: schema(d, "Order")["properties"].update(colour={"type": "string"}),
    "a request may say more": lambda d: schema(d, "StoreChange")["properties"].update(colour={"type": "string"}),
    "a parameter is new": lambda d: operation(d, "/orders")["parameters"].append(NEW_HEADER | {"required": False}),
    "a page may be larger": lambda d: parameter(d, "page_size")["schema"].update(maximum=500),
    "a text may be longer": lambda d: schema(d, "StoreChange")["properties"]["name"].update(maxLength=200),
    "another reason is taken": lambda d: schema(d, "CancelReason")["enum"].append("Whim"),
    "a field need not be sent": lambda d: without(schema(d, "NewStore")["required"], "name"),
    "other words of documentation": lambda d: schema(d, "Order").update(description="Otherwise."),
}


@pytest.mark.parametrize("name", HARMLESS)
def test_what_breaks_no_client_is_let_pass(present: Document, name: str):
    changed = deepcopy(present)
    HARMLESS[name](changed)
    assert breaks(present, changed) == []
