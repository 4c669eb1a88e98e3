"""An agent is set up: what is changed is kept, and what cannot be kept is said at its place."""

from __future__ import annotations

from dataclasses import replace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QCheckBox, QWidget

from app.agents.drafts import AgentDraft
from app.agents.entities import Budgets, GrantedFolder, Policy, Risk, ToolPolicy
from app.engine.messages import Role
from app.library.entities import Collection, CollectionId
from app.prompts.entities import Content, Part
from app.ui.agents.prompt_sheet import PromptSheet
from app.ui.agents.view import SETUP
from tests.ui.agents.driving import click, problems, shown_text
from tests.ui.text.finding import button, child
from tests.unit.agents.doubles import ToolDouble


@pytest.fixture
def set_up(qtbot, open_pane, bench):
    """Open the pane at how an agent is set up."""

    def open_it(agent):
        pane = open_pane()
        pane.view.show_page(SETUP)
        qtbot.waitUntil(lambda: pane.shown.agent is not None and pane.shown.agent.id == agent.id)
        qtbot.waitUntil(lambda: pane.context.jobs.running == 0)
        return pane

    return open_it


def kept(qtbot, bench, agent, check) -> None:
    qtbot.waitUntil(lambda: check(bench.agents.get(agent.id)))


def pick(qtbot, box: QWidget, steps: int) -> None:
    for _step in range(abs(steps)):
        qtbot.keyClick(box, Qt.Key.Key_Down if steps > 0 else Qt.Key.Key_Up)


def test_name_and_instructions_are_saved_as_they_are_typed(qtbot, set_up, bench):
    agent = bench.agent()
    editor = set_up(agent).view.editor
    editor.name.selectAll()
    qtbot.keyClicks(editor.name, "Librarian")
    qtbot.keyClicks(editor.instructions, "Find books.")
    kept(
        qtbot,
        bench,
        agent,
        lambda now: (now.name, now.instructions) == ("Librarian", "Find books."),
    )


def test_showing_an_agent_changes_nothing(set_up, bench, folder):
    agent = bench.agent(
        "read_file",
        "calculator",
        "gone_tool",
        instructions="Do it well.",
        folders=(GrantedFolder(folder),),
        budgets=Budgets(3, 4, 5_000, 60.0),
    )
    pane = set_up(agent)
    pane.shown.keeper.save_now()
    assert replace(bench.agents.get(agent.id), updated_at=agent.updated_at) == agent
    assert pane.view.editor.draft == AgentDraft.of(agent)


@pytest.mark.parametrize(
    ("name", "words"), [("  ", "The agent has no name"), ("Other", "There is an agent called")]
)
def test_name_that_cannot_be_kept_is_said_and_asked_about_at_the_end(
    qtbot, set_up, bench, name, words
):
    agent = bench.agent(name="One")
    bench.agent(name="Other")
    pane = set_up(agent)
    pane.view.editor.name.selectAll()
    qtbot.keyClicks(pane.view.editor.name, name)
    qtbot.waitUntil(lambda: words in shown_text(pane.view.editor))
    assert bench.agents.get(agent.id).name == "One"
    assert words in pane.can_close()
    pane.view.editor.name.selectAll()
    qtbot.keyClicks(pane.view.editor.name, "Uno")
    kept(qtbot, bench, agent, lambda now: now.name == "Uno")
    qtbot.waitUntil(lambda: words not in shown_text(pane.view.editor))
    assert pane.can_close() is None


def test_agent_that_cannot_be_kept_does_not_run(qtbot, set_up, bench):
    pane = set_up(bench.agent())
    pane.view.editor.name.selectAll()
    qtbot.keyClick(pane.view.editor.name, Qt.Key.Key_Delete)
    pane.view.show_page("run")
    pane.view.run_page.composer.set_text("Do it")
    qtbot.keyClick(pane.view.run_page.composer.edit, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: bool(problems(pane)))
    assert "has no name" in problems(pane)[0]
    assert bench.runs.runs() == ()


