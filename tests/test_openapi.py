"""The published document: valid, in step with the routes and with openapi/bridge.yaml, usable by generators."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from flask import Flask
from openapi_spec_validator import validate
from ruamel.yaml import YAML

from bridge import create_app
from bridge.api import openapi
from bridge.api.schemas.words import ENUMERATIONS
from bridge.runtime import Runtime
from tests.api_client import Contract

PUBLISHED = Path(__file__).resolve().parent.parent / "openapi" / "bridge.yaml"


@pytest.fixture
def document(app: Flask) -> dict[str, Any]:
    return openapi.document(app)


def operations(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, held in document["paths"].items():
        for method, operation in held.items():
            yield f"{method.upper()} {path}", operation


def schemas(node: Any, where: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Everything in the document that looks like a schema."""
    if isinstance(node, dict):
        if {"type", "$ref", "anyOf"} & set(node):
            yield where, node
        for key, value in node.items():
            yield from schemas(value, f"{where}/{key}")
    elif isinstance(node, list):
        for number, value in enumerate(node):
            yield from schemas(value, f"{where}/{number}")


def test_it_is_a_valid_openapi_3_1_document(document: dict[str, Any]):
    assert document["openapi"] == "3.1.0"
    validate(document)


def test_the_published_file_is_what_the_code_says(document: dict[str, Any]):
    told = "run `flask bridge openapi write` and commit openapi/bridge.yaml"
    assert yaml.safe_load(PUBLISHED.read_text(encoding="utf-8")) == document, told


def test_writing_it_gives_the_published_file_byte_by_byte(app: Flask, tmp_path: Path):
    openapi.write(app, tmp_path / "new" / "bridge.yaml")
    assert (tmp_path / "new" / "bridge.yaml").read_bytes() == PUBLISHED.read_bytes()


def test_the_published_file_says_the_same_to_readers_of_yaml_1_2_and_holds_no_anchor(document: dict[str, Any]):
    text = PUBLISHED.read_text(encoding="utf-8")
    assert YAML(typ="safe", pure=True).load(text) == document
    assert "&id" not in text


def test_every_operation_has_a_name_of_its_own_and_a_summary(document: dict[str, Any]):
    names = [operation["operationId"] for _, operation in operations(document)]
    assert len(set(names)) == len(names)
    for where, operation in operations(document):
        assert operation["summary"][0].isupper(), where
        assert not operation["summary"].endswith("."), where
        assert "\n" not in operation["summary"], where
        assert operation["tags"], where


def test_every_error_is_a_problem_and_named_for_itself(document: dict[str, Any]):
    for where, operation in operations(document):
        assert "default" not in operation["responses"], where
        for status, response in operation["responses"].items():
            if int(status) >= 400:
                assert set(response) == {"$ref"}, f"{where} {status}"
    for name, response in document["components"]["responses"].items():
        assert list(response["content"]) == ["application/problem+json"], name


def test_what_can_go_wrong_follows_from_what_is_sent(document: dict[str, Any]):
    for where, operation in operations(document):
        statuses = set(operation["responses"])
        if "requestBody" in operation:
            read = {"400", "422"} if "application/json" in operation["requestBody"]["content"] else set()
            assert {"413", "415"} | read <= statuses, where
        if "{" in where:
            assert "404" in statuses, where
        if any(p["name"] == "If-Match" for p in operation.get("parameters", [])):
            assert {"412", "428"} <= statuses, where


def test_money_is_documented_as_a_string(document: dict[str, Any]):
    assert document["components"]["schemas"]["Money"]["properties"]["amount"]["type"] == "string"
    for where, schema in schemas(document):
        assert schema.get("type") != "number", f"{where} is a binary fraction"


def test_every_enumeration_is_a_component_with_a_type(document: dict[str, Any]):
    for where, schema in schemas(document):
        if "enum" in schema:
            assert where.count("/") == 3, f"{where} is inlined"
            assert where.startswith("/components/schemas/")
            assert schema["type"] in {"string", "integer"}, where


def test_answers_may_grow_and_requests_may_not(document: dict[str, Any]):
    bodies = {
        operation["requestBody"]["content"]["application/json"]["schema"]["$ref"].rsplit("/", 1)[1]
        for _, operation in operations(document)
        if "application/json" in operation.get("requestBody", {}).get("content", {})
    }
    known = document["components"]["schemas"]
    for name in sorted(bodies):
        bodies |= {held["$ref"].rsplit("/", 1)[1] for _, held in schemas(known[name]) if "$ref" in held}
    for name, schema in known.items():
        if name.startswith("AdminUi"):
            continue  # Adobe's shapes, which may gain fields either way
        if schema.get("type") == "object":
            assert (schema.get("additionalProperties") is False) is (name in bodies), name


