"""Every failure of a server ends in words and in bounded time."""

from __future__ import annotations

import logging
import re
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import replace

import pytest

from app.base.errors import Cancelled
from app.base.jobs import CancelToken
from app.engine.errors import EngineError, EngineStopped, NotSupported, PromptTooLong
from app.engine.messages import Delta
from app.engine.protocol import FinishReason
from app.engine.remote.engine import RemoteEngine
from app.engine.remote.errors import (
    BadAddress,
    CannotConnect,
    KeyRefused,
    NotEncrypted,
    NotOnServer,
    RequestRefused,
    ServerBusy,
    ServerFailed,
    ServerSilent,
)
from app.engine.remote.retries import Retries
from app.engine.remote.server import RemoteModel, ServerKind
from tests.doubles.openai_server import (
    CHAT,
    Answer,
    OpenAiServer,
    Wire,
    body,
    delta,
    reply,
    said,
    stream,
    usage,
)
from tests.unit.engine.remote.conftest import KEY, QUICK, Connect, ask

PAGE = b"<html><head><title>502 Bad Gateway</title></head><body><h1>nginx</h1></body></html>"
NOT_FOR_LONG_S = 4.0


def refused(error: type[EngineError], engine: RemoteEngine) -> EngineError:
    began = time.monotonic()
    with pytest.raises(error) as caught:
        engine.generate(ask())
    assert time.monotonic() - began < NOT_FOR_LONG_S
    assert caught.value.message
    assert caught.value.hint or isinstance(caught.value, BadAddress)
    assert KEY not in str(caught.value)
    return caught.value


def said_error(message: str, status: int, **more: object) -> Answer:
    return reply({"error": {"message": message, **more}}, status)


@pytest.mark.parametrize(
    ("answer", "error", "words"),
    [
        (said_error("Invalid API key", 401), KeyRefused, "does not accept the key.*Invalid API"),
        (said_error("no", 403), KeyRefused, "key"),
        (said_error("The model `the-model` does not exist.", 404), NotOnServer, "no model “the-m"),
        (reply({"detail": "Not Found"}, 404), NotOnServer, "does not know this request.*Not Found"),
        (said_error("model 'x' not found, try pulling it", 404), NotOnServer, "no model"),
        (said_error("gone", 400, code="model_not_found"), NotOnServer, "gone"),
        (body(PAGE, "text/html", 500), ServerFailed, "error 500.*502 Bad Gateway"),
        (reply({"error": "out of memory"}, 500), ServerFailed, "out of memory"),
        (said_error("not set up", 501), NotSupported, "not set up"),
        (said_error("Unknown name", 400, param="min_p"), RequestRefused, "accept “min_p”"),
        (reply({"detail": [{"loc": ["body", "top_k"], "msg": "too small"}]}, 422), RequestRefused,
         "accept “top_k”.*too small"),
        (said_error("strange", 418), RequestRefused, "error 418.*strange"),
        (body(b"", "text/plain", 307, Location="http://example.com/"), BadAddress, "sends us on"),
        (body(b"not json {", "application/json", 400), RequestRefused, "not json"),
        (body(b"", "text/plain", 400), RequestRefused, "error 400"),
        (body(b"\xff" * 5000, "text/plain", 400), RequestRefused, "error 400"),
        (body(PAGE, "text/html"), ServerFailed, "web page"),
        (body(b"hello", "text/plain"), ServerFailed, "text/plain"),
        (body(b"", ""), ServerFailed, "does not say"),
        (body(b"{", "application/json"), ServerFailed, "not JSON"),
        (body(b"[]", "application/json"), ServerFailed, "not an object"),
        (body(b"x", "application/json", Content_Encoding="gzip"), ServerFailed, "compressed"),
        (stream("data: {garbage\n\n"), ServerFailed, "not JSON"),
        (stream("data: [1]\n\n"), ServerFailed, "not an object"),
        (stream({"error": {"message": "boom", "code": 500}}), ServerFailed, "boom"),
        (stream({"error": "no slot"}), ServerFailed, "no slot"),
        (stream('event: error\ndata: {"error": {"message": "bad"}}\n\n'), ServerFailed, "bad"),
        (stream(done=False), ServerFailed, "ended the connection"),
        (stream(delta(role="assistant", content=""), then=Wire.cut, done=False), ServerFailed,
         "ended the connection"),
        (Wire.cut, ServerFailed, "ended the connection"),
        (lambda wire: wire.write(b"SSH-2.0-OpenSSH_9.6\r\n\r\n"), ServerFailed, "not speak HTTP"),
        (lambda wire: wire.write(b"HTTP/1.1 200 OK\r\nX: " + b"x" * 200_000), ServerFailed, "HTTP"),
    ],
)  # fmt: skip
def test_failure_is_said(
    server: OpenAiServer, connect: Connect, answer: Answer, error: type[EngineError], words: str
) -> None:
    server.on(CHAT, answer)
    message = str(refused(error, connect()))
    assert re.search(words, message), message
    assert len(server.received) == 1


