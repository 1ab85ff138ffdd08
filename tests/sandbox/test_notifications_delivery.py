"""The sandbox tells a seller's queue of changed orders, in Amazon's form, and as unreliably as it is asked to."""

from __future__ import annotations

import json
import pickle
from collections import Counter
from decimal import Decimal

import jsonschema
import pytest

from bridge.sandbox import create_sandbox
from bridge.sandbox.amounts import Line
from bridge.sandbox.marketplace import SELLER_ID
from bridge.sandbox.notifications import sqs_sender
from bridge.sandbox.world import SandboxClock, World
from tests.queues import LocalQueue, queue, sqs_server
from tests.sandbox.amazon_desk import NOON, TENT, contract

__all__ = ["queue", "sqs_server"]

ARN = "arn:aws:sqs:us-east-1:123456789012:orders"


class Post:
    """A seller's subscription, and the messages that were sent to its queue."""

    def __init__(self, arn: str = ARN, **subscription: object) -> None:
        self.world = World(clock=SandboxClock(NOON))
        self.amazon = self.world.marketplace
        self.notifications = self.amazon.notifications
        self.sent: list[tuple[str, dict]] = []
        self.notifications.send = lambda to, message: self.sent.append((to, json.loads(message)))
        destination = self.notifications.create_destination(
            {"name": "orders", "resourceSpecification": {"sqs": {"arn": arn}}}
        )
        wanted = {"payloadVersion": "1.0", "destinationId": destination["destinationId"], **subscription}
        self.notifications.create_subscription(SELLER_ID, "ORDER_CHANGE", wanted)

    def said(self) -> list[tuple[str, str]]:
        """(type of change, order status) of each message."""
        changes = [message["Payload"]["OrderChangeNotification"] for _, message in self.sent]
        return [(change["OrderChangeType"], change["Summary"]["OrderStatus"]) for change in changes]

    def numbers(self) -> list[str]:
        return [message["NotificationMetadata"]["NotificationId"] for _, message in self.sent]


def test_every_step_of_an_order_is_told_in_amazons_old_words():
    post = Post()
    order_id = post.amazon.place([TENT])
    post.amazon.verify_payment(order_id)
    post.amazon.request_cancel(order_id)
    post.amazon.cancel(order_id)
    post.amazon.place([TENT], status="PENDING_AVAILABILITY")
    fba = post.amazon.place([TENT], fulfilled_by="AMAZON")
    post.amazon.verify_payment(fba)
    post.amazon.ship_fba(fba)
    assert post.said() == [
        ("OrderStatusChange", "Pending"),
        ("OrderStatusChange", "Unshipped"),
        ("BuyerRequestedChange", "Unshipped"),
        ("OrderStatusChange", "Canceled"),
        ("OrderStatusChange", "PendingAvailability"),
        ("OrderStatusChange", "Pending"),
        ("OrderStatusChange", "Unshipped"),
        ("OrderStatusChange", "Shipped"),
    ]
    assert {to for to, _ in post.sent} == {ARN}
    assert len(set(post.numbers())) == 8


def test_every_message_is_as_amazons_schema_says():
    schema = contract("OrderChangeNotification.json")
    post = Post()
    order_id = post.amazon.place([TENT, Line(None, "Nameless", 2, Decimal("1.00"))], programs=["AMAZON_BUSINESS"])
    post.amazon.verify_payment(order_id)
    post.amazon.request_cancel(order_id)
    fba = post.amazon.place([TENT], fulfilled_by="AMAZON", status="PENDING_AVAILABILITY")
    post.amazon.verify_payment(fba)
    post.amazon.ship_fba(fba)
    checker = jsonschema.Draft7Validator(schema)
    for _, message in post.sent:
        assert not list(checker.iter_errors(message))
    summary = post.sent[2][1]["Payload"]["OrderChangeNotification"]["Summary"]
    assert (summary["FulfillmentType"], summary["OrderPrograms"]) == ("MFN", ["Business"])
    assert (summary["NumberOfItemsShipped"], summary["NumberOfItemsUnshipped"]) == (0, 3)
    assert all(item["IsBuyerRequestedCancel"] for item in summary["OrderItems"])
    shipped = post.sent[-1][1]["Payload"]["OrderChangeNotification"]["Summary"]
    assert (shipped["FulfillmentType"], shipped["OrderItems"][0]["OrderItemStatus"]) == ("AFN", "Shipped")


