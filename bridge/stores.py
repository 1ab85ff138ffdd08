"""Connecting, changing and removing stores: what a store must be, and how its credentials are kept. Calls nobody."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, CursorResult, delete, select, update
from sqlalchemy.orm import Session

from bridge import outbound, trail
from bridge import store as records
from bridge.amazon.marketplaces import MARKETPLACES
from bridge.domain import app_secret
from bridge.domain.settings import OrderSettings, check_order_settings
from bridge.errors import ConfigError, Conflict, InvalidInput, NotFound
from bridge.models import GlobalSettingsRow, OrderSettingsRow, ProductMatch, Store, StoreSecret
from bridge.sync.orders import look_again

if TYPE_CHECKING:
    from bridge.runtime import Runtime

AMAZON_CREDENTIALS = ("amazon_client_id", "amazon_client_secret", "amazon_refresh_token")
COMMERCE_CREDENTIALS = {
    "bearer": ("commerce_token",),
    "oauth1": (
        "commerce_consumer_key",
        "commerce_consumer_secret",
        "commerce_access_token",
        "commerce_token_secret",
    ),
    "ims": ("commerce_ims_client_id", "commerce_ims_client_secret", "commerce_ims_org_id"),
}
CREDENTIALS = (*AMAZON_CREDENTIALS, "commerce_auth", *(n for names in COMMERCE_CREDENTIALS.values() for n in names))
_CLOCKS_MAY_DIFFER = timedelta(minutes=5)

_TEXTS = {
    # field: (what it must look like, how to say so)
    "name": (re.compile(r"\S(.{0,98}\S)?"), "Between 1 and 100 characters, no blanks around them."),
    "seller_id": (re.compile(r"[A-Za-z0-9]{3,32}"), "Amazon's merchant token: letters and digits."),
    "website_code": (re.compile(r"[a-z][a-z0-9_]{0,31}"), "A small letter, then small letters, digits and _."),
}


def add_store(runtime: Runtime, values: Mapping[str, Any]) -> int:
    """Connect a store and return its id.

    values: name, seller_id, marketplace_id, commerce_url, website_code, optionally commerce_admin_url and
    integration_time (now unless given; a time in the past is refused, since orders placed before the connection are
    never imported), and CREDENTIALS: Amazon's three, commerce_auth (a key of COMMERCE_CREDENTIALS) and what that needs.
    Raises InvalidInput.
    """
    now = runtime.now()
    wrong = _shape_problems(runtime, values)
    for name in ("name", "seller_id", "marketplace_id", "commerce_url", "website_code"):
        if not values.get(name):
            wrong.setdefault(name, ["Required."])
    secret = _credentials(values, {}, wrong)
    integration_time: datetime = values.get("integration_time") or now
    if integration_time < now - _CLOCKS_MAY_DIFFER:
        wrong["integration_time"] = ["Lies in the past: orders from before the connection are never imported."]
    with runtime.db.session() as session:
        if not wrong:
            wrong |= _taken(session, values, None)
        if wrong:
            raise InvalidInput("The store cannot be connected.", wrong)
        row = Store(
            name=values["name"],
            seller_id=values["seller_id"],
            marketplace_id=values["marketplace_id"],
            commerce_url=values["commerce_url"].rstrip("/"),
            commerce_admin_url=(values.get("commerce_admin_url") or "").rstrip("/") or None,
            website_code=values["website_code"],
            active=True,
            integration_time=integration_time,
            created_at=now,
            updated_at=now,
            settings=OrderSettingsRow(),
        )
        session.add(row)
        session.flush()
        sealed = _seal(runtime, row.id, app_secret.dated(secret, {}, now, now))
        session.add(StoreSecret(store_id=row.id, encrypted=sealed, updated_at=now))
        trail.record(
            session, "store.added", "store", row.id, store_id=row.id, after=_shown(row), withheld=sorted(secret)
        )
        return row.id


def update_store(runtime: Runtime, store_id: int, values: Mapping[str, Any]) -> None:
    """Change the given fields; credentials that are not given stay. Raises InvalidInput, NotFound.

    The seller account and the marketplace cannot change: the orders are that account's.
    """
    now = runtime.now()
    wrong = _shape_problems(runtime, values)
    fixed = {"seller_id", "marketplace_id", "integration_time"} & set(values)
    wrong |= {name: ["Cannot be changed; connect another store."] for name in fixed}
    with runtime.db.session() as session:
        row = records.get_store(session, store_id)
        secret = None
        if {*CREDENTIALS, "commerce_url"} & set(values):
            held = runtime.vault.open(f"store:{store_id}", row.secret.encrypted)
            secret = app_secret.dated(_credentials(values, held, wrong), held, row.secret.updated_at, now)
        if not wrong:
            wrong |= _taken(session, values, row)
        if wrong:
            raise InvalidInput("The store cannot be changed.", wrong)
        before = _shown(row)
        for name in ("name", "commerce_url", "commerce_admin_url", "website_code"):
            if name in values:
                value = values[name].rstrip("/") if name.endswith("_url") and values[name] else values[name]
                setattr(row, name, value or None)
        row.updated_at = now
        if secret is not None:
            row.secret.encrypted = _seal(runtime, store_id, secret)
            row.secret.updated_at = now  # what the store's clients are kept by: new ones are made
        replaced = sorted(set(CREDENTIALS) & {name for name in values if values[name]})
        trail.record(
            session, "store.changed", "store", row.id, store_id=row.id,
            before=before, after=_shown(row), withheld=replaced,
        )  # fmt: skip


def set_active(runtime: Runtime, store_id: int, *, active: bool) -> None:
    """Have the jobs work for the store, or leave it alone. Raises NotFound."""
    with runtime.db.session() as session:
        row = records.get_store(session, store_id)
        if row.active is not active:
            row.active = active
            row.updated_at = runtime.now()
            done = "store.activated" if active else "store.deactivated"
            trail.record(session, done, "store", store_id, store_id=store_id)


def delete_store(runtime: Runtime, store_id: int) -> None:
    """Forget a deactivated store with all its orders. Raises NotFound, Conflict (store_active)."""
    with runtime.db.session() as session:
        row = records.get_store(session, store_id)
        if row.active:
            raise Conflict("Deactivate the store first: its orders are deleted with it.", "store_active")
        trail.record(session, "store.deleted", "store", store_id, store_id=store_id, before=_shown(row))
        session.execute(delete(Store).where(Store.id == store_id))


def save_order_settings(session: Session, store_id: int, version: int, given: Mapping[str, Any]) -> OrderSettingsRow:
    """Change the given fields of this version of the settings.

    Raises NotFound, InvalidInput, Conflict (changed_meanwhile).
    """
    row = records.get_store(session, store_id).settings
    wrong = check_order_settings(given, records.order_settings(row))
    if wrong:
        raise InvalidInput("The order settings cannot be saved.", wrong)
    before = settings_values(row)
    _save_version(session, row, OrderSettingsRow.store_id == store_id, version, given)
    trail.record(
        session, "order_settings.changed", "order_settings", store_id, store_id=store_id,
        before=before, after=settings_values(row),
    )  # fmt: skip
    return row


def save_global_settings(session: Session, version: int, given: Mapping[str, Any]) -> GlobalSettingsRow:
    """Change the given fields of this version of the global settings. Raises Conflict (changed_meanwhile)."""
    row = records.global_settings(session)
    before = {name: getattr(row, name) for name in given}
    _save_version(session, row, GlobalSettingsRow.id == 1, version, given)
    trail.record(session, "global_settings.changed", "global_settings", 1, before=before, after=given)
    return row


def add_product_match(runtime: Runtime, store_id: int, values: Mapping[str, Any]) -> ProductMatch:
    """Keep which Commerce SKU stands for a seller SKU or an ASIN, and have the orders that wait for it looked at again.

    Raises NotFound, InvalidInput.
    """
    seller_sku, asin = values.get("seller_sku"), values.get("asin")
    if bool(seller_sku) == bool(asin):
        message = ["Give seller_sku or asin, one of the two."]
        raise InvalidInput(message[0], {"seller_sku": message, "asin": message})
    with runtime.db.session() as session:
        records.get_store(session, store_id)
        column, value = (ProductMatch.seller_sku, seller_sku) if seller_sku else (ProductMatch.asin, asin)
        taken = select(ProductMatch.id).where(ProductMatch.store_id == store_id, column == value)
        if session.scalar(taken) is not None:
            raise Conflict(f"There is a product match for {value} already.", "already_matched")
        row = ProductMatch(
            store_id=store_id,
            seller_sku=seller_sku,
            asin=asin,
            commerce_sku=values["commerce_sku"],
            quantity=values.get("quantity", 1),
            created_at=runtime.now(),
        )
        session.add(row)
        session.flush()
        look_again(session, store_id, runtime.now(), seller_sku=seller_sku, asin=asin)
        trail.record(
            session, "product_match.added", "product_match", row.id, store_id=store_id, after=_match_values(row)
        )
        return row


def delete_product_match(session: Session, store_id: int, match_id: int) -> None:
    """Forget a match; orders that were imported with it stay as they are. Raises NotFound."""
    row = get_product_match(session, store_id, match_id)
    trail.record(
        session, "product_match.deleted", "product_match", match_id, store_id=store_id, before=_match_values(row)
    )
    session.delete(row)


def get_product_match(session: Session, store_id: int, match_id: int) -> ProductMatch:
    """The store's match. Raises NotFound."""
    records.get_store(session, store_id)
    row = session.get(ProductMatch, match_id)
    if row is None or row.store_id != store_id:
        raise NotFound(f"There is no product match {match_id}.")
    return row


