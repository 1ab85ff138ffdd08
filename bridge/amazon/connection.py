"""One request to Amazon: signed in, within quota, bounded in size and time; every failure is a RemoteError."""

from __future__ import annotations

import ipaddress
import json
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from email.utils import parsedate_to_datetime
from hashlib import sha256
from typing import Any
from urllib.parse import urlsplit

import httpx
import structlog

from bridge.amazon.auth import TokenCache
from bridge.amazon.quota import RATES, QuotaKeeper
from bridge.errors import ConfigError, RemoteError, Verdict
from bridge.tls import trusted

log = structlog.get_logger()

# What a status means (amazon-sp-api 3). One that is not here: 4xx is PERMANENT, all else is RETRY where asking twice
# does no harm and UNKNOWN where it may, because a 500 does not say whether anything was done.
VERDICTS: dict[int, Verdict] = {
    301: Verdict.RETRY,  # redirects are never followed: nothing was done
    302: Verdict.RETRY,
    307: Verdict.RETRY,
    308: Verdict.RETRY,
    401: Verdict.REAUTHORISE,
    403: Verdict.REAUTHORISE,  # also a right that is missing; an expired token is a 403 too, and was renewed before
    408: Verdict.RETRY,
    429: Verdict.RETRY,
}
# Login with Amazon answers in OAuth's words: error -> verdict; any other is PERMANENT
LOGIN_VERDICTS: dict[str, Verdict] = {
    "invalid_grant": Verdict.REAUTHORISE,  # the seller has withdrawn or not renewed the authorisation
    "invalid_client": Verdict.REAUTHORISE,  # the application's secret was rotated or is wrong
    "unauthorized_client": Verdict.REAUTHORISE,
    "access_denied": Verdict.REAUTHORISE,
}
EXPIRED = "The access token you provided has expired."

MAX_ANSWER = 32 * 1024 * 1024  # bytes, unpacked; a page of a hundred orders is below one million
MAX_SECONDS = 120.0  # for a whole answer, however slowly it drips
DEFAULT_TIMEOUT = httpx.Timeout(30.0, connect=10.0)

_NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol, httpx.ProxyError)
_MAIL = re.compile(r"[^\s\"'<>@]+@[^\s\"'<>@]+")


@dataclass(frozen=True, slots=True)
class Operation:
    """An operation by Amazon's name. repeatable: asking twice does no harm, so a lost answer is asked for again.

    scope: of a grantless operation, which is done in the application's name and not in a seller's (amazon-sp-api 3).
    """

    name: str
    verb: str
    path: str
    repeatable: bool = True
    scope: str = ""

    def failed(
        self,
        message: str,
        *,
        verdict: Verdict | None = None,
        status: int | None = None,
        code: str = "",
        retry_after: float | None = None,
        request_id: str | None = None,
    ) -> RemoteError:
        """The exception to raise; without a verdict nobody knows whether the other side has done it."""
        return RemoteError(
            message,
            system="amazon",
            operation=self.name,
            verdict=verdict or (Verdict.RETRY if self.repeatable else Verdict.UNKNOWN),
            status=status,
            code=code,
            retry_after=retry_after,
            request_id=request_id,
        )


@dataclass(frozen=True, slots=True)
class Answer:
    """A status, its headers and the whole body."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def request_id(self) -> str | None:
        """Amazon's own number of the request."""
        return self.headers.get("x-amzn-requestid")

    def json(self) -> dict[str, Any]:
        """The body as a JSON object, numbers as Decimal. Raises ValueError when it is none."""
        body = json.loads(self.body, parse_float=Decimal)
        if not isinstance(body, dict):
            raise ValueError("not a JSON object")  # noqa: TRY004 - to the caller it is one more text that is no answer
        return body


_LOGIN = Operation("login", "POST", "")


