"""The sandbox's Commerce: Magento's REST interface over the world's shop.

Registered under `/commerce`: `/rest/<store code>/V1/...`, `/rest/V1/...` (default store view) and `/magento_version`;
orders are also taken asynchronously, under `/rest/<store code>/async/V1/...` and `.../async/bulk/V1/...`.
The same shop is `/cloud/<tenant>/V1/...`, as Commerce as a Cloud Service: the store view is a header there, carts of
guests do not exist, and only tokens of IMS are taken, which `/ims/token/v3` gives (magento-rest 7).
The order of the checks is Magento's: store code, Accept, route, rights, body, then the service.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, Final
from urllib.parse import quote, unquote, urlsplit

from flask import Blueprint, Response, request

from bridge.sandbox import (
    commerce_bulk,
    commerce_carts,
    commerce_catalog,
    commerce_inventory,
    commerce_orders,
    commerce_releases,
    commerce_stores,
    ims,
)
from bridge.sandbox.commerce_call import Call
from bridge.sandbox.commerce_errors import (
    FATAL_DETAILS,
    FATAL_TEXT,
    MASKED,
    TRACE,
    CommerceError,
    FatalError,
    HtmlError,
    MaskedError,
    not_found,
    refused,
)
from bridge.sandbox.search_criteria import project, query_tree
from bridge.sandbox.world import World

VERSION: Final = "Magento/2.4 (Community)"
_VERBS: Final = ["GET", "POST", "PUT", "PATCH", "DELETE"]
_NO_ROUTE: Final = "Request does not match any route."
_NOT_AUTHORIZED: Final = "The consumer isn't authorized to access %resources."
_ERROR_PAGE: Final = (
    "<!doctype html>\n<html><head><title>There has been an error processing your request</title></head></html>"
)
_MAINTENANCE_PAGE: Final = (
    "<!doctype html>\n<html><head><title>Error 503: Service Unavailable</title></head>"
    "<body><h1>Service Temporarily Unavailable</h1></body></html>"
)
_ROUTES: Final = (
    *commerce_orders.ROUTES,
    *commerce_catalog.ROUTES,
    *commerce_inventory.ROUTES,
    *commerce_stores.ROUTES,
    *commerce_carts.ROUTES,
    *commerce_bulk.ROUTES,
)

_SCHEMA: Final = "schema"
_ASYNC: Final = "async"
_NOT_IN_THE_CLOUD: Final = frozenset({"guest-carts", _ASYNC})

Handler = Callable[[Call], Any]


class _Route:
    """One route: its template split at the slashes, the right it needs, its handler."""

    def __init__(self, verb: str, template: str, right: str, handler: Handler) -> None:
        self.parts = template.split("/")
        self.asynchronous = self.parts[0] == _ASYNC
        self.template = f"/{template}" if self.asynchronous else f"/V1/{template}"
        self.verb, self.right, self.handler = verb, right, handler

    def match(self, segments: list[str]) -> dict[str, str] | None:
        """The path variables if the segments fit."""
        values = {}
        for part, segment in zip(self.parts, segments, strict=True):
            if part[0] == "{":
                values[part[1:-1]] = segment
            elif part != segment:
                return None
        return values


def _by_length() -> dict[tuple[str, int], list[_Route]]:
    table: dict[tuple[str, int], list[_Route]] = {}
    for verb, template, right, handler in _ROUTES:
        route = _Route(verb, template, right, handler)
        table.setdefault((verb, len(route.parts)), []).append(route)
    for routes in table.values():
        # A literal segment goes before a variable one: orders/create before orders/{parent_id}.
        routes.sort(key=lambda route: route.template.count("{"))
    return table


_TABLE: Final = _by_length()


def blueprint(world: World) -> Blueprint:
    """Commerce's routes over this world, to be registered under `/commerce`."""
    commerce = Blueprint("commerce", __name__)

    @commerce.get("/magento_version")
    def magento_version() -> Response:
        return Response(VERSION, content_type="text/html; charset=UTF-8")

    @commerce.route("/rest/<path:_rest>", methods=_VERBS)
    @commerce.route("/cloud/<tenant>/<path:_rest>", methods=_VERBS)
    def rest(_rest: str, tenant: str | None = None) -> Response:
        with world.lock:
            return _answer(world, tenant)

    @commerce.post("/ims/token/v3")
    def ims_token() -> Response | tuple[Response, int]:
        return ims.token(world)

    return commerce


