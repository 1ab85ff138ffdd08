"""Commerce to Amazon: every shipment that the merchant makes is confirmed, with all its tracks.

Shipments are polled, because an order's updated_at does not move when it is shipped (magento-live 0.7). A track that is
added later moves nothing at all, so shipments without a track are read again for LATE_TRACKS.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from bridge import store, trail
from bridge.amazon.client import PackageDetail
from bridge.domain.commerce import CommerceShipment
from bridge.domain.order import Channel
from bridge.domain.states import UNFINISHED
from bridge.errors import Conflict
from bridge.models import Order, OrderLine, OutgoingChange, Shipment
from bridge.sync.cancel import cancel_on_amazon
from bridge.sync.carriers import amazon_carrier, carrier_map
from bridge.sync.connect import Link
from bridge.sync.outgoing import CONFIRM_SHIPMENT, NO_TRACKING, seen_on_amazon, send_again, work_off

OVERLAP = timedelta(minutes=5)  # rows get their time before they are committed (magento-rest 5)
LATE_TRACKS = timedelta(days=7)
SHIP_PLUS = "FBM_SHIP_PLUS"  # Amazon knows its parcels by their labels, and refuses confirmations (amazon-sp-api 1.6)
TRACK_GRACE = timedelta(hours=1)  # Amazon wants a tracking number: one that comes within the hour is waited for


def confirm_shipments(link: Link) -> dict[str, int]:
    """Read the shop's new shipments, then send the confirmations and cancellations that are due; what was done.

    Raises RemoteError when the shipments cannot be read, or when no further call to Amazon could succeed now.
    """
    done: Counter[str] = Counter(shipments=_read_shipments(link))
    done["late_tracks"] = _read_late_tracks(link)
    send_again(link, CONFIRM_SHIPMENT)
    done.update(work_off(link, (CONFIRM_SHIPMENT,), lambda change_id: _send(link, change_id)))
    done.update(cancel_on_amazon(link))
    return {name: count for name, count in done.items() if count}


def request_confirmation(order: Order, now: datetime) -> None:
    """Have what Amazon has refused, or was not told yet, of the order's shipments sent by the next confirm job.

    Raises Conflict (nothing_to_confirm) when Amazon has taken all of it, or there is nothing.
    """
    open_ = [c for c in order.changes if c.kind == CONFIRM_SHIPMENT and c.state in {"refused", "pending"}]
    if not open_:
        raise Conflict("Nothing of this order waits to be confirmed to Amazon.", "nothing_to_confirm")
    for change in open_:
        change.state, change.attempts, change.due_at = "pending", 0, now
    order.note(now, "confirm_requested", "Its shipments are to be confirmed to Amazon again.")
    trail.record_order(order, "order.confirm_requested")


def _read_shipments(link: Link) -> int:
    with link.db.session() as session:
        position = store.cursor(session, link.store_id, "shipments", link.now()).position
    since = _moment(position) - OVERLAP if position else link.integration_time
    batch: list[CommerceShipment] = []
    newest = position or ""
    count = 0
    for shipment in link.commerce.shipments_since(since.strftime("%Y-%m-%d %H:%M:%S")):
        batch.append(shipment)
        newest = max(newest, shipment.updated_at)
        if len(batch) == 100:
            count += _keep(link, batch)
            batch = []
    count += _keep(link, batch)
    # Pages come by entity_id, not by time: only a whole run may move the watermark.
    if newest and newest != position:
        with link.db.session() as session:
            cursor = store.cursor(session, link.store_id, "shipments", link.now())
            cursor.position, cursor.updated_at = newest, link.now()
    return count


def _read_late_tracks(link: Link) -> int:
    """Read again the shipments that had no track; those that grew too old while the shop was away once more."""
    now = link.now()
    with link.db.session() as session:
        looked = store.cursor(session, link.store_id, "late tracks", now).updated_at
        waiting = (
            select(Order.commerce_order_id)
            .join(OutgoingChange, OutgoingChange.order_id == Order.id)
            .where(
                OutgoingChange.store_id == link.store_id,
                OutgoingChange.kind == CONFIRM_SHIPMENT,
                OutgoingChange.payload_tracked.is_(False),
                OutgoingChange.created_at > looked - LATE_TRACKS,
            )
        )
        order_ids = sorted({i for i in session.scalars(waiting) if i is not None})
    news = _keep(link, link.commerce.shipments_of(order_ids)) if order_ids else 0
    with link.db.session() as session:
        store.cursor(session, link.store_id, "late tracks", now).updated_at = now
    return news


def _keep(link: Link, shipments: Iterable[CommerceShipment]) -> int:
    """Store what is new about these shipments of ours, and what Amazon must be told; how many brought news."""
    shipments = list(shipments)
    earlier = _counted_over(link, {s.order_id for s in shipments})
    news = 0
    with link.db.session() as session:
        orders = store.orders_by_commerce_id(session, link.store_id, {s.order_id for s in shipments})
        for shipment in shipments:
            order = orders.get(shipment.order_id)
            if order is not None and order.channel is Channel.FBM and order.import_state not in UNFINISHED:
                of_order = earlier.get(shipment.order_id, ())
                news += keep_shipment(session, order, shipment, link.now(), of_order)
    return news


def _counted_over(link: Link, commerce_order_ids: set[int]) -> dict[int, list[CommerceShipment]]:
    """All shipments, by order, of those orders in which a shipment alone does not tell what it is to Amazon."""
    with link.db.reading() as session:
        orders = store.orders_by_commerce_id(session, link.store_id, commerce_order_ids)
        counted = {order_id: order for order_id, order in orders.items() if _packed(order)}
    whole: dict[int, list[CommerceShipment]] = {order_id: [] for order_id in counted}
    for shipment in link.commerce.shipments_of(sorted(counted)) if counted else ():
        whole[shipment.order_id].append(shipment)
    return whole


def _packed(order: Order) -> bool:
    """Whether an Amazon unit is several pieces or lines in Commerce, or a Commerce line several Amazon lines."""
    items = [line.commerce_item_id for line in order.lines if line.commerce_item_id is not None]
    return len(set(items)) < len(items) or any(line.units_per_item > 1 or line.parts for line in order.lines)


def keep_shipment(
    session: Session, order: Order, shipment: CommerceShipment, now: datetime, of_order: Iterable[CommerceShipment] = ()
) -> bool:
    """Store what is new about a shipment of the order, and what Amazon must be told; whether it brought news.

    of_order: all the order's shipments, where they are known; a pack that travels in parts is whole with its last one.
    """
    items = _amazon_items(order, shipment, [s for s in of_order if s.entity_id < shipment.entity_id])
    tracks = [{"number": t.number, "carrier_code": t.carrier_code, "title": t.title} for t in shipment.tracks]
    where = (Shipment.order_id == order.id, Shipment.commerce_shipment_id == shipment.entity_id)
    row = session.scalars(select(Shipment).where(*where)).one_or_none()
    if row is not None and row.tracks == tracks and row.items == items:
        return False
    if row is None:
        row = Shipment(
            order_id=order.id, commerce_shipment_id=shipment.entity_id, shipped_at=_moment(shipment.created_at)
        )
        session.add(row)
        numbers = ", ".join(t["number"] for t in tracks) or "no tracking number yet"
        by_label = " Amazon confirms FBM Ship+ by its own label." if SHIP_PLUS in order.programs else ""
        order.note(now, "shipped_in_commerce", f"Shipped in Commerce: {numbers}.{by_label}")
    former = {reference for reference, _ in packages(row)} if row.items else set()
    row.items, row.tracks = items, tracks
    session.flush()
    if items and SHIP_PLUS not in order.programs:
        _note_left_out(order, row, now)
        _withdraw(order, former - {reference for reference, _ in packages(row)}, now)
        _want_packages(order, row, now)
    return True


def _amazon_items(order: Order, shipment: CommerceShipment, earlier: Iterable[CommerceShipment]) -> list[list[Any]]:
    """[[amazon item id, quantity]]: what the shipment adds to the Amazon units that the earlier ones made whole."""
    before: Counter[int] = Counter()
    for former in earlier:
        for item_id, qty in former.items:
            before[item_id] += int(qty)
    items = _whole_sets(order, shipment, before)
    for item_id, qty in shipment.items:
        lines = [line for line in order.lines if line.commerce_item_id == item_id and not line.parts]
        then, now = _units(lines, before[item_id]), _units(lines, before[item_id] + int(qty))
        items += [[line.amazon_item_id, now[n] - then[n]] for n, line in enumerate(lines) if now[n] > then[n]]
    return items


def _whole_sets(order: Order, shipment: CommerceShipment, before: Counter[int]) -> list[list[Any]]:
    """[[amazon item id, quantity]] of lines that are several in Commerce: a set is whole once all its parts are."""
    after = before + Counter({item_id: int(qty) for item_id, qty in shipment.items})
    items: list[list[Any]] = []
    for line in order.lines:
        if line.parts:
            then, now = (
                min(line.quantity, *(pieces[item_id] // count for item_id, count in line.parts))
                for pieces in (before, after)
            )
            if now > then:
                items.append([line.amazon_item_id, now - then])
    return items


def _units(lines: Sequence[OrderLine], pieces: int) -> list[int]:
    """How many Amazon units of each line so many pieces of their common Commerce line make, filled up in turn."""
    made = []
    for line in lines:
        made.append(min(line.quantity, pieces // line.units_per_item))
        pieces = max(0, pieces - line.quantity * line.units_per_item)
    return made


def _want_packages(order: Order, shipment: Shipment, now: datetime) -> None:
    """Keep a confirmation for each package; a package whose track has changed since it was sent is sent again."""
    held = {change.reference: change for change in order.changes if change.kind == CONFIRM_SHIPMENT}
    for reference, package in packages(shipment):
        change = held.get(reference)
        if change is None:
            change = store.enqueue(order, CONFIRM_SHIPMENT, now, reference=reference, payload=package)
        elif change.payload == package:
            continue
        if change is None:
            continue
        change.payload, change.state, change.attempts = package, "pending", 0
        change.payload_tracked = bool(package["tracking_number"])
        change.due_at = now if change.payload_tracked else max(now, shipment.shipped_at + TRACK_GRACE)
    seen_on_amazon(order, now)


def _note_left_out(order: Order, shipment: Shipment, now: datetime) -> None:
    left_out = [track["number"] for track in shipment.tracks[sum(quantity for _, quantity in shipment.items) :]]
    if left_out:
        told = f"Amazon takes one tracking number for each unit: {', '.join(left_out)} cannot be told."
        order.note(now, "tracks_left_out", told)


def _withdraw(order: Order, references: Collection[str], now: datetime) -> None:
    """A track was removed: its units travel under the others. What Amazon has taken already cannot be taken back."""
    for change in [c for c in order.changes if c.kind == CONFIRM_SHIPMENT and c.reference in references]:
        if change.sent_at is None:
            order.changes.remove(change)
        else:
            number = change.payload["tracking_number"]
            order.note(now, "track_removed", f"Track {number} was removed in Commerce; Amazon knows it and keeps it.")


def packages(shipment: Shipment) -> list[tuple[str, dict[str, Any]]]:
    """The packages of a shipment as Amazon is told them: (packageReferenceId, what is in it).

    Commerce does not say which unit travels under which track, and Amazon takes each unit in one package only: the
    units are dealt out to the tracks in turn. The first package's reference is the Commerce shipment's id, the others'
    that id, two zeros and a running number (it must be a positive number, amazon-sp-api 2.1). Tracks beyond the number
    of units cannot be told to Amazon.
    """
    units = [item_id for item_id, quantity in shipment.items for _ in range(quantity)]
    tracks = shipment.tracks[: len(units)] or [{"number": "", "carrier_code": "", "title": ""}]
    made = []
    for index, track in enumerate(tracks):
        mine = Counter(units[index :: len(tracks)])
        reference = str(shipment.commerce_shipment_id) + (f"00{index}" if index else "")
        made.append(
            (
                reference,
                {
                    "tracking_number": track["number"],
                    "carrier_code": track["carrier_code"],
                    "title": track["title"],
                    "ship_date": shipment.shipped_at.isoformat(),
                    "items": sorted([item_id, count] for item_id, count in mine.items()),
                },
            )
        )
    return made


def _send(link: Link, change_id: int) -> str:
    with link.db.reading() as session:
        change = session.get_one(OutgoingChange, change_id)
        order = session.get_one(Order, change.order_id)
        payload, number = change.payload, order.amazon_order_id
        mapped = {row.commerce_carrier: row for row in carrier_map(session, link.store_id)}
    code, name = amazon_carrier(payload["carrier_code"], payload["title"], mapped)
    link.amazon.confirm_shipment(
        number,
        link.marketplace_id,
        PackageDetail(
            package_reference_id=change.reference,
            carrier_code=code,
            carrier_name=name,
            shipping_method=payload["title"] or None,
            tracking_number=payload["tracking_number"] or NO_TRACKING,
            ship_date=min(_moment(payload["ship_date"]), link.now()),
            items=tuple((item_id, quantity) for item_id, quantity in payload["items"]),
        ),
    )
    now = link.now()
    with link.db.session() as session:
        change = session.get_one(OutgoingChange, change_id)
        if change.payload == payload and change.state == "pending":  # not changed while it was being sent
            change.state, change.sent_at, change.last_error = "sent", now, None
            order = session.get_one(Order, change.order_id)
            tracking = payload["tracking_number"] or "without tracking number"
            order.note(now, "shipment_sent", f"Shipment confirmed to Amazon: {tracking}.")
    return "sent"


def _moment(text: str) -> datetime:
    """Magento prints UTC without a zone."""
    when = datetime.fromisoformat(text)
    return when.replace(tzinfo=UTC) if when.tzinfo is None else when.astimezone(UTC)
