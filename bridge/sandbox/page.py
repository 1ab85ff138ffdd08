"""The sandbox's page: be the buyer on Amazon, the warehouse and the catalogue manager, with plain forms.

Every form posts to one address under /play and is sent back to the page with a note of what happened.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from bridge.sandbox.actors import CARRIERS, line_of, mend, waiting_for_shipment
from bridge.sandbox.amounts import Json
from bridge.sandbox.cast import GOODS, PEOPLE, Good
from bridge.sandbox.commerce_errors import CommerceError
from bridge.sandbox.refusal import Refusal
from bridge.sandbox.world import World

SHOWN_ORDERS = 25
SHOWN_PRODUCTS = 40
Form = MultiDict[str, str]


@dataclass(frozen=True)
class AmazonRow:
    """An Amazon order as the page lists it; `acts` are the buttons that make sense now."""

    order_id: str
    status: str
    what: str
    channel: Literal["FBA", "FBM"]
    acts: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Parcel:
    """A Commerce order that waits to be shipped: its lines as (item id, SKU, quantity left)."""

    order_id: int
    number: str
    lines: tuple[tuple[int, str, str], ...]


@dataclass(frozen=True)
class Shelf:
    """A listing on Amazon, and how the shop stands to it. stock: what lies in the default source."""

    sku: str
    title: str
    state: Literal["ready", "missing", "disabled", "out_of_stock"]
    salable: str
    stock: str = ""


def blueprint(world: World) -> Blueprint:
    """The page of a world, to be mounted at the root."""
    page = Blueprint("page", __name__, template_folder="templates")

    @page.get("/")
    def home() -> str:
        with world.lock:
            return render_template(
                "sandbox.html",
                note=request.args.get("note", ""),
                failed="failed" in request.args,
                orders=amazon_rows(world),
                order_count=len(world.marketplace.orders),
                parcels=parcels(world),
                shelves=shelves(world),
                people=PEOPLE,
                carriers=CARRIERS,
            )

    @page.post("/play/<what>")
    def play(what: str) -> Response:
        with world.lock:
            try:
                note, failed = PLAYS[what](world, request.form), None
            except (Refusal, CommerceError, LookupError, ValueError) as refused:
                note, failed = f"Not done: {refused}", "1"
        return redirect(url_for("page.home", note=note, failed=failed), 303)

    return page


# What the page shows


def amazon_rows(world: World) -> list[AmazonRow]:
    """The newest Amazon orders, newest first."""
    newest = list(world.marketplace.orders.values())[-SHOWN_ORDERS:]
    return [_amazon_row(order) for order in reversed(newest)]


def _amazon_row(order: Json) -> AmazonRow:
    status = order["fulfillment"]["fulfillmentStatus"]
    fba = order["fulfillment"].get("fulfilledBy") == "AMAZON"
    acts: tuple[tuple[str, str], ...] = ()
    if status in ("PENDING", "PENDING_AVAILABILITY"):
        acts = (("pay", "Pay"), ("cancel", "Cancel"))
    elif status == "UNSHIPPED" and fba:
        acts = (("ship-fba", "Amazon ships it"),)
    elif status == "UNSHIPPED":
        asked = any("cancellationRequest" in item.get("cancellation", {}) for item in order["orderItems"])
        acts = () if asked else (("request-cancel", "Ask to cancel"),)
        status = "UNSHIPPED, buyer asks to cancel" if asked else status
    goods = (f"{item['quantityOrdered']} x {item['product'].get('title', '')}" for item in order["orderItems"])
    return AmazonRow(order["orderId"], status, ", ".join(goods), "FBA" if fba else "FBM", acts)


def parcels(world: World) -> list[Parcel]:
    """The Commerce orders that wait for the warehouse."""
    found = []
    for order_id, left in list(waiting_for_shipment(world).items())[:SHOWN_ORDERS]:
        order = world.shop.orders[order_id]
        skus = {int(item["item_id"]): str(item["sku"]) for item in order["items"]}
        lines = tuple((item_id, skus[item_id], f"{quantity:g}") for item_id, quantity in left.items())
        found.append(Parcel(order_id, str(order["increment_id"]), lines))
    return found


def shelves(world: World) -> list[Shelf]:
    """The listings: the cast's own where the shop knows any of them, else what the shop sells."""
    catalog = world.shop.catalog
    if any(catalog.get(good.sku) for good in GOODS):
        return [_shelf(world, good.sku, good.title) for good in GOODS]
    return [_shelf(world, product.sku, product.name) for product in list(catalog.by_id.values())[:SHOWN_PRODUCTS]]


