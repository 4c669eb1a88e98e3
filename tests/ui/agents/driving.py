"""What the tests of the agents pane do with hands and eyes."""

from __future__ import annotations

from typing import TypeVar

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QAbstractButton, QLabel, QPlainTextEdit, QWidget

from app.agents.trace import RunState
from app.ui.agents.approval_card import ApprovalCard
from app.ui.agents.pane import AgentsPane
from app.ui.widgets.info_bar import InfoBar
from tests.ui.text.finding import button

W = TypeVar("W", bound=QWidget)


def click(qtbot, widget: QAbstractButton) -> None:
    qtbot.mouseClick(widget, Qt.MouseButton.LeftButton)


def give(qtbot, pane: AgentsPane, task: str) -> None:
    """Write a task and press Enter."""
    edit = pane.view.run_page.composer.edit
    qtbot.keyClicks(edit, task)
    qtbot.keyClick(edit, Qt.Key.Key_Return)


def wait_for_end(qtbot, pane: AgentsPane) -> RunState:
    """Wait until the run that is shown is over; how it ended."""
    trace = pane.view.run_page.trace
    qtbot.waitUntil(lambda: trace.end is not None and trace.end.isVisible())
    run = trace.run
    assert run is not None
    return run.state


def wait_for_approval(qtbot, pane: AgentsPane) -> ApprovalCard:
    """Wait until the person is asked."""
    card = pane.view.run_page.approval
    qtbot.waitUntil(lambda: card.isVisible() and card.request is not None)
    return card


def press(qtbot, card: ApprovalCard, name: str) -> None:
    """Click a button of the card as soon as that can be done."""
    found = button(card, name)
    qtbot.waitUntil(found.isEnabled)
    click(qtbot, found)


def shown_text(widget: QWidget) -> str:
    """All that can be read in it."""
    labels = [each.text() for each in widget.findChildren(QLabel) if each.isVisible()]
    views = [each.toPlainText() for each in widget.findChildren(QPlainTextEdit) if each.isVisible()]
    return "\n".join((*labels, *views))


def named(widget: QWidget, kind: type[W], name: str) -> W:
    """The visible widget of a kind with this accessible name."""
    found = [each for each in widget.findChildren(kind) if each.accessibleName() == name]
    return next(each for each in found if each.isVisible())


def texts(pane: AgentsPane) -> list[str]:
    """What the model said, as it is shown."""
    return [each.text for each in pane.view.run_page.trace.replies]


def outcomes(pane: AgentsPane) -> list[str]:
    return [each.use.outcome.value for each in pane.view.run_page.trace.cards]


def problems(pane: AgentsPane) -> list[str]:
    return [bar.text for bar in pane.findChildren(InfoBar) if bar.isVisible()]


def toasts(pane: AgentsPane) -> list[str]:
    return [note.text for note in pane.context.notify.notes]


def open_run(qtbot, pane: AgentsPane, row: int = 0) -> None:
    """Click a run of the past, and wait until it is shown."""
    qtbot.waitUntil(lambda: pane.view.sidebar.runs.rowCount() > row)
    view = pane.view.sidebar.run_list
    place = view.visualRect(view.model().index(row, 0)).center()
    qtbot.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=place)
    qtbot.waitUntil(pane.view.run_page.trace.isVisible)
    wait_for_end(qtbot, pane)
