"""The sandbox behind a real socket: what hangs up, what is printed, what it refuses to start beside."""

from __future__ import annotations

import io
import os
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path

import httpx
import pytest

from bridge.sandbox.marketplace import CLIENT_SECRET, REFRESH_TOKEN
from bridge.sandbox.server import RealCredentialsError, greeting, make_sandbox_server, refuse_real_credentials, serve
from bridge.sandbox.world import Fault, World

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def served():
    world = World()
    server = make_sandbox_server(world)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    with httpx.Client(base_url=f"http://127.0.0.1:{server.server_port}", timeout=10) as client:
        yield world, client
    server.shutdown()
    thread.join()
    server.server_close()


def test_both_faces_and_the_page_are_served(served):
    _, client = served
    assert client.get("/").status_code == 200
    assert client.get("/amazon/orders/2026-01-01/orders").status_code == 403
    assert client.get("/commerce/rest/V1/orders").status_code == 401


@pytest.mark.parametrize("kind", ["hang_up", "hang_up_after"])
def test_a_hang_up_drops_the_connection_at_once_and_the_next_request_is_served(served, kind):
    world, client = served
    world.faults.add(Fault("GET /amazon", kind))
    with pytest.raises(httpx.RemoteProtocolError):
        client.get("/amazon/orders/2026-01-01/orders")
    assert world.requests["amazon searchOrders"] == (kind == "hang_up_after")
    assert client.get("/amazon/orders/2026-01-01/orders").status_code == 403


def test_a_feed_documents_address_is_the_servers_whatever_the_host_header_says(served):
    world, client = served
    token = world.marketplace.issue_token(next(iter(world.marketplace.sellers)))
    headers = {"x-amz-access-token": token, "Host": "27.0.0.1:80"}
    answer = client.post("/amazon/feeds/2021-06-30/documents", json={"contentType": "text/xml"}, headers=headers)
    assert answer.json()["url"].startswith(f"http://127.0.0.1:{client.base_url.port}/amazon/feed-documents/")
    assert client.put(answer.json()["url"], content=b"<a/>", headers={"Content-Type": "text/xml"}).status_code == 200


def test_the_greeting_warns_and_names_all_credentials():
    world = World()
    text = greeting(world, 8001)
    assert text.startswith("This is a sandbox")
    for secret in (CLIENT_SECRET, REFRESH_TOKEN, world.shop.bearer, *world.shop.integration.secrets().values()):
        assert secret in text
    assert "http://127.0.0.1:8001/commerce" in text


@pytest.mark.parametrize(
    "environ",
    [
        {"BRIDGE_AMAZON_ENDPOINT": "https://sellingpartnerapi-na.amazon.com"},
        {"BRIDGE_LWA_ENDPOINT": "https://api.amazon.com/auth/o2/token"},
        {"BRIDGE_LWA_ENDPOINT": "https://api.amazon.co.jp/auth/o2/token"},
        {"SOMEBODYS_TOKEN": "Atzr|IwEBIA"},
    ],
)
def test_it_does_not_start_beside_real_credentials_and_does_not_repeat_them(environ, monkeypatch):
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(RealCredentialsError) as refused:
        serve(World(), 0, town=False)
    assert next(iter(environ)) in str(refused.value)
    assert "IwEBIA" not in str(refused.value)


def test_its_own_credentials_and_loopback_addresses_are_no_reason_to_refuse():
    refuse_real_credentials({"TOKEN": REFRESH_TOKEN, "BRIDGE_AMAZON_ENDPOINT": "http://127.0.0.1:8001/amazon"})


class Announcement(io.StringIO):
    """A terminal that visits the page and asks for the end as soon as the greeting is printed."""

    def __init__(self, stop: signal.Signals) -> None:
        super().__init__()
        self.stop = stop
        self.visited = 0
        self.visitor = threading.Thread(target=self.visit)

    def flush(self) -> None:
        self.visitor.start()

    def visit(self) -> None:
        address = next(line.split()[-1] for line in self.getvalue().splitlines() if "page" in line)
        self.visited = httpx.get(address, timeout=10).status_code
        os.kill(os.getpid(), self.stop)


@pytest.mark.parametrize("town", [True, False])
def test_a_visitor_sees_the_page_and_the_end_gives_everything_back(monkeypatch, town):
    terminal = Announcement(signal.SIGTERM)
    monkeypatch.setattr(sys, "stdout", terminal)
    before = signal.getsignal(signal.SIGTERM)
    serve(World(), 0, town=town)
    terminal.visitor.join()
    assert terminal.visited == 200
    assert signal.getsignal(signal.SIGTERM) is before
    assert "sandbox-town" not in [thread.name for thread in threading.enumerate()]


@pytest.mark.process
@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT])
def test_it_serves_until_it_is_told_to_stop_and_leaves_cleanly(stop):
    code = (
        "from bridge.sandbox.server import serve; from bridge.sandbox.world import World; serve(World(), 0, town=True)"
    )
    environ = {name: value for name, value in os.environ.items() if not name.startswith("BRIDGE_")}
    with subprocess.Popen(
        [sys.executable, "-c", code], cwd=ROOT, env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            lines = [process.stdout.readline() for _ in range(2)]
            address = lines[1].split()[-1]
            assert httpx.get(address, timeout=10).status_code == 200
            process.send_signal(stop)
            _, errors = process.communicate(timeout=20)
        finally:
            process.kill()
    assert (process.returncode, errors) == (0, "")


def test_a_taken_port_is_an_error_that_says_so():
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises((OSError, SystemExit)):
        make_sandbox_server(World(), taken.getsockname()[1])
