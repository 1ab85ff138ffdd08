"""What clients that are not ours make of the sandbox's refusals: each one sees the error that it knows from Amazon.

Where a client takes an answer for "no orders" that says nothing of the kind, the table says so (NOTHING): it is why the
bridge has a client of its own.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from bridge.sandbox.order_json import SECTIONS
from bridge.sandbox.world import Fault
from tests.peers.clients import Client
from tests.peers.conftest import MUGS, TENT, US, Served
from tests.sandbox.amazon_desk import NOON

SINCE = "2026-01-01T00:00:00Z"
EVERYTHING = list(SECTIONS)
PYTHON, AMAZONS, NODE, SDK = (
    "python-amazon-sp-api",
    "amzn-sp-api",
    "amazon-sp-api",
    "@sp-api-sdk/orders-api-2026-01-01",
)
NOTHING = {"answer": {"orders": None, "next": None}}


def raised(error: str, status: int | None = None, code: str | None = None) -> dict[str, Any]:
    """The answer of a client that raised: its error's name, and the HTTP status and code of Amazon's that it tells."""
    return {"raised": [error, status, code]}


UNREADABLE = raised("CustomError", None, "JSON_PARSE_ERROR")
# What is answered in place of orders -> client -> what its caller gets
MISHAPS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "503 in HTML": (
        {"status": 503},
        {
            PYTHON: NOTHING,
            AMAZONS: raised("ApiException", 503),
            NODE: UNREADABLE,
            SDK: raised("SellingPartnerApiError", 503),
        },
    ),
    "429 without a body": (
        {"status": 429, "body": ""},
        {
            PYTHON: NOTHING,
            AMAZONS: raised("ApiException", 429),
            NODE: UNREADABLE,
            SDK: raised("SellingPartnerApiError", 429),
        },
    ),
    "403 of the gateway": (
        {"status": 403, "body": '{"message": "Forbidden"}', "content_type": "application/json"},
        {
            PYTHON: NOTHING,
            AMAZONS: raised("ApiException", 403),
            NODE: NOTHING,
            SDK: raised("SellingPartnerApiError", 403),
        },
    ),
    "200 in HTML": (
        {"status": 200},
        {PYTHON: NOTHING, AMAZONS: raised("ValueError"), NODE: UNREADABLE, SDK: NOTHING},
    ),
    "500 in JSON": (
        {
            "status": 500,
            "body": '{"errors": [{"code": "InternalFailure", "message": "We encountered an internal error."}]}',
            "content_type": "application/json",
        },
        {
            PYTHON: raised("SellingApiServerException", 500, "InternalFailure"),
            AMAZONS: raised("ApiException", 500, "InternalFailure"),
            NODE: raised("CustomError", None, "InternalFailure"),
            SDK: raised("SellingPartnerApiError", 500, "InternalFailure"),
        },
    ),
}


@pytest.fixture
def order_id(served: Served) -> str:
    """The one order that there is to find."""
    order_id = served.world.marketplace.place([TENT, MUGS], marketplace_id=US)
    served.world.clock.advance(timedelta(minutes=5))
    return order_id


def search(client: Client, **query: Any) -> dict[str, Any]:
    return client.search(**{"lastUpdatedAfter": SINCE, "includedData": EVERYTHING, **query})


def finds(answer: dict[str, Any], order_id: str) -> bool:
    return [order["id"] for order in answer["answer"]["orders"]] == [order_id]


@pytest.mark.parametrize("mishap", MISHAPS)
def test_an_answer_without_orders(client: Client, served: Served, order_id: str, mishap: str):
    answer, seen = MISHAPS[mishap]
    served.world.faults.add(Fault("GET /amazon/orders", "answer", **answer))
    assert search(client) == seen[client.name]
    assert finds(search(client), order_id), "the next answer is as usual again"


@pytest.mark.parametrize("mishap", MISHAPS)
def test_an_answer_without_the_order(client: Client, served: Served, order_id: str, mishap: str):
    answer, seen = MISHAPS[mishap]
    served.world.faults.add(Fault("GET /amazon/orders", "answer", **answer))
    expected = {"answer": None} if seen[client.name] == NOTHING else seen[client.name]
    assert client.get(order_id, EVERYTHING) == expected


def test_the_twenty_first_search_is_throttled(client: Client, served: Served, order_id: str):
    answers = [search(client) for _ in range(21)]
    assert all(finds(answer, order_id) for answer in answers[:20])
    assert (
        answers[20]
        == {
            PYTHON: raised("SellingApiRequestThrottledException", 429, "QuotaExceeded"),
            AMAZONS: raised("ApiException", 429, "QuotaExceeded"),
            NODE: raised("CustomError", None, "QuotaExceeded"),
            SDK: raised("SellingPartnerApiError", 429, "QuotaExceeded"),
        }[client.name]
    )
    assert served.world.marketplace.throttled == {"searchOrders": 1}
    assert client.get(order_id, EVERYTHING)["answer"]["id"] == order_id, "getOrder has a quota of its own"


def test_an_expired_token_is_403_and_only_one_client_logs_in_again(client: Client, served: Served, order_id: str):
    assert finds(search(client), order_id)
    served.world.marketplace.expire_tokens()
    answer = search(client)
    if client.name == NODE:
        # It knows the very words in which Amazon says that the token has expired.
        assert finds(answer, order_id)
        assert served.world.requests["amazon token"] == 2
        return
    assert (
        answer
        == {
            PYTHON: raised("SellingApiForbiddenException", 403, "Unauthorized"),
            AMAZONS: raised("ApiException", 403, "Unauthorized"),
            SDK: raised("SellingPartnerApiError", 403, "Unauthorized"),
        }[client.name]
    )
    assert search(client) == answer, "the client keeps its token for the hour that it was promised"
    assert served.world.requests["amazon token"] == 1


def test_what_does_not_exist_and_what_cannot_be_asked(client: Client, served: Served):
    unknown, wrong = {
        PYTHON: (
            raised("SellingApiNotFoundException", 404, "NotFound"),
            raised("SellingApiBadRequestException", 400, "InvalidInput"),
        ),
        AMAZONS: (raised("ApiException", 404, "NotFound"), raised("ApiException", 400, "InvalidInput")),
        NODE: (raised("CustomError", None, "NotFound"), raised("CustomError", None, "InvalidInput")),
        SDK: (
            raised("SellingPartnerApiError", 404, "NotFound"),
            raised("SellingPartnerApiError", 400, "InvalidInput"),
        ),
    }[client.name]
    assert client.get("111-0000000-0000000", EVERYTHING) == unknown
    assert client.get("111-1", EVERYTHING) == wrong
    assert search(client, lastUpdatedAfter="yesterday") == wrong
    assert search(client, paginationToken="bm9uc2Vuc2U") == wrong


def test_a_token_of_other_parameters_is_refused(client: Client, served: Served, order_id: str):
    served.world.marketplace.place([MUGS], created=NOON)
    token = search(client, marketplaceIds=[US], maxResultsPerPage=1)["answer"]["next"]
    moved = {"lastUpdatedAfter": "2026-01-02T00:00:00Z", "marketplaceIds": [US], "paginationToken": token}
    assert search(client, **moved)["raised"][2] == "InvalidInput"
    assert "answer" in search(client, marketplaceIds=[US], paginationToken=token), "the same ones are served"


def test_a_hung_up_connection_is_asked_again_by_two(client: Client, served: Served, order_id: str):
    served.world.faults.add(Fault("GET /amazon/orders", "hang_up"))
    answer = search(client)
    assert served.world.faults.played == {"hang_up": 1}
    if client.name in (AMAZONS, NODE):
        assert finds(answer, order_id)
    else:
        expected = {PYTHON: "RemoteProtocolError", SDK: "SellingPartnerApiError"}[client.name]
        assert answer == raised(expected)


@pytest.mark.parametrize(
    ("credential", "status", "code"),
    [("client_secret", 401, "invalid_client"), ("refresh_token", 400, "invalid_grant")],
)
# Not AMAZONS, which asks four times and sleeps for 14 s between before it lets its caller know.
@pytest.mark.parametrize("process", [PYTHON, NODE, SDK], indirect=True, scope="session")
def test_the_login_is_refused(client: Client, served: Served, credential: str, status: int, code: str):
    served.open(client, **{credential: "another's"})
    assert (
        search(client)
        == {
            PYTHON: raised("AuthorizationError", status, code),
            NODE: raised("CustomError", None, code),
            SDK: raised("SellingPartnerApiAuthError", status, code),
        }[client.name]
    )
    assert served.world.requests == {"amazon token": 1}
