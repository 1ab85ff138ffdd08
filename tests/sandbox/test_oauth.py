"""OAuth 1.0a as Magento verifies it: the messages, and the traps for clients that follow the RFC."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest
from oauthlib import oauth1

from bridge.sandbox.oauth import natural_order
from tests.sandbox.commerce_shop import START, V1, CommerceClient, where

HOST = "http://localhost"
VIEWS = "store/storeViews"


@pytest.fixture
def shop() -> CommerceClient:
    return CommerceClient()


def header(
    shop: CommerceClient, path: str, *, method: str = oauth1.SIGNATURE_HMAC_SHA256, ahead: int = 0, **changed: Any
) -> str:
    """The Authorization header that oauthlib makes for a GET of this path."""
    own = shop.shop.integration
    secrets = {
        "client_key": own.consumer_key,
        "client_secret": own.consumer_secret,
        "resource_owner_key": own.access_token,
        "resource_owner_secret": own.access_token_secret,
    }
    stamp = str(int(START.timestamp()) + ahead)
    signer = oauth1.Client(**(secrets | changed), signature_method=method, timestamp=stamp)
    _, headers, _ = signer.sign(f"{HOST}{V1}/{path}", "GET")
    return str(headers["Authorization"])


def asked(shop: CommerceClient, path: str, authorization: str | None = None) -> tuple[int, Any]:
    response = shop.send("GET", path, headers={"Authorization": authorization or header(shop, path)})
    return response.status_code, response.get_json()


INVALID = (401, {"message": "The signature is invalid. Verify and try again."})


def test_a_signed_request_is_let_in(shop):
    status, views = asked(shop, VIEWS)
    assert (status, [view["code"] for view in views]) == (200, ["default", "admin", "amazon_us"])


def test_the_four_secrets_have_32_characters_each(shop):
    assert [len(secret) for secret in shop.shop.integration.secrets().values()] == [32, 32, 32, 32]


@pytest.mark.parametrize("changed", [{"client_secret": "x" * 32}, {"resource_owner_secret": "x" * 32}])
def test_a_wrong_secret_makes_the_signature_invalid(shop, changed):
    assert asked(shop, VIEWS, header(shop, VIEWS, **changed)) == INVALID


def test_an_unknown_or_short_consumer_key_is_told_apart(shop):
    unknown = asked(shop, VIEWS, header(shop, VIEWS, client_key="x" * 32))
    assert unknown == (401, {"message": "A consumer having the specified key does not exist"})
    short = asked(shop, VIEWS, header(shop, VIEWS, client_key="x" * 8))
    assert short == (401, {"message": "Consumer key is not the correct length"})


def test_an_unknown_token_is_named(shop):
    refusal = asked(shop, VIEWS, header(shop, VIEWS, resource_owner_key="x" * 32))
    assert refusal == (401, {"message": "Specified token does not exist"})


def test_without_a_token_the_field_is_required(shop):
    refusal = asked(shop, VIEWS, header(shop, VIEWS, resource_owner_key=None))
    message = '"%fieldName" is required. Enter and try again.'
    assert refusal == (400, {"message": message, "parameters": {"fieldName": "oauth_token"}})


def test_hmac_sha1_is_not_supported(shop):
    refusal = asked(shop, VIEWS, header(shop, VIEWS, method=oauth1.SIGNATURE_HMAC_SHA1))
    assert refusal == (400, {"message": "Signature method %1 is not supported", "parameters": ["HMAC-SHA1"]})


def test_a_nonce_is_taken_once(shop):
    once = header(shop, VIEWS)
    assert asked(shop, VIEWS, once)[0] == 200
    message = "The nonce is already being used by the consumer with ID %1"
    assert asked(shop, VIEWS, once) == (401, {"message": message, "parameters": ["1"]})


def test_a_timestamp_may_be_600_seconds_ahead_and_any_age(shop):
    assert asked(shop, VIEWS, header(shop, VIEWS, ahead=500))[0] == 200
    assert asked(shop, VIEWS, header(shop, VIEWS, ahead=-100_000))[0] == 200
    refusal = asked(shop, VIEWS, header(shop, VIEWS, ahead=700))
    assert refusal == (401, {"message": "An error occurred validating the nonce"})


def salable(count: int, form: str) -> str:
    skus = "&".join(f"skus[{place:{form}}]=FILL-{place + 1:03}" for place in range(count))
    return "inventory/are-products-salable?" + quote(f"{skus}&stockId=1", safe="=&")


def test_more_than_ten_list_entries_need_zero_padded_indexes(shop):
    assert asked(shop, salable(10, ""))[0] == 200
    assert asked(shop, salable(25, "")) == INVALID
    status, answer = asked(shop, salable(25, "02"))
    assert (status, len(answer)) == (200, 25)


def test_a_space_must_be_sent_as_20(shop):
    criteria = where("created_at", "2026-11-23 00:00:00", "gteq") + "&fields=total_count"
    path = "orders?" + quote(criteria, safe="=&")
    assert asked(shop, path) == (200, {"total_count": 0})
    plus = path.replace("%20", "+")
    assert asked(shop, plus) == INVALID
    assert shop.get(plus) == {"total_count": 0}


def test_a_key_without_an_equals_sign_is_not_signed(shop):
    assert asked(shop, "orders?searchCriteria", header(shop, "orders?searchCriteria=")) == INVALID
    assert asked(shop, "orders?searchCriteria=")[0] == 200


def test_of_repeated_keys_only_the_last_is_signed(shop):
    path = "inventory/are-products-salable?" + quote("skus[]=RED-MUG&skus[]=BLUE-MUG&stockId=1", safe="=&")
    assert asked(shop, path) == INVALID
    assert len(shop.get(path)) == 2


@pytest.mark.parametrize(
    ("path", "status"),
    [("products/MUG%2C%20LARGE", 401), ("products/MUG,%20LARGE", 200), ("products/SLASH%2FMUG", 401)],
)
def test_the_path_is_normalised_before_it_is_signed(shop, path, status):
    shop.shop.add_product("SLASH/MUG", "Slash mug")
    assert asked(shop, path)[0] == status


def test_a_slash_in_a_sku_passes_with_a_bearer_token_only(shop):
    shop.shop.add_product("SLASH/MUG", "Slash mug")
    assert shop.get("products/SLASH%2FMUG?fields=sku") == {"sku": "SLASH/MUG"}
    assert shop.refusal("GET", "products/SLASH/MUG")[0] == 404


@pytest.mark.parametrize(
    ("left", "right", "order"),
    [("a2", "a10", -1), ("a02", "a10", -1), ("a10", "a10", 0), ("b", "a", 1), ("a", "ab", -1), ("a01", "a1", -1)],
)
def test_numbers_in_keys_are_compared_as_numbers(left, right, order):
    assert natural_order(left, right) == order
