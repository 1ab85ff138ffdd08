"""Every regression is played on a stage: real clients, the sandbox behind them, a hand-moved clock."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.api.conftest import stage_api
from tests.stage import Stage

__all__ = ["stage_api"]


@pytest.fixture
def stage(tmp_path: Path, migrated_file: Path) -> Iterator[Stage]:
    """A stage whose database was migrated before: there are many regressions."""
    shutil.copy(migrated_file, tmp_path / "bridge.db")
    stage = Stage(tmp_path)
    yield stage
    stage.bridge.close()
