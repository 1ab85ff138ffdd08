"""Adobe's schema of the REST interface as a judge of requests: what it does not know is forbidden.

`required` is not judged: Magento does not enforce it, and a partial save could not be said with it (magento-rest 2.3).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from copy import deepcopy
from functools import cache
from typing import Any
from urllib.parse import parse_qsl, unquote

import httpx

from tests.clients.commerce_desk import shared

RELEASES = ("2.4.6", "2.4.7", "2.4.8", "2.4.9")
# What the release that Adobe's document shows has, and 2.4.6 has not (magento-rest 2.12).
SINCE_2_4_7 = {
    "sales-data-order-extension-interface": ("taxes", "additional_itemized_taxes"),
    "sales-data-order-item-extension-interface": ("itemized_taxes",),
}
# Pages beside the interface that the document describes.
BESIDE = {"/magento_version", "/schema"}
_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "array": (list,),
    "object": (dict,),
}


@cache
def document(release: str) -> dict[str, Any]:
    """The schema of a release, of which 2.4.6 alone differs in what orders are made of."""
    whole: dict[str, Any] = json.loads(shared("contracts", "magento", "magento-rest-2.4.openapi.json").read_text())
    if release == "2.4.6":
        whole = deepcopy(whole)
        for definition, names in SINCE_2_4_7.items():
            for name in names:
                del whole["definitions"][definition]["properties"][name]
    return whole


def problems(request: httpx.Request, release: str) -> list[str]:
    """What Adobe's schema has against a request; empty when it knows all of it."""
    path = unquote(request.url.raw_path.decode().partition("?")[0]).removeprefix("/commerce")
    path = re.sub(r"^/rest/\w+", "", path)
    if path in BESIDE:
        return []
    found = _operation(document(release), request.method, path)
    if found is None:
        return [f"{request.method} {path}: no such route"]
    where, operation = found
    parameters = operation.get("parameters", [])
    known = {_plain(p["name"]) for p in parameters if p["in"] == "query"} | {"fields"}
    wrong = [f"{where}?{key}" for key, _ in parse_qsl(request.url.query.decode()) if _plain(key) not in known]
    bodies = [p["schema"] for p in parameters if p["in"] == "body"]
    sent = json.loads(request.content) if request.content else None
    if bodies and sent is not None:
        wrong += _mistakes(sent, bodies[0], document(release)["definitions"], where)
    elif sent:
        wrong.append(f"{where}: a body is not expected")
    return wrong


def _plain(key: str) -> str:
    """searchCriteria[filter_groups][12][filters][0][field] as the document writes it, as far as it matters."""
    return re.sub(r"\[0*\d+\]", "[0]", key).replace("_", "").lower().replace("skus[0]", "skus")


def _operation(whole: Mapping[str, Any], verb: str, path: str) -> tuple[str, Mapping[str, Any]] | None:
    exact = [p for p in whole["paths"] if p == path]
    for template in exact or whole["paths"]:
        pattern = re.sub(r"\\{[^}]*\\}", "[^/]+", re.escape(template))
        if re.fullmatch(pattern, path) and verb.lower() in whole["paths"][template]:
            return f"{verb} {template}", whole["paths"][template][verb.lower()]
    return None


def _mistakes(value: Any, schema: Mapping[str, Any], definitions: Mapping[str, Any], where: str) -> Iterator[str]:
    if "$ref" in schema:
        schema = definitions[schema["$ref"].removeprefix("#/definitions/")]
    kind = schema.get("type", "object")
    if value is None:
        return
    if not isinstance(value, _TYPES[kind]) or (isinstance(value, bool) and kind != "boolean"):
        yield f"{where}: {value!r} is no {kind}"
    elif kind == "array":
        for index, entry in enumerate(value):
            yield from _mistakes(entry, schema["items"], definitions, f"{where}[{index}]")
    elif kind == "object":
        for name, entry in value.items():
            known = schema.get("properties", {}).get(name)
            if known is None:
                yield f"{where}.{name}: unknown"
            else:
                yield from _mistakes(entry, known, definitions, f"{where}.{name}")
