"""Models on servers in use: one truth with local ones, and nothing sent without a person's word."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from app.base.changes import Notice, Topic
from app.base.errors import Cancelled, NotFound
from app.base.jobs import CancelToken
from app.base.paths import DataPaths
from app.bootstrap import Children, Services, build
from app.engine.errors import NoModelLoaded
from app.engine.messages import Role, Turn
from app.engine.protocol import Generate
from app.engine.remote.errors import CannotConnect
from app.engine.remote.keys import Keys
from app.modelhub.endpoints import EndpointDraft
from app.modelhub.entities import Endpoint, EndpointId, LocalModel
from app.modelhub.in_use import host_of, is_loopback, short_name
from app.modelhub.serving import NotAgreed
from tests.doubles.keyring import KeyringDouble
from tests.doubles.openai_server import CHAT, OpenAiServer, as_vllm, said
from tests.doubles.scripted_engine import Script, scripted_engine
from tests.doubles.scripted_gguf import scripted_gguf
from tests.doubles.scripted_library import scripted_library


@pytest.fixture
def server() -> Iterator[OpenAiServer]:
    with OpenAiServer() as running:
        yield as_vllm(running, "qwen").on(CHAT, said("Hello."))


@pytest.fixture
def services(data_paths: DataPaths) -> Iterator[Services]:
    children = Children(scripted_library, scripted_engine, (Script({"": "From here."}),))
    services = build(data_paths, children, Keys(KeyringDouble()))
    yield services
    services.close()


@pytest.fixture
def local(services: Services, tmp_path: Path) -> LocalModel:
    file = tmp_path / "tiny.gguf"
    scripted_gguf(file, {"": "Hello."})
    return services.models.import_file(file)


@pytest.fixture
def endpoint(services: Services, server: OpenAiServer) -> Endpoint:
    return services.endpoints.add(EndpointDraft(server.base_url))


@pytest.fixture
def gpu(
    services: Services, server: OpenAiServer, monkeypatch: pytest.MonkeyPatch
) -> Callable[[], Endpoint]:
    """The same server as another computer of the network would be named."""
    real = socket.getaddrinfo

    def look_up(host, *more, **named):
        name = host.decode() if isinstance(host, bytes) else host
        return real("127.0.0.1" if name == "gpu" else host, *more, **named)

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    return lambda: services.endpoints.add(EndpointDraft(f"http://gpu:{server.port}/v1"))


def ask_engine(services: Services, used) -> str:
    engine = services.models.engine_of(used, sends_passages=False)
    return engine.generate(Generate((Turn(Role.USER, "Hello?"),))).text


def test_server_in_use_is_the_model_in_use(services, endpoint, server):
    told: list[Notice] = []
    services.notices.subscribe(told.append)
    served = services.served.connect(endpoint.id)
    assert services.models.in_use is served
    assert services.models.loaded is None
    assert (served.name, served.host) == ("qwen", f"127.0.0.1:{server.port}")
    assert served.where == f"on 127.0.0.1:{server.port}"
    assert served.facts.context_length == 8192
    assert frozenset({Topic.MODELS}) in told
    assert ask_engine(services, served) == "Hello."


def test_server_used_twice_is_still_the_model_in_use(services, endpoint):
    services.served.connect(endpoint.id)
    again = services.served.connect(endpoint.id)
    assert services.models.in_use is again


def test_disconnecting_leaves_no_model(services, endpoint):
    served = services.served.connect(endpoint.id)
    services.served.disconnect()
    assert services.models.in_use is None
    with pytest.raises(NoModelLoaded):
        services.models.engine_of(served, sends_passages=False)


def test_local_model_takes_the_place_of_a_server_and_back(services, endpoint, local):
    served = services.served.connect(endpoint.id)
    loaded = services.models.load(local.id)
    assert services.models.in_use == loaded
    assert services.served.in_use is None
    assert loaded.where == "on this computer"
    assert ask_engine(services, loaded) == "From here."
    with pytest.raises(NoModelLoaded):
        services.models.engine_of(served, sends_passages=False)
    again = services.served.connect(endpoint.id)
    assert services.models.in_use is again
    assert services.models.loaded is None
    with pytest.raises(NoModelLoaded):
        services.models.engine_of(loaded, sends_passages=False)


def test_disconnecting_leaves_a_local_model_alone(services, endpoint, local):
    services.served.connect(endpoint.id)
    services.models.load(local.id)
    services.served.disconnect()
    assert services.models.loaded is not None


def test_server_in_use_survives_the_removal_of_a_model_that_was_used_before(
    services, endpoint, local
):
    services.models.load(local.id)
    served = services.served.connect(endpoint.id)
    services.models.remove(local.id)
    assert services.models.in_use is served


def test_server_that_does_not_answer_leaves_what_is_in_use(services, endpoint, local, server):
    loaded = services.models.load(local.id)
    server.__exit__(None, None, None)
    with pytest.raises(CannotConnect, match=r"127\.0\.0\.1") as caught:
        services.served.connect(endpoint.id)
    assert caught.value.hint
    assert services.models.in_use == loaded


def test_server_lost_later_says_so_and_stays_chosen(services, endpoint, server):
    served = services.served.connect(endpoint.id)
    server.__exit__(None, None, None)
    with pytest.raises(CannotConnect):
        ask_engine(services, served)
    with pytest.raises(CannotConnect):
        services.endpoints.test(endpoint.id)
    assert services.models.in_use is served


def test_cancelled_connecting_leaves_what_is_in_use(services, endpoint, local):
    loaded = services.models.load(local.id)
    cancel = CancelToken()
    cancel.cancel()
    with pytest.raises(Cancelled):
        services.served.connect(endpoint.id, cancel)
    assert services.models.in_use == loaded


def test_removed_endpoint_is_disconnected_first(services, endpoint):
    services.served.connect(endpoint.id)
    services.served.remove(endpoint.id)
    assert services.models.in_use is None
    assert services.endpoints.endpoints() == ()
    with pytest.raises(NotFound):
        services.served.connect(endpoint.id)


def test_removing_another_endpoint_keeps_the_server_in_use(services, endpoint, server):
    other = services.endpoints.add(EndpointDraft(server.base_url, name="Other"))
    served = services.served.connect(endpoint.id)
    services.served.remove(other.id)
    assert services.models.in_use is served


# What goes where.


def test_loopback_server_needs_no_word(services, endpoint):
    served = services.served.connect(endpoint.id)
    assert services.served.to_ask_about is None
    assert services.models.engine_of(served, sends_passages=True) is served.engine


def test_other_computer_gets_passages_only_after_a_word(services, gpu):
    served = services.served.connect(gpu().id)
    assert services.served.to_ask_about is served
    with pytest.raises(NotAgreed, match=f"would go to gpu:{served.host[4:]}"):
        services.models.engine_of(served, sends_passages=True)
    assert services.models.engine_of(served, sends_passages=False) is served.engine
    services.served.agree(served)
    assert services.served.to_ask_about is None
    assert services.models.engine_of(served, sends_passages=True) is served.engine


def test_word_counts_for_one_endpoint_and_address_in_this_run(services, gpu):
    first = services.served.connect(gpu().id)
    services.served.agree(first)
    again = services.served.connect(first.endpoint.id)
    assert services.served.to_ask_about is None
    other = services.served.connect(gpu().id)
    assert services.served.to_ask_about is other
    assert services.served.may_send(again)
    moved = replace(first.endpoint, base_url=first.endpoint.base_url.replace("gpu", "gpu2"))
    assert not services.served.may_send(replace(first, endpoint=moved))


@pytest.mark.parametrize(
    ("base_url", "is_here"),
    [
        ("http://127.0.0.1:8080/v1", True),
        ("http://127.8.9.1/v1", True),
        ("http://localhost:1234/v1", True),
        ("http://models.localhost/v1", True),
        ("http://[::1]:8080/v1", True),
        ("http://[::ffff:127.0.0.1]:8080/v1", True),
        ("http://192.168.1.20:8000/v1", False),
        ("http://0.0.0.0:8000/v1", False),
        ("http://127.0.0.1.evil.example/v1", False),
        ("http://localhost.evil.example/v1", False),
        ("http://2130706433/v1", False),
        ("http://gpu/v1", False),
        ("https://api.example.com/v1", False),
    ],
)
def test_only_what_is_this_computer_for_certain_counts_as_such(base_url, is_here):
    assert is_loopback(base_url) is is_here


def test_name_of_a_served_model_does_not_repeat_its_host(services, endpoint):
    assert short_name(endpoint) == "qwen"
    named = services.endpoints.update(endpoint.id, EndpointDraft(endpoint.base_url, name="Big one"))
    assert short_name(named) == "Big one"
    assert host_of("http://[::1]:80/v1") == "[::1]:80"


def test_unknown_endpoint_cannot_be_used(services):
    with pytest.raises(NotFound):
        services.served.connect(EndpointId(9))
