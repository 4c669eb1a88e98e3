"""A card for one thing of a list that can be used, and managed by a menu."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtWidgets import QHBoxLayout, QMenu, QVBoxLayout, QWidget

from app.ui.icons import Icons
from app.ui.widgets.buttons import IconButton
from app.ui.widgets.info_bar import Bars
from app.ui.widgets.labels import ElidedLabel, IconLabel
from app.ui.widgets.layout import Card
from app.ui.widgets.menus import Entry, menu_of, open_below

_INDENT = 32  # of what stands below the name


class TitleCard(Card):
    """A line with a picture, a name and its tags, controls and a More menu at its right.

    Attributes:
        line: the layout of the first line.
        below: the layout under the name.
        under: the layout below that, as wide as the card; `bars` is the last in it.
    """

    def __init__(
        self, icons: Icons, picture: str, name: ElidedLabel, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent, margins=(16, 14, 12, 14))
        self._icons = icons
        self.picture = IconLabel(icons.icon(picture, "accent_text"), 22)
        self.name = name
        self.more = IconButton(icons.icon("ph.dots-three-bold", "text"), "More")
        self.more.clicked.connect(self._on_more_clicked)
        self.bars = Bars()
        self.line = QHBoxLayout()
        self.line.setSpacing(8)
        self.line.addWidget(self.picture)
        self.line.addSpacing(2)
        self.line.addWidget(name)
        self.line.addStretch(1)
        self.line.addWidget(self.more)
        self._tags_end = self.line.indexOf(name) + 1
        self.below = QVBoxLayout()
        self.below.setContentsMargins(_INDENT, 0, 4, 0)
        self.below.setSpacing(4)
        self.under = QVBoxLayout()
        self.under.setContentsMargins(0, 4, 4, 0)
        self.under.setSpacing(6)
        self.under.addWidget(self.bars)
        self.body.setSpacing(4)
        self.body.addLayout(self.line)
        self.body.addLayout(self.below)
        self.body.addLayout(self.under)

    @property
    def tags_end(self) -> int:
        """Where in the line something can be inserted behind the tags."""
        return self._tags_end

    def add_tags(self, *tags: QWidget) -> None:
        """Put tags behind the name and the tags that are there."""
        for tag in tags:
            self.line.insertWidget(self._tags_end, tag)
            self._tags_end += 1

    def add_controls(self, *controls: QWidget) -> None:
        """Put controls before the More button."""
        for control in controls:
            self.line.insertWidget(self.line.count() - 1, control)

    def offered(self) -> Sequence[Entry]:
        """What the More menu offers now."""
        raise NotImplementedError

    def make_menu(self) -> QMenu:
        """The More menu."""
        return menu_of(self, self._icons, self.offered())

    def _on_more_clicked(self) -> None:
        open_below(self.make_menu(), self.more, to_right_edge=True)
