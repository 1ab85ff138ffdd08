"""The Amazon client against the sandbox's Amazon: search, paging, shipments, login, quotas."""

from __future__ import annotations

import contextlib
import json
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone
from urllib.parse import parse_qs

import httpx
import pytest

from bridge.amazon.auth import TokenCache
from bridge.amazon.client import INCLUDED_DATA, PackageDetail
from bridge.amazon.connection import Operation
from bridge.amazon.quota import RATES
from bridge.domain.order import AmazonStatus, Channel
from bridge.errors import RemoteError, Verdict
from bridge.sandbox.world import Fault
from tests.clients.amazon_fixtures import DE, START, US, Desk, client_that_gets, make_client, order_json

SEARCH, CONFIRM = "GET .*/orders$", "POST .*/shipmentConfirmation"


@pytest.fixture
def desk():
    desk = Desk()
    with desk.client:
        yield desk


def package(desk: Desk, order_id: str, **changes) -> PackageDetail:
    item_id = desk.amazon.orders[order_id]["orderItems"][0]["orderItemId"]
    arguments = {
        "package_reference_id": "41",
        "carrier_code": "UPS",
        "tracking_number": "1Z999",
        "ship_date": desk.world.now(),
        "items": ((item_id, 2),),
    }
    return PackageDetail(**(arguments | changes))


# Orders


def test_an_order_is_found_and_read_whole(desk):
    order_id = desk.paid_order(buyer_name="Alice Example")
    desk.wait(minutes=5)
    page = desk.client.search_orders(marketplace_ids=[US], last_updated_after=START)
    (order,) = page.snapshots
    assert (order.amazon_order_id, order.status, order.channel) == (order_id, AmazonStatus.UNSHIPPED, Channel.FBM)
    assert (order.grand_total, order.amounts_problem, order.buyer_name) == (4328, None, "Alice Example")
    assert (page.next_token, page.unreadable, page.skipped) == (None, (), 0)
    assert page.last_updated_before == desk.world.now() - timedelta(minutes=2)
    assert desk.client.get_order(order_id) == order


def test_a_pending_order_is_read_without_figures(desk):
    order_id = desk.amazon.place([], status="PENDING")
    assert desk.client.get_order(order_id).grand_total is None
    assert desk.client.get_order(order_id).status is AmazonStatus.PENDING


def test_all_kinds_of_data_are_asked_for_every_time(desk):
    order_id = desk.paid_order()
    desk.client.search_orders(marketplace_ids=[US, DE], created_after=START)
    desk.client.get_order(order_id)
    for request in desk.sent[1:]:
        assert parse_qs(request.url.query.decode())["includedData"] == [",".join(INCLUDED_DATA)]
    assert len(INCLUDED_DATA) == 11


def test_the_search_leaves_its_end_to_amazon_and_its_start_is_in_utc(desk):
    moment = datetime(2026, 11, 2, 10, 0, 0, 999_999, tzinfo=timezone(timedelta(hours=2)))
    query = desk.client.search_orders(marketplace_ids=[US, DE], last_updated_after=moment).query
    assert query["lastUpdatedAfter"] == "2026-11-02T08:00:00Z"
    assert query["marketplaceIds"] == f"{US},{DE}"
    assert not [name for name in query if name.endswith("Before")]


def test_every_page_is_asked_for_with_the_query_of_the_first_one(desk):
    ids = {desk.paid_order() for _ in range(7)}
    desk.wait(minutes=5)
    page = desk.client.search_orders(marketplace_ids=[US], created_after=START, page_size=3)
    found = [page]
    while page.next_token:
        desk.wait(minutes=1)
        kept = json.loads(json.dumps(page.query, sort_keys=True))  # as it comes back from a database
        page = desk.client.search_orders(pagination_token=page.next_token, frozen=kept)
        found.append(page)
    assert [len(page.snapshots) for page in found] == [3, 3, 1]
    assert {order.amazon_order_id for page in found for order in page.snapshots} == ids
    queries = [request.url.params.multi_items() for request in desk.sent if "/orders" in request.url.path]
    assert [[pair for pair in query if pair[0] != "paginationToken"] for query in queries] == [queries[0]] * 3


