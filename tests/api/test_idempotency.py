"""Idempotency-Key: a POST that comes again is done once and answered alike, per API key, for a day."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from bridge import create_app, idempotency, migrate
from bridge.api import once
from bridge.db import Database
from bridge.errors import Conflict, InvalidInput
from bridge.idempotency import Answer, Claim, IdempotencyKey
from bridge.jobs.cleanup import clean_up
from bridge.models import JobRun, ProductMatch, Store
from bridge.runtime import Runtime
from bridge.vault import Vault, new_key
from tests import needs
from tests.api_client import ApiClient
from tests.conftest import HandClock
from tests.databases import own_database
from tests.factories import NOW

pytestmark = pytest.mark.usefixtures("no_background")
# POSTs that change nothing, or nothing more when they come again; Commerce's admin sends its own without a key.
SAFE = {
    "/api/v1/stores/{store_id}/reservations/filter",
    "/api/v1/admin-ui/order-grid-columns",
    "/api/v1/admin-ui/order-view-button",
    "/api/v1/admin-ui/mass-action",
}
MATCHES = "/stores/1/product-matches"


def match(api: ApiClient, key: str, status: int = 201, sku: str = "A", path: str = MATCHES) -> Any:
    return api.send("POST", path, status, json={"seller_sku": sku, "commerce_sku": "MUG"}, headers=sent(key))


def sent(key: str) -> dict[str, str]:
    return {"Idempotency-Key": key}


def count(runtime: Runtime, table: type[Any]) -> int:
    with runtime.db.reading() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


def test_the_same_request_is_done_once_and_answered_alike(api: ApiClient, store: Store, runtime: Runtime):
    first, again = match(api, "k1"), match(api, "k1")
    assert (again.status_code, again.data, again.mimetype) == (201, first.data, first.mimetype)
    assert again.headers["Location"] == first.headers["Location"]
    assert first.headers.get("Idempotency-Replayed") is None
    assert again.headers["Idempotency-Replayed"] == "true"
    assert again.headers["X-Request-Id"] != first.headers["X-Request-Id"]
    assert count(runtime, ProductMatch) == 1


def test_a_job_that_was_started_is_not_started_again(api: ApiClient, runtime: Runtime):
    runs = [api.send("POST", "/jobs/cleanup/run", 202, json={}, headers=sent("k")) for _ in range(3)]
    assert len({run.headers["Location"] for run in runs}) == 1
    assert count(runtime, JobRun) == 1
    api.send("POST", "/jobs/cleanup/run", 202, json={})
    assert count(runtime, JobRun) == 2


def test_the_key_with_another_body_path_or_query_is_refused(api: ApiClient, store: Store, runtime: Runtime):
    match(api, "k")
    for problem in (match(api, "k", 422, sku="B"), api.send("POST", "/stores/1/sync", 422, headers=sent("k"))):
        assert problem.get_json()["code"] == "idempotency_key_reused"
        (wrong,) = problem.get_json()["errors"]
        assert (wrong["location"], wrong["field"]) == ("header", "Idempotency-Key")
    assert count(runtime, ProductMatch) == 1


def test_another_api_key_has_its_own(api: ApiClient, store: Store, key_for: Callable[..., str], runtime: Runtime):
    match(api, "k", sku="A")
    match(api.using(key_for()), "k", sku="B")
    assert count(runtime, ProductMatch) == 2


def test_while_the_first_is_at_work_the_second_is_told_to_ask_again(
    app: Flask, api: ApiClient, store: Store, monkeypatch: pytest.MonkeyPatch
):
    entered, go_on = threading.Event(), threading.Event()
    begin = once.idempotency.begin

    def slow(*args: Any) -> Claim | Answer:
        begun = begin(*args)
        if isinstance(begun, Claim):
            entered.set()
            assert go_on.wait(10)
        return begun

    monkeypatch.setattr(once.idempotency, "begin", slow)
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(match, ApiClient(app), "k")
        assert entered.wait(10)
        busy = match(api, "k", 409)
        go_on.set()
        assert first.result().status_code == 201
    assert busy.get_json()["code"] == "idempotency_key_in_use"
    assert 1 <= int(busy.headers["Retry-After"]) <= 5
    assert match(api, "k").headers["Idempotency-Replayed"] == "true"


def test_a_request_whose_process_died_is_done_when_its_claim_has_run_out(
    api: ApiClient, store: Store, clock: HandClock, monkeypatch: pytest.MonkeyPatch, runtime: Runtime
):
    with monkeypatch.context() as dead:
        dead.setattr(once, "_end", lambda *_: None)
        match(api, "k")  # done, but nobody wrote down how it ended
    match(api, "k", 409)
    clock.advance(idempotency.CLAIMED)
    assert match(api, "k", 409).get_json()["code"] == "already_matched"  # done again: it exists
    assert count(runtime, ProductMatch) == 1


def test_a_refused_request_may_come_again_with_its_key_mended_or_not(api: ApiClient, store: Store):
    match(api, "taken", sku="A")
    assert match(api, "k", 409, sku="A").get_json()["code"] == "already_matched"
    api.send("POST", MATCHES, 422, json={"commerce_sku": ""}, headers=sent("k"))
    match(api, "k", sku="C")


def test_a_defect_gives_its_claim_up(app: Flask, api: ApiClient, store: Store, monkeypatch: pytest.MonkeyPatch):
    def crash(*_: Any) -> None:
        raise RuntimeError

    with monkeypatch.context() as broken:
        broken.setattr("bridge.stores.add_product_match", crash)
        match(api, "k", 500)
    match(api, "k")


def test_after_a_day_the_key_is_free_and_the_cleanup_forgets_it(
    api: ApiClient, store: Store, clock: HandClock, runtime: Runtime
):
    match(api, "k", sku="A")
    clock.advance(timedelta(hours=24) - timedelta(seconds=1))
    assert match(api, "k").headers["Idempotency-Replayed"] == "true"
    assert clean_up(runtime)["idempotency_keys"] == 0
    clock.advance(timedelta(seconds=1))
    match(api, "k", sku="B")
    clock.advance(timedelta(hours=24))
    assert clean_up(runtime)["idempotency_keys"] == 1
    assert count(runtime, IdempotencyKey) == 0


@pytest.mark.parametrize("key", ["", "a b", "x" * 256, "schlüssel"])
def test_what_is_no_key_is_named(api: ApiClient, store: Store, key: str):
    (wrong,) = match(api, key.encode().decode("latin-1"), 422).get_json()["errors"]
    assert (wrong["location"], wrong["field"]) == ("header", "Idempotency-Key")


def test_what_a_refused_caller_sends_leaves_nothing(
    api: ApiClient, store: Store, key_for: Callable[..., str], runtime: Runtime
):
    match(api.using("nobody"), "k", 401)
    match(api.using(key_for(stores=[store.id])), "k", 404, path="/stores/2/product-matches")
    assert count(runtime, IdempotencyKey) == 0


def test_every_unsafe_post_takes_a_key_and_says_so(api: ApiClient):
    for path, held in api.contract.document["paths"].items():
        for method, operation in held.items():
            names = [parameter["name"] for parameter in operation.get("parameters", [])]
            unsafe = method == "post" and path not in SAFE
            assert ("Idempotency-Key" in names) is unsafe, f"{method} {path}"
            if unsafe:
                assert {"409", "422"} <= set(operation["responses"]), path


def test_an_answer_is_kept_sealed(api: ApiClient, store: Store, runtime: Runtime, session: Session):
    first = match(api, "k")
    (kept,) = session.scalars(select(IdempotencyKey.body)).all()
    assert kept is not None
    assert "MUG" not in kept
    gone = replace(runtime, vault=Vault((new_key(),)))
    lost = match(ApiClient(create_app(runtime=gone)), "k", 409)
    assert lost.get_json()["code"] == "idempotency_answer_lost"
    assert match(api, "k").data == first.data


# -- the claim itself, on every database -------------------------------------------------------------------------------


@pytest.fixture(params=needs.DATABASES)
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    with own_database(request.param, tmp_path) as url:
        db = Database(url)
        migrate.upgrade(db)
        yield db
        db.close()


def test_of_many_at_once_one_has_the_claim_and_the_others_get_its_answer(database: Database):
    def ask(number: int) -> Claim | Answer | str:
        try:
            return idempotency.begin(database, "1", "k", "f", NOW)
        except Conflict as error:
            return error.code

    with ThreadPoolExecutor(8) as pool:
        first = list(pool.map(ask, range(8)))
    (claim,) = [each for each in first if isinstance(each, Claim)]
    assert [each for each in first if each is not claim] == ["idempotency_key_in_use"] * 7
    answer = Answer(202, {"Location": "/x"}, "ü" * 70_000)
    idempotency.keep(database, claim, answer)
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(ask, range(8))) == [answer] * 8
    with pytest.raises(InvalidInput):
        idempotency.begin(database, "1", "k", "another", NOW)


def test_of_many_that_find_a_dead_claim_one_takes_it_over(database: Database):
    dead = idempotency.begin(database, "1", "k", "f", NOW)
    assert isinstance(dead, Claim)
    later = NOW + idempotency.CLAIMED

    def ask(_number: int) -> bool:
        try:
            return isinstance(idempotency.begin(database, "1", "k", "f", later), Claim)
        except Conflict:
            return False

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(ask, range(8))) == 1
    idempotency.keep(database, dead, Answer(200, {}, "late"))  # the dead one was only slow: its answer counts no more
    idempotency.give_up(database, dead)
    with pytest.raises(Conflict):
        idempotency.begin(database, "1", "k", "f", later)
