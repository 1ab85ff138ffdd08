"""The document's table of codes holds each code that the source can answer with, at its status, and no other."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from bridge.api.codes import CODES
from bridge.api.errors import PROBLEMS
from tests.api_client import ApiClient

BRIDGE = Path(__file__).resolve().parents[2] / "bridge"
SYSTEMS = {"amazon", "commerce", "adobe"}  # of RemoteError; problem(502, f"{error.system}_failed")
STATUS_OF = {"Conflict": 409, "InvalidInput": 422}


def said() -> Iterator[tuple[int, str]]:
    """(status, code) of every call that ends a request, read from the source."""
    for path in BRIDGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                yield from _said_by(node.func.id, node)


def _said_by(name: str, call: ast.Call) -> Iterator[tuple[int, str]]:
    texts = [a.value for a in call.args if isinstance(a, ast.Constant) and isinstance(a.value, (int, str))]
    if name in {"refuse", "problem"} and isinstance(texts[0] if texts else None, int):
        if len(texts) > 1 and isinstance(call.args[1], ast.Constant):
            yield int(texts[0]), str(texts[1])
    elif name == "Conflict" and len(call.args) > 1 and isinstance(call.args[1], ast.Constant):
        yield STATUS_OF[name], str(call.args[1].value)
    elif name == "InvalidInput":
        for word in call.keywords:
            if word.arg == "code" and isinstance(word.value, ast.Constant):
                yield STATUS_OF[name], str(word.value.value)


def test_every_code_is_in_the_table_at_its_status():
    found = set(said())
    assert len(found) > 20
    general = {(status, code) for status, (_name, code, _says) in PROBLEMS.items()}
    exact = {(status, code) for code, (status, _says) in CODES.items()}
    remote = {(502, f"{system}_failed") for system in SYSTEMS}
    assert found - general - exact == set()
    assert exact - found - remote == set()


def test_the_document_has_the_table(api: ApiClient):
    described = api.contract.document["components"]["schemas"]["Problem"]["properties"]["code"]["description"]
    for code, (status, says) in CODES.items():
        assert f"| {status} | `{code}` | {says} |" in described
