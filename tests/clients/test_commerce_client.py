"""The verbs of the Commerce client against the sandbox's shop."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from urllib.parse import parse_qsl, unquote

import httpx
import pytest

from bridge.commerce.query import any_of, batches, criteria, encode, indexes
from bridge.domain.commerce import CommerceOrder, StockAnswer, Track
from bridge.domain.names import split_name
from bridge.errors import RemoteError, Verdict
from bridge.sandbox.world import Fault
from tests.clients.commerce_desk import Desk, client_of, client_that_gets


@pytest.fixture
def desk() -> Desk:
    return Desk()


def make_order(desk: Desk, number: str, sku: str = "FILL-001", qty: int = 2, **more: object) -> CommerceOrder:
    """A plain order of the sandbox's shop, as small as Magento takes it."""
    product = desk.client.products([sku])[sku]
    item = {"sku": sku, "product_id": product.id, "product_type": "simple", "qty_ordered": qty, "price": 10.0}
    item |= {"row_total": 10.0 * qty, "base_row_total": 10.0 * qty, "ext_order_item_id": f"item-{number}"}
    entity = {
        "increment_id": f"AMZ-{number}",
        "ext_order_id": number,
        "store_id": 2,
        "state": "processing",
        "status": "processing",
        **{name: 10.0 * qty for total in ("subtotal", "grand_total") for name in (total, f"base_{total}")},
        "order_currency_code": "USD",
        "items": [item],
        "payment": {"method": "checkmo"},
    }
    return desk.client.create_order({"entity": entity | more})


# The shop


@pytest.mark.parametrize("auth", ["bearer", "oauth"])
def test_the_shop_tells_its_version_places_and_stock(auth):
    client = Desk(auth).client
    assert client.version().startswith("Magento/2.4")
    views = {view.code: view for view in client.store_views()}
    assert set(views) == {"default", "amazon_us"}, "the admin's own view takes no orders"
    us = views["amazon_us"]
    assert (us.id, us.website_id, us.website_code, us.base_currency, us.is_active) == (2, 1, "base", "USD", True)
    assert client.stock_id("base") == 1
    regions = client.countries()["US"]
    assert ("TX", "Texas", 57) in [(r.code, r.name, r.id) for r in regions]


def test_an_unknown_website_has_no_stock(desk):
    with pytest.raises(RemoteError) as caught:
        desk.client.stock_id("nowhere")
    assert (caught.value.status, caught.value.verdict) == (404, Verdict.PERMANENT)


def test_a_page_that_is_no_version_is_not_taken_for_one():
    with pytest.raises(RemoteError) as caught:
        client_that_gets(200, text="<html>Welcome</html>").version()
    assert caught.value.verdict is Verdict.RETRY


def test_a_wrong_token_is_told_apart_from_a_failing_shop(desk):
    desk.shop.bearer = "another"
    with pytest.raises(RemoteError) as caught:
        desk.client.store_views()
    assert caught.value.verdict is Verdict.REAUTHORISE


# Catalogue and stock


@pytest.mark.parametrize("auth", ["bearer", "oauth"])
def test_products_are_found_by_the_skus_that_were_asked(auth):
    desk = Desk(auth)
    asked = ["BLUE-MUG", "green-mug", "MUG, LARGE", "NOPE", " ", "BLUE-MUG"]
    found = desk.client.products(asked)
    assert {sku: p.sku for sku, p in found.items()} == {
        "BLUE-MUG": "BLUE-MUG",
        "green-mug": "GREEN-MUG",
        "MUG, LARGE": "MUG, LARGE",
    }
    mug, green = found["BLUE-MUG"], found["green-mug"]
    assert (mug.id, mug.name, mug.enabled, mug.type_id) == (1, "Blue mug", True, "simple")
    assert (mug.weight, mug.website_ids) == (Decimal("0.5"), (1,))
    assert not green.enabled


