"""Feeds 2021-06-30: documents, feeds that are worked off as time passes, and the seller's cancellations in them.

Two feed types are understood: POST_ORDER_ACKNOWLEDGEMENT_DATA (an XML envelope) and
POST_FLAT_FILE_ORDER_ACKNOWLEDGEMENT_DATA (tab separated). A feed that is DONE may still have failed message by message:
that stands in its processing report, the result document.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from xml.etree import ElementTree

from bridge.sandbox.amounts import Json
from bridge.sandbox.order_json import text_time
from bridge.sandbox.refusal import Refusal, invalid

if TYPE_CHECKING:
    from bridge.sandbox.marketplace import Marketplace

XML_CANCELLATIONS = "POST_ORDER_ACKNOWLEDGEMENT_DATA"
FLAT_CANCELLATIONS = "POST_FLAT_FILE_ORDER_ACKNOWLEDGEMENT_DATA"
CANCEL_REASONS = (
    "NoInventory",
    "ShippingAddressUndeliverable",
    "CustomerExchange",
    "BuyerCanceled",
    "GeneralAdjustment",
    "CarrierCreditDecision",
    "RiskAssessmentInformationNotValid",
    "CarrierCoverageFailure",
    "CustomerReturn",
    "MerchandiseNotReceived",
)
QUEUED = timedelta(seconds=30)
WORKED = timedelta(seconds=60)


@dataclass
class Document:
    """A feed document or a processing report; `body` None until it was uploaded."""

    document_id: str
    seller_id: str
    content_type: str
    body: bytes | None = None


@dataclass
class Feed:
    """A feed: IN_QUEUE until `starts`, IN_PROGRESS until `ends`, then DONE, or FATAL when it could not be read."""

    feed_id: str
    seller_id: str
    feed_type: str
    marketplace_ids: tuple[str, ...]
    document_id: str
    created: datetime
    starts: datetime
    ends: datetime
    status: str = "IN_QUEUE"
    result_document_id: str = ""

    def shown(self) -> Json:
        """The feed as getFeed answers it."""
        shown: Json = {
            "feedId": self.feed_id,
            "feedType": self.feed_type,
            "marketplaceIds": list(self.marketplace_ids),
            "createdTime": text_time(self.created),
            "processingStatus": self.status,
        }
        if self.status != "IN_QUEUE":
            shown["processingStartTime"] = text_time(self.starts)
        if self.status in ("DONE", "FATAL"):
            shown["processingEndTime"] = text_time(self.ends)
        if self.result_document_id:
            shown["resultFeedDocumentId"] = self.result_document_id
        return shown


@dataclass
class Message:
    """One order in a feed: what is wanted, or, in `error`, why it could not be read."""

    number: int
    order_id: str
    acknowledged: bool = False
    reason: str = ""
    item_ids: list[str] = field(default_factory=list)
    error: str = ""


class Feeds:
    """The feeds and documents of all sellers."""

    def __init__(self, marketplace: Marketplace) -> None:
        self._marketplace = marketplace
        self.documents: dict[str, Document] = {}
        self.feeds: dict[str, Feed] = {}
        self._open: list[str] = []

    def create_document(self, seller_id: str, content_type: str, body: bytes | None = None) -> Document:
        """A document to be uploaded, or a finished one when `body` is given."""
        document = Document(f"amzn1.tortuga.4.na.{len(self.documents) + 1:08d}", seller_id, content_type, body)
        self.documents[document.document_id] = document
        return document

    def document(self, document_id: str, seller_id: str) -> Document:
        """A seller's document; refuses (404) one that is not there."""
        document = self.documents.get(document_id)
        if document is None or document.seller_id != seller_id:
            raise Refusal(404, "NotFound", f"Feed document {document_id} was not found.")
        return document

    def create(self, seller_id: str, feed_type: str, marketplace_ids: tuple[str, ...], document_id: str) -> Feed:
        """Queue a feed over an uploaded document."""
        if feed_type not in (XML_CANCELLATIONS, FLAT_CANCELLATIONS):
            raise invalid(f"Feed type {feed_type} is not supported.")
        if not marketplace_ids:
            raise invalid("marketplaceIds must not be empty.")
        document = self.documents.get(document_id)
        if document is None or document.seller_id != seller_id or document.body is None:
            raise invalid(f"Input feed document {document_id} was not found or has no content.")
        world = self._marketplace.world
        now = world.now()
        feed = Feed(
            feed_id=str(50000 + len(self.feeds)),
            seller_id=seller_id,
            feed_type=feed_type,
            marketplace_ids=marketplace_ids,
            document_id=document_id,
            created=now,
            starts=now + QUEUED / world.haste,
            ends=now + WORKED / world.haste,
        )
        self.feeds[feed.feed_id] = feed
        self._open.append(feed.feed_id)
        return feed

    def feed(self, feed_id: str, seller_id: str) -> Feed:
        """A seller's feed; refuses (404) one that is not there."""
        feed = self.feeds.get(feed_id)
        if feed is None or feed.seller_id != seller_id:
            raise Refusal(404, "NotFound", f"Feed {feed_id} was not found.")
        return feed

    def settle(self) -> None:
        """Do what feeds had to do by now. Called before anything is read, so that effects come when they are due."""
        now = self._marketplace.world.now()
        for feed in [self.feeds[feed_id] for feed_id in self._open]:
            if feed.starts <= now:
                feed.status = "IN_PROGRESS"
            if feed.ends <= now:
                self._work(feed)
                self._open.remove(feed.feed_id)

    def _work(self, feed: Feed) -> None:
        body = self.documents[feed.document_id].body or b""
        flat = feed.feed_type == FLAT_CANCELLATIONS
        try:
            messages = list(_flat_messages(body) if flat else _xml_messages(body))
        except (ValueError, ElementTree.ParseError, UnicodeDecodeError):
            feed.status = "FATAL"
            return
        for message in messages:
            message.error = message.error or self._apply(message, feed.seller_id)
        report = _flat_report(messages) if flat else _xml_report(messages, feed)
        content_type = "text/tab-separated-values; charset=UTF-8" if flat else "text/xml; charset=UTF-8"
        feed.result_document_id = self.create_document(feed.seller_id, content_type, report).document_id
        feed.status = "DONE"

    def _apply(self, message: Message, seller_id: str) -> str:
        # The error in the words of the report; empty when the order took it.
        try:
            order = self._marketplace.order(message.order_id, seller_id)
            if message.acknowledged:
                return ""
            if order["fulfillment"].get("fulfilledBy") != "MERCHANT":
                return f"Order {message.order_id} is not fulfilled by the merchant."
            if message.reason not in CANCEL_REASONS:
                return f"The cancellation reason {message.reason!r} is not valid."
            self._marketplace.cancel(message.order_id, "MERCHANT", message.reason, message.item_ids or None)
        except Refusal as refusal:
            return refusal.message
        return ""


