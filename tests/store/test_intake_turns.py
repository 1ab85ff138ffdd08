"""Two processes that store versions of one store's orders take turns: neither adds what the other has just added."""

from __future__ import annotations

import threading
from collections.abc import Callable

from bridge import store
from bridge.db import Database
from bridge.models import Order
from tests.store.conftest import NOW


def test_whoever_stores_second_sees_what_the_first_has_stored(db: Database, store_id: int, put: Callable[..., Order]):
    number = put().amazon_order_id
    with db.session() as session:
        store.cursor(session, store_id, "amazon", NOW)
    seen: list[dict[str, object]] = []
    looked = threading.Event()

    def second() -> None:
        with db.session() as session:
            store.lock_intake(session, store_id)
            seen.append(dict(store.known_versions(session, store_id, ["111-0000000-0000000", number])))
            looked.set()

    other = threading.Thread(target=second)
    with db.session() as session:
        store.lock_intake(session, store_id)
        other.start()
        assert not looked.wait(0.3)  # it has to wait for its turn
        session.query(Order).filter_by(amazon_order_id=number).update({"amazon_order_id": "111-0000000-0000000"})
    other.join(10)
    assert [list(versions) for versions in seen] == [["111-0000000-0000000"]]
