"""What several nouns share: money, problems, pages."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, fields, validate

from bridge.api.blueprint import Input, Output
from bridge.api.codes import table
from bridge.api.fields import DecimalString, Enumerated

MOST = 10**15 - 1  # the largest id; JavaScript clients read numbers of fifteen digits exactly


def string(says: str, example: Any = None, **kwargs: Any) -> fields.String:
    """A required text of an answer."""
    return fields.String(metadata=_metadata(says, example), **({"required": True} | kwargs))


def integer(says: str, example: Any = None, **kwargs: Any) -> fields.Integer:
    """A required whole number of an answer."""
    return fields.Integer(metadata=_metadata(says, example), strict=True, **({"required": True} | kwargs))


def _metadata(says: str, example: Any) -> dict[str, Any]:
    return {"description": says} | ({} if example is None else {"examples": [example]})


class MoneySchema(Output):
    """An amount."""

    amount = DecimalString(
        required=True,
        metadata={"description": "Decimal number with the currency's own decimals.", "examples": ["12.30"]},
    )
    currency = string("ISO 4217 code.", "USD")


class ErrorSchema(Output):
    """One thing that is wrong with the request."""

    location = Enumerated(
        "RequestPart",
        ("body", "query", "header"),
        required=True,
        metadata={"description": "Where it stands.", "examples": ["query"]},
    )
    field = string("Path of the field, its parts joined by dots; null: the whole.", "total_min", allow_none=True)
    message = string("What is wrong with it.", "Must be a decimal number such as 12.30.")


class RemoteSchema(Output):
    """What Amazon or Commerce said."""

    system = Enumerated(
        "RemoteSystem",
        ("amazon", "commerce"),
        required=True,
        metadata={"description": "Who was called.", "examples": ["commerce"]},
    )
    operation = string("What was asked.", "POST /V1/orders")
    status = integer("Its HTTP status; null: no answer.", 503, allow_none=True)
    code = string("Its own error code, empty if it gave none.", "")
    request_id = string("Its own id of the request.", allow_none=True)


class ProblemSchema(Output):
    """Problem details (RFC 9457)."""

    type = string("Identifies the kind of problem.", "urn:problem-type:bridge:invalid_input")
    title = string("The HTTP status in words.", "Unprocessable Entity")
    status = integer("The HTTP status.", 422)
    detail = string("What is wrong, for a person.", "total_min: Must be a decimal number such as 12.30.")
    instance = string("The path that was asked for.", "/api/v1/orders")
    code = string(f"Stable word for programs; `http_` and a status that is not here, or:\n\n{table()}", "invalid_input")
    request_id = string("X-Request-Id of the answer, under which the bridge's log tells more.", "5f0c7e0f9f4e4a0e")
    errors = fields.List(fields.Nested(ErrorSchema), metadata={"description": "Each wrong field or parameter."})
    message = fields.String(metadata={"description": "Below /admin-ui: detail, where Commerce looks for it."})
    remote = fields.Nested(RemoteSchema, metadata={"description": "With a 502: what the other side said."})


class PageQuery(Input):
    """Which page of a list."""

    page = fields.Integer(
        load_default=1, validate=validate.Range(1, 1_000_000), metadata={"description": "Number of the page, from 1."}
    )
    page_size = fields.Integer(
        load_default=20, validate=validate.Range(1, 200), metadata={"description": "Entries of a page."}
    )


def page_of(item: type[Schema], name: str, **more: Any) -> type[Output]:
    """The envelope of a paged list of these, as a component of that name."""
    return type(
        name,
        (Output,),
        {
            "__doc__": f"One page of a list of {item.__name__.removesuffix('Schema')}.",
            "items": fields.List(fields.Nested(item), required=True, metadata={"description": "The page's entries."}),
            "total_count": integer("How many there are on all pages.", 1),
            "page": integer("The page's number; null where a cursor was followed.", 1, allow_none=True),
            "page_size": integer("Entries of a page at most.", 20),
            "total_pages": integer("How many pages there are.", 1),
            **more,
        },
    )


def list_of(item: type[Schema], name: str) -> type[Output]:
    """The envelope of a list that is never long."""
    return type(
        name,
        (Output,),
        {
            "__doc__": f"All of {item.__name__.removesuffix('Schema')}.",
            "items": fields.List(fields.Nested(item), required=True, metadata={"description": "All entries."}),
        },
    )
