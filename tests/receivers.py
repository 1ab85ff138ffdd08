"""A webhook receiver on a loopback port of its own: keeps what it gets and answers as it is told."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from unittest.mock import patch

from standardwebhooks import webhooks as library


@dataclass(frozen=True)
class Message:
    """What came: headers in small letters, the body as it was."""

    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Receiver:
    """statuses: the answers to come, the last one for ever after; `answer` is sent with each."""

    url: str = ""
    statuses: list[int] = field(default_factory=lambda: [204])
    answer: dict[str, str] = field(default_factory=dict)
    messages: list[Message] = field(default_factory=list)

    def next_status(self) -> int:
        return self.statuses.pop(0) if len(self.statuses) > 1 else self.statuses[0]

    def verified(self, secret: str, number: int = -1) -> Any:
        """The message as the Standard Webhooks library reads it when it arrives; a signature that does not fit raises.

        The library asks what time it is, and tests have a time of their own: the message's.
        """
        message = self.messages[number]
        sent = datetime.fromtimestamp(int(message.headers["webhook-timestamp"]), UTC)

        class Clock(datetime):
            @classmethod
            def now(cls, tz: Any = None) -> datetime:
                return sent

        with patch.object(library, "datetime", Clock):
            return library.Webhook(secret).verify(message.body, message.headers)


@contextmanager
def receiving() -> Iterator[Receiver]:
    """A receiver that listens."""
    held = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            held.messages.append(Message(self.path, headers, body))
            self.send_response(held.next_status())
            for name, value in held.answer.items():
                self.send_header(name, value)
            self.end_headers()

        def log_message(self, *_args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    held.url = f"http://127.0.0.1:{server.server_address[1]}/hook"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield held
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
