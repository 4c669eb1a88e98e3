"""The rail at the left: the panes there are, and the way to notifications and settings."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QIcon, QPainter, QPaintEvent
from PySide6.QtWidgets import QFrame, QSizePolicy, QToolButton, QVBoxLayout, QWidget

from app.base.paths import resource
from app.ui.actions import shortcut_text
from app.ui.icons import Icons
from app.ui.notify import Notifier
from app.ui.theme import ThemeKeeper
from app.ui.widgets.labels import IconLabel

WIDTH = 76


@dataclass(frozen=True, slots=True)
class RailEntry:
    """One pane on the rail."""

    pane_id: str
    title: str
    icon: str
    shortcut: str


class NavButton(QToolButton):
    """An icon over a word; checked while its pane is shown. A dot says that something waits."""

    def __init__(
        self, icons: Icons, theme: ThemeKeeper, entry: RailEntry, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._theme = theme
        self._mark = ""
        self.setObjectName("nav")
        self.setText(entry.title)
        self.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextUnderIcon)
        self.setIconSize(QSize(20, 20))
        self.setCheckable(True)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(entry.title)
        self.setAccessibleDescription("pane")
        self.setToolTip(f"{entry.title} ({shortcut_text(entry.shortcut)})")
        self._resting = icons.icon(entry.icon)
        self._active = icons.icon(entry.icon, "accent_text")
        self.setIcon(self._resting)
        self.toggled.connect(self._on_toggled)

    def _on_toggled(self, is_checked: bool) -> None:
        self.setIcon(self._active if is_checked else self._resting)

    @property
    def mark(self) -> str:
        """What the dot is for, in words; empty while there is none."""
        return self._mark

    def set_mark(self, words: str) -> None:
        """Show the dot, and say what for; without words take it away."""
        self._mark = words
        self.setAccessibleName(f"{self.text()}, {words}" if words else self.text())
        self.update()

    def nextCheckState(self) -> None:
        """A click asks for the pane; the window checks the button once it is shown."""

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if self._mark:
            painter = QPainter(self)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(self._theme.color("accent"))
            painter.drawEllipse(self.width() // 2 + 5, 7, 8, 8)
            painter.end()


class BellButton(NavButton):
    """Opens the notification list; a dot says that something is unread."""

    def __init__(
        self, icons: Icons, notifier: Notifier, theme: ThemeKeeper, parent: QWidget | None = None
    ) -> None:
        super().__init__(icons, theme, RailEntry("", "Notices", "ph.bell", ""), parent)
        self.setToolTip("Notices")
        self.setAccessibleDescription("")
        self.setCheckable(False)
        self._notifier = notifier
        notifier.noted.connect(self._on_changed)
        notifier.read.connect(self._on_changed)

    def _on_changed(self) -> None:
        unread = self._notifier.unread
        self.set_mark(f"{unread} unread" if unread else "")


class Rail(QFrame):
    """The buttons.

    Signals:
        pane_chosen: the id of the pane to show.
        notes_wanted: the notification list is wanted.
    """

    pane_chosen = Signal(str)
    notes_wanted = Signal()

    def __init__(
        self,
        icons: Icons,
        theme: ThemeKeeper,
        notifier: Notifier,
        entries: tuple[RailEntry, ...],
        bottom: RailEntry,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setObjectName("rail")
        self.setAccessibleName("Panes")
        self._theme = theme
        self._fit()
        theme.changed.connect(self._fit)
        self._icons = icons
        self._buttons: dict[str, NavButton] = {}
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(8, 12, 8, 12)
        self._layout.setSpacing(4)
        mark = IconLabel(QIcon(str(resource("icons/cairn.svg"))), 32)
        self._layout.addWidget(mark, 0, Qt.AlignmentFlag.AlignHCenter)
        self._layout.addSpacing(8)
        for entry in entries:
            self._add(entry)
        self._layout.addStretch(1)
        bell = BellButton(icons, notifier, theme)
        bell.clicked.connect(self.notes_wanted)
        self._layout.addWidget(bell, 0, Qt.AlignmentFlag.AlignHCenter)
        self._add(bottom)

    def button(self, pane_id: str) -> NavButton:
        """The button of a pane."""
        return self._buttons[pane_id]

    def show_waiting(self, pane_id: str, words: str) -> None:
        """Say that a pane waits for the person, and what for; without words no more."""
        self._buttons[pane_id].set_mark(words)

    def show_current(self, pane_id: str) -> None:
        """Mark the pane that is shown."""
        for each, button in self._buttons.items():
            button.setChecked(each == pane_id)

    def _fit(self) -> None:
        self.setFixedWidth(self._theme.px(WIDTH))

    def _add(self, entry: RailEntry) -> None:
        button = NavButton(self._icons, self._theme, entry)
        button.clicked.connect(lambda: self.pane_chosen.emit(entry.pane_id))
        self._buttons[entry.pane_id] = button
        self._layout.addWidget(button, 0, Qt.AlignmentFlag.AlignHCenter)
