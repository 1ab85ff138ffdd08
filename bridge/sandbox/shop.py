"""The Commerce half of the world: one Magento 2.4.7 shop with multi-source inventory.

What the REST interface does is here as plain methods, and so is what happens in the shop without it: the catalogue
manager changes a product, the warehouse ships, cron runs the reservation commands. `commerce.py` is the HTTP face.
All methods take the world's lock; nothing here holds what cannot be pickled.
"""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from bridge.sandbox import shop_actions, shop_invoices, shop_reservations, shop_shipments
from bridge.sandbox.commerce_input import number
from bridge.sandbox.ims import Ims
from bridge.sandbox.oauth import Integration
from bridge.sandbox.search_criteria import SearchCriteria
from bridge.sandbox.shop_bulks import Bulks
from bridge.sandbox.shop_catalog import DISABLED, ENABLED, Catalog, Product
from bridge.sandbox.shop_customers import CustomerBook
from bridge.sandbox.shop_orders import OrderTable
from bridge.sandbox.shop_reservations import ReservationRun
from bridge.sandbox.shop_state import Record
from bridge.sandbox.shop_stock import DEFAULT_SOURCE, Inventory, Stock
from bridge.sandbox.shop_stores import Stores, StoreView

if TYPE_CHECKING:
    from bridge.sandbox.world import World

BEARER_TOKEN = "sandbox-commerce-token"  # noqa: S105 - the sandbox's documented token


