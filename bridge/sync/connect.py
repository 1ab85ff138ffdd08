"""Which clients a store has: the one place where collaborators are chosen, real or sandbox, by configuration alone."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property, partial
from typing import TYPE_CHECKING, Literal

from bridge import amazon, clock, commerce, outbound, store
from bridge.amazon.marketplaces import MARKETPLACES, REGION_ENDPOINTS
from bridge.config import Config
from bridge.db import Database
from bridge.domain import app_secret
from bridge.domain.commerce import ShopContext
from bridge.domain.names import split_name
from bridge.domain.order import OrderSnapshot
from bridge.domain.settings import OrderSettings
from bridge.models import Store
from bridge.sync.quota import StoredQuota
from bridge.sync.shop import shop_context
from bridge.vault import Vault

if TYPE_CHECKING:
    import httpx

    from bridge.amazon.client import AmazonClient
    from bridge.amazon.sqs import Queue
    from bridge.commerce.client import CommerceClient
    from bridge.outbound.adobe_keys import AdobeKeys
    from bridge.outbound.receivers import Receivers

LWA_ENDPOINT = "https://api.amazon.com/auth/o2/token"
SHOP_CONTEXT_LASTS = timedelta(hours=1)
PARALLEL = 3  # what a shop takes before requests queue in PHP (magento-live 6)


@dataclass
class Clients:
    """A store's two clients and what has been read of its shop; shared by all runs of the store in this process."""

    amazon: AmazonClient
    commerce: CommerceClient
    secret_version: datetime
    secret_since: datetime  # when Amazon's client secret was entered
    quota: StoredQuota
    contexts: dict[str | None, tuple[datetime, ShopContext]] = field(default_factory=dict)

    def close(self) -> None:
        """Give the connections back."""
        self.amazon.close()
        self.commerce.close()


@dataclass(frozen=True)
class Link:
    """Everything that a use case needs for one store, with the settings as they were when the run began."""

    db: Database
    store_id: int
    name: str
    marketplace_id: str
    website_code: str
    admin_url: str | None
    integration_time: datetime
    settings: OrderSettings
    read_only: bool
    public_url: str
    commerce_time_limit: float
    now: Callable[[], datetime]
    clients: Clients
    parallel: int = PARALLEL
    cancels_by_operation: bool = False  # Amazon has released cancelOrder to this application
    reserve: int = 0  # tokens of Amazon's quota that a scheduled run leaves for whoever presses a button
    siblings: Callable[[], list[Link]] | None = None

    @property
    def amazon(self) -> AmazonClient:
        """The seller account."""
        return self.clients.amazon

    @property
    def commerce(self) -> CommerceClient:
        """The shop."""
        return self.clients.commerce

    def account(self) -> list[Link]:
        """The links of all active stores of the same seller account and region; this one alone when it is inactive."""
        found = self.siblings() if self.siblings else []
        return found if any(link.store_id == self.store_id for link in found) else [self]

    @property
    def country(self) -> str:
        """The marketplace's country by ISO 3166, which says GB where Amazon says UK."""
        code = MARKETPLACES[self.marketplace_id].code
        return "GB" if code == "UK" else code

    def shop(self) -> ShopContext:
        """Where the store's orders go, read once an hour. Raises RemoteError, also when there is no such store view."""
        wanted = self.settings.commerce_store_view
        held = self.clients.contexts.get(wanted)
        if held is None or self.now() - held[0] > SHOP_CONTEXT_LASTS:
            context = shop_context(self.commerce, self.website_code, wanted, admin_url=self.admin_url)
            held = self.clients.contexts[wanted] = (self.now(), context)
        return held[1]

    def customer_for(self, order: OrderSnapshot) -> int | None:
        """The buyer's customer account, found by e-mail or made; None when Amazon sends no e-mail.

        Raises RemoteError.
        """
        if not order.buyer_email:
            return None
        shop = self.shop()
        known = self.commerce.find_customer(order.buyer_email, shop.website_id)
        if known is not None:
            return known
        first, last = split_name(order.buyer_name or (order.address.name if order.address else None))
        return self.commerce.create_customer(
            email=order.buyer_email,
            firstname=first,
            lastname=last,
            website_id=shop.website_id,
            store_id=shop.store_id,
        )


