"""Amazon's notifications, through a real queue: orders arrive sooner, and nothing that can go wrong there loses one."""

from __future__ import annotations

import copy
import json
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.exc import DataError, OperationalError

from bridge.amazon import sqs
from bridge.amazon.sqs import Queue
from bridge.domain.order import AmazonStatus
from bridge.errors import ConfigError, RemoteError, Verdict
from bridge.models import CommunicationError, JobRun, Notification, Order, Store
from bridge.sandbox.marketplace import CLIENT_ID, CLIENT_SECRET, Seller
from bridge.sandbox.notifications import sqs_sender
from bridge.sandbox.world import Fault
from bridge.sync import notify
from bridge.sync.intake import store_snapshots
from bridge.sync.verify import Check, verify
from bridge.work import QuotaBucket
from tests.queues import LocalQueue, queue, sqs_server
from tests.stage import Stage

__all__ = ["queue", "sqs_server"]

GET = r"GET /amazon/orders/2026-01-01/orders/"


class Listening(Stage):
    """A stage with a queue, to which the sandbox's Amazon is subscribed."""

    def __init__(self, directory: Path, queue: LocalQueue, **more: Any) -> None:
        where = {"sqs_queue_url": queue.url, "sqs_endpoint": queue.endpoint, "sqs_listen": 0.0}
        super().__init__(directory, more=where, **more)
        self.queue = queue
        self.telling = self.amazon.notifications
        self.telling.send = sqs_sender(queue.endpoint)
        assert all(check.ok for check in verify(self.bridge.links, self.store_id))

    def listen(self) -> dict[str, int]:
        """One run of the job, which must succeed; what it did."""
        run_id = self.run("notifications")
        assert run_id.state == "succeeded", run_id.error
        return run_id.result

    def run(self, name: str) -> JobRun:
        from bridge.jobs.run import run_job

        run_id = run_job(self.bridge, name, None, "cli")
        with self.bridge.db.reading() as session:
            return session.get_one(JobRun, run_id)

    def later(self, **by: float) -> None:
        self.wait(timedelta(**by))

    def asked(self) -> int:
        """How often Amazon was asked for one order."""
        return self.world.requests["amazon getOrder"]

    def rows(self, *states: str) -> list[Notification]:
        with self.bridge.db.reading() as session:
            query = select(Notification).order_by(Notification.id)
            return [row for row in session.scalars(query) if not states or row.state in states]

    def complaints(self) -> list[tuple[str, str]]:
        """(code, message) of the communication errors."""
        with self.bridge.db.reading() as session:
            rows = session.scalars(select(CommunicationError).order_by(CommunicationError.id))
            return [(row.code, row.message) for row in rows]

    def message(self, **changes: Any) -> dict[str, Any]:
        """A message about an order, taken from the queue; names of changes are keys of OrderChangeNotification."""
        (message,) = self.queue.take()[-1:]
        message["Payload"]["OrderChangeNotification"].update(changes)
        return message

    def everything_agrees(self) -> bool:
        """Whether our table shows what Amazon shows, for every order."""
        with self.bridge.db.reading() as session:
            ours = {o.amazon_order_id: o.amazon_status.name for o in session.scalars(select(Order))}
        return ours == {order_id: self.amazon.status(order_id).replace("CANCELLED", "CANCELED") for order_id in
                        self.amazon.orders}  # fmt: skip


@pytest.fixture
def stage(tmp_path: Path, queue: LocalQueue) -> Iterator[Listening]:
    stage = Listening(tmp_path, queue)
    yield stage
    stage.bridge.close()


# What it is for


def test_a_new_order_is_in_our_table_before_any_sync(stage: Listening):
    number = stage.place()
    assert stage.listen() == {"received": 1, "new": 1, "read": 1, "added": 1}
    assert stage.order(number).amazon_status is AmazonStatus.PENDING
    assert stage.world.requests["amazon searchOrders"] == 0
    assert (stage.queue.waiting(), stage.queue.hidden()) == (0, 0)
    (row,) = stage.rows()
    assert (row.state, row.amazon_order_id, row.store_id, row.attempts) == ("done", number, stage.store_id, 1)