def test_many_products_are_asked_for_in_few_requests(desk):
    wanted = [f"FILL-{n:03}" for n in range(1, 61)] + [f"NOPE-{n:03}" for n in range(60)]
    assert len(desk.client.products(wanted)) == 60
    assert len(desk.sent) == 3
    assert desk.client.products([]) == {}
    assert len(desk.sent) == 3


def test_a_product_whose_sku_differs_by_an_accent_is_another_product(desk):
    desk.shop.add_product("ÜBER-TASSE", "Übertasse")
    assert desk.client.products(["UBER-TASSE"]) == {}
    assert desk.client.products(["über-tasse "])["über-tasse "].sku == "ÜBER-TASSE"


def test_a_sku_that_two_products_answer_by_case_is_nobodys():
    rows = [{"id": n, "sku": sku, "status": 1, "type_id": "simple"} for n, sku in enumerate(["mug", "MUG"], 1)]
    client = client_that_gets(200, json={"items": rows, "total_count": 2})
    found = client.products(["Mug", "MUG"])
    assert {sku: p.id for sku, p in found.items()} == {"MUG": 2}


@pytest.mark.parametrize("auth", ["bearer", "oauth"])
def test_stock_is_asked_for_many_products_at_once(auth):
    desk = Desk(auth)
    wanted = {f"FILL-{n:03}": 500 if n % 2 else 501 for n in range(1, 61)}
    told = desk.client.salable(wanted, 1)
    assert told == {sku: qty == 500 for sku, qty in wanted.items()}
    assert len(desk.sent) == 2


def test_backorders_and_unmanaged_stock_are_salable(desk):
    told = desk.client.salable({"BACKORDER-CHAIR": 9, "NO-STOCK-MGMT": 99, "SOLD-OUT-VASE": 1}, 1)
    assert told == {"BACKORDER-CHAIR": True, "NO-STOCK-MGMT": True, "SOLD-OUT-VASE": False}


def test_a_stock_that_has_too_few_needs_no_question_about_more(desk):
    desk.shop.set_stock("RED-MUG", 3)
    told = desk.client.ask_stock({"RED-MUG": 4, "BLUE-MUG": 1, "SOLD-OUT-VASE": 1, "CFG-MUG": 1}, 1)
    assert {sku: (answer.salable, answer.spent) for sku, answer in told.items()} == {
        "RED-MUG": (False, True), "BLUE-MUG": (True, False), "SOLD-OUT-VASE": (False, True), "CFG-MUG": (False, True),
    }  # fmt: skip


def test_a_refusal_for_another_reason_says_nothing_about_a_larger_quantity():
    errors = [{"code": "is_correct_qty-min_sale_qty", "message": "The fewest you may purchase is 3"}]
    client = client_that_gets(200, json=[{"sku": "MUG", "stock_id": 1, "salable": False, "errors": errors}])
    assert client.ask_stock({"MUG": 1}, 1)["MUG"] == StockAnswer(salable=False, spent=False)


def test_skus_that_spoil_a_request_spoil_no_others(desk):
    wanted = {"NOPE": 1} | {f"FILL-{n:03}": 1 for n in range(1, 9)} | {"CFG-MUG": 1, "SOLD-OUT-VASE": 1}
    told = desk.client.salable(wanted, 1)
    assert told == dict.fromkeys(wanted, True) | {"NOPE": False, "CFG-MUG": False, "SOLD-OUT-VASE": False}
    assert len(desk.sent) < 20


def test_a_shop_in_trouble_is_not_taken_for_an_empty_one(desk):
    desk.world.faults.add(Fault("/V1/inventory/", "answer", status=500, times=None))
    with pytest.raises(RemoteError) as caught:
        desk.client.salable({"BLUE-MUG": 1, "RED-MUG": 1}, 1)
    assert caught.value.verdict is Verdict.RETRY


# Orders


