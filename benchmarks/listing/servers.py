"""Both servers on loopback as processes of their own, the load on them, and the memory that their workers take."""

from __future__ import annotations

import contextlib
import http.client
import os
import re
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import packages_distributions
from pathlib import Path

from bridge.vault import new_key

WORKERS = 2
CONNECTIONS = 8
ROOT = Path(__file__).resolve().parents[2]
_BRIDGE = """
import sys
sys.modules.update(dict.fromkeys(sys.argv[5:]))  # not to be imported
from bridge.config import Config
from bridge.processes import run_server
from bridge import log
log.configure("INFO")
config = Config(database_url=sys.argv[2], secret_keys=(sys.argv[4],), rate_limit="none")
run_server(config, "127.0.0.1", int(sys.argv[1]), int(sys.argv[3]))
"""
_FASTAPI = """
import sys, uvicorn
uvicorn.run("benchmarks.listing.fastapi_app:app", port=int(sys.argv[1]), workers=int(sys.argv[3]))
"""


@dataclass(frozen=True)
class Server:
    """A running server. path: of its list."""

    port: int
    path: str
    process: subprocess.Popen[bytes]

    def get(self, key: str, path: str | None = None) -> http.client.HTTPResponse:
        """An answer, still to be read. Raises OSError while nothing listens."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=600)
        connection.request("GET", path or self.path, headers={"Authorization": f"Bearer {key}"})
        return connection.getresponse()

    def memory(self) -> list[int]:
        """Resident bytes of each worker."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        return [resident(int(pid)) for pid in children]


def hidden() -> tuple[str, ...]:
    """The modules here that an operator's installation has not: what the tests and the tools bring along.

    Some libraries load them wherever they find them (structlog and httpx: rich; SQLAlchemy: greenlet).
    """
    lines = (ROOT / "requirements" / "base.txt").read_text().splitlines()
    base = {_plain(line.split("==")[0]) for line in lines if "==" in line} | {"psycopg", "psycopg-binary"}
    found = packages_distributions().items()
    return tuple(sorted(module for module, held in found if not base.intersection(map(_plain, held))))


def _plain(distribution: str) -> str:
    return re.sub(r"[-_.]+", "-", distribution).lower().strip()


def resident(pid: int) -> int:
    """Resident bytes of a process."""
    found = re.search(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    return int(found[1]) * 1024 if found else 0


@contextlib.contextmanager
def bridge(database: str, key: str, workers: int = WORKERS) -> Iterator[Server]:
    """The bridge as `flask bridge serve` runs it where it is installed by itself, its log lines thrown away."""
    with _running(_BRIDGE, "/api/v1/orders?page_size=50", key, (database, workers, new_key(), *hidden())) as server:
        yield server


@contextlib.contextmanager
def fastapi(database: str, key: str) -> Iterator[Server]:
    """The FastAPI endpoint on uvicorn."""
    with _running(_FASTAPI, "/orders?page_size=50", key, (database, WORKERS)) as server:
        yield server


@contextlib.contextmanager
def _running(program: str, path: str, key: str, told: tuple[object, ...]) -> Iterator[Server]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-c", program, str(port), *map(str, told)],
        cwd=ROOT,
        env=os.environ | {"LIST_DATABASE": str(told[0])},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    server = Server(port, path, process)
    try:
        _wait(server, key)
        yield server
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()


def _wait(server: Server, key: str) -> None:
    for _ in range(600):
        if server.process.poll() is not None:
            raise SystemExit(f"the server for {server.path} has ended")
        try:
            answer = server.get(key)
        except OSError:
            time.sleep(0.1)
            continue
        if answer.status != 200:
            raise SystemExit(f"{server.path}: {answer.status} {answer.read()[:300]!r}")
        answer.read()
        return
    raise SystemExit(f"nothing listens for {server.path}")


def requests_per_second(server: Server, key: str, seconds: int) -> float:
    """By wrk where it is installed, else by threads."""
    wrk = shutil.which("wrk")
    if wrk:
        url = f"http://127.0.0.1:{server.port}{server.path}"
        asked = [wrk, "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "-H", f"Authorization: Bearer {key}", url]
        printed = subprocess.run(asked, capture_output=True, text=True, check=True).stdout
        found = re.search(r"Requests/sec:\s+([\d.]+)", printed)
        if "Non-2xx" in printed or not found:
            raise SystemExit(printed)
        return float(found[1])
    done = [0] * CONNECTIONS
    until = time.monotonic() + seconds

    def ask(number: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", server.port)
        while time.monotonic() < until:
            connection.request("GET", server.path, headers={"Authorization": f"Bearer {key}"})
            answer = connection.getresponse()
            answer.read()
            done[number] += answer.status == 200

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(CONNECTIONS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(done) / seconds