def test_an_order_goes_on_from_its_notifications(stage: Listening):
    number = stage.place()
    stage.listen()
    stage.later(minutes=1)
    stage.amazon.verify_payment(number)
    assert stage.listen() == {"received": 1, "new": 1, "read": 1, "updated": 1}
    assert stage.order(number).amazon_status is AmazonStatus.UNSHIPPED
    assert stage.order(number).grand_total_minor == 4868


def test_a_bridge_without_a_queue_does_nothing(tmp_path: Path):
    stage = Stage(tmp_path)
    run = stage.job("notifications")
    assert (run.state, run.result) == ("succeeded", {})
    stage.bridge.close()


def test_an_order_older_than_the_integration_is_not_stored(stage: Listening):
    number = stage.place(created=stage.world.now() - timedelta(days=2))
    assert stage.listen() == {"received": 1, "new": 1, "read": 1}
    assert not stage.known(number)


# Coalescing


def test_many_messages_about_an_order_cost_one_request(stage: Listening):
    number = stage.place()
    stage.amazon.verify_payment(number)
    stage.amazon.request_cancel(number)
    assert stage.listen() == {"received": 3, "new": 3, "read": 1, "added": 1}
    assert stage.asked() == 1
    assert stage.order(number).buyer_cancel_requested_at is not None


def test_what_follows_a_reading_within_seconds_waits_and_shares_the_next_one(stage: Listening):
    number = stage.place()
    stage.listen()
    stage.later(seconds=1)
    stage.amazon.verify_payment(number)
    stage.later(seconds=1)
    stage.amazon.request_cancel(number)
    assert stage.listen() == {"received": 2, "new": 2}
    assert stage.asked() == 1
    stage.later(seconds=2)
    assert stage.listen() == {}
    stage.later(seconds=1)
    assert stage.listen() == {"read": 1, "updated": 1}
    assert stage.asked() == 2
    assert stage.everything_agrees()


def test_a_stream_of_messages_does_not_put_the_reading_off_for_ever(stage: Listening):
    number = stage.place()
    stage.listen()
    for _ in range(10):
        stage.later(seconds=1)
        stage.amazon._touch(number)
        stage.listen()
    assert stage.asked() == 3


# What a queue does to messages


def test_a_message_that_comes_twice_is_one_message(stage: Listening):
    stage.telling.duplicate = 1.0
    number = stage.place()
    assert stage.listen() == {"received": 2, "new": 1, "duplicates": 1, "read": 1, "added": 1}
    stage.telling.duplicate = 0.0
    stage.later(minutes=1)
    stage.amazon.verify_payment(number)
    message = stage.message()
    stage.queue.put(message)
    stage.listen()
    stage.queue.put(message)  # once more, long after it was worked off
    assert stage.listen() == {"received": 1, "duplicates": 1}
    assert stage.asked() == 2


def test_old_news_after_new_news_changes_nothing(stage: Listening):
    number = stage.place()
    old = stage.message()
    stage.later(minutes=1)
    stage.amazon.verify_payment(number)
    stage.listen()
    events = len(stage.events(number))
    stage.later(minutes=1)
    stage.queue.put(old)
    assert stage.listen() == {"received": 1, "new": 1, "read": 1}
    assert stage.order(number).amazon_status is AmazonStatus.UNSHIPPED
    assert len(stage.events(number)) == events


def test_what_is_lost_on_the_way_is_found_by_the_sync(stage: Listening):
    stage.telling.lose = 1.0
    number = stage.paid_order()
    assert stage.listen() == {}
    stage.sync("sync")
    assert stage.order(number).amazon_status is AmazonStatus.UNSHIPPED


