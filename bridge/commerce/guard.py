"""Which addresses a Commerce shop may have: public ones over TLS, this machine, and allowed private networks."""

from __future__ import annotations

import ipaddress
import socket
import threading
import time
from collections.abc import Sequence
from urllib.parse import urlsplit

import httpx

from bridge.errors import ConfigError

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
_CHECK_AGAIN = 60.0  # seconds that a name's addresses are taken as unchanged


class AddressForbidden(httpx.ConnectError):
    """The shop's name leads to an address that we must not speak to."""


def is_loopback(host: str) -> bool:
    """Whether the host, as it is written, is this machine."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def check_base_url(base_url: str, private_networks: Sequence[Network]) -> str:
    """The address without a trailing slash. Raises ConfigError unless it is https, or http to where that is allowed."""
    parts = urlsplit(base_url)
    host = parts.hostname or ""
    if parts.scheme not in {"http", "https"} or not host:
        raise ConfigError(f"{base_url!r} is not the address of a shop")
    if parts.username or parts.query or parts.fragment:
        raise ConfigError("the shop's address must hold no user name, query or fragment")
    if parts.scheme == "http" and not is_loopback(host) and not private_networks:
        raise ConfigError(f"the shop {host} must be reached by https")
    try:
        literal = ipaddress.ip_address(host)
    except ValueError:
        return base_url.rstrip("/")
    if not is_loopback(host) and not _allowed(literal, private_networks, tls=parts.scheme == "https"):
        raise ConfigError(f"{host} is not a public address, and not in an allowed private network")
    return base_url.rstrip("/")


def _allowed(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address, private_networks: Sequence[Network], *, tls: bool
) -> bool:
    if any(address in network for network in private_networks):
        return True
    return tls and address.is_global and not address.is_multicast


class GuardedTransport(httpx.HTTPTransport):
    """An HTTP transport that looks up the shop's name and refuses addresses that `check_base_url` would refuse."""

    def __init__(self, private_networks: Sequence[Network]) -> None:
        super().__init__()
        self._networks = tuple(private_networks)
        self._lock = threading.Lock()
        self._good_until: dict[str, float] = {}

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send the request. Raises AddressForbidden, or httpx.ConnectError where the name does not resolve."""
        url = request.url
        if not is_loopback(url.host):
            self._check(url.host, tls=url.scheme == "https")
        return super().handle_request(request)

    def _check(self, host: str, *, tls: bool) -> None:
        with self._lock:
            if self._good_until.get(host, 0.0) > time.monotonic():
                return
        try:
            found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
        except OSError as error:
            raise httpx.ConnectError(f"the name {host} does not resolve") from error
        for entry in found:
            address = ipaddress.ip_address(str(entry[4][0]).split("%")[0])
            if not _allowed(address, self._networks, tls=tls):
                raise AddressForbidden(f"{host} leads to an address that is not allowed")
        with self._lock:
            self._good_until[host] = time.monotonic() + _CHECK_AGAIN
