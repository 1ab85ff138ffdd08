"""In what Magento's releases differ for an order bridge, and the schema by which a client can tell.

`/magento_version` says "Magento/2.4" whatever the patch is: a client has to look into the schema (magento-rest 2.12).
"""

from __future__ import annotations

import re
from typing import Any, Final

from bridge.sandbox.commerce_interfaces import INTERFACES, php_name

RELEASES: Final = ("2.4.6", "2.4.7", "2.4.8", "2.4.9")
ORDERS: Final = "salesOrderRepositoryV1"

# Properties that came with a release (magento-rest 2.12).
_SINCE: Final[dict[tuple[str, str], str]] = {
    ("OrderExtension", "taxes"): "2.4.7",
    ("OrderExtension", "additional_itemized_taxes"): "2.4.7",
    ("OrderItemExtension", "itemized_taxes"): "2.4.7",
}
_JSON_TYPES: Final = {"int": "integer", "float": "number", "string": "string", "bool": "boolean", "mixed": "object"}


def known(interface: str, name: str, release: str) -> bool:
    """Whether the release's interface has the property."""
    return name in INTERFACES[interface] and release >= _SINCE.get((interface, name), "")


def too_new(value: Any, type_name: str, release: str) -> bool:
    """Whether a typed value holds a property that the release does not have yet."""
    inner = type_name.removesuffix("[]")
    if inner not in INTERFACES or value is None:
        return False
    if inner != type_name:
        return any(too_new(entry, inner, release) for entry in value)
    return any(
        not known(inner, name, release) or too_new(part, INTERFACES[inner][name], release)
        for name, part in value.items()
    )


def schema(release: str, base_url: str) -> dict[str, Any]:
    """GET /schema?services=salesOrderRepositoryV1: Swagger 2.0, the service's share of it."""
    definitions: dict[str, Any] = {}
    _define("Order", release, definitions)
    body = {"type": "object", "properties": {"entity": {"$ref": f"#/definitions/{_definition('Order')}"}}}
    parameter = {"name": "salesOrderRepositoryV1SavePostBody", "in": "body", "schema": body}
    return {
        "swagger": "2.0",
        "info": {"version": "2.4", "title": "Magento Community"},
        "host": re.sub(r"^https?://([^/]+)/.*", r"\1", base_url),
        "basePath": "/rest/all",
        "paths": {"/V1/orders": {"post": {"operationId": "PostV1Orders", "parameters": [parameter]}}},
        "definitions": definitions,
    }


def _define(interface: str, release: str, definitions: dict[str, Any]) -> None:
    """The definition of an interface, and of those that it leads to."""
    name = _definition(interface)
    if name in definitions:
        return
    properties: dict[str, Any] = {}
    definitions[name] = {"type": "object", "properties": properties}
    for field, type_name in INTERFACES[interface].items():
        if not known(interface, field, release):
            continue
        inner = type_name.removesuffix("[]")
        shape: dict[str, Any] = {"type": _JSON_TYPES[inner]} if inner in _JSON_TYPES else {"$ref": _ref(inner)}
        properties[field] = {"type": "array", "items": shape} if inner != type_name else shape
        if inner in INTERFACES:
            _define(inner, release, definitions)


def _ref(interface: str) -> str:
    return f"#/definitions/{_definition(interface)}"


def _definition(interface: str) -> str:
    """\\Magento\\Sales\\Api\\Data\\OrderItemInterface is sales-data-order-item-interface."""
    _, _, module, _, _, name = php_name(interface).split("\\")
    return f"{module.lower()}-data-{re.sub(r'(?<!^)(?=[A-Z])', '-', name).lower()}"
