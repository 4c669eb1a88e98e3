from __future__ import annotations

import threading
from types import SimpleNamespace

import pytest
from PySide6.QtCore import QMimeData, Qt
from PySide6.QtGui import QFileOpenEvent
from PySide6.QtWidgets import QApplication, QLabel, QWidget
from shiboken6 import isValid

from app.base.changes import Topic
from app.base.errors import DataFolderInUse
from app.base.jobs import Activity
from app.base.paths import DataPaths
from app.settings.schema import Theme
from app.settings.store import SettingsStore
from app.ui.rail import BellButton, Rail
from app.ui.session import Application, Session
from app.ui.widgets.buttons import Button
from app.ui.widgets.choice import Choice
from app.ui.widgets.confirm import ConfirmSheet
from tests.ui.shell import child, entries, fake_services, fakes, focus, no_wires, sample, shown_id


@pytest.fixture
def make(qapp, qtbot, theme, paths: DataPaths):
    made: list[Session] = []

    def make(build=fake_services) -> Session:
        session = Session(
            qapp,
            paths,
            entries=entries(),
            connect=no_wires,
            build=build,
            theme=theme,
            owns_process=False,
        )
        made.append(session)
        return session

    yield make
    for session in made:
        session.close()
        session.window.deleteLater()
        session.deleteLater()


def test_open_window_is_painted_before_services_are_built(make, qtbot, paths: DataPaths):
    seen: list[bool] = []

    def build(given: DataPaths):
        seen.append(session.window.was_painted)
        seen.append(threading.current_thread() is threading.main_thread())
        return fake_services(given)

    session = make(build)
    with qtbot.waitSignal(session.became_ready):
        session.open()
    assert seen == [True, False]


def test_open_all_panes_are_made_but_only_the_shown_one_is_built(session: Session):
    window = session.window
    assert [pane.pane_id for pane in window.book.made] == ["chat", "library", "models", "settings"]
    assert shown_id(window) == "chat"
    assert sample(window, "chat").events == ["build", "ready"]
    assert sample(window, "library").events == []


def test_pane_that_waits_for_the_person_is_marked_on_the_rail(session: Session, qtbot):
    button = session.window.rail.button("models")
    session.window.pane("models").waiting_changed.emit("1 run waits for you")
    assert button.mark == "1 run waits for you"
    assert button.accessibleName().endswith(", 1 run waits for you")
    session.window.pane("models").waiting_changed.emit("")
    assert (button.mark, button.accessibleName()) == ("", button.text())


def test_rail_click_shows_the_pane_and_marks_it(session: Session, qtbot):
    rail: Rail = session.window.rail
    qtbot.mouseClick(rail.button("models"), Qt.MouseButton.LeftButton)
    assert shown_id(session.window) == "models"
    assert rail.button("models").isChecked()
    assert not rail.button("chat").isChecked()
    qtbot.mouseClick(rail.button("models"), Qt.MouseButton.LeftButton)
    assert rail.button("models").isChecked()


def test_show_pane_closes_sheets_over_the_window(session: Session):
    window = session.window
    sheets = [
        ConfirmSheet(parent, window.icons, "Sure?", "It is gone then.", Choice("Delete", list))
        for parent in (window, window.root)
    ]
    for sheet in sheets:
        sheet.open()
    window.show_pane("models")
    assert not any(sheet.isVisible() for sheet in sheets)


def test_second_session_opens_with_the_last_pane(make, qtbot, paths: DataPaths):
    first = make()
    with qtbot.waitSignal(first.became_ready):
        first.open()
    first.window.show_pane("library")
    first.close()
    second = make()
    with qtbot.waitSignal(second.became_ready):
        second.open()
    assert shown_id(second.window) == "library"


def test_files_given_at_the_start_wait_for_the_services(make, qtbot, tmp_path):
    file = tmp_path / "early.txt"
    file.write_text("x")
    go = threading.Event()

    def build(paths: DataPaths):
        go.wait(5)
        return fake_services(paths)

    session = make(build)
    session.open([file])
    qtbot.waitUntil(lambda: session.window.current is not None)
    assert sample(session.window, "chat").dropped == []
    go.set()
    qtbot.waitUntil(lambda: sample(session.window, "chat").dropped == [(file,)])