def test_a_created_order_can_be_found_by_either_number(desk):
    made = make_order(desk, "111-0000001-0000001")
    assert (made.state, made.store_id, made.grand_total, made.currency) == ("processing", 2, Decimal(20), "USD")
    number, ext = made.increment_id, made.ext_order_id
    by_number = desk.client.find_orders(increment_ids=[number])
    assert [o.entity_id for o in by_number] == [made.entity_id]
    assert desk.client.find_orders(increment_ids=[number], ext_order_ids=[ext or ""]) == by_number
    assert desk.client.orders([made.entity_id]) == by_number
    assert [(line.sku, line.qty_ordered, line.amazon_item_id) for line in by_number[0].lines] == [
        ("FILL-001", 2, "item-111-0000001-0000001")
    ]
    assert desk.client.find_orders(ext_order_ids=["none"]) == []
    assert desk.client.find_orders() == []


def test_the_numbers_of_many_orders_are_looked_up_in_batches(desk):
    made = [make_order(desk, f"111-{n}") for n in range(60)]
    desk.sent.clear()
    found = desk.client.find_orders(ext_order_ids=[o.ext_order_id or "" for o in made])
    assert [o.entity_id for o in found] == [o.entity_id for o in made]
    assert len(desk.sent) == 2


def test_more_orders_than_a_page_holds_are_all_found(desk):
    for n in range(60):
        make_order(desk, "same", increment_id=f"AMZ-{n}")
    desk.sent.clear()
    assert len(desk.client.find_orders(ext_order_ids=["same"])) == 60
    assert len(desk.sent) == 2


def test_rows_that_are_counted_but_not_shown_do_not_end_a_search_quietly():
    client = client_that_gets(200, json={"items": None, "total_count": 3})
    with pytest.raises(RemoteError):
        client.find_orders(ext_order_ids=["x"])


def test_an_order_goes_its_way_through_shipments_to_complete(desk):
    made = make_order(desk, "111-1")
    item = made.lines[0].item_id
    first = desk.client.ship(made.entity_id, {item: 1}, [Track("1Z1", "ups", "UPS")], source_code="default")
    second = desk.client.ship(made.entity_id, {item: Decimal(1)})
    (shown,) = desk.client.orders([made.entity_id])
    assert (shown.state, shown.lines[0].qty_shipped, shown.lines[0].qty_invoiced) == ("processing", 2, 0)
    parcels = desk.client.shipments_of([made.entity_id])
    assert [(p.entity_id, p.order_id, p.items) for p in parcels] == [
        (first, made.entity_id, ((item, Decimal(1)),)),
        (second, made.entity_id, ((item, Decimal(1)),)),
    ]
    assert [p.tracks for p in parcels] == [(Track("1Z1", "ups", "UPS"),), ()]
    assert desk.client.invoice(made.entity_id) >= 1
    (shown,) = desk.client.orders([made.entity_id])
    assert (shown.state, shown.status, shown.total_invoiced) == ("complete", "complete", Decimal(20))
    with pytest.raises(RemoteError) as caught:
        desk.client.invoice(made.entity_id)
    assert caught.value.verdict is Verdict.PERMANENT


def test_an_order_is_held_released_and_cancelled(desk):
    made = make_order(desk, "111-1")
    assert desk.client.hold(made.entity_id)
    assert desk.client.orders([made.entity_id])[0].state == "holded"
    assert desk.client.unhold(made.entity_id)
    assert desk.client.cancel(made.entity_id)
    assert not desk.client.cancel(made.entity_id), "Magento answers 200 false the second time"
    assert desk.client.orders([made.entity_id])[0].state == "canceled"


def test_state_and_status_are_written_without_touching_the_rest(desk):
    made = make_order(desk, "111-1")
    desk.client.write_state(made.entity_id, made.increment_id, "canceled", "canceled")
    (shown,) = desk.client.orders([made.entity_id])
    assert (shown.state, shown.status, shown.grand_total) == ("canceled", "canceled", Decimal(20))
    assert shown.lines == desk.client.find_orders(increment_ids=[made.increment_id])[0].lines


