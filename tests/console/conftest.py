"""A bridge with orders of several kinds, served on a port of its own, and a Chromium that may speak to nobody else."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Request, sync_playwright
from werkzeug.serving import make_server

from bridge import create_app
from tests import needs
from tests.stage import Stage, line


@dataclass
class Shown:
    """What the pages show: the stage behind them, their address, and the numbers of the orders."""

    stage: Stage
    address: str
    completed: str
    blocked: str
    pending: str

    def id(self, number: str) -> int:
        return self.stage.order(number).id


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        args = ["--no-sandbox", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"]
        browser = playwright.chromium.launch(executable_path=needs.browser(), args=args)
        yield browser
        browser.close()


@pytest.fixture
def shown(tmp_path: Path, no_background: None) -> Iterator[Shown]:
    """One order is complete, one lacks its product, one is not paid yet."""
    stage = Stage(tmp_path)
    completed = stage.paid_order()
    blocked = stage.paid_order(line("GREEN-MUG"))
    pending = stage.place()
    stage.sync()
    stage.shop.ship(stage.commerce_order(completed)["entity_id"], tracks=[("ups", "United Parcel Service", "1Z1")])
    stage.sync("confirm", "sync", "complete")
    server = make_server("127.0.0.1", 0, create_app(runtime=stage.bridge), threaded=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield Shown(stage, f"http://127.0.0.1:{server.port}", completed, blocked, pending)
    server.shutdown()
    thread.join()
    server.server_close()
    stage.bridge.close()


@pytest.fixture
def open_browser(chromium: Browser, shown: Shown) -> Iterator[Any]:
    """Opens a window (options as Playwright's new_context); in the end nothing may have failed in its scripts."""
    contexts: list[BrowserContext] = []
    wrong: list[str] = []

    def only_here(request: Request) -> None:
        if urlsplit(request.url).netloc != urlsplit(shown.address).netloc:
            wrong.append(f"asked {request.url}")

    def open_browser(**options: Any) -> Page:
        context = chromium.new_context(base_url=shown.address, locale="en-US", timezone_id="UTC", **options)
        context.set_default_timeout(15_000)
        context.on("request", only_here)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("console", lambda said: wrong.append(said.text) if "Security Policy" in said.text else None)
        return page

    yield open_browser
    for context in contexts:
        context.close()
    assert wrong == []


@pytest.fixture
def page(open_browser: Any) -> Page:
    """A window in which the demo key has been entered."""
    page: Page = open_browser()
    enter(page)
    return page


def enter(page: Page) -> None:
    """What the button with the demo key does, without a page for it; a key that is forgotten later stays forgotten."""
    page.add_init_script("""
        if (location.protocol === "http:" && !sessionStorage.getItem("entered")) {
          sessionStorage.setItem("entered", "once");
          sessionStorage.setItem("bridge-api-key", "bridge-demo-key");
        }
    """)
