"""Our blueprint and schema base: one decorator routes, guards, checks and documents an operation."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache, wraps
from typing import TYPE_CHECKING, Any, TypeVar, cast

import flask_smorest  # type: ignore[import-untyped]
import orjson
from flask import Request, Response, current_app, g, request
from marshmallow import EXCLUDE, RAISE, Schema, ValidationError, fields, missing, pre_load
from webargs.flaskparser import FlaskParser, abort
from werkzeug.datastructures import Headers, WWWAuthenticate
from werkzeug.exceptions import Unauthorized

from bridge.api import once as idempotent
from bridge.api.errors import PROBLEMS, refuse
from bridge.api.limits import RateLimit
from bridge.errors import ConfigError, InvalidInput, NotFound
from bridge.keys import Caller, Keyring, Scope
from bridge.trail import Actor, acting

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

    from bridge.runtime import Runtime

_View = TypeVar("_View", bound=Callable[..., Any])
_IF_NONE_MATCH = {
    "in": "header",
    "name": "If-None-Match",
    "schema": {"type": "string"},
    "description": "ETag of the version that you have; 304 without a body while it is the present one.",
    "example": '"1"',
}
LINK = {"Link": "The first, previous, next and last page (RFC 8288), those of them that there are."}


_MOST_KNOWN, _LONGEST_KNOWN = 256, 200  # query strings whose checked parameters are kept, and their length in bytes
_NAMING = {"buyer_name", "cursor"}  # may hold a buyer's name: a cursor behind a row sorted by it does
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


class Input(Schema):
    """What a caller sends. A field or parameter that it does not know is an error, never ignored."""

    class Meta:
        """marshmallow's options."""

        unknown = RAISE

    @pre_load
    def _refuse_unstorable(self, data: Any, **_kwargs: Any) -> Any:
        """No database keeps NUL or half a surrogate pair; some say so only when they are written."""
        for text in _texts(data):
            if _UNSTORABLE.search(text):
                raise ValidationError("Holds a character that is not text.")
        return data


class Output(Schema):
    """What the API answers; documentation and contract test only. Clients must bear fields that are added later."""

    class Meta:
        """marshmallow's options."""

        unknown = EXCLUDE


class _Parser(FlaskParser):
    # None: each schema's own word counts, and that is RAISE (see Input).
    DEFAULT_UNKNOWN_BY_LOCATION = {"json": None}  # noqa: RUF012

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
        takes: tuple[str, ...] = (),
        once: bool | None = None,
        needs_body: bool = True,
    ) -> Callable[[_View], _View]:
        """Serve `method rule` to keys that have the scope; the docstring's first line is the summary.

        The view gets the checked body, then the checked query, then the path's parameters by name; it answers with
        `reply`; media: its type where it is not JSON (`answer` is then a schema's JSON). A path with store_id is 404
        for a key that is bound to other stores. errors: statuses beyond those that follow from the rest. headers:
        {name: description} of the answer's own headers. takes: types of a body that the view reads by itself. once:
        it takes Idempotency-Key; every POST does unless told otherwise. needs_body: the body must not be left out.
        """
        once = method == "POST" if once is None else once
        takes = ("application/json",) if body else takes
        offers = None if answer is None else media or "application/json"
        # Where a field is required, its absence says more than that of the whole body.
        all_optional = body is not None and not any(field.required for field in body._declared_fields.values())
        demands = _Demands(takes, query is not None, offers, once, needs_body and all_optional)
        statuses = demands.refusals() | {400 if body else 500, 404 if "<" in rule else 500, *errors}
        told = {"operationId": operation_id, "security": [{"apiKey": []}], "x-required-scope": scope.value}
        told |= _documented(statuses, doc or {}, once=once, revalidated=method == "GET" and "ETag" in (headers or {}))
        shown = {**(headers or {}), **(idempotent.HEADERS if once else {})}
        described = {name: {"schema": {"type": "string"}, "description": says} for name, says in shown.items()}

        def decorate(view: _View) -> _View:
            # flask-smorest's decorators say what the document says; what they do is done by `_guard`, for less.
            paper: Any = self.response(status, answer, content_type=media, headers=described or None)(view)
            paper = self.arguments(query, location="query")(paper) if query else paper
            paper = self.arguments(body, required=needs_body)(paper) if body else paper
            guarded = _guard(view, scope, demands, _Query(query()) if query else None, body() if body else None)
            guarded._apidoc = self.doc(**told)(paper)._apidoc  # type: ignore[attr-defined]
            self.route(rule, methods=[method], endpoint=operation_id)(guarded)
            return cast(_View, guarded)

        return decorate


