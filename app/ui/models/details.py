"""The sheet with all that a GGUF file says about itself."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import (
    QAbstractTableModel,
    QItemSelection,
    QModelIndex,
    QPersistentModelIndex,
    QSortFilterProxyModel,
    Qt,
)
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QLineEdit,
    QPlainTextEdit,
    QTableView,
    QWidget,
)

from app.base.errors import AppError
from app.modelhub.entities import GgufFacts
from app.ui.amounts import size_text
from app.ui.icons import Icons
from app.ui.widgets.info_bar import Bars, InfoBar
from app.ui.widgets.labels import ElidedLabel, Label
from app.ui.widgets.sheet import Sheet

Index = QModelIndex | QPersistentModelIndex
_ROOT = QModelIndex()
_WIDTH = 760
_TABLE_HEIGHT = 340
_TABLE_LEAST = 120  # in a low window
_VALUE_HEIGHT = 84
_HEADINGS = ("Entry", "Value")


class MetadataTableModel(QAbstractTableModel):
    """Name and value of each entry."""

    def __init__(self, entries: tuple[tuple[str, str], ...] = ()) -> None:
        super().__init__()
        self._entries = entries

    def set_entries(self, entries: tuple[tuple[str, str], ...]) -> None:
        """Show these."""
        self.beginResetModel()
        self._entries = entries
        self.endResetModel()

    def rowCount(self, parent: Index = _ROOT) -> int:
        return 0 if parent.isValid() else len(self._entries)

    def columnCount(self, parent: Index = _ROOT) -> int:
        return 0 if parent.isValid() else len(_HEADINGS)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        text = self._entries[index.row()][index.column()]
        if role == Qt.ItemDataRole.DisplayRole:
            return " ".join(text.split())  # a chat template has many lines, a row has one
        return text if role == Qt.ItemDataRole.UserRole else None

    def headerData(
        self,
        section: int,
        orientation: Qt.Orientation,
        role: int = Qt.ItemDataRole.DisplayRole,
    ) -> Any:
        horizontal = orientation is Qt.Orientation.Horizontal
        if not horizontal or not 0 <= section < len(_HEADINGS):
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return _HEADINGS[section]
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        return None


class DetailsSheet(Sheet):
    """Opens at once; the facts follow when the file was read."""

    def __init__(self, window: QWidget, icons: Icons, title: str, path: str) -> None:
        super().__init__(window, icons, title, width=_WIDTH)
        self._icons = icons
        self._entries = MetadataTableModel()
        self._entries.setParent(self)
        self._found = QSortFilterProxyModel(self)
        self.summary = Label("Reading the file…", "body2", wrap=True)
        self.field = QLineEdit()
        self.table = QTableView()
        self.value = QPlainTextEdit()
        self._set_up_search(icons)
        self._set_up_table()
        self._set_up_value()
        self._bars = Bars()
        self._bars.reshaped.connect(self.place)
        self.body.setSpacing(10)
        where = ElidedLabel(path, "caption", mode=Qt.TextElideMode.ElideMiddle)
        for part in (where, self._bars, self.summary, self.field, self.table, self.value):
            self.body.addWidget(part)
        self.closed.connect(self.deleteLater)

    def show_facts(self, facts: GgufFacts) -> None:
        """Show what the file says."""
        self.summary.setText(_summary(facts))
        self._entries.set_entries(tuple(sorted(facts.metadata)))
        self.table.setEnabled(True)

    def show_problem(self, error: AppError) -> None:
        """Say why the file cannot be read."""
        self.summary.hide()
        self._bars.show_only(InfoBar.for_error(self._icons, error))

    def first_focus(self) -> QWidget | None:
        return self.field

    def card_height(self, width: int) -> int:
        return super().card_height(width) + _TABLE_HEIGHT - self.table.sizeHint().height()

    def _set_up_search(self, icons: Icons) -> None:
        self.field.setPlaceholderText("Search in the entries")
        self.field.setAccessibleName("Search in the entries")
        self.field.setClearButtonEnabled(True)
        icon = icons.icon("ph.magnifying-glass")
        self.field.addAction(icon, QLineEdit.ActionPosition.LeadingPosition)
        self._found.setSourceModel(self._entries)
        self._found.setFilterKeyColumn(-1)
        self._found.setFilterCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        self.field.textChanged.connect(self._found.setFilterFixedString)

    def _set_up_table(self) -> None:
        table = self.table
        table.setObjectName("metadata")
        table.setAccessibleName("Entries of the file")
        table.setModel(self._found)
        table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        table.setShowGrid(False)
        table.setWordWrap(False)
        table.setTabKeyNavigation(False)
        table.setMinimumHeight(_TABLE_LEAST)
        table.verticalHeader().hide()
        header = table.horizontalHeader()
        header.setHighlightSections(False)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Interactive)
        header.resizeSection(0, 280)
        header.setStretchLastSection(True)
        table.selectionModel().selectionChanged.connect(self._on_selection_changed)

    def _set_up_value(self) -> None:
        self.value.setObjectName("value")
        self.value.setReadOnly(True)
        self.value.setTabChangesFocus(True)
        self.value.setAccessibleName("Value in full")
        self.value.setPlaceholderText("Choose an entry to read and copy its value in full.")
        self.value.setFixedHeight(_VALUE_HEIGHT)

    def _on_selection_changed(self, selected: QItemSelection, _old: QItemSelection) -> None:
        rows = selected.indexes()
        text = rows[-1].siblingAtColumn(1).data(Qt.ItemDataRole.UserRole) if rows else ""
        self.value.setPlainText(text)


def _summary(facts: GgufFacts) -> str:
    parts = [
        size_text(facts.size_bytes),
        f"GGUF version {facts.version}",
        f"{facts.layers:,} layers" if facts.layers else "",
        f"embedding length {facts.embedding_length:,}" if facts.embedding_length else "",
        f"vocabulary of {facts.vocabulary:,}" if facts.vocabulary else "",
        "with a chat template" if facts.has_chat_template else "without a chat template",
    ]
    return " · ".join(part for part in parts if part)
