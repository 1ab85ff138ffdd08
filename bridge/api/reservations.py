"""What the shop's crontab asks: which lines of Magento's reservation command are about our orders."""

from __future__ import annotations

from flask import Response, request

from bridge import store as records
from bridge.api.blueprint import runtime
from bridge.api.carriers import blp
from bridge.keys import Scope
from bridge.sync.reservations import our_lines

__all__ = ["blp"]  # with the route below on it

MAX_LISTING = 8 * 1024 * 1024  # bytes; 200,000 lines, which take Magento's command half an hour (magento-live 3.3)
_LISTING = {
    "requestBody": {
        "required": False,  # nothing to mend is a listing too
        "description": "At most 8 MiB of UTF-8.",
        "content": {
            "text/plain": {"schema": {"type": "string", "examples": ["000000123:MUG-7:-2.000000:1\n"]}},
            # Some generated clients can send no plain text, and would leave the whole operation out.
            "application/octet-stream": {"schema": {"type": "string", "format": "binary"}},
        },
    }
}


@blp.operation(
    "POST",
    "/stores/<id:store_id>/reservations/filter",
    "filterReservations",
    scope=Scope.STOCK_READ,
    answer={"type": "string", "examples": ["000000123:MUG-7:-2.000000:1\n"]},
    media="text/plain",
    takes=("text/plain", "application/octet-stream"),
    once=False,  # it changes nothing
    doc=_LISTING,
)
def filter_reservations(store_id: int) -> Response:
    """Keep a store's own lines of Magento's reservation command

    Takes what `bin/magento inventory:reservation:list-inconsistencies -r` prints and gives back, as they are, the lines
    about orders of this store, for `create-compensations -r`. Left out are SKUs with a colon, which would end that
    command, and whatever is no such line.
    """
    request.max_content_length = MAX_LISTING
    text = request.get_data().decode("utf-8", "replace")
    with runtime().db.reading() as session:
        records.get_store(session, store_id)
        kept = "".join(f"{line}\n" for line in our_lines(session, store_id, text))
    return Response(kept, mimetype="text/plain")
