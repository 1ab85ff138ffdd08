"""`flask bridge doctor`."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bridge import claims, clock
from bridge.models import JobRun, StoreSecret
from bridge.vault import new_key
from tests.cli.conftest import Cli, store_json


def findings(cli: Cli) -> tuple[int, dict[str, str]]:
    """The exit code, and each subject's line and its cure."""
    result = cli("doctor")
    found: dict[str, str] = {}
    subject = ""
    for line in result.output.splitlines():
        if line.startswith("      ->"):
            found[subject] += line
        else:
            subject = line[6:].split(":")[0]
            found[subject] = line
    return result.exit_code, found


@pytest.fixture
def well(cli: Cli) -> Cli:
    """An installation with nothing wrong."""
    cli("store", "add", "--from-file", "-", stdin=store_json())
    runtime = cli.runtime()
    with runtime.db.session() as session:
        claims.take_lease(session, "scheduler", "host:1", clock.now(), 600)
    runtime.close()
    return cli


def test_a_well_installation_is_told_to_be_well(well: Cli):
    code, found = findings(well)
    assert code == 0, found
    assert list(found) == ["environment", "keys", "database", "read-only mode", "scheduler", "store 1"]
    assert all(line.startswith("ok  ") for line in found.values())


def sick(found: dict[str, str]) -> dict[str, str]:
    return {subject: line for subject, line in found.items() if line.startswith("FAIL")}


@pytest.mark.parametrize("schedule", ["every now and then", "* * * *"])
def test_an_environment_that_cannot_be_used(well: Cli, schedule: str):
    well.environment["BRIDGE_SCHEDULE_IMPORT"] = schedule
    code, found = findings(well)
    assert (code, list(found)) == (1, ["environment"])
    assert repr(schedule) in found["environment"]


def test_no_keys(well: Cli):
    well.environment["BRIDGE_SECRET_KEYS"] = ""
    code, found = findings(well)
    assert (code, list(sick(found))) == (1, ["keys"])


def test_another_key_than_the_credentials_were_encrypted_with(well: Cli):
    well.environment["BRIDGE_SECRET_KEYS"] = new_key()
    code, found = findings(well)
    assert (code, list(sick(found))) == (1, ["store 1"])
    assert "back behind the first" in found["store 1"]


def test_a_database_without_tables(bare: Cli):
    code, found = findings(bare)
    assert (code, list(sick(found))) == (1, ["database"])
    assert "db upgrade" in found["database"]


def test_a_database_that_does_not_answer(bare: Cli):
    bare.environment["BRIDGE_DATABASE_URL"] = "postgresql+psycopg://nobody:sesame@127.0.0.1:1/none"
    code, found = findings(bare)
    assert (code, list(sick(found))) == (1, ["database"])
    assert "sesame" not in found["database"]


def test_no_scheduler_and_one_that_died(well: Cli):
    runtime = well.runtime()
    with runtime.db.session() as session:
        claims.take_lease(session, "scheduler", "host:1", clock.now() - timedelta(days=1), 15)
    code, found = findings(well)
    assert (code, list(sick(found))) == (1, ["scheduler"])
    assert "last seen" in found["scheduler"]
    with runtime.db.session() as session:
        claims.release_lease(session, "scheduler", "host:1")
    runtime.close()
    assert "is not running" in findings(well)[1]["scheduler"]


def test_no_store(cli: Cli):
    code, found = findings(cli)
    assert code == 1
    assert "store add" in found["stores"]


def test_a_store_whose_last_sync_failed(well: Cli):
    runtime = well.runtime()
    with runtime.db.session() as session:
        run = JobRun(store_id=1, job="sync", trigger="cli", state="failed", started_at=clock.now(), error="no answer")
        session.add(run)
    runtime.close()
    code, found = findings(well)
    assert (code, list(sick(found))) == (1, ["store 1"])
    assert "no answer" in found["store 1"]


def test_a_client_secret_that_ends_soon(well: Cli):
    runtime = well.runtime()
    with runtime.db.session() as session:
        row = session.get_one(StoreSecret, 1)
        secret = runtime.vault.open("store:1", row.encrypted)
        entered = clock.now() - timedelta(days=175)
        row.encrypted = runtime.vault.seal("store:1", secret | {"amazon_secret_since": entered.isoformat()})
    runtime.close()
    code, found = findings(well)
    assert (code, list(sick(found))) == (1, ["client secret of store 1"])
    assert "ends within 5 days" in found["client secret of store 1"]


def test_a_copy_of_another_installation_and_read_only_mode(well: Cli):
    well("sync")
    well.environment["BRIDGE_PUBLIC_URL"] = "https://staging.example"
    code, found = findings(well)
    assert code == 1
    assert "will switch itself on" in found["read-only mode"]
    well("import")
    assert "is on: nothing is sent" in findings(well)[1]["read-only mode"]
