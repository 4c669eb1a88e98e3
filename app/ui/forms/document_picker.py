"""The sheet in which one document of the library is chosen."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QStandardItem, QStandardItemModel
from PySide6.QtWidgets import QLineEdit, QListView, QWidget

from app.base.errors import AppError
from app.library.entities import Document, DocumentStatus
from app.ui.icons import Icons
from app.ui.sources.kinds import kind_icon
from app.ui.theme import ThemeKeeper
from app.ui.widgets.labels import Label
from app.ui.widgets.sheet import Sheet

_WIDTH, _HEIGHT, _ROW = 480, 520, 36
_DOCUMENT = Qt.ItemDataRole.UserRole + 1


class DocumentPicker(Sheet):
    """Lists the documents that were read. Used once.

    Signals:
        chosen: a `Document`.
    """

    chosen = Signal(object)

    def __init__(self, window: QWidget, icons: Icons, theme: ThemeKeeper) -> None:
        super().__init__(window, icons, "Choose a document", width=_WIDTH)
        self._icons = icons
        self._row = theme.px(_ROW)
        self._documents: tuple[Document, ...] = ()
        self._search = _Search()
        self._search.setPlaceholderText("Find a document")
        self._search.setAccessibleName("Find a document")
        self._search.addAction(
            icons.icon("ph.magnifying-glass", "text3"), QLineEdit.ActionPosition.LeadingPosition
        )
        self._search.setAcceptDrops(False)
        self._search.textChanged.connect(self._show)
        self._search.returnPressed.connect(self._on_return_pressed)
        self._search.moved.connect(self._move)
        self._items = QStandardItemModel(self)
        self._list = QListView()
        self._list.setAccessibleName("Documents")
        self._list.setModel(self._items)
        self._list.setEditTriggers(QListView.EditTrigger.NoEditTriggers)
        self._list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._list.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self._list.setIconSize(QSize(16, 16))
        self._list.activated.connect(self._on_activated)
        self._list.clicked.connect(self._on_activated)
        self._words = Label("Looking into your library…", "body2", wrap=True)
        self.body.setSpacing(8)
        self.body.addWidget(self._search)
        self.body.addWidget(self._words)
        self.body.addWidget(self._list, 1)
        self.closed.connect(self.deleteLater)

    def show_documents(self, documents: Sequence[Document]) -> None:
        """What there is to choose from."""
        read = [each for each in documents if each.status is DocumentStatus.INDEXED]
        self._documents = tuple(sorted(read, key=lambda each: each.title.casefold()))
        self._show()

    def show_problem(self, error: AppError) -> None:
        """Say why there is no list."""
        self._words.setText(str(error))

    def first_focus(self) -> QWidget | None:
        return self._search

    def card_height(self, _width: int) -> int:
        return _HEIGHT

    def _show(self) -> None:
        words = self._search.text().casefold().split()
        self._items.clear()
        for document in self._documents:
            if all(word in document.title.casefold() for word in words):
                icon = self._icons.icon(kind_icon(document.kind))
                item = QStandardItem(icon, document.title)
                item.setData(document, _DOCUMENT)
                item.setSizeHint(QSize(0, self._row))
                item.setToolTip(str(document.path))
                self._items.appendRow(item)
        self._list.setCurrentIndex(self._items.index(0, 0))
        self._words.setVisible(self._items.rowCount() == 0)
        none = "Your library holds no documents that were read. Add some under Library."
        self._words.setText("No document has this name." if self._documents else none)

    def _move(self, step: int) -> None:
        at = self._list.currentIndex().row() + step
        if 0 <= at < self._items.rowCount():
            self._list.setCurrentIndex(self._items.index(at, 0))

    def _on_return_pressed(self) -> None:
        self._on_activated(self._list.currentIndex())

    def _on_activated(self, index: object) -> None:
        document = index.data(_DOCUMENT)  # type: ignore[attr-defined]  # a QModelIndex
        if isinstance(document, Document):
            self.dismiss()
            self.chosen.emit(document)


class _Search(QLineEdit):
    """The search field; Up and Down move in the list below."""

    moved = Signal(int)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = {Qt.Key.Key_Down: 1, Qt.Key.Key_Up: -1}.get(Qt.Key(event.key()), 0)
        if step:
            self.moved.emit(step)
        else:
            super().keyPressEvent(event)
