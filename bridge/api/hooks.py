"""Around every request: its id, one log line, what /metrics counts, and the headers that keep browsers strict."""

from __future__ import annotations

import logging
import re
import secrets
import time
from functools import lru_cache

import structlog
from flask import Flask, Request, Response, g, request
from prometheus_client import CollectorRegistry, Counter, Histogram

from bridge.log import write

_POLICY = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'"
RATE_HEADERS = ("RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset")
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_DEFAULTS = [
    ("Content-Security-Policy", _POLICY),
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "no-referrer"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
]
_LOWER = {name: name.lower() for name, _ in _DEFAULTS} | {"Strict-Transport-Security": "strict-transport-security"}
log = logging.getLogger(__name__)


def init_hooks(app: Flask, registry: CollectorRegistry) -> None:
    """Hang the hooks into the app; its figures go to the registry."""
    runtime = app.extensions["bridge"]
    https = runtime is not None and runtime.config.public_url.startswith("https://")
    counted = Counter("bridge_http_requests", "Requests answered.", ("route", "method", "status"), registry=registry)
    timed = Histogram("bridge_http_request_seconds", "Time to answer.", ("route",), registry=registry)

    # Found once: prometheus-client looks all of a label's values through each time.
    answered, took_for = lru_cache(counted.labels), lru_cache(timed.labels)
    defaults = [*_DEFAULTS, ("Strict-Transport-Security", "max-age=31536000")] if https else _DEFAULTS

    @app.before_request
    def _begin() -> None:
        request_id = request.headers.get("X-Request-Id", "")
        if not _REQUEST_ID.fullmatch(request_id):
            request_id = secrets.token_hex(16)
        kept = g._get_current_object()
        kept.request_id, kept.began = request_id, time.perf_counter()
        structlog.contextvars.bind_contextvars(http_request_id=request_id)

    @app.after_request
    def _end(response: Response) -> Response:
        kept = g._get_current_object()  # both once: what stands behind these names is looked up at each use
        asked: Request = request._get_current_object()  # type: ignore[attr-defined]
        took = time.perf_counter() - kept.began if "began" in kept else 0.0
        # The rule and not the path: a path may hold what somebody typed.
        route = asked.url_rule.rule if asked.url_rule else "(none)"
        status = response.status_code
        answered(route, asked.method, status).inc()
        took_for(route).observe(took)
        headers = response.headers
        present = {name.lower() for name, _ in headers}
        for name, value in defaults:
            if _LOWER[name] not in present:
                headers.add(name, value)
        headers["X-Request-Id"] = request_id = kept.get("request_id", "")
        if "rate" in kept:
            for name, figure in zip(RATE_HEADERS, kept.rate, strict=True):
                headers[name] = str(figure)
        if asked.path.startswith("/api/") and "cache-control" not in present:
            headers.add("Cache-Control", "no-store")
        told = {"method": asked.method, "route": route, "status": status, "ms": round(took * 1000, 1)}
        write(log, "request", **told, http_request_id=request_id)
        return response

    @app.teardown_request
    def _forget(_error: BaseException | None) -> None:
        structlog.contextvars.unbind_contextvars("http_request_id")