def test_a_comment_is_kept_and_one_with_another_status_refused(desk):
    made = make_order(desk, "111-1")
    desk.client.comment(made.entity_id, "Seen on Amazon 🎉")
    desk.client.comment(made.entity_id, "Again", "processing")
    history = desk.shop.orders[made.entity_id]["status_histories"]
    assert [entry["comment"] for entry in history][-2:] == ["Seen on Amazon ", "Again"]
    with pytest.raises(RemoteError) as caught:
        desk.client.comment(made.entity_id, "No", "pending")
    assert caught.value.verdict is Verdict.PERMANENT


# Shipments


@pytest.mark.parametrize("auth", ["bearer", "oauth"])
def test_shipments_since_a_moment_come_page_by_page(auth):
    desk = Desk(auth)
    made = make_order(desk, "111-1", qty=5)
    item = made.lines[0].item_id
    ids = [desk.client.ship(made.entity_id, {item: 1}) for _ in range(5)]
    desk.sent.clear()
    found = list(desk.client.shipments_since("2026-11-23 03:00:00", page_size=2))
    assert [shipment.entity_id for shipment in found] == ids
    assert len(desk.sent) == 3
    assert list(desk.client.shipments_since("2026-11-24 00:00:00")) == []


def test_a_shipment_that_turns_up_between_two_pages_hides_no_other(desk):
    made = make_order(desk, "111-1", qty=5)
    item = made.lines[0].item_id
    ids = [desk.client.ship(made.entity_id, {item: 1}) for _ in range(4)]
    walk = desk.client.shipments_since("2026-11-23 03:00:00", page_size=2)
    seen = [next(walk), next(walk)]
    ids.append(desk.client.ship(made.entity_id, {item: 1}))
    seen += walk
    assert [shipment.entity_id for shipment in seen] == ids


def test_a_late_track_is_seen_by_reading_the_orders_shipments(desk):
    made = make_order(desk, "111-1")
    shipment = desk.client.ship(made.entity_id, {made.lines[0].item_id: 2})
    desk.shop.add_track(shipment, "dhl", "DHL", "LATE-1")
    assert [p.tracks for p in desk.client.shipments_of([made.entity_id])] == [(Track("LATE-1", "dhl", "DHL"),)]


# Customers


def test_a_customer_is_made_once_per_website(desk):
    jane = {"email": "jane+1@example.com", "firstname": "Jane", "lastname": "Doe", "website_id": 1, "store_id": 2}
    assert desk.client.find_customer("jane+1@example.com", 1) is None
    made = desk.client.create_customer(**jane)
    assert desk.client.find_customer("jane+1@example.com", 1) == made
    assert desk.client.create_customer(**jane) == made, "somebody else was faster"


def test_a_customers_name_that_magento_refuses_is_an_error(desk):
    with pytest.raises(RemoteError) as caught:
        desk.client.create_customer(email="j@example.com", firstname="J@ne", lastname="Doe", website_id=1, store_id=2)
    assert caught.value.message == "First Name is not valid!"


@pytest.mark.parametrize("name", ["Madonna", "Jane “JD” Doe (c/o Smith)", "🎉", "山田 太郎", "O\u2018Neil & Sons"])
def test_every_name_that_was_split_is_taken_for_a_customer(desk, name):
    first, last = split_name(name)
    email = "jane@example.com"
    assert desk.client.create_customer(email=email, firstname=first, lastname=last, website_id=1, store_id=2) >= 1


def test_threads_share_one_client():
    desk = Desk("oauth")
    made = [make_order(desk, f"111-{n}") for n in range(8)]
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda order: desk.client.orders([order.entity_id]), made))
    assert [[o.entity_id for o in orders] for orders in found] == [[o.entity_id] for o in made]


# Query strings


