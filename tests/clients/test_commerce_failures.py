"""What the Commerce client makes of a shop, a proxy or a network that fails."""

from __future__ import annotations

import ipaddress
import socket

import httpx
import pytest
from structlog.testing import capture_logs

from bridge.commerce import connection
from bridge.commerce.auth import BearerAuth, OAuth1Auth
from bridge.commerce.client import CommerceClient
from bridge.commerce.connection import Connection
from bridge.errors import AlreadyExists, ConfigError, RemoteError, Verdict
from bridge.sandbox.world import Fault
from tests.clients.commerce_desk import Desk, client_of, client_that_gets

HTML = "<html><body>proxy</body></html>"
MAINTENANCE = "<title>Error 503: Service Unavailable</title>"


def outcome(client: CommerceClient, write: bool) -> RemoteError:
    with pytest.raises(RemoteError) as caught:
        client.invoice(1) if write else client.countries()
    return caught.value


@pytest.mark.parametrize(
    ("status", "text", "of_a_read", "of_a_write"),
    [
        (400, '{"message": "no"}', Verdict.PERMANENT, Verdict.PERMANENT),
        (401, '{"message": "no"}', Verdict.REAUTHORISE, Verdict.REAUTHORISE),
        (403, HTML, Verdict.REAUTHORISE, Verdict.REAUTHORISE),
        (404, '{"message": "no"}', Verdict.PERMANENT, Verdict.PERMANENT),
        (413, HTML, Verdict.PERMANENT, Verdict.PERMANENT),
        (429, HTML, Verdict.RETRY, Verdict.RETRY),
        (301, "", Verdict.RETRY, Verdict.RETRY),
        (500, "An error has happened", Verdict.RETRY, Verdict.UNKNOWN),
        (500, "[]", Verdict.RETRY, Verdict.UNKNOWN),
        (502, HTML, Verdict.RETRY, Verdict.UNKNOWN),
        (503, MAINTENANCE, Verdict.RETRY, Verdict.RETRY),
        (503, HTML, Verdict.RETRY, Verdict.UNKNOWN),
        (504, HTML, Verdict.RETRY, Verdict.UNKNOWN),
        (200, HTML, Verdict.RETRY, Verdict.UNKNOWN),
        (200, "", Verdict.RETRY, Verdict.UNKNOWN),
        (200, "{}", Verdict.RETRY, Verdict.UNKNOWN),
        (200, "null", Verdict.RETRY, Verdict.UNKNOWN),
        (200, "[" * 100_000, Verdict.RETRY, Verdict.UNKNOWN),
        (500, "[" * 100_000, Verdict.RETRY, Verdict.UNKNOWN),
        (202, '{"bulk_uuid": "x"}', Verdict.RETRY, Verdict.UNKNOWN),
    ],
)
def test_each_answer_has_its_verdict(status, text, of_a_read, of_a_write):
    client = client_that_gets(status, text=text)
    assert outcome(client, write=False).verdict is of_a_read
    assert outcome(client, write=True).verdict is of_a_write


@pytest.mark.parametrize(
    ("failure", "of_a_read", "of_a_write"),
    [
        (httpx.ConnectError("refused"), Verdict.RETRY, Verdict.RETRY),
        (httpx.ConnectTimeout("slow"), Verdict.RETRY, Verdict.RETRY),
        (httpx.PoolTimeout("busy"), Verdict.RETRY, Verdict.RETRY),
        (httpx.ReadTimeout("slow"), Verdict.RETRY, Verdict.UNKNOWN),
        (httpx.ReadError("reset"), Verdict.RETRY, Verdict.UNKNOWN),
        (httpx.WriteError("reset"), Verdict.RETRY, Verdict.UNKNOWN),
        (httpx.RemoteProtocolError("cut short"), Verdict.RETRY, Verdict.UNKNOWN),
    ],
)
def test_a_write_that_may_have_arrived_has_an_unknown_outcome(failure, of_a_read, of_a_write):
    def fail(request: httpx.Request) -> httpx.Response:
        raise failure

    assert outcome(client_of(fail), write=False).verdict is of_a_read
    assert outcome(client_of(fail), write=True).verdict is of_a_write


def test_the_order_exists_after_the_shop_hung_up_on_its_creation():
    desk = Desk()
    desk.world.faults.add(Fault("POST .*/V1/orders$", "hang_up_after"))
    entity = {"increment_id": "AMZ-1", "ext_order_id": "1", "store_id": 2, "state": "new", "status": "pending"}
    body = {"entity": entity | {"payment": {"method": "checkmo"}}}
    with pytest.raises(RemoteError) as caught:
        desk.client.create_order(body)
    assert caught.value.verdict is Verdict.UNKNOWN
    assert [order.increment_id for order in desk.client.find_orders(ext_order_ids=["1"])] == ["AMZ-1"]
    with pytest.raises(AlreadyExists):
        desk.client.create_order(body)


def test_an_answer_that_is_neither_true_nor_false_leaves_the_outcome_unknown():
    with pytest.raises(RemoteError) as caught:
        client_that_gets(200, json="yes").cancel(1)
    assert caught.value.verdict is Verdict.UNKNOWN


def test_a_busy_shop_says_when_to_come_back():
    client = client_that_gets(429, headers={"Retry-After": "17"}, text=HTML)
    assert outcome(client, write=True).retry_after == 17.0
    client = client_that_gets(429, headers={"Retry-After": "Wed, 21 Oct 2026 07:28:00 GMT"}, text=HTML)
    assert outcome(client, write=True).retry_after is None


