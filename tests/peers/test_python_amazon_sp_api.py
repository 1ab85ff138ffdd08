"""What a seller's client that is not ours, python-amazon-sp-api, does besides reading: it ships and it cancels."""

from __future__ import annotations

import io
import types
from datetime import timedelta
from typing import Any

import pytest
from sp_api.api import Feeds, Orders
from sp_api.auth import AccessTokenClient, access_token_client
from sp_api.base.exceptions import SellingApiBadRequestException

from bridge.sandbox.marketplace import CLIENT_ID, CLIENT_SECRET, REFRESH_TOKEN
from tests.peers.conftest import TENT, US, Served, package


@pytest.fixture(autouse=True)
def no_settings_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SP_API_DEFAULT_MARKETPLACE", "AWS_ENV", "SP_API_REFRESH_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    # The package keeps tokens in its module, by refresh token: another world's would be refused.
    access_token_client.cache.clear()


def client(served: Served, api: Any = Orders) -> Any:
    class Login(AccessTokenClient):
        scheme = "http://"
        host = served.amazon.split("/")[2]
        path = "/amazon/auth/o2/token"

    here = types.SimpleNamespace(endpoint=served.amazon, marketplace_id=US, region="us-east-1")
    credentials = {"refresh_token": REFRESH_TOKEN, "lwa_app_id": CLIENT_ID, "lwa_client_secret": CLIENT_SECRET}
    return api(marketplace=here, credentials=credentials, auth_token_client_class=Login, timeout=10)


def unshipped(served: Served) -> str:
    order_id = served.world.marketplace.place([TENT])
    served.world.marketplace.verify_payment(order_id)
    return order_id


def test_a_shipment_is_confirmed(served: Served):
    order_id = unshipped(served)
    item_id = served.orders[order_id]["orderItems"][0]["orderItemId"]
    answer = client(served).confirm_shipment(order_id, marketplaceId=US, packageDetail=package(item_id, 2))
    assert answer.errors is None
    assert served.world.marketplace.status(order_id) == "SHIPPED"


def test_a_shipment_of_an_item_that_the_order_does_not_have_is_refused(served: Served):
    order_id = unshipped(served)
    with pytest.raises(SellingApiBadRequestException):
        client(served).confirm_shipment(order_id, marketplaceId=US, packageDetail=package("12345678901234", 1))
    assert served.world.marketplace.status(order_id) == "UNSHIPPED"


def test_a_cancellation_feed_goes_its_whole_way(served: Served):
    order_id = unshipped(served)
    text = f"order-id\tcancellation-reason-code\tamazon-order-item-code\n{order_id}\tNoInventory\t\n"
    feeds = client(served, Feeds)
    plain = "text/tab-separated-values; charset=UTF-8"
    document = feeds.create_feed_document(io.BytesIO(text.encode()), content_type=plain).payload
    created = feeds.create_feed("POST_FLAT_FILE_ORDER_ACKNOWLEDGEMENT_DATA", document["feedDocumentId"])
    served.world.clock.advance(timedelta(minutes=1))
    done = feeds.get_feed(created.payload["feedId"]).payload
    assert done["processingStatus"] == "DONE"
    report = feeds.get_feed_result_document(done["resultFeedDocumentId"])
    assert "records successful\t\t1" in report
    assert served.world.marketplace.status(order_id) == "CANCELLED"
