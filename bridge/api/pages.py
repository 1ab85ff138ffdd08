"""The document and the pages that draw it: Swagger UI to try it out, ReDoc to read it; all from this server."""

from __future__ import annotations

import json
import secrets
from functools import cache
from pathlib import Path

import flask_swagger_ui
import openapi_ui_bundles.redoc
from flask import Blueprint, Response, current_app, render_template, send_from_directory

from bridge.api.openapi import document
from bridge.keys import DEMO_KEY

_SWAGGER = Path(flask_swagger_ui.__file__).parent / "dist"
_REDOC = openapi_ui_bundles.redoc.static_path
_LOGO = "https://cdn.redoc.ly/redoc/logo-mini.svg"  # what ReDoc would fetch from elsewhere
# The pages draw icons from data: addresses; everything else comes from this server, and nothing is inline.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self';"
    " font-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
REMEMBERED = 86400  # seconds for which a browser keeps the pages' files

docs = Blueprint("docs", __name__, template_folder="templates", static_folder="static", static_url_path="/docs/static")


@docs.get("/openapi.json")
def openapi_json() -> Response:
    """The document, made once per process."""
    text = current_app.extensions.get("bridge-openapi")
    if text is None:
        text = current_app.extensions["bridge-openapi"] = json.dumps(document(current_app))
    return Response(text, mimetype="application/json")


@docs.get("/docs")
def swagger_ui() -> Response:
    """Swagger UI, all from this server."""
    runtime = current_app.extensions["bridge"]
    demo_key = DEMO_KEY if runtime is not None and runtime.config.sandbox else None
    return Response(render_template("swagger_ui.html", demo_key=demo_key), headers={"Content-Security-Policy": POLICY})


@docs.get("/docs/assets/<path:name>")
def swagger_asset(name: str) -> Response:
    """A file of Swagger UI."""
    return send_from_directory(_SWAGGER, name, max_age=REMEMBERED)


@docs.get("/redoc")
def redoc() -> Response:
    """ReDoc: the document to read. The styles that its script makes bear this answer's nonce."""
    nonce = secrets.token_urlsafe(16)
    policy = POLICY.replace("style-src 'self'", f"style-src 'self' 'nonce-{nonce}'")
    return Response(render_template("redoc.html", nonce=nonce), headers={"Content-Security-Policy": policy})


@docs.get("/redoc/redoc.js")
def redoc_script() -> Response:
    """ReDoc's script."""
    answer = Response(_redoc_script(), mimetype="text/javascript")
    answer.cache_control.max_age = REMEMBERED
    return answer


@docs.get("/redoc/logo-mini.svg")
def redoc_logo() -> Response:
    """What ReDoc shows at the foot of its menu."""
    return send_from_directory(_REDOC, "logo-mini.svg", max_age=REMEMBERED)


@cache
def _redoc_script() -> bytes:
    return (_REDOC / "redoc.standalone.js").read_bytes().replace(_LOGO.encode(), b"/redoc/logo-mini.svg")
