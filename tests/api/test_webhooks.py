"""Webhook endpoints over the API: who may set them up, what is shown, and what the document says of messages."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, text

from bridge import webhooks
from bridge.config import Config
from bridge.domain.webhooks import EventType
from bridge.keys import Scope
from bridge.ledger import WebhookEndpoint
from bridge.models import Store
from bridge.runtime import Runtime
from tests.api_client import ApiClient
from tests.cli.conftest import Cli, bare, cli
from tests.factories import make_store
from tests.receivers import Receiver, receiving
from tests.stage import Stage

__all__ = ["bare", "cli"]
NEW = {"url": "https://erp.example/hooks?token=a-token-of-theirs", "description": "ERP"}
Keys = Callable[..., str]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


def test_an_endpoint_is_added_and_its_secret_shown_once(api: ApiClient, runtime: Runtime):
    made = api.post("/webhooks", NEW, 201)
    secret = made.pop("secret")
    assert secret.startswith("whsec_")
    assert made["events"] == list(EventType)
    assert (made["active"], made["store_id"], made["disabled_reason"]) == (True, None, None)
    assert api.get(f"/webhooks/{made['id']}") == made
    assert api.get("/webhooks")["items"] == [made]
    with runtime.db.reading() as session:
        kept = repr(session.execute(text("SELECT * FROM webhook_endpoints")).all())
        trail = repr(session.execute(text("SELECT * FROM audit_events")).all())
    assert secret not in kept
    assert secret.removeprefix("whsec_") not in kept + trail
    assert "a-token-of-theirs" not in trail
    assert "erp.example" in trail


def test_an_endpoint_is_changed_and_deleted(api: ApiClient):
    path = f"/webhooks/{api.post('/webhooks', NEW, 201)['id']}"
    changed = api.patch(path, {"events": ["order.shipped", "order.shipped"], "active": False})
    assert (changed["events"], changed["active"], changed["url"]) == (["order.shipped"], False, NEW["url"])
    assert api.post(f"{path}/test", None, 409)["code"] == "webhook_inactive"
    assert api.patch(path, {"active": True})["active"]
    api.delete(path)
    api.get(path, 404)


@pytest.mark.parametrize(
    "values",
    [
        {"url": "http://erp.example/hooks"},
        {"url": "https://10.0.0.1/hooks"},
        {"url": "https://user:word@erp.example/"},
        {"url": "https://erp.example:0x50/"},
        {"url": "hooks"},
        {"url": ""},
        {"events": []},
        {"events": ["order.lost"]},
        {"description": "x" * 201},
        {"secret": "mine"},
    ],
)
def test_what_makes_no_endpoint_is_refused(api: ApiClient, values: dict[str, Any]):
    problem = api.post("/webhooks", NEW | values, 422)
    assert problem["errors"][0]["field"].split(".")[0] in values
    made = api.post("/webhooks", NEW, 201)
    api.patch(f"/webhooks/{made['id']}", values, 422)


def test_this_machine_is_called_beside_the_sandbox_only(api: ApiClient, runtime: Runtime, config: Config):
    assert api.post("/webhooks", NEW | {"url": "http://127.0.0.1:9/hook"}, 201)
    real = Config(database_url=config.database_url, secret_keys=config.secret_keys)
    object.__setattr__(runtime, "config", real)
    with pytest.raises(webhooks.InvalidInput):
        webhooks.add_endpoint(runtime, {**NEW, "url": "https://127.0.0.1:9/hook", "events": [], "store_id": None})


def test_who_may_not_read_orders_may_not_have_them_sent(api: ApiClient, key_for: Keys):
    made = api.post("/webhooks", NEW, 201)
    blind = api.using(key_for(Scope.SETTINGS_WRITE))
    assert blind.post("/webhooks", NEW, 403)["code"] == "insufficient_scope"
    blind.patch(f"/webhooks/{made['id']}", {"url": "https://mine.example/"}, 403)
    blind.post(f"/webhooks/{made['id']}/rotate-secret", {}, 403)


def test_a_key_of_some_stores_has_endpoints_of_those_only(
    api: ApiClient, runtime: Runtime, store: Store, key_for: Keys
):
    with runtime.db.session() as session:
        second = make_store(session)
    everybodys = api.post("/webhooks", NEW, 201)["id"]
    theirs = api.post("/webhooks", NEW | {"store_id": second.id}, 201)["id"]
    bound = api.using(key_for(stores=[store.id]))
    mine = bound.post("/webhooks", NEW | {"store_id": store.id}, 201)
    assert bound.post("/webhooks", NEW, 403)["code"] == "store_bound_key"
    bound.post("/webhooks", NEW | {"store_id": second.id}, 422)
    api.post("/webhooks", NEW | {"store_id": 99}, 422)
    assert [each["id"] for each in bound.get("/webhooks")["items"]] == [mine["id"]]
    for other in (everybodys, theirs):
        bound.get(f"/webhooks/{other}", 404)
        bound.patch(f"/webhooks/{other}", {"active": False}, 404)
        bound.delete(f"/webhooks/{other}", 404)
        bound.post(f"/webhooks/{other}/rotate-secret", {}, 404)
        bound.post(f"/webhooks/{other}/test", None, 404)
        bound.get(f"/webhooks/{other}/deliveries", 404)
        bound.post(f"/webhooks/{other}/deliveries/1/redeliver", None, 404)


def test_there_is_an_end_to_endpoints(api: ApiClient, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(webhooks, "MOST", 2)
    for _ in range(2):
        api.post("/webhooks", NEW, 201)
    assert api.post("/webhooks", NEW, 409)["code"] == "too_many_webhooks"


def test_the_delivery_log_and_a_message_sent_once_more(
    stage: Stage, stage_api: ApiClient, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
):
    receiver.statuses = [500, 204]
    made = stage_api.post("/webhooks", NEW | {"url": receiver.url}, 201)
    path = f"/webhooks/{made['id']}"
    run = stage_api.post(f"{path}/test", None, 202)
    assert (run["job"], run["result"]) == ("webhooks", {"failed": 1})
    (failed,) = stage_api.get(f"{path}/deliveries", 200, state="pending")["items"]
    assert (failed["type"], failed["attempts"], failed["last_status"], failed["order_id"]) == (
        "webhook.test", 1, 500, None,
    )  # fmt: skip
    assert failed["next_attempt_at"] > failed["created_at"]
    stage_api.post(f"{path}/deliveries/{failed['id']}/redeliver", None, 202)
    (taken,) = stage_api.get(f"{path}/deliveries")["items"]
    assert (taken["state"], taken["next_attempt_at"], taken["last_error"]) == ("delivered", None, None)
    assert [tried["status"] for tried in taken["tries"]] == [500, 204]
    assert {m.headers["webhook-id"] for m in receiver.messages} == {taken["event_id"]}
    stage_api.post(f"{path}/deliveries/4711/redeliver", None, 404)
    other = stage_api.post("/webhooks", NEW, 201)["id"]
    stage_api.post(f"/webhooks/{other}/deliveries/{taken['id']}/redeliver", None, 404)


def test_a_message_is_what_the_document_says(stage: Stage, stage_api: ApiClient, receiver: Receiver):
    stage_api.post("/webhooks", NEW | {"url": receiver.url}, 201)
    stage.paid_order()
    stage.sync("sync", "import", "webhooks")
    document = stage_api.contract.document
    assert set(document["webhooks"]) == set(EventType)
    for held in document["webhooks"].values():
        schema = held["post"]["requestBody"]["content"]["application/json"]["schema"]
        assert schema == {"$ref": "#/components/schemas/WebhookMessage"}
        named = {parameter["name"] for parameter in held["post"]["parameters"]}
        assert named <= set(receiver.messages[0].headers)
    import json

    message = json.loads(receiver.messages[0].body)
    stage_api.contract.validate(message, schema)
    assert "buyer_name" not in document["components"]["schemas"]["ToldOrder"]["properties"]


def test_a_rotated_key_opens_the_secrets_of_endpoints(cli: Cli):
    runtime = cli.runtime()
    try:
        row, secret = webhooks.add_endpoint(runtime, {**NEW, "events": ["order.shipped"], "store_id": None})
    finally:
        runtime.close()
    fresh = cli("keys", "new").stdout.strip()
    cli.environment["BRIDGE_SECRET_KEYS"] = f"{fresh},{cli.environment['BRIDGE_SECRET_KEYS']}"
    cli("keys", "rotate")
    cli.environment["BRIDGE_SECRET_KEYS"] = fresh
    runtime = cli.runtime()
    try:
        with runtime.db.reading() as session:
            sealed = session.scalars(select(WebhookEndpoint.sealed)).one()
        assert runtime.vault.open(f"webhook:{row.id}", sealed) == {"current": secret}
    finally:
        runtime.close()


def test_the_section_of_the_document_names_every_event(app: Flask, api: ApiClient):
    document = api.contract.document
    assert document["webhooks"]["order.shipped"]["post"]["operationId"] == "onOrderShipped"
    assert document["components"]["schemas"]["WebhookEventType"]["enum"] == list(EventType)