def test_policy_of_a_tool_is_chosen(qtbot, set_up, bench):
    bench.served = [ToolDouble("send_mail", risk=Risk.SEND)]
    agent = bench.agent("read_file")
    tools = set_up(agent).view.editor.tools
    qtbot.waitUntil(lambda: "Send_Mail" in shown_text(tools))
    pick(qtbot, tools.box("read_file"), 1)
    pick(qtbot, tools.box("send_mail"), 1)
    pick(qtbot, tools.box("calculator"), 1)
    wanted = {
        ToolPolicy("read_file", Policy.ALLOW),
        ToolPolicy("send_mail", Policy.ASK),
        ToolPolicy("calculator", Policy.ALLOW),
    }
    kept(qtbot, bench, agent, lambda now: set(now.tools) == wanted)


def test_folder_may_be_changed_or_taken_away(qtbot, set_up, bench, folder):
    agent = bench.agent(folders=(GrantedFolder(folder),))
    editor = set_up(agent).view.editor
    access = next(
        each
        for each in editor.folders.findChildren(QWidget)
        if each.accessibleName().endswith("what may be done")
    )
    pick(qtbot, access, 1)
    kept(qtbot, bench, agent, lambda now: now.folders[0].can_write)
    click(qtbot, button(editor.folders, "Take papers away"))
    kept(qtbot, bench, agent, lambda now: now.folders == ())


def test_limits_and_sampling_are_saved(qtbot, set_up, bench):
    agent = bench.agent()
    editor = set_up(agent).view.editor
    editor.budgets.steps.setValue(7)
    pick(qtbot, editor.sampling.box, 1)
    editor.sampling.fields["temperature"].setValue(0.25)
    kept(
        qtbot,
        bench,
        agent,
        lambda now: (
            now.budgets.steps == 7
            and now.sampling is not None
            and now.sampling.temperature == pytest.approx(0.25)
        ),
    )


def test_collections_are_ticked(qtbot, set_up, bench):
    found = (Collection(CollectionId(1), "Letters", 3), Collection(CollectionId(2), "Bills", 1))
    bench.library.collections = lambda: found
    agent = bench.agent()
    editor = set_up(agent).view.editor
    qtbot.waitUntil(lambda: len(editor.findChildren(QCheckBox)) == 2)
    tick = next(each for each in editor.findChildren(QCheckBox) if "Bills" in each.text())
    tick.setChecked(True)
    kept(qtbot, bench, agent, lambda now: now.collections == (CollectionId(2),))


def test_instructions_are_taken_from_a_prompt_until_they_are_changed(qtbot, set_up, bench):
    parts = (Part(Role.SYSTEM, "Be brief."), Part(Role.USER, "Hello"))
    prompt = bench.services.prompts.create("brief", Content(parts), note="")
    agent = bench.agent()
    pane = set_up(agent)
    click(qtbot, button(pane.view.editor, "Take from a prompt"))
    qtbot.waitUntil(lambda: bool(pane.window().findChildren(PromptSheet)))
    sheet = child(pane.window(), PromptSheet)
    click(qtbot, button(sheet, "Take these"))
    kept(qtbot, bench, agent, lambda now: now.prompt == (prompt.id, 1))
    assert bench.agents.get(agent.id).instructions == "Be brief."
    qtbot.waitUntil(lambda: "Taken from brief@1" in shown_text(pane.view.editor))
    qtbot.keyClicks(pane.view.editor.instructions, "Very ")
    kept(qtbot, bench, agent, lambda now: now.prompt is None)


def test_prompt_without_instructions_is_refused_in_the_sheet(qtbot, set_up, bench):
    content = Content((Part(Role.USER, "Hello"),))
    bench.services.prompts.create("hello", content, note="")
    pane = set_up(bench.agent())
    click(qtbot, button(pane.view.editor, "Take from a prompt"))
    qtbot.waitUntil(lambda: bool(pane.window().findChildren(PromptSheet)))
    sheet = child(pane.window(), PromptSheet)
    click(qtbot, button(sheet, "Take these"))
    qtbot.waitUntil(lambda: "has no system part" in shown_text(sheet))
    sheet.dismiss()


def test_servers_that_cannot_be_listed_leave_the_rest(qtbot, open_pane, bench):
    from app.base.errors import AppError

    def broken():
        raise AppError("mcp.json is broken.", "Mend line 3.")

    bench.services.tool_servers.all_tools = broken
    bench.agent("calculator")
    pane = open_pane()
    pane.view.show_page(SETUP)
    qtbot.waitUntil(lambda: "mcp.json is broken" in shown_text(pane.view.editor))
    qtbot.waitUntil(lambda: "Calculate" in shown_text(pane.view.editor))
