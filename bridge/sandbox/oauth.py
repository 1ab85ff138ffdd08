"""OAuth 1.0a as Magento verifies it: HMAC-SHA256 in the Authorization header, with Magento's own base string.

The base string is where clients that follow the RFC fail (magento-live section 1): the parameters are sorted naturally,
of equal keys the last one counts, a key without `=` is dropped, a `+` is no space, and the path is normalised first.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from dataclasses import dataclass, field
from functools import cmp_to_key
from typing import Any, Final
from urllib.parse import quote, unquote, urlsplit

from bridge.sandbox.commerce_errors import CommerceError, field_required, refused

_REQUIRED: Final = (
    "oauth_consumer_key",
    "oauth_signature",
    "oauth_signature_method",
    "oauth_nonce",
    "oauth_timestamp",
    "oauth_token",
)
_METHOD: Final = "HMAC-SHA256"
_KEY_LENGTH: Final = 32
_MAX_AHEAD: Final = 600
# What a normalised path shows as it is; a percent-encoded form of these is decoded before the signature is computed.
_PATH_SAFE: Final = "/:@!$&'()*+,;=-._~"


@dataclass
class Integration:
    """The four secrets of the sandbox's integration (documented values, 32 characters each) and the nonces seen."""

    consumer_key: str = "sandboxconsumerkey00000000000001"
    consumer_secret: str = "sandboxconsumersecret00000000002"  # noqa: S105 - the sandbox's documented secret
    access_token: str = "sandboxaccesstoken00000000000003"  # noqa: S105 - as above
    access_token_secret: str = "sandboxaccesstokensecret00000004"  # noqa: S105 - as above
    consumer_id: int = 1
    nonces: set[str] = field(default_factory=set)

    def secrets(self) -> dict[str, str]:
        """The four secrets by the names that Magento's integration page gives them."""
        return {
            "Consumer Key": self.consumer_key,
            "Consumer Secret": self.consumer_secret,
            "Access Token": self.access_token,
            "Access Token Secret": self.access_token_secret,
        }

    def authenticate(self, header: str, method: str, url: str, now: float) -> None:
        """Raise the refusal that Magento gives, if any.

        header: the Authorization header; url: scheme, host, path and query as asked for; now: seconds of the epoch.
        """
        given = _header_parameters(header)
        self._check_parameters(given)
        self._check_nonce(given, now)
        if given["oauth_token"] != self.access_token:
            raise _denied("Specified token does not exist")
        expected = sign(method, url, given, self.consumer_secret, self.access_token_secret)
        if not hmac.compare_digest(expected.encode(), given["oauth_signature"].encode()):
            raise _denied("The signature is invalid. Verify and try again.")

    def _check_parameters(self, given: dict[str, str]) -> None:
        for name in _REQUIRED:
            if not given.get(name):
                raise field_required(name)
        if given["oauth_signature_method"] != _METHOD:
            raise refused("Signature method %1 is not supported", given["oauth_signature_method"])
        if len(given["oauth_consumer_key"]) != _KEY_LENGTH:
            raise _denied("Consumer key is not the correct length")
        if given["oauth_consumer_key"] != self.consumer_key:
            raise _denied("A consumer having the specified key does not exist")

    def _check_nonce(self, given: dict[str, str], now: float) -> None:
        """The nonce is used up even if the signature turns out wrong; an old timestamp is accepted."""
        stamp = given["oauth_timestamp"]
        if not stamp.isdigit() or int(stamp) > now + _MAX_AHEAD:
            raise _denied("An error occurred validating the nonce")
        if given["oauth_nonce"] in self.nonces:
            raise CommerceError(
                401, "The nonce is already being used by the consumer with ID %1", [str(self.consumer_id)]
            )
        self.nonces.add(given["oauth_nonce"])


def sign(method: str, url: str, protocol: dict[str, str], consumer_secret: str, token_secret: str) -> str:
    """The signature that Magento expects; `protocol` are the oauth_* parameters, its signature is ignored."""
    parts = urlsplit(url)
    parameters = dict(protocol)
    for pair in parts.query.split("&") if parts.query else []:
        halves = pair.split("=")
        if len(halves) == 2:
            parameters[unquote(halves[0])] = unquote(halves[1])
    encoded = {_encode(key): _encode(value) for key, value in parameters.items() if key != "oauth_signature"}
    ordered = sorted(encoded, key=cmp_to_key(natural_order))
    address = f"{parts.scheme}://{parts.netloc}{quote(unquote(parts.path), safe=_PATH_SAFE)}"
    base = "&".join([method.upper(), _encode(address), _encode("&".join(f"{k}={encoded[k]}" for k in ordered))])
    key = f"{_encode(consumer_secret)}&{_encode(token_secret)}"
    return base64.b64encode(hmac.new(key.encode(), base.encode(), hashlib.sha256).digest()).decode()


def natural_order(left: str, right: str) -> int:
    """PHP's strnatcmp: runs of digits compare as numbers, unless one of them starts with a zero."""
    i = j = 0
    while i < len(left) and j < len(right):
        if left[i].isdigit() and right[j].isdigit():
            a, b = _digits(left, i), _digits(right, j)
            decided = _compare(a, b) if "0" in (a[0], b[0]) else _compare(len(a), len(b)) or _compare(a, b)
            if decided:
                return decided
            i, j = i + len(a), j + len(b)
            continue
        if left[i] != right[j]:
            return _compare(left[i], right[j])
        i, j = i + 1, j + 1
    return _compare(len(left) - i, len(right) - j)


def _digits(text: str, start: int) -> str:
    end = start
    while end < len(text) and text[end].isdigit():
        end += 1
    return text[start:end]


def _compare(a: Any, b: Any) -> int:
    return int(a > b) - int(a < b)


def _encode(text: str) -> str:
    return quote(text, safe="-._~")


def _denied(message: str) -> CommerceError:
    return CommerceError(401, message)


def _header_parameters(header: str) -> dict[str, str]:
    parameters = {}
    for entry in header[len("OAuth ") :].split(","):
        name, _, value = entry.strip().partition("=")
        if name and name != "realm":
            parameters[unquote(name)] = unquote(value.strip().strip('"'))
    return parameters
