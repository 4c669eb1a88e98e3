"""Models on servers from the command line: found by name, listed, and no key shown."""

from __future__ import annotations

import json
import socket
from argparse import Namespace
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from app.base.errors import NotFound
from app.base.paths import DataPaths
from app.bootstrap import Children, Services, build
from app.cli import asking, local_models
from app.cli.output import Printer
from app.engine.remote.errors import CannotConnect
from app.engine.remote.keys import Keys
from app.modelhub.endpoints import EndpointDraft
from tests.doubles.keyring import KeyringDouble
from tests.doubles.openai_server import CHAT, OpenAiServer, as_vllm, said
from tests.doubles.scripted_engine import Script, scripted_engine
from tests.doubles.scripted_gguf import scripted_gguf
from tests.doubles.scripted_library import scripted_library

KEY = "sk-very-secret-0123456789"


@pytest.fixture
def server() -> Iterator[OpenAiServer]:
    with OpenAiServer() as running:
        yield as_vllm(running, "qwen", "llama").on(CHAT, said("Three months [1]."))


@pytest.fixture
def services(data_paths: DataPaths) -> Iterator[Services]:
    children = Children(scripted_library, scripted_engine, (Script({"": "From here."}),))
    services = build(data_paths, children, Keys(KeyringDouble()))
    services.library.start()
    yield services
    services.close()


@pytest.fixture
def note(tmp_path: Path) -> Path:
    path = tmp_path / "contract.txt"
    path.write_text("The notice period is three months.")
    return path


@pytest.fixture
def run(services: Services, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[Any, str]]:
    """Ask; the answer as JSON or text, and what was said on the way."""

    def ask(model: str, *paths: Path, as_json: bool = True) -> tuple[Any, str]:
        arguments = Namespace(question="notice period?", paths=[*paths], model=model, top_k=None)
        assert asking._ask(services, arguments, Printer(as_json=as_json)) == 0
        said = capsys.readouterr()
        assert KEY not in said.out + said.err
        return (json.loads(said.out) if as_json else said.out), said.err

    return ask


def add(services: Services, server: OpenAiServer, name: str = "", model: str = "") -> None:
    services.endpoints.add(EndpointDraft(server.base_url, model, name), KEY)


@pytest.mark.parametrize("name", ["qwen", "QWEN", "the big one"])
def test_ask_finds_a_model_on_a_server_by_either_name(name, services, server, run, note):
    add(services, server, name="The big one")
    data, _err = run(name, note)
    assert data["answer"] == "Three months [1]."
    assert data["model"] == "The big one"
    assert data["server"]["address"] == server.base_url
    assert data["server"]["model"] == "qwen"
    assert [each["title"] for each in data["citations"]] == ["contract"]


def test_text_of_an_answer_names_the_server(services, server, run):
    add(services, server)
    text, err = run("qwen", as_json=False)
    assert text.startswith(f"qwen on 127.0.0.1:{server.port}:\n")
    assert "are sent to" not in err  # they stay on this computer


def test_who_names_another_computer_means_it_and_is_told(services, server, run, note, monkeypatch):
    real = socket.getaddrinfo

    def look_up(host, *more, **named):
        name = host.decode() if isinstance(host, bytes) else host
        return real("127.0.0.1" if name == "gpu" else host, *more, **named)

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    services.endpoints.add(EndpointDraft(f"http://gpu:{server.port}/v1"))
    data, err = run("qwen", note)
    assert data["answer"] == "Three months [1]."
    assert f"Passages from your documents are sent to gpu:{server.port}." in err


def test_local_model_goes_before_a_server_model_of_the_same_name(services, server, run, tmp_path):
    file = tmp_path / "tiny.gguf"
    scripted_gguf(file, {"": "Hello."}, metadata={"general.name": "qwen"})
    services.models.import_file(file)
    add(services, server)
    data, _err = run("qwen")
    assert (data["answer"], data["server"]) == ("From here.", None)
    assert server.bodies(CHAT) == []


def test_name_of_two_server_models_is_refused_with_the_whole_names(services, server, run):
    add(services, server, name="One", model="qwen")
    add(services, server, name="Two", model="qwen")
    with pytest.raises(NotFound, match="names 2 models on servers") as caught:
        run("qwen")
    assert "“One”" in caught.value.hint
    assert "“Two”" in caught.value.hint
    data, _err = run("two")
    assert data["server"]["name"] == "Two"


def test_unknown_name_is_said(services, server, run):
    add(services, server)
    with pytest.raises(NotFound, match="There is no model “nonsense”"):
        run("nonsense")


def test_server_that_is_gone_is_said(services, server, run):
    add(services, server)
    server.__exit__(None, None, None)
    with pytest.raises(CannotConnect):
        run("qwen")


def test_list_names_servers_beside_files(services, server, capsys, tmp_path):
    file = tmp_path / "tiny.gguf"
    scripted_gguf(file, {"": "Hello."})
    services.models.import_file(file)
    add(services, server, name="The big one")
    assert local_models._list(services, Namespace(), Printer(as_json=True)) == 0
    out = capsys.readouterr().out
    listed, served = json.loads(out)
    assert (listed["kind"], listed["file"]) == ("file", str(file))
    assert served == {
        "kind": "server",
        "id": 1,
        "name": "The big one",
        "address": server.base_url,
        "model": "qwen",
        "server": "vllm",
        "context_length": None,
    }
    assert KEY not in out
    assert local_models._list(services, Namespace(), Printer(as_json=False)) == 0
    text = capsys.readouterr().out
    assert f"server  The big one  qwen  {server.base_url}" in text
    assert KEY not in text


def test_list_of_servers_alone_does_not_say_that_there_are_no_models(services, server, capsys):
    add(services, server)
    local_models._list(services, Namespace(), Printer(as_json=False))
    assert "No models yet" not in capsys.readouterr().out
