"""What the generators made, and a live bridge with the orders of a merchant's morning to use it on."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from bridge import create_app
from tests.generated.generating import CONTRACT, Workshop
from tests.serving import serving
from tests.stage import Stage, line


@dataclass(frozen=True)
class Live:
    """A bridge that is served, the stage behind it, and the numbers of its orders."""

    stage: Stage
    address: str
    imported: str
    blocked: str
    view_only: str

    def id(self, number: str) -> int:
        return self.stage.order(number).id

    def total(self, number: str) -> tuple[str, str]:
        """What Amazon itself says that the buyer paid."""
        paid = self.stage.amazon.orders[number]["proceeds"]["grandTotal"]
        return paid["amount"], paid["currencyCode"]


@pytest.fixture(scope="session")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Workshop:
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    return Workshop(shared / "generated")


@pytest.fixture(scope="session")
def contract() -> dict[str, Any]:
    return dict(yaml.safe_load(CONTRACT.read_text(encoding="utf-8")))


@pytest.fixture(scope="session")
def operations(contract: dict[str, Any]) -> dict[str, tuple[str, dict[str, Any]]]:
    """operationId -> the method and what the document says of it."""
    return {
        operation["operationId"]: (method, operation)
        for path in contract["paths"].values()
        for method, operation in path.items()
    }


@pytest.fixture
def live(tmp_path: Path, no_background: None) -> Iterator[Live]:
    """One order is in Commerce, one lacks its product, one came while imports were disabled."""
    stage = Stage(tmp_path)
    imported = stage.paid_order(buyer_name="José García")
    blocked = stage.paid_order(line("GREEN-MUG", price="8.10"))
    stage.sync()
    stage.set(import_orders="disabled")
    view_only = stage.paid_order(line("RED-MUG"))
    stage.sync()
    stage.set(import_orders="enabled")
    with serving(create_app(runtime=stage.bridge)) as address:
        yield Live(stage, address, imported, blocked, view_only)
    stage.bridge.close()
