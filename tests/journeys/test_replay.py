"""A seller's report is played through the sandbox and the bridge, and every order is accounted for."""

from __future__ import annotations

import io
import os
import pickle
import shutil
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result
from sqlalchemy import update

from bridge import reconciliation as account
from bridge import replay
from bridge.db import Database
from bridge.models import Order
from bridge.replay import Kept, Replay, State, command
from bridge.sandbox.report import ReportOrder, read_report
from bridge.sandbox.world import Fault
from tests.needs import shared

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
HERE = Path(__file__).resolve().parent
FORTNIGHT = HERE / "replay_fortnight.tsv"
LATER = HERE / "replay_later.tsv"
ACCOUNTED = "Everything is accounted for."
NOTHING = "This replay: 0 orders added, 0 updated, 0 Commerce orders created, 0 events written."


def play(report: Path, state: Path) -> Result:
    return CliRunner().invoke(command, [str(report), "--state", str(state)])


def figures(output: str) -> dict[str, str]:
    """The account's lines, by what they count."""
    rows = (line.rsplit("  ", 1) for line in output.splitlines() if "  " in line.strip())
    return {name.strip(): value.strip() for name, value in rows}


@pytest.fixture(scope="module")
def once(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Result]:
    """The state after the fortnight was played, not to be changed, and what was printed."""
    state = tmp_path_factory.mktemp("replay") / "state"
    return state, play(FORTNIGHT, state)


@pytest.fixture
def state(once: tuple[Path, Result], tmp_path: Path) -> Path:
    """A copy of that state."""
    return Path(shutil.copytree(once[0], tmp_path / "state"))


def test_every_order_of_a_report_has_one_commerce_order_or_a_named_reason(once: tuple[Path, Result]) -> None:
    _, result = once
    assert result.exit_code == 0, result.output
    assert "24 lines, 20 orders." in result.output
    shown = figures(result.output)
    assert {name: count for name, count in shown.items() if "Commerce order, " in name} == {
        "no Commerce order, blocked: amounts_do_not_add_up": "1",
        "no Commerce order, canceled before Amazon shipped it": "1",
        "no Commerce order, canceled before it was paid": "2",
        "no Commerce order, not shipped by Amazon yet": "1",
        "no Commerce order, payment not verified yet": "2",
        "one Commerce order, canceled after the import": "2",
        "one Commerce order, complete, shipped by Amazon": "3",
        "one Commerce order, complete, shipped by the merchant": "7",
        "one Commerce order, processing, not shipped yet": "1",
    }
    assert shown["together"] == "20"


def test_the_sum_in_commerce_is_the_reports_and_stock_left_only_for_what_the_merchant_shipped(
    once: tuple[Path, Result],
) -> None:
    shown = figures(once[1].output)
    assert shown["their prices"] == shown["the same lines in Commerce"] == "INR 10,808.00"
    assert (shown["less 2 without quantity"], shown["less 0 of orders not in Commerce"]) == ("INR 0.00", "INR 0.00")
    start, shipped, now = (
        shown[name] for name in ("pieces in stock at the start", "shipped by the merchant", "in stock now")
    )
    assert (start, shipped, now) == ("517", "11", "506")
    assert shown["Parcels made in Commerce and shown on Amazon"] == "9"
    assert shown["of them throttled"] == "0"
    assert ACCOUNTED in once[1].output


def test_where_it_is_no_terminal_the_progress_is_told_line_by_line(once: tuple[Path, Result]) -> None:
    assert "played 90 %" in once[1].stderr


def test_the_same_report_again_changes_nothing(once: tuple[Path, Result], state: Path) -> None:
    again = play(FORTNIGHT, state)
    assert again.exit_code == 0, again.output
    assert NOTHING in again.output
    counted = [{k: v for k, v in figures(r.output).items() if k != "Requests to Amazon"} for r in (once[1], again)]
    assert counted[0] == counted[1]


def test_the_same_report_again_is_read_again_from_amazon_order_by_order(state: Path) -> None:
    database = Database(f"sqlite:///{state / 'replay.db'}")
    with database.session() as session:
        session.execute(update(Order).where(Order.amazon_status == "Shipped").values(last_update_date=LONG_AGO))
    database.close()
    assert "10 updated" in play(FORTNIGHT, state).output


def test_another_report_on_a_kept_state_plays_only_what_is_new(state: Path) -> None:
    result = play(LATER, state)
    assert result.exit_code == 0, result.output
    assert "This replay: 2 orders added," in result.output
    shown = figures(result.output)
    assert shown["together"] == "23"
    assert shown["no Commerce order, older than the store's connection"] == "1"
    assert shown["one Commerce order, canceled after the import"] == "3"
    assert shown["one Commerce order, complete, shipped by the merchant"] == "9"
    assert NOTHING in play(LATER, state).output


