"""Every exception that the bridge raises on purpose.

BridgeError
 ├── ConfigError             the environment or the command line cannot be used; the message names the variable
 ├── InvalidInput            a value that somebody gave us is wrong; carries {field: [messages]}
 ├── NotFound                no such store, order, job ... (or it belongs to somebody else)
 ├── Conflict                the thing exists but is in a state that forbids what was asked; carries a stable code
 ├── TooSlow                 the database was given up on: what was asked for takes it too long
 └── RemoteError             Amazon or Commerce did not do what was asked; carries a verdict
      └── AlreadyExists      Commerce holds that order number already: look it up and adopt it

`domain` raises its own `IllegalTransition` and `AmountNotExact` (it imports nothing of ours).
"""

from __future__ import annotations

from enum import StrEnum


class BridgeError(Exception):
    """The root of the tree above."""


class ConfigError(BridgeError):
    """The environment or the command line cannot be used."""


class InvalidInput(BridgeError):
    """A value that somebody gave us is wrong; `fields` maps each field's name to its messages.

    location: "header" where it is one; otherwise whoever tells the caller knows where the fields stand.
    """

    def __init__(
        self,
        message: str,
        fields: dict[str, list[str]] | None = None,
        *,
        code: str = "invalid_input",
        location: str | None = None,
    ) -> None:
        super().__init__(message)
        self.fields = fields or {}
        self.code = code
        self.location = location


class NotFound(BridgeError):
    """No such object, or none that the caller may see."""


class Conflict(BridgeError):
    """The object's state forbids what was asked; `code` is stable and machine-readable.

    retry_after: seconds after which the same request may succeed, None when nobody knows.
    """

    def __init__(self, message: str, code: str, *, retry_after: int | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.retry_after = retry_after


class TooSlow(BridgeError):
    """The database works for too long at what was asked for, and was told to stop."""


class Verdict(StrEnum):
    """What a caller may do after a remote call failed."""

    PERMANENT = "permanent"  # the same request will fail again: show it to the merchant
    RETRY = "retry"  # nothing was done; ask again later
    UNKNOWN = "unknown"  # it may have been done: look before asking again
    REAUTHORISE = "reauthorise"  # credentials or rights: every call of this store will fail until they are mended


class RemoteError(BridgeError):
    """A call to `system` ("amazon" or "commerce") failed.

    verdict: see Verdict. retry_after: seconds that the other side asked us to wait, or None.
    status: the HTTP status, None when there was no answer. code, message: the other side's words, placeholders filled,
    without personal data. operation: "searchOrders", "POST /V1/orders" ... request_id: the other side's, if any.
    """

    def __init__(
        self,
        message: str,
        *,
        system: str,
        operation: str,
        verdict: Verdict,
        status: int | None = None,
        code: str = "",
        retry_after: float | None = None,
        request_id: str | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.system = system
        self.operation = operation
        self.verdict = verdict
        self.status = status
        self.code = code
        self.retry_after = retry_after
        self.request_id = request_id

    @property
    def permanent(self) -> bool:
        """Whether the same request would fail again."""
        return self.verdict is Verdict.PERMANENT

    def __str__(self) -> str:
        """ "commerce POST /V1/orders: 400 message"."""
        return f"{self.system} {self.operation}: {self.status or 'no answer'} {self.message}"


class AlreadyExists(RemoteError):
    """Commerce answered "Unique constraint violation found": the store has that order number (magento-live 2)."""
