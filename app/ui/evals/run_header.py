"""The head of a run's page: its name, its state, and what can be done with it."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QMenu, QWidget

from app.evals.runs.entities import Run
from app.ui.evals.run_actions import FORMATS
from app.ui.evals.words import (
    amount_words,
    can_be_judged,
    state_severity,
    state_words,
    what_words,
)
from app.ui.icons import Icons
from app.ui.theme import set_look
from app.ui.widgets.buttons import Button, IconButton
from app.ui.widgets.labels import ElidedLabel, Tag
from app.ui.widgets.layout import column
from app.ui.widgets.menus import open_below


class RunHeader(QWidget):
    """Shows a Run.

    Signals:
        back, pause_wanted, stop_wanted, resume_wanted, rename_wanted, score_wanted, judge_wanted,
            compare_wanted, delete_wanted: what its buttons and its menu say.
        export_wanted: a `ReportFormat`.
    """

    back = Signal()
    pause_wanted = Signal()
    stop_wanted = Signal()
    resume_wanted = Signal()
    rename_wanted = Signal()
    score_wanted = Signal()
    judge_wanted = Signal()
    compare_wanted = Signal()
    delete_wanted = Signal()
    export_wanted = Signal(object)

    def __init__(self, icons: Icons, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._icons = icons
        self._run: Run | None = None
        self.back_button = IconButton(icons.icon("ph.arrow-left"), "All evaluations")
        self.name = ElidedLabel("", "h2")
        self.facts = ElidedLabel("", "caption")
        self.state = Tag("")
        self.pause = Button("Pause", "", icons.icon("ph.pause"))
        self.stop = Button("Stop", "", icons.icon("ph.stop"))
        self.resume = Button("Resume", "primary", icons.icon("ph.play", "on_accent"))
        self.export = Button("Export", "", icons.icon("ph.export"))
        self.more = IconButton(icons.icon("ph.dots-three-bold", "text"), "More about this run")
        self.back_button.clicked.connect(self.back)
        self.pause.clicked.connect(self.pause_wanted)
        self.stop.clicked.connect(self.stop_wanted)
        self.resume.clicked.connect(self.resume_wanted)
        self.export.clicked.connect(
            lambda: open_below(self.make_export_menu(), self.export, to_right_edge=True)
        )
        self.more.clicked.connect(
            lambda: open_below(self.make_menu(), self.more, to_right_edge=True)
        )
        layout = QHBoxLayout(self)
        layout.setContentsMargins(14, 8, 16, 8)
        layout.setSpacing(8)
        layout.addWidget(self.back_button)
        layout.addWidget(column(self.name, self.facts, spacing=2), 1)
        for part in (self.state, self.pause, self.stop, self.resume, self.export, self.more):
            layout.addWidget(part)

    def show_run(self, run: Run) -> None:
        """Show a run as it is now."""
        self._run = run
        self.name.set_text(run.name)
        self.facts.set_text(f"{what_words(run)} · {amount_words(run)}")
        self.state.setText(state_words(run))
        set_look(self.state, "sev", state_severity(run))
        self.pause.setVisible(run.state.is_active)
        self.stop.setVisible(run.state.is_active)
        self.resume.setVisible(run.can_resume)
        self.export.setVisible(not run.state.is_active)
        self.export.setEnabled(run.samples > 0)

    def make_export_menu(self) -> QMenu:
        """The forms that a report can have."""
        menu = QMenu(self)
        for form, (icon, words) in FORMATS.items():
            action = menu.addAction(self._icons.icon(icon), words)
            action.triggered.connect(lambda _on=False, form=form: self.export_wanted.emit(form))
        return menu

    def make_menu(self) -> QMenu:
        """What is seldom done with a run."""
        menu, icon, run = QMenu(self), self._icons.icon, self._run
        rename = menu.addAction(icon("ph.pencil-simple"), "Rename…")
        rename.triggered.connect(self.rename_wanted)
        compare = menu.addAction(icon("ph.git-diff"), "Compare with another run…")
        compare.triggered.connect(self.compare_wanted)
        menu.addSeparator()
        score = menu.addAction(icon("ph.ruler"), "Score again with other metrics…")
        score.triggered.connect(self.score_wanted)
        judge = menu.addAction(icon("ph.scales"), "Let a model judge side by side…")
        judge.triggered.connect(self.judge_wanted)
        menu.addSeparator()
        delete = menu.addAction(icon("ph.trash"), "Delete")
        delete.triggered.connect(self.delete_wanted)
        is_idle = run is not None and not run.state.is_active
        for action in (score, delete):
            action.setEnabled(is_idle)
        judge.setEnabled(run is not None and is_idle and can_be_judged(run))
        return menu
