"""The database: engine, sessions, column types, and the one way to claim a row."""

from __future__ import annotations

import json
import threading
import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import UTC, datetime
from enum import StrEnum
from importlib import import_module
from pathlib import Path
from typing import Any

from sqlalchemy import (
    BigInteger,
    DateTime,
    Engine,
    Index,
    Integer,
    MetaData,
    String,
    Text,
    create_engine,
    event,
    make_url,
)
from sqlalchemy.engine import Connection, Dialect
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.orm import DeclarativeBase, Session, sessionmaker
from sqlalchemy.pool import NullPool
from sqlalchemy.types import TypeDecorator, TypeEngine

_IDLE = 1.0  # seconds
_STEPS = 20_000  # of SQLite's machine, a fraction of a millisecond, after which it looks at the clock
# How the servers' drivers tell that a statement was ended by its time limit (SQLite's says "interrupted").
_CANCELED = "57014"  # PostgreSQL's query_canceled
_EXCEEDED = {1969, 3024}  # MariaDB's max_statement_time, MySQL's max_execution_time

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "pk": "pk_%(table_name)s",
}


# SQLite numbers rows by itself only where the key is a plain INTEGER.
Key = BigInteger().with_variant(Integer, "sqlite")


def _is_mysql(dialect: Dialect) -> bool:
    return dialect.name in {"mysql", "mariadb"}


def _of_mysql(name: str, **options: Any) -> TypeEngine[Any]:
    """A type that only these have; looked up where they are used, for their dialect takes a megabyte."""
    kind: TypeEngine[Any] = getattr(import_module("sqlalchemy.dialects.mysql"), name)(**options)
    return kind


class UtcDateTime(TypeDecorator[datetime]):
    """An aware datetime in UTC, kept as a plain UTC timestamp to the microsecond on every database."""

    impl = DateTime
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """MySQL and MariaDB drop the microseconds unless asked to keep them."""
        return dialect.type_descriptor(_of_mysql("DATETIME", fsp=6) if _is_mysql(dialect) else DateTime())

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuses a time without a zone: it would silently be taken for UTC."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time without a zone cannot be stored")
        return value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """The stored time, aware."""
        return None if value is None else value.replace(tzinfo=UTC)


class LongText(TypeDecorator[str]):
    """Text of any length: TEXT of MySQL ends at 64 KiB."""

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """MySQL's and MariaDB's own word for it."""
        return _of_mysql("LONGTEXT") if _is_mysql(dialect) else Text()


class Json(TypeDecorator[Any]):
    """A JSON value kept as text, the same on every database."""

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """As LongText; PostgreSQL's dialect makes it VARCHAR, which has no end there either."""
        return dialect.type_descriptor(_of_mysql("LONGTEXT") if _is_mysql(dialect) else Text())

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        """None stays NULL."""
        return None if value is None else json.dumps(value, ensure_ascii=False, separators=(",", ":"))

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:
        """The stored value."""
        return None if value is None else json.loads(value)


def Bytewise(length: int) -> String:  # noqa: N802  a column type
    """Text that is searched by its beginning: compared byte by byte on every database, so that an index finds it."""
    return String(length).with_variant(String(length, collation="C"), "postgresql")


def covering(name: str, *columns: str, also: Sequence[str]) -> Index:
    """An index that also holds the other columns of `also`, so that what they decide is decided without the row."""
    return Index(name, *columns, *(column for column in also if column not in columns))


class Word(TypeDecorator[Any]):
    """One of an enumeration's words, kept as text so that a new word needs no migration."""

    impl = String
    cache_ok = True

    def __init__(self, kind: type[StrEnum], length: int) -> None:
        super().__init__(length)
        self.kind = kind
        self.length = length

    def __repr__(self) -> str:
        """As a migration writes it."""
        return f"sa.String(length={self.length})"

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        """A text that is none of the words raises ValueError."""
        return None if value is None else self.kind(value).value

    def process_result_value(self, value: str | None, dialect: Dialect) -> StrEnum | None:
        """The word."""
        return None if value is None else self.kind(value)


class Base(DeclarativeBase):
    """Tables. How MySQL and MariaDB keep them is said where they are made (migrations/env.py)."""

    metadata = MetaData(naming_convention=NAMING)


