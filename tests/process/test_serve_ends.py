"""`flask bridge serve` ends when it is told to, and leaves nobody on its port."""

from __future__ import annotations

import os
import signal
from pathlib import Path

from bridge import migrate
from bridge.db import Database
from bridge.vault import new_key
from tests import needs
from tests.process.running import answers, bridge, free_port, until


def workers(server: int) -> list[int]:
    """The server's child processes; none once it has gone."""
    if not Path("/proc/self/task").is_dir():
        needs.missing("there is no /proc, in which the workers are found")
    children = Path(f"/proc/{server}/task/{server}/children")
    return [int(pid) for pid in children.read_text().split()] if children.exists() else []


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_ctrl_c_reaches_the_whole_group_and_nobody_is_left(tmp_path: Path):
    db = Database(url := f"sqlite:///{tmp_path / 'bridge.db'}")
    migrate.upgrade(db)
    db.close()
    port = free_port()
    environment = {"BRIDGE_DATABASE_URL": url, "BRIDGE_SECRET_KEYS": new_key()}
    arguments = ("serve", "--port", str(port), "--workers", "2")
    with bridge(*arguments, output=tmp_path / "log", new_group=True, **environment) as server:
        until(lambda: answers(f"http://127.0.0.1:{port}/healthz"), server, 60, "it answers")
        begun = until(lambda: len(workers(server.pid)) == 2 and workers(server.pid), server, 20, "two workers")
        # A terminal sends Ctrl-C to every process of the group. Which worker ends, and when, is the server's to say:
        # one that begins to end by itself and is told so once more locks itself up (gunicorn's gthread, 27).
        for pid in begun * 50:
            os.kill(pid, signal.SIGINT)
        assert answers(f"http://127.0.0.1:{port}/healthz")
        assert workers(server.pid) == begun
        os.killpg(server.pid, signal.SIGINT)
        server.wait(20)
        assert [pid for pid in begun if alive(pid)] == []
    assert not answers(f"http://127.0.0.1:{port}/healthz")
