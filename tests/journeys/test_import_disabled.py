"""Import disabled: view-only orders, which stay so until somebody imports them by hand."""

from __future__ import annotations

import pytest

from bridge.domain.states import ImportState
from bridge.errors import Conflict
from bridge.models import Order
from bridge.sync.orders import request_import
from tests.stage import Stage


def ask_for_import(stage: Stage, number: str) -> None:
    with stage.bridge.db.session() as session:
        request_import(session.get_one(Order, stage.order(number).id), stage.world.now())


def test_a_view_only_order_is_shown_but_not_created_and_stays_so_after_enabling(stage: Stage):
    stage.set(import_orders="disabled")
    number = stage.paid_order()
    stage.sync()
    order = stage.order(number)
    assert (order.status, order.import_state) == ("Unshipped", ImportState.VIEW_ONLY)
    assert len(order.lines) == 1
    assert order.grand_total_minor == 4868
    assert stage.commerce_orders(number) == []

    stage.set(import_orders="enabled")
    stage.sync()
    stage.sync()
    assert stage.order(number).import_state is ImportState.VIEW_ONLY
    assert stage.commerce_orders(number) == []

    ask_for_import(stage, number)
    stage.sync()
    assert stage.order(number).import_state is ImportState.IMPORTED
    assert len(stage.commerce_orders(number)) == 1


def test_its_amazon_status_is_followed_all_the_same(stage: Stage):
    stage.set(import_orders="disabled")
    number = stage.paid_order()
    stage.sync()
    stage.amazon.cancel(number)
    stage.sync()
    assert (stage.order(number).status, stage.order(number).import_state) == ("Canceled", ImportState.CANCELED)


def test_only_new_orders_are_imported_after_enabling_again(stage: Stage):
    stage.set(import_orders="disabled")
    old = stage.paid_order()
    stage.sync()
    stage.set(import_orders="enabled")
    new = stage.paid_order()
    stage.sync()
    assert stage.commerce_orders(old) == []
    assert len(stage.commerce_orders(new)) == 1


def test_what_cannot_be_imported_by_hand_says_why(stage: Stage):
    number = stage.place()
    stage.sync()
    with pytest.raises(Conflict, match="does not let") as refused:
        ask_for_import(stage, number)
    assert refused.value.code == "not_importable_yet"
    stage.amazon.verify_payment(number)
    stage.sync()
    with pytest.raises(Conflict) as refused:
        ask_for_import(stage, number)
    assert refused.value.code == "already_imported"
