"""Servers at a URL that do what they should not."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from app.agents.mcp.entities import ServerState
from app.agents.tools.tool import ToolFault
from tests.doubles.mcp_servers import web
from tests.unit.agents.mcp.conftest import Bench

Serve = Callable[[web.Answer], web.WebServer]


@pytest.fixture
def serve() -> Iterator[Serve]:
    started: list[web.WebServer] = []

    def start(answer: web.Answer) -> web.WebServer:
        started.append(web.WebServer(answer))
        return started[-1]

    yield start
    for each in started:
        each.stop()


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        (web.wants_a_key, "wants a key or a sign-in"),
        (web.page, "text/html"),
        (web.huge, "too large"),
        (web.huge_event, "broke off"),
        (web.packed, "compresses"),
        (web.silent, "did not answer within 1 seconds"),
    ],
)
def test_wrong_answer_is_a_failure_in_words(
    make_bench: Callable[..., Bench], serve: Serve, answer: web.Answer, problem: str
) -> None:
    bench = make_bench(start_s=1.0, message_bytes=1_000_000)
    bench.servers.add("web", {"url": serve(answer).url})
    view = bench.run("web")
    assert view.state is ServerState.FAILED
    assert problem in view.problem


def test_redirect_to_another_host_is_not_followed(bench: Bench, serve: Serve) -> None:
    other = serve(web.page)
    bench.servers.add("web", {"url": serve(web.redirect_to(other.url)).url})
    view = bench.run("web")
    assert view.state is ServerState.FAILED
    assert "not followed" in view.problem
    assert other.requests == []


def test_server_that_forgot_the_session_is_started_again(bench: Bench, serve: Serve) -> None:
    bench.servers.add("web", {"url": serve(web.forgetful).url})
    assert bench.run("web").state is ServerState.RUNNING
    for _ in range(2):
        with pytest.raises(ToolFault, match="ended during the call"):
            bench.call("t", "web")
        bench.until(lambda view: view.state is ServerState.FAILED, "web")


def test_server_that_is_not_there_cannot_be_reached(bench: Bench, serve: Serve) -> None:
    server = serve(web.page)
    server.stop()
    bench.servers.add("web", {"url": server.url})
    assert "cannot be reached" in bench.run("web").problem


def test_proxies_of_the_environment_are_not_used(
    bench: Bench, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy, server = serve(web.page), serve(web.page)
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, proxy.url)
    bench.servers.add("web", {"url": server.url})
    bench.run("web")
    assert proxy.requests == []
    assert server.requests
