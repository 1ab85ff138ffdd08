"""Other people's linters find nothing in the published document; rules that are off stand in openapi/, with reasons."""

from __future__ import annotations

import json
from pathlib import Path

from tests.generated.generating import CONTRACT, HERE, tool
from tests.node import node_with_packages


def test_spectral_finds_nothing(tmp_path: Path):
    command = ["npx", "spectral", "lint", str(CONTRACT), "--ruleset", str(CONTRACT.with_name("spectral.yaml"))]
    assert json.loads(_asked([*command, "--format=json", "--quiet", "--fail-severity=hint"], tmp_path)) == []


def test_redocly_finds_nothing(tmp_path: Path):
    command = ["npx", "redocly", "lint", str(CONTRACT), "--config", str(CONTRACT.with_name("redocly.yaml"))]
    found = _asked([*command, "--format=json"], tmp_path)
    told = json.loads(found[found.index("{") : found.rindex("}") + 1])
    assert told["totals"] == {"errors": 0, "warnings": 0, "ignored": 0}, told["problems"]


def _asked(command: list[str], folder: Path) -> str:
    _, modules = node_with_packages(HERE)
    (folder / "node_modules").symlink_to(modules)
    return tool(command, folder)
