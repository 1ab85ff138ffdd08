"""Imported before a victim is forked: all that it would compile and import first is done once, for all of them."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from bridge import log
from bridge.tls import trusted
from tests.process import victim
from tests.stage import Stage

__all__ = ["victim"]

log.configure("CRITICAL")
trusted()
with TemporaryDirectory() as directory:
    stage = Stage(Path(directory))
    number = stage.paid_order()
    stage.sync()
    stage.shop.ship(stage.commerce_order(number)["entity_id"], tracks=[("ups", "United Parcel Service", "1Z999")])
    stage.sync()
    stage.bridge.close()
