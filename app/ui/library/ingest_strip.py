"""The line above the table while documents are being brought in."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from app.ui.amounts import count_text, time_left
from app.ui.library.batch import BatchProgress
from app.ui.widgets.buttons import Button
from app.ui.widgets.labels import ElidedLabel
from app.ui.widgets.layout import row
from app.ui.widgets.progress import ProgressBar


class IngestStrip(QWidget):
    """Progress, time left and Cancel all; hidden when nothing runs.

    Signals:
        cancel_requested: nothing that is still pending shall go on.
    """

    cancel_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._progress: BatchProgress | None = None
        self._is_adding = False
        self.words = ElidedLabel("", "caption")
        self.bar = ProgressBar("Indexing documents")
        self.cancel_button = Button("Cancel all", "small")
        self.cancel_button.clicked.connect(self.cancel_requested)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(24, 0, 24, 12)
        layout.setSpacing(6)
        layout.addWidget(row(self.words, self.cancel_button))
        layout.addWidget(self.bar)
        self.hide()

    def show_progress(self, progress: BatchProgress | None) -> None:
        """Show how far the batch is; None when there is none."""
        self._progress = progress
        self._show()

    def show_adding(self, is_adding: bool) -> None:
        """Say that files and folders are being looked through."""
        self._is_adding = is_adding
        self._show()

    def _show(self) -> None:
        progress = self._progress
        self.setVisible(progress is not None or self._is_adding)
        self.cancel_button.setVisible(progress is not None)
        if progress is None:
            self.words.set_text("Looking through the files…")
            self.bar.show_progress(0, 0)
            return
        total = count_text(progress.total, "document")
        words = f"Indexing {progress.done + 1:,} of {total}"
        left = time_left(progress.seconds_left)
        self.words.set_text(f"{words} · {left}" if left else words)
        self.bar.show_progress(round(progress.fraction * 1000), 1000)
