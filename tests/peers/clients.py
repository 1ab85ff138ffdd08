"""Four clients that other people wrote for Amazon, each in a process of its own, asked line by line (see lines.py)."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.needs import missing

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
PACKAGES = ROOT / "var" / "peers"
# npm's name or PyPI's -> the program that reads with it
CLIENTS = {
    "python-amazon-sp-api": "read_with_python_amazon_sp_api.py",
    "amzn-sp-api": "read_with_amzn_sp_api.py",
    "amazon-sp-api": "read_with_amazon_sp_api.mjs",
    "@sp-api-sdk/orders-api-2026-01-01": "read_with_sp_api_sdk.mjs",
}
ANSWER_WITHIN = 30.0
INSTALL_WITHIN = 90.0


class Client:
    """The process of one client. `raised` answers come back as they are; silence ends the test with what it printed."""

    def __init__(self, name: str) -> None:
        self.name = name
        program = CLIENTS[name]
        if program.endswith(".mjs"):
            node, modules = node_with_packages()
            command = [node, str(HERE / program)]
            environment = {"NODE_PATH": str(modules)}
        else:
            command = [sys.executable, "-m", f"tests.peers.{program.removesuffix('.py')}"]
            environment = {}
        self._errors = tempfile.TemporaryFile("w+")  # noqa: SIM115 - closed in close()
        # Nothing else of the environment: no proxy, no credentials, no settings of the clients in the home directory.
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
            cwd=ROOT,
            env={"PATH": os.environ.get("PATH", ""), "HOME": os.devnull, **environment},
        )

    def open(self, amazon: str, **credentials: str) -> None:
        """A fresh client for the sandbox at this address, without a token."""
        assert self._ask(do="open", amazon=amazon, credentials=credentials) == {"answer": None}

    def search(self, **query: Any) -> dict[str, Any]:
        """One searchOrders: {"answer": {"orders", "next"}} or {"raised": [...]}."""
        return self._ask(do="search", query=query)

    def get(self, order_id: str, included: list[str]) -> dict[str, Any]:
        """One getOrder: {"answer": order} or {"raised": [...]}."""
        return self._ask(do="get", order_id=order_id, included=included)

    def close(self) -> None:
        """End the process."""
        self._process.stdin.close()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()
        self._errors.close()

    def _ask(self, **question: Any) -> dict[str, Any]:
        deadline = threading.Timer(ANSWER_WITHIN, self._process.kill)
        deadline.start()
        try:
            self._process.stdin.write(json.dumps(question) + "\n")
            self._process.stdin.flush()
            line = self._process.stdout.readline()
        except BrokenPipeError:
            line = ""
        finally:
            deadline.cancel()
        if not line:
            self._errors.seek(0)
            pytest.fail(f"{self.name} gave no answer to {question['do']}: {self._errors.read()[-2000:]}")
        return json.loads(line)


def node_with_packages() -> tuple[str, Path]:
    """Node's path and the folder with the packages of package.json; ends the test when either cannot be had."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if not node or not npm:
        missing("node and npm are not installed")
    version = subprocess.run([node, "--version"], capture_output=True, text=True, timeout=20, check=True).stdout.strip()
    if int(version.removeprefix("v").partition(".")[0]) < 20:
        missing(f"the clients need Node 20, this is {version}")
    problem = _install(npm)
    return (node, PACKAGES / "node_modules") if not problem else missing(f"npm install failed: {problem}")


@cache
def _install(npm: str) -> str:
    """Install what package.json names, unless that was done before; what went wrong, or nothing."""
    wanted, done = (HERE / "package.json").read_text(), PACKAGES / ".installed"
    PACKAGES.mkdir(parents=True, exist_ok=True)
    with (PACKAGES / ".lock").open("w") as lock:  # test processes that run beside this one
        fcntl.flock(lock, fcntl.LOCK_EX)
        if done.exists() and done.read_text() == wanted:
            return ""
        (PACKAGES / "package.json").write_text(wanted)
        install = [npm, "install", "--no-package-lock", "--no-audit", "--no-fund", "--ignore-scripts"]
        try:
            subprocess.run(
                [*install, "--fetch-retries=1", "--fetch-retry-mintimeout=1000"],
                cwd=PACKAGES, capture_output=True, text=True, timeout=INSTALL_WITHIN, check=True,
            )  # fmt: skip
        except subprocess.CalledProcessError as error:
            said = [line.removeprefix("npm error ") for line in error.stderr.splitlines() if "npm error" in line]
            return "; ".join(said[:3]) or f"exit status {error.returncode}"
        except subprocess.TimeoutExpired:
            return f"not done after {INSTALL_WITHIN:g} s"
        done.write_text(wanted)
    return ""
