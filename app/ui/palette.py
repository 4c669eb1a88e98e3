"""The command palette: everything a person can do, found by typing a few letters of it."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import (
    QAbstractListModel,
    QEvent,
    QModelIndex,
    QObject,
    QRect,
    Qt,
    Signal,
)
from PySide6.QtGui import QFont, QIcon, QKeyEvent, QPainter
from PySide6.QtWidgets import (
    QLineEdit,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from app.ui import fuzzy
from app.ui.actions import ActionSpec, ActionTable, shortcut_text
from app.ui.fuzzy import Match
from app.ui.icons import Icons
from app.ui.theme import ThemeKeeper
from app.ui.widgets.labels import Label
from app.ui.widgets.match_list import Index, MatchDelegate, MatchList
from app.ui.widgets.sheet import Overlay

SHOWN = 9
FIELD = 50
ROW_HEIGHT = 42
SHORTCUT_ROLE = Qt.ItemDataRole.UserRole + 1
POSITIONS_ROLE = Qt.ItemDataRole.UserRole + 2


class ActionListModel(QAbstractListModel):
    """The actions that fit what was typed, best first."""

    def __init__(self, icons: Icons, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._icons = icons
        self._rows: list[tuple[ActionSpec, Match]] = []

    def show_matches(self, specs: tuple[ActionSpec, ...], query: str) -> None:
        """Take the actions that match `query`."""
        found = [
            (spec, hit) for spec in specs if (hit := fuzzy.match(query, label(spec))) is not None
        ]
        if query.strip():
            found.sort(key=lambda pair: -pair[1].score)
        self.beginResetModel()
        self._rows = found
        self.endResetModel()

    def spec(self, row: int) -> ActionSpec:
        """The action in a row."""
        return self._rows[row][0]

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's signature
        return 0 if parent.isValid() else len(self._rows)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        spec, hit = self._rows[index.row()]
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return label(spec)
            case Qt.ItemDataRole.DecorationRole:
                return self._icons.icon(spec.icon)
            case Qt.ItemDataRole.AccessibleDescriptionRole:
                return shortcut_text(spec.shortcut)
            case _ if role == SHORTCUT_ROLE:
                return shortcut_text(spec.shortcut)
            case _ if role == POSITIONS_ROLE:
                return hit.positions
        return None


class ActionDelegate(MatchDelegate):
    """Draws an action: icon, title with the letters that were hit, shortcut as a key."""

    def draw(
        self, painter: QPainter, area: QRect, option: QStyleOptionViewItem, index: Index
    ) -> None:
        icon: QIcon = index.data(Qt.ItemDataRole.DecorationRole)
        icon.paint(painter, QRect(area.left() + 14, area.center().y() - 8, 18, 18))
        right = self._paint_keys(painter, area, index.data(SHORTCUT_ROLE))
        text = QRect(area.left() + 46, area.top(), right - area.left() - 54, area.height())
        hits = index.data(POSITIONS_ROLE)
        self.draw_hits(painter, text, option.font, index.data(), hits)

    def _paint_keys(self, painter: QPainter, area: QRect, keys: str) -> int:
        if not keys:
            return area.right() - 12
        font = QFont(painter.font())
        font.setPixelSize(self._theme.px(11))
        painter.setFont(font)
        metrics = painter.fontMetrics()
        width, height = metrics.horizontalAdvance(keys) + 14, metrics.height() + 5
        box = QRect(area.right() - 12 - width, area.center().y() - height // 2, width, height)
        painter.setBrush(self._theme.color("sunken"))
        painter.setPen(self._theme.color("border"))
        painter.drawRoundedRect(box, 4, 4)
        painter.setPen(self._theme.color("text2"))
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, keys)
        return box.left()


class CommandPalette(Overlay):
    """A field and a list. Enter runs, the arrows choose, Escape closes.

    Signals:
        chosen: the id of the action to run; sent after the palette is gone.
    """

    chosen = Signal(str)

    def __init__(
        self, parent: QWidget, actions: ActionTable, icons: Icons, theme: ThemeKeeper
    ) -> None:
        super().__init__(parent, name="Command palette", width=600)
        self.card.setObjectName("palette")
        self._actions = actions
        self._theme = theme
        self.field = QLineEdit()
        self.field.setPlaceholderText("Type a command…")
        self.field.setAccessibleName("Command")
        self.field.setAcceptDrops(False)
        self.field.textChanged.connect(self._on_text_changed)
        self.field.installEventFilter(self)
        self.items = ActionListModel(icons, self)
        self.list = MatchList("Commands", self.items)
        self.list.setItemDelegate(ActionDelegate(theme, ROW_HEIGHT, self.list))
        self.list.clicked.connect(self._run)
        self._nothing = Label("No command has these letters.", "body2")
        self._nothing.setContentsMargins(22, 12, 16, 12)
        layout = QVBoxLayout(self.card)
        layout.setContentsMargins(0, 0, 0, 8)
        layout.setSpacing(4)
        layout.addWidget(self.field)
        layout.addWidget(self.list)
        layout.addWidget(self._nothing)

    def open(self) -> None:
        self.field.clear()
        super().open()
        self._on_text_changed("")

    def first_focus(self) -> QWidget | None:
        return self.field

    def top(self) -> int:
        return min(120, max(16, self.height() // 7))

    def card_height(self, _width: int) -> int:
        rows = min(SHOWN, max(1, self.items.rowCount()))
        return FIELD + rows * self._theme.px(ROW_HEIGHT) + 24

    def _on_text_changed(self, text: str) -> None:
        self.items.show_matches(self._actions.offered(), text)
        any_rows = self.items.rowCount() > 0
        self.list.setVisible(any_rows)
        self._nothing.setVisible(not any_rows)
        if any_rows:
            self.list.choose_first()
        self.place()

    def _run(self, index: QModelIndex) -> None:
        if index.isValid():
            id = self.items.spec(index.row()).id
            self.dismiss()
            self.chosen.emit(id)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self.field and isinstance(event, QKeyEvent):
            return event.type() == QEvent.Type.KeyPress and self._take_key(Qt.Key(event.key()))
        return super().eventFilter(watched, event)

    def _take_key(self, key: Qt.Key) -> bool:
        steps = {Qt.Key.Key_Down: 1, Qt.Key.Key_Up: -1}
        steps |= {Qt.Key.Key_PageDown: SHOWN - 1, Qt.Key.Key_PageUp: 1 - SHOWN}
        if key in steps:
            self.list.step(steps[key])
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._run(self.list.currentIndex())
        else:
            return False
        return True


def label(spec: ActionSpec) -> str:
    """How the palette names an action: "Library: Add documents…"."""
    return f"{spec.group}: {spec.title}"
