"""The popup in which a person chooses which documents are asked."""

from __future__ import annotations

from PySide6.QtCore import QPoint, QSize, Qt, Signal
from PySide6.QtGui import QHideEvent, QKeyEvent
from PySide6.QtWidgets import QFrame, QLineEdit, QListView, QVBoxLayout, QWidget

from app.ui.chat.scope_items import ScopeItems
from app.ui.icons import Icons
from app.ui.widgets.buttons import Button
from app.ui.widgets.labels import Label
from app.ui.widgets.layout import row

_SIZE = QSize(360, 400)


class ScopePicker(QFrame):
    """Opens at a widget; what is chosen counts when it closes. Used once.

    Signals:
        chosen: another `Scope` than before.
    """

    chosen = Signal(object)

    def __init__(self, items: ScopeItems, icons: Icons, parent: QWidget) -> None:
        super().__init__(parent, Qt.WindowType.Popup | Qt.WindowType.FramelessWindowHint)
        self.setAttribute(Qt.WidgetAttribute.WA_TranslucentBackground)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setAccessibleName("Choose documents")
        self._items = items
        items.setParent(self)
        self._before = items.scope
        card = QFrame()
        card.setObjectName("picker")
        around = QVBoxLayout(self)
        around.setContentsMargins(0, 0, 0, 0)
        around.addWidget(card)
        layout = QVBoxLayout(card)
        layout.setContentsMargins(12, 12, 12, 12)
        layout.setSpacing(8)
        layout.addWidget(self._build_search(icons))
        layout.addWidget(self._build_list(), 1)
        self._empty = Label("Nothing has this name.", "caption")
        self._empty.hide()
        layout.addWidget(self._empty)
        done = Button("Done", "primary")
        done.clicked.connect(self.close)
        layout.addWidget(row(None, done))

    def open_at(self, button: QWidget) -> None:
        """Open above a button, within its window."""
        self.resize(_SIZE)
        window = button.window()
        height = min(_SIZE.height(), max(240, button.mapTo(window, QPoint(0, 0)).y() - 24))
        self.resize(_SIZE.width(), height)
        self.move(button.mapToGlobal(QPoint(0, -height - 8)))
        self.show()
        self._search.setFocus(Qt.FocusReason.PopupFocusReason)

    def _build_search(self, icons: Icons) -> QLineEdit:
        self._search = QLineEdit()
        self._search.setPlaceholderText("Find a document or collection")
        self._search.setAccessibleName("Find a document or collection")
        self._search.addAction(
            icons.icon("ph.magnifying-glass", "text3"), QLineEdit.ActionPosition.LeadingPosition
        )
        self._search.setClearButtonEnabled(True)
        self._search.textChanged.connect(self._on_search_changed)
        self._search.returnPressed.connect(self._on_return_pressed)
        return self._search

    def _build_list(self) -> QListView:
        self._list = _ScopeList()
        self._list.setObjectName("scopes")
        self._list.setAccessibleName("Documents to ask")
        self._list.setModel(self._items)
        self._list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._list.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self._list.setUniformItemSizes(True)
        self._list.setIconSize(QSize(16, 16))
        self._list.clicked.connect(self._items.toggle)
        self._list.toggled.connect(self._items.toggle)
        self._list.setEditTriggers(QListView.EditTrigger.NoEditTriggers)
        return self._list

    def _on_search_changed(self, text: str) -> None:
        self._items.set_filter(text)
        self._empty.setVisible(self._items.rowCount() == 0)

    def _on_return_pressed(self) -> None:
        rows = range(self._items.rowCount())
        choosable = [
            each for each in map(self._items.index, rows) if self._items.is_choosable(each)
        ]
        if self._search.text().strip() and choosable:
            self._items.toggle(choosable[0])
            self._search.selectAll()
        else:
            self.close()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Down and self._search.hasFocus():
            self._list.setFocus()
            self._list.setCurrentIndex(self._items.index(0))
        else:
            super().keyPressEvent(event)

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        if self._items.scope != self._before:
            self._before = self._items.scope
            self.chosen.emit(self._items.scope)


class _ScopeList(QListView):
    """A list in which Space and Enter choose the current row."""

    toggled = Signal(object)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        keys = (Qt.Key.Key_Space, Qt.Key.Key_Return, Qt.Key.Key_Enter)
        if event.key() in keys and self.currentIndex().isValid():
            self.toggled.emit(self.currentIndex())
        else:
            super().keyPressEvent(event)
