"""Feeds and notifications: the seller's cancellations, worked off as time passes; destinations and subscriptions."""

from __future__ import annotations

import dataclasses
from xml.etree import ElementTree

import pytest
from jsonschema import Draft4Validator

from bridge.sandbox.feeds import FLAT_CANCELLATIONS, XML_CANCELLATIONS
from tests.sandbox.amazon_desk import MUGS, TENT, Desk, contract, errors

FEEDS = "/feeds/2021-06-30"
QUEUE = "arn:aws:sqs:us-east-1:123456789012:orders"
XML_TYPE = "text/xml; charset=UTF-8"


@pytest.fixture
def desk() -> Desk:
    return Desk()


def upload(desk: Desk, text: str, content_type: str = XML_TYPE) -> str:
    created = desk.post(f"{FEEDS}/documents", {"contentType": content_type})
    assert created.status_code == 201
    stored = desk.http.put(created.json["url"], data=text.encode(), headers={"Content-Type": content_type})
    assert stored.status_code == 200
    return created.json["feedDocumentId"]


def feed(desk: Desk, text: str, feed_type: str = XML_CANCELLATIONS, content_type: str = XML_TYPE) -> str:
    body = {"feedType": feed_type, "marketplaceIds": ["ATVPDKIKX0DER"]}
    created = desk.post(f"{FEEDS}/feeds", body | {"inputFeedDocumentId": upload(desk, text, content_type)})
    assert created.status_code == 202
    return created.json["feedId"]


def get(desk: Desk, path: str):
    answer = desk.http.get(f"/amazon{path}", headers=desk.headers)
    assert answer.status_code == 200, answer.text
    return answer.json


def report(desk: Desk, feed_id: str) -> str:
    document = get(desk, f"{FEEDS}/documents/{get(desk, f'{FEEDS}/feeds/{feed_id}')['resultFeedDocumentId']}")
    return desk.http.get(document["url"]).text


def envelope(*messages: tuple[str, str, str, str]) -> str:
    """(order id, StatusCode, item id, reason) of each message."""
    parts = [
        f"<Message><MessageID>{number}</MessageID><OrderAcknowledgement><AmazonOrderID>{order_id}</AmazonOrderID>"
        f"<StatusCode>{code}</StatusCode>"
        + (
            f"<Item><AmazonOrderItemCode>{item_id}</AmazonOrderItemCode><CancelReason>{reason}</CancelReason></Item>"
            if item_id
            else ""
        )
        + "</OrderAcknowledgement></Message>"
        for number, (order_id, code, item_id, reason) in enumerate(messages, start=1)
    ]
    return (
        '<?xml version="1.0" encoding="UTF-8"?><AmazonEnvelope><Header><DocumentVersion>1.01</DocumentVersion></Header>'
        f"<MessageType>OrderAcknowledgement</MessageType>{''.join(parts)}</AmazonEnvelope>"
    )


def first_item(desk: Desk, order_id: str) -> str:
    return desk.amazon.orders[order_id]["orderItems"][0]["orderItemId"]


def test_a_feed_waits_is_worked_and_is_done_and_only_then_the_order_is_cancelled(desk):
    order_id = desk.unshipped()
    feed_id = feed(desk, envelope((order_id, "Failure", first_item(desk, order_id), "NoInventory")))
    seen = []
    for seconds in (0, 29, 1, 29, 1):
        desk.later(seconds=seconds)
        shown = get(desk, f"{FEEDS}/feeds/{feed_id}")
        seen.append((shown["processingStatus"], desk.amazon.status(order_id)))
    assert seen == [
        ("IN_QUEUE", "UNSHIPPED"),
        ("IN_QUEUE", "UNSHIPPED"),
        ("IN_PROGRESS", "UNSHIPPED"),
        ("IN_PROGRESS", "UNSHIPPED"),
        ("DONE", "CANCELLED"),
    ]
    execution = {"cancelledBy": "MERCHANT", "cancelReason": "NoInventory"}
    assert desk.get(order_id)["orderItems"][0]["cancellation"]["cancellationExecution"] == execution


