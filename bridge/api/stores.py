"""Stores, their order settings, product matches and dashboard."""

from __future__ import annotations

from typing import Any

from flask import Response, url_for

from bridge import queries, stores, sync, trail
from bridge import store as records
from bridge.amazon.marketplaces import MARKETPLACES
from bridge.api.blueprint import (
    LINK,
    Blueprint,
    caller,
    demand_version,
    reply,
    reply_page,
    reply_versioned,
    runtime,
    whole_bridge_only,
)
from bridge.api.schemas import stores as shapes
from bridge.api.schemas.common import PageQuery
from bridge.api.schemas.jobs import JobRunSchema
from bridge.errors import Conflict
from bridge.jobs.run import start_job
from bridge.keys import Scope

blp = Blueprint(
    "Stores", __name__, url_prefix="/api/v1", description="Amazon seller accounts and what is set for them."
)
IF_MATCH = {
    "parameters": [
        {
            "in": "header",
            "name": "If-Match",
            "required": True,
            "schema": {"type": "string"},
            "description": "ETag of the version that was read.",
            "example": '"1"',
        }
    ]
}
ETAG = {"ETag": "The version; send it back in If-Match to change it."}
LOCATION = {"Location": "Where the new object is."}


@blp.operation("GET", "/marketplaces", "listMarketplaces", scope=Scope.ORDERS_READ, answer=shapes.MarketplaceListSchema)
def list_marketplaces() -> Response:
    """List Amazon's marketplaces"""
    items = [
        {
            "id": m.id,
            "code": m.code,
            "country": m.country,
            "region": m.region,
            "currency": m.currency,
            "domain": m.domain,
            "seller_central_url": f"https://{m.seller_central}",
        }
        for m in MARKETPLACES.values()
    ]
    return reply({"items": items})


@blp.operation("GET", "/stores", "listStores", scope=Scope.ORDERS_READ, answer=shapes.StoreListSchema)
def list_stores() -> Response:
    """List the stores"""
    with runtime().db.reading() as session:
        return reply({"items": queries.stores(session, caller().store_ids)})


@blp.operation(
    "POST",
    "/stores",
    "addStore",
    scope=Scope.STORES_WRITE,
    body=shapes.NewStore,
    answer=shapes.StoreSchema,
    status=201,
    errors=(409, 503),
    headers=LOCATION,
)
def add_store(values: dict[str, Any]) -> Response:
    """Connect a store

    Nobody is called yet: ask for its verification afterwards. Orders placed before the integration time never come.
    """
    whole_bridge_only()
    return _store(stores.add_store(runtime(), values), 201)


@blp.operation("GET", "/stores/<id:store_id>", "getStore", scope=Scope.ORDERS_READ, answer=shapes.StoreSchema)
def get_store(store_id: int) -> Response:
    """Show a store"""
    return _store(store_id)


@blp.operation(
    "PATCH",
    "/stores/<id:store_id>",
    "changeStore",
    scope=Scope.STORES_WRITE,
    body=shapes.StoreChange,
    answer=shapes.StoreSchema,
    errors=(409, 503),
)
def change_store(values: dict[str, Any], store_id: int) -> Response:
    """Change a store

    The seller account and the marketplace cannot change. Credentials can be replaced, never read.
    """
    stores.update_store(runtime(), store_id, values)
    return _store(store_id)


@blp.operation(
    "DELETE", "/stores/<id:store_id>", "deleteStore", scope=Scope.STORES_WRITE, answer=None, status=204, errors=(409,)
)
def delete_store(store_id: int) -> Response:
    """Delete a deactivated store with all its orders"""
    stores.delete_store(runtime(), store_id)
    return Response(status=204)


@blp.operation(
    "POST", "/stores/<id:store_id>/activate", "activateStore", scope=Scope.STORES_WRITE, answer=shapes.StoreSchema
)
def activate_store(store_id: int) -> Response:
    """Have the jobs work for a store"""
    stores.set_active(runtime(), store_id, active=True)
    return _store(store_id)


@blp.operation(
    "POST", "/stores/<id:store_id>/deactivate", "deactivateStore", scope=Scope.STORES_WRITE, answer=shapes.StoreSchema
)
def deactivate_store(store_id: int) -> Response:
    """Have the jobs leave a store alone"""
    stores.set_active(runtime(), store_id, active=False)
    return _store(store_id)


@blp.operation(
    "POST",
    "/stores/<id:store_id>/verify",
    "verifyStore",
    scope=Scope.STORES_WRITE,
    answer=shapes.VerificationSchema,
    errors=(503,),
)
def verify_store(store_id: int) -> Response:
    """Ask Amazon and Commerce whether a store's credentials and settings work"""
    checks = [{"name": c.name, "ok": c.ok, "message": c.message} for c in sync.verify.verify(runtime().links, store_id)]
    return reply({"ok": all(check["ok"] for check in checks), "checks": checks})


