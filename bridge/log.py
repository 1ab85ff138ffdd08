"""Log lines as JSON on standard error, one event a line, with what would name a person or open a door taken out."""

from __future__ import annotations

import json
import logging
import re
import sys
from contextlib import nullcontext, suppress
from datetime import UTC, datetime
from typing import Any

import orjson
import structlog
from structlog.typing import EventDict, Processor

HIDDEN = "[hidden]"
_SECRET_KEYS = re.compile(
    r"token|secret|passw|authorization|cookie|api_?key|e?mail|phone|address|street|postcode|buyer|recipient|customer_name",
    re.IGNORECASE,
)
_SECRET_TEXT = (
    re.compile(r"Atz[ar]\|[\w|=+/.-]+"),  # Amazon's access and refresh tokens
    re.compile(r"(?i)\b(?:bearer|oauth|basic)\s+[^\s,;]+(?:,\s*\w+=[^\s,;]+)*"),
    re.compile(r"[\w.+-]+@[\w-]+\.[\w.-]+"),
    re.compile(r"\[parameters: .*?\]\s*$", re.DOTALL | re.MULTILINE),  # SQLAlchemy prints the row beside its error
)


_told = {"level": "INFO"}  # by `configure`
# json.dumps would make one for every line; orjson, with which `write` says the same, refuses halves of characters
_encoder = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), default=str)

# Written by ourselves on every line: there is nothing to look for.
_OURS = {"level", "logger", "timestamp", "http_request_id", "method", "route", "status", "ms"}


def _json(event: EventDict, **_: Any) -> str:
    return _encoder.encode(event)


class _StandardError(logging.Handler):
    """Writes to whatever sys.stderr is at the moment: whoever redirects it later is followed."""

    def emit(self, record: logging.LogRecord) -> None:
        """One line, in one write."""
        try:
            sys.stderr.write(self.format(record) + "\n")
        except Exception:  # noqa: BLE001  logging's own rule: what cannot be logged must not stop the work
            self.handleError(record)

    def write(self, text: str) -> None:
        """A line that is none of logging's, and as little able to stop the work."""
        with self.lock or nullcontext(), suppress(OSError, ValueError):
            sys.stderr.write(text + "\n")


_handler = _StandardError()
_handler.set_name("bridge")


def write(logger: logging.Logger, event: str, **values: Any) -> None:
    """One line at the level INFO, as structlog would have it written, for a tenth of the price: every request has one.

    The values are written as they are: they must be ours (see redact).
    """
    if logger.isEnabledFor(logging.INFO):
        now = datetime.now(UTC).isoformat(timespec="microseconds")[:-6] + "Z"
        told = values | {"event": event, "level": "info", "logger": logger.name, "timestamp": now}
        _handler.write(orjson.dumps(told, default=str).decode())


def configure(level: str = "INFO") -> None:
    """Have structlog's and the standard library's messages of at least `level` written; may be called again."""
    _told["level"] = level
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        redact,
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    _handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(_json),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers = [h for h in root.handlers if h is not _handler] + [_handler]
    root.setLevel(level)
    # These two report every request with its whole URL.
    for name in ("httpx", "httpcore"):
        logging.getLogger(name).setLevel(logging.WARNING)


def tell_more(wanted: bool) -> None:
    """Have everything written from DEBUG on, or again only what `configure` was told."""
    logging.getLogger().setLevel(logging.DEBUG if wanted else _told["level"])


def redact(_logger: Any, _method: str, event: EventDict) -> EventDict:
    """Hide the values under telling names, and telling values under any name."""
    for key, value in list(event.items()):
        if key not in _OURS:
            event[key] = _clean(key, value)
    return event


def _clean(key: str, value: Any) -> Any:
    if key != "event" and _SECRET_KEYS.search(key):
        return HIDDEN
    if isinstance(value, dict):
        return {name: _clean(str(name), held) for name, held in value.items()}
    if isinstance(value, (list, tuple)):
        return [_clean(key, held) for held in value]
    if isinstance(value, str):
        for pattern in _SECRET_TEXT:
            value = pattern.sub(HIDDEN, value)
    return value
