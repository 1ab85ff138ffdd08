"""A seller's client that is not ours, python-amazon-sp-api, talks to the sandbox over a socket on loopback."""

from __future__ import annotations

import io
import threading
import types
from datetime import timedelta
from decimal import Decimal

import pytest
from sp_api.api import Feeds, Orders
from sp_api.auth import AccessTokenClient, access_token_client
from sp_api.base import SellingApiForbiddenException, SellingApiRequestThrottledException
from sp_api.base.exceptions import SellingApiBadRequestException, SellingApiNotFoundException

from bridge.sandbox.amounts import Line
from bridge.sandbox.marketplace import CLIENT_ID, CLIENT_SECRET, REFRESH_TOKEN
from bridge.sandbox.server import make_sandbox_server
from bridge.sandbox.world import Fault, SandboxClock, World
from tests.sandbox.amazon_desk import EVERYTHING, NOON

TENT = Line("TENT", "Tent", 2, Decimal("129.00"), "B000000001", item_tax=Decimal("26.06"))
SINCE = "2026-01-01T00:00:00Z"


@pytest.fixture
def served(monkeypatch):
    for name in ("SP_API_DEFAULT_MARKETPLACE", "AWS_ENV", "SP_API_REFRESH_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    # The package keeps tokens in its module, by refresh token: another world's would be refused.
    access_token_client.cache.clear()
    world = World(clock=SandboxClock(NOON))
    server = make_sandbox_server(world)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield world, f"127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def client(where: str, api=Orders, **options):
    class Login(AccessTokenClient):
        scheme = "http://"
        host = where
        path = "/amazon/auth/o2/token"

    here = types.SimpleNamespace(endpoint=f"http://{where}/amazon", marketplace_id="ATVPDKIKX0DER", region="us-east-1")
    credentials = {"refresh_token": REFRESH_TOKEN, "lwa_app_id": CLIENT_ID, "lwa_client_secret": CLIENT_SECRET}
    return api(marketplace=here, credentials=credentials, auth_token_client_class=Login, timeout=10, **options)


def orders_client(where: str):
    return client(where, version="2026-01-01")


def test_orders_are_read_page_by_page_to_the_last(served):
    world, where = served
    placed = {world.marketplace.place([TENT]) for _ in range(5)}
    world.clock.advance(timedelta(minutes=5))
    orders = orders_client(where)
    found, token, pages = [], None, 0
    while pages == 0 or token:
        more = {"paginationToken": token} if token else {}
        answer = orders.search_orders(lastUpdatedAfter=SINCE, maxResultsPerPage=2, **more)
        found += [order["orderId"] for order in answer.payload["orders"]]
        token, pages = answer.next_token, pages + 1
    assert (set(found), len(found), pages) == (placed, 5, 3)


def test_one_order_is_read_with_everything_that_was_asked_for(served):
    world, where = served
    order_id = world.marketplace.place([TENT], buyer_name="Ada")
    world.marketplace.verify_payment(order_id)
    order = orders_client(where).get_order(order_id, includedData=EVERYTHING).payload["order"]
    assert order["buyer"]["buyerName"] == "Ada"
    assert order["proceeds"]["grandTotal"]["amount"] == "284.06"


def test_a_shipment_is_confirmed(served):
    world, where = served
    order_id = world.marketplace.place([TENT])
    world.marketplace.verify_payment(order_id)
    item_id = world.marketplace.orders[order_id]["orderItems"][0]["orderItemId"]
    answer = client(where).confirm_shipment(
        order_id,
        marketplaceId="ATVPDKIKX0DER",
        packageDetail={
            "packageReferenceId": "1",
            "carrierCode": "UPS",
            "trackingNumber": "1Z1",
            "shipDate": "2026-03-01T12:00:00Z",
            "orderItems": [{"orderItemId": item_id, "quantity": 2}],
        },
    )
    assert answer.errors is None
    assert world.marketplace.status(order_id) == "SHIPPED"


def test_the_quota_ends_in_its_throttled_exception(served):
    world, where = served
    orders = orders_client(where)
    for _ in range(20):
        orders.search_orders(lastUpdatedAfter=SINCE)
    with pytest.raises(SellingApiRequestThrottledException) as throttled:
        orders.search_orders(lastUpdatedAfter=SINCE)
    assert "QuotaExceeded" in str(throttled.value)
    assert world.marketplace.throttled["searchOrders"] == 1


def test_an_expired_token_is_forbidden_and_not_refreshed_by_itself(served):
    world, where = served
    orders = orders_client(where)
    orders.search_orders(lastUpdatedAfter=SINCE)
    world.marketplace.expire_tokens()
    with pytest.raises(SellingApiForbiddenException):
        orders.search_orders(lastUpdatedAfter=SINCE)


def test_a_wrong_request_and_an_unknown_order_raise(served):
    _, where = served
    orders = orders_client(where)
    with pytest.raises(SellingApiBadRequestException):
        orders.search_orders(lastUpdatedAfter="yesterday")
    with pytest.raises(SellingApiNotFoundException):
        orders.get_order("111-0000000-0000000")


def test_a_503_in_html_looks_like_no_orders_to_it(served):
    # Why the bridge has a client of its own: this answer has to raise.
    world, where = served
    world.faults.add(Fault("GET /amazon/orders", "answer"))
    assert "orders" not in (orders_client(where).search_orders(lastUpdatedAfter=SINCE).payload or {})


def test_a_cancellation_feed_goes_its_whole_way(served):
    world, where = served
    order_id = world.marketplace.place([TENT])
    world.marketplace.verify_payment(order_id)
    text = f"order-id\tcancellation-reason-code\tamazon-order-item-code\n{order_id}\tNoInventory\t\n"
    feeds = client(where, Feeds)
    plain = "text/tab-separated-values; charset=UTF-8"
    document = feeds.create_feed_document(io.BytesIO(text.encode()), content_type=plain).payload
    created = feeds.create_feed("POST_FLAT_FILE_ORDER_ACKNOWLEDGEMENT_DATA", document["feedDocumentId"])
    world.clock.advance(timedelta(minutes=1))
    done = feeds.get_feed(created.payload["feedId"]).payload
    assert done["processingStatus"] == "DONE"
    report = feeds.get_feed_result_document(done["resultFeedDocumentId"])
    assert "records successful\t\t1" in report
    assert world.marketplace.status(order_id) == "CANCELLED"
