"""The page of a suite, used as a person does, on the real services."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QWidget

from app.base.paths import DataPaths
from app.bootstrap import Services
from app.engine.messages import Role, Turn
from app.evals.runs.entities import StoredSuite
from app.ui.evals.suites import drafts as suite_drafts
from app.ui.evals.suites.page import SuitePage
from app.ui.pane import PaneContext
from app.ui.widgets.info_bar import InfoBar
from tests.ui.evals.suites.services import capitals, question, real_services, relayed

Open = Callable[[StoredSuite], SuitePage]


@pytest.fixture
def services(paths: DataPaths) -> Iterator[Services]:
    with real_services(paths) as built:
        yield built


@pytest.fixture
def open_page(qtbot, context: PaneContext, services: Services, monkeypatch) -> Iterator[Open]:
    """Make the page, and wait until it shows the suite."""
    with relayed(services) as relay:

        def open_it(suite: StoredSuite) -> SuitePage:
            monkeypatch.setattr(suite_drafts, "SAVE_AFTER_MS", 150)
            page = SuitePage(context)
            qtbot.addWidget(page)
            page.resize(1128, 780)
            page.show()
            page.attach(services)
            relay.changed.connect(page.refresh)
            page.show_suite(suite.id)
            settle(qtbot, page)
            page.activateWindow()
            return page

        yield open_it


def settle(qtbot, page: SuitePage) -> None:
    """Wait until all is read and saved."""
    qtbot.waitUntil(lambda: page.rows.shown is not None and not page.is_busy, timeout=5000)
    qtbot.waitUntil(lambda: page._context.jobs.running == 0, timeout=5000)
    QApplication.processEvents()


def stored(services: Services, suite: StoredSuite) -> tuple[str, ...]:
    """What the items of a suite ask."""
    return tuple(each.input[0].content for each in services.evals.suites.items(suite.id, limit=-1))


def test_suite_opened_shows_its_items_and_the_first_of_them(qtbot, open_page: Open, services):
    page = open_page(capitals(services))
    items = page.rows.items
    assert items.rowCount() == 3
    assert items.index(1, 1).data() == "Tokyo"
    assert page.view.editor.turns.question.text == "What is the capital of France? (0)"
    assert page.view.header.name.whole_text == "Capitals"
    assert page.view.filter.count.text() == "3 items"


def test_words_typed_are_saved_after_a_rest(qtbot, open_page: Open, services: Services):
    suite = capitals(services)
    page = open_page(suite)
    page.view.editor.turns.question.setFocus()
    qtbot.keyClicks(page.view.editor.turns.question, "Now: ")
    assert page.view.editor.state.text() == "Saving…"
    settle(qtbot, page)
    assert stored(services, suite)[0] == "Now: What is the capital of France? (0)"
    assert page.view.editor.state.text() == "Saved"
    assert page.rows.items.index(0, 0).data() == "Now: What is the capital of France? (0)"
    assert "Version 2" in page.view.header.version.text()


def test_words_typed_are_saved_at_once_when_another_item_is_chosen(qtbot, open_page, services):
    suite = capitals(services)
    page = open_page(suite)
    page.view.editor.targets.fields[0].setPlainText("Lutetia")
    page.view.table.go_to(1)
    settle(qtbot, page)
    assert services.evals.suites.items(suite.id)[0].targets == ("Lutetia",)
    page.view.table.go_to(0)
    settle(qtbot, page)
    assert page.view.editor.targets.targets == ("Lutetia",)


def test_words_typed_are_saved_when_the_window_closes(open_page: Open, services: Services):
    suite = capitals(services)
    page = open_page(suite)
    page.view.editor.turns.question.setPlainText("The last words?")
    assert page.unsaved_question() is None
    assert stored(services, suite)[0] == "The last words?"


def test_item_that_cannot_be_saved_says_why_and_is_kept(qtbot, open_page: Open, services):
    suite = capitals(services)
    page = open_page(suite)
    page.view.editor.turns.question.setPlainText("")
    settle(qtbot, page)
    assert "Write a question first" in page.view.editor.problem.text()
    assert page.unsaved_question() is not None
    page.view.table.go_to(1)
    settle(qtbot, page)
    bar = next(each for each in page.findChildren(InfoBar) if each.isVisible())
    assert "cannot be saved" in bar.text
    page.view.table.go_to(0)
    settle(qtbot, page)
    assert page.view.editor.turns.question.text == ""
    page.view.editor.turns.question.setPlainText("Mended?")
    settle(qtbot, page)
    assert stored(services, suite)[0] == "Mended?"


def test_item_added_is_stored_once_it_asks_something(qtbot, open_page: Open, services: Services):
    suite = services.evals.suites.create("Empty")
    page = open_page(suite)
    assert page.view._empty.isVisible()
    assert not page.view.header.run.isEnabled()
    page.view.header.add.click()
    qtbot.keyClicks(QApplication.focusWidget(), "Who wrote Faust?")
    settle(qtbot, page)
    assert stored(services, suite) == ("Who wrote Faust?",)
    assert page.view.table.chosen_rows() == (0,)
    assert page.view.header.run.isEnabled()


def test_item_duplicated_stands_at_the_end_and_is_shown(qtbot, open_page: Open, services):
    suite = capitals(services)
    page = open_page(suite)
    page.duplicate()
    settle(qtbot, page)
    assert len(stored(services, suite)) == 4
    assert page.view.table.chosen_rows() == (3,)
    assert page.view.editor.turns.question.text == "What is the capital of France? (0)"


def test_items_removed_come_back_by_undo(qtbot, open_page: Open, services: Services, context):
    suite = capitals(services)
    page = open_page(suite)
    page.view.table.select_rows([0, 1])
    page.view.table.setFocus()
    qtbot.keyClick(page.view.table, Qt.Key.Key_Delete)
    settle(qtbot, page)
    assert stored(services, suite) == ("What is the capital of Kenya? (2)",)
    qtbot.waitUntil(lambda: page.view.editor.item is not None)
    assert page.view.editor.turns.question.text == "What is the capital of Kenya? (2)"
    note = context.notify.notes[0]
    assert note.text == "2 items were removed."
    note.choice.run()
    settle(qtbot, page)
    assert len(stored(services, suite)) == 3
    assert page.rows.items.rowCount() == 3


def test_two_columns_pasted_become_items(qtbot, open_page: Open, services: Services, context):
    suite = capitals(services)
    page = open_page(suite)
    QApplication.clipboard().setText('2 + 2?\t4\n"Two\nlines?"\tyes\n')
    page.view.table.setFocus()
    qtbot.keyClick(page.view.table, Qt.Key.Key_V, Qt.KeyboardModifier.ControlModifier)
    settle(qtbot, page)
    assert stored(services, suite)[3:] == ("2 + 2?", "Two\nlines?")
    context.notify.notes[0].choice.run()
    settle(qtbot, page)
    assert len(stored(services, suite)) == 3


def test_text_without_columns_pasted_says_what_to_copy(qtbot, open_page: Open, services):
    page = open_page(capitals(services))
    QApplication.clipboard().setText("just words")
    page.paste()
    settle(qtbot, page)
    bar = next(each for each in page.findChildren(InfoBar) if each.isVisible())
    assert "Copy two columns" in bar.text


def test_search_and_tag_choose_what_is_shown(qtbot, open_page: Open, services: Services):
    page = open_page(capitals(services, 8))
    page.view.filter.search.setText("japan")
    qtbot.waitUntil(lambda: page.rows.items.rowCount() == 2)
    assert page.view.filter.count.text() == "2 of 8 items"
    page.view.filter.search.clear()
    qtbot.waitUntil(lambda: page.rows.items.rowCount() == 8)
    page.view.filter.tag.setCurrentIndex(1)
    page.view.filter.tag.activated.emit(1)
    qtbot.waitUntil(lambda: page.rows.items.rowCount() == 4)
    page.view.filter.search.setText("nothing like it")
    qtbot.waitUntil(page.view._no_hits.isVisible)
    assert page.view.editor.item is None


def test_thousands_of_items_scroll_with_few_of_them_read(qtbot, open_page: Open, services):
    items = [question(f"k{number}", f"Question {number}?") for number in range(3_000)]
    page = open_page(services.evals.suites.create("Many", items))
    assert page.rows.items.rowCount() == 3_000
    page.view.table.verticalScrollBar().setValue(page.view.table.verticalScrollBar().maximum())
    page.view.table.go_to(2_999)
    qtbot.waitUntil(lambda: page.view.editor.turns.question.text == "Question 2999?")
    assert len(page.rows.items._pages) < 10


def test_question_becomes_a_conversation_and_keeps_what_is_not_shown(qtbot, open_page, services):
    suite = capitals(services)
    page = open_page(suite)
    turns = page.view.editor.turns
    turns._instruct.click()
    turns.cards[0].text.setPlainText("Answer in one word.")
    settle(qtbot, page)
    item = services.evals.suites.items(suite.id)[0]
    assert item.input == (
        Turn(Role.SYSTEM, "Answer in one word."),
        Turn(Role.USER, "What is the capital of France? (0)"),
    )


def test_metadata_is_checked_as_it_is_written(qtbot, open_page: Open, services: Services):
    suite = capitals(services)
    page = open_page(suite)
    metadata = page.view.editor.metadata
    metadata.editor.setPlainText('{"source": ')
    assert "not valid JSON" in metadata.problem.text()
    metadata.editor.setPlainText('{"source": "atlas"}')
    assert metadata.problem.isHidden()
    settle(qtbot, page)
    assert services.evals.suites.items(suite.id)[0].metadata == {"source": "atlas"}


def test_key_of_another_item_is_refused_and_a_free_one_taken(qtbot, open_page: Open, services):
    suite = capitals(services)
    page = open_page(suite)
    key = page.view.editor.key
    key.setText("q-1")
    key.editingFinished.emit()
    settle(qtbot, page)
    assert "Another item has the key" in page.view.editor.key_problem.text()
    assert key.text() == "q-0"
    key.setText("paris")
    key.editingFinished.emit()
    settle(qtbot, page)
    keys = [each.key for each in services.evals.suites.items(suite.id)]
    assert keys == ["paris", "q-1", "q-2"]
    assert page.view.table.chosen_rows() == (0,)


def test_suite_is_exported_with_what_was_typed_last(qtbot, open_page, services, tmp_path):
    suite = capitals(services)
    page = open_page(suite)
    page.view.editor.turns.question.setPlainText("Just typed?")
    page.doing.export_to(services.evals.suites, suite.id, tmp_path / "out.jsonl")
    settle(qtbot, page)
    assert "Just typed?" in (tmp_path / "out.jsonl").read_text(encoding="utf-8")


def test_run_is_asked_for_after_everything_is_saved(qtbot, open_page: Open, services: Services):
    suite = capitals(services)
    page = open_page(suite)
    page.view.editor.turns.question.setPlainText("Just typed?")
    with qtbot.waitSignal(page.run_requested) as asked:
        page.view.header.run.click()
    assert asked.args == [suite.id]
    assert stored(services, suite)[0] == "Just typed?"


def test_whatever_takes_the_focus_has_a_name(qtbot, open_page: Open, services: Services):
    page = open_page(capitals(services))
    page.view.editor.turns._instruct.click()
    suite = services.evals.suites.find("Capitals")
    page.settings.edit_metrics(services, suite).picker.add("judgement")
    settle(qtbot, page)
    nameless = [
        each
        for each in page.window().findChildren(QWidget)
        if each.focusPolicy() != Qt.FocusPolicy.NoFocus
        and each.isVisible()
        and not each.objectName().startswith("qt_")
        and not each.accessibleName()
    ]
    assert not nameless
