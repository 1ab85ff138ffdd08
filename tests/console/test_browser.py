"""The console in a real browser: what a merchant does from the key to a mended order."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, Route, expect

from bridge import webhooks
from bridge.models import OrderSettingsRow, OutgoingChange
from bridge.sandbox.world import Fault
from tests.console.conftest import Shown, enter
from tests.receivers import receiving

# A browser that goes away in the middle of a file: werkzeug's server for development then leaves the file to Python.
_LEFT_OPEN = "ignore:.*console/static:pytest.PytestUnraisableExceptionWarning"
pytestmark = [pytest.mark.browser, pytest.mark.filterwarnings(_LEFT_OPEN)]
RULES = {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
COLOURS = {"type": "rule", "values": ["color-contrast"]}  # all in which a dark page differs from a light one


def rows(page: Page) -> Any:
    return page.locator("#listing tbody tr")


def test_from_the_key_to_a_mended_order(open_browser: Any, shown: Shown):
    page = open_browser()
    page.goto("/console/orders")
    page.get_by_label("API key").fill("not-a-key")
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_text("This key is not known, has expired or was revoked.")).to_be_visible()
    page.get_by_label("API key").fill("bridge-demo-key")
    page.get_by_role("button", name="Continue").click()
    expect(rows(page)).to_have_count(3)
    expect(page.get_by_text("Your Amazon store(s) has orders that cannot be imported into Commerce.")).to_be_visible()

    page.get_by_role("checkbox", name="Error").check()
    page.get_by_role("button", name="Apply filters").click()
    expect(rows(page)).to_have_count(1)
    expect(page).to_have_url(re.compile(r"\?status=Error$"))
    page.get_by_role("link", name=shown.blocked).click()
    expect(page.get_by_role("heading", name=f"Order {shown.blocked}")).to_be_visible()
    expect(page.locator("#blockers")).to_contain_text("No product with the SKU GREEN-MUG in Commerce.")
    expect(page.locator("#blockers")).to_contain_text("Create a product with this SKU in Commerce")
    expect(page.get_by_role("link", name="‹ All orders")).to_have_attribute(
        "href", re.compile(r"/console/orders\?status=Error$")
    )

    shown.stage.shop.add_product("GREEN-MUG", "Green mug", qty=5, price=19.99)
    shown.stage.wait()
    page.get_by_role("button", name="Retry import").click()
    expect(page.locator("#notice")).to_contain_text("The import of this order has started.")
    expect(page.locator("#blockers")).to_be_hidden()
    expect(page.get_by_role("button", name="Retry import")).to_have_count(0)
    expect(page.locator("#messages")).to_be_hidden()
    number = shown.stage.commerce_order(shown.blocked)["increment_id"]
    expect(page.locator("#actions").get_by_role("link", name=f"Commerce {number}")).to_be_visible()


def test_the_filters_stand_in_the_address_and_as_chips(page: Page, shown: Shown):
    page.goto("/console/orders?status=Error&status=Pending&channel=FBM&sort=total&page_size=10")
    expect(rows(page)).to_have_count(2)
    expect(page.get_by_role("checkbox", name="Error")).to_be_checked()
    expect(page.get_by_role("columnheader", name="Total")).to_have_attribute("aria-sort", "ascending")
    expect(page.get_by_role("button", name="Apply filters")).to_be_disabled()

    page.get_by_role("button", name="Remove the filter Status: Pending").click()
    expect(rows(page)).to_have_count(1)
    expect(page).to_have_url(re.compile(r"\?channel=FBM&sort=total&page_size=10&status=Error$"))
    page.go_back()
    expect(rows(page)).to_have_count(2)
    page.get_by_role("button", name="Clear all filters").click()
    expect(rows(page)).to_have_count(3)
    expect(page.locator("#chips")).to_be_hidden()


def test_a_header_sorts_the_whole_result_and_says_so(page: Page, shown: Shown):
    page.goto("/console/orders?page_size=10")
    header = page.get_by_role("columnheader", name="Order number")
    first = rows(page).first.locator("td.main a").first
    numbers = sorted((shown.completed, shown.blocked, shown.pending))
    header.get_by_role("button").click()
    expect(header).to_have_attribute("aria-sort", "ascending")
    expect(first).to_have_text(numbers[0])
    header.get_by_role("button").click()
    expect(header).to_have_attribute("aria-sort", "descending")
    expect(first).to_have_text(numbers[-1])


def test_a_day_filters_from_its_begin_to_its_end(page: Page, shown: Shown):
    page.goto("/console/orders?purchase_date_from=2026-11-02&purchase_date_to=2026-11-02")
    expect(rows(page)).to_have_count(3)
    page.goto("/console/orders?purchase_date_from=2026-11-03")
    expect(page.get_by_text("No order matches.")).to_be_visible()


def test_what_the_api_refuses_stands_at_its_field(page: Page, shown: Shown):
    page.goto("/console/orders")
    box = page.get_by_role("textbox", name="Total from")
    box.fill("a lot")
    box.press("Enter")
    expect(page.locator("#total_min-error")).to_have_text("Must be a decimal number such as 12.30.")
    expect(box).to_have_attribute("aria-invalid", "true")
    expect(page.locator("#notice")).to_be_empty()
    page.reload()
    expect(page.locator("#total_min-error")).to_have_text("Must be a decimal number such as 12.30.")
    expect(page.locator("#notice")).to_be_empty()
    expect(page.locator("#listing table")).to_be_hidden()
    box.fill("1.00")
    box.press("Enter")
    expect(page.locator("#total_min-error")).to_be_empty()
    expect(page.locator("#listing table")).to_be_visible()


@pytest.mark.parametrize(("path", "name"), [("orders", "Order number"), ("audit", "Who")])
def test_what_is_typed_while_the_page_still_loads_stays_and_counts(page: Page, shown: Shown, path: str, name: str):
    held: list[Route] = []
    page.route("**/api/v1/stores", lambda route: held.append(route))  # noqa: PLW0108  of a built-in it takes none
    with page.expect_request("**/api/v1/stores"):
        page.goto(f"/console/{path}?store_id={shown.stage.store_id}")
    box = page.get_by_role("textbox", name=name)
    box.fill("111-0000000")
    while not held:
        page.wait_for_timeout(10)
    for route in held:
        route.continue_()
    page.unroute("**/api/v1/stores")
    expect(page.locator("#listing")).not_to_have_attribute("aria-busy", "true")
    expect(page.get_by_role("combobox", name="Store")).to_have_value(str(shown.stage.store_id))
    expect(box).to_have_value("111-0000000")
    box.press("Enter")
    expect(page).to_have_url(re.compile(f"store_id={shown.stage.store_id}.*=111-0000000"))
    expect(page.locator("#listing .empty")).to_be_visible()


def test_an_order_moves_without_a_hand_until_the_updates_are_paused(open_browser: Any, shown: Shown):
    page = open_browser()
    page.clock.install()
    enter(page)
    page.goto("/console/orders?order_number=" + shown.pending)
    row = rows(page).first
    expect(row).to_contain_text("Pending")
    link = row.get_by_role("link", name=shown.pending)
    link.focus()

    shown.stage.amazon.verify_payment(shown.pending)
    shown.stage.sync("sync")
    page.clock.run_for(6000)
    expect(row).to_contain_text("Unshipped")
    expect(link).to_be_focused()

    pause = page.get_by_role("button", name="Pause updates")
    pause.click()
    expect(pause).to_have_attribute("aria-pressed", "true")
    shown.stage.sync("import")
    with page.expect_response("**/api/v1/orders?**") as answered:
        page.clock.run_for(20_000)
        pause.click()
    assert answered.value.ok
    expect(row).to_contain_text("Created in Commerce")


def test_the_many_are_imported_at_once(page: Page, shown: Shown):
    shown.stage.set(import_orders="disabled")
    late = [shown.stage.paid_order() for _ in range(2)]
    shown.stage.sync("sync")
    shown.stage.set(import_orders="enabled")
    page.goto("/console/orders?import_state=view_only")
    expect(rows(page)).to_have_count(2)
    for number in late:
        page.get_by_role("checkbox", name=f"Import order {number}").check()
    expect(page.get_by_text("2 orders selected")).to_be_visible()
    page.get_by_role("button", name="Import selected").click()
    expect(page.locator("#notice")).to_contain_text("2 orders will be imported now.")
    expect(page.get_by_text("No order matches.")).to_be_visible()
    assert [len(shown.stage.commerce_orders(number)) for number in late] == [1, 1]


def test_the_tabs_of_an_order_work_by_keyboard_and_show_everything(page: Page, shown: Shown):
    page.goto(f"/console/orders/{shown.id(shown.completed)}")
    tab = page.get_by_role("tab", name="Details and shipping")
    tab.focus()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("tab", name="Items")).to_be_focused()
    expect(page.get_by_role("tabpanel")).to_contain_text("Blue-Mug")
    expect(page.get_by_role("tabpanel")).to_contain_text("$48.68")
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("tabpanel")).to_contain_text("United Parcel Service 1Z1")
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("tabpanel")).to_contain_text("Received from Amazon as Unshipped.")
    page.keyboard.press("End")
    expect(page.get_by_role("tabpanel")).to_contain_text("The same to the cent")
    expect(page).to_have_url(re.compile("#preview$"))


def test_an_order_that_is_not_paid_yet_shows_what_is_known(page: Page, shown: Shown):
    page.goto(f"/console/orders/{shown.id(shown.pending)}#items")
    expect(page.get_by_role("heading", name=f"Order {shown.pending}")).to_be_visible()
    expect(page.locator("#items")).to_contain_text("BLUE-MUG")
    expect(page.get_by_role("alert")).to_have_count(0)


def test_an_unshipped_order_is_cancelled_with_a_reason_and_only_once(page: Page, shown: Shown):
    number = shown.stage.paid_order()
    shown.stage.sync("sync", "import")
    page.goto(f"/console/orders/{shown.id(number)}")
    page.get_by_role("button", name="Cancel order").click()
    dialog = page.get_by_role("dialog", name="Cancel this order on Amazon?")
    dialog.get_by_role("button", name="Keep it").click()
    expect(dialog).to_be_hidden()
    page.get_by_role("button", name="Cancel order").click()
    dialog.get_by_label("Reason").select_option(label="Buyer canceled")
    dialog.get_by_role("button", name="Cancel order").click()
    expect(page.locator("#notice")).to_contain_text("Amazon is asked to cancel this order.")
    expect(page.locator("#title")).to_contain_text("Cancellation requested")
    expect(page.locator("#actions").get_by_role("button", name="Cancel order")).to_have_count(0)
    (change,) = shown.stage.changes(number)
    assert (change.kind, change.payload["reason"]) == ("cancel_amazon", "BuyerCanceled")
    for done in (shown.completed, shown.pending):
        page.goto(f"/console/orders/{shown.id(done)}")
        expect(page.get_by_role("heading", name=f"Order {done}")).to_be_visible()
        expect(page.get_by_role("button", name="Cancel order")).to_have_count(0)


def test_a_buyers_wish_to_cancel_is_told_above_all(page: Page, shown: Shown):
    number = shown.stage.paid_order()
    shown.stage.sync("sync", "import")
    shown.stage.amazon.request_cancel(number, "Found it cheaper")
    shown.stage.sync("sync", "complete")
    page.goto(f"/console/orders/{shown.id(number)}")
    expect(page.locator("#blockers")).to_contain_text("The buyer asks to cancel this order.")
    expect(page.locator("#blockers")).to_contain_text("Reason: Found it cheaper.")
    expect(page.locator("#overview")).to_contain_text("On hold")


def test_the_address_of_a_blocked_order_is_changed(page: Page, shown: Shown):
    page.goto(f"/console/orders/{shown.id(shown.blocked)}")
    page.get_by_role("button", name="Change the address").click()
    dialog = page.get_by_role("dialog", name="Where the parcel goes")
    dialog.get_by_label("City").fill("")
    dialog.get_by_role("button", name="Save address").click()
    expect(dialog.get_by_label("City")).to_have_attribute("aria-invalid", "true")
    dialog.get_by_label("City").fill("Portland")
    dialog.get_by_label("Street, second line").fill("Back door")
    dialog.get_by_label("State or region").fill("OR")
    dialog.get_by_role("button", name="Save address").click()
    expect(dialog).to_be_hidden()
    expect(page.locator("#notice")).to_contain_text("The address is saved.")
    expect(page.locator("#overview")).to_contain_text("Written here, in place of Amazon's.")
    expect(page.locator("#overview")).to_contain_text("Portland")
    held = shown.stage.order(shown.blocked).personal.address_edited
    assert (held["lines"][1], held["city"], held["region"]) == ("Back door", "Portland", "OR")
    page.goto(f"/console/orders/{shown.id(shown.completed)}")
    expect(page.locator("#overview")).to_contain_text("Shipping address")
    expect(page.get_by_role("button", name="Change the address")).to_have_count(0)


def test_the_preview_of_a_blocked_order_says_what_stands_against_it(page: Page, shown: Shown):
    page.goto(f"/console/orders/{shown.id(shown.blocked)}#preview")
    expect(page.get_by_role("tabpanel")).to_contain_text("No product with the SKU GREEN-MUG in Commerce.")


def test_a_blocker_leads_to_the_match_that_mends_it(page: Page, shown: Shown):
    page.goto(f"/console/orders/{shown.id(shown.blocked)}")
    page.get_by_role("link", name="Match the listing to a product").click()
    expect(page.get_by_label("Seller SKU", exact=True)).to_have_value("GREEN-MUG")
    page.get_by_role("button", name="Save match").click()
    expect(page.locator("#commerce_sku-error")).not_to_be_empty()
    page.get_by_label("Commerce SKU").fill("BLUE-MUG")
    page.get_by_role("button", name="Save match").click()
    expect(rows(page)).to_have_count(1)
    expect(rows(page)).to_contain_text("SKU GREEN-MUG")
    shown.stage.sync("import")
    assert len(shown.stage.commerce_orders(shown.blocked)) == 1

    page.get_by_role("button", name="Delete the match of SKU GREEN-MUG").click()
    page.keyboard.press("Escape")
    expect(rows(page)).to_have_count(1)
    page.get_by_role("button", name="Delete the match of SKU GREEN-MUG").click()
    page.get_by_role("button", name="Delete match", exact=True).click()
    expect(page.get_by_text("No listing is matched by hand")).to_be_visible()


def test_a_carrier_that_amazon_does_not_know_is_mapped_by_its_suggestion(page: Page, shown: Shown):
    number = shown.stage.paid_order()
    shown.stage.sync("sync", "import")
    shown.stage.shop.ship(shown.stage.commerce_order(number)["entity_id"], tracks=[("custom", "Fed Exx", "F1")])
    shown.stage.sync("confirm")
    page.goto(f"/console/stores/{shown.stage.store_id}/carriers")
    expect(page.locator("#unmapped")).to_contain_text("Other: Fed Exx")
    page.get_by_role("button", name="Map Fed Exx").click()
    expect(page.get_by_label("Amazon's code or Other")).to_have_value("FedEx")
    page.get_by_role("button", name="Save carrier").click()
    expect(page.locator("#notice")).to_contain_text("For Fed Exx, Amazon is told FedEx.")
    expect(page.locator("#unmapped-card")).to_be_hidden()
    expect(page.locator("#mapped")).to_contain_text("fed exx")

    page.get_by_label("Shop's code or title").fill("Zippy")
    page.get_by_label("Amazon's code or Other").fill("Other")
    page.get_by_role("button", name="Save carrier").click()
    expect(page.get_by_label("Name, with Other")).to_have_attribute("aria-invalid", "true")
    page.get_by_label("Name, with Other").fill("Zippy Bikes")
    page.get_by_role("button", name="Save carrier").click()
    expect(page.locator("#mapped tr")).to_have_count(2)
    page.get_by_role("button", name="Delete fed exx").click()
    expect(page.locator("#mapped tr")).to_have_count(1)
    expect(page.locator("#mapped")).to_contain_text("Other: Zippy Bikes")


def test_the_order_settings_allow_what_makes_sense(page: Page, shown: Shown):
    page.goto(f"/console/stores/{shown.stage.store_id}/order-settings")
    status, save = page.get_by_label("Processing status"), page.get_by_role("button", name="Save order settings")
    expect(page.get_by_label("Order status")).to_be_enabled()
    expect(status).to_be_disabled()
    expect(save).to_be_disabled()
    page.get_by_label("Order status").select_option("custom")
    expect(status).to_be_enabled()
    save.click()
    expect(page.locator("#processing_status-error")).to_contain_text("Required when order_status is custom.")
    status.fill("amazon_processing")
    save.click()
    expect(page.locator("#notice")).to_contain_text("Saved.")
    page.get_by_label("Import orders").select_option("disabled")
    expect(status).to_be_disabled()
    expect(page.get_by_label("Invoice")).to_be_disabled()
    save.click()
    expect(page.locator("#notice")).to_contain_text("Saved.")
    with shown.stage.bridge.db.reading() as session:
        row = session.get_one(OrderSettingsRow, shown.stage.store_id)
        assert (row.import_orders, row.processing_status) == ("disabled", "amazon_processing")


def test_settings_that_somebody_else_changed_are_not_overwritten(open_browser: Any, page: Page, shown: Shown):
    path = f"/console/stores/{shown.stage.store_id}/order-settings"
    other = open_browser()
    enter(other)
    for window, value in ((page, "at_import"), (other, "new_account")):
        window.goto(path)
        label = "Invoice" if window is page else "Customer creation"
        expect(window.get_by_label(label)).to_be_enabled()
        window.get_by_label(label).select_option(value)
    page.get_by_role("button", name="Save order settings").click()
    expect(page.locator("#notice")).to_contain_text("Saved.")
    other.get_by_role("button", name="Save order settings").click()
    expect(other.locator("#notice")).to_contain_text("somebody else has changed these settings")
    expect(other.get_by_label("Customer creation")).to_have_value("new_account")
    other.get_by_role("button", name="Load them as they are now").click()
    expect(other.get_by_label("Customer creation")).to_have_value("guest")
    expect(other.get_by_label("Invoice")).to_have_value("at_import")


def test_the_dashboard_shows_sales_as_a_chart_and_as_a_table(page: Page, shown: Shown):
    page.goto(f"/console/stores/{shown.stage.store_id}")
    expect(page.locator("#lifetime")).to_have_text("$48.68")
    expect(page.locator("#chart svg")).to_have_attribute("aria-label", re.compile(r"last 30 days .*\$48\.68"))
    expect(page.locator("#chart .bar")).to_have_count(30)
    page.get_by_label("Period").select_option("7")
    expect(page.locator("#chart .bar")).to_have_count(7)
    page.get_by_text("Revenue by day as a table").click()
    expect(page.locator("#chart-table tbody tr")).to_have_count(7)
    expect(page.locator("#counts")).to_contain_text(re.compile(r"Completed\s*1"))
    expect(page.locator("#overdue")).to_be_hidden()
    page.get_by_role("button", name="Verify the connection").click()
    expect(page.locator("#checks li")).not_to_have_count(0)
    page.get_by_role("button", name="Deactivate the store").click()
    expect(page.get_by_role("button", name="Activate the store")).to_be_visible()
    page.get_by_role("button", name="Read Amazon's changes now").click()
    expect(page.locator("#notice")).to_contain_text("The store is deactivated.")
    shown.stage.wait(timedelta(days=5))
    page.reload()
    expect(page.locator("#overdue-title")).to_have_text("Overdue: 1 order")
    page.locator("#overdue").get_by_role("link", name=shown.blocked).click()
    expect(page.get_by_role("tabpanel")).to_contain_text("Overdue")


def test_a_confirmation_that_amazon_refused_is_sent_again(page: Page, shown: Shown):
    order, now = shown.stage.order(shown.blocked), shown.stage.world.now()
    parcel = {"tracking_number": "1Z7", "carrier_code": "ups", "title": "UPS", "ship_date": now.isoformat(),
              "items": [[order.lines[0].amazon_item_id, 1]]}  # fmt: skip
    with shown.stage.bridge.db.session() as session:
        session.add(
            OutgoingChange(
                store_id=order.store_id, order_id=order.id, kind="confirm_shipment", reference="7", payload=parcel,
                state="refused", last_error="The carrier is not known.", due_at=now, created_at=now,
            )
        )  # fmt: skip
    page.goto(f"/console/orders/{order.id}")
    expect(page.locator("#blockers")).to_contain_text("The carrier is not known.")
    page.get_by_role("button", name="Confirm again").click()
    expect(page.locator("#blockers")).not_to_contain_text("The carrier is not known.")
    assert [package["trackingNumber"] for package in shown.stage.packages(shown.blocked)] == ["1Z7"]


def test_a_job_is_run_from_its_page(page: Page, shown: Shown):
    page.goto("/console/jobs")
    page.get_by_role("button", name="Run sync now").click()
    expect(page.locator("#notice")).to_contain_text("of sync has started")
    expect(rows(page).first).to_contain_text("Console or API")
    page.get_by_label("Job", exact=True).select_option("complete")
    expect(rows(page).first).to_contain_text("Complete")
    expect(page).to_have_url(re.compile(r"\?job=complete$"))


def test_jobs_tell_their_schedule_and_what_they_counted_in_words(page: Page, shown: Shown):
    page.goto("/console/jobs")
    expect(page.locator("#jobs tr", has_text="Sync")).to_contain_text("Every 5 minutes")
    expect(page.locator("#jobs tr", has_text="Sweep")).to_contain_text("Every day at 02:41")
    expect(rows(page).filter(has_text="Import")).to_contain_text("1 blocked, 1 created")
    expect(rows(page).filter(has_text="Complete").first).to_contain_text("1 invoiced, 1 completed in Commerce")
    expect(rows(page).first).to_contain_text("Command line")


def test_failed_calls_are_listed(page: Page, shown: Shown):
    page.goto("/console/communication-errors")
    expect(page.get_by_text("No call has failed.")).to_be_visible()
    shown.stage.world.faults.add(Fault("GET .*/orders$", "answer", status=400, body="{}"))
    shown.stage.wait()
    shown.stage.job("sync")
    page.reload()
    expect(rows(page)).to_have_count(1)
    expect(rows(page)).to_contain_text("Mugs US")
    page.get_by_label("Side").select_option("commerce")
    expect(page.get_by_text("No call has failed.")).to_be_visible()


def test_the_commerce_admins_frame_leads_to_the_order(page: Page, shown: Shown):
    entity_id = shown.stage.commerce_order(shown.completed)["entity_id"]
    page.goto(f"/admin-ui/index.html#/order?orderId={entity_id}")
    link = page.get_by_role("link", name="Open the order in the bridge")
    expect(link).to_be_visible()
    page.goto(link.get_attribute("href") or "")
    expect(page.get_by_role("heading", name=f"Order {shown.completed}")).to_be_visible()
    page.goto("/admin-ui/index.html#/order?orderId=javascript:alert(1)")
    page.reload()
    expect(page.get_by_text("has not said which order")).to_be_visible()


def subscribed(shown: Shown) -> int:
    """An endpoint to which a message could not be delivered."""
    values = {"url": "http://127.0.0.1:9/hook", "events": ["order.shipped"], "description": "ERP", "store_id": None}
    row, _secret = webhooks.add_endpoint(shown.stage.bridge, values)
    webhooks.send_test(shown.stage.bridge, row.id, None)
    shown.stage.job("webhooks")
    return row.id


def test_an_address_is_told_of_orders_and_the_log_shows_how_that_went(page: Page, shown: Shown):
    with receiving() as receiver:
        receiver.statuses = [500, 204]
        shown.stage.wait()  # what happened before is not for the address
        page.goto("/console/webhooks")
        expect(page.get_by_text("No address is told anything.")).to_be_visible()
        page.get_by_label("Address", exact=True).fill("http://10.0.0.1/hook")
        page.get_by_role("button", name="Add address").click()
        expect(page.locator("#url-error")).to_contain_text("https")
        page.get_by_label("Address", exact=True).fill(receiver.url)
        page.get_by_label("order.shipped").uncheck()
        page.get_by_role("button", name="Add address").click()
        expect(page.locator("#notice")).to_contain_text("whsec_")
        secret = (page.locator("#notice p").text_content() or "").split()[-1]
        line = page.locator("#endpoints tr")
        expect(line).to_contain_text("order.imported, order.blocked, order.completed, order.canceled")
        page.get_by_role("button", name="Send a test").click()
        expect(line).to_contain_text("Failing since")
        assert receiver.verified(secret)["type"] == "webhook.test"

        page.get_by_role("link", name="Deliveries to").click()
        expect(rows(page)).to_contain_text("The endpoint answered 500.")
        page.get_by_role("button", name=re.compile("once more")).click()
        expect(rows(page)).to_contain_text("Taken (204)")

        page.get_by_role("link", name="‹ Webhooks").click()
        page.get_by_role("button", name="New secret").click()
        page.get_by_role("dialog").get_by_role("button", name="New secret").click()
        expect(page.locator("#notice")).to_contain_text("whsec_")
        page.get_by_role("button", name="Switch off").click()
        expect(line).to_contain_text("Disabled")
        page.get_by_role("button", name="Delete").click()
        page.keyboard.press("Escape")
        page.get_by_role("button", name="Delete").click()
        page.get_by_role("dialog").get_by_role("button", name="Delete").click()
        expect(page.get_by_text("No address is told anything.")).to_be_visible()


def test_the_audit_trail_tells_who_changed_what(page: Page, shown: Shown):
    page.goto(f"/console/stores/{shown.stage.store_id}/order-settings")
    page.get_by_label("Invoice").select_option("at_import")
    page.get_by_role("button", name="Save order settings").click()
    expect(page.locator("#notice")).to_contain_text("Saved.")
    page.goto("/console/audit")
    expect(rows(page)).to_have_count(1)
    expect(rows(page)).to_contain_text("Order settings changed")
    expect(rows(page)).to_contain_text("Invoice: at_completion → at_import")
    expect(rows(page)).to_contain_text("demo")
    page.get_by_label("Who", exact=True).fill("somebody else")
    page.get_by_label("Who", exact=True).press("Enter")
    expect(page.get_by_text("Nobody has done such a thing.")).to_be_visible()


def test_a_key_that_is_revoked_meanwhile_is_asked_for_again(open_browser: Any, shown: Shown):
    page = open_browser()
    page.goto("/console/")
    page.evaluate("sessionStorage.setItem('bridge-api-key', 'asc_gone')")
    page.goto("/console/orders")
    expect(page.get_by_text("The key has expired or was revoked.")).to_be_visible()
    expect(page.locator("#page")).to_be_hidden()


def test_an_address_that_leads_nowhere_leads_back(page: Page):
    answer = page.goto("/console/ordres")
    assert answer is not None
    assert answer.status == 404
    expect(page.get_by_role("heading", name="There is no such page")).to_be_visible()
    page.locator("#page").get_by_role("link", name="All orders").click()
    expect(page.get_by_role("heading", name="All orders")).to_be_visible()


def test_an_order_that_is_not_there_is_told(page: Page, shown: Shown):
    page.goto("/console/orders/4711")
    expect(page.get_by_role("alert")).to_contain_text("There is no order 4711.")


@pytest.mark.parametrize(("scheme", "width", "rules"), [("light", 320, RULES), ("dark", 1280, COLOURS)])
def test_every_page_is_accessible_and_fits(open_browser: Any, shown: Shown, scheme: str, width: int, rules: Any):
    page = open_browser(color_scheme=scheme, viewport={"width": width, "height": 800}, reduced_motion="reduce")
    enter(page)
    store, order = f"/console/stores/{shown.stage.store_id}", f"/console/orders/{shown.id(shown.completed)}"
    paths = ["/console/", store, f"{store}/order-settings", f"{store}/product-matches", f"{store}/carriers"]
    paths += ["/console/orders", f"/console/orders/{shown.id(shown.blocked)}", "/console/communication-errors"]
    paths += ["/console/jobs", "/console/audit", "/console/webhooks", f"/console/webhooks/{subscribed(shown)}"]
    paths += ["/console/global-settings", *(f"{order}#{tab}" for tab in ("items", "shipments", "events", "preview"))]
    found = []
    for path in paths:
        page.goto("about:blank")
        page.goto(path)
        page.locator("#page").wait_for()
        expect(page.locator("#page .loading:visible, #page [aria-busy]")).to_have_count(0)
        answer = Axe().run(page, options={"runOnly": rules}).response
        found += [f"{path}: {v['id']}: {node['html'][:120]}" for v in answer["violations"] for node in v["nodes"]]
        if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
            found.append(f"{path}: wider than {width} pixels")
    assert found == []


@pytest.mark.parametrize("width", [768, 961, 1024, 1280])
def test_tables_fit_on_screens_of_every_width(open_browser: Any, shown: Shown, width: int):
    page = open_browser(viewport={"width": width, "height": 800})
    enter(page)
    for path in ("/console/orders", f"/console/stores/{shown.stage.store_id}", "/console/jobs", "/console/audit"):
        page.goto(path)
        expect(page.locator("#page .loading:visible, #page [aria-busy]")).to_have_count(0)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path


def test_the_key_form_is_accessible(open_browser: Any, shown: Shown):
    page = open_browser()
    page.goto("/console/")
    expect(page.get_by_label("API key")).to_be_focused()
    assert Axe().run(page, options={"runOnly": RULES}).response["violations"] == []
    page.get_by_role("button", name="Use the sandbox's demo key").click()
    expect(page.get_by_role("heading", name="Stores")).to_be_visible()