class Database:
    """An engine and its sessions. time_limit: seconds for which a select of `connecting` may work."""

    def __init__(self, url: str, *, echo: bool = False, time_limit: float = 15.0) -> None:
        parsed = make_url(url)
        if parsed.get_backend_name() == "sqlite" and parsed.database and parsed.database != ":memory:":
            Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
        # hide_parameters: an error must not carry the names and addresses of the row that it failed on into a log
        always: dict[str, Any] = {"echo": echo, "hide_parameters": True}
        options = dict(always)
        if parsed.get_backend_name() in {"mysql", "mariadb"}:
            options["isolation_level"] = "READ COMMITTED"
        if parsed.get_backend_name() == "sqlite":
            options |= {"connect_args": {"timeout": 30}}
        else:
            options |= {"pool_size": 16, "max_overflow": 16}
        self.engine = create_engine(parsed, **options)
        self._turn: AbstractContextManager[Any] = nullcontext()
        if self.engine.dialect.name == "sqlite":
            _prepare_sqlite(self.engine)
            # One writes at a time. SQLite has the others sleep and try again, longer each time and in no order: threads
            # that are told when it is their turn wait for a tenth of that.
            self._turn = threading.RLock()
        else:
            _greet_when_idle(self.engine)
        # A SQLite transaction that starts by reading cannot become a writing one while another writes; sessions that
        # may write therefore ask for the lock at once and wait for it.
        self._writers = sessionmaker(
            self.engine.execution_options(sqlite_begin="BEGIN IMMEDIATE"), expire_on_commit=False
        )
        self._readers = sessionmaker(self.engine, expire_on_commit=False)
        self._time_limit = time_limit
        self._single = self.engine
        self._kept: deque[tuple[float, Connection]] = deque()  # and since when (time.monotonic)
        if self.engine.dialect.name != "sqlite":
            # Connections of their own, so that the limit is said to the server once and not with every select.
            # A single select sees what is committed, in a transaction or without; without, the server is asked less.
            self._single = create_engine(parsed, **always, isolation_level="AUTOCOMMIT", poolclass=NullPool)
            _limit_selects(self._single, time_limit)

    @contextmanager
    def session(self) -> Iterator[Session]:
        """One transaction that may write: committed at the end, rolled back on an error."""
        with self._turn, self._writers() as session, session.begin():
            yield session

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """One transaction that only reads."""
        with self._readers() as session:
            yield session

    @contextmanager
    def connecting(self) -> Iterator[Connection]:
        """Single selects that map no rows, without a session; each is ended after the time limit (`took_too_long`)."""
        if self.engine.dialect.name != "sqlite":
            # Kept here and not in a pool, where to check one out and in again costs as much as reading ten rows.
            connection, good = self._take_up(), False
            try:
                yield connection
                good = True
            finally:
                self._lay_down(connection, good=good)
            return
        with self._single.connect() as connection:
            own: Any = connection.connection.dbapi_connection
            end = time.monotonic() + self._time_limit
            own.set_progress_handler(lambda: time.monotonic() > end, _STEPS)
            try:
                yield connection
            finally:
                own.set_progress_handler(None, 0)

    def _take_up(self) -> Connection:
        """A connection that is still there."""
        while self._kept:
            try:
                laid_down, connection = self._kept.pop()
            except IndexError:  # another thread was quicker
                break
            held: Any = connection.connection.dbapi_connection
            if time.monotonic() - laid_down <= _IDLE or _answers(self._single, held):
                return connection
            connection.invalidate()
            connection.close()
        return self._single.connect()

    def _lay_down(self, connection: Connection, *, good: bool) -> None:
        if not good:
            connection.close()
            return
        if connection.in_transaction():  # of SQLAlchemy's; the server knows of none
            connection.rollback()
        self._kept.append((time.monotonic(), connection))

    def close(self) -> None:
        """Give the connections back."""
        while self._kept:
            self._kept.pop()[1].close()
        self.engine.dispose()
        self._single.dispose()


def took_too_long(error: BaseException) -> bool:
    """Whether a driver's error is that of a select which the time limit has ended."""
    number = error.args[0] if error.args else None
    return getattr(error, "sqlstate", None) == _CANCELED or number in _EXCEEDED or number == "interrupted"


def _limit_selects(engine: Engine, seconds: float) -> None:
    @event.listens_for(engine, "connect")
    def _connected(connection: Any, _record: Any) -> None:
        if engine.dialect.name == "postgresql":
            said = f"SET statement_timeout = {round(seconds * 1000)}"
        elif getattr(engine.dialect, "is_mariadb", False):
            said = f"SET SESSION max_statement_time = {seconds}"
        else:
            said = f"SET SESSION max_execution_time = {round(seconds * 1000)}"
        with connection.cursor() as cursor:
            cursor.execute(said)
        connection.commit()


def _answers(engine: Engine, connection: Any) -> bool:
    try:
        return engine.dialect.do_ping(connection)
    except engine.dialect.loaded_dbapi.Error:
        return False


def _greet_when_idle(engine: Engine) -> None:
    """Ask a connection whether it is still there when it has lain for a while: asking each time is a second query."""

    @event.listens_for(engine, "checkin")
    def _laid_down(_connection: Any, record: Any) -> None:
        record.info["laid_down"] = time.monotonic()

    @event.listens_for(engine, "checkout")
    def _taken_up(connection: Any, record: Any, _proxy: Any) -> None:
        idle = time.monotonic() - record.info.get("laid_down", time.monotonic())
        if idle > _IDLE and not _answers(engine, connection):
            raise DisconnectionError  # the pool makes another one


def _prepare_sqlite(engine: Engine) -> None:
    @event.listens_for(engine, "connect")
    def _connected(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # the driver must not begin transactions of its own
        cursor = connection.cursor()
        for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON", "busy_timeout=30000"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql(connection.get_execution_options().get("sqlite_begin", "BEGIN"))
