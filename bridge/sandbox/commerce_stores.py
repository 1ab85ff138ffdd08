"""The routes for stores and countries."""

from __future__ import annotations

from typing import Any, Final

from bridge.sandbox.commerce_call import Call
from bridge.sandbox.commerce_errors import not_found
from bridge.sandbox.search_criteria import items_of
from bridge.sandbox.shop_places import COUNTRIES


def store_views(call: Call) -> Any:
    """GET /V1/store/storeViews."""
    return call.shop.stores.store_views()


def store_groups(call: Call) -> Any:
    """GET /V1/store/storeGroups."""
    return call.shop.stores.store_groups()


def websites(call: Call) -> Any:
    """GET /V1/store/websites."""
    return call.shop.stores.website_list()


def store_configs(call: Call) -> Any:
    """GET /V1/store/storeConfigs, all or those of `storeCodes`."""
    codes = [str(code) for code in items_of(call.query.get("storeCodes"))]
    return call.shop.stores.configs(call.base_url, codes)


def currency(call: Call) -> Any:
    """GET /V1/directory/currency: of the store view in the address."""
    return call.shop.stores.currency_information(call.view)


def countries(_call: Call) -> Any:
    """GET /V1/directory/countries."""
    return list(COUNTRIES.values())


def country(call: Call) -> Any:
    """GET /V1/directory/countries/{countryId}."""
    record = COUNTRIES.get(call.path["countryId"])
    if record is None:
        raise not_found("The country isn't available.")
    return record


ROUTES: Final = (
    ("GET", "store/storeViews", "Magento_Backend::store", store_views),
    ("GET", "store/storeGroups", "Magento_Backend::store", store_groups),
    ("GET", "store/websites", "Magento_Backend::store", websites),
    ("GET", "store/storeConfigs", "Magento_Backend::store", store_configs),
    ("GET", "directory/currency", "anonymous", currency),
    ("GET", "directory/countries", "anonymous", countries),
    ("GET", "directory/countries/{countryId}", "anonymous", country),
)
