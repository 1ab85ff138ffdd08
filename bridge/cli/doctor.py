"""`flask bridge doctor`: what stands between this installation and orders that flow."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass

import click
from sqlalchemy import select
from sqlalchemy.exc import DBAPIError

from bridge import clock, migrate, store
from bridge.cli import context
from bridge.config import Config
from bridge.db import Database
from bridge.domain import app_secret
from bridge.errors import ConfigError, RemoteError
from bridge.jobs import SCHEDULER_LEASE, cluster
from bridge.jobs.scheduler import trigger
from bridge.models import GlobalSettingsRow, JobRun, StoreSecret
from bridge.sync.connect import Links
from bridge.sync.stock_check import CURE, measure, open_orders
from bridge.vault import Vault
from bridge.work import Lease


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report; `cure` says what to do, and is empty when nothing is wrong."""

    subject: str
    message: str
    cure: str = ""


@click.command()
def doctor() -> None:
    """Look at the environment, the keys, the database, the scheduler and the stores; exit code 1 if anything is wrong.

    Speaks to nobody but the database and the broker; `store verify` asks Amazon and Commerce.
    """
    sick = 0
    for finding in examine():
        sick += bool(finding.cure)
        click.echo(f"{'FAIL' if finding.cure else 'ok  '}  {finding.subject}: {finding.message}")
        if finding.cure:
            click.echo(f"      -> {finding.cure}")
    if sick:
        sys.exit(1)


def examine() -> Iterator[Finding]:
    """All findings, until one makes the rest impossible to look at."""
    try:
        config = context.configuration()
        for text in config.schedules.values():
            trigger(text)
    except ConfigError as error:
        yield Finding("environment", str(error), "Correct the variable.")
        return
    yield Finding("environment", f"can be used; the bridge's address is {config.public_url}")
    vault = None
    try:
        vault = Vault(config.secret_keys)
        yield Finding("keys", f"{len(config.secret_keys)} in BRIDGE_SECRET_KEYS")
    except ConfigError as error:
        yield Finding("keys", str(error), "Set BRIDGE_SECRET_KEYS, or BRIDGE_SECRET_KEYS_FILE to a file that holds it.")
    db = Database(config.database_url)
    try:
        yield from _database(db)
        if _at_head(db):
            yield from _contents(db, config, vault)
    except DBAPIError as error:
        reason = (str(error.orig).splitlines() or [""])[0]
        yield Finding("database", f"does not answer: {reason}", "Correct BRIDGE_DATABASE_URL, or start the database.")
    finally:
        db.close()


def _at_head(db: Database) -> bool:
    return migrate.current(db) == migrate.head()


def _database(db: Database) -> Iterator[Finding]:
    standing = migrate.current(db)
    where = f"{db.engine.dialect.name}, at migration {standing or 'none'}"
    if standing == migrate.head():
        yield Finding("database", where)
    else:
        yield Finding("database", f"{where}, not {migrate.head()}", "Run `flask bridge db upgrade`.")


def _contents(db: Database, config: Config, vault: Vault | None) -> Iterator[Finding]:
    yield _read_only(db, config)
    yield _scheduler(db)
    if config.broker_url:
        yield _workers(config)
    with db.reading() as session:
        ids = store.active_store_ids(session)
    if not ids:
        yield Finding("stores", "none is active", "Connect one: `flask bridge store add`.")
    for store_id in ids:
        yield from _store(db, vault, store_id)
        if vault is not None:
            yield from _stock(config, db, vault, store_id)


def _read_only(db: Database, config: Config) -> Finding:
    with db.reading() as session:
        row = session.get(GlobalSettingsRow, 1)
    if row is not None and row.public_url not in (None, config.public_url):
        return Finding(
            "read-only mode",
            f"will switch itself on: the database belongs to {row.public_url}, this is {config.public_url}",
            "Set BRIDGE_PUBLIC_URL to that address if this is the same installation; leave it if this is a copy.",
        )
    if row is not None and row.read_only_mode:
        cure = "Switch it off with PUT /api/v1/global-settings if this is not a copy of another installation."
        return Finding("read-only mode", "is on: nothing is sent to Amazon or Commerce", cure)
    return Finding("read-only mode", "is off")


def _scheduler(db: Database) -> Finding:
    with db.reading() as session:
        lease = session.get(Lease, SCHEDULER_LEASE)
    if lease is not None and lease.until > clock.now():
        return Finding("scheduler", f"runs as {lease.holder}")
    seen = f"was last seen at {lease.until:%Y-%m-%d %H:%M} UTC" if lease else "is not running"
    return Finding("scheduler", seen, "Start `flask bridge scheduler`.")


def _workers(config: Config) -> Finding:
    try:
        answered = cluster.workers(config)
    except ConfigError as error:
        cure = "Correct BRIDGE_BROKER_URL, or start the broker; until then the processes do the jobs themselves."
        return Finding("workers", str(error), cure)
    if answered:
        return Finding("workers", f"{len(answered)} answered: {', '.join(answered)}")
    return Finding("workers", "none answered", "Start `flask bridge worker`.")


def _store(db: Database, vault: Vault | None, store_id: int) -> Iterator[Finding]:
    with db.reading() as session:
        name = store.get_store(session, store_id).name
        secret = session.get(StoreSecret, store_id)
        ended = (JobRun.store_id == store_id, JobRun.job == "sync", JobRun.state.in_(("succeeded", "failed")))
        last = session.scalars(select(JobRun).where(*ended).order_by(JobRun.id.desc()).limit(1)).one_or_none()
    subject = f"store {store_id}"
    try:
        if vault and secret:
            opened = vault.open(f"store:{store_id}", secret.encrypted)
            told = app_secret.warning(app_secret.entered_at(opened, secret.updated_at), clock.now())
            if told:
                yield Finding(f"client secret of store {store_id}", told, "Change the store's amazon_client_secret.")
    except ConfigError as error:
        yield Finding(subject, f"{name}: {error}", "Put the key that it was encrypted with back behind the first one.")
        return
    if last is not None and last.state == "failed":
        yield Finding(subject, f"{name}: {last.error}", f"Run `flask bridge store verify {store_id}`.")
        return
    synced = f"last synced {last.finished_at:%Y-%m-%d %H:%M} UTC" if last and last.finished_at else "never synced yet"
    yield Finding(subject, f"{name}, {synced}")


def _stock(config: Config, db: Database, vault: Vault, store_id: int) -> Iterator[Finding]:
    """Whether Magento's reservation command runs, where orders wait for it."""
    links = Links(config, db, vault)
    try:
        link = links.get(store_id)
        with db.reading() as session:
            waiting = link.settings.stock_strategy == "reservation_cli" and open_orders(session, link)
        if waiting:
            found = measure(link)
            yield Finding(f"stock of store {store_id}", found.message, "" if found.ok else f"{CURE}.")
    except RemoteError as error:
        cure = f"Run `flask bridge store verify {store_id}`."
        yield Finding(f"stock of store {store_id}", f"could not be measured: {error}", cure)
    except ConfigError:
        return  # credentials that no key opens: told with the store
    finally:
        links.close()
