"""Our blueprint and schema base: one decorator routes, guards, checks and documents an operation."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from functools import wraps
from typing import TYPE_CHECKING, Any, TypeVar, cast

import flask_smorest  # type: ignore[import-untyped]
from flask import Request, Response, current_app, g, request
from marshmallow import EXCLUDE, RAISE, Schema, ValidationError, pre_load
from webargs.flaskparser import FlaskParser
from werkzeug.datastructures import WWWAuthenticate
from werkzeug.exceptions import Unauthorized

from bridge.api.errors import PROBLEMS, refuse
from bridge.errors import ConfigError, NotFound
from bridge.keys import Caller, Scope, authenticate
from bridge.trail import Actor, acting

if TYPE_CHECKING:
    from bridge.runtime import Runtime

_View = TypeVar("_View", bound=Callable[..., Any])


class Input(Schema):
    """What a caller sends. A field or parameter that it does not know is an error, never ignored."""

    class Meta:
        """marshmallow's options."""

        unknown = RAISE

    @pre_load
    def _refuse_unstorable(self, data: Any, **_kwargs: Any) -> Any:
        """No database keeps NUL or half a surrogate pair; some say so only when they are written."""
        for text in _texts(data):
            if "\x00" in text or any("\ud800" <= c <= "\udfff" for c in text):
                raise ValidationError("Holds a character that is not text.")
        return data


class Output(Schema):
    """What the API answers; documentation and contract test only. Clients must bear fields that are added later."""

    class Meta:
        """marshmallow's options."""

        unknown = EXCLUDE


class _Parser(FlaskParser):
    # None: each schema's own word counts, and that is RAISE (see Input).
    DEFAULT_UNKNOWN_BY_LOCATION = {"json": None, "query": None}  # noqa: RUF012

    def _raw_load_json(self, req: Request) -> Any:
        """Brackets nested too deep and numbers too long for Python are no JSON of ours."""
        try:
            return super()._raw_load_json(req)
        except json.JSONDecodeError:
            raise
        except (RecursionError, ValueError):
            refuse(400, "malformed_request", PROBLEMS[400][2])


class Blueprint(flask_smorest.Blueprint):  # type: ignore[misc]
    """flask-smorest's, with `operation` in place of its five decorators."""

    ARGUMENTS_PARSER = _Parser()

    def operation(
        self,
        method: str,
        rule: str,
        operation_id: str,
        *,
        scope: Scope,
        answer: type[Schema] | dict[str, Any] | None,
        status: int = 200,
        media: str | None = None,
        query: type[Schema] | None = None,
        body: type[Schema] | None = None,
        errors: tuple[int, ...] = (),
        doc: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Callable[[_View], _View]:
        """Serve `method rule` to keys that have the scope; the docstring's first line is the summary.

        The view gets the checked body, then the checked query, then the path's parameters by name; it answers with
        `reply`; media: its type where it is not JSON (`answer` is then a schema's JSON). A path with store_id is 404
        for a key that is bound to other stores. errors: statuses beyond those that follow from the rest. headers:
        {name: description} of the answer's own headers.
        """
        statuses = {401, 403, *errors}
        statuses |= {404} if "<" in rule else set()
        statuses |= {422} if query or body else set()
        statuses |= {400, 413, 415} if body else set()
        documented = {number: PROBLEMS[number][0] for number in sorted(statuses)}

        def decorate(view: _View) -> _View:
            shown = {
                name: {"schema": {"type": "string"}, "description": says} for name, says in (headers or {}).items()
            }
            wrapped: Any = self.response(status, answer, content_type=media, headers=shown or None)(view)
            if query:
                wrapped = self.arguments(query, location="query")(wrapped)
            if body:
                wrapped = self.arguments(body)(wrapped)
            wrapped = self.doc(
                operationId=operation_id,
                responses=documented,
                security=[{"apiKey": []}],
                **{"x-required-scope": scope.value},
                **(doc or {}),
            )(wrapped)
            guarded = _guard(wrapped, scope, takes_json=body is not None)
            self.route(rule, methods=[method], endpoint=operation_id)(guarded)
            return cast(_View, guarded)

        return decorate


def _guard(view: Callable[..., Any], scope: Scope, *, takes_json: bool) -> Callable[..., Any]:
    @wraps(view)
    def guarded(*args: Any, **kwargs: Any) -> Any:
        g.caller = _authorised(scope)
        store_id = kwargs.get("store_id")
        if store_id is not None and not caller().sees(store_id):
            raise NotFound(f"There is no store {store_id}.")
        if takes_json and not request.is_json and (request.content_length or request.mimetype):
            refuse(415, "unsupported_media_type", "Send the body as application/json.")
        who = Actor("api_key", caller().name, scope, g.get("request_id"))
        with acting(who, runtime().now):
            return view(*args, **kwargs)

    guarded.required_scope = scope  # type: ignore[attr-defined]
    return guarded


def _authorised(scope: Scope) -> Caller:
    kind, _, secret = request.headers.get("Authorization", "").partition(" ")
    held = runtime()
    found = None
    if kind.lower() == "bearer" and secret:
        found = authenticate(held.db, secret.strip(), held.now(), sandbox=held.config.sandbox)
    if found is None:
        raise Unauthorized(PROBLEMS[401][2], www_authenticate=WWWAuthenticate("bearer", {"realm": "bridge"}))
    if scope not in found.scopes:
        refuse(403, "insufficient_scope", f"This needs an API key with the scope {scope}.")
    return found


def caller() -> Caller:
    """Who makes the present request."""
    return cast(Caller, g.caller)


def whole_bridge_only() -> None:
    """Refuse a key that is bound to some stores: what follows concerns all of them."""
    if caller().store_ids is not None:
        refuse(403, "store_bound_key", "This needs an API key that is not bound to some stores.")


def runtime() -> Runtime:
    """The application's runtime. Raises ConfigError when the application was made without keys."""
    held = current_app.extensions["bridge"]
    if held is None:
        raise ConfigError("BRIDGE_SECRET_KEYS is not set: credentials cannot be kept.")
    return cast("Runtime", held)


def reply(data: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """A JSON answer. `data` is JSON already in all but its spelling: no schema is dumped on the way out."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    return Response(text, status, dict(headers or {}), mimetype="application/json")


def reply_versioned(data: Any, version: int | str) -> Response:
    """A JSON answer with the version as its strong ETag; 304 when the caller has it already."""
    response = reply(data, headers={"Cache-Control": "private, no-cache"})
    response.set_etag(str(version))
    return cast(Response, response.make_conditional(request))


def demand_version(version: int | str) -> None:
    """Refuse a change of anything but this version: 428 without If-Match, 412 when it names another one."""
    if "If-Match" not in request.headers:
        refuse(428, "precondition_required", "Send If-Match with the ETag of the version that you read.")
    if not request.if_match.contains(str(version)):
        refuse(412, "precondition_failed", PROBLEMS[412][2])


def _texts(data: Any) -> Iterator[str]:
    if isinstance(data, str):
        yield data
    elif isinstance(data, Mapping):
        for name in data:
            yield from _texts(name)
            held = data.getlist(name) if hasattr(data, "getlist") else data[name]
            yield from _texts(held)
    elif isinstance(data, (list, tuple)):
        for item in data:
            yield from _texts(item)
