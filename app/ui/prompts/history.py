"""The history of a prompt: its versions, what differs between two of them, and their labels."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QItemSelectionModel, QSize, Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QBoxLayout,
    QComboBox,
    QListView,
    QMenu,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from app.base.errors import AppError
from app.prompts.diff import ContentDiff, content_diff
from app.prompts.entities import Content, Prompt
from app.ui.jobs import Job
from app.ui.pane import PaneContext
from app.ui.prompts.diff_view import DiffView
from app.ui.prompts.items import StageItems
from app.ui.prompts.labels import labels_menu
from app.ui.prompts.row_delegate import RowDelegate
from app.ui.prompts.timeline import NOTHING, Stage, before
from app.ui.prompts.view_switch import ViewSwitch
from app.ui.widgets.buttons import Button
from app.ui.widgets.labels import ElidedLabel, Label
from app.ui.widgets.layout import column, row
from app.ui.widgets.menus import open_below

INLINE, SPLIT = "inline", "split"
_LIST_WIDTH = 288  # a score with its interval has room
_STACKED_BELOW = 640  # narrower than this, the list stands above the difference
_STACKED_HEIGHT = 150
_NO_LIMIT = 16_777_215  # as Qt has it


class PromptHistory(QWidget):
    """Chooses two versions and shows what differs.

    Signals:
        revert_requested: the number of a version that shall come back.
        label_put: a label and the number of the version it shall be on.
        label_taken: a label that shall be on none.
        label_wanted: the number of a version that shall get a label of a person's own.
        reference_wanted: the number of a version whose reference shall be copied.
        failed: an `AppError`.
    """

    revert_requested = Signal(int)
    label_put = Signal(str, int)
    label_taken = Signal(str)
    label_wanted = Signal(int)
    reference_wanted = Signal(int)
    failed = Signal(object)

    def __init__(self, context: PaneContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self._prompt: Prompt | None = None
        self._stages: tuple[Stage, ...] = ()
        self._job: Job | None = None
        self._diff: ContentDiff | None = None
        self._is_stacked = False
        self.items = StageItems()
        self.items.setParent(self)
        self._layout = QBoxLayout(QBoxLayout.Direction.LeftToRight, self)
        self._layout.setContentsMargins(24, 0, 24, 16)
        self._layout.setSpacing(16)
        self._layout.addWidget(self._build_list())
        self._layout.addWidget(self._build_side(), 1)

    @property
    def chosen(self) -> int:
        """The number of the version that is looked at; DRAFT for the draft."""
        return int(self.new_box.currentData() if self.new_box.count() else NOTHING)

    @property
    def compared(self) -> int:
        """The number of the version it is compared with; NOTHING to show all of it."""
        return int(self.old_box.currentData() if self.old_box.count() else NOTHING)

    def show_timeline(self, prompt: Prompt, shown: Sequence[Stage]) -> None:
        """Show the history of a prompt; of the same prompt, what was chosen stays so."""
        if self._prompt == prompt and self._stages == tuple(shown):
            return
        is_same = self._prompt is not None and self._prompt.id == prompt.id
        new, old = self.chosen, self.compared
        newest_before = self._stages[0].number if self._stages else NOTHING
        self._prompt, self._stages = prompt, tuple(shown)
        numbers = [each.number for each in shown]
        newest = numbers[0] if numbers else NOTHING
        is_there = new in numbers and old in (*numbers, NOTHING)
        follows = new == newest_before != newest
        if not is_same or not is_there or follows:
            new, old = newest, before(shown, newest)
        self.items.set_stages(shown)
        self._fill(self.new_box, [])
        self._fill(self.old_box, [NOTHING])
        self._choose(new, old)

    def clear(self) -> None:
        """Show no prompt."""
        self._prompt, self._stages = None, ()
        self.items.set_stages(())
        for box in (self.new_box, self.old_box):
            box.clear()
        self._show(None)

    def _build_list(self) -> QListView:
        context = self._context
        self.list = QListView()
        self.list.setObjectName("versions")
        self.list.setAccessibleName("Versions")
        self.list.setModel(self.items)
        self.list.setItemDelegate(RowDelegate(context.theme, context.icons, self.list))
        self.list.setMouseTracking(True)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.list.selectionModel().currentChanged.connect(self._on_row_changed)
        return self.list

    def _build_side(self) -> QWidget:
        self.old_box, self.new_box = self._box("Compare"), self._box("With")
        self.split_switch = ViewSwitch("Layout", {INLINE: "Inline", SPLIT: "Side by side"})
        self.split_switch.chosen.connect(self._write)
        self.note = ElidedLabel("", "body2")
        self.note.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.diff_view = DiffView(self._context.theme)
        self._actions = self._build_actions()
        side = column(
            row(self.old_box, Label("→", "body2"), self.new_box, None, self.split_switch),
            row(self.note, self._actions),
            spacing=8,
        )
        holder = QWidget()
        layout = QVBoxLayout(holder)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        layout.addWidget(side)
        layout.addWidget(self.diff_view, 1)
        return holder

    def _box(self, name: str) -> QComboBox:
        box = QComboBox()
        box.setAccessibleName(name)
        box.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        box.setMinimumContentsLength(6)
        box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        box.activated.connect(self._on_box_activated)
        return box

    def _build_actions(self) -> QWidget:
        icons = self._context.icons
        self.labels_button = Button("Labels", "small", icons.icon("ph.bookmark-simple"))
        self.labels_button.clicked.connect(self._on_labels_clicked)
        self.reference_button = Button("Copy reference", "small", icons.icon("ph.copy"))
        self.reference_button.clicked.connect(lambda: self.reference_wanted.emit(self.chosen))
        words = "Make a new version with this text"
        self.revert_button = Button(
            "Revert to this", "small", icons.icon("ph.arrow-counter-clockwise")
        )
        self.revert_button.setToolTip(words)
        self.revert_button.clicked.connect(lambda: self.revert_requested.emit(self.chosen))
        return row(self.labels_button, self.reference_button, self.revert_button, spacing=6)

    def make_labels_menu(self) -> QMenu:
        """The labels of the version that is looked at."""
        assert self._prompt is not None  # the button is off without one
        number = self.chosen
        return labels_menu(
            self,
            self._prompt,
            number,
            put=lambda label: self.label_put.emit(label, number),
            take=self.label_taken.emit,
            new=lambda: self.label_wanted.emit(number),
        )

    def _fill(self, box: QComboBox, more: Sequence[int]) -> None:
        box.clear()
        for stage in self._stages:
            box.addItem(stage.title, stage.number)
        for number in more:
            box.addItem("Nothing", number)

    def _choose(self, new: int, old: int) -> None:
        """Look at one stage and compare it with another."""
        self.new_box.setCurrentIndex(self.new_box.findData(new))
        self.old_box.setCurrentIndex(self.old_box.findData(old))
        flag = QItemSelectionModel.SelectionFlag.ClearAndSelect
        selection = self.list.selectionModel()
        selection.blockSignals(True)
        selection.setCurrentIndex(self.items.index_of(new), flag)
        selection.blockSignals(False)
        self.list.viewport().update()
        self._compare()

    def _compare(self) -> None:
        if self._job is not None:
            self._job.drop()
        by_number = {each.number: each.content for each in self._stages}
        new = by_number.get(self.chosen)
        self._show_facts()
        if new is None:
            self._show(None)
            return
        self._job = self._context.jobs.submit(
            content_diff,
            by_number.get(self.compared, Content()),
            new,
            owner=self,
            done=self._show,
            failed=self._on_failed,
        )

    def _show_facts(self) -> None:
        chosen = next((each for each in self._stages if each.number == self.chosen), None)
        newest = self._prompt.latest if self._prompt is not None else 0
        is_version = chosen is not None and not chosen.is_draft
        for button in (self.labels_button, self.reference_button):
            button.setEnabled(is_version)
        self.revert_button.setEnabled(is_version and self.chosen != newest)
        words = "Not a version yet" if chosen else ""
        self.note.set_text((chosen.note or "No note") if chosen and is_version else words)

    def _show(self, diff: ContentDiff | None) -> None:
        self._diff = diff
        self._write()

    def _write(self) -> None:
        is_whole = self.compared == NOTHING
        self.split_switch.setEnabled(not is_whole)
        is_split = self.split_switch.current == SPLIT and not self._is_stacked
        self.diff_view.show_diff(self._diff, is_whole=is_whole, is_split=is_split)

    def _on_row_changed(self) -> None:
        stage = self.items.stage(self.list.currentIndex())
        if stage is not None and stage.number != self.chosen:
            self._choose(stage.number, before(self._stages, stage.number))

    def _on_box_activated(self) -> None:
        self._choose(self.chosen, self.compared)

    def _on_labels_clicked(self) -> None:
        open_below(self.make_labels_menu(), self.labels_button)

    def _on_failed(self, error: AppError) -> None:
        self._show(None)
        self.failed.emit(error)

    def _fit(self) -> None:
        px = self._context.theme.px
        self._is_stacked = is_stacked = self.width() < px(_STACKED_BELOW)
        direction = QBoxLayout.Direction
        self._layout.setDirection(direction.TopToBottom if is_stacked else direction.LeftToRight)
        width, height = px(_LIST_WIDTH), px(_STACKED_HEIGHT)
        self.list.setMinimumWidth(0 if is_stacked else width)
        self.list.setMaximumWidth(_NO_LIMIT if is_stacked else width)
        self.list.setMaximumHeight(height if is_stacked else _NO_LIMIT)
        self.split_switch.setVisible(not is_stacked)  # no room for two columns

    def minimumSizeHint(self) -> QSize:
        return QSize(0, 0)  # what has no room gives way

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        was_stacked = self._is_stacked
        self._fit()
        if was_stacked != self._is_stacked:
            self._write()
