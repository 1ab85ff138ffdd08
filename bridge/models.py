"""The tables. Money is integer minor units beside a currency; times are UTC; names and addresses stand in one table."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, LargeBinary, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, object_session, relationship

from bridge.db import Base, Bytewise, Json, Key, UtcDateTime, Word, covering
from bridge.domain.order import AmazonStatus, Channel
from bridge.domain.states import ENDED, ImportState, shown_status, transition
from bridge.domain.webhooks import EventType, told_of_import, told_of_status
from bridge.ledger import WebhookEvent

_FILTERED = ("channel", "grand_total_minor", "import_state", "purchase_date", "status")


class Store(Base):
    """One Amazon seller account in one marketplace, tied to one Commerce website (design: section 2)."""

    __tablename__ = "stores"
    __table_args__ = (UniqueConstraint("seller_id", "marketplace_id"),)

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    name: Mapped[str] = mapped_column(String(100), unique=True)
    seller_id: Mapped[str] = mapped_column(String(32))
    marketplace_id: Mapped[str] = mapped_column(String(32))
    commerce_url: Mapped[str] = mapped_column(String(255))
    commerce_admin_url: Mapped[str | None] = mapped_column(String(255))
    website_code: Mapped[str] = mapped_column(String(32))
    active: Mapped[bool] = mapped_column(default=True)
    integration_time: Mapped[datetime] = mapped_column(UtcDateTime)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)

    secret: Mapped[StoreSecret] = relationship(back_populates="store", cascade="all, delete-orphan")
    settings: Mapped[OrderSettingsRow] = relationship(back_populates="store", cascade="all, delete-orphan")


class StoreSecret(Base):
    """A store's credentials for both sides, encrypted; the key is never in the database."""

    __tablename__ = "store_secrets"

    store_id: Mapped[int] = mapped_column(ForeignKey("stores.id", ondelete="CASCADE"), primary_key=True)
    encrypted: Mapped[bytes] = mapped_column(LargeBinary(8192))
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)

    store: Mapped[Store] = relationship(back_populates="secret")


class OrderSettingsRow(Base):
    """The order settings of a store (see domain/settings.py); `version` counts the changes."""

    __tablename__ = "order_settings"

    store_id: Mapped[int] = mapped_column(ForeignKey("stores.id", ondelete="CASCADE"), primary_key=True)
    version: Mapped[int] = mapped_column(default=1)
    import_orders: Mapped[str] = mapped_column(String(16), default="enabled")
    commerce_store_view: Mapped[str | None] = mapped_column(String(32))
    customer_creation: Mapped[str] = mapped_column(String(16), default="guest")
    order_number_source: Mapped[str] = mapped_column(String(16), default="commerce")
    order_number_prefix: Mapped[str | None] = mapped_column(String(20))
    pending_orders: Mapped[str] = mapped_column(String(16), default="do_not_reserve")
    order_status: Mapped[str] = mapped_column(String(16), default="default")
    processing_status: Mapped[str | None] = mapped_column(String(32))
    invoice: Mapped[str] = mapped_column(String(16), default="at_completion")
    stock_strategy: Mapped[str] = mapped_column(String(16), default="reservation_cli")

    store: Mapped[Store] = relationship(back_populates="settings")


class GlobalSettingsRow(Base):
    """What holds for the whole bridge; one row, id 1. public_url is the address at which it was last known to run."""

    __tablename__ = "global_settings"

    id: Mapped[int] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(default=1)
    clear_log_history: Mapped[str] = mapped_column(String(16), default="monthly")
    read_only_mode: Mapped[bool] = mapped_column(default=False)
    debug_logging: Mapped[bool] = mapped_column(default=False)
    personal_data_days: Mapped[int] = mapped_column(default=30, server_default="30")
    public_url: Mapped[str | None] = mapped_column(String(255))


