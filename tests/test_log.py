"""Log lines: JSON, and nothing in them that names a person or opens a door."""

from __future__ import annotations

import json
import logging
import os
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import structlog
from sqlalchemy import select

from bridge import log
from bridge.models import CommunicationError, JobRun, OrderEvent
from bridge.sandbox.marketplace import CLIENT_SECRET
from bridge.sandbox.order_json import Address
from bridge.sandbox.world import Fault
from tests.stage import Stage, line


@pytest.fixture
def lines(capsys: pytest.CaptureFixture[str]) -> Any:
    log.configure("INFO")
    return lambda: [json.loads(line) for line in capsys.readouterr().err.splitlines()]


def test_a_line_is_json_with_level_time_and_what_is_bound(lines: Any):
    with structlog.contextvars.bound_contextvars(job="sync"):
        structlog.get_logger().info("done", orders=3)
    (line,) = lines()
    assert (line["event"], line["orders"], line["level"], line["job"]) == ("done", 3, "info", "sync")
    assert line["timestamp"].endswith("Z")


def test_the_standard_librarys_messages_look_the_same(lines: Any):
    logging.getLogger("alembic").warning("at %s", "0001")
    logging.getLogger("httpx").info("GET https://shop.example/?buyer=Jane")
    (line,) = lines()
    assert (line["event"], line["level"], line["logger"]) == ("at 0001", "warning", "alembic")


def test_a_line_of_every_request_looks_the_same_as_if_structlog_had_written_it(
    lines: Any, monkeypatch: pytest.MonkeyPatch
):
    with structlog.contextvars.bound_contextvars(http_request_id="1"):
        structlog.get_logger("bridge.api").info("request", route="/é", status=200)
    log.write(logging.getLogger("bridge.api"), "request", route="/é", status=200, http_request_id="1")
    one, other = lines()
    assert {**one, "timestamp": ""} == {**other, "timestamp": ""}
    assert len(one["timestamp"]) == len(other["timestamp"])
    logging.getLogger().setLevel("WARNING")
    log.write(logging.getLogger("bridge.api"), "request")
    assert lines() == []
    logging.getLogger().setLevel("INFO")
    with open(os.devnull, encoding="utf-8") as unwritable:
        monkeypatch.setattr("sys.stderr", unwritable)
        log.write(logging.getLogger("bridge.api"), "request")


def test_messages_below_the_level_are_dropped(lines: Any):
    structlog.get_logger().debug("detail")
    assert lines() == []


@pytest.mark.parametrize(
    "values",
    [
        {"refresh_token": "s3cret"},
        {"client_secret": "s3cret"},
        {"headers": {"Authorization": "s3cret"}},
        {"buyer_name": "s3cret"},
        {"orders": [{"shipping_address": "s3cret"}]},
        {"email": "s3cret"},
        {"text": "Authorization: Bearer s3cret"},
        {"text": "OAuth oauth_consumer_key=s3cret, oauth_token=s3cret"},
        {"text": "refused Atzr|s3cret/+="},
        {"text": "s3cret@marketplace.amazon.com ordered"},
    ],
)
def test_secrets_and_people_are_hidden(lines: Any, values: dict[str, Any]):
    structlog.get_logger().warning("failed", **values)
    (line,) = lines()
    assert "s3cret" not in json.dumps(line)
    assert log.HIDDEN in json.dumps(line)


def test_what_is_harmless_stays(lines: Any):
    structlog.get_logger().info("pulled", operation="searchOrders", status=200, order="111-2222222-3333333")
    (line,) = lines()
    assert (line["operation"], line["order"]) == ("searchOrders", "111-2222222-3333333")


def test_an_exception_tells_its_trace_without_the_row_that_failed(lines: Any):
    message = "INSERT failed\n[parameters: ('Jane', 's3cret')]\n(Background on this error)"
    try:
        raise RuntimeError(message)  # noqa: TRY301
    except RuntimeError:
        structlog.get_logger().exception("crashed")
    (line,) = lines()
    assert "RuntimeError: INSERT failed" in line["exception"]
    assert "s3cret" not in line["exception"]


def test_configuring_again_does_not_double_the_lines(lines: Any):
    log.configure("INFO")
    structlog.get_logger().info("once")
    assert len(lines()) == 1


def test_a_whole_journey_at_any_level_names_nobody_and_opens_no_door(tmp_path: Path, capsys: Any):
    log.configure("DEBUG")
    stage = Stage(tmp_path, customer_creation="new_account")
    who = Address(name="Zebulon Quick", line1="77 Quince Lane", city="Walla Walla", postal_code="99362-7777",
                  phone="+1 509-555-0177")  # fmt: skip
    faults = stage.world.faults
    # Magento repeats what it was sent, in its own words and in what it fills into them.
    address = '{"message":"77 Quince Lane is \\"%1\\", Zebulon.","parameters":["+1 509-555-0177"]}'
    for pattern, kind, body in (
        ("GET /amazon/orders", "answer", "<html>Zebulon</html>"),
        ("POST /commerce/rest/all/V1/customers", "answer", '{"message":"Not a name: Zebulon Quick."}'),
        ("POST /commerce/rest/all/V1/orders$", "answer_after", address),
        ("/shipmentConfirmation", "hang_up_after", ""),
    ):
        faults.add(Fault(pattern, kind, status=500, body=body))
    numbers = [stage.paid_order(line(), buyer_name="Zebulon Quick", address=who) for _ in range(2)]
    stage.amazon.orders[numbers[0]]["tax"] = {
        "taxRegistrations": [{"entityType": "BUYER", "taxRegistrationType": "VAT", "taxRegistrationNumber": "GB998877"}]
    }
    for _ in range(8):
        for job in ("sync", "import", "confirm", "complete"):
            stage.wait(timedelta(minutes=4))
            stage.job(job)
        for number in numbers:
            for created in stage.commerce_orders(number):
                if number == numbers[0] and not stage.shop.shipments_of(created["entity_id"]):
                    stage.shop.ship(created["entity_id"], tracks=[("ups", "UPS", "1Z")])
    stage.amazon.request_cancel(numbers[1], "Zebulon does not want it")
    stage.sync("sync")
    stage.bridge.close()
    assert [stage.order(number).status for number in numbers] == ["Completed", "Unshipped"]
    assert sum(faults.played.values()) == 4
    with stage.bridge.db.reading() as session:
        kept = [session.execute(select(table)).all() for table in (OrderEvent, CommunicationError, JobRun)]
        told = repr([[vars(row[0]) for row in rows] for rows in kept])
    written = capsys.readouterr()
    secrets = ("Zebulon", "Quick", "Quince", "99362", "555-0177", "GB998877", "Atza|", "Atzr|", CLIENT_SECRET,
               "sandbox-commerce-token", "@marketplace")  # fmt: skip
    for text in (written.err, written.out, told):
        assert [secret for secret in secrets if secret in text] == []
    assert "amazon call" in written.err
