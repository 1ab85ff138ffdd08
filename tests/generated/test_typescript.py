"""Types by openapi-typescript and a client by hey-api: whole, strict, and the client good for a live bridge."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from bridge.keys import DEMO_KEY
from tests.generated.conftest import Live
from tests.generated.generating import HERE, Workshop, tool
from tests.node import node_with_packages

TYPES, FETCH = "openapi-typescript", "@hey-api/openapi-ts"
# program of the README's command -> where its operations stand, and what one looks like there
OPERATIONS = {
    TYPES: ("bridge.d.ts", r"^    (\w+): \{\n        parameters:"),
    FETCH: ("bridge-fetch/sdk.gen.ts", r"^export const (\w+) = "),
}


def compiled(folder: Path, *files: str) -> None:
    """Compile what the generator made, and these files of ours beside it, under --strict."""
    for name in files:
        shutil.copy(HERE / name, folder)
    assert tool(["npx", "tsc", "--project", "tsconfig.json"], folder) == ""


@pytest.mark.parametrize("program", OPERATIONS)
def test_the_generator_has_nothing_to_say_against_the_document(program: str, workshop: Workshop):
    printed = workshop.run(program).printed
    assert not re.search(r"warn|error|skip|deprecat", printed, re.IGNORECASE), printed


@pytest.mark.parametrize("program", OPERATIONS)
def test_every_operation_is_there(program: str, workshop: Workshop, operations: dict[str, Any]):
    name, pattern = OPERATIONS[program]
    made = (workshop.run(program).folder / name).read_text(encoding="utf-8")
    assert set(re.findall(pattern, made, re.MULTILINE)) >= set(operations)  # the webhooks' messages may be there too


def test_the_types_compile_and_say_what_a_page_of_orders_needs(workshop: Workshop):
    compiled(workshop.run(TYPES).folder, "types.ts")


def test_the_client_compiles_and_does_a_merchant_s_morning(workshop: Workshop, live: Live):
    folder = workshop.run(FETCH).folder
    compiled(folder, "merchant.ts")
    live.stage.shop.add_product("GREEN-MUG", "Green mug", qty=10, price=8.10)
    node, _ = node_with_packages(HERE)
    printed = tool([node, "js/merchant.js", live.address, DEMO_KEY, str(live.stage.store_id)], folder)
    amount, _currency = live.total(live.blocked)
    assert json.loads(printed) == {
        "saved": [None, "amazon_new"],
        "stale": [412, "precondition_failed"],
        "blocked": [live.blocked, True, []],
        "run": ["import", "succeeded"],
        "cancelled": [live.blocked, amount, "cancellation_requested", ["cancel_amazon"]],
    }
    for _ in range(3):
        live.stage.sync()
    assert live.stage.commerce_order(live.blocked)["state"] == "canceled"
