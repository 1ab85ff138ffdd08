"""Cancellation feeds: what is written into them, what Amazon's reports say, and the whole way through the sandbox."""

from __future__ import annotations

import gzip
from xml.etree import ElementTree

import httpx
import pytest

from bridge.amazon import client as client_module
from bridge.amazon.feeds import (
    FLAT_CANCELLATIONS,
    XML_CANCELLATIONS,
    Cancellation,
    FeedError,
    FeedStatus,
    ProcessingReport,
    flat_cancellations,
    read_report,
    xml_cancellations,
)
from bridge.amazon.words import CANCEL_REASONS
from bridge.domain.order import AmazonStatus
from bridge.errors import RemoteError, Verdict
from tests.clients.amazon_fixtures import US, Desk, client_that_gets, contract

ORDER = "902-1106328-1059050"
ITEM = "79039765272157"
SCRATCHED = gzip.compress(b"report", mtime=0)[:10] + b"\xff" * 20


def run(desk: Desk, content) -> ProcessingReport:
    feed_id = desk.client.submit_feed(content, [US])
    assert not desk.client.get_feed(feed_id).ended
    desk.wait(minutes=2)
    feed = desk.client.get_feed(feed_id)
    assert (feed.processing_status, feed.ended) == ("DONE", True)
    return read_report(content.feed_type, desk.client.get_feed_document(feed.result_document_id))


def build(kind: str, cancellations: list[Cancellation]):
    return flat_cancellations(cancellations) if kind == "flat" else xml_cancellations(cancellations, "A1EXAMPLE")


@pytest.mark.parametrize("kind", ["flat", "xml"])
def test_an_order_is_cancelled_by_a_feed(kind):
    desk = Desk()
    order_id = desk.paid_order()
    item_ids = tuple(line.item_id for line in desk.client.get_order(order_id).lines)
    report = run(desk, build(kind, [Cancellation(order_id, "NoInventory", item_ids)]))
    assert report == ProcessingReport(1, 1)
    assert desk.client.get_order(order_id).status is AmazonStatus.CANCELED


def test_a_flat_file_can_cancel_an_order_as_a_whole():
    desk = Desk()
    order_id = desk.paid_order()
    run(desk, flat_cancellations([Cancellation(order_id, "BuyerCanceled")]))
    assert desk.client.get_order(order_id).status is AmazonStatus.CANCELED


@pytest.mark.parametrize("kind", ["flat", "xml"])
def test_a_feed_that_is_done_may_have_refused_a_message(kind):
    desk = Desk()
    good, gone = desk.paid_order(), "111-9999999-9999999"
    item_ids = tuple(line.item_id for line in desk.client.get_order(good).lines)
    wanted = [Cancellation(gone, "NoInventory", ("1",)), Cancellation(good, "NoInventory", item_ids)]
    report = run(desk, build(kind, wanted))
    assert (report.processed, report.successful) == (2, 1)
    assert report.errors == (FeedError(1, gone, "18028", f"Order {gone} was not found."),)


def test_the_xml_is_that_of_the_documented_example():
    sample = ElementTree.fromstring(contract("order_feeds_facts.json")["sampleCancellationXml"])
    ours = ElementTree.fromstring(xml_cancellations([Cancellation(ORDER, "NoInventory", (ITEM,))], "A1EXAMPLE").body)

    def shape(element: ElementTree.Element) -> list:
        return [element.tag, (element.text or "").strip(), *map(shape, element)]

    assert shape(ours) == shape(sample)


def test_reasons_and_columns_are_the_documented_ones():
    facts = contract("order_feeds_facts.json")
    assert list(CANCEL_REASONS) == facts["orderAcknowledgement"]["CancelReason"]
    head, row, end = flat_cancellations([Cancellation(ORDER, "NoInventory", (ITEM,))]).body.decode().split("\n")
    assert head.split("\t") == facts["flatFileCancellation"]["columns"]
    assert (row.split("\t"), end) == ([ORDER, "NoInventory", ITEM], "")
    assert facts["flatFileCancellation"]["feedType"] == FLAT_CANCELLATIONS
    assert facts["orderAcknowledgement"]["feedType"] == XML_CANCELLATIONS


def test_what_means_something_in_xml_is_escaped():
    body = xml_cancellations([Cancellation("<1>&\"2'", "NoInventory", ("]]>",))], "A & B").body
    envelope = ElementTree.fromstring(body)
    assert envelope.findtext("Header/MerchantIdentifier") == "A & B"
    assert envelope.findtext("Message/OrderAcknowledgement/AmazonOrderID") == "<1>&\"2'"


@pytest.mark.parametrize("kind", ["flat", "xml"])
@pytest.mark.parametrize(
    "cancellation",
    [
        Cancellation(ORDER, "Because", (ITEM,)),
        Cancellation("1\x0b2", "NoInventory", (ITEM,)),
        Cancellation(ORDER, "NoInventory", ("1\x00",)),
    ],
)
def test_what_a_feed_cannot_say_is_refused_before_it_is_sent(kind, cancellation):
    with pytest.raises(ValueError):  # noqa: PT011 - several messages, one meaning
        build(kind, [cancellation])


