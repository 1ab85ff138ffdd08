"""GET /orders: what the merchant's grid asks for and gets."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bridge import create_app
from bridge.config import Config
from bridge.domain.blockers import BLOCKER_CODES
from bridge.domain.order import AmazonStatus, Channel
from bridge.domain.states import ImportState
from bridge.models import Order, Store
from bridge.order_list import search
from bridge.runtime import Runtime, build
from tests.api_client import ApiClient
from tests.factories import JP, NOW, make_order, make_store

Put = Callable[..., Order]


def ids(api: ApiClient, **query: Any) -> list[int]:
    return [item["id"] for item in api.get("/orders", **query)["items"]]


def test_a_list_that_takes_the_database_too_long_is_given_up(config: Config, put: Put, monkeypatch: pytest.MonkeyPatch):
    put()
    monkeypatch.setattr("bridge.db._STEPS", 1)
    hurried = build(replace(config, query_time_limit=0.0))
    refused = ApiClient(create_app(runtime=hurried)).get("/orders", 503)
    assert (refused["code"], refused["detail"]) == ("too_slow", "The database took too long: narrow the filters.")
    monkeypatch.undo()
    assert len(ApiClient(create_app(runtime=hurried)).get("/orders")["items"]) == 1  # short ones need not look at it
    hurried.close()


def test_an_order_has_exactly_the_documented_shape(api: ApiClient, put: Put, store: Store):
    order = put(
        amazon_order_id="111-2222222-3333333",
        blockers=["product_not_found", "out_of_stock"],
        programs=["PRIME"],
        grand_total_minor=123456,
        buyer_name="José García",
    )
    assert api.get("/orders") == {
        "items": [
            {
                "id": order.id,
                "store_id": store.id,
                "amazon_order_id": "111-2222222-3333333",
                "status": "Error",
                "amazon_status": "Unshipped",
                "purchase_date": "2026-11-02T09:30:00Z",
                "last_update_date": "2026-11-02T09:30:00Z",
                "buyer_name": "José García",
                "grand_total": {"amount": "1234.56", "currency": "USD"},
                "order_note": "Received from Amazon.",
                "channel": "FBM",
                "programs": ["PRIME"],
                "import_state": "blocked",
                "blockers": [
                    {
                        "code": "product_not_found",
                        "message": BLOCKER_CODES["product_not_found"].meaning,
                    },
                    {"code": "out_of_stock", "message": "Commerce cannot sell the quantity that was ordered."},
                ],
                "commerce_order": None,
                "seller_central_url": "https://sellercentral.amazon.com/orders-v3/order/111-2222222-3333333",
                "order_url": "https://sellercentral.amazon.com/orders-v3/order/111-2222222-3333333",
            }
        ],
        "total_count": 1,
        "total_count_capped": False,
        "page": 1,
        "page_size": 20,
        "total_pages": 1,
        "next": None,
    }


def test_an_imported_order_opens_in_the_commerce_admin(api: ApiClient, put: Put):
    put(
        import_state=ImportState.IMPORTED,
        commerce_order_id=17,
        commerce_order_number="000000017",
        commerce_status="processing",
    )
    (item,) = api.get("/orders")["items"]
    url = "https://shop.example/admin/sales/order/view/order_id/17"
    assert item["commerce_order"] == {"id": 17, "number": "000000017", "status": "processing", "url": url}
    assert item["order_url"] == url


def test_without_an_admin_address_an_imported_order_opens_in_seller_central(api: ApiClient, runtime: Runtime):
    with runtime.db.session() as session:
        store = make_store(session, commerce_admin_url=None)
        make_order(session, store, import_state=ImportState.IMPORTED, commerce_order_id=17)
    (item,) = api.get("/orders")["items"]
    assert item["commerce_order"]["url"] is None
    assert item["order_url"] == item["seller_central_url"]


def test_an_order_without_figures_has_no_grand_total(api: ApiClient, put: Put):
    put(grand_total_minor=None, amazon_status=AmazonStatus.PENDING)
    assert api.get("/orders")["items"][0]["grand_total"] is None


def test_yen_have_no_decimals(api: ApiClient, put: Put, runtime: Runtime):
    with runtime.db.session() as session:
        make_order(session, make_store(session, marketplace_id=JP), currency="JPY", grand_total_minor=1230)
    assert api.get("/orders")["items"][0]["grand_total"] == {"amount": "1230", "currency": "JPY"}


def test_status_may_be_given_several_times(api: ApiClient, put: Put):
    pending = put(amazon_status=AmazonStatus.PENDING, import_state=ImportState.WAITING)
    error = put(blockers=["out_of_stock"])
    put()
    assert set(ids(api, status=["Pending", "Error"])) == {pending.id, error.id}
    assert ids(api, status="Pending") == [pending.id]


def test_a_day_includes_its_last_moment(api: ApiClient, put: Put):
    first = put(purchase_date=NOW.replace(hour=0, minute=0))
    last = put(purchase_date=NOW.replace(hour=23, minute=59, second=59, microsecond=999999))
    put(purchase_date=NOW.replace(day=3, hour=0, minute=0))
    assert ids(api, purchase_date_from="2026-11-02", purchase_date_to="2026-11-02") == [last.id, first.id]


def test_a_moment_bounds_inclusively_in_any_zone(api: ApiClient, put: Put):
    at = put(purchase_date=NOW)
    put(purchase_date=NOW + timedelta(milliseconds=1))
    put(purchase_date=NOW - timedelta(milliseconds=1))
    assert ids(api, purchase_date_from="2026-11-02T10:30:00+01:00", purchase_date_to="2026-11-02T09:30:00Z") == [at.id]


@pytest.mark.parametrize(
    "asked",
    ["111-2222222-3333333", "111-22", "3333333", "000000017", "0000", " 111-2222222-3333333 ", "#000000017"],
)
def test_an_order_is_found_by_either_number_its_beginning_or_amazons_last_seven_digits(
    api: ApiClient, put: Put, asked: str
):
    order = put(amazon_order_id="111-2222222-3333333", commerce_order_number="000000017", commerce_order_id=17)
    put(amazon_order_id="222-1111111-4444444", commerce_order_number="100000001", commerce_order_id=18)
    assert ids(api, order_number=asked) == [order.id]


@pytest.mark.parametrize("asked", ["333333", "2222222", "111_2", "%", "17", "111-2222222-33333333"])
def test_a_number_is_not_found_by_its_middle_nor_by_wildcards(api: ApiClient, put: Put, asked: str):
    put(amazon_order_id="111-2222222-3333333", commerce_order_number="000000017", commerce_order_id=17)
    assert ids(api, order_number=asked) == []


@pytest.mark.parametrize("asked", ["José", "jose", "GARC", "mar garcía", "garcia  jose", "o'br", "Marquez-Gar"])
def test_a_buyer_is_found_by_the_beginnings_of_words(api: ApiClient, put: Put, asked: str):
    buyer = put(buyer_name="José O'Brien Márquez-García")
    put(buyer_name="Jane Doe")
    assert ids(api, buyer_name=asked) == [buyer.id]


@pytest.mark.parametrize("asked", ["osé", "jose doe", "%", "?!", "j_se"])
def test_a_buyer_is_not_found_by_the_middle_of_a_word_nor_when_one_word_is_not_there(
    api: ApiClient, put: Put, asked: str
):
    put(buyer_name="José García")
    put(buyer_name="Jane Doe")
    assert ids(api, buyer_name=asked) == []


def test_buyers_are_found_in_other_scripts(api: ApiClient, put: Put):
    buyer = put(buyer_name="山田 太郎")
    put(buyer_name="Żółć Ewa")
    assert ids(api, buyer_name="山") == [buyer.id]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"total_min": "12.30"}, {1230, 1231}),
        ({"total_min": "12.301"}, {1231}),
        ({"total_max": "12.3"}, {1229, 1230}),
        ({"total_max": "12.3099"}, {1229, 1230}),
        ({"total_min": "12.30", "total_max": "12.30"}, {1230}),
        ({"total_min": "-1", "total_max": "0"}, set()),
    ],
)
def test_totals_are_compared_exactly(api: ApiClient, put: Put, query: dict[str, str], found: set[int]):
    held = {put(grand_total_minor=minor).id: minor for minor in (1229, 1230, 1231)}
    put(grand_total_minor=None)
    assert {held[i] for i in ids(api, **query)} == found


def test_totals_of_yen_and_dollars_are_compared_as_people_read_them(api: ApiClient, put: Put, runtime: Runtime):
    dollars = put(grand_total_minor=1230)
    with runtime.db.session() as session:
        japan = make_store(session, marketplace_id=JP)
        yen = make_order(session, japan, currency="JPY", grand_total_minor=1000)
    assert ids(api, total_min="100") == [yen.id]
    assert ids(api, total_max="12.30") == [dollars.id]
    assert ids(api, sort="total") == [dollars.id, yen.id]
    assert ids(api, store_id=japan.id, total_min="1000", total_max="1000.00") == [yen.id]


def test_channel_import_state_and_blocker_filter(api: ApiClient, put: Put):
    fba = put(channel=Channel.FBA)
    blocked = put(blockers=["product_disabled", "product_disabled"])
    assert ids(api, channel="FBA") == [fba.id]
    assert ids(api, import_state="blocked") == [blocked.id]
    assert ids(api, blocker="product_disabled") == [blocked.id]
    assert ids(api, blocker="out_of_stock") == []


def test_all_filters_must_hold(api: ApiClient, put: Put):
    put(buyer_name="Jane Doe", grand_total_minor=100)
    both = put(buyer_name="Jane Doe", grand_total_minor=500)
    put(buyer_name="John Roe", grand_total_minor=500)
    assert ids(api, buyer_name="jane", total_min="5") == [both.id]


SORTED = {
    "purchase_date": lambda o: o.purchase_date,
    "status": lambda o: o.status,
    "order_number": lambda o: o.amazon_order_id,
    "buyer_name": lambda o: o.personal.buyer_sort,
    "total": lambda o: o.grand_total_minor if o.grand_total_minor is not None else -1,
}


@pytest.fixture
def orders(put: Put) -> list[Order]:
    """Thirteen orders with many equal values, and two without a total."""
    return [
        put(
            purchase_date=NOW - timedelta(hours=n % 4),
            amazon_status=list(AmazonStatus)[n % 3],
            buyer_name=("Émile Zola", "adam", "Bea B", None)[n % 4],
            grand_total_minor=None if n in {3, 8} else 100 * (n % 5),
        )
        for n in range(13)
    ]


@pytest.mark.parametrize("falling", [False, True])
@pytest.mark.parametrize("name", SORTED)
def test_every_sort_holds_over_the_whole_result_by_page_and_by_cursor(
    api: ApiClient, orders: list[Order], name: str, falling: bool
):
    sort = f"-{name}" if falling else name
    expected = [o.id for o in sorted(orders, key=lambda o: (SORTED[name](o), o.id), reverse=falling)]
    by_page = [i for page in range(1, 5) for i in ids(api, sort=sort, page=page, page_size=4)]
    by_cursor, cursor = [], {}
    while True:
        answer = api.get("/orders", sort=sort, page_size=4, **cursor)
        by_cursor += [item["id"] for item in answer["items"]]
        assert answer["total_count"] == 13
        assert answer["total_pages"] == 4
        if answer["next"] is None:
            break
        cursor = {"cursor": answer["next"]}
    assert by_page == expected
    assert by_cursor == expected


def test_a_cursor_does_not_see_an_order_twice_when_newer_ones_arrive(api: ApiClient, orders: list[Order], put: Put):
    first = api.get("/orders", page_size=5)
    put(purchase_date=NOW + timedelta(days=1))
    second = api.get("/orders", page_size=20, cursor=first["next"])
    assert second["page"] is None
    seen = [item["id"] for item in first["items"] + second["items"]]
    assert sorted(seen) == sorted(o.id for o in orders)


def test_a_page_beyond_the_end_is_empty_and_says_how_many_there_are(api: ApiClient, orders: list[Order]):
    answer = api.get("/orders", page=99)
    assert (answer["items"], answer["total_count"], answer["next"]) == ([], 13, None)


def test_more_orders_than_are_counted_are_said_to_be_more(
    api: ApiClient, orders: list[Order], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(search, "MOST_COUNTED", 13)
    assert api.get("/orders")["total_count_capped"] is False
    monkeypatch.setattr(search, "MOST_COUNTED", 12)
    answer = api.get("/orders", page_size=10)
    assert (answer["total_count"], answer["total_count_capped"], answer["total_pages"]) == (12, True, None)
    assert len(api.get("/orders", page_size=10, cursor=answer["next"])["items"]) == 3


def test_orders_of_another_store_are_not_listed(api: ApiClient, put: Put, runtime: Runtime, key_for: Any, store: Store):
    mine = put()
    with runtime.db.session() as session:
        other = make_store(session)
        theirs = make_order(session, other)
    bound = api.using(key_for(stores=[store.id]))
    assert ids(bound) == [mine.id]
    assert ids(bound, order_number=theirs.amazon_order_id) == []
    assert bound.get("/orders", 422, store_id=other.id)["errors"][0]["field"] == "store_id"
    assert ids(api, store_id=other.id) == [theirs.id]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"statuss": "Pending"}, "statuss"),
        ({"status": "Nope"}, "status.0"),
        ({"status": ["Pending", "pending"]}, "status.1"),
        ({"purchase_date_from": "yesterday"}, "purchase_date_from"),
        ({"purchase_date_from": "2026-11-02T09:30:00"}, "purchase_date_from"),
        ({"purchase_date_to": "2026-02-30"}, "purchase_date_to"),
        ({"purchase_date_to": "9999-12-31"}, "purchase_date_to"),
        ({"purchase_date_to": "2026-W45-1"}, "purchase_date_to"),
        ({"purchase_date_from": "20261102T093000Z"}, "purchase_date_from"),
        ({"total_min": "12,30"}, "total_min"),
        ({"total_min": "１２.30"}, "total_min"),
        ({"total_min": "12.30\n"}, "total_min"),
        ({"total_max": "NaN"}, "total_max"),
        ({"total_max": "1e5"}, "total_max"),
        ({"total_min": "9" * 13}, "total_min"),
        ({"order_number": ""}, "order_number"),
        ({"order_number": "1\x002"}, None),
        ({"buyer_name": "x" * 101}, "buyer_name"),
        ({"channel": "MFN"}, "channel"),
        ({"import_state": "done"}, "import_state"),
        ({"blocker": "nope"}, "blocker"),
        ({"sort": "price"}, "sort"),
        ({"page": "0"}, "page"),
        ({"page": "1000001"}, "page"),
        ({"page_size": "201"}, "page_size"),
        ({"page": "1", "cursor": "abc"}, "cursor"),
        ({"cursor": "abc"}, "cursor"),
        ({"cursor": "WzEsMiwzXQ"}, "cursor"),
        ({"cursor": "WyItcHVyY2hhc2VfZGF0ZSIsIngiLDFd"}, "cursor"),
        ({"store_id": "99"}, "store_id"),
        ({"store_id": "x"}, "store_id"),
    ],
)
def test_what_is_unknown_or_wrong_is_named(api: ApiClient, query: dict[str, str], field: str | None):
    problem = api.get("/orders", 422, **query)
    assert problem["code"] == "invalid_input"
    assert [(e["location"], e["field"]) for e in problem["errors"]] == [("query", field)]


def test_a_cursor_of_another_sort_is_refused(api: ApiClient, orders: list[Order]):
    cursor = api.get("/orders", page_size=2, sort="total")["next"]
    problem = api.get("/orders", 422, page_size=2, cursor=cursor)
    assert "sort=total" in problem["detail"]
