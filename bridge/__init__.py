"""The Amazon order bridge for Adobe Commerce."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask

    from bridge.config import Config
    from bridge.runtime import Runtime


def create_app(config: Config | None = None, *, runtime: Runtime | None = None) -> Flask:
    """The WSGI application, from the environment unless told otherwise.

    Without BRIDGE_SECRET_KEYS there is no runtime: commands that make a key or migrate still work, requests answer 503.
    """
    # Imported here, so that the rules and the sandbox can be used without all this.
    from flask import Flask  # noqa: PLC0415

    from bridge import api, console, log  # noqa: PLC0415
    from bridge.cli import commands  # noqa: PLC0415
    from bridge.config import from_environment  # noqa: PLC0415
    from bridge.runtime import build  # noqa: PLC0415

    config = config or (runtime.config if runtime else from_environment())
    log.configure(config.log_level)
    app = Flask("bridge", static_folder=None)
    app.ensure_sync = lambda func: func  # type: ignore[method-assign]  # none is async: Flask would look each time
    app.extensions["bridge"] = runtime or (build(config) if config.secret_keys else None)
    api.register(app)
    console.register(app)
    app.cli.add_command(commands)
    return app
