"""The two Python clients: whole, typed, and good for a merchant's morning on a live bridge."""

from __future__ import annotations

import compileall
import enum
import re
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.generated.clients import PYTHON, Refused
from tests.generated.conftest import Live
from tests.generated.generating import Workshop, blocks, tool

Operations = dict[str, tuple[str, dict[str, Any]]]


@pytest.fixture(params=PYTHON, ids=lambda kind: kind.program)
def kind(request: pytest.FixtureRequest) -> Any:
    return request.param


@pytest.fixture
def client(kind: Any, workshop: Workshop, live: Live) -> Any:
    return kind(workshop.run(kind.program).folder, live.address)


@pytest.fixture
def package(kind: Any, workshop: Workshop) -> Any:
    """A client that has nobody to call."""
    return kind(workshop.run(kind.program).folder, "http://127.0.0.1:9")


def test_the_generator_has_nothing_to_say_against_the_document(kind: Any, workshop: Workshop):
    assert kind.complaints(workshop.run(kind.program).printed) == []


def test_every_operation_is_there(package: Any, operations: Operations):
    assert len(operations) > 30
    for operation_id in operations:
        assert package.operation(operation_id)


def test_it_compiles_and_every_module_can_be_imported(package: Any):
    assert compileall.compile_dir(package.root.__path__[0], quiet=1)
    assert len(package.modules) > 50


