"""The merchant's grid: filter, sort and page over all orders. Plain SQL and raw tuples, no mapped objects.

This is the one fast path of the API, because the list is asked for more than everything else together. Typed columns,
mapped rows and a schema's dump would cost ten times what the database does (benchmarks/list.py measures it; the shape
tests hold the answer to the documented schemas).

filters.py says what the filter means in SQL, search.py which way through the indexes is taken, cursors.py where a page
begins, rows.py what an order looks like.
"""

from bridge.order_list.cursors import EVERY_SORT, SORTS
from bridge.order_list.filters import MOST_COUNTED, OrderFilter
from bridge.order_list.rows import moment, money, order_items
from bridge.order_list.search import Page, every_page, find_page

__all__ = [
    "EVERY_SORT",
    "MOST_COUNTED",
    "SORTS",
    "OrderFilter",
    "Page",
    "every_page",
    "find_page",
    "moment",
    "money",
    "order_items",
]
