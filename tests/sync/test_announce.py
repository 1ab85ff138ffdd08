"""Webhooks out: what endpoints are told of an order's life, when, how often, and what they are never told."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from itertools import pairwise

import pytest
from sqlalchemy import func, select, text
from standardwebhooks import WebhookVerificationError

from bridge import webhooks
from bridge.domain.webhooks import EventType
from bridge.ledger import AuditEvent, WebhookDelivery, WebhookEndpoint, WebhookEvent
from bridge.models import GlobalSettingsRow, OrderEvent
from bridge.sync import announce
from tests.receivers import Receiver, receiving
from tests.stage import Stage, line

Subscribe = Callable[..., tuple[int, str]]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


@pytest.fixture
def subscribe(stage: Stage, receiver: Receiver) -> Subscribe:
    """Adds an endpoint; its id and secret."""

    def subscribe(*events: str, store_id: int | None = None, url: str | None = None) -> tuple[int, str]:
        values = {"events": events or list(EventType), "store_id": store_id, "description": ""}
        row, secret = webhooks.add_endpoint(stage.bridge, values | {"url": url or receiver.url})
        return row.id, secret

    return subscribe


def tell(stage: Stage) -> dict[str, int]:
    run = stage.job("webhooks")
    assert run.state == "succeeded", run.error
    result: dict[str, int] = run.result
    return result


def told(receiver: Receiver) -> list[str]:
    return [json.loads(message.body)["type"] for message in receiver.messages]


def endpoint(stage: Stage, endpoint_id: int) -> WebhookEndpoint:
    with stage.bridge.db.reading() as session:
        return session.get_one(WebhookEndpoint, endpoint_id)


def deliveries(stage: Stage) -> list[WebhookDelivery]:
    with stage.bridge.db.reading() as session:
        return list(session.scalars(select(WebhookDelivery).order_by(WebhookDelivery.id)))


def test_an_orders_life_is_told_step_by_step(stage: Stage, receiver: Receiver, subscribe: Subscribe):
    _, secret = subscribe()
    number = stage.paid_order()
    stage.sync("sync", "import")
    assert tell(stage) == {"events": 1, "delivered": 1}
    message = receiver.verified(secret)
    assert message["type"] == "order.imported"
    order = message["data"]["order"]
    assert (order["amazon_order_id"], order["status"], order["import_state"]) == (number, "Unshipped", "imported")
    assert order["commerce_order"]["number"] == stage.commerce_order(number)["increment_id"]
    headers = receiver.messages[-1].headers
    assert headers["webhook-id"] == message["id"]
    assert int(headers["webhook-timestamp"]) == int(stage.world.now().timestamp())

    stage.shop.ship(stage.commerce_order(number)["entity_id"], tracks=[("ups", "UPS", "1Z1")])
    for _ in range(4):
        stage.sync()
    tell(stage)
    assert told(receiver) == ["order.imported", "order.shipped", "order.completed"]
    versions = [receiver.verified(secret, n)["version"] for n in range(3)]
    assert versions == sorted(set(versions))
    assert tell(stage) == {}


def test_a_cancellation_is_told_once(stage: Stage, receiver: Receiver, subscribe: Subscribe):
    subscribe()
    early, late = stage.place(), stage.paid_order()
    stage.sync("sync", "import")
    for number in (early, late):
        stage.amazon.cancel(number)
    for _ in range(3):
        stage.sync()
    tell(stage)
    ids = {json.loads(m.body)["data"]["order"]["amazon_order_id"] for m in receiver.messages}
    assert sorted(told(receiver)) == ["order.canceled", "order.canceled", "order.imported"]
    assert ids == {early, late}


def test_a_blocked_order_is_told_once_and_again_when_other_things_block_it(
    stage: Stage, receiver: Receiver, subscribe: Subscribe
):
    _, secret = subscribe("order.blocked")
    stage.paid_order(line("GREEN-MUG"))
    for _ in range(3):
        stage.sync("sync", "import")
        tell(stage)
    assert told(receiver) == ["order.blocked"]
    (blocker,) = receiver.verified(secret)["data"]["order"]["blockers"]
    assert blocker["code"] == "product_not_found"
    stage.shop.add_product("GREEN-MUG", "Green mug", qty=0, price=19.99)
    stage.sync("import")
    tell(stage)
    assert [receiver.verified(secret, n)["data"]["order"]["blockers"][0]["code"] for n in (0, 1)] == [
        "product_not_found", "out_of_stock",
    ]  # fmt: skip


def test_no_message_tells_who_the_buyer_is(stage: Stage, receiver: Receiver, subscribe: Subscribe):
    subscribe()
    number = stage.paid_order()
    stage.sync("sync", "import")
    tell(stage)
    personal = stage.order(number).personal
    hidden = [personal.buyer_name, personal.buyer_email, *personal.address["lines"], personal.address["name"]]
    (message,) = receiver.messages
    with stage.bridge.db.reading() as session:
        kept = str(session.execute(text("SELECT payload FROM webhook_events")).scalar_one())
    for value in filter(None, hidden):
        assert value not in message.body.decode()
        assert value not in kept


def test_the_event_is_in_the_commit_that_makes_it_true(stage: Stage):
    number = stage.paid_order()
    stage.sync("sync")
    with stage.bridge.db.session() as session:
        order = session.merge(stage.order(number))
        order.announce(EventType.IMPORTED, stage.world.now())
        session.flush()
        session.rollback()
    with stage.bridge.db.reading() as session:
        assert session.scalar(select(func.count()).select_from(WebhookEvent)) == 0
    stage.sync("import")
    with stage.bridge.db.reading() as session:
        (event,) = session.scalars(select(WebhookEvent)).all()
        done = session.scalars(select(OrderEvent).where(OrderEvent.new == "imported")).one()
        assert (event.type, event.order_id, event.at) == ("order.imported", done.order_id, done.at)


def test_an_endpoint_is_told_of_its_store_and_its_events_only(stage: Stage, subscribe: Subscribe, receiver: Receiver):
    other = stage.add_store("Mugs Mexico", "A1AM78C64UM0Y8")
    with receiving() as elsewhere, receiving() as silent:
        subscribe(store_id=other, url=elsewhere.url)
        subscribe("order.shipped", url=silent.url)
        subscribe(store_id=stage.store_id)
        stage.paid_order()
        stage.sync("sync", "import")
        tell(stage)
        assert (told(receiver), told(elsewhere), told(silent)) == (["order.imported"], [], [])


def test_what_happened_before_an_endpoint_was_added_is_not_for_it(
    stage: Stage, receiver: Receiver, subscribe: Subscribe
):
    stage.paid_order()
    stage.sync("sync", "import")
    stage.wait()
    subscribe()
    assert tell(stage) == {}
    assert receiver.messages == []


def test_without_an_endpoint_nothing_is_kept(stage: Stage):
    stage.paid_order()
    stage.sync("sync", "import")
    assert tell(stage) == {}
    with stage.bridge.db.reading() as session:
        assert session.scalar(select(func.count()).select_from(WebhookEvent)) == 0


def test_read_only_mode_tells_nobody_and_loses_nothing(stage: Stage, receiver: Receiver, subscribe: Subscribe):
    subscribe()
    stage.paid_order()
    stage.sync("sync", "import")
    for read_only, expected in ((True, []), (False, ["order.imported"])):
        with stage.bridge.db.session() as session:
            session.get_one(GlobalSettingsRow, 1).read_only_mode = read_only
        tell(stage)
        assert told(receiver) == expected


def test_a_message_that_is_not_taken_is_sent_again_with_growing_pauses(
    stage: Stage, receiver: Receiver, subscribe: Subscribe
):
    endpoint_id, secret = subscribe()
    receiver.statuses = [500, 500, 500, 204]
    stage.paid_order()
    stage.sync("sync", "import")
    assert tell(stage) == {"events": 1, "failed": 1}
    assert tell(stage) == {}, "not before its time"
    assert endpoint(stage, endpoint_id).failing_since == stage.world.now()
    pauses = []
    while len(receiver.messages) < 4:
        stage.wait(timedelta(seconds=1))
        if tell(stage):
            pauses.append(deliveries(stage)[0].tries[-1])
    (row,) = deliveries(stage)
    assert (row.state, row.attempts, row.last_status) == ("delivered", 4, 204)
    assert [tried["status"] for tried in row.tries] == [500, 500, 500, 204]
    times = [datetime.fromisoformat(tried["at"]) for tried in row.tries]
    waited = [(b - a).total_seconds() for a, b in pairwise(times)]
    assert 8 <= waited[0] <= 13
    assert 24 <= waited[1] <= 37
    assert 72 <= waited[2] <= 109
    bodies = {message.body for message in receiver.messages}
    assert len(bodies) == 1
    assert len({message.headers["webhook-id"] for message in receiver.messages}) == 1
    assert receiver.verified(secret)["type"] == "order.imported"
    assert endpoint(stage, endpoint_id).failing_since is None


def test_a_receiver_may_say_when_to_come_back(stage: Stage, receiver: Receiver, subscribe: Subscribe):
    subscribe()
    receiver.statuses, receiver.answer = [429], {"Retry-After": "3600"}
    stage.paid_order()
    stage.sync("sync", "import")
    tell(stage)
    assert deliveries(stage)[0].due_at == stage.world.now() + timedelta(hours=1)


def test_an_endpoint_that_fails_for_days_is_switched_off_with_a_reason(
    stage: Stage, receiver: Receiver, subscribe: Subscribe
):
    endpoint_id, _ = subscribe()
    receiver.statuses = [500]
    stage.paid_order()
    stage.sync("sync", "import")
    began = stage.world.now()
    while endpoint(stage, endpoint_id).active:
        assert stage.world.now() - began < timedelta(days=6)
        tell(stage)
        stage.wait(timedelta(hours=3))
    row = endpoint(stage, endpoint_id)
    assert "has failed. The endpoint answered 500." in (row.disabled_reason or "")
    assert stage.world.now() - began >= timedelta(days=5)
    (delivery,) = deliveries(stage)
    assert delivery.state == "failed"
    assert len(delivery.tries) == announce.TRIES_KEPT
    with stage.bridge.db.reading() as session:
        event = session.scalars(select(AuditEvent).order_by(AuditEvent.id.desc())).first()
        assert event is not None
        assert (event.actor_kind, event.actor, event.action) == ("job", "webhooks", "webhook.disabled")
    sent = len(receiver.messages)
    stage.paid_order()
    stage.sync("sync", "import")
    assert tell(stage) == {}
    assert len(receiver.messages) == sent

    receiver.statuses = [204]
    webhooks.change_endpoint(stage.bridge, endpoint_id, None, {"active": True})
    webhooks.redeliver(stage.bridge, endpoint_id, delivery.id, None)
    assert tell(stage) == {"delivered": 1}
    assert endpoint(stage, endpoint_id).disabled_reason is None


def test_an_endpoint_that_is_gone_is_switched_off_at_once(stage: Stage, receiver: Receiver, subscribe: Subscribe):
    endpoint_id, _ = subscribe()
    receiver.statuses = [410]
    stage.paid_order()
    stage.sync("sync", "import")
    tell(stage)
    row = endpoint(stage, endpoint_id)
    assert (row.active, row.disabled_reason) == (False, "The endpoint answered 410: it is gone for good.")


def test_a_failing_endpoint_holds_up_no_other_and_is_left_alone_for_the_rest_of_the_run(
    stage: Stage, receiver: Receiver, subscribe: Subscribe
):
    with receiving() as broken:
        broken.statuses = [500]
        subscribe(url=broken.url)
        subscribe()
        for _ in range(5):
            stage.paid_order()
        stage.sync("sync", "import")
        assert tell(stage) == {"events": 5, "failed": announce.PATIENCE, "delivered": 5}
        assert len(broken.messages) == announce.PATIENCE


def test_after_a_rotation_both_secrets_verify_and_later_the_new_one_only(
    stage: Stage, receiver: Receiver, subscribe: Subscribe
):
    endpoint_id, old = subscribe()
    _, new = webhooks.rotate_secret(stage.bridge, endpoint_id, None, timedelta(hours=24))
    webhooks.send_test(stage.bridge, endpoint_id, None)
    tell(stage)
    assert receiver.verified(old)["type"] == receiver.verified(new)["type"] == "webhook.test"
    stage.wait(timedelta(hours=25))
    webhooks.send_test(stage.bridge, endpoint_id, None)
    tell(stage)
    assert receiver.verified(new)["data"] == {"order": None}
    with pytest.raises(WebhookVerificationError):
        receiver.verified(old)


def test_a_run_that_died_between_claim_and_answer_is_made_up_for(
    stage: Stage, receiver: Receiver, subscribe: Subscribe, monkeypatch: pytest.MonkeyPatch
):
    subscribe()
    stage.paid_order()
    stage.sync("sync", "import")
    with monkeypatch.context() as patched:
        patched.setattr(announce.Announcer, "_record", lambda *_args: None)  # sent, and not written down
        tell(stage)
    assert tell(stage) == {}
    stage.wait(announce.CLAIM)
    assert tell(stage) == {"delivered": 1}
    first, second = receiver.messages
    assert first.headers["webhook-id"] == second.headers["webhook-id"]


def test_a_delivery_is_claimed_by_one_of_two(stage: Stage, subscribe: Subscribe, receiver: Receiver):
    endpoint_id, _ = subscribe()
    webhooks.send_test(stage.bridge, endpoint_id, None)
    bridge = stage.bridge
    both = [
        announce.Announcer(bridge.db, bridge.vault, bridge.links.receivers(), bridge.now, bridge.stopping)
        for _ in range(2)
    ]
    claimed = [each._claim_next(endpoint_id) for each in both]
    assert [each is None for each in claimed] == [False, True]


def test_a_deleted_endpoint_is_sent_nothing_more(stage: Stage, receiver: Receiver, subscribe: Subscribe):
    endpoint_id, _ = subscribe()
    webhooks.send_test(stage.bridge, endpoint_id, None)
    with stage.bridge.db.session() as session:
        webhooks.delete_endpoint(session, endpoint_id, None)
    assert tell(stage) == {}
    assert receiver.messages == []


def test_what_was_told_is_forgotten_after_a_month_and_what_waits_is_not(
    stage: Stage, receiver: Receiver, subscribe: Subscribe
):
    endpoint_id, _ = subscribe()
    for _ in range(2):
        webhooks.send_test(stage.bridge, endpoint_id, None)
    receiver.statuses = [204, 500]
    tell(stage)
    stage.wait(timedelta(days=31))
    run = stage.job("cleanup")
    assert run.result["webhook_events"] == 1
    assert [row.state for row in deliveries(stage)] == ["pending"]