@pytest.mark.parametrize(
    ("status", "message", "code"),
    [
        (400, "This model's maximum context length is 2048 tokens. However, you requested 9000",
         "context_length_exceeded"),
        (400, "the request exceeds the available context size (2048 tokens)",
         "exceed_context_size_error"),
        (400, "Trying to keep the first 5000 tokens when context the overflows. However, the model "
         "is loaded with context length of only 4096 tokens", ""),
        (413, "Payload Too Large", ""),
        (500, "Requested tokens (9000) exceed context window of 2048", ""),
    ],
)  # fmt: skip
def test_prompt_that_is_too_long_is_told_apart(
    server: OpenAiServer, connect: Connect, status: int, message: str, code: str
) -> None:
    server.on(CHAT, said_error(message, status, code=code))
    error = refused(PromptTooLong, connect())
    assert message[:40] in error.message


def test_context_error_inside_a_stream_is_told_apart(
    server: OpenAiServer, connect: Connect
) -> None:
    inner = {"code": 400, "type": "exceed_context_size_error", "message": "too long"}
    server.on(CHAT, stream({"error": inner}))
    refused(PromptTooLong, connect())


def test_words_of_a_server_are_cleaned_and_the_key_is_hidden(
    server: OpenAiServer, connect: Connect
) -> None:
    nasty = f"Incorrect key {KEY}\x1b[31m\u202e \n\n" + "x" * 5000
    server.on(CHAT, said_error(nasty, 401))
    message = refused(KeyRefused, connect()).message
    assert "•••" in message
    assert message.isprintable()
    assert len(message) < 500


def test_busy_server_is_asked_again_as_it_wishes(
    server: OpenAiServer, connect: Connect, waits: list[float]
) -> None:
    busy = reply({"error": "slow down"}, 429, Retry_After="7")
    server.on(CHAT, busy, reply({"error": "Loading model"}, 503), said("done"))
    assert connect().generate(ask()).text == "done"
    assert waits == [7.0, 1.0]


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_server_that_stays_busy_is_given_up(
    server: OpenAiServer, connect: Connect, waits: list[float], status: int
) -> None:
    server.on(CHAT, said_error("try later", status))
    assert "try later" in refused(ServerBusy, connect()).message
    assert (len(server.received), waits) == (4, [0.5, 1.0, 2.0])


def test_other_failures_are_not_repeated(
    server: OpenAiServer, connect: Connect, waits: list[float]
) -> None:
    server.on(CHAT, said_error("bug", 500))
    refused(ServerFailed, connect())
    assert (len(server.received), waits) == (1, [])


def test_nothing_is_repeated_once_text_has_come(
    server: OpenAiServer, connect: Connect, waits: list[float]
) -> None:
    server.on(CHAT, stream(delta(content="Half a "), done=False, then=Wire.cut), said("never"))
    deltas: list[Delta] = []
    with pytest.raises(EngineStopped, match="ended the connection") as caught:
        connect().generate(ask(), deltas.append)
    assert caught.value.partial == "Half a "
    assert len(deltas) == 1
    assert (len(server.received), waits) == (1, [])


