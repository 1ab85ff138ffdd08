"""marshmallow fields for what it does not know: exact decimal strings, shared enumerations, days and moments."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, ClassVar

from marshmallow import ValidationError, fields, validate

from bridge.api.schemas.words import meaning

_DECIMAL = r"^-?[0-9]{1,12}(\.[0-9]{1,4})?$"
_DAY = r"[12][0-9]{3}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"
_ZONE = r"(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])"
_DAY_OR_MOMENT = rf"^{_DAY}(T([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9](\.[0-9]{{1,9}})?)?{_ZONE})?$"


class DecimalString(fields.Field[Any]):
    """An exact decimal number in a string, "12.30"; read as a Decimal."""

    documented: ClassVar[dict[str, Any]] = {"type": "string", "format": "decimal", "pattern": _DECIMAL}

    def _deserialize(self, value: Any, *_context: Any, **_kwargs: Any) -> Decimal:
        if not isinstance(value, str) or not re.fullmatch(_DECIMAL, value):
            raise ValidationError("Must be a decimal number such as 12.30.")
        return Decimal(value)


class Enumerated(fields.String):
    """One of a closed list of words, documented once as a component of that name and referred to everywhere else."""

    def __init__(self, component: str, words: Iterable[str], **kwargs: Any) -> None:
        self.component = component
        self.words = tuple(str(word) for word in words)
        super().__init__(validate=validate.OneOf(self.words, error="Must be one of: {choices}."), **kwargs)


class Flag(fields.Boolean):
    """true or false, and nothing that Python takes for one of them."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        if not isinstance(value, bool):
            raise self.make_error("invalid", input=value)
        return super()._deserialize(value, attr, data, **kwargs)


class Whole(fields.Integer):
    """A whole number, however JSON spells it: 1.0 is one, "1" and true are none."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(strict=True, **kwargs)

    def _validated(self, value: Any) -> Any:
        if isinstance(value, (bool, str)):
            raise self.make_error("invalid", input=value)
        return super()._validated(int(value) if isinstance(value, float) and value.is_integer() else value)


class Choice(fields.Integer):
    """One of a few whole numbers, documented as Enumerated is."""

    def __init__(self, component: str, numbers: Iterable[int], **kwargs: Any) -> None:
        self.component = component
        self.numbers = tuple(numbers)
        super().__init__(validate=validate.OneOf(self.numbers, error="Must be one of: {choices}."), **kwargs)


class Moment(fields.AwareDateTime):
    """A point in time, RFC 3339. Read in any zone; the API always writes UTC with Z."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(format="iso", **kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> datetime:
        found: datetime = super()._deserialize(value, attr, data, **kwargs)
        try:
            return found.astimezone(UTC)
        except OverflowError:
            raise ValidationError("Not a valid datetime.") from None


class DayOrMoment(fields.Field[Any]):
    """A day (2026-03-31, in UTC) or a moment with a zone (RFC 3339), as one end of a range that includes it.

    Read as a datetime: of the range's begin itself, or the first moment that no longer belongs to it.
    """

    # A union of two formats says it shorter, but generators then take the parameter for an object or for anything.
    documented: ClassVar[dict[str, Any]] = {"type": "string", "pattern": _DAY_OR_MOMENT}

    def __init__(self, *, end: bool = False, **kwargs: Any) -> None:
        self.end = end
        super().__init__(**kwargs)

    def _deserialize(self, value: Any, *_context: Any, **_kwargs: Any) -> datetime:
        told = "Must be a day (2026-03-31) or a moment with a zone (2026-03-31T12:00:00Z)."
        if not isinstance(value, str) or not re.fullmatch(_DAY_OR_MOMENT, value):
            raise ValidationError(told)
        try:
            if len(value) == 10:
                midnight = datetime.combine(date.fromisoformat(value), time(), UTC)
                return midnight + timedelta(days=1) if self.end else midnight
            moment = datetime.fromisoformat(value).astimezone(UTC)
        except ValueError:  # the thirtieth of February
            raise ValidationError(told) from None
        return moment + timedelta(microseconds=1) if self.end else moment


def document(self: Any, field: fields.Field[Any], ret: dict[str, Any]) -> dict[str, Any]:
    """What OpenAPI says of the fields above; `self` is apispec's converter, `ret` what it has found by itself.

    An enumeration becomes a component when it is met first.
    """
    shape: dict[str, Any] = {}
    if isinstance(field, (DecimalString, DayOrMoment)):
        shape = dict(field.documented)
        if field.allow_none:
            shape["type"] = [shape["type"], "null"]
    if isinstance(field, (Enumerated, Choice)):
        for key in ("type", "enum"):
            ret.pop(key, None)
        closed: dict[str, Any] = (
            {"type": "string", "enum": list(field.words)}
            if isinstance(field, Enumerated)
            else {"type": "integer", "enum": list(field.numbers)}
        )
        # Beside a $ref, openapi-generator would lose the type for the default.
        if "default" in ret:
            closed["default"] = ret.pop("default")
        if field.component not in self.spec.components.schemas:
            says = meaning(field.component)
            self.spec.components.schema(field.component, closed | ({"description": says} if says else {}))
        shape = {"$ref": f"#/components/schemas/{field.component}"}
    return shape
