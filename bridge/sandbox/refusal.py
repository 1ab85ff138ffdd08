"""Amazon's no, as the state says it; the HTTP face turns it into an error answer."""

from __future__ import annotations


class Refusal(Exception):
    """A request that Amazon answers with {"errors": [{code, message, details}]} and this HTTP status."""

    def __init__(self, status: int, code: str, message: str, details: str = "") -> None:
        super().__init__(f"{status} {code}: {message}")
        self.status = status
        self.code = code
        self.message = message
        self.details = details


def invalid(message: str) -> Refusal:
    """400 InvalidInput, the answer to everything that is wrong with a request itself."""
    return Refusal(400, "InvalidInput", message)
