"""`flask bridge sync|import|confirm|complete` and `flask bridge jobs`."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from bridge.jobs import JOBS
from bridge.sandbox.amounts import Line
from tests.cli.conftest import Cli, Sandbox, store_json


@pytest.fixture
def connected(cli: Cli, sandbox: Sandbox) -> Sandbox:
    sandbox.world.shop.add_product("MUG", "Mug", qty=9, price=5)
    cli("store", "add", "--from-file", "-", stdin=store_json(sandbox.address))
    return sandbox


def test_each_job_runs_for_all_active_stores_and_says_what_it_did(cli: Cli, connected: Sandbox):
    amazon = connected.world.marketplace
    number = amazon.place([Line(sku="MUG", title="Mug", quantity=1, unit_price=Decimal("5.00"))])
    amazon.verify_payment(number)
    connected.world.clock.advance(timedelta(minutes=5))  # Amazon lists an order two minutes later
    for command, expected in (
        ("sync", "store 1 sync: succeeded: pages 1, added 1\n"),
        ("import", "store 1 import: succeeded: created 1\n"),
        ("confirm", "store 1 confirm: succeeded\n"),
        ("complete", "store 1 complete: succeeded\n"),
    ):
        result = cli(command)
        assert (result.exit_code, result.output) == (0, expected)
    assert len(connected.world.shop.find_orders(ext_order_id=number)) == 1


def test_a_job_is_run_by_its_name_and_for_one_store(cli: Cli, connected: Sandbox):
    assert cli("jobs", "run", "sync", "--store", "1").output.startswith("store 1 sync: succeeded")
    assert cli("jobs", "run", "cleanup").output.startswith("cleanup: succeeded")


def test_a_failed_run_ends_with_exit_code_1_and_says_why(cli: Cli):
    cli.environment |= {"BRIDGE_AMAZON_ENDPOINT": "http://127.0.0.1:1", "BRIDGE_LWA_ENDPOINT": "http://127.0.0.1:1"}
    cli("store", "add", "--from-file", "-", stdin=store_json())
    result = cli("sync")
    assert result.exit_code == 1
    assert result.output.startswith("store 1 sync: failed: amazon")


def test_an_unknown_job_an_unknown_store_and_no_store_are_told(cli: Cli):
    unknown = cli("jobs", "run", "tidy")
    assert unknown.exit_code == 2
    assert f"there are {', '.join(JOBS)}" in unknown.stderr
    nobody = cli("import", "--store", "7")
    assert nobody.exit_code == 2
    assert "There is no store 7." in nobody.stderr
    assert cli("sync").output == "There is no active store.\n"


def test_the_jobs_are_listed_with_their_schedules(cli: Cli):
    cli.environment["BRIDGE_SCHEDULE_SYNC"] = "*/7 * * * *"
    lines = cli("jobs", "list").output.splitlines()
    assert [line.split()[0] for line in lines] == list(JOBS)
    assert "*/7 * * * *" in lines[0]


def test_on_a_copy_of_the_database_nothing_is_sent(cli: Cli, connected: Sandbox):
    cli("sync")  # here the address is recorded
    cli.environment["BRIDGE_PUBLIC_URL"] = "https://staging.example"
    result = cli("import")
    assert result.output.startswith("store 1 import: skipped: Read-only mode")
