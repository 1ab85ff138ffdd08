"""The page: the buyer, the warehouse and the catalogue manager by plain forms."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from urllib.parse import parse_qs, urlsplit

import pytest

from bridge.sandbox import create_sandbox
from bridge.sandbox.scenarios import SCENARIOS
from bridge.sandbox.world import World
from tests.sandbox.test_actors import SKU, import_order


@pytest.fixture
def world() -> World:
    world = World()
    SCENARIOS["demo"](world)
    return world


@pytest.fixture
def http(world):
    return create_sandbox(world).test_client()


class Outline(HTMLParser):
    """What matters of a page for who cannot see it: controls without a name, addresses of other hosts, ids."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.labels: set[str] = set()
        self.controls: list[tuple[str, dict[str, str | None]]] = []
        self.outside: list[str] = []
        self.ids: list[str] = []
        self._in_label = 0
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        fields = dict(attrs)
        if "id" in fields:
            self.ids.append(fields["id"])
        for name in ("href", "src", "action"):
            if (fields.get(name) or "").startswith(("http:", "https:", "//")):
                self.outside.append(fields[name])
        if tag == "label":
            self._in_label += 1
            self.labels.add(fields.get("for") or "")
        if tag in ("input", "select") and fields.get("type") != "hidden" and not self._in_label:
            self.controls.append((tag, fields))

    def handle_endtag(self, tag):
        self._in_label -= tag == "label"


def play(http, what, **form):
    answer = http.post(f"/play/{what}", data=form)
    assert answer.status_code == 303
    query = parse_qs(urlsplit(answer.headers["Location"]).query)
    return query["note"][0], "failed" in query


def test_the_page_says_that_it_is_a_sandbox_and_loads_nothing_from_elsewhere(http):
    html = http.get("/").text
    assert "This is a sandbox." in html
    assert Outline(html).outside == []
    assert "<script" not in html
    assert "@import" not in html


def test_every_control_has_a_label_and_every_id_is_there_once(http, world):
    import_order(world, SKU, lines=2)
    outline = Outline(http.get("/").text)
    assert [fields for _, fields in outline.controls if fields.get("id") not in outline.labels] == []
    assert len(outline.ids) == len(set(outline.ids))
    assert re.search('<html lang="en">', http.get("/").text)


def test_the_buyer_places_pays_and_asks_to_cancel(http, world):
    note, failed = play(http, "place", sku=SKU, person="0", quantity="2", fulfilled_by="MERCHANT")
    order_id = next(iter(world.marketplace.orders))
    assert (order_id in note, failed) == (True, False)
    assert "Pending" in http.get("/").text
    play(http, "pay", order_id=order_id)
    assert world.marketplace.orders[order_id]["proceeds"]["grandTotal"]["amount"] == "284.06"
    play(http, "request-cancel", order_id=order_id)
    assert "buyer asks to cancel" in http.get("/").text
    assert world.marketplace.orders[order_id]["orderItems"][0]["cancellation"]["cancellationRequest"]


def test_an_order_that_amazon_fulfils_is_shipped_by_amazon(http, world):
    play(http, "place", sku=SKU, person="1", quantity="1", fulfilled_by="AMAZON")
    order_id = next(iter(world.marketplace.orders))
    play(http, "pay", order_id=order_id)
    assert "Amazon ships it" in http.get("/").text
    play(http, "ship-fba", order_id=order_id)
    assert world.marketplace.status(order_id) == "SHIPPED"


def test_an_unpaid_order_can_be_cancelled_and_then_not_be_paid(http, world):
    play(http, "place", sku=SKU, person="0", quantity="1")
    order_id = next(iter(world.marketplace.orders))
    assert play(http, "cancel", order_id=order_id) == (f"Order {order_id}: cancelled.", False)
    note, failed = play(http, "pay", order_id=order_id)
    assert failed
    assert "CANCELLED" in note
    assert 'class="note failed"' in http.get("/", query_string={"note": note, "failed": "1"}).text


def test_the_warehouse_ships_a_part_with_a_tracking_number(http, world):
    order_id = import_order(world, SKU, quantity=3)
    item_id = world.shop.orders[order_id]["items"][0]["item_id"]
    assert f'name="item-{item_id}"' in http.get("/").text
    form = {"order_id": str(order_id), f"item-{item_id}": "2", "carrier": "ups", "tracking_number": "1Z1"}
    assert play(http, "ship", **form)[1] is False
    assert world.shop.orders[order_id]["items"][0]["qty_shipped"] == 2
    track = next(iter(world.shop.shipments.values()))["tracks"][0]
    assert (track["carrier_code"], track["title"], track["track_number"]) == ("ups", "United Parcel Service", "1Z1")


def test_an_empty_parcel_is_not_sent(http, world):
    order_id = import_order(world, SKU)
    item_id = world.shop.orders[order_id]["items"][0]["item_id"]
    assert play(http, "ship", order_id=str(order_id), **{f"item-{item_id}": "0"})[1] is True
    assert world.shop.shipments == {}


def test_the_catalogue_manager_creates_enables_disables_and_stocks(http, world):
    play(http, "create", sku="HAMMOCK-ULTRA")
    play(http, "enable", sku="POLE-TREK-PAIR")
    play(http, "set-stock", sku="FILTER-WATER-S", qty="12")
    play(http, "disable", sku=SKU)
    get = world.shop.catalog.get
    assert get("HAMMOCK-ULTRA") is not None
    assert (get("POLE-TREK-PAIR").status, get(SKU).status) == (1, 2)
    assert world.shop.salable_quantity("FILTER-WATER-S") == 12
    shown = http.get("/").text
    assert re.findall(r'value="FILTER-WATER-S">\s*<label.*\s*<input [^>]*value="([^"]*)"', shown) == ["12"]


@pytest.mark.parametrize(
    ("what", "form"),
    [
        ("nothing", {}),
        ("place", {"sku": "UNKNOWN", "person": "0"}),
        ("place", {"sku": SKU, "person": "99"}),
        ("set-stock", {"sku": SKU, "qty": "many"}),
        ("enable", {"sku": "UNKNOWN"}),
        ("create", {"sku": "UNKNOWN"}),
        ("ship", {"order_id": "404", "item-1": "1"}),
        ("pay", {}),
    ],
)
def test_what_cannot_be_done_is_said_on_the_page(http, what, form):
    note, failed = play(http, what, **form)
    assert failed
    assert note.startswith("Not done")


def test_a_note_is_text_and_never_markup(http):
    assert "<b>" not in http.get("/?note=<b>hello</b>").text


def test_a_shop_with_other_products_sells_those(http):
    world = World()
    world.shop.add_product("GLOBE", "Desk globe", price=35.5, qty=3)
    http = create_sandbox(world).test_client()
    assert "Desk globe" in http.get("/").text
    play(http, "place", sku="GLOBE", person="2", quantity="1")
    item = next(iter(world.marketplace.orders.values()))["orderItems"][0]
    assert item["product"]["title"] == "Desk globe"
