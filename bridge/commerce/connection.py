"""One request to Commerce: sent with care, and every failure turned into a RemoteError with a verdict."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Any, TypeVar
from urllib.parse import quote

import httpx
import structlog

from bridge.commerce.query import encode
from bridge.errors import AlreadyExists, RemoteError, Verdict
from bridge.outbound.guard import AddressForbidden, GuardedTransport, Network, check_base_url

log = structlog.get_logger()
T = TypeVar("T")

ALL = "all"
MAX_ANSWER = 32 * 1024 * 1024  # bytes, unpacked; fifty full orders are about one million
DEFAULT_TIMEOUT = httpx.Timeout(60.0, connect=10.0)

# What a status means (magento-live 1 and 2). One that is not here: 4xx is PERMANENT, all else is RETRY for a read and
# UNKNOWN for a write, because a 500 or 504 does not say whether something was saved.
VERDICTS: dict[int, Verdict] = {
    301: Verdict.RETRY,  # the shop's address or its TLS is set up otherwise: nothing was done
    302: Verdict.RETRY,
    307: Verdict.RETRY,
    308: Verdict.RETRY,
    401: Verdict.REAUTHORISE,  # wrong token, or a missing right: both have the same body
    403: Verdict.REAUTHORISE,  # Magento says 401; this is a firewall or CDN in front of it
    429: Verdict.RETRY,
}
DUPLICATE = "Unique constraint violation found"
MAINTENANCE = "Error 503: Service Unavailable"  # the title of Magento's own page; a proxy's 503 may come after the work

_NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol, httpx.ProxyError)
_REPORT = re.compile(r"webapi-[0-9a-f]+")
PERSONAL = {
    "firstname", "lastname", "customer_firstname", "customer_lastname", "street", "city", "postcode", "telephone",
    "company", "vat_id",
}  # fmt: skip
_MAIL = re.compile(r"[^\s\"'<>@]+@[^\s\"'<>@]+")


class Connection:
    """A pool of connections to one shop. Thread-safe; no cookies, because PHP serialises a session (magento-live 0.2).

    cloud_service: Commerce as a Cloud Service, whose paths lack /rest and name the store view in a header
    (magento-rest 7). Raises ConfigError when `base_url` is not one that we may speak to.
    """

    def __init__(
        self,
        base_url: str,
        auth: httpx.Auth,
        *,
        transport: httpx.BaseTransport | None = None,
        timeout: httpx.Timeout | float = DEFAULT_TIMEOUT,
        private_networks: Sequence[Network] = (),
        cloud_service: bool = False,
    ) -> None:
        self.base_url = check_base_url(base_url, private_networks)
        self.cloud_service = cloud_service
        self._client = httpx.Client(
            auth=auth,
            transport=transport or GuardedTransport(private_networks),
            timeout=timeout,
            follow_redirects=False,
            cookies=CookieJar(policy=DefaultCookiePolicy(allowed_domains=[])),
            headers={"Accept": "application/json", "User-Agent": "amazon-order-bridge"},
        )

    def close(self) -> None:
        """Give the connections back."""
        self._client.close()

    def call(
        self,
        verb: str,
        route: str,
        read: Callable[[Any], T],
        *,
        path: Mapping[str, object] | None = None,
        query: Iterable[tuple[str, str]] = (),
        body: Any = None,
        store_view: str = ALL,
    ) -> T:
        """Ask `route` ("/V1/orders/{id}", filled from `path`) and read its JSON answer with `read`.

        store_view: the code of the one to ask; ALL is the admin's own view, in which every store is seen (on a Cloud
        Service, which documents no such thing, the default one: the rows of all stores are seen there as well).
        Raises RemoteError: what `read` cannot read (KeyError, TypeError, ValueError ...) counts as no answer.
        """
        filled = route.format_map({name: quote(str(value), safe=",:") for name, value in (path or {}).items()})
        headers = {}
        if not self.cloud_service:
            filled = f"/rest/{quote(store_view, safe='')}{filled}"
        elif store_view != ALL:
            headers["Store"] = store_view
        text = encode(query)
        request = _Request(verb, route)
        answer = self._send(request, f"{self.base_url}{filled}" + (f"?{text}" if text else ""), body, headers)
        try:
            return read(json.loads(answer.text, parse_float=Decimal))
        except (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError) as error:
            raise request.failed("The answer is not what Commerce is known to send.", status=200) from error

    def text(self, path: str) -> str:
        """A GET of a page outside the REST interface, as text. Raises RemoteError."""
        return self._send(_Request("GET", path), f"{self.base_url}{path}", None).text

    def _send(self, request: _Request, url: str, body: Any, headers: Mapping[str, str] | None = None) -> _Answer:
        started = time.monotonic()
        try:
            answer = self._exchange(request, url, body, dict(headers or {}))
            if answer.status != 200:
                raise _refusal(request, answer, body)
        except RemoteError as error:
            log.warning(
                "commerce call failed",
                operation=request.operation,
                status=error.status,
                verdict=error.verdict.value,
                ms=_since(started),
            )
            raise
        log.info("commerce call", operation=request.operation, status=answer.status, ms=_since(started))
        return answer

    def _exchange(self, request: _Request, url: str, body: Any, headers: dict[str, str]) -> _Answer:
        content = None
        if body is not None:
            content = json.dumps(body, allow_nan=False).encode()
            headers["Content-Type"] = "application/json"
        try:
            with self._client.stream(request.verb, url, content=content, headers=headers) as response:
                received = bytearray()
                for part in response.iter_bytes():
                    received += part
                    if len(received) > MAX_ANSWER:
                        raise request.failed("The answer is too large.", status=response.status_code)
                return _Answer(response.status_code, response.headers, received.decode("utf-8", "replace"))
        except AddressForbidden as error:
            raise request.failed(str(error), verdict=Verdict.PERMANENT) from error
        except _NOT_SENT as error:
            raise request.failed(f"No connection to the shop: {error}", verdict=Verdict.RETRY) from error
        except httpx.HTTPError as error:
            raise request.failed(f"The connection broke off: {type(error).__name__}") from error


class _Answer:
    """A status, its headers and the whole text."""

    def __init__(self, status: int, headers: Mapping[str, str], text: str) -> None:
        self.status = status
        self.headers = headers
        self.text = text


class _Request:
    """What was asked: enough to say what its failure means."""

    def __init__(self, verb: str, route: str) -> None:
        self.verb = verb
        self.operation = f"{verb} {route}"

    def failed(
        self,
        message: str,
        *,
        status: int | None = None,
        verdict: Verdict | None = None,
        retry_after: float | None = None,
        request_id: str | None = None,
        kind: type[RemoteError] = RemoteError,
    ) -> RemoteError:
        """The exception to raise; without a verdict the outcome of a write is unknown and a read may be repeated."""
        return kind(
            message,
            system="commerce",
            operation=self.operation,
            verdict=verdict or (Verdict.RETRY if self.verb == "GET" else Verdict.UNKNOWN),
            status=status,
            retry_after=retry_after,
            request_id=request_id,
        )


def _refusal(request: _Request, answer: _Answer, body: Any) -> RemoteError:
    message = _without_people(_message(answer.text), body)
    report = _REPORT.search(message or "")
    verdict = VERDICTS.get(answer.status)
    if verdict is None and 400 <= answer.status < 500:
        verdict = Verdict.PERMANENT
    if answer.status == 503 and MAINTENANCE in answer.text:
        verdict = Verdict.RETRY
    return request.failed(
        message or "The shop answered with a page that is not JSON.",
        status=answer.status,
        verdict=verdict,
        retry_after=_seconds(answer.headers.get("Retry-After")),
        request_id=report.group() if report else None,
        kind=AlreadyExists if message == DUPLICATE else RemoteError,
    )


def _message(text: str) -> str | None:
    """Magento's own words, placeholders filled, without e-mail addresses; None when the text is not Magento's."""
    try:
        body = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(body, dict):
        return None
    if isinstance(body.get("messages"), dict):  # fatal errors have a shape of their own (magento-rest 7)
        parts = body["messages"].get("error") or []
    else:
        parts = [body, *(body.get("errors") or [])]
    words = " ".join(_filled(part) for part in parts if isinstance(part, dict))
    return _MAIL.sub("(e-mail)", words)[:1000] or None


def _without_people(message: str | None, body: Any) -> str | None:
    """The words without the names and addresses that were sent: Magento repeats what it does not like."""
    for text in sorted(_personal(body), key=len, reverse=True) if message else ():
        message = re.sub(rf"(?<!\w){re.escape(text)}(?!\w)", "(personal)", message or "")
    return message


def _personal(body: Any, *, told: bool = False) -> Iterator[str]:
    """Every text of the request under a name that tells of a person."""
    if isinstance(body, dict):
        for name, value in body.items():
            yield from _personal(value, told=told or name in PERSONAL)
    elif isinstance(body, list):
        for value in body:
            yield from _personal(value, told=told)
    elif told and isinstance(body, str) and len(body) > 2:
        yield body


def _filled(error: Mapping[str, Any]) -> str:
    message = str(error.get("message") or "")
    values = error.get("parameters") or {}
    named = values.items() if isinstance(values, dict) else [(str(n), v) for n, v in enumerate(values, 1)]
    # %10 before %1
    for name, value in sorted(named, key=lambda item: -len(item[0])):
        message = message.replace(f"%{name}", str(value))
    return message


def _seconds(header: str | None) -> float | None:
    return float(header) if header and header.isdigit() else None


def _since(started: float) -> int:
    return round((time.monotonic() - started) * 1000)
