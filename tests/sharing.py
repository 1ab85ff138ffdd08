"""What tests compile once and share: each has an application and an engine of its own, and all of them say the same.

Without it half of a short test's time goes into compiling the statements and routes of the test before it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sqlalchemy import Engine
from sqlalchemy.dialects import plugins, registry
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.engine import CreateEnginePlugin
from werkzeug.routing import Rule

_compiled: dict[Any, Any] = {}
_builders: dict[Any, Any] = {}


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


def share_routes() -> None:
    """Have werkzeug compile the function that builds a route's URL once a process, not once an application."""
    compile_builder = Rule._compile_builder

    def shared(rule: Rule, append_unknown: bool = True) -> Any:
        key = (rule.rule, tuple(rule._trace), repr(rule.defaults), append_unknown)
        if key not in _builders:
            _builders[key] = compile_builder(rule, append_unknown)
        return _builders[key]

    Rule._compile_builder = shared  # type: ignore[method-assign]
