"""The queue (AWS SQS, standard) that Amazon's notifications arrive in: at least once, in any order (amazon-sp-api 4).

boto3 is the extra `[sqs]`: nothing but this module needs it. Whoever may read the queue is found by boto3 itself
(AWS_ACCESS_KEY_ID ..., a profile, the machine's role).
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from types import TracebackType
from typing import Any
from urllib.parse import urlsplit

from bridge.amazon.connection import check_address
from bridge.errors import ConfigError, RemoteError, Verdict

BATCH = 10  # the most that one request of SQS takes or gives
HIDDEN_FOR = 60  # seconds for which a message that was handed out is not handed out again
_REGION = re.compile(r"(?:sqs\.)?([a-z]{2}(?:-[a-z]+)+-\d)\.(?:queue\.)?amazonaws\.com(?:\.cn)?")
_MENDED_BY_HAND = (
    "AccessDenied",
    "InvalidClientTokenId",
    "SignatureDoesNotMatch",
    "UnrecognizedClient",
    "ExpiredToken",
)


@dataclass(frozen=True, slots=True)
class Message:
    """A message as SQS delivered it. handle: of this delivery, needed to delete it. attempts: deliveries so far."""

    message_id: str
    handle: str
    body: str
    attempts: int = 1


class Queue:
    """One queue. Use it as a context manager. Every failure is a RemoteError (system "amazon").

    url: as SQS names the queue. endpoint: in place of AWS's own. Raises ConfigError for addresses that are not safe,
    and when boto3 is not installed or finds no region.
    """

    def __init__(self, url: str, endpoint: str | None = None) -> None:
        self._url = check_address(url)
        self._boto = _client(self._url, check_address(endpoint) if endpoint else None)

    def __enter__(self) -> Queue:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self._boto.close()

    def receive(self, wait: int) -> list[Message]:
        """Up to ten messages; waits up to `wait` seconds (0..20) for the first. They stay hidden for HIDDEN_FOR."""
        answer = self._call(
            "ReceiveMessage",
            self._boto.receive_message,
            MaxNumberOfMessages=BATCH,
            WaitTimeSeconds=wait,
            VisibilityTimeout=HIDDEN_FOR,
            MessageSystemAttributeNames=["ApproximateReceiveCount"],
        )
        return [
            Message(
                str(sent["MessageId"]),
                str(sent["ReceiptHandle"]),
                str(sent["Body"]),
                int(sent.get("Attributes", {}).get("ApproximateReceiveCount", 1)),
            )
            for sent in answer.get("Messages", ())
        ]

    def delete(self, messages: Sequence[Message]) -> None:
        """These are done with. One that SQS does not delete comes again."""
        entries = [{"Id": str(at), "ReceiptHandle": message.handle} for at, message in enumerate(messages)]
        self._call("DeleteMessageBatch", self._boto.delete_message_batch, Entries=entries)

    def release(self, messages: Sequence[Message]) -> None:
        """These were not worked off: they may be handed out again at once."""
        entries = [
            {"Id": str(at), "ReceiptHandle": message.handle, "VisibilityTimeout": 0}
            for at, message in enumerate(messages)
        ]
        self._call("ChangeMessageVisibilityBatch", self._boto.change_message_visibility_batch, Entries=entries)

    def arn(self) -> str:
        """The queue's name for Amazon's destinations."""
        answer = self._call("GetQueueAttributes", self._boto.get_queue_attributes, AttributeNames=["QueueArn"])
        return str(answer["Attributes"]["QueueArn"])

    def given_up(self) -> int | None:
        """How many messages stand in the queue's own dead-letter queue; None when it has none."""
        policy = self._call(
            "GetQueueAttributes", self._boto.get_queue_attributes, AttributeNames=["RedrivePolicy"]
        ).get("Attributes", {}).get("RedrivePolicy")  # fmt: skip
        if not policy:
            return None
        url = self._url_of(str(json.loads(policy)["deadLetterTargetArn"]))
        counted = "ApproximateNumberOfMessages"
        answer = self._call("GetQueueAttributes", self._boto.get_queue_attributes, url, AttributeNames=[counted])
        return int(answer["Attributes"][counted])

    def _url_of(self, arn: str) -> str:
        """arn:aws:sqs:<region>:<account>:<name>"""
        account, name = arn.split(":")[4:6]
        answer = self._call(
            "GetQueueUrl", self._boto.get_queue_url, None, QueueName=name, QueueOwnerAWSAccountId=account
        )
        return str(answer["QueueUrl"])

    def _call(self, operation: str, ask: Callable[..., Any], url: str | None = "", **arguments: Any) -> dict[str, Any]:
        """url: of another queue than this one; None: of none."""
        from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 - an extra

        where = {} if url is None else {"QueueUrl": url or self._url}
        try:
            answer: dict[str, Any] = ask(**where, **arguments)
        except ClientError as error:
            raise _refused(operation, error.response) from error
        except BotoCoreError as error:  # its text may hold the address or the credentials' source
            raise RemoteError(
                f"The queue cannot be asked: {type(error).__name__}",
                system="amazon",
                operation=operation,
                verdict=Verdict.RETRY,
                code="QueueUnreachable",
            ) from error
        return answer


@cache
def _aws() -> Any:
    """What botocore knows of AWS, read once: each session would read it anew, which takes longer than a run does.

    The sessions stay apart, so that credentials that were mended are found by the next one.
    """
    from botocore.loaders import create_loader  # noqa: PLC0415 - an extra

    return create_loader()


def _client(url: str, endpoint: str | None) -> Any:
    try:
        import boto3  # noqa: PLC0415 - an extra
        import botocore.session  # noqa: PLC0415
        from botocore.config import Config  # noqa: PLC0415
        from botocore.exceptions import NoRegionError  # noqa: PLC0415
    except ImportError as error:
        raise ConfigError("BRIDGE_SQS_QUEUE_URL needs boto3: pip install 'amazon-order-bridge[sqs]'") from error
    # Below INFO they write out whole messages, and a notification holds the buyer's postal code; at INFO they tell with
    # every client where the credentials were found.
    for name in ("boto3", "botocore", "urllib3"):
        logging.getLogger(name).setLevel(logging.WARNING)
    named = _REGION.fullmatch(urlsplit(url).hostname or "")
    region = named[1] if named else ("us-east-1" if endpoint else None)
    patience = Config(
        connect_timeout=5, read_timeout=30, retries={"mode": "standard", "total_max_attempts": 2}, region_name=region
    )
    try:
        session = botocore.session.get_session()
        session.register_component("data_loader", _aws())
        return boto3.session.Session(botocore_session=session).client("sqs", endpoint_url=endpoint, config=patience)
    except NoRegionError as error:
        raise ConfigError("BRIDGE_SQS_QUEUE_URL names no AWS region: set AWS_REGION") from error


def _refused(operation: str, response: dict[str, Any]) -> RemoteError:
    said = response.get("Error", {})
    status = response.get("ResponseMetadata", {}).get("HTTPStatusCode")
    code = str(said.get("Code") or "")
    verdict = Verdict.RETRY
    if any(name in code for name in _MENDED_BY_HAND):
        verdict = Verdict.REAUTHORISE
    elif "NonExistentQueue" in code or "QueueDoesNotExist" in code:
        verdict = Verdict.PERMANENT
    return RemoteError(
        f"The queue refused: {code or 'no reason given'}",
        system="amazon",
        operation=operation,
        verdict=verdict,
        status=status,
        code=code[:64],
        request_id=response.get("ResponseMetadata", {}).get("RequestId"),
    )
