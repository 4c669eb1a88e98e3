"""What the tests of the evaluation pane do with hands and eyes."""

from __future__ import annotations

from typing import TypeVar

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox, QWidget

from app.evals.runs.entities import RunId
from app.ui.evals.items_page import ItemsPage
from app.ui.evals.judging_sheet import JudgingSheet
from app.ui.evals.pane import EvalsPane
from app.ui.evals.run_page import ITEMS, RunPage
from app.ui.widgets.info_bar import InfoBar

T = TypeVar("T", bound=QWidget)


def open_run(qtbot, pane: EvalsPane, run_id: RunId) -> RunPage:
    """Open a run as a click on its card does, and wait until it is there."""
    qtbot.waitUntil(lambda: run_id in pane.home.runs.cards)
    qtbot.mouseClick(pane.home.runs.cards[run_id], Qt.MouseButton.LeftButton)
    page = pane.run_page
    qtbot.waitUntil(lambda: page.run is not None and page.run.id == run_id and not page.is_busy)
    return page


def open_items(qtbot, pane: EvalsPane, run_id: RunId) -> ItemsPage:
    """Open the items of a run, and wait until the first are there."""
    page = open_run(qtbot, pane, run_id)
    page.tabs.setCurrentIndex(ITEMS)
    qtbot.waitUntil(lambda: page.items.items.total > 0 and not page.is_busy)
    return page.items


def choose(qtbot, pane: EvalsPane, combo: QComboBox, data: object) -> None:
    """Choose an entry, and wait until what follows is read."""
    at = combo.findData(data)
    combo.setCurrentIndex(at)
    combo.activated.emit(at)
    qtbot.waitUntil(lambda: not pane.is_reading)


def keys(page: ItemsPage) -> list[str]:
    """The items that are listed."""
    rows = range(page.items.rowCount())
    return [str(page.items.headerData(row, Qt.Orientation.Vertical)) for row in rows]


def cell(page: ItemsPage, row: int, column: int) -> str:
    """What a cell says."""
    return str(page.items.index(row, column).data())


def sheet(pane: EvalsPane, kind: type[T]) -> T:
    return next(each for each in pane.window().findChildren(kind) if each.isVisible())


def problems(pane: EvalsPane) -> list[str]:
    return [bar.text for bar in pane.findChildren(InfoBar) if bar.isVisible()]


def toasts(pane: EvalsPane) -> list[str]:
    return [note.text for note in pane.context.notify.notes]


def choose_judge(asking: JudgingSheet, judge: str, rubric: str = "Correct") -> None:
    """Choose which model judges, and by what."""
    boxes = {each.accessibleName(): each for each in asking.form.findChildren(QComboBox)}
    for name, words in (("Which model judges", judge), ("What is judged", rubric)):
        box = boxes[name]
        at = box.findText(words)
        box.setCurrentIndex(at)
        box.activated.emit(at)
