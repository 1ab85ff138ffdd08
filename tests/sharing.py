"""SQLite engines that share what they have compiled: each test has an engine of its own, all say the same."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sqlalchemy import Engine
from sqlalchemy.dialects import plugins, registry
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.engine import CreateEnginePlugin

_compiled: dict[Any, Any] = {}


class Alike(SQLiteDialect_pysqlite):
    """One dialect is as good as another; a compiled statement is kept by its dialect."""

    supports_statement_cache = True

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Alike)

    def __hash__(self) -> int:
        return hash(Alike)


class Sharing(CreateEnginePlugin):
    """Gives the engine the one place for what was compiled."""

    def __init__(self, url: Any, kwargs: dict[str, Any]) -> None:
        super().__init__(url, kwargs)

    def engine_created(self, engine: Engine) -> None:
        engine.update_execution_options(compiled_cache=_compiled)

    def update_url(self, url: Any) -> Any:
        return url.difference_update_query(["plugin"])


registry.register("sqlite.alike", __name__, "Alike")
plugins.register("sharing", __name__, "Sharing")


def sqlite_url(path: Path) -> str:
    """The address of the file's database."""
    return f"sqlite+alike:///{path}?plugin=sharing"