def test_the_sample_of_a_cancellation_feed_is_understood(desk):
    sample = contract("order_feeds_facts.json")["sampleCancellationXml"]
    item_id = "79039765272157"
    line = dataclasses.replace(TENT, order_item_id=item_id)
    order_id = desk.unshipped(line, order_id="902-1106328-1059050")
    feed(desk, sample)
    desk.later(minutes=1)
    assert desk.get(order_id)["fulfillment"]["fulfillmentStatus"] == "CANCELLED"


def test_the_effect_shows_though_nobody_asks_for_the_feed(desk):
    order_id = desk.unshipped()
    feed(desk, envelope((order_id, "Failure", first_item(desk, order_id), "NoInventory")))
    desk.later(minutes=1)
    assert desk.get(order_id)["fulfillment"]["fulfillmentStatus"] == "CANCELLED"


def test_a_done_feed_reports_each_message_that_failed(desk):
    good, fba, shipped, acknowledged = (
        desk.unshipped(),
        desk.unshipped(fulfilled_by="AMAZON"),
        desk.unshipped(),
        desk.unshipped(),
    )
    desk.confirm(shipped, {0: 1})
    feed_id = feed(
        desk,
        envelope(
            (good, "Failure", first_item(desk, good), "BuyerCanceled"),
            (fba, "Failure", first_item(desk, fba), "NoInventory"),
            (shipped, "Failure", first_item(desk, shipped), "NoInventory"),
            ("111-0000000-0000000", "Failure", "1", "NoInventory"),
            (acknowledged, "Success", "", ""),
            (acknowledged, "Failure", first_item(desk, acknowledged), "Whim"),
            (acknowledged, "Failure", "12345", "NoInventory"),
            (acknowledged, "Perhaps", "", ""),
        ),
    )
    desk.later(minutes=1)
    result = ElementTree.fromstring(report(desk, feed_id)).find("Message/ProcessingReport")
    counts = {name.tag: int(name.text) for name in result.find("ProcessingSummary")}
    assert (counts["MessagesProcessed"], counts["MessagesSuccessful"], counts["MessagesWithError"]) == (8, 2, 6)
    assert [entry.findtext("MessageID") for entry in result.findall("Result")] == ["2", "3", "4", "6", "7", "8"]
    assert [desk.amazon.status(order_id) for order_id in (good, fba, shipped, acknowledged)] == [
        "CANCELLED",
        "UNSHIPPED",
        "SHIPPED",
        "UNSHIPPED",
    ]


def test_the_flat_file_cancels_by_line(desk):
    order_id, other = desk.unshipped(TENT, MUGS), desk.unshipped()
    text = (
        "order-id\tcancellation-reason-code\tamazon-order-item-code\n"
        f"{order_id}\tNoInventory\t{first_item(desk, order_id)}\n{other}\tNoInventory\t\n{other}\tNoInventory\t\n"
    )
    plain = "text/tab-separated-values; charset=UTF-8"
    feed_id = feed(desk, text, FLAT_CANCELLATIONS, plain)
    desk.later(minutes=1)
    lines = report(desk, feed_id).splitlines()
    assert lines[1].split() == ["Number", "of", "records", "processed", "3"]
    assert lines[2].split()[-1] == "2"
    assert lines[-1].startswith(f"3\t{other}\t")
    assert (desk.amazon.status(order_id), desk.amazon.status(other)) == ("UNSHIPPED", "CANCELLED")


@pytest.mark.parametrize("text", ["", "no xml", "<AmazonEnvelope><MessageType>Product</MessageType></AmazonEnvelope>"])
def test_a_feed_that_cannot_be_read_is_fatal(desk, text):
    feed_id = feed(desk, text)
    desk.later(minutes=1)
    shown = get(desk, f"{FEEDS}/feeds/{feed_id}")
    assert shown["processingStatus"] == "FATAL"
    assert "resultFeedDocumentId" not in shown


