"""amzn-sp-api, Amazon's own: its answers are typed models, whatever is not 2xx raises ApiException."""

from __future__ import annotations

import json
import logging
from typing import Any

from spapi import ApiException, SPAPIClient, SPAPIConfig
from spapi.api.orders_v2026_01_01.get_order_api import GetOrderApi
from spapi.api.orders_v2026_01_01.search_orders_api import SearchOrdersApi

from tests.peers.lines import answer_lines

# Parameter -> its keyword in the package
KEYWORDS = {
    "lastUpdatedAfter": "last_updated_after",
    "marketplaceIds": "marketplace_ids",
    "fulfillmentStatuses": "fulfillment_statuses",
    "maxResultsPerPage": "max_results_per_page",
    "paginationToken": "pagination_token",
    "includedData": "included_data",
}

# Every model that the package builds hangs one more handler on these, so that each page is read slower than the last.
for logger in ("spapi", "urllib3"):
    logging.getLogger(logger).addHandler = lambda handler: None


class AmznSpApi:
    def __init__(self, amazon: str, client_id: str, client_secret: str, refresh_token: str) -> None:
        config = SPAPIConfig(client_id, client_secret, refresh_token, region="NA")
        self._client = SPAPIClient(config, oauth_endpoint=f"{amazon}/auth/o2/token", endpoint=amazon).api_client

    def search(self, query: dict[str, Any]) -> dict[str, Any]:
        keywords = {KEYWORDS[name]: value for name, value in query.items()}
        answer = SearchOrdersApi(self._client).search_orders(**keywords, _request_timeout=10)
        orders = answer.orders and [seen(order) for order in answer.orders]
        return {"orders": orders, "next": answer.pagination and answer.pagination.next_token}

    def get(self, order_id: str, included: list[str]) -> dict[str, Any] | None:
        order = GetOrderApi(self._client).get_order(order_id, included_data=included, _request_timeout=10).order
        return order and seen(order)


def seen(order: Any) -> dict[str, Any]:
    return {
        "id": order.order_id,
        "status": order.fulfillment.fulfillment_status,
        "buyer": order.buyer and order.buyer.buyer_name,
        "total": order.proceeds and order.proceeds.grand_total and order.proceeds.grand_total.amount,
        "lines": [
            [
                item.product.seller_sku,
                item.quantity_ordered,
                item.product.price and item.product.price.unit_price and item.product.price.unit_price.amount,
            ]
            for item in order.order_items
        ],
    }


def told(error: Exception) -> tuple[int | None, str | None]:
    if not isinstance(error, ApiException):
        return None, None
    try:
        return error.status, json.loads(error.body)["errors"][0]["code"]
    except (KeyError, TypeError, ValueError):
        return error.status, None


if __name__ == "__main__":
    answer_lines(AmznSpApi, told)
