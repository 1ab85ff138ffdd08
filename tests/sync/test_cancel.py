"""The merchant cancels: asked for by a feed, done once Amazon shows it, and only then in Commerce."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bridge.domain.states import ImportState
from bridge.errors import Conflict, InvalidInput
from bridge.models import Order
from bridge.sandbox.world import Fault
from bridge.sync.cancel import cancel_on_amazon, request_cancel
from tests.stage import Stage, line


def ask(stage: Stage, number: str, reason: str = "NoInventory") -> None:
    with stage.bridge.db.session() as session:
        request_cancel(session.get_one(Order, stage.order(number).id), stage.world.now(), reason=reason)


def states(stage: Stage, number: str) -> dict[str, str]:
    return {change.kind: change.state for change in stage.changes(number)}


def test_an_imported_order_is_canceled_on_amazon_first_and_then_in_commerce(stage: Stage):
    number = stage.paid_order()
    stage.sync()
    ask(stage, number)
    stage.sync("confirm")
    assert states(stage, number) == {"cancel_amazon": "sent"}
    assert stage.commerce_order(number)["state"] == "processing"
    assert stage.order(number).status == "Unshipped"
    for _ in range(4):
        stage.sync()
    assert stage.amazon.status(number) == "CANCELLED"
    assert stage.order(number).status == "Canceled"
    assert stage.commerce_order(number)["state"] == "canceled"
    assert states(stage, number) == {"cancel_amazon": "done", "cancel_commerce": "done"}


def test_a_blocked_order_can_be_canceled_and_is_not_created_meanwhile(stage: Stage):
    number = stage.paid_order(line("LOST-MUG"))
    stage.sync()
    ask(stage, number)
    stage.shop.add_product("LOST-MUG", "Lost mug", qty=10)
    for _ in range(4):
        stage.sync()
    assert stage.commerce_orders(number) == []
    assert (stage.order(number).status, stage.order(number).import_state) == ("Canceled", ImportState.CANCELED)


def test_many_cancellations_travel_in_one_feed(stage: Stage):
    numbers = [stage.paid_order() for _ in range(5)]
    stage.sync()
    for number in numbers:
        ask(stage, number)
    stage.sync("confirm")
    assert stage.world.requests["amazon createFeed"] == 1
    for _ in range(4):
        stage.sync()
    assert [stage.order(n).status for n in numbers] == ["Canceled"] * 5


def test_an_order_that_amazon_refuses_to_cancel_says_why_and_can_be_asked_again(stage: Stage):
    number = stage.paid_order()
    stage.sync()
    ask(stage, number)
    stage.sync("confirm")
    shipped = stage.commerce_order(number)["entity_id"]
    stage.shop.ship(shipped, tracks=[("ups", "UPS", "1Z1")])
    stage.sync("confirm")  # the parcel is faster than the feed
    for _ in range(4):
        stage.sync("sync", "confirm")
    assert stage.order(number).amazon_status in {"Shipped", "Canceled"}
    assert states(stage, number)["cancel_amazon"] in {"refused", "done"}
    assert len(stage.commerce_orders(number)) == 1


def test_a_feed_that_could_not_be_sent_is_tried_again(stage: Stage):
    number = stage.paid_order()
    stage.sync()
    ask(stage, number)
    stage.world.faults.add(Fault(r"POST /amazon/feeds", "answer"))
    stage.wait()
    assert stage.job("confirm").state == "failed"
    assert states(stage, number) == {"cancel_amazon": "pending"}
    for _ in range(6):
        stage.sync()
        stage.wait(timedelta(minutes=5))
    assert stage.order(number).status == "Canceled"


def test_what_cannot_be_canceled_says_why(stage: Stage):
    pending, fba, number = stage.place(), stage.paid_order(fulfilled_by="AMAZON"), stage.paid_order()
    stage.sync()
    for not_ours in (pending, fba):
        with pytest.raises(Conflict) as refused:
            ask(stage, not_ours)
        assert refused.value.code == "not_cancelable"
    with pytest.raises(InvalidInput) as wrong:
        ask(stage, number, "Bored")
    assert "NoInventory" in wrong.value.fields["reason"][0]
    ask(stage, number)
    with pytest.raises(Conflict) as refused:
        ask(stage, number)
    assert refused.value.code == "cancellation_requested"


def by_operation(stage: Stage) -> dict[str, int]:
    stage.wait()
    return cancel_on_amazon(replace(stage.bridge.links.get(stage.store_id), cancels_by_operation=True))


def test_where_amazon_has_released_the_operation_no_feed_is_needed(stage: Stage):
    stage.amazon.cancel_order_released = True
    direct, by_feed = stage.paid_order(), stage.paid_order()
    stage.sync()
    ask(stage, direct, "BuyerCanceled")
    ask(stage, by_feed, "MerchandiseNotReceived")  # cancelOrder knows no such reason
    assert by_operation(stage) == {"cancellations_sent": 2}
    assert stage.amazon.status(direct) == "CANCELLED"
    assert (stage.world.requests["amazon cancelOrder"], stage.world.requests["amazon createFeed"]) == (1, 1)
    for _ in range(4):
        stage.sync()
    assert [stage.order(n).status for n in (direct, by_feed)] == ["Canceled", "Canceled"]


def test_where_it_is_not_released_the_refusal_is_visible(stage: Stage):
    number = stage.paid_order()
    stage.sync()
    ask(stage, number)
    by_operation(stage)
    assert states(stage, number) == {"cancel_amazon": "refused"}
    assert stage.order(number).status == "Unshipped"


GET_FEED, REPORT = r"GET /amazon/feeds/2021-06-30/feeds/", "GET /amazon/feed-documents/"
GONE = '{"errors":[{"code":"NotFound","message":"The feed was not found."}]}'


def asked(stage: Stage) -> str:
    """An order in Commerce whose cancellation is under way in a feed."""
    number = stage.paid_order()
    stage.sync("sync", "import")
    ask(stage, number)
    stage.sync("confirm")
    return number


@pytest.mark.parametrize(
    "fault",
    [
        Fault(GET_FEED, "answer", status=404, body=GONE, content_type="application/json"),
        Fault(GET_FEED, "answer"),
        Fault(REPORT, "answer", status=200, body="Come again tomorrow.", content_type="text/plain"),
    ],
    ids=["it is gone", "it cannot be asked for", "its report is none"],
)
def test_a_feed_that_cannot_be_read_holds_up_no_other_cancellation(stage: Stage, fault: Fault):
    first = asked(stage)
    second = stage.paid_order()
    stage.sync("sync", "import")
    ask(stage, second)
    stage.world.faults.add(replace(fault, times=2))
    for _ in range(2):
        stage.sync("confirm")
    assert stage.world.requests["amazon createFeed"] >= 2
    for _ in range(6):
        stage.sync("sync", "confirm")
        stage.wait(timedelta(hours=1))
    assert [stage.order(number).status for number in (first, second)] == ["Canceled", "Canceled"]


def test_a_feed_that_is_gone_is_sent_again(stage: Stage):
    number = asked(stage)
    stage.amazon.feeds.feeds.clear()  # before it was worked off
    stage.amazon.feeds._open.clear()
    for _ in range(4):
        stage.sync("confirm", "sync")
        stage.wait(timedelta(minutes=5))
    assert stage.order(number).status == "Canceled"


def test_a_refusal_that_names_no_order_is_told_by_its_row(stage: Stage):
    numbers = [stage.paid_order() for _ in range(2)]
    stage.sync("sync", "import")
    for number in numbers:
        ask(stage, number)
    stage.sync("confirm")
    report = (
        "Feed Processing Summary:\n\tNumber of records processed\t\t2\n\tNumber of records successful\t\t1\n\n"
        "original-record-number\terror-code\terror-type\terror-message\n2\t18028\tError\tToo late.\n"
    )
    stage.world.faults.add(Fault(REPORT, "answer", status=200, body=report, content_type="text/plain"))
    stage.sync("confirm")
    assert [states(stage, number)["cancel_amazon"] for number in numbers] == ["sent", "refused"]
    assert "Too late." in stage.order(numbers[1]).order_note


def test_a_cancellation_that_amazon_took_and_never_shows_is_sent_again_the_next_day(stage: Stage):
    number = asked(stage)
    stage.amazon.feeds._apply = lambda message, _seller: ""  # it says yes, and nothing happens
    stage.sync("confirm", "sync")
    del stage.amazon.feeds._apply
    assert states(stage, number)["cancel_amazon"] == "sent"
    stage.wait(timedelta(days=1))
    for _ in range(4):
        stage.sync("confirm", "sync")
    assert stage.order(number).status == "Canceled"
    assert stage.world.requests["amazon createFeed"] == 2


def test_a_refused_cancellation_is_over_once_amazon_shows_the_order_canceled(stage: Stage):
    number = asked(stage)
    stage.amazon.feeds._apply = lambda message, _seller: "Too late."
    stage.sync("confirm")
    assert states(stage, number)["cancel_amazon"] == "refused"
    stage.amazon.cancel(number)
    stage.sync("sync")
    assert states(stage, number)["cancel_amazon"] == "done"


def test_an_order_that_is_shipped_in_commerce_cannot_be_canceled_though_amazon_does_not_know_yet(stage: Stage):
    number = stage.paid_order()
    stage.sync("sync", "import")
    stage.world.faults.add(Fault("/shipmentConfirmation", "answer", times=None))
    stage.shop.ship(stage.commerce_order(number)["entity_id"], tracks=[("ups", "UPS", "1Z1")])
    stage.sync("confirm")
    assert stage.order(number).amazon_status == "Unshipped"
    with pytest.raises(Conflict, match="shipped in Commerce") as refused:
        ask(stage, number)
    assert refused.value.code == "not_cancelable"


def test_an_order_that_is_shipped_before_its_cancellation_was_sent_is_shipped_and_not_canceled(stage: Stage):
    number = stage.paid_order()
    stage.sync("sync", "import")
    ask(stage, number)
    stage.shop.ship(stage.commerce_order(number)["entity_id"], tracks=[("ups", "UPS", "1Z1")])
    stage.world.faults.add(Fault("/shipmentConfirmation", "answer"))
    stage.sync("confirm")
    assert stage.world.requests["amazon createFeed"] == 0
    assert states(stage, number)["cancel_amazon"] == "refused"
    assert "Not canceled: shipped in Commerce" in " ".join(event.message for event in stage.events(number))
    stage.wait(timedelta(hours=1))
    stage.sync("confirm", "sync")
    assert stage.order(number).amazon_status == "Shipped"
