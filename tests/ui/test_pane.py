from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QVBoxLayout, QWidget
from shiboken6 import isValid

from app.base.changes import Topic
from app.base.errors import AppError
from app.base.paths import DataPaths
from app.ui.pane import PaneContext
from app.ui.widgets.buttons import Button
from app.ui.widgets.choice import Choice
from app.ui.widgets.info_bar import InfoBar
from app.ui.widgets.layout import PageHeader
from tests.ui.shell import LibraryLike, SamplePane, child, fake_services

DOCUMENTS = frozenset({Topic.DOCUMENTS})
MODELS = frozenset({Topic.MODELS})


@pytest.fixture
def holder(qtbot) -> QWidget:
    holder = QWidget()
    QVBoxLayout(holder)
    holder.resize(700, 500)
    qtbot.addWidget(holder)
    return holder


@pytest.fixture
def pane(context: PaneContext, holder: QWidget) -> SamplePane:
    pane = LibraryLike(context)
    layout = holder.layout()
    assert layout is not None
    layout.addWidget(pane)
    return pane


def test_pane_made_builds_nothing_before_it_is_shown(pane: SamplePane):
    assert pane.events == []
    assert not pane.is_ready


@pytest.mark.parametrize("services_first", [True, False])
def test_pane_shown_and_attached_in_any_order_builds_then_is_ready(
    pane: SamplePane, holder: QWidget, paths: DataPaths, services_first: bool
):
    steps = [lambda: pane.attach(fake_services(paths)), holder.show]
    for step in steps if services_first else reversed(steps):
        step()
    assert pane.events == ["build", "ready"]


def test_pane_shown_twice_builds_once(pane: SamplePane, holder: QWidget):
    for _time in range(2):
        holder.show()
        holder.hide()
    assert pane.events == ["build"]


def test_pane_services_before_ready_is_our_mistake(pane: SamplePane):
    with pytest.raises(RuntimeError, match="library"):
        _ = pane.services


def test_notice_hidden_pane_hears_of_it_in_one_call_when_shown(
    pane: SamplePane, holder: QWidget, paths: DataPaths
):
    holder.show()
    pane.attach(fake_services(paths))
    holder.hide()
    pane.notice(DOCUMENTS)
    pane.notice(MODELS)
    assert pane.seen == []
    holder.show()
    assert pane.seen == [DOCUMENTS | MODELS]


def test_notice_before_ready_is_not_told_twice(pane: SamplePane, holder: QWidget, paths: DataPaths):
    pane.notice(DOCUMENTS)
    holder.show()
    pane.attach(fake_services(paths))
    assert pane.seen == []  # `ready` loads everything anyway


def test_problem_shown_stands_below_the_header_and_can_be_dismissed(
    pane: SamplePane, holder: QWidget, qtbot
):
    holder.show()
    bar = pane.show_problem(AppError("It is encrypted.", "Remove the password."))
    header = child(pane, PageHeader)
    qtbot.waitUntil(lambda: bar.mapTo(pane, bar.rect().topLeft()).y() > header.height() > 40)
    assert bar.text == "It is encrypted. Remove the password."
    bar.dismiss()
    qtbot.waitUntil(lambda: not isValid(bar))
    assert pane.findChildren(InfoBar) == []


def test_problem_said_again_is_shown_once(pane: SamplePane, holder: QWidget, qtbot):
    holder.show()
    first = pane.show_problem(AppError("Gone."))
    pane.show_problem(AppError("Gone."))
    qtbot.waitUntil(lambda: not isValid(first))
    assert len(pane.findChildren(InfoBar)) == 1


def test_problem_with_a_choice_runs_it(pane: SamplePane, holder: QWidget, qtbot):
    holder.show()
    ran: list[int] = []
    bar = pane.show_problem(AppError("Gone."), Choice("Locate…", lambda: ran.append(1)))
    qtbot.mouseClick(child(bar, Button), Qt.MouseButton.LeftButton)
    assert ran == [1]


def test_problems_cleared_all_go(pane: SamplePane, holder: QWidget, qtbot):
    holder.show()
    bars = [pane.show_problem(AppError(text)) for text in ("one", "two")]
    pane.clear_problems()
    qtbot.waitUntil(lambda: not any(isValid(bar) for bar in bars))


def test_problem_before_the_pane_is_built_is_not_lost(pane: SamplePane, holder: QWidget):
    pane.show_problem(AppError("Early."))
    holder.show()
    assert child(pane, InfoBar).isVisible()


def test_take_drop_default_leaves_files_to_the_window(context: PaneContext, qtbot):
    from app.ui.pane import Pane

    pane = Pane(context)
    qtbot.addWidget(pane)
    assert pane.take_drop([Path("a.pdf")]) is False
