"""The wire shapes of Adobe's Admin UI SDK, `commerce/backend-ui/2`; the names are Adobe's."""

from __future__ import annotations

from marshmallow import EXCLUDE, fields, validate

from bridge.api.blueprint import Input, Output
from bridge.api.fields import Enumerated
from bridge.api.schemas.common import integer, string

MOST_IDS = 300  # the admin's grid shows 200 orders at most


class _FromCommerce(Input):
    """What Commerce sends may gain fields; ours is to bear them."""

    class Meta:
        """marshmallow's options."""

        unknown = EXCLUDE

    request_id = fields.String(
        data_key="requestId",
        load_default="",
        validate=validate.Length(max=64),
        metadata={
            "description": "Commerce's id of the request.",
            "examples": ["6a1f0c1e-2f0a-4c55-9d0e-2b0f6f2f7f11"],
        },
    )


class _OfOrders(_FromCommerce):
    grid_type = Enumerated(
        "AdminUiGrid",
        ("order",),
        data_key="gridType",
        load_default="order",
        metadata={"description": "order: the only grid that there is anything to say of."},
    )


def _ids(data_key: str, says: str, example: str) -> fields.List:  # type: ignore[type-arg]
    return fields.List(
        fields.String(validate=validate.Length(1, 50), metadata={"examples": [example]}),
        data_key=data_key,
        load_default=list,
        validate=validate.Length(max=MOST_IDS),
        metadata={"description": says},
    )


class AdminUiGridRequest(_OfOrders):
    """For which orders of the admin's grid columns are asked."""

    ids = _ids("ids", "Numbers of Commerce orders (increment_id).", "000000042")


class AdminUiButtonRequest(_FromCommerce):
    """Which button was pressed, on which order."""

    button_id = fields.String(
        data_key="id",
        load_default="",
        validate=validate.Length(max=100),
        metadata={
            "description": "The button's id, as the app declares it; any will do.",
            "examples": ["amazon-order-bridge::send"],
        },
    )
    order_id = fields.Integer(
        data_key="orderId",
        required=True,
        validate=validate.Range(1, 2**53 - 1),
        metadata={"description": "The Commerce order's entity_id; a number, or one in a string."},
    )


class AdminUiMassRequest(_OfOrders):
    """Which orders an action is for."""

    selected_ids = _ids("selectedIds", "The Commerce orders' entity_ids.", "42")
    ids = _ids("ids", "What early releases of the SDK call selectedIds.", "42")


class AdminUiMessageSchema(Output):
    """What was done."""

    message = string("For a person.", "Amazon is told at once of what waits for 2 orders.")


class AdminUiOrderSchema(Output):
    """The Amazon order behind a Commerce order."""

    order_id = integer("The order's id here.", 42)
    store_id = integer("Its store.", 1)
    amazon_order_id = string("Amazon's number.", "114-3941689-8772232")
    status = string("What the order list shows.", "Unshipped")
