"""What a merchant may ask of an order beyond its import: a cancellation, another address."""

from __future__ import annotations

from typing import Any

from marshmallow import ValidationError, fields, validate

from bridge.amazon.words import CANCEL_REASONS
from bridge.api.blueprint import Input
from bridge.api.fields import Enumerated


class CancelOrder(Input):
    """Why the merchant cancels."""

    reason = Enumerated(
        "CancelReason",
        CANCEL_REASONS,
        required=True,
        metadata={"description": "Amazon's word for the reason."},
    )


def _not_blank(text: str) -> None:
    if text and not text.strip():
        raise ValidationError("Must not be blank.")


def _part(says: str, example: str, *, most: int = 255, **kwargs: Any) -> fields.String:
    metadata = {"description": says, "examples": [example]}
    return fields.String(validate=[validate.Length(1, most), _not_blank], metadata=metadata, **kwargs)


class AddressChange(Input):
    """Where the parcel is to go; all of it, in place of the address that there is."""

    name = _part("Recipient.", "Jane Doe", required=True)
    lines = fields.List(
        _part("A line of the street.", "1 Main St"),
        required=True,
        validate=validate.Length(1, 3),
        metadata={"description": "Street, one to three lines.", "examples": [["1 Main St"]]},
    )
    city = _part("City.", "Seattle", required=True)
    region = _part("State or province, where the country has any.", "WA", load_default=None, allow_none=True)
    postcode = _part("Postcode, where the country has any.", "98101", most=40, load_default=None, allow_none=True)
    country = fields.String(
        required=True,
        validate=validate.Regexp("^[A-Z]{2}$", error="Must be an ISO 3166 code of two letters such as US."),
        metadata={"description": "ISO 3166 code.", "examples": ["US"]},
    )
    phone = _part("Phone number.", "+1 206 555 0100", most=40, load_default=None, allow_none=True)
