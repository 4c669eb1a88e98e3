from __future__ import annotations

from dataclasses import replace
from functools import partial

import pytest
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QWidget

from app.base.paths import DataPaths
from app.ui.actions import ActionSpec, ActionTable, Reach
from app.ui.icons import Icons
from app.ui.session import Session
from tests.ui.shell import fake_services

NEW = ActionSpec("chat.new", "New chat", "Chat", "ph.plus", list, "Ctrl+N")


@pytest.fixture
def table(qtbot, icons: Icons) -> ActionTable:
    window = QWidget()
    qtbot.addWidget(window)
    window.show()
    return ActionTable(window, icons)


def test_add_same_id_twice_is_refused(table: ActionTable):
    table.add([NEW])
    with pytest.raises(ValueError, match=r"chat\.new"):
        table.add([replace(NEW, shortcut="")])


@pytest.mark.parametrize("keys", ["Ctrl+N", "ctrl+n"])
def test_add_same_shortcut_twice_is_refused(table: ActionTable, keys: str):
    table.add([NEW])
    with pytest.raises(ValueError, match="share the shortcut"):
        table.add([replace(NEW, id="other.new", shortcut=keys)])


def test_add_same_shortcut_in_two_panes_runs_that_of_the_shown_one(table: ActionTable, qtbot):
    ran: list[str] = []
    for pane in ("chat", "library"):
        table.add(
            [
                ActionSpec(
                    f"{pane}.find",
                    "Find",
                    pane,
                    "ph.plus",
                    partial(ran.append, pane),
                    "Ctrl+F",
                    pane_id=pane,
                    reach=Reach.PANE,
                )
            ]
        )
    table.set_pane("library")
    assert not table.action("chat.find").isEnabled()
    table.action("library.find").trigger()
    table.set_pane("chat")
    table.action("chat.find").trigger()
    assert ran == ["library", "chat"]


def test_run_action_of_another_pane_shows_it_first(table: ActionTable):
    order: list[str] = []
    table.pane_wanted.connect(lambda pane_id: order.append(f"show {pane_id}"))
    table.add([replace(NEW, run=lambda: order.append("run"), pane_id="chat")])
    table.run("chat.new")
    assert order == ["show chat", "run"]


def test_run_action_that_is_not_enabled_does_nothing(table: ActionTable):
    ran: list[int] = []
    table.add([replace(NEW, run=lambda: ran.append(1), enabled_when=lambda: False)])
    table.action("chat.new").trigger()
    assert ran == []
    assert table.offered() == ()


def test_offered_shown_panes_actions_come_first(table: ActionTable):
    table.add(
        [
            replace(NEW, id="a", shortcut="", pane_id="models"),
            replace(NEW, id="b", shortcut=""),
            replace(NEW, id="c", shortcut="", pane_id="library"),
        ]
    )
    table.set_pane("library")
    assert [spec.id for spec in table.offered()] == ["c", "b", "a"]


def test_window_actions_all_can_be_found_and_drawn(session: Session):
    table = session.window.actions_table
    icons = session.window.icons.names()
    assert len(table.specs) > 15
    for spec in table.specs:
        assert spec.title.strip(), spec.id
        assert spec.group.strip(), spec.id
        assert spec.icon in icons, spec.id
        assert callable(spec.run), spec.id
        if spec.shortcut:
            assert not QKeySequence(spec.shortcut).isEmpty(), spec.id


@pytest.mark.parametrize(
    ("keys", "id"),
    [
        ("Ctrl+1", "go.chat"),
        ("Ctrl+2", "go.library"),
        ("Ctrl+3", "go.models"),
        ("Ctrl+,", "go.settings"),
        ("Ctrl+K", "window.palette"),
        ("Ctrl+/", "window.shortcuts"),
        ("F6", "go.next-part"),
    ],
)
def test_window_shortcut_is_the_promised_one(session: Session, keys: str, id: str):
    assert session.window.actions_table.action(id).shortcut() == QKeySequence(keys)


def test_real_panes_actions_do_not_clash(qapp, qtbot, theme, paths: DataPaths):
    session = Session(qapp, paths, build=fake_services, theme=theme, owns_process=False)
    window = session.window
    for pane_id in window.book.ids:
        window.pane(pane_id)
    session.add_commands()
    for spec in window.actions_table.specs:
        assert spec.icon in window.icons.names(), spec.id
        assert spec.pane_id in ("", *window.book.ids), spec.id
    session.close()
    window.deleteLater()
    session.deleteLater()