def _answer(world: World, tenant: str | None) -> Response:
    if world.shop.maintenance:
        return Response(_MAINTENANCE_PAGE, 503, content_type="text/html; charset=UTF-8")
    world.shop.bulks.consume()
    cookie = False
    try:
        store_code, segments = _address(tenant)
        view = world.shop.stores.view_by_code(store_code)
        _check_accept()
        if segments == [_SCHEMA]:
            return _json(200, _schema(world, tenant))
        if tenant and segments[0] in _NOT_IN_THE_CLOUD:
            raise not_found(_NO_ROUTE)
        if segments[0] == "inventory" and not world.shop.inventory_modules:
            raise not_found(_NO_ROUTE)
        route, path = _route(segments)
        world.requests[f"commerce {route.verb} {route.template}"] += 1
        cookie = True
        if route.right != "anonymous":
            _authorize(world, route.right, tenant)
        query = query_tree(request.query_string.decode("latin-1"))
        base_url = request.host_url.rstrip("/") + _prefix(tenant) + "/"
        call = Call(world.shop, view, path, query, _body(), base_url, route.asynchronous)
        result = route.handler(call)
        if "fields" in query:
            result = project(result, str(query["fields"]))
        response = _json(202 if route.asynchronous else 200, result)
    except CommerceError as error:
        trace = {"trace": TRACE} if world.shop.developer_mode else {}
        response = _json(error.status, error.body() | trace)
    except MaskedError:
        response = _json(500, {"message": MASKED.format(report=f"{world.shop.rng.getrandbits(48):012x}")})
    except FatalError:
        text = FATAL_DETAILS + TRACE if world.shop.developer_mode else FATAL_TEXT
        response = Response(text, 500, content_type="text/plain;charset=UTF-8")
    except HtmlError:
        response = Response(_ERROR_PAGE, 500, content_type="text/html; charset=UTF-8")
    response.headers["Cache-Control"] = "no-store"
    if cookie:
        session = f"{world.shop.rng.getrandbits(128):032x}"[:26]
        response.set_cookie("PHPSESSID", session, max_age=3600, httponly=True, samesite="Lax")
    return response


def _schema(world: World, tenant: str | None) -> Any:
    """GET /schema: of what the asker may see, which is nothing without rights."""
    world.requests["commerce GET /schema"] += 1
    asked = request.args.get("services", "all")
    if asked not in {"all", commerce_releases.ORDERS}:
        raise refused('Requested services are not available: "%1".', asked)
    _authorize(world, "Magento_Sales::create", tenant)
    return commerce_releases.schema(world.shop.release, request.host_url)


def _raw_path() -> str:
    """The path as sent, where the server tells: only there a %2F differs from a slash."""
    raw = request.environ.get("RAW_URI") or request.environ.get("REQUEST_URI")
    return urlsplit(raw).path if raw else quote(request.path)


def _prefix(tenant: str | None) -> str:
    return request.path[: request.path.index("/cloud/" if tenant else "/rest/")]


def _address(tenant: str | None) -> tuple[str, list[str]]:
    """Store code and the segments after V1, or from `async` on; raises the 404 when there is neither."""
    rest = _raw_path().partition(f"/cloud/{tenant}/" if tenant else "/rest/")[2]
    segments = [unquote(part) for part in rest.strip("/").split("/")]
    if tenant:
        segments.insert(0, request.headers.get("Store", "default"))
    elif segments[0] in {"V1", _ASYNC}:
        segments.insert(0, "default")
    if segments[1:] == [_SCHEMA]:
        return segments[0], [_SCHEMA]
    if segments[1:2] == [_ASYNC]:
        return segments[0], segments[1:]
    if len(segments) < 3 or segments[1] != "V1":
        raise not_found(_NO_ROUTE)
    return segments[0], segments[2:]


def _route(segments: list[str]) -> tuple[_Route, dict[str, str]]:
    for route in _TABLE.get((request.method, len(segments)), ()):
        path = route.match(segments)
        if path is not None:
            return route, path
    raise not_found(_NO_ROUTE)


def _check_accept() -> None:
    accept = request.headers.get("Accept") or "*/*"
    if not any(kind in accept for kind in ("application/json", "*/*", "application/*")):
        raise HtmlError


def _authorize(world: World, right: str, tenant: str | None) -> None:
    """Bearer or OAuth; a wrong bearer, none at all and a missing right look the same (magento-live section 1)."""
    header, now = request.headers.get("Authorization", ""), world.now().timestamp()
    if tenant:
        keys = (request.headers.get("x-api-key", ""), request.headers.get("x-gw-ims-org-id", ""))
        if not world.shop.ims.accepts(header, *keys, now):
            raise CommerceError(401, _NOT_AUTHORIZED, {"resources": right})
    elif header.startswith("OAuth "):
        query = request.query_string.decode("latin-1")
        url = request.host_url.rstrip("/") + _raw_path() + (f"?{query}" if query else "")
        world.shop.integration.authenticate(header, request.method, url, now)
    elif header != f"Bearer {world.shop.bearer}":
        raise CommerceError(401, _NOT_AUTHORIZED, {"resources": right})
    if world.shop.rights is not None and right not in world.shop.rights:
        raise CommerceError(401, _NOT_AUTHORIZED, {"resources": right})


def _body() -> dict[str, Any]:
    """The JSON that was sent, a list as PHP sees one: by its places; {} for an empty body or a bare value."""
    raw = request.get_data()
    if not raw or request.method in {"GET", "DELETE"}:
        return {}
    if request.mimetype != "application/json":
        raise refused(f"Server cannot understand Content-Type HTTP header media type {request.mimetype}")
    try:
        body = json.loads(raw)
    except ValueError:
        raise refused("Decoding error.") from None
    if isinstance(body, list):
        return {str(place): part for place, part in enumerate(body)}
    return body if isinstance(body, dict) else {}


def _json(status: int, body: Any) -> Response:
    text = json.dumps(body, separators=(",", ":"))
    return Response(text, status, content_type="application/json; charset=utf-8")
