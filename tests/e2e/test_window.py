from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import pytest
from PySide6.QtWidgets import QApplication

from app.base.paths import DataPaths
from app.bootstrap import Services
from app.chat.entities import AnswerMode
from app.engine.protocol import FinishReason
from app.library.entities import DocumentStatus
from app.ui.session import Session, build_services
from app.ui.theme import ThemeKeeper
from tests import documents
from tests.doubles import scripted_gguf as models
from tests.e2e import messy
from tests.e2e.person import Person, kill_child


@pytest.fixture(scope="module")
def theme(qapp: QApplication) -> ThemeKeeper:
    return ThemeKeeper(qapp)


@pytest.fixture
def person(qapp, qtbot, theme: ThemeKeeper, data_paths: DataPaths) -> Iterator[Person]:
    """A person in front of the real window with the real services."""
    built: list[Services] = []

    def build(paths: DataPaths) -> Services:
        built.append(build_services(paths))
        return built[0]

    session = Session(qapp, data_paths, build=build, theme=theme, owns_process=False)
    with qtbot.waitSignal(session.became_ready, timeout=30_000):
        session.open()
    yield Person(session, built[0], qtbot)
    session.close()
    session.deleteLater()
    session.window.deleteLater()


def test_first_minute_drop_ask_and_open_the_cited_page(person: Person, tmp_path: Path) -> None:
    messy.good(tmp_path / "docs")
    person.drops(tmp_path / "docs")
    person.waits(person.documents)
    person.waits(lambda: not any(d.status.is_pending for d in person.documents().values()))
    assert {d.status for d in person.documents().values()} == {DocumentStatus.INDEXED}
    person.asks("How long is the notice period of the lease?")
    person.waits(person.answers)
    (answer,) = person.answers()
    assert answer.record is not None
    assert answer.record.mode is AnswerMode.QUOTED
    assert answer.record.citations[0].place.page == 3
    person.waits(lambda: "Quoted answer" in person.reads(person.chat))
    person.clicks_first_source()
    person.waits(lambda: person.chat.view.source.shows_marked_page)
    assert "Page 3" in person.reads(person.chat.view.source)


def test_bad_documents_are_named_and_the_window_stays_alive(person: Person, tmp_path: Path) -> None:
    messy.bad(tmp_path / "docs")
    documents.text(tmp_path / "docs" / "good.txt", "The ferry leaves at noon.")
    person.goes_to("library")
    person.drops(tmp_path / "docs")
    person.waits(lambda: len(person.documents()) == len(messy.BAD) + 1)
    person.waits(lambda: not any(d.status.is_pending for d in person.documents().values()))
    failed = {name: d for name, d in person.documents().items() if d.reason}
    assert set(failed) == set(messy.BAD)
    assert person.documents()["good.txt"].status is DocumentStatus.INDEXED
    person.goes_to("chat")
    person.asks("When does the ferry leave?")
    person.waits(person.answers)
    assert "noon" in person.answers()[0].text


def test_library_child_killed_while_embedding_finishes_all_the_same(
    person: Person, tmp_path: Path
) -> None:
    pages = [f"Page {page} of the long book. " + "Words go on and on. " * 60 for page in range(60)]
    book = documents.pdf(tmp_path / "book.pdf", pages)
    person.drops(book)
    person.waits(
        lambda: any(d.status is DocumentStatus.EMBEDDING for d in person.documents().values())
    )
    kill_child("library")
    person.waits(lambda: person.documents()["book.pdf"].status is DocumentStatus.INDEXED)
    document = person.documents()["book.pdf"]
    assert document.pages == 60
    assert document.chunks >= 60


def load_model(person: Person, path: Path) -> None:
    person.drops(path)
    person.waits(person.services.models.models)
    person.goes_to("models")
    person.clicks("Load", person.models)
    person.waits(lambda: person.services.models.loaded)
    person.goes_to("chat")


def test_dropped_model_is_loaded_by_a_click_and_answers_with_citations(
    person: Person, tmp_path: Path
) -> None:
    model = tmp_path / "tiny.gguf"
    models.scripted_gguf(model, {"": "I do not know.", "notice": "Three months [1]."})
    messy.good(tmp_path / "docs")
    person.drops(tmp_path / "docs" / "lease.pdf")
    person.waits(lambda: any(d.chunks for d in person.documents().values()))
    load_model(person, model)
    person.asks("How long is the notice period?")
    person.waits(person.answers)
    (answer,) = person.answers()
    assert answer.text == "Three months [1]."
    assert answer.record is not None
    assert answer.record.mode is AnswerMode.MODEL
    person.clicks_first_source()
    person.waits(lambda: person.chat.view.source.shows_marked_page)


def test_engine_killed_in_mid_answer_keeps_the_text_and_can_be_loaded_again(
    person: Person, tmp_path: Path
) -> None:
    model = models.slow(tmp_path / "slow.gguf")
    load_model(person, model)
    person.asks("Tell me something long, please")
    person.waits(lambda: len(person.reads(person.chat.view.transcript)) > 150)
    kill_child("engine")
    person.waits(person.answers)
    (answer,) = person.answers()
    assert answer.record is not None
    assert answer.record.finish is FinishReason.FAILED
    assert answer.text
    assert person.services.models.loaded is None
    person.goes_to("models")
    person.waits(lambda: person.services.models.state.problem)
    person.clicks("Load", person.models)
    person.waits(lambda: person.services.models.loaded)


def test_stop_keeps_what_was_written(person: Person, tmp_path: Path) -> None:
    load_model(person, models.slow(tmp_path / "slow.gguf"))
    person.asks("Tell me something long, please")
    person.waits(lambda: len(person.reads(person.chat.view.transcript)) > 150)
    person.clicks("Stop", person.chat.view.composer)
    person.waits(person.answers)
    (answer,) = person.answers()
    assert answer.record is not None
    assert answer.record.finish is FinishReason.STOPPED
    assert answer.text


@pytest.mark.parametrize("make", [models.aborting, models.hostile_template])
def test_evil_model_is_explained_on_its_card_and_nothing_else_suffers(
    person: Person, tmp_path: Path, make
) -> None:
    evil = make(tmp_path / "evil.gguf")
    person.goes_to("models")
    person.drops(evil)
    person.waits(person.services.models.models)
    person.clicks("Load", person.models)
    person.waits(lambda: "Try again" in person.reads(person.models))
    assert person.services.models.loaded is None
    note = documents.text(tmp_path / "note.txt", "The ferry leaves at noon.")
    person.goes_to("chat")
    person.drops(note)
    person.waits(
        lambda: any(d.status is DocumentStatus.INDEXED for d in person.documents().values())
    )
    person.asks("When does the ferry leave?")
    person.waits(person.answers)
    assert "noon" in person.answers()[0].text
