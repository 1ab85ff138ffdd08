"""What the bridge has to know of a shop before it writes an order there; read once an hour."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from bridge.domain.commerce import ShopContext, StoreView
from bridge.errors import RemoteError, Verdict

if TYPE_CHECKING:
    from bridge.commerce.client import CommerceClient


def shop_context(
    commerce: CommerceClient, website_code: str, wanted: str | None = None, *, admin_url: str | None = None
) -> ShopContext:
    """Where orders go in the shop, and what it can do; wanted: code of the store view, None for the website's first.

    Raises RemoteError, also when there is no such store view.
    """
    view = find_store_view(commerce.store_views(), website_code, wanted)
    if view is None:
        name = f"no active store view {wanted!r}" if wanted else "no active store view"
        raise RemoteError(
            f"the website {website_code!r} has {name}",
            system="commerce",
            operation="storeViews",
            verdict=Verdict.PERMANENT,
            code="StoreViewNotFound",
        )
    return ShopContext(
        store_id=view.id,
        store_view=view.code,
        website_id=view.website_id,
        website_code=view.website_code,
        base_currency=view.base_currency,
        stock_id=commerce.stock_id(view.website_code),
        countries=commerce.countries(),
        admin_url=admin_url,
        rates=commerce.exchange_rates(view.code),
        tax_rows=commerce.takes_tax_rows(),
    )


def find_store_view(views: Iterable[StoreView], website_code: str, wanted: str | None) -> StoreView | None:
    """The active store view of the website with that code; without a code the one with the lowest id."""
    candidates = [v for v in views if v.website_code == website_code and v.is_active and wanted in (None, v.code)]
    return min(candidates, key=lambda view: view.id, default=None)
