"""Pictures of the editor in every state, for a person to look at."""

from __future__ import annotations

import pytest
from PySide6.QtWidgets import QApplication

from app.engine.messages import Role
from app.engine.sampling import Sampling
from app.prompts.entities import Content, Example, Part, Variable, VariableKind
from app.prompts.files.seeds import seed_prompts
from app.settings.schema import Theme
from app.ui.prompts.editor import PromptEditor
from tests.ui.prompts.editing import open_editor, settle

LOOKS = {
    "light": (Theme.LIGHT, 936, 1200),
    "dark": (Theme.DARK, 936, 1200),
    "narrow": (Theme.DARK, 416, 900),
}
BROKEN = Content(
    (Part(Role.SYSTEM, "Be kind to {{ whom }}."), Part(Role.USER, "{% if who %}\nGreet {{ who")),
    (Variable("who"), Variable("often", VariableKind.NUMBER, default="many")),
    output_schema={"type": "number", "format": "nonsense"},
)
WHOLE = Content(
    (Part(Role.USER, "{# Two kinds #}\nIs {{ animal }} a {{ kind | lower }}?"),),
    (Variable("animal"), Variable("kind", VariableKind.CHOICE, choices=("fish", "bird"))),
    (Example("Is a tuna a fish?", "Yes."),),
    sampling=Sampling(temperature=0.0),
)
STATES = {
    "seed": next(each.content for each in seed_prompts() if each.name == "extract-facts"),
    "broken": BROKEN,
    "whole": WHOLE,
    "empty": Content(),
}


@pytest.fixture(params=LOOKS)
def editor(request, qtbot, context, theme) -> PromptEditor:
    wanted, width, height = LOOKS[request.param]
    theme.apply(wanted, 100, reduce_motion=True)
    editor = open_editor(qtbot, context, width=width)
    editor.resize(width, height)
    editor.setProperty("look", request.param)
    return editor


def test_screenshot_of_every_state(qtbot, editor, screenshot):
    for name, content in STATES.items():
        editor.show_content(content)
        editor.sampling.set_open(name == "whole")
        settle(qtbot, editor)
        for _round in range(4):  # a layout may ask for another one
            QApplication.sendPostedEvents()
            QApplication.processEvents()
        file = screenshot(editor, f"prompt_editor_{name}_{editor.property('look')}")
        assert file.stat().st_size > 5_000