def test_a_feed_with_a_document_type_is_not_opened(desk):
    feed_id = feed(desk, '<!DOCTYPE a [<!ENTITY b "c">]><AmazonEnvelope/>')
    desk.later(minutes=1)
    assert get(desk, f"{FEEDS}/feeds/{feed_id}")["processingStatus"] == "FATAL"


def test_a_document_is_stored_only_with_the_content_type_that_was_announced(desk):
    url = desk.post(f"{FEEDS}/documents", {"contentType": XML_TYPE}).json["url"]
    assert desk.http.put(url, data=b"x", headers={"Content-Type": "text/plain"}).status_code == 403
    assert desk.http.put(f"{url}0", data=b"x", headers={"Content-Type": XML_TYPE}).status_code == 404


@pytest.mark.parametrize(
    "change",
    [{"feedType": "POST_PRODUCT_DATA"}, {"marketplaceIds": []}, {"inputFeedDocumentId": "unknown"}],
)
def test_a_wrong_feed_is_invalid_input(desk, change):
    body = {"feedType": XML_CANCELLATIONS, "marketplaceIds": ["ATVPDKIKX0DER"]}
    body |= {"inputFeedDocumentId": upload(desk, envelope())} | change
    assert errors(desk.post(f"{FEEDS}/feeds", body))[:2] == (400, "InvalidInput")


def test_a_feed_over_a_document_that_was_never_uploaded_is_refused(desk):
    created = desk.post(f"{FEEDS}/documents", {"contentType": XML_TYPE}).json
    body = {"feedType": XML_CANCELLATIONS, "marketplaceIds": ["ATVPDKIKX0DER"]}
    body["inputFeedDocumentId"] = created["feedDocumentId"]
    assert desk.post(f"{FEEDS}/feeds", body).status_code == 400


def test_feeds_are_listed_newest_first_and_filtered(desk):
    first, second = feed(desk, envelope()), feed(desk, envelope())
    listed = get(desk, f"{FEEDS}/feeds?feedTypes={XML_CANCELLATIONS}")["feeds"]
    assert [entry["feedId"] for entry in listed] == [second, first]
    assert get(desk, f"{FEEDS}/feeds?feedTypes={FLAT_CANCELLATIONS}")["feeds"] == []
    assert get(desk, f"{FEEDS}/feeds?feedTypes={XML_CANCELLATIONS}&processingStatuses=DONE")["feeds"] == []
    assert desk.http.get(f"/amazon{FEEDS}/feeds", headers=desk.headers).status_code == 400


def test_what_feeds_answer_is_what_amazons_model_allows(desk):
    model = contract("feeds_2021-06-30.json")

    def valid(name, document):
        Draft4Validator({"$ref": f"#/definitions/{name}", "definitions": model["definitions"]}).validate(document)

    feed_id = feed(desk, envelope())
    valid("Feed", get(desk, f"{FEEDS}/feeds/{feed_id}"))
    desk.later(minutes=1)
    done = get(desk, f"{FEEDS}/feeds/{feed_id}")
    valid("Feed", done)
    valid("GetFeedsResponse", get(desk, f"{FEEDS}/feeds?feedTypes={XML_CANCELLATIONS}"))
    valid("FeedDocument", get(desk, f"{FEEDS}/documents/{done['resultFeedDocumentId']}"))


def test_a_subscription_needs_a_destination_that_only_a_grantless_token_makes(desk):
    body = {"name": "orders", "resourceSpecification": {"sqs": {"arn": QUEUE}}}
    assert desk.post("/notifications/v1/destinations", body).status_code == 403
    seller_headers = desk.headers
    desk.log_in(grant_type="client_credentials", scope="sellingpartnerapi::notifications")
    destination = desk.post("/notifications/v1/destinations", body).json["payload"]
    assert destination["resource"] == {"sqs": {"arn": QUEUE}}
    assert desk.post("/notifications/v1/destinations", body).status_code == 409
    assert get(desk, "/notifications/v1/destinations")["payload"] == [destination]
    assert desk.search().status_code == 403
    desk.headers = seller_headers
    wanted = {"payloadVersion": "1.0", "destinationId": destination["destinationId"]}
    path = "/notifications/v1/subscriptions/ORDER_CHANGE"
    half = wanted | {"processingDirective": {"eventFilter": {"orderChangeTypes": ["OrderStatusChange"]}}}
    assert desk.post(path, half).status_code == 400
    subscription = desk.post(path, wanted).json["payload"]
    assert get(desk, path)["payload"] == subscription
    assert desk.post(path, wanted).status_code == 409


