"""The editor, driven as a person would: messages, variables, examples, answer, sampling."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from PySide6.QtCore import QMimeData, Qt
from PySide6.QtGui import QGuiApplication, QTextCursor
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractSpinBox, QLabel, QWidget

from app.engine.messages import Role
from app.engine.sampling import Mirostat, Sampling
from app.prompts.entities import Content, Example, Part, Variable, VariableKind
from app.prompts.files.seeds import seed_prompts
from app.ui.prompts import latest_job
from app.ui.prompts.editor import PromptEditor
from app.ui.prompts.example_rows import pasted_rows
from app.ui.prompts.lint_marks import Mark, go_to
from tests.ui.prompts.editing import GREETING, open_editor, press, settle, write
from tests.unit.prompts.contents import contents


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(latest_job, "DELAY_MS", 20)


@pytest.fixture
def editor(qtbot, context) -> PromptEditor:
    editor = open_editor(qtbot, context)
    editor.show_content(GREETING)
    return editor


def test_seed_prompts_come_back_as_they_were_shown_and_nothing_is_emitted(qtbot, editor):
    with qtbot.assertNotEmitted(editor.edited):
        for seed in seed_prompts():
            editor.show_content(seed.content)
            assert editor.content() == seed.content
        settle(qtbot, editor)  # colouring comes with the event loop
    assert editor.summary.text() == "No errors found"


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(contents())
def test_any_content_comes_back_as_it_was_shown(editor: PromptEditor, content: Content) -> None:
    editor.show_content(content)
    assert editor.content() == content


def test_typing_changes_the_message_and_keeps_what_is_around_it(qtbot, editor):
    text = "10\u00a0km {{ who }} 😀"
    editor.show_content(Content((Part(Role.USER, text),)))
    field = editor.parts.cards[0].text
    field.setFocus()
    with qtbot.waitSignal(editor.edited):
        QTest.keyClicks(field, "x")
    assert editor.content().parts == (Part(Role.USER, "x" + text),)
    field.undo()
    assert editor.content().parts[0].text == text


def test_other_prompt_leaves_nothing_to_undo(editor):
    field = editor.parts.cards[1].text
    write(field, "Mine")
    editor.show_content(GREETING)
    assert not editor.parts.cards[1].text.document().isUndoAvailable()
    assert editor.content() == GREETING


def test_message_is_added_moved_removed_and_brought_back(qtbot, editor):
    press(editor.parts, "Add a message")
    assert editor.focusWidget() is editor.parts.cards[2].text
    QTest.keyClicks(editor.focusWidget(), "Hello")
    assert editor.content().parts[2] == Part(Role.ASSISTANT, "Hello")
    press(editor.parts.cards[2], "Move this message up")
    roles = [each.role for each in editor.content().parts]
    assert roles == [Role.SYSTEM, Role.ASSISTANT, Role.USER]
    press(editor.parts.cards[1], "Remove this message")
    assert editor.content().parts == GREETING.parts
    press(editor.parts, "Undo")
    assert [each.role for each in editor.content().parts] == roles


def test_removed_message_of_one_prompt_cannot_come_back_into_another(editor):
    press(editor.parts.cards[0], "Remove this message")
    editor.show_content(GREETING)
    names = [each.accessibleName() for each in editor.findChildren(QWidget) if each.isVisible()]
    assert "Undo" not in names


def test_role_is_chosen_with_the_keyboard(qtbot, editor):
    role = editor.parts.cards[1].role
    role.setFocus()
    with qtbot.waitSignal(editor.edited):
        QTest.keyClick(role, Qt.Key.Key_Down)
    assert editor.content().parts[1].role is Role.ASSISTANT


def test_undeclared_variable_is_marked_and_declared_with_a_click(qtbot, editor):
    field = editor.parts.cards[1].text
    write(field, "Greet {{ who }} and {{ whom }} or {{ whom }}.")
    settle(qtbot, editor)
    marks = [each.cursor.selectedText() for each in field.extraSelections()]
    assert marks == ["whom", "whom"]
    assert editor.parts.cards[1].findings.texts == (
        "Line 1: “whom” is no variable of this prompt. Add it to the variables.",
    )
    assert editor.summary.text() == "2 errors"
    press(editor.parts.cards[1], "Declare it: whom")
    assert editor.content().variables == (Variable("who"), Variable("whom"))
    settle(qtbot, editor)
    assert field.extraSelections() == []
    assert editor.parts.cards[1].findings.texts == ()


def test_unused_variable_is_removed_with_a_click(qtbot, editor):
    write(editor.parts.cards[1].text, "Greet them.")
    settle(qtbot, editor)
    card = editor.variables.cards[0]
    assert card.findings.texts == ("“who” is not used in any part. Use it, or remove it.",)
    assert editor.variables.fold.accessibleName() == "Variables · 1 · 1 to mend, unfolded"
    press(card, "Remove it: who")
    assert editor.content().variables == ()


def test_broken_template_is_said_once_at_its_message_and_its_line_is_marked(qtbot, editor):
    field = editor.parts.cards[1].text
    field.selectAll()
    field.insertPlainText("😀 One\nTwo {% if %}")
    settle(qtbot, editor)
    (words,) = editor.parts.cards[1].findings.texts
    assert words.startswith("Line 2: The user part cannot be used")
    (mark,) = field.extraSelections()
    assert mark.cursor.selectedText() == "Two {% if %}"
    assert editor.parts.cards[0].findings.texts == ()


def test_click_on_a_finding_puts_the_cursor_at_its_place(qtbot, editor):
    field = editor.parts.cards[1].text
    field.selectAll()
    field.insertPlainText("😀 One\nTwo {{ whom }}")
    settle(qtbot, editor)
    field.clearFocus()
    line = "Line 2: “whom” is no variable of this prompt. Add it to the variables."
    press(editor.parts.cards[1], f"Go to {line}")
    assert editor.focusWidget() is field
    place = len("😀 One") + 1 + len("\nTwo {{ ")  # Qt counts the first character twice
    assert field.textCursor().position() == place
    assert not field.textCursor().hasSelection()
    field.moveCursor(QTextCursor.MoveOperation.Start)
    words = editor.parts.cards[1].findings.findChildren(QLabel)[0]
    QTest.mouseClick(words, Qt.MouseButton.LeftButton)
    assert field.textCursor().position() == place


def test_finding_whose_line_is_gone_puts_the_cursor_at_the_end(qtbot, editor):
    field = editor.parts.cards[1].text
    write(field, "Hello")
    go_to(field, Mark(7, 3))
    assert field.textCursor().position() == 5


def test_many_cards_come_a_few_at_a_time_and_nothing_is_missing_meanwhile(qtbot, editor):
    names = [f"v{n}" for n in range(30)]
    content = Content(
        (Part(Role.USER, "".join(f"{{{{ {name} }}}}" for name in names[:-1])),),
        tuple(map(Variable, names)),
        tuple(Example(name, name) for name in names),
    )
    editor.show_content(content)
    assert len(editor.variables.cards) < 30
    assert editor.content() == content
    settle(qtbot, editor)
    assert len(editor.variables.cards) == len(editor.examples.cards) == 30
    assert editor.content() == content
    (words,) = editor.variables.cards[-1].findings.texts
    assert words.startswith("“v29” is not used")


def test_what_is_added_among_cards_that_are_still_coming_stays_in_order(qtbot, editor):
    names = [f"v{n}" for n in range(30)]
    editor.show_content(Content((Part(Role.USER, "Hi"),), tuple(map(Variable, names))))
    editor.variables.declare("last")
    press(editor.variables.cards[0], "Remove this variable")
    assert [each.name for each in editor.content().variables] == [*names[1:], "last"]
    editor.show_content(GREETING)
    settle(qtbot, editor)
    assert editor.content() == GREETING


def test_mark_stands_under_the_variable_after_characters_of_two_units(qtbot, editor):
    field = editor.parts.cards[1].text
    write(field, "x")
    field.insertPlainText("😀😀 {{ whom }}")
    settle(qtbot, editor)
    (mark,) = field.extraSelections()
    assert mark.cursor.selectedText() == "whom"


def test_prompt_without_a_question_is_said_below_the_messages(qtbot, editor):
    press(editor.parts.cards[1], "Remove this message")
    settle(qtbot, editor)
    (words,) = editor.parts.general.texts
    assert words.startswith("There is no user part")


def test_new_variable_is_written_with_all_that_belongs_to_it(qtbot, editor):
    press(editor.variables, "Add a variable")
    card = editor.variables.cards[1]
    assert editor.focusWidget() is card.name
    write(card.name, "colour")
    card.kind.setFocus()
    QTest.keyClicks(card.kind, "Choice")
    write(card.label, "Colour")
    write(card.help, "Of the car")
    write(card.choices, "red")
    QTest.keyClick(card.choices, Qt.Key.Key_Return)
    QTest.keyClicks(card.choices, "blue")
    pick = card.default.pick
    pick.setFocus()
    QTest.keyClicks(pick, "blue")
    QTest.keyClick(card.required, Qt.Key.Key_Space)
    assert editor.content().variables[1] == Variable(
        "colour", VariableKind.CHOICE, "Colour", "Of the car", "blue", False, ("red", "blue")
    )


@pytest.mark.parametrize(
    ("kind", "typed", "value"),
    [
        (VariableKind.NUMBER, "2.5", 2.5),
        (VariableKind.NUMBER, "many", "many"),
        (VariableKind.TEXT, "2.5", "2.5"),
        (VariableKind.DATE, "2026-01-31", "2026-01-31"),
        (VariableKind.LONG_TEXT, "so", "so"),
    ],
)
def test_default_is_read_as_the_kind_has_it(editor, kind, typed, value):
    editor.show_content(Content(variables=(Variable("it", kind, default="x"),)))
    default = editor.variables.cards[0].default
    write(default.text if kind is VariableKind.LONG_TEXT else default.line, typed)
    assert editor.content().variables[0].default == value


def test_default_that_does_not_fit_is_said_at_the_variable(qtbot, editor):
    editor.show_content(replace(GREETING, variables=(Variable("who", VariableKind.NUMBER),)))
    write(editor.variables.cards[0].default.line, "many")
    settle(qtbot, editor)
    (words,) = editor.variables.cards[0].findings.texts
    assert words.startswith("The default of “who” does not fit its kind.")


def test_two_columns_from_a_table_become_examples(editor):
    editor.examples.set_open(True)
    QGuiApplication.clipboard().setText('Hi\tHello\n"two\nlines"\tHow "so"\n')
    press(editor.examples, "Paste rows")
    pasted = (Example("Hi", "Hello"), Example("two\nlines", 'How "so"'))
    assert editor.content().examples == pasted
    assert editor.examples.fold.accessibleName() == "Examples · 2, unfolded"


def test_rows_pasted_into_an_empty_question_fill_it_and_the_next_ones(editor):
    editor.examples.set_open(True)
    press(editor.examples, "Add an example")
    data = QMimeData()
    data.setText("a\tb\nc\td")
    editor.examples.cards[0].question.insertFromMimeData(data)
    assert editor.content().examples == (Example("a", "b"), Example("c", "d"))


def test_text_that_is_no_table_is_said_to_be_none(editor):
    editor.examples.set_open(True)
    QGuiApplication.clipboard().setText("No table")
    press(editor.examples, "Paste rows")
    assert editor.content().examples == ()
    assert editor.examples.words.text().startswith("Copy two columns")


@pytest.mark.parametrize("text", ["", "a", "\tb", "a\tb\tc", "a\tb\nc", 'a\t"b', "a\tb\n" * 201])
def test_text_that_is_not_two_columns_gives_no_rows(text):
    assert not pasted_rows(text) or pasted_rows(text) == (Example("a", "b"),)


def test_schema_is_checked_as_it_is_typed_and_the_last_right_one_counts(qtbot, editor):
    editor.output.set_open(True)
    press(editor.output, "Form of the answer: JSON by a schema")
    first = editor.content().output_schema
    assert first is not None
    field = editor.output.field
    write(field, '{"type": "integer"')
    (words,) = editor.output.findings.texts
    assert words.startswith("Line 1: This is not JSON yet: ")
    assert field.extraSelections()
    assert editor.content().output_schema == first
    QTest.keyClicks(field, "}")
    assert editor.content().output_schema == {"type": "integer"}
    assert editor.output.findings.texts == ()
    write(field, '{"type": "number", "format": "nonsense"}')
    settle(qtbot, editor)
    (words,) = editor.output.findings.texts
    assert words.startswith("The output schema cannot be used.")
    press(editor.output, "Form of the answer: Free text")
    assert editor.content().output_schema is None


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[1]", "Line 1: A schema is an object"),
        ('{"maximum": NaN}', "JSON has no number NaN"),
        ("[" * 5_000, "It is nested too deeply"),
    ],
    ids=["list", "nan", "deep"],
)
def test_json_that_is_no_schema_is_refused_in_words(editor, text, words):
    editor.show_content(replace(GREETING, output_schema={"type": "object"}))
    editor.output.field.selectAll()
    editor.output.field.insertPlainText(text)
    assert editor.output.findings.texts[0].startswith(words)
    assert editor.content().output_schema == {"type": "object"}


def test_own_sampling_is_chosen_and_changed(editor):
    editor.sampling.set_open(True)
    press(editor.sampling, "Sampling: Its own")
    assert editor.content().sampling == Sampling()
    box = editor.sampling.fields["temperature"].findChild(QAbstractSpinBox)
    box.setFocus()
    box.selectAll()
    QTest.keyClicks(box, "0.75")
    QTest.keyClick(box, Qt.Key.Key_Return)
    press(editor.sampling, "Advanced, folded")
    pick = editor.sampling.fields["mirostat"].pick
    pick.setFocus()
    QTest.keyClick(pick, Qt.Key.Key_Down)
    assert editor.content().sampling == Sampling(temperature=0.75, mirostat=Mirostat.V2)
    press(editor.sampling, "Sampling: As in the settings")
    assert editor.content().sampling is None


def test_everything_can_be_reached_and_has_a_name(qtbot, editor):
    content = next(each.content for each in seed_prompts() if each.name == "extract-facts")
    editor.show_content(replace(content, examples=(Example("a", "b"),)))
    for section in (editor.examples, editor.output, editor.sampling):
        section.set_open(True)
    settle(qtbot, editor)
    stops = [
        each
        for each in editor.findChildren(QWidget)
        if each.isVisible() and each.focusPolicy() & Qt.FocusPolicy.TabFocus
    ]
    assert len(stops) > 40
    assert [each for each in stops if not each.accessibleName() and not each.focusProxy()] == []
    field = editor.parts.cards[0].text
    field.setFocus()
    QTest.keyClick(field, Qt.Key.Key_Tab)
    assert editor.focusWidget() is not field


def test_preview_stands_below_in_a_narrow_window_and_can_be_hidden(qtbot, editor, context):
    assert editor.split.orientation() is Qt.Orientation.Horizontal
    editor.resize(420, 700)
    assert editor.split.orientation() is Qt.Orientation.Vertical
    press(editor, "Show the preview")
    assert not editor.preview.isVisible()
    assert not open_editor(qtbot, context).preview.isVisible()
