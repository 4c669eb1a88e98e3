"""A part of the editor that folds away."""

from __future__ import annotations

from PySide6.QtWidgets import QVBoxLayout, QWidget

from app.ui.icons import Icons
from app.ui.widgets.fold import FoldButton
from app.ui.widgets.labels import Label


class Section(QWidget):
    """A heading that folds, one sentence on what it is for, and `body`, the layout below."""

    def __init__(self, title: str, words: str, icons: Icons) -> None:
        super().__init__()
        self.setObjectName("section")
        self._title = title
        self.fold = FoldButton(title, icons)
        self._content = QWidget()
        self.body = QVBoxLayout(self._content)
        self.body.setContentsMargins(8, 0, 0, 8)
        self.body.setSpacing(8)
        self.body.addWidget(Label(words, "caption", wrap=True))
        self._content.hide()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addWidget(self.fold)
        layout.addWidget(self._content)
        self.fold.unfolded.connect(self._content.setVisible)

    def set_open(self, is_open: bool) -> None:
        """Fold or unfold it."""
        self.fold.set_open(is_open)
        self._content.setVisible(is_open)

    def say(self, words: str) -> None:
        """Put some words beside the title, such as how many there are; empty takes them away."""
        self.fold.set_words(f"{self._title} · {words}" if words else self._title)
