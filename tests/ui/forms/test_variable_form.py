"""The form of a prompt: a field for each kind, values that stay, problems where they are."""

from __future__ import annotations

from dataclasses import replace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox, QLabel, QLineEdit, QPlainTextEdit, QWidget

from app.prompts.entities import Variable, VariableKind
from app.prompts.variables import check
from app.ui.forms.variable_form import VariableForm
from app.ui.widgets.switch import Switch
from tests.ui.text.finding import button, child

TOPIC = Variable("topic", label="Topic", help="What it is about.")
TONE = Variable("tone", VariableKind.CHOICE, "Tone", choices=("plain", "formal"))


@pytest.fixture
def form(qtbot, context) -> VariableForm:
    made = VariableForm(context)
    qtbot.addWidget(made)
    made.resize(420, 600)
    made.show()
    return made


def shown(form: QWidget) -> str:
    return "\n".join(each.text() for each in form.findChildren(QLabel) if each.isVisible())


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        (Variable("x", VariableKind.TEXT, default="a"), "a"),
        (Variable("x", VariableKind.LONG_TEXT, default="a\nb"), "a\nb"),
        (Variable("x", VariableKind.NUMBER, default=2.5), 2.5),
        (Variable("x", VariableKind.NUMBER, default=3.0), 3),
        (Variable("x", VariableKind.CHOICE, default="b", choices=("a", "b")), "b"),
        (Variable("x", VariableKind.YES_NO, default=True), True),
        (Variable("x", VariableKind.DATE, default="2026-01-31"), "2026-01-31"),
        (Variable("x", VariableKind.DOCUMENT, default="whole text"), "whole text"),
    ],
    ids=lambda each: each.kind.value if isinstance(each, Variable) else "",
)
def test_field_of_each_kind_begins_with_its_default(form, variable, value):
    form.show_variables((variable,))
    assert check((variable,), form.values()).values == {"x": value}
    assert form.problems() == {}


def test_values_are_what_a_person_types_and_chooses(qtbot, form):
    yes_no = Variable("short", VariableKind.YES_NO, "Short")
    form.show_variables((TOPIC, TONE, yes_no, Variable("text", VariableKind.LONG_TEXT)))
    with qtbot.waitSignal(form.changed):
        qtbot.keyClicks(child(form, QLineEdit), "Rain")
    qtbot.keyClicks(child(form, QPlainTextEdit), "It rains.")
    qtbot.keyClicks(child(form, QComboBox), "f")
    qtbot.mouseClick(child(form, Switch), Qt.MouseButton.LeftButton)
    expected = {"topic": "Rain", "tone": "formal", "short": True, "text": "It rains."}
    assert form.values() == expected


def test_what_was_typed_outlives_another_set_of_variables(form):
    form.show_variables((TOPIC, TONE))
    form.set_values({"topic": "Rain"})
    form.show_variables((TONE,))
    form.show_variables((TONE, TOPIC))
    assert form.values()["topic"] == "Rain"


def test_field_that_was_not_touched_takes_the_new_default(form):
    form.show_variables((replace(TOPIC, default="Rain"),))
    form.show_variables((replace(TOPIC, default="Snow"),))
    assert form.values() == {"topic": "Snow"}


def test_values_are_forgotten_when_nothing_shall_be_kept(form):
    form.show_variables((TOPIC,))
    form.set_values({"topic": "Rain"})
    form.show_variables((TOPIC,), keep=False)
    assert form.values() == {"topic": ""}


def test_values_for_variables_to_come_are_filled_in_when_they_come(form):
    form.set_values({"topic": "Rain"})
    form.show_variables((TOPIC,))
    assert form.values() == {"topic": "Rain"}


def test_problem_stands_at_its_field_until_that_is_changed(qtbot, form):
    form.activateWindow()
    form.show_variables((Variable("free", required=False), TOPIC))
    assert form.problems() == {"topic": "This needs a value."}
    assert "This needs a value." in shown(form)
    line = form.findChildren(QLineEdit)[1]
    qtbot.waitUntil(line.hasFocus)
    qtbot.keyClicks(line, "Rain")
    assert "This needs a value." not in shown(form)
    assert form.problems() == {}


def test_choice_that_may_be_left_out_can_be_taken_back(form):
    form.show_variables((replace(TONE, required=False),))
    box = child(form, QComboBox)
    box.setCurrentIndex(1)
    assert form.values() == {"tone": "plain"}
    box.setCurrentIndex(0)
    assert form.values() == {"tone": ""}
    assert form.problems() == {}


def test_choice_that_is_needed_and_has_no_default_is_asked_for(form):
    form.show_variables((TONE,))
    assert form.problems() == {"tone": "This needs a value."}


def test_today_fills_a_date_in(qtbot, form):
    form.show_variables((Variable("day", VariableKind.DATE, "Day"),))
    qtbot.mouseClick(button(form, "Day: today"), Qt.MouseButton.LeftButton)
    assert form.problems() == {}
    assert len(str(form.values()["day"])) == len("2026-01-31")


def test_enter_in_a_line_submits(qtbot, form):
    form.show_variables((TOPIC,))
    with qtbot.waitSignal(form.submitted):
        qtbot.keyClick(child(form, QLineEdit), Qt.Key.Key_Return)


def test_prompt_without_variables_says_so(form):
    form.show_variables(())
    assert "nothing to fill in" in shown(form)
    form.show_variables((TOPIC,))
    assert "nothing to fill in" not in shown(form)


def test_every_field_has_a_name(form):
    form.show_variables(tuple(Variable(kind.value, kind, choices=("a",)) for kind in VariableKind))
    unnamed = [
        each
        for each in form.findChildren(QWidget)
        if each.focusPolicy() & Qt.FocusPolicy.TabFocus
        and each.isVisible()
        and not each.accessibleName()
    ]
    assert unnamed == []


def test_many_fields_come_a_few_at_a_time_with_what_was_filled_in(qtbot, form):
    many = tuple(Variable(f"v{n}", default="a") for n in range(20))
    form.set_values({"v19": "mine"})
    with qtbot.waitSignal(form.completed):
        form.show_variables(many)
        assert len(form.findChildren(QLineEdit)) < 20
        assert check(many, form.values()).values["v19"] == "mine"
    assert len(form.findChildren(QLineEdit)) == 20
    assert form.values() == {f"v{n}": "a" for n in range(19)} | {"v19": "mine"}


def test_problem_of_a_field_that_has_not_come_yet_is_shown_at_it(form):
    form.show_variables(tuple(Variable(f"v{n}", required=n == 19) for n in range(20)))
    assert list(form.problems()) == ["v19"]
    assert "needs a value" in shown(form)
