"""An environment that cannot be used is said in one line, whatever the command."""

from __future__ import annotations

import subprocess
import sys

import pytest


@pytest.mark.parametrize(
    ("variable", "value"), [("BRIDGE_SECRET_KEYS", "no key"), ("BRIDGE_COMMERCE_TIME_LIMIT", "soon")]
)
def test_a_malformed_variable_ends_every_command_with_one_line(tmp_path, variable, value):
    environment = {"PATH": "/usr/bin:/bin", "BRIDGE_DATABASE_URL": f"sqlite:///{tmp_path}/b.db", variable: value}
    done = subprocess.run(
        [sys.executable, "-m", "flask", "bridge", "jobs", "list"],
        env=environment, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert done.stderr.startswith("Error: ")
    assert len(done.stderr.strip().splitlines()) == 1
    assert "Traceback" not in done.stderr
