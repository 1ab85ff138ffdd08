"""The shop's asynchronous operations: accepted at once, carried out a moment later by the shop's queue consumer.

Magento keeps them in bulks (magento-rest 1, magento-live 2). A record is a dict in Magento's field names. The consumer
is no process of its own here: what is due is carried out before the shop answers its next request.
"""

from __future__ import annotations

import hashlib
import json
from collections import deque
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from bridge.sandbox.commerce_errors import CommerceError, MaskedError
from bridge.sandbox.shop_state import Record

if TYPE_CHECKING:
    from bridge.sandbox.shop import Shop

# How long after its acceptance the recorded operation was carried out.
CONSUMER_DELAY: Final = timedelta(seconds=2)
# An operation's status; 2, which may be tried again, comes of a database's lock only, and 5 of a broken message.
COMPLETE: Final = 1
FAILED: Final = 3
OPEN: Final = 4
SAVE_ORDER: Final = "async.magento.sales.api.orderrepositoryinterface.save.post"
_DONE: Final = "Service execution success Magento\\Sales\\Model\\OrderRepository\\Interceptor::save"
_UNKNOWN: Final = "The sandbox has no database to tell what is wrong."
_INTEGRATION: Final = 1


class Bulks:
    """The bulks of one shop by uuid, and the orders that wait for the consumer."""

    def __init__(self, shop: Shop) -> None:
        self.shop = shop
        self.by_uuid: dict[str, Record] = {}
        self._waiting: deque[tuple[datetime, int, Record, Record]] = deque()

    def accept(self, view_id: int, orders: Iterable[tuple[int, Record, Any]]) -> Record:
        """A bulk of orders to save, each with its place in the request, typed and as sent; what the shop answers.

        view_id: the store view that was asked, as in OrderTable.save_entity.
        """
        uuid = str(UUID(int=self.shop.rng.getrandbits(128), version=4))
        due = self.shop.world.now() + CONSUMER_DELAY
        operations, accepted = [], []
        for place, entity, sent in orders:
            data = _text({"entity_id": None, "entity_link": "", "meta_information": _text(sent)})
            operation = {"id": place, "bulk_uuid": uuid, "topic_name": SAVE_ORDER, "serialized_data": data}
            operation |= {"result_serialized_data": None, "status": OPEN, "result_message": None, "error_code": None}
            operations.append(operation)
            self._waiting.append((due, view_id, operation, entity))
            digest = hashlib.sha256(data.encode()).hexdigest()
            accepted.append({"id": place, "data_hash": digest, "status": "accepted"})
        self.by_uuid[uuid] = {
            "operations_list": operations,
            "user_type": _INTEGRATION,
            "bulk_id": uuid,
            "description": f"Topic {SAVE_ORDER}",
            "start_time": self.shop.timestamp(),
            "user_id": 1,
            "operation_count": len(operations),
        }
        return {"bulk_uuid": uuid, "request_items": accepted, "errors": False}

    def consume(self) -> None:
        """Carry out what is due, oldest first."""
        while self._waiting and self._waiting[0][0] <= self.shop.world.now():
            _, view_id, operation, entity = self._waiting.popleft()
            self._carry_out(view_id, operation, entity)

    def _carry_out(self, view_id: int, operation: Record, entity: Record) -> None:
        try:
            saved = self.shop.table.save_entity(entity, view_id)
        except CommerceError as error:
            operation |= {"status": FAILED, "error_code": 0, "result_message": error.filled()}
        except MaskedError:
            # Nothing masks an error of the consumer: Magento would tell what its database or PHP says.
            operation |= {"status": FAILED, "error_code": 0, "result_message": _UNKNOWN}
        else:
            operation |= {"status": COMPLETE, "result_message": _DONE}
            operation |= {"serialized_data": None, "result_serialized_data": _text(saved)}


def _text(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"))
