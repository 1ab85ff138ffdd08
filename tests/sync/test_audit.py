"""The audit finds nothing where all agree, and each of ten planted faults."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from bridge.models import CommunicationError, Order, OutgoingChange
from bridge.sync.audit import KINDS, audit
from bridge.sync.intake import store_snapshots
from tests.sandbox_transport import SandboxTransport
from tests.soak.simulation import SmallPages
from tests.stage import Stage


@pytest.fixture
def played(stage: Stage) -> tuple[Stage, str, str]:
    """An imported order that waits for its parcel, a completed one, and some more; long settled."""
    waiting, shipped, canceled = stage.paid_order(), stage.paid_order(), stage.place()
    stage.amazon.cancel(canceled)
    stage.sync()
    stage.shop.ship(stage.commerce_order(shipped)["entity_id"], tracks=[("ups", "UPS", "1Z1")])
    stage.sync()
    stage.wait(timedelta(hours=3))
    return stage, waiting, shipped


def found(stage: Stage) -> dict[str, str]:
    return {finding.kind: finding.amazon_order_id for finding in audit(stage.bridge.links.get(stage.store_id))}


def change(stage: Stage, number: str, **columns) -> None:
    with stage.bridge.db.session() as session:
        order = session.scalars(select(Order).where(Order.amazon_order_id == number)).one()
        for name, value in columns.items():
            setattr(order, name, value)


def test_where_all_agree_nothing_is_found(played):
    stage, _waiting, _shipped = played
    assert found(stage) == {}
    assert stage.job("audit").result == {"findings": 0}


def test_a_seller_of_more_than_the_quota_lets_read_is_audited_as_far_back_as_it_lets(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
):
    numbers = []
    for _ in range(40):
        numbers.append(stage.place())
        stage.wait(timedelta(minutes=5))
    stage.sync("sync")
    missed = stage.place()
    stage.wait(timedelta(hours=2))
    monkeypatch.setattr("bridge.sync.audit.PAGE", 1)
    stage.bridge.links._transports["amazon"] = SmallPages(SandboxTransport(stage.app), 1)
    stage.bridge.links._clients.clear()
    run = stage.job("audit")
    assert run.state == "succeeded", run.error
    assert run.result == {"findings": 1, "missing_here": 1, "newest_orders": 14, "fetched": 1}
    left = stage.bridge.links.get(stage.store_id).clients.quota.left()["searchOrders"]
    assert left >= 2  # for sync, which goes on meanwhile
    assert stage.known(missed)  # what sync has missed is there once it is found missing


def test_a_total_that_amazon_has_changed_since_the_import_is_found(played):
    stage, waiting, _shipped = played
    stage.amazon.orders[waiting]["proceeds"]["grandTotal"]["amount"] = "40.00"
    stage.amazon._touch(waiting)
    stage.sync("sync")
    stage.wait(timedelta(hours=3))
    assert found(stage) == {"total_differs": waiting}


def test_a_missing_order_that_cannot_be_stored_is_named_and_stops_no_other(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
):
    odd, good = stage.place(), stage.place()
    stage.wait(timedelta(hours=2))

    def stored(session: Any, link: Any, snapshots: list[Any]) -> Any:
        if snapshots[0].amazon_order_id == odd:
            raise ValueError("no column holds it")
        return store_snapshots(session, link, snapshots)

    monkeypatch.setattr("bridge.sync.audit.store_snapshots", stored)
    assert stage.job("audit").result == {"findings": 2, "missing_here": 2, "fetched": 1}
    assert (stage.known(odd), stage.known(good)) == (False, True)
    asked = stage.world.requests
    assert (asked["amazon searchOrders"], asked["amazon getOrder"]) == (1, 0)  # each was read with the others already


def test_a_client_secret_that_is_about_to_end_is_told_every_night(stage: Stage):
    stage.wait(timedelta(days=149))
    stage.job("audit")
    stage.wait(timedelta(days=1))
    stage.job("audit")
    with stage.bridge.db.reading() as session:
        told = session.scalars(select(CommunicationError)).one()
    assert (told.system, told.code, "ends within 30 days" in told.message) == ("amazon", "SecretEnds", True)


def missing_here(stage: Stage, _waiting: str, _shipped: str) -> str:
    number = stage.place()
    stage.wait(timedelta(hours=2))
    return number


def missing_on_amazon(stage: Stage, waiting: str, _shipped: str) -> str:
    stage.amazon._visible_from[waiting] = stage.world.now() + timedelta(days=9)
    return waiting


def status_differs(stage: Stage, waiting: str, _shipped: str) -> str:
    stage.amazon.cancel(waiting)
    stage.wait(timedelta(hours=2))
    return waiting


def not_created(stage: Stage, _waiting: str, _shipped: str) -> str:
    number = stage.paid_order()
    stage.sync("sync")
    stage.wait(timedelta(hours=2))
    return number


def commerce_order_missing(stage: Stage, waiting: str, _shipped: str) -> str:
    stage.shop.table.rename(stage.commerce_order(waiting), {"ext_order_id": "another"})
    stage.shop.orders[stage.order(waiting).commerce_order_id]["ext_order_id"] = "another"
    return waiting


def doubled(stage: Stage, waiting: str, _shipped: str) -> str:
    write_order(stage, waiting, "DOUBLE-1")
    return waiting


def not_linked(stage: Stage, _waiting: str, _shipped: str) -> str:
    number = stage.place()
    stage.sync("sync")
    write_order(stage, number, "BY-HAND-1")
    return number


def total_differs(stage: Stage, waiting: str, _shipped: str) -> str:
    stage.commerce_order(waiting)["grand_total"] = 48.67
    return waiting


def state_differs(stage: Stage, _waiting: str, shipped: str) -> str:
    stage.commerce_order(shipped)["state"] = "processing"
    return shipped


def not_told(stage: Stage, waiting: str, _shipped: str) -> str:
    now = stage.world.now() - timedelta(hours=2)
    with stage.bridge.db.session() as session:
        session.add(
            OutgoingChange(
                store_id=stage.store_id, order_id=stage.order(waiting).id, kind="confirm_shipment", reference="9",
                state="refused", due_at=now, created_at=now,
            )
        )  # fmt: skip
    return waiting


def write_order(stage: Stage, number: str, increment_id: str) -> None:
    entity = {"increment_id": increment_id, "ext_order_id": number, "store_id": 1, "customer_email": "a@example.com",
              "state": "processing", "status": "processing", "payment": {"method": "checkmo"}}  # fmt: skip
    headers = {"Authorization": "Bearer sandbox-commerce-token"}
    answer = stage.app.test_client().post("/commerce/rest/all/V1/orders", json={"entity": entity}, headers=headers)
    assert answer.status_code == 200


FAULTS = (
    missing_here, missing_on_amazon, status_differs, not_created, commerce_order_missing, doubled, not_linked,
    total_differs, state_differs, not_told,
)  # fmt: skip


def test_every_kind_of_finding_has_a_planted_fault():
    assert [fault.__name__ for fault in FAULTS] == list(KINDS)


@pytest.mark.parametrize("plant", FAULTS)
def test_each_planted_fault_is_found_and_nothing_else(played, plant):
    stage, waiting, shipped = played
    number = plant(stage, waiting, shipped)
    assert found(stage) == {plant.__name__: number}
    fetched = {"fetched": 1} if plant in (missing_here, status_differs) else {}
    assert stage.job("audit").result == {"findings": 1, plant.__name__: 1} | fetched
    assert stage.known(number)
    with stage.bridge.db.reading() as session:
        told = session.scalars(select(CommunicationError).where(CommunicationError.operation == "audit")).one()
    assert (told.code, number in told.message) == (plant.__name__, True)
