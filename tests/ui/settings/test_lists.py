"""Settings that are lists: texts, and the order of the samplers."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QListWidget, QPlainTextEdit

from app.settings.sampling import SAMPLER_TITLES, SamplingSettings
from app.ui.settings.lists import OrderControl, TextsControl, lines_of, texts_of
from app.ui.theme import ThemeKeeper
from tests.ui.text.finding import button, child

STEPS = tuple(SAMPLER_TITLES)


@pytest.fixture
def order(qtbot, theme: ThemeKeeper) -> OrderControl:
    control = OrderControl(SAMPLER_TITLES, "Order", theme)
    qtbot.addWidget(control)
    control.show_value(STEPS)
    control.show()
    return control


@pytest.fixture
def texts(qtbot, theme: ThemeKeeper) -> TextsControl:
    control = TextsControl("Stop at", theme)
    qtbot.addWidget(control)
    control.show()
    control.activateWindow()
    return control


@given(st.lists(st.text(min_size=1), unique=True))
def test_any_texts_come_back_from_their_lines(values: list[str]) -> None:
    assert texts_of(lines_of(values)) == tuple(values)


@pytest.mark.parametrize(
    ("lines", "values"),
    [
        ("", ()),
        ("\n\na\n", ("a",)),
        ("a\na", ("a",)),
        (" a ", (" a ",)),
        ("\\n\\n", ("\n\n",)),
        ("\\\\n", ("\\n",)),
        ("C:\\dir", ("C:\\dir",)),
    ],
)
def test_texts_of_lines_as_a_person_types_them(lines: str, values: tuple[str, ...]) -> None:
    assert texts_of(lines) == values


def test_texts_count_when_the_field_is_left(qtbot, texts: TextsControl) -> None:
    told: list[object] = []
    texts.edited.connect(told.append)
    field = child(texts, QPlainTextEdit)
    field.setFocus()
    qtbot.keyClicks(field, "###")
    assert told == []
    field.clearFocus()
    qtbot.waitUntil(lambda: told == [("###",)])
    field.setFocus()
    field.clearFocus()
    assert told == [("###",)]


def test_texts_shown_are_not_edited(texts: TextsControl) -> None:
    told: list[object] = []
    texts.edited.connect(told.append)
    texts.show_value(("a\nb", "c"))
    assert child(texts, QPlainTextEdit).toPlainText() == "a\\nb\nc"
    assert told == []


def test_order_moves_by_button_and_by_keys(qtbot, order: OrderControl) -> None:
    told: list[tuple[str, ...]] = []
    order.edited.connect(told.append)
    steps = child(order, QListWidget)
    steps.setCurrentRow(1)
    button(order, "Move up").click()
    assert told[-1][:2] == (STEPS[1], STEPS[0])
    assert steps.currentRow() == 0
    assert not button(order, "Move up").isEnabled()
    qtbot.keyClick(steps, Qt.Key.Key_Down, Qt.KeyboardModifier.AltModifier)
    assert told[-1] == STEPS
    steps.setCurrentRow(len(STEPS) - 1)
    assert not button(order, "Move down").isEnabled()
    count = len(told)
    qtbot.keyClick(steps, Qt.Key.Key_Down, Qt.KeyboardModifier.AltModifier)
    assert len(told) == count


def test_order_dragged_is_told(order: OrderControl) -> None:
    told: list[tuple[str, ...]] = []
    order.edited.connect(told.append)
    model = child(order, QListWidget).model()
    root = child(order, QListWidget).rootIndex()
    assert model.moveRow(root, 0, root, 3)  # what a drop within the list does
    assert told == [(STEPS[1], STEPS[2], STEPS[0], *STEPS[3:])]


def test_order_step_without_a_tick_is_left_out_and_can_come_back(order: OrderControl) -> None:
    told: list[tuple[str, ...]] = []
    order.edited.connect(told.append)
    item = child(order, QListWidget).item(0)
    item.setCheckState(Qt.CheckState.Unchecked)
    assert told == [STEPS[1:]]
    order.show_value(STEPS[1:])
    assert child(order, QListWidget).count() == len(STEPS)
    item.setCheckState(Qt.CheckState.Checked)
    assert told[-1] == STEPS


def test_order_shown_is_not_edited_and_puts_what_is_left_out_last(order: OrderControl) -> None:
    told: list[object] = []
    order.edited.connect(told.append)
    order.show_value(("temperature", "xtc"))
    steps = child(order, QListWidget)
    assert [steps.item(row).text() for row in range(3)] == ["Temperature", "XTC", STEPS_TITLES[0]]
    assert order.value == ("temperature", "xtc")
    assert told == []


STEPS_TITLES = tuple(SAMPLER_TITLES.values())


def test_order_says_which_steps_do_nothing(order: OrderControl) -> None:
    order.show_idle({"dry"})
    texts = [child(order, QListWidget).item(row).text() for row in range(len(STEPS))]
    assert [each for each in texts if "does nothing" in each] == [
        "DRY   (does nothing as it is set)"
    ]


def test_default_order_names_all_steps() -> None:
    assert SamplingSettings().order == STEPS
