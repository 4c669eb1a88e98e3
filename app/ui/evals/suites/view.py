"""The widgets of a suite's page and how they share the room."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QMenu, QSplitter, QStackedWidget, QVBoxLayout, QWidget

from app.base.errors import AppError
from app.ui.evals.suites.drafts import Place
from app.ui.evals.suites.header import FilterBar, SuiteHeader
from app.ui.evals.suites.item_editor import ItemEditor
from app.ui.evals.suites.items import SuiteItemsModel
from app.ui.evals.suites.reading import Opened
from app.ui.evals.suites.table import SuiteTable
from app.ui.pane import PaneContext
from app.ui.widgets.choice import Choice, Severity
from app.ui.widgets.empty_state import EmptyState
from app.ui.widgets.info_bar import Bars, InfoBar, announce
from app.ui.widgets.labels import Label
from app.ui.widgets.menus import pop_up

_NARROW = 800  # the editor goes below the table
_EMPTY = (
    "An item is a question, and where it matters the right answer. Write the first, or copy two "
    "columns of a table and paste them here: questions and answers."
)


class SuiteView(QWidget):
    """Lays them out over the whole of its parent.

    Signals:
        add_requested, paste_requested, removal_requested: in the table, or where there is none yet.
        stuck_wanted: the `Place` of an item that cannot be saved shall be shown.
    """

    add_requested = Signal()
    paste_requested = Signal()
    removal_requested = Signal()
    stuck_wanted = Signal(object)

    def __init__(self, context: PaneContext, items: SuiteItemsModel, page: QWidget) -> None:
        super().__init__(page)
        self._icons = context.icons
        self._stuck: InfoBar | None = None
        self.header = SuiteHeader(context.icons)
        self.filter = FilterBar(context.icons)
        self.table = SuiteTable(items, context.theme, self)
        self.editor = ItemEditor(context.icons)
        self.editor.setObjectName("itemeditor")
        self.editor.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.table.paste_requested.connect(self.paste_requested)
        self.table.removal_requested.connect(self.removal_requested)
        self.table.menu_requested.connect(self._on_menu_requested)
        self._build()
        around = QVBoxLayout(page)
        around.setContentsMargins(0, 0, 0, 0)
        around.addWidget(self)

    def show_opened(self, opened: Opened) -> None:
        """Show what is known of the suite."""
        self.header.show_suite(opened.suite)
        self.filter.show_opened(opened)
        self._no_hits.setVisible(opened.shown == 0 and opened.suite.items > 0)
        self.table.setVisible(opened.shown > 0)

    def show_parts(self, *, has_items: bool) -> None:
        """Show the table and the editor, or what to do while there are no items."""
        self._stack.setCurrentWidget(self._split if has_items else self._empty)
        self.filter.setVisible(has_items)

    def show_problem(self, error: AppError) -> None:
        """State a failure; the same words are not shown twice."""
        bar = InfoBar.for_error(self._icons, error)
        self._problems.add(bar)
        announce(self, bar.text)

    def clear_problems(self) -> None:
        """Take all bars away."""
        self._problems.clear()

    def show_stuck(self, places: Sequence[Place]) -> None:
        """Say that items elsewhere cannot be saved; nothing where there are none."""
        if bool(places) == (self._stuck is not None):
            return
        if self._stuck is not None:
            self._stuck.take_away()
            self._stuck = None
            return
        place = places[0]
        self._stuck = InfoBar(
            self._icons,
            "An item that you changed cannot be saved as it is.",
            Severity.WARN,
            choice=Choice("Show it", lambda: self.stuck_wanted.emit(place)),
            closable=False,
        )
        self._problems.add(self._stuck)

    def _build(self) -> None:
        self._problems = Bars(margins=(24, 0, 16, 0))
        self._no_hits = Label("No item matches. Search for less, or choose another tag.", "body2")
        self._no_hits.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._no_hits.hide()
        listing = QWidget()
        column = QVBoxLayout(listing)
        column.setContentsMargins(14, 0, 8, 8)
        column.addWidget(self.table, 1)
        column.addWidget(self._no_hits, 1)
        self._split = QSplitter()
        self._split.setChildrenCollapsible(False)
        self._split.setHandleWidth(1)
        self._split.addWidget(listing)
        self._split.addWidget(self.editor)
        self._split.setStretchFactor(0, 5)
        self._split.setStretchFactor(1, 4)
        self._split.setSizes([560, 440])
        icon = self._icons.icon
        self._empty = EmptyState(
            icon("ph.table", "accent_text"),
            "No items yet",
            _EMPTY,
            primary=Choice("Add an item", self.add_requested.emit, icon("ph.plus", "on_accent")),
            secondary=Choice("Paste rows", self.paste_requested.emit, icon("ph.clipboard-text")),
            caption="A CSV or JSON Lines file dropped on the window becomes a suite of its own.",
        )
        self._stack = QStackedWidget()
        self._stack.addWidget(self._split)
        self._stack.addWidget(self._empty)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.header)
        layout.addWidget(self._problems)
        layout.addWidget(self.filter)
        layout.addWidget(self._stack, 1)

    def _on_menu_requested(self, place: QPoint) -> None:
        menu, icon = QMenu(self), self._icons.icon
        menu.addAction(icon("ph.trash"), "Remove").triggered.connect(self.removal_requested)
        pop_up(menu, place)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        is_narrow = self.width() < _NARROW
        wanted = Qt.Orientation.Vertical if is_narrow else Qt.Orientation.Horizontal
        if wanted is not self._split.orientation():
            self._split.setOrientation(wanted)
            self._split.setSizes([400, 500] if is_narrow else [560, 440])
