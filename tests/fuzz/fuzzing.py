"""Whatever the document allows, and much that it does not, sent to a bridge with orders in it."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from bridge import create_app
from bridge.keys import DEMO_KEY
from tests.serving import serving
from tests.stage import Stage, line

ROOT = Path(__file__).resolve().parents[2]
SETTINGS = Path(__file__).with_name("schemathesis.toml")


@dataclass(frozen=True)
class Outcome:
    code: int
    text: str


def fuzz(directory: Path, *, seed: int, seconds: int | None = None, examples: int | None = None) -> Outcome:
    """Run the examples, coverage, fuzzing and stateful phases; code 0: nothing was found.

    seconds: about how long. examples: how many of each operation, and scenarios; a slow machine takes longer for them.
    """
    stage = Stage(directory, more={"rate_limit": "none", "log_level": "ERROR"})
    stage.paid_order(buyer_name="José García")
    stage.paid_order(line("GREEN-MUG", price="8.10"))
    stage.sync()
    command = [
        str(Path(sys.executable).with_name("st")), "--config-file", str(SETTINGS), "run",
        "--seed", str(seed), "--header", f"Authorization: Bearer {DEMO_KEY}",
    ]  # fmt: skip
    command += ["--max-time", str(seconds)] if seconds else []
    command += ["--max-examples", str(examples)] if examples else []
    with serving(create_app(runtime=stage.bridge)) as address:
        done = subprocess.run(
            [*command, f"{address}/openapi.json"],
            check=False,
            cwd=directory,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            timeout=(seconds or 0) + 300,
        )
    stage.bridge.close()
    return Outcome(done.returncode, done.stdout + done.stderr)
