"""Parts that a supervisor starts in tests."""

from __future__ import annotations

import sys
import time

from bridge.errors import ConfigError


def stay() -> None:
    """Until it is ended."""
    print("here I am", flush=True)
    time.sleep(60)


def stumble(lines: int) -> None:
    """Say something, and end by a mistake of the operator's."""
    for number in range(lines):
        print(f"line {number}", file=sys.stderr)
    raise ConfigError("the moon is full")
