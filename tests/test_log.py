"""Log lines: JSON, and nothing in them that names a person or opens a door."""

from __future__ import annotations

import json
import logging
from typing import Any

import pytest
import structlog

from bridge import log


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
