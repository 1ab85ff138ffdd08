"""How long the client secret of a seller's Amazon app lasts: Amazon ends it 180 days after it was made
(amazon-sp-api 3). Amazon tells nobody when that was; we know when it was entered here.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

LASTS = 180  # days
WARNED_FOR = 30  # days before its end
SINCE = "amazon_secret_since"  # kept beside the credentials

_SECRET = "amazon_client_secret"  # noqa: S105 - its name


def dated(secret: Mapping[str, str], held: Mapping[str, str], held_since: datetime, now: datetime) -> dict[str, str]:
    """The credentials with the moment since when their client secret is known here; an unchanged one keeps its own."""
    same = secret.get(_SECRET) == held.get(_SECRET)
    return dict(secret) | {SINCE: (entered_at(held, held_since) if same else now).isoformat()}


def entered_at(secret: Mapping[str, str], otherwise: datetime) -> datetime:
    """When the client secret was entered; `otherwise` for credentials that were kept before this was."""
    return datetime.fromisoformat(secret[SINCE]) if SINCE in secret else otherwise


def days_left(since: datetime, now: datetime) -> int:
    """How long it lasts at most."""
    return LASTS - (now - since).days


def warning(since: datetime, now: datetime) -> str | None:
    """What the operator must do, while it is time to do it."""
    left = days_left(since, now)
    if left > WARNED_FOR:
        return None
    ends = f"it ends within {left} days" if left > 0 else "it has ended by now unless it was made later than that"
    return (
        f"Amazon's client secret was entered {LASTS - left} days ago, and Amazon ends one after {LASTS} days: {ends}."
        " Rotate it in Seller Central and enter the new one"
    )
