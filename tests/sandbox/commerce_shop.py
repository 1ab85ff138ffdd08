"""A served Commerce for the tests of this folder: the reference shop behind the blueprint, spoken to in process."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from bridge.sandbox.commerce import blueprint
from bridge.sandbox.shop_reference import reference_shop
from bridge.sandbox.world import SandboxClock, World

SHARED = Path(__file__).resolve().parents[3] / "shared"
START = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
V1 = "/commerce/rest/all/V1"


def shared(*parts: str) -> Path:
    """A path beside the project; its absence skips the test, but fails it on CI."""
    path = SHARED.joinpath(*parts)
    if not path.exists():
        if os.environ.get("CI") == "true":
            pytest.fail(f"{path} is missing")
        pytest.skip(f"{path} is not there: nothing to compare with")
    return path


def commerce_app(world: World) -> Flask:
    """The blueprint alone."""
    app = Flask(__name__)
    app.register_blueprint(blueprint(world), url_prefix="/commerce")
    return app


class CommerceClient:
    """Speaks to the blueprint as a REST client with the bearer token; `world` is behind it."""

    def __init__(self) -> None:
        self.world = World(clock=SandboxClock(START))
        self.shop = reference_shop(self.world.shop)
        self.http: FlaskClient = commerce_app(self.world).test_client(use_cookies=False)

    def send(self, verb: str, path: str, body: Any = None, **more: Any) -> TestResponse:
        """A request below /V1 with the bearer token; `path` may carry a query."""
        headers = {"Authorization": f"Bearer {self.shop.bearer}"} | more.pop("headers", {})
        if body is not None:
            more["json"] = body
        return self.http.open(f"{V1}/{path}", method=verb, headers=headers, **more)

    def get(self, path: str, **more: Any) -> Any:
        """The JSON of a successful GET."""
        return self._good(self.send("GET", path, **more))

    def post(self, path: str, body: Any = None) -> Any:
        """The JSON of a successful POST."""
        return self._good(self.send("POST", path, {} if body is None else body))

    def refusal(self, verb: str, path: str, body: Any = None) -> tuple[int, Any]:
        """Status and JSON of a refused request."""
        response = self.send(verb, path, body)
        assert response.status_code >= 400, response.get_data(as_text=True)
        return response.status_code, response.get_json(silent=True)

    @staticmethod
    def _good(response: TestResponse) -> Any:
        assert response.status_code == 200, response.get_data(as_text=True)
        return response.get_json()


def line(sku: str = "FILL-001", product_id: int = 20, qty: float = 2, price: float = 10, **more: Any) -> dict[str, Any]:
    """An order line of plain goods."""
    total = round(price * qty, 2)
    plain: dict[str, Any] = {"sku": sku, "product_id": product_id, "product_type": "simple", "name": sku.title()}
    plain |= {"store_id": 2, "qty_ordered": qty, "is_virtual": 0}
    for base in ("", "base_"):
        plain |= {f"{base}price": price, f"{base}row_total": total, f"{base}row_total_incl_tax": total}
        plain |= {f"{base}tax_amount": 0, f"{base}discount_amount": 0}
    return plain | more


def address(**more: Any) -> dict[str, Any]:
    """A complete address."""
    return {
        "firstname": "Jane",
        "lastname": "Doe",
        "street": ["1 Main St"],
        "city": "Austin",
        "region_id": 57,
        "postcode": "78701",
        "country_id": "US",
        "telephone": "0",
        "email": "jane@example.com",
    } | more


def entity(number: str, lines: list[dict[str, Any]] | None = None, **more: Any) -> dict[str, Any]:
    """The body of POST /V1/orders: one order of $20 in store 2, unless told otherwise."""
    lines = [line()] if lines is None else lines
    total = round(sum(item["row_total"] for item in lines), 2)
    body: dict[str, Any] = {"increment_id": number, "ext_order_id": number.removeprefix("AMZ-"), "store_id": 2}
    body |= {"state": "processing", "status": "processing", "is_virtual": 0, "customer_email": "jane@example.com"}
    for base in ("", "base_"):
        body |= {f"{base}subtotal": total, f"{base}grand_total": total, f"{base}shipping_amount": 0}
        body |= {f"{base}tax_amount": 0, f"{base}discount_amount": 0}
    body |= {"items": lines, "billing_address": address(), "payment": {"method": "checkmo"}}
    shipping = {"address": address(), "method": "flatrate_flatrate"}
    body["extension_attributes"] = {"shipping_assignments": [{"shipping": shipping, "items": []}]}
    return {"entity": body | more}


def where(name: str, value: str, condition: str = "eq", **more: str) -> str:
    """A query with one filter; `more` are further parameters."""
    start = "searchCriteria[filter_groups][0][filters][0]"
    pairs = {f"{start}[field]": name, f"{start}[value]": value, f"{start}[condition_type]": condition} | more
    return "&".join(f"{key}={val}" for key, val in pairs.items())
