"""The sheet of a file before it becomes a suite: which column is what, and the rows left out."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import QStringListModel, Qt, Signal
from PySide6.QtWidgets import QGridLayout, QListView, QWidget

from app.base.errors import AppError
from app.evals.suites.imported import ColumnMap, SuiteFormat
from app.ui.amounts import count_text
from app.ui.evals.suites.file import Look, read_file
from app.ui.evals.suites.reading import ItemLook
from app.ui.evals.words import DASH
from app.ui.forms.fields import WheelShyBox
from app.ui.jobs import Job
from app.ui.pane import PaneContext
from app.ui.widgets.buttons import Button
from app.ui.widgets.labels import ElidedLabel, Label
from app.ui.widgets.layout import Card, ScrollPage, row
from app.ui.widgets.sheet import Sheet

_PREVIEWED = 3
_NO_COLUMN = "None"
_LONGEST_SAMPLE = 40
_ROW_HEIGHT, _MOST_ROWS = 36, 4
_TITLES = {
    "input": ("Question", "What is asked"),
    "system": ("Instruction", "How the model shall behave"),
    "targets": ("Right answer", ""),
    "tags": ("Tags", "Separated by commas, semicolons or bars"),
    "key": ("Key", "Unique in each row; results are matched by it"),
}
_REFUSED = "These rows cannot be used and are left out:"


class ImportSheet(Sheet):
    """Shows what a file would become. Used once.

    Signals:
        given: the `Look` to take in. Whoever listens calls `dismiss` or `refuse`.
    """

    given = Signal(object)

    def __init__(self, window: QWidget, context: PaneContext, look: Look) -> None:
        super().__init__(window, context.icons, f"Import “{look.path.name}”", width=680)
        self._context = context
        self._look = look
        self._job: Job | None = None
        self._boxes: dict[str, WheelShyBox] = {}
        self.summary = Label("", "body2", wrap=True)
        self._preview = QGridLayout()
        self._preview.setHorizontalSpacing(16)
        self._preview.setVerticalSpacing(6)
        self.refused_title = Label(_REFUSED, "body2", wrap=True)
        self._refused = QStringListModel(self)
        self.refused = QListView()
        self.refused.setObjectName("refusedrows")
        self.refused.setAccessibleName("Rows left out")
        self.refused.setModel(self._refused)
        self.refused.setUniformItemSizes(True)
        self.refused.setEditTriggers(QListView.EditTrigger.NoEditTriggers)
        self.problem = Label("", "danger", wrap=True)
        self.problem.hide()
        self.confirm = Button("Import", "primary")
        self.confirm.clicked.connect(self._on_confirm_clicked)
        self._build()
        self.closed.connect(self.deleteLater)
        self._show_look()

    @property
    def boxes(self) -> dict[str, WheelShyBox]:
        """The choice of a column, by what it is chosen for."""
        return dict(self._boxes)

    def refuse(self, error: AppError) -> None:
        """Say why it cannot be taken in."""
        self.problem.setText(str(error))
        self.problem.show()
        self.confirm.setEnabled(bool(self._look.imported.items))

    def card_height(self, _width: int) -> int:
        height = 300 + 245 * bool(self._boxes)
        return height if self.refused.isHidden() else height + 48 + self.refused.height()

    def first_focus(self) -> QWidget | None:
        return self._boxes.get("input") or self.confirm

    def _build(self) -> None:
        page = ScrollPage("What is in the file", width=640, margins=(0, 0, 12, 0))
        if self._look.imported.format is SuiteFormat.TABLE:
            page.body.addWidget(self._build_columns())
        page.body.addWidget(self.summary)
        preview = Card(margins=(14, 10, 14, 12))
        preview.body.addLayout(self._preview)
        self._preview_card = preview
        page.body.addWidget(preview)
        page.body.addWidget(self.refused_title)
        page.body.addWidget(self.refused)
        page.body.addStretch(1)
        back = Button("Cancel")
        back.clicked.connect(self.dismiss)
        self.body.setSpacing(12)
        self.body.addWidget(page, 1)
        self.body.addWidget(self.problem)
        self.body.addWidget(row(None, back, self.confirm))

    def _build_columns(self) -> QWidget:
        imported = self._look.imported
        columns = imported.columns or ColumnMap()
        holder = QWidget()
        grid = QGridLayout(holder)
        grid.setContentsMargins(0, 0, 0, 4)
        grid.setHorizontalSpacing(16)
        grid.setVerticalSpacing(8)
        grid.setColumnStretch(1, 1)
        grid.addWidget(Label("Which column is what?", "h3"), 0, 0, 1, 2)
        for at, (part, (title, words)) in enumerate(_TITLES.items(), 1):
            box = WheelShyBox()
            box.setAccessibleName(f"Column of: {title}")
            box.addItem(_NO_COLUMN)
            for name in imported.header:
                box.addItem(self._column_words(name))
            named = getattr(columns, part)
            chosen = named[0] if part == "targets" and named else named or ""
            box.setCurrentIndex(imported.header.index(chosen) + 1 if chosen else 0)
            box.activated.connect(self._read_again)
            self._boxes[part] = box
            label = Label(title)
            label.setBuddy(box)
            box.setToolTip(words)
            grid.addWidget(label, at, 0)
            grid.addWidget(box, at, 1)
        more = columns.targets[1:]
        if more:
            names = ", ".join(f"“{each}”" for each in more)
            words = f"Further right answers come from {names}."
            grid.addWidget(Label(words, "caption", wrap=True), len(_TITLES) + 1, 1)
        return holder

    def _column_words(self, name: str) -> str:
        sample = " ".join(self._look.samples.get(name, "").split())
        if len(sample) > _LONGEST_SAMPLE:
            sample = sample[:_LONGEST_SAMPLE].rstrip() + "…"
        return f"{name}   ({sample})" if sample else name

    def _columns(self) -> ColumnMap:
        header = self._look.imported.header

        def chosen(part: str) -> str:
            at = self._boxes[part].currentIndex()
            return header[at - 1] if at > 0 else ""

        target = chosen("targets")
        guessed = self._look.imported.columns or ColumnMap()
        others = guessed.targets if target in guessed.targets else (target,)
        others = tuple(each for each in others if each and each != chosen("input"))
        return ColumnMap(chosen("input"), chosen("system"), others, chosen("tags"), chosen("key"))

    def _read_again(self) -> None:
        if self._job is not None:
            self._job.drop()
        self.confirm.setEnabled(False)
        self.problem.hide()
        read: Callable[[], Look] = partial(read_file, self._look.path, self._columns())
        self._job = self._context.jobs.submit(
            read, owner=self, done=self._on_read, failed=self.refuse
        )

    def _on_confirm_clicked(self) -> None:
        self.problem.hide()
        self.confirm.setEnabled(False)
        self.given.emit(self._look)

    def _on_read(self, look: Look) -> None:
        self._look = look
        self._show_look()

    def _show_look(self) -> None:
        imported = self._look.imported
        count = len(imported.items)
        self.summary.setText(_summary(self._look))
        self.confirm.setText(f"Import {count_text(count, 'item')}" if count else "Import")
        self.confirm.setEnabled(count > 0)
        self._show_preview()
        lines = [f"Line {each.line:,}: {each.message}" for each in imported.problems]
        self._refused.setStringList(lines)
        rows = min(len(lines), _MOST_ROWS)
        self.refused.setFixedHeight(self._context.theme.px(rows * _ROW_HEIGHT + 8))
        for part in (self.refused_title, self.refused):
            part.setVisible(bool(lines) and not self._lacks_input())
        self.place()

    def _lacks_input(self) -> bool:
        columns = self._look.imported.columns
        return columns is not None and not columns.input

    def _show_preview(self) -> None:
        while (item := self._preview.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.hide()
                widget.deleteLater()
        items = self._look.imported.items[:_PREVIEWED]
        self._preview_card.setVisible(bool(items))
        titles = ("Question", "Right answer", "Tags")
        rows = [titles, *((each.asked, each.target, each.tags) for each in map(ItemLook.of, items))]
        has = [any(line[at] for line in rows[1:]) or at < 2 for at in range(3)]
        for number, line in enumerate(rows):
            for at, text in enumerate(line):
                if has[at]:
                    label = ElidedLabel(text or DASH, "overline" if number == 0 else "")
                    self._preview.addWidget(label, number, at, Qt.AlignmentFlag.AlignVCenter)
        for at, stretch in enumerate((5, 3, 2)):
            self._preview.setColumnStretch(at, stretch if has[at] else 0)


def _summary(look: Look) -> str:
    imported = look.imported
    if imported.columns is not None and not imported.columns.input:
        return "Choose the column that holds the question."
    parts = [f"{count_text(len(imported.items), 'item')} can be imported."]
    if imported.problems:
        are = count_text(len(imported.problems), "row is", "rows are")
        parts.append(f"{are} left out, see below.")
    if imported.without_targets:
        have = count_text(imported.without_targets, "item has", "items have")
        parts.append(f"{have} no right answer; some metrics cannot score these.")
    if imported.other_fields:
        names = ", ".join(f"“{each}”" for each in imported.other_fields[:6])
        more = " and more" if len(imported.other_fields) > 6 else ""
        stays = "stays" if len(imported.other_fields) == 1 else "stay"
        parts.append(f"{names}{more} {stays} with the items as metadata.")
    return " ".join(parts)