def _match_values(row: ProductMatch) -> dict[str, Any]:
    return {name: getattr(row, name) for name in ("seller_sku", "asin", "commerce_sku", "quantity")}


def _shown(row: Store) -> dict[str, Any]:
    """What the audit trail shows of a store."""
    names = ("name", "seller_id", "marketplace_id", "commerce_url", "commerce_admin_url", "website_code")
    return {name: getattr(row, name) for name in (*names, "integration_time")}


def _save_version(
    session: Session,
    row: OrderSettingsRow | GlobalSettingsRow,
    key: ColumnElement[bool],
    version: int,
    given: Mapping[str, Any],
) -> None:
    """Write by a conditional UPDATE, so that of two who read the same version one wins."""
    table = type(row)
    changed = session.execute(
        update(table).where(key, table.version == version).values(**given, version=version + 1),
        execution_options={"synchronize_session": False},
    )
    if not isinstance(changed, CursorResult) or changed.rowcount != 1:
        raise Conflict("Somebody changed the settings since they were read.", "changed_meanwhile")
    session.refresh(row)


def settings_values(row: OrderSettingsRow) -> dict[str, Any]:
    """The order settings by name, without the version."""
    held: OrderSettings = records.order_settings(row)
    return {name: getattr(held, name) for name in OrderSettings.__dataclass_fields__}