def _shelf(world: World, sku: str, title: str) -> Shelf:
    product = world.shop.catalog.get(sku)
    if product is None:
        return Shelf(sku, title, "missing", "")
    salable = float(world.shop.salable_quantity(sku)) if product.has_sources else 0.0
    state: Literal["ready", "disabled", "out_of_stock"] = "ready"
    if product.status != 1:
        state = "disabled"
    elif product.has_sources and product.manage_stock and salable <= 0:
        state = "out_of_stock"
    return Shelf(sku, title, state, f"{salable:g}", f"{world.shop.source_quantity(sku):g}")


# What its forms do; each gives the note to show


def _place(world: World, form: Form) -> str:
    address = PEOPLE[int(form["person"])]
    good = _listing(world, form["sku"])
    line = line_of(good, max(1, min(int(form.get("quantity") or 1), 99)), address)
    fulfilled_by: Literal["AMAZON", "MERCHANT"] = "AMAZON" if form.get("fulfilled_by") == "AMAZON" else "MERCHANT"
    order_id = world.marketplace.place([line], buyer_name=address.name, address=address, fulfilled_by=fulfilled_by)
    return f"Order {order_id} placed, payment open."


def _listing(world: World, sku: str) -> Good:
    for good in GOODS:
        if good.sku == sku:
            return good
    product = world.shop.catalog.get(sku)
    if product is None:
        raise LookupError(sku)
    return Good(sku, "", product.name, Decimal(str(product.price)))


def _act(act: Callable[[World, str], None], done: str) -> Callable[[World, Form], str]:
    def play(world: World, form: Form) -> str:
        act(world, form["order_id"])
        return f"Order {form['order_id']}: {done}"

    return play


def _ship(world: World, form: Form) -> str:
    order_id = int(form["order_id"])
    quantities: dict[int, float] = {
        int(name.removeprefix("item-")): float(value)
        for name, value in form.items()
        if name.startswith("item-") and value and float(value) > 0
    }
    if not quantities:
        raise ValueError("a parcel needs at least one piece")
    titles = dict(CARRIERS)
    number = form.get("tracking_number", "").strip()
    carrier = form.get("carrier", "")
    tracks = [(carrier, titles.get(carrier, "Other carrier"), number)] if number else []
    shipment_id = world.shop.ship(order_id, items=quantities, tracks=tracks)
    return f"Shipment {shipment_id} of order {world.shop.orders[order_id]['increment_id']} made."


def _set_stock(world: World, form: Form) -> str:
    world.shop.set_stock(form["sku"], float(form["qty"]))
    return f"{form['sku']}: stock set."


def _enable(world: World, form: Form) -> str:
    world.shop.set_product_status(form["sku"], True)
    return f"{form['sku']}: enabled."


def _disable(world: World, form: Form) -> str:
    world.shop.set_product_status(form["sku"], False)
    return f"{form['sku']}: disabled."


def _create(world: World, form: Form) -> str:
    mend(world, _listing(world, form["sku"]))
    return f"{form['sku']}: created."


PLAYS: dict[str, Callable[[World, Form], str]] = {
    "place": _place,
    "pay": _act(lambda world, order_id: world.marketplace.verify_payment(order_id), "paid."),
    "cancel": _act(lambda world, order_id: world.marketplace.cancel(order_id, "BUYER", "BuyerCanceled"), "cancelled."),
    "request-cancel": _act(lambda world, order_id: world.marketplace.request_cancel(order_id), "asked to cancel."),
    "ship-fba": _act(lambda world, order_id: world.marketplace.ship_fba(order_id), "shipped by Amazon."),
    "ship": _ship,
    "set-stock": _set_stock,
    "enable": _enable,
    "disable": _disable,
    "create": _create,
}
