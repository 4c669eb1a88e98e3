"""The head of a suite's page: what it is, what is measured on it, and what can be done with it."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QMenu, QSizePolicy, QVBoxLayout, QWidget

from app.evals.runs.entities import StoredSuite
from app.ui.amounts import count_text
from app.ui.evals.metrics.words import name_of
from app.ui.evals.suites.reading import ItemFilter, Opened
from app.ui.forms.fields import WheelShyBox
from app.ui.icons import Icons
from app.ui.widgets.buttons import Button, IconButton
from app.ui.widgets.labels import ElidedLabel, Label
from app.ui.widgets.layout import row
from app.ui.widgets.menus import open_below

_NARROW = 620  # buttons lose their words
_NOTHING_MEASURED = "Nothing is measured on it yet"
_EVERY_TAG = "All tags"


class SuiteHeader(QWidget):
    """Shows a suite.

    Signals:
        back_requested, run_requested, add_requested, metrics_requested: its buttons.
        details_requested, paste_requested, export_requested, versions_requested: its menu.
    """

    back_requested = Signal()
    run_requested = Signal()
    add_requested = Signal()
    metrics_requested = Signal()
    details_requested = Signal()
    paste_requested = Signal()
    export_requested = Signal()
    versions_requested = Signal()

    def __init__(self, icons: Icons, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._icons = icons
        icon = icons.icon
        self.back = IconButton(icon("ph.arrow-left"), "Back to all suites and runs")
        self.name = ElidedLabel("", "h2")
        self.run = Button("Run…", "primary", icon("ph.play", "on_accent"))
        self.add = Button("Add item", "", icon("ph.plus"))
        self.more = IconButton(icon("ph.dots-three-bold", "text"), "More about this suite")
        self.description = ElidedLabel("", "body2")
        self.metrics = ElidedLabel("", "caption")
        self.change_metrics = Button("Change metrics…", "small", icon("ph.ruler"))
        self.version = Button("", "small", icon("ph.clock-counter-clockwise"))
        self.version.setToolTip("Every version is kept. A run names the version that it asked.")
        self.back.clicked.connect(self.back_requested)
        self.run.clicked.connect(self.run_requested)
        self.add.clicked.connect(self.add_requested)
        self.more.clicked.connect(self._on_more_clicked)
        self.change_metrics.clicked.connect(self.metrics_requested)
        self.version.clicked.connect(self.versions_requested)
        self._build()

    def show_suite(self, suite: StoredSuite) -> None:
        """Show its name and what belongs to it."""
        self.name.set_text(suite.name)
        self.description.set_text(suite.description)
        self.description.setVisible(bool(suite.description))
        names = ", ".join(map(name_of, suite.metrics))
        self.metrics.set_text(f"Measured: {names}" if names else _NOTHING_MEASURED)
        self.version.setText(f" Version {suite.number}")
        self.version.setAccessibleName(f"Version {suite.number}; see all versions")
        self.version.setVisible(suite.number > 0)
        self.run.setEnabled(suite.items > 0)
        self.run.setToolTip("" if suite.items else "Add an item first")

    def make_menu(self) -> QMenu:
        """What else can be done with the suite."""
        menu, icon = QMenu(self), self._icons.icon
        for name, words, signal in (
            ("ph.pencil-simple", "Name and description…", self.details_requested),
            ("ph.clipboard-text", "Paste rows of a table", self.paste_requested),
            ("ph.export", "Export as JSON Lines…", self.export_requested),
            ("ph.clock-counter-clockwise", "Versions…", self.versions_requested),
        ):
            menu.addAction(icon(name), words).triggered.connect(signal)
        return menu

    def _build(self) -> None:
        top = QWidget()
        top.setObjectName("header")
        row(self.back, self.name, margins=(14, 0, 16, 0), into=top)
        line = top.layout()
        assert isinstance(line, QHBoxLayout)
        line.setStretchFactor(self.name, 1)
        for button in (self.more, self.add, self.run):
            line.addWidget(button)
        under = QHBoxLayout()
        under.setSpacing(8)
        under.addWidget(self.metrics, 1)
        under.addWidget(self.change_metrics)
        under.addWidget(self.version)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 10)
        layout.setSpacing(0)
        layout.addWidget(top)
        inner = QVBoxLayout()
        inner.setContentsMargins(24, 0, 16, 0)
        inner.setSpacing(4)
        inner.addWidget(self.description)
        inner.addLayout(under)
        layout.addLayout(inner)

    def _on_more_clicked(self) -> None:
        open_below(self.make_menu(), self.more, to_right_edge=True)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        is_narrow = self.width() < _NARROW
        self.add.setText("" if is_narrow else " Add item")
        self.change_metrics.setText(" Metrics…" if is_narrow else " Change metrics…")


class FilterBar(QWidget):
    """Search and tag, and how many items they leave.

    Signals:
        changed: another filter is wanted.
    """

    changed = Signal()

    def __init__(self, icons: Icons, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._tags: list[str] = [""]
        self.search = QLineEdit()
        self.search.setAccessibleName("Search items")
        self.search.setPlaceholderText("Search items")
        self.search.setClearButtonEnabled(True)
        self.search.setAcceptDrops(False)
        self.search.addAction(
            icons.icon("ph.magnifying-glass", "text3"), QLineEdit.ActionPosition.LeadingPosition
        )
        self.tag = WheelShyBox()
        self.tag.setAccessibleName("Only items with the tag")
        self.tag.addItem(_EVERY_TAG)
        self.count = Label("", "caption")
        self.count.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Preferred)
        self.search.textChanged.connect(self.changed)
        self.tag.activated.connect(self.changed)
        row(self.search, self.tag, self.count, margins=(24, 0, 16, 8), into=self)

    @property
    def wanted(self) -> ItemFilter:
        """The filter as it stands there."""
        return ItemFilter(self.search.text().strip(), self._tags[max(self.tag.currentIndex(), 0)])

    def show_opened(self, opened: Opened) -> None:
        """Offer the tags of a suite, and say how many items are shown."""
        chosen = self.wanted.tag
        tags = ["", *opened.tags]
        if chosen and chosen not in opened.tags:
            tags.append(chosen)
        if tags != self._tags:
            self._tags = tags
            self.tag.clear()
            self.tag.addItems([_EVERY_TAG, *tags[1:]])
            self.tag.setCurrentIndex(tags.index(chosen))
        self.tag.setVisible(len(tags) > 1)
        if opened.shown == opened.suite.items:
            self.count.setText(count_text(opened.shown, "item"))
        else:
            self.count.setText(f"{opened.shown:,} of {count_text(opened.suite.items, 'item')}")

    def reset(self) -> None:
        """Let everything through; nothing is emitted."""
        self.search.blockSignals(True)
        self.search.clear()
        self.search.blockSignals(False)
        self.tag.setCurrentIndex(0)
