"""The reference shop: the catalogue and store views that the conformance steps were recorded on."""

from __future__ import annotations

from bridge.sandbox.shop import Shop
from bridge.sandbox.shop_catalog import DISABLED


def reference_shop(shop: Shop) -> Shop:
    """Fill a fresh shop, and give it back: store view `amazon_us` (id 2) beside `default`, products with their ids."""
    shop.add_store_view("amazon_us", "Amazon US")
    shop.stores.views[2].sends_mail = False
    simple = (
        (1, "BLUE-MUG", "Blue mug", 19.99, 100),
        (2, "RED-MUG", "Red mug", 17.5, 50),
        (3, "SHIRT-XL", "Shirt XL", 25, 20),
        (4, "T-SHIRT-XXL", "T-Shirt XXL", 15, 5),
    )
    for product_id, sku, name, price, qty in simple:
        shop.add_product(sku, name, product_id=product_id, price=price, qty=qty, weight=0.5)
    shop.add_product("GREEN-MUG", "Green mug", product_id=5, price=18, qty=10, status=DISABLED, weight=0.5)
    shop.add_product("SOLD-OUT-VASE", "Sold out vase", product_id=7, price=30, qty=0, weight=0.5)
    shop.add_product("NO-STOCK-MGMT", "Stock not managed", product_id=9, price=5, manage_stock=False, weight=0.5)
    shop.add_product(
        "BACKORDER-CHAIR", "Chair with backorders", product_id=10, price=80, qty=2, backorders=True, weight=0.5
    )
    shop.add_product("MUG, LARGE", "Large mug", product_id=11, price=22, qty=30, weight=0.5)
    for product_id, size in ((16, "S"), (17, "M")):
        name = f"Configurable mug {size}"
        shop.add_product(f"CFG-MUG-{size}", name, product_id=product_id, price=12, qty=10, weight=0.5)
    shop.add_product("CFG-MUG", "Configurable mug", product_id=18, type_id="configurable", weight=None)
    for place in range(1, 61):
        price = 10 + place / 100
        shop.add_product(f"FILL-{place:03}", f"Filler {place}", product_id=19 + place, price=price, qty=500, weight=0.5)
    return shop
