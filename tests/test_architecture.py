"""The structure guards itself: which way imports point, who reads the environment, how long things may be."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from bridge.late import PACKAGES

ROOT = Path(__file__).resolve().parent.parent
BRIDGE = ROOT / "bridge"
MOST_LINES_OF_A_FILE = 500
MOST_LINES_OF_A_FUNCTION = 60

# What each part may import of ours, beside itself. A module is named by its beginning.
CLIENTS = ("bridge.amazon", "bridge.commerce")
RECORDS = (
    "bridge.domain", "bridge.errors", "bridge.db", "bridge.models", "bridge.ledger", "bridge.work", "bridge.store",
    "bridge.claims", "bridge.migrate", "bridge.trail",
)  # fmt: skip
TABLES = ("bridge.amazon.marketplaces", "bridge.amazon.words")  # tables of values, no clients
USE_CASES = (
    "bridge.sync", "bridge.stores", "bridge.webhooks", "bridge.inbound", "bridge.admin_ui", "bridge.jobs",
    "bridge.keys", "bridge.idempotency", "bridge.runtime",
)  # fmt: skip
READS = ("bridge.queries", "bridge.queries_trail", "bridge.order_list")
BASE = ("bridge.clock", "bridge.config", "bridge.late", "bridge.log", "bridge.vault", "bridge.errors")
ALLOWED: dict[str, tuple[str, ...]] = {
    "bridge.domain": (),
    "bridge.late": (),
    "bridge.errors": (),
    "bridge.clock": (),
    "bridge.log": (),
    "bridge.db": (),
    "bridge.tls": (),
    "bridge.config": ("bridge.errors",),
    "bridge.vault": ("bridge.errors",),
    "bridge.amazon": ("bridge.domain", "bridge.errors", "bridge.late", "bridge.tls"),
    "bridge.commerce": ("bridge.domain", "bridge.errors", "bridge.late", "bridge.outbound.guard", "bridge.tls"),
    "bridge.outbound": ("bridge.errors", "bridge.late", "bridge.tls"),
    "bridge.ledger": ("bridge.db",),
    "bridge.work": ("bridge.db",),
    "bridge.models": ("bridge.domain", "bridge.db", "bridge.ledger"),
    "bridge.trail": ("bridge.clock", "bridge.db", "bridge.ledger", "bridge.models"),
    "bridge.migrate": ("bridge.db", "bridge.errors"),
    "bridge.store": ("bridge.domain", "bridge.db", "bridge.errors", "bridge.models", "bridge.work"),
    "bridge.claims": ("bridge.domain", "bridge.models", "bridge.store", "bridge.work"),
    "bridge.order_list": ("bridge.domain", "bridge.db", "bridge.errors", "bridge.models", *TABLES),
    "bridge.queries": ("bridge.domain", "bridge.db", "bridge.errors", "bridge.models", "bridge.work", *TABLES, *READS),
    "bridge.queries_trail": ("bridge.domain", "bridge.ledger", "bridge.models", *READS),
    "bridge.keys": ("bridge.db", "bridge.errors", "bridge.models", "bridge.trail"),
    "bridge.idempotency": ("bridge.db", "bridge.errors"),
    "bridge.sync": (*RECORDS, *CLIENTS, *BASE, "bridge.outbound", "bridge.order_list"),
    "bridge.stores": (*RECORDS, *TABLES, "bridge.outbound.guard", "bridge.sync.orders", "bridge.runtime", *BASE),
    "bridge.inbound": ("bridge.db", "bridge.errors", "bridge.ledger"),
    "bridge.admin_ui": ("bridge.models",),
    "bridge.webhooks": (*RECORDS, "bridge.outbound.guard", "bridge.sync.announce", "bridge.runtime", *BASE),
    "bridge.jobs": (*RECORDS, *BASE, "bridge.sync", "bridge.idempotency", "bridge.runtime"),
    "bridge.runtime": (*BASE, "bridge.db", "bridge.sync.connect"),
    "bridge.api": (*RECORDS, *TABLES, *USE_CASES, *READS, *BASE),
    "bridge.console": (*RECORDS, *TABLES, *USE_CASES, *READS, *BASE, "bridge.api"),
    "bridge.staging": ("bridge.store", "bridge.runtime", "bridge.trail"),
    "bridge.sandbox": (),
}
# Commands put everything together, the sandbox included; nothing imports them.
COMMANDS = ("bridge.cli", "bridge.demo", "bridge.processes", "bridge.reconciliation", "bridge.replay")


def modules(part: str = "bridge") -> Iterator[tuple[str, Path]]:
    """(dotted name, file) of every module of the part."""
    for path in sorted(BRIDGE.rglob("*.py")):
        name = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        if begins(name, part):
            yield name, path


def imports(name: str, path: Path) -> Iterator[str]:
    """Every module that the file imports, wherever in it, for types too; of a late package, those that it uses."""
    nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
    late: set[str] = set()
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{name} imports relatively"
            held = node.module or ""
            for alias in node.names:
                inner = f"{held}.{alias.name}"
                if inner in PACKAGES:
                    assert alias.asname is None, f"{name} gives {inner} another name"
                    late.add(alias.name)
                else:
                    yield inner if is_module(inner) else held
    for node in nodes:
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in late:
            yield f"bridge.{node.value.id}.{node.attr}"


def is_module(name: str) -> bool:
    path = ROOT.joinpath(*name.split("."))
    return name.startswith("bridge.") and (path.is_dir() or path.with_suffix(".py").is_file())


def begins(name: str, *parts: str) -> bool:
    return any(name == part or name.startswith(part + ".") for part in parts)


def test_the_modules_are_found():
    assert len(list(modules())) > 40
    assert "bridge.sync.pull" in dict(modules())


@pytest.mark.parametrize("part", ALLOWED)
def test_imports_point_one_way(part: str):
    for name, path in modules(part):
        for imported in imports(name, path):
            if begins(imported, "bridge"):
                assert begins(imported, part, *ALLOWED[part]), f"{name} must not import {imported}"


def test_the_two_clients_do_not_know_each_other():
    for part, other in (CLIENTS, CLIENTS[::-1]):
        for name, path in modules(part):
            assert not any(begins(imported, other) for imported in imports(name, path)), name


def test_the_domain_needs_the_standard_library_only():
    for name, path in modules("bridge.domain"):
        for imported in imports(name, path):
            top = imported.split(".")[0]
            assert top in sys.stdlib_module_names or begins(imported, "bridge.domain"), f"{name} imports {imported}"


def test_only_the_edges_know_flask():
    edges = ("bridge.api", "bridge.console", "bridge.sandbox", *COMMANDS)
    for name, path in modules():
        if name != "bridge" and not begins(name, *edges):
            found = [each for each in imports(name, path) if begins(each, "flask", "flask_smorest", "marshmallow")]
            assert not found, f"{name} imports {found}"


def test_the_sandbox_stands_alone():
    """Only commands and tests start it, so that it cannot come along into a real bridge."""
    for name, path in modules():
        if not begins(name, "bridge.sandbox", *COMMANDS):
            assert not any(begins(imported, "bridge.sandbox") for imported in imports(name, path)), name


def test_nothing_imports_a_command():
    for name, path in modules():
        if name != "bridge" and not begins(name, *COMMANDS):
            assert not any(begins(imported, *COMMANDS) for imported in imports(name, path)), name


def test_only_the_configuration_reads_the_environment():
    for name, path in modules():
        if begins(name, "bridge.config", "bridge.sandbox"):
            continue  # the sandbox reads nothing of ours, so it looks for real credentials by itself
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
                read = f"{node.value.id}.{node.attr}"
                assert read not in {"os.environ", "os.getenv"}, f"{name}:{node.lineno} reads the environment"


def test_broad_excepts_stand_at_the_boundaries_only():
    boundaries = {"bridge.jobs.run", "bridge.log", "bridge.replay"}
    for name, path in modules():
        if begins(name, "bridge.sandbox"):
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ExceptHandler):
                caught = ast.unparse(node.type) if node.type else ""
                broad = caught in {"", "Exception", "BaseException"}
                assert not broad or name in boundaries, f"{name}:{node.lineno} catches everything"


def test_no_file_is_longer_than_people_read():
    for name, path in modules():
        lines = len(path.read_text(encoding="utf-8").splitlines())
        assert lines <= MOST_LINES_OF_A_FILE, f"{name} has {lines} lines"


def test_no_function_is_longer_than_a_page():
    for name, path in modules():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                lines = (node.end_lineno or node.lineno) - node.lineno + 1
                assert lines <= MOST_LINES_OF_A_FUNCTION, f"{name}.{node.name} has {lines} lines"


def test_every_part_is_named_in_the_table():
    known = (*ALLOWED, *COMMANDS)
    for name, _path in modules():
        assert name == "bridge" or begins(name, *known), f"say in ALLOWED what {name} may import"
