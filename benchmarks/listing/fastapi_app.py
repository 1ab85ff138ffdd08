"""The same list as it is usually written today: FastAPI, SQLAlchemy's ORM, pydantic models. Not part of the product.

It reads the bridge's own tables through the bridge's mapped classes, looks the API key up, counts up to the same bound
and answers the same members. LIST_DATABASE names the database.
"""

from __future__ import annotations

import hashlib
import os
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any

from fastapi import Depends, FastAPI, Header, HTTPException, Query
from pydantic import BaseModel
from sqlalchemy import create_engine, func, select
from sqlalchemy.orm import Session, joinedload, selectinload

from bridge.amazon.marketplaces import MARKETPLACES
from bridge.domain.money import to_text
from bridge.models import ApiKey, Order

engine = create_engine(os.environ["LIST_DATABASE"], pool_size=16)
app = FastAPI()


class Money(BaseModel):
    """An amount."""

    amount: Decimal
    currency: str


class Blocker(BaseModel):
    """Why an order cannot be created."""

    code: str
    message: str


class CommerceOrder(BaseModel):
    """The order in Commerce."""

    id: int
    number: str | None
    status: str | None
    url: str | None


class OrderOut(BaseModel):
    """An order of the list."""

    id: int
    store_id: int
    amazon_order_id: str
    status: str
    amazon_status: str
    purchase_date: datetime
    last_update_date: datetime
    buyer_name: str | None
    grand_total: Money | None
    order_note: str
    channel: str
    programs: list[str]
    import_state: str
    blockers: list[Blocker]
    commerce_order: CommerceOrder | None
    seller_central_url: str | None
    order_url: str | None


class PageOut(BaseModel):
    """A page of them."""

    items: list[OrderOut]
    total_count: int
    total_count_capped: bool
    page: int
    page_size: int


def session() -> Any:
    with Session(engine) as held:
        yield held


Database = Annotated[Session, Depends(session)]


@app.get("/orders")
def list_orders(
    db: Database,
    authorization: Annotated[str, Header()],
    page: Annotated[int, Query(ge=1)] = 1,
    page_size: Annotated[int, Query(ge=1, le=200)] = 20,
    status: Annotated[list[str] | None, Query()] = None,
) -> PageOut:
    hashed = hashlib.sha256(authorization.removeprefix("Bearer ").encode()).hexdigest()
    if db.scalars(select(ApiKey).where(ApiKey.hash == hashed)).one_or_none() is None:
        raise HTTPException(401)
    where = [Order.status.in_(status)] if status else []
    some = select(Order.id).where(*where).limit(10_001).subquery()
    count = db.scalar(select(func.count()).select_from(some)) or 0
    found = db.scalars(
        select(Order)
        .where(*where)
        .options(joinedload(Order.personal), joinedload(Order.store), selectinload(Order.blockers))
        .order_by(Order.purchase_date.desc(), Order.id.desc())
        .limit(page_size)
        .offset((page - 1) * page_size)
    )
    return PageOut(
        items=[_out(order) for order in found],
        total_count=min(count, 10_000),
        total_count_capped=count > 10_000,
        page=page,
        page_size=page_size,
    )


def _out(order: Order) -> OrderOut:
    seller_central = MARKETPLACES[order.store.marketplace_id].order_url(order.amazon_order_id)
    url = f"{order.store.commerce_admin_url}/sales/order/view/order_id/{order.commerce_order_id}"
    return OrderOut(
        id=order.id,
        store_id=order.store_id,
        amazon_order_id=order.amazon_order_id,
        status=order.status,
        amazon_status=order.amazon_status,
        purchase_date=order.purchase_date,
        last_update_date=order.last_update_date,
        buyer_name=order.personal.buyer_name,
        grand_total=(
            Money(amount=to_text(order.grand_total_minor, order.currency), currency=order.currency)
            if order.grand_total_minor is not None and order.currency
            else None
        ),
        order_note=order.order_note,
        channel=order.channel,
        programs=order.programs,
        import_state=order.import_state,
        blockers=[Blocker(code=each.code, message=each.message) for each in order.blockers],
        commerce_order=(
            CommerceOrder(
                id=order.commerce_order_id, number=order.commerce_order_number, status=order.commerce_status, url=url
            )
            if order.commerce_order_id
            else None
        ),
        seller_central_url=seller_central,
        order_url=url if order.commerce_order_id else seller_central,
    )
