"""Every failure as RFC 9457 problem details; the one place where an exception becomes an HTTP status."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Any, NoReturn, cast

import structlog
from flask import Response, g, request
from sqlalchemy.exc import IntegrityError, OperationalError
from werkzeug.exceptions import HTTPException, InternalServerError, default_exceptions
from werkzeug.exceptions import NotFound as NoSuchPath

from bridge.errors import BridgeError, ConfigError, Conflict, InvalidInput, NotFound, RemoteError, TooSlow

# HTTP status: (name in the OpenAPI document, code when nothing more exact is known, what it means)
PROBLEMS: dict[int, tuple[str, str, str]] = {
    400: ("BadRequest", "malformed_request", "The body is not JSON."),
    401: ("Unauthorized", "unauthenticated", "There is no API key, or it is not known, expired or revoked."),
    403: ("Forbidden", "forbidden", "The API key lacks the scope, or is bound to some stores only."),
    404: ("NotFound", "not_found", "There is no such object, or the API key may not see it."),
    405: ("MethodNotAllowed", "method_not_allowed", "The path does not take this method; Allow names those it takes."),
    406: ("NotAcceptable", "not_acceptable", "The answer's type is none of those in Accept."),
    409: ("Conflict", "conflict", "The object is in a state that forbids what was asked; `code` says which."),
    412: ("PreconditionFailed", "precondition_failed", "Somebody changed the object since it was read: read it again."),
    413: ("ContentTooLarge", "body_too_large", "The body is larger than 1 MiB, or than the operation says."),
    415: (
        "UnsupportedMediaType",
        "unsupported_media_type",
        "The body must be application/json, or what the operation says.",
    ),
    422: ("UnprocessableContent", "invalid_input", "A value or a parameter is wrong; `errors` names each."),
    428: ("PreconditionRequired", "precondition_required", "If-Match with the ETag that was read is missing."),
    429: ("TooManyRequests", "rate_limited", "The API key made too many requests; Retry-After says when to go on."),
    500: ("InternalServerError", "internal_error", "A defect of the bridge; the log has it under the X-Request-Id."),
    502: ("BadGateway", "remote_failed", "Amazon or Commerce did not answer as it should; `remote` says what it said."),
    503: ("ServiceUnavailable", "unavailable", "The bridge cannot work now: its database or its keys are missing."),
}
_LOCATIONS = {"json": "body", "query": "query", "headers": "header"}
log = structlog.get_logger()


def refuse(status: int, code: str, detail: str, *, retry_after: int | None = None) -> NoReturn:
    """End the request with this problem; retry_after: seconds after which to ask again."""
    error = default_exceptions[status](detail)
    error.code_word = code  # type: ignore[attr-defined]
    error.retry_after = retry_after  # type: ignore[attr-defined]
    raise error


def problem(status: int, code: str, detail: str, **more: Any) -> Response:
    """The answer; `more` are the problem's further members."""
    body: dict[str, Any] = {
        "type": f"urn:problem-type:bridge:{code}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "instance": request.path,
        "code": code,
        "request_id": g.get("request_id", ""),
    }
    if request.path.startswith("/api/v1/admin-ui/"):
        body["message"] = detail  # what the Admin UI SDK shows
    return Response(json.dumps(body | more), status, mimetype="application/problem+json")


def handle_http(error: HTTPException) -> Response:
    """What Flask, werkzeug, webargs and `refuse` raise."""
    if error.response is not None or error.code is None or error.code < 400:
        return cast(Response, Response.force_type(error.get_response(), request.environ))
    code = getattr(error, "code_word", None) or PROBLEMS.get(error.code, ("", f"http_{error.code}"))[1]
    messages = (getattr(error, "data", None) or {}).get("messages")
    more: dict[str, Any] = {}
    detail = error.description or HTTPStatus(error.code).phrase
    if messages:
        more["errors"] = list(_flatten(messages))
        detail = _sentence(more["errors"])
    if type(error) in {NoSuchPath, InternalServerError}:  # werkzeug's words are for people who typed an address
        detail = "There is nothing at this path." if error.code == 404 else PROBLEMS[500][2]
    answer = problem(error.code, code, detail, **more)
    for name, value in error.get_headers(request.environ):
        if name.lower() != "content-type":
            answer.headers[name] = value
    return _later(answer, getattr(error, "retry_after", None))


def handle_bridge(error: BridgeError) -> Response:
    """What the bridge raises on purpose (bridge.errors)."""
    if isinstance(error, InvalidInput):
        location = error.location or ("query" if request.method in {"GET", "HEAD"} else "body")
        errors = [
            {"location": location, "field": field or None, "message": message}
            for field, messages in error.fields.items()
            for message in messages
        ]
        return problem(422, error.code, _sentence(errors) if errors else str(error), errors=errors)
    if isinstance(error, NotFound):
        return problem(404, "not_found", str(error))
    if isinstance(error, Conflict):
        return _later(problem(409, error.code, str(error)), error.retry_after)
    if isinstance(error, RemoteError):
        return _remote(error)
    return _unavailable(error)


def _unavailable(error: BridgeError) -> Response:
    if isinstance(error, TooSlow):
        log.warning("query given up", route=str(request.url_rule))
        return problem(503, "too_slow", "The database took too long: narrow the filters.")
    if isinstance(error, ConfigError):
        log.error("not configured", error=str(error))
        return problem(503, "not_configured", str(error))
    return handle_defect(error)


def handle_database(error: OperationalError | IntegrityError) -> Response:
    """A unique value that somebody else took in between, or a database that is away; neither shows the statement."""
    if isinstance(error, IntegrityError):
        return problem(409, "already_exists", "Such an object exists already.")
    log.error("database failed", error=str(error.orig))
    return _later(problem(503, "database_unavailable", "The database does not answer."), 5)


def handle_defect(error: Exception) -> Response:
    """The HTTP boundary: anything else is a defect of ours, which the log tells and the answer does not."""
    log.error("request crashed", exc_info=error)
    return problem(500, "internal_error", PROBLEMS[500][2])


def _remote(error: RemoteError) -> Response:
    remote = {
        "system": error.system,
        "operation": error.operation,
        "status": error.status,
        "code": error.code,
        "request_id": error.request_id,
    }
    return _later(problem(502, f"{error.system}_failed", str(error), remote=remote), error.retry_after)


def _later(answer: Response, seconds: float | None) -> Response:
    """The answer, with the advice to ask again after so long."""
    if seconds is not None:
        answer.headers["Retry-After"] = str(max(1, round(seconds)))
    return answer


def _flatten(messages: Mapping[str, Any]) -> Iterator[dict[str, str | None]]:
    """webargs' {location: {field: [messages]}}, nested to any depth, one entry a message."""
    for location, held in messages.items():
        for field, message in _walk(held, ()):
            yield {
                "location": _LOCATIONS.get(str(location), str(location)),
                "field": ".".join(field) or None,
                "message": message,
            }


def _walk(held: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], str]]:
    if isinstance(held, Mapping):
        for name, inner in held.items():
            yield from _walk(inner, path if name == "_schema" else (*path, str(name)))
    elif isinstance(held, (list, tuple)):
        for inner in held:
            yield from _walk(inner, path)
    else:
        yield path, str(held)


def _sentence(errors: list[dict[str, Any]]) -> str:
    first = errors[0]
    more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
    return f"{first['field']}: {first['message']}{more}" if first["field"] else f"{first['message']}{more}"
