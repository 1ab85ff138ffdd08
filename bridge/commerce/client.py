"""The verbs that we use of a Commerce shop, as magento-live measured them. All failures are RemoteErrors."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from types import TracebackType
from typing import Any, Self, TypeVar

import httpx

from bridge.commerce import answers
from bridge.commerce.carts import Carts
from bridge.commerce.connection import DEFAULT_TIMEOUT, Connection
from bridge.commerce.figures import number
from bridge.commerce.ims import ImsAuth
from bridge.commerce.query import Filter, any_of, batches, criteria, indexes
from bridge.commerce.stock import Stock
from bridge.domain.commerce import (
    CommerceOrder,
    CommerceShipment,
    PlacedOrder,
    Product,
    Region,
    StockAnswer,
    StoreView,
    Track,
)
from bridge.domain.names import storable
from bridge.errors import RemoteError, Verdict
from bridge.outbound.guard import Network

ORDERS_PER_PAGE = 50  # about 12 ms each in Magento (magento-live 6)
PRODUCTS_PER_PAGE = 100  # twice a batch: a page is never short of what was asked
EMAIL_TAKEN = "A customer with the same email address already exists in an associated website."

NO_ROUTE = "Request does not match any route."
NO_STOCKS = 0  # in place of a stock's id

GENERAL_GROUP = 1  # Magento's own group for customers with an account

Json = dict[str, Any]
T = TypeVar("T")


class CommerceClient:
    """A shop, reached by its REST interface. Thread-safe; a context manager.

    base_url: the shop's address without /rest. auth: see `bridge.commerce.auth`, or `bridge.commerce.ims` for Commerce
    as a Cloud Service, whose base_url ends with the tenant. timeout: seconds.
    private_networks: where else than in public the shop may be. Raises ConfigError for an address that is not allowed.
    """

    def __init__(
        self,
        *,
        base_url: str,
        auth: httpx.Auth,
        transport: httpx.BaseTransport | None = None,
        timeout: httpx.Timeout | float = DEFAULT_TIMEOUT,
        private_networks: Sequence[Network] = (),
    ) -> None:
        self._auth = auth
        self._shop = Connection(
            base_url,
            auth,
            transport=transport,
            timeout=timeout,
            private_networks=private_networks,
            cloud_service=isinstance(auth, ImsAuth),
        )
        self.carts = Carts(self._shop)
        self.stock = Stock(self._shop)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Give the connections back."""
        self._shop.close()
        if isinstance(self._auth, ImsAuth):
            self._auth.close()

    # The shop itself

    def version(self) -> str:
        """Magento's edition and version as it tells the world: "Magento/2.4 (Community)".

        A Cloud Service has no such page, and one version only; it is asked for its store views.
        """
        if self._shop.cloud_service:
            self._shop.call("GET", "/V1/store/storeViews", _list)
            return "as a Cloud Service"
        text = self._shop.text("/magento_version").strip()
        if not text.startswith("Magento/") or len(text) > 100:
            message = "The answer is not what Commerce is known to send."
            raise RemoteError(message, system="commerce", operation="GET /magento_version", verdict=Verdict.RETRY)
        return text

    def store_views(self) -> list[StoreView]:
        """Every store view that can take orders, with its website and base currency."""
        websites = self._shop.call("GET", "/V1/store/websites", _list)
        configs = self._shop.call("GET", "/V1/store/storeConfigs", _list)
        return self._shop.call(
            "GET", "/V1/store/storeViews", lambda views: answers.store_view_values(_list(views), websites, configs)
        )

    def countries(self) -> dict[str, tuple[Region, ...]]:
        """ISO code -> regions, for every country that the shop allows."""
        return self._shop.call("GET", "/V1/directory/countries", lambda found: answers.country_values(_list(found)))

    def exchange_rates(self, store_view: str) -> dict[str, Decimal]:
        """Currency code -> how much of it one unit of the base currency is, for each that the store view allows.

        A currency that is allowed but has no rate is left out.
        """
        return self._shop.call("GET", "/V1/directory/currency", answers.exchange_rates, store_view=store_view)

    def takes_tax_rows(self) -> bool:
        """Whether an order may come with tax by line and rate: from 2.4.7 on; before, Magento refuses the property.

        /magento_version says "2.4" alone, so the shop's own schema of the service is asked (magento-rest 2.12). A shop
        that does not show it gets no such rows; they are never needed.
        """
        query = [("services", "salesOrderRepositoryV1")]
        try:
            return self._shop.call("GET", "/schema", answers.knows_tax_rows, query=query)
        except RemoteError as error:
            if error.status in {None, 429, 503}:  # no answer of the shop's: another one comes
                raise
            return False

    def stock_id(self, website_code: str) -> int:
        """The stock from which the website sells; NO_STOCKS where the shop runs without Magento's inventory modules."""
        route, path = "/V1/inventory/stock-resolver/website/{code}", {"code": website_code}
        try:
            return self._shop.call("GET", route, lambda stock: int(stock["stock_id"]), path=path)
        except RemoteError as error:
            if error.status == 404 and error.message == NO_ROUTE:
                return NO_STOCKS
            raise

    # Catalogue and stock

    def products(self, skus: Iterable[str]) -> dict[str, Product]:
        """asked SKU -> product, for those that exist; enabled or not, of whatever website."""
        asked = list(dict.fromkeys(sku for sku in skus if sku.strip()))
        found: list[Product] = []
        for wanted in any_of("sku", asked):
            query = criteria([wanted], page_size=PRODUCTS_PER_PAGE, fields=answers.PRODUCT_FIELDS)
            found += self._shop.call("GET", "/V1/products", _items(answers.product_values), query=query)
        return answers.by_asked_sku(asked, found)

    def salable(self, quantities: Mapping[str, Decimal | int], stock_id: int) -> dict[str, bool]:
        """Whether the stock can sell the quantity, for each SKU; backorders and unmanaged stock count as salable.

        One SKU without stock of its own spoils the whole request (magento-live 0.12); such a SKU is False. With
        NO_STOCKS there is no such request, and each SKU is asked about by itself.
        """
        return {sku: answer.salable for sku, answer in self.ask_stock(quantities, stock_id).items()}

    def ask_stock(self, quantities: Mapping[str, Decimal | int], stock_id: int) -> dict[str, StockAnswer]:
        """Like `salable`, and whether asking for more could bring another answer."""
        if stock_id == NO_STOCKS:
            held = {sku: self.stock.has(sku, Decimal(quantity)) for sku, quantity in quantities.items()}
            return {sku: StockAnswer(has, spent=not has) for sku, has in held.items()}
        told: dict[str, StockAnswer] = {}
        for batch in batches(quantities):
            told |= self._ask_stock({sku: quantities[sku] for sku in batch}, stock_id)
        return told

    def _ask_stock(self, quantities: Mapping[str, Decimal | int], stock_id: int) -> dict[str, StockAnswer]:
        query = []
        for index, (sku, quantity) in zip(indexes(len(quantities)), quantities.items(), strict=True):
            query += [(f"skuRequests[{index}][sku]", sku), (f"skuRequests[{index}][qty]", str(quantity))]
        query.append(("stockId", str(stock_id)))
        route = "/V1/inventory/are-product-salable-for-requested-qty/"
        try:
            told = self._shop.call("GET", route, answers.stock_answers, query=query)
        except RemoteError as error:
            if error.status not in {400, 500}:
                raise
            return self._ask_stock_in_halves(dict(quantities), stock_id)
        return {sku: told.get(sku, StockAnswer(salable=False)) for sku in quantities}

    def _ask_stock_in_halves(self, quantities: dict[str, Decimal | int], stock_id: int) -> dict[str, StockAnswer]:
        skus = list(quantities)
        if len(skus) == 1:
            # A shop in trouble answers 500 just as it does for an unknown SKU. This read never minds an unknown one,
            # so when it fails as well the trouble is the shop's, and that is what the caller hears.
            query = [("skus[0]", skus[0]), ("stockId", str(stock_id))]
            self._shop.call("GET", "/V1/inventory/are-products-salable", answers.stock_answers, query=query)
            return {skus[0]: StockAnswer(salable=False, spent=True)}
        middle = len(skus) // 2
        told: dict[str, StockAnswer] = {}
        for half in (skus[:middle], skus[middle:]):
            told |= self._ask_stock({sku: quantities[sku] for sku in half}, stock_id)
        return told

    # Orders

    def create_order(self, body: Json) -> CommerceOrder:
        """POST /V1/orders with what `bridge.commerce.wire.order_body` makes. Raises AlreadyExists."""
        return self._shop.call("POST", "/V1/orders", answers.order_values, body=body)

    def find_orders(
        self, *, increment_ids: Iterable[str] = (), ext_order_ids: Iterable[str] = (), quote_ids: Iterable[int] = ()
    ) -> list[CommerceOrder]:
        """The orders of any store view with one of these numbers, or placed from one of these carts, each once."""
        filters = [*any_of("increment_id", increment_ids), *any_of("ext_order_id", ext_order_ids)]
        filters += any_of("quote_id", map(str, quote_ids))
        found = {order.entity_id: order for wanted in filters for order in self._orders(wanted)}
        return list(found.values())

    def orders(self, entity_ids: Iterable[int]) -> list[CommerceOrder]:
        """The orders with these entity ids that exist."""
        return [order for wanted in any_of("entity_id", map(str, entity_ids)) for order in self._orders(wanted)]

    def placed_order(self, entity_id: int) -> PlacedOrder:
        """One order with its addresses."""
        return self._shop.call("GET", "/V1/orders/{id}", answers.placed_values, path={"id": entity_id})

    def _orders(self, wanted: Filter) -> Iterator[CommerceOrder]:
        return self._search("/V1/orders", wanted, ORDERS_PER_PAGE, answers.ORDER_FIELDS, answers.order_values)

    def write_state(self, entity_id: int, increment_id: str, state: str, status: str) -> None:
        """Set state and status as they are; Magento checks neither against the other (magento-rest 5)."""
        self.update_order({"entity_id": entity_id, "increment_id": increment_id, "state": state, "status": status})

    def update_order(self, entity: Json) -> None:
        """Save some fields of the order that `entity_id` names; state and items in separate calls (magento-live 2)."""
        self._shop.call("POST", "/V1/orders", lambda order: int(order["entity_id"]), body={"entity": entity})

    def update_address(self, order_id: int, address: Json) -> None:
        """Save the address that `entity_id` names; what is left out stays."""
        path, body = {"parent_id": order_id}, {"entity": address | {"parent_id": order_id}}
        self._shop.call("PUT", "/V1/orders/{parent_id}", lambda saved: int(saved["entity_id"]), path=path, body=body)

    def invoice(self, order_id: int) -> int:
        """Invoice everything that is not yet; gives the invoice's id. Nobody is mailed."""
        body = {"capture": True, "notify": False, "appendComment": False}
        return self._shop.call("POST", "/V1/order/{id}/invoice", int, path={"id": order_id}, body=body)

    def ship(
        self,
        order_id: int,
        items: Mapping[int, Decimal | int],
        tracks: Iterable[Track] = (),
        *,
        source_code: str | None = None,
    ) -> int:
        """Ship order item id -> quantity; gives the shipment's id. Nobody is mailed.

        Magento ships what is left when more is asked (magento-live 0.5): read the shipment back. Name the source when
        the stock has another one than `default` (0.6).
        """
        body: Json = {
            "items": [{"order_item_id": item_id, "qty": number(Decimal(qty))} for item_id, qty in items.items()],
            "tracks": [{"track_number": t.number, "title": t.title, "carrier_code": t.carrier_code} for t in tracks],
            "notify": False,
            "appendComment": False,
        }
        if source_code:
            body["arguments"] = {"extension_attributes": {"source_code": source_code}}
        return self._shop.call("POST", "/V1/order/{id}/ship", int, path={"id": order_id}, body=body)

    def cancel(self, order_id: int) -> bool:
        """Cancel what is not invoiced; False when Magento does not let the order be cancelled, or it is already."""
        return self._order_verb("cancel", order_id)

    def hold(self, order_id: int) -> bool:
        """Put the order on hold: it cannot be shipped until `unhold`."""
        return self._order_verb("hold", order_id)

    def unhold(self, order_id: int) -> bool:
        """Let the order go on as before `hold`."""
        return self._order_verb("unhold", order_id)

    def _order_verb(self, verb: str, order_id: int) -> bool:
        return self._shop.call("POST", f"/V1/orders/{{id}}/{verb}", _flag, path={"id": order_id}, body={})

    def comment(self, order_id: int, text: str, status: str | None = None) -> None:
        """Add to the order's history, unseen by the customer.

        status: the order's own, the only one that means the same everywhere. Magento up to 2.4.6 takes any and leaves
        the order's, 2.4.7 refuses another one, and from 2.4.8 on another one of the same state becomes the order's
        (magento-live 4). `write_state` changes it in every release.
        """
        history: Json = {
            "comment": storable(text),
            "is_customer_notified": 0,
            "is_visible_on_front": 0,
            "parent_id": order_id,
        }
        if status is not None:
            history["status"] = status
        body = {"statusHistory": history}
        self._shop.call("POST", "/V1/orders/{id}/comments", _flag, path={"id": order_id}, body=body)

    # Shipments

    def shipments_since(self, updated_at: str, page_size: int = 100) -> Iterator[CommerceShipment]:
        """Shipments changed at or after `updated_at` ("2026-10-01 06:30:00", UTC), by entity id, page after page.

        A track that is added later changes no shipment's updated_at (magento-live 0.7): `shipments_of` shows it.
        """
        wanted = ("updated_at", updated_at, "gteq")
        return self._shipments(wanted, page_size)

    def shipments_of(self, order_ids: Iterable[int]) -> list[CommerceShipment]:
        """All shipments of these orders, with the tracks that they have now."""
        return [found for wanted in any_of("order_id", map(str, order_ids)) for found in self._shipments(wanted, 100)]

    def _shipments(self, wanted: Filter, page_size: int) -> Iterator[CommerceShipment]:
        return self._search("/V1/shipments", wanted, page_size, answers.SHIPMENT_FIELDS, answers.shipment_values)

    # Customers

    def find_customer(self, email: str, website_id: int) -> int | None:
        """The customer's id, or None."""
        filters = [("email", email, "eq"), ("website_id", str(website_id), "eq")]
        query = criteria(filters, page_size=2, fields="items[id],total_count")
        ids = self._shop.call("GET", "/V1/customers/search", _items(lambda found: int(found["id"])), query=query)
        return ids[0] if ids else None

    def create_customer(self, *, email: str, firstname: str, lastname: str, website_id: int, store_id: int) -> int:
        """Create a customer and give its id, or the id of the one who has this e-mail address by now.

        Magento mails a welcome unless the store view's mails are off (magento-live 6c). Names as `split_name` makes.
        """
        customer: Json = {"email": email, "firstname": firstname, "lastname": lastname}
        customer |= {"website_id": website_id, "store_id": store_id, "group_id": GENERAL_GROUP}
        try:
            body = {"customer": customer}
            return self._shop.call("POST", "/V1/customers", lambda made: int(made["id"]), body=body)
        except RemoteError as error:
            known = self.find_customer(email, website_id) if error.message == EMAIL_TAKEN else None
            if known is None:
                raise
            return known

    def _search(
        self, route: str, wanted: Filter, page_size: int, fields: str, read: Callable[[Json], T]
    ) -> Iterator[T]:
        # Pages are cut by entity id, not by page number, so that a row which turns up meanwhile moves no other one.
        beyond: list[Filter] = []
        while True:
            query = criteria([wanted, *beyond], page_size=page_size, sort="entity_id", fields=fields)
            values, last, total = self._shop.call("GET", route, _page(read), query=query)
            yield from values
            if len(values) >= total:
                return
            beyond = [("entity_id", last, "gt")]


def _list(answer: Any) -> list[Any]:
    if not isinstance(answer, list):
        raise TypeError("not a list")
    return answer


def _flag(answer: Any) -> bool:
    if not isinstance(answer, bool):
        raise TypeError("neither true nor false")
    return answer


def _items(read: Callable[[Json], T]) -> Callable[[Any], list[T]]:
    # with `fields=`, nothing found is null (magento-live 0.11)
    return lambda answer: [read(item) for item in answer["items"] or ()]


def _page(read: Callable[[Json], T]) -> Callable[[Any], tuple[list[T], str, int]]:
    def of(answer: Any) -> tuple[list[T], str, int]:
        items, total = answer["items"] or [], int(answer["total_count"])
        if not items and total:
            raise ValueError("rows are counted but not shown")
        return [read(item) for item in items], str(items[-1]["entity_id"]) if items else "", total

    return of
