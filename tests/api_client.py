"""A client of the API that holds every answer against the published document."""

from __future__ import annotations

import re
from copy import deepcopy
from typing import Any

from flask import Flask
from jsonschema import Draft202012Validator
from werkzeug.test import TestResponse

from bridge.keys import DEMO_KEY

BASE = "/api/v1"
_contracts: list[Contract] = []


class ApiClient:
    """Asks as the holder of `key`. The status must be the expected one and the document must describe the answer."""

    def __init__(self, app: Flask, key: str | None = DEMO_KEY) -> None:
        self.app = app
        self.key = key
        self.http = app.test_client()

    def using(self, key: str | None) -> ApiClient:
        """The same app, asked with another key."""
        return ApiClient(self.app, key)

    @property
    def contract(self) -> Contract:
        """Of the first app of this process: all serve the same document (test_openapi), and it takes long to make."""
        if not _contracts:
            _contracts.append(Contract(self.http.get("/openapi.json").get_json()))
        return _contracts[0]

    def get(self, path: str, status: int = 200, /, **query: Any) -> Any:
        return self.send("GET", path, status, query_string=query).get_json()

    def post(self, path: str, json: Any = None, status: int = 200) -> Any:
        return self.send("POST", path, status, **({} if json is None else {"json": json})).get_json()

    def put(self, path: str, json: Any, status: int = 200, *, etag: str | None = None) -> Any:
        headers = {} if etag is None else {"If-Match": etag}
        return self.send("PUT", path, status, json=json, headers=headers).get_json()

    def patch(self, path: str, json: Any, status: int = 200) -> Any:
        return self.send("PATCH", path, status, json=json).get_json()

    def delete(self, path: str, status: int = 204) -> Any:
        return self.send("DELETE", path, status).get_json(silent=True)

    def send(self, method: str, path: str, status: int, **options: Any) -> TestResponse:
        headers = dict(options.pop("headers", {}))
        if self.key is not None:
            headers.setdefault("Authorization", f"Bearer {self.key}")
        response = self.http.open(BASE + path, method=method, headers=headers, **options)
        assert response.status_code == status, response.get_data(as_text=True)
        self.contract.check(method, BASE + path.partition("?")[0], response)
        return response


class Contract:
    """The document, read strictly: an answer may hold nothing that it does not describe."""

    def __init__(self, document: dict[str, Any]) -> None:
        self.document = document
        self.paths = [
            (re.compile(re.sub(r"\{[^}]+\}", "[^/]+", path) + r"\Z"), operations)
            for path, operations in sorted(document["paths"].items(), key=lambda item: "{" in item[0])
        ]
        self.components = deepcopy(document["components"])
        for schema in self.components["schemas"].values():
            if "properties" in schema:
                schema.setdefault("additionalProperties", False)

    def check(self, method: str, path: str, response: TestResponse) -> None:
        operations = next((found for pattern, found in self.paths if pattern.match(path)), None)
        if operations is None or method.lower() not in operations:
            assert response.status_code in {404, 405}, f"{method} {path} is not in the document"
            return
        described = operations[method.lower()]["responses"].get(str(response.status_code))
        if described is None and response.status_code == 500:
            return
        assert described is not None, f"{method} {path}: {response.status_code} is not in the document"
        if "$ref" in described:
            described = self.components["responses"][described["$ref"].rsplit("/", 1)[1]]
        for name, header in described.get("headers", {}).items():
            assert name in response.headers or not header.get("required"), f"{method} {path} lacks the header {name}"
        content = described.get("content")
        if not content:
            assert not response.data
            return
        schema = content[response.mimetype]["schema"]
        self.validate(response.get_json() if response.mimetype.endswith("json") else response.text, schema)

    def validate(self, value: Any, schema: dict[str, Any]) -> None:
        Draft202012Validator(
            schema | {"components": self.components}, format_checker=Draft202012Validator.FORMAT_CHECKER
        ).validate(value)
