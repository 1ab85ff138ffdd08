"""Which carriers Amazon is told for those of the shop."""

from __future__ import annotations

from typing import Any, ClassVar

from marshmallow import ValidationError, fields, validate

from bridge.api.blueprint import Input, Output
from bridge.api.schemas.common import string
from bridge.domain.commerce import plain

_LONGEST = 128  # characters, as it is kept


class CarrierMappingSchema(Output):
    """What a carrier of the shop is to Amazon."""

    commerce_carrier = string("The shop's carrier code or title, without case and accents.", "hauspost")
    carrier_code = string("Amazon's carrier code.", "DHL")
    carrier_name = string('The carrier\'s name; with the code "Other" only.', allow_none=True)


class UnmappedCarrierSchema(Output):
    """A carrier that shipments named and that Amazon is told as "Other"."""

    carrier_code = string("The shop's carrier code.", "custom")
    title = string("The shop's title of it.", "Fed Exx Ground")
    suggestion = string("Amazon's code that is spelt most like it.", "FedEx", allow_none=True)


class CarrierMapSchema(Output):
    """A store's carrier map, and what it does not cover."""

    items = fields.List(
        fields.Nested(CarrierMappingSchema), required=True, metadata={"description": "The map, by the shop's carrier."}
    )
    unmapped = fields.List(
        fields.Nested(UnmappedCarrierSchema),
        required=True,
        metadata={"description": "Carriers of the newest shipments that neither the map nor Amazon's own list knows."},
    )


def _fits_as_kept(text: str) -> None:
    if len(plain(text)) > _LONGEST:
        raise ValidationError("Is too long.")


class CarrierMappingChange(Input):
    """What a carrier of the shop is to be to Amazon."""

    commerce_carrier = fields.String(
        required=True,
        validate=[validate.Length(1, _LONGEST), _fits_as_kept],
        metadata={
            "description": "The shop's carrier code or title; case and accents do not matter.",
            "examples": ["hauspost"],
        },
    )
    carrier_code = fields.String(
        required=True,
        validate=validate.Length(1, 64),
        metadata={"description": 'Amazon\'s carrier code, or "Other" with a name.', "examples": ["DHL"]},
    )
    carrier_name = fields.String(
        load_default=None,
        allow_none=True,
        validate=validate.Length(1, 255),
        metadata={"description": 'Needed with the code "Other", not kept otherwise.'},
    )


class CarrierMapChange(Input):
    """A whole carrier map, in place of the one that there is."""

    EXAMPLE: ClassVar[Any] = {"items": [{"commerce_carrier": "hauspost", "carrier_code": "DHL"}]}

    items = fields.List(
        fields.Nested(CarrierMappingChange),
        required=True,
        validate=validate.Length(max=200),
        metadata={"description": "The whole map; an empty one forgets all."},
    )