def test_start_failure_is_explained_and_can_be_tried_again(make, qtbot):
    attempts: list[int] = []

    def build(paths: DataPaths):
        attempts.append(1)
        if len(attempts) == 1:
            raise DataFolderInUse("Another Cairn is using it.", "Close it first.")
        return fake_services(paths)

    session = make(build)
    session.open()
    window = session.window
    qtbot.waitUntil(lambda: not window.rail.isEnabled())
    shown = [label.text() for label in window.findChildren(QLabel) if label.isVisible()]
    assert "Cairn could not start" in shown
    assert "Another Cairn is using it. Close it first." in shown
    again = next(
        each for each in window.findChildren(Button) if each.isVisible() and "again" in each.text()
    )
    with qtbot.waitSignal(session.became_ready):
        qtbot.mouseClick(again, Qt.MouseButton.LeftButton)
    assert window.rail.isEnabled()
    assert shown_id(window) == "chat"
    assert "ready" in sample(window, "chat").events


def test_start_bug_shows_the_report(make, qtbot):
    def build(paths: DataPaths):
        raise ZeroDivisionError("while building")

    session = make(build)
    session.open()
    qtbot.waitUntil(lambda: hasattr(session, "crash_sheet") and session.crash_sheet.isVisible())
    assert "while building" in session.crash_sheet.report.toPlainText()


def test_close_ends_panes_jobs_and_services(make, qtbot):
    session = make()
    with qtbot.waitSignal(session.became_ready):
        session.open()
    services = fakes(session)
    with qtbot.waitSignal(session.ended):
        session.window.close()
    assert services.closed == 1
    assert sample(session.window, "chat").events[-1] == "close_down"
    assert session.window.context.jobs.submit(list, owner=session.window).is_dropped


def test_close_before_the_services_are_built_closes_them_too(make, qtbot, paths: DataPaths):
    go, built = threading.Event(), []

    def build(given: DataPaths):
        built.append(fake_services(given))
        go.wait(5)
        return built[0]

    session = make(build)
    session.open()
    qtbot.waitUntil(lambda: bool(built))
    threading.Timer(0.05, go.set).start()
    session.close()
    assert built[0].closed == 1


def test_close_with_unfinished_work_asks_first(session: Session, qtbot):
    window = session.window
    sample(window, "chat").question = "An answer is still being written."
    window.close()
    assert window.isVisible()
    sheet = child(window.root, ConfirmSheet)
    texts = [label.text() for label in sheet.findChildren(QLabel)]
    assert "An answer is still being written." in texts
    with qtbot.waitSignal(session.ended):
        qtbot.mouseClick(sheet.confirm, Qt.MouseButton.LeftButton)
    assert not window.isVisible()


def test_close_question_answered_no_stays_open(session: Session, qtbot):
    window = session.window
    sample(window, "chat").question = "Sure?"
    window.close()
    sheet = child(window.root, ConfirmSheet)
    qtbot.mouseClick(sheet.back, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: not isValid(sheet))
    assert window.isVisible()


def test_settings_changed_elsewhere_change_the_looks(session: Session, qtbot):
    services = fakes(session)
    services.settings.change("appearance", "theme", "dark")
    with qtbot.waitSignal(session.window.context.theme.changed):
        services.notices.changed(Topic.SETTINGS)
    assert session.window.context.theme.is_dark


def test_palette_theme_action_stores_and_applies_it(session: Session, paths: DataPaths, qtbot):
    with qtbot.waitSignal(session.window.context.theme.changed):
        session.window.actions_table.run("look.dark")
    assert SettingsStore(paths.settings).current.appearance.theme is Theme.DARK


def test_larger_text_stops_at_the_bound(session: Session, qtbot):
    services = fakes(session)
    services.settings.change("appearance", "text_scale", 150)
    session.window.actions_table.run("look.larger")
    qtbot.waitUntil(lambda: session.window.context.jobs.running == 0)
    assert services.settings.current.appearance.text_scale == 150


def test_activity_of_a_service_shows_and_cancel_reaches_the_library(session: Session, qtbot):
    services, status = fakes(session), session.window.status
    services.notices.activity(Activity("ingestion", "Indexing", 1, 9, can_cancel=True))
    qtbot.waitUntil(lambda: status.findChild(Button) is not None)
    qtbot.mouseClick(child(status, Button), Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: services.library.cancelled == 1)
    services.notices.activity(Activity("ingestion", "", finished=True))
    qtbot.waitUntil(lambda: status.findChild(Button) is None)


def test_loaded_model_is_said_in_every_pane_and_a_click_leads_to_the_models(
    session: Session, qtbot
):
    services, line = fakes(session), session.window.status.models
    qtbot.waitUntil(lambda: line.whole_text == "No model: quoting")
    services.models.in_use = SimpleNamespace(name="Qwen3 8B", quantization="Q4_K_M", host="")
    services.notices.changed(Topic.MODELS)
    qtbot.waitUntil(lambda: line.whole_text == "Model: Qwen3 8B · Q4_K_M")
    assert line.isVisible()
    qtbot.mouseClick(line, Qt.MouseButton.LeftButton)
    assert shown_id(session.window) == "models"


