"""The menu that puts labels on a version and takes them off."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QMenu, QWidget

from app.prompts.entities import Prompt

PRODUCTION = "production"  # offered whether it is used or not


def labels_menu(
    parent: QWidget,
    prompt: Prompt,
    number: int,
    *,
    put: Callable[[str], object],
    take: Callable[[str], object],
    new: Callable[[], object],
) -> QMenu:
    """The labels of a prompt; those on this version are ticked."""
    menu = QMenu(parent)
    menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    for label in dict.fromkeys((PRODUCTION, *prompt.labels)):
        at = prompt.labels.get(label)
        words = label if at in (None, number) else f"{label} (now on version {at})"
        action = menu.addAction(words)
        action.setCheckable(True)
        action.setChecked(at == number)
        do = take if at == number else put
        action.triggered.connect(lambda _on=False, do=do, label=label: do(label))
    menu.addSeparator()
    menu.addAction("Another label…").triggered.connect(lambda _on=False: new())
    return menu
