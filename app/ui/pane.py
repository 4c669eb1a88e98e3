"""What a pane is.

The life of a pane, in order:
1. `__init__(context)`: cheap; no widgets, no services. The window makes all panes soon after its
   first paint, so that their actions are known.
2. `build()`: called once, at the first show. Make the widgets, into `self.body` (a QVBoxLayout).
   The services may not be there yet: show the resting state, not an error.
3. `ready()`: called once, when the pane is built and the services are there (`self.services`).
   Load what is to be shown, through `self.context.jobs`.
4. `changed(topics)`: after `ready`, whenever something was written. While the pane is hidden the
   topics are kept and come in one call when it is shown again.
5. `close_down()`: the window closes. Jobs owned by the pane are cancelled by the runner.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QLineEdit, QVBoxLayout, QWidget

from app.base.changes import Topic
from app.base.errors import AppError
from app.ui.actions import ActionSpec, ActionTable
from app.ui.icons import Icons
from app.ui.jobs import JobRunner
from app.ui.notify import Notifier
from app.ui.theme import ThemeKeeper
from app.ui.widgets.choice import Choice, Severity
from app.ui.widgets.info_bar import ACROSS, Bars, InfoBar, announce
from app.ui.window_state import WindowState

if TYPE_CHECKING:
    from app.bootstrap import Services


@dataclass(frozen=True, slots=True)
class PaneContext:
    """What every pane gets from the window. Services come later, by `Pane.attach`."""

    jobs: JobRunner
    theme: ThemeKeeper
    icons: Icons
    notify: Notifier
    actions: ActionTable
    state: WindowState


class Pane(QWidget):
    """One page of the window. Subclasses set the class attributes and override the hooks.

    Signals:
        waiting_changed: what waits for the person here, in words; empty when nothing does.
    """

    waiting_changed = Signal(str)

    pane_id: ClassVar[str]
    title: ClassVar[str]
    icon: ClassVar[str]
    drop_title: ClassVar[str] = "Drop to add to your library"

    def __init__(self, context: PaneContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.context = context
        self.setObjectName("page")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.body = QVBoxLayout(self)
        self.body.setContentsMargins(0, 0, 0, 0)
        self.body.setSpacing(0)
        self._services: Services | None = None
        self._is_built = False
        self._is_ready = False
        self._missed: set[Topic] = set()
        self._problems: list[InfoBar] = []
        self._problem_place: Bars | None = None

    # Hooks for subclasses.

    def build(self) -> None:
        """Make the widgets, into `self.body`."""

    def ready(self) -> None:
        """The widgets and the services are there: load."""

    def changed(self, topics: frozenset[Topic]) -> None:
        """Something was written; reload what it concerns."""

    def take_drop(self, paths: Sequence[Path]) -> bool:
        """Take files dropped while this pane is shown; False leaves them to the window."""
        return not paths

    def actions_offered(self) -> tuple[ActionSpec, ...]:
        """What this pane adds to the palette and the shortcuts. Asked once, before `build`."""
        return ()

    def can_close(self) -> str | None:
        """None, or the question to ask before the window closes, such as unsaved work."""
        return None

    def close_down(self) -> None:
        """The window closes: save what is to be kept."""

    def regions(self) -> tuple[QWidget, ...]:
        """The parts that F6 steps through, such as a sidebar, a transcript and a composer."""
        return (self,)

    def focus_first(self) -> None:
        """Put the focus where a person will most likely go on. Called when the pane is shown."""

    def problem_place(self) -> Bars:
        """Where `show_problem` puts its bar; by default below whatever `body` starts with."""
        if self._problem_place is None:
            self._problem_place = Bars(margins=ACROSS)
            self.body.insertWidget(1 if self.body.count() else 0, self._problem_place)
        return self._problem_place

    # For subclasses and the window.

    @property
    def services(self) -> Services:
        """The services; only after `ready` was called."""
        if self._services is None:
            raise RuntimeError(f"the {self.pane_id} pane used the services before ready()")
        return self._services

    @property
    def is_ready(self) -> bool:
        """Whether `ready` was called."""
        return self._is_ready

    def prepare(self) -> None:
        """Build it if that was not done yet. The window does this before it shows a pane."""
        if not self._is_built:
            self._is_built = True
            self.build()
            for field in self.findChildren(QLineEdit):
                # Qt would write a dropped file's address into it; the window takes files.
                field.setAcceptDrops(False)
            self._become_ready()

    def attach(self, services: Services) -> None:
        """The services are there now. Called once, by the window."""
        self._services = services
        self._become_ready()

    def notice(self, topics: frozenset[Topic]) -> None:
        """Something was written. Called by the window; becomes `changed` when it can be used."""
        self._missed |= topics
        self._catch_up()

    def show_problem(
        self,
        error: AppError,
        action: Choice | None = None,
        severity: Severity = Severity.DANGER,
    ) -> InfoBar:
        """State a failure in a bar at the top of this pane; the same words are not shown twice."""
        bar = InfoBar(self.context.icons, error.message, severity, hint=error.hint, choice=action)
        self._problems.append(bar)
        bar.gone.connect(lambda: self._problems.remove(bar))
        self.problem_place().add(bar, first=True)
        announce(self, bar.text)
        return bar

    def clear_problems(self) -> None:
        """Take all bars away, such as when the thing was done after all."""
        for bar in tuple(self._problems):
            bar.take_away()

    def _become_ready(self) -> None:
        if self._is_ready or not self._is_built or self._services is None:
            return
        self._is_ready = True
        self._missed.clear()  # `ready` loads everything
        self.ready()

    def _catch_up(self) -> None:
        if self._is_ready and self._missed and self.isVisible():
            topics = frozenset(self._missed)
            self._missed.clear()
            self.changed(topics)

    def showEvent(self, event: QShowEvent) -> None:
        self.prepare()
        super().showEvent(event)
        self._catch_up()
