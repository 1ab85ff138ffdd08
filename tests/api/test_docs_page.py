"""Swagger UI in a real browser: it draws every operation, and its own strict policy stops none of it."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from flask import Flask
from playwright.sync_api import ConsoleMessage, Page, sync_playwright
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


class Watched:
    """What a page asked for, and what it complained of."""

    def __init__(self, page: Page) -> None:
        self.asked: list[str] = []
        self.complaints: list[str] = []
        page.on("request", lambda request: self.asked.append(request.url))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("console", self._told)

    def _told(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self.complaints.append(message.text)

    def content_with(self, address: str) -> bool:
        return not self.complaints and all(url.startswith((address, "data:", "blob:")) for url in self.asked)


def test_it_draws_every_operation_and_can_try_one_with_a_key(address: str, page: Page, api: ApiClient):
    watched = Watched(page)
    page.goto(f"{address}/docs")
    page.wait_for_selector("#operations-Orders-listOrders")
    drawn = [*api.contract.document["paths"].values(), *api.contract.document["webhooks"].values()]
    operations = sum(len(held) for held in drawn)
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
    # A POST whose body is the document's own example.
    page.click("#operations-Orders-importOrders .opblock-summary-control")
    page.click("#operations-Orders-importOrders button.execute")
    done = page.wait_for_selector("#operations-Orders-importOrders .live-responses-table tbody .response-col_status")
    assert done is not None
    assert done.inner_text().startswith("202")
    assert watched.content_with(address), watched.complaints


def test_redoc_draws_every_operation_from_this_server_alone(address: str, page: Page, api: ApiClient):
    watched = Watched(page)
    page.goto(f"{address}/redoc")
    page.wait_for_selector("[data-section-id='tag/Orders/operation/listOrders']", state="attached")
    for path in api.contract.document["paths"].values():
        for operation in path.values():
            section = f"div[data-section-id$='operation/{operation['operationId']}']"
            assert page.locator(section).count() > 0, operation["operationId"]
    page.wait_for_function("document.querySelector('img[alt]')?.naturalWidth > 0")  # its logo, from this server too
    assert watched.content_with(address), (watched.complaints, watched.asked)