def test_a_report_of_another_marketplace_is_refused_on_a_kept_state_which_stays(state: Path, tmp_path: Path) -> None:
    german = tmp_path / "german.tsv"
    german.write_text(FORTNIGHT.read_text().replace("Amazon.in", "Amazon.de"))
    refused = play(german, state)
    assert refused.exit_code == 1
    assert "line 2: Amazon.de, where this replay is of Amazon.in" in refused.output
    assert NOTHING in play(FORTNIGHT, state).output


def test_a_report_of_no_marketplace_is_refused(tmp_path: Path) -> None:
    report = tmp_path / "report.tsv"
    report.write_text(FORTNIGHT.read_text().replace("Amazon.in", "Non-Amazon"))
    refused = play(report, tmp_path / "state")
    assert refused.exit_code == 1
    assert "line 2: there is no marketplace 'Non-Amazon'" in refused.output


def test_a_malformed_report_is_refused_with_its_lines_before_anything_is_written(tmp_path: Path) -> None:
    report = tmp_path / "report.tsv"
    report.write_text(FORTNIGHT.read_text().replace("\t1299.00\t", "\tabout 1300\t"))
    refused = play(report, tmp_path / "state")
    assert refused.exit_code == 1
    assert "line 3: item-price 'about 1300' is not a number" in refused.output
    assert not (tmp_path / "state").exists()


def test_a_replay_that_was_cut_off_begins_anew(state: Path) -> None:
    (state / "replay.unfinished").touch()
    result = play(FORTNIGHT, state)
    assert "The last replay was cut off: this one begins anew." in result.output
    assert "20 orders added" in result.output
    assert ACCOUNTED in result.output


@pytest.mark.parametrize("written", [b"cbridge.replay\nForgotten\n.", pickle.dumps({"world": None}), b""])
def test_a_world_that_cannot_be_read_is_refused_and_stays(state: Path, written: bytes) -> None:
    world = state / "replay.world"
    world.write_bytes(written)
    refused = play(FORTNIGHT, state)
    assert refused.exit_code == 1
    assert "another version of the sandbox: remove it" in refused.output
    assert world.read_bytes() == written


def test_once_the_world_is_removed_the_replay_begins_anew(state: Path) -> None:
    (state / "replay.world").unlink()
    result = play(LATER, state)
    assert "this one begins anew" in result.output
    assert ACCOUNTED in result.output


def test_a_world_of_other_code_is_refused(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replay, "version", lambda: "of tomorrow")
    refused = play(FORTNIGHT, state)
    assert refused.exit_code == 1
    assert "another version of the sandbox" in refused.output


def test_two_replays_at_once_do_not_share_a_state(state: Path) -> None:
    with State(state):
        refused = play(FORTNIGHT, state)
    assert refused.exit_code == 1
    assert "another replay is using" in refused.output


def test_a_job_run_that_fails_is_named_in_the_account(tmp_path: Path) -> None:
    kept = _fresh()
    kept.world.faults.add(Fault("GET /amazon/orders", "answer", times=1))
    done = _played(kept, tmp_path / "replay.db")
    (failure,) = done.problems["job runs that failed"]
    assert failure.startswith("sync: amazon searchOrders: 503")
    assert done.off


def test_a_replay_whose_jobs_keep_failing_is_given_up(tmp_path: Path) -> None:
    kept = _fresh()
    kept.world.faults.add(Fault("GET /amazon/orders", "answer", times=None))
    with pytest.raises(click.ClickException, match="too many job runs failed"):
        _played(kept, tmp_path / "replay.db")


def _deliver_twice(kept: Kept) -> str:
    order = _commerce(kept, "404-7000137-1007919")
    kept.world.shop.orders[9_001] = order | {"entity_id": 9_001}
    return "404-7000137-1007919"


def _invent(kept: Kept) -> str:
    order = _commerce(kept, "404-7000137-1007919")
    kept.world.shop.orders[9_002] = order | {"entity_id": 9_002, "ext_order_id": "404-9999999-9999999"}
    return "404-9999999-9999999"


def _lose(kept: Kept) -> str:
    del kept.world.shop.orders[_commerce(kept, "404-7000137-1007919")["entity_id"]]
    return "404-7000137-1007919"


def _reopen(kept: Kept) -> str:
    _commerce(kept, "404-7000959-1055433")["state"] = "processing"
    return "404-7000959-1055433"


def _overcharge(kept: Kept) -> str:
    _commerce(kept, "404-7000959-1055433")["grand_total"] = 349.01
    return "404-7000959-1055433"


def _misprice(kept: Kept) -> str:
    _commerce(kept, "404-7000959-1055433")["items"][0]["row_total_incl_tax"] = 349.01
    return "+0.01"


def _steal(kept: Kept) -> str:
    kept.world.shop.set_stock("RUG-JUTE-S", kept.world.shop.source_quantity("RUG-JUTE-S") - 1)
    return "RUG-JUTE-S"


