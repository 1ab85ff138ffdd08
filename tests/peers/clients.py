"""Four clients that other people wrote for Amazon, each in a process of its own, asked line by line (see lines.py)."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from typing import Any

import pytest

from tests.node import node_with_packages

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
# npm's name or PyPI's -> the program that reads with it
CLIENTS = {
    "python-amazon-sp-api": "read_with_python_amazon_sp_api.py",
    "amzn-sp-api": "read_with_amzn_sp_api.py",
    "amazon-sp-api": "read_with_amazon_sp_api.mjs",
    "@sp-api-sdk/orders-api-2026-01-01": "read_with_sp_api_sdk.mjs",
}
ANSWER_WITHIN = 30.0


class Client:
    """The process of one client. `raised` answers come back as they are; silence ends the test with what it printed."""

    def __init__(self, name: str) -> None:
        self.name = name
        program = CLIENTS[name]
        if program.endswith(".mjs"):
            node, modules = node_with_packages(HERE)
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