class Connection:
    """A pool of connections for one seller account in one region. Thread-safe.

    Raises ConfigError for an address that is not safe.
    """

    def __init__(
        self,
        *,
        endpoint: str,
        lwa_endpoint: str,
        credentials: Mapping[str, str],
        tokens: TokenCache,
        quota: QuotaKeeper,
        clock: Callable[[], datetime],
        transport: httpx.BaseTransport | None,
        timeout: httpx.Timeout | float,
    ) -> None:
        self._endpoint = check_address(endpoint)
        self._lwa_endpoint = check_address(lwa_endpoint)
        self._credentials = dict(credentials)
        self._seller = sha256("\n".join(credentials.values()).encode()).hexdigest()
        self._tokens = tokens
        self._quota = quota
        self._clock = clock
        self.clock_skew: float | None = None
        self._client = httpx.Client(
            verify=trusted(),
            transport=transport,
            timeout=timeout,
            follow_redirects=False,
            headers={"User-Agent": "amazon-order-bridge/0.1 (Language=Python)"},
        )

    def close(self) -> None:
        """Give the connections back."""
        self._client.close()

    def call(
        self,
        operation: Operation,
        *,
        path: Mapping[str, str] | None = None,
        query: Mapping[str, str] | None = None,
        body: Any = None,
        reserve: int = 0,
    ) -> Answer:
        """The successful (2xx) answer of an operation; an expired token is renewed once. Raises RemoteError.

        path: the values of the path's {names}, checked to be one segment each. reserve: see QuotaKeeper.acquire.
        """
        filled = operation.path.format_map({name: _segment(operation, value) for name, value in (path or {}).items()})
        request = self._client.build_request(
            operation.verb,
            f"{self._endpoint}{filled}",
            params=sorted(query.items()) if query else None,
            json=body,
        )
        if query:
            log.debug("amazon request", operation=operation.name, query=dict(query))
        for _ in range(2):
            self._spend(operation, reserve)
            token = self._token(operation.scope)
            request.headers["x-amz-access-token"] = token
            answer = self._exchange(operation, request)
            if answer.status != 403 or EXPIRED.encode() not in answer.body:
                break
            self._tokens.forget(f"{self._seller}{operation.scope}", token)
        self._learn(operation, answer)
        return self._expect_success(operation, answer)

    def transfer(
        self, operation: Operation, url: str, *, content: bytes | None = None, content_type: str | None = None
    ) -> bytes:
        """Upload to or download from an address that Amazon gave for it: no token, no quota. Raises RemoteError."""
        headers = {"Content-Type": content_type} if content_type else {}
        try:
            address = check_address(url, loopback=_is_loopback(urlsplit(self._endpoint).hostname or ""))
            request = self._client.build_request(operation.verb, address, content=content, headers=headers)
        except (ConfigError, httpx.InvalidURL, ValueError) as error:
            raise operation.failed("Amazon named an address that is not safe to use.", verdict=Verdict.RETRY) from error
        return self._expect_success(operation, self._exchange(operation, request)).body

    def _spend(self, operation: Operation, reserve: int) -> None:
        wait = self._quota.acquire(operation.name, reserve=reserve)
        if wait > 0:
            log.info("amazon quota spent", operation=operation.name, wait=round(wait, 1))
            raise operation.failed(
                f"The quota of {operation.name} is spent; the next request is possible in {wait:.0f} s.",
                verdict=Verdict.RETRY,
                code="QuotaWait",
                retry_after=wait,
            )

    def _learn(self, operation: Operation, answer: Answer) -> None:
        if answer.status == 429:
            self._quota.spent(operation.name)  # our bucket and Amazon's differ: Amazon's is the one that counts
        try:
            rate = float(answer.headers.get("x-amzn-ratelimit-limit", ""))
        except ValueError:
            return  # best effort only: most answers may come without it
        if 0 < rate < 1000:
            self._quota.learn(operation.name, rate)

    def _token(self, scope: str) -> str:
        return self._tokens.get(f"{self._seller}{scope}", self._clock(), lambda: self._log_in(scope))

    def _log_in(self, scope: str) -> tuple[str, float]:
        if scope:
            form = {"grant_type": "client_credentials", "scope": scope, **self._credentials}
            del form["refresh_token"]
        else:
            form = {"grant_type": "refresh_token", **self._credentials}
        answer = self._exchange(_LOGIN, self._client.build_request("POST", self._lwa_endpoint, data=form))
        try:
            body = answer.json()
            if answer.status == 200:
                return str(body["access_token"]), float(body["expires_in"])
        except (KeyError, TypeError, ValueError) as error:
            raise _LOGIN.failed("Login with Amazon did not answer as it should.", status=answer.status) from error
        code = str(body.get("error") or "")
        verdict = Verdict.RETRY if answer.status >= 500 or answer.status == 429 else Verdict.PERMANENT
        raise _LOGIN.failed(
            f"Login with Amazon: {code or 'no reason given'}",
            verdict=LOGIN_VERDICTS.get(code, verdict),
            status=answer.status,
            code=code,
            request_id=answer.request_id,
        )

    def _exchange(self, operation: Operation, request: httpx.Request) -> Answer:
        started = time.monotonic()
        try:
            response = self._client.send(request, stream=True)
            try:
                received = bytearray()
                for part in response.iter_bytes():
                    received += part
                    if len(received) > MAX_ANSWER or time.monotonic() - started > MAX_SECONDS:
                        raise operation.failed("The answer is too large or too slow.", status=response.status_code)
            finally:
                response.close()
        except httpx.HTTPError as error:
            failure = _broken_off(operation, error)
            took = _milliseconds(started)
            log.warning("amazon call failed", operation=operation.name, error=type(error).__name__, ms=took)
            raise failure from error
        self._note_time(response.headers.get_list("date"))
        answer = Answer(response.status_code, response.headers, bytes(received))
        log.info(
            "amazon call",
            operation=operation.name,
            status=answer.status,
            ms=_milliseconds(started),
            request_id=answer.request_id,
        )
        return answer

    def _note_time(self, dates: list[str]) -> None:
        """A proxy may have added a Date of its own behind Amazon's."""
        try:
            told = parsedate_to_datetime(dates[0])
        except (IndexError, ValueError):
            return
        told = told.replace(tzinfo=told.tzinfo or UTC)
        self.clock_skew = (told - self._clock()).total_seconds()

    def _expect_success(self, operation: Operation, answer: Answer) -> Answer:
        if 200 <= answer.status < 300:
            return answer
        code, message = _amazon_words(answer)
        verdict = VERDICTS.get(answer.status)
        if verdict is None and 400 <= answer.status < 500:
            verdict = Verdict.PERMANENT
        raise operation.failed(
            message,
            verdict=verdict,
            status=answer.status,
            code=code,
            retry_after=1 / RATES[operation.name][0] if answer.status == 429 and operation.name in RATES else None,
            request_id=answer.request_id,
        )


