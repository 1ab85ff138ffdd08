"""The embedded sandbox: stand-ins for Amazon and for a Commerce shop, spoken to over real HTTP."""

from __future__ import annotations

from flask import Flask, Response, request

from bridge.sandbox import amazon, commerce, control, page
from bridge.sandbox.faultline import FaultLine
from bridge.sandbox.world import World


def create_sandbox(world: World | None = None) -> Flask:
    """The sandbox as a WSGI application: /amazon, /commerce, the control API /sandbox, and a page to play with at /."""
    world = world or World()
    app = Flask(__name__)
    app.config["WORLD"] = world
    app.register_blueprint(amazon.blueprint(world))
    app.register_blueprint(commerce.blueprint(world), url_prefix="/commerce")
    app.register_blueprint(control.blueprint(world))
    app.register_blueprint(page.blueprint(world))

    @app.after_request
    def tell_the_time(response: Response) -> Response:
        if "werkzeug.socket" not in request.environ:  # that server tells the time by itself
            response.date = world.now()
        return response

    app.wsgi_app = FaultLine(app.wsgi_app, world)  # type: ignore[method-assign]
    return app
