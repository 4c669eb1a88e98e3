"""Cards below each other, the first dozen at first, which keep place and focus when they change."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from PySide6.QtWidgets import QVBoxLayout, QWidget

from app.ui.widgets.buttons import Button

AT_FIRST = 12

T = TypeVar("T")
C = TypeVar("C", bound=QWidget)


class CardList(Generic[T, C]):
    """Shows as many of a sequence as were asked for; `layout` is where it stands."""

    def __init__(
        self,
        key: Callable[[T], int],
        make: Callable[[T], C],
        update: Callable[[C, T], None],
        grown: Callable[[], None],
    ) -> None:
        """Show nothing yet.

        Args:
            key: what stays the same when a thing changes.
            make: makes a card.
            update: shows the thing as it is now on its card.
            grown: called when a person wanted to see more.
        """
        self._key, self._make, self._update, self._grown = key, make, update, grown
        self._all: Sequence[T] = ()
        self._most = AT_FIRST
        self.cards: dict[int, C] = {}
        self._column = QVBoxLayout()
        self._column.setSpacing(8)
        self.more = Button("Show more", "ghost")
        self.more.clicked.connect(self._show_more)
        self.more.hide()
        self.layout = QVBoxLayout()
        self.layout.setSpacing(8)
        self.layout.addLayout(self._column)
        self.layout.addWidget(self.more)

    @property
    def shown(self) -> Sequence[T]:
        """What has a card."""
        return self._all[: self._most]

    def show(self, things: Sequence[T]) -> None:
        """Show these."""
        self._all = things
        shown = {self._key(each): each for each in self.shown}
        for gone in [each for each in self.cards if each not in shown]:
            card = self.cards.pop(gone)
            self._column.removeWidget(card)
            card.hide()
            card.deleteLater()
        for at, (key, thing) in enumerate(shown.items()):
            if key in self.cards:
                self._update(self.cards[key], thing)
            else:
                self.cards[key] = self._make(thing)
            if self._column.indexOf(self.cards[key]) != at:
                self._column.insertWidget(at, self.cards[key])
        self.more.setVisible(len(things) > len(shown))

    def _show_more(self) -> None:
        self._most += AT_FIRST
        self.show(self._all)
        self._grown()
