"""Pictures of the agents pane in every state, for a person to look at."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from PySide6.QtWidgets import QApplication, QWidget

from app.agents.drafts import AgentDraft
from app.agents.entities import Agent, GrantedFolder, Policy, Risk, ToolPolicy
from app.agents.templates import template_named, templates
from app.settings.schema import Theme
from app.ui.agents.view import SETUP
from tests.ui.agents.driving import (
    click,
    give,
    open_run,
    press,
    wait_for_approval,
    wait_for_end,
)
from tests.ui.text.finding import button
from tests.unit.agents.doubles import ToolDouble, calls, says

pytestmark = pytest.mark.usefixtures("quick_guard")

LOOKS = {
    "light": (Theme.LIGHT, 1204, 840),
    "dark": (Theme.DARK, 1204, 840),
    "narrow": (Theme.LIGHT, 684, 600),
}
NEW_NOTES = "# Notes\n\nBuy coffee and cake\nCall Ada about the boat\nWrite to the harbour office\n"
LOOKS_FIRST = calls(("list_files", {"path": "."}), text="I look at what is there first.")
READS = calls(("read_file", {"path": "notes.md"}))
WRITES = calls(
    ("write_file", {"path": "notes.md", "content": NEW_NOTES}),
    text="The list has tea in it. I change that, and add what you told me.",
)
ANSWER = says(
    "I changed **notes.md**:\n\n- tea became coffee and cake\n- the call is about the boat\n\n"
    "Everything else in the folder is as it was."
)
TASK = "Put coffee and cake on my list instead of tea, and say what the call is about"


@pytest.fixture
def look(request, theme):
    """The name, width and height of a look; light unless a test says otherwise."""
    name = getattr(request, "param", "light")
    wanted, width, height = LOOKS[name]
    theme.apply(wanted, 100, reduce_motion=True)
    return name, width, height


in_every_look = pytest.mark.parametrize("look", LOOKS, indirect=True)


@pytest.fixture
def shoot(screenshot, look):
    """Take the picture once all pending layout is done."""

    def settle_and_save(widget: QWidget, name: str) -> None:
        for _round in range(6):  # a layout may ask for another one
            QApplication.sendPostedEvents()
            QApplication.processEvents()
        screenshot(widget, f"agents_{name}_{look[0]}")

    return settle_and_save


@pytest.fixture
def tidier(bench: Any, folder: Path) -> Agent:
    """An agent with tools of every kind, beside two others."""
    for template in templates()[:2]:
        bench.agents.create(template.draft)
    bench.served = [
        ToolDouble("send_mail", risk=Risk.SEND),
        ToolDouble("look_up", risk=Risk.READ),
    ]
    tidy = template_named("Tidy a folder")
    assert tidy is not None
    draft = tidy.draft
    more = (ToolPolicy("write_file"), ToolPolicy("send_mail"), ToolPolicy("gone_tool"))
    made: Agent = bench.agents.create(
        AgentDraft(
            draft.name,
            draft.instructions,
            tools=(*draft.tools, *more),
            folders=(GrantedFolder(folder, can_write=True),),
        )
    )
    return made


@pytest.fixture
def tidy_pane(qtbot, open_pane, tidier, look):
    pane = open_pane(*look[1:])
    pane.open_agent(tidier.id)
    qtbot.waitUntil(lambda: pane.shown.agent.id == tidier.id)
    qtbot.waitUntil(lambda: pane.context.jobs.running == 0)
    return pane


def test_screenshot_empty(open_pane, look, shoot):
    pane = open_pane(*look[1:])
    assert pane.view.empty.isVisible()
    shoot(pane, "empty")


def test_screenshot_templates(qtbot, open_pane, look, shoot):
    pane = open_pane(*look[1:])
    click(qtbot, button(pane.view.empty, "New agent"))
    shoot(pane, "templates")


def test_screenshot_start(tidy_pane, shoot):
    assert tidy_pane.view.run_page.start.isVisible()
    shoot(tidy_pane, "start")


@in_every_look
def test_screenshot_approval_and_done(qtbot, tidy_pane, bench, shoot):
    bench.model.replies = [LOOKS_FIRST, READS, WRITES, ANSWER]
    give(qtbot, tidy_pane, TASK)
    card = wait_for_approval(qtbot, tidy_pane)
    qtbot.waitUntil(lambda: not card.is_guarded)
    shoot(tidy_pane, "approval")
    click(qtbot, button(card, "Edit"))
    shoot(tidy_pane, "approval_edit")
    click(qtbot, button(card, "Leave as it was"))
    press(qtbot, card, "Allow once")
    wait_for_end(qtbot, tidy_pane)
    shoot(tidy_pane, "done")


def test_screenshot_busy(qtbot, tidy_pane, bench, shoot):
    bench.model.waits = True
    bench.model.replies = [says("I begin with the list of files and then look into")]
    give(qtbot, tidy_pane, TASK)
    qtbot.waitUntil(lambda: bool(tidy_pane.view.run_page.trace.replies))
    qtbot.waitUntil(lambda: bool(tidy_pane.view.run_page.trace.replies[0].text))
    shoot(tidy_pane, "busy")


def test_screenshot_denied(qtbot, tidy_pane, bench, shoot):
    bench.model.replies = [WRITES, says("Then I leave your list as it is.")]
    give(qtbot, tidy_pane, TASK)
    click(qtbot, button(wait_for_approval(qtbot, tidy_pane), "Deny"))
    wait_for_end(qtbot, tidy_pane)
    tidy_pane.view.run_page.trace.cards[0].set_open(True)
    shoot(tidy_pane, "denied")


def test_screenshot_question(qtbot, tidy_pane, bench, shoot):
    options = ["Invoices", "Letters from the harbour office", "Leave it where it is"]
    asks = calls(("ask_user", {"question": "Where does scan-0041.pdf belong?", "options": options}))
    bench.model.replies = [asks]
    give(qtbot, tidy_pane, TASK)
    qtbot.waitUntil(tidy_pane.view.run_page.question.isVisible)
    qtbot.waitUntil(lambda: button(tidy_pane.view.run_page.question, "Invoices").isEnabled())
    shoot(tidy_pane, "question")


def test_screenshot_interrupted(qtbot, open_pane, bench, tidier, look, shoot):
    bench.model.replies = [LOOKS_FIRST, WRITES]
    bench.interrupt(tidier, TASK)
    pane = open_pane(*look[1:])
    pane.open_agent(tidier.id)
    open_run(qtbot, pane)
    shoot(pane, "interrupted")


@pytest.mark.parametrize("look", ["light", "narrow"], indirect=True)
def test_screenshot_editor(tidy_pane, shoot):
    tidy_pane.view.show_page(SETUP)
    shoot(tidy_pane, "editor")
    bar = tidy_pane.view.editor.verticalScrollBar()
    bar.setValue(bar.maximum() // 2)
    shoot(tidy_pane, "editor_middle")
    bar.setValue(bar.maximum())
    shoot(tidy_pane, "editor_end")


def test_screenshot_editor_problem(qtbot, tidy_pane, shoot):
    tidy_pane.view.show_page(SETUP)
    editor = tidy_pane.view.editor
    editor.name.selectAll()
    qtbot.keyClicks(editor.name, "Analyse a table")
    qtbot.waitUntil(lambda: tidy_pane.shown.keeper.problems != ())
    shoot(tidy_pane, "editor_problem")
    tidy_pane.shown.keeper.forget(tidy_pane.shown.agent.id)


def test_screenshot_hostile_arguments(qtbot, open_pane, bench, look, shoot):
    bench.served = [ToolDouble("send_mail", risk=Risk.SEND)]
    bench.agent("send_mail", policy=Policy.ASK, name="Postman")
    text = "Hello\u202eolleh\u200b\n" + "x" * 400 + "\n" + "line\n" * 60
    bench.model.replies = [calls(("send_mail", {"text": text, "to\u202e": ["a@b.c"], "n": {}}))]
    pane = open_pane(*look[1:])
    give(qtbot, pane, "Send it")
    card = wait_for_approval(qtbot, pane)
    qtbot.waitUntil(lambda: not card.is_guarded)
    shoot(pane, "hostile")
