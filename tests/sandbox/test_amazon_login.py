"""Login with Amazon, and what the gateway does before an operation is reached."""

from __future__ import annotations

import pytest

from bridge.sandbox.marketplace import CLIENT_ID, CLIENT_SECRET, REFRESH_TOKEN, Seller
from tests.sandbox.amazon_desk import ORDERS, Desk, errors


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_a_refresh_token_buys_an_access_token_for_an_hour(desk):
    answer = desk.log_in()
    assert answer.json["access_token"].startswith("Atza|")
    assert (answer.json["token_type"], answer.json["expires_in"]) == ("bearer", 3600)
    assert answer.json["refresh_token"] == REFRESH_TOKEN


def test_the_token_can_be_asked_for_in_json_as_well(desk):
    form = {"grant_type": "refresh_token", "refresh_token": REFRESH_TOKEN}
    form |= {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}
    assert desk.http.post("/amazon/auth/o2/token", json=form).status_code == 200


@pytest.mark.parametrize(
    ("changes", "status", "error"),
    [
        ({"refresh_token": "Atzr|revoked"}, 400, "invalid_grant"),
        ({"client_secret": "rotated away"}, 401, "invalid_client"),
        ({"client_id": "somebody else"}, 401, "invalid_client"),
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
        ({"grant_type": ""}, 400, "invalid_request"),
        ({"grant_type": "client_credentials", "scope": "everything"}, 400, "invalid_scope"),
        ({"grant_type": "client_credentials", "scope": "everything", "client_secret": "x"}, 401, "invalid_client"),
    ],
)
def test_login_refuses_in_the_words_of_oauth(desk, changes, status, error):
    answer = desk.log_in(**changes)
    assert (answer.status_code, answer.json["error"]) == (status, error)


@pytest.mark.parametrize(
    ("headers", "details"),
    [
        ({}, "Access token is missing in the request header."),
        ({"x-amz-access-token": "Atza|made-up"}, "The access token you provided is revoked, malformed or invalid."),
    ],
)
def test_no_order_without_a_token(desk, headers, details):
    answer = desk.http.get(ORDERS, headers=headers)
    assert errors(answer) == (403, "Unauthorized", "Access to requested resource is denied.")
    assert answer.json["errors"][0]["details"] == details
    assert "x-amzn-RateLimit-Limit" not in answer.headers


def test_a_token_dies_after_an_hour_with_403_and_not_401(desk):
    desk.later(minutes=59)
    assert desk.search().status_code == 200
    desk.later(minutes=1)
    answer = desk.search()
    assert errors(answer)[:2] == (403, "Unauthorized")
    assert answer.json["errors"][0]["details"] == "The access token you provided has expired."


def test_tokens_can_be_expired_by_hand(desk):
    desk.amazon.expire_tokens()
    assert desk.search().status_code == 403
    desk.log_in()
    assert desk.search().status_code == 200


def test_every_answer_has_a_request_id_and_a_good_one_names_the_rate(desk):
    good, bad = desk.search(), desk.search(lastUpdatedAfter="yesterday")
    assert good.headers["x-amzn-RequestId"] != bad.headers["x-amzn-RequestId"]
    assert (good.headers["x-amzn-RateLimit-Limit"], bad.headers["x-amzn-RateLimit-Limit"]) == ("0.0056", "0.0056")


def test_a_get_with_a_body_is_turned_away_in_html_before_the_api(desk):
    answer = desk.http.get(ORDERS, data="{}", headers=desk.headers)
    assert (answer.status_code, answer.mimetype) == (400, "text/html")


def test_twenty_searches_and_then_one_every_three_minutes(desk):
    assert [desk.search().status_code for _ in range(21)] == [200] * 20 + [429]
    throttled = desk.search()
    assert errors(throttled) == (429, "QuotaExceeded", "You exceeded your quota for the requested resource.")
    assert "x-amzn-RateLimit-Limit" not in throttled.headers
    desk.later(seconds=178)
    assert desk.search().status_code == 429
    desk.later(seconds=1)
    assert [desk.search().status_code, desk.search().status_code] == [200, 429]
    assert desk.amazon.throttled["searchOrders"] == 4


def test_haste_fills_the_bucket_sooner_and_says_so():
    desk = Desk(haste=60)
    while desk.search().status_code == 200:
        pass
    desk.later(seconds=3)
    answer = desk.search()
    assert (answer.status_code, answer.headers["x-amzn-RateLimit-Limit"]) == (200, "0.336")


def test_quotas_are_kept_per_seller_and_operation(desk):
    order_id = desk.unshipped()
    for _ in range(20):
        desk.search()
    assert desk.get(order_id, "FULFILLMENT")["orderId"] == order_id
    desk.amazon.add_seller(Seller("A2OTHER", CLIENT_ID, CLIENT_SECRET, "Atzr|other"))
    desk.log_in(refresh_token="Atzr|other")
    assert desk.search().json["orders"] == []
    assert desk.http.get(f"{ORDERS}/{order_id}", headers=desk.headers).status_code == 404


def test_every_request_is_counted_by_operation(desk):
    desk.search()
    desk.search(lastUpdatedAfter=None)
    assert desk.world.requests["amazon searchOrders"] == 2
    assert desk.world.requests["amazon token"] == 1


def test_an_unknown_address_is_a_404_in_json(desk):
    assert errors(desk.http.get("/amazon/orders/v9/orders", headers=desk.headers))[:2] == (404, "NotFound")


def test_the_marketplaces_of_a_seller_can_be_listed(desk):
    answer = desk.http.get("/amazon/sellers/v1/marketplaceParticipations", headers=desk.headers)
    entry = next(e for e in answer.json["payload"] if e["marketplace"]["id"] == "ATVPDKIKX0DER")
    assert entry["marketplace"]["defaultCurrencyCode"] == "USD"
    assert entry["participation"] == {"isParticipating": True, "hasSuspendedListings": False}
