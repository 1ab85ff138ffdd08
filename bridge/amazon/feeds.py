"""Cancellation feeds: building them, and reading the processing reports that say what came of them (amazon-sp-api 2.3).

A feed that is DONE may have failed message by message: only its report tells, and only the order itself proves it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from xml.etree import ElementTree

from bridge.amazon.words import CANCEL_REASONS

FLAT_CANCELLATIONS = "POST_FLAT_FILE_ORDER_ACKNOWLEDGEMENT_DATA"
XML_CANCELLATIONS = "POST_ORDER_ACKNOWLEDGEMENT_DATA"
MAX_MESSAGES = 10_000  # of one feed

_COLUMNS = ("order-id", "cancellation-reason-code", "amazon-order-item-code")
_REPORT_COLUMNS = {"original-record-number", "error-code", "error-type", "error-message"}


@dataclass(frozen=True, slots=True)
class Cancellation:
    """An order, or some of its items, to be cancelled by the seller; `reason` is one of CANCEL_REASONS.

    Without item ids the whole order is meant, which the flat file says by an empty item code; the XML feed needs them.
    """

    order_id: str
    reason: str
    item_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FeedContent:
    """What is uploaded, and the content type that its document must be created with."""

    feed_type: str
    content_type: str
    body: bytes


@dataclass(frozen=True, slots=True)
class FeedStatus:
    """How far a feed is: IN_QUEUE, IN_PROGRESS, DONE, FATAL or CANCELLED."""

    feed_id: str
    processing_status: str
    result_document_id: str | None = None

    @property
    def ended(self) -> bool:
        """Whether Amazon will do no more with it."""
        return self.processing_status in {"DONE", "FATAL", "CANCELLED"}


@dataclass(frozen=True, slots=True)
class FeedError:
    """A message of a feed that Amazon refused. message_number counts from 1; order_id is "" where none is reported."""

    message_number: int
    order_id: str
    code: str
    description: str


@dataclass(frozen=True, slots=True)
class ProcessingReport:
    """What came of a feed, message by message."""

    processed: int
    successful: int
    errors: tuple[FeedError, ...] = ()


def flat_cancellations(cancellations: Sequence[Cancellation]) -> FeedContent:
    """The tab-separated cancellation feed. Raises ValueError for what cannot be said in it."""
    rows = ["\t".join(_COLUMNS)]
    for cancellation in _checked(cancellations):
        for item_id in cancellation.item_ids or ("",):
            cells = (cancellation.order_id, cancellation.reason, item_id)
            if any(not cell.isprintable() for cell in cells):
                raise ValueError("an id in a flat file holds no tab or line break")
            rows.append("\t".join(cells))
    content_type = "text/tab-separated-values; charset=UTF-8"
    return FeedContent(FLAT_CANCELLATIONS, content_type, ("\n".join(rows) + "\n").encode())


def xml_cancellations(cancellations: Sequence[Cancellation], seller_id: str) -> FeedContent:
    """The OrderAcknowledgement feed with StatusCode Failure. Raises ValueError for what cannot be said in it."""
    envelope = ElementTree.Element("AmazonEnvelope")
    header = ElementTree.SubElement(envelope, "Header")
    _add(header, "DocumentVersion", "1.01")
    _add(header, "MerchantIdentifier", seller_id)
    _add(envelope, "MessageType", "OrderAcknowledgement")
    for number, cancellation in enumerate(_checked(cancellations), start=1):
        if not cancellation.item_ids:
            raise ValueError("an OrderAcknowledgement names the items that it cancels")
        message = ElementTree.SubElement(envelope, "Message")
        _add(message, "MessageID", str(number))
        acknowledgement = ElementTree.SubElement(message, "OrderAcknowledgement")
        _add(acknowledgement, "AmazonOrderID", cancellation.order_id)
        _add(acknowledgement, "StatusCode", "Failure")
        for item_id in cancellation.item_ids:
            item = ElementTree.SubElement(acknowledgement, "Item")
            _add(item, "AmazonOrderItemCode", item_id)
            _add(item, "CancelReason", cancellation.reason)
    body: bytes = ElementTree.tostring(envelope, encoding="UTF-8", xml_declaration=True)
    return FeedContent(XML_CANCELLATIONS, "text/xml; charset=UTF-8", body)


def read_report(feed_type: str, report: bytes) -> ProcessingReport:
    """The processing report of a cancellation feed. Raises ValueError when it is none."""
    return _read_flat(report) if feed_type == FLAT_CANCELLATIONS else _read_xml(report)


def _checked(cancellations: Sequence[Cancellation]) -> Sequence[Cancellation]:
    if not 1 <= len(cancellations) <= MAX_MESSAGES:
        raise ValueError(f"a feed holds 1 to {MAX_MESSAGES} cancellations")
    for cancellation in cancellations:
        if cancellation.reason not in CANCEL_REASONS:
            raise ValueError(f"{cancellation.reason!r} is not a reason that Amazon knows")
    return cancellations


def _add(parent: ElementTree.Element, name: str, text: str) -> None:
    if any(not (character.isprintable() or character in "\t\n\r") for character in text):
        raise ValueError(f"{name} holds a character that XML cannot")
    ElementTree.SubElement(parent, name).text = text


def _read_flat(report: bytes) -> ProcessingReport:
    try:
        text = report.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = report.decode("latin-1")  # what Amazon writes its older reports in
    counts: dict[str, int] = {}
    errors: list[FeedError] = []
    columns: list[str] = []
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.split("\t")]
        words = [cell for cell in cells if cell]
        if columns and words:
            errors.append(_flat_error(dict(zip(columns, cells, strict=False))))
        elif set(words) >= _REPORT_COLUMNS:
            columns = cells
        elif len(words) == 2 and words[0].startswith("Number of records"):
            counts[words[0].split()[-1]] = int(words[1])
    if "processed" not in counts or "successful" not in counts:
        raise ValueError("the text is not a processing report")
    # Warnings are told in the same table; the order was cancelled all the same.
    refused = tuple(error for error in errors if error.message_number >= 0)
    return ProcessingReport(counts["processed"], counts["successful"], refused)


def _flat_error(row: dict[str, str]) -> FeedError:
    number = row["original-record-number"] if row.get("error-type", "").lower() != "warning" else "-1"
    return FeedError(int(number or 0), row.get("order-id", ""), row.get("error-code", ""), row.get("error-message", ""))


def _read_xml(report: bytes) -> ProcessingReport:
    # A document type could make the parser expand entities without end; a report has none.
    if b"<!DOCTYPE" in report or b"<!ENTITY" in report:
        raise ValueError("a processing report has no document type")
    try:
        body = ElementTree.fromstring(report).find("Message/ProcessingReport")  # noqa: S314 - see above
    except ElementTree.ParseError as error:
        raise ValueError("the text is not XML") from error
    summary = body.find("ProcessingSummary") if body is not None else None
    if body is None or summary is None:
        raise ValueError("the XML is not a processing report")
    errors = tuple(
        FeedError(
            int(result.findtext("MessageID") or 0),
            result.findtext("AdditionalInfo/AmazonOrderID") or "",
            result.findtext("ResultMessageCode") or "",
            result.findtext("ResultDescription") or "",
        )
        for result in body.findall("Result")
        if result.findtext("ResultCode") == "Error"
    )
    processed, successful = (int(summary.findtext(name) or 0) for name in ("MessagesProcessed", "MessagesSuccessful"))
    return ProcessingReport(processed, successful, errors)
