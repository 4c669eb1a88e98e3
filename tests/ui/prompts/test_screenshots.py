"""Pictures of the prompts pane in every state, for a person to look at."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication, QWidget

from app.base.errors import AppError
from app.engine.messages import Role
from app.prompts.entities import Content, Part, Variable, VariableKind
from app.prompts.service import PromptService
from app.settings.schema import Theme
from app.ui.forms.words_sheet import WordsSheet
from app.ui.prompts.details_sheet import DetailsSheet
from app.ui.prompts.export_sheet import ExportSheet
from app.ui.prompts.history import SPLIT
from app.ui.prompts.import_bar import ImportBar
from app.ui.prompts.page import HISTORY, TRY
from app.ui.prompts.pane import PromptsPane
from tests.ui.prompts.driving import click, put, sheet, shown

LOOKS = {
    "light": (Theme.LIGHT, 1204, 840),
    "dark": (Theme.DARK, 1204, 840),
    "narrow": (Theme.LIGHT, 684, 600),
}
SYSTEM = "You sum texts up for busy people. Keep to what the text says."
FIRST = Content(
    (
        Part(Role.SYSTEM, SYSTEM),
        Part(Role.USER, "Sum up this text in one sentence:\n\n{{ text }}"),
    ),
    (Variable("text", VariableKind.LONG_TEXT, "Text"),),
)
SECOND = replace(
    FIRST,
    parts=(
        Part(Role.SYSTEM, f"{SYSTEM} Answer in {{{{ language }}}}."),
        Part(Role.USER, "Sum up this text in {{ sentences }} sentences:\n\n{{ text }}"),
    ),
    variables=(
        *FIRST.variables,
        Variable("sentences", VariableKind.NUMBER, "Sentences", default=3.0),
        Variable("language", VariableKind.CHOICE, "Language", choices=("English", "Welsh")),
    ),
    output_schema={"type": "object", "properties": {"summary": {"type": "string"}}},
)


def fill(prompts: PromptService) -> None:
    made = prompts.create(
        "summary",
        FIRST,
        description="Sums a text up in as many sentences as you like.",
        tags=("reading", "daily", "short", "texts"),
        note="",
    )
    prompts.save_draft(made.id, SECOND)
    prompts.keep_version(made.id, "Asks how long it may be, and for a language")
    prompts.label(made.id, "production", 1)
    prompts.label(made.id, "staging", 2)
    changed = (SECOND.parts[0], Part(Role.USER, "{{ sentences }} sentences on:\n{{ text }}"))
    prompts.save_draft(made.id, replace(SECOND, parts=changed))
    put(prompts, "letter-to-authority", folder="Work/Letters", description="Writes a formal letter")
    prompts.label(prompts.find("letter-to-authority").id, "production", 1)
    put(prompts, "minutes", folder="Work", description="Turns notes into minutes, with decisions")
    put(prompts, "explain-code", tags=("code",), description="Explains a piece of code")
    put(prompts, "translate", description="")


@pytest.fixture
def look(request, theme):
    """The name, width and height of a look; light unless a test says otherwise."""
    name = getattr(request, "param", "light")
    wanted, width, height = LOOKS[name]
    theme.apply(wanted, 100, reduce_motion=True)
    return name, width, height


in_every_look = pytest.mark.parametrize("look", LOOKS, indirect=True)


@pytest.fixture
def shoot(screenshot, look, qtbot, context):
    """Take the picture once all pending layout is done."""

    def settle_and_save(widget: QWidget, name: str) -> None:
        qtbot.waitUntil(lambda: context.jobs.running == 0)
        for _round in range(4):  # a layout may ask for another one
            QApplication.sendPostedEvents()
            QApplication.processEvents()
        screenshot(widget, f"prompts_{name}_{look[0]}")

    return settle_and_save


@pytest.fixture
def filled(open_pane: Callable[..., PromptsPane], prompts, look, qtbot) -> PromptsPane:
    fill(prompts)
    pane = open_pane(*look[1:])
    click(qtbot, pane, "summary")
    qtbot.waitUntil(lambda: shown(pane) == "summary")
    qtbot.waitUntil(lambda: not pane.view.editor.is_busy)
    return pane


def test_screenshot_empty(open_pane, look, shoot):
    pane = open_pane(*look[1:])
    assert pane.view.empty.isVisible()
    shoot(pane, "empty")


@in_every_look
def test_screenshot_write(filled, shoot):
    assert filled.view.editor.isVisible()
    shoot(filled, "write")


@in_every_look
def test_screenshot_history(filled, shoot, qtbot):
    history = filled.view.history
    filled.view.page.switch.choose(HISTORY)
    qtbot.waitUntil(lambda: history.items.rowCount() == 3)
    shoot(filled, "history")
    history.list.setCurrentIndex(history.items.index_of(2))
    history.split_switch.choose(SPLIT)
    shoot(filled, "history_split")


def test_screenshot_try_and_nothing_found(filled, shoot, qtbot):
    filled.view.page.switch.choose(TRY)
    shoot(filled, "try")
    qtbot.keyClicks(filled.view.sidebar.search, "unicorns")
    qtbot.waitUntil(lambda: filled.view.sidebar.items.rowCount() == 0)
    shoot(filled, "nothing_found")


def test_screenshot_bars(filled, shoot, qtbot, tmp_path: Path):
    filled.show_problem(AppError("What you wrote could not be saved.", "Free some space."))
    filled.view.page.show_state("Not saved", is_trouble=True)
    shoot(filled, "problem")
    (tmp_path / "letter.md").write_text("---\ncolour: red\nsize: 3\n---\nDear all")
    (tmp_path / "scan.pdf").write_bytes(b"%PDF")
    filled.take_drop(sorted(tmp_path.glob("*.*")))
    qtbot.waitUntil(lambda: bool(filled.findChildren(ImportBar)))
    shoot(filled, "imported")


def test_screenshot_sheets(filled, shoot, qtbot):
    filled.view.page.details_button.click()
    shoot(filled, "details_sheet")
    sheet(filled, DetailsSheet).dismiss()
    filled.view.page.keep_button.click()
    shoot(filled, "version_sheet")
    sheet(filled, WordsSheet).dismiss()
    filled.prompt_actions.export(filled.shown.prompt)
    qtbot.waitUntil(lambda: bool(filled.findChildren(ExportSheet)))
    qtbot.waitUntil(sheet(filled, ExportSheet).save_button.isEnabled)
    shoot(filled, "export_sheet")
