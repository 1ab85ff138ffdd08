"""The journey of `tests/live/journey.py` through a real shop, where the environment names one, and through the sandbox.

MAGENTO_URL, MAGENTO_CONSUMER_KEY, MAGENTO_CONSUMER_SECRET, MAGENTO_ACCESS_TOKEN and MAGENTO_ACCESS_TOKEN_SECRET name a
shop and the integration of it that the journey uses; MAGENTO_WEBSITE (default `base`) and MAGENTO_STORE_VIEW (default:
the website's first) say where its orders go. They are read here and nowhere else: the bridge itself gets a shop's
credentials from its database. The integration needs the rights that README.md lists, Catalog > Products included.

Without them the shop's journey is skipped with its reason, under CI=true as well: a machine that runs the tests of a
commit has no shop, and nothing about the commit is wrong for that. What CI must not pass over is the journey itself:
it goes through the sandbox by a real socket, signed by OAuth as for a shop, so that it cannot rot.
"""

from __future__ import annotations

import os
import threading

import pytest

from bridge.commerce.auth import OAuth1Auth
from bridge.commerce.client import CommerceClient
from bridge.commerce.connection import Connection
from bridge.sandbox.server import make_sandbox_server
from bridge.sandbox.shop_reference import reference_shop
from bridge.sandbox.world import World
from tests.live.journey import Shop, travel

SECRETS = ("CONSUMER_KEY", "CONSUMER_SECRET", "ACCESS_TOKEN", "ACCESS_TOKEN_SECRET")
NEEDED = ("MAGENTO_URL", *(f"MAGENTO_{name}" for name in SECRETS))


@pytest.fixture
def sandbox() -> World:
    world = World()
    reference_shop(world.shop)
    return world


def shop_at(url: str, secrets: list[str], website: str, store_view: str | None) -> Shop:
    auth = OAuth1Auth(*secrets)
    return Shop(CommerceClient(base_url=url, auth=auth), Connection(url, auth), website, store_view)


def test_the_journey_through_a_real_shop():
    lacking = [name for name in NEEDED if not os.environ.get(name)]
    if lacking:
        pytest.skip(f"no shop to travel through: {', '.join(lacking)} not set")
    secrets = [os.environ[name] for name in NEEDED[1:]]
    website, view = os.environ.get("MAGENTO_WEBSITE", "base"), os.environ.get("MAGENTO_STORE_VIEW")
    travel(shop_at(os.environ["MAGENTO_URL"], secrets, website, view))


def test_the_journey_through_the_sandbox(sandbox):
    server = make_sandbox_server(sandbox)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        secrets = list(sandbox.shop.integration.secrets().values())
        shop = shop_at(f"http://127.0.0.1:{server.server_port}/commerce", secrets, "base", "amazon_us")
        travel(shop)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
