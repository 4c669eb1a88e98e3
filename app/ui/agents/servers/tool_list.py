"""The tools of a server, in rows that are changed in place."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from app.agents.mcp.entities import ToolView
from app.ui.agents.servers.tool_row import ToolRow
from app.ui.amounts import count_text
from app.ui.icons import Icons
from app.ui.theme import ThemeKeeper
from app.ui.widgets.buttons import Button

_PAGE: Final = 40  # rows that are made at once; a server may list hundreds


class ToolList(QWidget):
    """The first rows, and a button for more.

    Signals:
        set_requested, review_requested: as a ToolRow says.
    """

    set_requested = Signal(str, bool, object)
    review_requested = Signal(str)

    def __init__(self, icons: Icons, theme: ThemeKeeper, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._icons = icons
        self._theme = theme
        self._tools: Sequence[ToolView] = ()
        self._most = _PAGE
        self._rows: dict[str, ToolRow] = {}
        self._more = Button("", "small")
        self._more.clicked.connect(self._on_more_clicked)
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(4)
        self._layout.addWidget(self._more)

    def show_tools(self, tools: Sequence[ToolView]) -> None:
        """Show these tools, those that wait for the person first."""
        self._tools = sorted(tools, key=lambda each: not (each.is_changed or each.is_new))
        self._show()

    def row(self, name: str) -> ToolRow | None:
        """The row of a tool, if it is shown."""
        return self._rows.get(name)

    def _show(self) -> None:
        shown = self._tools[: self._most]
        for gone in self._rows.keys() - {each.name for each in shown}:
            self._rows.pop(gone).deleteLater()
        for at, view in enumerate(shown):
            row = self._rows.get(view.name)
            if row is None:
                row = self._rows[view.name] = self._made(view)
            row.show_view(view)
            if self._layout.indexOf(row) != at:
                self._layout.insertWidget(at, row)
        left = len(self._tools) - len(shown)
        self._more.setVisible(left > 0)
        words = f"Show {count_text(min(left, _PAGE), 'more tool')} of {left}"
        self._more.setText(words)
        self._more.setAccessibleName(words)

    def _made(self, view: ToolView) -> ToolRow:
        row = ToolRow(self._icons, self._theme, view, self)
        row.set_requested.connect(self.set_requested)
        row.review_requested.connect(self.review_requested)
        return row

    def _on_more_clicked(self) -> None:
        self._most += _PAGE
        self._show()
