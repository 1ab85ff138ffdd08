"""Calling an address that somebody gave us: what is refused, and how little a receiver can do to us."""

from __future__ import annotations

import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from bridge.errors import ConfigError
from bridge.outbound.guard import AddressForbidden, GuardedTransport, check_url
from bridge.outbound.receivers import Receivers
from bridge.tls import trusted
from tests.receivers import receiving

PRIVATE = (ipaddress.ip_network("10.0.0.0/8"),)
HERE = (ipaddress.ip_network("127.0.0.0/8"),)


@contextmanager
def answering(answer: Callable[[socket.socket], None]) -> Iterator[str]:
    """A server on loopback that reads a request and does with the connection what it is told; its address."""
    server = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        try:
            connection, _ = server.accept()
        except OSError:
            return
        with connection:
            connection.recv(65536)
            try:
                answer(connection)
            except OSError:
                pass  # the other side has gone, as it should

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.getsockname()[1]}/hook"
    server.close()
    thread.join(5)
    trusted.cache_clear()


@pytest.mark.parametrize(
    ("url", "networks", "loopback"),
    [
        ("https://erp.example/hook?token=1", (), False),
        ("https://93.184.215.14:8443/hook", (), False),
        ("http://10.1.2.3/hook", PRIVATE, False),
        ("http://127.0.0.1:9000/hook", (), True),
        ("http://127.0.0.1:9000/hook", HERE, False),
        ("http://localhost:9000/hook", HERE, False),
    ],
)
def test_an_endpoint_that_may_be_called(url: str, networks: Any, loopback: bool):
    assert check_url(url, networks, whose="endpoint", loopback=loopback) == url


@pytest.mark.parametrize(
    "url",
    [
        "http://erp.example/hook",
        "ftp://erp.example/hook",
        "erp.example/hook",
        "https://user@erp.example/",
        "https://:secret@erp.example/",
        "https://erp.example/#part",
        "https://127.0.0.1/",
        "https://localhost/",
        "https://[::1]/",
        "https://10.0.0.1/",
        "https://169.254.169.254/latest/meta-data",
        "https://[::ffff:169.254.169.254]/",
        "https://[64:ff9b::a9fe:a9fe]/",
        "https://[2002:7f00:1::]/",
        "https://100.64.0.1/",
        "https://0.0.0.0/",
        "https://[fe80::1]/",
        "https://224.0.0.1/",
    ],
)
def test_an_endpoint_that_must_not_be_called(url: str):
    with pytest.raises(ConfigError):
        check_url(url, (), whose="endpoint", loopback=False)


@pytest.mark.parametrize("host", ["2130706433", "0x7f.1", "127.1", "127.0.0.1", "localhost", "[::ffff:127.0.0.1]"])
def test_no_spelling_of_this_machine_is_called(host: str):
    answer = Receivers((), loopback=False).post(f"https://{host}/hook", {}, b"{}")
    assert answer.status is None
    assert answer.error in {
        "The endpoint's name leads to an address that must not be called.", "No connection to the endpoint.",
    }  # fmt: skip


def test_a_name_that_leads_elsewhere_a_moment_later_gains_nothing(monkeypatch: pytest.MonkeyPatch):
    answers = iter(["93.184.215.14", "127.0.0.1"])
    called = []

    def look_up(host: str, *_args: object, **_more: object) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (next(answers), 0))]

    def send(_self: object, request: httpx.Request) -> httpx.Response:
        called.append((request.url.host, request.headers["Host"], request.extensions["sni_hostname"]))
        return httpx.Response(204, request=request)

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    monkeypatch.setattr(httpx.HTTPTransport, "handle_request", send)
    with httpx.Client(transport=GuardedTransport(())) as client:
        client.get("https://rebinding.example/")
        client.get("https://rebinding.example/")  # known for a minute, and connected to by address
    assert called == [("93.184.215.14", "rebinding.example", "rebinding.example")] * 2


def test_one_forbidden_address_among_good_ones_is_enough(monkeypatch: pytest.MonkeyPatch):
    both = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (ip, 0)) for ip in ("93.184.215.14", "10.0.0.1")]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_args, **_more: both)
    with httpx.Client(transport=GuardedTransport(())) as client, pytest.raises(AddressForbidden):
        client.get("https://both.example/")


