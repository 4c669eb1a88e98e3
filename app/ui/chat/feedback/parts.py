"""What an answer shows of its feedback: whose text it is, and what may come of it."""

from __future__ import annotations

from PySide6.QtCore import QSize, Signal
from PySide6.QtWidgets import QHBoxLayout, QWidget

from app.ui.chat.feedback.act import FeedbackAct
from app.ui.chat.look import Look
from app.ui.chat.stack import flow
from app.ui.widgets.buttons import Button, IconButton
from app.ui.widgets.labels import Label, Tag

_GAP = 6


class CorrectionLine(QWidget):
    """Says that the text is the person's own, and leads to the answer as it was.

    Signals:
        toggled: the answer as it was shall be shown (True), or the correction (False).
    """

    toggled = Signal(bool)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.shows_original = False
        self._tag = Tag("", "info")
        self._button = Button("", "link")
        self._button.clicked.connect(self._on_clicked)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addWidget(self._tag)
        layout.addWidget(self._button)
        layout.addStretch(1)
        self._write()

    def show_correction(self) -> None:
        """Lead to the answer as it was again."""
        self.shows_original = False
        self._write()

    def _write(self) -> None:
        original = self.shows_original
        self._tag.setText("The original answer" if original else "Corrected by you")
        words = "Show your correction" if original else "Show the original"
        self._button.setText(words)
        self._button.setAccessibleName(words)

    def _on_clicked(self) -> None:
        self.shows_original = not self.shows_original
        self._write()
        self.toggled.emit(self.shows_original)


class FeedbackStrip(QWidget):
    """Offers what a bad or a corrected answer is good for.

    Signals:
        requested: a `FeedbackAct`.
        dismissed: a person does not want it.
    """

    requested = Signal(object)
    dismissed = Signal()

    def __init__(self, look: Look, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._px = look.theme.px
        icon = look.icons.icon
        case = Button("Make a test case", "source", icon("ph.flask"), self)
        case.clicked.connect(lambda: self.requested.emit(FeedbackAct.QUICK_CASE))
        example = Button("Add as example to a prompt", "source", icon("ph.list-plus"), self)
        example.clicked.connect(lambda: self.requested.emit(FeedbackAct.EXAMPLE))
        close = IconButton(icon("ph.x"), "Dismiss these offers", self, size=14)
        close.clicked.connect(self.dismissed)
        words = Label("Learn from this:", "caption", self)
        self._parts = (words, case, example, close)

    def fit(self, width: int) -> int:
        """Take this width; the height that comes of it."""
        height = flow(self._parts, width, self._px(_GAP))
        tops = [each.y() for each in self._parts]
        for each, top in zip(self._parts, tops, strict=True):
            # The words and buttons of a line are of different heights.
            line = [other for other, its in zip(self._parts, tops, strict=True) if its == top]
            tallest = max(other.height() for other in line)
            each.move(each.x(), top + (tallest - each.height()) // 2)
        if self.size() != QSize(width, height):
            self.setFixedSize(width, height)
        return height
