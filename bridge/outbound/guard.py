"""Which addresses may be called that somebody gave us: public ones over TLS, allowed private networks, this machine.

A name is looked up once, every address that it leads to is checked, and the connection goes to one of those: a name
that leads elsewhere a moment later (DNS rebinding) gains nothing.
"""

from __future__ import annotations

import ipaddress
import socket
import threading
import time
from collections.abc import Sequence
from urllib.parse import urlsplit

import httpx

from bridge.errors import ConfigError
from bridge.tls import trusted

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Address = ipaddress.IPv4Address | ipaddress.IPv6Address
_CHECK_AGAIN = 60.0  # seconds that a name's addresses are taken as unchanged


class AddressForbidden(httpx.ConnectError):
    """The name leads to an address that we must not speak to."""


def is_loopback(host: str) -> bool:
    """Whether the host, as it is written, is this machine."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def check_base_url(base_url: str, private_networks: Sequence[Network]) -> str:
    """A shop's address without a trailing slash; it may be on this machine. Raises ConfigError (see check_url)."""
    if urlsplit(base_url).query:
        raise ConfigError("the shop's address must hold no user name, query or fragment")
    return check_url(base_url, private_networks, whose="shop").rstrip("/")


def check_url(url: str, private_networks: Sequence[Network], *, whose: str, loopback: bool = True) -> str:
    """The address as it is. Raises ConfigError unless it is https, or http to where that is allowed.

    loopback: whether it may be on this machine. A name is not looked up here but with every request.
    """
    parts = urlsplit(url)
    host = parts.hostname or ""
    try:
        httpx.URL(url)
        _ = parts.port
    except (httpx.InvalidURL, ValueError):
        raise ConfigError(f"this is not the address of a {whose}") from None
    if parts.scheme not in {"http", "https"} or not host:
        raise ConfigError(f"{url!r} is not the address of a {whose}")
    if parts.username is not None or parts.fragment:
        raise ConfigError(f"the {whose}'s address must hold no user name, query or fragment")
    here = is_loopback(host)
    if parts.scheme == "http" and not (here and loopback) and not private_networks:
        raise ConfigError(f"the {whose} {host} must be reached by https")
    try:
        literal = ipaddress.ip_address(host)
    except ValueError:
        if here and not loopback and not any(network.is_loopback for network in private_networks):
            raise ConfigError(f"{host} is not a public address, and not in an allowed private network") from None
        return url
    if not (here and loopback) and not _allowed(literal, private_networks, tls=parts.scheme == "https"):
        raise ConfigError(f"{host} is not a public address, and not in an allowed private network")
    return url


def _allowed(address: Address, private_networks: Sequence[Network], *, tls: bool) -> bool:
    if any(address in network for network in private_networks):
        return True
    inner = _inner(address)
    if inner is not None:
        return _allowed(inner, private_networks, tls=tls)
    return tls and address.is_global and not address.is_multicast


_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


def _inner(address: Address) -> ipaddress.IPv4Address | None:
    """The IPv4 address that an IPv6 one stands for: mapped, 6to4, NAT64."""
    if not isinstance(address, ipaddress.IPv6Address):
        return None
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour


class GuardedTransport(httpx.HTTPTransport):
    """An HTTP transport that looks names up by itself and refuses addresses that `check_url` would refuse."""

    def __init__(self, private_networks: Sequence[Network], *, loopback: bool = True) -> None:
        super().__init__(verify=trusted())
        self._networks = tuple(private_networks)
        self._loopback = loopback
        self._lock = threading.Lock()
        self._known: dict[str, tuple[float, list[str]]] = {}

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send the request. Raises AddressForbidden, or httpx.ConnectError where the name does not resolve."""
        host = request.url.host
        if self._loopback and is_loopback(host):
            return super().handle_request(request)
        addresses = self._look_up(host, tls=request.url.scheme == "https")
        # The certificate and the Host header are the name's; only the connection goes to the address.
        extensions = request.extensions | {"sni_hostname": host}
        for number, address in enumerate(addresses, 1):
            to = httpx.Request(
                request.method,
                request.url.copy_with(host=address),
                headers=request.headers,
                stream=request.stream,
                extensions=extensions,
            )
            try:
                return super().handle_request(to)
            except (httpx.ConnectError, httpx.ConnectTimeout):  # not sent: the name's next address may answer
                if number == len(addresses):
                    raise
        raise httpx.ConnectError(f"the name {host} does not resolve")

    def _look_up(self, host: str, *, tls: bool) -> list[str]:
        with self._lock:
            until, known = self._known.get(host, (0.0, []))
            if until > time.monotonic():
                return known
        try:
            found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
        except OSError as error:
            raise httpx.ConnectError(f"the name {host} does not resolve") from error
        addresses = list(dict.fromkeys(str(entry[4][0]).split("%")[0] for entry in found))
        for address in addresses:
            if not _allowed(ipaddress.ip_address(address), self._networks, tls=tls):
                raise AddressForbidden(f"{host} leads to an address that is not allowed")
        with self._lock:
            self._known[host] = (time.monotonic() + _CHECK_AGAIN, addresses)
        return addresses
