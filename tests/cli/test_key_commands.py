"""`flask bridge apikey` and `flask bridge keys`."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from bridge.errors import ConfigError
from bridge.keys import Scope, authenticate
from bridge.models import StoreSecret
from bridge.vault import Vault, new_key
from tests.cli.conftest import Cli, store_json

NOW = datetime.now(UTC)


def test_a_created_key_opens_the_api_until_it_is_revoked(cli: Cli):
    secret = cli("apikey", "create", "warehouse", "--scope", "orders:read", "--scope", "orders:write").output.strip()
    runtime = cli.runtime()
    caller = authenticate(runtime.db, secret, NOW, sandbox=False)
    assert caller is not None
    assert (caller.name, caller.scopes) == ("warehouse", {Scope.ORDERS_READ, Scope.ORDERS_WRITE})

    assert cli("apikey", "revoke", "warehouse").exit_code == 0
    assert authenticate(runtime.db, secret, NOW, sandbox=False) is None
    runtime.close()
    assert "warehouse: revoked" in cli("apikey", "list").output


def test_a_key_may_be_bound_to_stores_and_to_a_time(cli: Cli):
    cli("store", "add", "--from-file", "-", stdin=store_json())
    assert cli("apikey", "create", "erp", "--store", "1", "--expires", "2099-01-31").exit_code == 0
    line = cli("apikey", "list").output
    assert line == "erp: until 2099-01-31; orders:read; stores 1; never used\n"


def test_the_list_never_shows_a_secret(cli: Cli):
    secret = cli("apikey", "create", "warehouse").output.strip()
    assert secret not in cli("apikey", "list").output


def test_a_key_that_cannot_be_made_says_why(cli: Cli):
    cli("apikey", "create", "warehouse")
    again = cli("apikey", "create", "warehouse", "--store", "7", "--expires", "2020-01-01")
    assert (again.exit_code, again.stdout) == (2, "")
    for words in ("name: There is a key of this name.", "store_ids: ", "expires_at: Lies in the past."):
        assert words in again.stderr


def test_an_unknown_scope_and_an_unknown_key_are_refused(cli: Cli):
    assert cli("apikey", "create", "x", "--scope", "everything").exit_code == 2
    result = cli("apikey", "revoke", "nobody")
    assert result.exit_code == 2
    assert "'nobody'" in result.stderr


def test_a_new_key_is_one_that_the_vault_takes(cli: Cli):
    cli.environment["BRIDGE_SECRET_KEYS"] = ""
    key = cli("keys", "new").output.strip()
    assert Vault([key]).open("store:1", Vault([key]).seal("store:1", {"a": "b"})) == {"a": "b"}


def sealed(cli: Cli) -> bytes:
    runtime = cli.runtime()
    with runtime.db.reading() as session:
        found = session.get_one(StoreSecret, 1).encrypted
    runtime.close()
    return found


def test_rotated_credentials_open_with_the_new_key_alone(cli: Cli):
    cli("store", "add", "--from-file", "-", stdin=store_json())
    old, new = cli.environment["BRIDGE_SECRET_KEYS"], new_key()
    cli.environment["BRIDGE_SECRET_KEYS"] = f"{new},{old}"
    assert "1 store(s)" in cli("keys", "rotate").output
    assert Vault([new]).open("store:1", sealed(cli))["commerce_token"] == "sandbox-commerce-token"
    with pytest.raises(ConfigError):
        Vault([old]).open("store:1", sealed(cli))


def test_credentials_that_no_key_opens_stay_as_they_are(cli: Cli):
    cli("store", "add", "--from-file", "-", stdin=store_json())
    before = sealed(cli)
    cli.environment["BRIDGE_SECRET_KEYS"] = new_key()
    result = cli("keys", "rotate")
    assert result.exit_code == 2
    assert "store:1" in result.stderr
    assert sealed(cli) == before