@blp.operation(
    "POST",
    "/stores/<id:store_id>/sync",
    "syncStore",
    scope=Scope.ORDERS_WRITE,
    answer=JobRunSchema,
    status=202,
    errors=(409,),
    headers=LOCATION,
)
def sync_store(store_id: int) -> Response:
    """Read what changed on Amazon now"""
    with runtime().db.reading() as session:
        if not records.get_store(session, store_id).active:
            raise Conflict("The store is deactivated.", "store_inactive")
    return asked_for("sync", store_id)


def asked_for(job: str, store_id: int | None) -> Response:
    """Start the job that the caller asked for by its name, and leave a row in the audit trail."""
    with runtime().db.session() as session:
        trail.record(session, "job.started", "job", job, store_id=store_id)
    return started(job, store_id)


def started(job: str, store_id: int | None) -> Response:
    """Start the job in the background and answer with its run."""
    run_id = start_job(runtime(), job, store_id, "api")
    with runtime().db.reading() as session:
        run = queries.job_run(session, run_id, None)
    return reply(run, 202, {"Location": url_for("Jobs.getJobRun", run_id=run_id)})


@blp.operation(
    "GET",
    "/stores/<id:store_id>/order-settings",
    "getOrderSettings",
    scope=Scope.ORDERS_READ,
    answer=shapes.OrderSettingsSchema,
    headers=ETAG,
)
def get_order_settings(store_id: int) -> Response:
    """Show a store's order settings"""
    with runtime().db.reading() as session:
        row = records.get_store(session, store_id).settings
        return reply_versioned(stores.settings_values(row), row.version)


@blp.operation(
    "PUT",
    "/stores/<id:store_id>/order-settings",
    "saveOrderSettings",
    scope=Scope.SETTINGS_WRITE,
    body=shapes.OrderSettingsChange,
    answer=shapes.OrderSettingsSchema,
    errors=(409, 412, 428),
    headers=ETAG,
    doc=IF_MATCH,
)
def save_order_settings(values: dict[str, Any], store_id: int) -> Response:
    """Save a store's order settings

    While import_orders is disabled every other field is read-only and keeps its value.
    """
    with runtime().db.session() as session:
        version = records.get_store(session, store_id).settings.version
        demand_version(version)
        row = stores.save_order_settings(session, store_id, version, values)
        return reply_versioned(stores.settings_values(row), row.version)


@blp.operation(
    "GET",
    "/stores/<id:store_id>/dashboard",
    "getDashboard",
    scope=Scope.ORDERS_READ,
    query=shapes.DashboardQuery,
    answer=shapes.DashboardSchema,
)
def get_dashboard(query: dict[str, Any], store_id: int) -> Response:
    """Show how a store does"""
    with runtime().db.reading() as session:
        return reply(queries.dashboard(session, store_id, query["days"], runtime().now()))


@blp.operation(
    "GET",
    "/stores/<id:store_id>/product-matches",
    "listProductMatches",
    scope=Scope.ORDERS_READ,
    query=PageQuery,
    answer=shapes.ProductMatchPageSchema,
    headers=LINK,
)
def list_product_matches(query: dict[str, Any], store_id: int) -> Response:
    """List which Commerce products stand for a store's Amazon listings"""
    with runtime().db.reading() as session:
        records.get_store(session, store_id)
        return reply_page(queries.product_matches(session, store_id, **query))


@blp.operation(
    "POST",
    "/stores/<id:store_id>/product-matches",
    "addProductMatch",
    scope=Scope.ORDERS_WRITE,
    body=shapes.NewProductMatch,
    answer=shapes.ProductMatchSchema,
    status=201,
    errors=(409,),
    headers=LOCATION,
)
def add_product_match(values: dict[str, Any], store_id: int) -> Response:
    """Match an Amazon listing to a Commerce product

    Orders that wait for it are looked at again at once.
    """
    row = stores.add_product_match(runtime(), store_id, values)
    where = url_for("Stores.getProductMatch", store_id=store_id, match_id=row.id)
    return reply(queries.product_match(row), 201, {"Location": where})


@blp.operation(
    "GET",
    "/stores/<id:store_id>/product-matches/<id:match_id>",
    "getProductMatch",
    scope=Scope.ORDERS_READ,
    answer=shapes.ProductMatchSchema,
)
def get_product_match(store_id: int, match_id: int) -> Response:
    """Show a product match"""
    with runtime().db.reading() as session:
        return reply(queries.product_match(stores.get_product_match(session, store_id, match_id)))


@blp.operation(
    "DELETE",
    "/stores/<id:store_id>/product-matches/<id:match_id>",
    "deleteProductMatch",
    scope=Scope.ORDERS_WRITE,
    answer=None,
    status=204,
)
def delete_product_match(store_id: int, match_id: int) -> Response:
    """Delete a product match

    Orders that were imported with it stay as they are.
    """
    with runtime().db.session() as session:
        stores.delete_product_match(session, store_id, match_id)
    return Response(status=204)


def _store(store_id: int, status: int = 200) -> Response:
    with runtime().db.reading() as session:
        shown = queries.store(session, store_id)
    headers = {"Location": url_for("Stores.getStore", store_id=store_id)} if status == 201 else {}
    return reply(shown, status, headers)