class Links:
    """Makes a store's Link; keeps its clients, so that tokens, connections and what is known of the shop are reused.

    transports: for tests and the replay, which speak to the sandbox without a socket.
    """

    def __init__(
        self,
        config: Config,
        db: Database,
        vault: Vault,
        *,
        transports: Mapping[Literal["amazon", "commerce", "webhooks", "adobe"], httpx.BaseTransport] | None = None,
        now: Callable[[], datetime] = clock.now,
        parallel: int = PARALLEL,
    ) -> None:
        self._config = config
        self._db = db
        self._vault = vault
        self._transports = dict(transports or {})
        self._now = now
        self._parallel = parallel
        self._clients: dict[int, Clients] = {}
        self._lock = threading.Lock()

    def get(self, store_id: int) -> Link:
        """The store's link, with its settings as they are now. Raises NotFound, ConfigError."""
        with self._db.session() as session:
            row = store.get_store(session, store_id)
            overall = store.global_settings(session)
            settings, read_only = store.order_settings(row.settings), overall.read_only_mode
            sealed, version = row.secret.encrypted, row.secret.updated_at
        with self._lock:
            clients = self._clients.get(store_id)
            if clients is None or clients.secret_version != version:
                secret = self._vault.open(f"store:{store_id}", sealed)
                clients = self._clients[store_id] = self._connect(
                    secret, version, row.seller_id, row.marketplace_id, row.commerce_url
                )
        return Link(
            db=self._db,
            store_id=store_id,
            name=row.name,
            marketplace_id=row.marketplace_id,
            website_code=row.website_code,
            admin_url=row.commerce_admin_url,
            integration_time=row.integration_time,
            settings=settings,
            read_only=read_only,
            public_url=self._config.public_url,
            commerce_time_limit=self._config.commerce_time_limit,
            now=self._now,
            clients=clients,
            parallel=self._parallel,
            cancels_by_operation=self._config.amazon_cancel_order,
            siblings=partial(self.of_account, store_id),
        )

    def open_queue(self) -> Queue | None:
        """The queue of Amazon's notifications, to be closed; None when none is configured. Raises ConfigError."""
        if not self._config.sqs_queue_url:
            return None
        return amazon.sqs.Queue(self._config.sqs_queue_url, self._config.sqs_endpoint)

    @cached_property
    def adobe_keys(self) -> AdobeKeys:
        """The keys that Adobe I/O Events signs with."""
        return outbound.adobe_keys.AdobeKeys(self._now, self._transports.get("adobe"))

    def receivers(self) -> Receivers:
        """What sends webhooks; endpoints on this machine are called beside the sandbox only."""
        return outbound.receivers.Receivers(
            self._config.allowed_private_hosts,
            loopback=self._config.sandbox,
            transport=self._transports.get("webhooks"),
        )

    def of_account(self, store_id: int) -> list[Link]:
        """The links of the active stores that share the store's seller account and region. Raises NotFound."""
        with self._db.reading() as session:
            key = _account_key(store.get_store(session, store_id))
            ids = [row.id for row in store.active_stores(session) if _account_key(row) == key]
        return [self.get(i) for i in ids]

    def leads(self) -> list[int]:
        """For each seller account and region with an active store, the store that stands for it: the oldest."""
        leads: dict[str, int] = {}
        with self._db.reading() as session:
            for row in store.active_stores(session):
                leads.setdefault(_account_key(row), row.id)
        return list(leads.values())

    def _connect(
        self, secret: Mapping[str, str], version: datetime, seller_id: str, marketplace_id: str, commerce_url: str
    ) -> Clients:
        region = MARKETPLACES[marketplace_id].region
        quota = StoredQuota(self._db, f"{seller_id}:{region}", self._now)
        seller = amazon.client.AmazonClient(
            endpoint=self._config.amazon_endpoint or REGION_ENDPOINTS[region],
            lwa_endpoint=self._config.lwa_endpoint or LWA_ENDPOINT,
            client_id=secret["amazon_client_id"],
            client_secret=secret["amazon_client_secret"],
            refresh_token=secret["amazon_refresh_token"],
            tokens=amazon.auth.TokenCache(),
            quota=quota,
            transport=self._transports.get("amazon"),
            clock=self._now,
        )
        shop = commerce.client.CommerceClient(
            base_url=commerce_url,
            auth=self._commerce_auth(secret),
            transport=self._transports.get("commerce"),
            private_networks=self._config.allowed_private_hosts,
        )
        return Clients(seller, shop, version, app_secret.entered_at(secret, version), quota)

    def _commerce_auth(self, secret: Mapping[str, str]) -> httpx.Auth:
        if secret["commerce_auth"] == "bearer":
            return commerce.auth.BearerAuth(secret["commerce_token"])
        if secret["commerce_auth"] == "ims":
            return commerce.ims.ImsAuth(
                secret["commerce_ims_client_id"],
                secret["commerce_ims_client_secret"],
                secret["commerce_ims_org_id"],
                token_url=self._config.ims_endpoint or commerce.ims.TOKEN_URL,
                transport=self._transports.get("commerce"),
                clock=lambda: self._now().timestamp(),
            )
        return commerce.auth.OAuth1Auth(
            secret["commerce_consumer_key"],
            secret["commerce_consumer_secret"],
            secret["commerce_access_token"],
            secret["commerce_token_secret"],
        )

    def close(self) -> None:
        """Give all connections back."""
        if "adobe_keys" in vars(self):  # made when first asked for
            self.adobe_keys.close()
        with self._lock:
            for clients in self._clients.values():
                clients.close()
            self._clients.clear()


def _account_key(row: Store) -> str:
    return f"{row.seller_id}:{MARKETPLACES[row.marketplace_id].region}"