def _documented(statuses: set[int], doc: Mapping[str, Any], *, once: bool, revalidated: bool) -> dict[str, Any]:
    """What the document says of an operation that refuses with these statuses, beside what it says of all."""
    responses: dict[int, Any] = {number: PROBLEMS[number][0] for number in sorted(statuses)}
    parameters = [*doc.get("parameters", []), *([idempotent.PARAMETER] if once else [])]
    if revalidated:
        responses[304] = {"description": "The version that If-None-Match names is the present one."}
        parameters.append(_IF_NONE_MATCH)
    return {**doc, "responses": responses, **({"parameters": parameters} if parameters else {})}


@dataclass(frozen=True, slots=True)
class _Demands:
    """What an operation takes and offers: the types of its body, none where it has none, and the one of its answer."""

    takes: tuple[str, ...]
    query: bool
    offers: str | None
    once: bool
    needs_body: bool

    def refusals(self) -> set[int]:
        """The statuses with which any operation of this kind may refuse, or fail."""
        found = {401, 403, 422, 429, 500, 503}
        found |= {413, 415} if self.takes else set()
        found |= {406} if self.offers else set()
        return found | ({409} if self.once else set())


class _Query:
    """Checks what stands behind the question mark."""

    def __init__(self, schema: Schema) -> None:
        self._whole = schema
        self._lists = {name for name, field in schema.fields.items() if isinstance(field, fields.List)}
        self._always = {name for name, field in schema.load_fields.items() if field.load_default is not missing}
        self._of = lru_cache(64)(self._only)
        self._known: dict[bytes, dict[str, Any]] = {}

    def checked(self, req: Request) -> dict[str, Any]:
        """The parameters' values; ends the request with 422."""
        text = req.query_string
        found = self._known.get(text)
        if found is None:
            given = {name: held if name in self._lists else held[0] for name, held in req.args.lists()}
            try:
                found = self._of(frozenset(given)).load(given)
            except ValidationError as error:
                abort(422, exc=error, messages={"query": error.messages})
            self._remember(text, found)
        return dict(found)

    def _remember(self, text: bytes, found: dict[str, Any]) -> None:
        """A grid that keeps itself up to date asks the same every few seconds."""
        if len(text) <= _LONGEST_KNOWN and _NAMING.isdisjoint(found):
            if len(self._known) >= _MOST_KNOWN:
                self._known.clear()
            self._known[text] = found

    def _only(self, names: frozenset[str]) -> Schema:
        """The schema without the fields that are neither given nor have a default: going through them is half of it."""
        if names.issubset(self._whole.load_fields):
            return type(self._whole)(only=names | self._always)
        return self._whole


def _guard(
    view: Callable[..., Any], scope: Scope, demands: _Demands, query: _Query | None, body: Schema | None
) -> Callable[..., Any]:
    """The view behind what is demanded of every request, given its checked body and query."""

    @wraps(view)
    def guarded(**kwargs: Any) -> Any:
        # Both once: what stands behind such a name is looked up at each use.
        asked: Request = request._get_current_object()  # type: ignore[attr-defined]
        held = runtime()
        g.caller = found = _authorised(asked, held, scope)
        store_id = kwargs.get("store_id")
        if store_id is not None and not found.sees(store_id):
            raise NotFound(f"There is no store {store_id}.")
        _check(asked, demands)

        def answered() -> Any:
            checked = [] if body is None else [Blueprint.ARGUMENTS_PARSER.parse(body, request, location="json")]
            return view(*checked, *([query.checked(asked)] if query else []), **kwargs)

        with acting(Actor("api_key", found.name, scope, g.get("request_id")), held.now):
            return idempotent.answered_once(held, found.id, answered) if demands.once else answered()

    guarded.required_scope = scope  # type: ignore[attr-defined]
    return guarded


