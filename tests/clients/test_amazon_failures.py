"""What the Amazon client makes of an Amazon, a gateway or a network that fails."""

from __future__ import annotations

import httpx
import pytest
from structlog.testing import capture_logs

from bridge.amazon import connection
from bridge.amazon.client import AmazonClient, OrderPage, PackageDetail
from bridge.errors import ConfigError, RemoteError, Verdict
from bridge.sandbox.marketplace import CLIENT_SECRET, REFRESH_TOKEN
from bridge.sandbox.world import Fault
from tests.clients.amazon_fixtures import START, US, Desk, client_that_gets, make_client

HTML = "<html><body><h1>Service Unavailable</h1></body></html>"
ERROR = '{"errors": [{"code": "Odd", "message": "Something is odd.", "details": "Very odd."}]}'
PARCEL = PackageDetail("1", "UPS", "1Z999", START, (("1", 1),))


def search(client: AmazonClient) -> OrderPage:
    return client.search_orders(marketplace_ids=[US], last_updated_after=START)


def outcome(client: AmazonClient, *, write: bool) -> RemoteError:
    with pytest.raises(RemoteError) as caught:
        client.confirm_shipment("111-1111111-1111111", US, PARCEL) if write else search(client)
    assert caught.value.system == "amazon"
    return caught.value


@pytest.mark.parametrize(
    ("status", "text", "of_a_read", "of_a_write"),
    [
        (400, ERROR, Verdict.PERMANENT, Verdict.PERMANENT),
        (400, HTML, Verdict.PERMANENT, Verdict.PERMANENT),
        (401, ERROR, Verdict.REAUTHORISE, Verdict.REAUTHORISE),
        (403, ERROR, Verdict.REAUTHORISE, Verdict.REAUTHORISE),
        (403, '{"message": "forbidden"}', Verdict.REAUTHORISE, Verdict.REAUTHORISE),
        (404, ERROR, Verdict.PERMANENT, Verdict.PERMANENT),
        (413, "", Verdict.PERMANENT, Verdict.PERMANENT),
        (429, ERROR, Verdict.RETRY, Verdict.RETRY),
        (429, "", Verdict.RETRY, Verdict.RETRY),
        (302, "", Verdict.RETRY, Verdict.RETRY),
        (500, ERROR, Verdict.RETRY, Verdict.UNKNOWN),
        (502, HTML, Verdict.RETRY, Verdict.UNKNOWN),
        (503, HTML, Verdict.RETRY, Verdict.UNKNOWN),
        (504, "", Verdict.RETRY, Verdict.UNKNOWN),
    ],
)
def test_every_status_has_its_verdict(status, text, of_a_read, of_a_write):
    for write, verdict in ((False, of_a_read), (True, of_a_write)):
        error = outcome(client_that_gets(httpx.Response(status, text=text)), write=write)
        assert (error.verdict, error.status) == (verdict, status)


def test_an_error_speaks_in_amazons_own_words():
    answer = httpx.Response(400, text=ERROR, headers={"x-amzn-RequestId": "r-1"})
    error = outcome(client_that_gets(answer), write=False)
    assert (error.code, error.message, error.request_id) == ("Odd", "Something is odd. Very odd.", "r-1")
    assert error.operation == "searchOrders"


@pytest.mark.parametrize(
    "text", ['{"errors": []}', '{"errors": [null]}', '{"errors": [{"code": null, "message": null}]}', "[]", "7", "{}"]
)
def test_an_error_without_words_is_an_error_all_the_same(text):
    error = outcome(client_that_gets(httpx.Response(400, text=text)), write=False)
    assert (error.verdict, error.code) == (Verdict.PERMANENT, "")
    assert error.message


def test_an_address_in_an_error_is_not_passed_on():
    text = '{"errors": [{"code": "Odd", "message": "alice@marketplace.amazon.com is unknown"}]}'
    assert outcome(client_that_gets(httpx.Response(400, text=text)), write=False).message == "(e-mail) is unknown"


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(200, text=HTML),
        httpx.Response(200, text=""),
        httpx.Response(204),
        httpx.Response(200, text="{}"),
        httpx.Response(200, text="[]"),
        httpx.Response(200, text='{"orders": null}'),
        httpx.Response(200, text='{"orders": {}}'),
        httpx.Response(200, text='{"payload": {"orders": []}}'),
        httpx.Response(200, text='{"orders": [], "pagination": 7}'),
        httpx.Response(200, text='{"orders": [], "lastUpdatedBefore": "soon"}'),
        httpx.Response(200, content=b'{"orders": [\xff]}'),
    ],
)
def test_only_an_empty_list_of_orders_means_no_orders(answer):
    assert outcome(client_that_gets(answer), write=False).verdict is Verdict.RETRY
    empty = client_that_gets(httpx.Response(200, text='{"orders": []}'))
    assert search(empty).snapshots == ()


def test_an_answer_with_an_error_in_it_gives_no_page_and_so_no_place_to_go_on_from():  # regression 19
    body = {"orders": [], "lastUpdatedBefore": "2026-11-02T09:00:00Z", "errors": [{"code": "InternalFailure"}]}
    assert outcome(client_that_gets(httpx.Response(200, json=body)), write=False).verdict is Verdict.RETRY


