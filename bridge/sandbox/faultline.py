"""The layer around the sandbox that plays the world's faults, and marks every answer as the sandbox's."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from werkzeug.wrappers import Response

from bridge.sandbox.world import Fault, World

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

MARK = ("X-Sandbox", "this is not Amazon, nor a shop")
FACES = ("/amazon/", "/commerce/")


class FaultLine:
    """WSGI middleware. A hang-up raises ConnectionResetError: the server drops the connection without an answer."""

    def __init__(self, app: WSGIApplication, world: World) -> None:
        self._app = app
        self._world = world

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer, or misbehave when a fault is in force for this request."""
        fault = self._fault(environ)
        if fault is not None:
            if fault.kind == "hang_up":
                raise ConnectionResetError("the sandbox hung up before doing the work")
            if fault.seconds:
                self._world.sleep(fault.seconds)
            if fault.kind in ("answer_after", "hang_up_after"):
                Response.from_app(self._app, environ, buffered=True).close()
            if fault.kind == "hang_up_after":
                raise ConnectionResetError("the sandbox hung up after doing the work")
            if fault.kind in ("answer", "answer_after"):
                answer = Response(fault.body, fault.status, [MARK], content_type=fault.content_type)
                return answer(environ, start_response)
        response = Response.from_app(self._app, environ)
        response.headers.set(*MARK)
        return response(environ, start_response)

    def _fault(self, environ: WSGIEnvironment) -> Fault | None:
        path = environ.get("PATH_INFO", "")
        if not path.startswith(FACES):
            return None
        with self._world.lock:
            return self._world.faults.take(f"{environ['REQUEST_METHOD']} {path}")
