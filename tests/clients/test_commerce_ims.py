"""Commerce as a Cloud Service: tokens of Adobe's IMS, its own paths, the store view in a header."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import httpx
import pytest

from bridge.commerce.client import CommerceClient
from bridge.commerce.ims import EARLY, ImsAuth
from bridge.errors import ConfigError, RemoteError, Verdict
from bridge.sandbox import create_sandbox
from bridge.sandbox.shop_reference import reference_shop
from bridge.sandbox.world import Fault, SandboxClock, World
from tests.clients.commerce_desk import START, Recorder
from tests.sandbox_transport import SandboxTransport

HERE = "http://127.0.0.1:8001/commerce"


class Cloud:
    """The sandbox's shop as a Cloud Service, and a client of it."""

    def __init__(self, **wrong: str) -> None:
        self.world = World(clock=SandboxClock(START))
        self.shop = reference_shop(self.world.shop)
        ims = self.shop.ims
        secrets = {"client_id": ims.client_id, "client_secret": ims.client_secret, "org_id": ims.org_id} | wrong
        self.transport = Recorder(SandboxTransport(create_sandbox(self.world)))
        auth = ImsAuth(
            **secrets,
            token_url=f"{HERE}/ims/token/v3",
            transport=self.transport,
            clock=lambda: self.world.now().timestamp(),
        )
        self.client = CommerceClient(base_url=f"{HERE}/cloud/tenant-1", auth=auth, transport=self.transport)

    @property
    def tokens(self) -> int:
        """How many tokens were asked for."""
        return self.world.requests["ims token"]


@pytest.fixture
def cloud() -> Cloud:
    return Cloud()


def test_paths_lack_rest_and_the_gateways_headers_are_sent(cloud):
    assert cloud.client.stock_id("base") == 1
    asked = cloud.transport.requests[-1]
    assert asked.url.path == "/commerce/cloud/tenant-1/V1/inventory/stock-resolver/website/base"
    assert asked.headers["x-api-key"] == cloud.shop.ims.client_id
    assert asked.headers["x-gw-ims-org-id"] == cloud.shop.ims.org_id
    assert "Store" not in asked.headers


def test_the_store_view_is_a_header(cloud):
    cloud.shop.set_exchange_rate("GBP", 0.8, "amazon_us")
    assert set(cloud.client.exchange_rates("amazon_us")) == {"USD", "GBP"}
    assert cloud.transport.requests[-1].headers["Store"] == "amazon_us"
    assert set(cloud.client.exchange_rates("default")) == {"USD"}


def test_the_version_and_the_schema_are_told_without_a_page(cloud):
    assert cloud.client.version() == "as a Cloud Service"
    assert cloud.client.takes_tax_rows() is True
    assert not [request for request in cloud.transport.requests if "magento_version" in request.url.path]


def test_a_token_is_fetched_once_and_used_until_it_is_nearly_over(cloud):
    for _ in range(3):
        cloud.client.stock_id("base")
    assert cloud.tokens == 1
    cloud.world.clock.advance(timedelta(seconds=86399 - EARLY - 1))
    cloud.client.stock_id("base")
    assert cloud.tokens == 1
    cloud.world.clock.advance(timedelta(seconds=2))
    cloud.client.stock_id("base")
    assert cloud.tokens == 2


def test_many_threads_fetch_one_token(cloud):
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(cloud.client.stock_id, ["base"] * 24)) == [1] * 24
    assert cloud.tokens == 1


def test_a_token_that_is_taken_no_more_is_replaced_and_the_request_sent_again(cloud):
    cloud.client.stock_id("base")
    cloud.shop.ims.tokens.clear()
    made = cloud.client.create_customer(email="a@example.com", firstname="A", lastname="B", website_id=1, store_id=1)
    assert cloud.shop.customers[made]["email"] == "a@example.com"
    assert cloud.tokens == 2


@pytest.mark.parametrize("wrong", [{"client_secret": "hush"}, {"client_id": "hush"}, {"org_id": "hush"}])
def test_wrong_credentials_are_to_be_mended(wrong):
    cloud = Cloud(**wrong)
    with pytest.raises(RemoteError) as refused:
        cloud.client.stock_id("base")
    assert refused.value.verdict is Verdict.REAUTHORISE
    assert "hush" not in str(refused.value)
    if "org_id" not in wrong:
        assert refused.value.message == "Adobe IMS gives no token: invalid_client"


@pytest.mark.parametrize("kind", ["hang_up", "hang_up_after", "answer"])
def test_without_a_token_nothing_was_sent_so_that_it_may_be_tried_again(cloud, kind):
    cloud.world.faults.add(Fault("/ims/token", kind))
    with pytest.raises(RemoteError) as failed:
        cloud.client.hold(1)
    assert failed.value.verdict is Verdict.RETRY
    assert [request.url.path for request in cloud.transport.requests] == ["/commerce/ims/token/v3"]
    assert cloud.client.stock_id("base") == 1


@pytest.mark.parametrize(
    "answer", [{"json": {"access_token": "x"}}, {"json": ["x"]}, {"text": "<html>"}, {"json": {"expires_in": 1}}]
)
def test_what_is_no_token_is_not_used(answer):
    transport = httpx.MockTransport(lambda request: httpx.Response(200, **answer))
    auth = ImsAuth("id", "secret", "org", transport=transport)
    client = CommerceClient(base_url="https://na1.api.commerce.adobe.com/t", auth=auth, transport=transport)
    with pytest.raises(RemoteError, match="no token"):
        client.stock_id("base")


def test_ims_that_asks_for_patience_gets_it():
    def reply(request: httpx.Request) -> httpx.Response:
        return httpx.Response(429, headers={"Retry-After": "7"}, json={"error": "busy"})

    auth = ImsAuth("id", "secret", "org", transport=httpx.MockTransport(reply))
    client = CommerceClient(base_url="https://na1.api.commerce.adobe.com/t", auth=auth)
    with pytest.raises(RemoteError) as failed:
        client.stock_id("base")
    assert (failed.value.verdict, failed.value.retry_after) == (Verdict.RETRY, 7.0)


def test_credentials_go_to_no_address_without_tls():
    with pytest.raises(ConfigError):
        ImsAuth("id", "secret", "org", token_url="http://ims.example.com/ims/token/v3")


def test_the_sandboxs_cloud_takes_tokens_alone_and_has_no_carts_of_guests(cloud):
    transport = SandboxTransport(create_sandbox(cloud.world))
    with httpx.Client(transport=transport, base_url=HERE) as http:
        bearer = {"Authorization": f"Bearer {cloud.shop.bearer}"}
        assert http.get("/cloud/t/V1/store/websites", headers=bearer).status_code == 401
        assert http.post("/cloud/t/V1/guest-carts").status_code == 404
        assert http.get("/cloud/t/V1/directory/currency").status_code == 200
        assert http.post("/rest/default/V1/guest-carts").status_code == 200
        scope = {"grant_type": "client_credentials", "client_id": "sandbox-ims-client"}
        scope["client_secret"] = "sandbox-ims-secret"
        assert http.post("/ims/token/v3", data=scope).json() == {"error": "invalid_scope"}
        assert http.post("/ims/token/v3", data={"grant_type": "password"}).status_code == 400
