"""The short form of `python -m tests.soak.once`: every order once in Commerce, whoever dies, whatever it answers."""

from __future__ import annotations

import shutil
from datetime import timedelta
from itertools import product
from pathlib import Path

import pytest

from tests import needs
from tests.databases import own_database
from tests.soak.once import MODES, Crowd


@pytest.fixture
def directory(migrated_file: Path, tmp_path: Path) -> Path:
    shutil.copy(migrated_file, tmp_path / "bridge.db")
    return tmp_path


@pytest.mark.parametrize(("seed", "mode"), [*product([0, 2], MODES[:2]), (0, "cart")])
def test_four_dying_workers_and_an_uncertain_shop_make_every_order_once(seed: int, mode: str, directory: Path):
    count = 100 if mode == "cart" else 200
    outcome = Crowd(seed, directory, mode=mode, orders=count).play()
    assert outcome.problems == [], f"replay: python -m tests.soak.once {seed}"
    counts = outcome.counts
    assert counts["orders"] == count
    found = counts["held" if mode == "cart" else "adopted"]
    assert min(counts["kills"], counts["faults"], found, counts["arrived late"]) > 0, counts


@pytest.mark.parametrize("kind", needs.DATABASES)
def test_on_every_database_workers_that_truly_run_at_once_make_every_order_once(kind: str, tmp_path: Path):
    with own_database(kind, tmp_path) as url:
        outcome = Crowd(7, tmp_path, orders=80, database_url=url, in_turn=False).play()
    assert outcome.problems == []
    assert outcome.counts["kills"] > 0


def test_without_faults_four_workers_need_hardly_more_than_one_request_for_an_order(directory: Path):
    outcome = Crowd(1, directory, orders=400, in_turn=False, calm=True).play()
    assert outcome.problems == []
    assert outcome.counts["created"] == 400
    assert outcome.counts["requests"] <= 400 + 50  # what products and stock take: of 1,000 orders no more


def test_the_same_seed_is_the_same_play(tmp_path: Path):
    plays = []
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
        plays.append(Crowd(3, tmp_path / name, orders=40).play())
    assert plays[0] == plays[1]
    assert plays[0].counts["faults"] > 0


def test_a_bridge_that_looks_before_the_shop_is_done_is_found_out(directory: Path):
    outcome = Crowd(0, directory, orders=150, time_limit=timedelta(seconds=5)).play()
    assert any("is in Commerce 2 times" in problem for problem in outcome.problems)
    assert any(problem.startswith("audit:") for problem in outcome.problems)
