"""Swagger UI in a real browser: it draws every operation, and its own strict policy stops none of it."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from flask import Flask
from playwright.sync_api import Page, sync_playwright
from werkzeug.serving import WSGIRequestHandler, make_server

from tests import needs
from tests.api_client import ApiClient

pytestmark = pytest.mark.browser


class Quiet(WSGIRequestHandler):
    def log(self, type: str, message: str, *args: object) -> None:
        pass


@pytest.fixture
def address(app: Flask) -> Iterator[str]:
    """The app on a port of this machine."""
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=Quiet)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.port}"
    server.shutdown()
    thread.join(10)
    server.server_close()


@pytest.fixture
def page() -> Iterator[Page]:
    path = needs.browser()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser.new_page()
        browser.close()


def test_it_draws_every_operation_and_can_try_one_with_a_key(address: str, page: Page, api: ApiClient):
    asked: list[str] = []
    complaints: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on(
        "console", lambda message: complaints.append(message.text) if message.type in {"error", "warning"} else None
    )
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(f"{address}/docs")
    page.wait_for_selector("#operations-Orders-listOrders")
    operations = sum(len(held) for held in api.contract.document["paths"].values())
    assert page.locator(".opblock").count() == operations

    page.click("button.authorize >> nth=0")
    page.fill(".auth-container input", "bridge-demo-key")
    page.click(".auth-btn-wrapper button.authorize")
    page.click("button.btn-done")
    page.click("#operations-Stores-listMarketplaces .opblock-summary-control")
    page.click("#operations-Stores-listMarketplaces button.execute")
    answer = page.wait_for_selector(
        "#operations-Stores-listMarketplaces .live-responses-table tbody .response-col_status"
    )
    assert answer is not None
    assert answer.inner_text().startswith("200")
    assert complaints == []
    assert all(url.startswith((address, "data:", "blob:")) for url in asked)
