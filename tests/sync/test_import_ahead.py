"""The shop is never kept waiting for our database, never asked more than it can take, and nothing is sent too late."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import event, func, select

from bridge import claims
from bridge.domain.states import ImportState
from bridge.models import Order
from bridge.runtime import Runtime, build
from bridge.sync import push
from bridge.sync.push import import_orders
from tests.sandbox_transport import SandboxTransport
from tests.stage import Stage, line

LIMIT = timedelta(seconds=120)
PATIENCE = 20  # real seconds; what is waited for takes milliseconds


class Door(httpx.BaseTransport):
    """Lets creations into the shop only while it is open, and knows how many were waiting there at once."""

    def __init__(self, inner: httpx.BaseTransport) -> None:
        self._inner = inner
        self._changed = threading.Condition()
        self._open = True
        self.waiting = self.most = 0

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        creates = request.method == "POST" and request.url.path.endswith("/V1/orders")
        with self._changed:
            self.waiting += creates
            self.most = max(self.most, self.waiting)
            self._changed.notify_all()
            assert self._changed.wait_for(lambda: self._open or not creates, PATIENCE)
        response = self._inner.handle_request(request)
        response.read()
        with self._changed:
            self.waiting -= creates
        return response

    def shut(self) -> None:
        self._open = False

    def open(self) -> None:
        with self._changed:
            self._open = True
            self._changed.notify_all()

    def wait_for(self, reached: Any) -> None:
        """Until it is so; looked at whenever something has changed."""
        with self._changed:
            assert self._changed.wait_for(reached, PATIENCE)

    def changed(self, *_: Any) -> None:
        with self._changed:
            self._changed.notify_all()


@pytest.fixture
def door(stage: Stage) -> Door:
    return Door(SandboxTransport(stage.app))


@pytest.fixture
def three(stage: Stage, door: Door) -> Iterator[Runtime]:
    """A bridge that has three requests under way at once, as in production."""
    runtime = build(stage.bridge.config, transports={"commerce": door}, now=stage.world.now, parallel=3)
    yield runtime
    runtime.close()


def ready(stage: Stage, count: int) -> list[str]:
    numbers = [stage.place(line()) for _ in range(count)]
    for number in numbers:
        stage.amazon.verify_payment(number)
    stage.sync("sync")
    return numbers


def test_while_the_shop_works_on_three_orders_the_next_ones_are_claimed(stage: Stage, three: Runtime, door: Door):
    ready(stage, 20)

    def claimed() -> int:
        with stage.bridge.db.reading() as session:
            return session.scalar(select(func.count()).where(Order.import_state == ImportState.IMPORTING)) or 0

    event.listen(three.db.engine.pool, "checkin", door.changed)  # after each commit
    door.shut()
    importing = threading.Thread(target=import_orders, args=(three.links.get(stage.store_id),))
    importing.start()
    door.wait_for(lambda: door.waiting == 3 and claimed() == 6)
    door.open()
    importing.join(PATIENCE)
    assert claimed() == 0
    assert (len(stage.shop.orders), door.most) == (20, 3)


def test_batch_after_batch_every_order_is_created_once(
    stage: Stage, three: Runtime, door: Door, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(push, "BATCH", 4)
    numbers = ready(stage, 30)
    assert import_orders(three.links.get(stage.store_id)) == {"created": 30}
    assert door.most <= 3
    for number in numbers:
        assert stage.order(number).commerce_order_id == stage.commerce_order(number)["entity_id"]


@pytest.mark.parametrize("parallel", [1, 3])
def test_a_defect_that_one_order_meets_stops_no_other_one(
    stage: Stage, three: Runtime, monkeypatch: pytest.MonkeyPatch, parallel: int
):
    monkeypatch.setattr(push, "BATCH", 2)
    odd, *others = ready(stage, 7)
    real = push.build_draft

    def build_draft(snapshot: Any, products: Any) -> Any:
        if snapshot.amazon_order_id == odd:
            raise ValueError("never seen before")
        return real(snapshot, products)

    monkeypatch.setattr(push, "build_draft", build_draft)
    bridge = three if parallel == 3 else stage.bridge
    with pytest.raises(ValueError, match="never seen before"):
        import_orders(bridge.links.get(stage.store_id))
    assert [len(stage.commerce_orders(number)) for number in others] == [1] * 6
    assert stage.commerce_orders(odd) == []
    monkeypatch.setattr(push, "build_draft", real)
    stage.wait(LIMIT)
    assert stage.sync("import")["import"].result == {"released": 1, "created": 1}


class Held:
    """Holds the process up between claim and request."""

    def __init__(self, stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
        self.stage = stage
        self.then: Any = lambda _order_id: None
        self.by = timedelta(0)
        real = push.body_of

        def body(link: Any, snapshot: Any, products: Any, customer_id: Any, order_id: Any) -> Any:
            stage.wait(self.by)
            self.then(order_id)
            return real(link, snapshot, products, customer_id, order_id)

        monkeypatch.setattr(push, "body_of", body)


@pytest.mark.parametrize("delay", [LIMIT * 0.9, LIMIT * 0.24])
def test_a_process_that_was_held_up_before_it_sends_is_not_taken_for_dead_while_the_shop_can_still_be_at_work(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, delay: timedelta
):
    (number,) = ready(stage, 1)
    held = Held(stage, monkeypatch)
    held.by = delay
    sent_at = []
    create_order = stage.bridge.links.get(stage.store_id).commerce.create_order

    def create(body: Any) -> Any:
        stage.wait(LIMIT * 0.99)  # the shop takes its time
        with stage.bridge.db.reading() as session:
            sent_at.append(claims.abandoned_ids(session, stage.store_id, stage.world.now(), 10))
        return create_order(body)

    monkeypatch.setattr(stage.bridge.links.get(stage.store_id).commerce, "create_order", create)
    assert stage.sync("import")["import"].result == {"created": 1}
    assert sent_at == [[]]  # nobody could take the order over meanwhile
    assert len(stage.commerce_orders(number)) == 1


def test_a_process_whose_order_was_taken_over_does_not_send_it(stage: Stage, monkeypatch: pytest.MonkeyPatch):
    (number,) = ready(stage, 1)
    held = Held(stage, monkeypatch)
    held.by = LIMIT * 1.4

    def take_over(order_id: int) -> None:
        now = stage.world.now()
        with stage.bridge.db.session() as session:
            assert claims.claim_abandoned(session, order_id, "other", now, now + LIMIT)

    held.then = take_over
    assert stage.sync("import")["import"].result == {"taken": 1}
    assert stage.commerce_orders(number) == []
    assert stage.order(number).claim == "other"
