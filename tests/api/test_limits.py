"""How often a key may ask, which origins' pages may, which types are taken and answered; links between pages."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from bridge import create_app
from bridge.config import Config, from_environment
from bridge.errors import ConfigError
from bridge.models import Order
from bridge.runtime import Runtime
from tests import needs
from tests.api_client import ApiClient

ADMIN = "https://admin.shop.example"


def made(runtime: Runtime, **settings: Any) -> ApiClient:
    """The API of the same bridge, set otherwise."""
    return ApiClient(create_app(runtime=replace(runtime, config=replace(runtime.config, **settings))))


# -- how often ---------------------------------------------------------------------------------------------------------


def test_a_key_that_asks_too_often_is_told_when_to_go_on(runtime: Runtime, key_for: Callable[..., str]):
    api = made(runtime, rate_limit="3/hour")
    left = [api.send("GET", "/stores", 200).headers["RateLimit-Remaining"] for _ in range(3)]
    assert left == ["2", "1", "0"]
    refused = api.send("GET", "/stores", 429)
    assert refused.get_json()["code"] == "rate_limited"
    assert refused.headers["RateLimit-Limit"] == "3"
    assert refused.headers["RateLimit-Remaining"] == "0"
    assert 1 <= int(refused.headers["Retry-After"]) <= 3600
    assert refused.headers["Retry-After"] == refused.headers["RateLimit-Reset"]
    api.using(key_for()).get("/stores")  # another key is counted by itself


def test_a_request_without_a_key_is_not_counted(runtime: Runtime):
    api = made(runtime, rate_limit="1/hour")
    for _ in range(3):
        assert "RateLimit-Limit" not in api.using("nobody").send("GET", "/stores", 401).headers
    api.get("/stores")


@pytest.mark.parametrize("word", ["none", ""])
def test_there_may_be_no_limit(runtime: Runtime, word: str):
    assert "RateLimit-Limit" not in made(runtime, rate_limit=word).send("GET", "/stores", 200).headers


def test_two_workers_count_together_in_redis(runtime: Runtime, key_for: Callable[..., str]):
    address = needs.service("redis")
    key = key_for()
    workers = [made(runtime, rate_limit="3/hour", rate_limit_storage=address).using(key) for _ in range(2)]
    for worker in workers:
        worker.app.extensions["bridge-rate-limit"]._counter.storage.reset()
    statuses = [workers[n % 2].send("GET", "/stores", 200 if n < 3 else 429).status_code for n in range(5)]
    assert statuses == [200, 200, 200, 429, 429]
    workers[0].app.extensions["bridge-rate-limit"]._counter.storage.reset()


def test_while_redis_is_away_each_worker_counts_by_itself(runtime: Runtime, capsys: pytest.CaptureFixture[str]):
    api = made(runtime, rate_limit="2/hour", rate_limit_storage="redis://127.0.0.1:1/0")
    for status in (200, 200, 429):
        api.send("GET", "/stores", status)
    assert capsys.readouterr().err.count("rate limit storage failed") == 1


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"rate_limit": "often"}, "BRIDGE_RATE_LIMIT"),
        ({"rate_limit_storage": "nowhere://x"}, "BRIDGE_RATE_LIMIT_STORAGE"),
    ],
)
def test_a_limit_that_cannot_be_used_is_told_at_the_start(runtime: Runtime, settings: dict[str, str], named: str):
    with pytest.raises(ConfigError, match=named):
        made(runtime, **settings)


# -- from which pages --------------------------------------------------------------------------------------------------


def preflight(api: ApiClient, origin: str, path: str = "/api/v1/orders/import") -> TestResponse:
    headers = {"Origin": origin, "Access-Control-Request-Method": "POST"}
    return api.http.options(path, headers=headers)


def test_a_page_of_a_named_origin_may_ask_and_read_what_it_needs(runtime: Runtime):
    api = made(runtime, cors_origins=(ADMIN, "http://localhost:9080"))
    asked = preflight(api, ADMIN)
    assert asked.status_code == 200
    assert asked.headers["Access-Control-Allow-Origin"] == ADMIN
    assert "POST" in asked.headers["Access-Control-Allow-Methods"]
    allowed = asked.headers["Access-Control-Allow-Headers"].split(", ")
    assert {"Authorization", "Content-Type", "If-Match", "If-None-Match", "Idempotency-Key"} <= set(allowed)
    answer = api.send("GET", "/stores", 200, headers={"Origin": ADMIN})
    assert answer.headers["Access-Control-Allow-Origin"] == ADMIN
    shown = answer.headers["Access-Control-Expose-Headers"].split(", ")
    assert {"ETag", "Link", "Location", "Retry-After", "X-Request-Id"} <= set(shown)
    assert "Origin" in answer.headers["Vary"]
    assert "Access-Control-Allow-Credentials" not in answer.headers
    refused = api.using(None).send("GET", "/stores", 401, headers={"Origin": ADMIN})
    assert refused.headers["Access-Control-Allow-Origin"] == ADMIN  # or the page could not read why


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", ADMIN + ".evil.example", ADMIN.upper(), ADMIN + ":8443", "*", ""]
)
def test_a_page_of_any_other_origin_may_not(runtime: Runtime, origin: str):
    api = made(runtime, cors_origins=(ADMIN,))
    for answer in (preflight(api, origin), api.send("GET", "/stores", 200, headers={"Origin": origin})):
        assert not [name for name, _ in answer.headers if name.startswith("Access-Control")]
        assert "Origin" in answer.headers["Vary"]


def test_nobody_may_unless_named_and_pages_beside_the_api_never(runtime: Runtime, api: ApiClient):
    assert "Access-Control-Allow-Origin" not in preflight(api, ADMIN).headers
    named = made(runtime, cors_origins=(ADMIN,))
    for path in ("/console/orders", "/metrics", "/docs"):
        assert "Access-Control-Allow-Origin" not in preflight(named, ADMIN, path).headers


@pytest.mark.parametrize(
    "origin", ["*", "https://*.shop.example", "admin.shop.example", "https://shop.example/", "null"]
)
def test_what_is_no_origin_is_refused_at_the_start(monkeypatch: pytest.MonkeyPatch, origin: str):
    monkeypatch.setenv("BRIDGE_CORS_ORIGINS", f"{ADMIN}, {origin}")
    with pytest.raises(ConfigError, match="BRIDGE_CORS_ORIGINS"):
        from_environment()
    monkeypatch.setenv("BRIDGE_CORS_ORIGINS", f"{ADMIN}, http://[::1]:9080")
    assert from_environment().cors_origins == (ADMIN, "http://[::1]:9080")


def test_browsers_are_told_to_come_back_by_https_where_that_is_the_address(runtime: Runtime, api: ApiClient):
    assert "Strict-Transport-Security" not in api.send("GET", "/stores", 200).headers
    secure = made(runtime, public_url="https://bridge.shop.example")
    assert secure.send("GET", "/stores", 200).headers["Strict-Transport-Security"] == "max-age=31536000"


# -- what is taken and answered ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("accept", ["application/xml", "text/html", "application/json;q=0", "text/csv"])
def test_an_answer_that_accept_does_not_allow_is_refused(api: ApiClient, accept: str):
    assert api.send("GET", "/stores", 406, headers={"Accept": accept}).get_json()["code"] == "not_acceptable"


@pytest.mark.parametrize("accept", ["*/*", "application/json", "application/*", "text/html, */*;q=0.1", ""])
def test_an_answer_that_accept_allows_is_given(api: ApiClient, accept: str):
    api.send("GET", "/stores", 200, headers={"Accept": accept})


def test_a_csv_is_asked_for_as_such(api: ApiClient):
    api.send("GET", "/orders/export", 200, headers={"Accept": "text/csv"})
    api.send("GET", "/orders/export", 406, headers={"Accept": "application/json"})
    api.send("GET", "/orders/export", 200, headers={"Accept": "application/problem+json"})  # openapi-generator's Python


def test_an_unknown_parameter_or_body_is_refused_where_none_is_taken(api: ApiClient, put: Callable[..., Order]):
    problem = api.get("/stores", 422, name="x", page="1")
    assert {(e["location"], e["field"]) for e in problem["errors"]} == {("query", "name"), ("query", "page")}
    put()
    path = "/stores/1/deactivate"
    (wrong,) = api.send("POST", path, 422, json={"force": True}).get_json()["errors"]
    assert (wrong["location"], wrong["field"]) == ("body", None)
    api.send("POST", path, 200, json={})
    api.send("POST", path, 200)


# -- links -------------------------------------------------------------------------------------------------------------


def links(answer: TestResponse) -> dict[str, str]:
    return {name: target for target, name in re.findall(r'<([^>]*)>; rel="([a-z]+)"', answer.headers["Link"])}


def test_the_pages_of_a_list_link_to_each_other(api: ApiClient, put: Callable[..., Order]):
    for _ in range(5):
        put()
    seen = links(api.send("GET", "/orders", 200, query_string={"page_size": 2, "page": 2, "sort": "total"}))
    begin = "/api/v1/orders?page_size=2&sort=total&page="
    assert seen == {"first": f"{begin}1", "prev": f"{begin}1", "next": f"{begin}3", "last": f"{begin}3"}
    assert set(links(api.send("GET", "/orders", 200, query_string={"page_size": 2}))) == {"first", "next", "last"}
    last = links(api.http.get(seen["last"], headers={"Authorization": f"Bearer {api.key}"}))
    assert set(last) == {"first", "prev", "last"}


def test_a_cursor_is_followed_by_a_cursor(api: ApiClient, put: Callable[..., Order]):
    ids = {put().id for _ in range(5)}
    path = f"/orders?page_size=2&cursor={api.get('/orders', page_size=2)['next']}"
    found = {item["id"] for item in api.get("/orders", page_size=2)["items"]}
    while path:
        answer = api.send("GET", path, 200)
        found |= {item["id"] for item in answer.get_json()["items"]}
        path = links(answer).get("next", "").removeprefix("/api/v1")
        assert "page=" not in path.replace("page_size=", "")
    assert found == ids


def test_values_in_links_are_what_was_sent(api: ApiClient, put: Callable[..., Order]):
    put()
    answer = api.send("GET", "/orders?buyer_name=a%22%3E%3Cb&status=Shipped&status=Error", 200)
    assert links(answer) == {"first": "/api/v1/orders?buyer_name=a%22%3E%3Cb&status=Shipped&status=Error&page=1"}


def test_every_list_of_pages_has_links(api: ApiClient):
    for path, held in api.contract.document["paths"].items():
        names = [parameter["name"] for parameter in held.get("get", {}).get("parameters", [])]
        if "page" in names:
            assert "Link" in held["get"]["responses"]["200"]["headers"], path


def test_the_app_of_a_config_without_keys_needs_no_limit(config: Config):
    app: Flask = create_app(Config(config.database_url, rate_limit="often"))
    assert app.test_client().get("/healthz").status_code == 200


def test_a_body_that_is_left_out_is_told_where_every_field_may_be(api: ApiClient, put: Callable[..., Order]):
    put()
    for method, path in (("PATCH", "/stores/1"), ("PUT", "/stores/1/order-settings"), ("PUT", "/global-settings")):
        (wrong,) = api.send(method, path, 422, headers={"If-Match": "*"}).get_json()["errors"]
        assert (wrong["location"], wrong["message"]) == ("body", "A body is needed.")
    api.send("POST", "/jobs/cleanup/run", 202)


@pytest.mark.parametrize("number", ["0", "01", "1000000000000000", "9007199254740992", "1.0", "x"])
@pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE"])
def test_what_is_no_id_is_nothing_for_every_method(api: ApiClient, method: str, number: str):
    assert api.send(method, f"/stores/{number}", 404).get_json()["code"] == "not_found"
