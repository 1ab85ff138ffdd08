"""One call of the REST interface, as its handlers see it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from bridge.sandbox import search_criteria
from bridge.sandbox.commerce_errors import field_required
from bridge.sandbox.commerce_input import typed
from bridge.sandbox.search_criteria import SearchCriteria
from bridge.sandbox.shop import Shop
from bridge.sandbox.shop_stores import StoreView


@dataclass
class Call:
    """The shop, the store view of the URL, what the path, the query and the body say. `base_url` ends with a slash."""

    shop: Shop
    view: StoreView
    path: dict[str, str]
    query: dict[str, Any] = field(default_factory=dict)
    body: dict[str, Any] = field(default_factory=dict)
    base_url: str = ""

    def id(self, name: str = "id") -> int:
        """A whole number of the path; raises the 400 for anything else."""
        return int(typed(self.path[name], "int"))

    def sent(self, name: str, type_name: str) -> Any:
        """A required parameter of the body, typed; raises the 400 when it is missing."""
        if self.body.get(name) is None:
            raise field_required(name)
        return typed(self.body[name], type_name)

    def optional(self, name: str, type_name: str) -> Any:
        """A parameter of the body, typed, or None."""
        return typed(self.body.get(name), type_name)

    def asked(self, name: str) -> Any:
        """A required parameter of the query; raises the 400 when it is missing."""
        if name not in self.query:
            raise field_required(name)
        return self.query[name]

    def criteria(self) -> SearchCriteria:
        """The search that was asked for; raises the 400 when there is none."""
        return search_criteria.parse(self.query)
