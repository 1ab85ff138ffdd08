"""Amazon's quotas kept in the database: shared by all processes, and still true after a restart."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from bridge.amazon.quota import RATES, Bucket, emptied, full_bucket, level, take, with_rate
from bridge.db import Database
from bridge.work import QuotaBucket


class StoredQuota:
    """The QuotaKeeper (bridge.amazon.quota) of one seller account and region; no transaction waits for a token."""

    def __init__(self, db: Database, account: str, now: Callable[[], datetime]) -> None:
        self._db = db
        self._account = account
        self._now = now
        self._rates: dict[str, float] = {}

    def acquire(self, operation: str, *, reserve: int = 0) -> float:
        """See QuotaKeeper. Raises KeyError for an operation that RATES does not know."""
        with self._db.session() as session:
            row = self._row(session, operation)
            held = Bucket(row.tokens, row.rate, RATES[operation][1], row.updated_at)
            bucket, wait = take(held, self._now(), reserve)
            row.tokens, row.updated_at = bucket.tokens, bucket.updated_at
            self._rates[operation] = row.rate
        return wait

    def learn(self, operation: str, rate: float) -> None:
        """See QuotaKeeper. A rate that is no news costs nothing."""
        if self._rates.get(operation) == rate:
            return
        with self._db.session() as session:
            row = self._row(session, operation)
            held = Bucket(row.tokens, row.rate, RATES[operation][1], row.updated_at)
            bucket = with_rate(held, rate, self._now())
            row.tokens, row.rate, row.updated_at = bucket.tokens, bucket.rate, bucket.updated_at
            self._rates[operation] = bucket.rate

    def spent(self, operation: str) -> None:
        """See QuotaKeeper."""
        with self._db.session() as session:
            row = self._row(session, operation)
            held = Bucket(row.tokens, row.rate, RATES[operation][1], row.updated_at)
            bucket = emptied(held, self._now())
            row.tokens, row.updated_at = bucket.tokens, bucket.updated_at

    def left(self) -> dict[str, float]:
        """The tokens left now of each quota that has been used."""
        with self._db.reading() as session:
            rows = session.scalars(select(QuotaBucket).where(QuotaBucket.account == self._account)).all()
        now = self._now()
        return {
            row.operation: level(Bucket(row.tokens, row.rate, RATES[row.operation][1], row.updated_at), now)
            for row in sorted(rows, key=lambda row: row.operation)
        }

    def _row(self, session: Session, operation: str) -> QuotaBucket:
        """The bucket's row, locked until the end of the transaction; made full when it is not there yet."""
        where = (QuotaBucket.account == self._account, QuotaBucket.operation == operation)
        query = select(QuotaBucket).where(*where).with_for_update()
        row = session.scalars(query).one_or_none()
        if row is None:
            fresh = full_bucket(operation, self._now())
            values = {"tokens": fresh.tokens, "rate": fresh.rate, "updated_at": fresh.updated_at}
            try:
                with session.begin_nested():
                    session.execute(insert(QuotaBucket).values(account=self._account, operation=operation, **values))
            except IntegrityError:
                pass  # another process was first
            row = session.scalars(query).one()
        return row
