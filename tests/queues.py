"""An SQS of the tests' own: moto's server in a thread, on a port that is free."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto.server import ThreadedMotoServer

REGION = "us-east-1"
_numbers = itertools.count(1)


class LocalQueue:
    """A queue as its owner sees it."""

    def __init__(self, endpoint: str) -> None:
        self.endpoint = endpoint
        self.boto = boto3.client(
            "sqs",
            endpoint_url=endpoint,
            region_name=REGION,
            aws_access_key_id="testing",
            aws_secret_access_key="testing",
        )
        self.url: str = self.boto.create_queue(QueueName=f"orders-{next(_numbers)}")["QueueUrl"]
        self.arn: str = self._attribute("QueueArn")

    def put(self, message: Any) -> None:
        """A text as it is, anything else as JSON."""
        body = message if isinstance(message, str) else json.dumps(message)
        self.boto.send_message(QueueUrl=self.url, MessageBody=body)

    def waiting(self) -> int:
        """Messages that can be received now."""
        return int(self._attribute("ApproximateNumberOfMessages"))

    def hidden(self) -> int:
        """Messages that somebody has received and not deleted."""
        return int(self._attribute("ApproximateNumberOfMessagesNotVisible"))

    def take(self) -> list[Any]:
        """Receive and delete all messages, read as JSON."""
        taken = []
        while found := self.boto.receive_message(QueueUrl=self.url, MaxNumberOfMessages=10).get("Messages"):
            for message in found:
                taken.append(json.loads(message["Body"]))
                self.boto.delete_message(QueueUrl=self.url, ReceiptHandle=message["ReceiptHandle"])
        return taken

    def _attribute(self, name: str) -> str:
        answer = self.boto.get_queue_attributes(QueueUrl=self.url, AttributeNames=[name])
        return str(answer["Attributes"][name])


@pytest.fixture(scope="session")
def sqs_server() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    _host, port = server.get_host_and_port()
    yield f"http://127.0.0.1:{port}"
    server.stop()


@pytest.fixture
def queue(sqs_server: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalQueue]:
    """An empty queue; whoever opens it without credentials of its own gets made-up ones."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    queue = LocalQueue(sqs_server)
    yield queue
    queue.boto.close()
