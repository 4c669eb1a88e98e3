"""The first screen: ready-made evaluations, the runs and the suites there are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from PySide6.QtCore import QPoint, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QMenu, QVBoxLayout, QWidget

from app.evals.runs.entities import Run, RunId, StoredSuite, SuiteId
from app.ui.evals.card_list import CardList
from app.ui.evals.home_rows import ReadyCard, RunCard, SuiteCard
from app.ui.evals.presets import Preset
from app.ui.evals.reading import Shelf
from app.ui.icons import Icons
from app.ui.widgets.buttons import Button
from app.ui.widgets.info_bar import ACROSS, Bars
from app.ui.widgets.labels import Label
from app.ui.widgets.layout import PageHeader, ScrollPage, row
from app.ui.widgets.menus import pop_up

_NARROW = 720  # the ready-made cards stand below each other
_QUANT = (
    "Take two or more files of one model. Each reads a text of yours: how well it foresees your "
    "words (perplexity) and how quick it is, beside its size."
)
_PROMPT = (
    "Take two versions of a prompt. Both answer the same items; you see which is better, and "
    "whether there are enough items to tell."
)
_NO_RUNS = "Nothing was measured yet. Start with one of the two above."
_NO_SUITES = (
    "A suite is a list of questions with right answers, kept with every version. Make one, or "
    "import a CSV, JSON or JSON Lines file."
)


class HomePage(QWidget):
    """Shows a Shelf.

    Signals:
        new_requested: a `Preset`, and the `SuiteId` to begin with or None.
        suite_requested, run_requested: an id to be opened.
        new_suite_requested, import_requested: a person wants another suite.
        resume_requested, rename_requested, delete_requested: a `Run`.
        suite_delete_requested: a `StoredSuite`.
        best_wanted: runs whose score is not known came into view.
    """

    new_requested = Signal(object, object)
    suite_requested = Signal(object)
    run_requested = Signal(object)
    new_suite_requested = Signal()
    import_requested = Signal()
    resume_requested = Signal(object)
    rename_requested = Signal(object)
    delete_requested = Signal(object)
    suite_delete_requested = Signal(object)
    best_wanted = Signal()

    def __init__(self, icons: Icons, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._icons = icons
        self._now = datetime.now(UTC).astimezone()
        self._bests: Mapping[RunId, str] = {}
        self._last: Mapping[SuiteId, Run] = {}
        self._suites_by_id: dict[SuiteId, StoredSuite] = {}
        self._runs_by_id: dict[RunId, Run] = {}
        self.new = Button("New evaluation", "primary", icons.icon("ph.plus", "on_accent"))
        self.new.clicked.connect(lambda: self.new_requested.emit(Preset.NONE, None))
        self.header = PageHeader("Evaluation", self.new)
        self.problems = Bars(margins=ACROSS)
        self.page = ScrollPage("Evaluation", width=980, margins=(24, 8, 24, 32))
        self.runs: CardList[Run, RunCard] = CardList(
            lambda run: run.id, self._run_card, self._update_run, self.best_wanted.emit
        )
        self.suites: CardList[StoredSuite, SuiteCard] = CardList(
            lambda suite: suite.id, self._suite_card, self._update_suite, lambda: None
        )
        self._lay_out()

    def show_shelf(self, shelf: Shelf, bests: Mapping[RunId, str]) -> None:
        """Show what there is; cards that stay keep their place and the focus.

        Args:
            shelf: suites and runs.
            bests: the best score of each run where it is known, in words.
        """
        self._now = datetime.now(UTC).astimezone()
        self._bests, self._last = bests, shelf.last_runs()
        self._runs_by_id = {run.id: run for run in shelf.runs}
        self._suites_by_id = {suite.id: suite for suite in shelf.suites}
        self.runs.show(shelf.runs)
        self.suites.show(shelf.suites)
        self._no_runs.setVisible(not shelf.runs)
        self._no_suites.setVisible(not shelf.suites)

    @property
    def shown_runs(self) -> Sequence[Run]:
        """The runs that have a card."""
        return self.runs.shown

    def _lay_out(self) -> None:
        icons, body = self._icons, self.page.body
        self.quant = ReadyCard(icons, "ph.scales", "Which quant?", _QUANT, "Compare files…")
        self.quant.wanted.connect(lambda: self.new_requested.emit(Preset.WHICH_QUANT, None))
        self.prompt = ReadyCard(
            icons, "ph.chart-line-up", "Did my prompt get better?", _PROMPT, "Compare versions…"
        )
        self.prompt.wanted.connect(lambda: self.new_requested.emit(Preset.BETTER_PROMPT, None))
        self._ready = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        self._ready.setSpacing(12)
        self._ready.addWidget(self.quant, 1)
        self._ready.addWidget(self.prompt, 1)
        self.new_suite = Button("New suite", "", icons.icon("ph.plus"))
        self.new_suite.clicked.connect(self.new_suite_requested)
        self.import_button = Button("Import…", "", icons.icon("ph.file-arrow-down"))
        self.import_button.setAccessibleName("Import a suite")
        self.import_button.clicked.connect(self.import_requested)
        self._no_runs, self._no_suites = (
            Label(words, "body2", wrap=True) for words in (_NO_RUNS, _NO_SUITES)
        )
        body.addLayout(self._ready)
        body.addSpacing(12)
        body.addWidget(Label("Runs", "h2"))
        body.addWidget(self._no_runs)
        body.addLayout(self.runs.layout)
        body.addSpacing(12)
        body.addWidget(row(Label("Suites", "h2"), None, self.import_button, self.new_suite))
        body.addWidget(self._no_suites)
        body.addLayout(self.suites.layout)
        body.addStretch(1)
        self._no_runs.hide()
        self._no_suites.hide()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.header)
        layout.addWidget(self.problems)
        layout.addWidget(self.page, 1)

    def _run_card(self, run: Run) -> RunCard:
        card, run_id = RunCard(self._icons), run.id
        self._update_run(card, run)
        card.opened.connect(lambda: self.run_requested.emit(run_id))
        card.resume_wanted.connect(lambda: self.resume_requested.emit(self._runs_by_id[run_id]))
        card.discard_wanted.connect(lambda: self.delete_requested.emit(self._runs_by_id[run_id]))
        card.menu_wanted.connect(lambda place: self._offer_run(self._runs_by_id[run_id], place))
        return card

    def _update_run(self, card: RunCard, run: Run) -> None:
        card.show_run(run, self._bests.get(run.id, ""), self._now)

    def _suite_card(self, suite: StoredSuite) -> SuiteCard:
        card, suite_id = SuiteCard(self._icons), suite.id
        self._update_suite(card, suite)
        card.opened.connect(lambda: self.suite_requested.emit(suite_id))
        card.run_wanted.connect(lambda: self.new_requested.emit(Preset.NONE, suite_id))
        card.menu_wanted.connect(
            lambda place: self._offer_suite(self._suites_by_id[suite_id], place)
        )
        return card

    def _update_suite(self, card: SuiteCard, suite: StoredSuite) -> None:
        card.show_suite(suite, self._last.get(suite.id), self._now)

    def _offer_run(self, run: Run, place: QPoint) -> None:
        menu, icon = QMenu(self), self._icons.icon
        opening = menu.addAction(icon("ph.arrow-square-out"), "Open")
        opening.triggered.connect(lambda: self.run_requested.emit(run.id))
        if run.can_resume:
            resume = menu.addAction(icon("ph.play"), "Resume")
            resume.triggered.connect(lambda: self.resume_requested.emit(run))
        rename = menu.addAction(icon("ph.pencil-simple"), "Rename…")
        rename.triggered.connect(lambda: self.rename_requested.emit(run))
        menu.addSeparator()
        delete = menu.addAction(icon("ph.trash"), "Delete")
        delete.setEnabled(not run.state.is_active)
        delete.triggered.connect(lambda: self.delete_requested.emit(run))
        pop_up(menu, place)

    def _offer_suite(self, suite: StoredSuite, place: QPoint) -> None:
        menu, icon = QMenu(self), self._icons.icon
        opening = menu.addAction(icon("ph.arrow-square-out"), "Open")
        opening.triggered.connect(lambda: self.suite_requested.emit(suite.id))
        menu.addSeparator()
        delete = menu.addAction(icon("ph.trash"), "Delete")
        delete.triggered.connect(lambda: self.suite_delete_requested.emit(suite))
        pop_up(menu, place)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        direction = QBoxLayout.Direction
        is_narrow = self.width() < _NARROW
        self._ready.setDirection(direction.TopToBottom if is_narrow else direction.LeftToRight)
