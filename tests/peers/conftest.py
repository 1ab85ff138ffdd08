"""A sandbox on a real port with the orders of a busy week, and a client of other people to read them with."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

import pytest

from bridge.sandbox.amounts import Json, Line
from bridge.sandbox.marketplace import CLIENT_ID, CLIENT_SECRET, REFRESH_TOKEN
from bridge.sandbox.server import make_sandbox_server
from bridge.sandbox.world import SandboxClock, World
from tests.peers.clients import CLIENTS, Client
from tests.sandbox.amazon_desk import NOON

US, CANADA, GERMANY = "ATVPDKIKX0DER", "A2EUQ1WTGCTBG2", "A1PA6795UKMFR9"
TENT = Line("TENT", "Tent", 2, Decimal("129.00"), "B000000001", item_tax=Decimal("26.06"))
MUGS = Line("MUG", "Mug, “blue”", 3, Decimal("9.50"), "B000000002", item_tax=Decimal("2.88"), shipping=Decimal("5.99"))
UNNAMED = Line(None, "Listing without a SKU", 1, Decimal("4.20"), "B000000003")


@dataclass
class Served:
    """A world and where its Amazon is."""

    world: World
    amazon: str

    @property
    def orders(self) -> dict[str, Json]:
        return self.world.marketplace.orders

    def open(self, client: Client, **changes: str) -> Client:
        """The client as the sandbox's seller, with these credentials changed."""
        credentials = {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET, "refresh_token": REFRESH_TOKEN}
        client.open(self.amazon, **(credentials | changes))
        return client


def package(item_id: str, quantity: int) -> Json:
    """confirmShipment's packageDetail: so many of one item."""
    return {
        "packageReferenceId": "1",
        "carrierCode": "UPS",
        "trackingNumber": "1Z1",
        "shipDate": "2026-03-01T12:00:00Z",
        "orderItems": [{"orderItemId": item_id, "quantity": quantity}],
    }


@pytest.fixture
def served() -> Iterator[Served]:
    world = World(clock=SandboxClock(NOON))
    server = make_sandbox_server(world)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield Served(world, f"http://127.0.0.1:{server.server_port}/amazon")
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def busy(served: Served) -> Served:
    """271 orders of five statuses, 6 of them in Germany, many of one second, the youngest five minutes old."""
    amazon, clock = served.world.marketplace, served.world.clock
    for number in range(271):
        where = GERMANY if number % 50 == 7 else CANADA if number % 9 == 0 else US
        fulfilled_by = "AMAZON" if number % 7 == 0 else "MERCHANT"
        order_id = amazon.place(
            (TENT, MUGS, UNNAMED)[: 1 + number % 3],
            marketplace_id=where,
            fulfilled_by=fulfilled_by,
            buyer_name=f"Chloé {number}",
        )
        if number % 4:
            amazon.verify_payment(order_id)
        if number % 4 == 2 or number % 8 == 0:
            amazon.cancel(order_id)
        elif number % 4 == 3 and fulfilled_by == "MERCHANT":
            item_id = amazon.orders[order_id]["orderItems"][0]["orderItemId"]
            amazon.confirm_shipment(order_id, {"marketplaceId": where, "packageDetail": package(item_id, 1)})
        elif number % 4 == 1 and fulfilled_by == "AMAZON":
            amazon.ship_fba(order_id)
        if number % 25 == 0:
            clock.advance(timedelta(seconds=20))
    clock.advance(timedelta(minutes=5))
    return served


@pytest.fixture(scope="session", params=CLIENTS)
def process(request: pytest.FixtureRequest) -> Iterator[Client]:
    client = Client(request.param)
    yield client
    client.close()


@pytest.fixture
def client(process: Client, served: Served) -> Client:
    """Each of the four in turn, connected to the sandbox."""
    return served.open(process)
