"""Jobs are tested on a stage: real clients, the sandbox behind them, a hand-moved clock."""

from tests.journeys.conftest import stage

__all__ = ["stage"]
