"""The list of chats as a Qt item model, grouped by when they were last used."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from datetime import datetime

from PySide6.QtCore import QAbstractListModel, QModelIndex, QPersistentModelIndex, Qt, Signal

from app.chat.entities import Conversation, ConversationId
from app.ui.chat.row_delegate import IS_BUSY, IS_HEADING

Index = QModelIndex | QPersistentModelIndex
NOWHERE = QModelIndex()


def period(moment: datetime, now: datetime) -> str:
    """The heading a chat stands under. Both times are aware; days are those of `now`'s zone."""
    days = (now.date() - moment.astimezone(now.tzinfo).date()).days
    if days <= 0:
        return "Today"
    if days == 1:
        return "Yesterday"
    if days <= 7:
        return "Previous 7 days"
    if days <= 30:
        return "Previous 30 days"
    return "Older"


class ConversationItems(QAbstractListModel):
    """Headings and chats, newest first.

    Signals:
        renamed: a title was edited: the conversation's id and the new title.
    """

    renamed = Signal(object, str)

    def __init__(self, now: Callable[[], datetime]) -> None:
        super().__init__()
        self._now = now
        self._all: tuple[Conversation, ...] = ()
        self._filter = ""
        self._rows: list[str | Conversation] = []
        self._busy: frozenset[ConversationId] = frozenset()

    def set_conversations(self, conversations: Sequence[Conversation]) -> None:
        """Take another list."""
        self._all = tuple(sorted(conversations, key=lambda each: each.updated_at, reverse=True))
        self._refresh()

    def set_filter(self, text: str) -> None:
        """Show only chats with these words in their title."""
        self._filter = text
        self._refresh()

    def set_busy(self, ids: Collection[ConversationId]) -> None:
        """Mark the chats in which an answer is being made."""
        self._busy = frozenset(ids)
        if self._rows:
            last = self.index(len(self._rows) - 1)
            self.dataChanged.emit(self.index(0), last, [IS_BUSY])

    def index_of(self, conversation_id: ConversationId | None) -> QModelIndex:
        """The row of a chat; an invalid index when it is not shown."""
        for row, each in enumerate(self._rows):
            if isinstance(each, Conversation) and each.id == conversation_id:
                return self.index(row)
        return QModelIndex()

    def conversation(self, index: Index) -> Conversation | None:
        """The chat of a row; None for a heading."""
        if not index.isValid():
            return None
        entry = self._rows[index.row()]
        return entry if isinstance(entry, Conversation) else None

    def _refresh(self) -> None:
        words = self._filter.casefold().split()
        rows: list[str | Conversation] = []
        now, heading = self._now(), ""
        for each in self._all:
            title = each.title.casefold()
            if not all(word in title for word in words):
                continue
            if (its := period(each.updated_at, now)) != heading:
                heading = its
                rows.append(heading)
            rows.append(each)
        if rows != self._rows:
            self.beginResetModel()
            self._rows = rows
            self.endResetModel()

    def rowCount(self, parent: Index = NOWHERE) -> int:
        return 0 if parent.isValid() else len(self._rows)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid():
            return None
        entry = self._rows[index.row()]
        if isinstance(entry, str):
            if role == Qt.ItemDataRole.DisplayRole:
                return entry
            return True if role == IS_HEADING else None
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.EditRole):
            return entry.title
        if role == Qt.ItemDataRole.ToolTipRole:
            return entry.title
        if role == IS_BUSY:
            return entry.id in self._busy
        return False if role == IS_HEADING else None

    def setData(self, index: Index, value: object, role: int = Qt.ItemDataRole.EditRole) -> bool:
        entry = self.conversation(index)
        title = " ".join(str(value).split())
        if role != Qt.ItemDataRole.EditRole or entry is None or not title:
            return False
        if title != entry.title:
            self.renamed.emit(entry.id, title)
        return True

    def flags(self, index: Index) -> Qt.ItemFlag:
        if self.conversation(index) is None:
            return Qt.ItemFlag.NoItemFlags
        flag = Qt.ItemFlag
        return flag.ItemIsEnabled | flag.ItemIsSelectable | flag.ItemIsEditable
