"""What is done to whole prompts: new, details, copies, deletion, files."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication

from app.base.errors import AppError
from app.ui.prompts.details_sheet import DetailsSheet
from app.ui.prompts.export_sheet import MARKDOWN, ExportSheet
from app.ui.prompts.import_bar import ImportBar, import_lines, import_title
from app.ui.prompts.importing import Imported
from tests.ui.prompts.driving import (
    click,
    message,
    names,
    problems,
    put,
    sheet,
    shown,
    text,
    toasts,
)


def test_new_prompt_is_named_made_and_shown(open_pane, prompts, qtbot):
    pane = open_pane()
    assert pane.view.empty.isVisible()
    assert not pane.view.sidebar.isVisible()
    pane.context.actions.run("prompts.new")
    question = sheet(pane, DetailsSheet)
    assert not question.confirm_button.isEnabled()
    qtbot.keyClicks(question.name, "letter")
    qtbot.keyClicks(question.folder, "Work")
    qtbot.keyClicks(question.tags, "formal, long")
    qtbot.keyClick(question.tags, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: shown(pane) == "letter")
    assert pane.view.page.isVisible()
    made = prompts.find("letter")
    assert (made.folder, made.tags) == ("Work", ("formal", "long"))
    qtbot.waitUntil(lambda: names(pane) == ["Work", "letter"])


def test_name_that_is_taken_keeps_the_sheet_open_with_the_reason(open_pane, prompts, qtbot):
    put(prompts, "letter")
    pane = open_pane()
    pane.view.sidebar.new_button.click()
    question = sheet(pane, DetailsSheet)
    qtbot.keyClicks(question.name, "Letter")
    question.confirm_button.click()
    qtbot.waitUntil(question.problem.isVisible)
    assert "already" in question.problem.text()
    qtbot.keyClicks(question.name, "-2")
    question.confirm_button.click()
    qtbot.waitUntil(lambda: shown(pane) == "Letter-2")


def test_f2_changes_name_and_details_of_the_chosen_prompt(open_pane, prompts, qtbot):
    put(prompts, "letter", folder="Work")
    pane = open_pane()
    qtbot.keyClick(pane.view.sidebar.list, Qt.Key.Key_F2)
    question = sheet(pane, DetailsSheet)
    assert question.folder.text() == "Work"
    question.name.setText("note")
    question.description.setText("A short note")
    question.folder.clear()
    question.confirm_button.click()
    qtbot.waitUntil(lambda: names(pane) == ["note"])
    qtbot.waitUntil(lambda: shown(pane) == "note")
    assert prompts.find("note").description == "A short note"


def test_delete_offers_undo_which_brings_back_what_was_typed_too(open_pane, prompts, qtbot):
    put(prompts, "answer")
    made = put(prompts, "letter", "Write.")
    pane = open_pane()
    click(qtbot, pane, "letter")
    qtbot.waitUntil(lambda: shown(pane) == "letter")
    qtbot.keyClicks(message(pane), "Please. ")
    qtbot.keyClick(pane.view.sidebar.list, Qt.Key.Key_Delete)
    qtbot.waitUntil(lambda: names(pane) == ["answer"])
    qtbot.waitUntil(lambda: shown(pane) == "answer")
    assert toasts(pane) == ["“letter” is deleted."]
    assert problems(pane) == []
    pane.context.notify.notes[0].choice.run()
    qtbot.waitUntil(lambda: shown(pane) == "letter")
    assert prompts.draft(made.id).content == text("Please. Write.")


def test_deleting_the_last_prompt_shows_what_to_do_next(open_pane, prompts, qtbot):
    put(prompts, "letter")
    pane = open_pane()
    pane.prompt_actions.delete(pane.shown.prompt)
    qtbot.waitUntil(pane.view.empty.isVisible)


def test_menu_duplicates_and_copies_the_name(open_pane, prompts, qtbot):
    put(prompts, "letter", "Write.")
    pane = open_pane()
    menu = pane.prompt_actions.make_menu(pane.shown.prompt, ())
    by_words = {each.text(): each for each in menu.actions()}
    by_words["Copy /letter"].trigger()
    assert QGuiApplication.clipboard().text() == "/letter"
    by_words["Duplicate"].trigger()
    qtbot.waitUntil(lambda: shown(pane) == "letter-2")
    assert message(pane).toPlainText() == "Write."
    menu.deleteLater()


def test_export_writes_what_was_just_typed(open_pane, prompts, qtbot, tmp_path: Path):
    put(prompts, "letter", "Write.")
    pane = open_pane()
    qtbot.keyClicks(message(pane), "Please. ")
    pane.prompt_actions.export(pane.shown.prompt)
    qtbot.waitUntil(lambda: any(each.isVisible() for each in pane.findChildren(ExportSheet)))
    question = sheet(pane, ExportSheet)
    question.form.choose(MARKDOWN)
    qtbot.waitUntil(question.save_button.isEnabled)
    assert "labels stay here" in question.notes.text()
    question.save_as(tmp_path / "missing" / "letter.md")
    qtbot.waitUntil(question.problem.isVisible)
    question.save_as(tmp_path / "letter.md")
    qtbot.waitUntil(lambda: toasts(pane) == ["letter.md is written."])
    assert "Please. Write." in (tmp_path / "letter.md").read_text(encoding="utf-8")


def test_dropped_files_are_imported_and_what_was_lost_is_listed(
    open_pane, prompts, qtbot, tmp_path: Path
):
    put(prompts, "letter", "Write.")
    (tmp_path / "letter.md").write_text("---\nname: letter\ncolour: red\n---\n# User\nDear all\n")
    (tmp_path / "short.prompty").write_text("---\nname: short\n---\nuser:\nBe short.\n")
    (tmp_path / "broken.prompty").write_text("---\nname: [\n---\n")
    pane = open_pane()
    qtbot.keyClicks(message(pane), "Please. ")
    assert pane.take_drop(sorted(tmp_path.glob("*.*")))
    qtbot.waitUntil(lambda: bool(pane.findChildren(ImportBar)))
    bar = pane.findChildren(ImportBar)[0]
    assert bar.title == "2 prompts were imported, 1 file was not"
    assert [line.partition(":")[0] for line in bar.lines] == [
        "broken.prompty",
        "letter.md, left out",
    ]
    assert "colour" in bar.lines[1]
    qtbot.waitUntil(lambda: names(pane) == ["letter", "short"])
    qtbot.waitUntil(lambda: message(pane).toPlainText() == "Dear all")
    made = prompts.find("letter")
    notes = [each.note for each in prompts.versions(made.id)]
    assert notes == ["Imported from letter.md", "Written before a file was imported", ""]
    bar.dismiss()


def test_files_given_before_the_services_are_there_are_imported_later(
    context, services, prompts, qtbot, tmp_path: Path
):
    from app.ui.prompts.pane import PromptsPane

    (tmp_path / "short.md").write_text("Be short.")
    pane = PromptsPane(context)
    qtbot.addWidget(pane)
    assert pane.take_drop([tmp_path / "short.md"])
    assert not pane.take_drop([tmp_path / "report.pdf"])
    pane.attach(services)
    pane.show()
    qtbot.waitUntil(lambda: shown(pane) == "short")
    assert toasts(pane) == ["“short” was imported."]


@pytest.mark.parametrize(
    ("outcome", "title"),
    [
        ((Imported(Path("a.md"), "a", version=1),), "“a” was imported"),
        ((Imported(Path("a.md"), "a", version=3),), "“a” was imported as version 3"),
        ((Imported(Path("a.md"), "a.md", problem=AppError("No.")),), "1 file was not imported"),
    ],
    ids=["new", "next version", "refused"],
)
def test_import_title_says_what_became_of_it(outcome, title):
    assert import_title(outcome) == title
    assert len(import_lines(outcome)) == sum(each.problem is not None for each in outcome)
