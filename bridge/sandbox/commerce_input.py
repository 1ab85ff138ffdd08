"""From a request's JSON to typed values, as Magento's service input processor does it.

An unknown property is refused from 2.4.7 on, a value of the wrong type as well (magento-live sections 0.3 and 2);
nothing else is checked here, and no property is required.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

from bridge.sandbox.commerce_errors import CommerceError, refused
from bridge.sandbox.commerce_interfaces import INTERFACES, php_name

_INT: Final = re.compile(r"\s*[+-]?\d+\s*\Z")
_NUMBER: Final = re.compile(r"\s*[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?\s*\Z")

NOT_SUPPORTED: Final = '"%fieldName" is not supported. Correct the field name and try again.'

_BOOLEANS: Final = {"": False, "0": False, "false": False, "1": True, "true": True}


def number(value: float) -> int | float:
    """A database decimal as PHP prints it: four places, whole numbers without a point."""
    rounded = round(value, 4)
    return int(rounded) if rounded == int(rounded) else rounded


def typed(value: Any, type_name: str) -> Any:
    """The value as `type_name` (see commerce_interfaces); raises the 400 that names the property and the type."""
    if value is None or type_name.removesuffix("[]") == "mixed":
        return value
    if type_name.endswith("[]"):
        return _typed_list(value, type_name)
    if type_name in _CONVERT:
        return _scalar(value, type_name)
    return typed_object(value, type_name)


def typed_object(value: Any, interface: str) -> dict[str, Any]:
    """The object with its properties typed; nulls are dropped, as a setter given null leaves nothing behind.

    Anything but a JSON object makes an empty one, as PHP's deserializer does it.
    """
    known = INTERFACES[interface]
    result: dict[str, Any] = {}
    for given, item in value.items() if isinstance(value, dict) else ():
        name = given if given in known else _snake(given)
        type_name = known.get(name)
        if type_name is None:
            raise CommerceError(400, NOT_SUPPORTED, {"fieldName": _camel(given)})
        if item is None:
            continue
        try:
            converted = typed(item, type_name)
        except CommerceError as error:
            if not error.message.endswith("Verify and try again."):
                raise
            raise refused(f'Error occurred during "{name}" processing. {error.message}') from None
        if converted is not None:
            result[name] = converted
    return result


def check_sizes(value: Any, type_name: str, limit: int) -> None:
    """Raise the 400 for a list of more than `limit` objects, as a shop with input limits does (magento-live 2)."""
    inner = type_name.removesuffix("[]")
    if inner in _CONVERT or inner == "mixed" or value is None:
        return
    if inner == type_name:
        for name, part in value.items():
            check_sizes(part, INTERFACES[inner][name], limit)
        return
    if len(value) > limit:
        raise CommerceError(400, 'Maximum items of type "%type" is %max', {"type": php_name(inner), "max": limit})
    for entry in value:
        check_sizes(entry, inner, limit)


def _typed_list(value: Any, type_name: str) -> list[Any] | None:
    """A list of scalars, or the refusal; a list of objects, or nothing at all."""
    if isinstance(value, dict):
        # An object passes for a list: its keys are lost (magento-live section 2, additional_information).
        value = list(value.values())
    inner = type_name[:-2]
    if not isinstance(value, list):
        if inner in _CONVERT:
            raise _wrong_type("string" if isinstance(value, str) else value, type_name)
        return None
    return [typed(item, inner) if inner in _CONVERT else typed_object(item, inner) for item in value]


def _scalar(value: Any, type_name: str) -> Any:
    converted = _CONVERT[type_name](value)
    if converted is None:
        raise _wrong_type(value, type_name)
    return converted


def _as_float(value: Any) -> int | float | None:
    if isinstance(value, (int, float)):
        return number(value)
    return number(float(value)) if isinstance(value, str) and _NUMBER.match(value) else None


def _as_int(value: Any) -> int | None:
    if isinstance(value, int) or (isinstance(value, float) and value.is_integer()):
        return int(value)
    return int(value) if isinstance(value, str) and _INT.match(value) else None


def _as_string(value: Any) -> str | None:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "1" if value else ""
    return str(number(value)) if isinstance(value, (int, float)) else None


def _as_bool(value: Any) -> bool | None:
    if isinstance(value, (bool, int)):
        return bool(value)
    return _BOOLEANS.get(value) if isinstance(value, str) else None


_CONVERT: Final[dict[str, Callable[[Any], Any]]] = {
    "int": _as_int,
    "float": _as_float,
    "string": _as_string,
    "bool": _as_bool,
}


def _wrong_type(value: Any, type_name: str) -> CommerceError:
    shown = "array" if isinstance(value, (dict, list)) else value
    return refused(
        f'The "{shown}" value\'s type is invalid. The "{type_name}" type was expected. Verify and try again.'
    )


def _camel(name: str) -> str:
    return "".join(part[:1].upper() + part[1:] for part in name.split("_"))


def _snake(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()