def test_a_token_with_another_query_is_refused_for_good(desk):
    for _ in range(2):
        desk.paid_order()
    desk.wait(minutes=5)
    page = desk.client.search_orders(marketplace_ids=[US], created_after=START, page_size=1)
    moved = page.query | {"createdAfter": "2026-11-02T08:59:59Z"}
    with pytest.raises(RemoteError, match="must match the original request") as caught:
        desk.client.search_orders(pagination_token=page.next_token, frozen=moved)
    assert (caught.value.verdict, caught.value.code) == (Verdict.PERMANENT, "InvalidInput")


@pytest.mark.parametrize("times", [{}, {"last_updated_after": START, "created_after": START}])
def test_a_search_needs_exactly_one_start(desk, times):
    with pytest.raises(ValueError, match="either"):
        desk.client.search_orders(marketplace_ids=[US], **times)


def test_one_order_that_cannot_be_read_does_not_cost_the_page(desk):
    good = desk.paid_order()
    odd = order_json(orderId="111-0000000-0000007", fulfillment={"fulfillmentStatus": "TELEPORTED"})
    other = order_json(orderId="111-0000000-0000008", salesChannel={"channelName": "NON_AMAZON", "marketplaceId": US})
    for order in (odd, other):
        desk.amazon.put(order | {"createdTime": "2026-11-02T09:00:00Z", "lastUpdatedTime": "2026-11-02T09:00:00Z"})
    desk.wait(minutes=5)
    page = desk.client.search_orders(marketplace_ids=[US], last_updated_after=START)
    assert [order.amazon_order_id for order in page.snapshots] == [good]
    (unread,) = page.unreadable
    assert (unread.order_id, str(unread)) == ("111-0000000-0000007", "The fulfillmentStatus 'TELEPORTED' is not known.")
    assert page.skipped == 1


def test_an_order_that_does_not_exist_is_refused_for_good(desk):
    with pytest.raises(RemoteError) as caught:
        desk.client.get_order("111-9999999-9999999")
    assert (caught.value.verdict, caught.value.status, caught.value.code) == (Verdict.PERMANENT, 404, "NotFound")
    assert caught.value.request_id


@pytest.mark.parametrize(
    ("order", "code"),
    [
        (order_json(fulfillment={}), "UnreadableOrder"),
        (order_json(salesChannel={"channelName": "NON_AMAZON"}), "NotAnAmazonOrder"),
    ],
)
def test_a_single_order_that_cannot_be_taken_is_refused_for_good(order, code):
    client = client_that_gets(httpx.Response(200, json={"order": order}))
    with pytest.raises(RemoteError) as caught:
        client.get_order("111-1111111-1111111")
    assert (caught.value.verdict, caught.value.code) == (Verdict.PERMANENT, code)


def test_an_order_that_cannot_be_taken_is_told_with_amazons_number_of_the_request():
    answer = httpx.Response(200, json={"order": {"orderId": "1"}}, headers={"x-amzn-RequestId": "r-1"})
    with client_that_gets(answer) as client, pytest.raises(RemoteError) as caught:
        client.get_order("1")
    assert caught.value.request_id == "r-1"
    listed = httpx.Response(200, json={"orders": [{"orderId": "1"}]}, headers={"x-amzn-RequestId": "r-2"})
    with client_that_gets(listed) as client:
        assert client.search_orders(marketplace_ids=["M"], created_after=START).request_id == "r-2"


def test_an_answer_that_holds_no_order_is_no_answer():
    with pytest.raises(RemoteError) as caught:
        client_that_gets(httpx.Response(200, json={"order": []})).get_order("111-1111111-1111111")
    assert caught.value.verdict is Verdict.RETRY


@pytest.mark.parametrize("order_id", ["../feeds", "1/2", "", "..", "a?b=c", "1 2"])
def test_what_is_no_order_id_never_gets_into_an_address(desk, order_id):
    with pytest.raises(RemoteError) as caught:
        desk.client.get_order(order_id)
    assert caught.value.verdict is Verdict.PERMANENT
    assert desk.sent == []


def test_the_marketplaces_of_the_seller_are_known(desk):
    desk.amazon.sellers["A1SANDBOXSELLER"].marketplace_ids = (US, DE)
    assert desk.client.marketplace_participations() == {US, DE}


