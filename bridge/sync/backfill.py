"""What a seller's own All Orders report names and we do not have is asked of Amazon, order by order.

The report can be downloaded in Seller Central (GET_FLAT_FILE_ALL_ORDERS_DATA_BY_ORDER_DATE_GENERAL). It has no
addresses, so it only says which orders there are. Orders older than the store's integration time stay out.
"""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime

from bridge import store
from bridge.errors import InvalidInput, RemoteError
from bridge.sync.connect import Link
from bridge.sync.intake import NOT_STORABLE, store_snapshots

_ID, _DATE = "amazon-order-id", "purchase-date"
_ORDER_ID = re.compile(r"[0-9A-Z]{3}-[0-9]{7}-[0-9]{7}")


def report_orders(lines: Iterable[str]) -> dict[str, datetime]:
    """The purchase date of each order that a tab-separated report names.

    Raises InvalidInput naming the lines that cannot be read (20 at most); nothing is taken from such a report.
    """
    rows = csv.reader(lines, delimiter="\t", quoting=csv.QUOTE_NONE)
    header = [name.strip().lstrip("\ufeff") for name in next(rows, [])]
    missing = [name for name in (_ID, _DATE) if name not in header]
    if missing:
        raise InvalidInput(f"line 1: the report has no column {' and no '.join(missing)}")
    at_id, at_date = header.index(_ID), header.index(_DATE)
    orders: dict[str, datetime] = {}
    wrong: list[str] = []
    for number, row in enumerate(rows, start=2):
        if not any(row):
            continue
        try:
            order_id, when = row[at_id].strip(), datetime.fromisoformat(row[at_date].strip())
        except (IndexError, ValueError):
            wrong.append(f"line {number}: no order id with a purchase date")
            continue
        if not _ORDER_ID.fullmatch(order_id) or when.tzinfo is None:
            wrong.append(f"line {number}: {order_id[:30]!r} is no order id, or its date has no zone")
            continue
        orders[order_id] = when.astimezone(UTC)
    if wrong:
        raise InvalidInput("; ".join(wrong[:20]) + (f"; and {len(wrong) - 20} more" if len(wrong) > 20 else ""))
    return orders


def backfill(link: Link, orders: dict[str, datetime]) -> dict[str, int]:
    """Ask Amazon for the named orders that we lack; what was done, counted.

    Stops when Amazon's quota is used up, with the seconds to wait under `retry_after` and what is left under `left`;
    running it again goes on from there. Raises RemoteError for other failures.
    """
    done: Counter[str] = Counter()
    young = [order_id for order_id, when in orders.items() if when >= link.integration_time]
    done["older_than_integration"] = len(orders) - len(young)
    with link.db.reading() as session:
        known = store.known_versions(session, link.store_id, young)
    missing = [order_id for order_id in young if order_id not in known]
    done["known"] = len(known)
    for index, order_id in enumerate(missing):
        try:
            snapshot = link.amazon.get_order(order_id)
        except RemoteError as error:
            if error.code == "QuotaWait":
                return dict(done) | {"left": len(missing) - index, "retry_after": int(error.retry_after or 1) + 1}
            if not error.permanent:
                raise
            with link.db.session() as session:
                store.record_remote_error(session, link.store_id, error, link.now())
            done["not_readable"] += 1
            continue
        if snapshot.marketplace_id != link.marketplace_id:
            done["of_another_marketplace"] += 1
            continue
        try:
            with link.db.session() as session:
                done += store_snapshots(session, link, [snapshot])
        except NOT_STORABLE:
            done["not_storable"] += 1
    return dict(done)
