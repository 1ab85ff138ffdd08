"""The shop's crontab asks which lines of Magento's reservation command are ours, and passes on those alone."""

from __future__ import annotations

import re
import shutil
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from werkzeug.serving import make_server

from bridge.keys import Scope, create_key
from bridge.sandbox.shop_reservations import create_compensations, list_inconsistencies
from tests import needs
from tests.api_client import ApiClient
from tests.stage import Stage, line

README = Path(__file__).resolve().parents[2] / "README.md"
# Stands for Magento's command line: prints the listing, keeps what is to be carried out.
MAGENTO = """#!/bin/sh
case "$1" in
  *list-inconsistencies) cat listing ;;
  *create-compensations) cat >> done ;;
esac
"""


@pytest.fixture
def crontab(stage: Stage, stage_api: ApiClient) -> Callable[[str], str]:
    """What curl does in the shop's crontab, with a key that may do nothing else."""
    with stage.bridge.db.session() as session:
        now = stage.world.now()
        key = create_key(session, "crontab", [Scope.STOCK_READ], [stage.store_id], None, now)  # type: ignore[arg-type]
    client = stage_api.using(key)

    def curl(listing: str) -> str:
        path = f"/stores/{stage.store_id}/reservations/filter"
        answer = client.send("POST", path, 200, data=listing.encode(), content_type="text/plain")
        return answer.text

    return curl


def pipe(stage: Stage, curl: Callable[[str], str]) -> list[str]:
    """list-inconsistencies | curl | create-compensations; the lines that were carried out."""
    listed = list_inconsistencies(stage.shop)
    kept = curl("".join(f"{line}\n" for line in listed))
    run = create_compensations(stage.shop, kept.splitlines())
    assert run.error is None or not kept
    return run.compensated


def foreign_order(stage: Stage, increment_id: str, sku: str) -> None:
    """Another program's order, which holds no reservation either."""
    product = stage.shop.catalog.get(sku)
    assert product
    item = {"sku": sku, "qty_ordered": 7, "product_id": product.id, "product_type": "simple", "name": sku}
    address = {"firstname": "A", "lastname": "B", "street": ["1"], "city": "C", "postcode": "1", "country_id": "US",
               "telephone": "1", "email": "a@example.com"}  # fmt: skip
    entity: dict[str, Any] = {
        "increment_id": increment_id, "store_id": 1, "state": "processing", "status": "processing", "items": [item],
        "customer_email": "a@example.com", "billing_address": address, "payment": {"method": "checkmo"},
    }  # fmt: skip
    stage.shop.table.save_entity(entity)


@pytest.mark.parametrize("numbers", ["commerce", "amazon"])
def test_one_line_serves_both_ways_of_numbering_orders(stage: Stage, crontab, numbers: str):
    stage.set(order_number_source=numbers, order_number_prefix="AMZ-")
    number = stage.paid_order()
    foreign_order(stage, "M2E-1", "BLUE-MUG")
    stage.sync("sync", "import")
    assert stage.shop.salable_quantity("BLUE-MUG") == 100

    created = stage.commerce_order(number)
    assert pipe(stage, crontab) == [f"{created['increment_id']}:BLUE-MUG:-2.000000:1"]
    assert stage.shop.salable_quantity("BLUE-MUG") == 98
    assert pipe(stage, crontab) == []

    stage.shop.ship(created["entity_id"], tracks=[("ups", "UPS", "1Z1")])
    assert (stage.shop.source_quantity("BLUE-MUG"), stage.shop.salable_quantity("BLUE-MUG")) == (98, 98)


def test_a_sku_with_a_colon_never_reaches_the_command_which_it_would_end(stage: Stage, crontab):
    stage.shop.add_product("MUG:XL", "Mug XL", qty=100)
    first, second = stage.paid_order(line("MUG:XL", 1)), stage.paid_order(line("RED-MUG", 3))
    stage.sync("sync", "import")
    numbers = [stage.commerce_order(number)["increment_id"] for number in (first, second)]
    listed = list_inconsistencies(stage.shop)
    assert f"{numbers[0]}:MUG:XL:-1.000000:1" in listed
    assert create_compensations(stage.shop, listed).error is not None
    assert pipe(stage, crontab) == [f"{numbers[1]}:RED-MUG:-3.000000:1"]


