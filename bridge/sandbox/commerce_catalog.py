"""The routes for products and their legacy stock items."""

from __future__ import annotations

from typing import Any, Final

from bridge.sandbox.commerce_call import Call
from bridge.sandbox.commerce_errors import not_found, refused
from bridge.sandbox.commerce_input import number
from bridge.sandbox.search_criteria import SearchCriteria, collated, find
from bridge.sandbox.shop_catalog import ENABLED, Product, product_row, product_view, stock_item
from bridge.sandbox.shop_stock import DEFAULT_SOURCE

_NO_PRODUCT: Final = "The product that was requested doesn't exist. Verify the product and try again."
_PRODUCT_FIELDS: Final = frozenset(product_row(Product(0, "", ""))) - {"record"}


def _product(call: Call, sku: str) -> Product:
    product = call.shop.catalog.get(sku)
    if product is None:
        raise not_found(_NO_PRODUCT)
    return product


def _stock_item(call: Call, product: Product) -> dict[str, Any]:
    item = call.shop.inventory.source_item(product.sku, DEFAULT_SOURCE)
    quantity = 0 if item is None else number(item.quantity)
    in_stock = not product.manage_stock or item is None or bool(item.status)
    return stock_item(product, quantity, in_stock=in_stock)


def _full_view(call: Call, product: Product) -> dict[str, Any]:
    view = product_view(product)
    view["extension_attributes"]["stock_item"] = _stock_item(call, product)
    return view


def product_rows(call: Call, criteria: SearchCriteria) -> list[dict[str, Any]]:
    """The products that a search has to look at, as rows with the product in `record`."""
    wanted = criteria.single("sku", "eq", "in")
    products = call.shop.catalog.products
    if wanted is None:
        return [product_row(product) for product in products.values()]
    found = (products.get(key) for key in dict.fromkeys(map(collated, wanted.values())))
    return [product_row(product) for product in found if product is not None]


def search_products(call: Call) -> Any:
    """GET /V1/products: every website's, the disabled ones as well; `stock_item` is not shown here."""
    criteria = call.criteria()
    for name in criteria.names - _PRODUCT_FIELDS:
        raise refused("Invalid attribute name: %1", name)
    # The database reads its SKU index where the search is by SKU, and its order shows.
    order = "sku" if criteria.single("sku", "eq", "in") else "entity_id"
    page, total = find(product_rows(call, criteria), criteria, order)
    views = [product_view(row["record"]) for row in page]
    return {"items": views, "search_criteria": criteria.echo(), "total_count": total}


def get_product(call: Call) -> Any:
    """GET /V1/products/{sku}."""
    return _full_view(call, _product(call, call.path["sku"]))


def save_product(call: Call) -> Any:
    """POST /V1/products and PUT /V1/products/{sku}: the catalogue manager's share of the properties."""
    sent = call.sent("product", "Product")
    sku = call.path.get("sku") or sent.get("sku") or ""
    product = call.shop.catalog.get(sku)
    if product is None:
        if not sent.get("name"):
            raise refused('The "Product Name" attribute value is empty. Set the attribute and try again.')
        kind, status = sent.get("type_id", "simple"), sent.get("status", 1)
        product = call.shop.add_product(sku, sent["name"], type_id=kind, status=status)
    _write_product(call, product, sent)
    view = _full_view(call, product)
    # A save answers without the lists that a read loads.
    return {name: value for name, value in view.items() if name not in {"product_links", "tier_prices"}}


def _write_product(call: Call, product: Product, sent: dict[str, Any]) -> None:
    for name in ("name", "price", "weight"):
        if name in sent:
            setattr(product, name, sent[name])
    extension: dict[str, Any] = sent.get("extension_attributes", {})
    product.website_ids = extension.get("website_ids", product.website_ids)
    stock: dict[str, Any] = extension.get("stock_item", {})
    product.backorders = stock.get("backorders", product.backorders)
    if "manage_stock" in stock:
        product.manage_stock = stock["manage_stock"]
        product.use_config_manage_stock = stock.get("use_config_manage_stock", False)
    if "qty" in stock:
        indexed, in_stock = product.indexed, int(stock.get("is_in_stock", stock["qty"] > 0))
        call.shop.inventory.save_source_item(product.sku, DEFAULT_SOURCE, stock["qty"], in_stock)
        product.indexed = indexed
    if "status" in sent:
        call.shop.set_product_status(product.sku, sent["status"] == ENABLED)
    product.updated_at = call.shop.timestamp()


def delete_product(call: Call) -> Any:
    """DELETE /V1/products/{sku}."""
    call.shop.remove_product(_product(call, call.path["sku"]).sku)
    return True


def get_stock_item(call: Call) -> Any:
    """GET /V1/stockItems/{sku}."""
    product = call.shop.catalog.get(call.path["sku"])
    if product is None:
        raise not_found('The Product with the "%1" SKU doesn\'t exist.', call.path["sku"])
    return _stock_item(call, product)


ROUTES: Final = (
    ("GET", "products", "Magento_Catalog::products", search_products),
    ("POST", "products", "Magento_Catalog::products", save_product),
    ("GET", "products/{sku}", "Magento_Catalog::products", get_product),
    ("PUT", "products/{sku}", "Magento_Catalog::products", save_product),
    ("DELETE", "products/{sku}", "Magento_Catalog::products", delete_product),
    ("GET", "stockItems/{sku}", "Magento_CatalogInventory::cataloginventory", get_stock_item),
)
