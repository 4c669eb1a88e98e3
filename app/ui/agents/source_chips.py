"""The sources of an answer or a result, one chip each."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QWidget

from app.chat.entities import Citation
from app.ui.agents.words import one_line
from app.ui.pane import PaneContext
from app.ui.sources.kinds import kind_icon
from app.ui.widgets.buttons import Button

_GAP = 6
_LONGEST_TITLE = 44


class SourceChips(QWidget):
    """In as many rows as it takes.

    Signals:
        citation_requested: the `Citation` whose chip was clicked.
    """

    citation_requested = Signal(object)

    def __init__(
        self, context: PaneContext, citations: Sequence[Citation], parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._context = context
        self._chips = [self._chip(each) for each in citations]

    def _chip(self, citation: Citation) -> Button:
        place = f", {citation.place.label}" if citation.place.label else ""
        words = f"{citation.number} · {one_line(citation.title, _LONGEST_TITLE)}{place}"
        icon = self._context.icons.icon(kind_icon(citation.kind))
        chip = Button(words.replace("&", "&&"), "source", icon, self)
        chip.setAccessibleName(f"Source {citation.number}: {citation.title}{place}")
        chip.setToolTip(f"{citation.path}\n“{one_line(citation.quote, 300)}”")
        chip.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        chip.clicked.connect(partial(self._on_clicked, citation))
        return chip

    def _on_clicked(self, citation: Citation) -> None:
        self.citation_requested.emit(citation)

    def _fit(self) -> None:
        x = y = height = 0
        gap = self._context.theme.px(_GAP)
        for chip in self._chips:
            chip.ensurePolished()
            size = chip.sizeHint()
            wide = min(size.width(), self.width())
            if x and x + wide > self.width():
                x, y = 0, y + height + gap
            chip.setGeometry(x, y, wide, size.height())
            x, height = x + wide + gap, size.height()
        self.setFixedHeight(y + height)

    def sizeHint(self) -> QSize:
        return QSize(200, 28)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()
