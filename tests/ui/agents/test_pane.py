"""Agents at work, driven as a person drives them."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtWidgets import QLineEdit, QWidget

from app.agents.entities import GrantedFolder, Policy, Risk
from app.agents.trace import Outcome, RunState
from app.engine.errors import NoModelLoaded
from app.ui.agents.new_sheet import NewAgentSheet
from app.ui.agents.view import RUN, SETUP
from app.ui.focus import focusable
from app.ui.forms.long_text import LongText
from tests.ui.agents.driving import (
    click,
    give,
    named,
    open_run,
    outcomes,
    press,
    problems,
    shown_text,
    texts,
    toasts,
    wait_for_approval,
    wait_for_end,
)
from tests.ui.text.finding import button, child, has_button
from tests.unit.agents.doubles import ToolDouble, calls, says

quickly = pytest.mark.usefixtures("quick_guard")

WRITES = calls(("write_file", {"path": "notes.md", "content": "# Notes\nBuy coffee\n"}))


def test_pane_without_agents_offers_templates(qtbot, open_pane, bench):
    pane = open_pane()
    assert pane.view.empty.isVisible()
    click(qtbot, button(pane.view.empty, "New agent"))
    sheet = child(pane.window(), NewAgentSheet)
    click(qtbot, button(sheet, "Tidy a folder"))
    qtbot.waitUntil(lambda: pane.view.run_page.isVisible() and pane.shown.agent is not None)
    assert [each.name for each in bench.agents.agents()] == ["Tidy a folder"]
    assert has_button(pane.view.run_page.start, "Add a folder")


def test_task_is_worked_on_to_the_answer(qtbot, open_pane, bench):
    bench.agent("calculator", policy=Policy.ALLOW)
    bench.model.replies = [
        calls(("calculator", {"expression": "6*7"}), text="I compute."),
        says("It is **42**."),
    ]
    pane = open_pane()
    give(qtbot, pane, "What is six times seven?")
    assert wait_for_end(qtbot, pane) is RunState.DONE
    assert texts(pane) == ["I compute.", "It is **42**."]
    assert outcomes(pane) == ["done"]
    assert pane.view.run_page.composer.isVisible()
    qtbot.waitUntil(lambda: pane.view.sidebar.runs.rowCount() == 1)


@quickly
def test_call_runs_only_after_it_was_allowed_once(qtbot, open_pane, bench, writer, folder):
    bench.model.replies = [WRITES, says("Changed.")]
    pane = open_pane()
    give(qtbot, pane, "Coffee instead of tea")
    card = wait_for_approval(qtbot, pane)
    assert "tea" in (folder / "notes.md").read_text()
    assert "+Buy coffee" in shown_text(card)
    press(qtbot, card, "Allow once")
    assert wait_for_end(qtbot, pane) is RunState.DONE
    assert "coffee" in (folder / "notes.md").read_text()
    assert bench.agents.grants(writer.id) == ()


@quickly
def test_buttons_of_an_approval_are_whole_where_it_is_narrow(
    qtbot, open_pane, bench, writer, folder
):
    bench.model.replies = [WRITES, says("Changed.")]
    pane = open_pane(width=624, height=570)
    give(qtbot, pane, "Coffee instead of tea")
    card = wait_for_approval(qtbot, pane)
    for name in ("Edit…", "Always allow", "Allow for this session", "Allow once", "Deny"):
        shown = button(card, name)
        assert shown.width() >= shown.sizeHint().width()
        assert card.rect().contains(QRect(shown.mapTo(card, QPoint()), shown.size()))


@quickly
@pytest.mark.parametrize(
    ("name", "is_brief"), [("Allow for this session", True), ("Always allow", False)]
)
def test_lasting_permission_is_remembered_and_can_be_revoked(
    qtbot, open_pane, bench, writer, name, is_brief
):
    bench.model.replies = [calls(("read_file", {"path": "notes.md"})), says("Read.")]
    pane = open_pane()
    give(qtbot, pane, "Read my notes")
    press(qtbot, wait_for_approval(qtbot, pane), name)
    wait_for_end(qtbot, pane)
    (grant,) = bench.agents.grants(writer.id)
    assert grant.until_closed is is_brief
    click(qtbot, button(pane.view.header, "Set up"))
    qtbot.waitUntil(lambda: has_button(pane.view.editor, "Revoke"))
    click(qtbot, button(pane.view.editor, "Revoke"))
    qtbot.waitUntil(lambda: bench.agents.grants(writer.id) == ())


@quickly
def test_denied_call_does_nothing_and_the_model_hears_the_reason(
    qtbot, open_pane, bench, writer, folder
):
    bench.model.replies = [WRITES, says("I left it.")]
    pane = open_pane()
    give(qtbot, pane, "Coffee instead of tea")
    card = wait_for_approval(qtbot, pane)
    qtbot.keyClicks(named(card, QLineEdit, "Reason for denying"), "I like tea")
    click(qtbot, button(card, "Deny"))
    assert wait_for_end(qtbot, pane) is RunState.DONE
    assert outcomes(pane) == ["denied"]
    assert "tea" in (folder / "notes.md").read_text()
    assert "I like tea" in bench.model.last_turn


@quickly
def test_run_that_goes_on_is_marked_in_the_list(qtbot, open_pane, bench, writer):
    bench.model.replies = [WRITES, says("Changed.")]
    pane = open_pane()
    give(qtbot, pane, "Coffee instead of tea")
    wait_for_approval(qtbot, pane)
    runs = pane.view.sidebar.run_list
    qtbot.waitUntil(lambda: runs.currentIndex().isValid())
    # The list may be read before the run has told its id.
    pane.view.run_page.shown_run = None
    pane.view.sidebar.choose_run(None)
    pane.live.all[0].advanced.emit(frozenset())
    assert runs.currentIndex().isValid()


@quickly
def test_edited_arguments_are_shown_again_before_they_are_used(
    qtbot, open_pane, bench, writer, folder
):
    bench.model.replies = [WRITES, says("Changed.")]
    pane = open_pane()
    give(qtbot, pane, "Coffee instead of tea")
    card = wait_for_approval(qtbot, pane)
    first = card.request
    click(qtbot, button(card, "Edit"))
    fields = card.findChildren(LongText)
    next(each for each in fields if "coffee" in each.toPlainText()).setPlainText(
        "# Notes\nBuy cocoa\n"
    )
    press(qtbot, card, "Check and use")
    qtbot.waitUntil(lambda: card.request is not None and card.request is not first)
    assert "coffee" not in (folder / "notes.md").read_text()
    assert card.request is not None
    assert card.request.preview is not None
    assert "cocoa" in card.request.preview.diff
    press(qtbot, card, "Allow once")
    assert wait_for_end(qtbot, pane) is RunState.DONE
    assert "cocoa" in (folder / "notes.md").read_text()
    assert pane.view.run_page.trace.cards[0].use.is_edited


@quickly
def test_arguments_that_break_the_schema_are_refused_in_words(qtbot, open_pane, bench):
    schema = {"type": "object", "properties": {"number": {"type": "integer"}}}
    bench.served = [tool := ToolDouble("count", schema=schema, risk=Risk.SEND)]
    bench.agent("count")
    bench.model.replies = [calls(("count", {"number": 3})), says("Counted.")]
    pane = open_pane()
    give(qtbot, pane, "Count")
    card = wait_for_approval(qtbot, pane)
    click(qtbot, button(card, "Edit"))
    line = next(each for each in card.findChildren(QLineEdit) if each.text() == "3")
    line.setText('"three"')
    press(qtbot, card, "Check and use")
    qtbot.waitUntil(lambda: "number: " in shown_text(card))
    assert tool.ran == []
    line.setText("4")
    press(qtbot, card, "Check and use")
    assert wait_for_end(qtbot, pane) is RunState.DONE
    assert tool.ran == [{"number": 4}]


def test_enter_and_clicks_right_after_the_card_appears_allow_nothing(
    qtbot, open_pane, bench, writer, folder
):
    bench.model.replies = [WRITES, says("Changed.")]
    pane = open_pane()
    give(qtbot, pane, "Coffee instead of tea")
    card = wait_for_approval(qtbot, pane)
    assert card.hasFocus()
    for key in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
        qtbot.keyClick(card, key)
    click(qtbot, button(card, "Allow once"))
    assert card.request is not None
    qtbot.waitUntil(button(card, "Allow once").isEnabled)
    qtbot.keyClick(card, Qt.Key.Key_Return)
    assert card.request is not None
    assert "tea" in (folder / "notes.md").read_text()


def test_stop_while_the_person_is_asked_ends_the_run(qtbot, open_pane, bench, writer, folder):
    bench.model.replies = [WRITES, says("Changed.")]
    pane = open_pane()
    give(qtbot, pane, "Coffee instead of tea")
    card = wait_for_approval(qtbot, pane)
    click(qtbot, button(pane.view.run_page.strip, "Stop"))
    assert wait_for_end(qtbot, pane) is RunState.STOPPED
    assert not card.isVisible()
    assert "tea" in (folder / "notes.md").read_text()
    assert has_button(pane.view.run_page.trace, "Continue")


@quickly
def test_question_is_answered_with_an_option(qtbot, open_pane, bench):
    bench.agent("ask_user")
    asks = calls(("ask_user", {"question": "Which one?", "options": ["The red", "The blue"]}))
    bench.model.replies = [asks, says("The blue it is.")]
    pane = open_pane()
    give(qtbot, pane, "Pick one")
    card = pane.view.run_page.question
    qtbot.waitUntil(card.isVisible)
    option = button(card, "The blue")
    qtbot.waitUntil(option.isEnabled)
    click(qtbot, option)
    assert wait_for_end(qtbot, pane) is RunState.DONE
    assert "The blue" in bench.model.last_turn


@quickly
def test_interrupted_run_is_continued(qtbot, open_pane, bench, writer, folder):
    bench.model.replies = [WRITES]
    bench.interrupt(writer, "Coffee instead of tea")
    bench.model.replies = [says("Coffee it is.")]
    pane = open_pane()
    open_run(qtbot, pane)
    assert "Nothing that changes anything was going on" in shown_text(pane.view.run_page.trace)
    click(qtbot, button(pane.view.run_page.trace, "Continue"))
    press(qtbot, wait_for_approval(qtbot, pane), "Allow once")
    qtbot.waitUntil(lambda: bool(texts(pane)) and texts(pane)[-1] == "Coffee it is.")
    assert wait_for_end(qtbot, pane) is RunState.DONE
    assert "coffee" in (folder / "notes.md").read_text()


def test_interrupted_run_is_left_at_that(qtbot, open_pane, bench, writer):
    bench.model.replies = [WRITES]
    run = bench.interrupt(writer, "Coffee instead of tea")
    pane = open_pane()
    open_run(qtbot, pane)
    click(qtbot, button(pane.view.run_page.trace, "Leave it at that"))
    qtbot.waitUntil(lambda: bench.runs.get(run.id).state is RunState.STOPPED)
    qtbot.waitUntil(lambda: not has_button(pane.view.run_page.trace, "Leave it at that"))


def test_run_that_cannot_begin_gives_the_task_back(qtbot, open_pane, bench, monkeypatch):
    def borrow(*_given, **_more):
        raise NoModelLoaded("No model is loaded.", "Load one under Models.")

    monkeypatch.setattr(bench.model, "borrow", borrow)
    bench.agent()
    pane = open_pane()
    give(qtbot, pane, "Do something")
    qtbot.waitUntil(lambda: bool(problems(pane)))
    assert "No model is loaded" in problems(pane)[0]
    assert pane.view.run_page.composer.text == "Do something"
    assert bench.runs.runs() == ()


def test_person_in_another_pane_is_told_that_a_run_waits(qtbot, open_pane, bench, writer):
    bench.model.replies = [WRITES, says("Changed.")]
    pane = open_pane()
    give(qtbot, pane, "Coffee instead of tea")
    pane.hide()
    qtbot.waitUntil(lambda: bool(toasts(pane)))
    assert "wants to" in toasts(pane)[0]
    row = pane.view.sidebar.agents.index(0).data(Qt.ItemDataRole.AccessibleTextRole)
    assert "Waits for you" in row
    assert "still at work" in pane.can_close()
    pane.show()
    click(qtbot, button(pane.view.run_page.strip, "Stop"))
    wait_for_end(qtbot, pane)
    assert pane.can_close() is None


def test_dropped_folder_is_granted_as_the_person_says(qtbot, open_pane, bench, folder):
    agent = bench.agent("read_file")
    pane = open_pane()
    assert pane.take_drop([folder])
    click(qtbot, button(pane.window(), "May read and change"))
    qtbot.waitUntil(
        lambda: bench.agents.get(agent.id).folders == (GrantedFolder(folder, can_write=True),)
    )


def test_file_that_is_dropped_is_left_to_the_library(open_pane, bench, folder):
    bench.agent()
    assert not open_pane().take_drop([folder / "notes.md"])


@quickly
def test_past_run_is_opened_exported_and_made_a_case(qtbot, open_pane, bench, writer, tmp_path):
    bench.model.replies = [calls(("read_file", {"path": "notes.md"})), says("Tea and Ada.")]
    pane = open_pane()
    give(qtbot, pane, "Read my notes")
    press(qtbot, wait_for_approval(qtbot, pane), "Allow once")
    wait_for_end(qtbot, pane)
    click(qtbot, button(pane.view.sidebar, "New task"))
    assert pane.view.run_page.start.isVisible()
    open_run(qtbot, pane)
    assert outcomes(pane) == [Outcome.DONE]
    with qtbot.waitSignal(pane.test_case_wanted) as wanted:
        click(qtbot, button(pane.view.run_page.trace, "Make a test case"))
    (item,) = wanted.args
    assert item.targets == ("Tea and Ada.",)
    assert item.metadata["tool_calls"][0]["name"] == "read_file"
    file = tmp_path / "run.json"
    pane.run_actions.export(pane.view.run_page.trace.run, file)
    qtbot.waitUntil(lambda: bool(toasts(pane)))
    assert "Tea and Ada." in file.read_text()


def test_deleted_agent_comes_back_by_undo(qtbot, open_pane, bench):
    agent = bench.agent()
    pane = open_pane()
    click(qtbot, button(pane.view.header, "Set up"))
    click(qtbot, button(pane.view.editor, "Delete this agent"))
    qtbot.waitUntil(pane.view.empty.isVisible)
    pane.context.notify.notes[0].choice.run()
    qtbot.waitUntil(lambda: pane.shown.agent is not None and pane.shown.agent.id == agent.id)


@quickly
def test_two_agents_work_at_once(qtbot, open_pane, bench, folder):
    folders = (GrantedFolder(folder, can_write=True),)
    one = bench.agent("write_file", name="One", folders=folders)
    two = bench.agent("write_file", name="Two", folders=folders)
    bench.model.replies = [WRITES, WRITES, says("Done.")]
    pane = open_pane()
    for agent in (one, two):
        pane.open_agent(agent.id)
        qtbot.waitUntil(lambda agent=agent: pane.shown.agent.id == agent.id)
        give(qtbot, pane, "Write")
        wait_for_approval(qtbot, pane)
    assert len(pane.live.all) == 2
    press(qtbot, pane.view.run_page.approval, "Deny")
    wait_for_end(qtbot, pane)
    pane.open_agent(one.id)
    press(qtbot, wait_for_approval(qtbot, pane), "Deny")
    wait_for_end(qtbot, pane)


def test_everything_that_takes_the_focus_has_a_name(qtbot, open_pane, bench, writer):
    bench.model.replies = [WRITES]
    pane = open_pane()
    give(qtbot, pane, "Coffee instead of tea")
    card = wait_for_approval(qtbot, pane)
    click(qtbot, button(card, "Edit"))
    pane.view.run_page.trace.cards[0].set_open(True)
    for page in (RUN, SETUP):
        pane.view.show_page(page)
        stops = [each for each in pane.findChildren(QWidget) if focusable(each)]
        nameless = [each for each in stops if not each.accessibleName() and not each.focusProxy()]
        assert [(each, each.parent()) for each in nameless] == []