def test_a_line_break_cannot_smuggle_a_row_into_the_flat_file():
    with pytest.raises(ValueError, match="line break"):
        flat_cancellations([Cancellation(f"{ORDER}\n{ORDER}\tNoInventory", "NoInventory")])


def test_an_acknowledgement_needs_its_items():
    with pytest.raises(ValueError, match="names the items"):
        xml_cancellations([Cancellation(ORDER, "NoInventory")], "A1EXAMPLE")


@pytest.mark.parametrize("kind", ["flat", "xml"])
def test_a_feed_holds_at_least_one_message_and_not_any_number(kind):
    for cancellations in ([], [Cancellation(ORDER, "NoInventory", (ITEM,))] * 10_001):
        with pytest.raises(ValueError, match="1 to 10000"):
            build(kind, cancellations)


def test_a_report_in_an_older_encoding_is_read_and_its_warnings_are_no_errors():
    rows = [
        "Feed Processing Summary:",
        "\tNumber of records processed\t\t2",
        "\tNumber of records successful\t\t1",
        "",
        "original-record-number\torder-id\terror-code\terror-type\terror-message",
        f"1\t{ORDER}\t18028\tError\tBestellung ung\u00fcltig",
        f"2\t{ORDER}\t5\tWarning\tlate",
        "",
    ]
    report = read_report(FLAT_CANCELLATIONS, "\r\n".join(rows).encode("latin-1"))
    assert report == ProcessingReport(2, 1, (FeedError(1, ORDER, "18028", "Bestellung ung\u00fcltig"),))


@pytest.mark.parametrize("report", [b"", b"<html></html>", b"<AmazonEnvelope/>", b"not a report", b"\xff\xfe"])
@pytest.mark.parametrize("kind", [FLAT_CANCELLATIONS, XML_CANCELLATIONS])
def test_what_is_no_report_is_not_taken_for_one(kind, report):
    with pytest.raises(ValueError):  # noqa: PT011 - several messages, one meaning
        read_report(kind, report)


def test_a_report_with_entities_is_not_expanded():
    bomb = b'<!DOCTYPE a [<!ENTITY b "bbbbbbbb">]><AmazonEnvelope><Message>&b;</Message></AmazonEnvelope>'
    with pytest.raises(ValueError, match="no document type"):
        read_report(XML_CANCELLATIONS, bomb)


@pytest.mark.parametrize(
    ("status", "ended"),
    [("IN_QUEUE", False), ("IN_PROGRESS", False), ("DONE", True), ("FATAL", True), ("CANCELLED", True)],
)
def test_a_feed_ends_once(status, ended):
    feed = client_that_gets(httpx.Response(200, json={"feedId": "1", "processingStatus": status})).get_feed("1")
    assert feed == FeedStatus("1", status)
    assert feed.ended is ended


# Documents


def document_client(content: bytes, url: str = "http://127.0.0.1:8001/amazon/feed-documents/1", **more):
    def answer(request: httpx.Request) -> httpx.Response:
        if "/documents/" in request.url.path:
            return httpx.Response(200, json={"feedDocumentId": "1", "url": url, "compressionAlgorithm": "GZIP"})
        assert "x-amz-access-token" not in request.headers
        return httpx.Response(200, content=content)

    return client_that_gets(answer, **more)


def test_a_packed_document_is_unpacked():
    assert document_client(gzip.compress(b"report")).get_feed_document("1") == b"report"


@pytest.mark.parametrize("content", [b"not packed", gzip.compress(b"report" * 100, mtime=0)[:-20], SCRATCHED, b""])
def test_a_document_that_is_not_packed_as_told_is_no_document(content):
    with pytest.raises(RemoteError) as caught:
        document_client(content).get_feed_document("1")
    assert caught.value.verdict is Verdict.RETRY


def test_a_document_that_unpacks_without_end_is_refused(monkeypatch):
    monkeypatch.setattr(client_module, "MAX_ANSWER", 1000)
    with pytest.raises(RemoteError, match="too large"):
        document_client(gzip.compress(b"0" * 100_000)).get_feed_document("1")


@pytest.mark.parametrize(
    "url", ["http://169.254.169.254/latest", "ftp://127.0.0.1/1", "nowhere", "http://[", "https://"]
)
def test_a_document_is_not_fetched_from_anywhere(url):
    with pytest.raises(RemoteError, match="not safe"):
        document_client(b"", url).get_feed_document("1")


def test_the_real_amazon_cannot_send_the_bridge_to_its_own_machine():
    real = "https://sellingpartnerapi-na.amazon.com"
    with pytest.raises(RemoteError, match="not safe"):
        document_client(b"", endpoint=real, lwa_endpoint=f"{real}/auth/o2/token").get_feed_document("1")


def test_an_upload_that_is_refused_is_told():
    desk = Desk()
    target = desk.client.create_feed_document("text/xml; charset=UTF-8")
    with pytest.raises(RemoteError) as caught:
        desk.client.upload(target.url, "text/plain", b"<x/>")
    assert (caught.value.operation, caught.value.status) == ("uploadFeedDocument", 403)
