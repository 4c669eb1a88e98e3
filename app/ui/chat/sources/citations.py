"""The sources of an answer as a row of chips."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import QWidget

from app.chat.entities import Citation
from app.ui.chat.look import Look
from app.ui.chat.stack import flow
from app.ui.chat.words import source_title
from app.ui.sources.kinds import kind_icon
from app.ui.widgets.buttons import Button

SHOWN = 8
_WIDEST = 340
_GAP = 6


class SourceChips(QWidget):
    """One chip a source; many are folded behind "Show all".

    Signals:
        citation_requested: the `Citation` whose chip was clicked.
        reshaped: the height is another one now.
    """

    citation_requested = Signal(object)
    reshaped = Signal()

    def __init__(
        self, citations: Sequence[Citation], look: Look, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._look = look
        self._citations = citations
        self._chips = [self._chip(each) for each in citations[:SHOWN]]
        hidden = len(citations) - SHOWN
        if hidden > 0:
            more = Button(f"{hidden} more", "source", parent=self)
            more.setAccessibleName(f"Show {hidden} more sources")
            more.clicked.connect(self._on_more_clicked)
            self._chips.append(more)

    def fit(self, width: int) -> int:
        """Take this width; the height that comes of it."""
        height = flow(self._chips, width, self._look.theme.px(_GAP))
        if self.size() != QSize(width, height):
            self.setFixedSize(width, height)
        return height

    def _chip(self, citation: Citation) -> Button:
        icon = self._look.icons.icon(kind_icon(citation.kind))
        chip = _Chip(source_title(citation), "source", icon, self)
        chip.setAccessibleName(
            f"Source {citation.number}: {citation.title}, {citation.place.label}"
        )
        chip.setToolTip(f"{citation.path}\n“{' '.join(citation.quote.split())[:300]}”")
        chip.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        chip.clicked.connect(lambda _checked=False: self.citation_requested.emit(citation))
        return chip

    def _on_more_clicked(self) -> None:
        self._chips.pop().deleteLater()
        for citation in self._citations[SHOWN:]:
            chip = self._chip(citation)
            chip.show()
            self._chips.append(chip)
        self._chips[SHOWN].setFocus()
        self.reshaped.emit()


class _Chip(Button):
    """A chip that shortens a long title in its middle."""

    def __init__(self, text: str, kind: str, icon: QIcon, parent: QWidget) -> None:
        super().__init__(text, kind, icon, parent)
        self.setIconSize(QSize(14, 14))
        self.ensurePolished()
        shown = self.fontMetrics().elidedText(text, Qt.TextElideMode.ElideMiddle, _WIDEST)
        self.setText(f" {shown}".replace("&", "&&"))
