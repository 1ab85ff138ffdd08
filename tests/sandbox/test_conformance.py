"""The sandbox's Commerce against what a real Magento 2.4.7 answered, step by step, over HTTP."""

from __future__ import annotations

import importlib.util
import json
import runpy
import threading
from collections.abc import Iterator
from types import ModuleType

import pytest
from werkzeug.serving import make_server

from bridge.sandbox import create_sandbox
from bridge.sandbox.shop_reference import reference_shop
from bridge.sandbox.world import World
from tests.sandbox.commerce_shop import shared


@pytest.fixture
def served() -> Iterator[tuple[World, str]]:
    world = World()
    reference_shop(world.shop)
    server = make_server("127.0.0.1", 0, create_sandbox(world))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield world, f"http://127.0.0.1:{server.server_port}/commerce"
    server.shutdown()
    thread.join()
    server.server_close()


def conformance() -> ModuleType:
    spec = importlib.util.spec_from_file_location("conformance", shared("conformance", "conformance.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_all_93_steps_are_answered_as_the_real_shop_answers(served: tuple[World, str]) -> None:
    world, url = served
    steps = runpy.run_path(str(shared("conformance", "commerce_steps.py")))["STEPS"]
    golden = json.loads(shared("conformance", "commerce_golden.json").read_text())
    seen = {name: answer for name, answer, _ in conformance().play(url, world.shop.bearer, steps)}
    assert len(golden) == 93
    different = {name: (golden[name], seen.get(name)) for name in golden if seen.get(name) != golden[name]}
    assert different == {}
