"""Answers by a model on a server: what is recorded of it, and what never goes out unasked."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator

import pytest

from app.base.jobs import CancelToken
from app.base.paths import DataPaths
from app.bootstrap import Children, Services, build
from app.chat.entities import (
    AnswerEvent,
    AnswerMode,
    AnswerRecord,
    AnswerServer,
    AnswerText,
    Message,
)
from app.chat.repeat import CannotRepeat
from app.engine.protocol import FinishReason
from app.engine.remote.keys import Keys
from app.modelhub.endpoints import EndpointDraft
from app.modelhub.in_use import ServedModel
from tests.doubles.keyring import KeyringDouble
from tests.doubles.openai_server import (
    CHAT,
    MODELS,
    OpenAiServer,
    as_vllm,
    delta,
    models,
    said,
    stream,
)
from tests.doubles.scripted_engine import Script, scripted_engine
from tests.doubles.scripted_library import scripted_library

KEY = "sk-very-secret-0123456789"


@pytest.fixture
def server() -> Iterator[OpenAiServer]:
    with OpenAiServer() as running:
        yield as_vllm(running, "qwen").on(CHAT, said("Three ", "months [1]."))


@pytest.fixture
def services(data_paths: DataPaths) -> Iterator[Services]:
    children = Children(scripted_library, scripted_engine, (Script({"": "From here."}),))
    services = build(data_paths, children, Keys(KeyringDouble()))
    services.library.start()
    yield services
    services.close()


@pytest.fixture
def gpu(monkeypatch: pytest.MonkeyPatch) -> str:
    """The name of another computer, which leads to this one."""
    real = socket.getaddrinfo

    def look_up(host, *more, **named):
        name = host.decode() if isinstance(host, bytes) else host
        return real("127.0.0.1" if name == "gpu" else host, *more, **named)

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    return "gpu"


def use(services: Services, server: OpenAiServer, host: str = "127.0.0.1") -> ServedModel:
    address = f"http://{host}:{server.port}/v1"
    added = services.endpoints.add(EndpointDraft(address), KEY)
    return services.served.connect(added.id)


def ask(services: Services, text: str, conversation=None) -> Message:
    where = conversation or services.chat.create()
    return services.chat.ask(where.id, text, lambda _event: None, CancelToken())


def record_of(answer: Message) -> AnswerRecord:
    assert answer.record is not None
    return answer.record


def server_of(answer: Message) -> AnswerServer:
    server = record_of(answer).server
    assert server is not None
    return server


def repeat(services: Services, answer: Message) -> Message:
    return services.chat.repeat(answer.id, lambda _event: None, CancelToken())


def test_answer_of_a_server_names_it_in_its_record(services, server, add):
    add(services, contract="The notice period is three months.")
    use(services, server)
    answer = ask(services, "notice period?")
    record, told = record_of(answer), server_of(answer)
    assert (answer.text, record.mode) == ("Three months [1].", AnswerMode.MODEL)
    assert [each.title for each in record.citations] == ["contract"]
    assert (record.model_name, record.engine_build) == ("qwen", "vLLM 0.11.2")
    assert told.address == server.base_url
    assert (told.model, told.host) == ("qwen", f"127.0.0.1:{server.port}")
    assert told.context_length == 8192
    assert not told.counts_exactly  # this one lacks vLLM's tokenizer route
    assert (record.model_path, record.model_sha256, record.setup) == ("", "", None)
    assert "The notice period is three months." in json.dumps(server.bodies(CHAT)[0])
    stored = services.chat.messages(answer.conversation_id)[-1]
    assert server_of(stored) == told
    assert KEY not in repr(record)


def test_settings_that_the_server_does_not_know_are_recorded(services, server, add):
    server.on(MODELS, models("qwen")).on("/version")  # some server of no known kind
    services.settings.change("sampling", "top_k", 20)
    use(services, server)
    assert "top-k" in server_of(ask(services, "hello?")).ignored_settings


def test_server_lost_in_mid_answer_keeps_the_text_and_says_why(services, server):
    begun = threading.Event()
    server.on(CHAT, stream(delta(content="Three mon"), done=False, then=lambda wire: wire.stall()))
    use(services, server)
    conversation = services.chat.create()
    answers: list[Message] = []

    def on_event(event: AnswerEvent) -> None:
        if isinstance(event, AnswerText):
            begun.set()

    def work() -> None:
        answers.append(services.chat.ask(conversation.id, "hello?", on_event, CancelToken()))

    thread = threading.Thread(target=work)
    thread.start()
    assert begun.wait(30)
    server.__exit__(None, None, None)
    thread.join()
    (answer,) = answers
    assert answer.text == "Three mon"
    assert record_of(answer).finish is FinishReason.FAILED
    assert record_of(answer).engine_stopped
    assert f"127.0.0.1:{server.port}" in record_of(answer).error
    again = ask(services, "and now?", conversation)
    assert again.text == ""
    assert f"127.0.0.1:{server.port}" in record_of(again).error


def test_passages_do_not_go_to_another_computer_unasked(services, server, add, gpu):
    add(services, contract="The notice period is three months.")
    served = use(services, server, gpu)
    answer = ask(services, "notice period?")
    assert record_of(answer).finish is FinishReason.FAILED
    assert f"would go to gpu:{server.port}" in record_of(answer).error
    assert "notice period" not in json.dumps([each.body for each in server.received])
    services.served.agree(served)
    assert ask(services, "notice period?").text == "Three months [1]."


def test_question_without_passages_needs_no_word(services, server, gpu):
    use(services, server, gpu)
    assert record_of(ask(services, "hello?")).finish is FinishReason.END


def test_former_answers_do_not_go_to_another_computer_unasked(services, server, add, gpu):
    """They hold words of the documents too."""
    (document,) = add(services, contract="The notice period is three months.")
    conversation = services.chat.create()
    ask(services, "notice period?", conversation)
    services.library.remove([document])
    use(services, server, gpu)
    answer = ask(services, "and then?", conversation)
    assert "have not agreed" in record_of(answer).error
    assert server.bodies(CHAT) == []


def test_server_answer_runs_again_and_says_that_nothing_is_promised(services, server):
    use(services, server)
    first = ask(services, "hello?")
    server.on(CHAT, said("Two months."))
    again = repeat(services, first)
    made = record_of(again).repeat
    assert made is not None
    assert not made.is_same
    assert made.changes == ("a server does not promise the same answer twice",)
    assert server.bodies(CHAT)[0]["messages"] == server.bodies(CHAT)[1]["messages"]


def test_server_answer_is_not_run_again_by_another_model(services, server, model_file):
    use(services, server)
    first = ask(services, "hello?")
    services.served.disconnect()
    with pytest.raises(
        CannotRepeat, match=r"by qwen on 127\.0\.0\.1.*No model is in use"
    ) as caught:
        repeat(services, first)
    assert "does not promise" in caught.value.hint
    services.models.load(services.models.import_file(model_file).id)
    with pytest.raises(CannotRepeat, match="on this computer"):
        repeat(services, first)


def test_local_answer_is_not_run_again_by_a_server(services, server, model_file):
    services.models.load(services.models.import_file(model_file).id)
    first = ask(services, "hello?")
    use(services, server)
    with pytest.raises(CannotRepeat, match=r"was made on this computer\. In use is qwen on 127"):
        repeat(services, first)
    assert server.bodies(CHAT) == []
