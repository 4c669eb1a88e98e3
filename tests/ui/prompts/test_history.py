"""Versions: kept, compared, labelled, reverted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QGuiApplication, QTextCursor

from app.prompts.entities import Variable
from app.settings.schema import Theme
from app.ui.forms.words_sheet import WordsSheet
from app.ui.prompts.history import SPLIT
from app.ui.prompts.page import HISTORY, WRITE
from app.ui.prompts.pane import PromptsPane
from app.ui.prompts.timeline import DRAFT, NOTHING
from tests.ui.prompts.driving import (
    choose_view,
    message,
    put,
    sheet,
    state,
    text,
    toasts,
)


@pytest.fixture
def pane(open_pane: Callable[..., PromptsPane], prompts, qtbot) -> PromptsPane:
    """A prompt with three versions, its history in front."""
    put(prompts, "letter", "Write a letter.", "Write a short letter.", "Write a short note.")
    pane = open_pane()
    choose_view(qtbot, pane, HISTORY)
    qtbot.waitUntil(lambda: rows(pane) == ["Version 3", "Version 2", "Version 1"])
    settle(pane, qtbot)
    return pane


def settle(pane: PromptsPane, qtbot) -> None:
    qtbot.waitUntil(lambda: pane.context.jobs.running == 0 and bool(page(pane)))


def rows(pane: PromptsPane) -> list[str]:
    items = pane.view.history.items
    return [str(items.index(row).data()) for row in range(items.rowCount())]


def page(pane: PromptsPane) -> str:
    return pane.view.history.diff_view.toPlainText()


def marked(pane: PromptsPane, what: str) -> list[str]:
    """The texts that are struck through or underlined."""
    found = []
    block = pane.view.history.diff_view.document().firstBlock()
    while block.isValid():
        iterator = block.begin()
        while not iterator.atEnd():
            look = iterator.fragment().charFormat()
            if look.fontStrikeOut() if what == "struck" else look.fontUnderline():
                found.append(iterator.fragment().text().strip())
            iterator += 1
        block = block.next()
    return found


def pick(qtbot, pane: PromptsPane, number: int) -> None:
    view = pane.view.history.list
    place = view.visualRect(pane.view.history.items.index_of(number)).center()
    qtbot.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=place)


def test_newest_version_is_compared_with_the_one_before(pane, qtbot):
    assert (pane.view.history.chosen, pane.view.history.compared) == (3, 2)
    qtbot.waitUntil(lambda: marked(pane, "struck") == ["letter"])
    assert marked(pane, "underlined") == ["note"]
    assert page(pane).splitlines() == ["USER", "Write a short letternote."]


def test_click_on_a_version_shows_what_it_changed(pane, qtbot):
    pick(qtbot, pane, 2)
    assert (pane.view.history.chosen, pane.view.history.compared) == (2, 1)
    qtbot.waitUntil(lambda: marked(pane, "underlined") == ["short"])
    assert marked(pane, "struck") == []
    assert pane.view.history.note.whole_text == "Now says Write a short letter."


def test_first_version_is_shown_whole(pane, qtbot):
    pick(qtbot, pane, 1)
    assert pane.view.history.compared == NOTHING
    qtbot.waitUntil(lambda: page(pane).splitlines() == ["USER", "Write a letter."])
    assert marked(pane, "underlined") == []
    assert not pane.view.history.split_switch.isEnabled()


def test_any_two_versions_can_be_compared_side_by_side(pane, qtbot):
    history = pane.view.history
    history.old_box.setCurrentIndex(history.old_box.findData(1))
    history.old_box.activated.emit(history.old_box.currentIndex())
    qtbot.waitUntil(lambda: marked(pane, "underlined") == ["short note"])
    history.split_switch.choose(SPLIT)
    cursor = QTextCursor(history.diff_view.document())
    cursor.movePosition(QTextCursor.MoveOperation.NextBlock)
    table = cursor.currentTable()
    assert table is not None
    sides = []
    for column in (0, 1):
        cell = table.cellAt(0, column)
        inside = cell.firstCursorPosition()
        inside.setPosition(cell.lastPosition(), QTextCursor.MoveMode.KeepAnchor)
        sides.append(inside.selectedText())
    assert sides == ["Write a letter.", "Write a short note."]


def test_differences_beyond_the_words_are_told(open_pane, prompts, qtbot):
    made = put(prompts, "letter", "Write to {{ who }}.")
    schema = {"type": "null"}
    other = replace(text("Write to {{ who }}."), variables=(Variable("who"),), output_schema=schema)
    prompts.save_draft(made.id, other)
    pane = open_pane()
    choose_view(qtbot, pane, HISTORY)
    qtbot.waitUntil(lambda: "The variable “who” is new." in page(pane))
    assert rows(pane) == ["Draft", "Version 1"]
    assert "USER — UNCHANGED" in page(pane)
    assert '"type": "null"' in page(pane)


def test_what_is_being_typed_is_in_the_history_once_it_is_saved(pane, qtbot):
    choose_view(qtbot, pane, WRITE)
    qtbot.keyClicks(message(pane), "Please. ")
    choose_view(qtbot, pane, HISTORY)
    qtbot.waitUntil(lambda: rows(pane)[0] == "Draft")
    assert (pane.view.history.chosen, pane.view.history.compared) == (DRAFT, 3)
    assert not pane.view.history.labels_button.isEnabled()


def test_keep_asks_for_a_note_and_makes_a_version_of_what_was_just_typed(pane, prompts, qtbot):
    choose_view(qtbot, pane, WRITE)
    qtbot.keyClicks(message(pane), "Please. ")
    pane.context.actions.run("prompts.keep")
    question = sheet(pane, WordsSheet)
    qtbot.keyClicks(question.field, "Politer")
    qtbot.keyClick(question.field, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: state(pane) == "Version 4")
    kept = prompts.versions(pane.shown.prompt.id)[0]
    assert (kept.note, kept.content) == ("Politer", text("Please. Write a short note."))
    assert toasts(pane) == ["Version 4 is kept."]
    assert not pane.view.page.keep_button.isEnabled()
    assert "prompts.keep" not in [each.id for each in pane.context.actions.offered()]


def test_discarded_draft_can_be_had_back(pane, prompts, qtbot):
    choose_view(qtbot, pane, WRITE)
    qtbot.keyClicks(message(pane), "Please. ")
    qtbot.waitUntil(pane.view.page.discard_button.isEnabled)
    pane.view.page.discard_button.click()
    qtbot.waitUntil(lambda: message(pane).toPlainText() == "Write a short note.")
    assert prompts.draft(pane.shown.prompt.id) is None
    pane.context.notify.notes[0].choice.run()
    qtbot.waitUntil(lambda: message(pane).toPlainText() == "Please. Write a short note.")


def test_undo_of_discard_keeps_what_was_written_since(pane, prompts, qtbot):
    choose_view(qtbot, pane, WRITE)
    qtbot.keyClicks(message(pane), "Please. ")
    qtbot.waitUntil(pane.view.page.discard_button.isEnabled)
    pane.view.page.discard_button.click()
    qtbot.waitUntil(lambda: message(pane).toPlainText() == "Write a short note.")
    qtbot.keyClicks(message(pane), "Kindly. ")
    pane.context.notify.notes[0].choice.run()
    qtbot.waitUntil(lambda: message(pane).toPlainText() == "Please. Write a short note.")
    kept = prompts.versions(pane.shown.prompt.id)[0]
    assert kept.content == text("Kindly. Write a short note.")


def test_revert_makes_a_new_version_with_the_old_text(pane, prompts, qtbot):
    assert not pane.view.history.revert_button.isEnabled()
    pick(qtbot, pane, 1)
    pane.view.history.revert_button.click()
    qtbot.waitUntil(lambda: rows(pane)[0] == "Version 4")
    assert toasts(pane) == ["Version 4 has the text of version 1 again."]
    assert message(pane).toPlainText() == "Write a letter."


def offers(pane: PromptsPane) -> dict[str, QAction]:
    menu = pane.view.history.make_labels_menu()
    return {each.text(): each for each in menu.actions() if each.text()}


def test_production_is_put_moved_and_taken_off(pane, prompts, qtbot):
    def labels():
        return dict(prompts.get(pane.shown.prompt.id).labels)

    history = pane.view.history
    history.old_box.setCurrentIndex(history.old_box.findData(1))
    history.old_box.activated.emit(history.old_box.currentIndex())
    offers(pane)["production"].trigger()
    qtbot.waitUntil(lambda: labels() == {"production": 3})
    newest = history.items.index_of(3)
    qtbot.waitUntil(lambda: history.items.stage(newest).labels == ("production",))
    assert (history.chosen, history.compared) == (3, 1)  # as it was looked at
    pick(qtbot, pane, 1)
    qtbot.waitUntil(lambda: "production (now on version 3)" in offers(pane))
    offers(pane)["production (now on version 3)"].trigger()
    qtbot.waitUntil(lambda: labels() == {"production": 1})
    assert history.chosen == 1
    qtbot.waitUntil(lambda: "production" in offers(pane))
    assert offers(pane)["production"].isChecked()
    offers(pane)["production"].trigger()
    qtbot.waitUntil(lambda: labels() == {})


def test_label_of_ones_own_is_typed_and_a_wrong_one_is_refused(pane, prompts, qtbot):
    offers(pane)["Another label…"].trigger()
    question = sheet(pane, WordsSheet)
    qtbot.keyClicks(question.field, "latest")
    question.confirm_button.click()
    qtbot.waitUntil(question.problem.isVisible)
    assert "always on the newest version" in question.problem.text()
    question.field.setText("staging")
    question.confirm_button.click()
    qtbot.waitUntil(lambda: dict(prompts.get(pane.shown.prompt.id).labels) == {"staging": 3})


def test_reference_of_a_version_is_copied(pane, qtbot):
    pick(qtbot, pane, 2)
    pane.view.history.reference_button.click()
    assert QGuiApplication.clipboard().text() == "letter@2"


def test_theme_change_recolours_the_difference(pane, theme, qtbot):
    qtbot.waitUntil(lambda: marked(pane, "struck") == ["letter"])
    theme.apply(Theme.DARK, 100, reduce_motion=True)
    cursor = pane.view.history.diff_view.document().find("letter")
    assert cursor.charFormat().foreground().color() == theme.color("danger")
