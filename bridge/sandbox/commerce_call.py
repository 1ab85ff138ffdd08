"""One call of the REST interface, as its handlers see it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, Final

from bridge.sandbox import search_criteria
from bridge.sandbox.commerce_errors import CommerceError, MaskedError, field_required
from bridge.sandbox.commerce_input import NOT_SUPPORTED, check_sizes, typed
from bridge.sandbox.commerce_releases import too_new
from bridge.sandbox.search_criteria import SearchCriteria
from bridge.sandbox.shop import Shop
from bridge.sandbox.shop_stores import StoreView

# A shop with input limits (webapi/validation): its largest page, and the page of a search that asks for none.
MAXIMUM_PAGE_SIZE: Final = 300
DEFAULT_PAGE_SIZE: Final = 20
# The longest list of objects that it takes asynchronously.
ASYNC_INPUT_LIMIT: Final = 5000


@dataclass
class Call:
    """The shop, the store view of the URL, what the path, the query and the body say. `base_url` ends with a slash."""

    shop: Shop
    view: StoreView
    path: dict[str, str]
    query: dict[str, Any] = field(default_factory=dict)
    body: dict[str, Any] = field(default_factory=dict)
    base_url: str = ""
    asynchronous: bool = False

    def id(self, name: str = "id") -> int:
        """A whole number of the path; raises the 400 for anything else."""
        return int(typed(self.path[name], "int"))

    def sent(self, name: str, type_name: str) -> Any:
        """A required parameter of the body, typed; raises the 400 when it is missing."""
        if self.body.get(name) is None:
            raise field_required(name)
        return self.optional(name, type_name)

    def optional(self, name: str, type_name: str) -> Any:
        """A parameter of the body, typed, or None."""
        value = self._typed(self.body.get(name), type_name)
        if self.shop.input_limit is not None:
            check_sizes(value, type_name, ASYNC_INPUT_LIMIT if self.asynchronous else self.shop.input_limit)
        return value

    def _typed(self, value: Any, type_name: str) -> Any:
        """The typed value; up to 2.4.6 an unknown property is a masked error of the server (magento-live 0.3)."""
        if self.shop.release >= "2.4.7":
            return typed(value, type_name)
        try:
            known = typed(value, type_name)
        except CommerceError as error:
            raise (MaskedError() if error.message == NOT_SUPPORTED else error) from None
        if too_new(known, type_name, self.shop.release):
            raise MaskedError
        return known

    def asked(self, name: str) -> Any:
        """A required parameter of the query; raises the 400 when it is missing."""
        if name not in self.query:
            raise field_required(name)
        return self.query[name]

    def criteria(self) -> SearchCriteria:
        """The search that was asked for; raises the 400 when there is none, or when it asks for too much."""
        criteria = search_criteria.parse(self.query)
        if self.shop.input_limit is None:
            return criteria
        if (criteria.page_size or 0) > MAXIMUM_PAGE_SIZE:
            raise CommerceError(400, "Maximum SearchCriteria pageSize is %max", {"max": MAXIMUM_PAGE_SIZE})
        return replace(criteria, page_size=criteria.page_size or DEFAULT_PAGE_SIZE)
