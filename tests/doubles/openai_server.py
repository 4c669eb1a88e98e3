"""A scripted HTTP server on loopback: it replays what model servers send, and misbehaves on demand.

Each route has a list of answers; the last one is given again and again. An answer is a function
that writes to the open connection, so that it can stall, stop in the middle or send anything.
"""

from __future__ import annotations

import contextlib
import json
import socket
import ssl
import sys
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any

Answer = Callable[["Wire"], None]
CHAT, COMPLETIONS, MODELS = "/v1/chat/completions", "/v1/completions", "/v1/models"
_LONGEST_STALL_S = 60.0


@dataclass(frozen=True)
class Received:
    """A request as it came."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: Any


class Wire:
    """The connection an answer writes to."""

    def __init__(
        self, handler: BaseHTTPRequestHandler, server: OpenAiServer, request: Received
    ) -> None:
        self.request = request
        self._handler = handler
        self._server = server

    def head(self, status: int, content_type: str, **headers: str) -> None:
        """Status line and headers; underscores in names become hyphens."""
        self._handler.send_response(status)
        self._handler.send_header("Content-Type", content_type)
        for name, value in headers.items():
            self._handler.send_header(name.replace("_", "-"), value)
        self._handler.end_headers()

    def write(self, data: bytes) -> None:
        """Bytes as they are."""
        self._handler.wfile.write(data)
        self._handler.wfile.flush()

    def chunk(self, data: bytes) -> None:
        """A chunk of a chunked body; an empty one ends it."""
        self.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")

    def stall(self) -> None:
        """Send nothing until the client is gone or the server closes."""
        self._server.stalled.set()
        connection = self._handler.connection
        connection.settimeout(0.02)
        for _round in range(int(_LONGEST_STALL_S / 0.02)):
            if self._server.closing.is_set():
                return
            with contextlib.suppress(TimeoutError):
                if not connection.recv(1):
                    break
        self._server.hung_up.set()

    def cut(self) -> None:
        """Close the connection at once."""
        self._handler.close_connection = True
        with contextlib.suppress(OSError):
            self._handler.connection.shutdown(socket.SHUT_RDWR)


class _Http(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exception(), OSError):  # clients hang up as they like
            super().handle_error(request, client_address)


class OpenAiServer:
    """Use it with `with`. `received` holds the requests, `hung_up` says that a client left."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self._is_encrypted = tls is not None
        self.received: list[Received] = []
        self.stalled = threading.Event()
        self.hung_up = threading.Event()
        self.closing = threading.Event()
        self._routes: dict[str, list[Answer]] = {}
        self._http = _Http(("127.0.0.1", 0), self._handler())
        if tls is not None:
            # The handshake runs on the connection's own thread, at its first read.
            self._http.socket = tls.wrap_socket(
                self._http.socket, server_side=True, do_handshake_on_connect=False
            )
        self._thread = threading.Thread(
            target=self._http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
        )

    def __enter__(self) -> OpenAiServer:
        self._thread.start()
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self.closing.set()
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()

    @property
    def port(self) -> int:
        return int(self._http.server_address[1])

    @property
    def base_url(self) -> str:
        return f"http{'s' if self._is_encrypted else ''}://127.0.0.1:{self.port}/v1"

    def on(self, path: str, *answers: Answer) -> OpenAiServer:
        """Answer a path with these in turn."""
        self._routes[path] = list(answers)
        return self

    def bodies(self, path: str) -> list[Any]:
        """What was sent to a path."""
        return [each.body for each in self.received if each.path == path]

    def _answer(self, wire: Wire) -> None:
        request = wire.request
        self.received.append(request)
        answers = self._routes.get(request.path)
        if not answers:
            reply({"error": {"message": "no such route", "code": 404}}, status=404)(wire)
            return
        (answers.pop(0) if len(answers) > 1 else answers[0])(wire)

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                self._take(None)

            def do_POST(self) -> None:
                content = self.rfile.read(int(self.headers["Content-Length"]))
                self._take(json.loads(content))

            def _take(self, body: Any) -> None:
                request = Received(self.command, self.path, dict(self.headers), body)
                with contextlib.suppress(OSError):  # the client may leave at any time
                    server._answer(Wire(self, server, request))

            def log_message(self, format: str, *args: Any) -> None:
                pass

        return Handler