def _xml_messages(body: bytes) -> Iterator[Message]:
    if b"<!DOCTYPE" in body or b"<!ENTITY" in body:
        raise ValueError("a feed needs no document type")
    envelope = ElementTree.fromstring(body)  # noqa: S314 - entities are refused above
    if envelope.findtext("MessageType") != "OrderAcknowledgement":
        raise ValueError("MessageType is not OrderAcknowledgement")
    for entry in envelope.findall("Message"):
        acknowledgement = entry.find("OrderAcknowledgement")
        if acknowledgement is None:
            raise ValueError("a message without OrderAcknowledgement")
        items = acknowledgement.findall("Item")
        status = acknowledgement.findtext("StatusCode", "")
        yield Message(
            number=int(entry.findtext("MessageID", "0")),
            order_id=acknowledgement.findtext("AmazonOrderID", "").strip(),
            acknowledged=status == "Success",
            reason=next((reason for item in items if (reason := item.findtext("CancelReason"))), ""),
            item_ids=[code for item in items if (code := item.findtext("AmazonOrderItemCode", "").strip())],
            error="" if status in ("Success", "Failure") else f"StatusCode {status!r} is not valid.",
        )


def _flat_messages(body: bytes) -> Iterator[Message]:
    rows = list(csv.DictReader(io.StringIO(body.decode("utf-8-sig")), delimiter="\t"))
    if not rows or not {"order-id", "cancellation-reason-code"} <= set(rows[0]):
        raise ValueError("order-id and cancellation-reason-code are required columns")
    for number, row in enumerate(rows, start=1):
        code = (row.get("amazon-order-item-code") or "").strip()
        yield Message(
            number=number,
            order_id=(row["order-id"] or "").strip(),
            reason=(row["cancellation-reason-code"] or "").strip(),
            item_ids=[code] if code else [],
        )


def _flat_report(messages: list[Message]) -> bytes:
    failed = [message for message in messages if message.error]
    lines = [
        "Feed Processing Summary:",
        f"\tNumber of records processed\t\t{len(messages)}",
        f"\tNumber of records successful\t\t{len(messages) - len(failed)}",
        "",
        "original-record-number\torder-id\terror-code\terror-type\terror-message",
        *(f"{message.number}\t{message.order_id}\t18028\tError\t{message.error}" for message in failed),
    ]
    return ("\n".join(lines) + "\n").encode()


def _xml_report(messages: list[Message], feed: Feed) -> bytes:
    failed = [message for message in messages if message.error]
    envelope = ElementTree.Element("AmazonEnvelope")
    header = ElementTree.SubElement(envelope, "Header")
    ElementTree.SubElement(header, "DocumentVersion").text = "1.02"
    ElementTree.SubElement(header, "MerchantIdentifier").text = feed.seller_id
    ElementTree.SubElement(envelope, "MessageType").text = "ProcessingReport"
    outer = ElementTree.SubElement(envelope, "Message")
    ElementTree.SubElement(outer, "MessageID").text = "1"
    report = ElementTree.SubElement(outer, "ProcessingReport")
    ElementTree.SubElement(report, "DocumentTransactionID").text = feed.feed_id
    ElementTree.SubElement(report, "StatusCode").text = "Complete"
    summary = ElementTree.SubElement(report, "ProcessingSummary")
    for name, count in (
        ("MessagesProcessed", len(messages)),
        ("MessagesSuccessful", len(messages) - len(failed)),
        ("MessagesWithError", len(failed)),
        ("MessagesWithWarning", 0),
    ):
        ElementTree.SubElement(summary, name).text = str(count)
    for message in failed:
        result = ElementTree.SubElement(report, "Result")
        ElementTree.SubElement(result, "MessageID").text = str(message.number)
        ElementTree.SubElement(result, "ResultCode").text = "Error"
        ElementTree.SubElement(result, "ResultMessageCode").text = "18028"
        ElementTree.SubElement(result, "ResultDescription").text = message.error
        ElementTree.SubElement(
            ElementTree.SubElement(result, "AdditionalInfo"), "AmazonOrderID"
        ).text = message.order_id
    return bytes(ElementTree.tostring(envelope, encoding="utf-8", xml_declaration=True))
