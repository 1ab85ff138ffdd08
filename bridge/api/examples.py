"""Whole examples for the document, put together from those of the fields, so that there is one place to keep right."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from bridge.api.errors import PROBLEMS

Shape = Mapping[str, Any]
_PATHS = {404: "/api/v1/orders/43", 409: "/api/v1/orders/42/cancel", 422: "/api/v1/orders"}


def add_examples(made: dict[str, Any]) -> None:
    """Give each JSON body and answer of the document's operations an example."""
    schemas = made["components"]["schemas"]
    for path in (*made["paths"].values(), *made.get("webhooks", {}).values()):
        for operation in path.values():
            bodies = [operation.get("requestBody", {}), *operation["responses"].values()]
            for content in (body.get("content", {}) for body in bodies):
                if "application/json" in content:
                    media = content["application/json"]
                    media["example"] = example_of(media["schema"], schemas)


def example_of(schema: Shape, schemas: Mapping[str, Shape]) -> Any:
    """A value that the schema describes. Raises KeyError for a text of which no example is given."""
    if "examples" in schema:
        return schema["examples"][0]
    if "$ref" in schema or "anyOf" in schema:
        chosen = schema["anyOf"][0] if "anyOf" in schema else schemas[schema["$ref"].rsplit("/", 1)[1]]
        return example_of(chosen, schemas)
    if "enum" in schema:
        return schema.get("default", schema["enum"][0])
    if "properties" in schema:
        return {name: example_of(held, schemas) for name, held in schema["properties"].items()}
    return _plain(schema, schemas)


def _plain(schema: Shape, schemas: Mapping[str, Shape]) -> Any:
    kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    if "null" in kinds:
        return None
    if kinds == ["array"]:
        return [example_of(schema["items"], schemas)]
    if kinds == ["object"]:
        return {}
    return {"boolean": True, "integer": 1}[kinds[0]]


def problem_example(status: int) -> dict[str, Any]:
    """What an answer of this status may say."""
    _name, code, says = PROBLEMS[status]
    shown: dict[str, Any] = {
        "type": f"urn:problem-type:bridge:{code}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": says,
        "instance": _PATHS.get(status, "/api/v1/stores"),
        "code": code,
        "request_id": "5f0c7e0f9f4e4a0e",
    }
    if status == 409:
        shown |= {"code": "not_cancelable", "type": "urn:problem-type:bridge:not_cancelable"}
        shown["detail"] = "Only Unshipped orders that the merchant ships can be canceled."
    if status == 422:
        wrong = "Must be a decimal number such as 12.30."
        shown["detail"] = f"total_min: {wrong}"
        shown["errors"] = [{"location": "query", "field": "total_min", "message": wrong}]
    if status == 502:
        shown |= {"code": "commerce_failed", "type": "urn:problem-type:bridge:commerce_failed"}
        shown["detail"] = "commerce GET /V1/products: 503 Service Temporarily Unavailable"
        shown["remote"] = {
            "system": "commerce", "operation": "GET /V1/products", "status": 503, "code": "", "request_id": None,
        }  # fmt: skip
    return shown
