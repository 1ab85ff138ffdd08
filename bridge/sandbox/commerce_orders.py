"""The routes for orders and their documents."""

from __future__ import annotations

from typing import Any, Final

from bridge.sandbox import shop_actions, shop_invoices, shop_refunds, shop_shipments
from bridge.sandbox.commerce_call import Call
from bridge.sandbox.commerce_errors import CommerceError, not_found
from bridge.sandbox.search_criteria import find
from bridge.sandbox.shop_order_updates import update_address
from bridge.sandbox.shop_order_views import document_view, history_views, order_view
from bridge.sandbox.shop_state import Record

_SHIP: Final = {
    "items": "ShipmentItemCreation[]",
    "tracks": "ShipmentTrackCreation[]",
    "comment": "ShipmentCommentCreation",
    "arguments": "ShipmentCreationArguments",
    "notify": "bool",
}
_INVOICE: Final = {"items": "InvoiceItemCreation[]", "capture": "bool", "notify": "bool"}
_REFUND: Final = {"items": "CreditmemoItemCreation[]", "arguments": "CreditmemoCreationArguments", "notify": "bool"}


def _order(call: Call) -> Record:
    return call.shop.table.get(call.id())


def _request(call: Call, types: dict[str, str]) -> dict[str, Any]:
    sent = {name: call.optional(name, type_name) for name, type_name in types.items()}
    return {name: value for name, value in sent.items() if value is not None}


def _notify(call: Call, kind: str, order: Record, request: Record) -> None:
    """The mail of a document, when asked for and the store view sends any (magento-live section 4)."""
    view = call.shop.stores.views[order.get("store_id") or 0]
    if request.get("notify") and view.sends_mail:
        call.shop.mails.append((kind, order.get("customer_email") or "", view.id))


def save_order(call: Call) -> Any:
    """POST /V1/orders and PUT /V1/orders/create."""
    return call.shop.table.save_entity(call.sent("entity", "Order"), call.view.id)


def search_orders(call: Call) -> Any:
    """GET /V1/orders."""
    criteria = call.criteria()
    page, total = find(call.shop.table.candidates(criteria), criteria, "entity_id")
    return {"items": [order_view(o) for o in page], "search_criteria": criteria.echo(), "total_count": total}


def get_order(call: Call) -> Any:
    """GET /V1/orders/{id}."""
    return order_view(_order(call))


def save_address(call: Call) -> Any:
    """PUT /V1/orders/{parent_id}."""
    address = call.sent("entity", "OrderAddress")
    order = call.shop.table.get(call.id("parent_id"))
    return update_address(order, address)


def cancel(call: Call) -> Any:
    """POST /V1/orders/{id}/cancel."""
    return shop_actions.cancel(call.shop, _order(call))


def hold(call: Call) -> Any:
    """POST /V1/orders/{id}/hold."""
    return shop_actions.hold(call.shop, _order(call))


def unhold(call: Call) -> Any:
    """POST /V1/orders/{id}/unhold."""
    return shop_actions.unhold(call.shop, _order(call))


def add_comment(call: Call) -> Any:
    """POST /V1/orders/{id}/comments."""
    return shop_actions.comment(call.shop, _order(call), call.sent("statusHistory", "OrderStatusHistory"))


def list_comments(call: Call) -> Any:
    """GET /V1/orders/{id}/comments: oldest first, unlike in the order."""
    comments = history_views(_order(call))[::-1]
    searched = {"field": "parent_id", "value": call.path["id"], "condition_type": "eq"}
    echo = {"filter_groups": [{"filters": [searched]}]}
    return {"items": comments, "search_criteria": echo, "total_count": len(comments)}


def get_status(call: Call) -> Any:
    """GET /V1/orders/{id}/statuses: a bare string."""
    return _order(call).get("status")


def send_email(call: Call) -> Any:
    """POST /V1/orders/{id}/emails."""
    order = _order(call)
    call.shop.mails.append(("order", order.get("customer_email") or "", order.get("store_id") or 0))
    return True


def invoice(call: Call) -> Any:
    """POST /V1/order/{id}/invoice: the id as a JSON string."""
    request, order = _request(call, _INVOICE), _order(call)
    invoice_id = shop_invoices.invoice(call.shop, order, request)
    _notify(call, "invoice", order, request)
    return str(invoice_id)


def ship(call: Call) -> Any:
    """POST /V1/order/{id}/ship: the id as a JSON string."""
    request, order = _request(call, _SHIP), _order(call)
    shipment_id = shop_shipments.ship(call.shop, order, request)
    _notify(call, "shipment", order, request)
    return str(shipment_id)


def refund(call: Call) -> Any:
    """POST /V1/order/{id}/refund: the id as a JSON string."""
    request = _request(call, _REFUND)
    return str(shop_refunds.refund(call.shop, _order(call), request))


