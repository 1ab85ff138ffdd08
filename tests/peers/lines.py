"""The loop of a client's program: one question per line of standard input, one answer per line of standard output.

Questions: {"do": "open", "amazon": base address, "credentials": {client_id, client_secret, refresh_token}};
{"do": "search", "query": the parameters of searchOrders, lists as lists}; {"do": "get", "order_id", "included": [...]}.
Answers: {"answer": {"orders": [...] or null, "next": token or null}} or {"answer": order or null}, where an order is
{"id", "status", "buyer", "total", "lines": [[sku, quantity, unit price], ...]} as read from the client's own result;
or, when the client raised, {"raised": [type, HTTP status or null, Amazon's code or null]}: what it tells its caller.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from typing import Any, Protocol


class Reader(Protocol):
    """A client with its credentials."""

    def search(self, query: dict[str, Any]) -> dict[str, Any]: ...

    def get(self, order_id: str, included: list[str]) -> dict[str, Any] | None: ...


def answer_lines(connect: Callable[..., Reader], told: Callable[[Exception], tuple[int | None, str | None]]) -> None:
    """Answer until standard input ends. told: the status and code that an exception of the client carries."""
    # What a client prints must not get between the answers.
    answers, sys.stdout = sys.stdout, sys.stderr
    reader: Reader | None = None
    for line in sys.stdin:
        ask = json.loads(line)
        try:
            if ask["do"] == "open":
                reader, answer = connect(ask["amazon"], **ask["credentials"]), None
            elif ask["do"] == "search":
                answer = reader.search(ask["query"])
            else:
                answer = reader.get(ask["order_id"], ask["included"])
            reply = {"answer": answer}
        except Exception as error:
            reply = {"raised": [type(error).__name__, *told(error)]}
        answers.write(json.dumps(reply) + "\n")
        answers.flush()
