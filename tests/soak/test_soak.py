"""The short form of `make soak`: a seed of thirty virtual days, and proof that it can fail."""

from __future__ import annotations

import shutil
from datetime import timedelta
from pathlib import Path

import pytest

from bridge.sync import pull
from tests.soak.simulation import simulate


@pytest.fixture
def directory(migrated_file: Path, tmp_path: Path) -> Path:
    shutil.copy(migrated_file, tmp_path / "bridge.db")
    return tmp_path


@pytest.mark.timeout(300)  # some seconds, on a machine that does nothing else
@pytest.mark.parametrize("seed", [2])
def test_after_thirty_bad_days_our_table_and_the_shop_equal_amazon(seed: int, directory: Path):
    outcome = simulate(seed, directory)
    assert outcome.problems == [], f"replay: python -m tests.soak {seed}"
    assert outcome.counts["orders"] >= 50
    assert outcome.counts["faults"] > 0


@pytest.mark.timeout(300)
def test_a_sync_that_does_not_overlap_is_found_out(directory: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(pull, "OVERLAP", timedelta(0))
    monkeypatch.setattr("tests.soak.simulation.QUIET", 2)
    assert any("missing" in problem for problem in simulate(0, directory).problems)