def test_the_next_address_of_a_name_is_tried_when_the_first_does_not_answer(monkeypatch: pytest.MonkeyPatch):
    both = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (ip, 0)) for ip in ("93.184.215.14", "93.184.215.15")]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_args, **_more: both)

    def send(_self: object, request: httpx.Request) -> httpx.Response:
        if request.url.host.endswith("14"):
            raise httpx.ConnectError("refused")
        return httpx.Response(204, request=request)

    monkeypatch.setattr(httpx.HTTPTransport, "handle_request", send)
    with httpx.Client(transport=GuardedTransport(())) as client:
        assert client.post("https://both.example/", content=b"{}").status_code == 204


def test_a_redirect_is_a_failure_and_is_not_followed():
    with receiving() as other, receiving() as receiver:
        receiver.statuses, receiver.answer = [302], {"Location": other.url}
        answer = Receivers((), loopback=True).post(receiver.url, {}, b"{}")
        assert (answer.status, answer.error) == (302, "The endpoint answered 302; redirects are not followed.")
        assert other.messages == []


def test_an_answer_of_any_size_is_not_read():
    def flood(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000000000\r\n\r\n")
        while True:
            connection.sendall(b"x" * 65536)

    with answering(flood) as url:
        answer = Receivers((), loopback=True).post(url, {}, b"{}")
    assert (answer.status, answer.error) == (200, None)
    assert answer.ms < 5000


def test_a_receiver_that_drips_its_answer_is_left_after_the_deadline():
    def drip(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\n")
        while True:
            connection.sendall(b"X-More: yes\r\n")
            time.sleep(0.02)

    began = time.monotonic()
    with answering(drip) as url:
        answer = Receivers((), loopback=True, deadline=0.3).post(url, {}, b"{}")
    assert answer.status is None
    assert answer.error is not None
    assert time.monotonic() - began < 10


def test_nonsense_and_silence_are_failures_that_say_nothing_of_the_answer():
    with answering(lambda connection: connection.sendall(b"secret words\r\n\r\n")) as url:
        answer = Receivers((), loopback=True).post(url, {}, b"{}")
    assert answer.status is None
    assert "secret" not in (answer.error or "")
    with answering(lambda connection: None) as url:
        assert Receivers((), loopback=True).post(url, {}, b"{}").error
    assert Receivers((), loopback=True).post(url, {}, b"{}").error == "No connection to the endpoint."


@pytest.mark.parametrize(("value", "seconds"), [("120", 120.0), ("999999999", 86400.0), ("soon", None), ("-1", None)])
def test_the_wait_that_a_receiver_asks_for_is_believed_within_reason(value: str, seconds: float | None):
    with receiving() as receiver:
        receiver.statuses, receiver.answer = [503], {"Retry-After": value}
        assert Receivers((), loopback=True).post(receiver.url, {}, b"{}").retry_after == seconds


# -- over TLS


@pytest.fixture
def tls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, list[str | None]]]:
    """A server on loopback with a certificate of erp.example, which is trusted: its port, the names asked for."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "erp.example")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("erp.example")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path / "erp.pem"
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path.write_bytes(certificate.public_bytes(Encoding.PEM) + private)
    monkeypatch.setenv("SSL_CERT_FILE", str(path))
    trusted.cache_clear()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    asked: list[str | None] = []
    context.sni_callback = lambda _socket, server, _context: asked.append(server)
    server = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                connection, _ = server.accept()
            except OSError:
                return
            try:
                with context.wrap_socket(connection, server_side=True) as secure:
                    # Headers and body may come apart, and closing on unread bytes resets the connection.
                    while (part := secure.recv(65536)) and not part.endswith(b"{}"):
                        pass
                    secure.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")
            except (ssl.SSLError, OSError):
                pass  # the other side did not like the certificate

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    real = socket.getaddrinfo
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", 0))]

    def look_up(host: str, *args: Any, **more: Any) -> Any:
        return found if host.endswith(".example") else real(host, *args, **more)

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    yield str(server.getsockname()[1]), asked
    server.shutdown(socket.SHUT_RDWR)  # wakes the thread that accepts
    server.close()
    thread.join(5)


def test_the_certificate_has_to_be_the_names_although_the_connection_goes_to_an_address(
    tls: tuple[str, list[str | None]],
):
    port, asked = tls
    receivers = Receivers(HERE, loopback=False)
    assert receivers.post(f"https://erp.example:{port}/hook", {}, b"{}").status == 204
    assert asked == ["erp.example"]
    other = receivers.post(f"https://other.example:{port}/hook", {}, b"{}")
    assert (other.status, other.error) == (None, "No connection to the endpoint.")
    by_address = receivers.post(f"https://127.0.0.1:{port}/hook", {}, b"{}")
    assert by_address.status is None
