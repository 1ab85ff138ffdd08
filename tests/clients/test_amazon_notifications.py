"""Having notifications sent to our queue, and taking from a message what can be trusted."""

from __future__ import annotations

import copy
import json
from typing import Any

import httpx
import pytest

from bridge.amazon.notifications import OrderChange, Unreadable, read_order_change
from bridge.errors import RemoteError, Verdict
from tests.clients.amazon_fixtures import Desk, client_that_gets, contract

ARN = "arn:aws:sqs:us-east-1:123456789012:orders"
GRANTLESS = ("createDestination", "getDestinations")


@pytest.fixture
def desk() -> Desk:
    return Desk()


def logins(desk: Desk) -> list[str]:
    """What each login asked for."""
    sent = [dict(httpx.QueryParams(r.content.decode())) for r in desk.sent if r.url.path.endswith("/token")]
    return [form.get("scope", form["grant_type"]) for form in sent]


# Setting up


def test_a_queue_becomes_a_destination_and_the_seller_is_subscribed(desk):
    said = desk.client.notifications.ensure(ARN)
    assert said == "Changes of orders are sent to our queue from now on."
    (destination,) = desk.amazon.notifications.destinations.values()
    assert destination["resource"]["sqs"]["arn"] == ARN
    subscription = desk.amazon.notifications.subscription("A1SANDBOXSELLER", "ORDER_CHANGE")
    assert subscription["destinationId"] == destination["destinationId"]
    assert subscription["payloadVersion"] == "1.0"
    assert "processingDirective" not in subscription  # half a one is refused, a whole one would want everything


def test_what_is_set_up_already_is_found_and_not_doubled(desk):
    desk.client.notifications.ensure(ARN)
    assert desk.client.notifications.ensure(ARN) == "Changes of orders are sent to our queue."
    assert (desk.asked("createDestination"), desk.asked("createSubscription")) == (1, 1)


def test_a_destination_that_is_there_is_used(desk):
    held = desk.amazon.notifications.create_destination({"name": "x", "resourceSpecification": {"sqs": {"arn": ARN}}})
    desk.client.notifications.ensure(ARN)
    assert desk.client.notifications.subscribed_to() == held["destinationId"]
    assert desk.asked("createDestination") == 0


def test_destinations_are_the_applications_and_subscriptions_the_sellers(desk):
    desk.client.notifications.ensure(ARN)
    assert sorted(logins(desk)) == ["refresh_token", "sellingpartnerapi::notifications"]
    forms = [r.content.decode() for r in desk.sent if r.url.path.endswith("/token")]
    assert ["refresh_token=" in form for form in forms if "scope=" in form] == [False]


def test_an_expired_token_of_either_kind_is_renewed_once(desk):
    desk.client.notifications.ensure(ARN)
    desk.amazon.expire_tokens()
    desk.client.notifications.ensure(ARN)
    assert sorted(logins(desk)) == ["refresh_token"] * 2 + ["sellingpartnerapi::notifications"] * 2


def test_a_subscription_to_another_queue_is_left_alone(desk):
    desk.client.notifications.ensure(ARN)
    with pytest.raises(RemoteError, match="another queue") as failure:
        desk.client.notifications.ensure(f"{ARN}-staging")
    assert (failure.value.verdict, failure.value.code) == (Verdict.PERMANENT, "NotSubscribed")
    (destination,) = desk.amazon.notifications.destinations.values()
    assert destination["resource"]["sqs"]["arn"] == ARN


def test_a_look_alone_changes_nothing(desk):
    with pytest.raises(RemoteError, match="sent nowhere"):
        desk.client.notifications.ensure(ARN, create=False)
    assert desk.amazon.notifications.destinations == {}
    assert desk.amazon.notifications.subscriptions == {}


def test_when_another_process_is_first_its_subscription_is_taken(desk):
    original = desk.client.notifications.subscribe
    notifications = desk.client.notifications
    held = notifications.create_destination(ARN)

    def late(destination_id: str) -> None:
        original(held)
        original(destination_id)

    notifications.subscribe = late
    assert notifications.ensure(ARN) == "Changes of orders are sent to our queue."


def test_other_refusals_are_told(desk):
    with pytest.raises(RemoteError) as failure:
        desk.client.notifications.ensure("arn:aws:sqs:nowhere")
    assert (failure.value.operation, failure.value.status) == ("createDestination", 400)


def test_the_quota_of_each_operation_is_kept(desk):
    for _ in range(4):
        desk.client.notifications.destinations()
    with pytest.raises(RemoteError) as failure:
        desk.client.notifications.destinations()
    assert failure.value.code == "QuotaWait"
    assert desk.amazon.throttled == {}


def test_event_bridges_are_no_queues():
    bus = {"name": "bus", "destinationId": "1", "resource": {"eventBridge": {"name": "a", "region": "us-east-1"}}}
    queue = {"name": "queue", "destinationId": "2", "resource": {"sqs": {"arn": ARN}}}
    client = client_that_gets(httpx.Response(200, json={"payload": [bus, queue]}))
    assert client.notifications.destinations() == {"2": ARN}


