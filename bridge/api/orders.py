"""Orders: the list, the whole order, and what a merchant may ask of one."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from flask import Response
from sqlalchemy import Connection, select

from bridge import queries, sync, trail
from bridge.api.blueprint import LINK, Blueprint, caller, reply, reply_page, runtime
from bridge.api.export import csv_lines
from bridge.api.schemas import orders as shapes
from bridge.api.schemas.common import PageQuery
from bridge.api.schemas.jobs import JobRunSchema
from bridge.api.stores import LOCATION, started
from bridge.domain.blockers import Blocker
from bridge.domain.draft import Draft
from bridge.domain.money import to_text
from bridge.errors import Conflict, InvalidInput, NotFound
from bridge.jobs.run import start_job
from bridge.keys import Scope
from bridge.models import Store
from bridge.order_list import OrderFilter, every_page, find_page
from bridge.sync.orders import request_import

blp = Blueprint(
    "Orders", __name__, url_prefix="/api/v1", description="Amazon orders and what became of them in Commerce."
)
EXPORT_BATCH = 500  # orders in memory at a time
_FILTERS = {field.name for field in fields(OrderFilter)} - {"store_ids"}


@blp.operation(
    "GET",
    "/orders",
    "listOrders",
    scope=Scope.ORDERS_READ,
    query=shapes.OrderQuery,
    answer=shapes.OrderPageSchema,
    headers=LINK,
)
def list_orders(query: dict[str, Any]) -> Response:
    """List orders

    Filters, sort and page work on the whole result. Follow `next` to read many pages: it does not slow down.
    """
    cursor, page_size = query.get("cursor"), query["page_size"]
    page = None if cursor else query.get("page", 1)
    with runtime().db.connecting() as connection:
        chosen = _filter(connection, query)
        found = find_page(connection, chosen, sort=query["sort"], page=page, page_size=page_size, cursor=cursor)
    figures = queries.page_figures(found.total_count, page, page_size)
    if found.capped:
        figures["total_pages"] = None
    return reply_page({"items": found.items, **figures, "total_count_capped": found.capped, "next": found.next})


@blp.operation(
    "GET",
    "/orders/export",
    "exportOrders",
    scope=Scope.ORDERS_READ,
    query=shapes.OrderFilterQuery,
    answer={"type": "string", "examples": ["id,store_id,amazon_order_id\r\n42,1,111-8391502-4479812\r\n"]},
    media="text/csv",
    headers={"Content-Disposition": "Names the file."},
)
def export_orders(query: dict[str, Any]) -> Response:
    """Export orders as CSV

    The same filters and sort as the list, without pages: comma-separated UTF-8 (RFC 4180) with a line of column names,
    sent while it is read. A text that a spreadsheet would take for a formula has an apostrophe before it.
    """
    db = runtime().db
    with db.session() as session:
        chosen = _filter(session.connection(), query)
        used = sorted(name for name in query if name != "sort")
        trail.record(
            session, "orders.exported", "orders", "export", store_id=query.get("store_id"), after={"filters": used}
        )
    pages = every_page(db, chosen, sort=query["sort"], page_size=EXPORT_BATCH)
    disposition = {"Content-Disposition": 'attachment; filename="orders.csv"'}
    return Response(csv_lines(pages), mimetype="text/csv", headers=disposition)


def _filter(connection: Connection, query: dict[str, Any]) -> OrderFilter:
    seen, wanted = caller().store_ids, query.get("store_id")
    if wanted is not None:
        if not caller().sees(wanted) or not connection.scalar(select(Store.id).where(Store.id == wanted)):
            raise InvalidInput("Unknown store.", {"store_id": [f"There is no store {wanted}."]})
        seen = frozenset({wanted})
    return OrderFilter(seen, **{k: v for k, v in query.items() if k in _FILTERS})


@blp.operation("GET", "/orders/<id:order_id>", "getOrder", scope=Scope.ORDERS_READ, answer=shapes.OrderDetailSchema)
def get_order(order_id: int) -> Response:
    """Show everything about an order"""
    with runtime().db.reading() as session:
        shown = queries.order_detail(session, order_id, caller().store_ids, runtime().now())
    trail.record_reading(runtime().db, "order.read", order_id, shown["store_id"])
    return reply(shown)


@blp.operation(
    "POST",
    "/orders/<id:order_id>/import",
    "importOrder",
    scope=Scope.ORDERS_WRITE,
    answer=JobRunSchema,
    status=202,
    errors=(409,),
    headers=LOCATION,
)
def import_order(order_id: int) -> Response:
    """Import a view-only order, or look at a blocked one again at once"""
    with runtime().db.session() as session:
        order = queries.find_order(session, order_id, caller().store_ids)
        request_import(order, runtime().now())
        store_id = order.store_id
    return started("import", store_id)


@blp.operation(
    "POST",
    "/orders/import",
    "importOrders",
    scope=Scope.ORDERS_WRITE,
    body=shapes.ImportOrders,
    answer=shapes.ImportAnswerSchema,
    status=202,
)
def import_orders(values: dict[str, Any]) -> Response:
    """Import many view-only orders, or look at blocked ones again at once

    Those that cannot be imported are named with the reason; the others are taken on.
    """
    accepted: list[int] = []
    refused: list[dict[str, Any]] = []
    concerned: set[int] = set()
    with runtime().db.session() as session:
        for order_id in dict.fromkeys(values["order_ids"]):
            try:
                order = queries.find_order(session, order_id, caller().store_ids)
                request_import(order, runtime().now())
            except NotFound as error:
                refused.append({"order_id": order_id, "code": "not_found", "message": str(error)})
            except Conflict as error:
                refused.append({"order_id": order_id, "code": error.code, "message": str(error)})
            else:
                accepted.append(order_id)
                concerned.add(order.store_id)
    runs = [start_job(runtime(), "import", store_id, "api") for store_id in sorted(concerned)]
    return reply({"accepted": accepted, "refused": refused, "job_runs": runs}, 202)


@blp.operation(
    "GET",
    "/orders/<id:order_id>/preview",
    "previewOrder",
    scope=Scope.ORDERS_READ,
    answer=shapes.PreviewSchema,
    errors=(502, 503),
)
def preview_order(order_id: int) -> Response:
    """Show the Commerce order that would be created, line by line against Amazon's figures

    Asks Commerce about its products and stock; writes nothing.
    """
    with runtime().db.reading() as session:
        order = queries.find_order(session, order_id, caller().store_ids)
    trail.record_reading(runtime().db, "order.read", order_id, order.store_id)
    seen = sync.push.preview(runtime().links.get(order.store_id), order_id)
    known = order.currency is not None and order.grand_total_minor is not None
    return reply(
        {
            "order_id": order_id,
            "can_be_created": seen.body is not None,
            "order_number": seen.order_number,
            "blockers": [_blocker(blocker) for blocker in seen.blockers],
            **_figures(seen.draft),
            "amazon_total": to_text(order.grand_total_minor or 0, order.currency or "") if known else None,
            "commerce_request": seen.body,
        }
    )


def _blocker(blocker: Blocker) -> dict[str, Any]:
    return {
        "code": blocker.code,
        "message": blocker.message,
        "fix": blocker.fix,
        "where": blocker.where,
        "amazon_item_id": blocker.line_id,
        "sku": blocker.sku,
    }


def _figures(draft: Draft | None) -> dict[str, Any]:
    totals = ("subtotal", "shipping", "tax", "discount", "grand_total")
    if draft is None:
        return {"currency": None, "lines": []} | dict.fromkeys(totals)
    lines = [
        {
            "amazon_item_id": line.amazon_item_id,
            "sku": line.sku,
            "name": line.name,
            "qty": line.qty,
            "unit_price": str(draft.unit_price(line)),
            **{name: to_text(getattr(line, name), draft.currency) for name in ("row_total", "tax", "discount")},
        }
        for line in draft.lines
    ]
    shown = {name: to_text(getattr(draft, name), draft.currency) for name in totals}
    return {"currency": draft.currency, "lines": lines} | shown


@blp.operation(
    "GET",
    "/orders/<id:order_id>/events",
    "listOrderEvents",
    scope=Scope.ORDERS_READ,
    query=PageQuery,
    answer=shapes.EventPageSchema,
    headers=LINK,
)
def list_order_events(query: dict[str, Any], order_id: int) -> Response:
    """List what happened to an order, newest first"""
    with runtime().db.reading() as session:
        queries.find_order(session, order_id, caller().store_ids)
        return reply_page(queries.order_events(session, order_id, **query))


@blp.operation(
    "GET",
    "/orders/<id:order_id>/shipments",
    "listOrderShipments",
    scope=Scope.ORDERS_READ,
    answer=shapes.ShipmentsSchema,
)
def list_order_shipments(order_id: int) -> Response:
    """List an order's shipments in Commerce and its parcels at Amazon"""
    with runtime().db.reading() as session:
        order = queries.find_order(session, order_id, caller().store_ids)
        return reply(queries.order_shipments(session, order))
