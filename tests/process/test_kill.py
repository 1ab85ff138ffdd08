"""Kill -9 the bridge anywhere and start it again: every order ends as it would have, with one Commerce order."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Literal

import pytest
from werkzeug.serving import make_server

from bridge.sandbox.server import Handler
from tests.process.killing import Bridge, Gallows

pytestmark = pytest.mark.process
CREATE = "/commerce/rest/all/V1/orders"


@pytest.fixture
def bridge(tmp_path: Path, migrated_file: Path) -> Iterator[Bridge]:
    gallows = Gallows()
    server = make_server("127.0.0.1", 0, gallows, threaded=True, request_handler=Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield Bridge(tmp_path, migrated_file, f"http://127.0.0.1:{server.server_port}", gallows)
    server.shutdown()
    thread.join()
    server.server_close()


def test_undisturbed_the_three_orders_end_as_they_should(bridge: Bridge):
    town = bridge.begin("amazon")
    seen = bridge.finish(town)
    shipped, cancelled, fba = (seen[role] for role in ("shipped", "cancelled", "fba"))
    assert shipped["ours"] == ("Completed", "completed", None)
    assert shipped["commerce"] == [("complete", 75.72, 75.72)]
    assert shipped["packages"] == ["1Z999"]
    assert [state for _, state in shipped["changes"]] == ["done", "done"]
    assert (cancelled["ours"][0], cancelled["commerce"][0][0]) == ("Canceled", "canceled")
    assert (fba["ours"][0], fba["commerce"][0][0]) == ("Completed", "complete")
    assert all(order["link"] and not order["seen twice"] for order in (shipped, cancelled, fba))
    assert {order["increment_id"] for order in town.world.shop.orders.values()} == {
        f"AMZ-{number}" for number in town.orders.values()
    }
    assert seen["commerce"] == (3, 1, 1)
    assert seen["stock"] == {"BLUE-MUG": (98, 98), "RED-MUG": (99, 99)}  # the cancelled pieces were given back once
    assert seen["throttled"] == {}


@pytest.mark.parametrize(
    ("numbering", "where", "rounds", "at_least"),
    [
        ("commerce", "commits", 3, 20),
        ("commerce", "writes", 3, 6),
        ("amazon", "commits", 1, 6),
        ("amazon", "writes", 1, 2),
    ],
)
def test_killed_after_any_commit_or_any_request_every_order_ends_the_same(
    bridge: Bridge, numbering: str, where: Literal["commits", "writes"], rounds: int, at_least: int
):
    town = bridge.begin(numbering)
    expected = bridge.finish(bridge.copy(town))
    killed = 0
    for number in range(rounds):
        for point in itertools.count(1):
            wounded = bridge.copy(town)
            if not bridge.play(wounded, **{where: point}):
                break
            killed += 1
            assert bridge.finish(wounded, expected) == expected, f"killed in round {number} after {where} {point}"
        bridge.play(town)
    assert killed >= at_least


def test_killed_again_while_it_recovers_it_still_creates_one_order(bridge: Bridge):
    town = bridge.begin("commerce")  # no number of ours would make Commerce refuse a second one
    expected = bridge.finish(bridge.copy(town))
    assert bridge.play(town, writes=1)
    for point in itertools.count(1):
        wounded = bridge.copy(town)
        if not bridge.play(wounded, commits=point):
            break
        assert bridge.finish(wounded, expected) == expected, f"killed again after commit {point}"
    assert point > 3


@pytest.mark.parametrize("numbering", ["commerce", "amazon"])
def test_a_creation_that_commerce_carries_out_after_the_bridge_is_back_is_not_repeated(bridge: Bridge, numbering: str):
    town = bridge.begin(numbering)
    expected = bridge.finish(bridge.copy(town))
    assert bridge.play(town, writes=1, after=False)
    bridge.gallows.writes.clear()
    bridge.play(town, later=timedelta(seconds=60))  # within the time that Commerce may still be working
    assert bridge.gallows.writes == []
    bridge.gallows.finish_late()
    assert len(town.world.shop.orders) == 1
    assert bridge.finish(town, expected) == expected
