"""The document's table of codes holds each code that the source can answer with, at its status, and no other."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from bridge.api.codes import CODES
from bridge.api.errors import PROBLEMS
from bridge.sync import address, orders
from tests.api_client import ApiClient

BRIDGE = Path(__file__).resolve().parents[2] / "bridge"
SYSTEMS = {"amazon", "commerce", "adobe"}  # of RemoteError; problem(502, f"{error.system}_failed")
STATUS_OF = {"Conflict": 409, "InvalidInput": 422}
# Where a code is no constant in the call: what the errors bring along, and two tables by the order's state.
PASSED_ON = {"api/errors.py"}
BY_STATE = {"sync/address.py": address._REFUSALS, "sync/orders.py": orders._REFUSALS}


def calls() -> Iterator[tuple[str, str, ast.Call]]:
    """(file, function, call) of every call by name."""
    for path in BRIDGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                yield path.relative_to(BRIDGE).as_posix(), node.func.id, node


def said() -> Iterator[tuple[int, str]]:
    """(status, code) of every call that ends a request, read from the source."""
    for file, name, call in calls():
        if name in {"refuse", "problem", "Conflict"}:
            status, code = call.args[0], call.args[1]
            if not isinstance(code, ast.Constant):
                assert file in PASSED_ON | BY_STATE.keys(), f"{file} says a code that the table cannot be held against"
            else:
                yield STATUS_OF.get(name) or status.value, code.value  # type: ignore[attr-defined,misc]
        elif name == "InvalidInput":
            yield from ((STATUS_OF[name], word.value.value) for word in call.keywords if word.arg == "code")  # type: ignore[attr-defined]
    for table in BY_STATE.values():
        yield from ((STATUS_OF["Conflict"], code) for code, _message in table.values())


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
