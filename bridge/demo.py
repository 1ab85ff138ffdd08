"""`make run`: the bridge beside its sandbox, orders flowing, from nothing to the first screen in one go."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

import click

from bridge import config as configuration
from bridge import migrate
from bridge.config import Config
from bridge.errors import ConfigError
from bridge.keys import DEMO_KEY
from bridge.processes import (
    DEMO,
    Supervisor,
    listening,
    run_sandbox,
    run_scheduler,
    run_server,
    sandbox_addresses,
)
from bridge.runtime import build
from bridge.sandbox.marketplace import CLIENT_ID, CLIENT_SECRET, REFRESH_TOKEN, SELLER_ID
from bridge.staging import guard_public_url
from bridge.stores import add_store
from bridge.vault import new_key

STORE_NAME = "Harbour Outdoors US"
COMMERCE_TOKEN = "sandbox-commerce-token"  # noqa: S105 - good for the sandbox only
HASTY = ("sync", "import", "confirm", "complete", "webhooks")
EVERY = "@every 3s"
_START_LIMIT = 60.0  # seconds


@dataclass(frozen=True)
class Demo:
    """Where a demo lives: its files and its two ports."""

    directory: Path
    port: int = 8000
    sandbox_port: int = 8001

    @property
    def key_file(self) -> Path:
        """The key that encrypts the demo store's credentials."""
        return self.directory / "secret-key"

    @property
    def address(self) -> str:
        """The bridge's."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def sandbox_address(self) -> str:
        """The sandbox's."""
        return f"http://127.0.0.1:{self.sandbox_port}"


def run(demo: Demo) -> None:
    """Begin anew, start everything, and stay until Ctrl-C, SIGTERM, or the end of one of the processes.

    Raises ConfigError, ChildEndedError.
    """
    for port, option in ((demo.port, "--port"), (demo.sandbox_port, "--sandbox-port")):
        if listening(port):
            raise ConfigError(f"port {port} is in use; end what listens there, or choose another one with {option}")
    config = prepare(demo)
    with Supervisor(logs=demo.directory) as processes:
        try:
            processes.start("sandbox", run_sandbox, demo.sandbox_port, DEMO, town=True)
            _await(processes, demo.sandbox_port)
            processes.start("scheduler", run_scheduler, config)
            processes.start("server", run_server, config, "127.0.0.1", demo.port, 2)
            _await(processes, demo.port)
            click.echo(greeting(demo))
            processes.watch()
        except KeyboardInterrupt:
            click.echo("\nEnding.")


def prepare(demo: Demo) -> Config:
    """A fresh database with the demo store in it; the configuration that all parts share."""
    demo.directory.mkdir(parents=True, exist_ok=True)
    for path in (*demo.directory.glob("bridge.db*"), *demo.directory.glob("*.log"), demo.key_file):
        path.unlink(missing_ok=True)
    demo.key_file.touch(mode=0o600)
    demo.key_file.write_text(new_key() + "\n")
    config = configuration.from_environment(
        database_url=f"sqlite:///{demo.directory / 'bridge.db'}",
        secret_keys=(demo.key_file.read_text().strip(),),
        public_url=demo.address,
        sandbox=True,
        schedules=dict.fromkeys(configuration.JOB_NAMES, "@every 1h") | dict.fromkeys(HASTY, EVERY),
        **sandbox_addresses(demo.sandbox_port),
    )
    runtime = build(config)
    try:
        migrate.upgrade(runtime.db)
        guard_public_url(runtime)
        add_store(runtime, _store(demo))
    finally:
        runtime.close()
    return config


def _store(demo: Demo) -> dict[str, str]:
    commerce = f"{demo.sandbox_address}/commerce"
    return {
        "name": STORE_NAME,
        "seller_id": SELLER_ID,
        "marketplace_id": "ATVPDKIKX0DER",
        "commerce_url": commerce,
        "commerce_admin_url": f"{commerce}/admin",
        "website_code": "base",
        "amazon_client_id": CLIENT_ID,
        "amazon_client_secret": CLIENT_SECRET,
        "amazon_refresh_token": REFRESH_TOKEN,
        "commerce_auth": "bearer",
        "commerce_token": COMMERCE_TOKEN,
    }


def _await(processes: Supervisor, port: int) -> None:
    """Until something listens on the port. Raises ChildEndedError, ConfigError after a minute."""
    limit = time.monotonic() + _START_LIMIT
    while not listening(port):
        if time.monotonic() > limit:
            raise ConfigError(f"nothing listens on port {port} after {_START_LIMIT:.0f} seconds")
        processes.watch(0.1)


def greeting(demo: Demo) -> str:
    """The first screen."""
    orders = f"curl -s -H 'Authorization: Bearer {DEMO_KEY}' {demo.address}/api/v1"
    return f"""
The Amazon order bridge runs beside its sandbox. Each start begins anew; nothing here is real.

  console      {demo.address}/console/    what the merchant sees
  API          {demo.address}/docs        key: {DEMO_KEY}
  sandbox      {demo.sandbox_address}/            play the buyer, the warehouse, the catalogue manager
  logs         {demo.directory}/*.log

  {orders}/orders
  {orders}/system-messages

What you will see, within a minute and without a hand: an order is placed on Amazon (Pending), its payment is verified
(Unshipped, a Commerce order in processing), the warehouse ships it in Commerce (Shipped), and it is Completed. Three
others are in Error, because the shop lacks the product, has it disabled, or has none left; the system message says so
until the catalogue manager has mended all three. Ctrl-C ends everything.
"""
