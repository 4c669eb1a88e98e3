"""The left column: all documents, and the collections."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import (
    QItemSelectionModel,
    QModelIndex,
    QPersistentModelIndex,
    QPoint,
    Qt,
    Signal,
)
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QAbstractItemView, QFrame, QListView, QMenu, QVBoxLayout, QWidget

from app.library.entities import Collection, Document
from app.ui.icons import Icons
from app.ui.library.delegates import ShelfDelegate
from app.ui.library.rows import EVERYTHING, Shelf, ShelfKind
from app.ui.library.shelf_items import ShelfListModel, ShelfRow
from app.ui.theme import ThemeKeeper
from app.ui.widgets.buttons import Button
from app.ui.widgets.menus import pop_up

WIDTH = 232
NARROW_WIDTH = 208


class ShelfList(QListView):
    """The lines of the left column, told apart by shelf and not by row.

    Signals:
        key_pressed: a Qt key the pane gives a meaning, with the list in focus.
        shelf_changed: another shelf is current, by a person's hand.
    """

    key_pressed = Signal(int)
    shelf_changed = Signal()

    def currentChanged(
        self,
        current: QModelIndex | QPersistentModelIndex,
        previous: QModelIndex | QPersistentModelIndex,
    ) -> None:
        super().currentChanged(current, previous)
        self.shelf_changed.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_F2, Qt.Key.Key_Delete):
            self.key_pressed.emit(event.key())
        else:
            super().keyPressEvent(event)


class CollectionSidebar(QFrame):
    """Chooses a shelf; asks for collections to be made, renamed and deleted.

    Signals:
        shelf_chosen: a Shelf.
        creation_requested: a new collection is wanted.
        rename_requested, deletion_requested: the ShelfRow of a collection.
        documents_dropped, files_dropped: as in ShelfListModel.
    """

    shelf_chosen = Signal(object)
    creation_requested = Signal()
    rename_requested = Signal(object)
    deletion_requested = Signal(object)
    documents_dropped = Signal(list, object)
    files_dropped = Signal(list, object)

    def __init__(self, theme: ThemeKeeper, icons: Icons, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("side")
        self._icons = icons
        self._theme = theme
        self._shelf = EVERYTHING
        self._is_filling = False
        self.rows = ShelfListModel()
        self.rows.setParent(self)
        self.list = self._make_list(theme, icons)
        self.create_button = Button("New collection", "ghost", icons.icon("ph.plus"))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(10, 14, 10, 10)
        layout.setSpacing(8)
        layout.addWidget(self.list, 1)
        layout.addWidget(self.create_button)
        self.rows.documents_dropped.connect(self.documents_dropped)
        self.rows.files_dropped.connect(self.files_dropped)
        self.create_button.clicked.connect(self._on_create_clicked)

    @property
    def shelf(self) -> Shelf:
        """The chosen shelf."""
        return self._shelf

    @property
    def shelf_title(self) -> str:
        """The name of the chosen shelf."""
        row = self.rows.row_of(self._shelf)
        return self.rows.row(row).title if row is not None else ""

    def show_collections(
        self, collections: Sequence[Collection], documents: Sequence[Document]
    ) -> None:
        """Show these, keeping the choice; when its collection is gone, choose all documents."""
        loose = sum(document.collection_id is None for document in documents)
        self._is_filling = True
        self.rows.set_collections(collections, len(documents), loose)
        self._is_filling = False
        if self.rows.row_of(self._shelf) is None:
            self.choose(EVERYTHING)
        else:
            self._mark()

    def choose(self, shelf: Shelf) -> None:
        """Choose a shelf, as a click does."""
        if shelf != self._shelf:
            self._shelf = shelf
            self.shelf_chosen.emit(shelf)
        self._mark()

    def _make_list(self, theme: ThemeKeeper, icons: Icons) -> ShelfList:
        shelves = ShelfList(self)
        shelves.setObjectName("shelves")
        shelves.setAccessibleName("Collections")
        shelves.setModel(self.rows)
        shelves.setItemDelegate(ShelfDelegate(theme, icons, shelves))
        shelves.setFrameShape(QFrame.Shape.NoFrame)
        shelves.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        shelves.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        shelves.setMouseTracking(True)
        shelves.setAcceptDrops(True)
        shelves.setDragDropMode(QAbstractItemView.DragDropMode.DropOnly)
        shelves.setDropIndicatorShown(True)
        shelves.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        shelves.shelf_changed.connect(self._on_current_changed)
        shelves.customContextMenuRequested.connect(self._on_menu_requested)
        shelves.key_pressed.connect(self._on_key_pressed)
        return shelves

    def _mark(self) -> None:
        row = self.rows.row_of(self._shelf)
        if row is not None:
            flags = QItemSelectionModel.SelectionFlag.ClearAndSelect
            self.list.selectionModel().setCurrentIndex(self.rows.index(row), flags)

    def _on_current_changed(self) -> None:
        at = self.list.currentIndex()
        if self._is_filling or not at.isValid():  # a reset on the way to new rows is no choice
            return
        shelf = self.rows.row(at.row()).shelf
        if shelf is not None and shelf != self._shelf:
            self._shelf = shelf
            self.shelf_chosen.emit(shelf)

    def _on_create_clicked(self) -> None:
        self.creation_requested.emit()

    def _on_key_pressed(self, key: int) -> None:
        at = self.list.currentIndex()
        row = self.rows.row(at.row()) if at.isValid() else None
        if row is None or not _is_collection(row):
            return
        wanted = self.rename_requested if key == Qt.Key.Key_F2 else self.deletion_requested
        wanted.emit(row)

    def _on_menu_requested(self, place: QPoint) -> None:
        at = self.list.indexAt(place)
        row = self.rows.row(at.row()) if at.isValid() else None
        menu = self.make_menu(row if row is not None and _is_collection(row) else None)
        pop_up(menu, self.list.viewport().mapToGlobal(place))

    def make_menu(self, row: ShelfRow | None) -> QMenu:
        """The context menu of a collection, or of the free space."""
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        if row is not None:
            rename = menu.addAction(self._icons.icon("ph.pencil-simple"), "Rename…")
            rename.triggered.connect(lambda: self.rename_requested.emit(row))
            delete = menu.addAction(self._icons.icon("ph.trash"), "Delete collection…")
            delete.triggered.connect(lambda: self.deletion_requested.emit(row))
            menu.addSeparator()
        create = menu.addAction(self._icons.icon("ph.plus"), "New collection…")
        create.triggered.connect(self._on_create_clicked)
        return menu


def _is_collection(row: ShelfRow) -> bool:
    return row.shelf is not None and row.shelf.kind is ShelfKind.COLLECTION
