"""Sheets of a suite's page: its name and description, what is measured, and its versions."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QLineEdit, QWidget

from app.base.errors import AppError
from app.evals.runs.entities import StoredSuite, SuiteVersion
from app.ui.amounts import count_text, day_text
from app.ui.evals.metrics.picker import MetricPicker
from app.ui.evals.suites.item_fields import KeptText
from app.ui.pane import PaneContext
from app.ui.widgets.buttons import Button
from app.ui.widgets.labels import Label
from app.ui.widgets.layout import ScrollPage, column, row
from app.ui.widgets.sheet import Sheet

if TYPE_CHECKING:
    from app.bootstrap import Services

_LONGEST_NAME = 100
_HASH_DIGITS = 8
_MOST_VERSIONS = 100
_VERSIONS = (
    "A version is made by each change and never changes itself. Its mark is made from its items: "
    "the same items have the same mark, on every computer."
)


class DetailsSheet(Sheet):
    """Asks for the name and the description. Stays open while they cannot be taken. Used once.

    Signals:
        given: name and description. Whoever listens calls `dismiss` or `refuse`.
    """

    given = Signal(str, str)

    def __init__(self, window: QWidget, context: PaneContext, suite: StoredSuite) -> None:
        super().__init__(window, context.icons, "Name and description", width=480)
        self.name = QLineEdit(suite.name)
        self.name.setAccessibleName("Name")
        self.name.setPlaceholderText("Such as: Questions about contracts")
        self.name.setMaxLength(_LONGEST_NAME)
        self.name.setAcceptDrops(False)
        self.description = KeptText("Description", "What it tests, in a sentence")
        self.description.show_text(suite.description)
        self.problem = Label("", "danger", wrap=True)
        self.problem.hide()
        self.confirm = Button("Save", "primary")
        back = Button("Cancel")
        self.body.setSpacing(12)
        for field in (self.name, self.description):
            label = Label(field.accessibleName(), "h3")
            label.setBuddy(field)
            self.body.addWidget(column(label, field, spacing=4))
        self.body.addWidget(self.problem)
        self.body.addWidget(row(None, back, self.confirm))
        back.clicked.connect(self.dismiss)
        self.name.textChanged.connect(self._on_name_changed)
        self.name.returnPressed.connect(self.confirm.click)
        self.confirm.clicked.connect(self._on_confirm_clicked)
        self.closed.connect(self.deleteLater)
        self._on_name_changed()

    def refuse(self, error: AppError) -> None:
        """Say why it cannot be taken."""
        self.problem.setText(str(error))
        self.problem.show()
        self.confirm.setEnabled(True)
        self.place()

    def first_focus(self) -> QWidget | None:
        return self.name

    def _on_name_changed(self) -> None:
        self.problem.hide()
        self.confirm.setEnabled(bool(self.name.text().strip()))

    def _on_confirm_clicked(self) -> None:
        self.confirm.setEnabled(False)
        self.given.emit(self.name.text().strip(), self.description.text.strip())


class MetricsSheet(Sheet):
    """Chooses what is measured on a suite. Used once.

    Signals:
        given: the metrics. Whoever listens calls `dismiss` or `refuse`.
    """

    given = Signal(object)

    def __init__(
        self, window: QWidget, context: PaneContext, services: Services, suite: StoredSuite
    ) -> None:
        super().__init__(window, context.icons, "What is measured", width=640)
        self.picker = MetricPicker(context)
        self.picker.attach(services)
        self.picker.show_documents(suite.metrics)
        self.picker.changed.connect(self._on_changed)
        self._page = ScrollPage("Metrics", width=600, margins=(0, 0, 12, 8))
        self._page.body.addWidget(Label(_metrics_words(suite), "body2", wrap=True))
        self._page.body.addWidget(self.picker)
        self._page.body.addStretch(1)
        self.problem = Label("", "danger", wrap=True)
        self.problem.hide()
        self.confirm = Button("Save", "primary")
        self.confirm.clicked.connect(self._on_confirm_clicked)
        back = Button("Cancel")
        back.clicked.connect(self.dismiss)
        self.body.setSpacing(12)
        self.body.addWidget(self._page, 1)
        self.body.addWidget(self.problem)
        self.body.addWidget(row(None, back, self.confirm))
        self.closed.connect(self.deleteLater)
        self._on_changed()

    def card_height(self, _width: int) -> int:
        return 640

    def refuse(self, error: AppError) -> None:
        """Say why they cannot be taken."""
        self.problem.setText(str(error))
        self.problem.show()
        self._on_changed()

    def _on_changed(self) -> None:
        self.confirm.setEnabled(self.picker.is_usable)

    def _on_confirm_clicked(self) -> None:
        self.problem.hide()
        self.confirm.setEnabled(False)
        self.given.emit(self.picker.documents)


class VersionsSheet(Sheet):
    """Lists the versions, newest first. Used once."""

    def __init__(
        self, window: QWidget, context: PaneContext, versions: Sequence[SuiteVersion]
    ) -> None:
        super().__init__(window, context.icons, "Versions", width=480)
        page = ScrollPage("Versions", width=440, margins=(0, 0, 12, 0))
        page.body.setSpacing(6)
        page.body.addWidget(Label(_VERSIONS, "body2", wrap=True))
        now = datetime.now(UTC).astimezone()
        for each in versions[:_MOST_VERSIONS]:
            mark = Label(each.sha256[:_HASH_DIGITS], "code")
            mark.setToolTip(each.sha256)
            facts = f"{count_text(each.items, 'item')} · {day_text(each.created_at, now)}"
            page.body.addWidget(
                row(Label(f"Version {each.number}"), Label(facts, "caption"), None, mark)
            )
        if len(versions) > _MOST_VERSIONS:
            left = len(versions) - _MOST_VERSIONS
            page.body.addWidget(Label(f"And {left:,} older ones.", "caption"))
        page.body.addStretch(1)
        self.body.addWidget(page)
        self.closed.connect(self.deleteLater)
        self._rows = min(len(versions), _MOST_VERSIONS)

    def card_height(self, _width: int) -> int:
        return min(200 + 32 * self._rows, 560)


def _metrics_words(suite: StoredSuite) -> str:
    words = f"Every run on “{suite.name}” measures these unless it is told otherwise."
    if suite.without_targets:
        have = count_text(suite.without_targets, "item has", "items have")
        words += f" {have} no right answer."
    return words
