"""`flask bridge store`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from sqlalchemy import select

from bridge.cli import stores
from bridge.models import Store
from tests.cli.conftest import Cli, Sandbox, store_json

SECRETS = ("amzn1.oa2-cs.v1.sandbox", "Atzr|sandbox-refresh-token", "sandbox-commerce-token")


def stored(cli: Cli) -> list[Store]:
    runtime = cli.runtime()
    with runtime.db.reading() as session:
        rows = list(session.scalars(select(Store)))
    runtime.close()
    return rows


def test_a_store_is_connected_from_a_file_and_listed(cli: Cli, tmp_path: Path):
    path = tmp_path / "store.json"
    path.write_text(store_json(name="From the file"))
    result = cli("store", "add", "--from-file", str(path), "--name", "Mugs US")
    assert result.exit_code == 0, result.stderr
    assert result.output.startswith("Store 1 is connected")
    listed = cli("store", "list").output
    assert listed == "1: Mugs US; active; amazon.com; http://127.0.0.1:1/commerce (base)\n"
    assert not any(secret in result.output + listed for secret in SECRETS)


def test_the_integration_time_of_a_file_is_taken_as_utc(cli: Cli):
    cli("store", "add", "--from-file", "-", stdin=store_json(integration_time="2099-05-01T12:00:00"))
    assert stored(cli)[0].integration_time.isoformat() == "2099-05-01T12:00:00+00:00"


def test_what_is_missing_is_named_and_nothing_is_stored(cli: Cli):
    result = cli("store", "add", "--from-file", "-", stdin=store_json(seller_id=None, commerce_token=None))
    assert result.exit_code == 2
    assert "seller_id: Required." in result.stderr
    assert "commerce_token: Required." in result.stderr
    assert stored(cli) == []


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("{", "not JSON"),
        ("[]", "a JSON object of texts"),
        (json.dumps({"name": 7}), "a JSON object of texts"),
        (store_json(integration_time="tomorrow"), "integration_time"),
        (store_json(marketplace_id="XX"), "marketplace_id"),
        (store_json(commerce_url="http://shop.example"), "https"),
        (store_json(integration_time="2020-01-01"), "Lies in the past"),
    ],
)
def test_a_file_that_cannot_be_used_says_why(cli: Cli, text: str, says: str):
    result = cli("store", "add", "--from-file", "-", stdin=text)
    assert (result.exit_code, result.stdout) == (2, "")
    assert says in result.stderr
    assert stored(cli) == []


def test_at_a_terminal_the_missing_values_are_asked_for_and_secrets_are_not_shown(
    cli: Cli, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(stores, "_at_a_terminal", lambda: True)
    answers = ["SELLER1", "https://shop.example", "", "oauth1", "the-id", *SECRETS[:2], "ck", "cs", "at", "ts"]
    result = cli("store", "add", "--name", "Mugs", "--marketplace", "uk", stdin="\n".join(answers) + "\n")
    assert result.exit_code == 0, result.stderr
    (store,) = stored(cli)
    assert (store.seller_id, store.marketplace_id, store.website_code) == ("SELLER1", "A1F83G8C2ARO7P", "base")
    assert "the-id" in result.output
    assert not any(secret in result.output for secret in SECRETS)


def test_verify_asks_both_sides(cli: Cli, sandbox: Sandbox):
    cli("store", "add", "--from-file", "-", stdin=store_json(sandbox.address))
    result = cli("store", "verify", "1")
    assert result.exit_code == 0, result.output
    lines = result.output.splitlines()
    assert all(line.startswith("ok    ") for line in lines)
    assert {"ok    amazon", "ok    commerce", "ok    store view"} <= {line.split(":")[0] for line in lines}


def test_verify_fails_when_a_side_does_not_know_us(cli: Cli, sandbox: Sandbox):
    cli("store", "add", "--from-file", "-", stdin=store_json(sandbox.address, commerce_token="wrong"))
    result = cli("store", "verify", "1")
    assert result.exit_code == 1
    assert result.output.startswith("ok    amazon")
    assert "FAIL  store view: The consumer isn't authorized" in result.output


def test_an_unknown_store_is_told(cli: Cli):
    result = cli("store", "verify", "7")
    assert result.exit_code == 2
    assert "There is no store 7." in result.stderr
