"""Serving the sandbox on loopback, with its people if wanted, until SIGTERM or SIGINT."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Mapping
from types import FrameType
from urllib.parse import urlsplit

from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

from bridge.sandbox import create_sandbox
from bridge.sandbox.actors import Pace, Town
from bridge.sandbox.marketplace import CLIENT_ID, CLIENT_SECRET, REFRESH_TOKEN, SELLER_ID
from bridge.sandbox.world import World

ENDPOINTS = ("BRIDGE_AMAZON_ENDPOINT", "BRIDGE_LWA_ENDPOINT")


class RealCredentialsError(RuntimeError):
    """The environment holds what looks like real credentials: the sandbox does not start beside them."""


class Handler(WSGIRequestHandler):
    """Closes the connection when a hang-up is played (kept alive, it would leave the client waiting); logs nothing."""

    def connection_dropped(self, error: BaseException, environ: Mapping[str, object] | None = None) -> None:  # noqa: ARG002
        """Drop it for real."""
        self.close_connection = True

    def log(self, type: str, message: str, *args: object) -> None:
        """Stay silent: addresses of orders are nobody's business in a terminal."""


def refuse_real_credentials(environ: Mapping[str, str]) -> None:
    """Raise RealCredentialsError when a variable points at Amazon itself or holds a refresh token that is not ours."""
    for name, value in environ.items():
        if name in ENDPOINTS and ".amazon." in f".{urlsplit(value).hostname}":
            raise RealCredentialsError(
                f"{name} points at Amazon itself. The sandbox does not start beside it: unset it."
            )
        if value.startswith("Atzr|") and value != REFRESH_TOKEN:
            raise RealCredentialsError(
                f"{name} holds a refresh token of a real seller. The sandbox does not start beside it: unset it."
            )


def make_sandbox_server(world: World, port: int = 0) -> BaseWSGIServer:
    """A threaded server on 127.0.0.1, not yet serving; port 0 takes a free one, found in `server_port`."""
    return make_server("127.0.0.1", port, create_sandbox(world), threaded=True, request_handler=Handler)


def greeting(world: World, port: int) -> str:
    """What is printed at start: that this is a sandbox, where it is, and the credentials that it takes."""
    here = f"http://127.0.0.1:{port}"
    lines = [
        "This is a sandbox: not Amazon, nor a shop. Nothing here is real, nothing leaves this machine.",
        f"  page      {here}/",
        f"  Amazon    {here}/amazon   (Login with Amazon: {here}/amazon/auth/o2/token)",
        f"            seller id      {SELLER_ID}",
        f"            client id      {CLIENT_ID}",
        f"            client secret  {CLIENT_SECRET}",
        f"            refresh token  {REFRESH_TOKEN}",
        f"  Commerce  {here}/commerce   (REST: {here}/commerce/rest/all/V1/)",
        f"            bearer token         {world.shop.bearer}",
        *(f"            {name:<19}  {secret}" for name, secret in world.shop.integration.secrets().items()),
        f"  the same  {here}/commerce/cloud/tenant   (as a Cloud Service; IMS: {here}/commerce/ims/token/v3)",
        *(f"            {name:<19}  {secret}" for name, secret in world.shop.ims.secrets().items()),
    ]
    return "\n".join(lines)


def serve(world: World, port: int, *, town: bool, pace: Pace | None = None) -> None:
    """Serve the world on 127.0.0.1 until SIGTERM or SIGINT, with a town's life when `town`.

    Raises RealCredentialsError beside real credentials, OSError when the port is taken.
    """
    refuse_real_credentials(os.environ)
    server = make_sandbox_server(world, port)
    people = Town(world, pace) if town else None

    def stop(signum: int, frame: FrameType | None) -> None:  # noqa: ARG001 - a signal handler's arguments
        # shutdown() waits for serve_forever(), which runs in this very thread.
        threading.Thread(target=server.shutdown, name="sandbox-shutdown").start()

    former = {signum: signal.signal(signum, stop) for signum in (signal.SIGTERM, signal.SIGINT)}
    sys.stdout.write(greeting(world, server.server_port) + "\n")
    sys.stdout.flush()
    if people:
        people.start()
    try:
        server.serve_forever()
    finally:
        if people:
            people.stop()
        server.server_close()
        for signum, handler in former.items():
            signal.signal(signum, handler)