class Order(Base):
    """An Amazon order and how far it has come. `status` is what the grid shows (domain/states.shown_status)."""

    __tablename__ = "orders"
    __table_args__ = (
        UniqueConstraint("store_id", "amazon_order_id"),
        covering("ix_orders_date", "store_id", "purchase_date", "id", also=_FILTERED),
        covering("ix_orders_status", "store_id", "status", "purchase_date", "id", also=_FILTERED),
        covering("ix_orders_total", "store_id", "grand_total_minor", "id", also=_FILTERED),
        covering("ix_orders_channel", "store_id", "channel", "purchase_date", "id", also=_FILTERED),
        covering("ix_orders_state", "store_id", "import_state", "purchase_date", "id", also=_FILTERED),
        Index("ix_orders_status_id", "store_id", "status", "id"),
        Index("ix_orders_tail", "amazon_order_tail"),
        Index("ix_orders_commerce_number", "commerce_order_number"),
        Index("ix_orders_commerce_id", "store_id", "commerce_order_id"),
        covering("ix_orders_all_dates", "purchase_date", "id", also=_FILTERED),
        Index("ix_orders_due", "store_id", "import_state", "due_at", "id"),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    store_id: Mapped[int] = mapped_column(ForeignKey("stores.id", ondelete="CASCADE"))
    amazon_order_id: Mapped[str] = mapped_column(Bytewise(32))
    amazon_order_tail: Mapped[str] = mapped_column(String(7))
    status: Mapped[str] = mapped_column(String(24))
    amazon_status: Mapped[AmazonStatus] = mapped_column(Word(AmazonStatus, 24))
    import_state: Mapped[ImportState] = mapped_column(Word(ImportState, 16))
    channel: Mapped[Channel] = mapped_column(Word(Channel, 8))
    purchase_date: Mapped[datetime] = mapped_column(UtcDateTime)
    last_update_date: Mapped[datetime] = mapped_column(UtcDateTime)
    currency: Mapped[str | None] = mapped_column(String(3))
    grand_total_minor: Mapped[int | None] = mapped_column(BigInteger)
    tip_minor: Mapped[int] = mapped_column(BigInteger, default=0)
    amounts_problem: Mapped[str | None] = mapped_column(Text)
    order_note: Mapped[str] = mapped_column(String(500), default="")
    programs: Mapped[Any] = mapped_column(Json)
    service_level: Mapped[str | None] = mapped_column(String(32))
    ship_by: Mapped[datetime | None] = mapped_column(UtcDateTime)
    deliver_by: Mapped[datetime | None] = mapped_column(UtcDateTime)
    replaces: Mapped[str | None] = mapped_column(String(32))
    tax_collected_by_amazon: Mapped[bool] = mapped_column(default=False)
    payment_methods: Mapped[str | None] = mapped_column(String(255))
    fulfillment_orders: Mapped[str | None] = mapped_column(String(255))
    buyer_cancel_requested_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    packages: Mapped[Any] = mapped_column(Json)
    # The Commerce order, once it exists.
    commerce_order_id: Mapped[int | None] = mapped_column(BigInteger)
    commerce_order_number: Mapped[str | None] = mapped_column(Bytewise(50))
    commerce_status: Mapped[str | None] = mapped_column(String(32))
    # The cart that was to become the Commerce order; recorded before it is placed, since an order is found by it.
    commerce_quote_id: Mapped[int | None] = mapped_column(BigInteger)
    imported_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    # The claim: whoever set claim holds the row until due_at; a claim that has run out was left by a dead process.
    claim: Mapped[str | None] = mapped_column(String(40))
    due_at: Mapped[datetime] = mapped_column(UtcDateTime)
    attempts: Mapped[int] = mapped_column(default=0)
    # How often the merchant changed the address; an import claims the order only as it has read it.
    address_edits: Mapped[int] = mapped_column(default=0, server_default="0")
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)

    store: Mapped[Store] = relationship()
    lines: Mapped[list[OrderLine]] = relationship(
        back_populates="order", order_by="OrderLine.id", cascade="all, delete-orphan"
    )
    personal: Mapped[OrderPersonalData] = relationship(back_populates="order", cascade="all, delete-orphan")
    blockers: Mapped[list[OrderBlocker]] = relationship(order_by="OrderBlocker.id", cascade="all, delete-orphan")
    shipments: Mapped[list[Shipment]] = relationship(order_by="Shipment.id", viewonly=True)
    changes: Mapped[list[OutgoingChange]] = relationship(
        back_populates="order", order_by="OutgoingChange.id", cascade="all, delete-orphan", passive_deletes=True
    )

    def note(self, at: datetime, kind: str, message: str, *, old: str | None = None, new: str | None = None) -> None:
        """Leave an event row; its message becomes the order note. Messages are cut at 500 characters."""
        self._keep(OrderEvent(order_id=self.id, at=at, kind=kind, message=message[:500], old=old, new=new))
        self.order_note = message[:500]
        self.updated_at = at

    def move_to(self, state: ImportState, at: datetime, message: str, *, news: bool = True) -> None:
        """The only writer of import_state. Leaves an event; webhooks tell what is news. Raises IllegalTransition."""
        old = self.import_state
        self.import_state = transition(old, state)
        self._show()
        self.note(at, "import_state", message, old=old, new=state)
        if news:
            self.announce(told_of_import(state, self.amazon_status), at)

    def show_amazon_status(self, status: AmazonStatus, at: datetime) -> None:
        """The only writer of amazon_status; domain/states.supersedes decides whether to call it. Leaves an event."""
        old = self.amazon_status
        self.amazon_status = status
        self._show()
        self.note(at, "amazon_status", f"Status updated to {status}.", old=old, new=status)
        self.announce(told_of_status(status, self.import_state), at)

    def announce(self, kind: EventType | None, at: datetime) -> None:
        """Have the webhook endpoints told once this is committed; None: there is nothing to tell."""
        if kind is not None:
            self._keep(WebhookEvent(order_id=self.id, type=kind.value, store_id=self.store_id, at=at))

    def _keep(self, row: OrderEvent | WebhookEvent) -> None:
        """By its order's id: a relationship that is only written to builds a query for each row that is added."""
        session = object_session(self)
        if session is None or self.id is None:
            raise RuntimeError("an order's events are kept once it has an id, in the session that holds it")
        session.add(row)

    def _show(self) -> None:
        self.status = shown_status(self.amazon_status, self.import_state).value

    @property
    def ended(self) -> bool:
        """Whether nothing more can become of the order."""
        return self.import_state in ENDED