def test_every_component_is_used(document: dict[str, Any]):
    used = {schema["$ref"] for _, schema in schemas(document) if "$ref" in schema}
    for kind in ("schemas", "responses"):
        for name in document["components"][kind]:
            assert f"#/components/{kind}/{name}" in used, f"{name} is not used"


def test_every_example_is_valid(document: dict[str, Any]):
    contract = Contract(document)
    seen = 0
    for _where, schema in schemas(document):
        for example in schema.get("examples", []):
            contract.validate(example, schema)
            seen += 1
    assert seen > 50


def test_everything_is_described(document: dict[str, Any]):
    for where, operation in operations(document):
        assert operation["description"], where
        for parameter in operation.get("parameters", []):
            assert parameter.get("description"), f"{where} {parameter['name']}"
    for name, schema in document["components"]["schemas"].items():
        assert schema.get("description"), f"{name}: say what it is in its docstring, or in bridge/api/schemas/words.py"
        for field, held in schema.get("properties", {}).items():
            assert held.get("description"), f"{name}.{field}"
    tags = {tag["name"]: tag["description"] for tag in document["tags"]}
    assert all(tags[tag] for _, operation in operations(document) for tag in operation["tags"])


def test_no_meaning_is_told_of_a_word_that_there_is_not(document: dict[str, Any]):
    for name, (_says, words) in ENUMERATIONS.items():
        schema = document["components"]["schemas"].get(name)
        assert schema is not None, f"there is no {name}"
        assert set(words) <= set(schema["enum"]), name


def test_every_json_body_and_answer_has_an_example_that_is_valid(document: dict[str, Any]):
    contract = Contract(document)
    seen = 0
    for where, operation in operations(document):
        for kind, body in [("body", operation.get("requestBody", {})), *operation["responses"].items()]:
            media = body.get("content", {}).get("application/json")
            if media:
                contract.validate(media["example"], media["schema"])
                assert media["example"] != {}, f"{where} {kind}"
                seen += 1
    assert seen > 40
    for name, answer in document["components"]["responses"].items():
        media = answer["content"]["application/problem+json"]
        contract.validate(media["example"], media["schema"])
        assert media["example"]["title"] != "OK", name


def test_no_credential_can_be_read(document: dict[str, Any]):
    for name in ("Store", "StoreList"):
        text = str(document["components"]["schemas"][name])
        assert "token" not in text.replace("merchant token", "")
        assert "secret" not in text
    for field, schema in document["components"]["schemas"]["NewStore"]["properties"].items():
        if field.startswith(("amazon_", "commerce_token", "commerce_consumer", "commerce_access")):
            assert schema["writeOnly"] is True, field


def test_the_page_is_whole_without_the_internet(app: Flask):
    client = app.test_client()
    page = client.get("/docs").get_data(as_text=True)
    assert "http://" not in page.replace("http://www.w3.org", "")
    assert "https://" not in page
    for name in ("/docs/assets/swagger-ui.css", "/docs/assets/swagger-ui-bundle.js", "/docs/static/init.js"):
        assert name in page
        with client.get(name) as answer:
            assert answer.status_code == 200


def test_the_page_names_the_demo_key_beside_the_sandbox_only(app: Flask, runtime: Runtime):
    assert "bridge-demo-key" in app.test_client().get("/docs").text
    real = replace(runtime, config=replace(runtime.config, sandbox=False))
    page = create_app(runtime=real).test_client().get("/docs").text
    assert 'href="/redoc"' in page
    assert "bridge-demo-key" not in page


def test_the_page_runs_no_inline_script(app: Flask):
    answer = app.test_client().get("/docs")
    policy = dict(part.strip().split(" ", 1) for part in answer.headers["Content-Security-Policy"].split(";"))
    assert policy["script-src"] == policy["style-src"] == "'self'"
    assert "<script>" not in answer.text


def test_redoc_runs_no_inline_script_and_no_style_but_its_own(app: Flask):
    client = app.test_client()
    policies = []
    for _ in range(2):
        answer = client.get("/redoc")
        policies.append(
            dict(part.strip().split(" ", 1) for part in answer.headers["Content-Security-Policy"].split(";"))
        )
        assert "<script>" not in answer.text
        assert "https://" not in answer.text
    first, second = policies
    assert first["script-src"] == "'self'"
    assert "unsafe" not in str(policies)
    assert first["style-src"].startswith("'self' 'nonce-")
    assert first["style-src"] != second["style-src"]  # a nonce that is known beforehand would keep nothing out
    assert b"https://cdn" not in client.get("/redoc/redoc.js").data


def test_assets_outside_their_directory_are_not_served(app: Flask):
    assert app.test_client().get("/docs/assets/../__init__.py").status_code == 404
