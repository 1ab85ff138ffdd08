"""The bridge's long-running parts, and a supervisor for several of them in one terminal.

Children are started afresh (spawn) and told everything by argument. They end when whoever started them ends, however
that came about: the pipe that multiprocessing keeps to the parent closes even when it is killed.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import multiprocessing
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from multiprocessing.connection import wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from types import FrameType
from typing import Any

from gunicorn.app.base import BaseApplication  # type: ignore[import-untyped]
from gunicorn.glogging import Logger  # type: ignore[import-untyped]

from bridge import create_app, log, migrate
from bridge.config import Config
from bridge.errors import BridgeError, ConfigError
from bridge.jobs import cluster
from bridge.jobs.run import take_up
from bridge.late import load_all
from bridge.runtime import Runtime, build
from bridge.staging import guard_public_url

SANDBOX_PORT = 8001
DEMO = "demo"
_PATIENCE = 15.0  # seconds that a child may take to end before it is killed
_M_ARENA_MAX = -8  # glibc's malloc.h
_spawn = multiprocessing.get_context("spawn")


class ChildEndedError(BridgeError):
    """A supervised process ended by itself."""


def sandbox_addresses(port: int = SANDBOX_PORT) -> dict[str, str]:
    """The configuration's values that point the bridge at a sandbox on this machine."""
    amazon = f"http://127.0.0.1:{port}/amazon"
    return {"amazon_endpoint": amazon, "lwa_endpoint": f"{amazon}/auth/o2/token"}


def beside_sandbox(config: Config) -> Config:
    """With BRIDGE_SANDBOX=1, Amazon is the embedded sandbox unless the endpoints say otherwise."""
    if not config.sandbox:
        return config
    here = sandbox_addresses()
    return replace(
        config,
        amazon_endpoint=config.amazon_endpoint or here["amazon_endpoint"],
        lwa_endpoint=config.lwa_endpoint or here["lwa_endpoint"],
    )


@contextlib.contextmanager
def started(config: Config) -> Iterator[Runtime]:
    """A runtime over a database at the newest migration, its address checked. Raises ConfigError."""
    runtime = build(config)
    try:
        standing = migrate.current(runtime.db)
        if standing != migrate.head():
            raise ConfigError(
                f"the database stands at migration {standing or 'none'}, this release needs {migrate.head()}:"
                " run `flask bridge db upgrade`"
            )
        guard_public_url(runtime)
        yield runtime
    finally:
        runtime.close()


# -- the parts; each blocks until SIGTERM or SIGINT. What one of them alone needs it imports: a worker would hold it.


def run_scheduler(config: Config) -> None:
    """Drive the jobs."""
    from bridge.jobs.scheduler import Scheduler  # noqa: PLC0415

    load_all()
    with started(config) as runtime:
        Scheduler(runtime).run()


def run_worker(config: Config, threads: int) -> None:
    """Do what the scheduler and the API ask for through the broker. Raises ConfigError without one."""
    load_all()
    with started(config) as runtime:
        cluster.work(config, partial(take_up, runtime), runtime.stopping.set, threads)


def run_server(config: Config, host: str, port: int, workers: int) -> None:
    """Answer HTTP requests: gunicorn with threads."""
    from bridge import api, console  # noqa: F401, PLC0415  once, and the workers share it

    with started(config):
        pass  # looks, and gives its connections back: the workers are forked from here
    settle()
    _Server(config, {"bind": f"{_host(host)}:{port}", "workers": workers}).run()


def run_sandbox(port: int, scenario: str, *, town: bool) -> None:
    """Serve a sandbox on loopback. Raises ConfigError beside real credentials or when the port is taken."""
    from bridge.sandbox.scenarios import SCENARIOS  # noqa: PLC0415
    from bridge.sandbox.server import RealCredentialsError, serve  # noqa: PLC0415
    from bridge.sandbox.world import World  # noqa: PLC0415

    world = World()
    SCENARIOS[scenario](world)
    try:
        serve(world, port, town=town)
    except RealCredentialsError as error:
        raise ConfigError(str(error)) from error
    except (OSError, SystemExit) as error:  # werkzeug's server ends the process when the port is taken
        raise ConfigError(f"the sandbox cannot listen on port {port}") from error