class OrderPersonalData(Base):
    """Everything of an order that tells who the buyer is, apart from the rest so that it can be purged alone.

    buyer_sort is the name as it is sorted by: without case and accents. address is Amazon's newest, address_edited the
    merchant's own, which stands in its place. purged_at: when all of it was deleted, for good.
    """

    __tablename__ = "order_personal_data"
    __table_args__ = (Index("ix_order_personal_data_buyer", "store_id", "buyer_sort", "order_id"),)

    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id", ondelete="CASCADE"), primary_key=True)
    store_id: Mapped[int] = mapped_column(ForeignKey("stores.id", ondelete="CASCADE"))
    buyer_name: Mapped[str | None] = mapped_column(String(255))
    buyer_sort: Mapped[str] = mapped_column(Bytewise(255), default="")
    buyer_email: Mapped[str | None] = mapped_column(String(255))
    buyer_company: Mapped[str | None] = mapped_column(String(255))
    purchase_order_number: Mapped[str | None] = mapped_column(String(100))
    address: Mapped[Any] = mapped_column(Json, nullable=True)
    address_edited: Mapped[Any] = mapped_column(Json, nullable=True)
    buyer_cancel_reason: Mapped[str | None] = mapped_column(String(500))
    purged_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    order: Mapped[Order] = relationship(back_populates="personal")

    @property
    def ship_to(self) -> Any:
        """The address that holds: the merchant's, else Amazon's; None when there is neither."""
        return self.address_edited or self.address


class BuyerWord(Base):
    """One word of a buyer's name without case and accents, so that the beginnings of words are found by index."""

    __tablename__ = "buyer_words"
    __table_args__ = (Index("ix_buyer_words_word", "store_id", "word", "order_id"),)

    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id", ondelete="CASCADE"), primary_key=True)
    word: Mapped[str] = mapped_column(Bytewise(64), primary_key=True)
    store_id: Mapped[int] = mapped_column(ForeignKey("stores.id", ondelete="CASCADE"))


