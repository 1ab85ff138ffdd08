"""`python -m tests.fuzz [SECONDS [SEED]]`: Schemathesis' four phases against a served bridge (make fuzz)."""

from __future__ import annotations

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.fuzz.fuzzing import fuzz


def main(seconds: int = 600, seed: int = 1) -> int:
    with TemporaryDirectory() as directory:
        outcome = fuzz(Path(directory), seconds=seconds, seed=seed)
    print(outcome.text)
    return outcome.code


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
