"""Schemathesis finds nothing: what the document allows is taken, what it forbids is refused, as it says."""

from __future__ import annotations

from pathlib import Path

from tests.fuzz.fuzzing import fuzz

EXAMPLES = 3  # of each operation; `make fuzz` goes by the clock


def test_what_the_document_promises_holds(tmp_path: Path):
    outcome = fuzz(tmp_path, examples=EXAMPLES, seed=20_261_126)
    assert outcome.code == 0, outcome.text
    for phase in ("Examples", "Coverage", "Fuzzing", "Stateful"):
        assert f"\u2705 {phase}" in outcome.text.split("Test Phases:")[1], outcome.text