class OrderLine(Base):
    """A line of an Amazon order; amounts (domain/order.LineAmounts, minor units) are NULL where Amazon sent none.

    parts: [[Commerce item id, pieces in one Amazon unit]] where several Commerce lines stand for it, else NULL.
    """

    __tablename__ = "order_lines"
    __table_args__ = (UniqueConstraint("order_id", "amazon_item_id"), Index("ix_order_lines_sku", "sku"))

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id", ondelete="CASCADE"))
    amazon_item_id: Mapped[str] = mapped_column(String(32))
    sku: Mapped[str | None] = mapped_column(String(128))
    asin: Mapped[str | None] = mapped_column(String(16))
    title: Mapped[str] = mapped_column(String(500), default="")
    quantity: Mapped[int]
    quantity_shipped: Mapped[int] = mapped_column(default=0)
    quantity_unshipped: Mapped[int] = mapped_column(default=0)
    amounts: Mapped[Any] = mapped_column(Json, nullable=True)
    details: Mapped[Any] = mapped_column(Json, nullable=True)
    commerce_item_id: Mapped[int | None] = mapped_column(BigInteger)
    commerce_sku: Mapped[str | None] = mapped_column(String(64))
    units_per_item: Mapped[int] = mapped_column(default=1)
    parts: Mapped[Any] = mapped_column(Json, nullable=True)

    order: Mapped[Order] = relationship(back_populates="lines")


class OrderBlocker(Base):
    """A reason why an order cannot be created in Commerce now; replaced as a set at every look."""

    __tablename__ = "order_blockers"
    __table_args__ = (Index("ix_order_blockers_code", "code", "order_id"),)

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id", ondelete="CASCADE"), index=True)
    amazon_item_id: Mapped[str | None] = mapped_column(String(32))
    code: Mapped[str] = mapped_column(String(32))
    message: Mapped[str] = mapped_column(String(500))
    fix: Mapped[str] = mapped_column(String(500))
    sku: Mapped[str | None] = mapped_column(String(128))


class OrderEvent(Base):
    """One thing that happened to an order; written in the commit that changed it. `message` is for the merchant."""

    __tablename__ = "order_events"
    __table_args__ = (Index("ix_order_events_order", "order_id", "id"), Index("ix_order_events_at", "at"))

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id", ondelete="CASCADE"))
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    kind: Mapped[str] = mapped_column(String(32))
    old: Mapped[str | None] = mapped_column(String(32))
    new: Mapped[str | None] = mapped_column(String(32))
    message: Mapped[str] = mapped_column(String(500))


class Shipment(Base):
    """A shipment that the merchant made in Commerce.

    items: [[amazon item id, quantity]]; tracks: [{number, carrier_code, title}].
    """

    __tablename__ = "shipments"
    __table_args__ = (UniqueConstraint("order_id", "commerce_shipment_id"),)

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id", ondelete="CASCADE"))
    commerce_shipment_id: Mapped[int] = mapped_column(BigInteger)
    shipped_at: Mapped[datetime] = mapped_column(UtcDateTime)
    items: Mapped[Any] = mapped_column(Json)
    tracks: Mapped[Any] = mapped_column(Json)