@pytest.mark.parametrize(
    "body", ["[]", "{}", '{"payload": null}', '{"payload": [1]}', '{"payload": [{"destinationId": 1}]}', "<html>"]
)
def test_an_answer_that_is_none_is_not_taken_for_no_destination(body):
    client = client_that_gets(httpx.Response(200, text=body))
    with pytest.raises(RemoteError, match="not what Amazon is known to send"):
        client.notifications.destinations()
    with pytest.raises(RemoteError):
        client.notifications.subscribed_to()


def test_no_subscription_is_a_404_and_nothing_else():
    error = {"errors": [{"code": "InternalFailure", "message": "no"}]}
    client = client_that_gets(lambda _: httpx.Response(503, json=error))
    with pytest.raises(RemoteError):
        client.notifications.subscribed_to()
    assert client_that_gets(lambda _: httpx.Response(404, json=error)).notifications.subscribed_to() is None


# Reading a message


def message() -> dict[str, Any]:
    return {
        "NotificationVersion": "1.0",
        "NotificationType": "ORDER_CHANGE",
        "PayloadVersion": "1.0",
        "EventTime": "2026-11-02T09:00:00.000Z",
        "Payload": {
            "OrderChangeNotification": {
                "SellerId": "A3TH9S8BH6GOGM",
                "AmazonOrderId": "903-8868176-2219830",
                "OrderChangeType": "OrderStatusChange",
                "Summary": {"MarketplaceId": "ATVPDKIKX0DER", "OrderStatus": "Unshipped"},
            }
        },
        "NotificationMetadata": {"NotificationId": "d0e9e693-c3ad-4373-979f-ed4ec98dd746"},
    }


def test_amazons_own_example_is_read():
    (example,) = contract("OrderChangeNotification.json")["examples"]
    assert read_order_change(json.dumps(example)) == OrderChange(
        "d0e9e693-c3ad-4373-979f-ed4ec98dd746", "A3TH9S8BH6GOGM", "ATVPDKIKX0DER", "903-8868176-2219830"
    )


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("", "not JSON"),
        ("<xml/>", "not JSON"),
        ("[" * 200_000, "not JSON"),
        ("[]", "not the objects"),
        ('"text"', "not the objects"),
        ("null", "not the objects"),
        ("{}", "NotificationType is missing"),
        ('{"NotificationType": "FEED_PROCESSING_FINISHED"}', "not an ORDER_CHANGE"),
        ('{"NotificationType": "ORDER_CHANGE"}', "Payload is missing"),
        ('{"NotificationType": "ORDER_CHANGE", "Payload": {}}', "OrderChangeNotification is missing"),
        ('{"NotificationType": "ORDER_CHANGE", "Payload": []}', "not the objects"),
    ],
)
def test_what_is_no_notification_is_said_without_repeating_it(body, reason):
    with pytest.raises(Unreadable, match=reason) as failure:
        read_order_change(body)
    assert failure.value.notification_id is None


def at(whole: dict[str, Any], name: str) -> dict[str, Any]:
    """The object that holds the field."""
    change = whole["Payload"]["OrderChangeNotification"]
    holders = {"MarketplaceId": change["Summary"], "NotificationId": whole["NotificationMetadata"]}
    return holders.get(name, change)


@pytest.mark.parametrize("name", ["SellerId", "AmazonOrderId", "MarketplaceId", "NotificationId"])
@pytest.mark.parametrize("wrong", [None, 7, True, "", "x" * 129, "a\x00b", "../orders", "a b", "ab\n", {"a": 1}, []])
def test_an_id_that_is_none_is_never_taken(name, wrong):
    whole = message()
    at(whole, name)[name] = wrong
    with pytest.raises(Unreadable) as failure:
        read_order_change(json.dumps(whole))
    assert str(failure.value) == f"{name} is no id"
    known = None if name == "NotificationId" else "d0e9e693-c3ad-4373-979f-ed4ec98dd746"
    assert failure.value.notification_id == known


@pytest.mark.parametrize("name", ["SellerId", "AmazonOrderId", "MarketplaceId", "NotificationId"])
def test_a_field_that_is_needed_and_gone_is_named(name):
    whole = message()
    del at(whole, name)[name]
    with pytest.raises(Unreadable, match=f"{name} is missing"):
        read_order_change(json.dumps(whole))


def test_everything_else_may_be_gone_odd_or_new():
    whole = message()
    expected = read_order_change(json.dumps(whole))
    odd = copy.deepcopy(whole)
    for name in ("NotificationVersion", "PayloadVersion", "EventTime"):
        del odd[name]
    change = odd["Payload"]["OrderChangeNotification"]
    change["OrderChangeType"] = "MoonPhaseChange"
    change["Summary"] = {"MarketplaceId": "ATVPDKIKX0DER", "OrderStatus": None, "OrderItems": "many"}
    change["Surprise"] = [{}]
    assert read_order_change(json.dumps(odd)) == expected
