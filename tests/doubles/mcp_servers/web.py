"""An HTTP server on this machine that answers every request in one way."""

from __future__ import annotations

import contextlib
import gzip
import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Answer = Callable[["Handler"], None]


class Handler(BaseHTTPRequestHandler):
    server: WebServer

    def do_GET(self) -> None:
        self.give(405, "text/plain", b"")

    do_DELETE = do_GET

    def do_POST(self) -> None:
        self.body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.requests.append(self.path)
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # the client had enough
            self.server.answer(self)

    def give(self, status: int, content_type: str, data: bytes, **headers: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: Any) -> None:
        pass


class WebServer(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, answer: Answer) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.answer = answer
        self.requests: list[str] = []
        self.is_closing = threading.Event()
        self._thread = threading.Thread(target=self.serve_forever, args=(0.01,))
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/mcp"

    def stop(self) -> None:
        self.is_closing.set()
        self.shutdown()
        self._thread.join()
        self.server_close()


def wants_a_key(handler: Handler) -> None:
    handler.give(401, "text/plain", b"no")


def page(handler: Handler) -> None:
    handler.give(200, "text/html", b"<html>Welcome to my router</html>")


def huge(handler: Handler) -> None:
    handler.give(200, "application/json", b'"' + b"x" * 3_000_000 + b'"')


def huge_event(handler: Handler) -> None:
    handler.give(200, "text/event-stream", b"data: " + b"x" * 3_000_000 + b"\n\n")


def packed(handler: Handler) -> None:
    data = gzip.compress(b" " * 3_000_000)
    handler.give(200, "application/json", data, Content_Encoding="gzip")


def silent(handler: Handler) -> None:
    handler.server.is_closing.wait(20)


def forgetful(handler: Handler) -> None:
    """Shakes hands and lists its tools, and does not know the session when one is called."""
    body: dict[str, Any] = handler.body
    if "id" not in body:
        handler.give(202, "text/plain", b"")
        return
    info = {"name": "forgetful", "version": "1"}
    results: dict[str, dict[str, Any]] = {
        "initialize": {
            "protocolVersion": "2025-06-18",
            "capabilities": {"tools": {}},
            "serverInfo": info,
        },
        "tools/list": {"tools": [{"name": "t", "inputSchema": {"type": "object"}}]},
    }
    if body["method"] not in results:
        handler.give(404, "text/plain", b"")
        return
    answer = {"jsonrpc": "2.0", "id": body["id"], "result": results[body["method"]]}
    handler.give(200, "application/json", json.dumps(answer).encode(), Mcp_Session_Id="1")


def redirect_to(url: str) -> Answer:
    return lambda handler: handler.give(307, "text/plain", b"", Location=url)
