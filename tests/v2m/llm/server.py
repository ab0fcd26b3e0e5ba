"""A server that speaks chat completions on loopback, and answers as a test tells it to."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Answer = Callable[[dict[str, Any]], "Reply"]


@dataclass(frozen=True)
class Reply:
    """What goes back: a status and a body, or drops of the body with a wait before each."""

    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    drop_s: float = 0.0


@dataclass
class Server:
    """Attributes: `url`, of the API; `asked`, the bodies of all questions; `headers`, theirs."""

    url: str
    asked: list[dict[str, Any]]
    headers: list[dict[str, str]]


def says(value: Any) -> Reply:
    """A completion whose message is JSON (or the very text, if it is text)."""
    content = value if isinstance(value, str) else json.dumps(value)
    return Reply(json.dumps({"choices": [{"message": {"role": "assistant", "content": content}}]}).encode())


@contextmanager
def serving(answer: Answer) -> Iterator[Server]:
    """Serve until the block ends."""
    asked: list[dict[str, Any]] = []
    headers: list[dict[str, str]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            asked.append(body | {"path": self.path})
            headers.append(dict(self.headers))
            reply = answer(body)
            self.send_response(reply.status)
            for name, value in reply.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(reply.body)))
            self.end_headers()
            try:
                for k in range(0, len(reply.body), 8) if reply.drop_s else ():
                    time.sleep(reply.drop_s)
                    self.wfile.write(reply.body[k : k + 8])
                    self.wfile.flush()
                if not reply.drop_s:
                    self.wfile.write(reply.body)
            except OSError:
                pass  # the other side has had enough

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield Server(f"http://127.0.0.1:{server.server_address[1]}/v1", asked, headers)
    finally:
        server.shutdown()
        server.server_close()
        thread.join(2)
