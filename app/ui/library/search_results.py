"""What is shown instead of the table while something is searched for."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QListView,
    QStackedLayout,
    QVBoxLayout,
    QWidget,
)

from app.library.entities import Passage
from app.settings.schema import SearchMode
from app.ui.amounts import count_text
from app.ui.icons import Icons
from app.ui.library.passages import PassageDelegate, PassageListModel
from app.ui.theme import ThemeKeeper
from app.ui.widgets.choice import Choice
from app.ui.widgets.empty_state import EmptyState
from app.ui.widgets.labels import ElidedLabel
from app.ui.widgets.progress import ProgressBar

PATIENCE_MS = 150  # a search that answers sooner shows no progress


class PassageList(QListView):
    """Passages; Enter or a click opens one.

    Signals:
        opened: a Passage.
    """

    opened = Signal(object)

    def __init__(self, theme: ThemeKeeper, icons: Icons, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("passages")
        self.setAccessibleName("Passages found")
        self._rows = PassageListModel()
        self._rows.setParent(self)
        self.setModel(self._rows)
        self.setItemDelegate(PassageDelegate(theme, icons, self))
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setMouseTracking(True)
        self.clicked.connect(self._open)
        theme.changed.connect(self.scheduleDelayedItemsLayout)

    def show_passages(self, passages: tuple[Passage, ...], query: str) -> None:
        """Show these from the top."""
        self._rows.set_passages(passages, query)
        self.scrollToTop()

    def _open(self, index: QModelIndex) -> None:
        self.opened.emit(self._rows.passage(index.row()))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.currentIndex().isValid():
            self._open(self.currentIndex())
        else:
            super().keyPressEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.scheduleDelayedItemsLayout()  # the heights depend on the width


class SearchResults(QWidget):
    """One of: still searching, passages, nothing found.

    Signals:
        opened: a Passage.
        mode_wanted: a SearchMode to try instead.
    """

    opened = Signal(object)
    mode_wanted = Signal(object)

    def __init__(self, theme: ThemeKeeper, icons: Icons, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._icons = icons
        self.summary = ElidedLabel("", "caption")
        self.progress = ProgressBar("Searching")
        self.progress.show_progress(0, 0)
        self.passages = PassageList(theme, icons, self)
        self.passages.opened.connect(self.opened)
        self._nothing = QWidget()
        self._nothing_holder = QVBoxLayout(self._nothing)
        self._nothing_holder.setContentsMargins(0, 0, 0, 0)
        self._patience = QTimer(self, singleShot=True, interval=PATIENCE_MS)
        self._patience.timeout.connect(self._on_patience_over)
        self._lay_out()

    @property
    def found_nothing(self) -> bool:
        """Whether "nothing found" is shown."""
        return self._pages.currentWidget() is self._nothing

    def show_searching(self) -> None:
        """A search began; what was found before stays until there is news."""
        self._patience.start()

    def show_found(self, passages: tuple[Passage, ...], query: str, place: str) -> None:
        """Show what was found in a place such as "all documents"."""
        self._settle()
        found = count_text(len(passages), "passage")
        order = ", closest first" if len(passages) > 1 else ""
        self.summary.set_text(f"{found} for “{query}” in {place}{order}")
        self.passages.show_passages(passages, query)
        self._pages.setCurrentWidget(self.passages)

    def show_nothing(self, query: str, place: str, mode: SearchMode, note: str) -> None:
        """Say that nothing was found, and what may help."""
        self._settle()
        self.summary.set_text("")
        while (old := self._nothing_holder.takeAt(0)) is not None:
            if (widget := old.widget()) is not None:
                widget.deleteLater()
        other = SearchMode.DENSE if mode is SearchMode.KEYWORD else SearchMode.HYBRID
        choice = Choice(
            "Search by meaning" if other is SearchMode.DENSE else "Search by words and meaning",
            lambda: self.mode_wanted.emit(other),
        )
        hint = f"No passage in {place} fits “{_shortened(query)}”. Try other words. {note}".strip()
        state = EmptyState(
            self._icons.icon("ph.magnifying-glass", "accent_text"),
            "Nothing found",
            hint,
            secondary=choice if mode is not SearchMode.HYBRID else None,
        )
        self._nothing_holder.addWidget(state)
        self._pages.setCurrentWidget(self._nothing)

    def show_failed(self) -> None:
        """The search could not be done; the pane says why."""
        self._settle()

    def _lay_out(self) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(24, 0, 18, 12)
        layout.setSpacing(6)
        layout.addWidget(self.summary)
        layout.addWidget(self.progress)
        pages = QWidget()
        self._pages = QStackedLayout(pages)
        self._pages.addWidget(self.passages)
        self._pages.addWidget(self._nothing)
        layout.addWidget(pages, 1)
        self.progress.hide()

    def _settle(self) -> None:
        self._patience.stop()
        self.progress.hide()

    def _on_patience_over(self) -> None:
        self.summary.set_text("Searching…")
        self.progress.show()


def _shortened(query: str) -> str:
    return query if len(query) <= 60 else f"{query[:59].rstrip()}…"
