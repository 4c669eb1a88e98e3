from __future__ import annotations

from dataclasses import replace

import pytest

from app.base.errors import Cancelled
from app.base.jobs import CancelToken
from app.engine.remote.address import parse_address
from app.engine.remote.client import ServerClient
from app.engine.remote.errors import CannotConnect, KeyRefused, NotOnServer, ServerFailed
from app.engine.remote.exchange import Timeouts
from app.engine.remote.keys import Key
from app.engine.remote.probe import ServerFacts, describe, look
from app.engine.remote.retries import Retries
from app.engine.remote.server import RemoteModel, ServerKind
from tests.doubles.openai_server import (
    MODELS,
    OpenAiServer,
    Wire,
    as_llama_server,
    as_lm_studio,
    as_ollama,
    as_vllm,
    body,
    models,
    reply,
)
from tests.unit.engine.remote.conftest import KEY


@pytest.fixture
def client(server: OpenAiServer) -> ServerClient:
    once = Retries(tries=1)
    limits = Timeouts(connect_s=2, short_s=2)
    return ServerClient(parse_address(server.base_url), Key(KEY), "", limits, once)


def found(client: ServerClient, model: str = "") -> tuple[ServerFacts, RemoteModel]:
    facts = look(client)
    return facts, describe(client, facts, model)


def test_vllm_is_known(server: OpenAiServer, client: ServerClient) -> None:
    as_vllm(server)
    facts, remote = found(client)
    assert (facts.kind, facts.version) == (ServerKind.VLLM, "0.11.2")
    assert (remote.model, remote.context_length) == ("qwen", 8192)


def test_llama_server_is_known(server: OpenAiServer, client: ServerClient) -> None:
    as_llama_server(server, vision=True)
    facts, remote = found(client)
    assert (facts.kind, facts.version) == (ServerKind.LLAMA_SERVER, "b9000-abcdef")
    assert (remote.context_length, remote.trained_context_length) == (16384, 131072)
    assert (remote.sees, remote.has_tools) == (True, True)


def test_llama_server_under_another_owner_is_known_by_its_props(
    server: OpenAiServer, client: ServerClient
) -> None:
    as_llama_server(server)
    server.on(MODELS, models("model.gguf", owner="me"))
    assert look(client).kind is ServerKind.LLAMA_SERVER


def test_ollama_is_known_and_its_context_is_what_is_sure(
    server: OpenAiServer, client: ServerClient
) -> None:
    as_ollama(server)
    facts, remote = found(client, "llama3")
    assert (facts.kind, facts.version) == (ServerKind.OLLAMA, "0.12.3")
    assert (remote.model, remote.quantization) == ("llama3:latest", "Q4_K_M")
    assert (remote.context_length, remote.trained_context_length) == (4096, 131072)
    assert (remote.has_tools, remote.thinks, remote.sees) == (True, True, False)


def test_ollama_context_is_taken_from_the_running_model_or_its_parameters(
    server: OpenAiServer, client: ServerClient
) -> None:
    as_ollama(server, running=[{"name": "llama3:latest", "context_length": 32768}])
    assert found(client)[1].context_length == 32768
    as_ollama(server).on("/api/show", reply({"parameters": "num_ctx   16000\nstop x"}))
    assert found(client)[1].context_length == 16000


def test_lm_studio_is_known_and_its_chat_model_comes_first(
    server: OpenAiServer, client: ServerClient
) -> None:
    as_lm_studio(server)
    facts, remote = found(client)
    assert facts.kind is ServerKind.LM_STUDIO
    assert (remote.model, remote.context_length, remote.sees) == ("qwen3-8b", 8192, True)
    assert found(client, "embedder")[1].embeds


def test_other_server_is_taken_as_it_is(server: OpenAiServer, client: ServerClient) -> None:
    server.on(MODELS, models("a", "b", context_length=9000))
    facts, remote = found(client)
    assert (facts.kind, [each.id for each in facts.models]) == (ServerKind.OTHER, ["a", "b"])
    assert (remote.model, remote.context_length) == ("a", 9000)
    assert found(client, "an alias")[1].model == "an alias"


def test_model_that_is_not_there_is_said(server: OpenAiServer, client: ServerClient) -> None:
    as_vllm(server, "qwen", "llama")
    assert found(client, "llama")[1].model == "llama"
    with pytest.raises(NotOnServer, match="no model “gpt”"):
        found(client, "gpt")


def test_server_without_models_is_said(server: OpenAiServer, client: ServerClient) -> None:
    server.on(MODELS, models())
    with pytest.raises(NotOnServer, match="offers no model"):
        found(client)


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (reply({"error": "no key"}, 401), KeyRefused),
        (reply({"detail": "Not Found"}, 404), NotOnServer),
        (body(b"<html><title>Router login</title></html>", "text/html"), ServerFailed),
        (body(b"{", "application/json"), ServerFailed),
        (Wire.cut, ServerFailed),
    ],
)
def test_address_without_a_model_server_is_said(
    server: OpenAiServer, client: ServerClient, answer, error
) -> None:
    server.on(MODELS, answer)
    with pytest.raises(error):
        look(client)


@pytest.mark.parametrize(
    "listed",
    [
        [],
        {},
        {"data": "x"},
        {"data": [1, None, {"id": 5}, {"id": ""}, {"id": "x" * 999}]},
        {"data": [{"id": "a", "owned_by": ["vllm"], "meta": 3, "max_model_len": -1}]},
    ],
    ids=str,
)
def test_senseless_lists_do_no_harm(server: OpenAiServer, client: ServerClient, listed) -> None:
    server.on(MODELS, reply(listed))
    facts = look(client)
    assert facts.kind is ServerKind.OTHER
    assert all(each.context_length == 0 for each in facts.models)


def test_list_is_not_longer_than_anyone_reads(server: OpenAiServer, client: ServerClient) -> None:
    server.on(MODELS, models(*(f"m{number}" for number in range(5000))))
    assert len(look(client).models) == 2000


def test_probing_asks_only_the_one_server_with_the_key(
    server: OpenAiServer, client: ServerClient
) -> None:
    server.on(MODELS, models("a"))
    look(client)
    assert {each.headers["Authorization"] for each in server.received} == {f"Bearer {KEY}"}


def test_probing_can_be_stopped(server: OpenAiServer, client: ServerClient) -> None:
    cancel = CancelToken()

    def stop(wire: Wire) -> None:
        cancel.cancel()
        wire.stall()

    server.on(MODELS, models("a")).on("/props", stop)
    with pytest.raises(Cancelled):
        look(client, cancel)


def test_nobody_there_is_said_at_once(server: OpenAiServer, client: ServerClient) -> None:
    gone = replace(client, address=parse_address("http://127.0.0.1:9"))
    with pytest.raises(CannotConnect, match="Nothing answers"):
        look(gone)