def _documents(call: Call, kind: str) -> Any:
    criteria = call.criteria()
    page, total = find(call.shop.document_rows(kind, criteria), criteria, "entity_id")
    return {"items": [document_view(d) for d in page], "search_criteria": criteria.echo(), "total_count": total}


def search_shipments(call: Call) -> Any:
    """GET /V1/shipments."""
    return _documents(call, "shipment")


def search_invoices(call: Call) -> Any:
    """GET /V1/invoices."""
    return _documents(call, "invoice")


def search_creditmemos(call: Call) -> Any:
    """GET /V1/creditmemos."""
    return _documents(call, "creditmemo")


def _document(table: dict[int, Record], entity_id: int) -> Any:
    if entity_id not in table:
        raise not_found()
    return document_view(table[entity_id])


def get_shipment(call: Call) -> Any:
    """GET /V1/shipment/{id}."""
    return _document(call.shop.shipments, call.id())


def get_invoice(call: Call) -> Any:
    """GET /V1/invoices/{id}."""
    return _document(call.shop.invoices, call.id())


def get_creditmemo(call: Call) -> Any:
    """GET /V1/creditmemo/{id}."""
    return _document(call.shop.creditmemos, call.id())


def add_track(call: Call) -> Any:
    """POST /V1/shipment/track."""
    return shop_shipments.add_track(call.shop, call.sent("entity", "ShipmentTrack"))


def delete_track(call: Call) -> Any:
    """DELETE /V1/shipment/track/{id}."""
    for shipment in call.shop.shipments.values():
        for track in shipment["tracks"]:
            if track["entity_id"] == call.id():
                shipment["tracks"].remove(track)
                return True
    raise not_found()


def create_customer(call: Call) -> Any:
    """POST /V1/customers: sends the welcome mail unless the store view's mail is switched off (magento-live 6c)."""
    return call.shop.customer_book.create(call.sent("customer", "Customer"))


def search_customers(call: Call) -> Any:
    """GET /V1/customers/search."""
    criteria = call.criteria()
    rows = call.shop.customer_book.rows(criteria)
    page, total = find(rows, criteria, "id")
    return {"items": page, "search_criteria": criteria.echo(), "total_count": total}


def get_customer(call: Call) -> Any:
    """GET /V1/customers/{id}."""
    customer_id = call.id()
    customer = call.shop.customers.get(customer_id)
    if customer is None:
        parameters = {"fieldName": "customerId", "fieldValue": customer_id}
        raise CommerceError(404, "No such entity with %fieldName = %fieldValue", parameters)
    return customer


ROUTES: Final = (
    ("POST", "orders", "Magento_Sales::create", save_order),
    ("PUT", "orders/create", "Magento_Sales::create", save_order),
    ("GET", "orders", "Magento_Sales::actions_view", search_orders),
    ("GET", "orders/{id}", "Magento_Sales::actions_view", get_order),
    ("PUT", "orders/{parent_id}", "Magento_Sales::create", save_address),
    ("POST", "orders/{id}/cancel", "Magento_Sales::cancel", cancel),
    ("POST", "orders/{id}/hold", "Magento_Sales::hold", hold),
    ("POST", "orders/{id}/unhold", "Magento_Sales::unhold", unhold),
    ("POST", "orders/{id}/comments", "Magento_Sales::comment", add_comment),
    ("GET", "orders/{id}/comments", "Magento_Sales::actions_view", list_comments),
    ("GET", "orders/{id}/statuses", "Magento_Sales::actions_view", get_status),
    ("POST", "orders/{id}/emails", "Magento_Sales::emails", send_email),
    ("POST", "order/{id}/invoice", "Magento_Sales::sales_invoice", invoice),
    ("POST", "order/{id}/ship", "Magento_Sales::ship", ship),
    ("POST", "order/{id}/refund", "Magento_Sales::creditmemo", refund),
    ("GET", "shipments", "Magento_Sales::shipment", search_shipments),
    ("GET", "shipment/{id}", "Magento_Sales::shipment", get_shipment),
    ("POST", "shipment/track", "Magento_Sales::shipment", add_track),
    ("DELETE", "shipment/track/{id}", "Magento_Sales::shipment", delete_track),
    ("GET", "invoices", "Magento_Sales::sales_invoice", search_invoices),
    ("GET", "invoices/{id}", "Magento_Sales::sales_invoice", get_invoice),
    ("GET", "creditmemos", "Magento_Sales::sales_creditmemo", search_creditmemos),
    ("GET", "creditmemo/{id}", "Magento_Sales::sales_creditmemo", get_creditmemo),
    ("POST", "customers", "Magento_Customer::manage", create_customer),
    ("GET", "customers/search", "Magento_Customer::manage", search_customers),
    ("GET", "customers/{id}", "Magento_Customer::manage", get_customer),
)
