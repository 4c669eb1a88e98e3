from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDragLeaveEvent, QDropEvent
from PySide6.QtWidgets import QApplication, QLabel, QWidget

from app.ui.drop import dropped_paths, refusal, sort_paths
from app.ui.main_window import MainWindow
from app.ui.session import Session
from tests.ui.shell import child, sample, shown_id

COPY, LEFT, NO_KEYS = (
    Qt.DropAction.CopyAction,
    Qt.MouseButton.LeftButton,
    Qt.KeyboardModifier.NoModifier,
)


def mime_of(*paths: Path) -> QMimeData:
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    return mime


def drag(window: MainWindow, mime: QMimeData) -> bool:
    event = QDragEnterEvent(QPoint(300, 300), COPY, mime, LEFT, NO_KEYS)
    event.ignore()
    QApplication.sendEvent(window, event)
    return event.isAccepted()


def drop(window: MainWindow, *paths: Path) -> None:
    mime = mime_of(*paths)
    drag(window, mime)
    QApplication.sendEvent(window, QDropEvent(QPointF(300, 300), COPY, mime, LEFT, NO_KEYS))


def veil(window: MainWindow) -> QWidget:
    found = child(window.root, QWidget, "veil")
    assert found is not None
    return found


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    folder = tmp_path / "folder.gguf"
    folder.mkdir()
    made = {"folder": folder}
    for name in ("a.pdf", "b.txt", "m.gguf", "N.GGUF", "odd name ü.md"):
        made[name] = tmp_path / name
        made[name].write_bytes(b"x")
    return made


def test_sort_paths_tells_models_from_documents(files: dict[str, Path], tmp_path: Path):
    gone = tmp_path / "gone.pdf"
    given = [*files.values(), files["a.pdf"], gone]
    dropped = sort_paths(given)
    assert set(dropped.models) == {files["m.gguf"], files["N.GGUF"]}
    assert set(dropped.documents) == {
        files["folder"],
        files["a.pdf"],
        files["b.txt"],
        files["odd name ü.md"],
    }
    assert dropped.missing == (str(gone),)


def test_sort_paths_name_no_system_takes_is_missing():
    assert sort_paths([Path("x" * 5000)]).missing == ("x" * 5000,)


def test_dropped_paths_links_and_text_are_no_files():
    mime = QMimeData()
    mime.setUrls([QUrl("https://example.org/a.pdf")])
    assert dropped_paths(mime) == ()
    mime.setText("hello")
    assert dropped_paths(mime) == ()


def test_refusal_many_names_some_and_counts_the_rest():
    words = refusal(tuple(f"/x/{number}.pdf" for number in range(5)))
    assert words == "“0.pdf”, “1.pdf”, “2.pdf” and 2 more cannot be found on this computer."


def test_drag_of_files_shows_the_veil_until_they_leave(session: Session, files: dict[str, Path]):
    window = session.window
    mime = mime_of(files["a.pdf"])
    assert drag(window, mime)
    assert veil(window).isVisible()
    texts = [label.text() for label in veil(window).findChildren(QLabel)]
    assert "Drop to ask about these files" in texts
    QApplication.sendEvent(window, QDragLeaveEvent())
    assert not veil(window).isVisible()


def test_drag_of_text_is_not_taken(session: Session):
    mime = QMimeData()
    mime.setText("just words")
    assert not drag(session.window, mime)
    assert not veil(session.window).isVisible()


def test_drop_documents_on_the_chat_go_to_the_chat(session: Session, files: dict[str, Path], qtbot):
    window = session.window
    drop(window, files["a.pdf"], files["b.txt"])
    pane = sample(window, "chat")
    qtbot.waitUntil(lambda: pane.dropped == [(files["a.pdf"], files["b.txt"])])
    assert window.current is pane
    assert not veil(window).isVisible()


def test_drop_documents_on_a_pane_that_does_not_want_them_go_to_the_library(
    session: Session, files: dict[str, Path], qtbot
):
    window = session.window
    window.show_pane("models")
    sample(window, "models").takes_drops = False
    drop(window, files["a.pdf"])
    qtbot.waitUntil(lambda: sample(window, "library").dropped == [(files["a.pdf"],)])
    assert shown_id(window) == "library"


def test_drop_mixed_files_each_go_where_they_belong_and_the_missing_is_named(
    session: Session, files: dict[str, Path], tmp_path: Path, qtbot
):
    window = session.window
    drop(window, files["m.gguf"], tmp_path / "gone.pdf", files["b.txt"])
    qtbot.waitUntil(lambda: sample(window, "models").dropped == [(files["m.gguf"],)])
    assert sample(window, "chat").dropped == [(files["b.txt"],)]
    assert window.notifier.notes[0].text == "“gone.pdf” cannot be found on this computer."


def test_drop_on_a_field_is_left_to_the_window(session: Session):
    assert not sample(session.window, "chat").field.acceptDrops()