@pytest.mark.parametrize(
    ("failure", "of_a_read", "of_a_write"),
    [
        (httpx.ConnectError("refused"), Verdict.RETRY, Verdict.RETRY),
        (httpx.ConnectTimeout("slow"), Verdict.RETRY, Verdict.RETRY),
        (httpx.PoolTimeout("busy"), Verdict.RETRY, Verdict.RETRY),
        (httpx.ReadTimeout("slow"), Verdict.RETRY, Verdict.UNKNOWN),
        (httpx.WriteError("broken"), Verdict.RETRY, Verdict.UNKNOWN),
        (httpx.RemoteProtocolError("gone"), Verdict.RETRY, Verdict.UNKNOWN),
    ],
)
def test_a_broken_connection_is_unknown_only_where_something_may_have_been_done(failure, of_a_read, of_a_write):
    def fail(request: httpx.Request) -> httpx.Response:
        raise failure

    for write, verdict in ((False, of_a_read), (True, of_a_write)):
        error = outcome(client_that_gets(fail), write=write)
        assert (error.verdict, error.status) == (verdict, None)


@pytest.mark.parametrize("fault", [Fault("/orders$", "hang_up"), Fault("/orders$", "answer", status=503)])
def test_the_next_request_after_a_failure_works(fault):
    desk = Desk()
    desk.world.faults.add(fault)
    assert outcome(desk.client, write=False).verdict is Verdict.RETRY
    assert search(desk.client).snapshots == ()


@pytest.mark.parametrize(
    ("changes", "code"),
    [({"refresh_token": "Atzr|revoked"}, "invalid_grant"), ({"client_secret": "rotated away"}, "invalid_client")],
)
def test_a_login_that_is_refused_asks_for_a_new_authorisation(changes, code):
    desk = Desk()
    error = outcome(make_client(desk.transport, clock=desk.world.now, **changes), write=True)
    assert (error.verdict, error.code, error.operation) == (Verdict.REAUTHORISE, code, "login")
    assert len(desk.sent) == 1


@pytest.mark.parametrize(
    ("answer", "verdict"),
    [
        (httpx.Response(503, text=HTML), Verdict.RETRY),
        (httpx.Response(200, text=HTML), Verdict.RETRY),
        (httpx.Response(200, json={"access_token": "Atza|one"}), Verdict.RETRY),
        (httpx.Response(429, json={"error": "slow_down"}), Verdict.RETRY),
        (httpx.Response(500, json={}), Verdict.RETRY),
        (httpx.Response(400, json={"error": "invalid_request"}), Verdict.PERMANENT),
    ],
)
def test_a_login_that_fails_has_a_verdict_and_nothing_else_is_sent(answer, verdict):
    asked = []
    transport = httpx.MockTransport(lambda request: asked.append(request) or answer)
    for write in (False, True):
        error = outcome(make_client(transport), write=write)
        assert (error.verdict, error.operation) == (verdict, "login")
    assert {request.url.path for request in asked} == {"/amazon/auth/o2/token"}


@pytest.mark.parametrize("limit", ["MAX_ANSWER", "MAX_SECONDS"])
def test_an_answer_without_end_is_not_read_to_its_end(monkeypatch, limit):
    parts = (b"x" * 1000 for _ in range(100))
    answers = iter([httpx.Response(200, text='{"orders": []}'), httpx.Response(200, content=parts)])
    client = client_that_gets(lambda request: next(answers))
    assert search(client).snapshots == ()
    monkeypatch.setattr(connection, limit, 5000 if limit == "MAX_ANSWER" else 0.0)
    assert "too large or too slow" in outcome(client, write=False).message
    assert next(parts) is not None


def test_redirects_are_not_followed():
    asked = []
    answer = httpx.Response(302, headers={"Location": "https://evil.example/"})
    client = client_that_gets(lambda request: asked.append(request.url.host) or answer)
    outcome(client, write=False)
    assert asked == ["127.0.0.1"]


@pytest.mark.parametrize("name", ["endpoint", "lwa_endpoint"])
@pytest.mark.parametrize(
    "address",
    ["http://sellingpartnerapi-na.amazon.com", "ftp://127.0.0.1", "sellingpartnerapi-na.amazon.com", "https://"],
)
def test_an_address_without_tls_is_refused_at_once(name, address):
    with pytest.raises(ConfigError):
        make_client(httpx.MockTransport(lambda request: httpx.Response(200)), **{name: address})


@pytest.mark.parametrize(
    "address", ["https://sellingpartnerapi-eu.amazon.com/", "http://localhost:1", "http://[::1]:1"]
)
def test_tls_and_this_machine_are_accepted(address):
    make_client(httpx.MockTransport(lambda request: httpx.Response(200)), endpoint=address).close()


def test_requests_say_who_asks_and_reads_have_no_body():
    desk = Desk()
    search(desk.client)
    request = desk.sent[-1]
    assert request.headers["User-Agent"].startswith("amazon-order-bridge/")
    assert request.headers["x-amz-access-token"].startswith("Atza|")
    assert "Content-Length" not in request.headers
    assert request.content == b""


def test_logs_and_errors_hold_no_secret_and_nobodys_name():
    desk = Desk()
    order_id = desk.paid_order(buyer_name="Zebulon Quick")
    desk.wait(minutes=5)
    desk.world.faults.add(Fault("/shipmentConfirmation", "hang_up"))
    with capture_logs() as logs:
        (order,) = search(desk.client).snapshots
        with pytest.raises(RemoteError) as caught:
            desk.client.confirm_shipment(order_id, US, PARCEL)
    written = f"{logs} {caught.value} {caught.value.__cause__}"
    token = desk.sent[-1].headers["x-amz-access-token"]
    secrets = (token, CLIENT_SECRET, REFRESH_TOKEN, "Zebulon", order.address.lines[0], order.address.phone, "1Z999")
    assert not [secret for secret in secrets if secret in written]
    assert {"login", "searchOrders", "confirmShipment"} == {entry["operation"] for entry in logs}