def test_a_subscription_ends_when_it_is_deleted(desk):
    destination = desk.amazon.notifications.create_destination(
        {"name": "orders", "resourceSpecification": {"sqs": {"arn": QUEUE}}}
    )
    path = "/notifications/v1/subscriptions/ORDER_CHANGE"
    wanted = {"payloadVersion": "1.0", "destinationId": destination["destinationId"]}
    subscription = desk.post(path, wanted).json["payload"]
    desk.log_in(grant_type="client_credentials", scope="sellingpartnerapi::notifications")
    gone = f"/amazon{path}/{subscription['subscriptionId']}"
    assert [desk.http.delete(gone, headers=desk.headers).status_code for _ in range(2)] == [200, 404]
    desk.log_in()
    assert desk.http.get(f"/amazon{path}", headers=desk.headers).status_code == 404


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("destinations", {"name": "orders"}),
        ("destinations", {"name": "orders", "resourceSpecification": {"sqs": {"arn": "arn:aws:sns:x"}}}),
        ("subscriptions/ORDER_CHANGE", {"payloadVersion": "1.0", "destinationId": "unknown"}),
        ("subscriptions/FEED_PROCESSING_FINISHED", {"payloadVersion": "1.0"}),
    ],
)
def test_half_a_destination_or_subscription_is_invalid_input(desk, path, body):
    if path == "destinations":
        desk.log_in(grant_type="client_credentials", scope="sellingpartnerapi::notifications")
    assert errors(desk.post(f"/notifications/v1/{path}", body))[:2] == (400, "InvalidInput")


def test_a_full_processing_directive_is_kept(desk):
    resource = {"name": "orders", "resourceSpecification": {"sqs": {"arn": QUEUE}}}
    destination = desk.amazon.notifications.create_destination(resource)
    event_filter = {"eventFilterType": "ORDER_CHANGE", "orderChangeTypes": ["OrderStatusChange"]}
    body = {"payloadVersion": "1.0", "destinationId": destination["destinationId"]}
    body["processingDirective"] = {"eventFilter": event_filter}
    path = "/notifications/v1/subscriptions/ORDER_CHANGE"
    assert desk.post(path, body).json["payload"]["processingDirective"] == {"eventFilter": event_filter}


@pytest.mark.parametrize("path", [f"{FEEDS}/documents", f"{FEEDS}/feeds"])
@pytest.mark.parametrize("body", [[], "text", {}])
def test_a_body_that_is_not_what_is_expected_is_invalid_input(desk, path, body):
    assert errors(desk.post(path, body))[:2] == (400, "InvalidInput")


@pytest.mark.parametrize("path", [f"{FEEDS}/feeds/1", f"{FEEDS}/documents/1"])
def test_a_feed_or_document_that_is_not_there_is_a_404(desk, path):
    assert errors(desk.http.get(f"/amazon{path}", headers=desk.headers))[:2] == (404, "NotFound")


def test_feeds_can_be_listed_since_a_time(desk):
    feed(desk, envelope())
    listing = f"{FEEDS}/feeds?feedTypes={XML_CANCELLATIONS}&createdSince="
    assert len(get(desk, f"{listing}2026-03-01T12:00:00Z")["feeds"]) == 1
    assert get(desk, f"{listing}2026-03-01T12:00:01Z")["feeds"] == []
    assert desk.http.get(f"/amazon{listing}yesterday", headers=desk.headers).status_code == 400