def test_lost_doubled_and_reordered_messages_and_a_sync_end_in_amazons_own_state(stage: Listening):
    stage.telling.lose = stage.telling.duplicate = stage.telling.reorder = 0.3
    for step in range(12):
        number = stage.place()
        stage.later(seconds=20)
        if step % 2:
            stage.amazon.verify_payment(number)
        if step % 3 == 0:
            stage.amazon.cancel(number)
        stage.listen()
    assert stage.telling.counts["lost"] > 0
    stage.telling.flush()
    stage.sync("sync")
    stage.listen()
    assert stage.everything_agrees()


@pytest.fixture
def no_hiding(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was received and not deleted can be received again at once, as after its minute."""
    monkeypatch.setattr(sqs, "HIDDEN_FOR", 0)


@pytest.mark.usefixtures("no_hiding")
def test_a_message_stays_in_the_queue_until_it_is_stored(stage: Listening, monkeypatch: pytest.MonkeyPatch):
    number = stage.place()

    def die(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as broken:
        broken.setattr(notify, "_store", die)
        with pytest.raises(KeyboardInterrupt):
            stage.run("notifications")
    assert (stage.rows(), stage.queue.waiting()) == ([], 1)
    assert stage.listen()["added"] == 1
    assert stage.known(number)
    assert stage.queue.waiting() == 0


@pytest.mark.usefixtures("no_hiding")
def test_after_a_crash_between_commit_and_deletion_the_second_delivery_is_a_duplicate(stage: Listening):
    number = stage.place()

    class Dies(Queue):
        def delete(self, messages: Any) -> None:
            raise KeyboardInterrupt

    with Dies(stage.queue.url, stage.queue.endpoint) as dying, pytest.raises(KeyboardInterrupt):
        notify.take_in(stage.bridge.db, dying, stage.world.now)
    assert [row.state for row in stage.rows()] == ["pending"]
    assert stage.queue.waiting() == 1
    assert stage.listen() == {"read": 1, "added": 1, "received": 1, "duplicates": 1}
    assert stage.known(number)
    assert stage.queue.waiting() == 0


def test_a_message_that_was_handed_out_is_not_handed_out_again_for_a_while(stage: Listening):
    stage.place()
    with Queue(stage.queue.url, stage.queue.endpoint) as one, Queue(stage.queue.url, stage.queue.endpoint) as other:
        (message,) = one.receive(0)
        assert other.receive(0) == []
        one.release([message])
        (again,) = other.receive(0)
    assert (message.message_id, message.attempts, again.attempts) == (again.message_id, 1, 2)


def test_a_database_that_cannot_store_gives_the_messages_back(stage: Listening, monkeypatch: pytest.MonkeyPatch):
    number = stage.place()

    def full(*_: Any) -> None:
        raise OperationalError("INSERT", {}, Exception("disk full"))

    with monkeypatch.context() as broken:
        broken.setattr(notify, "_store", full)
        assert stage.run("notifications").state == "failed"
    assert (stage.queue.waiting(), stage.queue.hidden()) == (1, 0)
    stage.listen()
    assert stage.known(number)


def test_a_process_that_died_while_reading_is_made_up_for(stage: Listening, monkeypatch: pytest.MonkeyPatch):
    number = stage.place()

    def die(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as broken:
        broken.setattr(notify, "store_snapshots", die)
        with pytest.raises(KeyboardInterrupt):
            stage.run("notifications")
    assert [row.state for row in stage.rows()] == ["pending"]
    assert stage.listen() == {}  # whoever had it may still be at it
    stage.later(minutes=3)
    assert stage.listen() == {"read": 1, "added": 1}
    assert stage.known(number)


# Messages that are none


def test_messages_that_cannot_be_read_are_dead_letters_and_stop_nothing(stage: Listening):
    stage.queue.put("<xml/>")
    stage.queue.put({"NotificationType": "FEED_PROCESSING_FINISHED", "NotificationMetadata": {"NotificationId": "7"}})
    number = stage.place()
    assert stage.listen() == {"received": 3, "new": 1, "dead": 2, "read": 1, "added": 1}
    assert stage.known(number)
    assert (stage.queue.waiting(), stage.queue.hidden()) == (0, 0)
    dead = {row.notification_id: row.reason for row in stage.rows("dead")}
    assert dead.pop("7") == "MalformedNotification: not an ORDER_CHANGE"
    ((message_id, reason),) = dead.items()
    assert (message_id[:4], reason) == ("sqs:", "MalformedNotification: not JSON")
    check = {check.name: check for check in verify(stage.bridge.links, stage.store_id)}["notifications"]
    assert check.ok  # no order is lost: the sync finds it
    assert "the last one came 0 minutes ago" in check.message
    assert "2 of the last 15 days lead nowhere" in check.message
    assert "MalformedNotification: not an ORDER_CHANGE" in check.message
    assert stage.complaints() == [
        ("MalformedNotification", f"Notification {message_id}: not JSON"),
        ("MalformedNotification", "Notification 7: not an ORDER_CHANGE"),
    ]


def test_what_the_queue_itself_has_given_up_is_counted_by_verify(stage: Listening, monkeypatch: pytest.MonkeyPatch):
    def told() -> Check:
        stage.later(minutes=1)  # Amazon lets a seller ask five times at once
        return {check.name: check for check in verify(stage.bridge.links, stage.store_id)}["notifications"]

    assert "given up" not in told().message  # a queue without a dead-letter queue
    dead = LocalQueue(stage.queue.endpoint)
    policy = json.dumps({"deadLetterTargetArn": dead.arn, "maxReceiveCount": "3"})
    stage.queue.boto.set_queue_attributes(QueueUrl=stage.queue.url, Attributes={"RedrivePolicy": policy})
    assert "SQS has given up 0 messages" in told().message
    dead.put("a message that could not be stored")
    assert (told().ok, "SQS has given up 1 messages" in told().message) == (False, True)
    monkeypatch.setattr(Queue, "_url_of", lambda _self, _arn: "http://127.0.0.1:1/none")
    assert "cannot be read" in told().message  # the right to do so is none that the bridge needs
    dead.boto.close()


def test_fields_that_nobody_has_heard_of_and_fields_that_are_gone_do_no_harm(stage: Listening):
    number = stage.place()
    message = stage.message(OrderChangeType="MoonPhaseChange", NotificationLevel="GalaxyLevel", Extra=[1, {}])
    message["PayloadVersion"] = "9.9"
    del message["EventTime"], message["Payload"]["OrderChangeNotification"]["OrderChangeTrigger"]
    summary = message["Payload"]["OrderChangeNotification"]["Summary"]
    message["Payload"]["OrderChangeNotification"]["Summary"] = {"MarketplaceId": summary["MarketplaceId"]}
    stage.queue.put(message)
    stage.listen()
    assert stage.known(number)


def test_nothing_of_the_buyer_is_kept_of_a_message(stage: Listening):
    stage.paid_order()
    message = stage.message()
    assert "98109-5210" in json.dumps(message)
    broken = copy.deepcopy(message)
    del broken["Payload"]["OrderChangeNotification"]["SellerId"]
    stage.queue.put(broken)
    stage.queue.put(json.dumps(message)[:-3])
    stage.listen()
    kept = [str({c.name: getattr(row, c.name) for c in Notification.__table__.columns}) for row in stage.rows()]
    assert len(kept) == 2
    assert "98109" not in "".join(kept) + str(stage.complaints())


# Whose they are


def test_a_seller_that_we_do_not_know_is_a_dead_letter(stage: Listening):
    stage.place()
    stage.queue.put(stage.message(SellerId="A9STRANGER"))
    assert stage.listen() == {"received": 1, "dead": 1}
    assert [code for code, _ in stage.complaints()] == ["UnknownSeller"]
    assert stage.asked() == 0


def test_a_marketplace_that_is_not_connected_is_nobodys_fault(stage: Listening):
    stage.place(marketplace_id="A2EUQ1WTGCTBG2")
    assert stage.listen() == {"received": 1, "ignored": 1}
    assert stage.complaints() == []


def test_each_marketplaces_orders_go_to_its_own_store(stage: Listening):
    canada = stage.add_store("Mugs CA", "A2EUQ1WTGCTBG2")
    here, there = stage.place(), stage.place(marketplace_id="A2EUQ1WTGCTBG2")
    assert stage.listen()["added"] == 2
    assert (stage.order(here).store_id, stage.order(there).store_id) == (stage.store_id, canada)


def test_a_store_that_is_switched_off_waits_without_holding_up_anybody(stage: Listening):
    canada = stage.add_store("Mugs CA", "A2EUQ1WTGCTBG2")
    switch(stage, canada, active=False)
    here, there = stage.place(), stage.place(marketplace_id="A2EUQ1WTGCTBG2")
    assert stage.listen() == {"received": 2, "new": 2, "read": 1, "added": 1}
    assert stage.known(here)
    switch(stage, canada, active=True)
    assert stage.listen() == {"read": 1, "added": 1}
    assert stage.known(there)


def switch(stage: Stage, store_id: int, *, active: bool) -> None:
    with stage.bridge.db.session() as session:
        session.get_one(Store, store_id).active = active


# Amazon's answers


def test_a_spent_quota_is_waited_for_and_no_request_is_refused_by_amazon(stage: Listening):
    numbers = [stage.place() for _ in range(40)]
    first = stage.listen()
    assert (first["received"], first["read"]) == (40, 29)
    while stage.rows("pending"):
        before = stage.asked()
        stage.later(seconds=2)
        assert stage.listen()["read"] == 1
        assert stage.asked() == before + 1
    assert all(stage.known(number) for number in numbers)
    assert stage.amazon.throttled == {}
    assert {row.attempts for row in stage.rows()} == {1}
    assert stage.complaints() == []


def test_a_spent_quota_of_one_seller_does_not_hold_up_another_one(stage: Listening):
    other = second_seller(stage)
    with stage.bridge.db.session() as session:
        spent = QuotaBucket(
            account="A1SANDBOXSELLER:na", operation="getOrder", tokens=0, rate=0.5, updated_at=stage.world.now()
        )
        session.add(spent)
    mine, theirs = stage.place(), stage.place(seller_id="A2OTHER")
    assert stage.listen() == {"received": 2, "new": 2, "waiting": 1, "read": 1, "added": 1}
    assert (stage.known(mine), stage.order(theirs).store_id) == (False, other)


def second_seller(stage: Listening) -> int:
    """Another seller account, connected and subscribed to the same queue."""
    stage.amazon.add_seller(Seller("A2OTHER", CLIENT_ID, CLIENT_SECRET, "Atzr|other"))
    other = stage.add_store("Cups CA", "A2EUQ1WTGCTBG2")
    with stage.bridge.db.session() as session:
        row = session.get_one(Store, other)
        row.seller_id, row.marketplace_id = "A2OTHER", "ATVPDKIKX0DER"
        secret = stage.bridge.vault.open(f"store:{other}", row.secret.encrypted)
        changed = secret | {"amazon_refresh_token": "Atzr|other"}
        row.secret.encrypted = stage.bridge.vault.seal(f"store:{other}", changed)
    assert all(check.ok for check in verify(stage.bridge.links, other))
    return other


def test_an_order_that_amazon_does_not_know_yet_is_asked_for_again(stage: Listening):
    number = stage.place()
    nothing = json.dumps({"errors": [{"code": "NotFound", "message": "no such order"}]})
    stage.world.faults.add(Fault(GET, "answer", 404, nothing, "application/json", times=2))
    assert stage.listen() == {"received": 1, "new": 1, "put_off": 1}
    for _ in range(2):
        stage.later(seconds=30)
        stage.listen()
    assert stage.known(number)
    assert stage.complaints() == []


def test_an_order_that_amazon_never_knows_becomes_a_dead_letter(stage: Listening):
    stage.place()
    stage.queue.put(stage.message(AmazonOrderId="999-9999999-9999999"))
    stage.listen()
    for _ in range(6):
        stage.later(minutes=1)
        stage.listen()
    assert stage.asked() == notify.NOT_FOUND_TRIES
    (dead,) = stage.rows("dead")
    assert "404" in dead.reason
    assert [code for code, _ in stage.complaints()] == ["NotFound"]


def test_an_order_that_cannot_be_read_is_a_dead_letter_and_stops_nothing(stage: Listening):
    bad, good = stage.place(), stage.place()
    stage.amazon.orders[bad]["createdTime"] = "soon"
    counts = stage.listen()
    assert (counts["dead"], counts["added"]) == (1, 1)
    assert stage.known(good)
    assert [code for code, _ in stage.complaints()] == ["UnreadableOrder"]


def test_an_order_that_cannot_be_stored_is_a_dead_letter_and_stops_nothing(
    stage: Listening, monkeypatch: pytest.MonkeyPatch
):
    odd, good = stage.place(), stage.place()

    def choosy(session: Any, link: Any, snapshots: Any) -> Any:
        if snapshots[0].amazon_order_id == odd:
            raise DataError("INSERT", {}, Exception("value out of range"))
        return store_snapshots(session, link, snapshots)

    monkeypatch.setattr(notify, "store_snapshots", choosy)
    assert stage.listen() == {"received": 2, "new": 2, "dead": 1, "read": 1, "added": 1}
    assert (stage.known(odd), stage.known(good)) == (False, True)
    assert [(row.amazon_order_id, row.reason) for row in stage.rows("dead")] == [
        (odd, "It cannot be stored: DataError.")
    ]
    assert stage.complaints() == [("NotStorable", f"Order {odd} cannot be stored: DataError.")]


def test_an_order_of_another_channel_is_none_of_ours(stage: Listening):
    number = stage.place()
    stage.amazon.orders[number]["salesChannel"]["channelName"] = "NON_AMAZON"
    assert stage.listen() == {"received": 1, "new": 1, "ignored": 1}
    assert (stage.known(number), stage.complaints()) == (False, [])


def test_an_outage_is_waited_for_and_seen(stage: Listening):
    numbers = [stage.place() for _ in range(3)]
    stage.world.faults.add(Fault(GET, "answer", times=None))
    stage.listen()
    assert stage.asked() == 0  # the fault answers in place of the desk
    assert len(stage.complaints()) == 1  # after one failure the store is left alone for a while
    stage.later(seconds=10)
    assert stage.listen() == {}
    stage.world.faults.clear()
    stage.later(hours=2)
    stage.listen()
    assert all(stage.known(number) for number in numbers)


def test_one_order_that_amazon_stumbles_over_does_not_hold_up_the_others_for_long(stage: Listening):
    bad, good = stage.place(), stage.place()
    stage.world.faults.add(Fault(f"{GET}{bad}", "answer", times=None))
    for _ in range(3):
        stage.listen()
        stage.later(seconds=20)
    assert stage.known(good)
    assert not stage.known(bad)


def test_a_seller_who_has_withdrawn_is_not_asked_for_every_order(stage: Listening):
    for _ in range(5):
        stage.place()
    stage.amazon.sellers["A1SANDBOXSELLER"].refresh_token = "Atzr|changed"
    stage.amazon.expire_tokens()
    stage.bridge.links.close()
    assert stage.listen() == {"received": 5, "new": 5, "put_off": 1}
    assert stage.listen() == {}
    assert [code for code, _ in stage.complaints()] == ["invalid_grant"]


def test_credentials_that_cannot_be_opened_hold_up_only_their_store(stage: Listening):
    other = second_seller(stage)
    with stage.bridge.db.session() as session:
        session.get_one(Store, other).secret.encrypted = b"not ours"
        session.get_one(Store, other).secret.updated_at = stage.world.now() + timedelta(seconds=1)
    stage.place(seller_id="A2OTHER")
    mine = stage.place()
    counts = stage.listen()
    assert (counts["put_off"], counts["added"]) == (1, 1)
    assert stage.known(mine)


# The queue itself


def test_a_queue_that_is_not_there_fails_the_run_and_is_seen(stage: Listening):
    stage.queue.boto.delete_queue(QueueUrl=stage.queue.url)
    run = stage.run("notifications")
    assert run.state == "failed"
    assert "NonExistentQueue" in run.error
    ((code, _),) = stage.complaints()
    assert "NonExistentQueue" in code


def test_what_is_stored_is_read_though_the_queue_is_gone(stage: Listening):
    number = stage.place()
    with Queue(stage.queue.url, stage.queue.endpoint) as queue:
        notify.take_in(stage.bridge.db, queue, stage.world.now)
    stage.queue.boto.delete_queue(QueueUrl=stage.queue.url)
    assert stage.run("notifications").state == "failed"
    assert stage.known(number)


def test_a_server_that_does_not_answer_is_worth_another_try(queue: LocalQueue):
    with Queue(queue.url, "http://127.0.0.1:9") as nowhere, pytest.raises(RemoteError) as failure:
        nowhere.receive(0)
    assert (failure.value.verdict, failure.value.code) == (Verdict.RETRY, "QueueUnreachable")
    assert "127.0.0.1" not in str(failure.value)


@pytest.mark.parametrize("url", ["http://sqs.us-east-1.amazonaws.com/1/orders", "ftp://127.0.0.1/q", "queue"])
def test_a_queue_is_reached_by_https_or_on_this_machine(url):
    with pytest.raises(ConfigError):
        Queue(url)


def test_a_missing_boto3_is_said(monkeypatch: pytest.MonkeyPatch, queue: LocalQueue):
    monkeypatch.setitem(__import__("sys").modules, "boto3", None)
    with pytest.raises(ConfigError, match=r"\[sqs\]"):
        Queue(queue.url, queue.endpoint)


def test_it_listens_until_it_is_told_to_stop(stage: Listening):
    stopping = threading.Event()
    number = stage.place()

    class Stops(Queue):
        def receive(self, wait: int) -> Any:
            found = super().receive(0)
            if not found:
                stopping.set()
            return found

    with Stops(stage.queue.url, stage.queue.endpoint) as queue:
        done = notify.listen(
            stage.bridge.db, stage.bridge.links, queue, stage.world.now, seconds=3600, stopping=stopping
        )
    assert (done["received"], done["read"]) == (1, 1)
    assert stage.known(number)
    assert stage.listen() == {}


def test_while_an_order_waits_the_queue_is_not_listened_to_for_longer(stage: Listening):
    number = stage.place()
    stage.listen()
    stage.later(seconds=1)
    stage.amazon.verify_payment(number)
    waits: list[int] = []
    stopping = threading.Event()

    class Counts(Queue):
        def receive(self, wait: int) -> Any:
            waits.append(wait)
            if len(waits) == 3:
                stopping.set()
            return super().receive(0)

    with Counts(stage.queue.url, stage.queue.endpoint) as queue:
        notify.listen(stage.bridge.db, stage.bridge.links, queue, stage.world.now, seconds=3600, stopping=stopping)
    assert waits == [5, 4, 4]


def test_old_notifications_go_and_those_that_wait_stay(stage: Listening):
    stage.place()
    stage.listen()
    switch(stage, stage.store_id, active=False)
    stage.place()
    stage.listen()
    stage.later(days=14)
    assert stage.run("cleanup").result["notifications"] == 0
    stage.later(days=2)
    assert stage.run("cleanup").result["notifications"] == 1
    assert [row.state for row in stage.rows()] == ["pending"]
