"""Webhooks in: nothing happens without a signature, and with one the shop is looked at soon, once for many messages."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from flask.testing import FlaskClient
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from bridge import create_app, inbound
from bridge.errors import ConfigError, RemoteError
from bridge.jobs import early, run
from bridge.ledger import InboundEvent
from bridge.models import JobRun, Store
from bridge.outbound.adobe_keys import MOST_CALLS, AdobeKeys
from tests.conftest import AtOnce, HandClock
from tests.factories import NOW
from tests.stage import Stage

CLIENT = "0d5f0c0ffee0"
KEYS = ("/prod/keys/pub-key-lyTiz3gQe4.pem", "/prod/keys/pub-key-kruhWwu4Or.pem")


@cache
def key(number: int, bits: int = 2048) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, bits)


def pem(held: Any) -> str:
    return held.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def sign(number: int, content: bytes) -> str:
    return base64.b64encode(key(number).sign(content, PKCS1v15(), SHA256())).decode()


class Adobe:
    """Adobe's place of keys."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.held = {KEYS[0]: pem(key(1)), KEYS[1]: pem(key(2))}
        self.status = 200

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(str(request.url))
        text = self.held.get(request.url.path)
        return httpx.Response(self.status if text else 404, text=text or "")


@pytest.fixture
def adobe() -> Adobe:
    return Adobe()


