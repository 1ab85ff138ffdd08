"""The sandbox's Commerce against single answers recorded on a real Magento 2.4.7, beyond the conformance steps.

Most recordings need no more than the catalogue: they are played alone, each on a fresh shop. The others are told as
stories (recorded_stories).
"""

from __future__ import annotations

import re

import pytest

from tests.sandbox.commerce_shop import SHARED, shared
from tests.sandbox.recorded_shop import RECORDINGS, SIGNED, RecordedShop, recording
from tests.sandbox.recorded_stories import STORIES, TOLD

NOT_PLAYED = {
    "client_timeout_unknown_outcome": "a measurement, no request; the world's fault hang_up_after plays it",
    "concurrent_same_increment_id": "a measurement, no request; test_commerce_orders plays it",
    "order_updated_at_by_step": "a table, no request; test_commerce_orders plays it",
    "timings": "a measurement, no request",
    "timings_2400_orders": "a measurement, no request",
}
DEVELOPER_MODE = ("devmode_404", "devmode_salable_unknown_sku", "devmode_unknown_property")
MAINTENANCE = ("maintenance_mode_get", "maintenance_mode_post")
FOLDER = SHARED.joinpath(*RECORDINGS)
IN_A_MODE = {"acl_missing_orders_read", *DEVELOPER_MODE, *MAINTENANCE}
ELSEWHERE = TOLD | NOT_PLAYED.keys() | IN_A_MODE
ALONE = sorted({path.stem for path in FOLDER.glob("*.json")} - ELSEWHERE) or ["order_create_ok"]


@pytest.mark.parametrize("name", ALONE)
def test_a_recording_alone_is_answered_as_recorded(name: str) -> None:
    shop = RecordedShop()
    shop.shop.integration.nonces.add("used before")
    shop.plays(name)


def test_a_missing_right_is_answered_as_recorded() -> None:
    shop = RecordedShop()
    shop.shop.rights = frozenset({"Magento_Catalog::products", "Magento_Backend::store"})
    request = recording("acl_missing_orders_read")["request"]
    answer = shop.http.get(
        f"/commerce{request['path']}", headers={"Authorization": f"Bearer {shop.shop.bearer}"} | request["headers"]
    )
    recorded = recording("acl_missing_orders_read")["response"]
    assert (answer.status_code, answer.get_json()) == (recorded["status"], recorded["body"])
    assert len(shop.get("store/websites")) > 1


@pytest.mark.parametrize("name", DEVELOPER_MODE)
def test_developer_mode_answers_as_recorded_with_a_trace(name: str) -> None:
    shop = RecordedShop()
    shop.shop.developer_mode = True
    body, trace = recording(name)["response"]["body"], "#0 [the sandbox has no PHP to trace] {main}"
    if "__not_json__" in body:
        words, _, _ = body["__not_json__"].partition("#0 ")
        shop.plays(name, {"__not_json__": words + trace})
    else:
        shop.plays(name, body | {"trace": trace})


@pytest.mark.parametrize("name", MAINTENANCE)
def test_maintenance_is_answered_by_a_page_with_the_recorded_title(name: str) -> None:
    shop = RecordedShop()
    shop.shop.maintenance = True
    request, recorded = recording(name)["request"], recording(name)["response"]
    answer = shop.http.open(f"/commerce{request['path']}", method=request["method"], json=request["body"])
    assert (answer.status_code, answer.content_type) == (recorded["status"], recorded["headers"]["Content-Type"])
    title = re.compile(r"<title>(.*)</title>")
    assert title.findall(answer.get_data(as_text=True)) == title.findall(recorded["body"]["__not_json__"])


@pytest.mark.parametrize("story", STORIES)
def test_a_story_of_recordings_is_answered_as_recorded(story: str) -> None:
    shop = RecordedShop()
    for step in STORIES[story]:
        if isinstance(step, str):
            shop.plays(step)
        else:
            step(shop)


def test_all_recordings_but_those_with_a_reason_are_played() -> None:
    recorded = {path.stem for path in shared(*RECORDINGS).iterdir()}
    assert len(recorded) == 274
    assert recorded >= ELSEWHERE | SIGNED.keys()
    without_answer = {name for name in recorded if "response" not in recording(name)}
    assert without_answer == NOT_PLAYED.keys()
    played = set(ALONE) | TOLD | IN_A_MODE
    assert played == recorded - NOT_PLAYED.keys()
    assert len(played) == 269
