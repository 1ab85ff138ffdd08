"""The order table: what POST /V1/orders writes, partial saves, and the look-ups by index.

A record is a dict in Magento's field names: the order's columns beside `items`, `billing_address`, `shipping_address`,
`payment`, `status_histories` (lists and dicts), `shipping_method` and `taxes`. A missing key is NULL.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import takewhile
from typing import TYPE_CHECKING, Final

from bridge.sandbox.commerce_errors import MaskedError, not_found, refused
from bridge.sandbox.commerce_interfaces import INTERFACES
from bridge.sandbox.search_criteria import SearchCriteria, collated
from bridge.sandbox.shop_columns import check_address, stored, utc_text
from bridge.sandbox.shop_order_updates import update_order
from bridge.sandbox.shop_order_views import created_reply
from bridge.sandbox.shop_state import Record, settle

if TYPE_CHECKING:
    from bridge.sandbox.shop import Shop

_NO_STORE: Final = "The store that was requested wasn't found. Verify the store and try again."
_NO_PAYMENT: Final = "Please provide payment for the order."
_DUPLICATE: Final = "Unique constraint violation found"
_NOT_COLUMNS: Final = frozenset(
    {"items", "billing_address", "payment", "status_histories", "extension_attributes", "entity_id", "updated_at"}
)
_ITEM_DEFAULTS: Final = dict.fromkeys(
    [
        *("amount_refunded", "base_amount_refunded", "base_cost", "base_discount_amount", "base_discount_invoiced"),
        *("base_price", "base_row_invoiced", "base_row_total", "base_tax_amount", "base_tax_invoiced"),
        *("discount_amount", "discount_invoiced", "discount_percent", "free_shipping", "is_qty_decimal", "no_discount"),
        *("price", "qty_backordered", "qty_canceled", "qty_invoiced", "qty_ordered", "qty_refunded", "qty_shipped"),
        *("row_invoiced", "row_total", "row_weight", "tax_amount", "tax_invoiced", "tax_percent", "weight"),
    ],
    0,
)
SEARCHABLE: Final = frozenset(
    {name for name, type_name in INTERFACES["Order"].items() if type_name in {"int", "float", "string"}}
    | {"shipping_method", "shipping_address_id", "send_email", "coupon_rule_name"}
)


class OrderTable:
    """The orders of one shop, with the indexes that Magento's table has."""

    def __init__(self, shop: Shop) -> None:
        self.shop = shop
        self.by_id: dict[int, Record] = {}
        self.unique: dict[tuple[str, int], int] = {}
        self.by_text: dict[str, dict[str, list[int]]] = {"increment_id": {}, "ext_order_id": {}}
        # Entity ids by their last update, oldest first: a search by updated_at reads it from the end.
        self.by_update: dict[int, str] = {}
        # The orders whose reservations may be out of balance: all but those found final and in balance.
        self.unbalanced: set[int] = set()

    def get(self, entity_id: int) -> Record:
        """The order, or a 404."""
        order = self.by_id.get(entity_id)
        if order is None:
            raise not_found()
        return order

    def find(self, column: str, value: str) -> list[Record]:
        """The orders whose increment_id or ext_order_id is `value`, as the database compares."""
        return [self.by_id[entity_id] for entity_id in self.by_text[column].get(collated(value), [])]

    def candidates(self, criteria: SearchCriteria) -> Iterable[Record]:
        """The orders that a search has to look at; raises MaskedError for a column that does not exist."""
        if not criteria.names <= SEARCHABLE:
            raise MaskedError
        for column in self.by_text:
            wanted = criteria.single(column, "eq", "in")
            if wanted is not None:
                keys = dict.fromkeys(map(collated, wanted.values()))
                return [order for key in keys for order in self.find(column, key)]
        wanted = criteria.single("entity_id", "eq", "in")
        if wanted is not None:
            return [self.by_id[entity_id] for entity_id in wanted.numbers() if entity_id in self.by_id]
        wanted = criteria.single("updated_at", "gteq", "gt", "from")
        if wanted is not None:
            return self._updated_since(wanted.value.replace("T", " ")[:19])
        return self.by_id.values()

    def _updated_since(self, since: str) -> list[Record]:
        recent: Iterator[int] = takewhile(lambda i: self.by_update[i] >= since, reversed(self.by_update))
        return [self.by_id[entity_id] for entity_id in sorted(recent)]

    def touch(self, order: Record) -> None:
        """Note that a column of the order changed now."""
        order["updated_at"] = self.shop.timestamp()
        self.by_update.pop(order["entity_id"], None)
        self.by_update[order["entity_id"]] = order["updated_at"]

    def save(self, order: Record, before: Record) -> None:
        """Settle the state and move updated_at if any column of the order differs from `before`."""
        settle(order, self.shop.memos_of(order["entity_id"]))
        self.touch_if_changed(order, before)

    def touch_if_changed(self, order: Record, before: Record) -> None:
        """Move updated_at if any column of the order differs from `before`: the database ignores equal values."""
        self.unbalanced.add(order["entity_id"])
        names = (order.keys() | before.keys()) - _NOT_COLUMNS - {"taxes", "shipping_address"}
        if any(order.get(name) != before.get(name) for name in names):
            self.touch(order)

    def insert(self, order: Record) -> None:
        """Take a complete record in; raises the 400 when its number is taken in its store."""
        self._claim(order)
        order["entity_id"] = self.shop.next("order_id")
        self.by_id[order["entity_id"]] = order
        key = self._unique_key(order)
        if key is not None:
            self.unique[key] = order["entity_id"]
        self._index(order)
        self.unbalanced.add(order["entity_id"])
        self.touch(order)

    def _unique_key(self, order: Record) -> tuple[str, int] | None:
        store_id = order.get("store_id")
        return None if store_id is None else (collated(order["increment_id"]), store_id)

    def _claim(self, order: Record) -> None:
        key = self._unique_key(order)
        if key is not None and self.unique.get(key, order.get("entity_id")) != order.get("entity_id"):
            raise refused(_DUPLICATE)

    def _index(self, order: Record) -> None:
        for column, index in self.by_text.items():
            if order.get(column) is not None:
                index.setdefault(collated(order[column]), []).append(order["entity_id"])

    def rename(self, order: Record, columns: Record) -> None:
        """Move an order to the index entries of its new columns, which are written afterwards.

        Raises the 400 when its new number is taken.
        """
        if not any(name in columns and columns[name] != order.get(name) for name in ("store_id", *self.by_text)):
            return
        renamed = order | columns
        self._claim(renamed)
        for column, index in self.by_text.items():
            if order.get(column) is not None:
                index[collated(order[column])].remove(order["entity_id"])
        old, new = self._unique_key(order), self._unique_key(renamed)
        if old is not None:
            del self.unique[old]
        if new is not None:
            self.unique[new] = order["entity_id"]
        self._index(renamed)

    def new_item(self, order: Record, sent: Record) -> Record:
        """A line added to an existing order."""
        now = self.shop.timestamp()
        ids = {"item_id": self.shop.next("item_id"), "order_id": order["entity_id"]}
        return _ITEM_DEFAULTS | stored(sent, "OrderItem") | ids | {"created_at": now, "updated_at": now}

    def write_item(self, item: Record, sent: Record) -> None:
        """Overwrite the columns of a line that were sent."""
        item.update({k: v for k, v in stored(sent, "OrderItem").items() if k not in {"item_id", "order_id"}})

    # POST /V1/orders

    def save_entity(self, entity: Record, view_id: int = 0) -> Record:
        """Create or update the order of a typed request; the reply, which echoes what was sent uncut.

        view_id: the store view that is asked, whose name an order without a store of its own gets.
        """
        known = self.by_id.get(entity.get("entity_id") or 0)
        if known is not None:
            columns = {name: value for name, value in entity.items() if name not in _NOT_COLUMNS}
            if "created_at" in columns:
                columns["created_at"] = utc_text(columns["created_at"])
            return update_order(self, known, entity, stored(columns, "Order"))
        if "payment" not in entity:
            raise refused(_NO_PAYMENT)
        return self._create(entity, view_id)

    def _create(self, sent: Record, view_id: int) -> Record:
        entity = dict(sent)
        entity.pop("entity_id", None)
        entity["created_at"] = utc_text(entity["created_at"]) if "created_at" in entity else self.shop.timestamp()
        for history in entity.get("status_histories", []):
            if "created_at" in history:
                history["created_at"] = utc_text(history["created_at"])
        store_id = entity.get("store_id")
        if store_id is not None and store_id not in self.shop.stores.views:
            raise not_found(_NO_STORE)
        if entity.get("customer_id") and entity["customer_id"] not in self.shop.customers:
            raise MaskedError
        billing, shipping, method = self._addresses(entity)
        entity["store_name"] = self.shop.stores.full_name(view_id if store_id is None else store_id)
        if not entity.get("increment_id"):
            entity["increment_id"] = self.shop.next_increment("order", store_id)
        entity["protect_code"] = f"{self.shop.rng.getrandbits(128):032x}"
        entity["total_item_count"] = len(entity.get("items", []))
        order = stored({k: v for k, v in entity.items() if k not in _NOT_COLUMNS}, "Order")
        self._claim(order)
        for address in (billing, shipping):
            if address is not None:
                check_address(address)
        self.insert(order)
        self._attach(order, entity, billing, shipping, method)
        settle(order)
        return created_reply(order, entity, shipping, method)

    def _addresses(self, entity: Record) -> tuple[Record | None, Record | None, str | None]:
        """Billing and shipping address of a new order with the e-mail that Magento gives them, and the method."""
        billing: Record | None = entity.get("billing_address")
        assignments = entity.get("extension_attributes", {}).get("shipping_assignments") or [{}]
        shipping: Record | None = assignments[0].get("shipping", {}).get("address")
        method: str | None = assignments[0].get("shipping", {}).get("method")
        if "customer_email" not in entity and billing is not None and billing.get("email"):
            entity["customer_email"] = billing["email"]
        email = entity.get("customer_email")
        if billing is not None:
            billing = billing | {"address_type": "billing", "email": email}
        if shipping is not None:
            shipping = shipping | {"address_type": "shipping", "email": shipping.get("email") or email}
        return billing, shipping, method

    def _attach(
        self, order: Record, entity: Record, billing: Record | None, shipping: Record | None, method: str | None
    ) -> None:
        """Write the parts of a new order, cut as the database does; `billing` and `shipping` get their ids."""
        now, entity_id = order["updated_at"], order["entity_id"]
        entity["items"] = [
            item | {"item_id": self.shop.next("item_id"), "order_id": entity_id, "created_at": now, "updated_at": now}
            for item in entity.get("items", [])
        ]
        order["items"] = [_ITEM_DEFAULTS | stored(item, "OrderItem") for item in entity["items"]]
        for name, address in (("billing_address", billing), ("shipping_address", shipping)):
            if address is not None and not (name == "shipping_address" and entity.get("is_virtual")):
                address |= {"entity_id": self.shop.next("address_id"), "parent_id": entity_id}
                order[name] = stored(address, "OrderAddress")
                order[f"{name}_id"] = address["entity_id"]
        if billing is not None:
            entity["billing_address"] = billing
        entity["payment"] = entity["payment"] | {"entity_id": self.shop.next("payment_id"), "parent_id": entity_id}
        entity["payment"].setdefault("additional_information", [])
        order["payment"] = stored(entity["payment"], "OrderPayment")
        entity["status_histories"] = self.add_histories(order, entity.get("status_histories", []))
        if method:
            order["shipping_method"] = method[:120]
        order["taxes"] = self._taxes(order, entity)

    def add_histories(self, order: Record, histories: list[Record]) -> list[Record]:
        """Append comments to the order; what a reply shows of them."""
        rows = order.setdefault("status_histories", [])
        shown = []
        for history in histories:
            echo = history | {"entity_id": self.shop.next("history_id"), "parent_id": order["entity_id"]}
            shown.append(echo)
            created = utc_text(echo["created_at"]) if "created_at" in echo else self.shop.timestamp()
            rows.append(stored(echo | {"created_at": created}, "OrderStatusHistory"))
        return shown

    def _taxes(self, order: Record, entity: Record) -> Record:
        """The tax rows of a new order (magento-live section 2, "Taxes"), in the form in which they are read back."""
        given = entity.get("extension_attributes", {})
        for tax in given.get("taxes", []):
            tax["order_id"] = order["entity_id"]
        taxes = [tax | {"tax_id": self.shop.next("tax_id")} for tax in given.get("taxes", [])]
        ids = {tax.get("code"): tax["tax_id"] for tax in taxes}
        rows: Record = {"taxes": taxes, "additional": [], "items": {}}
        if not taxes:
            return rows
        for item in entity["items"]:
            for tax in item.get("extension_attributes", {}).get("itemized_taxes", []):
                tax |= {"tax_id": ids.get(tax.get("tax_code")), "item_id": item["item_id"]}
                row = tax | {"tax_item_id": self.shop.next("tax_item_id")}
                rows["items"].setdefault(item["item_id"], []).append(row)
        for tax in given.get("additional_itemized_taxes", []):
            tax |= {"tax_id": ids.get(tax.get("tax_code"))}
            rows["additional"].append(tax | {"tax_item_id": self.shop.next("tax_item_id")})
        return rows
