"""Pictures in the chat pane: attached, sent, shown, opened."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, Qt, QUrl
from PySide6.QtGui import QAction, QColor, QGuiApplication, QImage
from PySide6.QtWidgets import QFileDialog

from app.base.errors import AppError
from app.chat.entities import Picture
from app.chat.pictures import CANNOT_SEE, CANNOT_SEE_HINT
from app.ui.chat.message_widget import QuestionMessage
from app.ui.chat.pane import ChatPane
from app.ui.chat.pictures.sent import LARGE, SMALL, SentPicture
from app.ui.chat.pictures.sheet import PictureSheet
from tests.doubles import images
from tests.ui.chat.driving import ask, question, shown, words
from tests.ui.chat.fakes import (
    LOADED_FACTS,
    LOCAL_MODEL,
    MODEL_RECORD,
    FakeLoaded,
    FakeServices,
    Script,
    make_message,
)
from tests.ui.text.finding import button, child, has_button

OpenPane = Callable[..., ChatPane]
SEEING = FakeLoaded(LOCAL_MODEL, facts=replace(LOADED_FACTS, sees=True))
DRAWN = "Sign.png"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / DRAWN
    path.write_bytes(images.png(600, 300))
    return path


@pytest.fixture
def pane(open_pane: OpenPane, services: FakeServices) -> ChatPane:
    """With a model that sees."""
    services.models.loaded = SEEING
    return open_pane()


def attach(qtbot, pane: ChatPane, *paths: Path) -> None:
    before = len(pane.view.composer.tray.pictures)
    assert pane.take_drop(paths)
    qtbot.waitUntil(lambda: len(pane.view.composer.tray.pictures) == before + len(paths))


def names(pane: ChatPane) -> list[str]:
    return [each.file.picture.name for each in pane.view.composer.tray.pictures]


def views(pane: ChatPane) -> list[SentPicture]:
    return [each for each in pane.findChildren(SentPicture) if each.isVisible()]


def settled(qtbot, pane: ChatPane) -> None:
    qtbot.waitUntil(lambda: pane._shown.running is None and pane.context.jobs.running == 0)


def picture_action(pane: ChatPane) -> QAction:
    menu = pane.view.composer.make_menu()
    found = [each for each in menu.actions() if each.text().startswith("Add pictures")]
    assert len(found) == 1
    return found[0]


def test_dropped_picture_becomes_a_chip_and_a_document_goes_into_the_library(
    qtbot, pane: ChatPane, services: FakeServices, file: Path
) -> None:
    attach(qtbot, pane, file)
    assert names(pane) == [DRAWN]
    assert services.library.stored == []
    assert DRAWN in words(pane.view.composer)
    assert has_button(pane, f"Remove {DRAWN}")
    assert pane.take_drop((file.with_name("Contract.pdf"),))
    qtbot.waitUntil(lambda: len(services.library.stored) == 1)
    assert names(pane) == [DRAWN]


def test_same_picture_is_attached_once(qtbot, pane: ChatPane, file: Path) -> None:
    attach(qtbot, pane, file)
    pane.take_drop((file,))
    settled(qtbot, pane)
    assert names(pane) == [DRAWN]


def test_removed_picture_is_gone_and_the_focus_is_in_the_question(
    qtbot, pane: ChatPane, file: Path
) -> None:
    attach(qtbot, pane, file)
    remove = button(pane, f"Remove {DRAWN}")
    remove.setFocus()
    qtbot.keyClick(remove, Qt.Key.Key_Space)
    assert names(pane) == []
    assert not pane.view.composer.tray.isVisible()
    assert question(pane).hasFocus()


def test_pasted_picture_becomes_a_chip(qtbot, pane: ChatPane) -> None:
    image = QImage(40, 20, QImage.Format.Format_RGB32)
    image.fill(QColor("#336699"))
    QGuiApplication.clipboard().setImage(image)
    question(pane).paste()
    qtbot.waitUntil(lambda: names(pane) == ["Pasted picture 1.png"])
    data = pane.view.composer.tray.pictures[0].file.data
    assert QImage.fromData(data).pixelColor(3, 3) == QColor("#336699")


def test_pasted_picture_file_becomes_a_chip(qtbot, pane: ChatPane, file: Path) -> None:
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(file))])
    assert question(pane).canInsertFromMimeData(mime)
    QGuiApplication.clipboard().setMimeData(mime)
    question(pane).paste()
    qtbot.waitUntil(lambda: names(pane) == [DRAWN])
    assert question(pane).toPlainText() == ""


def test_text_that_comes_with_a_picture_of_itself_is_pasted_as_text(pane: ChatPane) -> None:
    mime = QMimeData()
    mime.setText("three months")
    mime.setImageData(QImage(4, 4, QImage.Format.Format_RGB32))
    QGuiApplication.clipboard().setMimeData(mime)
    question(pane).paste()
    assert question(pane).toPlainText() == "three months"
    assert pane.view.composer.tray.count == 0


def test_model_that_does_not_see_takes_no_pictures_and_says_why(
    qtbot, open_pane: OpenPane, services: FakeServices, file: Path
) -> None:
    services.models.loaded = FakeLoaded(LOCAL_MODEL)
    pane = open_pane()
    action = picture_action(pane)
    assert not action.isEnabled()
    assert action.toolTip() == f"{CANNOT_SEE} {CANNOT_SEE_HINT}"
    question(pane).setPlainText("What is this?")
    assert pane.take_drop((file,))
    qtbot.waitUntil(lambda: CANNOT_SEE in words(pane))
    assert CANNOT_SEE_HINT in words(pane)
    assert question(pane).toPlainText() == "What is this?"


def test_model_that_sees_offers_pictures(qtbot, pane: ChatPane) -> None:
    action = picture_action(pane)
    assert action.isEnabled()
    with qtbot.waitSignal(pane.view.composer.pictures_requested):
        action.trigger()
    dialog = child(pane, QFileDialog)
    assert "*.png" in dialog.selectedNameFilter()
    dialog.reject()


@pytest.mark.parametrize(
    ("content", "said"),
    [(b"hello", "was not added"), (images.png(9, 9)[:60], "damaged"), (None, "cannot be read")],
    ids=["no picture", "damaged inside", "gone"],
)
def test_file_that_is_no_picture_ends_in_words(
    qtbot, pane: ChatPane, tmp_path: Path, content: bytes | None, said: str
) -> None:
    path = tmp_path / "broken.png"
    if content is not None:
        path.write_bytes(content)
    pane.take_drop((path,))
    qtbot.waitUntil(lambda: said in words(pane))
    assert "broken.png" in words(pane)
    assert names(pane) == []
    assert not pane.view.composer.tray.isVisible()


def test_ninth_picture_is_refused_in_words(qtbot, pane: ChatPane, tmp_path: Path) -> None:
    paths = [tmp_path / f"{number}.png" for number in range(9)]
    for number, path in enumerate(paths, start=1):
        path.write_bytes(images.png(4 * number, 4))
    pane.take_drop(paths)
    qtbot.waitUntil(lambda: len(names(pane)) == 8)
    assert "8 pictures" in words(pane)


def test_question_waits_until_the_picture_was_read(
    qtbot, pane: ChatPane, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = threading.Event()
    real = Path.open

    def slow(self: Path, mode: str) -> object:
        assert gate.wait(10)
        return real(self, mode)

    monkeypatch.setattr(Path, "open", slow)
    pane.take_drop((file,))
    assert "Reading 1 picture…" in words(pane.view.composer)
    ask(qtbot, pane, "What is this?")
    assert question(pane).toPlainText() == "What is this?"
    assert not button(pane, "Send").isEnabled()
    gate.set()
    qtbot.waitUntil(lambda: names(pane) == [DRAWN])
    assert button(pane, "Send").isEnabled()


def test_sent_picture_is_shown_at_once_and_never_read_again(
    qtbot, pane: ChatPane, services: FakeServices, file: Path
) -> None:
    services.chat.script = Script(("A ", "sign."), MODEL_RECORD, threading.Event())
    attach(qtbot, pane, file)
    ask(qtbot, pane, "What is this?")
    assert names(pane) == []
    qtbot.waitUntil(lambda: len(views(pane)) == 1)
    view = views(pane)[0]
    assert view.has_image
    assert (view.width(), view.height()) == (LARGE, LARGE // 2)
    assert view.accessibleName() == f"Picture {DRAWN}"
    assert services.chat.script.gate is not None
    services.chat.script.gate.set()
    settled(qtbot, pane)
    qtbot.waitUntil(lambda: [len(each.pictures) for each in shown(pane)][:1] == [1])
    assert [each.name for each in shown(pane)[0].pictures] == [DRAWN]
    assert views(pane) == [view]
    assert services.chat.read == []


def test_stored_pictures_are_read_and_shown(
    qtbot, open_pane: OpenPane, services: FakeServices
) -> None:
    stored = [Picture(f"{number}" * 64, f"{number}.png") for number in range(3)]
    services.chat.kept = {each: images.png(200, 100 + 9 * i) for i, each in enumerate(stored)}
    lost = Picture("f" * 64, "Lost.png")
    asked = make_message(0, "Which?", pictures=(*stored, lost))
    made = services.chat.add("Pictures", (asked, make_message(1, "This.", MODEL_RECORD)))
    pane = open_pane()
    qtbot.waitUntil(lambda: pane.view.sidebar.items.rowCount() > 0)
    pane.show_conversation(made.id)
    qtbot.waitUntil(lambda: len(views(pane)) == 4)
    qtbot.waitUntil(lambda: [each.has_image for each in views(pane)] == [True] * 3 + [False])
    assert {each.width() for each in views(pane)} == {SMALL}
    qtbot.waitUntil(lambda: not views(pane)[3].isEnabled())
    assert "not in Cairn's data folder" in views(pane)[3].toolTip()
    bubble = pane.findChildren(QuestionMessage)[0]
    assert bubble.height() > SMALL


def test_click_opens_the_whole_picture_and_escape_closes_it(
    qtbot, open_pane: OpenPane, services: FakeServices
) -> None:
    picture = Picture("a" * 64, "Sign.png")
    services.chat.kept = {picture: images.png(700, 350)}
    made = services.chat.add("Pictures", (make_message(0, "What is it?", pictures=(picture,)),))
    pane = open_pane()
    qtbot.waitUntil(lambda: pane.view.sidebar.items.rowCount() > 0)
    pane.show_conversation(made.id)
    qtbot.waitUntil(lambda: len(views(pane)) == 1 and views(pane)[0].has_image)
    qtbot.mouseClick(views(pane)[0], Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: pane.findChild(PictureSheet) is not None)
    sheet = pane.findChild(PictureSheet)
    assert sheet is not None
    assert (sheet.canvas.width(), sheet.canvas.height()) == (700, 350)
    with qtbot.waitSignal(sheet.closed):
        qtbot.keyClick(sheet, Qt.Key.Key_Escape)


def test_picture_that_went_meanwhile_opens_as_words(
    qtbot, open_pane: OpenPane, services: FakeServices
) -> None:
    picture = Picture("a" * 64, "Sign.png")
    services.chat.kept = {picture: images.png(60, 60)}
    made = services.chat.add("Pictures", (make_message(0, "What is it?", pictures=(picture,)),))
    pane = open_pane()
    qtbot.waitUntil(lambda: pane.view.sidebar.items.rowCount() > 0)
    pane.show_conversation(made.id)
    qtbot.waitUntil(lambda: len(views(pane)) == 1 and views(pane)[0].has_image)
    services.chat.kept = {}
    views(pane)[0].click()
    qtbot.waitUntil(lambda: "“Sign.png” is gone." in words(pane))


def test_model_that_went_leaves_question_and_picture_in_the_composer(
    qtbot, pane: ChatPane, services: FakeServices, file: Path
) -> None:
    attach(qtbot, pane, file)
    services.models.loaded = None
    pane._model.reload()
    qtbot.waitUntil(lambda: not pane._pictures.sees)
    ask(qtbot, pane, "What is this?")
    qtbot.waitUntil(lambda: CANNOT_SEE in words(pane))
    assert (question(pane).toPlainText(), names(pane)) == ("What is this?", [DRAWN])
    assert services.chat.stored == {}


def test_draft_keeps_its_pictures_while_another_chat_is_shown(
    qtbot, pane: ChatPane, services: FakeServices, file: Path
) -> None:
    other = services.chat.add("Other", (make_message(0, "Hello"),))
    pane._list.reload()
    qtbot.waitUntil(lambda: pane.view.sidebar.items.rowCount() > 0)
    attach(qtbot, pane, file)
    pane.show_conversation(other.id)
    assert names(pane) == []
    pane.start_new()
    assert names(pane) == [DRAWN]


def test_question_that_could_not_be_stored_is_given_back_with_its_picture(
    qtbot, pane: ChatPane, services: FakeServices, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_scope: object = None) -> None:
        raise AppError("The disk is full.")

    monkeypatch.setattr(services.chat, "create", fail)
    attach(qtbot, pane, file)
    ask(qtbot, pane, "What is this?")
    qtbot.waitUntil(lambda: names(pane) == [DRAWN])
    assert question(pane).toPlainText() == "What is this?"
