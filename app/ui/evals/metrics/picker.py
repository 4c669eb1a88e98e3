"""What is measured: chosen metrics with their settings, and a menu to add others."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QMenu, QVBoxLayout, QWidget

from app.evals.metrics.metric import Needs
from app.evals.metrics.registry import KINDS
from app.ui.evals.metrics.form import MetricForm, Unreadable
from app.ui.evals.metrics.reading import JudgeOffer, problem_of, read_judges
from app.ui.evals.metrics.words import GROUPS, KIND_WORDS, SETTINGS, need_words
from app.ui.evals.suites.item_fields import remove_button
from app.ui.jobs import Job
from app.ui.pane import PaneContext
from app.ui.widgets.buttons import Button
from app.ui.widgets.fold import FoldButton
from app.ui.widgets.labels import Label
from app.ui.widgets.layout import Card, row
from app.ui.widgets.menus import open_below

if TYPE_CHECKING:
    from app.bootstrap import Services

_CHECK_AFTER_MS = 250
_NONE = "Nothing is measured yet. Add a metric; several can be used at once."


class MetricCard(Card):
    """One metric.

    Signals:
        edited: a person changed a setting, or it was checked.
        remove_requested: it shall go.
    """

    edited = Signal()
    remove_requested = Signal()

    def __init__(self, context: PaneContext, document: Mapping[str, Any]) -> None:
        super().__init__(margins=(14, 8, 8, 12))
        self._context = context
        self.kind = str(document["metric"])
        self._last = dict(document)
        self._job: Job | None = None
        self._is_checked = False
        words = KIND_WORDS[self.kind]
        remove = remove_button(context.icons, f"Do not measure: {words.name}")
        remove.clicked.connect(self.remove_requested)
        self.needs = Label(need_words(self.kind), "caption", wrap=True)
        self.problem = Label("", "danger", wrap=True)
        self.problem.hide()
        self.form = MetricForm(context, document)
        self.form.edited.connect(self._on_edited)
        self.fold = FoldButton("Settings", context.icons)
        self.fold.setAccessibleName(f"Settings of {words.name}")
        self.fold.unfolded.connect(self.form.setVisible)
        self._timer = QTimer(self, singleShot=True, interval=_CHECK_AFTER_MS)
        self._timer.timeout.connect(self._check)
        self.body.setSpacing(4)
        term = Label(KINDS[self.kind].label, "caption")  # as results call it
        self.body.addWidget(row(Label(words.name, "h3"), term, None, remove))
        self.body.addWidget(Label(words.sentence, "body2", wrap=True))
        self.body.addWidget(self.needs)
        self.needs.setVisible(bool(self.needs.text()))
        if SETTINGS.get(self.kind):
            self.body.addWidget(row(self.fold, None))
        self.body.addWidget(self.form)
        self.body.addWidget(self.problem)
        self.set_open(self.kind == "judgement")
        self._check()

    @property
    def document(self) -> dict[str, Any]:
        """The metric; where a field cannot be read, as it was before."""
        with suppress(Unreadable):
            self._last = self.form.document
        return self._last

    @property
    def is_usable(self) -> bool:
        """Whether it was checked and found right."""
        return self._is_checked and self.problem.isHidden()

    def set_open(self, is_open: bool) -> None:
        """Show or hide the settings."""
        self.fold.set_open(is_open)
        self.form.setVisible(is_open and bool(SETTINGS.get(self.kind)))

    def show_judges(self, judges: Sequence[JudgeOffer]) -> None:
        """These models can judge."""
        self.form.show_judges(judges)
        self._say_judge()

    def _say_judge(self) -> None:
        judge = self.form.judge
        if judge is None:
            return
        words = "One more request for each answer, to the model that judges."
        if not judge.is_there:
            missing = "No model is in use" if not judge.name else "This model is not there"
            words = f"{words} {missing}: choose which one judges."
        self.needs.setText(words)
        self.needs.show()

    def _on_edited(self) -> None:
        self._is_checked = False
        self._say_judge()
        self._timer.start()
        self.edited.emit()

    def _check(self) -> None:
        if self._job is not None:
            self._job.drop()
        try:
            document = self.form.document
        except Unreadable as error:
            self._show_problem(str(error))
            return
        self._job = self._context.jobs.submit(
            problem_of,
            document,
            owner=self,
            done=self._show_problem,
            failed=lambda error: self._show_problem(str(error)),
        )

    def _show_problem(self, words: str) -> None:
        self._is_checked = True
        self.problem.setText(words)
        self.problem.setVisible(bool(words))
        if words:
            self.set_open(True)
        self.edited.emit()


class MetricPicker(QWidget):
    """Shows and changes a list of metrics.

    Signals:
        changed: a person changed it, or a check ended.
    """

    changed = Signal()

    def __init__(self, context: PaneContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self._services: Services | None = None
        self._judges: tuple[JudgeOffer, ...] = ()
        self._kept: list[dict[str, Any]] = []  # of kinds that this picker does not show
        self._kinds: tuple[str, ...] = ()
        self.cards: list[MetricCard] = []
        self._nothing = Label(_NONE, "body2", wrap=True)
        self._list = QVBoxLayout()
        self._list.setSpacing(8)
        self.add_button = Button("Add a metric", "small", context.icons.icon("ph.plus"))
        self.add_button.clicked.connect(self._on_add_clicked)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        layout.addWidget(self._nothing)
        layout.addLayout(self._list)
        layout.addWidget(row(self.add_button, None))
        self.offer(is_reading=False)

    def attach(self, services: Services) -> None:
        """The services are there: see which models can judge."""
        self._services = services
        self._context.jobs.submit(read_judges, services, owner=self, done=self._on_judges)

    def offer(self, *, is_reading: bool) -> None:
        """Offer the metrics of runs that read, or of those that answer."""
        self._kinds = tuple(
            name
            for name, kind in KINDS.items()
            if (kind.needs is Needs.LIKELIHOOD) is is_reading and name in KIND_WORDS
        )

    @property
    def documents(self) -> tuple[dict[str, Any], ...]:
        """The metrics as they are chosen."""
        return (*(card.document for card in self.cards), *self._kept)

    @property
    def is_usable(self) -> bool:
        """Whether all of them were checked and found right."""
        return all(card.is_usable for card in self.cards)

    def show_documents(self, documents: Iterable[Mapping[str, Any]]) -> None:
        """Show others; nothing is emitted."""
        for card in self.cards:
            self._discard(card)
        self.cards.clear()
        self._kept = []
        for each in documents:
            if each.get("metric") in self._kinds:
                self._append(each)
            else:
                self._kept.append(dict(each))
        self._nothing.setVisible(not self.cards)

    def add(self, kind: str) -> MetricCard:
        """Add a metric with its usual settings, as a person does."""
        card = self._append({"metric": kind})
        card.set_open(bool(SETTINGS.get(kind)))
        self._nothing.hide()
        card.show()
        self.changed.emit()
        return card

    def make_menu(self) -> QMenu:
        """The kinds in groups."""
        menu = QMenu(self)
        menu.setToolTipsVisible(True)
        for group in GROUPS:
            names = [each for each in self._kinds if KIND_WORDS[each].group == group]
            if not names:
                continue
            if not menu.isEmpty():
                menu.addSeparator()
            heading = menu.addAction(group)
            heading.setEnabled(False)
            for name in names:
                action = menu.addAction(KIND_WORDS[name].name)
                action.setToolTip(KIND_WORDS[name].sentence)
                action.triggered.connect(partial(self.add, name))
        return menu

    def _append(self, document: Mapping[str, Any]) -> MetricCard:
        card = MetricCard(self._context, document)
        card.edited.connect(self.changed)
        card.remove_requested.connect(lambda: self._remove(card))
        if self._judges:
            card.show_judges(self._judges)
        self.cards.append(card)
        self._list.addWidget(card)
        return card

    def _remove(self, card: MetricCard) -> None:
        self.cards.remove(card)
        self._discard(card)
        self._nothing.setVisible(not self.cards)
        self.changed.emit()

    def _discard(self, card: MetricCard) -> None:
        self._list.removeWidget(card)
        card.hide()
        card.deleteLater()

    def _on_judges(self, judges: tuple[JudgeOffer, ...]) -> None:
        self._judges = judges
        for card in self.cards:
            card.show_judges(judges)

    def _on_add_clicked(self) -> None:
        open_below(self.make_menu(), self.add_button)
