"""The routes for products and their legacy stock items."""

from __future__ import annotations

from typing import Any, Final

from bridge.sandbox.commerce_call import Call
from bridge.sandbox.commerce_errors import field_required, not_found, refused
from bridge.sandbox.commerce_input import number, typed
from bridge.sandbox.search_criteria import SearchCriteria, collated, find
from bridge.sandbox.shop_catalog import Product, product_row, product_view, stock_item
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
    values = wanted.values() if wanted.condition == "in" else [wanted.value]
    found = (products.get(key) for key in dict.fromkeys(map(collated, values)))
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
    sent = call.body.get("product")
    if not isinstance(sent, dict):
        raise field_required("product")
    sku = str(call.path.get("sku") or sent.get("sku") or "")
    product = call.shop.catalog.get(sku)
    if product is None:
        if not sent.get("name"):
            raise refused('The "Product Name" attribute value is empty. Set the attribute and try again.')
        new_status = int(sent.get("status", 1))
        kind = str(sent.get("type_id", "simple"))
        product = call.shop.add_product(sku, str(sent["name"]), type_id=kind, status=new_status)
    _write_product(call, product, sent)
    view = _full_view(call, product)
    # A save answers without the lists that a read loads.
    return {name: value for name, value in view.items() if name not in {"product_links", "tier_prices"}}


def _write_product(call: Call, product: Product, sent: dict[str, Any]) -> None:
    if sent.get("name"):
        product.name = str(sent["name"])
    for name in ("price", "weight"):
        if sent.get(name) is not None:
            setattr(product, name, typed(sent[name], "float"))
    extension = sent.get("extension_attributes") or {}
    if "website_ids" in extension:
        product.website_ids = typed(extension["website_ids"], "int[]")
    stock = extension.get("stock_item") or {}
    if "manage_stock" in stock:
        product.manage_stock = typed(stock["manage_stock"], "bool")
        product.use_config_manage_stock = bool(stock.get("use_config_manage_stock", False))
    if "backorders" in stock:
        product.backorders = typed(stock["backorders"], "int")
    if "qty" in stock:
        quantity = typed(stock["qty"], "float")
        status = int(stock.get("is_in_stock", quantity > 0))
        indexed = product.indexed
        call.shop.inventory.save_source_item(product.sku, DEFAULT_SOURCE, quantity, status)
        product.indexed = indexed
    if "status" in sent:
        call.shop.set_product_status(product.sku, typed(sent["status"], "int") == 1)
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