def settle() -> None:
    """What is there when a server starts stays; have it looked through for garbage no more, and the rest less often.

    A request makes a few thousand objects and leaves none, but with Python's own thresholds it would pay for several
    looks through all of them: a sixth of its time.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 10, 10)


class _Server(BaseApplication):  # type: ignore[misc]
    """gunicorn told by argument; each worker makes an application, and so a database pool, of its own."""

    def __init__(self, config: Config, options: dict[str, Any]) -> None:
        self._config = config
        self._options = options
        super().__init__()

    def load_config(self) -> None:
        """Threads, because a request mostly waits for a database or a shop."""
        level = self._config.log_level.lower()
        fixed = {
            "worker_class": "gthread",
            "threads": 8,
            "logger_class": _Log,
            "loglevel": level,
            "control_socket_disable": True,
            "graceful_timeout": int(_PATIENCE * 2 / 3),  # the server ends its workers before the supervisor ends it
            "post_worker_init": _leave_ending_to_the_server,
        }
        for name, value in (fixed | self._options).items():
            self.cfg.set(name, value)

    def load(self) -> Any:
        """The WSGI application."""
        _share_one_heap()
        app = create_app(self._config)
        settle()
        return app


def _share_one_heap() -> None:
    """The worker's threads take turns anyway, but glibc would give each a heap of its own: 5 MB for eight of them."""
    with contextlib.suppress(AttributeError, OSError):  # another C library has neither such heaps nor this function
        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, 1)


def _leave_ending_to_the_server(worker: Any) -> None:
    """A worker that is told to quit while it quits locks itself up, and keeps the port for ever.

    Ctrl-C tells everybody at once, and then the server tells its workers: the first is none of their business, and the
    second is heard once.
    """

    def quit_once(number: int, frame: FrameType | None) -> None:
        signal.signal(signal.SIGQUIT, signal.SIG_IGN)
        worker.handle_quit(number, frame)

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGQUIT, quit_once)


class _Log(Logger):  # type: ignore[misc]
    """gunicorn's own messages among ours, in the same form."""

    def setup(self, cfg: Any) -> None:
        """Let them through to the handlers of log.configure."""
        super().setup(cfg)
        self.error_log.handlers.clear()
        self.error_log.propagate = True


def _host(host: str) -> str:
    return f"[{host}]" if ":" in host else host


# -- several parts in one terminal


class Supervisor:
    """Starts parts as child processes; when one ends by itself the others are ended too.

    logs: a directory for what the children print, or None to leave it in this terminal.
    """

    def __init__(self, logs: Path | None = None) -> None:
        self._logs = logs
        self._children: list[BaseProcess] = []
        self._handlers: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Supervisor:
        """From here on SIGTERM ends the supervisor like Ctrl-C."""
        self._handlers = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
        signal.signal(signal.SIGTERM, _interrupt)
        return self

    def __exit__(self, *_: object) -> None:
        """End all children."""
        for number in self._handlers:
            signal.signal(number, signal.SIG_IGN)  # it is ending already
        self.end()
        for number, handler in self._handlers.items():
            signal.signal(number, handler)

    def start(self, name: str, part: Callable[..., None], *arguments: Any, **options: Any) -> None:
        """Start a part in a process of its own."""
        target = _child_main
        values = (name, self.log_of(name), part, arguments, options)
        child = _spawn.Process(target=target, name=name, args=values, daemon=True)
        child.start()
        self._children.append(child)

    def log_of(self, name: str) -> Path | None:
        """Where the child's output is kept."""
        return self._logs / f"{name}.log" if self._logs else None

    def watch(self, seconds: float | None = None) -> None:
        """Wait; for ever unless `seconds` are given. Raises ChildEndedError as soon as a child ends."""
        ended = wait([child.sentinel for child in self._children], seconds)
        for child in self._children:
            if child.sentinel in ended:
                child.join()
                raise ChildEndedError(self._obituary(child))

    def end(self) -> None:
        """Ask the children to end, last started first, and kill those that do not."""
        for child in reversed(self._children):
            child.terminate()
        for child in self._children:
            child.join(_PATIENCE)
            if child.exitcode is None:
                child.kill()
                child.join()
        self._children.clear()

    def _obituary(self, child: BaseProcess) -> str:
        text = f"{child.name} has ended (exit code {child.exitcode})"
        path = self.log_of(child.name)
        lines = path.read_text(errors="replace").splitlines()[-5:] if path and path.exists() else []
        return "\n  ".join([f"{text}; the last lines of {path}:" if lines else text, *lines])


def listening(port: int, host: str = "127.0.0.1") -> bool:
    """Whether something accepts connections there."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex((host, port)) == 0


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def _child_main(
    name: str, output: Path | None, part: Callable[..., None], arguments: tuple[Any, ...], options: dict[str, Any]
) -> None:
    if output:
        target = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        os.dup2(target, 1)
        os.dup2(target, 2)
    config = next((value for value in arguments if isinstance(value, Config)), None)
    log.configure(config.log_level if config else "INFO")
    _end_with_parent()
    try:
        part(*arguments, **options)
    except BridgeError as error:
        sys.exit(f"{name}: {error}")
    except KeyboardInterrupt:  # a Ctrl-C that came before the part handled it
        sys.exit(130)


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is None:
        return

    def watch() -> None:
        parent.join()
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, name="parent-watch", daemon=True).start()
