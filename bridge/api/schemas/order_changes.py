"""What a merchant may ask of an order beyond its import: a cancellation, another address."""

from __future__ import annotations

from bridge.amazon.feeds import CANCEL_REASONS
from bridge.api.blueprint import Input
from bridge.api.fields import Enumerated


class CancelOrder(Input):
    """Why the merchant cancels."""

    reason = Enumerated(
        "CancelReason",
        CANCEL_REASONS,
        required=True,
        metadata={"description": "Amazon's word for the reason."},
    )