def test_its_types_hold(kind: Any, workshop: Workshop):
    folder = workshop.run(kind.program).folder / kind.within
    checked = subprocess.run(
        [sys.executable, "-m", "mypy", "--config-file=", "--disable-error-code=import-untyped", kind.package],
        cwd=folder, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    wrong = [text for text in checked.stdout.splitlines() if " error: " in text]
    # Its HTTP client is the same for every document, and handles __exit__ loosely.
    assert [text for text in wrong if not text.startswith("bridge_client/client.py")] == []
    assert "checked" in checked.stdout or "Success" in checked.stdout, checked.stdout + checked.stderr


def test_no_parameter_and_no_field_is_of_any_type(package: Any):
    made = [module for name, module in package.modules.items() if ".api." in name or ".models." in name]
    assert len(made) > 50
    for module in made:
        assert re.findall(package.untyped, Path(module.__file__).read_text(), re.MULTILINE) == [], module.__name__


def test_every_enumeration_is_one_class(package: Any, contract: dict[str, Any]):
    held = [
        value
        for name in dir(package.models)
        if isinstance(value := getattr(package.models, name), type) and issubclass(value, enum.Enum)
    ]
    documented = {name for name, schema in contract["components"]["schemas"].items() if "enum" in schema}
    assert {value.__name__ for value in held} == documented


def test_money_and_quantities_of_money_are_strings(package: Any):
    money = package.models.Money.from_dict({"amount": "12.30", "currency": "USD"})
    assert (money.amount, money.to_dict()) == ("12.30", {"amount": "12.30", "currency": "USD"})


def test_orders_are_filtered_sorted_and_paged(client: Any, live: Live):
    models = client.models
    page = client.call("listOrders", status=[models.OrderStatus("Error")], total_min="1.00", total_max="99.5").value
    (order,) = page.items
    assert isinstance(order.status, models.OrderStatus)
    assert (order.amazon_order_id, order.status.value, page.total_count) == (live.blocked, "Error", 1)
    assert [blocker.code.value for blocker in order.blockers] == ["product_not_found"]
    assert (order.grand_total.amount, order.grand_total.currency) == live.total(live.blocked)

    query = {"status": [models.OrderStatus("Error"), models.OrderStatus("Unshipped")], "page_size": 2}
    query |= {"sort": models.OrderSort("total"), "purchase_date_from": "2026-11-02"}
    first = client.call("listOrders", **query).value
    rest = client.call("listOrders", **query, cursor=first.to_dict()["next"]).value
    shown = [*first.items, *rest.items]
    assert {order.amazon_order_id for order in shown} == {live.blocked, live.imported, live.view_only}
    totals = [Decimal(order.grand_total.amount) for order in shown]
    assert totals == sorted(totals)
    assert [o.amazon_order_id for o in client.call("listOrders", buyer_name="jose gar").value.items] == [live.imported]
    assert client.call("listOrders", purchase_date_to="2026-11-01").value.items == []


def test_settings_make_a_round_trip_and_a_stale_etag_is_refused(client: Any, live: Live):
    models, store_id = client.models, live.stage.store_id
    before = client.call("getOrderSettings", store_id)
    assert before.value.invoice is models.InvoiceSetting("at_completion")
    change = models.OrderSettingsChange(
        order_status=models.OrderStatusSetting("custom"), processing_status="amazon_new", order_number_prefix="AMZ-"
    )
    after = client.call("saveOrderSettings", store_id, body=change, if_match=before.headers["ETag"])
    assert (after.value.order_status.value, after.value.processing_status) == ("custom", "amazon_new")
    assert after.headers["ETag"] != before.headers["ETag"]
    with pytest.raises(Refused) as stale:
        client.call("saveOrderSettings", store_id, body=change, if_match=before.headers["ETag"])
    assert (stale.value.status, stale.value.problem.code) == (412, "precondition_failed")
    now = client.call("getOrderSettings", store_id)
    assert (now.headers["ETag"], now.value) == (after.headers["ETag"], after.value)


def test_a_blocked_order_is_previewed_mended_and_imported(client: Any, live: Live):
    order_id = live.id(live.blocked)
    seen = client.call("previewOrder", order_id).value
    assert seen.can_be_created is False
    assert [(blocker.code.value, blocker.sku) for blocker in seen.blockers] == [("product_not_found", "GREEN-MUG")]
    live.stage.shop.add_product("GREEN-MUG", "Green mug", qty=10, price=8.10)
    mended = client.call("previewOrder", order_id).value
    assert (mended.can_be_created, mended.blockers) == (True, [])
    assert all(isinstance(line.row_total, str) for line in mended.lines)
    run = client.call("importOrder", order_id).value
    assert (run.job.value, run.store_id) == ("import", live.stage.store_id)
    assert client.call("getJobRun", run.id).value.state.value == "succeeded"
    order = client.call("getOrder", order_id).value
    assert (order.status.value, order.import_state.value) == ("Unshipped", "imported")
    assert Decimal(order.grand_total.amount) == Decimal(str(live.stage.commerce_order(live.blocked)["grand_total"]))


def test_view_only_orders_are_imported_and_those_that_cannot_be_are_named(client: Any, live: Live):
    asked = [live.id(live.view_only), live.id(live.imported)]
    assert client.call("getOrder", asked[0]).value.import_state.value == "view_only"
    answer = client.call("importOrders", body=client.models.ImportOrders(order_ids=asked)).value
    assert answer.accepted == asked[:1]
    assert [(refused.order_id, refused.code) for refused in answer.refused] == [(asked[1], "already_imported")]
    order = client.call("getOrder", asked[0]).value
    assert order.commerce_order.number == live.stage.commerce_order(live.view_only)["increment_id"]


def test_an_order_is_cancelled_on_both_sides_and_only_once(client: Any, live: Live):
    order_id = live.id(live.imported)
    body = client.models.CancelOrder(reason=client.models.CancelReason("NoInventory"))
    client.call("cancelOrder", order_id, body=body)
    with pytest.raises(Refused) as again:
        client.call("cancelOrder", order_id, body=body)
    assert (again.value.status, again.value.problem.code) == (409, "cancellation_requested")
    for _ in range(3):
        live.stage.sync()
    order = client.call("getOrder", order_id).value
    assert (order.status.value, order.commerce_order.status) == ("Canceled", "canceled")
    assert live.stage.commerce_order(live.imported)["state"] == "canceled"


def test_every_answer_to_a_question_can_be_read(client: Any, live: Live, operations: Operations):
    """Strictly: a client refuses what the document does not describe."""
    ids = {"store_id": live.stage.store_id, "order_id": live.id(live.imported)}
    asked = 0
    for operation_id, (method, operation) in operations.items():
        path = [held["name"] for held in operation.get("parameters", []) if held["in"] == "path"]
        if method == "get" and set(path) <= set(ids):
            assert client.call(operation_id, *(ids[name] for name in path)).value is not None, operation_id
            asked += 1
    assert asked > 15


def test_plain_text_is_sent_and_read(client: Any, live: Live):
    ours = f"{live.stage.commerce_order(live.imported)['increment_id']}:BLUE-MUG:-2.000000:1"
    listing = client.text(f"{ours}\nFOREIGN-1:BLUE-MUG:-7.000000:1\n")
    assert client.call("filterReservations", live.stage.store_id, body=listing).value == f"{ours}\n"
    lines = client.call("exportOrders").value.splitlines()
    assert len(lines) == 4
    assert live.imported in "".join(lines)


def test_what_the_bridge_refuses_is_told_in_its_own_words(client: Any):
    with pytest.raises(Refused) as unknown:
        client.call("getOrder", 4711)
    problem = unknown.value.problem
    assert (unknown.value.status, problem.status, problem.code) == (404, 404, "not_found")
    assert "4711" in problem.detail


def test_the_readme_s_example_tells_why_orders_are_not_in_commerce(workshop: Workshop, live: Live):
    example = blocks()[1].replace("http://127.0.0.1:8000", live.address)
    assert live.address in example
    folder = workshop.run("openapi-python-client").folder
    printed = tool([sys.executable, "-W", "error", "-c", example], folder)
    (shown,) = printed.splitlines()
    assert shown.startswith(" ".join([live.blocked, *live.total(live.blocked)]))
    assert "GREEN-MUG" in shown
