"""What some tests need beyond Python: databases, the shared facts, a browser, Java.

Where it is missing the test is skipped with the reason, which pytest prints at the end; with CI=true it fails instead,
so that nothing is passed over there in silence.
"""

from __future__ import annotations

import os
import shutil
import socket
from functools import cache
from pathlib import Path
from typing import NoReturn

import pytest
from sqlalchemy import create_engine, make_url
from sqlalchemy.exc import SQLAlchemyError

# What the tests may use; a variable TEST_<NAME>_URL names another server.
SERVICES = {
    "postgresql": "postgresql+psycopg://postgres@127.0.0.1:5432/test",
    "mariadb": "mysql+pymysql://root@127.0.0.1:3306/mysql?charset=utf8mb4",
    "redis": "redis://127.0.0.1:6379/0",
    "rabbitmq": "amqp://guest:guest@127.0.0.1:5672//",
}
DATABASES = ("sqlite", "postgresql", "mariadb")
_SHARED = Path(__file__).resolve().parents[2] / "shared"
_BROWSERS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")


def service(name: str) -> str:
    """The address of a running service of SERVICES; ends the test when nothing answers there."""
    url = os.environ.get(f"TEST_{name.upper()}_URL", SERVICES[name])
    problem = _unreachable(url)
    if problem:
        missing(f"{name} does not answer at {_shown(url)}: {problem}")
    return url


def shared(*parts: str) -> Path:
    """A file or directory of the shared facts beside the repository; ends the test when it is not there."""
    path = _SHARED.joinpath(*parts)
    if not path.exists():
        missing(f"../{Path('shared', *parts)} is not there")
    return path


def browser() -> str:
    """The path of a Chromium; ends the test when none is installed."""
    found = next((path for name in _BROWSERS if (path := shutil.which(name))), None)
    return found or missing(f"none of {', '.join(_BROWSERS)} is installed")


def java() -> str:
    """The path of Java; ends the test when it is not installed."""
    return shutil.which("java") or missing("java is not installed")


def missing(reason: str) -> NoReturn:
    """Skip the test for this reason, or fail it when CI=true."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"CI needs what is missing here: {reason}", pytrace=False)
    pytest.skip(reason)


@cache
def _unreachable(url: str) -> str:
    """What keeps the service from being used; empty when it answers."""
    parsed = make_url(url)
    if parsed.get_backend_name() in {"postgresql", "mysql"}:
        try:
            engine = create_engine(parsed, connect_args={"connect_timeout": 3})
        except ImportError as error:
            return str(error)
        try:
            engine.connect().close()
        except SQLAlchemyError as error:
            return str(error).splitlines()[0]
        finally:
            engine.dispose()
        return ""
    try:
        socket.create_connection((parsed.host or "127.0.0.1", parsed.port or 0), timeout=3).close()
    except OSError as error:
        return str(error)
    return ""


def _shown(url: str) -> str:
    parsed = make_url(url)
    return f"{parsed.host}:{parsed.port}"
