"""The sheet in which a person chooses which documents are asked."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QLineEdit, QListView, QWidget

from app.ui.chat.row_delegate import RowDelegate
from app.ui.chat.scope.items import ScopeItems
from app.ui.icons import Icons
from app.ui.theme import ThemeKeeper
from app.ui.widgets.buttons import Button
from app.ui.widgets.labels import Label
from app.ui.widgets.layout import row
from app.ui.widgets.sheet import Sheet

_WIDTH, _HEIGHT = 480, 560


class ScopePicker(Sheet):
    """What is chosen counts when it closes. Used once.

    Signals:
        chosen: another `Scope` than before.
    """

    chosen = Signal(object)

    def __init__(
        self, items: ScopeItems, theme: ThemeKeeper, icons: Icons, window: QWidget
    ) -> None:
        super().__init__(window, icons, "Choose documents to ask", width=_WIDTH)
        self._items = items
        items.setParent(self)
        items.dataChanged.connect(self._show_count)
        self._before = items.scope
        self._empty = Label("Nothing has this name.", "body2")
        self._empty.hide()
        self._count = Label("", "caption")
        done = Button("Done", "primary")
        done.clicked.connect(self.dismiss)
        self.body.setSpacing(8)
        self.body.addWidget(self._build_search(icons))
        self.body.addWidget(self._empty)
        self.body.addWidget(self._build_list(theme), 1)
        self.body.addWidget(row(self._count, None, done))
        self.closed.connect(self._on_closed)
        self._show_count()

    def first_focus(self) -> QWidget | None:
        return self._search

    def card_height(self, _width: int) -> int:
        return _HEIGHT

    def _build_search(self, icons: Icons) -> QLineEdit:
        self._search = _Search()
        self._search.setPlaceholderText("Find a document or collection")
        self._search.setAccessibleName("Find a document or collection")
        self._search.addAction(
            icons.icon("ph.magnifying-glass", "text3"), QLineEdit.ActionPosition.LeadingPosition
        )
        self._search.setClearButtonEnabled(True)
        self._search.textChanged.connect(self._on_search_changed)
        self._search.returnPressed.connect(self._on_return_pressed)
        self._search.down_pressed.connect(self._on_down_pressed)
        return self._search

    def _build_list(self, theme: ThemeKeeper) -> QListView:
        self._list = _ScopeList()
        self._list.setObjectName("scopes")
        self._list.setAccessibleName("Documents to ask")
        self._list.setModel(self._items)
        self._list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._list.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self._list.setItemDelegate(RowDelegate(theme, self._list))
        self._list.setIconSize(QSize(16, 16))
        self._list.clicked.connect(self._items.toggle)
        self._list.toggled.connect(self._items.toggle)
        self._list.setEditTriggers(QListView.EditTrigger.NoEditTriggers)
        return self._list

    def _show_count(self) -> None:
        scope = self._items.scope
        chosen = len(scope.collections) + len(scope.documents)
        self._count.setText(f"{chosen:,} chosen" if chosen else "All documents are asked.")

    def _on_search_changed(self, text: str) -> None:
        self._items.set_filter(text)
        is_empty = self._items.rowCount() == 0
        self._empty.setVisible(is_empty)
        self._list.setVisible(not is_empty)

    def _on_return_pressed(self) -> None:
        rows = range(self._items.rowCount())
        choosable = [
            each for each in map(self._items.index, rows) if self._items.is_choosable(each)
        ]
        if self._search.text().strip() and choosable:
            self._items.toggle(choosable[0])
            self._search.selectAll()
        else:
            self.dismiss()

    def _on_down_pressed(self) -> None:
        self._list.setFocus(Qt.FocusReason.TabFocusReason)
        self._list.setCurrentIndex(self._items.index(0))

    def _on_closed(self) -> None:
        if self._items.scope != self._before:
            self.chosen.emit(self._items.scope)
        self.deleteLater()


class _Search(QLineEdit):
    """The search field, with Down as a way into the list."""

    down_pressed = Signal()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Down:
            self.down_pressed.emit()
        else:
            super().keyPressEvent(event)


class _ScopeList(QListView):
    """A list in which Space and Enter choose the current row."""

    toggled = Signal(object)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        keys = (Qt.Key.Key_Space, Qt.Key.Key_Return, Qt.Key.Key_Enter)
        if event.key() in keys and self.currentIndex().isValid():
            self.toggled.emit(self.currentIndex())
        else:
            super().keyPressEvent(event)
