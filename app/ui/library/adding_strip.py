"""The line above the table while dropped files and folders are looked through."""

from __future__ import annotations

from PySide6.QtWidgets import QVBoxLayout, QWidget

from app.ui.widgets.labels import Label
from app.ui.widgets.progress import ProgressBar


class AddingStrip(QWidget):
    """Shown until the files are in the list; how far the indexing is says the status line."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        bar = ProgressBar("Adding documents")
        bar.show_progress(0, 0)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(24, 0, 24, 12)
        layout.setSpacing(6)
        layout.addWidget(Label("Looking through the files…", "caption"))
        layout.addWidget(bar)
        self.hide()
