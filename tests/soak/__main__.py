"""python -m tests.soak [SEED ...]: play these seeds, or all 200 of them; a line for each, 1 when one has failed."""

from __future__ import annotations

import logging
import os
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path

import structlog

from tests.soak.simulation import Outcome, simulate

SEEDS = range(200)
PROCESSES = 2
MEMORY = "/dev/shm"  # the database's file, where there is such a place


def play(seed: int, level: int = logging.CRITICAL) -> tuple[Outcome, float]:
    """One seed in a directory of its own, and the seconds that it took; the bridge logs from `level` on."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(level))
    began = time.monotonic()
    with tempfile.TemporaryDirectory(dir=MEMORY if os.access(MEMORY, os.W_OK) else None) as directory:
        outcome = simulate(seed, Path(directory))
    return outcome, time.monotonic() - began


def report(outcome: Outcome, seconds: float) -> bool:
    """Print how a seed ended; whether it ended well."""
    print(f"{'FAILED' if outcome.problems else 'ok    '} {outcome} ({seconds:.1f} s)", flush=True)
    for problem in outcome.problems[:20]:
        print(f"       {problem}")
    if outcome.problems:
        print(f"       replay: {sys.executable} -m tests.soak {outcome.seed}", flush=True)
    return not outcome.problems


def main(seeds: list[int]) -> int:
    if len(seeds) == 1:
        return 0 if report(*play(seeds[0], logging.ERROR)) else 1
    failed = []
    with ProcessPoolExecutor(PROCESSES) as pool:
        for done in as_completed([pool.submit(play, seed) for seed in seeds]):
            outcome, seconds = done.result()
            if not report(outcome, seconds):
                failed.append(outcome.seed)
    print(f"{len(seeds) - len(failed)} of {len(seeds)} seeds well" + (f", failed: {sorted(failed)}" if failed else ""))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main([int(word) for word in sys.argv[1:]] or list(SEEDS)))
