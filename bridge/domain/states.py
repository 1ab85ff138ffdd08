"""The life of an order (what Amazon shows, and how far the import is) as two tables of allowed steps.

Amazon's versions are ordered by lastUpdatedTime; what is older than what we know is never applied. An order that has
ended (Completed or Canceled) never re-opens, whatever arrives later.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from bridge.domain.order import AmazonStatus, Channel


class IllegalTransition(ValueError):
    """A step that the tables below do not allow."""


class ImportState(StrEnum):
    """How far the Commerce side of an Amazon order is."""

    WAITING = "waiting"  # Amazon does not let it be created yet
    RESERVING = "reserving"  # claimed: a Commerce order that only holds the quantity may or may not exist
    RESERVED = "reserved"  # the Commerce order exists and holds the quantity; it has not got Amazon's final figures
    READY = "ready"  # to be created by the next import
    BLOCKED = "blocked"  # a blocker stands; looked at again in every import
    VIEW_ONLY = "view_only"  # import was disabled when it became importable
    IMPORTING = "importing"  # claimed: a Commerce order may or may not exist, so look before creating
    IMPORTED = "imported"  # the Commerce order exists
    COMPLETED = "completed"  # the Commerce order is complete
    CANCELED = "canceled"  # ended without shipping, before or after it was imported


TRANSITIONS: dict[ImportState, frozenset[ImportState]] = {
    ImportState.WAITING: frozenset(
        {ImportState.READY, ImportState.VIEW_ONLY, ImportState.CANCELED, ImportState.RESERVING}
    ),
    ImportState.RESERVING: frozenset({ImportState.RESERVED, ImportState.WAITING}),
    ImportState.RESERVED: frozenset({ImportState.IMPORTING, ImportState.BLOCKED, ImportState.CANCELED}),
    ImportState.READY: frozenset({ImportState.IMPORTING, ImportState.BLOCKED, ImportState.CANCELED}),
    ImportState.BLOCKED: frozenset(
        {ImportState.READY, ImportState.IMPORTING, ImportState.CANCELED, ImportState.RESERVED}
    ),
    ImportState.VIEW_ONLY: frozenset({ImportState.READY, ImportState.CANCELED}),
    ImportState.IMPORTING: frozenset(
        {ImportState.IMPORTED, ImportState.READY, ImportState.BLOCKED, ImportState.RESERVED}
    ),
    ImportState.IMPORTED: frozenset({ImportState.COMPLETED, ImportState.CANCELED}),
    ImportState.COMPLETED: frozenset(),
    ImportState.CANCELED: frozenset(),
}

_SHIPPING = {AmazonStatus.PARTIALLY_SHIPPED, AmazonStatus.SHIPPED}
_ENDINGS = {AmazonStatus.CANCELED, AmazonStatus.UNFULFILLABLE}

AMAZON_TRANSITIONS: dict[AmazonStatus, frozenset[AmazonStatus]] = {
    AmazonStatus.PENDING_AVAILABILITY: frozenset({AmazonStatus.PENDING, AmazonStatus.UNSHIPPED} | _SHIPPING | _ENDINGS),
    AmazonStatus.PENDING: frozenset({AmazonStatus.PENDING_AVAILABILITY, AmazonStatus.UNSHIPPED} | _SHIPPING | _ENDINGS),
    AmazonStatus.UNSHIPPED: frozenset(_SHIPPING | _ENDINGS),
    AmazonStatus.PARTIALLY_SHIPPED: frozenset({AmazonStatus.SHIPPED} | _ENDINGS),
    AmazonStatus.SHIPPED: frozenset({AmazonStatus.CANCELED}),
    AmazonStatus.UNFULFILLABLE: frozenset({AmazonStatus.CANCELED}),
    AmazonStatus.CANCELED: frozenset(),
}

IMPORTABLE: dict[Channel, frozenset[AmazonStatus]] = {
    Channel.FBM: frozenset({AmazonStatus.UNSHIPPED} | _SHIPPING),
    Channel.FBA: frozenset({AmazonStatus.SHIPPED}),
}

ENDED = frozenset({ImportState.COMPLETED, ImportState.CANCELED})
# A Commerce order exists, or may.
IN_COMMERCE = frozenset({ImportState.IMPORTING, ImportState.IMPORTED, ImportState.RESERVING, ImportState.RESERVED})
# The Commerce order, if there is one, has not got Amazon's final figures: nothing of it is told to Amazon.
UNFINISHED = frozenset({ImportState.RESERVED, ImportState.BLOCKED, ImportState.IMPORTING})
# What the Commerce order was made of is history; until then Amazon's newer figures are taken over.
SETTLED = frozenset({ImportState.IMPORTING, ImportState.IMPORTED}) | ENDED
# state -> the state of an order that was claimed in it
CLAIMED: dict[ImportState, ImportState] = {
    ImportState.READY: ImportState.IMPORTING,
    ImportState.BLOCKED: ImportState.IMPORTING,
    ImportState.RESERVED: ImportState.IMPORTING,
    ImportState.WAITING: ImportState.RESERVING,
}


class ShownStatus(StrEnum):
    """What the merchant's grid shows: Amazon's status, or one of our two."""

    ERROR = "Error"
    COMPLETED = "Completed"
    PENDING_AVAILABILITY = "PendingAvailability"
    PENDING = "Pending"
    UNSHIPPED = "Unshipped"
    PARTIALLY_SHIPPED = "PartiallyShipped"
    SHIPPED = "Shipped"
    CANCELED = "Canceled"
    UNFULFILLABLE = "Unfulfillable"


def transition(old: ImportState, new: ImportState) -> ImportState:
    """`new`, when the table allows the step. Raises IllegalTransition."""
    if new not in TRANSITIONS[old]:
        raise IllegalTransition(f"an order cannot go from {old} to {new}")
    return new


def supersedes(old: AmazonStatus, old_time: datetime, new: AmazonStatus, new_time: datetime) -> bool:
    """Whether Amazon's version replaces the one we hold: it is newer, and its status is the same or a step on."""
    return new_time > old_time and (new is old or new in AMAZON_TRANSITIONS[old])


def state_for(
    current: ImportState, status: AmazonStatus, channel: Channel, *, import_enabled: bool, held: bool = False
) -> ImportState:
    """Where the import stands once Amazon shows `status`; `current` when nothing changes.

    A cancelled order that is already in Commerce keeps its state until Commerce has cancelled it as well. held: a
    Commerce order holds the quantity of this blocked one.
    """
    if current in ENDED or current in IN_COMMERCE:
        return current
    if status is AmazonStatus.CANCELED:
        return ImportState.RESERVED if held else ImportState.CANCELED
    if current is ImportState.WAITING and status in IMPORTABLE[channel]:
        return ImportState.READY if import_enabled else ImportState.VIEW_ONLY
    return current


def shown_status(status: AmazonStatus, state: ImportState) -> ShownStatus:
    """What the grid shows for the pair."""
    if state is ImportState.BLOCKED:
        return ShownStatus.ERROR
    if state is ImportState.COMPLETED and status is not AmazonStatus.CANCELED:
        return ShownStatus.COMPLETED
    return ShownStatus(status.value)
