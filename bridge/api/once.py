"""`Idempotency-Key` on requests: the API's side of bridge.idempotency."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from typing import Any

import structlog
from flask import Response, request
from sqlalchemy.exc import SQLAlchemyError

from bridge import idempotency
from bridge.errors import ConfigError, Conflict, InvalidInput
from bridge.idempotency import HEADER, Answer, Claim
from bridge.runtime import Runtime

REPLAYED = "Idempotency-Replayed"
HEADERS = {REPLAYED: "true where the key was known, else absent."}
PARAMETER = {
    "in": "header",
    "name": HEADER,
    "schema": {"type": "string", "pattern": "^[!-~]{1,255}$"},
    "description": (
        "A value of your own, such as a UUID. The same request with the same key is done once within 24 hours: later"
        f" ones get the answer of the first, with `{REPLAYED}: true`. 409 `idempotency_key_in_use` while the first is"
        " at work; 422 `idempotency_key_reused` with another request. A request that was refused may be sent again."
    ),
    "example": "0f8fad5b-d9cb-469f-a165-70867728950e",
}
_KEY = re.compile(r"[!-~]{1,255}")
_KEPT_HEADERS = ("Content-Type", "Location", "ETag", "Link", "Retry-After")
log = structlog.get_logger()


def answered_once(runtime: Runtime, owner: str, work: Callable[[], Response]) -> Response:
    """The answer of `work`, or the one that was given to the same request with the same key before."""
    key = request.headers.get(HEADER)
    if key is None:
        return work()
    if not _KEY.fullmatch(key):
        raise InvalidInput("No key.", {HEADER: ["Must be 1 to 255 visible ASCII characters."]}, location="header")
    begun = idempotency.begin(runtime.db, owner, key, _fingerprint(), runtime.now())
    if isinstance(begun, Answer):
        return Response(_opened(runtime, owner, begun.body), begun.status, {**begun.headers, REPLAYED: "true"})
    answer = None
    try:
        answer = work()
    finally:
        _end(runtime, begun, answer)
    return answer


def _record(owner: str) -> str:
    return f"answers to {owner}"


def _opened(runtime: Runtime, owner: str, body: str) -> str:
    try:
        return runtime.vault.open(_record(owner), body.encode("ascii"))["body"]
    except ConfigError as error:
        told = "The request was done; its answer was sealed with a key that is gone from BRIDGE_SECRET_KEYS."
        raise Conflict(told, "idempotency_answer_lost") from error


def _fingerprint() -> str:
    """Of method, address and body, byte by byte."""
    made = hashlib.sha256()
    for part in (request.method.encode(), request.full_path.encode(), request.get_data()):
        made.update(len(part).to_bytes(8, "big") + part)
    return made.hexdigest()


def _end(runtime: Runtime, claim: Claim, answer: Response | None) -> None:
    """Keep the answer if anything was done. A claim that cannot be ended runs out by itself."""
    try:
        if answer is not None and answer.status_code < 400:
            headers: dict[str, Any] = {name: answer.headers[name] for name in _KEPT_HEADERS if name in answer.headers}
            # Sealed, because an answer may hold a secret that is shown once.
            body = runtime.vault.seal(_record(claim.owner), {"body": answer.get_data(as_text=True)}).decode("ascii")
            idempotency.keep(runtime.db, claim, Answer(answer.status_code, headers, body))
        else:
            idempotency.give_up(runtime.db, claim)
    except SQLAlchemyError as error:
        log.warning("idempotency key not ended", error=type(error).__name__)
