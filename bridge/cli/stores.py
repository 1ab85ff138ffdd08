"""`flask bridge store`."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from typing import Any, TextIO

import click
from sqlalchemy import select

from bridge.amazon.marketplaces import MARKETPLACES
from bridge.cli import context
from bridge.cli.backfill import backfill
from bridge.errors import InvalidInput
from bridge.models import Store
from bridge.stores import AMAZON_CREDENTIALS, COMMERCE_CREDENTIALS, add_store
from bridge.sync.verify import verify

REQUIRED = ("name", "seller_id", "marketplace_id", "commerce_url", "website_code")
# The others are not shown while they are typed.
_PLAIN = {"amazon_client_id", "commerce_consumer_key", "commerce_ims_client_id", "commerce_ims_org_id"}


@click.group("store")
def group() -> None:
    """Amazon seller accounts, each tied to a Commerce website."""


group.add_command(backfill)


@group.command("list")
def list_() -> None:
    """Show the stores."""
    with context.database() as db, db.reading() as session:
        for row in session.scalars(select(Store).order_by(Store.id)):
            state = "active" if row.active else "inactive"
            market = MARKETPLACES[row.marketplace_id].domain
            click.echo(f"{row.id}: {row.name}; {state}; {market}; {row.commerce_url} ({row.website_code})")


@group.command()
@click.option("--name", help="What the merchant calls it.")
@click.option("--seller-id", help="Amazon's merchant token.")
@click.option("--marketplace", "marketplace_id", help="A country code such as US, or Amazon's marketplace id.")
@click.option("--commerce-url", help="The shop's address.")
@click.option("--commerce-admin-url", help="The address of the shop's admin, for links.")
@click.option("--website-code", help="The Commerce website that receives the orders.")
@click.option("--commerce-auth", type=click.Choice(list(COMMERCE_CREDENTIALS)), help="How the shop knows us.")
@click.option("--from-file", type=click.File(), help="JSON: any of the values, and the credentials; - is stdin.")
def add(from_file: TextIO | None, **options: str | None) -> None:
    """Connect a store and print its id.

    Credentials come from --from-file or are asked for; they are no options, since others can read a command line.
    """
    values = _read(from_file) | {name: value for name, value in options.items() if value is not None}
    if _at_a_terminal():
        _ask(values)
    values["marketplace_id"] = marketplace(str(values.get("marketplace_id") or ""))
    with context.offline() as runtime:
        store_id = add_store(runtime, values)
    click.echo(f"Store {store_id} is connected; `flask bridge store verify {store_id}` asks both sides.")


@group.command("verify")
@click.argument("store_id", type=int)
def verify_(store_id: int) -> None:
    """Ask Amazon and Commerce whether the store's credentials and settings work."""
    with context.online() as runtime:
        checks = verify(runtime.links, store_id)
    for check in checks:
        click.echo(f"{'ok  ' if check.ok else 'FAIL'}  {check.name}: {check.message}")
    if not all(check.ok for check in checks):
        sys.exit(1)


def marketplace(text: str) -> str:
    """The marketplace id that a country code or an id stands for; what is neither is given back."""
    by_country = {market.code: market_id for market_id, market in MARKETPLACES.items()}
    return by_country.get(text.upper(), text)


def _read(file: TextIO | None) -> dict[str, Any]:
    if file is None:
        return {}
    try:
        values = json.load(file)
    except ValueError as error:
        raise InvalidInput(f"--from-file: not JSON: {error}") from error
    if not isinstance(values, dict) or not all(isinstance(value, str) for value in values.values()):
        raise InvalidInput("--from-file: a JSON object of texts is expected")
    if "integration_time" in values:
        values["integration_time"] = _time(values["integration_time"])
    return values


def _time(text: str) -> datetime:
    try:
        when = datetime.fromisoformat(text)
    except ValueError as error:
        raise InvalidInput(f"--from-file: integration_time: {error}") from error
    return when if when.tzinfo else when.replace(tzinfo=UTC)


def _at_a_terminal() -> bool:
    return sys.stdin.isatty()


def _ask(values: dict[str, Any]) -> None:
    """Ask at the terminal for what is missing."""
    for name in REQUIRED:
        if not values.get(name):
            values[name] = click.prompt(name.replace("_", " "), default="base" if name == "website_code" else None)
    if not values.get("commerce_auth"):
        values["commerce_auth"] = click.prompt("commerce auth", type=click.Choice(list(COMMERCE_CREDENTIALS)))
    for name in (*AMAZON_CREDENTIALS, *COMMERCE_CREDENTIALS[values["commerce_auth"]]):
        if not values.get(name):
            values[name] = click.prompt(name.replace("_", " "), hide_input=name not in _PLAIN)