def reply(value: Any, status: int = 200, **headers: str) -> Answer:
    """A JSON value."""
    return body(json.dumps(value).encode(), "application/json", status, **headers)


def body(content: bytes, content_type: str, status: int = 200, **headers: str) -> Answer:
    """Any content."""

    def answer(wire: Wire) -> None:
        wire.head(status, content_type, Content_Length=str(len(content)), **headers)
        wire.write(content)

    return answer


def stream(*events: Any, done: bool = True, then: Answer | None = None) -> Answer:
    """Server-sent events: texts as they are, other values as JSON; then the end, or `then`."""

    def answer(wire: Wire) -> None:
        wire.head(200, "text/event-stream; charset=utf-8", Transfer_Encoding="chunked")
        for event in events:
            wire.chunk(event_bytes(event))
        if done:
            wire.chunk(b"data: [DONE]\n\n")
        if then is not None:
            then(wire)
        else:
            wire.chunk(b"")

    return answer


def event_bytes(event: Any) -> bytes:
    """One event; texts and bytes are sent as they are."""
    if isinstance(event, bytes):
        return event
    if isinstance(event, str):
        return event.encode()
    return f"data: {json.dumps(event)}\n\n".encode()


def delta(finish: str | None = None, **part: Any) -> dict[str, Any]:
    """A chunk of a chat completion."""
    return {
        "object": "chat.completion.chunk",
        "choices": [{"index": 0, "delta": part, "finish_reason": finish}],
    }


def usage(prompt: int, output: int, cached: int | None = None) -> dict[str, Any]:
    """The last chunk, with counts."""
    counts: dict[str, Any] = {"prompt_tokens": prompt, "completion_tokens": output}
    if cached is not None:
        counts["prompt_tokens_details"] = {"cached_tokens": cached}
    return {"object": "chat.completion.chunk", "choices": [], "usage": counts}


def said(*texts: str, finish: str = "stop") -> Answer:
    """A plain streamed reply with usage."""
    chunks = [delta(role="assistant", content=""), *(delta(content=each) for each in texts)]
    return stream(*chunks, delta(finish), usage(7, len(texts)))


def models(*ids: str, owner: str = "somebody", **more: Any) -> Answer:
    """A list of models."""
    data = [{"id": each, "object": "model", "owned_by": owner, **more} for each in ids]
    return reply({"object": "list", "data": data})


def as_vllm(server: OpenAiServer, *ids: str) -> OpenAiServer:
    """Look like vLLM."""
    server.on(MODELS, models(*(ids or ("qwen",)), owner="vllm", max_model_len=8192))
    return server.on("/version", reply({"version": "0.11.2"}))


def as_llama_server(server: OpenAiServer, *, vision: bool = False) -> OpenAiServer:
    """Look like llama-server."""
    server.on(MODELS, models("model.gguf", owner="llamacpp", meta={"n_ctx_train": 131072}))
    props = {
        "default_generation_settings": {"n_ctx": 16384},
        "modalities": {"vision": vision},
        "chat_template_caps": {"supports_tools": True},
        "build_info": "b9000-abcdef",
    }
    return server.on("/props", reply(props))


def as_ollama(server: OpenAiServer, *, running: Iterable[Mapping[str, Any]] = ()) -> OpenAiServer:
    """Look like Ollama."""
    server.on(MODELS, models("llama3:latest", "nomic:latest", owner="library"))
    server.on("/api/version", reply({"version": "0.12.3"}))
    server.on("/api/ps", reply({"models": list(running)}))
    shown = {
        "details": {"family": "llama", "quantization_level": "Q4_K_M"},
        "model_info": {"general.architecture": "llama", "llama.context_length": 131072},
        "parameters": 'stop "<|eot|>"\ntemperature 0.6',
        "capabilities": ["completion", "tools", "thinking"],
    }
    return server.on("/api/show", reply(shown))


def as_lm_studio(server: OpenAiServer) -> OpenAiServer:
    """Look like LM Studio."""
    server.on(MODELS, models("embedder", "qwen3-8b", owner="organization_owner"))
    listed = [
        {"id": "embedder", "type": "embeddings", "max_context_length": 512},
        {
            "id": "qwen3-8b",
            "type": "vlm",
            "arch": "qwen3",
            "quantization": "Q4_K_M",
            "max_context_length": 40960,
            "loaded_context_length": 8192,
        },
    ]
    return server.on("/api/v0/models", reply({"object": "list", "data": listed}))
