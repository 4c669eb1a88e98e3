"""The documents of a shelf: chips, table, and the panel about what is selected."""

from __future__ import annotations

from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtWidgets import QMenu, QStackedLayout, QVBoxLayout, QWidget

from app.library.entities import Collection, Document, DocumentId
from app.ui.icons import Icons
from app.ui.library.document_table import DocumentTable
from app.ui.library.filter_chips import FilterChips
from app.ui.library.items import DocumentTableModel
from app.ui.library.rows import Column, Shelf, ShelfKind, StatusFilter
from app.ui.library.selection_menu import fill_move_menu, selection_menu
from app.ui.library.selection_panel import SelectionPanel, can_be_retried
from app.ui.theme import ThemeKeeper
from app.ui.widgets.empty_state import EmptyState
from app.ui.widgets.layout import row
from app.ui.widgets.menus import open_above, pop_up

_SORT_LABELS = {
    Column.NAME: ("Name", Qt.SortOrder.AscendingOrder),
    Column.SIZE: ("Size, largest first", Qt.SortOrder.DescendingOrder),
    Column.STATUS: ("Status, problems first", Qt.SortOrder.AscendingOrder),
    Column.ADDED: ("Added, newest first", Qt.SortOrder.DescendingOrder),
}


class DocumentPage(QWidget):
    """Shows documents and says what a person wants done with them.

    Signals:
        opened: a Document.
        ask_requested, retry_requested, cancel_requested: a tuple of document ids.
        move_requested: a tuple of document ids, and a collection id or None.
        new_collection_requested: a tuple of document ids that shall go into it.
        reveal_requested: a Document.
        removal_requested: a tuple of Documents.
    """

    opened = Signal(object)
    ask_requested = Signal(tuple)
    retry_requested = Signal(tuple)
    cancel_requested = Signal(tuple)
    move_requested = Signal(tuple, object)
    new_collection_requested = Signal(tuple)
    reveal_requested = Signal(object)
    removal_requested = Signal(tuple)

    def __init__(self, theme: ThemeKeeper, icons: Icons, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._icons = icons
        self._collections: tuple[Collection, ...] = ()
        self.rows = DocumentTableModel()
        self.rows.setParent(self)
        self.chips = FilterChips()
        self.table = DocumentTable(self.rows, theme, icons, self)
        self.panel = SelectionPanel(icons)
        self._nothing = QWidget()
        self._nothing_holder = QVBoxLayout(self._nothing)
        self._nothing_holder.setContentsMargins(0, 0, 0, 0)
        self._nothing_words = ("", "")
        self._lay_out()
        self._connect()

    @property
    def selected(self) -> tuple[Document, ...]:
        """The selected documents, from top to bottom."""
        return self.table.selected()

    def show_documents(
        self, documents: tuple[Document, ...], collections: tuple[Collection, ...]
    ) -> None:
        """Show the library's new state."""
        self._collections = collections
        self.rows.set_documents(documents)
        self._refresh()

    def show_shelf(self, shelf: Shelf) -> None:
        """Show another shelf, all of it."""
        self.chips.choose(StatusFilter.ALL)
        self.rows.set_shelf(shelf)
        self._refresh()

    def set_compact(self, compact: bool) -> None:
        """Get by with little width, or spread out again."""
        self.panel.set_compact(compact)
        self.chips.set_compact(compact)

    def make_menu(self) -> QMenu:
        """The context menu about the selection."""
        menu, moves = selection_menu(self, self._icons, self.selected, self.panel)
        self._fill_move_menu(moves)
        menu.addSeparator()
        menu.addAction("Select all").triggered.connect(self.table.selectAll)
        sorts = menu.addMenu("Sort by")
        for column, (label, order) in _SORT_LABELS.items():
            action = sorts.addAction(label)
            action.triggered.connect(
                lambda _checked=False, column=column, order=order: self.table.sort_by(column, order)
            )
        return menu

    def make_move_menu(self) -> QMenu:
        """Where the selection can go."""
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._fill_move_menu(menu)
        return menu

    def _lay_out(self) -> None:
        pages = QWidget()
        self._pages = QStackedLayout(pages)
        self._pages.addWidget(self.table)
        self._pages.addWidget(self._nothing)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(24, 0, 18, 16)
        layout.setSpacing(10)
        layout.addWidget(self.chips)
        layout.addWidget(pages, 1)
        layout.addWidget(row(self.panel, margins=(0, 0, 6, 0)))

    def _connect(self) -> None:
        self.chips.chosen.connect(self._on_filter_chosen)
        self.table.opened.connect(self.opened)
        self.table.selection_moved.connect(self._on_selection_moved)
        self.table.menu_requested.connect(self._on_menu_requested)
        self.table.removal_requested.connect(self._on_removal_requested)
        self.panel.ask_requested.connect(self._on_ask_requested)
        self.panel.retry_requested.connect(self._on_retry_requested)
        self.panel.cancel_requested.connect(self._on_cancel_requested)
        self.panel.move_requested.connect(self._on_move_requested)
        self.panel.reveal_requested.connect(self._on_reveal_requested)
        self.panel.removal_requested.connect(self._on_removal_requested)

    def _refresh(self) -> None:
        counts = self.rows.counts()
        self.chips.show_counts(counts)
        self.panel.show_documents(self.selected)
        empty = self.rows.rowCount() == 0
        if empty:
            self._say_nothing(counts[StatusFilter.ALL])
        self._pages.setCurrentWidget(self._nothing if empty else self.table)

    def _say_nothing(self, on_shelf: int) -> None:
        words = self._words_for_nothing(on_shelf)
        if words == self._nothing_words:
            return
        self._nothing_words = words
        while (old := self._nothing_holder.takeAt(0)) is not None:
            if (widget := old.widget()) is not None:
                widget.deleteLater()
        icon = self._icons.icon("ph.folder-open", "accent_text")
        self._nothing_holder.addWidget(EmptyState(icon, *words))

    def _words_for_nothing(self, on_shelf: int) -> tuple[str, str]:
        if on_shelf:
            status = self.rows.status_filter.value
            return f"Nothing {status}", "Choose “All” to see the other documents here."
        if self.rows.shelf.kind is ShelfKind.COLLECTION:
            return (
                "This collection is empty",
                "Drag documents from the list onto its name, or add files while it is open.",
            )
        return "No documents here", "Add documents, or choose another entry on the left."

    def _fill_move_menu(self, menu: QMenu) -> None:
        ids = self._ids()
        fill_move_menu(
            menu,
            self._icons,
            self._collections,
            self.selected,
            move=lambda home: self.move_requested.emit(ids, home),
            create=lambda: self.new_collection_requested.emit(ids),
        )

    def _ids(self) -> tuple[DocumentId, ...]:
        return tuple(document.id for document in self.selected)

    def _on_filter_chosen(self, status: StatusFilter) -> None:
        self.rows.set_status_filter(status)
        self._refresh()

    def _on_selection_moved(self) -> None:
        self.panel.show_documents(self.selected)

    def _on_menu_requested(self, place: QPoint) -> None:
        pop_up(self.make_menu(), place)

    def _on_ask_requested(self) -> None:
        self.ask_requested.emit(self._ids())

    def _on_retry_requested(self) -> None:
        ids = tuple(each.id for each in self.selected if can_be_retried(each))
        self.retry_requested.emit(ids)

    def _on_cancel_requested(self) -> None:
        ids = tuple(each.id for each in self.selected if each.status.is_pending)
        self.cancel_requested.emit(ids)

    def _on_move_requested(self) -> None:
        open_above(self.make_move_menu(), self.panel.move_button)

    def _on_reveal_requested(self) -> None:
        if self.selected:
            self.reveal_requested.emit(self.selected[0])

    def _on_removal_requested(self) -> None:
        if self.selected:
            self.removal_requested.emit(self.selected)