def _shape_problems(runtime: Runtime, values: Mapping[str, Any]) -> dict[str, list[str]]:
    wrong: dict[str, list[str]] = {}
    for name, (pattern, says) in _TEXTS.items():
        if name in values and not pattern.fullmatch(values[name] or ""):
            wrong[name] = [says]
    if "marketplace_id" in values and values["marketplace_id"] not in MARKETPLACES:
        wrong["marketplace_id"] = ["Not one of Amazon's marketplaces; GET /marketplaces lists them."]
    for name in ("commerce_url", "commerce_admin_url"):
        if values.get(name) or (name == "commerce_url" and name in values):
            try:
                outbound.guard.check_base_url(values[name] or "", runtime.config.allowed_private_hosts)
            except (ConfigError, ValueError) as error:  # ValueError: not even an address
                wrong[name] = [f"{error}."]
    return wrong


def _credentials(given: Mapping[str, Any], held: Mapping[str, str], wrong: dict[str, list[str]]) -> dict[str, str]:
    """All credentials after the change; what is missing is added to `wrong`."""
    merged = dict(held) | {name: given[name] for name in CREDENTIALS if given.get(name)}
    auth = merged.get("commerce_auth", "")
    if auth not in COMMERCE_CREDENTIALS:
        wrong["commerce_auth"] = [f"Must be one of: {', '.join(COMMERCE_CREDENTIALS)}."]
    needed = (*AMAZON_CREDENTIALS, *COMMERCE_CREDENTIALS.get(auth, ()))
    for name in needed:
        if not merged.get(name):
            wrong[name] = ["Required."]
    unused = {n for kind, names in COMMERCE_CREDENTIALS.items() if kind != auth for n in names}
    return {name: value for name, value in merged.items() if name not in unused}


def _seal(runtime: Runtime, store_id: int, secret: Mapping[str, str]) -> bytes:
    return runtime.vault.seal(f"store:{store_id}", secret)


def _taken(session: Session, values: Mapping[str, Any], row: Store | None) -> dict[str, list[str]]:
    """What another store has already."""
    wrong: dict[str, list[str]] = {}
    others = Store.id != (row.id if row else 0)
    if "name" in values and session.scalar(select(Store.id).where(others, Store.name == values["name"])) is not None:
        wrong["name"] = ["Another store has this name."]
    if row is None:
        account = (Store.seller_id == values["seller_id"], Store.marketplace_id == values["marketplace_id"])
        if session.scalar(select(Store.id).where(*account)) is not None:
            wrong["marketplace_id"] = ["This seller account is connected in this marketplace already."]
    return wrong