def test_who_has_not_subscribed_hears_nothing():
    post = Post()
    post.notifications.subscriptions.clear()
    post.amazon.place([TENT])
    assert post.sent == []


def test_a_filter_of_the_subscription_is_kept():
    event_filter = {"eventFilterType": "ORDER_CHANGE", "orderChangeTypes": ["BuyerRequestedChange"]}
    post = Post(processingDirective={"eventFilter": event_filter})
    order_id = post.amazon.place([TENT])
    post.amazon.verify_payment(order_id)
    post.amazon.request_cancel(order_id)
    assert post.said() == [("BuyerRequestedChange", "Unshipped")]


def test_new_orders_can_be_left_to_the_sweep():
    post = Post()
    post.notifications.announce_new = False
    order_id = post.amazon.place([TENT])
    assert post.sent == []
    post.amazon.verify_payment(order_id)
    assert post.said() == [("OrderStatusChange", "Unshipped")]


def test_a_share_of_the_messages_is_lost_doubled_and_late():
    post = Post()
    post.notifications.lose, post.notifications.duplicate, post.notifications.reorder = 0.25, 0.25, 0.25
    for _ in range(400):
        post.amazon.place([TENT])
    post.notifications.flush()
    counts = post.notifications.counts
    assert all(45 < counts[what] < 140 for what in ("lost", "duplicated", "reordered")), counts
    seen = Counter(post.numbers())
    assert len(seen) == 400 - counts["lost"]
    assert sum(times == 2 for times in seen.values()) == counts["duplicated"]
    assert counts["sent"] == len(post.sent)
    placed = list(post.amazon.orders)
    told = [message["Payload"]["OrderChangeNotification"]["AmazonOrderId"] for _, message in post.sent]
    assert told != sorted(told, key=placed.index)


def test_a_message_that_is_held_back_comes_after_the_next_one():
    post = Post()
    post.notifications.reorder = 1.0
    first = post.amazon.place([TENT])
    assert post.sent == []
    post.notifications.reorder = 0.0
    second = post.amazon.place([TENT])
    told = [message["Payload"]["OrderChangeNotification"]["AmazonOrderId"] for _, message in post.sent]
    assert told == [second, first]


def test_a_queue_that_takes_nothing_does_not_stop_the_orders():
    post = Post()

    def refuse(_to: str, _message: str) -> None:
        raise ConnectionError("no such queue")

    post.notifications.send = refuse
    order_id = post.amazon.place([TENT])
    assert post.amazon.status(order_id) == "PENDING"
    assert post.notifications.counts == {"refused": 1}


def test_a_kept_world_knows_its_subscriptions_and_sends_nothing_until_it_is_told_where():
    post = Post()
    post.notifications.send = lambda *_: None
    world = pickle.loads(pickle.dumps(post.world))
    assert world.marketplace.notifications.subscriptions == post.notifications.subscriptions
    world.marketplace.place([TENT])
    assert world.marketplace.notifications.counts == {}


def test_the_control_page_names_the_queues_server_and_the_message_arrives(queue: LocalQueue):
    post = Post(queue.arn)
    http = create_sandbox(post.world).test_client()
    answer = http.post("/sandbox/notifications", json={"endpoint": queue.endpoint, "duplicate": 1})
    assert (answer.status_code, answer.json["sending"]) == (200, True)
    order_id = post.amazon.place([TENT])
    messages = queue.take()
    assert [m["Payload"]["OrderChangeNotification"]["AmazonOrderId"] for m in messages] == [order_id, order_id]
    assert len({m["NotificationMetadata"]["NotificationId"] for m in messages}) == 1
    silent = http.post("/sandbox/notifications", json={"endpoint": None}).json
    assert silent == {"sending": False, "counts": {"sent": 2, "duplicated": 1}}
    post.amazon.place([TENT])
    assert queue.take() == []


def test_a_queue_that_does_not_exist_counts_as_refused(queue: LocalQueue):
    post = Post(queue.arn + "-not")
    post.notifications.send = sqs_sender(queue.endpoint)
    post.amazon.place([TENT])
    assert post.notifications.counts == {"refused": 1}


@pytest.mark.parametrize("elsewhere", ["https://sqs.us-east-1.amazonaws.com", "http://10.0.0.1:9000", "nonsense"])
def test_nothing_is_sent_to_another_machine(elsewhere):
    http = create_sandbox(World()).test_client()
    assert http.post("/sandbox/notifications", json={"endpoint": elsewhere}).status_code == 422
