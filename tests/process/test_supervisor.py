"""Several parts in one terminal, and what each needs before it starts."""

from __future__ import annotations

import os
import signal
import socket
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from bridge import demo, processes
from bridge.cli import serving
from bridge.config import Config
from bridge.demo import Demo
from bridge.errors import ConfigError
from bridge.models import Store
from bridge.processes import ChildEndedError, Supervisor
from bridge.runtime import build
from tests.cli.conftest import Cli, bare, cli
from tests.process import parts

__all__ = ["bare", "cli"]


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


def test_a_part_that_ends_is_named_with_its_last_words(tmp_path: Path):
    with Supervisor(logs=tmp_path) as supervisor:
        supervisor.start("steady", parts.stay)
        supervisor.start("clumsy", parts.stumble, 9)
        with pytest.raises(ChildEndedError) as ended:
            supervisor.watch(30)
    words = str(ended.value)
    assert words.startswith("clumsy has ended (exit code 1)")
    assert "clumsy: the moon is full" in words
    assert "line 8" in words
    assert "line 4" not in words


def test_watching_for_a_while_raises_nothing_while_all_is_well(tmp_path: Path):
    with Supervisor(logs=tmp_path) as supervisor:
        supervisor.start("steady", parts.stay)
        supervisor.watch(0.1)


def test_a_signal_ends_the_watch_and_afterwards_signals_mean_what_they_meant(tmp_path: Path):
    before = signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)
    with Supervisor(logs=tmp_path) as supervisor:
        supervisor.start("steady", parts.stay)
        threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGTERM)).start()
        with pytest.raises(KeyboardInterrupt):
            supervisor.watch(30)
    assert (signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)) == before


def test_nothing_starts_on_a_database_that_is_behind(tmp_path: Path, config: Config):
    behind = replace(config, database_url=f"sqlite:///{tmp_path / 'empty.db'}")
    for part in (lambda: processes.run_scheduler(behind), lambda: processes.run_server(behind, "127.0.0.1", 1, 1)):
        with pytest.raises(ConfigError, match="flask bridge db upgrade"):
            part()


def test_beside_the_sandbox_amazon_is_the_sandbox_unless_told_otherwise(config: Config):
    here = processes.beside_sandbox(replace(config, lwa_endpoint="http://127.0.0.1:9/token"))
    assert (here.amazon_endpoint, here.lwa_endpoint) == ("http://127.0.0.1:8001/amazon", "http://127.0.0.1:9/token")
    alone = replace(config, sandbox=False)
    assert processes.beside_sandbox(alone) is alone


def test_the_sandbox_says_when_its_port_is_taken(taken_port: int):
    with pytest.raises(ConfigError, match=str(taken_port)):
        processes.run_sandbox(taken_port, "empty", town=False)


def test_the_sandbox_does_not_start_beside_real_credentials(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("SELLER_TOKEN", "Atzr|of-somebody-real")
    with pytest.raises(ConfigError, match="SELLER_TOKEN") as refused:
        processes.run_sandbox(0, "empty", town=False)
    assert "of-somebody-real" not in str(refused.value)


def test_the_server_has_threads_and_an_application_of_its_own_in_each_worker(config: Config):
    server = processes._Server(config, {"bind": "[::1]:0", "workers": 3})
    assert (server.cfg.worker_class_str, server.cfg.threads, server.cfg.workers) == ("gthread", 8, 3)
    first, second = server.load(), server.load()
    assert isinstance(first, Flask)
    assert first.extensions["bridge"].db is not second.extensions["bridge"].db
    for app in (first, second):
        app.extensions["bridge"].close()


def test_a_demo_is_prepared_afresh_each_time_and_touches_nothing_else(tmp_path: Path):
    place = Demo(tmp_path / "demo", 8080, 8081)
    demo.prepare(place)
    (tmp_path / "demo" / "notes.txt").write_text("mine")
    first_key = place.key_file.read_text()
    config = demo.prepare(place)
    assert place.key_file.read_text() != first_key
    assert place.key_file.stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "demo" / "notes.txt").read_text() == "mine"
    assert (config.sandbox, config.public_url) == (True, "http://127.0.0.1:8080")
    assert config.amazon_endpoint == "http://127.0.0.1:8081/amazon"
    runtime = build(config)
    with runtime.db.reading() as session:
        assert session.get_one(Store, 1).commerce_url == "http://127.0.0.1:8081/commerce"
    assert runtime.links.get(1).name == demo.STORE_NAME
    runtime.close()


def test_a_demo_whose_port_is_taken_touches_nothing(tmp_path: Path, taken_port: int):
    with pytest.raises(ConfigError, match=f"port {taken_port} is in use"):
        demo.run(Demo(tmp_path / "demo", taken_port, taken_port))
    assert not (tmp_path / "demo").exists()


def test_the_greeting_names_every_address_and_the_key(tmp_path: Path):
    text = demo.greeting(Demo(tmp_path, 8080, 8081))
    for words in ("http://127.0.0.1:8080/docs", "http://127.0.0.1:8081/", "bridge-demo-key", "begins anew"):
        assert words in text


class Recorder:
    """Stands for a supervisor, and notes what it was asked to start."""

    started: list[tuple[Any, ...]]

    def __enter__(self) -> Recorder:
        Recorder.started = []
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def start(self, name: str, _part: object, *arguments: Any, **_: Any) -> None:
        self.started.append((name, *(a for a in arguments if not isinstance(a, Config))))

    def watch(self) -> None:
        raise KeyboardInterrupt


def test_serve_starts_the_sandbox_where_the_bridge_will_look_for_it(cli: Cli, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(serving, "Supervisor", Recorder)
    cli.environment |= {"BRIDGE_SANDBOX": "1", "BRIDGE_AMAZON_ENDPOINT": "http://127.0.0.1:9001/amazon"}
    assert cli("serve", "--port", "9000", "--workers", "4").exit_code == 0
    assert Recorder.started == [("sandbox", 9001, "demo"), ("server", "127.0.0.1", 9000, 4)]


def test_serve_alone_is_the_server_and_scheduler_the_scheduler(cli: Cli, monkeypatch: pytest.MonkeyPatch):
    served: list[Any] = []
    monkeypatch.setattr(serving, "run_server", lambda config, *rest: served.append((config.sandbox, *rest)))
    monkeypatch.setattr(serving, "run_scheduler", lambda config: served.append(config.database_url))
    assert cli("serve", "--host", "::1").exit_code == 0
    assert cli("scheduler").exit_code == 0
    assert served == [(False, "::1", 8000, 2), cli.environment["BRIDGE_DATABASE_URL"]]