def test_a_fatal_error_in_its_own_shape_keeps_its_words():
    body = {"messages": {"error": [{"code": 500, "message": "Fatal for jane@example.com"}]}}
    assert outcome(client_that_gets(500, json=body), write=False).message == "Fatal for (e-mail)"


def test_placeholders_of_two_digits_are_not_eaten_by_those_of_one():
    body = {"message": "%1 and %10", "parameters": [str(n) for n in range(11, 21)]}
    assert outcome(client_that_gets(400, json=body), write=False).message == "11 and 20"


def test_an_answer_without_end_is_refused(monkeypatch):
    monkeypatch.setattr(connection, "MAX_ANSWER", 1000)
    error = outcome(client_that_gets(200, text="[" + " " * 2000 + "]"), write=False)
    assert (error.message, error.verdict) == ("The answer is too large.", Verdict.RETRY)


def test_a_clock_that_is_too_far_ahead_is_a_matter_of_credentials():
    desk = Desk("oauth")
    early = CommerceClient(
        base_url="http://127.0.0.1:8001/commerce",
        auth=OAuth1Auth(*desk.shop.integration.secrets().values(), clock=lambda: desk.world.now().timestamp() + 700),
        transport=desk.transport,
    )
    assert outcome(early, write=True).verdict is Verdict.REAUTHORISE


def test_a_redirect_is_not_followed():
    asked = []

    def elsewhere(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.host)
        return httpx.Response(302, headers={"Location": "https://evil.example.net/"})

    outcome(client_of(elsewhere), write=False)
    assert asked == ["shop.example.com"]


def test_no_cookie_is_sent_back():
    cookies = []

    def answer(request: httpx.Request) -> httpx.Response:
        cookies.append(request.headers.get("Cookie"))
        return httpx.Response(200, json=[], headers={"Set-Cookie": "PHPSESSID=abc; path=/"})

    client = client_of(answer)
    client.countries()
    client.countries()
    assert cookies == [None, None]


def test_the_log_holds_the_route_and_no_value():
    with capture_logs() as logs:
        client_that_gets(200, json={"items": None, "total_count": 0}).find_customer("jane@example.com", 1)
        with pytest.raises(RemoteError):
            client_that_gets(404, json={"message": "jane"}).cancel(4711)
    assert [entry["operation"] for entry in logs] == ["GET /V1/customers/search", "POST /V1/orders/{id}/cancel"]
    assert (logs[1]["status"], logs[1]["verdict"]) == (404, "permanent")
    assert "jane" not in str(logs)
    assert "4711" not in str(logs)


PRIVATE = [ipaddress.ip_network("10.0.0.0/8")]


@pytest.mark.parametrize(
    ("address", "networks"),
    [
        ("https://shop.example.com/", []),
        ("http://127.0.0.1:8001/commerce", []),
        ("http://localhost:8001", []),
        ("http://[::1]:8001", []),
        ("https://93.184.215.14", []),
        ("https://10.1.2.3", PRIVATE),
        ("http://10.1.2.3", PRIVATE),
        ("http://magento:8080", PRIVATE),
    ],
)
def test_an_address_that_may_be_spoken_to_is_taken(address, networks):
    Connection(address, BearerAuth("t"), private_networks=networks).close()


@pytest.mark.parametrize(
    ("address", "networks"),
    [
        ("http://shop.example.com", []),
        ("ftp://shop.example.com", []),
        ("shop.example.com", []),
        ("https://", []),
        ("https://user:secret@shop.example.com", []),
        ("https://shop.example.com/?a=b", []),
        ("https://10.1.2.3", []),
        ("https://169.254.169.254", []),
        ("https://192.168.1.1", PRIVATE),
        ("http://93.184.215.14", PRIVATE),
    ],
)
def test_an_address_that_may_not_be_spoken_to_is_refused(address, networks):
    with pytest.raises(ConfigError) as caught:
        Connection(address, BearerAuth("t"), private_networks=networks)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("leads_to", "networks", "verdict"),
    [
        ("10.1.2.3", (), Verdict.PERMANENT),
        ("127.0.0.1", (), Verdict.PERMANENT),
        ("169.254.169.254", PRIVATE, Verdict.PERMANENT),
        (None, (), Verdict.RETRY),
    ],
)
def test_a_name_that_leads_into_a_private_network_is_not_called(monkeypatch, leads_to, networks, verdict):
    def look_up(host: str, *args: object, **more: object) -> list[object]:
        if leads_to is None:
            raise socket.gaierror("unknown")
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (leads_to, 0))]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    with Desk().client:  # the guard stands in real connections only
        pass
    client = CommerceClient(base_url="https://shop.example.com", auth=BearerAuth("t"), private_networks=networks)
    with client:
        assert outcome(client, write=True).verdict is verdict


def test_a_shop_in_an_allowed_private_network_is_called(monkeypatch):
    looked_up = []

    def look_up(host: str, *args: object, **more: object) -> list[object]:
        looked_up.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("10.1.2.3", 0))]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    monkeypatch.setattr(
        httpx.HTTPTransport, "handle_request", lambda self, request: httpx.Response(200, json=[], request=request)
    )
    with CommerceClient(base_url="http://magento:8080", auth=BearerAuth("t"), private_networks=PRIVATE) as client:
        assert client.countries() == {}
        assert client.countries() == {}
    assert looked_up == ["magento"], "the answer holds for a minute"
