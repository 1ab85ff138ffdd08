"""The sandbox as an httpx transport without a socket; a dropped connection looks as it would on a real one."""

from __future__ import annotations

import httpx


class SandboxTransport(httpx.WSGITransport):
    """Speaks to a WSGI app. A hang-up becomes httpx.ReadError, a wait that is too long httpx.ReadTimeout."""

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        try:
            return super().handle_request(request)
        except ConnectionResetError as error:
            raise httpx.ReadError(str(error), request=request) from error
        except TimeoutError as error:
            raise httpx.ReadTimeout(str(error), request=request) from error