def check_address(address: str, *, loopback: bool = True) -> str:
    """The address without a trailing slash. Raises ConfigError unless it is https, or http to this machine where
    `loopback` allows that.
    """
    parts = urlsplit(address)
    host = parts.hostname or ""
    if not host or parts.username or parts.fragment:
        raise ConfigError(f"{host!r} is not an address of Amazon's API")
    if parts.scheme != "https" and not (parts.scheme == "http" and loopback and _is_loopback(host)):
        raise ConfigError(f"{host} must be reached by https")
    return address.rstrip("/")


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def _segment(operation: Operation, value: str) -> str:
    # Ids go into the path; what is no id must not be able to name another operation.
    if not re.fullmatch(r"[A-Za-z0-9._-]{1,128}", value) or set(value) == {"."}:
        raise operation.failed("That is not an id of Amazon's.", verdict=Verdict.PERMANENT, code="InvalidInput")
    return value


def _broken_off(operation: Operation, error: httpx.HTTPError) -> RemoteError:
    if isinstance(error, _NOT_SENT):
        return operation.failed(f"No connection to Amazon: {type(error).__name__}", verdict=Verdict.RETRY)
    return operation.failed(f"The connection to Amazon broke off: {type(error).__name__}")


def _amazon_words(answer: Answer) -> tuple[str, str]:
    """Code and message of an error answer, without e-mail addresses; whatever shape it has."""
    try:
        body = answer.json()
    except ValueError:
        return "", "Amazon answered with a page that is not JSON."
    errors = body.get("errors")
    first = errors[0] if isinstance(errors, list) and errors and isinstance(errors[0], dict) else body
    code = str(first.get("code") or answer.headers.get("x-amzn-errortype") or "")
    words = [str(first[name]) for name in ("message", "details") if first.get(name)]
    return code[:64], _MAIL.sub("(e-mail)", " ".join(words))[:500] or "Amazon gave no reason."


def _milliseconds(started: float) -> int:
    return round((time.monotonic() - started) * 1000)
