"""python-amazon-sp-api reads orders: its answers are dictionaries, its errors exceptions by HTTP status."""

from __future__ import annotations

import types
from typing import Any

from sp_api.api import Orders
from sp_api.auth import AccessTokenClient, access_token_client
from sp_api.auth.exceptions import AuthorizationError

from tests.peers.lines import answer_lines


class PythonAmazonSpApi:
    def __init__(self, amazon: str, client_id: str, client_secret: str, refresh_token: str) -> None:
        scheme, rest = amazon.split("//")
        place, path = rest.split("/")

        class Login(AccessTokenClient):
            pass

        Login.scheme, Login.host, Login.path = f"{scheme}//", place, f"/{path}/auth/o2/token"
        # The package keeps tokens in its module, by refresh token: another world's would be refused.
        access_token_client.cache.clear()
        here = types.SimpleNamespace(endpoint=amazon, marketplace_id="ATVPDKIKX0DER", region="us-east-1")
        credentials = {"refresh_token": refresh_token, "lwa_app_id": client_id, "lwa_client_secret": client_secret}
        self._orders = Orders(
            marketplace=here, credentials=credentials, version="2026-01-01", auth_token_client_class=Login, timeout=10
        )

    def search(self, query: dict[str, Any]) -> dict[str, Any]:
        answer = self._orders.search_orders(**query)
        orders = answer.payload.get("orders")
        return {"orders": orders and [seen(order) for order in orders], "next": answer.next_token}

    def get(self, order_id: str, included: list[str]) -> dict[str, Any] | None:
        order = self._orders.get_order(order_id, includedData=included).payload.get("order")
        return order and seen(order)


def seen(order: dict[str, Any]) -> dict[str, Any]:
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


def told(error: Exception) -> tuple[int | None, str | None]:
    if isinstance(error, AuthorizationError):
        return error.status_code, error.error_code
    return getattr(error, "code", None), getattr(error, "amzn_code", None)


if __name__ == "__main__":
    answer_lines(PythonAmazonSpApi, told)