def _leave_reserved(kept: Kept) -> str:
    kept.world.shop.inventory.reserved["tiffin-3", 1] -= 1
    return "TIFFIN-3"


def _mislabel(kept: Kept) -> str:
    kept.world.marketplace.orders["404-7000137-1007919"]["packages"][0]["trackingNumber"] = "X"
    return "404-7000137-1007919"


def _throttle(kept: Kept) -> str:
    kept.world.marketplace.throttled["searchOrders"] += 1
    return "searchOrders"


@pytest.mark.parametrize(
    ("problem", "tamper"),
    [
        (account.DOUBLE, _deliver_twice),
        (account.STRAY, _invent),
        (account.UNEXPLAINED, _lose),
        (account.WRONG_END, _reopen),
        (account.WRONG_TOTAL, _overcharge),
        (account.WRONG_SUM, _misprice),
        (account.WRONG_STOCK, _steal),
        (account.WRONG_SALABLE, _leave_reserved),
        (account.UNCONFIRMED, _mislabel),
        (account.THROTTLED, _throttle),
    ],
)
def test_the_account_names_what_is_off(state: Path, problem: str, tamper: Callable[[Kept], str]) -> None:
    with State(state) as held:
        kept = held.load()
        assert kept is not None
        what = tamper(kept)
        replayed = Replay(kept, held.database)
        done = replayed.reconcile()
        replayed.close()
    assert what in done.problems[problem]
    assert done.off
    assert f"{problem[0].upper()}{problem[1:]}: {what}" in done.text()
    assert "Something is off." in done.text()


def test_of_many_ids_twenty_are_named() -> None:
    done = account.Reconciliation(30)
    for number in range(30):
        done.add(account.WRONG_END, f"404-{number:07d}-0000000")
    assert "404-0000019-0000000 and 10 more" in done.text()
    assert "404-0000020-0000000" not in done.text()


def test_something_off_is_the_commands_exit_code(state: Path) -> None:
    with State(state) as held:
        kept = held.load()
        assert kept is not None
        _overcharge(kept)
        held.save(kept)
    result = play(FORTNIGHT, state)
    assert result.exit_code == 1
    assert "404-7000959-1055433" in result.output


def test_on_a_terminal_a_bar_shows_the_progress(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    kept = _fresh()
    replayed = Replay(kept, tmp_path / "replay.db")
    with replay._progress() as watch:
        replayed.play(_orders(), watch)
    replayed.close()
    assert "Playing" in terminal.getvalue()
    assert "100%" in terminal.getvalue()


@pytest.mark.process
@pytest.mark.whole
@pytest.mark.timeout(900)
def test_a_real_sellers_two_months_are_accounted_for_and_a_second_replay_changes_nothing(tmp_path: Path) -> None:
    report = shared("data", "all-orders-amazon-in-2022-04-05.tsv")
    first = _in_a_process(report, tmp_path)
    shown = figures(first)
    assert "11,632 lines, 10,855 orders." in first
    assert {name: count for name, count in shown.items() if "Commerce order, " in name} == {
        "no Commerce order, canceled before Amazon shipped it": "474",
        "no Commerce order, canceled before it was paid": "658",
        "no Commerce order, payment not verified yet": "1",
        "one Commerce order, canceled after the import": "469",
        "one Commerce order, complete, shipped by Amazon": "6,420",
        "one Commerce order, complete, shipped by the merchant": "2,833",
    }
    assert shown["together"] == "10,855"
    assert shown["their prices"] == shown["the same lines in Commerce"] == "INR 6,507,478.00"
    assert shown["less 6 without quantity"] == "INR 0.00"
    assert shown[account.DOUBLE] == shown[account.STRAY] == shown["of them throttled"] == "0"
    assert ACCOUNTED in first
    assert NOTHING in _in_a_process(report, tmp_path)


def _in_a_process(report: Path, state: Path) -> str:
    """The command in a process of its own: measured line by line it would take twice as long."""
    untraced = {name: value for name, value in os.environ.items() if not name.startswith("COV")}
    script = "from bridge.replay import command; command()"
    done = subprocess.run(
        [sys.executable, "-c", script, str(report), "--state", str(state)],
        cwd=HERE.parents[1], env=untraced, capture_output=True, text=True, check=False, timeout=800,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def _orders() -> list[ReportOrder]:
    return read_report(FORTNIGHT)


def _fresh() -> Kept:
    return replay.new_world(_orders())


def _played(kept: Kept, database: Path) -> account.Reconciliation:
    replayed = Replay(kept, database)
    try:
        replayed.play(_orders(), lambda _play: None)
        return replayed.reconcile()
    finally:
        replayed.close()


def _commerce(kept: Kept, order_id: str) -> dict[str, Any]:
    (order,) = kept.world.shop.find_orders(ext_order_id=order_id)
    return order
