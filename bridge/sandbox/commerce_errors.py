"""How Magento's REST interface refuses: the message, the parameters for its placeholders, the status."""

from __future__ import annotations

import re
from typing import Any

MASKED = "Internal Error. Details are available in Magento log file. Report ID: webapi-{report}"
FATAL_TEXT = "An error has happened during application run. See exception log for details.\n"
# In developer mode, as recorded of get-product-salable-quantity; all that is fatal here dies of the same.
FATAL_DETAILS = (
    "TypeError: Magento\\InventoryConfiguration\\Model\\IsSourceItemManagementAllowedForProductType\\Interceptor"
    "::execute(): Argument #1 ($productType) must be of type string, null given, called in "
    "/var/www/magento/vendor/magento/module-inventory-sales/Model/GetProductSalableQty.php on line 108 and defined in "
    "/var/www/magento/generated/code/Magento/InventoryConfiguration/Model/"
    "IsSourceItemManagementAllowedForProductType/Interceptor.php:20\nStack trace:\n"
)
TRACE = "#0 [the sandbox has no PHP to trace] {main}"
NO_SUCH_ENTITY = "The entity that was requested doesn't exist. Verify the entity and try again."


class CommerceError(Exception):
    """A refusal with a JSON body.

    message: Magento's text with its %placeholders; parameters: what fills them, a list or a dict;
    errors: the single messages of a "Validation Failed".
    """

    def __init__(
        self,
        status: int,
        message: str,
        parameters: list[Any] | dict[str, Any] | None = None,
        errors: list[dict[str, Any]] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.parameters = parameters
        self.errors = errors

    def body(self) -> dict[str, Any]:
        """The reply's JSON."""
        body: dict[str, Any] = {"message": self.message}
        if self.parameters is not None:
            body["parameters"] = self.parameters
        if self.errors is not None:
            body["errors"] = self.errors
        return body

    def filled(self) -> str:
        """The message as Magento logs it, with its placeholders filled."""
        given = self.parameters or {}
        named = given if isinstance(given, dict) else {str(place): value for place, value in enumerate(given, 1)}
        return re.sub(r"%(\w+)", lambda found: str(named.get(found[1], found[0])), self.message)


class MaskedError(Exception):
    """Something broke inside: 500 with a report id instead of a message (production mode)."""


class FatalError(Exception):
    """PHP died: 500 as text/plain (magento-live section 1), in developer mode with what PHP says and a trace."""


class HtmlError(Exception):
    """Magento's error page: 500 as text/html, when the client accepts no JSON (magento-live section 1)."""


def refused(message: str, *parameters: Any) -> CommerceError:
    """A 400 with positional parameters; without any, the body has no `parameters`."""
    return CommerceError(400, message, list(parameters) or None)


def field_required(name: str) -> CommerceError:
    """The 400 for a missing parameter of the call."""
    return CommerceError(400, '"%fieldName" is required. Enter and try again.', {"fieldName": name})


def validation_failed(message: str, **parameters: Any) -> CommerceError:
    """The 400 of a validator, with its single message among the `errors`."""
    return CommerceError(400, "Validation Failed", errors=[{"message": message, "parameters": parameters or []}])


def must_not_be_empty(name: str) -> CommerceError:
    """The validator's 400 for an empty property."""
    return validation_failed('"%field" can not be empty.', field=name)


def not_found(message: str = NO_SUCH_ENTITY, *parameters: Any) -> CommerceError:
    """A 404 for an entity that is not there."""
    return CommerceError(404, message, list(parameters) or None)
