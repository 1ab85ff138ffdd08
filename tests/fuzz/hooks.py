"""What a careful client does that no document can say; loaded by Schemathesis (schemathesis.toml)."""

from __future__ import annotations

import uuid
from typing import Any
from zlib import crc32

import schemathesis

KNOWN = {"store_id": 1, "order_id": 2, "run_id": 1}  # of which ids there are; see fuzzing.fuzz


@schemathesis.hook
def before_call(_context: Any, case: Any, _kwargs: dict[str, Any]) -> None:
    """Every request has a key of its own; every other change is of whatever version there is, and of what there is."""
    if case.meta is None or case.meta.generation.mode.value == "negative":
        return
    headers, ids = case.headers or {}, case.path_parameters or {}
    if "Idempotency-Key" in headers:
        headers["Idempotency-Key"] = uuid.uuid4().hex
    chance = crc32(repr((case.operation.label, ids, case.body)).encode())
    if "If-Match" in headers and chance % 2:
        headers["If-Match"] = "*"
    if case.meta.phase.name.value == "fuzzing" and chance % 4:
        for name in KNOWN.keys() & ids.keys():
            ids[name] = 1 + chance % KNOWN[name]
