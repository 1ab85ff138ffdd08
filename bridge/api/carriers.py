"""Which carriers Amazon is told for those of the shop."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from flask import Response
from sqlalchemy.orm import Session

from bridge import store as records
from bridge.api.blueprint import reply, runtime
from bridge.api.schemas import carriers as shapes
from bridge.api.stores import blp
from bridge.keys import Scope
from bridge.sync.carriers import Mapped, carrier_map, replace_carrier_map, unmapped_carriers

__all__ = ["blp"]  # with the routes below on it


@blp.operation(
    "GET",
    "/stores/<id:store_id>/carrier-map",
    "getCarrierMap",
    scope=Scope.ORDERS_READ,
    answer=shapes.CarrierMapSchema,
)
def get_carrier_map(store_id: int) -> Response:
    """Show which carriers Amazon is told for those of the shop"""
    with runtime().db.reading() as session:
        records.get_store(session, store_id)
        return reply(_shown(session, store_id))


@blp.operation(
    "PUT",
    "/stores/<id:store_id>/carrier-map",
    "saveCarrierMap",
    scope=Scope.SETTINGS_WRITE,
    body=shapes.CarrierMapChange,
    answer=shapes.CarrierMapSchema,
)
def save_carrier_map(values: dict[str, Any], store_id: int) -> Response:
    """Save a store's carrier map

    It stands in place of the one before and holds for shipments that are confirmed from now on.
    """
    with runtime().db.session() as session:
        records.get_store(session, store_id)
        replace_carrier_map(session, store_id, [Mapped(**item) for item in values["items"]])
        session.flush()
        return reply(_shown(session, store_id))


def _shown(session: Session, store_id: int) -> dict[str, Any]:
    return {
        "items": [asdict(mapping) for mapping in carrier_map(session, store_id)],
        "unmapped": [asdict(carrier) for carrier in unmapped_carriers(session, store_id)],
    }
