"""The command line in this process: an environment, a migrated database, and if wanted a sandbox on a real port."""

from __future__ import annotations

import json
import shutil
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from bridge import cli as command_line
from bridge import clock, log
from bridge.config import Config
from bridge.runtime import Runtime, build
from bridge.sandbox import marketplace as amazon_side
from bridge.sandbox.server import make_sandbox_server
from bridge.sandbox.world import SandboxClock, World
from bridge.vault import new_key


@dataclass
class Cli:
    """Runs `flask bridge ...` in this process."""

    directory: Path
    environment: dict[str, str] = field(default_factory=dict)

    def __call__(self, *arguments: str, stdin: str | None = None) -> Result:
        log.configure("ERROR")  # unconfigured, structlog writes to standard output
        result = CliRunner().invoke(
            command_line.commands, list(arguments), input=stdin, env=self.environment, prog_name="flask bridge"
        )
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    @property
    def database(self) -> Path:
        return self.directory / "bridge.db"

    def runtime(self) -> Runtime:
        """The bridge that the commands work on; to be closed."""
        keys = tuple(self.environment["BRIDGE_SECRET_KEYS"].split(","))
        return build(Config(database_url=self.environment["BRIDGE_DATABASE_URL"], secret_keys=keys))


@pytest.fixture
def bare(tmp_path: Path) -> Cli:
    """A database without tables."""
    url = f"sqlite:///{tmp_path / 'bridge.db'}"
    return Cli(tmp_path, {"BRIDGE_DATABASE_URL": url, "BRIDGE_SECRET_KEYS": new_key()})


@pytest.fixture
def cli(bare: Cli, migrated_file: Path) -> Cli:
    """A database as after `db upgrade`."""
    shutil.copy(migrated_file, bare.database)
    return bare


@dataclass
class Sandbox:
    """A sandbox that is being served."""

    world: World
    address: str


@pytest.fixture
def sandbox(cli: Cli) -> Iterator[Sandbox]:
    """A sandbox on loopback that the commands speak to."""
    world = World(clock=SandboxClock(clock.now() + timedelta(minutes=1)))
    server = make_sandbox_server(world)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    address = f"http://127.0.0.1:{server.server_port}"
    cli.environment |= {
        "BRIDGE_AMAZON_ENDPOINT": f"{address}/amazon",
        "BRIDGE_LWA_ENDPOINT": f"{address}/amazon/auth/o2/token",
        "BRIDGE_SANDBOX": "1",
    }
    yield Sandbox(world, address)
    server.shutdown()
    thread.join()
    server.server_close()


def store_json(address: str = "http://127.0.0.1:1", **changes: str | None) -> str:
    """What `store add --from-file` reads: the sandbox's store; None leaves a value out."""
    values: dict[str, str | None] = {
        "name": "Mugs US", "seller_id": amazon_side.SELLER_ID, "marketplace_id": "US", "website_code": "base",
        "commerce_url": f"{address}/commerce", "amazon_client_id": amazon_side.CLIENT_ID,
        "amazon_client_secret": amazon_side.CLIENT_SECRET, "amazon_refresh_token": amazon_side.REFRESH_TOKEN,
        "commerce_auth": "bearer", "commerce_token": "sandbox-commerce-token",
    }  # fmt: skip
    return json.dumps({name: value for name, value in (values | changes).items() if value is not None})