def test_notices_reach_the_shown_pane(session: Session, qtbot):
    fakes(session).notices.changed(Topic.DOCUMENTS)
    pane = sample(session.window, "chat")
    qtbot.waitUntil(lambda: pane.seen == [frozenset({Topic.DOCUMENTS})])


def test_bell_unread_note_is_told_and_read_when_opened(session: Session, qtbot):
    bell = child(session.window.rail, BellButton)
    session.window.notifier.toast("Something")
    assert bell.accessibleName() == "Notices, 1 unread"
    qtbot.mouseClick(bell, Qt.MouseButton.LeftButton)
    assert bell.accessibleName() == "Notices"


@pytest.mark.qt_log_ignore("does not support raise", extend=True)
def test_second_start_brings_the_window_back_with_its_files(session: Session, tmp_path, qtbot):
    file = tmp_path / "second.md"
    file.write_text("x")
    session.window.showMinimized()
    session._instance.called.emit((file,))
    assert not session.window.isMinimized()
    qtbot.waitUntil(lambda: sample(session.window, "chat").dropped == [(file,)])


def test_close_leaves_the_copied_text_but_nothing_that_python_made(session: Session):
    mime = QMimeData()
    mime.setText("copied words")
    QApplication.clipboard().setMimeData(mime)
    session.close()
    assert QApplication.clipboard().text() == "copied words"
    assert QApplication.clipboard().mimeData() is not mime


def test_damaged_settings_file_is_told(make, qtbot, paths: DataPaths):
    paths.settings.write_text("this is = not = toml")
    session = make()
    with qtbot.waitSignal(session.became_ready):
        session.open()
    assert "settings.toml could not be read" in session.window.notifier.notes[0].text


def test_file_open_event_is_passed_on(qtbot, tmp_path):
    opened: list[object] = []

    class Probe:
        file_opened = type("S", (), {"emit": staticmethod(opened.append)})

    event = QFileOpenEvent(str(tmp_path / "a.pdf"))
    assert Application.event(Probe(), event) is True  # type: ignore[arg-type]  # no second QApplication
    assert opened == [tmp_path / "a.pdf"]


def focusable(widget: QWidget) -> list[QWidget]:
    return [
        each
        for each in widget.findChildren(QWidget)
        if each.focusPolicy() != Qt.FocusPolicy.NoFocus and each.isVisible()
    ]


@pytest.mark.parametrize("pane_id", ["chat", "settings"])
def test_every_focusable_widget_has_a_name(session: Session, pane_id: str):
    from PySide6.QtGui import QAccessible

    session.window.show_pane(pane_id)
    fakes(session).notices.activity(Activity("ingestion", "Indexing", 1, 9, can_cancel=True))
    for id in ("window.palette", "window.shortcuts", "window.notes"):
        session.window.actions_table.run(id)
        QApplication.processEvents()
        for widget in focusable(session.window):
            interface = QAccessible.queryAccessibleInterface(widget)
            assert interface.text(QAccessible.Text.Name).strip(), widget


def test_tab_puts_the_focus_ring_on_and_the_mouse_does_not(session: Session, qtbot):
    window = session.window
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    field = sample(window, "chat").field
    field.setFocus()
    assert field.property("kbd") != "true"
    qtbot.keyClick(field, Qt.Key.Key_Tab)
    marked = focus()
    assert marked is not field
    assert marked.property("kbd") == "true"
    field.setFocus(Qt.FocusReason.MouseFocusReason)
    assert marked.property("kbd") == "false"
    assert field.property("kbd") != "true"


def test_f6_steps_through_the_parts_of_the_window(session: Session, qtbot):
    window = session.window
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    pane = sample(window, "chat")
    qtbot.waitUntil(window.status.isVisible)
    pane.field.setFocus()
    window.actions_table.run("go.next-part")
    assert focus() is window.status.models
    window.actions_table.run("go.next-part")
    assert window.rail.isAncestorOf(focus())
    window.actions_table.run("go.next-part")
    assert pane.isAncestorOf(focus())
    window.actions_table.run("go.previous-part")
    assert window.rail.isAncestorOf(focus())


def test_job_that_ended_early_says_why(session: Session, qtbot):
    ended = Activity("ingestion", "Indexing", finished=True, problem="There is no room left.")
    fakes(session).notices.activity(ended)
    qtbot.waitUntil(lambda: bool(session.window.notifier.notes))
    assert session.window.notifier.notes[-1].text == "There is no room left."
