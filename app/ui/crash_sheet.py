"""Shows crash reports inside the window; a person may copy them."""

from __future__ import annotations

from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QPlainTextEdit, QWidget

from app.ui.icons import Icons
from app.ui.widgets.buttons import Button
from app.ui.widgets.labels import Label
from app.ui.widgets.layout import row
from app.ui.widgets.sheet import Sheet


class CrashSheet(Sheet):
    """Shows reports. Further bugs are added to the one on show instead of piling up windows."""

    def __init__(self, parent: QWidget, icons: Icons) -> None:
        super().__init__(parent, icons, "Something went wrong inside Cairn", width=680)
        self._words = Label("", "body2", wrap=True)
        self.report = QPlainTextEdit()
        self.report.setObjectName("report")
        self.report.setReadOnly(True)
        self.report.setAccessibleName("Crash report")
        self.report.setTabChangesFocus(True)
        self.report.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self._copy = Button("Copy report", "primary", icons.icon("ph.copy", "on_accent"))
        self._copy.clicked.connect(self._on_copy_clicked)
        dismiss = Button("Close")
        dismiss.clicked.connect(self.dismiss)
        self.body.setSpacing(12)
        self.body.addWidget(self._words)
        self.body.addWidget(self.report, 1)
        self.body.addWidget(row(None, dismiss, self._copy))

    def card_height(self, _width: int) -> int:
        return 460

    def show_bug(self, report: str) -> None:
        """Show a report of this run."""
        self._show(
            report,
            "You can go on working; what you did last may not have been done. The report stays on "
            "this computer: read it, and copy it if you want to pass it on.",
        )

    def show_last_run(self, report: str) -> None:
        """Show what a native crash of the last run left behind."""
        self._show(
            report,
            "Cairn ended unexpectedly last time. Nothing already stored was lost. The report stays "
            "on this computer: read it, and copy it if you want to pass it on.",
        )

    def _show(self, report: str, words: str) -> None:
        if self.isVisible():
            self.report.appendPlainText("\n" + report)
            return
        self._words.setText(words)
        self._copy.setText(" Copy report")
        self.report.setPlainText(report)
        self.open()

    def _on_copy_clicked(self) -> None:
        QGuiApplication.clipboard().setText(self.report.toPlainText())
        self._copy.setText(" Copied")
