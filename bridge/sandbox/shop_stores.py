"""Websites, store groups, store views and their settings."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from bridge.sandbox.commerce_errors import refused


@dataclass
class Website:
    """A website: the level at which products are sold, stock is assigned and the base currency is set."""

    id: int
    code: str
    name: str
    base_currency: str = "USD"
    group_id: int = 0
    group_name: str = ""
    timezone: str = "UTC"


@dataclass
class StoreView:
    """A store view; `currency` is what it displays, `rates` what else it allows, units for one of the base currency."""

    id: int
    code: str
    name: str
    website_id: int
    currency: str = "USD"
    locale: str = "en_US"
    weight_unit: str = "lbs"
    is_active: int = 1
    sends_mail: bool = True
    rates: dict[str, float] = field(default_factory=dict)


@dataclass
class Stores:
    """The tree of websites and store views of one shop; a fresh one has website `base` with store view `default`."""

    websites: dict[int, Website] = field(default_factory=dict)
    views: dict[int, StoreView] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.websites[0] = Website(0, "admin", "Admin", group_name="Default")
        self.websites[1] = Website(1, "base", "Main Website", group_id=1, group_name="Main Website Store")
        # Magento lists the default store view before the admin one.
        self.views[1] = StoreView(1, "default", "Default Store View", 1)
        self.views[0] = StoreView(0, "admin", "Admin", 0)

    def add_website(self, code: str, name: str, base_currency: str) -> Website:
        """A new website with a store group of its own."""
        number = max(self.websites) + 1
        website = Website(number, code, name, base_currency, group_id=number, group_name=f"{name} Store")
        self.websites[number] = website
        return website

    def add_view(self, code: str, name: str, website_id: int, currency: str | None) -> StoreView:
        """A new store view in a website's group; the currency defaults to the website's base currency."""
        number = max(self.views) + 1
        view = StoreView(number, code, name, website_id, currency or self.websites[website_id].base_currency)
        self.views[number] = view
        return view

    def view_by_code(self, code: str) -> StoreView:
        """The store view of a URL's store code, `all` is the admin one; raises the 400 for an unknown code."""
        if code == "all":
            return self.views[0]
        for view in self.views.values():
            if view.code == code:
                return view
        raise refused("Specified request cannot be processed.")

    def website_of(self, store_id: int | None) -> Website:
        """The website of a store view; an order without one counts as the admin's."""
        return self.websites[self.views[store_id or 0].website_id]

    def full_name(self, store_id: int) -> str:
        """What Magento keeps as an order's store_name: website, group and view, a line each."""
        website = self.website_of(store_id)
        return f"{website.name}\n{website.group_name}\n{self.views[store_id].name}"

    def currency_information(self, view: StoreView) -> dict[str, Any]:
        """GET /V1/directory/currency of a store view: a currency without a rate is listed at 0."""
        base = self.websites[view.website_id].base_currency
        rates = {base: 1.0} | view.rates
        return {
            "base_currency_code": base,
            "base_currency_symbol": base,
            "default_display_currency_code": view.currency,
            "default_display_currency_symbol": view.currency,
            "available_currency_codes": list(rates),
            "exchange_rates": [{"currency_to": code, "rate": rate} for code, rate in rates.items()],
        }

    def store_views(self) -> list[dict[str, Any]]:
        """GET /V1/store/storeViews."""
        return [
            {
                "id": view.id,
                "code": view.code,
                "name": view.name,
                "website_id": view.website_id,
                "store_group_id": self.websites[view.website_id].group_id,
                "is_active": view.is_active,
            }
            for view in self.views.values()
        ]

    def store_groups(self) -> list[dict[str, Any]]:
        """GET /V1/store/storeGroups."""
        groups: list[dict[str, Any]] = []
        for website in self.websites.values():
            first = next((view.id for view in self.views.values() if view.website_id == website.id), 0)
            group = {"id": website.group_id, "website_id": website.id, "root_category_id": 2 if website.id else 0}
            code = website.group_name.lower().replace(" ", "_") if website.id else "default"
            groups.append(group | {"default_store_id": first, "name": website.group_name, "code": code})
        return groups

    def website_list(self) -> list[dict[str, Any]]:
        """GET /V1/store/websites."""
        return [
            {"id": site.id, "code": site.code, "name": site.name, "default_group_id": site.group_id}
            for site in self.websites.values()
        ]

    def configs(self, base_url: str, codes: list[str]) -> list[dict[str, Any]]:
        """GET /V1/store/storeConfigs: the admin view is not among them; `codes` narrows the list down."""
        kinds = ("base_url", "base_link_url", "base_static_url", "base_media_url")
        paths = ("", "", "static/", "media/")
        addresses = {
            f"{secure}{kind}": f"{base_url}{path}"
            for secure in ("", "secure_")
            for kind, path in zip(kinds, paths, strict=True)
        }
        return [
            {
                "id": view.id,
                "code": view.code,
                "website_id": view.website_id,
                "locale": view.locale,
                "base_currency_code": self.websites[view.website_id].base_currency,
                "default_display_currency_code": view.currency,
                "timezone": self.websites[view.website_id].timezone,
                "weight_unit": view.weight_unit,
            }
            | addresses
            for view in self.views.values()
            if view.id and (not codes or view.code in codes)
        ]
