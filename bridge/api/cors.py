"""Which pages of other origins may call the API from a browser: those of the origins that the operator named."""

from __future__ import annotations

from flask import Flask, Response, request

from bridge.api.hooks import RATE_HEADERS
from bridge.api.once import REPLAYED

ASKED = ("Accept", "Authorization", "Content-Type", "Idempotency-Key", "If-Match", "If-None-Match", "X-Request-Id")
EXPOSED = (
    "Content-Disposition", "ETag", "Link", "Location", "Retry-After", "X-Request-Id", REPLAYED, *RATE_HEADERS,
)  # fmt: skip
_REMEMBERED = 3600  # seconds for which a browser need not ask again


def init_cors(app: Flask, origins: tuple[str, ...]) -> None:
    """Let pages of exactly these origins call what is below /api/; cookies are never taken, so none are allowed."""

    @app.after_request
    def _allow(response: Response) -> Response:
        if not origins or not request.path.startswith("/api/"):
            return response
        response.vary.add("Origin")
        origin = request.headers.get("Origin")
        if origin not in origins:
            return response
        response.headers["Access-Control-Allow-Origin"] = origin
        response.headers["Access-Control-Expose-Headers"] = ", ".join(EXPOSED)
        if request.method == "OPTIONS" and "Access-Control-Request-Method" in request.headers:
            response.headers["Access-Control-Allow-Methods"] = response.headers.get("Allow", "")
            response.headers["Access-Control-Allow-Headers"] = ", ".join(ASKED)
            response.headers["Access-Control-Max-Age"] = str(_REMEMBERED)
        return response