class Shop:
    """One shop. A fresh one has website `base`, store view `default`, stock 1 with source `default`, and no products.

    orders, shipments, invoices, creditmemos, customers: records by id, dicts in Magento's field names.
    mails: what the shop would have sent, as (kind, address, store_id).
    bearer: the access token that is accepted; integration: the OAuth 1.0a credentials; ims: what Commerce as a Cloud
    Service takes in their place.
    release: the Magento that the shop runs, see commerce_releases. rights: what the credentials may do, None for all.
    developer_mode: errors come with a trace. maintenance: every request of REST is answered by a page.
    inventory_modules: whether the shop has MSI; without it the routes of `inventory/` are not there.
    input_limit: how many objects a list may have when the shop has input limits on, None (Magento's default) when not.
    """

    def __init__(self, world: World) -> None:
        self.world = world
        # Its own generator: how many requests come must not change what the world's actors do.
        self.rng = random.Random("shop")  # noqa: S311 - cookies and codes of a sandbox
        self.bearer = BEARER_TOKEN
        self.integration = Integration()
        self.ims = Ims()
        self.release = "2.4.7"
        self.rights: frozenset[str] | None = None
        self.developer_mode = False
        self.maintenance = False
        self.inventory_modules = True
        self.input_limit: int | None = None
        self.stores = Stores()
        self.catalog = Catalog()
        self.inventory = Inventory(self.catalog)
        self.table = OrderTable(self)
        self.shipments: dict[int, Record] = {}
        self.invoices: dict[int, Record] = {}
        self.creditmemos: dict[int, Record] = {}
        self.customers: dict[int, Record] = {}
        self.customer_book = CustomerBook(self)
        self.carts: dict[str, Record] = {}
        self.bulks = Bulks(self)
        self.mails: list[tuple[str, str, int]] = []
        self._documents: dict[tuple[str, int], list[int]] = {}
        self._counters: Counter[str] = Counter()

    # Numbers and time

    def timestamp(self) -> str:
        """Now, as the database writes it: UTC, to the second."""
        return self.world.now().strftime("%Y-%m-%d %H:%M:%S")

    def next(self, counter: str) -> int:
        """The next auto-increment id of a table."""
        self._counters[counter] += 1
        return self._counters[counter]

    def next_increment(self, kind: str, store_id: int | None) -> str:
        """The next document number of a store view: "2000000001" in store 2, "000000001" in store 1."""
        prefix = "" if store_id in {None, 1} else str(store_id)
        return f"{prefix}{self.next(f'{kind} of store {store_id or 1}'):09d}"

    # Catalogue and stock

    def add_product(
        self,
        sku: str,
        name: str,
        *,
        product_id: int | None = None,
        type_id: str = "simple",
        status: int = ENABLED,
        qty: float = 0,
        price: float = 0,
        manage_stock: bool = True,
        backorders: bool = False,
        website_ids: Iterable[int] = (1,),
        weight: float | None = 1.0,
    ) -> Product:
        """Put a product into the catalogue, with `qty` pieces in source `default` unless its type keeps no stock."""
        with self.world.lock:
            # A product created disabled is not in the stock index until its stock is saved again (magento-live 3.6).
            product = Product(
                id=product_id if product_id is not None else self.catalog.next_id(),
                sku=sku,
                name=name,
                type_id=type_id,
                status=status,
                price=number(price),
                weight=None if weight is None else number(weight),
                website_ids=list(website_ids),
                manage_stock=manage_stock,
                use_config_manage_stock=manage_stock,
                backorders=int(backorders),
                indexed=status == ENABLED,
                created_at=self.timestamp(),
                updated_at=self.timestamp(),
            )
            if product.has_sources:
                self.inventory.save_source_item(sku, DEFAULT_SOURCE, number(qty), int(qty > 0 or not manage_stock))
            self.catalog.add(product)
            return product

    def add_bundle(self, sku: str, name: str, *options: Iterable[tuple[str, float]], required: bool = True) -> Product:
        """A bundle of options, each of them a choice of (SKU, quantity); the buyer must choose where `required`."""
        with self.world.lock:
            product = self.add_product(sku, name, type_id="bundle", weight=None)
            product.options = [(required, list(choices)) for choices in options]
            return product

    def remove_product(self, sku: str) -> None:
        """Delete a product with its stock; orders keep their lines. Nothing happens when there is none."""
        with self.world.lock:
            if self.catalog.remove(sku) is not None:
                self.inventory.delete_source_items(sku)

    def set_product_status(self, sku: str, enabled: bool) -> None:
        """Enable or disable a product; raises KeyError for an unknown SKU."""
        with self.world.lock:
            product = self._known_product(sku)
            product.status = ENABLED if enabled else DISABLED
            product.indexed = product.indexed or enabled
            product.updated_at = self.timestamp()

    def set_stock(self, sku: str, qty: float, source_code: str = DEFAULT_SOURCE) -> None:
        """Set the pieces that lie in a source; raises KeyError for an unknown SKU or source."""
        with self.world.lock:
            product = self._known_product(sku)
            if source_code not in self.inventory.sources:
                raise KeyError(source_code)
            self.inventory.save_source_item(product.sku, source_code, number(qty), int(qty > 0))

    def _known_product(self, sku: str) -> Product:
        product = self.catalog.get(sku)
        if product is None:
            raise KeyError(sku)
        return product

    def salable_quantity(self, sku: str, stock_id: int = 1) -> int | float:
        """What can still be sold; raises as the REST route answers (FatalError, CommerceError)."""
        with self.world.lock:
            return self.inventory.salable_quantity(sku, stock_id)

    def source_quantity(self, sku: str, source_code: str = DEFAULT_SOURCE) -> int | float:
        """What lies in a source; 0 when it never had the SKU."""
        with self.world.lock:
            item = self.inventory.source_item(sku, source_code)
            return 0 if item is None else number(item.quantity)

    def add_source(self, source_code: str, name: str) -> None:
        """A further source; it counts once a stock has it."""
        with self.world.lock:
            self.inventory.sources[source_code] = name

    def add_stock(self, name: str, source_codes: Iterable[str], website_codes: Iterable[str]) -> int:
        """A further stock; its websites leave the stock that they were sold from."""
        with self.world.lock:
            codes = list(website_codes)
            for stock in self.inventory.stocks.values():
                stock.website_codes = [code for code in stock.website_codes if code not in codes]
            stock_id = max(self.inventory.stocks) + 1
            self.inventory.stocks[stock_id] = Stock(stock_id, name, list(source_codes), codes)
            return stock_id

    def stock_of(self, order: Record) -> Stock | None:
        """The stock that the order's website sells from."""
        return self.inventory.stock_of_website(self.stores.website_of(order.get("store_id")).code)

    # Stores

    def add_website(self, code: str, name: str, base_currency: str = "USD") -> int:
        """A further website; no stock sells through it until `add_stock` says so."""
        with self.world.lock:
            return self.stores.add_website(code, name, base_currency).id

    def add_store_view(self, code: str, name: str, website_id: int = 1, currency: str | None = None) -> StoreView:
        """A further store view; raises KeyError for an unknown website."""
        with self.world.lock:
            return self.stores.add_view(code, name, website_id, currency)

    def set_exchange_rate(self, currency: str, rate: float, store_view: str = "default") -> None:
        """Allow a currency in a store view, at so many units for one of the website's base currency (0: no rate)."""
        with self.world.lock:
            self.stores.view_by_code(store_view).rates[currency] = rate

    def set_base_currency(self, currency: str, website_id: int = 1) -> None:
        """The website's base currency; its store views show it as well."""
        with self.world.lock:
            self.stores.websites[website_id].base_currency = currency
            for view in self.stores.views.values():
                if view.website_id == website_id:
                    view.currency = currency

    # Orders and documents

    @property
    def orders(self) -> dict[int, Record]:
        """The orders by entity_id."""
        return self.table.by_id

    def find_orders(self, *, ext_order_id: str | None = None, increment_id: str | None = None) -> list[Record]:
        """The orders with that ext_order_id or increment_id, oldest first."""
        with self.world.lock:
            if ext_order_id is not None:
                return self.table.find("ext_order_id", ext_order_id)
            return self.table.find("increment_id", increment_id or "")

    def ship(
        self,
        order_id: int,
        items: dict[int, float] | None = None,
        tracks: Iterable[tuple[str, str, str]] = (),
        source_code: str | None = None,
    ) -> int:
        """Ship as the warehouse does; the shipment's id.

        items: pieces by item_id, None or empty for all that is open; tracks: (carrier_code, title, track_number) each.
        Raises CommerceError when Magento refuses.
        """
        request: dict[str, Any] = {
            "items": [{"order_item_id": item_id, "qty": qty} for item_id, qty in (items or {}).items()],
            "tracks": [dict(zip(("carrier_code", "title", "track_number"), t, strict=True)) for t in tracks],
            "arguments": {"extension_attributes": {"source_code": source_code}},
        }
        with self.world.lock:
            return shop_shipments.ship(self, self.table.get(order_id), request)

    def add_track(self, shipment_id: int, carrier_code: str, title: str, track_number: str) -> int:
        """A track added to a shipment afterwards; its id. Raises CommerceError for an unknown shipment."""
        with self.world.lock:
            order_id = self.shipments.get(shipment_id, {}).get("order_id")
            track = {"parent_id": shipment_id, "order_id": order_id, "carrier_code": carrier_code, "title": title}
            return int(shop_shipments.add_track(self, track | {"track_number": track_number})["entity_id"])

    def cancel(self, order_id: int) -> bool:
        """Cancel what is open; False when nothing can be cancelled."""
        with self.world.lock:
            return shop_actions.cancel(self, self.table.get(order_id))

    def invoice(self, order_id: int) -> int:
        """Invoice all that is open; the invoice's id. Raises CommerceError when Magento refuses."""
        with self.world.lock:
            return shop_invoices.invoice(self, self.table.get(order_id), {})

    def run_reservation_cli(self, pattern: str = "") -> ReservationRun:
        """The crontab line: list the inconsistencies, keep the lines that `pattern` matches (grep -E), compensate."""
        with self.world.lock:
            listed = shop_reservations.list_inconsistencies(self)
            chosen = [line for line in listed if re.search(pattern, line)]
            run = shop_reservations.create_compensations(self, chosen)
            return ReservationRun(listed, run.compensated, run.error)

    def keep_shipment(self, shipment: Record) -> None:
        """Take a shipment into the table."""
        self._keep(self.shipments, "shipment", shipment)

    def keep_invoice(self, document: Record) -> None:
        """Take an invoice into the table."""
        self._keep(self.invoices, "invoice", document)

    def keep_creditmemo(self, document: Record) -> None:
        """Take a credit memo into the table."""
        self._keep(self.creditmemos, "creditmemo", document)

    def _keep(self, table: dict[int, Record], kind: str, document: Record) -> None:
        table[document["entity_id"]] = document
        self._documents.setdefault((kind, document["order_id"]), []).append(document["entity_id"])

    def shipments_of(self, order_id: int) -> list[Record]:
        """The shipments of an order, oldest first."""
        return [self.shipments[i] for i in self._documents.get(("shipment", order_id), [])]

    def memos_of(self, order_id: int) -> int:
        """How many credit memos an order has."""
        return len(self._documents.get(("creditmemo", order_id), []))

    def document_rows(self, kind: str, criteria: SearchCriteria) -> Iterable[Record]:
        """The documents of a kind ("shipment", "invoice", "creditmemo") that a search has to look at."""
        tables = {"shipment": self.shipments, "invoice": self.invoices, "creditmemo": self.creditmemos}
        table = tables[kind]
        wanted = criteria.single("order_id", "eq", "in")
        if wanted is not None:
            return [table[i] for order_id in wanted.numbers() for i in self._documents.get((kind, order_id), [])]
        wanted = criteria.single("updated_at", "gteq", "gt", "from")
        if wanted is None:
            return table.values()
        since, recent = wanted.value.replace("T", " ")[:19], []
        # Documents are kept in the order of their times and never change them.
        for document in reversed(table.values()):
            if document["updated_at"] < since:
                break
            recent.append(document)
        return reversed(recent)