@pytest.fixture
def stage(tmp_path: Path, adobe: Adobe, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    stage = Stage(tmp_path, more={"adobe_client_id": CLIENT, "commerce_webhook_key": pem(key(3))})
    stage.bridge.links.adobe_keys = AdobeKeys(stage.world.now, httpx.MockTransport(adobe))
    monkeypatch.setattr(early, "GATHER", 0)
    monkeypatch.setattr(run, "_background", AtOnce())
    yield stage
    stage.bridge.close()


@pytest.fixture
def http(stage: Stage) -> FlaskClient:
    return create_app(runtime=stage.bridge).test_client()


def event(number: int = 1, **more: Any) -> dict[str, Any]:
    shipment = {"value": {"entity_id": 7, "order_id": 4711}}
    held = {"specversion": "1.0", "type": "com.adobe.commerce.observer.sales_order_shipment_save_after"}
    return {"event_id": f"event-{number}", "recipient_client_id": CLIENT, "event": held | {"data": shipment}} | more


def adobes(http: FlaskClient, body: Any, *, store: int = 1, **headers: str) -> TestResponse:
    """As Adobe sends it, signed with both keys unless the headers say otherwise."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    signed = {
        "x-adobe-digital-signature-1": sign(1, raw),
        "x-adobe-digital-signature-2": sign(2, raw),
        "x-adobe-public-key1-path": KEYS[0],
        "x-adobe-public-key2-path": KEYS[1],
    }
    headers = {name.replace("_", "-"): value for name, value in headers.items()}
    return http.post(f"/hooks/stores/{store}/adobe-events", data=raw, headers=signed | headers)


def shops(http: FlaskClient, raw: bytes, *, store: int = 1, signature: str | None = None) -> TestResponse:
    signature = sign(3, base64.b64encode(raw)) if signature is None else signature
    headers = {"x-adobe-commerce-webhook-signature": signature} if signature else {}
    return http.post(f"/hooks/stores/{store}/commerce", data=raw, headers=headers)


def runs(stage: Stage) -> list[JobRun]:
    with stage.bridge.db.reading() as session:
        return list(session.scalars(select(JobRun).where(JobRun.trigger == "webhook").order_by(JobRun.id)))


def shipped(stage: Stage) -> str:
    """An order that the warehouse has just shipped."""
    number = stage.paid_order()
    stage.sync("sync", "import")
    stage.shop.ship(stage.commerce_order(number)["entity_id"], tracks=[("ups", "UPS", "1Z1")])
    stage.wait(timedelta(seconds=10))
    return number


def test_a_shipment_that_adobe_tells_of_is_confirmed_at_once(stage: Stage, http: FlaskClient, adobe: Adobe):
    number = shipped(stage)
    answer = adobes(http, event())
    assert (answer.status_code, answer.get_json()) == (200, {"accepted": 1})
    assert len(stage.packages(number)) == 1
    (done,) = runs(stage)
    assert (done.job, done.state, done.store_id) == ("confirm", "succeeded", 1)
    assert adobe.asked == [f"https://static.adobeioevents.com{KEYS[0]}"]


def test_a_shipment_that_commerce_tells_of_is_confirmed_at_once(stage: Stage, http: FlaskClient):
    number = shipped(stage)
    answer = shops(http, b'{"shipment": {"entity_id": 7, "order_id": 4711}}')
    assert (answer.status_code, answer.get_json()) == (200, {"op": "success"})
    assert len(stage.packages(number)) == 1


def test_the_content_is_not_believed(stage: Stage, http: FlaskClient):
    assert shops(http, b"no JSON at all \xff").status_code == 200
    assert adobes(http, event(event={"data": {"value": "anything"}})).status_code == 200
    assert [(done.state, done.job) for done in runs(stage)] == [("succeeded", "confirm")] * 2


def test_the_same_message_counts_once(stage: Stage, http: FlaskClient):
    assert adobes(http, event(1)).get_json() == {"accepted": 1}
    assert adobes(http, event(1)).get_json() == {"accepted": 0}
    assert adobes(http, [event(1), event(2), event(3)]).get_json() == {"accepted": 2}
    for _ in range(2):
        assert shops(http, b"{}").status_code == 200
    assert len(runs(stage)) == 3
    with stage.bridge.db.reading() as session:
        assert session.scalar(select(func.count()).select_from(InboundEvent)) == 4


def test_one_of_adobes_two_signatures_is_enough(http: FlaskClient):
    assert adobes(http, event(1), x_adobe_digital_signature_1="").status_code == 200
    assert adobes(http, event(2), x_adobe_digital_signature_1=sign(1, b"other")).status_code == 200
    assert adobes(http, event(3), x_adobe_digital_signature_2="not base64!").status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"x_adobe_digital_signature_1": "", "x_adobe_digital_signature_2": ""},
        {"x_adobe_digital_signature_1": "AAAA", "x_adobe_digital_signature_2": "AAAA"},
        {"x_adobe_public_key1_path": KEYS[1], "x_adobe_public_key2_path": KEYS[0]},
        {"x_adobe_public_key1_path": "", "x_adobe_public_key2_path": ""},
        {"x_adobe_public_key1_path": "//evil.example/prod/keys/pub-key-a.pem", "x_adobe_digital_signature_2": ""},
        {"x_adobe_public_key1_path": "@evil.example/prod/keys/pub-key-a.pem", "x_adobe_digital_signature_2": ""},
        {"x_adobe_public_key1_path": "/prod/keys/../pub-key-a.pem", "x_adobe_digital_signature_2": ""},
        {"x_adobe_public_key1_path": KEYS[0] + "?x=1", "x_adobe_digital_signature_2": ""},
    ],
)
def test_without_a_signature_of_adobes_nothing_happens(
    stage: Stage, http: FlaskClient, adobe: Adobe, headers: dict[str, str]
):
    answer = adobes(http, event(), **headers)
    assert (answer.status_code, answer.get_json()["code"]) == (401, "bad_signature")
    assert runs(stage) == []
    assert {url.removeprefix("https://static.adobeioevents.com") for url in adobe.asked} <= set(KEYS)


@pytest.mark.parametrize(
    "body",
    [
        event(recipient_client_id="somebody else"),
        [event(1), event(2, recipient_client_id="somebody else")],
        {k: v for k, v in event().items() if k != "recipient_client_id"},
        [],
        "text",
        [[event()]],
        b"{",
    ],
)
def test_a_message_for_somebody_else_is_refused_before_any_key_is_asked_for(
    stage: Stage, http: FlaskClient, adobe: Adobe, body: Any
):
    assert adobes(http, body).status_code == 401
    assert runs(stage) == []
    assert adobe.asked == []


def test_without_a_signature_of_the_shops_nothing_happens(stage: Stage, http: FlaskClient):
    raw = b'{"shipment": 1}'
    for signature in ("", "AAAA", "äöü", sign(3, raw), sign(1, base64.b64encode(raw))):
        assert shops(http, raw, signature=signature).status_code == 401
    assert shops(http, raw + b" ", signature=sign(3, base64.b64encode(raw))).status_code == 401
    assert runs(stage) == []


def test_a_store_that_is_not_there_or_rests_is_told_only_to_who_has_a_signature(stage: Stage, http: FlaskClient):
    assert shops(http, b"{}", store=99, signature="AAAA").status_code == 401
    assert shops(http, b"{}", store=99).status_code == 404
    with stage.bridge.db.session() as session:
        session.get_one(Store, 1).active = False
    assert shops(http, b"{}").status_code == 404
    assert adobes(http, event()).status_code == 404
    assert runs(stage) == []


def test_what_is_not_configured_is_not_there(tmp_path: Path):
    stage = Stage(tmp_path)
    http = create_app(runtime=stage.bridge).test_client()
    try:
        assert shops(http, b"{}").status_code == 404
        assert adobes(http, event()).status_code == 404
        assert http.get("/hooks/stores/1/adobe-events?challenge=abc").status_code == 404
    finally:
        stage.bridge.close()


def test_adobes_challenge_is_answered(http: FlaskClient):
    path = "/hooks/stores/1/adobe-events"
    assert http.get(f"{path}?challenge=8ec8d794-e0ab-42df").get_json() == {"challenge": "8ec8d794-e0ab-42df"}
    assert http.get(path).status_code == 400
    assert http.get(f"{path}?challenge=<script>").status_code == 400


def test_messages_that_come_meanwhile_are_one_more_run(
    stage: Stage, http: FlaskClient, monkeypatch: pytest.MonkeyPatch
):
    """Five come while the first run is under way; its holder looks once more, the others leave it to that one."""
    came = iter(range(2, 7))

    def slow(*args: Any) -> int:
        stage.wait(timedelta(seconds=1))
        for number in list(came):
            adobes(http, event(number))
        return run_job(*args)

    run_job = run.run_job
    monkeypatch.setattr(run, "run_job", slow)
    adobes(http, event(1))
    assert len(runs(stage)) == 2


def test_a_run_that_is_under_way_already_is_followed_by_another(stage: Stage, http: FlaskClient):
    from bridge import claims

    with stage.bridge.db.session() as session:
        claims.take_lease(session, "job:confirm:1", "the scheduler", stage.world.now(), 1000)
    adobes(http, event())
    assert {done.state for done in runs(stage)} == {"skipped"}
    assert len(runs(stage)) == early.MOST_SKIPPED + 1


# -- the keys


def keys(adobe: Callable[[httpx.Request], httpx.Response], clock: HandClock) -> AdobeKeys:
    return AdobeKeys(clock.now, httpx.MockTransport(adobe))


def test_a_key_is_asked_for_once_a_day(adobe: Adobe):
    clock = HandClock(NOW)
    held = keys(adobe, clock)
    for _ in range(3):
        assert held.get(KEYS[0]) is not None
    assert len(adobe.asked) == 1
    clock.advance(timedelta(days=1, seconds=1))
    held.get(KEYS[0])
    assert len(adobe.asked) == 2


def test_strangers_cannot_make_us_ask_all_the_time(adobe: Adobe):
    clock = HandClock(NOW)
    held = keys(adobe, clock)
    held.get(KEYS[0])
    for number in range(50):
        with pytest.raises(RemoteError):
            held.get(f"/prod/keys/pub-key-{number}.pem")
    assert len(adobe.asked) == MOST_CALLS
    assert held.get(KEYS[0]) is not None, "what is known serves on"
    clock.advance(timedelta(minutes=1))
    assert held.get(KEYS[1]) is not None


@pytest.mark.parametrize("text", ["", "no key", "x" * 100_000, pem(ec.generate_private_key(ec.SECP256R1()))])
def test_what_is_no_key_is_a_failure_that_adobe_tries_again(adobe: Adobe, text: str):
    adobe.held[KEYS[0]] = text
    with pytest.raises(RemoteError):
        keys(adobe, HandClock(NOW)).get(KEYS[0])


def test_a_short_key_is_no_key(adobe: Adobe):
    adobe.held[KEYS[0]] = pem(key(9, 1024))
    with pytest.raises(RemoteError, match="2048"):
        keys(adobe, HandClock(NOW)).get(KEYS[0])


def test_keys_that_cannot_be_had_are_a_failure_that_adobe_tries_again(stage: Stage, http: FlaskClient, adobe: Adobe):
    adobe.status = 503
    answer = adobes(http, event())
    assert (answer.status_code, answer.get_json()["code"]) == (502, "adobe_failed")
    assert runs(stage) == []


def test_several_shops_have_a_key_each():
    both = inbound.commerce_keys(pem(key(1)) + pem(key(2)).replace("\n", "\\n"))
    for number in (1, 2):
        assert inbound.from_commerce(both, sign(number, base64.b64encode(b"{}")), b"{}")
    for text in ("", "nonsense", pem(ec.generate_private_key(ec.SECP256R1()))):
        with pytest.raises(ConfigError, match="BRIDGE_COMMERCE_WEBHOOK_KEY"):
            inbound.commerce_keys(text)


@settings(max_examples=60, deadline=None)
@given(raw=st.binary(max_size=200), changed=st.binary(max_size=200))
def test_a_signature_fits_its_own_bytes_and_no_others(raw: bytes, changed: bytes):
    made = sign(3, base64.b64encode(raw))
    shop = [key(3).public_key()]
    assert inbound.from_commerce(shop, made, raw)
    assert inbound.from_commerce(shop, made, changed) is (changed == raw)


@given(raw=st.binary(max_size=100) | st.text(max_size=100).map(str.encode))
def test_no_bytes_break_the_reading_of_a_message(raw: bytes):
    assert inbound.adobe_event_ids(raw, CLIENT) is None
