"""Clients that are not ours read the sandbox's orders, page by page, and see in them what the sandbox holds."""

from __future__ import annotations

from typing import Any

from bridge.sandbox.amounts import Json
from bridge.sandbox.order_json import SECTIONS
from tests.peers.clients import Client
from tests.peers.conftest import CANADA, US, Served

SINCE = "2026-01-01T00:00:00Z"
HERE = [US, CANADA]
EVERYTHING = list(SECTIONS)


def held(order: Json) -> dict[str, Any]:
    """What the sandbox holds of an order, in the form of the clients' answers."""
    return {
        "id": order["orderId"],
        "status": order["fulfillment"]["fulfillmentStatus"],
        "buyer": order.get("buyer", {}).get("buyerName"),
        "total": order.get("proceeds", {}).get("grandTotal", {}).get("amount"),
        "lines": [
            [
                item["product"].get("sellerSku"),
                item["quantityOrdered"],
                item["product"].get("price", {}).get("unitPrice", {}).get("amount"),
            ]
            for item in order["orderItems"]
        ],
    }


def pages(client: Client, **query: Any) -> list[list[dict[str, Any]]]:
    """All pages of a search, read as Amazon asks: the token with the very parameters of the first page."""
    found: list[list[dict[str, Any]]] = []
    token = None
    while not found or token:
        more = {"paginationToken": token} if token else {}
        reply = client.search(lastUpdatedAfter=SINCE, includedData=EVERYTHING, **query, **more)
        assert "answer" in reply, reply
        page = reply["answer"]
        found.append(page["orders"])
        token = page["next"]
        assert len(found) < 20, "the pages do not end"
    return found


def flat(read: list[list[dict[str, Any]]]) -> list[dict[str, Any]]:
    return [order for page in read for order in page]


def by_id(orders: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {order["id"]: order for order in orders}


def test_every_order_is_read_once_over_six_pages(client: Client, busy: Served):
    read = pages(client, marketplaceIds=HERE, maxResultsPerPage=50)
    here = [held(order) for order in busy.orders.values() if order["salesChannel"]["marketplaceId"] in HERE]
    assert [len(page) for page in read] == [50, 50, 50, 50, 50, 15]
    assert by_id(flat(read)) == by_id(here)
    assert len(here) == 265
    assert {order["status"] for order in here} == {"PENDING", "UNSHIPPED", "PARTIALLY_SHIPPED", "SHIPPED", "CANCELLED"}


def test_a_hundred_orders_come_when_no_page_size_is_asked_for(client: Client, busy: Served):
    assert [len(page) for page in pages(client, marketplaceIds=HERE)] == [100, 100, 65]


def test_lists_arrive_as_each_client_writes_them(client: Client, busy: Served):
    wanted = {"SHIPPED", "CANCELLED"}
    read = pages(client, marketplaceIds=HERE, fulfillmentStatuses=sorted(wanted))
    assert {order["status"] for order in flat(read)} == wanted
    assert {order["id"] for order in flat(read)} == {
        order_id
        for order_id, order in busy.orders.items()
        if order["salesChannel"]["marketplaceId"] in HERE and order["fulfillment"]["fulfillmentStatus"] in wanted
    }


def test_a_search_that_finds_nothing_answers_an_empty_list(client: Client, served: Served):
    assert pages(client, marketplaceIds=HERE) == [[]]


def test_one_order_is_read_alone(client: Client, busy: Served):
    order_id = next(id for id, order in busy.orders.items() if len(order["orderItems"]) == 3 and "proceeds" in order)
    assert client.get(order_id, EVERYTHING) == {"answer": held(busy.orders[order_id])}


def test_a_client_logs_in_once_for_many_requests(client: Client, busy: Served):
    pages(client, marketplaceIds=HERE, maxResultsPerPage=50)
    assert busy.world.requests == {"amazon token": 1, "amazon searchOrders": 6}
