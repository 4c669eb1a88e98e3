"""Everything a person can do by name, once. Shortcuts, the command palette and the shortcuts page
are views of this table."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QWidget

from app.ui.icons import Icons


class Reach(StrEnum):
    """Where an action's shortcut works."""

    WINDOW = "window"
    PANE = "pane"  # only while its pane is the one shown; panes may share such a shortcut


@dataclass(frozen=True, slots=True)
class ActionSpec:
    """One thing a person can do.

    Attributes:
        id: dotted and stable, such as "chat.new".
        title: what the palette shows, a verb first: "New chat".
        group: heading on the shortcuts page.
        shortcut: portable text, such as "Ctrl+N".
        pane_id: the pane it belongs to; it is shown before `run`. Empty: the window's.
        enabled_when: asked each time it is offered or triggered.
    """

    id: str
    title: str
    group: str
    icon: str
    run: Callable[[], object]
    shortcut: str = ""
    pane_id: str = ""
    reach: Reach = Reach.WINDOW
    enabled_when: Callable[[], bool] | None = None

    @property
    def is_enabled(self) -> bool:
        """Whether it can be done now."""
        return self.enabled_when is None or self.enabled_when()


class ActionTable(QObject):
    """The actions of one window.

    Signals:
        pane_wanted: an action is about to run and its pane (by id) must be shown first.
    """

    pane_wanted = Signal(str)

    def __init__(self, window: QWidget, icons: Icons) -> None:
        super().__init__(window)
        self._window = window
        self._icons = icons
        self._specs: dict[str, ActionSpec] = {}
        self._actions: dict[str, QAction] = {}
        self._pane_id = ""

    @property
    def specs(self) -> tuple[ActionSpec, ...]:
        """All actions, in the order they were added."""
        return tuple(self._specs.values())

    def add(self, specs: Iterable[ActionSpec]) -> None:
        """Take more actions.

        Raises:
            ValueError: an id, or a shortcut within its reach, is taken.
        """
        for spec in specs:
            self._refuse_clash(spec)
            action = QAction(self._icons.icon(spec.icon), spec.title, self._window)
            action.setShortcut(QKeySequence(spec.shortcut))
            action.setShortcutContext(Qt.ShortcutContext.WindowShortcut)
            action.triggered.connect(lambda _checked=False, id=spec.id: self.run(id))
            self._specs[spec.id] = spec
            self._actions[spec.id] = action
            self._window.addAction(action)
            self._set_reach(spec)

    def action(self, id: str) -> QAction:
        """The Qt action, for a menu or a button."""
        return self._actions[id]

    def offered(self) -> tuple[ActionSpec, ...]:
        """The actions that can be done now; those of the shown pane first, then the window's."""
        order = {self._pane_id: 0, "": 1}
        offered = (spec for spec in self.specs if spec.is_enabled)
        return tuple(sorted(offered, key=lambda spec: order.get(spec.pane_id, 2)))

    def run(self, id: str) -> None:
        """Do it, showing its pane first; nothing happens while it is not enabled."""
        spec = self._specs[id]
        if not spec.is_enabled:
            return
        if spec.pane_id:
            self.pane_wanted.emit(spec.pane_id)
        spec.run()

    def set_pane(self, pane_id: str) -> None:
        """Say which pane is shown, so that the shortcuts of the others rest."""
        self._pane_id = pane_id
        for spec in self.specs:
            self._set_reach(spec)

    def _set_reach(self, spec: ActionSpec) -> None:
        if spec.reach is Reach.PANE:
            self._actions[spec.id].setEnabled(spec.pane_id == self._pane_id)

    def _refuse_clash(self, new: ActionSpec) -> None:
        if new.id in self._specs:
            raise ValueError(f"there is an action {new.id} already")
        if not new.shortcut:
            return
        for old in self.specs:
            if QKeySequence(old.shortcut) != QKeySequence(new.shortcut):
                continue
            both_in_panes = old.reach is Reach.PANE and new.reach is Reach.PANE
            if not (both_in_panes and old.pane_id != new.pane_id):
                raise ValueError(f"{old.id} and {new.id} share the shortcut {new.shortcut}")


def shortcut_text(shortcut: str) -> str:
    """A shortcut as this system writes it: "Ctrl+K", or "⌘K" on a Mac."""
    return QKeySequence(shortcut).toString(QKeySequence.SequenceFormat.NativeText)
