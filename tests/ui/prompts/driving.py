"""What the tests of the prompts pane do with hands and eyes."""

from __future__ import annotations

from typing import TypeVar

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QPlainTextEdit, QWidget

from app.engine.messages import Role
from app.prompts.entities import Content, Part, Prompt
from app.prompts.service import PromptService
from app.ui.prompts.pane import PromptsPane
from app.ui.widgets.info_bar import InfoBar

T = TypeVar("T", bound=QWidget)


def text(words: str) -> Content:
    return Content((Part(Role.USER, words),))


def put(prompts: PromptService, name: str, *texts: str, **details) -> Prompt:
    """A prompt with a version of each text."""
    made = prompts.create(name, text(texts[0] if texts else f"{name}."), note="", **details)
    for words in texts[1:]:
        prompts.save_draft(made.id, text(words))
        prompts.keep_version(made.id, f"Now says {words}")
    return prompts.get(made.id)


def names(pane: PromptsPane) -> list[str]:
    items = pane.view.sidebar.items
    return [str(items.index(row).data()) for row in range(items.rowCount())]


def shown(pane: PromptsPane) -> str:
    return pane.shown.prompt.name if pane.shown.prompt is not None else ""


def message(pane: PromptsPane) -> QPlainTextEdit:
    """The field of the first message of the prompt."""
    return pane.view.editor.parts.cards[0].text


def click(qtbot, pane: PromptsPane, name: str) -> None:
    view = pane.view.sidebar.list
    row = names(pane).index(name)
    place = view.visualRect(view.model().index(row, 0)).center()
    qtbot.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=place)


def choose_view(qtbot, pane: PromptsPane, key: str) -> None:
    qtbot.mouseClick(pane.view.page.switch.button(key), Qt.MouseButton.LeftButton)


def sheet(pane: PromptsPane, kind: type[T]) -> T:
    return next(each for each in pane.window().findChildren(kind) if each.isVisible())


def problems(pane: PromptsPane) -> list[str]:
    return [bar.text for bar in pane.findChildren(InfoBar) if bar.isVisible()]


def state(pane: PromptsPane) -> str:
    return pane.view.page.state.whole_text


def toasts(pane: PromptsPane) -> list[str]:
    return [note.text for note in pane.context.notify.notes]
