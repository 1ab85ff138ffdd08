"""The merchant's console: pages without data, which their scripts fill from the public API with the merchant's key."""

from __future__ import annotations

import re
from typing import Any

from flask import Blueprint, Flask, Response, current_app, redirect, render_template, url_for
from werkzeug.wrappers import Response as AnyResponse

from bridge.amazon.words import CANCEL_REASONS, CARRIER_CODES
from bridge.api.schemas.jobs import RUN_STATES
from bridge.api.schemas.webhooks import DELIVERY_STATES
from bridge.config import JOB_NAMES, Config
from bridge.domain.blockers import BLOCKER_CODES
from bridge.domain.order import Channel
from bridge.domain.settings import ORDER_SETTINGS
from bridge.domain.states import ImportState, ShownStatus
from bridge.domain.webhooks import EventType
from bridge.keys import DEMO_KEY

# Everything comes from this server and nothing is inline; a script cannot make markup of text (trusted types).
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'none';"
    " base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
)
# What a merchant calls the values of settings, whose own words do not say enough beside the field's.
_SETTING_WORDS = {
    "amazon": "Amazon's order number",
    "at_completion": "After it was shipped",
    "at_import": "As soon as it is created",
    "cart_restate": "Placeholder cart",
    "commerce": "Commerce's next number",
    "custom": "A status of your own",
    "default": "Processing",
    "do_not_reserve": "Hold no stock",
    "guest": "Guest",
    "new_account": "New customer account",
    "none": "Not at all",
    "reservation_cli": "Magento's reservation command",
    "reserve": "Hold the stock",
}
_NAMES = {"amazon": "Amazon", "commerce": "Commerce", "id": "ID", "url": "URL", "sku": "SKU", "asin": "ASIN"}
_WORDS = {"FBA": "FBA, Amazon ships", "FBM": "FBM, the merchant ships"}

console = Blueprint(
    "console", __name__, template_folder="templates", static_folder="static", static_url_path="/console/static"
)


def _sandbox_page(config: Config) -> str | None:
    """Where the sandbox's own page is, if Amazon's address is one of a sandbox's."""
    address, amazon, rest = (config.amazon_endpoint or "").partition("/amazon")
    return f"{address}/" if amazon and not rest else None


def register(app: Flask) -> None:
    """Serve the console from an app that serves the API as well; its address alone leads there."""
    app.register_blueprint(console)


@console.app_template_filter()
def words(code: str) -> str:
    """A code in the words of the page: at_import, PartiallyShipped."""
    if code in _WORDS:
        return _WORDS[code]
    text = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", code).replace("_", " ")
    text = re.sub(r"\b[a-z]+\b", lambda word: _NAMES.get(word[0], word[0]), text)
    return text[:1].upper() + text[1:]


@console.app_template_filter()
def setting_words(value: str) -> str:
    """A value of an order setting in the merchant's words."""
    return _SETTING_WORDS.get(value) or words(value)


@console.after_request
def _strict(response: Response) -> Response:
    response.headers["Content-Security-Policy"] = POLICY
    response.headers["Cache-Control"] = "no-cache"
    return response


@console.get("/")
def home() -> AnyResponse:
    """Who types the bridge's address alone wants its pages."""
    return redirect(url_for("console.stores"))


@console.get("/console/")
def stores() -> str:
    """All stores."""
    return _page("stores", "Stores")


@console.get("/console/stores/<int:store_id>")
def dashboard(store_id: int) -> str:
    """How one store does."""
    return _page("dashboard", "Store dashboard", store_id=store_id)


@console.get("/console/stores/<int:store_id>/order-settings")
def order_settings(store_id: int) -> str:
    """The form of a store's order settings."""
    return _page("order_settings", "Order settings", store_id=store_id, settings=ORDER_SETTINGS)


@console.get("/console/stores/<int:store_id>/product-matches")
def product_matches(store_id: int) -> str:
    """Which product stands for which listing."""
    return _page("product_matches", "Product matches", store_id=store_id)


@console.get("/console/stores/<int:store_id>/carriers")
def carriers(store_id: int) -> str:
    """What Amazon is told for the shop's carriers."""
    return _page("carriers", "Carriers", store_id=store_id, codes=CARRIER_CODES)


@console.get("/console/orders")
def orders() -> str:
    """All orders of all stores, filtered by the page's own address."""
    return _page(
        "orders",
        "All orders",
        statuses=ShownStatus,
        channels=Channel,
        import_states=ImportState,
        blockers=BLOCKER_CODES,
    )


@console.get("/console/orders/<int:order_id>")
def order(order_id: int) -> str:
    """Everything about one order."""
    return _page("order", "Order", order_id=order_id, cancel_reasons=CANCEL_REASONS)


@console.get("/console/commerce-orders/<int:entity_id>")
def commerce_order(entity_id: int) -> str:
    """Leads from a Commerce order to the Amazon order behind it."""
    return _page("commerce_order", "Amazon order", entity_id=entity_id)


@console.get("/console/jobs")
def jobs() -> str:
    """What runs by itself, and what it did."""
    return _page("jobs", "Jobs", jobs=JOB_NAMES, run_states=RUN_STATES)


@console.get("/console/communication-errors")
def communication_errors() -> str:
    """Failed calls to Amazon and Commerce."""
    return _page("communication_errors", "Communication errors")


@console.get("/console/webhooks")
def webhooks() -> str:
    """Who is told what becomes of orders."""
    return _page("webhooks", "Webhooks", kinds=EventType)


@console.get("/console/webhooks/<int:webhook_id>")
def webhook(webhook_id: int) -> str:
    """What one of them was sent."""
    return _page("webhook", "Deliveries", webhook_id=webhook_id, states=DELIVERY_STATES)


@console.get("/console/audit")
def audit() -> str:
    """Who did what."""
    return _page("audit", "Audit trail")


@console.get("/console/global-settings")
def global_settings() -> str:
    """What holds for all stores."""
    return _page("global_settings", "Global settings")


@console.get("/console/<path:_rest>")
def not_found(_rest: str) -> tuple[str, int]:
    """What a mistyped address leads to."""
    return _page("not_found", "There is no such page"), 404


def _page(name: str, title: str, **values: Any) -> str:
    runtime = current_app.extensions["bridge"]
    sandbox = runtime is not None and runtime.config.sandbox
    return render_template(
        f"console/{name}.html",
        page=name,
        title=title,
        sandbox=sandbox,
        sandbox_page=_sandbox_page(runtime.config) if sandbox else None,
        demo_key=DEMO_KEY if sandbox else None,
        **values,
    )
