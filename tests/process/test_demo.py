"""`make run`: within a minute and without a hand, orders go all the way, and blocked ones are mended."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from bridge.config import JOB_NAMES
from bridge.sandbox.marketplace import CLIENT_ID, CLIENT_SECRET, REFRESH_TOKEN
from tests.process.running import answers, bridge, free_port, until

pytestmark = pytest.mark.process
BLOCKERS = {"product_not_found", "product_disabled", "out_of_stock"}
MESSAGE = (
    "Your Amazon store(s) has orders that cannot be imported into Commerce."
    " See Recent Orders in the store dashboard(s): Harbour Outdoors US"
)
# What the API shows of an order on its way: its status, and its Commerce order's.
STATIONS = [("Pending", None), ("Unshipped", "processing"), ("Shipped", "processing"), ("Completed", "complete")]


@dataclass
class Visitor:
    """Somebody who looks at a demo through its public interfaces only."""

    process: subprocess.Popen[bytes]
    directory: Path
    port: int
    sandbox_port: int
    seen: dict[str, list[tuple[str, str | None]]] = field(default_factory=dict)
    blocked: dict[str, str] = field(default_factory=dict)
    messages: list[list[str]] = field(default_factory=list)

    @property
    def printed(self) -> str:
        return (self.directory.parent / "demo.out").read_text()

    def is_up(self) -> bool:
        return "Ctrl-C ends everything" in self.printed and answers(f"http://127.0.0.1:{self.port}/readyz")

    def get(self, path: str, **parameters: Any) -> Any:
        headers = {"Authorization": "Bearer bridge-demo-key"}
        url = f"http://127.0.0.1:{self.port}/api/v1{path}"
        return httpx.get(url, params=parameters, headers=headers, timeout=10).raise_for_status().json()

    def look(self) -> None:
        """Note what the API shows now."""
        for order in self.get("/orders", page_size=200)["items"]:
            commerce = (order["commerce_order"] or {}).get("status")
            path = self.seen.setdefault(order["amazon_order_id"], [])
            if not path or path[-1] != (order["status"], commerce):
                path.append((order["status"], commerce))
            if order["blockers"]:
                assert order["status"] == "Error"
                self.blocked[order["blockers"][0]["code"]] = order["amazon_order_id"]
        message = [item["text"] for item in self.get("/system-messages")["items"]]
        if not self.messages or self.messages[-1] != message:
            self.messages.append(message)

    def travelled(self) -> list[str]:
        """The orders that were seen at every station."""
        stations = [
            ("Pending", None),
            ("Unshipped", "processing"),
            ("Shipped", "processing"),
            ("Completed", "complete"),
        ]
        return [number for number, path in self.seen.items() if [step for step in path if step in stations] == stations]

    def satisfied(self) -> bool:
        self.look()
        mended = [number for number in self.blocked.values() if self.seen[number][-1][0] != "Error"]
        return bool(self.travelled()) and set(self.blocked) >= BLOCKERS and len(mended) == len(BLOCKERS)

    def commerce_order(self, amazon_order_id: str) -> dict[str, Any]:
        """The one Commerce order, as the shop itself shows it."""
        criteria = {
            "searchCriteria[filterGroups][0][filters][0][field]": "ext_order_id",
            "searchCriteria[filterGroups][0][filters][0][value]": amazon_order_id,
        }
        url = f"http://127.0.0.1:{self.sandbox_port}/commerce/rest/all/V1/orders"
        headers = {"Authorization": "Bearer sandbox-commerce-token"}
        (order,) = httpx.get(url, params=criteria, headers=headers).raise_for_status().json()["items"]
        return dict(order)

    def amazon_order(self, amazon_order_id: str) -> dict[str, Any]:
        """The order as Amazon itself shows it."""
        address = f"http://127.0.0.1:{self.sandbox_port}/amazon"
        form = {
            "grant_type": "refresh_token", "refresh_token": REFRESH_TOKEN,
            "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET,
        }  # fmt: skip
        token = httpx.post(f"{address}/auth/o2/token", data=form).raise_for_status().json()["access_token"]
        url = f"{address}/orders/2026-01-01/orders/{amazon_order_id}"
        parameters = {"includedData": "PACKAGES,PROCEEDS"}
        answer = httpx.get(url, params=parameters, headers={"x-amz-access-token": token}).raise_for_status().json()
        return dict(answer["order"])

    def scheduler(self) -> int:
        """The process id of the scheduler, as its lease names it."""
        database = sqlite3.connect(self.directory / "bridge.db")
        try:
            (holder,) = database.execute("SELECT holder FROM leases WHERE name = 'scheduler'").fetchone() or ("",)
        finally:
            database.close()
        return int(holder.rpartition(":")[2] or 0)

    def gone(self) -> bool:
        """Whether nothing of the demo answers any more."""
        ports = (self.port, self.sandbox_port)
        return not self.scheduler() and not any(answers(f"http://127.0.0.1:{port}/") for port in ports)


@pytest.fixture
def visitor(tmp_path: Path) -> Iterator[Visitor]:
    port, sandbox_port, directory = free_port(), free_port(), tmp_path / "demo"
    options = ("--port", str(port), "--sandbox-port", str(sandbox_port), "--directory", str(directory))
    with bridge("demo", *options, output=tmp_path / "demo.out") as process:
        visitor = Visitor(process, directory, port, sandbox_port)
        until(visitor.is_up, process, 30, "the demo is up")
        yield visitor
        process.terminate()
        process.wait(20)


def test_within_a_minute_an_order_goes_all_the_way_and_each_blocker_is_seen_and_mended(visitor: Visitor):
    until(visitor.satisfied, visitor.process, 60, "the whole life of an order")
    number = visitor.travelled()[0]
    ours = next(o for o in visitor.get("/orders", order_number=number)["items"] if o["amazon_order_id"] == number)
    commerce, amazon = visitor.commerce_order(number), visitor.amazon_order(number)
    assert (commerce["state"], commerce["status"]) == ("complete", "complete")
    assert ours["grand_total"]["amount"] == f"{commerce['grand_total']:.2f}"
    assert ours["grand_total"]["amount"] == amazon["proceeds"]["grandTotal"]["amount"]
    tracked = [package["trackingNumber"] for package in amazon["packages"]]
    assert tracked
    shipments = visitor.get(f"/orders/{ours['id']}/shipments")["items"]
    assert tracked == [track["number"] for shipment in shipments for track in shipment["tracks"]]

    for number in visitor.blocked.values():
        assert visitor.commerce_order(number)["state"] in {"processing", "complete"}
    assert [MESSAGE] in visitor.messages
    assert visitor.messages[-1] == []
    state = httpx.get(f"http://127.0.0.1:{visitor.sandbox_port}/sandbox/state").json()
    assert state["throttled"] == {}
    assert visitor.get("/communication-errors")["items"] == []
    assert {job["name"] for job in visitor.get("/jobs")["items"]} == set(JOB_NAMES)
    for address in ("docs", "console/", "openapi.json"):
        assert answers(f"http://127.0.0.1:{visitor.port}/{address}")


def test_nothing_is_left_running_when_the_demo_is_killed(visitor: Visitor):
    until(visitor.scheduler, visitor.process, 10, "the scheduler has its lease")
    visitor.process.kill()
    visitor.process.wait()
    bystander = subprocess.Popen(["sleep", "60"])
    try:
        until(visitor.gone, bystander, 25, "all processes have ended")
    finally:
        bystander.kill()
        bystander.wait()


def test_a_process_that_dies_ends_the_demo_with_its_name(visitor: Visitor):
    scheduler = until(visitor.scheduler, visitor.process, 10, "the scheduler has its lease")
    os.kill(scheduler, signal.SIGKILL)
    assert visitor.process.wait(30) == 2
    assert "scheduler has ended (exit code -9)" in visitor.printed
    assert not answers(f"http://127.0.0.1:{visitor.sandbox_port}/")


def test_a_port_that_is_taken_is_told_before_anything_starts_and_a_terminated_demo_ends_well(
    visitor: Visitor, tmp_path: Path
):
    output = tmp_path / "second.out"
    options = (
        "--port",
        str(free_port()),
        "--sandbox-port",
        str(visitor.sandbox_port),
        "--directory",
        str(tmp_path / "2"),
    )
    with bridge("demo", *options, output=output) as second:
        assert second.wait(20) == 2
    assert f"port {visitor.sandbox_port} is in use" in output.read_text()
    assert "Traceback" not in output.read_text()
    assert not (tmp_path / "2").exists()
    visitor.process.terminate()
    assert visitor.process.wait(20) == 0
    assert visitor.gone()
