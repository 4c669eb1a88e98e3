"""Importing suite files, as a person does, on the real services."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication

from app.base.paths import DataPaths
from app.bootstrap import Services
from app.evals.runs.entities import StoredSuite
from app.ui.evals.suites.import_sheet import ImportSheet
from app.ui.evals.suites.importing import import_paths, is_suite_file
from app.ui.pane import Pane, PaneContext
from app.ui.widgets.info_bar import InfoBar
from tests.ui.evals.suites.services import real_services

Import = Callable[..., list[StoredSuite]]


class Window(Pane):
    """A pane for sheets and bars."""

    pane_id, title, icon = "evals", "Evaluation", "ph.chart-bar"


@pytest.fixture
def services(paths: DataPaths) -> Iterator[Services]:
    with real_services(paths) as built:
        yield built


@pytest.fixture
def pane(qtbot, context: PaneContext) -> Pane:
    pane = Window(context)
    qtbot.addWidget(pane)
    pane.resize(1204, 840)
    pane.show()
    return pane


@pytest.fixture
def take_in(qtbot, context, services, pane, tmp_path: Path) -> Import:
    """Write files and import them; gives the list that stored suites come into."""

    def import_them(**files: str) -> list[StoredSuite]:
        made: list[StoredSuite] = []
        paths = []
        for name, text in files.items():
            paths.append(tmp_path / name.replace("_", "."))
            paths[-1].write_text(text, encoding="utf-8")
        import_paths(paths, pane, context, services, made.append)
        settle(qtbot, context)
        return made

    return import_them


def settle(qtbot, context: PaneContext) -> None:
    for _round in range(3):
        qtbot.waitUntil(lambda: context.jobs.running == 0, timeout=5000)
        QApplication.processEvents()


def sheet_of(pane: Pane) -> ImportSheet:
    return next(each for each in pane.findChildren(ImportSheet) if each.isVisible())


def choose(sheet: ImportSheet, part: str, name: str) -> None:
    box = sheet.boxes[part]
    at = next(at for at in range(box.count()) if box.itemText(at).startswith(name))
    box.setCurrentIndex(at)
    box.activated.emit(at)


def test_whole_json_lines_become_a_suite_without_a_question(take_in: Import, context, pane):
    made = take_in(questions_jsonl='{"input": "2 + 2?", "ideal": "4"}\n{"input": "Why?"}\n')
    assert [(each.name, each.items, each.without_targets) for each in made] == [("questions", 2, 1)]
    assert not pane.findChildren(ImportSheet)
    assert context.notify.notes[0].hint == "1 item has no right answer."


def test_rows_that_cannot_be_used_are_listed_before_anything_is_stored(
    qtbot, take_in: Import, context, services, pane
):
    made = take_in(questions_jsonl='{"input": "2 + 2?"}\n{"input": \n{"input": ""}\n')
    sheet = sheet_of(pane)
    lines = sheet._refused.stringList()
    assert [each.split(":")[0] for each in lines] == ["Line 2", "Line 3"]
    assert not services.evals.suites.suites()
    assert sheet.confirm.text() == "Import 1 item"
    sheet.confirm.click()
    settle(qtbot, context)
    assert [each.items for each in made] == [1]


def test_columns_of_a_table_are_guessed_and_can_be_changed(qtbot, take_in: Import, context, pane):
    table = "question,answer,note\nCapital of France?,Paris,a\nCapital of Peru?,Lima,b\n"
    made = take_in(places_csv=table)
    sheet = sheet_of(pane)
    assert sheet.boxes["input"].currentText().startswith("question")
    assert "Capital of France?" in sheet.boxes["input"].currentText()
    assert "“note” stays with the items" in sheet.summary.text()
    choose(sheet, "tags", "note")
    settle(qtbot, context)
    assert "note" not in sheet.summary.text()
    choose(sheet, "key", "question")
    settle(qtbot, context)
    assert sheet.boxes["key"].currentText().startswith("question")
    sheet.confirm.click()
    settle(qtbot, context)
    assert [each.items for each in made] == [2]


def test_table_without_a_known_column_asks_for_the_question(
    qtbot, take_in: Import, context, services, pane
):
    made = take_in(odd_csv="a,b\nCapital of France?,Paris\n")
    sheet = sheet_of(pane)
    assert sheet.summary.text() == "Choose the column that holds the question."
    assert not sheet.confirm.isEnabled()
    choose(sheet, "input", "a")
    choose(sheet, "targets", "b")
    settle(qtbot, context)
    sheet.confirm.click()
    settle(qtbot, context)
    assert services.evals.suites.items(made[0].id)[0].targets == ("Paris",)


def test_file_that_cannot_be_read_is_named_and_stops_no_other(take_in: Import, pane):
    made = take_in(empty_jsonl="", questions_jsonl='{"input": "2 + 2?"}\n')
    bar = next(each for each in pane.findChildren(InfoBar) if each.isVisible())
    assert bar.text.startswith("empty.jsonl: The file is empty.")
    assert [each.name for each in made] == ["questions"]


def test_file_that_is_cancelled_leaves_nothing_and_the_next_comes(
    qtbot, take_in: Import, context, services, pane
):
    made = take_in(one_csv="question\nWhy?\n", two_jsonl='{"input": "2 + 2?"}\n')
    sheet_of(pane).dismiss()
    settle(qtbot, context)
    assert [each.name for each in made] == ["two"]
    assert [each.name for each in services.evals.suites.suites()] == ["two"]


def test_suite_files_are_known_by_their_names():
    assert is_suite_file(Path("a.CSV"))
    assert not is_suite_file(Path("a.pdf"))
