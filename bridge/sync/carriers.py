"""Which carrier Amazon is told for a track made in Commerce: as the merchant mapped it, else by its code or title.

A carrier that is not among CARRIER_CODES is sent as "Other" with the track's title as its name.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from bridge import trail
from bridge.amazon.words import CARRIER_CODES
from bridge.domain.commerce import plain
from bridge.errors import InvalidInput
from bridge.models import CarrierMapping, Order, OutgoingChange, Shipment
from bridge.sync.outgoing import CONFIRM_SHIPMENT

OTHER = "Other"
_BY_PLAIN = {plain(code).replace(" ", ""): code for code in CARRIER_CODES}


@dataclass(frozen=True, slots=True)
class Mapped:
    """What a carrier of the shop is to Amazon; a name goes with the code "Other" only."""

    commerce_carrier: str
    carrier_code: str
    carrier_name: str | None = None


@dataclass(frozen=True, slots=True)
class Unmapped:
    """A carrier that shipments of the store named and that goes as "Other"; `suggestion` is Amazon's nearest code."""

    carrier_code: str
    title: str
    suggestion: str | None


def amazon_carrier(carrier_code: str, title: str, mapped: Mapping[str, Mapped] | None = None) -> tuple[str, str | None]:
    """(carrierCode, carrierName) for a track's carrier code and title; carrierName only with "Other".

    mapped: the store's map, by the plain text of the shop's carrier.
    """
    for text in (carrier_code, title):
        own = (mapped or {}).get(plain(text))
        if own:
            return own.carrier_code, own.carrier_name
    for text in (carrier_code, title):
        code = _BY_PLAIN.get(plain(text).replace(" ", ""))
        if code:
            return code, None
    return OTHER, (title.strip() or carrier_code.strip() or OTHER)[:255]


def suggestion(title: str) -> str | None:
    """Amazon's code that is spelt most like the title ("Fed Exx" is FedEx), None when none is near."""
    squeezed = plain(title).replace(" ", "")
    near = get_close_matches(squeezed, _BY_PLAIN, n=1, cutoff=0.75)
    if not near:
        near = [name for name in _BY_PLAIN if len(name) > 2 and squeezed.startswith(name)][:1]
    return _BY_PLAIN[near[0]] if near else None


def carrier_map(session: Session, store_id: int) -> list[Mapped]:
    """The store's map, by the shop's carrier."""
    query = select(CarrierMapping).where(CarrierMapping.store_id == store_id).order_by(CarrierMapping.commerce_carrier)
    return [Mapped(row.commerce_carrier, row.carrier_code, row.carrier_name) for row in session.scalars(query)]


def replace_carrier_map(session: Session, store_id: int, wanted: Sequence[Mapped]) -> None:
    """Make this the store's map, and have the confirmations that Amazon refused sent once more by it.

    Raises InvalidInput for an empty or doubled carrier, or "Other" without a name.
    """
    seen: set[str] = set()
    for index, mapping in enumerate(wanted):
        key = plain(mapping.commerce_carrier)
        where = f"items.{index}"
        if not key or key in seen:
            raise InvalidInput("The carrier map cannot be kept.", {f"{where}.commerce_carrier": ["Empty or doubled."]})
        if mapping.carrier_code == OTHER and not mapping.carrier_name:
            raise InvalidInput("The carrier map cannot be kept.", {f"{where}.carrier_name": ['Required with "Other".']})
        seen.add(key)
    before = {row.commerce_carrier: _named(row) for row in carrier_map(session, store_id)}
    session.execute(delete(CarrierMapping).where(CarrierMapping.store_id == store_id))
    session.add_all(
        CarrierMapping(
            store_id=store_id,
            commerce_carrier=plain(mapping.commerce_carrier),
            carrier_code=mapping.carrier_code,
            carrier_name=mapping.carrier_name if mapping.carrier_code == OTHER else None,
        )
        for mapping in wanted
    )
    refused = (
        OutgoingChange.store_id == store_id,
        OutgoingChange.kind == CONFIRM_SHIPMENT,
        OutgoingChange.state == "refused",
    )
    session.execute(update(OutgoingChange).where(*refused).values(state="pending", attempts=0))
    after = {plain(mapping.commerce_carrier): _named(mapping) for mapping in wanted}
    trail.record(session, "carrier_map.changed", "carrier_map", store_id, store_id=store_id, before=before, after=after)


def _named(mapping: Mapped) -> str:
    return mapping.carrier_name or OTHER if mapping.carrier_code == OTHER else mapping.carrier_code


def unmapped_carriers(session: Session, store_id: int, newest: int = 500) -> list[Unmapped]:
    """The carriers of the store's newest shipments that Amazon is told as "Other", each once."""
    mapped = {row.commerce_carrier: row for row in carrier_map(session, store_id)}
    query = select(Shipment.tracks).join(Order, Order.id == Shipment.order_id).where(Order.store_id == store_id)
    seen: dict[tuple[str, str], Unmapped] = {}
    for tracks in session.scalars(query.order_by(Shipment.id.desc()).limit(newest)):
        for track in tracks:
            pair = (track["carrier_code"], track["title"])
            known = pair in seen or any(plain(text) in mapped for text in pair)
            if not known and amazon_carrier(*pair)[0] == OTHER:
                seen[pair] = Unmapped(*pair, suggestion(track["title"] or track["carrier_code"]))
    return list(seen.values())
