"""The account of a replay: every order of the report is found in the bridge, on Amazon and in Commerce, or why not.

Nothing here asks the bridge how it thinks it went: what Amazon shows and what lies in the shop is read where it lies.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from bridge.models import Order, Store
from bridge.sandbox.lives import fate_of, last_status, market_of, pieces, purchased
from bridge.sandbox.report import ReportLine, ReportOrder
from bridge.sandbox.world import World

Json = dict[str, Any]
SHOWN_IDS = 20
CREATED = "one Commerce order, "
NOT_CREATED = "no Commerce order, "
# what the report's end means -> (the bridge's status, Commerce's state; None where there may be no Commerce order)
_ENDS: dict[str, tuple[str, str | None]] = {
    "shipped_by_merchant": ("Completed", "complete"),
    "shipped_by_amazon": ("Completed", "complete"),
    "cancelled_unpaid": ("Canceled", "canceled"),
    "cancelled_paid": ("Canceled", "canceled"),
    "unshipped": ("Unshipped", "processing"),
    "pending": ("Pending", None),
}
_WAYS = {
    "shipped_by_merchant": "complete, shipped by the merchant",
    "shipped_by_amazon": "complete, shipped by Amazon",
    "cancelled_unpaid": "canceled after the import",
    "cancelled_paid": "canceled after the import",
    "unshipped": "processing, not shipped yet",
}
# why an order of this fate and channel is never created
_NEVER = {
    ("cancelled_unpaid", "any"): "canceled before it was paid",
    ("cancelled_paid", "AMAZON"): "canceled before Amazon shipped it",
    ("unshipped", "AMAZON"): "not shipped by Amazon yet",
    ("pending", "any"): "payment not verified yet",
}


@dataclass
class Reconciliation:
    """reasons: how many orders each accounts for. figures: what was counted. problems: what is off -> ids."""

    orders: int
    reasons: Counter[str] = field(default_factory=Counter)
    figures: list[tuple[str, str]] = field(default_factory=list)
    problems: dict[str, list[str]] = field(default_factory=dict)

    @property
    def off(self) -> bool:
        """Whether anything is not as it should be."""
        return any(self.problems.values())

    def add(self, problem: str, what: str) -> None:
        """Something is off with this order or SKU."""
        self.problems.setdefault(problem, []).append(what)

    def text(self) -> str:
        """The account for people; ids only, no names."""
        rows = [(f"  {reason}", f"{count:,}") for reason, count in sorted(self.reasons.items())]
        rows = [
            ("Orders in the reports played here", f"{self.orders:,}"),
            *rows,
            ("  together", f"{self.reasons.total():,}"),
        ]
        rows += self.figures
        rows += [(name, f"{len(ids):,}") for name, ids in self.problems.items()]
        width = max(len(name) for name, _ in rows) + 2
        lines = [f"{name:<{width}}{value:>18}" for name, value in rows]
        for name, ids in self.problems.items():
            if ids:
                more = f" and {len(ids) - SHOWN_IDS} more" if len(ids) > SHOWN_IDS else ""
                lines += ["", f"{name[0].upper()}{name[1:]}: {', '.join(ids[:SHOWN_IDS])}{more}"]
        lines += ["", "Something is off." if self.off else "Everything is accounted for."]
        return "\n".join(lines)


def reconcile(
    session: Session, store_id: int, world: World, orders: Iterable[ReportOrder], stocked: Mapping[str, int]
) -> Reconciliation:
    """Hold the report's orders against the bridge's table, Amazon and the shop.

    stocked: the pieces of each SKU that were put into the shop's source.
    """
    return _Account(session, store_id, world, list(orders), stocked).draw_up()


class _Account:
    """The three books side by side."""

    def __init__(
        self, session: Session, store_id: int, world: World, orders: list[ReportOrder], stocked: Mapping[str, int]
    ) -> None:
        self._world = world
        self._orders = orders
        self._stocked = stocked
        self._store = session.get_one(Store, store_id)
        query = select(Order).where(Order.store_id == store_id).options(selectinload(Order.blockers))
        self._rows = {row.amazon_order_id: row for row in session.scalars(query)}
        self._commerce: dict[str, list[Json]] = {}
        for order in world.shop.orders.values():
            self._commerce.setdefault(str(order.get("ext_order_id")), []).append(order)
        self._done = Reconciliation(len(orders))

    def draw_up(self) -> Reconciliation:
        for name in _CHECKS:
            self._done.problems[name] = []
        for order in self._orders:
            self._account_for(order)
        known = {order.order_id for order in self._orders}
        for number in self._commerce:
            if number not in known:
                self._done.add(STRAY, number)
        self._sum_up()
        self._count_stock()
        self._count_parcels()
        throttled = sum(self._world.marketplace.throttled.values())
        asked = sum(count for name, count in self._world.requests.items() if name.startswith("amazon"))
        self._done.figures.append(("Requests to Amazon", f"{asked:,}"))
        self._done.figures.append(("  of them throttled", f"{throttled:,}"))
        if throttled:
            self._done.problems[THROTTLED] = sorted(self._world.marketplace.throttled)
        return self._done

    def _account_for(self, order: ReportOrder) -> None:
        found = self._commerce.get(order.order_id, [])
        row = self._rows.get(order.order_id)
        if len(found) > 1:
            self._done.add(DOUBLE, order.order_id)
        reason = self._reason(order, row, found)
        if reason is None:
            self._done.add(UNEXPLAINED, order.order_id)
            return
        self._done.reasons[reason] += 1
        if row is not None and not self._ended_right(order, row, found):
            self._done.add(WRONG_END, order.order_id)
        # A report forgets the prices of an order that was cancelled after an earlier report had them.
        if found and fate_of(order) != "cancelled_unpaid" and _money(found[0]["grand_total"]) != self._worth(order):
            self._done.add(WRONG_TOTAL, order.order_id)

    def _reason(self, order: ReportOrder, row: Order | None, found: list[Json]) -> str | None:
        """Why there is a Commerce order, or why there is none; None when there should be one."""
        fate = fate_of(order)
        if found:
            return CREATED + _WAYS[fate] if fate in _WAYS else None
        if row is None:
            older = purchased(order) < self._store.integration_time
            return f"{NOT_CREATED}older than the store's connection" if older else None
        if row.blockers:
            return f"{NOT_CREATED}blocked: {', '.join(sorted({blocker.code for blocker in row.blockers}))}"
        why = _NEVER.get((fate, order.channel)) or _NEVER.get((fate, "any"))
        return NOT_CREATED + why if why else None

    def _ended_right(self, order: ReportOrder, row: Order, found: list[Json]) -> bool:
        status, state = _ENDS[fate_of(order)]
        if not found:
            # A blocked order cannot have gone the report's way; it is counted under its reason.
            return bool(row.blockers) or (row.status == status and self._shown(order) == last_status(order))
        return (row.status, found[0]["state"], self._shown(order)) == (status, state, last_status(order))

    def _shown(self, order: ReportOrder) -> str:
        return self._world.marketplace.status(order.order_id)

    def _worth(self, order: ReportOrder) -> Decimal:
        """What the buyer paid for the pieces of the order, as the report says."""
        market = market_of(order.sales_channel)
        total = Decimal(0)
        for line in order.lines:
            total += (line.item_price or Decimal(0)) if pieces(order, line) else Decimal(0)
            total += line.shipping + line.gift_wrap - line.item_discount - line.shipping_discount
            if market is not None and not market.tax_inclusive:
                total += line.item_tax + line.shipping_tax + line.gift_wrap_tax
        return total

    def _sum_up(self) -> None:
        """The prices of the shipped lines: the report's sum, what is named, and what lies in the shop."""
        shipped = [(o, line) for o in self._orders if o.outcome == "shipped" for line in o.lines]
        empty = [line for order, line in shipped if not pieces(order, line)]
        absent = [(o, line) for o, line in shipped if pieces(o, line) and not self._commerce.get(o.order_id)]
        in_shop = sum((self._goods(o) for o in self._orders if o.outcome == "shipped"), Decimal(0))
        report = _sum(line for _, line in shipped)
        named = _sum(empty) + _sum(line for _, line in absent)
        currency = next((order.currency for order in self._orders if order.currency), "") or ""
        self._done.figures += [
            ("Shipped lines in the report", f"{len(shipped):,}"),
            ("  their prices", f"{currency} {report:,.2f}"),
            (f"  less {len(empty):,} without quantity", f"{currency} {_sum(empty):,.2f}"),
            (f"  less {len(absent):,} of orders not in Commerce", f"{currency} {_sum(x for _, x in absent):,.2f}"),
            ("  the same lines in Commerce", f"{currency} {in_shop:,.2f}"),
        ]
        if report - named != in_shop:
            self._done.add(WRONG_SUM, f"{in_shop - report + named:+,.2f}")

    def _goods(self, order: ReportOrder) -> Decimal:
        """The prices of an order's goods in Commerce, as the marketplace quotes them."""
        market = market_of(order.sales_channel)
        name = "row_total_incl_tax" if market is not None and market.tax_inclusive else "row_total"
        return sum(
            (
                _money(item[name])
                for commerce_order in self._commerce.get(order.order_id, [])
                for item in commerce_order["items"]
                if not item.get("is_virtual")
            ),
            Decimal(0),
        )

    def _count_stock(self) -> None:
        """What left the source is what the merchant shipped; what Amazon shipped is not; no reservation is left."""
        shop = self._world.shop
        left: Counter[str] = Counter()
        held: Counter[str] = Counter()
        by_amazon: Counter[str] = Counter()
        for order in self._orders:
            there = bool(self._commerce.get(order.order_id))
            for line in order.lines:
                product = shop.catalog.get(line.sku)
                sku = product.sku if product else line.sku
                if order.outcome == "shipped" and order.channel == "AMAZON":
                    by_amazon[sku] += pieces(order, line)
                elif order.outcome == "shipped" and there:
                    left[sku] += pieces(order, line)
                elif order.outcome == "unshipped" and there:
                    held[sku] += pieces(order, line)
        for sku, start in self._stocked.items():
            source, salable = shop.source_quantity(sku), shop.salable_quantity(sku)
            if source != start - left[sku]:
                self._done.add(WRONG_STOCK, sku)
            if salable != source - held[sku]:
                self._done.add(WRONG_SALABLE, sku)
        start, now = sum(self._stocked.values()), sum(shop.source_quantity(sku) for sku in self._stocked)
        self._done.figures += [
            ("SKUs", f"{len(self._stocked):,}"),
            ("  pieces in stock at the start", f"{start:,}"),
            ("  shipped by the merchant", f"{left.total():,}"),
            ("  in stock now", f"{now:,}"),
            ("  shipped by Amazon, from Amazon's stock", f"{by_amazon.total():,}"),
        ]

    def _count_parcels(self) -> None:
        """Every parcel that the warehouse made is on Amazon with its tracking number."""
        made = 0
        for number, found in self._commerce.items():
            for commerce_order in found:
                tracks = {
                    track["track_number"]
                    for shipment in self._world.shop.shipments_of(int(commerce_order["entity_id"]))
                    for track in shipment["tracks"]
                }
                made += len(tracks)
                shown = self._world.marketplace.orders.get(number, {}).get("packages", [])
                if tracks != {package["trackingNumber"] for package in shown}:
                    self._done.add(UNCONFIRMED, number)
        self._done.figures.append(("Parcels made in Commerce and shown on Amazon", f"{made:,}"))


DOUBLE = "orders with more than one Commerce order"
STRAY = "Commerce orders that no order of the report has"
UNEXPLAINED = "orders not accounted for"
WRONG_END = "orders in another final state than in the report"
WRONG_TOTAL = "Commerce orders at another total than in the report"
WRONG_SUM = "shipped lines: difference to the report"
WRONG_STOCK = "SKUs with another quantity in stock than shipped by the merchant"
WRONG_SALABLE = "SKUs with reservations left over"
UNCONFIRMED = "orders whose parcels Amazon does not show"
THROTTLED = "operations that Amazon throttled"
_CHECKS = (
    DOUBLE, STRAY, UNEXPLAINED, WRONG_END, WRONG_TOTAL, WRONG_SUM, WRONG_STOCK, WRONG_SALABLE, UNCONFIRMED, THROTTLED,
)  # fmt: skip


def _money(value: Any) -> Decimal:
    return Decimal(str(value or 0))


def _sum(lines: Iterable[ReportLine]) -> Decimal:
    return sum((line.item_price or Decimal(0) for line in lines), Decimal(0))
