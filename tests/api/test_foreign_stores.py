"""An object of another store is not there: every operation of the document that names one, with a key of some store."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from sqlalchemy import func, select

from bridge.keys import Scope
from bridge.ledger import AuditEvent, WebhookDelivery, WebhookEndpoint, WebhookEvent
from bridge.models import JobRun, Order, ProductMatch, Store
from bridge.runtime import Runtime
from tests.api_client import ApiClient
from tests.factories import NOW, make_order, make_store

DOCUMENT = yaml.safe_load((Path(__file__).parents[2] / "openapi" / "bridge.yaml").read_text(encoding="utf-8"))
# {name} of a path that is no object of a store: the name of a job, and Commerce's id, which is looked up by store.
OTHER = {"name", "commerce_order_id"}


def operations() -> Iterator[tuple[str, str]]:
    for path, held in DOCUMENT["paths"].items():
        names = set(re.findall(r"{([^}]+)}", path))
        if names and not names & OTHER:
            yield from ((method.upper(), path) for method in held)


def request_to(method: str, path: str, ids: dict[str, int]) -> dict[str, Any]:
    """The operation, asked as its document shows."""
    operation = DOCUMENT["paths"][path][method.lower()]
    body = operation.get("requestBody", {}).get("content", {})
    sent: dict[str, Any] = {"headers": {"If-Match": "*"}}
    if "application/json" in body:
        sent["json"] = body["application/json"]["example"]
    elif body:
        sent |= {"data": "", "content_type": "text/plain"}
    return sent | {"path": path.removeprefix("/api/v1").format(**ids)}


@pytest.fixture
def ids(runtime: Runtime, store: Store) -> dict[str, int]:
    """One object of each kind, all of a store that is not Mugs US."""
    with runtime.db.session() as session:
        other = make_store(session)
        order = make_order(session, other)
        match = ProductMatch(store_id=other.id, seller_sku="A", commerce_sku="B", quantity=1, created_at=NOW)
        run = JobRun(job="sync", store_id=other.id, trigger="cli", state="succeeded", started_at=NOW)
        session.add_all([match, run])
        session.flush()
        endpoint = WebhookEndpoint(store_id=other.id, url="https://erp.example", events=[], sealed=b"-")
        endpoint.created_at = endpoint.updated_at = NOW
        event = WebhookEvent(type="webhook.test", store_id=other.id, at=NOW, payload={}, dispatched_at=NOW)
        session.add_all([endpoint, event])
        session.flush()
        delivery = WebhookDelivery(endpoint_id=endpoint.id, event_id=event.id, due_at=NOW, created_at=NOW, tries=[])
        session.add(delivery)
        session.flush()
        return {
            "store_id": other.id, "order_id": order.id, "match_id": match.id, "run_id": run.id,
            "webhook_id": endpoint.id, "delivery_id": delivery.id,
        }  # fmt: skip


def test_there_are_operations_that_name_objects():
    named = {name for _, path in operations() for name in re.findall(r"{([^}]+)}", path)}
    assert named == {"store_id", "order_id", "match_id", "run_id", "webhook_id", "delivery_id"}


@pytest.mark.usefixtures("no_background")
def test_no_object_of_another_store_is_there(
    api: ApiClient, ids: dict[str, int], store: Store, key_for: Callable[..., str], runtime: Runtime
):
    bound = api.using(key_for(*Scope, stores=[store.id]))

    def figures() -> list[Any]:
        with runtime.db.reading() as session:
            return [
                session.scalar(select(func.count()).select_from(t)) for t in (Order, JobRun, AuditEvent, ProductMatch)
            ]

    before = figures()
    for method, path in operations():
        sent = request_to(method, path, ids)
        answer = bound.http.open(
            "/api/v1" + sent.pop("path"),
            method=method,
            headers=sent.pop("headers") | {"Authorization": f"Bearer {bound.key}"},
            **sent,
        )
        assert (answer.status_code, answer.get_json()["code"]) == (404, "not_found"), f"{method} {path}: {answer.text}"
    assert figures() == before  # nothing was done, nor written down as done


@pytest.mark.usefixtures("no_background")
def test_a_key_of_that_store_finds_each_of_them(api: ApiClient, ids: dict[str, int], key_for: Callable[..., str]):
    bound = api.using(key_for(*Scope, stores=[ids["store_id"]]))
    for method, path in operations():
        if method == "GET" and not path.endswith(("/preview", "/shipping-address")):
            bound.send(method, request_to(method, path, ids)["path"], 200)


@pytest.mark.parametrize("scope", Scope)
def test_a_key_does_what_its_scope_says_and_nothing_else(
    api: ApiClient, key_for: Callable[..., str], scope: Scope, no_background: None
):
    """By the document's x-required-scope; what comes after the scope is other tests' business."""
    key = key_for(scope)
    for path, held in DOCUMENT["paths"].items():
        for method, operation in held.items():
            url = "/api/v1" + re.sub(r"{[^}]+}", "999999", path.removeprefix("/api/v1"))
            sent: dict[str, Any] = {} if method == "get" else {"json": {"nothing": "such"}}
            answer = api.http.open(url, method=method, headers={"Authorization": f"Bearer {key}"}, **sent)
            code = (answer.get_json(silent=True) or {}).get("code") if answer.status_code == 403 else None
            allowed = operation["x-required-scope"] == scope
            assert (code != "insufficient_scope") is allowed, f"{method} {path} with {scope}: {answer.status_code}"
