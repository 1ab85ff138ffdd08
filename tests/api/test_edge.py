"""What holds for every request: problems, headers, ids, limits."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask, Request
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session
from werkzeug.routing import RequestRedirect
from werkzeug.test import EnvironBuilder

from bridge import create_app, migrate
from bridge.api.blueprint import _Query
from bridge.api.schemas.orders import OrderQuery
from bridge.claims import take_lease
from bridge.config import Config
from bridge.errors import BridgeError, RemoteError, Verdict
from bridge.models import JobRun, Order, Store
from bridge.order_list.cursors import write_cursor
from bridge.runtime import Runtime
from bridge.store import enqueue
from tests.api_client import ApiClient
from tests.conftest import HandClock

KEY = {"Authorization": "Bearer bridge-demo-key"}


def test_a_path_that_is_not_there_is_a_problem(api: ApiClient):
    for path in ("/api/v1/nope", "/nope", "/api/v1/stores/0", "/api/v1/stores/x", "/api/v1/stores/9007199254740992"):
        answer = api.http.get(path, headers=KEY)
        assert answer.status_code == 404
        assert answer.mimetype == "application/problem+json"
        assert answer.get_json() == {
            "type": "urn:problem-type:bridge:not_found",
            "title": "Not Found",
            "status": 404,
            "detail": "There is nothing at this path.",
            "instance": path,
            "code": "not_found",
            "request_id": answer.headers["X-Request-Id"],
        }


def test_a_method_that_is_not_taken_names_those_that_are(api: ApiClient):
    answer = api.http.delete("/api/v1/stores", headers=KEY)
    assert (answer.status_code, answer.get_json()["code"]) == (405, "method_not_allowed")
    assert {"GET", "POST"} <= set(answer.headers["Allow"].split(", "))


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", "", "application/xml"])
def test_another_content_type_is_refused(api: ApiClient, session: Session, content_type: str):
    answer = api.send("POST", "/stores", 415, data=json.dumps({"name": "x"}), content_type=content_type)
    assert answer.get_json()["code"] == "unsupported_media_type"


@pytest.mark.parametrize("body", ["{", "name=x", "\xff", '{"name": }', "[" * 100_000, "9" * 5000])
def test_a_body_that_is_not_json_is_refused(api: ApiClient, session: Session, body: str):
    data = body.encode("latin-1")
    answer = api.send("POST", "/stores", 400, data=data, content_type="application/json")
    assert answer.get_json()["code"] == "malformed_request"
    assert session.scalar(select(func.count()).select_from(Store)) == 0


@pytest.mark.parametrize("body", [[], "text", 7, None, True])
def test_json_that_is_no_object_is_refused(api: ApiClient, body: Any):
    answer = api.send("POST", "/stores", 422, data=json.dumps(body), content_type="application/json")
    assert answer.get_json()["errors"]


@pytest.mark.parametrize("options", [{}, {"data": "", "content_type": "application/json"}])
def test_no_body_at_all_names_what_is_needed(api: ApiClient, options: dict[str, str]):
    problem = api.send("POST", "/stores", 422, **options).get_json()
    assert "name" in [e["field"] for e in problem["errors"]]


def test_json_with_a_charset_or_a_suffix_is_taken(api: ApiClient):
    for content_type in ("application/json; charset=utf-8", "application/problem+json"):
        api.send("POST", "/orders/import", 202, data='{"order_ids": [1]}', content_type=content_type)


@pytest.mark.parametrize("text", ["a\x00b", "\ud800"])
def test_text_that_no_database_keeps_is_refused(api: ApiClient, session: Session, text: str):
    api.post("/stores", {"name": text, "seller_id": "A1"}, 422)
    api.post("/stores", {text: "x"}, 422)
    assert session.scalar(select(func.count()).select_from(Store)) == 0


def test_a_body_beyond_one_mebibyte_is_refused(api: ApiClient):
    body = json.dumps({"name": "x" * 1024 * 1024})
    answer = api.send("POST", "/stores", 413, data=body, content_type="application/json")
    assert answer.get_json()["code"] == "body_too_large"


def test_a_defect_shows_nothing_of_its_inside(capsys: pytest.CaptureFixture[str], app: Flask, api: ApiClient):
    def crash() -> None:
        raise RuntimeError("secret inside")

    app.view_functions["Stores.listStores"] = crash
    answer = api.http.get("/api/v1/stores", headers=KEY)
    assert (answer.status_code, answer.get_json()["code"]) == (500, "internal_error")
    assert "inside" not in answer.text
    logged = capsys.readouterr().err
    assert "secret inside" in logged
    assert answer.headers["X-Request-Id"] in logged


def test_a_database_that_is_away_is_told_as_such(config: Config, tmp_path: Any):
    empty = Config(f"sqlite:///{tmp_path / 'empty.db'}", config.secret_keys, sandbox=True)
    app = create_app(empty)
    answer = app.test_client().get("/api/v1/stores", headers=KEY)
    assert (answer.status_code, answer.get_json()["code"]) == (503, "database_unavailable")
    assert "stores" not in answer.get_json()["detail"]
    app.extensions["bridge"].close()


def test_without_secret_keys_requests_say_what_is_missing(config: Config):
    app = create_app(Config(config.database_url))
    answer = app.test_client().get("/api/v1/stores", headers=KEY)
    assert (answer.status_code, answer.get_json()["code"]) == (503, "not_configured")
    assert app.test_client().get("/healthz").status_code == 200
    assert app.test_client().get("/readyz").status_code == 503
    assert app.test_client().get("/openapi.json").status_code == 200


@pytest.mark.parametrize("path", ["/api/v1/stores", "/api/v1/nope", "/healthz", "/docs", "/openapi.json"])
def test_every_answer_carries_the_strict_headers(api: ApiClient, path: str):
    headers = api.http.get(path, headers=KEY).headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert ("no-store" in headers.get("Cache-Control", "")) is path.startswith("/api/")


def test_a_request_id_is_taken_over_or_made(api: ApiClient):
    given = api.http.get("/healthz", headers={"X-Request-Id": "abc-1.2_3"}).headers["X-Request-Id"]
    assert given == "abc-1.2_3"
    made = {
        api.http.get("/healthz", headers={"X-Request-Id": bad}).headers["X-Request-Id"] for bad in ("", "a b", "x" * 65)
    }
    assert len(made) == 3
    assert all(len(each) == 32 for each in made)


def test_a_request_leaves_one_line_without_what_was_asked_for(capsys: pytest.CaptureFixture[str], api: ApiClient):
    api.get("/orders", buyer_name="Jane Doe")
    lines = [json.loads(text) for text in capsys.readouterr().err.splitlines()]
    (line,) = [each for each in lines if each.get("route") == "/api/v1/orders"]
    assert (line["event"], line["method"], line["status"]) == ("request", "GET", 200)
    assert "jane" not in json.dumps(line).lower()


def test_what_is_asked_again_means_the_same_and_no_buyers_name_is_kept():
    query = _Query(OrderQuery())

    def ask(text: str) -> dict[str, Any]:
        return query.checked(Request(EnvironBuilder(query_string=text).get_environ()))

    first = ask("status=Error&page_size=50")
    first.pop("status")
    assert ask("status=Error&page_size=50") == {"status": ["Error"], "page_size": 50, "sort": "-purchase_date"}
    assert ask("status=Error&page_size=51")["page_size"] == 51
    for spelled in ("buyer_name", "buyer%5Fname"):
        assert ask(f"{spelled}=Jane+Doe")["buyer_name"] == "Jane Doe"
    behind = write_cursor("buyer_name", "Jane Doe", 7)  # tells whom it stands behind to whoever reads it
    assert ask(f"sort=buyer_name&cursor={behind}")["cursor"] == behind
    assert not any(behind in str(held) for held in query._known.values())
    for number in range(1, 1000):
        ask(f"page={number}")
    ask(f"cursor={'x' * 300}")
    assert not any("Jane" in str(held) for held in query._known.values())
    assert len(query._known) <= 256
    assert max(map(len, query._known)) <= 200


def test_healthz_answers_without_a_key(api: ApiClient):
    assert api.http.get("/healthz").get_json() == {"status": "ok"}


def test_readyz_tells_database_migrations_and_scheduler(api: ApiClient, runtime: Runtime):
    ready = api.http.get("/readyz")
    assert ready.status_code == 200
    assert ready.get_json()["checks"] == {"database": "ok", "migrations": "ok", "scheduler": "none is running"}
    migrate.downgrade(runtime.db, "base")
    unready = api.http.get("/readyz")
    assert unready.status_code == 503
    assert unready.get_json()["checks"]["migrations"] == f"at none, not {migrate.head()}"


def test_readyz_tells_how_long_the_scheduler_is_gone(api: ApiClient, runtime: Runtime, clock: HandClock):
    with runtime.db.session() as session:
        take_lease(session, "scheduler", "me", clock.now(), 15)
    assert api.http.get("/readyz").get_json()["checks"]["scheduler"] == "ok"
    clock.advance(timedelta(seconds=75))
    gone = api.http.get("/readyz")
    assert (gone.status_code, gone.get_json()["checks"]["scheduler"]) == (200, "was last seen 60 s ago")


def test_readyz_tells_that_the_database_does_not_answer(tmp_path: Path, config: Config):
    (tmp_path / "broken.db").write_bytes(b"no database at all" * 100)
    app = create_app(Config(f"sqlite:///{tmp_path / 'broken.db'}", config.secret_keys))
    answer = app.test_client().get("/readyz")
    assert (answer.status_code, answer.get_json()["checks"]) == (503, {"database": "does not answer"})
    app.extensions["bridge"].close()


def test_metrics_tell_of_orders_changes_jobs_and_requests(
    api: ApiClient, put: Callable[..., Order], runtime: Runtime, clock: HandClock
):
    orders = [put(blockers=["out_of_stock"]), put(blockers=["out_of_stock"]), put()]
    with runtime.db.session() as session:
        enqueue(session.get_one(Order, orders[0].id), "complete_commerce", clock.now())
        run = JobRun(job="sync", store_id=1, trigger="cli", state="succeeded", started_at=clock.now())
        run.finished_at = clock.now() - timedelta(seconds=30)
        session.add(run)
    api.get("/orders", buyer_name="Jane")
    text = api.http.get("/metrics").get_data(as_text=True)
    assert 'bridge_orders{state="blocked",store="1"} 2.0' in text
    assert 'bridge_outgoing{kind="complete_commerce",state="pending",store="1"} 1.0' in text
    assert 'bridge_job_succeeded_seconds{job="sync",store="1"} 30.0' in text
    assert 'bridge_http_requests_total{method="GET",route="/api/v1/orders",status="200"} 1.0' in text
    assert "Jane" not in text


def failing_with(app: Flask, error: Exception) -> Any:
    def fail() -> None:
        raise error

    app.view_functions["Stores.listStores"] = fail
    return app.test_client().get("/api/v1/stores", headers=KEY)


def test_a_remote_that_asks_to_wait_is_passed_on(app: Flask):
    error = RemoteError(
        "Too fast.", system="amazon", operation="searchOrders", verdict=Verdict.RETRY, status=429, retry_after=12.4,
        code="QuotaExceeded", request_id="r-1",
    )  # fmt: skip
    answer = failing_with(app, error)
    assert (answer.status_code, answer.headers["Retry-After"]) == (502, "12")
    assert answer.get_json()["code"] == "amazon_failed"
    assert answer.get_json()["remote"] == {
        "system": "amazon", "operation": "searchOrders", "status": 429, "code": "QuotaExceeded", "request_id": "r-1",
    }  # fmt: skip


def test_a_value_that_was_taken_in_between_is_a_conflict_that_shows_no_row(app: Flask):
    answer = failing_with(app, IntegrityError("INSERT INTO stores", ("Jane",), Exception("UNIQUE")))
    assert (answer.status_code, answer.get_json()["code"]) == (409, "already_exists")
    assert "Jane" not in answer.text
    assert "INSERT" not in answer.text


def test_an_error_of_ours_that_nobody_expects_is_a_defect(app: Flask):
    assert failing_with(app, BridgeError("inside")).get_json()["code"] == "internal_error"


def test_a_redirect_stays_a_redirect(app: Flask):
    assert failing_with(app, RequestRedirect("/elsewhere")).headers["Location"] == "/elsewhere"


@pytest.mark.parametrize(
    ("number", "taken"), [("1", True), ("1.0", True), ("1.5", False), ('"1"', False), ("true", False)]
)
def test_a_whole_number_is_one_however_json_spells_it(api: ApiClient, number: str, taken: bool):
    body = f'{{"order_ids": [{number}]}}'
    api.send("POST", "/orders/import", 202 if taken else 422, data=body, content_type="application/json")
