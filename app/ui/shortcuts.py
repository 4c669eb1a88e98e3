"""The page of keyboard shortcuts, made from the action table."""

from __future__ import annotations

from itertools import groupby

from PySide6.QtWidgets import QHBoxLayout, QWidget

from app.ui.actions import ActionSpec, ActionTable, shortcut_text
from app.ui.icons import Icons
from app.ui.widgets.labels import Keys, Label
from app.ui.widgets.layout import ScrollPage
from app.ui.widgets.sheet import Sheet


class ShortcutsSheet(Sheet):
    """All shortcuts by group."""

    def __init__(self, parent: QWidget, icons: Icons, actions: ActionTable) -> None:
        super().__init__(parent, icons, "Keyboard shortcuts", width=520)
        self._actions = actions
        self._page = ScrollPage("Keyboard shortcuts", margins=(0, 0, 16, 0))
        self.body.addWidget(self._page)

    def open(self) -> None:
        self._fill()
        super().open()

    def card_height(self, _width: int) -> int:
        return 600

    def _fill(self) -> None:
        layout = self._page.body
        layout.setSpacing(6)
        while item := layout.takeAt(0):
            widget = item.widget()
            if widget is not None:
                widget.deleteLater()
        for group, specs in groups(self._actions.specs):
            heading = Label(group.upper(), "overline")
            heading.setContentsMargins(0, 10, 0, 2)
            layout.addWidget(heading)
            for spec in specs:
                layout.addWidget(_line(spec))
        layout.addStretch(1)


def groups(specs: tuple[ActionSpec, ...]) -> list[tuple[str, list[ActionSpec]]]:
    """The actions that have a shortcut, by group, the window's groups first."""
    by_owner = sorted(specs, key=lambda spec: bool(spec.pane_id))
    order = list(dict.fromkeys(spec.group for spec in by_owner))
    with_keys = sorted((s for s in specs if s.shortcut), key=lambda s: order.index(s.group))
    return [(group, list(each)) for group, each in groupby(with_keys, key=lambda s: s.group)]


def _line(spec: ActionSpec) -> QWidget:
    line = QWidget()
    layout = QHBoxLayout(line)
    layout.setContentsMargins(0, 2, 0, 2)
    layout.addWidget(Label(spec.title), 1)
    layout.addWidget(Keys(shortcut_text(spec.shortcut)))
    return line
