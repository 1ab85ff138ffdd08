"""Login with Amazon: access tokens for a refresh token, or for the application itself (grantless)."""

from __future__ import annotations

import json
import uuid
from typing import Any

from flask import Response, request

from bridge.sandbox.amounts import Json
from bridge.sandbox.marketplace import Marketplace
from bridge.sandbox.world import World

SCOPES = (
    "sellingpartnerapi::notifications",
    "sellingpartnerapi::client_credential:rotation",
    "sellingpartnerapi::migration",
)


def json_reply(status: int, body: Json | None, *, rate: float | None = None) -> Response:
    """JSON with Amazon's request id; `rate` is the usage plan's, in the header that names it."""
    text = "" if body is None else json.dumps(body, ensure_ascii=False)
    response = Response(text, status, content_type="application/json")
    response.headers["x-amzn-RequestId"] = str(uuid.uuid4())
    if rate is not None:
        response.headers["x-amzn-RateLimit-Limit"] = f"{rate:g}"
    return response


def login(world: World) -> Response:
    """POST /auth/o2/token, as a form or as JSON."""
    sent = request.get_json(silent=True) if request.is_json else request.form.to_dict()
    form: dict[str, Any] = sent if isinstance(sent, dict) else {}
    with world.lock:
        world.requests["amazon token"] += 1
        if form.get("grant_type") == "refresh_token":
            return _refresh(world.marketplace, form)
        if form.get("grant_type") == "client_credentials":
            return _client_credentials(world.marketplace, form)
    if not form.get("grant_type"):
        return _login_error(400, "invalid_request", "The request is missing a required parameter : grant_type")
    return _login_error(400, "unsupported_grant_type", "The authorization grant type is not supported")


def _client_known(marketplace: Marketplace, form: dict[str, Any]) -> bool:
    return any(
        (seller.client_id, seller.client_secret) == (form.get("client_id"), form.get("client_secret"))
        for seller in marketplace.sellers.values()
    )


def _refresh(marketplace: Marketplace, form: dict[str, Any]) -> Response:
    if not _client_known(marketplace, form):
        return _login_error(401, "invalid_client", "Client authentication failed")
    for seller in marketplace.sellers.values():
        if (seller.client_id, seller.refresh_token) == (form["client_id"], form.get("refresh_token")):
            token = marketplace.issue_token(seller.seller_id)
            return _token_answer({"access_token": token, "refresh_token": seller.refresh_token})
    return _login_error(400, "invalid_grant", "The request has an invalid grant parameter : refresh_token")


def _client_credentials(marketplace: Marketplace, form: dict[str, Any]) -> Response:
    if not _client_known(marketplace, form):
        return _login_error(401, "invalid_client", "Client authentication failed")
    scope = form.get("scope")
    if scope not in SCOPES:
        return _login_error(400, "invalid_scope", "The request has an invalid scope parameter")
    return _token_answer({"access_token": marketplace.issue_token(None, scope), "scope": scope})


def _token_answer(answer: Json) -> Response:
    response = json_reply(200, {**answer, "token_type": "bearer", "expires_in": 3600})
    response.headers["Cache-Control"] = "no-store"
    return response


def _login_error(status: int, error: str, description: str) -> Response:
    return json_reply(status, {"error": error, "error_description": description, "request_id": str(uuid.uuid4())})
