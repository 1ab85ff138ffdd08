"""Log lines as JSON on standard error, one event a line, with what would name a person or open a door taken out."""

from __future__ import annotations

import json
import logging
import re
import sys
from typing import Any

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
_encoder = json.JSONEncoder(ensure_ascii=False, default=str)  # json.dumps would make one for every line

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
    handler = _StandardError()
    handler.set_name("bridge")
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(_json),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers = [h for h in root.handlers if h.get_name() != "bridge"] + [handler]
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