class OutgoingChange(Base):
    """Something that must reach the other side. Kept until the other side's own data shows it (state `done`).

    kind: see sync/outgoing.py. reference tells several of a kind apart.
    payload_tracked is false while a shipment's package has no tracking number.
    state: pending (to be sent at due_at), sent (accepted, not seen yet), done, refused (it can never succeed; shown).
    """

    __tablename__ = "outgoing_changes"
    __table_args__ = (
        UniqueConstraint("order_id", "kind", "reference"),
        Index("ix_outgoing_changes_due", "store_id", "kind", "state", "due_at", "id"),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    store_id: Mapped[int] = mapped_column(ForeignKey("stores.id", ondelete="CASCADE"))
    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id", ondelete="CASCADE"))
    kind: Mapped[str] = mapped_column(String(24))
    reference: Mapped[str] = mapped_column(String(32), default="")
    payload: Mapped[Any] = mapped_column(Json, nullable=True)
    payload_tracked: Mapped[bool] = mapped_column(default=True)
    state: Mapped[str] = mapped_column(String(16), default="pending")
    attempts: Mapped[int] = mapped_column(default=0)
    due_at: Mapped[datetime] = mapped_column(UtcDateTime)
    last_error: Mapped[str | None] = mapped_column(String(500))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    sent_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    done_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    order: Mapped[Order] = relationship(back_populates="changes")


class Notification(Base):
    """An ORDER_CHANGE message that Amazon put into our queue: that something of an order changed, not what.

    notification_id: Amazon's, the same in every delivery; for a message that names none, the queue's own message id.
    state: pending (the order is to be read at due_at), done, dead (it leads nowhere; `reason` says why). store_id and
    amazon_order_id are NULL where the message names no store of ours or cannot be read. Nothing else of it is kept.
    """

    __tablename__ = "notifications"
    __table_args__ = (
        UniqueConstraint("notification_id"),
        Index("ix_notifications_due", "state", "due_at", "id"),
        Index("ix_notifications_order", "store_id", "amazon_order_id", "state"),
        Index("ix_notifications_received", "received_at"),
    )

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    notification_id: Mapped[str] = mapped_column(String(128))
    store_id: Mapped[int | None] = mapped_column(ForeignKey("stores.id", ondelete="CASCADE"))
    amazon_order_id: Mapped[str | None] = mapped_column(String(32))
    received_at: Mapped[datetime] = mapped_column(UtcDateTime)
    state: Mapped[str] = mapped_column(String(16), default="pending")
    due_at: Mapped[datetime] = mapped_column(UtcDateTime)
    attempts: Mapped[int] = mapped_column(default=0)
    settled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    reason: Mapped[str | None] = mapped_column(String(500))


class ProductMatch(Base):
    """Which Commerce SKU stands for a seller SKU or an ASIN, and how many of it one Amazon unit is."""

    __tablename__ = "product_matches"
    __table_args__ = (UniqueConstraint("store_id", "seller_sku"), UniqueConstraint("store_id", "asin"))

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    store_id: Mapped[int] = mapped_column(ForeignKey("stores.id", ondelete="CASCADE"))
    seller_sku: Mapped[str | None] = mapped_column(String(128))
    asin: Mapped[str | None] = mapped_column(String(16))
    commerce_sku: Mapped[str] = mapped_column(String(64))
    quantity: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class CarrierMapping(Base):
    """Which carrier Amazon is told for a carrier of the shop (a track's code or title, without case and accents)."""

    __tablename__ = "carrier_mappings"

    store_id: Mapped[int] = mapped_column(ForeignKey("stores.id", ondelete="CASCADE"), primary_key=True)
    commerce_carrier: Mapped[str] = mapped_column(String(128), primary_key=True)
    carrier_code: Mapped[str] = mapped_column(String(64))
    carrier_name: Mapped[str | None] = mapped_column(String(255))


class JobRun(Base):
    """One run of a job for one store (NULL: for the bridge) and what it did."""

    __tablename__ = "job_runs"
    __table_args__ = (Index("ix_job_runs_started", "started_at"), Index("ix_job_runs_job", "job", "store_id", "id"))

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    job: Mapped[str] = mapped_column(String(24))
    store_id: Mapped[int | None] = mapped_column(ForeignKey("stores.id", ondelete="CASCADE"))
    trigger: Mapped[str] = mapped_column(String(16))
    state: Mapped[str] = mapped_column(String(16))
    started_at: Mapped[datetime] = mapped_column(UtcDateTime)
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    result: Mapped[Any] = mapped_column(Json, nullable=True)
    error: Mapped[str | None] = mapped_column(String(500))


class CommunicationError(Base):
    """A call to Amazon or Commerce that failed; no personal data."""

    __tablename__ = "communication_errors"
    __table_args__ = (Index("ix_communication_errors_at", "at"),)

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    store_id: Mapped[int | None] = mapped_column(ForeignKey("stores.id", ondelete="CASCADE"))
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    system: Mapped[str] = mapped_column(String(16))
    operation: Mapped[str] = mapped_column(String(64))
    status: Mapped[int | None]
    code: Mapped[str] = mapped_column(String(64), default="")
    message: Mapped[str] = mapped_column(String(500))
    request_id: Mapped[str | None] = mapped_column(String(64))


class ApiKey(Base):
    """A key that may call the REST API; only its hash is kept. store_ids NULL: every store."""

    __tablename__ = "api_keys"

    id: Mapped[int] = mapped_column(Key, primary_key=True)
    name: Mapped[str] = mapped_column(String(100), unique=True)
    hash: Mapped[str] = mapped_column(String(64), unique=True)
    scopes: Mapped[Any] = mapped_column(Json)
    store_ids: Mapped[Any] = mapped_column(Json, nullable=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    revoked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    last_used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
