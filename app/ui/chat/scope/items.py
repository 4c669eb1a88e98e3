"""The rows of the scope picker as a Qt item model: all documents, collections, single documents."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from PySide6.QtCore import QAbstractListModel, QModelIndex, QPersistentModelIndex, Qt

from app.library.entities import Collection, CollectionId, Document, DocumentId, Scope
from app.ui.chat.row_delegate import IS_HEADING
from app.ui.icons import Icons
from app.ui.sources.kinds import kind_icon

Index = QModelIndex | QPersistentModelIndex
NOWHERE = QModelIndex()


class Everything(Enum):
    """The row that takes all choices back."""

    ROW = "All documents"


@dataclass(frozen=True, slots=True)
class Heading:
    """A line between the kinds of rows."""

    text: str


Entry = Everything | Heading | Collection | Document


class ScopeItems(QAbstractListModel):
    """What can be chosen; checked rows make the scope."""

    def __init__(
        self,
        documents: Sequence[Document],
        collections: Sequence[Collection],
        scope: Scope,
        icons: Icons,
    ) -> None:
        super().__init__()
        self._documents = documents
        self._collections = collections
        self._icons = icons
        known = {each.id for each in documents}
        self._chosen_collections = set(scope.collections) & {each.id for each in collections}
        self._chosen_documents = set(scope.documents) & known
        self._filter = ""
        self._entries = self._make_entries()

    @property
    def scope(self) -> Scope:
        """What is chosen; everything when nothing is."""
        collections: list[CollectionId] = [
            each.id for each in self._collections if each.id in self._chosen_collections
        ]
        documents: list[DocumentId] = [
            each.id for each in self._documents if each.id in self._chosen_documents
        ]
        return Scope(tuple(collections), tuple(documents))

    def set_filter(self, text: str) -> None:
        """Show only what has these words in its name."""
        self.beginResetModel()
        self._filter = text.strip().casefold()
        self._entries = self._make_entries()
        self.endResetModel()

    def is_choosable(self, index: Index) -> bool:
        """Whether this row is more than a heading."""
        return index.isValid() and not isinstance(self._entries[index.row()], Heading)

    def toggle(self, index: Index) -> None:
        """Choose a row, or take the choice back."""
        entry = self._entries[index.row()]
        match entry:
            case Everything():
                self._chosen_collections.clear()
                self._chosen_documents.clear()
            case Collection():
                self._chosen_collections ^= {entry.id}
            case Document():
                self._chosen_documents ^= {entry.id}
            case Heading():
                return
        first, last = self.index(0), self.index(len(self._entries) - 1)
        self.dataChanged.emit(first, last, [Qt.ItemDataRole.CheckStateRole])

    def _make_entries(self) -> tuple[Entry, ...]:
        words = self._filter.split()

        def fits(name: str) -> bool:
            folded = name.casefold()
            return all(word in folded for word in words)

        collections = [each for each in self._collections if fits(each.name)]
        documents = [each for each in self._documents if fits(f"{each.title} {each.path.name}")]
        entries: list[Entry] = [] if words else [Everything.ROW]
        if collections:
            entries += [Heading("Collections"), *collections]
        if documents:
            entries += [Heading("Documents"), *documents]
        return tuple(entries)

    def _is_chosen(self, entry: Entry) -> bool:
        match entry:
            case Everything():
                return not self._chosen_collections and not self._chosen_documents
            case Collection():
                return entry.id in self._chosen_collections
            case Document():
                return entry.id in self._chosen_documents
            case Heading():
                return False

    def rowCount(self, parent: Index = NOWHERE) -> int:
        return 0 if parent.isValid() else len(self._entries)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid():
            return None
        entry = self._entries[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return _name(entry)
        if role == Qt.ItemDataRole.CheckStateRole and not isinstance(entry, Heading):
            state = Qt.CheckState
            return state.Checked if self._is_chosen(entry) else state.Unchecked
        if role == Qt.ItemDataRole.DecorationRole:
            return self._icons.icon(name) if (name := _icon(entry)) else None
        if role == IS_HEADING:
            return isinstance(entry, Heading)
        if role == Qt.ItemDataRole.ToolTipRole and isinstance(entry, Document):
            return str(entry.path)
        return None

    def flags(self, index: Index) -> Qt.ItemFlag:
        # Not "user checkable": the delegate would toggle on a click on the box, and the click on
        # the row once more.
        if not self.is_choosable(index):
            return Qt.ItemFlag.NoItemFlags
        return Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable


def _name(entry: Entry) -> str:
    match entry:
        case Everything():
            return str(entry.value)
        case Heading(text):
            return text
        case Collection():
            return f"{entry.name}  ·  {entry.documents:,}"
        case Document():
            return entry.title


def _icon(entry: Entry) -> str:
    match entry:
        case Everything():
            return "ph.books"
        case Collection():
            return "ph.folder"
        case Document():
            return kind_icon(entry.kind)
        case Heading():
            return ""