def test_a_suspended_participation_does_not_count():
    entries = [{"marketplace": {"id": US}, "participation": {"isParticipating": False}}]
    assert client_that_gets(httpx.Response(200, json={"payload": entries})).marketplace_participations() == frozenset()


# Shipments


def test_a_shipment_is_confirmed_with_all_that_amazon_wants(desk):
    order_id = desk.paid_order()
    details = package(desk, order_id, carrier_code="Other", carrier_name="Pigeon Post", shipping_method="By air")
    assert desk.client.confirm_shipment(order_id, US, details) is None
    (parcel,) = desk.client.get_order(order_id).packages
    assert (parcel.reference, parcel.carrier, parcel.tracking_number) == ("41", "Pigeon Post", "1Z999")
    assert parcel.items == details.items
    assert desk.client.get_order(order_id).status is AmazonStatus.SHIPPED


def test_the_same_parcel_again_edits_it(desk):
    order_id = desk.paid_order()
    desk.client.confirm_shipment(order_id, US, package(desk, order_id))
    desk.client.confirm_shipment(order_id, US, package(desk, order_id, tracking_number="1Z000"))
    assert [p.tracking_number for p in desk.client.get_order(order_id).packages] == ["1Z000"]


def test_a_parcel_that_amazon_has_already_under_another_number_is_taken_as_told(desk):
    order_id = desk.paid_order()
    desk.client.confirm_shipment(order_id, US, package(desk, order_id))
    desk.client.confirm_shipment(order_id, US, package(desk, order_id, package_reference_id="42"))
    assert len(desk.client.get_order(order_id).packages) == 1


def test_a_parcel_that_amazon_neither_takes_nor_shows_is_refused(desk):
    order_id = desk.paid_order()
    desk.client.confirm_shipment(order_id, US, package(desk, order_id))
    with pytest.raises(RemoteError) as caught:
        desk.client.confirm_shipment(
            order_id, US, package(desk, order_id, package_reference_id="42", tracking_number="X")
        )
    assert (caught.value.verdict, caught.value.code) == (Verdict.PERMANENT, "PackageToUpdateNotFound")


@pytest.mark.parametrize("kind", ["hang_up", "hang_up_after"])
def test_a_confirmation_whose_answer_is_lost_has_an_unknown_outcome_and_may_be_sent_again(desk, kind):
    order_id = desk.paid_order()
    desk.world.faults.add(Fault(CONFIRM, kind))
    with pytest.raises(RemoteError) as caught:
        desk.client.confirm_shipment(order_id, US, package(desk, order_id))
    assert (caught.value.verdict, caught.value.status) == (Verdict.UNKNOWN, None)
    desk.client.confirm_shipment(order_id, US, package(desk, order_id))
    assert len(desk.client.get_order(order_id).packages) == 1


# Login


def test_one_login_serves_for_an_hour_but_two_minutes(desk):
    order_id = desk.paid_order()
    desk.client.get_order(order_id)
    desk.wait(seconds=3479)
    desk.client.get_order(order_id)
    assert desk.asked("token") == 1
    desk.wait(seconds=1)
    desk.client.get_order(order_id)
    assert desk.asked("token") == 2


def test_a_token_that_has_expired_too_early_is_renewed_and_the_request_asked_again(desk):
    order_id = desk.paid_order()
    desk.client.get_order(order_id)
    desk.amazon.expire_tokens()
    assert desk.client.get_order(order_id).amazon_order_id == order_id
    assert (desk.asked("token"), desk.asked("getOrder")) == (2, 3)


def test_a_token_that_is_expired_again_at_once_is_not_renewed_for_ever():
    body = {"errors": [{"code": "Unauthorized", "message": "Access to requested resource is denied.",
                        "details": "The access token you provided has expired."}]}  # fmt: skip
    asked = []
    client = client_that_gets(lambda request: asked.append(request) or httpx.Response(403, json=body))
    with pytest.raises(RemoteError) as caught:
        client.get_order("111-1111111-1111111")
    assert caught.value.verdict is Verdict.REAUTHORISE
    assert len(asked) == 2


