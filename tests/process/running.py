"""The bridge as processes of its own, watched from outside."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import httpx

ROOT = Path(__file__).resolve().parents[2]
T = TypeVar("T")


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextlib.contextmanager
def bridge(
    *arguments: str, output: Path, new_group: bool = False, **environment: str
) -> Iterator[subprocess.Popen[bytes]]:
    """`flask bridge ...` as a process; what it prints goes to the file. Killed at the end if it still runs.

    new_group: it leads a process group, which can be signalled as a terminal does it.
    """
    with (
        output.open("wb") as target,
        bridge_process(*arguments, stdout=target, new_group=new_group, **environment) as process,
    ):
        try:
            yield process
        finally:
            process.kill()


def bridge_process(
    *arguments: str, stdout: object = None, new_group: bool = False, **environment: str
) -> subprocess.Popen[bytes]:
    """Starts `flask bridge ...` from the repository, with no BRIDGE_ variables but these."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("BRIDGE_", "FLASK_"))}
    return subprocess.Popen(
        [sys.executable, "-m", "flask", "bridge", *arguments],
        cwd=ROOT,
        env=inherited | environment,
        stdout=stdout,  # type: ignore[call-overload]
        stderr=subprocess.STDOUT,
        start_new_session=new_group,
    )


def until(look: Callable[[], T | None], process: subprocess.Popen[bytes], seconds: float, what: str) -> T:
    """What `look` gives, as soon as it gives something; fails after so many seconds, or when the process has ended."""
    limit = time.monotonic() + seconds
    while True:
        found = look()
        if found:
            return found
        assert time.monotonic() < limit, f"not within {seconds} s: {what}"
        with contextlib.suppress(subprocess.TimeoutExpired):
            raise AssertionError(f"the process ended with {process.wait(0.2)} before: {what}")


def answers(url: str) -> bool:
    """Whether an address answers 200."""
    try:
        return httpx.get(url, timeout=5, follow_redirects=True).status_code == 200
    except httpx.TransportError:
        return False
