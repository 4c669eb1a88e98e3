"""The window: rail, panes, status line, and what lies over them. It knows no pane by name."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import (
    QCloseEvent,
    QDragEnterEvent,
    QDragLeaveEvent,
    QDropEvent,
    QMoveEvent,
    QPaintEvent,
    QResizeEvent,
)
from PySide6.QtWidgets import (
    QApplication,
    QHBoxLayout,
    QMainWindow,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from app.base.changes import Topic
from app.base.errors import AppError
from app.ui.actions import ActionTable
from app.ui.drop import DOCUMENTS_TEXT, Dropped, DropVeil, dropped_paths, refusal, sort_paths
from app.ui.focus import KeyboardFocus, next_region
from app.ui.icons import Icons
from app.ui.jobs import JobRunner
from app.ui.model_line import LoadedReader
from app.ui.notify import Notifier
from app.ui.pane import Pane, PaneContext
from app.ui.panes import PaneBook, PaneEntry
from app.ui.rail import Rail
from app.ui.status_line import StatusLine
from app.ui.theme import ThemeKeeper
from app.ui.toasts import ToastStack
from app.ui.widgets.choice import Choice, Severity
from app.ui.widgets.confirm import ConfirmSheet
from app.ui.widgets.empty_state import EmptyState
from app.ui.widgets.sheet import Overlay
from app.ui.window_state import SMALLEST, WindowState

if TYPE_CHECKING:
    from app.bootstrap import Services

SAVE_AFTER_MS = 1000
LIBRARY, MODELS = "library", "models"


class MainWindow(QMainWindow):
    """One for the whole application.

    Signals:
        first_painted: the window can be seen; now is the time for what is slow.
        closing: it is about to close for good.
        retry_wanted: the services could not be started and a person wants to try again.
        cancel_requested: the id of an activity to stop.
    """

    first_painted = Signal()
    closing = Signal()
    retry_wanted = Signal()
    cancel_requested = Signal(str)

    def __init__(
        self,
        entries: tuple[PaneEntry, ...],
        *,
        theme: ThemeKeeper,
        jobs: JobRunner,
        state: WindowState,
        keyboard: KeyboardFocus,
    ) -> None:
        super().__init__()
        self.setWindowTitle("Cairn")
        self.setMinimumSize(*SMALLEST)
        self.setAcceptDrops(True)
        self._state = state
        self._keyboard = keyboard
        self._services: Services | None = None
        self._waiting_paths: list[Path] = []
        self.was_painted = False
        self._may_close = False
        self.icons = Icons(theme)
        self.notifier = Notifier(self)
        self.actions_table = ActionTable(self, self.icons)
        self.context = PaneContext(
            jobs=jobs,
            theme=theme,
            icons=self.icons,
            notify=self.notifier,
            actions=self.actions_table,
            state=state,
        )
        self.book = PaneBook(entries, self.context)
        self.rail = self._make_rail(entries)
        self.status = StatusLine()
        self._stack = QStackedWidget()
        self._stack.setObjectName("page")  # what the first paint shows where the pane will be
        self._root = self._make_root()
        self.toasts = ToastStack(self._root, self.icons, self.notifier, theme)
        self._veil = DropVeil(self._root, self.icons)
        self._save_timer = QTimer(self, singleShot=True, interval=SAVE_AFTER_MS)
        self._save_timer.timeout.connect(self._save_state)
        self.actions_table.pane_wanted.connect(self.show_pane)
        self.status.cancel_requested.connect(self.cancel_requested)
        self.status.models.clicked.connect(lambda: self.show_pane(MODELS))
        self._loaded = LoadedReader(jobs, self)
        self._loaded.read.connect(self.status.show_loaded)
        state.restore(self)

    # Panes

    @property
    def current(self) -> Pane | None:
        """The pane that is shown."""
        widget = self._stack.currentWidget()
        return widget if isinstance(widget, Pane) else None

    @property
    def root(self) -> QWidget:
        """What overlays lie over."""
        return self._root

    def pane(self, pane_id: str) -> Pane:
        """A pane; made now if it was not there yet."""
        pane, is_new = self.book.get(pane_id)
        if is_new:
            self._stack.addWidget(pane)
            pane.waiting_changed.connect(partial(self.rail.show_waiting, pane_id))
            self.actions_table.add(pane.actions_offered())
            if self._services is not None:
                pane.attach(self._services)
        return pane

    def show_pane(self, pane_id: str) -> None:
        """Bring a pane to the front."""
        self.dismiss_overlays()
        pane = self.pane(pane_id)
        if pane is not self.current:
            # Not left to the show event: an exception in there can take the process down.
            pane.prepare()
            self._stack.setCurrentWidget(pane)
            pane.focus_first()
        self.rail.show_current(pane_id)
        self.actions_table.set_pane(pane_id)
        self._state.remember("pane", pane_id)

    def show_last_pane(self) -> None:
        """Bring back the pane of the last time, else the first one."""
        self.show_pane(self._last_pane())

    def mark_last_pane(self) -> None:
        """Mark on the rail which pane is about to come."""
        self.rail.show_current(self._last_pane())

    def make_next_pane(self) -> bool:
        """Make one more pane in a quiet moment; False when all are made."""
        missing = [pane_id for pane_id in self.book.ids if not self.book.has(pane_id)]
        if missing:
            self.pane(missing[0])
        return len(missing) > 1

    # Services

    def attach(self, services: Services) -> None:
        """The services are there."""
        self._services = services
        self._leave_failure()
        self._loaded.attach(services)
        for pane in self.book.made:
            pane.attach(services)
        waiting, self._waiting_paths = self._waiting_paths, []
        if waiting:
            self.open_paths(waiting)

    def show_start_failure(self, error: AppError) -> None:
        """The services could not be started: say why, and offer to try again."""
        self._leave_failure()
        page = EmptyState(
            self.icons.icon("ph.warning-circle", "danger"),
            "Cairn could not start",
            f"{error.message} {error.hint}".strip(),
            primary=Choice("Try again", self.retry_wanted.emit),
            secondary=Choice("Quit", self.close),
            sev="danger",
        )
        page.setObjectName("page")
        page.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._stack.addWidget(page)
        self._stack.setCurrentWidget(page)
        self.rail.show_current("")
        self.rail.setEnabled(False)

    def notice(self, topics: frozenset[Topic]) -> None:
        """Something was written."""
        self._loaded.notice(topics)
        for pane in self.book.made:
            pane.notice(topics)

    def _leave_failure(self) -> None:
        page = self._stack.currentWidget()
        if isinstance(page, EmptyState):
            self._stack.removeWidget(page)
            page.deleteLater()
            self.rail.setEnabled(True)
            self.show_last_pane()

    # Files

    def open_paths(self, paths: Sequence[Path]) -> None:
        """Take files and folders from a drop, a second start, or the command line."""
        if self._services is None:
            self._waiting_paths.extend(paths)
            return
        self.context.jobs.submit(sort_paths, tuple(paths), owner=self, done=self._route)

    def _route(self, dropped: Dropped) -> None:
        if dropped.missing:
            self.notifier.toast(refusal(dropped.missing), Severity.WARN)
        if dropped.documents:
            current = self.current
            if current is None or not current.take_drop(dropped.documents):
                self._hand_to(LIBRARY, dropped.documents)
        if dropped.models:
            self._hand_to(MODELS, dropped.models)

    def _hand_to(self, pane_id: str, paths: tuple[Path, ...]) -> None:
        if pane_id not in self.book.ids:
            return
        self.show_pane(pane_id)
        if not self.pane(pane_id).take_drop(paths):
            self.notifier.toast(f"{len(paths)} files could not be opened here.", Severity.WARN)

    # Window

    def bring_to_front(self) -> None:
        """Somebody started Cairn again, or wants to see something in it."""
        self.setWindowState(self.windowState() & ~Qt.WindowState.WindowMinimized)
        self.show()
        self.raise_()
        self.activateWindow()

    def dismiss_overlays(self) -> None:
        """Close whatever lies over the panes."""
        for overlay in self.findChildren(Overlay):
            overlay.dismiss()

    def step_region(self, step: int) -> None:
        """Move the focus to the next part of the window, or the one before."""
        current = self.current
        regions = (self.rail, *(current.regions() if current else ()), self.status)
        widget = next_region(regions, QApplication.focusWidget(), step)
        if widget is not None:
            widget.setFocus(Qt.FocusReason.ShortcutFocusReason)
            self._keyboard.mark()

    def confirm(self, title: str, text: str, choice: Choice) -> None:
        """Ask something before it is done."""
        ConfirmSheet(self._root, self.icons, title, text, choice).open()

    def close_now(self) -> None:
        """Close without asking."""
        self._may_close = True
        self.close()

    def _make_rail(self, entries: tuple[PaneEntry, ...]) -> Rail:
        rails = tuple(entry.rail for entry in entries)
        rail = Rail(self.icons, self.context.theme, self.notifier, rails[:-1], rails[-1])
        rail.pane_chosen.connect(self.show_pane)
        return rail

    def _make_root(self) -> QWidget:
        root = QWidget()
        root.setObjectName("root")
        right = QVBoxLayout()
        right.setContentsMargins(0, 0, 0, 0)
        right.setSpacing(0)
        right.addWidget(self._stack, 1)
        right.addWidget(self.status)
        layout = QHBoxLayout(root)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.rail)
        layout.addLayout(right, 1)
        self.setCentralWidget(root)
        return root

    def _last_pane(self) -> str:
        last = self._state.text("pane")
        return last if last in self.book.ids else self.book.ids[0]

    def _save_state(self) -> None:
        self._state.save(self)
        self._state.flush()

    def _questions(self) -> list[str]:
        return [question for pane in self.book.made if (question := pane.can_close())]

    def focusNextPrevChild(self, forward: bool) -> bool:
        # Tab asks every parent up to the window, so this is where the keyboard shows itself.
        moved = super().focusNextPrevChild(forward)
        self._keyboard.mark()
        return moved

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if not self.was_painted:
            self.was_painted = True
            QTimer.singleShot(0, self.first_painted.emit)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._save_timer.start()

    def moveEvent(self, event: QMoveEvent) -> None:
        super().moveEvent(event)
        self._save_timer.start()

    def closeEvent(self, event: QCloseEvent) -> None:
        questions = [] if self._may_close else self._questions()
        if questions:
            event.ignore()
            text = "\n\n".join(questions)
            self.confirm("Close Cairn?", text, Choice("Close", self.close_now))
            return
        self._save_timer.stop()
        self._save_state()
        event.accept()
        self.hide()  # the engine may write conversations to disk for some seconds
        self.closing.emit()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if event.source() is not None or not dropped_paths(event.mimeData()):
            return  # something of our own is moved, or it is no file
        event.acceptProposedAction()
        pane = self.current
        title = pane.drop_title if pane is not None else Pane.drop_title
        self._veil.cover(title, f"{DOCUMENTS_TEXT}, or a .gguf file to import a model")

    def dragLeaveEvent(self, _event: QDragLeaveEvent) -> None:
        self._veil.hide()

    def dropEvent(self, event: QDropEvent) -> None:
        self._veil.hide()
        paths = dropped_paths(event.mimeData())
        if paths:
            event.acceptProposedAction()
            self.open_paths(paths)
