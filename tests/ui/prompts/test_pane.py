"""The prompts pane: choosing, writing and closing, by hand over the real prompts."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget

from app.base.errors import AppError
from app.engine.messages import Role
from app.prompts.entities import Content, Example, Part, Variable, VariableKind
from app.ui.prompts.page import HISTORY, TRY, WRITE
from app.ui.widgets.buttons import Button
from tests.ui.prompts.driving import (
    choose_view,
    click,
    message,
    names,
    problems,
    put,
    shown,
    state,
    text,
)

FULL_DISK = AppError("There is no room left on the disk.", "Free some space.")


def press(qtbot, parent: QWidget, words: str) -> None:
    found = [each for each in parent.findChildren(Button) if each.text().strip() == words]
    qtbot.mouseClick(found[0], Qt.MouseButton.LeftButton)


def test_list_shows_prompts_under_their_folders(open_pane, prompts):
    put(prompts, "summary")
    put(prompts, "letter", folder="Work")
    put(prompts, "answer")
    pane = open_pane()
    assert names(pane) == ["answer", "summary", "Work", "letter"]
    assert shown(pane) == "answer"


def test_opening_a_prompt_makes_no_draft_of_it(open_pane, prompts, qtbot):
    content = Content(
        (Part(Role.SYSTEM, "Be brief. \n"), Part(Role.USER, "{{ a }}\n\n{{ b }}")),
        (Variable("a", VariableKind.NUMBER, default=3), Variable("b", VariableKind.YES_NO)),
        (Example("in", "out"),),
        {"type": "object", "properties": {"b": {"type": "string"}, "a": {}}},
    )
    made = prompts.create("whole", content, note="")
    pane = open_pane()
    pane.shown.drafts.flush()
    qtbot.waitUntil(lambda: state(pane) == "Version 1")
    assert prompts.draft(made.id) is None


def test_typing_is_saved_as_a_draft(open_pane, prompts, qtbot):
    made = put(prompts, "summary", "Sum up.")
    pane = open_pane()
    field = message(pane)
    qtbot.keyClicks(field, "Please. ")
    assert state(pane) == "Saving…"
    qtbot.waitUntil(lambda: state(pane) == "Draft saved")
    assert prompts.draft(made.id).content == text("Please. Sum up.")
    qtbot.waitUntil(pane.view.page.keep_button.isEnabled)
    qtbot.keyClicks(field, "Now. ")  # the notice of the save has put no other text there
    assert message(pane) is field
    assert field.toPlainText() == "Please. Now. Sum up."


def test_choosing_another_prompt_saves_the_one_before(open_pane, prompts, qtbot):
    made = put(prompts, "summary", "Sum up.")
    put(prompts, "letter", "Write.")
    pane = open_pane()
    click(qtbot, pane, "summary")
    qtbot.waitUntil(lambda: shown(pane) == "summary")
    qtbot.keyClicks(message(pane), "Please. ")
    click(qtbot, pane, "letter")
    qtbot.waitUntil(lambda: shown(pane) == "letter")
    qtbot.waitUntil(lambda: prompts.draft(made.id) is not None)
    assert prompts.draft(made.id).content == text("Please. Sum up.")
    assert message(pane).toPlainText() == "Write."
    click(qtbot, pane, "summary")
    qtbot.waitUntil(lambda: message(pane).toPlainText() == "Please. Sum up.")


def test_text_typed_just_before_closing_is_kept(open_pane, prompts, qtbot):
    made = put(prompts, "summary", "Sum up.")
    pane = open_pane()
    qtbot.keyClicks(message(pane), "Please. ")
    pane.close_down()
    assert prompts.draft(made.id).content == text("Please. Sum up.")


def test_failing_save_keeps_the_text_and_says_so(open_pane, prompts, qtbot, monkeypatch):
    made = put(prompts, "summary", "Sum up.")
    put(prompts, "zebra", "Write.")
    pane = open_pane()

    def fail(_prompt_id, _content):
        raise FULL_DISK

    monkeypatch.setattr(prompts, "save_draft", fail)
    qtbot.keyClicks(message(pane), "Please. ")
    qtbot.waitUntil(lambda: state(pane) == "Not saved")
    assert problems(pane) == [
        "What you wrote could not be saved. There is no room left on the disk. Free some space."
    ]
    question = pane.can_close()
    assert question is not None
    assert "no room" in question
    click(qtbot, pane, "zebra")
    qtbot.waitUntil(lambda: shown(pane) == "zebra")
    click(qtbot, pane, "summary")
    qtbot.waitUntil(lambda: message(pane).toPlainText() == "Please. Sum up.")
    qtbot.waitUntil(lambda: len(problems(pane)) == 1)
    monkeypatch.undo()
    press(qtbot, pane, "Try again")
    qtbot.waitUntil(lambda: state(pane) == "Draft saved")
    assert prompts.draft(made.id).content == text("Please. Sum up.")
    assert problems(pane) == []
    assert pane.can_close() is None


def test_change_made_elsewhere_is_shown_when_nothing_is_being_typed(open_pane, prompts, qtbot):
    made = put(prompts, "summary", "Sum up.")
    pane = open_pane()
    prompts.save_draft(made.id, text("From elsewhere."))
    qtbot.waitUntil(lambda: message(pane).toPlainText() == "From elsewhere.")
    assert state(pane) == "Draft saved"


def test_change_made_elsewhere_does_not_take_away_what_is_being_typed(open_pane, prompts, qtbot):
    made = put(prompts, "summary", "Sum up.")
    other = put(prompts, "zebra", "Write.")
    pane = open_pane()
    qtbot.keyClicks(message(pane), "Mine. ")
    prompts.rename(other.id, "aardvark")
    qtbot.waitUntil(lambda: names(pane) == ["aardvark", "summary"])
    assert shown(pane) == "summary"
    assert message(pane).toPlainText() == "Mine. Sum up."
    qtbot.waitUntil(lambda: prompts.draft(made.id) is not None)


def test_prompt_deleted_elsewhere_gives_way_to_its_neighbour(open_pane, prompts, qtbot):
    put(prompts, "answer")
    gone = put(prompts, "summary")
    put(prompts, "translate")
    pane = open_pane()
    click(qtbot, pane, "summary")
    qtbot.waitUntil(lambda: shown(pane) == "summary")
    prompts.delete(gone.id)
    qtbot.waitUntil(lambda: names(pane) == ["answer", "translate"])
    qtbot.waitUntil(lambda: shown(pane) in ("answer", "translate"))
    assert problems(pane) == []


def test_prompt_deleted_while_it_is_typed_can_be_brought_back(open_pane, prompts, qtbot):
    gone = put(prompts, "summary", "Sum up.")
    pane = open_pane()
    qtbot.keyClicks(message(pane), "Please. ")
    prompts.delete(gone.id)
    qtbot.waitUntil(lambda: len(problems(pane)) == 1)
    assert "was deleted while you were writing" in problems(pane)[0]
    assert pane.can_close() is not None
    assert message(pane).toPlainText() == "Please. Sum up."
    press(qtbot, pane, "Bring it back")
    qtbot.waitUntil(lambda: names(pane) == ["summary"])
    qtbot.waitUntil(lambda: state(pane) == "Draft saved")
    assert prompts.newest_content(prompts.find("summary").id) == text("Please. Sum up.")
    assert problems(pane) == []


def test_search_looks_into_the_text_and_says_when_nothing_fits(open_pane, prompts, qtbot):
    put(prompts, "letter", "Dear Sir or Madam")
    put(prompts, "summary", "Sum up.")
    pane = open_pane()
    pane.context.actions.run("prompts.search")
    qtbot.keyClicks(pane.view.sidebar.search, "madam")
    qtbot.waitUntil(lambda: names(pane) == ["letter"])
    qtbot.keyClicks(pane.view.sidebar.search, "x")
    qtbot.waitUntil(lambda: names(pane) == [])
    assert not pane.view.sidebar.list.isVisible()
    pane.view.sidebar.search.clear()
    qtbot.waitUntil(lambda: names(pane) == ["letter", "summary"])


def test_menu_of_folders_and_tags_narrows_the_list(open_pane, prompts, qtbot):
    put(prompts, "letter", folder="Work/Letters", tags=("formal",))
    put(prompts, "minutes", folder="Work")
    put(prompts, "summary")
    pane = open_pane()
    menu = pane.view.sidebar.make_filter_menu()
    words = [each.text().strip() for each in menu.actions() if each.text()]
    assert words == [
        "All prompts (3)", "Folders", "Work (2)", "Letters (1)", "Tags", "formal (1)",
    ]  # fmt: skip
    by_words = {each.text().strip(): each for each in menu.actions()}
    by_words["Work (2)"].trigger()
    qtbot.waitUntil(lambda: names(pane) == ["Work", "minutes", "Work/Letters", "letter"])
    assert pane.view.sidebar.filter_button.text().strip() == "Work"
    by_words["formal (1)"].trigger()
    qtbot.waitUntil(lambda: names(pane) == ["Work/Letters", "letter"])
    menu.deleteLater()


def test_try_gets_what_is_typed_before_it_is_saved(open_pane, prompts, qtbot, monkeypatch):
    put(prompts, "summary", "Sum up.")
    pane = open_pane()
    given = []
    monkeypatch.setattr(pane.view.playground, "show_prompt", lambda _p, each: given.append(each))
    qtbot.keyClicks(message(pane), "Please. ")
    choose_view(qtbot, pane, TRY)
    assert pane.view.page.view is pane.view.playground
    assert given[-1] == text("Please. Sum up.")


def test_pane_opens_with_the_prompt_of_the_last_time(open_pane, prompts, qtbot):
    put(prompts, "answer")
    put(prompts, "summary")
    pane = open_pane()
    click(qtbot, pane, "summary")
    qtbot.waitUntil(lambda: shown(pane) == "summary")
    pane.close_down()
    assert pane.context.state.numbers("prompts/shown") == [pane.shown.prompt.id]


def test_everything_the_keyboard_reaches_has_a_name(open_pane, prompts, qtbot):
    put(prompts, "summary", "One.", "Two.")
    pane = open_pane()
    choose_view(qtbot, pane, HISTORY)
    frame = (pane.view.sidebar, pane.view.page.header, pane.view.page.bar, pane.view.history)
    reached = [each for part in frame for each in part.findChildren(QWidget)]
    nameless = [
        each
        for each in reached
        if each.focusPolicy() & Qt.FocusPolicy.TabFocus
        and each.isVisible()
        and not each.accessibleName()
    ]
    assert not nameless
    assert len(pane.regions()) == 4
    pane.focus_first()
    assert pane.view.sidebar.list.hasFocus()


def test_what_is_filled_in_goes_along_between_writing_and_trying(open_pane, prompts, qtbot):
    variables = (Variable("place"), Variable("year"))
    parts = (Part(Role.USER, "{{ place }} in {{ year }}"),)
    prompts.create("history", Content(parts, variables))
    view = open_pane().view
    written, tried = view.editor.preview.form, view.playground.form
    written.set_values({"place": "Ghent"})
    view.page.switch.choose(TRY)
    assert tried.values()["place"] == "Ghent"
    tried.set_values({"year": "1400"})
    view.page.switch.choose(WRITE)
    assert written.values() == {"place": "Ghent", "year": "1400"}
