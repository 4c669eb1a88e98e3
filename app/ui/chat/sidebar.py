"""The list of chats: new, find, open, rename, delete."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QPoint, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QLineEdit,
    QListView,
    QMenu,
    QVBoxLayout,
    QWidget,
)

from app.chat.entities import Conversation, ConversationId
from app.ui.chat.items import ConversationItems
from app.ui.chat.row_delegate import RowDelegate
from app.ui.icons import Icons
from app.ui.theme import ThemeKeeper
from app.ui.widgets.buttons import Button
from app.ui.widgets.labels import Label
from app.ui.widgets.menus import pop_up

WIDTH = 268


class Sidebar(QWidget):
    """The chats.

    Signals:
        new_requested: a new chat.
        opened: the `ConversationId` to show.
        renamed: an id and its new title.
        delete_requested: the `Conversation` to delete.
    """

    new_requested = Signal()
    opened = Signal(object)
    renamed = Signal(object, str)
    delete_requested = Signal(object)

    def __init__(self, theme: ThemeKeeper, icons: Icons, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._icons = icons
        self._current: ConversationId | None = None
        self._items = ConversationItems(lambda: datetime.now().astimezone())
        self._items.setParent(self)
        self._items.renamed.connect(self.renamed)
        self.setObjectName("side")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setFixedWidth(WIDTH)
        self._nothing = Label("", "caption", wrap=True)
        self._nothing.setContentsMargins(8, 4, 8, 0)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 12, 12, 12)
        layout.setSpacing(8)
        layout.addWidget(self._build_new())
        layout.addWidget(self._build_search())
        layout.addWidget(self._nothing)
        layout.addWidget(self._build_list(theme), 1000)
        layout.addStretch(1)  # takes the room when there is no list
        self._on_reset()

    @property
    def items(self) -> ConversationItems:
        """The rows."""
        return self._items

    def show_conversations(
        self, conversations: Sequence[Conversation], busy: Collection[ConversationId]
    ) -> None:
        """Show these chats; those in `busy` are being answered."""
        self._items.set_conversations(conversations)
        self._items.set_busy(busy)

    def set_busy(self, busy: Collection[ConversationId]) -> None:
        """Mark the chats that are being answered."""
        self._items.set_busy(busy)

    def select(self, conversation_id: ConversationId | None) -> None:
        """Mark the chat that is shown; None for a new one."""
        self._current = conversation_id
        self._on_reset()

    def rename(self, conversation_id: ConversationId) -> None:
        """Let a person edit the title of a chat."""
        self._search.clear()
        self._rename(QPersistentModelIndex(self._items.index_of(conversation_id)))

    def _build_new(self) -> Button:
        new = Button("New chat", "primary", self._icons.icon("ph.note-pencil", "on_accent"))
        new.setSizePolicy(new.sizePolicy().Policy.Expanding, new.sizePolicy().verticalPolicy())
        new.setToolTip("New chat (Ctrl+N)")
        new.clicked.connect(self.new_requested)
        return new

    def _build_search(self) -> QLineEdit:
        self._search = QLineEdit()
        self._search.setPlaceholderText("Search chats")
        self._search.setAccessibleName("Search chats")
        self._search.setClearButtonEnabled(True)
        self._search.addAction(
            self._icons.icon("ph.magnifying-glass", "text3"),
            QLineEdit.ActionPosition.LeadingPosition,
        )
        self._search.textChanged.connect(self._items.set_filter)
        return self._search

    def _build_list(self, theme: ThemeKeeper) -> QListView:
        self._list = _ChatList()
        self._list.setObjectName("chats")
        self._list.setAccessibleName("Chats")
        self._list.setModel(self._items)
        # Connected after the view, which forgets its current row at a reset.
        self._items.modelReset.connect(self._on_reset)
        self._list.setItemDelegate(RowDelegate(theme, self._list))
        self._list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._list.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self._list.setTextElideMode(Qt.TextElideMode.ElideRight)
        self._list.setEditTriggers(QAbstractItemView.EditTrigger.EditKeyPressed)
        self._list.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self._list.customContextMenuRequested.connect(self._on_menu_requested)
        self._list.clicked.connect(self._open)
        self._list.activated.connect(self._open)
        self._list.delete_pressed.connect(self._on_delete_pressed)
        return self._list

    def _open(self, index: QModelIndex) -> None:
        conversation = self._items.conversation(index)
        if conversation is not None and conversation.id != self._current:
            self.opened.emit(conversation.id)

    def _on_reset(self) -> None:
        self._list.setCurrentIndex(self._items.index_of(self._current))
        is_empty = self._items.rowCount() == 0
        searching = bool(self._search.text().strip())
        self._nothing.setText("No chat has this in its title." if searching else "No chats yet.")
        self._nothing.setVisible(is_empty)
        self._list.setVisible(not is_empty)

    def _on_menu_requested(self, position: QPoint) -> None:
        index = self._list.indexAt(position)
        conversation = self._items.conversation(index)
        if conversation is None:
            return
        menu = QMenu(self)
        kept = QPersistentModelIndex(index)
        rename = menu.addAction(self._icons.icon("ph.pencil-simple"), "Rename")
        rename.triggered.connect(lambda: self._rename(kept))
        delete = menu.addAction(self._icons.icon("ph.trash"), "Delete…")
        delete.triggered.connect(lambda: self.delete_requested.emit(conversation))
        pop_up(menu, self._list.viewport().mapToGlobal(position))

    def _rename(self, index: QPersistentModelIndex) -> None:
        if index.isValid():
            self._list.edit(self._items.index(index.row()))

    def _on_delete_pressed(self) -> None:
        conversation = self._items.conversation(self._list.currentIndex())
        if conversation is not None:
            self.delete_requested.emit(conversation)


class _ChatList(QListView):
    """The list, with Delete as a key."""

    delete_pressed = Signal()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Delete:
            self.delete_pressed.emit()
        else:
            super().keyPressEvent(event)