@pytest.mark.parametrize(
    "then",
    [
        lambda wire: wire.chunk(b"data: {garbage\n\n"),
        lambda wire: wire.chunk(b'data: {"error": {"message": "GPU lost", "code": 503}}\n\n'),
        lambda wire: wire.write(b"zz\r\nnot a chunk"),
        lambda wire: wire.chunk(b""),
    ],
    ids=["garbage", "error", "bad chunk", "no end"],
)
def test_trouble_after_text_keeps_the_text(
    server: OpenAiServer, connect: Connect, then: Answer
) -> None:
    server.on(CHAT, stream(delta(content="so far"), done=False, then=then))
    with pytest.raises(EngineStopped) as caught:
        connect().generate(ask())
    assert caught.value.partial == "so far"
    assert caught.value.hint


def test_failure_after_the_end_of_the_reply_does_not_matter(
    server: OpenAiServer, connect: Connect
) -> None:
    server.on(CHAT, stream(delta(content="whole"), delta("stop"), done=False, then=Wire.cut))
    assert connect().generate(ask()).text == "whole"


def test_server_that_says_nothing_is_given_up(server: OpenAiServer, connect: Connect) -> None:
    server.on(CHAT, Wire.stall)
    refused(ServerSilent, connect(timeouts=QUICK))
    assert server.hung_up.wait(5)


def test_server_that_only_sends_a_head_is_given_up(server: OpenAiServer, connect: Connect) -> None:
    server.on(CHAT, stream(done=False, then=Wire.stall))
    refused(ServerSilent, connect(timeouts=QUICK))


def test_server_that_only_pings_is_given_up(server: OpenAiServer, connect: Connect) -> None:
    def ping(wire: Wire) -> None:
        while True:
            wire.chunk(b": ping\n\n")
            threading.Event().wait(0.02)

    server.on(CHAT, stream(done=False, then=ping))
    refused(ServerSilent, connect(timeouts=QUICK))


def test_stall_in_the_middle_keeps_the_text(server: OpenAiServer, connect: Connect) -> None:
    server.on(CHAT, stream(delta(content="so far"), done=False, then=Wire.stall))
    with pytest.raises(EngineStopped, match="too long") as caught:
        connect(timeouts=QUICK).generate(ask())
    assert caught.value.partial == "so far"


def test_slow_first_byte_is_waited_for(server: OpenAiServer, connect: Connect) -> None:
    def slow(wire: Wire) -> None:
        threading.Event().wait(0.3)
        said("at last")(wire)

    server.on(CHAT, slow)
    patient = replace(QUICK, first_byte_s=5.0, idle_s=0.05)
    assert connect(timeouts=patient).generate(ask()).text == "at last"


def test_line_of_50_mb_is_refused_early(server: OpenAiServer, connect: Connect) -> None:
    sent: list[int] = []

    def flood(wire: Wire) -> None:
        for number in range(800):
            wire.chunk(b"x" * 65536)
            sent.append(number)

    server.on(CHAT, stream("data: ", done=False, then=flood))
    refused(ServerFailed, connect())
    assert len(sent) < 400


