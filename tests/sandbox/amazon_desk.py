"""A seller's desk for the tests: a world with a hand-moved clock, and a client that speaks to its Amazon face."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from bridge.sandbox import amazon
from bridge.sandbox.amounts import Line
from bridge.sandbox.faultline import FaultLine
from bridge.sandbox.marketplace import CLIENT_ID, CLIENT_SECRET, REFRESH_TOKEN
from bridge.sandbox.order_json import SECTIONS
from bridge.sandbox.world import SandboxClock, World

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
ORDERS = "/amazon/orders/2026-01-01/orders"
EVERYTHING = ",".join(SECTIONS)
CONTRACTS = Path(__file__).resolve().parents[3] / "shared" / "contracts" / "amazon"

TENT = Line("TENT", "Tent", 1, Decimal("129.00"), "B000000001", item_tax=Decimal("13.03"))
MUGS = Line("MUG", "Mug", 3, Decimal("9.50"), "B000000002", item_tax=Decimal("2.88"), shipping=Decimal("5.99"))


class Desk:
    """One seller with a token, before an Amazon that nobody else uses."""

    def __init__(self, *, haste: float = 1.0) -> None:
        self.world = World(clock=SandboxClock(NOON), haste=haste)
        self.amazon = self.world.marketplace
        app = Flask("amazon-only")
        app.register_blueprint(amazon.blueprint(self.world))
        app.wsgi_app = FaultLine(app.wsgi_app, self.world)  # type: ignore[method-assign]
        self.http = app.test_client()
        self.headers: dict[str, str] = {}
        self.log_in()

    def log_in(self, **changes: str) -> TestResponse:
        form = {
            "grant_type": "refresh_token",
            "refresh_token": REFRESH_TOKEN,
            "client_id": CLIENT_ID,
            "client_secret": CLIENT_SECRET,
        } | changes
        answer = self.http.post("/amazon/auth/o2/token", data=form)
        if answer.status_code == 200:
            self.headers = {"x-amz-access-token": answer.json["access_token"]}
        return answer

    def later(self, **by: float) -> None:
        self.world.clock.advance(timedelta(**by))

    def search(self, **query: Any) -> TestResponse:
        query.setdefault("lastUpdatedAfter", "2026-01-01T00:00:00Z")
        query = {key: value for key, value in query.items() if value is not None}
        return self.http.get(ORDERS, query_string=query, headers=self.headers)

    def found(self, **query: Any) -> list[str]:
        return [order["orderId"] for order in self.search(**query).json["orders"]]

    def get(self, order_id: str, included: str = EVERYTHING) -> dict[str, Any]:
        answer = self.http.get(f"{ORDERS}/{order_id}", query_string={"includedData": included}, headers=self.headers)
        assert answer.status_code == 200, answer.text
        return answer.json["order"]

    def post(self, path: str, body: Any) -> TestResponse:
        return self.http.post(f"/amazon{path}", json=body, headers=self.headers)

    def unshipped(self, *lines: Line, **options: Any) -> str:
        order_id = self.amazon.place(lines or (TENT,), **options)
        self.amazon.verify_payment(order_id)
        return order_id

    def confirm(self, order_id: str, quantities: dict[int, int], **detail: Any) -> TestResponse:
        items = self.amazon.orders[order_id]["orderItems"]
        package = {
            "packageReferenceId": "1",
            "carrierCode": "UPS",
            "trackingNumber": "1Z999",
            "shipDate": "2026-03-01T12:00:00Z",
            "orderItems": [
                {"orderItemId": items[at]["orderItemId"], "quantity": quantity} for at, quantity in quantities.items()
            ],
        } | detail
        package = {key: value for key, value in package.items() if value is not None}
        body = {"marketplaceId": "ATVPDKIKX0DER", "packageDetail": package}
        return self.post(f"/orders/v0/orders/{order_id}/shipmentConfirmation", body)


def errors(answer: TestResponse) -> tuple[int, str, str]:
    """Status, code and message of an error answer."""
    error = answer.json["errors"][0]
    return answer.status_code, error["code"], error["message"]


def contract(name: str) -> Any:
    """One of Amazon's own models or examples, from the folder beside the project."""
    path = CONTRACTS / name
    if not path.exists():
        reason = f"{path} is not there: nothing to compare with"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    return json.loads(path.read_text())
