"""A model on a server in the real window: connected to, asked, and lost in the middle."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from app.base.paths import DataPaths
from app.bootstrap import Services, build
from app.chat.entities import AnswerMode
from app.engine.protocol import FinishReason
from app.engine.remote.keys import Keys
from app.ui.models.endpoint_sheet import EndpointSheet
from app.ui.session import Session
from app.ui.theme import ThemeKeeper
from tests import documents
from tests.doubles.keyring import KeyringDouble
from tests.doubles.openai_server import CHAT, OpenAiServer, as_vllm, delta, said, stream
from tests.e2e.person import Person
from tests.ui.text.finding import child

KEY = "sk-very-secret-0123456789"


@pytest.fixture(scope="module")
def theme(qapp: QApplication) -> ThemeKeeper:
    return ThemeKeeper(qapp)


@pytest.fixture
def server() -> Iterator[OpenAiServer]:
    with OpenAiServer() as running:
        yield as_vllm(running, "qwen")


@pytest.fixture
def person(qapp, qtbot, theme: ThemeKeeper, data_paths: DataPaths) -> Iterator[Person]:
    """A person in front of the real window with the real services and a keyring in memory."""
    built: list[Services] = []

    def build_services(paths: DataPaths) -> Services:
        built.append(build(paths, keys=Keys(KeyringDouble())))
        built[0].start()
        return built[0]

    session = Session(qapp, data_paths, build=build_services, theme=theme, owns_process=False)
    with qtbot.waitSignal(session.became_ready, timeout=30_000):
        session.open()
    yield Person(session, built[0], qtbot)
    session.close()
    session.deleteLater()
    session.window.deleteLater()


def connects(person: Person, server: OpenAiServer) -> None:
    person.goes_to("models")
    person.clicks("Connect to a server…", person.models)
    window = person.session.window
    person.waits(lambda: window.findChildren(EndpointSheet))
    sheet = child(window, EndpointSheet)
    QTest.keyClicks(sheet.address, server.base_url)
    QTest.keyClicks(sheet.key, KEY)
    person.clicks("Find models", sheet)
    person.waits(lambda: sheet.model.count() == 1)
    person.clicks("Connect", sheet)
    person.waits(lambda: person.services.models.in_use)


def test_server_is_connected_to_asked_and_lost_in_the_middle(
    person: Person, server: OpenAiServer, tmp_path: Path
) -> None:
    host = f"127.0.0.1:{server.port}"
    server.on(
        CHAT,
        said("It leaves ", "at noon [1]."),
        stream(delta(content="Perhaps at"), done=False, then=lambda wire: wire.stall()),
    )
    documents.text(tmp_path / "ferry.txt", "The ferry leaves at noon.")
    person.drops(tmp_path / "ferry.txt")
    person.waits(person.documents)
    person.waits(lambda: not any(d.status.is_pending for d in person.documents().values()))
    connects(person, server)
    person.waits(lambda: f"In use: qwen · on {host}" in person.reads(person.models))

    person.goes_to("chat")
    person.asks("When does the ferry leave?")
    person.waits(person.answers)
    answer = person.answers()[0]
    assert answer.text == "It leaves at noon [1]."
    assert answer.record is not None
    assert answer.record.mode is AnswerMode.MODEL
    assert answer.record.server is not None
    assert answer.record.server.address == server.base_url
    assert [each.title for each in answer.record.citations] == ["ferry"]
    person.waits(lambda: f"on {host}" in person.reads(person.chat.view.transcript))
    sent = server.bodies(CHAT)[0]["messages"][-1]["content"]
    assert "The ferry leaves at noon." in sent

    person.asks("And on Sundays?")
    person.waits(lambda: "Perhaps at" in person.reads(person.chat.view.transcript))
    server.__exit__(None, None, None)
    person.waits(lambda: len(person.answers()) == 2)
    broken = person.answers()[1]
    assert broken.text == "Perhaps at"
    assert broken.record is not None
    assert broken.record.finish is FinishReason.FAILED
    person.waits(lambda: "The answer broke off." in person.reads(person.chat))
    said_now = person.reads(person.chat)
    assert host in said_now
    assert "Perhaps at" in said_now

    person.goes_to("models")
    person.clicks("Disconnect qwen on " + host, person.models)
    person.waits(lambda: person.services.models.in_use is None)
    person.clicks("Use qwen on " + host, person.models)
    person.waits(lambda: "Try again" in person.reads(person.models))
    everything = person.reads(person.session.window)
    assert KEY not in everything
    files = [each for each in person.services.paths.root.rglob("*") if each.is_file()]
    assert [each.name for each in files if KEY.encode() in each.read_bytes()] == []
