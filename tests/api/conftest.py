"""The API over a stage: the sandbox answers for Amazon and Commerce."""

from __future__ import annotations

import pytest

from bridge import create_app
from tests.api_client import ApiClient
from tests.journeys.conftest import stage
from tests.stage import Stage

__all__ = ["stage", "stage_api"]


@pytest.fixture
def stage_api(stage: Stage, no_background: None) -> ApiClient:
    """The API of the bridge that stands on the stage."""
    return ApiClient(create_app(runtime=stage.bridge))