def test_query_strings_are_built_as_oauth_signs_them():
    text = encode(criteria([("updated_at", "2026-10-01 06:30:00", "gteq")], page_size=100, sort="entity_id"))
    assert "2026-10-01%2006%3A30%3A00" in text
    assert "+" not in text
    assert all(value for _, value in parse_qsl(text, keep_blank_values=True))
    assert unquote(text).startswith("searchCriteria[filter_groups][0][filters][0][field]=updated_at&")


def test_list_indexes_have_one_width():
    assert indexes(1) == ["0"]
    assert indexes(10) == [str(n) for n in range(10)]
    assert indexes(12) == [f"{n:02}" for n in range(12)]
    assert indexes(101)[0] == "000"
    assert indexes(0) == []


def test_batches_are_short_enough_for_a_url():
    assert [len(batch) for batch in batches(map(str, range(120)))] == [50, 50, 20]
    assert [len(batch) for batch in batches(["Ü" * 64] * 25)] == [10, 10, 5]
    assert list(batches(["x" * 9000])) == [["x" * 9000]]
    assert list(batches([])) == []


def test_a_value_with_a_comma_is_asked_for_alone():
    assert list(any_of("sku", ["A", "B, C", "D"])) == [("sku", "B, C", "eq"), ("sku", "A,D", "in")]


def test_a_request_asks_for_json_below_rest_all():
    seen = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200, json={"stock_id": 7})

    assert client_of(answer).stock_id("eu west") == 7
    assert str(seen[0].url) == "https://shop.example.com/rest/all/V1/inventory/stock-resolver/website/eu%20west"
    assert seen[0].headers["Accept"] == "application/json"
    assert seen[0].headers["Authorization"] == "Bearer t"


def test_the_currencies_of_a_store_view_are_those_that_have_a_rate():
    desk = Desk()
    desk.shop.set_exchange_rate("GBP", 0.7913, "amazon_us")
    desk.shop.set_exchange_rate("CHF", 0, "amazon_us")
    assert desk.client.exchange_rates("amazon_us") == {"USD": Decimal(1), "GBP": Decimal("0.7913")}
    assert desk.client.exchange_rates("default") == {"USD": Decimal(1)}


@pytest.mark.parametrize(("release", "takes"), [("2.4.6", False), ("2.4.7", True), ("2.4.9", True)])
def test_whether_a_shop_takes_tax_rows_is_read_off_its_schema(release, takes):
    desk = Desk("oauth1")
    desk.shop.release = release
    assert desk.client.takes_tax_rows() is takes


@pytest.mark.parametrize(
    "answer", [{"status": 404}, {"status": 403}, {"status": 500}, {"status": 200, "text": "<html>"}]
)
def test_a_shop_that_shows_no_schema_gets_no_tax_rows(answer):
    assert client_that_gets(**answer).takes_tax_rows() is False


@pytest.mark.parametrize("status", [429, 503])
def test_a_shop_that_is_away_is_asked_for_its_schema_again(status):
    with pytest.raises(RemoteError):
        client_that_gets(status).takes_tax_rows()


def test_a_shop_without_inventory_modules_is_asked_product_by_product():
    desk = Desk("oauth1")
    desk.shop.inventory_modules = False
    assert desk.client.stock_id("base") == 0
    desk.shop.add_product("A/B", "Slash", qty=0)
    asked = {"BLUE-MUG": 100, "RED-MUG": 51, "SOLD-OUT-VASE": 1, "BACKORDER-CHAIR": 9, "NO-STOCK-MGMT": 9}
    asked |= {"MUG, LARGE": 30, "NOPE": 1, "A/B": 1}
    assert desk.client.salable(asked, 0) == {
        "BLUE-MUG": True, "RED-MUG": False, "SOLD-OUT-VASE": False, "BACKORDER-CHAIR": True, "NO-STOCK-MGMT": True,
        "MUG, LARGE": True, "NOPE": False, "A/B": True,
    }  # fmt: skip


def test_a_website_that_is_not_there_is_no_shop_without_inventory_modules():
    with pytest.raises(RemoteError):
        Desk().client.stock_id("nowhere")
