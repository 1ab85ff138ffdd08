"""The two generated Python clients behind one way to call an operation by its operationId."""

from __future__ import annotations

import importlib
import io
import pkgutil
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import ModuleType
from typing import Any, ClassVar

from bridge.keys import DEMO_KEY


@dataclass(frozen=True)
class Answer:
    """What the client made of an answer, and the answer's headers."""

    value: Any
    headers: Mapping[str, str]


class Refused(Exception):
    """The bridge answered with a problem, which the client has read."""

    def __init__(self, status: int, problem: Any) -> None:
        super().__init__(status, problem)
        self.status = int(status)
        self.problem = problem


class _Client:
    """A generated package, imported from where its generator put it (`within` the folder in which that ran)."""

    package: str
    within = "."

    def __init__(self, folder: Path, address: str) -> None:
        self.address = address
        sys.path.insert(0, str(folder / self.within))
        try:
            self.root = importlib.import_module(self.package)
        finally:
            sys.path.pop(0)

    @cached_property
    def modules(self) -> dict[str, ModuleType]:
        """Every module of the package, imported, by its dotted name."""
        found = pkgutil.walk_packages(self.root.__path__, f"{self.package}.")
        return {module.name: importlib.import_module(module.name) for module in found}

    @cached_property
    def models(self) -> ModuleType:
        return self.modules[f"{self.package}.models"]


class OpenApiPythonClient(_Client):
    """What openapi-python-client made: a module for each operation."""

    program, package = "openapi-python-client", "bridge_client"
    untyped = r"^\s+\w+: (None \| )?Any\b"
    # It names a type of body that it cannot send even where it sends another one in its place.
    noise: ClassVar = {"WARNING parsing POST /api/v1/stores/{store_id}/reservations/filter within stores.",
                       "Unsupported content type text/plain"}  # fmt: skip

    @classmethod
    def complaints(cls, printed: str) -> list[str]:
        """What the generator had to say against the document, in its own words."""
        text = re.sub(r"^(Generating|Warning\(s\) encountered|If you believe) .*$", "", printed, flags=re.MULTILINE)
        said = [part.strip() for part in re.split(r"\n\s*\n", text) if not part.strip().startswith("{")]
        return [part for part in said if part and part not in cls.noise]

    def call(self, operation_id: str, *path: Any, **parameters: Any) -> Answer:
        """Call an operation: the path's parameters in their order, the others and the body by name."""
        client = self.root.AuthenticatedClient(self.address, token=DEMO_KEY)
        with client:
            answer = self.operation(operation_id)(*path, client=client, **parameters)
        if answer.status_code >= 400:
            raise Refused(answer.status_code, answer.parsed)
        return Answer(answer.parsed, answer.headers)

    def text(self, text: str) -> Any:
        """The text as a body that is no JSON."""
        return self.modules[f"{self.package}.types"].File(payload=io.BytesIO(text.encode()))

    def operation(self, operation_id: str) -> Any:
        (name,) = [name for name in self.modules if name.endswith(f".{snake(operation_id)}") and ".api." in name]
        return self.modules[name].sync_detailed


class OpenApiGenerator(_Client):
    """What openapi-generator made: a class for each tag, a method for each operation."""

    program, package, within = "openapi-generator-cli", "bridge_openapi", "bridge-openapi"
    untyped = r"Optional\[Any\]|: Any\b"
    # Of every document of OpenAPI 3.1, however small.
    noise = ("OpenAPI 3.1 support is still in beta", "Failed to get the schema name: null")

    @classmethod
    def complaints(cls, printed: str) -> list[str]:
        """As OpenApiPythonClient.complaints."""
        said = [
            text for text in printed.splitlines() if re.search(r"WARN|ERROR|Exception", text) and " INFO " not in text
        ]
        return [text for text in said if not any(known in text for known in cls.noise)]

    def call(self, operation_id: str, *path: Any, body: Any = None, **parameters: Any) -> Answer:
        """As OpenApiPythonClient.call."""
        if body is not None:
            parameters["body" if isinstance(body, str) else snake(type(body).__name__)] = body
        root = self.root
        with root.ApiClient(root.Configuration(host=self.address, access_token=DEMO_KEY)) as client:
            owner, method = self.operation(operation_id)
            try:
                answer = method(owner(client), *path, **parameters)
            except root.exceptions.ApiException as error:
                raise Refused(error.status, error.data) from error
            finally:
                client.rest_client.pool_manager.clear()
        return Answer(answer.data, answer.headers)

    def text(self, text: str) -> Any:
        """As OpenApiPythonClient.text."""
        return text

    def operation(self, operation_id: str) -> tuple[type, Any]:
        name = f"{snake(operation_id)}_with_http_info"
        (owner,) = [held for held in vars(self.root).values() if isinstance(held, type) and name in vars(held)]
        return owner, getattr(owner, name)


PYTHON = (OpenApiPythonClient, OpenApiGenerator)


def snake(name: str) -> str:
    """`listOrders` as Python writes it."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()
