"""A text of several lines, as high as what is in it."""

from __future__ import annotations

from PySide6.QtGui import QFontMetricsF
from PySide6.QtWidgets import QFrame, QWidget

from app.ui.widgets.grown_text import GrownText

_FEWEST_LINES, _MOST_LINES = 3, 12


class LongText(GrownText):
    """Grows from a few lines to a dozen; Tab leaves it, and dropped files go to the window."""

    def __init__(self, parent: QWidget | None = None, *, fewest: int = _FEWEST_LINES) -> None:
        super().__init__(parent)
        self._fewest = fewest
        self.setObjectName("formtext")
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setTabChangesFocus(True)
        self._grow()

    def _grow(self) -> None:
        lines = min(max(self._fewest, round(self.document().size().height())), _MOST_LINES)
        margins = self.contentsMargins()
        around = 2 * self.document().documentMargin() + margins.top() + margins.bottom() + 2
        self._fit(lines * self._line_height() + around)

    def _line_height(self) -> float:
        """Of a line as it is laid out, which can be a pixel more than the font says."""
        first = self.document().firstBlock()
        laid_out = self.document().documentLayout().blockBoundingRect(first).height()
        said = QFontMetricsF(self.font()).lineSpacing()
        return max(said, laid_out / max(1, first.layout().lineCount()))