def test_threads_that_need_a_token_at_once_log_in_once():
    cache, at_the_door, fetched = TokenCache(), threading.Barrier(8, timeout=10), []
    two_inside = threading.Barrier(2, timeout=0.1)

    def fetch() -> tuple[str, float]:
        with contextlib.suppress(threading.BrokenBarrierError):
            two_inside.wait()  # holds the first one up, so that a second one could come in
        fetched.append(1)
        return f"token-{len(fetched)}", 3600.0

    def need(_: int) -> str:
        at_the_door.wait()
        return cache.get("seller", START, fetch)

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(need, range(8))) == {"token-1"}
    cache.forget("seller", "token-0")
    assert cache.get("seller", START, fetch) == "token-1"
    cache.forget("seller", "token-1")
    assert cache.get("seller", START, fetch) == "token-2"


def test_two_sellers_in_one_cache_have_each_their_own_token(desk):
    tokens = TokenCache()
    stranger = make_client(desk.transport, tokens=tokens, clock=desk.world.now, refresh_token="Atzr|somebody-else")
    ours = make_client(desk.transport, tokens=tokens, clock=desk.world.now)
    assert ours.get_order(desk.paid_order()).status is AmazonStatus.UNSHIPPED
    with pytest.raises(RemoteError, match="invalid_grant"):
        stranger.get_order("111-1111111-1111111")


# Quotas


def test_a_spent_quota_sends_nothing_and_says_how_long_to_wait(desk):
    for _ in range(19):
        desk.client.search_orders(marketplace_ids=[US], last_updated_after=START)
    with pytest.raises(RemoteError) as caught:
        desk.client.search_orders(marketplace_ids=[US], last_updated_after=START)
    error = caught.value
    assert (error.verdict, error.code, error.status) == (Verdict.RETRY, "QuotaWait", None)
    assert error.retry_after == pytest.approx(1 / 0.0056, abs=1)
    assert desk.asked("searchOrders") == 19
    desk.wait(seconds=error.retry_after)
    desk.client.search_orders(marketplace_ids=[US], last_updated_after=START)
    assert not desk.amazon.throttled


def test_the_rate_that_amazon_names_is_learned():
    desk = Desk()
    desk.world.haste = 100.0
    for _ in range(19):
        desk.client.search_orders(marketplace_ids=[US], last_updated_after=START)
    desk.wait(seconds=1.79)
    desk.client.search_orders(marketplace_ids=[US], last_updated_after=START)
    assert (desk.asked("searchOrders"), desk.amazon.throttled) == (20, {})


def test_after_a_429_the_operation_rests_until_a_request_is_free_again(desk):
    body = '{"errors": [{"code": "QuotaExceeded", "message": "You exceeded your quota for the requested resource."}]}'
    desk.world.faults.add(Fault(SEARCH, "answer", status=429, body=body, content_type="application/json"))
    with pytest.raises(RemoteError) as caught:
        desk.client.search_orders(marketplace_ids=[US], last_updated_after=START)
    assert (caught.value.verdict, caught.value.code) == (Verdict.RETRY, "QuotaExceeded")
    assert caught.value.retry_after == pytest.approx(178.6, abs=0.1)
    sent = len(desk.sent)
    with pytest.raises(RemoteError) as caught:
        desk.client.search_orders(marketplace_ids=[US], last_updated_after=START)
    assert (caught.value.code, len(desk.sent)) == ("QuotaWait", sent)
    desk.wait(seconds=179)
    desk.client.search_orders(marketplace_ids=[US], last_updated_after=START)


def test_every_operation_with_a_path_has_a_plan():
    from bridge.amazon import client, notifications

    known = [*vars(client).values(), *vars(notifications).values()]
    operations = [value for value in known if isinstance(value, Operation) and value.path]
    assert {operation.name for operation in operations} == set(RATES)


def test_times_in_answers_are_aware():
    page = client_that_gets(
        httpx.Response(200, json={"orders": [], "createdBefore": "2026-11-02T08:58:00.5+01:00"})
    ).search_orders(marketplace_ids=[US], created_after=START)
    assert page.created_before == datetime(2026, 11, 2, 7, 58, 0, 500_000, tzinfo=UTC)
    assert page.last_updated_before is None
