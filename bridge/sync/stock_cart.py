"""Stock strategy cart_restate: a cart has the shop reserve the goods, then its order gets Amazon's figures.

For shops in which no command can be run. A cart is placed once at most, and the order is found by the cart's quote id,
which is recorded before it is placed (magento-live 5, magento-rest 1.3 B). The shop numbers such an order itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from bridge.commerce.carts import Cart
from bridge.commerce.people import MAIL_DOMAIN
from bridge.domain.blockers import Blocker, cannot_sell
from bridge.domain.commerce import ShopContext
from bridge.errors import RemoteError, Verdict
from bridge.sync.connect import Link

TOO_MANY = "The requested qty is not available"


class CannotSell(RemoteError):
    """The shop does not let the goods be added to a cart; nothing was made. The blockers say why."""

    def __init__(self, error: RemoteError, blockers: list[Blocker]) -> None:
        super().__init__(
            error.message,
            system=error.system,
            operation=error.operation,
            verdict=Verdict.PERMANENT,
            status=error.status,
        )
        self.blockers = blockers


def place(link: Link, entity: Mapping[str, Any], remember: Callable[[int], bool]) -> int | None:
    """Place an order for the goods of `entity` (what order_body makes) and give its id; None when `remember` says no.

    remember: records the quote id, in time for the order to be placed; whether the claim still stands.
    Raises CannotSell; RemoteError whose verdict is UNKNOWN when there may be an order, to be found by the quote id.
    """
    shop = link.shop()
    try:
        cart = _fill(link, shop, entity)
        payment = link.commerce.carts.set_shipping(cart, _address(entity, shop))
    except RemoteError as error:
        if error.verdict is Verdict.UNKNOWN:  # a cart that nobody places is nothing
            error.verdict = Verdict.RETRY
        raise
    if not remember(cart.quote_id):
        return None
    try:
        return link.commerce.carts.place(cart, payment, str(entity["ext_order_id"]))
    except RemoteError as error:
        if error.status == 404:  # the cart is gone: it was placed
            error.verdict = Verdict.UNKNOWN
        raise


def _fill(link: Link, shop: ShopContext, entity: Mapping[str, Any]) -> Cart:
    """A cart with the goods; two lines of one SKU are one line in a cart."""
    wanted: dict[str, int] = {}
    for item in entity["items"]:
        if not item["is_virtual"]:
            wanted[item["sku"]] = wanted.get(item["sku"], 0) + item["qty_ordered"]
    carts, quote_id = link.commerce.carts, 0
    masked_id = carts.open(shop.store_view)
    refusals: list[Blocker] = []
    refusal: RemoteError | None = None
    for sku, qty in wanted.items():
        try:
            quote_id = carts.add(masked_id, shop.store_view, sku, qty)
        except RemoteError as error:
            if not error.permanent:
                raise
            refusal = error
            refusals += _why(link, entity, sku, qty, error)
    if refusal is not None:
        raise CannotSell(refusal, refusals)
    return Cart(masked_id, quote_id, shop.store_view)


def _why(link: Link, entity: Mapping[str, Any], sku: str, qty: int, error: RemoteError) -> list[Blocker]:
    """The shop refuses a disabled product and one that is sold out in the same words."""
    product = link.commerce.products([sku]).get(sku)
    if product is None:
        code = "product_not_found"
    elif not product.enabled:
        code = "product_disabled"
    elif error.message == TOO_MANY or not link.commerce.salable({sku: qty}, link.shop().stock_id)[sku]:
        code = "out_of_stock"
    else:
        code = "commerce_rejected"
    lines = [item.get("ext_order_item_id") for item in entity["items"] if item["sku"] == sku]
    return [cannot_sell(code, sku, qty, error.message, line_id) for line_id in lines]


def _address(entity: Mapping[str, Any], shop: ShopContext) -> dict[str, Any]:
    """Where the cart goes: to the parcel's address, as far as a cart takes it.

    A cart needs a region where its country has some; the order gets its own address afterwards. Magento mails an order
    that is placed from a cart, unless the store view's mails are off: never to the buyer.
    """
    place = dict(entity["extension_attributes"]["shipping_assignments"][0]["shipping"]["address"])
    del place["address_type"]
    place["email"] = f"{entity['ext_order_id']}@{MAIL_DOMAIN}"
    regions = shop.countries.get(place["country_id"], ())
    if regions and "region_id" not in place:
        region = regions[0]
        place |= {"region": region.name, "region_code": region.code, "region_id": region.id}
    return place
