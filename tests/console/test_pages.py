"""The console's pages as they are served: what they hold, what they must not hold, and with which headers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from bridge import console, create_app
from bridge.config import Config
from bridge.domain.blockers import BLOCKER_CODES
from bridge.domain.settings import ORDER_SETTINGS
from bridge.domain.states import ShownStatus
from bridge.keys import DEMO_KEY
from bridge.runtime import Runtime, build

PAGES = (
    "/console/",
    "/console/stores/1",
    "/console/stores/1/order-settings",
    "/console/stores/1/product-matches",
    "/console/stores/1/carriers",
    "/console/orders",
    "/console/orders/1",
    "/console/jobs",
    "/console/communication-errors",
    "/console/commerce-orders/1",
    "/console/webhooks",
    "/console/webhooks/1",
    "/console/audit",
    "/console/global-settings",
)
STATIC = Path(console.__file__).parent / "static"


class Page(HTMLParser):
    """A page: its elements as (tag, attributes), and the scripts and styles that stand in it."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.inline: list[str] = []
        self._tag = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self._tag = tag
        self.elements.append((tag, dict(attributes)))

    def handle_data(self, data: str) -> None:
        if self._tag in {"script", "style"} and data.strip():
            self.inline.append(data)

    def of(self, *tags: str) -> Iterator[dict[str, str | None]]:
        return (attributes for tag, attributes in self.elements if tag in tags)


@pytest.fixture
def http(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.mark.parametrize("path", PAGES)
def test_a_page_comes_with_headers_that_allow_nothing_but_this_server(http: FlaskClient, path: str):
    response = http.get(path)
    assert response.status_code == 200
    assert response.mimetype == "text/html"
    policy = response.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'")
    assert "unsafe" not in policy
    assert "http" not in policy
    assert "frame-ancestors 'none'" in policy
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["Referrer-Policy"] == "no-referrer"
    assert response.headers["Cache-Control"] == "no-cache"


def test_the_way_to_the_sandbox_is_shown_beside_it_only(runtime: Runtime):
    def stores(**changes: Any) -> str:
        changed = replace(runtime, config=replace(runtime.config, **changes))
        return create_app(runtime=changed).test_client().get("/console/").text

    sandbox = "http://127.0.0.1:8701/amazon"
    assert 'href="http://127.0.0.1:8701/"' in stores(amazon_endpoint=sandbox)
    for changes in ({"amazon_endpoint": sandbox, "sandbox": False}, {"amazon_endpoint": None}):
        assert "Play the buyer" not in stores(**changes)


@pytest.mark.parametrize("path", PAGES)
def test_a_page_holds_no_script_or_style_of_its_own_and_loads_only_what_is_here(http: FlaskClient, path: str):
    page = Page(http.get(path).get_data(as_text=True))
    assert page.inline == []
    for attributes in page.of(*{tag for tag, _ in page.elements}):
        assert "style" not in attributes
        assert not [name for name in attributes if name.startswith("on")]
    loaded = [link["href"] for link in page.of("link")] + [script["src"] for script in page.of("script")]
    assert len(loaded) >= 4
    for address in loaded:
        assert address is not None
        with http.get(address) as response:
            assert response.status_code == 200, address


@pytest.mark.parametrize("path", PAGES)
def test_every_control_of_a_page_has_a_label_and_every_id_is_there_once(http: FlaskClient, path: str):
    text = http.get(path).get_data(as_text=True)
    page = Page(text)
    ids = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    labels = {label.get("for") for label in page.of("label")}
    for control in page.of("input", "select"):
        named = control.get("id") in labels or control.get("type") == "checkbox" or control.get("aria-label")
        assert named or re.search(r"<label[^>]*>[^<]*<(input|select)", text), control
        for other in (control.get("aria-describedby") or "").split():
            assert other in ids


@pytest.mark.parametrize("path", PAGES)
def test_a_page_tells_who_has_no_javascript(http: FlaskClient, path: str):
    assert "<noscript>" in http.get(path).get_data(as_text=True)


def test_the_bare_address_leads_to_the_console(http: FlaskClient):
    for path in ("/", "/console"):
        response = http.get(path)
        assert response.status_code in {302, 308}
        assert response.headers["Location"].endswith("/console/")


def test_a_page_that_is_not_there_is_404(http: FlaskClient):
    assert http.get("/console/orders/abc").status_code == 404
    assert http.get("/console/nothing").status_code == 404


def test_the_order_settings_stand_with_their_help(http: FlaskClient):
    text = http.get("/console/stores/1/order-settings").get_data(as_text=True)
    page = Page(text)
    assert [c["name"] for c in page.of("input", "select") if c["name"] != "key"] == [s.name for s in ORDER_SETTINGS]
    for setting in ORDER_SETTINGS:
        assert setting.help.replace("'", "&#39;") in text
        for value in setting.values or ():
            assert f'value="{value}"' in text


def test_the_filter_offers_every_status_and_every_blocker(http: FlaskClient):
    page = Page(http.get("/console/orders").get_data(as_text=True))
    offered = [c["value"] for c in page.of("input") if c.get("name") == "status"]
    assert offered == list(ShownStatus)
    values = {option.get("value") for option in page.of("option")}
    assert set(BLOCKER_CODES) <= values


def test_the_demo_key_is_offered_beside_the_sandbox_only(http: FlaskClient, config: Config):
    assert DEMO_KEY in http.get("/console/").get_data(as_text=True)
    real = Config(database_url=config.database_url, secret_keys=config.secret_keys)
    runtime = build(real)
    try:
        text = create_app(runtime=runtime).test_client().get("/console/").get_data(as_text=True)
    finally:
        runtime.close()
    assert DEMO_KEY not in text
    assert "Sandbox" not in text


def test_the_pages_hold_no_data_so_that_they_need_no_key(http: FlaskClient, put):
    order = put(buyer_name="Zenobia Quick")
    for path in (*PAGES, f"/console/orders/{order.id}"):
        text = http.get(path).get_data(as_text=True)
        assert "Zenobia" not in text
        assert order.amazon_order_id not in text


def test_no_script_makes_markup_of_text_or_asks_anybody_else():
    for path in sorted(STATIC.glob("*.js")):
        text = path.read_text()
        for forbidden in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "localStorage"):
            assert forbidden not in text, f"{path.name}: {forbidden}"
        addresses = re.findall(r"https?://[\w.]+", text)
        assert set(addresses) <= {"http://www.w3.org"}, path.name
        assert len(text.splitlines()) <= 300, path.name
