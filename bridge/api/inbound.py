"""Webhooks in: Commerce and Adobe I/O Events say that something was shipped. No API key but a signature guards these.

Nothing in a message is believed or kept but that it came: it makes the next look at the shop's shipments an early one.
Below /hooks and not in the document, for their shapes are Adobe's.
"""

from __future__ import annotations

import hashlib
import re

from flask import Blueprint, Response, request

from bridge import inbound
from bridge import store as records
from bridge.api.blueprint import reply, runtime
from bridge.api.errors import refuse
from bridge.errors import NotFound
from bridge.jobs.early import confirm_soon

hooks = Blueprint("hooks", __name__, url_prefix="/hooks/stores/<id:store_id>")
SIGNATURES = (
    # (the header of a signature, the header of its key's path)
    ("x-adobe-digital-signature-1", "x-adobe-public-key1-path"),
    ("x-adobe-digital-signature-2", "x-adobe-public-key2-path"),
)
_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{1,128}")


@hooks.get("/adobe-events")
def challenge(store_id: int) -> Response:  # noqa: ARG001  the path's, which a registration names
    """Adobe asks once whether this address is meant: it wants its word back."""
    _adobe_client()
    word = request.args.get("challenge", "")
    if not _CHALLENGE.fullmatch(word):
        refuse(400, "malformed_request", "This is where Adobe I/O Events are sent to.")
    return reply({"challenge": word})


@hooks.post("/adobe-events")
def adobe_event(store_id: int) -> Response:
    """One event or a batch of them; a 2xx status ends Adobe's tries."""
    client_id, raw = _adobe_client(), request.get_data()
    ids = inbound.adobe_event_ids(raw, client_id)
    if ids is None or not _signed_by_adobe(raw):
        refuse(401, "bad_signature", "No signature of Adobe's fits this message, or it is for somebody else.")
    news = [_is_news("adobe", store_id, each) for each in _of_store(store_id, ids)]
    if any(news):
        confirm_soon(runtime(), store_id)
    return reply({"accepted": sum(news)})


@hooks.post("/commerce")
def commerce_event(store_id: int) -> Response:
    """A webhook of Commerce, which waits for this answer."""
    text = runtime().config.commerce_webhook_key
    if text is None:
        raise NotFound("No key of Commerce's webhooks is configured.")
    raw = request.get_data()
    if not inbound.from_commerce(
        inbound.commerce_keys(text), request.headers.get("x-adobe-commerce-webhook-signature", ""), raw
    ):
        refuse(401, "bad_signature", "The signature does not fit this message.")
    (event_id,) = _of_store(store_id, [hashlib.sha256(raw).hexdigest()])
    if _is_news("commerce", store_id, event_id):
        confirm_soon(runtime(), store_id)
    return reply({"op": "success"})


def _adobe_client() -> str:
    client_id = runtime().config.adobe_client_id
    if client_id is None:
        raise NotFound("Adobe I/O Events are not configured.")
    return client_id


def _signed_by_adobe(raw: bytes) -> bool:
    """Whether one of the two signatures fits; there are two so that Adobe can change its keys."""
    for signature, path in SIGNATURES:
        given = request.headers.get(signature)
        key = runtime().links.adobe_keys.get(request.headers.get(path, "")) if given else None
        if given and key and inbound.signed_by(key, given, raw):
            return True
    return False


def _of_store(store_id: int, ids: list[str]) -> list[str]:
    """The ids, if there is such an active store. Raises NotFound."""
    with runtime().db.reading() as session:
        if not records.get_store(session, store_id).active:
            raise NotFound(f"The store {store_id} is deactivated.")
    return ids


def _is_news(source: str, store_id: int, event_id: str) -> bool:
    return inbound.is_news(runtime().db, source, store_id, event_id, runtime().now())
