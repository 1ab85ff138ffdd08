"""The use cases: the only place where the rules, the store and the two clients meet.

pull: Amazon to us. push: us to Commerce, orders. confirm: shipments, Commerce to Amazon. follow: what Commerce must be
told afterwards (hold, cancel, invoice, complete). connect: which clients a store has. No remote call stands inside a
transaction.

Whoever is part of a server writes `from bridge import sync` and `sync.push.preview`, which imports that module, and
with it the clients, when it is called.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bridge.late import modules_of

if TYPE_CHECKING:
    from bridge.sync import announce, audit, cancel, confirm, follow, held, notify, personal, pull, push, verify

    __all__ = [
        "announce", "audit", "cancel", "confirm", "follow", "held", "notify", "personal", "pull", "push", "verify",
    ]  # fmt: skip

__getattr__ = modules_of(__name__)