def _check(asked: Request, demands: _Demands) -> None:
    """Refuse what no schema looks at: types that are not taken or offered, and what an operation does not take."""
    if demands.takes:
        fits = asked.mimetype in demands.takes or (asked.is_json and "application/json" in demands.takes)
        if not fits and (asked.content_length or asked.mimetype):
            refuse(415, "unsupported_media_type", f"Send the body as {demands.takes[0]}.")
        if demands.needs_body and not asked.content_length and "Transfer-Encoding" not in asked.headers:
            raise InvalidInput("No body.", {"": ["A body is needed."]}, location="body")
    elif asked.content_length and (asked.content_length > 2 or asked.get_data() != b"{}"):
        # An empty object is what some clients send where there is nothing to say.
        raise InvalidInput("No body is taken.", {"": ["This operation takes no body."]}, location="body")
    if asked.query_string and not demands.query:
        unknown = {name: ["Unknown field."] for name in asked.args}
        raise InvalidInput("No parameters are taken.", unknown, location="query")
    accept = asked.headers.get("Accept") or "*/*"
    if accept not in {"*/*", demands.offers} and demands.offers:
        # Some generated clients name the problems' type alone for what is no JSON.
        known = (demands.offers, "application/problem+json")
        if not any(asked.accept_mimetypes.quality(offered) for offered in known):
            refuse(406, "not_acceptable", f"The answer is {demands.offers}, which Accept does not allow.")


def _authorised(asked: Request, held: Runtime, scope: Scope) -> Caller:
    kind, _, secret = asked.headers.get("Authorization", "").partition(" ")
    found = None
    if kind.lower() == "bearer" and secret:
        keyring: Keyring = current_app.extensions["bridge-keyring"]
        found = keyring.authenticate(secret.strip(), held.now())
    if found is None:
        raise Unauthorized(PROBLEMS[401][2], www_authenticate=WWWAuthenticate("bearer", {"realm": "bridge"}))
    rate_limit: RateLimit = current_app.extensions["bridge-rate-limit"]
    rate_limit.spend(found.id)
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


class _Answer(Response):
    def get_wsgi_headers(self, environ: WSGIEnvironment) -> Headers:
        """Where there is nothing to correct, werkzeug copies the headers one by one: a tenth of what it does at all."""
        return self.headers if self.status_code == 200 else super().get_wsgi_headers(environ)


def reply(data: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """A JSON answer. `data` is JSON already in all but its spelling: no schema is dumped on the way out."""
    return _Answer(orjson.dumps(data), status, headers, content_type="application/json")


def reply_page(data: Mapping[str, Any]) -> Response:
    """A page of a list as JSON, with links to its neighbours (RFC 8288).

    The links keep to the way that was asked for: numbers after a number, the cursor (`next`) after a cursor.
    """
    asked: Request = request._get_current_object()  # type: ignore[attr-defined]  # see _guard
    given = asked.query_string.decode("ascii", "replace").split("&")
    kept = "".join(f"{part}&" for part in given if part and not part.startswith(("page=", "cursor=")))
    begin, page, pages = f"<{asked.path}?{kept}", data["page"], data["total_pages"]
    more = data["next"] is not None if "next" in data else page < pages
    links = f'{begin}page=1>; rel="first"'
    if page and page > 1:
        links += f', {begin}page={page - 1}>; rel="prev"'
    if more:
        following = f"page={page + 1}" if page else f"cursor={data['next']}"
        links += f', {begin}{following}>; rel="next"'
    if pages:
        links += f', {begin}page={pages}>; rel="last"'
    return reply(data, headers={"Link": links})


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
