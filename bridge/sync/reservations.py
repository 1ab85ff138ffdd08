"""Magento's reservation command beside us: which of the lines that it lists are about our orders.

Orders made by POST /V1/orders reserve nothing; the shop's own command makes up for it, order by order (magento-rest 1.3
A). `list-inconsistencies -r` prints a line `NUMBER:SKU:-3.000000:STOCK` for each, `create-compensations -r` carries out
what it is given on standard input. What lies between the two decides whose orders are touched.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from bridge.models import Order

# A SKU with a ':' makes five parts: that line would end the command before the lines that follow (magento-live 3.3).
_LINE = re.compile(r"([^:\s][^:]*):[^:]+:-?[0-9]+(?:\.[0-9]+)?:[0-9]+")


def our_lines(session: Session, store_id: int, text: str) -> Iterator[str]:
    """Of a listing, the lines about the store's orders as they came, without line breaks, in the listing's order.

    Ours are the orders whose Commerce number is recorded here, whoever chose the number. What is no line of a listing
    is left out, and so is a SKU with a ':'.
    """
    lines = [(found.group(1), line) for line in text.splitlines() if (found := _LINE.fullmatch(line))]
    ours = _known(session, store_id, sorted({number for number, _ in lines}))
    return (line for number, line in lines if number in ours)


def _known(session: Session, store_id: int, numbers: Sequence[str]) -> set[str]:
    found: set[str | None] = set()
    for start in range(0, len(numbers), 500):
        where = (Order.store_id == store_id, Order.commerce_order_number.in_(numbers[start : start + 500]))
        found |= set(session.scalars(select(Order.commerce_order_number).where(*where)))
    return {number for number in numbers if number in found}  # MariaDB also finds what differs by case
