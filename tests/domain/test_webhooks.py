"""Standard Webhooks: signatures that its own library makes too, and what there is to tell of an order."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from standardwebhooks import Webhook

from bridge.domain.order import AmazonStatus
from bridge.domain.states import ImportState
from bridge.domain.webhooks import EventType, new_secret, signature, told_of_import, told_of_status
from tests.domain.orders import ANY, relaxed


@given(body=st.text(ANY), number=st.integers(0, 2**40), at=st.integers(0, 2**33))
@settings(relaxed, max_examples=40)
def test_the_signature_is_the_one_that_the_standards_library_makes(body: str, number: int, at: int):
    secret, name = new_secret(), f"evt_{number:x}"
    theirs = Webhook(secret).sign(name, datetime.fromtimestamp(at, UTC), body)
    assert signature([secret], name, at, body.encode()) == theirs


def test_two_secrets_make_two_signatures():
    old, new = new_secret(), new_secret()
    both = signature([new, old], "evt_1", 5, b"{}")
    assert both.split(" ") == [signature([new], "evt_1", 5, b"{}"), signature([old], "evt_1", 5, b"{}")]


def test_secrets_are_long_and_differ():
    made = {new_secret() for _ in range(50)}
    assert len(made) == 50
    assert all(len(secret) == len("whsec_") + 44 for secret in made)


@pytest.mark.parametrize(
    ("state", "status", "told"),
    [
        (ImportState.IMPORTED, AmazonStatus.UNSHIPPED, EventType.IMPORTED),
        (ImportState.BLOCKED, AmazonStatus.UNSHIPPED, EventType.BLOCKED),
        (ImportState.COMPLETED, AmazonStatus.SHIPPED, EventType.COMPLETED),
        (ImportState.CANCELED, AmazonStatus.UNSHIPPED, EventType.CANCELED),  # in Commerce, and Amazon does not know
        (ImportState.CANCELED, AmazonStatus.CANCELED, None),  # told when Amazon showed it
        (ImportState.READY, AmazonStatus.UNSHIPPED, None),
        (ImportState.IMPORTING, AmazonStatus.UNSHIPPED, None),
        (ImportState.VIEW_ONLY, AmazonStatus.UNSHIPPED, None),
    ],
)
def test_what_a_step_of_the_import_tells(state: ImportState, status: AmazonStatus, told: EventType | None):
    assert told_of_import(state, status) is told


@pytest.mark.parametrize(
    ("status", "state", "told"),
    [
        (AmazonStatus.SHIPPED, ImportState.IMPORTED, EventType.SHIPPED),
        (AmazonStatus.CANCELED, ImportState.IMPORTED, EventType.CANCELED),
        (AmazonStatus.CANCELED, ImportState.WAITING, EventType.CANCELED),
        (AmazonStatus.CANCELED, ImportState.CANCELED, None),  # told when Commerce canceled it
        (AmazonStatus.PARTIALLY_SHIPPED, ImportState.IMPORTED, None),
        (AmazonStatus.UNSHIPPED, ImportState.WAITING, None),
    ],
)
def test_what_a_status_of_amazon_tells(status: AmazonStatus, state: ImportState, told: EventType | None):
    assert told_of_status(status, state) is told


@pytest.mark.parametrize("commerce_first", [False, True])
def test_a_cancellation_is_told_once_whichever_side_shows_it_first(commerce_first: bool):
    if commerce_first:
        told = [
            told_of_import(ImportState.CANCELED, AmazonStatus.UNSHIPPED),
            told_of_status(AmazonStatus.CANCELED, ImportState.CANCELED),
        ]
    else:
        told = [
            told_of_status(AmazonStatus.CANCELED, ImportState.IMPORTED),
            told_of_import(ImportState.CANCELED, AmazonStatus.CANCELED),
        ]
    assert told.count(EventType.CANCELED) == 1
