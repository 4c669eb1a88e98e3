"""The persona of a chat in its header: its name and version, and what can be done about it."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QMenu, QWidget

from app.chat.prompt_use import PromptRef
from app.ui.icons import Icons
from app.ui.widgets.buttons import Button
from app.ui.widgets.menus import open_below

_WIDEST = 220


class PersonaChip(Button):
    """A chip with a menu; not there while there is no persona.

    Signals:
        change_requested, update_requested, removed: from the menu.
    """

    change_requested = Signal()
    update_requested = Signal()
    removed = Signal()

    def __init__(self, icons: Icons, parent: QWidget | None = None) -> None:
        super().__init__("", "chip", icons.icon("ph.user-circle"), parent)
        self._icons = icons
        self._persona: PromptRef | None = None
        self._newer = 0
        self._is_narrow = False
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.clicked.connect(self._on_clicked)
        self.hide()

    @property
    def has_persona(self) -> bool:
        """Whether there is one."""
        return self._persona is not None

    def show_persona(self, persona: PromptRef | None, newer: int) -> None:
        """Show another one; `newer` is the version to change to, if there is one."""
        self._persona, self._newer = persona, newer
        self.setVisible(persona is not None)
        self._show()

    def set_narrow(self, is_narrow: bool) -> None:
        """Where there is little room, only the icon is shown."""
        if is_narrow != self._is_narrow:
            self._is_narrow = is_narrow
            self._show()

    def make_menu(self) -> QMenu:
        """What can be done."""
        menu = QMenu(self)
        icon = self._icons.icon
        if self._newer:
            update = menu.addAction(icon("ph.arrow-up"), f"Use version {self._newer}")
            update.triggered.connect(self.update_requested)
        change = menu.addAction(icon("ph.user-circle"), "Change the persona…")
        change.triggered.connect(self.change_requested)
        remove = menu.addAction(icon("ph.x"), "Remove the persona")
        remove.triggered.connect(self.removed)
        return menu

    def _show(self) -> None:
        if self._persona is None:
            return
        name = f"Persona: {self._persona.title}"
        metrics = self.fontMetrics()
        shown = metrics.elidedText(name, Qt.TextElideMode.ElideMiddle, _WIDEST)
        self.setText("" if self._is_narrow else f" {shown}".replace("&", "&&"))
        newer = f" There is a version {self._newer} by now." if self._newer else ""
        self.setToolTip(f"{name}. Every answer here follows it.{newer} Click to change that.")
        self.setAccessibleName(f"{name}.{newer}" if newer else name)

    def _on_clicked(self) -> None:
        open_below(self.make_menu(), self)
