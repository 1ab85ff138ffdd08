"""Orders that the seller's own report names and we do not have."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy.exc import DataError

from bridge.errors import InvalidInput
from bridge.sync.backfill import backfill, report_orders
from bridge.sync.intake import store_snapshots
from tests.stage import START, Stage

HEADER = "amazon-order-id\tpurchase-date\tsku"


def report(stage: Stage, *numbers: str) -> list[str]:
    return [HEADER, *(f"{n}\t{stage.amazon.orders[n]['createdTime']}\tX" for n in numbers)]


def run(stage: Stage, *numbers: str) -> dict[str, int]:
    return backfill(stage.bridge.links.get(stage.store_id), report_orders(report(stage, *numbers)))


def test_what_is_missing_is_fetched_and_what_is_known_is_not_asked_for(stage: Stage):
    known, missing = stage.place(), stage.place(visible_after=10**6)
    stage.sync("sync")
    assert not stage.known(missing)
    done = run(stage, known, missing)
    assert (done["known"], done["added"]) == (1, 1)
    assert stage.known(missing)
    assert stage.world.requests["amazon getOrder"] == 1
    assert "added" not in run(stage, known, missing)


def test_orders_older_than_the_integration_stay_out(stage: Stage):
    old = stage.place(created=START - timedelta(days=1))
    assert run(stage, old)["older_than_integration"] == 1
    assert not stage.known(old)
    assert stage.world.requests["amazon getOrder"] == 0


def test_it_stops_at_the_quota_and_goes_on_from_there(stage: Stage):
    numbers = [stage.place(visible_after=10**6) for _ in range(40)]
    done = run(stage, *numbers)
    assert 0 < done["added"] < 40
    assert done["added"] + done["left"] == 40
    while "left" in done:
        stage.wait(timedelta(seconds=done["retry_after"]))
        done = run(stage, *numbers)
    assert all(stage.known(n) for n in numbers)
    assert sum(stage.amazon.throttled.values()) == 0


def test_an_order_that_cannot_be_stored_is_counted_and_the_others_are_fetched(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
):
    odd, good = (stage.place(visible_after=10**6) for _ in range(2))

    def choosy(session: Any, link: Any, snapshots: Any) -> Any:
        if snapshots[0].amazon_order_id == odd:
            raise DataError("INSERT", {}, Exception("value out of range"))
        return store_snapshots(session, link, snapshots)

    monkeypatch.setattr("bridge.sync.backfill.store_snapshots", choosy)
    done = run(stage, odd, good)
    assert (done["not_storable"], done["added"]) == (1, 1)
    assert stage.known(good)


def test_orders_of_other_marketplaces_and_unknown_ones_are_counted(stage: Stage):
    canadian = stage.place(marketplace_id="A2EUQ1WTGCTBG2")
    lines = [*report(stage, canadian), f"111-0000000-0000009\t{START.isoformat()}\tX"]
    done = backfill(stage.bridge.links.get(stage.store_id), report_orders(lines))
    assert (done["of_another_marketplace"], done["not_readable"]) == (1, 1)
    assert not stage.known(canadian)


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ([], "line 1: the report has no column amazon-order-id and no purchase-date"),
        (["amazon-order-id\tsku"], "no column purchase-date"),
        ([HEADER, "111-0000000-0000009"], "line 2: no order id with a purchase date"),
        ([HEADER, "111-0000000-0000009\tyesterday\tX"], "line 2"),
        ([HEADER, "", "111\t2026-11-02T00:00:00Z\tX"], "line 3: '111' is no order id"),
        ([HEADER, "111-0000000-0000009\t2026-11-02T00:00:00\tX"], "line 2"),
    ],
)
def test_a_report_that_cannot_be_read_says_where(lines, words):
    with pytest.raises(InvalidInput, match=words):
        report_orders(lines)
