"""API keys: made once, kept as a hash, good for what they were made for."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy.orm import Session

from bridge import create_app
from bridge.config import Config
from bridge.errors import InvalidInput, NotFound
from bridge.keys import DEMO_KEY, PREFIX, Scope, authenticate, create_key, list_keys, revoke_key
from bridge.models import ApiKey, Store
from bridge.runtime import Runtime, build
from tests.api_client import ApiClient
from tests.conftest import HandClock


def make(runtime: Runtime, name: str = "shop", **more: object) -> str:
    values: dict[str, object] = {"scopes": [Scope.ORDERS_READ], "store_ids": None, "expires_at": None} | more
    with runtime.db.session() as session:
        return create_key(session, name, now=runtime.now(), **values)  # type: ignore[arg-type]


def test_only_the_hash_of_a_key_is_kept(runtime: Runtime, session: Session):
    secret = make(runtime)
    assert secret.startswith(PREFIX)
    assert len(secret) >= len(PREFIX) + 43
    (row,) = list_keys(session)
    assert row.hash == hashlib.sha256(secret.encode()).hexdigest()
    assert secret not in str(vars(row))


def test_two_keys_differ(runtime: Runtime):
    assert make(runtime, "one") != make(runtime, "two")


def test_a_key_is_good_for_its_scopes_and_stores(runtime: Runtime, store: Store):
    secret = make(runtime, scopes=["orders:read", "orders:write"], store_ids=[store.id])
    caller = authenticate(runtime.db, secret, runtime.now(), sandbox=False)
    assert caller is not None
    assert caller.scopes == {Scope.ORDERS_READ, Scope.ORDERS_WRITE}
    assert caller.sees(store.id)
    assert not caller.sees(store.id + 1)
    assert not caller.sees(None)


@pytest.mark.parametrize("wrong", ["", "aob_", "x", DEMO_KEY.upper(), "ü", "\udcff"])
def test_what_is_no_key_is_nobodys(runtime: Runtime, wrong: str):
    make(runtime)
    assert authenticate(runtime.db, wrong, runtime.now(), sandbox=True) is None


def test_a_key_ends_with_its_expiry(runtime: Runtime, clock: HandClock):
    secret = make(runtime, expires_at=clock.now() + timedelta(hours=1))
    clock.advance(timedelta(hours=1) - timedelta(microseconds=1))
    assert authenticate(runtime.db, secret, clock.now(), sandbox=False)
    clock.advance(timedelta(microseconds=1))
    assert authenticate(runtime.db, secret, clock.now(), sandbox=False) is None


def test_a_revoked_key_is_refused_after_a_second_and_stays_listed(runtime: Runtime, clock: HandClock, api: ApiClient):
    secret = make(runtime)
    api.using(secret).get("/stores")
    with runtime.db.session() as session:
        revoke_key(session, "shop", runtime.now())
    clock.advance(timedelta(milliseconds=999))
    api.using(secret).get("/stores")
    clock.advance(timedelta(milliseconds=1))
    assert api.using(secret).get("/stores", 401)["code"] == "unauthenticated"
    with runtime.db.reading() as session:
        assert [key.revoked_at for key in list_keys(session)] == [runtime.now() - timedelta(seconds=1)]


def test_a_clock_that_goes_back_has_keys_looked_up_again(runtime: Runtime, clock: HandClock, api: ApiClient):
    secret = make(runtime)
    api.using(secret).get("/stores")
    with runtime.db.session() as session:
        revoke_key(session, "shop", runtime.now())
    clock.advance(timedelta(hours=-1))
    api.using(secret).get("/stores", 401)


def test_a_key_that_is_not_there_cannot_be_revoked(runtime: Runtime):
    with pytest.raises(NotFound), runtime.db.session() as session:
        revoke_key(session, "nobody", runtime.now())


def test_last_use_is_noted_at_most_once_a_minute(runtime: Runtime, clock: HandClock, session: Session):
    secret = make(runtime)
    first = clock.now()
    for seconds, noted in ((0, first), (59, first), (1, first + timedelta(seconds=60))):
        clock.advance(timedelta(seconds=seconds))
        authenticate(runtime.db, secret, clock.now(), sandbox=False)
        with runtime.db.reading() as reading:
            assert reading.get_one(ApiKey, 1).last_used_at == noted


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"scopes": []}, "scopes"),
        ({"scopes": ["orders:read", "everything"]}, "scopes"),
        ({"store_ids": []}, "store_ids"),
        ({"store_ids": [99]}, "store_ids"),
        ({"name": " "}, "name"),
        ({"name": "x" * 101}, "name"),
        ({"name": "taken"}, "name"),
    ],
)
def test_a_key_that_makes_no_sense_is_not_made(runtime: Runtime, values: dict[str, object], field: str):
    make(runtime, "taken")
    with pytest.raises(InvalidInput) as caught:
        make(runtime, **values)  # type: ignore[arg-type]
    assert list(caught.value.fields) == [field]


def test_a_key_cannot_be_made_for_the_past(runtime: Runtime):
    with pytest.raises(InvalidInput):
        make(runtime, expires_at=runtime.now())


def test_the_demo_key_is_good_beside_the_sandbox_only(config: Config, runtime: Runtime, api: ApiClient):
    api.get("/stores")
    real = build(Config(config.database_url, config.secret_keys, sandbox=False))
    without = ApiClient(create_app(runtime=real))
    assert without.get("/stores", 401)["code"] == "unauthenticated"
    real.close()


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer ", "Basic bridge-demo-key", "bridge-demo-key", "Bearer a b"])
def test_without_a_bearer_key_nothing_is_shown(api: ApiClient, header: str):
    answer = api.send("GET", "/stores", 401, headers={"Authorization": header})
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert answer.mimetype == "application/problem+json"


def test_the_word_bearer_is_read_in_any_case(api: ApiClient):
    api.send("GET", "/stores", 200, headers={"Authorization": f"bearer {DEMO_KEY}"})


def test_every_scope_is_needed_somewhere_or_kept_for_the_audit(
    app: object, key_for: Callable[..., str], api: ApiClient
):
    operations = [op for path in api.contract.document["paths"].values() for op in path.values()]
    used = {op["x-required-scope"] for op in operations}
    assert used | {"audit:read"} == set(Scope)
