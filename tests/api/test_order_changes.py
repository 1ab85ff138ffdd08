"""What a merchant asks of one order over the API: its cancellation, another address."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from bridge.domain.order import AmazonStatus, Channel
from bridge.models import Order, OutgoingChange
from bridge.runtime import Runtime
from tests.api_client import ApiClient
from tests.conftest import HandClock
from tests.factories import NOW
from tests.stage import Stage

Put = Callable[..., Order]


def test_a_cancellation_travels_to_amazon_and_then_to_commerce(stage: Stage, stage_api: ApiClient):
    number = stage.paid_order()
    stage.sync()
    order = stage.order(number)
    run = stage_api.post(f"/orders/{order.id}/cancel", {"reason": "NoInventory"}, 202)
    assert (run["job"], run["store_id"]) == ("confirm", stage.store_id)
    (change,) = stage_api.get(f"/orders/{order.id}")["outgoing"]
    assert (change["kind"], change["state"], change["attempts"]) == ("cancel_amazon", "sent", 1)
    again = stage_api.post(f"/orders/{order.id}/cancel", {"reason": "NoInventory"}, 409)
    assert again["code"] == "cancellation_requested"
    for _ in range(3):
        stage.sync()
    shown = stage_api.get(f"/orders/{order.id}")
    assert (shown["status"], shown["commerce_order"]["status"]) == ("Canceled", "canceled")
    assert {c["kind"]: c["state"] for c in shown["outgoing"]} == {"cancel_amazon": "done", "cancel_commerce": "done"}


def test_an_unknown_reason_is_named_and_nothing_is_kept(api: ApiClient, put: Put):
    order = put()
    problem = api.post(f"/orders/{order.id}/cancel", {"reason": "Bored"}, 422)
    assert [(e["location"], e["field"]) for e in problem["errors"]] == [("body", "reason")]
    assert api.get(f"/orders/{order.id}")["outgoing"] == []


@pytest.mark.parametrize(
    "values",
    [
        {"amazon_status": AmazonStatus.SHIPPED},
        {"amazon_status": AmazonStatus.PENDING},
        {"amazon_status": AmazonStatus.UNSHIPPED, "channel": Channel.FBA},
    ],
    ids=["shipped", "pending", "shipped by Amazon"],
)
def test_an_order_that_is_not_the_merchants_to_cancel_is_refused(api: ApiClient, put: Put, values: dict[str, Any]):
    order = put(**values)
    assert api.post(f"/orders/{order.id}/cancel", {"reason": "NoInventory"}, 409)["code"] == "not_cancelable"


@pytest.mark.parametrize(
    ("values", "confirmation", "overdue"),
    [
        ({}, None, True),
        ({"ship_by": NOW + timedelta(seconds=1)}, None, False),
        ({"ship_by": None}, None, False),
        ({"channel": Channel.FBA}, None, False),
        ({"amazon_status": AmazonStatus.PARTIALLY_SHIPPED}, "done", True),
        ({"amazon_status": AmazonStatus.SHIPPED}, "pending", True),
        ({"amazon_status": AmazonStatus.SHIPPED}, "done", False),
        ({"amazon_status": AmazonStatus.CANCELED}, None, False),
    ],
)
def test_an_order_is_overdue_while_amazon_waits_for_its_shipment(
    api: ApiClient, put: Put, runtime: Runtime, clock: HandClock, values: dict[str, Any], confirmation: str | None,
    overdue: bool,
):  # fmt: skip
    order = put(**({"ship_by": NOW - timedelta(hours=1)} | values))
    if confirmation:
        with runtime.db.session() as session:
            session.add(
                OutgoingChange(
                    store_id=order.store_id, order_id=order.id, kind="confirm_shipment", reference="9",
                    state=confirmation, due_at=clock.now(), created_at=clock.now(),
                )
            )  # fmt: skip
    assert api.get(f"/orders/{order.id}")["overdue"] is overdue
