"""How long a new Amazon order takes into our table: through notifications, with sandbox, queue and bridge on sockets.

Prints seconds. The queue is moto's SQS, so what AWS and the internet add is not in it.
"""

from __future__ import annotations

import logging
import os
import statistics
import sys
import tempfile
import threading
import time
from decimal import Decimal
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from moto.server import ThreadedMotoServer
from sqlalchemy import select

from bridge import log, migrate
from bridge.config import Config
from bridge.jobs.run import run_job
from bridge.models import Order
from bridge.processes import sandbox_addresses
from bridge.runtime import Runtime, build
from bridge.sandbox.amounts import Line
from bridge.sandbox.marketplace import CLIENT_ID, CLIENT_SECRET, REFRESH_TOKEN, SELLER_ID
from bridge.sandbox.notifications import sqs_sender
from bridge.sandbox.server import make_sandbox_server
from bridge.sandbox.world import World
from bridge.stores import add_store
from bridge.sync.verify import verify
from bridge.vault import new_key

ORDERS = 25  # fewer than getOrder's burst of 30
PAUSE = 0.4  # seconds between two orders
GOAL = 5.0  # seconds


def main() -> None:
    os.environ |= {"AWS_ACCESS_KEY_ID": "benchmark", "AWS_SECRET_ACCESS_KEY": "benchmark"}
    log.configure("WARNING")
    logging.getLogger("werkzeug").setLevel(logging.WARNING)  # moto's server, a line for each request
    world = World()
    sandbox = make_sandbox_server(world)
    threading.Thread(target=sandbox.serve_forever, daemon=True).start()
    sqs = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    sqs.start()
    endpoint = "http://{}:{}".format(*sqs.get_host_and_port())
    try:
        with tempfile.TemporaryDirectory() as directory:
            runtime = connect(Path(directory), sandbox.server_port, endpoint)
            try:
                world.marketplace.notifications.send = sqs_sender(endpoint)
                report(measure(runtime, world))
            finally:
                runtime.close()
    finally:
        sqs.stop()
        sandbox.shutdown()


def connect(directory: Path, port: int, endpoint: str) -> Runtime:
    """A bridge with one store, subscribed to its queue."""
    import boto3  # noqa: PLC0415 - after the credentials

    boto = boto3.client("sqs", endpoint_url=endpoint, region_name="us-east-1")
    url = boto.create_queue(QueueName="orders")["QueueUrl"]
    runtime = build(
        Config(
            database_url=f"sqlite:///{directory / 'bridge.db'}",
            secret_keys=(new_key(),),
            sandbox=True,
            sqs_queue_url=url,
            sqs_endpoint=endpoint,
            sqs_listen=3600,
            **sandbox_addresses(port),
        )
    )
    migrate.upgrade(runtime.db)
    store = {
        "name": "Benchmark",
        "seller_id": SELLER_ID,
        "marketplace_id": "ATVPDKIKX0DER",
        "commerce_url": f"http://127.0.0.1:{port}/commerce",
        "website_code": "base",
        "amazon_client_id": CLIENT_ID,
        "amazon_client_secret": CLIENT_SECRET,
        "amazon_refresh_token": REFRESH_TOKEN,
        "commerce_auth": "bearer",
        "commerce_token": "sandbox-commerce-token",
    }
    for check in verify(runtime.links, add_store(runtime, store)):
        if check.name == "notifications" and not check.ok:
            raise SystemExit(check.message)
    return runtime


def measure(runtime: Runtime, world: World) -> list[float]:
    """Seconds from the buyer's order to the committed row, for each order."""
    job = threading.Thread(target=run_job, args=(runtime, "notifications", None, "cli"))
    job.start()
    placed: dict[str, float] = {}
    seen: dict[str, float] = {}
    limit = time.monotonic() + ORDERS * PAUSE + 60
    while len(seen) < ORDERS and time.monotonic() < limit:
        if len(placed) < ORDERS and time.monotonic() >= max(placed.values(), default=0) + PAUSE:
            before = time.monotonic()
            placed[world.marketplace.place([Line("MUG", "Mug", 1, Decimal("9.50"), "B000000001")])] = before
        with runtime.db.reading() as session:
            for number in session.scalars(select(Order.amazon_order_id)):
                seen.setdefault(number, time.monotonic())
        time.sleep(0.01)
    runtime.stopping.set()
    job.join()
    return [seen[number] - placed[number] for number in placed if number in seen]


def report(took: list[float]) -> None:
    if len(took) < ORDERS:
        raise SystemExit(f"only {len(took)} of {ORDERS} orders arrived")
    print(f"{ORDERS} new orders, one every {PAUSE} s, in our table after")
    print(f"  median {statistics.median(took):6.3f} s")
    print(f"  most   {max(took):6.3f} s   (goal: {GOAL:.0f} s)")
    if max(took) > GOAL:
        raise SystemExit("too late")


if __name__ == "__main__":
    main()
