"""Packages whose modules are imported when they are first used, and how a process has all of them from its start."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from pkgutil import iter_modules
from types import ModuleType

PACKAGES = ("bridge.amazon", "bridge.commerce", "bridge.outbound", "bridge.sync")  # what calls, and what jobs need


def modules_of(package: str) -> Callable[[str], ModuleType]:
    """A package's `__getattr__` (PEP 562), which imports the module of that name.

    For what most processes never use: a server's worker answers lists for days without calling Amazon. Python keeps the
    module as the package's attribute, so that this is asked for each module once.
    """

    def __getattr__(name: str) -> ModuleType:  # noqa: N807  Python's name
        # Python itself asks for __path__ and the like, and must be told that there are none.
        if name.startswith("_") or find_spec(f"{package}.{name}") is None:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        return import_module(f"{package}.{name}")

    return __getattr__


def load_all() -> None:
    """Import every module of PACKAGES now.

    For a process that needs them anyway: a release that is installed beside it while it runs must not come into it.
    """
    for package in PACKAGES:
        for module in iter_modules(import_module(package).__path__):
            import_module(f"{package}.{module.name}")
