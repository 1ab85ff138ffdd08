"""What a merchant may set: every field with its values, default and help, and the rules between fields."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any


@dataclass(frozen=True, slots=True)
class Setting:
    """One field: `values` are the allowed ones (None: free text), the first being the default."""

    name: str
    values: tuple[str, ...] | None
    default: str | None
    help: str


ORDER_SETTINGS: tuple[Setting, ...] = (
    Setting("import_orders", ("enabled", "disabled"), "enabled",
            "Whether Amazon orders are created in Commerce. While disabled they are only shown here, and the other"
            " fields cannot be changed."),
    Setting("commerce_store_view", None, None,
            "Code of the store view that receives the orders; empty is the website's default store view."),
    Setting("customer_creation", ("guest", "new_account"), "guest",
            "Whose orders they are in Commerce: a guest's, or a customer account made for the buyer. Commerce mails a"
            " welcome to a new account unless e-mail is disabled for the store view (system/smtp/disable)."),
    Setting("order_number_source", ("commerce", "amazon"), "commerce",
            "Whether the Commerce order takes Commerce's next number or Amazon's order number."),
    Setting("order_number_prefix", None, None,
            "What stands before Amazon's order number, for example AMZ-. Letters, digits, - _ . # only, 20 at most."),
    Setting("pending_orders", ("do_not_reserve", "reserve"), "do_not_reserve",
            "Whether stock is held while Amazon still verifies the payment: the Commerce order of what you ship"
            " yourself is then created already, as pending. Needs a stock_strategy other than none."),
    Setting("order_status", ("default", "custom"), "default",
            "The status of a new Commerce order: Processing, or one of your own under the state processing."),
    Setting("processing_status", None, None, "The code of your own status; required for a status of your own."),
    Setting("invoice", ("at_completion", "at_import"), "at_completion",
            "When the Commerce order is invoiced: after it was shipped, or as soon as it is created."),
    Setting("stock_strategy", ("reservation_cli", "cart_restate", "none"), "reservation_cli",
            "How the quantity of an imported order is held in Commerce until it ships: by Magento's own reservation"
            " command in the shop's crontab, by a cart (needs flat rate shipping and check / money order; Commerce"
            " numbers the orders; disable e-mail for the store view, since Commerce mails orders that it makes from"
            " carts), or not at all (an ERP owns the stock)."),
)  # fmt: skip

_FREE_TEXT = {
    "commerce_store_view": re.compile(r"[a-z][a-z0-9_]{0,31}"),
    "order_number_prefix": re.compile(r"[A-Za-z0-9#._-]{1,20}"),
    "processing_status": re.compile(r"[a-z][a-z0-9_]{0,31}"),
}
_FREE_TEXT_SAYS = {
    "commerce_store_view": "A store view code: a small letter, then small letters, digits and _; 32 at most.",
    "order_number_prefix": "Letters, digits and # . _ - only; 20 at most.",
    "processing_status": "A status code: a small letter, then small letters, digits and _; 32 at most.",
}


@dataclass(frozen=True, slots=True)
class OrderSettings:
    """The order settings of one store (design: section 4)."""

    import_orders: str = "enabled"
    commerce_store_view: str | None = None
    customer_creation: str = "guest"
    order_number_source: str = "commerce"
    order_number_prefix: str | None = None
    pending_orders: str = "do_not_reserve"
    order_status: str = "default"
    processing_status: str | None = None
    invoice: str = "at_completion"
    stock_strategy: str = "reservation_cli"

    @property
    def import_enabled(self) -> bool:
        """Whether orders are created in Commerce."""
        return self.import_orders == "enabled"

    @property
    def new_status(self) -> str:
        """The status that a new Commerce order gets, under the state processing."""
        return self.processing_status or "processing" if self.order_status == "custom" else "processing"

    def order_number(self, amazon_order_id: str) -> str | None:
        """The Commerce order's number, or None to let Commerce number it."""
        if self.order_number_source == "commerce":
            return None
        return f"{self.order_number_prefix or ''}{amazon_order_id}"


def check_order_settings(given: Mapping[str, Any], current: OrderSettings) -> dict[str, list[str]]:
    """What is wrong with the settings wanted in place of `current`: {field: [messages]}; empty when nothing is."""
    wrong: dict[str, list[str]] = {}
    for setting in ORDER_SETTINGS:
        if setting.name in given:
            message = _value_problem(setting, given[setting.name])
            if message:
                wrong.setdefault(setting.name, []).append(message)
    unknown = set(given) - {f.name for f in fields(OrderSettings)}
    wrong |= {name: ["Unknown field."] for name in sorted(unknown)}
    if not wrong:
        wrong |= _rule_problems(given, current)
    return wrong


def _value_problem(setting: Setting, value: object) -> str | None:
    if setting.values is not None:
        return None if value in setting.values else f"Must be one of: {', '.join(setting.values)}."
    if value is None:
        return None
    if not isinstance(value, str) or not _FREE_TEXT[setting.name].fullmatch(value):
        return _FREE_TEXT_SAYS[setting.name]
    return None


def _rule_problems(given: Mapping[str, Any], current: OrderSettings) -> dict[str, list[str]]:
    wrong: dict[str, list[str]] = {}

    def value(name: str) -> Any:
        return given.get(name, getattr(current, name))

    if value("import_orders") == "disabled":
        for setting in ORDER_SETTINGS[1:]:
            if value(setting.name) != getattr(current, setting.name):
                wrong[setting.name] = ["Cannot be changed while import_orders is disabled."]
        return wrong
    if value("order_status") == "custom" and not value("processing_status"):
        wrong["processing_status"] = ["Required when order_status is custom."]
    if value("stock_strategy") == "cart_restate" and value("order_number_source") == "amazon":
        wrong["order_number_source"] = [
            "Commerce numbers an order that it makes from a cart: choose commerce while stock_strategy is cart_restate."
        ]
    if value("pending_orders") == "reserve" and value("stock_strategy") == "none":
        wrong["pending_orders"] = ["Nothing can be held while stock_strategy is none: choose another one of the two."]
    return wrong
