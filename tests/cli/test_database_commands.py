"""`flask bridge db`, and what every command says when it cannot work."""

from __future__ import annotations

import pytest

from bridge import migrate
from bridge.db import Database
from tests.cli.conftest import Cli


def test_upgrade_makes_the_tables_and_is_safe_to_repeat(bare: Cli):
    assert bare("db", "upgrade").output == f"The database stands at migration {migrate.head()}.\n"
    assert bare("db", "upgrade").output == f"The database stands at migration {migrate.head()} already.\n"
    db = Database(bare.environment["BRIDGE_DATABASE_URL"])
    migrate.check(db)
    db.close()


def test_upgrade_needs_no_keys(bare: Cli):
    bare.environment["BRIDGE_SECRET_KEYS"] = ""
    assert bare("db", "upgrade").exit_code == 0


def test_check_tells_a_database_that_is_behind_from_one_that_is_not(bare: Cli):
    result = bare("db", "check")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "not up to date" in result.stderr
    bare("db", "upgrade")
    assert bare("db", "check").exit_code == 0


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("BRIDGE_ALLOWED_PRIVATE_HOSTS", "nowhere", "nowhere"),
        ("BRIDGE_DATABASE_URL_FILE", "/there/is/no/such/file", "BRIDGE_DATABASE_URL_FILE"),
    ],
)
def test_an_environment_that_cannot_be_used_ends_a_command_with_one_line(cli: Cli, name: str, value: str, says: str):
    cli.environment[name] = value
    result = cli("store", "list")
    assert (result.exit_code, result.stdout) == (2, "")
    assert says in result.stderr
    assert result.stderr.count("\n") == 1


def test_a_database_without_tables_ends_a_command_with_one_line(bare: Cli):
    result = bare("store", "list")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "no such table" in result.stderr
    assert "doctor" in result.stderr
    assert "SELECT" not in result.stderr


def test_a_command_that_sends_something_wants_the_newest_migration(bare: Cli):
    result = bare("sync")
    assert result.exit_code == 2
    assert "flask bridge db upgrade" in result.stderr


def test_a_command_that_needs_keys_names_the_variable(cli: Cli):
    cli.environment["BRIDGE_SECRET_KEYS"] = ""
    result = cli("sync")
    assert result.exit_code == 2
    assert "BRIDGE_SECRET_KEYS" in result.stderr
