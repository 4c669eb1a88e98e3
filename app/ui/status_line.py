"""The lines at the bottom: what runs, how far and how long, and which models are loaded."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QVBoxLayout, QWidget

from app.base.jobs import Activity
from app.ui.amounts import size_text, time_left
from app.ui.model_line import Loaded, ModelLine
from app.ui.widgets.buttons import Button
from app.ui.widgets.labels import ElidedLabel, Label
from app.ui.widgets.progress import ProgressBar

MOST = 3
_ROW_MARGINS = (8, 2, 0, 2)


class StatusLine(QFrame):
    """One row for each running job, above what is loaded. Hidden while there is nothing to say.

    Signals:
        cancel_requested: the id of the activity to stop.
    """

    cancel_requested = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("status")
        self.setAccessibleName("Running jobs and loaded models")
        self._rows: dict[str, ActivityRow] = {}
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(16, 2, 16, 2)
        self._layout.setSpacing(4)
        self._more = Label("", "caption")
        self._more.setContentsMargins(*_ROW_MARGINS)
        self._more.hide()
        self.models = ModelLine()
        self.models.hide()
        self._layout.addWidget(self._more)
        self._layout.addWidget(self.models)
        self.hide()

    def show_activity(self, activity: Activity) -> None:
        """Show how far a job is; a finished one goes."""
        if activity.finished:
            row = self._rows.pop(activity.id, None)
            if row is not None:
                row.hide()
                row.deleteLater()
        else:
            self._row(activity.id).show_activity(activity)
        self._arrange()

    def show_loaded(self, loaded: Loaded) -> None:
        """Say which models are loaded."""
        self.models.show_loaded(loaded)
        self.models.show()
        self._arrange()

    def _row(self, id: str) -> ActivityRow:
        if id not in self._rows:
            row = ActivityRow()
            row.cancel.clicked.connect(lambda: self._on_cancel_clicked(id))
            self._rows[id] = row
            self._layout.insertWidget(self._layout.count() - 2, row)
        return self._rows[id]

    def _on_cancel_clicked(self, id: str) -> None:
        if id in self._rows:
            self._rows[id].show_cancelling()
            self.cancel_requested.emit(id)

    def _arrange(self) -> None:
        for index, row in enumerate(self._rows.values()):
            row.setVisible(index < MOST)
        hidden = len(self._rows) - MOST
        self._more.setText(f"and {hidden} more")
        self._more.setVisible(hidden > 0)
        self.setVisible(bool(self._rows) or not self.models.isHidden())


class ActivityRow(QWidget):
    """One running job."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.title = ElidedLabel("")
        self.detail = Label("", "caption")
        self.bar = ProgressBar("Progress")
        self.bar.setFixedWidth(160)
        self.cancel = Button("Cancel", "small")
        keep = self.cancel.sizePolicy()
        keep.setRetainSizeWhenHidden(True)
        self.cancel.setSizePolicy(keep)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(*_ROW_MARGINS)
        layout.setSpacing(12)
        layout.addWidget(self.title, 1)
        layout.addWidget(self.detail)
        layout.addWidget(self.bar, 0, Qt.AlignmentFlag.AlignVCenter)
        layout.addWidget(self.cancel)

    def show_activity(self, activity: Activity) -> None:
        """Show how far it is."""
        self.title.set_text(activity.title)
        self.detail.setText(detail_text(activity))
        self.bar.setAccessibleName(activity.title)
        self.bar.show_progress(activity.done, activity.total)
        self.cancel.setAccessibleName(f"Cancel: {activity.title}")
        self.cancel.setVisible(activity.can_cancel)

    def show_cancelling(self) -> None:
        """Cancel was pressed; it may take a moment."""
        self.cancel.setEnabled(False)
        self.cancel.setText("Cancelling…")


def detail_text(activity: Activity) -> str:
    """The amount done and the time left: "34 of 120 passages · about 2 min left"."""
    parts = [_amount(activity), time_left(activity.seconds_left)]
    return " · ".join(part for part in parts if part)


def _amount(activity: Activity) -> str:
    if activity.total <= 0:
        return ""
    if activity.unit == "bytes":
        return f"{size_text(activity.done)} of {size_text(activity.total)}"
    return f"{activity.done:,} of {activity.total:,} {activity.unit}".strip()
