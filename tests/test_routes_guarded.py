"""Every route asks for a key, except those that are meant to be open; and asks for the scope that it documents."""

from __future__ import annotations

import re
from typing import Any

import pytest
from flask import Flask

from bridge.keys import Scope, create_key
from bridge.runtime import Runtime
from tests.api_client import ApiClient

FILES = {"/docs/assets/<path:name>", "/docs/static/<path:filename>", "/redoc/redoc.js", "/redoc/logo-mini.svg"}
# What Commerce reads while an extension is tried out; it holds no data.
ADMIN_UI = {"/api/v1/web/admin-ui-sdk/registration", "/admin-ui/registry", "/admin-ui/index.html"}
# Guarded by a signature over the raw body; tests/api/test_inbound.py holds that nothing happens without one.
SIGNED = {"/hooks/stores/<id:store_id>/adobe-events", "/hooks/stores/<id:store_id>/commerce"}
OPEN = ADMIN_UI | {"/", "/healthz", "/readyz", "/metrics", "/openapi.json", "/docs", "/redoc"} | FILES


def operations(app: Flask) -> list[tuple[str, str, Any]]:
    """(method, path with ones for ids, view) of every route that is not open."""
    found = []
    for rule in app.url_map.iter_rules():
        if rule.rule in OPEN | SIGNED or rule.rule.startswith("/console"):
            continue
        path = re.sub(r"<[^>]+>", "1", rule.rule)
        found += [
            (method, path, app.view_functions[rule.endpoint])
            for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"})
        ]
    return found


def test_there_are_routes_to_guard(app: Flask):
    assert len(operations(app)) >= 30


def test_no_route_answers_without_a_key(app: Flask):
    client = app.test_client()
    for method, path, _view in operations(app):
        answer = client.open(path, method=method, json={} if method != "GET" else None)
        assert answer.status_code == 401, f"{method} {path} answers without a key"


def test_no_route_answers_to_a_key_that_lacks_its_scope(app: Flask, runtime: Runtime):
    with runtime.db.session() as session:
        without = {
            scope: create_key(session, f"all but {scope}", set(Scope) - {scope}, None, None, runtime.now())
            for scope in Scope
        }
    client = app.test_client()
    for method, path, view in operations(app):
        headers = {"Authorization": f"Bearer {without[view.required_scope]}"}
        answer = client.open(path, method=method, headers=headers, json={} if method != "GET" else None)
        assert answer.status_code == 403, f"{method} {path} needs no {view.required_scope}"
        assert answer.get_json()["code"] == "insufficient_scope"


def test_the_routes_and_the_document_are_the_same(app: Flask, api: ApiClient):
    documented = {
        (method.upper(), re.sub(r"{[^}]+}", "1", path))
        for path, held in api.contract.document["paths"].items()
        for method in held
    }
    assert documented == {(method, path) for method, path, _view in operations(app)}


def test_each_operation_documents_its_key_scope_and_refusals(api: ApiClient):
    for path, held in api.contract.document["paths"].items():
        for method, operation in held.items():
            assert operation["security"] == [{"apiKey": []}], f"{method} {path}"
            assert operation["x-required-scope"] in set(Scope)
            assert {"401", "403"} <= set(operation["responses"])


def test_no_signed_route_takes_a_key_in_place_of_a_signature(app: Flask, runtime: Runtime):
    with runtime.db.session() as session:
        key = create_key(session, "all", set(Scope), None, None, runtime.now())
    found = {rule.rule for rule in app.url_map.iter_rules() if rule.rule.startswith("/hooks/")}
    assert found == SIGNED
    for path in SIGNED:
        answer = app.test_client().post(
            path.replace("<id:store_id>", "1"), headers={"Authorization": f"Bearer {key}"}, json={}
        )
        assert answer.status_code in {401, 404}


@pytest.mark.parametrize("path", sorted(OPEN - FILES))
def test_an_open_page_answers_without_a_key(app: Flask, path: str):
    assert app.test_client().get(path).status_code in {200, 302}
