"""Node with the npm packages that a folder's package.json names, installed once for all test processes."""

from __future__ import annotations

import fcntl
import shutil
import subprocess
from functools import cache
from pathlib import Path

from tests.needs import missing

INSTALLED = Path(__file__).resolve().parents[1] / "var" / "node"
INSTALL_WITHIN = 180.0
OLDEST = 20


def node_with_packages(folder: Path) -> tuple[str, Path]:
    """Node's path and the node_modules with what folder/package.json names; ends the test when either cannot be had."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if not node or not npm:
        missing("node and npm are not installed")
    version = subprocess.run([node, "--version"], capture_output=True, text=True, timeout=20, check=True).stdout.strip()
    if int(version.removeprefix("v").partition(".")[0]) < OLDEST:
        missing(f"Node {OLDEST} is needed, this is {version}")
    problem = _install(npm, folder)
    if problem:
        missing(f"npm install failed: {problem}")
    return node, INSTALLED / folder.name / "node_modules"


@cache
def _install(npm: str, folder: Path) -> str:
    """Install what package.json names, unless that was done before; what went wrong, or nothing."""
    packages = INSTALLED / folder.name
    wanted, done = (folder / "package.json").read_text(), packages / ".installed"
    packages.mkdir(parents=True, exist_ok=True)
    with (packages / ".lock").open("w") as lock:  # test processes that run beside this one
        fcntl.flock(lock, fcntl.LOCK_EX)
        if done.exists() and done.read_text() == wanted:
            return ""
        (packages / "package.json").write_text(wanted)
        install = [npm, "install", "--no-package-lock", "--no-audit", "--no-fund", "--ignore-scripts"]
        try:
            subprocess.run(
                [*install, "--fetch-retries=1", "--fetch-retry-mintimeout=1000"],
                cwd=packages, capture_output=True, text=True, timeout=INSTALL_WITHIN, check=True,
            )  # fmt: skip
        except subprocess.CalledProcessError as error:
            said = [line.removeprefix("npm error ") for line in error.stderr.splitlines() if "npm error" in line]
            return "; ".join(said[:3]) or f"exit status {error.returncode}"
        except subprocess.TimeoutExpired:
            return f"not done after {INSTALL_WITHIN:g} s"
        done.write_text(wanted)
    return ""
