"""How a request proves who sends it: OAuth 1.0a of a Magento integration, or a bearer token."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator
from typing import Any, cast

import httpx
from oauthlib import oauth1


class BearerAuth(httpx.Auth):
    """An access token as it is: an integration's (off by default since 2.4.4) or the sandbox's (magento-rest 7)."""

    def __init__(self, token: str) -> None:
        self._header = f"Bearer {token}"

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Add the header."""
        request.headers["Authorization"] = self._header
        yield request


class OAuth1Auth(httpx.Auth):
    """An integration's four secrets; HMAC-SHA256 is the only method that Magento takes (magento-live 1).

    A JSON body is no part of the signature. The query must be encoded as OAuth encodes it (`bridge.commerce.query`).
    clock: seconds since 1970; Magento refuses what is more than ten minutes ahead of its own.
    """

    def __init__(
        self,
        consumer_key: str,
        consumer_secret: str,
        token: str,
        token_secret: str,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._secrets = (consumer_key, consumer_secret, token, token_secret)
        self._clock = clock

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Sign the request: a new nonce and timestamp each time."""
        key, secret, token, token_secret = self._secrets
        signer = oauth1.Client(
            key,
            secret,
            token,
            token_secret,
            signature_method=oauth1.SIGNATURE_HMAC_SHA256,
            timestamp=str(int(self._clock())),
        )
        _, headers, _ = signer.sign(str(request.url), cast(Any, request.method))
        request.headers["Authorization"] = headers["Authorization"]
        yield request
