"""The REST API: which blueprints there are, and how they stand in an app."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy.exc import IntegrityError, OperationalError
from werkzeug.exceptions import HTTPException

from bridge.api import admin_ui, audit, inbound, operations, order_changes, reservations, webhooks
from bridge.api.cors import init_cors
from bridge.api.errors import handle_bridge, handle_database, handle_defect, handle_http
from bridge.api.health import health, init_metrics
from bridge.api.hooks import init_hooks
from bridge.api.limits import RateLimit
from bridge.api.openapi import ObjectId
from bridge.api.pages import docs
from bridge.errors import BridgeError
from bridge.keys import Keyring

if TYPE_CHECKING:
    from flask import Flask

BLUEPRINTS = (
    reservations.blp,
    order_changes.blp,
    operations.jobs,
    operations.messages,
    operations.settings,
    audit.blp,
    webhooks.blp,
    admin_ui.blp,
)
MAX_BODY = 1024 * 1024


def register(app: Flask) -> None:
    """Serve the API, its document and the health pages from an app whose extensions hold the runtime."""
    app.config["MAX_CONTENT_LENGTH"] = MAX_BODY
    runtime = app.extensions["bridge"]
    if runtime is not None:
        app.extensions["bridge-rate-limit"] = RateLimit(runtime.config)
        app.extensions["bridge-keyring"] = Keyring(runtime.db, sandbox=runtime.config.sandbox)
        init_cors(app, runtime.config.cors_origins)
    init_hooks(app, init_metrics(app))
    app.url_map.converters["id"] = ObjectId
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)
    app.register_blueprint(admin_ui.local)
    app.register_blueprint(inbound.hooks)
    app.register_blueprint(docs)
    app.register_blueprint(health)
    app.register_error_handler(HTTPException, handle_http)
    app.register_error_handler(BridgeError, handle_bridge)
    app.register_error_handler(IntegrityError, handle_database)
    app.register_error_handler(OperationalError, handle_database)
    app.register_error_handler(Exception, handle_defect)
