"""The parts of the pane on their own: texts, arguments, long traces."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QTextCursor
from PySide6.QtWidgets import QPlainTextEdit, QWidget

from app.agents.entities import Agent, AgentId, Budgets, Policy, Risk, ToolPolicy
from app.agents.trace import (
    Ground,
    ModelReply,
    Outcome,
    ReplyGrew,
    Run,
    RunId,
    RunState,
    Spent,
    Step,
    StepChanged,
    StepId,
    ToolUse,
)
from app.engine.messages import ToolCall
from app.settings.schema import Theme
from app.ui.agents.arguments_form import ArgumentsForm, BadArguments
from app.ui.agents.arguments_view import ArgumentsView
from app.ui.agents.plain_text import PAGE, DiffText, PagedText, PlainText
from app.ui.agents.run_end import ending
from app.ui.agents.shown_trace import ShownTrace
from app.ui.agents.start_page import start_of
from app.ui.agents.trace_view import TraceView
from app.ui.agents.words import spent_text
from tests.ui.agents.driving import click, shown_text

NOW = datetime(2026, 1, 1, tzinfo=UTC)
AGENT = Agent(AgentId(1), "Worker", "", NOW, NOW)


def run_of(state: RunState = RunState.DONE, **more) -> Run:
    return Run(RunId(1), AGENT, "Do it", state, NOW, "", **more)


def use(outcome: Outcome = Outcome.DONE, **more) -> ToolUse:
    call = ToolCall("c", "write_file", {"path": "a.txt"})
    details = {"arguments": call.arguments, "risk": Risk.WRITE, "allowed": Ground.ASKED}
    return ToolUse(call, "Write a file", outcome=outcome, **(details | more))


def step(number: int, detail, parent: int | None = None, seconds: float | None = 0.1) -> Step:
    above = None if parent is None else StepId(parent)
    return Step(StepId(number), RunId(1), above, NOW, detail, seconds)


def long_trace(replies: int) -> tuple[Step, ...]:
    steps = []
    for at in range(0, 2 * replies, 2):
        steps.append(step(at, ModelReply(text=f"I look at number **{at}**.", reasoning="Hm.")))
        steps.append(step(at + 1, use(text="x" * 3000, diff="+a\n-b"), parent=at))
    return tuple(steps)


@pytest.fixture
def view(qtbot, context):
    view = TraceView(context)
    qtbot.addWidget(view)
    view.resize(800, 600)
    view.show()
    return view


def test_text_without_end_is_shown_in_pieces_and_nothing_is_left_out(qtbot, theme):
    text = "a" * PAGE + "b" * PAGE + "c"
    paged = PagedText(PlainText(theme, "Text"), text)
    qtbot.addWidget(paged)
    paged.show()

    def read() -> str:
        return paged.view.toPlainText().replace("\n⋯ ", "")

    shown = [read()]
    while paged.more.isVisible():
        click(qtbot, paged.more)
        shown.append(read())
    assert [len(each) for each in shown] == [PAGE, 2 * PAGE, 2 * PAGE + 1]
    assert shown[-1] == text
    assert paged.is_whole


def looks(view: QPlainTextEdit) -> list[tuple[str, str]]:
    """Each line with the colour of its first letter."""
    document, found = view.document(), []
    for at in range(document.blockCount()):
        cursor = QTextCursor(document.findBlockByNumber(at))
        cursor.movePosition(QTextCursor.MoveOperation.NextCharacter)
        found.append((cursor.block().text(), cursor.charFormat().foreground().color().name()))
    return found


def test_change_is_shown_without_signs_for_programs(qtbot, theme):
    theme.apply(Theme.LIGHT, 100)
    view = DiffText(theme, "What would change")
    qtbot.addWidget(view)
    names = "--- notes.md\n+++ notes.md\n"
    first = "@@ -1,3 +1,2 @@\n # Notes\n--- a rule\n+++ a sum\n @@ -9 +9 @@\n"
    view.add(names + first + "@@ -20 +19,0 @@\n-gone\n@@ -0,0 +1 @@\n+")
    view.add("-new\n@@ -1,2 +0,0 @@")
    shown = (
        ("Lines 1 to 2", "text2"),
        (" # Notes", "text"),
        ("--- a rule", "danger"),
        ("+++ a sum", "ok"),
        (" @@ -9 +9 @@", "text"),
        ("After line 19", "text2"),
        ("-gone", "danger"),
        ("Line 1", "text2"),
        ("+-new", "ok"),
        ("Everything", "text2"),
    )
    assert looks(view) == [(words, theme.color(role).name()) for words, role in shown]
    theme.apply(Theme.DARK, 100)
    assert looks(view) == [(words, theme.color(role).name()) for words, role in shown]


def test_piece_ends_with_a_line_where_there_are_lines(qtbot, theme):
    text = "+one line\n" * (PAGE // 8)
    paged = PagedText(DiffText(theme, "What would change"), text)
    qtbot.addWidget(paged)
    paged.show()
    assert paged.view.toPlainText().endswith("+one line\n")
    click(qtbot, paged.more)
    assert paged.view.toPlainText() == text


def test_hidden_characters_of_arguments_are_spelled(qtbot, theme):
    view = ArgumentsView(theme)
    qtbot.addWidget(view)
    view.show()
    view.show_arguments({"to\u202e": "a\u200bb\u2028", "list": ["\x1b[2J"], "none": ""})
    qtbot.waitUntil(lambda: "(empty)" in shown_text(view))
    text = shown_text(view)
    for spelled in ("to<U+202E>", "a<U+200B>b<U+2028>", "\\u001b[2J", "(empty)"):
        assert spelled in text


def test_form_gives_back_what_it_was_given_until_it_is_changed(qtbot, theme):
    schema = {
        "properties": {
            "text": {"type": "string"},
            "kind": {"enum": ["new", "old"]},
            "often": {"type": "integer"},
            "loud": {"type": "boolean"},
            "more": {"type": "string"},
            "rest": {"type": "array"},
        }
    }
    given = {"text": "a\u00a0b\u2028c", "kind": "new", "often": 3, "loud": True, "extra": None}
    form = ArgumentsForm(theme, schema, given)
    qtbot.addWidget(form)
    assert form.arguments() == given


def test_form_reads_values_and_says_which_cannot_be_read(qtbot, theme):
    from PySide6.QtWidgets import QLineEdit

    schema = {"properties": {"often": {"type": "integer"}, "names": {"type": "array"}}}
    form = ArgumentsForm(theme, schema, {"often": 3, "names": ["a"]})
    qtbot.addWidget(form)
    often, names = form.findChildren(QLineEdit)
    often.setText("")
    names.setText('["a", "b"]')
    assert form.arguments() == {"names": ["a", "b"]}
    names.setText("a, b")
    with pytest.raises(BadArguments, match="names"):
        form.arguments()


def test_arguments_without_names_in_the_schema_are_json(qtbot, theme):
    from app.ui.forms.long_text import LongText

    form = ArgumentsForm(theme, {"type": "object"}, {"a": 1})
    qtbot.addWidget(form)
    text = form.findChild(LongText)
    assert text is not None
    text.setPlainText('{"a": 2}')
    assert form.arguments() == {"a": 2}
    for broken in ("[1]", "{", "[" * 100_000):
        text.setPlainText(broken)
        with pytest.raises(BadArguments):
            form.arguments()


def test_trace_of_two_hundred_steps_never_holds_the_window_up(qtbot, view):
    trace = ShownTrace(run_of(answer=""), long_trace(200))
    began = time.perf_counter()
    with qtbot.waitSignal(view.built, timeout=20_000):
        view.show_trace(trace, "Do it", is_live=False)
        at_once = time.perf_counter() - began
    assert at_once < 1.5
    assert len(view.cards) == len(view.replies) == 200


def test_step_of_a_long_trace_is_shown_quickly(qtbot, view):
    trace = ShownTrace(run_of(RunState.RUNNING), long_trace(60))
    with qtbot.waitSignal(view.built, timeout=20_000):
        view.show_trace(trace, "Do it", is_live=True)
    trace.receive(StepChanged(step(1000, ModelReply(), seconds=None)))
    view.refresh([StepId(1000)])
    began = time.perf_counter()
    for _event in range(20):
        trace.receive(ReplyGrew(StepId(1000), "Some words more. "))
        view.refresh([StepId(1000)])
    assert (time.perf_counter() - began) / 20 < 0.15
    assert view.replies[-1].text == "Some words more. " * 20


def test_reply_that_is_over_shows_its_words_once_and_its_thoughts_folded(qtbot, view):
    trace = ShownTrace(run_of(RunState.RUNNING))
    view.show_trace(trace, "Do it", is_live=True)
    for event in (
        StepChanged(step(1, ModelReply(), seconds=None)),
        ReplyGrew(StepId(1), "Hm, ", is_reasoning=True),
        ReplyGrew(StepId(1), "The ans"),
        ReplyGrew(StepId(1), "wer."),
        StepChanged(step(1, ModelReply(text="The answer.", reasoning="Hm, yes."))),
    ):
        view.refresh([changed] if (changed := trace.receive(event)) is not None else [])
    (reply,) = view.replies
    assert reply.text == "The answer."
    assert "Hm" not in shown_text(reply)
    fold = next(each for each in reply.findChildren(QWidget) if "Thoughts" in each.accessibleName())
    qtbot.mouseClick(fold, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: "Hm, yes." in shown_text(reply))


def test_diff_of_a_change_is_shown_without_a_click(qtbot, view):
    steps = (step(1, ModelReply()), step(2, use(diff="--- a\n+++ a\n+new line"), parent=1))
    view.show_trace(ShownTrace(run_of(), steps), "Do it", is_live=False)
    qtbot.waitUntil(lambda: "+new line" in shown_text(view.cards[0]))
    denied = step(2, use(Outcome.DENIED, diff="+new line"), parent=1)
    view.show_trace(ShownTrace(run_of(), (steps[0], denied)), "Do it", is_live=False)
    qtbot.waitUntil(lambda: "Denied" in shown_text(view.cards[0]))
    assert "+new line" not in shown_text(view.cards[0])


@pytest.mark.parametrize(
    ("outcome", "risk", "is_doubtful"),
    [
        (Outcome.RUNNING, Risk.WRITE, True),
        (Outcome.UNKNOWN, Risk.SEND, True),
        (Outcome.WAITING, Risk.WRITE, False),
        (Outcome.RUNNING, Risk.READ, False),
        (Outcome.DONE, Risk.WRITE, False),
    ],
)
def test_end_of_an_interrupted_run_says_what_is_uncertain(outcome, risk, is_doubtful):
    allowed = None if outcome is Outcome.WAITING else Ground.ASKED
    steps = (step(1, ModelReply()), step(2, use(outcome, risk=risk, allowed=allowed), parent=1))
    words = ending(run_of(RunState.INTERRUPTED), steps)
    assert ("Nobody knows whether this was done: Write a file" in words) is is_doubtful


@pytest.mark.parametrize(("tool", "is_wanted"), [("read_file", True), ("search_documents", False)])
def test_folder_is_asked_for_only_where_a_tool_can_use_it(tool, is_wanted):
    start = start_of(replace(AGENT, tools=(ToolPolicy(tool, Policy.ASK),)))
    assert (start.takes_folder, start.needs_folder) == (is_wanted, is_wanted)


def test_what_was_spent_is_said_in_one_line():
    spent = Spent(steps=6, output_tokens=1_240, work_s=14.2)
    assert spent_text(spent, Budgets(steps=20)) == "6 of 20 steps · 1,240 tokens · 14 s"


def test_icons_and_titles_of_every_state_are_there(context):
    from app.ui.agents import words

    tables = (words.RUN_WORDS, words.OUTCOME_WORDS, words.RISK_WORDS)
    assert [set(table) for table in tables] == [set(RunState), set(Outcome), set(Risk)]
    for table in tables:
        for each in table.values():
            context.icons.icon(each.icon, each.color)
