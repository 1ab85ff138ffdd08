"""Adobe's identity management (IMS), as far as a server-to-server client of Commerce as a Cloud Service sees it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from flask import Response, jsonify, request

from bridge.sandbox.world import World

TOKEN_LASTS = 86399.0  # seconds, as IMS says it
SCOPE = "commerce.accs"


@dataclass
class Ims:
    """The credentials of one technical account (documented values), and the tokens that it has got.

    tokens: token -> until when it is good, in seconds of the epoch.
    """

    client_id: str = "sandbox-ims-client"
    client_secret: str = "sandbox-ims-secret"  # noqa: S105 - the sandbox's documented secret
    org_id: str = "5A4D80X00000000@AdobeOrg"
    tokens: dict[str, float] = field(default_factory=dict)

    def secrets(self) -> dict[str, str]:
        """The credentials by the names that Adobe's Developer Console gives them."""
        return {"Client ID": self.client_id, "Client secret": self.client_secret, "Organization ID": self.org_id}

    def accepts(self, header: str, api_key: str, org_id: str, now: float) -> bool:
        """Whether a request with these headers comes from the account."""
        token = header.removeprefix("Bearer ")
        known = self.tokens.get(token, 0.0) > now
        return header.startswith("Bearer ") and known and (api_key, org_id) == (self.client_id, self.org_id)


def token(world: World) -> Response | tuple[Response, int]:
    """POST /ims/token/v3: a token for client credentials."""
    form: dict[str, Any] = request.form.to_dict()
    ims = world.shop.ims
    with world.lock:
        world.requests["ims token"] += 1
        if form.get("grant_type") != "client_credentials":
            return jsonify(error="unsupported_grant_type"), 400
        if (form.get("client_id"), form.get("client_secret")) != (ims.client_id, ims.client_secret):
            return jsonify(error="invalid_client", error_description="invalid client_secret parameter"), 401
        if SCOPE not in str(form.get("scope", "")).split(","):
            return jsonify(error="invalid_scope"), 400
        made = f"ims-{len(ims.tokens) + 1}-{world.shop.rng.getrandbits(64):016x}"
        ims.tokens[made] = world.now().timestamp() + TOKEN_LASTS
    return jsonify(access_token=made, token_type="bearer", expires_in=int(TOKEN_LASTS))  # noqa: S106 - OAuth's word
