"""A list of cards that people add to, take from and put in order."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Generic, TypeVar

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from app.ui.icons import Icons
from app.ui.widgets.buttons import IconButton
from app.ui.widgets.choice import Choice, Severity
from app.ui.widgets.info_bar import Bars, InfoBar, announce
from app.ui.widgets.layout import Card, row
from app.ui.widgets.slices import Slices

T = TypeVar("T")
_BUTTON = 28
_AT_ONCE = 4  # cards; more of them come a few at a time


class Entry(Card):
    """One card. Subclasses put their fields into `body` and `tools` where they want it.

    Signals:
        edited: a person changed something in it.
        move_requested: up (-1) or down (1).
        remove_requested: it shall go.
    """

    edited = Signal()
    move_requested = Signal(int)
    remove_requested = Signal()

    def __init__(self, what: str, icons: Icons) -> None:
        super().__init__(margins=(12, 8, 8, 12))
        self._up = IconButton(icons.icon("ph.arrow-up"), f"Move this {what} up", size=16)
        self._down = IconButton(icons.icon("ph.arrow-down"), f"Move this {what} down", size=16)
        self._remove = IconButton(icons.icon("ph.trash"), f"Remove this {what}", size=16)
        for button in (self._up, self._down, self._remove):
            button.setFixedSize(_BUTTON, _BUTTON)  # else squeezed while a long list is laid out
        self._up.clicked.connect(lambda: self.move_requested.emit(-1))
        self._down.clicked.connect(lambda: self.move_requested.emit(1))
        self._remove.clicked.connect(self.remove_requested)
        self.tools = row(self._up, self._down, self._remove, spacing=0)

    def take_place(self, index: int, count: int) -> None:
        """It is now entry `index` of `count`."""
        self._up.setEnabled(index > 0)
        self._down.setEnabled(index < count - 1)

    def focus_first(self) -> None:
        """Put the focus into its first field."""
        raise NotImplementedError


class EntryList(QWidget, Generic[T]):
    """Cards below each other. What was removed last can be brought back.

    Attributes:
        entries: the cards that are there; of many, the last ones come a moment later.

    Signals:
        edited: a person changed, added, removed or moved something.
        completed: the last ones of many have come.
    """

    edited = Signal()
    completed = Signal()

    def __init__(
        self,
        what: str,
        icons: Icons,
        make: Callable[[T], Entry],
        value: Callable[[Entry], T],
    ) -> None:
        """Make an empty list.

        Args:
            what: is listed, in one word for people.
            icons: for the cards.
            make: a card that shows a value.
            value: of a card.
        """
        super().__init__()
        self._what, self._icons = what, icons
        self._make, self._value = make, value
        self._undo = Bars()
        self.entries: list[Entry] = []
        self._coming: deque[T] = deque()
        self._slices = Slices(self._make_next, self)
        self._slices.ended.connect(self.completed)
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(8)
        self._layout.addWidget(self._undo)

    @property
    def values(self) -> tuple[T, ...]:
        """What the cards show, in their order."""
        return (*(self._value(each) for each in self.entries), *self._coming)

    @property
    def is_complete(self) -> bool:
        """Whether all cards are there."""
        return not self._coming

    def show_values(self, values: tuple[T, ...]) -> None:
        """Show others; nothing can be brought back from before."""
        self._undo.clear()
        for each in self.entries:
            self._discard(each)
        self.entries.clear()
        self._coming = deque(values)
        for _value in values[:_AT_ONCE]:
            self._make_next()
        self._slices.start() if self._coming else self._slices.stop()

    def add(self, *values: T) -> Entry:
        """Add values at the end, as a person does. Returns the last card."""
        self._slices.finish()
        for value in values:
            entry = self._insert(len(self.entries), value)
        self._number()
        self.edited.emit()
        return entry

    def remove(self, entry: Entry) -> None:
        """Remove a card, as a person does."""
        self._slices.finish()
        index, value = self.entries.index(entry), self._value(entry)
        had_focus = entry.isAncestorOf(self.focusWidget() or self)
        self.entries.remove(entry)
        self._discard(entry)
        self._number()
        self._offer_undo(index, value)
        if had_focus and self.entries:
            self.entries[min(index, len(self.entries) - 1)].focus_first()
        self.edited.emit()

    def _make_next(self) -> bool:
        at = len(self.entries)
        entry = self._insert(at, self._coming.popleft())
        entry.take_place(at, at + 1 + len(self._coming))
        return bool(self._coming)

    def _insert(self, index: int, value: T) -> Entry:
        entry = self._make(value)
        entry.edited.connect(self.edited)
        entry.move_requested.connect(lambda by: self._move(entry, by))
        entry.remove_requested.connect(lambda: self.remove(entry))
        self.entries.insert(index, entry)
        self._layout.insertWidget(index, entry)
        return entry

    def _move(self, entry: Entry, by: int) -> None:
        self._slices.finish()
        index = self.entries.index(entry)
        self.entries.insert(index + by, self.entries.pop(index))
        focused = self.focusWidget()
        self._layout.insertWidget(index + by, entry)
        if focused is not None:
            focused.setFocus(Qt.FocusReason.OtherFocusReason)
        self._number()
        self.edited.emit()

    def _number(self) -> None:
        for index, each in enumerate(self.entries):
            each.take_place(index, len(self.entries))

    def _offer_undo(self, index: int, value: T) -> None:
        def undo() -> None:
            self._undo.clear()
            self._insert(min(index, len(self.entries)), value).focus_first()
            self._number()
            self.edited.emit()

        words = f"The {self._what} was removed."
        self._undo.show_only(
            InfoBar(self._icons, words, Severity.INFO, choice=Choice("Undo", undo))
        )
        announce(self, words)

    def _discard(self, entry: Entry) -> None:
        entry.hide()
        self._layout.removeWidget(entry)
        entry.deleteLater()
