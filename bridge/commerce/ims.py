"""How a request proves who sends it to Commerce as a Cloud Service: a token of Adobe's identity management (IMS)."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Generator
from typing import Any

import httpx

from bridge.errors import RemoteError, Verdict
from bridge.outbound.guard import check_base_url
from bridge.tls import trusted

TOKEN_URL = "https://ims-na1.adobelogin.com/ims/token/v3"  # noqa: S105 - an address
# What Adobe's own guide to server-to-server authentication asks for.
SCOPE = "openid,AdobeID,email,profile,additional_info.roles,additional_info.projectedProductContext,commerce.accs"
EARLY = 300.0  # seconds before its end at which a token is no longer used
_OPERATION = "POST /ims/token/v3"


class ImsAuth(httpx.Auth):
    """A technical account's credentials (OAuth client credentials), and the organization that it belongs to.

    Thread-safe: while one thread fetches a token the others wait for it. A request that is refused as unauthorised is
    sent once more with a new token. Raises ConfigError for a token_url that may not be spoken to, and RemoteError from
    a request when there is no token to be had: the request itself was not sent then.
    """

    def __init__(
        self,
        client_id: str,
        client_secret: str,
        org_id: str,
        *,
        token_url: str = TOKEN_URL,
        transport: httpx.BaseTransport | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._form = {
            "grant_type": "client_credentials",
            "client_id": client_id,
            "client_secret": client_secret,
            "scope": SCOPE,
        }
        self._org_id = org_id
        self._token_url = check_base_url(token_url, ())
        self._client = httpx.Client(verify=trusted(), transport=transport, timeout=30.0, follow_redirects=False)
        self._clock = clock
        self._lock = threading.Lock()
        self._token = ""
        self._good_until = 0.0

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Add the token and what else Adobe's gateway asks for."""
        request.headers["x-api-key"] = self._form["client_id"]
        request.headers["x-gw-ims-org-id"] = self._org_id
        token = self._valid_token()
        request.headers["Authorization"] = f"Bearer {token}"
        response = yield request
        if response.status_code == 401:
            self._forget(token)
            request.headers["Authorization"] = f"Bearer {self._valid_token()}"
            yield request

    def close(self) -> None:
        """Give the connection to IMS back."""
        self._client.close()

    def _valid_token(self) -> str:
        with self._lock:
            if self._clock() >= self._good_until:
                self._token, life = self._fetch()
                self._good_until = self._clock() + life - min(EARLY, life / 2)
            return self._token

    def _forget(self, token: str) -> None:
        """The shop no longer takes this token; a newer one that another thread has fetched meanwhile stays."""
        with self._lock:
            if self._token == token:
                self._good_until = 0.0

    def _fetch(self) -> tuple[str, float]:
        try:
            response = self._client.post(self._token_url, data=self._form)
        except httpx.HTTPError as error:
            raise _failed(f"Adobe IMS does not answer: {type(error).__name__}", Verdict.RETRY) from error
        if response.status_code != 200:
            asked = response.headers.get("Retry-After", "")
            refused = 400 <= response.status_code < 500 and response.status_code != 429
            raise _failed(
                f"Adobe IMS gives no token: {_reason(response)}",
                Verdict.REAUTHORISE if refused else Verdict.RETRY,
                status=response.status_code,
                retry_after=float(asked) if asked.isdigit() else None,
            )
        try:
            answer = response.json()
            return str(answer["access_token"]), float(answer["expires_in"])
        except (KeyError, TypeError, ValueError) as error:
            raise _failed("Adobe IMS answers what is no token.", Verdict.RETRY, status=200) from error


def _reason(response: httpx.Response) -> str:
    """IMS's own code of the refusal, such as invalid_client; never the rest of the answer."""
    try:
        answer: Any = response.json()
    except ValueError:
        return str(response.status_code)
    code = answer.get("error") if isinstance(answer, dict) else None
    return code if isinstance(code, str) and code.isprintable() and len(code) <= 64 else str(response.status_code)


def _failed(
    message: str, verdict: Verdict, *, status: int | None = None, retry_after: float | None = None
) -> RemoteError:
    return RemoteError(
        message, system="commerce", operation=_OPERATION, verdict=verdict, status=status, retry_after=retry_after
    )
