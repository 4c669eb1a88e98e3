"""Pictures of the shell in both themes, to be looked at; they fail only when nothing is drawn."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QMimeData, QPoint, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDragLeaveEvent
from PySide6.QtWidgets import QApplication

from app.base.errors import AppError
from app.base.jobs import Activity
from app.settings.schema import Theme
from app.ui.session import Session
from app.ui.widgets.choice import Choice, Severity
from tests.ui.shell import focus

SIZES = {"wide": (1280, 840), "narrow": (900, 600)}


@pytest.fixture(params=["light", "dark"])
def looks(request: pytest.FixtureRequest, session: Session) -> str:
    session.window.context.theme.apply(Theme(request.param), 100, reduce_motion=True)
    return str(request.param)


@pytest.mark.parametrize("size", SIZES)
def test_shell_in_each_state_draws(session: Session, looks: str, size: str, screenshot, qtbot):
    window = session.window
    window.resize(*SIZES[size])
    name = f"shell-{looks}-{size}"

    def shot(state: str) -> None:
        QApplication.processEvents()
        screenshot(window, f"{name}-{state}")

    window.show_pane("library")
    window.pane("library").show_problem(
        AppError("Report.pdf is encrypted.", "Open it, save it without a password, add it again."),
        Choice("Try again", list),
    )
    window.status.show_activity(
        Activity("ingestion", "Indexing 3 documents", 34, 120, "passages", 74, can_cancel=True)
    )
    window.status.show_activity(Activity("hash", "Checking Qwen3-8B-Q4_K_M.gguf"))
    shot("pane")
    window.notifier.toast("Chat exported to notes.md", Severity.OK, choice=Choice("Open", list))
    window.notifier.toast("Two files were not added", Severity.WARN, hint="a.pdf is empty.")
    window.notifier.problem(AppError("The model ran out of memory.", "Try a smaller context."))
    shot("toasts")
    for toast in window.toasts.toasts:
        toast.dismiss()
    window.actions_table.run("window.palette")
    shot("palette")
    qtbot.keyClicks(focus(), "the")
    shot("palette-typed")
    window.actions_table.run("window.shortcuts")
    shot("shortcuts")
    window.actions_table.run("window.notes")
    shot("notes")
    window.dismiss_overlays()
    session.crash_sheet.show_bug("Cairn 0.1\n\nTraceback (most recent call last):\n  boom")
    shot("crash")
    window.dismiss_overlays()
    window.confirm("Close Cairn?", "An answer is still being written.", Choice("Close", list))
    shot("confirm")
    window.dismiss_overlays()
    _drag(window)
    shot("drop")
    window.dragLeaveEvent(QDragLeaveEvent())
    window.status.show_activity(Activity("ingestion", "", finished=True))
    window.status.show_activity(Activity("hash", "", finished=True))
    window.show_pane("settings")
    shot("settings")
    window.show_start_failure(
        AppError("Another Cairn is using this data folder.", "Close it first, then try again.")
    )
    shot("failure")


def _drag(window) -> None:
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile("/nowhere/a.pdf")])
    event = QDragEnterEvent(
        QPoint(200, 200),
        Qt.DropAction.CopyAction,
        mime,
        Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
    )
    QApplication.sendEvent(window, event)
