"""The OpenAPI 3.1 document and its page: made from the routes, finished here, written to openapi/bridge.yaml."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, cast

import flask_smorest  # type: ignore[import-untyped]
import yaml
from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin
from flask import Flask
from marshmallow import Schema
from werkzeug.routing import IntegerConverter

from bridge.api import fields
from bridge.api.blueprint import Blueprint
from bridge.api.errors import PROBLEMS
from bridge.api.examples import add_examples, problem_example
from bridge.api.schemas.common import MOST, ProblemSchema
from bridge.api.webhooks import describe as describe_messages
from bridge.keys import Scope

VERSION = "1.0.0"
PATH_PARAMETERS = {  # name: (what it is, an example)
    "store_id": ("Our id of the store.", 1),
    "order_id": ("Our id of the order; not Amazon's number.", 42),
    "match_id": ("Our id of the product match.", 3),
    "run_id": ("Our id of the job run.", 812),
    "webhook_id": ("Our id of the endpoint.", 3),
    "delivery_id": ("Our id of the delivery.", 88),
    "commerce_order_id": ("The Commerce order's entity_id.", 42),
    "name": ("The job's name.", "cleanup"),
}
_PROBLEM_HEADERS = {
    401: {"WWW-Authenticate": "Bearer."},
    409: {"Retry-After": "Seconds after which the same request may succeed; only where that is known."},
    429: {
        "Retry-After": "Seconds after which to go on.",
        "RateLimit-Limit": "How many requests the API key may make in a window.",
        "RateLimit-Remaining": "How many are left.",
        "RateLimit-Reset": "Seconds until there are more.",
    },
    502: {"Retry-After": "Seconds that the other side asks to wait; only where it does."},
    503: {"Retry-After": "Seconds after which to ask again; only where that is known."},
}
DESCRIPTION = """\
Brings a seller's Amazon orders into Adobe Commerce and carries shipments and cancellations back.

**Authorization.** Send `Authorization: Bearer <API key>`. Every operation names the scope that it needs; a key that is
bound to some stores sees nothing of the others: their objects are 404.

**Money** is a decimal string beside its currency, **times** are RFC 3339 in UTC, **errors** are
`application/problem+json` (RFC 9457) with a stable `code`. An unknown parameter or field is an error, never ignored.
Answers may gain fields; clients must ignore those that they do not know.

**Every answer** bears `X-Request-Id` (yours, if you send one), under which the bridge's log tells more, and
`RateLimit-Limit`, `RateLimit-Remaining` and `RateLimit-Reset` of the API key. Whoever asks too often gets 429 with
`Retry-After`.

**Lists** come in pages with `Link` headers (RFC 8288) to the first, previous, next and last one. **Long work** answers
202 with a job run, whose address is in `Location`. **Settings and addresses** bear an `ETag`: send it in `If-Match` to
change what you read, and in `If-None-Match` to ask whether it has changed. **`Idempotency-Key`** makes it safe to send
a POST again.
"""
_READ_FIRST = (
    "operationId", "summary", "description", "tags", "x-required-scope", "security", "parameters", "requestBody",
)  # fmt: skip
_NUMBER_IN_YAML_1_2 = re.compile(r"[-+]?(0o[0-7]+|0x[0-9A-Fa-f]+|(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?)")
# Swagger UI draws its icons from data: addresses; everything else comes from this server, and nothing is inline.
_PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self';"
    " font-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


class ObjectId(IntegerConverter):
    """An id in a path: a whole number from 1 that every client can hold exactly.

    What is none must not fit the rule at all, or werkzeug would count the rule among those of another method.
    """

    regex = r"[1-9][0-9]{0,14}"

    def __init__(self, url_map: Any) -> None:
        super().__init__(url_map, min=1, max=MOST)


class _Fields(MarshmallowPlugin):
    def init_spec(self, spec: APISpec) -> None:
        """Teach apispec our fields before it meets the first schema."""
        super().init_spec(spec)
        if self.converter is not None:
            self.converter.add_attribute_function(fields.document)  # type: ignore[no-untyped-call]

    def schema_helper(self, name: str, _: Any, schema: Any = None, **kwargs: Any) -> Any:  # type: ignore[override]
        """What apispec makes of a schema, with what its docstring says and the example that it gives."""
        made = super().schema_helper(name, _, schema=schema, **kwargs)  # type: ignore[no-untyped-call]
        kind = schema if isinstance(schema, type) else type(schema)
        if made is None or not issubclass(kind, Schema):
            return made
        example = vars(kind).get("EXAMPLE")
        return (
            {"description": " ".join((kind.__doc__ or "").split())}
            | made
            | ({"examples": [example]} if example else {})
        )


class Api(flask_smorest.Api):  # type: ignore[misc]
    """flask-smorest's, with our problems as the only errors and no errors but those an operation names."""

    DEFAULT_ERROR_RESPONSE_NAME = None

    def _register_responses(self) -> None:
        for status, (name, _code, says) in PROBLEMS.items():
            content = {"application/problem+json": {"schema": ProblemSchema, "example": problem_example(status)}}
            headers = {
                name: {"schema": {"type": "string"}, "description": told}
                for name, told in _PROBLEM_HEADERS.get(status, {}).items()
            }
            response = {"description": says, "content": content} | ({"headers": headers} if headers else {})
            self.spec.components.response(name, response, lazy=True)


