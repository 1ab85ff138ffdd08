"""The tables of how the jobs work: how far each has come, what it could not read, who may run, what quota is left."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from bridge.db import Base, Json, UtcDateTime


class SyncCursor(Base):
    """How far a feed of changes has been read.

    name: "amazon" (position is Amazon's echoed lastUpdatedBefore) or "shipments" (Commerce's newest updated_at). query
    and token are set in the middle of a page run, so that a run goes on where it was killed (amazon-sp-api 1.8);
    bound is the first page's echo, which becomes the position after the last page.
    """

    __tablename__ = "sync_cursors"

    store_id: Mapped[int] = mapped_column(ForeignKey("stores.id", ondelete="CASCADE"), primary_key=True)
    name: Mapped[str] = mapped_column(String(16), primary_key=True)
    position: Mapped[str | None] = mapped_column(String(40))
    query: Mapped[Any] = mapped_column(Json, nullable=True)
    token: Mapped[str | None] = mapped_column(Text)
    bound: Mapped[str | None] = mapped_column(String(40))
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)


class UnreadableOrder(Base):
    """An order that Amazon showed in a form that we cannot read; asked for again until we can."""

    __tablename__ = "unreadable_orders"

    store_id: Mapped[int] = mapped_column(ForeignKey("stores.id", ondelete="CASCADE"), primary_key=True)
    amazon_order_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    reason: Mapped[str] = mapped_column(String(500))
    attempts: Mapped[int] = mapped_column(default=0)
    due_at: Mapped[datetime] = mapped_column(UtcDateTime)


class Lease(Base):
    """Who may do what only one process may do at a time; free once `until` has passed."""

    __tablename__ = "leases"

    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    holder: Mapped[str] = mapped_column(String(64))
    until: Mapped[datetime] = mapped_column(UtcDateTime)


class QuotaBucket(Base):
    """The tokens left of one of Amazon's quotas, shared by all processes and kept over restarts.

    rate: tokens a second.
    """

    __tablename__ = "quota_buckets"

    account: Mapped[str] = mapped_column(String(64), primary_key=True)
    operation: Mapped[str] = mapped_column(String(48), primary_key=True)
    tokens: Mapped[float]
    rate: Mapped[float]
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)