def test_lines_come_back_as_they_are_and_what_is_no_line_is_left_out(stage: Stage, crontab):
    stage.set(order_number_source="amazon", order_number_prefix="AMZ-")
    number = stage.paid_order()
    stage.sync("sync", "import")
    own = f"AMZ-{number}"
    kept = [f"{own}:BLUE-MUG:-2.000000:1", f"{own}:MUG, BLUE/\u00dc 7:+2:1", f"{own}:A B:12:10", f"{own}:BLUE-MUG:-2:1"]
    kept.remove(f"{own}:MUG, BLUE/\u00dc 7:+2:1")  # Magento prints no plus sign
    kept.insert(1, f"{own}:MUG, BLUE/\u00dc 7:2.5:1")
    noise = ["", "No order inconsistencies were found", own, f"{own}:BLUE-MUG:-2.000000", f"{own}:BLUE-MUG:two:1",
             f"{own}::-2.000000:1", f" {own}:BLUE-MUG:-2.000000:1", f"{own.lower()}:BLUE-MUG:-1.000000:1",
             f"{own}:BLUE-MUG:-2.000000:1; rm -rf /", "\x00"]  # fmt: skip
    listing = "\r\n".join(word for pair in zip([*kept, *noise], [*noise, *kept], strict=True) for word in pair)
    assert crontab(listing).splitlines() == [word for pair in zip([*kept, *noise], [*noise, *kept], strict=True)
                                             for word in pair if word in kept]  # fmt: skip
    assert crontab("") == ""


def test_an_order_of_another_store_is_not_ours(stage: Stage, stage_api: ApiClient, crontab):
    number = stage.paid_order()
    stage.sync("sync", "import")
    listing = f"{stage.commerce_order(number)['increment_id']}:BLUE-MUG:-2.000000:1\n"
    assert crontab(listing) == listing
    other = stage.add_store("Mugs CA", "A2EUQ1WTGCTBG2")
    path = f"/stores/{other}/reservations/filter"
    assert stage_api.send("POST", path, 200, data=listing, content_type="text/plain").text == ""
    stage_api.send("POST", "/stores/99/reservations/filter", 404, data=listing, content_type="text/plain")


def test_a_listing_of_another_type_or_too_large_is_refused(stage: Stage, stage_api: ApiClient):
    path = f"/stores/{stage.store_id}/reservations/filter"
    refused = stage_api.send("POST", path, 415, data="1:A:-1:1", content_type="application/x-www-form-urlencoded")
    assert refused.get_json()["code"] == "unsupported_media_type"
    whole = "000000001:BLUE-MUG:-2.000000:1\n" * 250_000
    assert len(whole) < 8 * 1024 * 1024
    assert stage_api.send("POST", path, 200, data=whole, content_type="text/plain").text == ""
    too_large = stage_api.send("POST", path, 413, data=whole * 2, content_type="text/plain")
    assert too_large.get_json()["code"] == "body_too_large"


def test_the_line_of_the_readme_is_what_a_shell_can_run(stage: Stage, stage_api: ApiClient, tmp_path: Path):
    for tool in ("curl", "flock"):
        if shutil.which(tool) is None:
            needs.missing(f"{tool} is not installed")
    number = stage.paid_order()
    stage.sync("sync", "import")
    shop = tmp_path / "magento"
    (shop / "bin").mkdir(parents=True)
    (shop / "var").mkdir()
    (shop / "bin" / "magento").write_text(MAGENTO)
    (shop / "bin" / "magento").chmod(0o755)
    (tmp_path / "header").write_text("Authorization: Bearer bridge-demo-key\n")
    server = make_server("127.0.0.1", 0, stage_api.app)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        written = re.search(
            r"^ +\* \* \* \* \* (cd .*create-compensations.*)$", README.read_text("utf-8"), re.MULTILINE
        )
        assert written
        crontab = written.group(1)
        for theirs, ours in (
            ("/var/www/magento", str(shop)),
            ("/etc/amazon-bridge.header", str(tmp_path / "header")),
            ("https://bridge.example", f"http://127.0.0.1:{server.server_port}"),
        ):
            assert crontab.count(theirs) == 1
            crontab = crontab.replace(theirs, ours)

        def minute(listed: list[str]) -> int:
            (shop / "listing").write_text("".join(f"{line}\n" for line in listed))
            return subprocess.run(["/bin/sh", "-c", crontab], check=False, timeout=30).returncode

        own = f"{stage.commerce_order(number)['increment_id']}:BLUE-MUG:-2.000000:1"
        assert minute(["M2E-1:BLUE-MUG:-7.000000:1", own]) == 0
        assert (shop / "done").read_text() == f"{own}\n"
        minute(["M2E-1:BLUE-MUG:-7.000000:1"])
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    minute([own])  # the bridge is away
    assert (shop / "done").read_text() == f"{own}\n"
