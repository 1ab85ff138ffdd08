"""`flask bridge apikey`: who may call the API. `flask bridge keys`: what credentials are encrypted with."""

from __future__ import annotations

from datetime import UTC, datetime

import click
from sqlalchemy import select, update

from bridge import clock, trail
from bridge.cli import context
from bridge.keys import Scope, create_key, list_keys, revoke_key
from bridge.ledger import WebhookEndpoint
from bridge.models import StoreSecret
from bridge.vault import new_key

SCOPES = [scope.value for scope in Scope]


@click.group()
def apikey() -> None:
    """Keys that may call the REST API."""


@apikey.command("create")
@click.argument("name")
@click.option("--scope", "scopes", multiple=True, type=click.Choice(SCOPES), help="Repeat for several.")
@click.option("--store", "store_ids", multiple=True, type=int, help="Only this store; repeat for several.")
@click.option("--expires", type=click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M:%SZ"]), help="When it ends, UTC.")
def create(name: str, scopes: tuple[str, ...], store_ids: tuple[int, ...], expires: datetime | None) -> None:
    """Make a key called NAME and print its secret, which is shown this once; orders:read unless scopes are given."""
    expires_at = expires.replace(tzinfo=UTC) if expires else None
    with context.database() as db, db.session() as session:
        secret = create_key(
            session, name, scopes or (Scope.ORDERS_READ,), store_ids or None, expires_at=expires_at, now=clock.now()
        )
    click.echo(secret)


@apikey.command("list")
def list_() -> None:
    """Show the keys; the secrets are kept nowhere."""
    with context.database() as db, db.reading() as session:
        for key in list_keys(session):
            state = "revoked" if key.revoked_at else f"until {key.expires_at:%Y-%m-%d}" if key.expires_at else "valid"
            where = f"stores {', '.join(map(str, key.store_ids))}" if key.store_ids is not None else "all stores"
            used = f"used {key.last_used_at:%Y-%m-%d %H:%M}" if key.last_used_at else "never used"
            click.echo(f"{key.name}: {state}; {', '.join(key.scopes)}; {where}; {used}")


@apikey.command("revoke")
@click.argument("name")
def revoke(name: str) -> None:
    """Have the key NAME refused from now on."""
    with context.database() as db, db.session() as session:
        revoke_key(session, name, clock.now())
    click.echo(f"{name} is revoked.")


@click.group("keys")
def group() -> None:
    """Keys that encrypt the stores' credentials (BRIDGE_SECRET_KEYS)."""


@group.command("new")
def new() -> None:
    """Print a fresh key; the first of BRIDGE_SECRET_KEYS encrypts, all of them decrypt."""
    click.echo(new_key())


@group.command("rotate")
def rotate() -> None:
    """Encrypt all credentials and webhook secrets anew with the first key; then the other keys can be taken out."""
    with context.offline() as runtime:
        with runtime.db.reading() as session:
            held = {row.store_id: row.encrypted for row in session.scalars(select(StoreSecret))}
            hooks = {row.id: row.sealed for row in session.scalars(select(WebhookEndpoint))}
        for store_id, sealed in held.items():
            runtime.vault.open(f"store:{store_id}", sealed)  # all or nothing: one that no key opens is told first
        for endpoint_id, sealed in hooks.items():
            runtime.vault.open(f"webhook:{endpoint_id}", sealed)
        for endpoint_id, sealed in hooks.items():
            with runtime.db.session() as session:
                whose = (WebhookEndpoint.id == endpoint_id, WebhookEndpoint.sealed == sealed)
                session.execute(update(WebhookEndpoint).where(*whose).values(sealed=runtime.vault.rotate(sealed)))
        for store_id, sealed in held.items():
            with runtime.db.session() as session:
                # Credentials that somebody changes at this moment are under the first key already.
                same = (StoreSecret.store_id == store_id, StoreSecret.encrypted == sealed)
                session.execute(update(StoreSecret).where(*same).values(encrypted=runtime.vault.rotate(sealed)))
        with runtime.db.session() as session:
            trail.record(session, "secret_keys.rotated", "secret_keys", 1)
    click.echo(f"The credentials of {len(held)} store(s) are encrypted with the first key.")