def test_json_larger_than_the_limit_is_refused(
    server: OpenAiServer, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.engine.remote.client.JSON_LIMIT", 1 << 20)
    server.on(CHAT, body(b'"' + b"x" * (2 << 20) + b'"', "application/json"))
    assert "larger than 1 MB" in str(refused(ServerFailed, connect()))


def test_error_page_without_end_is_cut(server: OpenAiServer, connect: Connect) -> None:
    def endless(wire: Wire) -> None:
        wire.head(500, "text/plain", Transfer_Encoding="chunked")
        while True:
            wire.chunk(b"x" * 65536)

    server.on(CHAT, endless)
    refused(ServerFailed, connect())


@pytest.fixture
def stop_at() -> Callable[[threading.Event], tuple[CancelToken, list[float]]]:
    """A token that is cancelled once an event is set; the list gets the moment."""

    def arm(event: threading.Event) -> tuple[CancelToken, list[float]]:
        cancel, at = CancelToken(), []

        def stop() -> None:
            event.wait(5)
            at.append(time.monotonic())
            cancel.cancel()

        threading.Thread(target=stop, daemon=True).start()
        return cancel, at

    return arm


@pytest.mark.parametrize(
    "answer",
    [Wire.stall, stream(done=False, then=Wire.stall)],
    ids=["before the head", "before the first byte"],
)
def test_stop_while_waiting_closes_the_connection_at_once(
    server: OpenAiServer, connect: Connect, stop_at, answer: Answer
) -> None:
    server.on(CHAT, answer)
    cancel, at = stop_at(server.stalled)
    stopped = connect().generate(ask(), cancel=cancel)
    assert time.monotonic() - at[0] < 0.2
    assert (stopped.finish, stopped.text) == (FinishReason.STOPPED, "")
    assert server.hung_up.wait(5)


def test_stop_in_the_middle_keeps_the_text(server: OpenAiServer, connect: Connect, stop_at) -> None:
    server.on(CHAT, stream(delta(content="so far"), done=False, then=Wire.stall))
    shown = threading.Event()
    cancel, at = stop_at(shown)
    stopped = connect().generate(ask(), lambda _delta: shown.set(), cancel)
    assert time.monotonic() - at[0] < 0.2
    assert (stopped.finish, stopped.text) == (FinishReason.STOPPED, "so far")
    assert server.hung_up.wait(5)


def test_stop_before_the_start_sends_nothing(server: OpenAiServer, connect: Connect) -> None:
    cancel = CancelToken()
    cancel.cancel()
    assert connect().generate(ask(), cancel=cancel).finish is FinishReason.STOPPED
    assert server.received == []


def test_stop_while_waiting_to_try_again(server: OpenAiServer, stop_at) -> None:
    server.on(CHAT, reply({"error": "busy"}, 429, Retry_After="20"))
    asked = threading.Event()
    cancel, at = stop_at(asked)

    def jitter() -> float:
        asked.set()
        return 0.0

    remote = RemoteModel(server.base_url, "m")
    engine = RemoteEngine(remote, retries=Retries(jitter=jitter))
    assert engine.generate(ask(), cancel=cancel).finish is FinishReason.STOPPED
    assert time.monotonic() - at[0] < 0.2


def test_stop_while_a_name_is_looked_up(monkeypatch: pytest.MonkeyPatch, stop_at) -> None:
    looking, release = threading.Event(), threading.Event()

    def hang(*_args: object, **_more: object) -> list[object]:
        looking.set()
        release.wait(10)
        raise socket.gaierror(socket.EAI_NONAME, "no")

    monkeypatch.setattr(socket, "getaddrinfo", hang)
    cancel, at = stop_at(looking)
    engine = RemoteEngine(RemoteModel("http://slow.lan/v1", "m"))
    assert engine.generate(ask(), cancel=cancel).finish is FinishReason.STOPPED
    assert time.monotonic() - at[0] < 0.2
    release.set()


def test_stop_breaks_off_other_questions_too(
    server: OpenAiServer, connect: Connect, stop_at
) -> None:
    server.on("/v1/embeddings", Wire.stall)
    cancel, at = stop_at(server.stalled)
    with pytest.raises(Cancelled):
        connect().embed(("a",), cancel)
    assert time.monotonic() - at[0] < 0.2


def _calling(function: Callable[[], None]) -> Callable[[Delta], None]:
    return lambda _delta: function()


def test_many_stops_leave_no_threads(server: OpenAiServer, connect: Connect) -> None:
    server.on(CHAT, stream(delta(content="a"), done=False, then=Wire.stall))
    engine = connect()
    for _round in range(20):
        cancel = CancelToken()
        stopped = engine.generate(ask(), _calling(cancel.cancel), cancel)
        assert stopped.finish is FinishReason.STOPPED
    for thread in threading.enumerate():
        if thread.name == "server call":
            thread.join(5)
            assert not thread.is_alive()


def test_error_in_the_callback_comes_out_and_closes_the_connection(
    server: OpenAiServer, connect: Connect
) -> None:
    def broken(_delta: Delta) -> None:
        raise ZeroDivisionError

    server.on(CHAT, stream(delta(content="a"), done=False, then=Wire.stall))
    with pytest.raises(ZeroDivisionError):
        connect().generate(ask(), broken)
    assert server.hung_up.wait(5)


def closed_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def test_nobody_at_the_port_is_said_after_some_tries(retries: Retries, waits: list[float]) -> None:
    remote = RemoteModel(f"http://127.0.0.1:{closed_port()}/v1", "m")
    error = refused(CannotConnect, RemoteEngine(remote, retries=retries))
    assert "Nothing answers at 127.0.0.1" in error.message
    assert waits == [0.5, 1.0, 2.0]


def test_unknown_name_is_said(monkeypatch: pytest.MonkeyPatch, retries: Retries) -> None:
    def unknown(*_args: object, **_more: object) -> list[object]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    engine = RemoteEngine(RemoteModel("http://nowhere.lan/v1", "m"), retries=retries)
    assert "nowhere.lan is not known" in refused(CannotConnect, engine).message


def test_name_that_no_resolver_takes_is_said(retries: Retries) -> None:
    remote = RemoteModel(f"https://{'a' * 70}.example/v1", "m")
    refused(EngineError, RemoteEngine(remote, retries=retries))


def test_tls_at_a_plain_port_is_said(server: OpenAiServer, retries: Retries) -> None:
    remote = RemoteModel(server.base_url.replace("http:", "https:"), "m")
    error = refused(NotEncrypted, RemoteEngine(remote, retries=retries))
    assert "encrypted" in error.message


@pytest.mark.parametrize("url", ["socks4://127.0.0.1:9", "socks5://127.0.0.1:9", "nonsense://x"])
def test_proxy_that_cannot_be_used_is_said(
    monkeypatch: pytest.MonkeyPatch, retries: Retries, url: str
) -> None:
    for name in ("ALL_PROXY", "all_proxy", "HTTPS_PROXY", "https_proxy"):
        monkeypatch.setenv(name, url)
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    engine = RemoteEngine(RemoteModel("https://api.example.com/v1", "m"), KEY, retries=retries)
    assert "proxy" in refused(CannotConnect, engine).message


def test_key_reaches_no_log(
    server: OpenAiServer, connect: Connect, caplog: pytest.LogCaptureFixture
) -> None:
    server.on(CHAT, said_error(f"bad {KEY}", 429), said_error(f"bad {KEY}", 401))
    with caplog.at_level(logging.DEBUG, logger="app"), caplog.at_level(logging.INFO):
        refused(KeyRefused, connect())
    assert "has too much to do" in caplog.text
    assert KEY not in caplog.text


def test_plain_http_over_the_internet_is_refused_before_anything_is_sent() -> None:
    remote = RemoteModel("http://203.0.113.7.example.com/v1", "m")
    with pytest.raises(BadAddress, match="not encrypted"):
        RemoteEngine(remote, KEY)


def test_proxy_of_the_system_is_not_used_for_private_servers(
    server: OpenAiServer, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{closed_port()}")
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    server.on(CHAT, said("direct"))
    assert connect().generate(ask()).text == "direct"


def test_calls_at_the_same_time_do_not_mix(server: OpenAiServer, connect: Connect) -> None:
    def echo(wire: Wire) -> None:
        words = wire.request.body["messages"][0]["content"]
        stream(*(delta(content=each) for each in words), delta("stop"), usage(1, 1))(wire)

    server.on(CHAT, echo)
    engine = connect(ServerKind.VLLM)
    results: dict[int, str] = {}

    def work(number: int) -> None:
        results[number] = engine.generate(ask(str(number) * 50)).text

    threads = [threading.Thread(target=work, args=(number,)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert results == {number: str(number) * 50 for number in range(12)}