def _described(app: Flask) -> APISpec:
    """What apispec makes of the app's blueprints, in an app of its own: a server that is not asked for it has none."""
    paper = Flask(app.name, static_folder=None)
    paper.url_map.converters["id"] = ObjectId
    api = Api()
    api.register_converter(ObjectId, lambda _converter: {"type": "integer", "minimum": 1, "maximum": MOST})
    api.init_app(
        paper,
        spec_kwargs={
            "title": "Amazon order bridge for Adobe Commerce",
            "version": VERSION,
            "openapi_version": "3.1.0",
            "marshmallow_plugin": _Fields(),
            "info": {
                "description": DESCRIPTION,
                "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
            },
            "servers": [{"url": "/", "description": "This bridge"}],
        },
    )
    api.spec.components.security_scheme(
        "apiKey",
        {
            "type": "http",
            "scheme": "bearer",
            "description": f"An API key; scopes: {', '.join(Scope)}. `flask bridge apikey create` makes one.",
        },
    )
    for blueprint in app.iter_blueprints():
        if isinstance(blueprint, Blueprint):
            api.register_blueprint(blueprint)
    describe_messages(api.spec)
    return cast(APISpec, api.spec)


def _in_path(parameter: dict[str, Any]) -> dict[str, Any]:
    says, example = PATH_PARAMETERS.get(parameter["name"], ("", 1))  # a test misses what is not said
    return parameter | {"description": says, "example": example}


def _place(key: str) -> int:
    """Where a key of an operation stands."""
    return _READ_FIRST.index(key) if key in _READ_FIRST else len(_READ_FIRST)


def document(app: Flask) -> dict[str, Any]:
    """The document as it is published."""
    made = cast("dict[str, Any]", json.loads(json.dumps(_described(app).to_dict())))
    for path in made["paths"].values():
        shared = path.pop("parameters", [])
        for method, operation in path.items():
            if shared:
                operation["parameters"] = [_in_path(parameter) for parameter in shared] + operation.get(
                    "parameters", []
                )
            scope = f"Scope: `{operation['x-required-scope']}`."
            operation["description"] = "\n\n".join([*filter(None, [operation.get("description")]), scope])
            operation["responses"] = dict(sorted(operation["responses"].items()))
            path[method] = {key: operation[key] for key in sorted(operation, key=_place)}
    add_examples(made)
    del made["components"]["schemas"]["PaginationMetadata"]  # of a feature that is not used
    made = {"openapi": made.pop("openapi"), **made}
    made["components"]["schemas"] = dict(sorted(made["components"]["schemas"].items()))
    made["components"]["responses"] = dict(sorted(made["components"]["responses"].items()))
    return made


class _Dumper(yaml.SafeDumper):
    """YAML that people read and that every reader takes alike: nothing behind an anchor, texts in lines."""

    def ignore_aliases(self, _data: Any) -> bool:
        """Write out what is met twice."""
        return True


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.Node:
    # PyYAML writes YAML 1.1, in which 05015851154158 is a text; to a reader of YAML 1.2 it is a number.
    style = "|" if "\n" in text else "'" if _NUMBER_IN_YAML_1_2.fullmatch(text) else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _text)


def write(app: Flask, path: Path) -> None:
    """Write the document as YAML."""
    text = yaml.dump(document(app), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=120)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
