"""Progress bars. The words beside them come from app.ui.amounts."""

from __future__ import annotations

from PySide6.QtWidgets import QProgressBar, QWidget


class ProgressBar(QProgressBar):
    """A thin bar. `name` is what is in progress, for screen readers."""

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setTextVisible(False)
        self.setAccessibleName(name)

    def show_progress(self, done: int, total: int) -> None:
        """Fill the bar; a total of 0 means the amount is not known."""
        # Qt counts in 32 bits; bytes of a model file do not fit.
        shown = min(1000, round(1000 * done / total)) if total > 0 else 0
        self.setRange(0, 1000 if total > 0 else 0)
        self.setValue(shown)
