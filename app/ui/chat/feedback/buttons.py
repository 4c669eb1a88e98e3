"""The buttons by which a person says what an answer is worth."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QWidget

from app.chat.feedback import Feedback, Rating
from app.ui.chat.feedback.act import FeedbackAct
from app.ui.icons import Icons
from app.ui.widgets.buttons import IconButton


class FeedbackButtons(QWidget):
    """Thumbs up, thumbs down and a pencil. They show what is stored, not what was clicked.

    Signals:
        requested: a `FeedbackAct`.
    """

    requested = Signal(object)

    def __init__(self, feedback: Feedback, icons: Icons, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._icons = icons
        self._rating: Rating | None = None
        self._good = self._thumb("Good answer", FeedbackAct.GOOD)
        self._bad = self._thumb("Bad answer", FeedbackAct.BAD)
        pencil = IconButton(icons.icon("ph.pencil-simple"), "Correct this answer…", size=16)
        pencil.clicked.connect(lambda: self.requested.emit(FeedbackAct.CORRECT))
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        for part in (self._good, self._bad, pencil):
            layout.addWidget(part)
        self.show_feedback(feedback)

    def show_feedback(self, feedback: Feedback) -> None:
        """Show what is stored now."""
        self._rating = feedback.rating
        for thumb, rating, name in (
            (self._good, Rating.GOOD, "ph.thumbs-up"),
            (self._bad, Rating.BAD, "ph.thumbs-down"),
        ):
            is_it = feedback.rating is rating
            thumb.setChecked(is_it)
            icon = (f"{name}-fill", "accent_text") if is_it else (name, "text2")
            thumb.setIcon(self._icons.icon(*icon))

    def _thumb(self, tip: str, act: FeedbackAct) -> IconButton:
        thumb = IconButton(self._icons.icon("ph.thumbs-up"), tip, size=16)
        thumb.setCheckable(True)
        thumb.clicked.connect(lambda: self._on_thumb_clicked(thumb, act))
        return thumb

    def _on_thumb_clicked(self, thumb: IconButton, act: FeedbackAct) -> None:
        was_it = not thumb.isChecked()
        thumb.setChecked(was_it)  # until it is stored
        self.requested.emit(FeedbackAct.UNRATE if was_it else act)
