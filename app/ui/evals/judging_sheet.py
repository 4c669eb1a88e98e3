"""Asks which candidates of a run a model shall judge side by side, which model, and by what."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QWidget

from app.evals.runs.entities import Run
from app.modelhub.in_use import host_of
from app.ui.amounts import count_text
from app.ui.evals.metrics.form import MetricForm
from app.ui.evals.metrics.reading import JudgeOffer, read_judges
from app.ui.forms.fields import WheelShyBox
from app.ui.forms.form_sheet import FormSheet
from app.ui.pane import PaneContext
from app.ui.widgets.labels import Label
from app.ui.widgets.layout import column

if TYPE_CHECKING:
    from app.bootstrap import Services

_WORDS = (
    "The judge reads the two answers to each item next to each other, gives its reason, and then "
    "says which is better or that they are as good as each other."
)
_ALL_OTHERS = "Each of the others"


@dataclass(frozen=True, slots=True)
class Judges:
    """Models that can judge, and where those on servers are, by name."""

    offers: tuple[JudgeOffer, ...]
    hosts: Mapping[str, str]


class JudgingSheet(FormSheet):
    """Stays open while it cannot be judged so. Used once.

    Signals:
        given: the number of a candidate, that of the other or None for each of the others, and
            the document of the judge. Whoever listens calls `dismiss` or `refuse`.
    """

    given = Signal(object, object, object)

    def __init__(self, window: QWidget, context: PaneContext, services: Services, run: Run) -> None:
        super().__init__(window, context.icons, "Let a model judge side by side", "Judge")
        self._run = run
        self._hosts: Mapping[str, str] = {}
        self.one, self.other = WheelShyBox(), WheelShyBox()
        self.form = MetricForm(context, {"metric": "judgement"})
        self.effort = Label("", "caption", wrap=True)
        for each in run.candidates:
            self.one.addItem(each.label, each.number)
        self.one.setCurrentIndex(self.one.findData(run.baseline))
        self.add(Label(_WORDS, "body2", wrap=True))
        self.add(_beside(_named("Candidate", self.one), _named("Against", self.other)))
        self.add(self.form)
        self.add(self.effort)
        self.one.currentIndexChanged.connect(self._on_one_chosen)
        self.other.currentIndexChanged.connect(self._say)
        self.form.edited.connect(self._say)
        self.confirm.clicked.connect(self._on_confirm_clicked)
        self._on_one_chosen()
        context.jobs.submit(
            lambda: _read(services), owner=self, done=self._on_read, failed=self.refuse
        )

    def first_focus(self) -> QWidget | None:
        return self.one

    def _on_read(self, judges: Judges) -> None:
        self._hosts = judges.hosts
        self.form.show_judges(judges.offers)
        self._say()

    def _on_one_chosen(self) -> None:
        """Offer the others; the choice stays unless it is the same candidate now."""
        before, chosen = self.other.currentData(), self.one.currentData()
        others = [each for each in self._run.candidates if each.number != chosen]
        self.other.blockSignals(True)
        self.other.clear()
        if len(others) > 1:
            self.other.addItem(_ALL_OTHERS, None)
        for each in others:
            self.other.addItem(each.label, each.number)
        self.other.setCurrentIndex(max(0, self.other.findData(before)))
        self.other.blockSignals(False)
        self._say()

    def _say(self) -> None:
        """Say how much is asked of whom, and whether that can be."""
        judge = self.form.judge
        self.confirm.setEnabled(judge is not None and judge.is_there)
        pairs = self._run.items * self._run.repeats
        if self.other.currentData() is None:
            pairs *= len(self._run.candidates) - 1
        words = f"Up to {count_text(2 * pairs, 'request')}: each pair is shown in both orders."
        if judge is not None and not judge.is_there:
            missing = "This model is not there" if judge.name else "No model is in use"
            words += f" {missing}: choose which one judges."
        elif judge is not None and judge.name in self._hosts:
            words += f" The items and the answers are sent to {self._hosts[judge.name]}."
        self.effort.setText(words)

    def _on_confirm_clicked(self) -> None:
        self.confirm.setEnabled(False)
        self.given.emit(self.one.currentData(), self.other.currentData(), self.form.document)


def _read(services: Services) -> Judges:
    hosts = {each.name: host_of(each.base_url) for each in services.endpoints.endpoints()}
    return Judges(read_judges(services), hosts)


def _named(name: str, box: QWidget) -> QWidget:
    label = Label(name)
    label.setBuddy(box)
    box.setAccessibleName(name)
    return column(label, box, spacing=4)


def _beside(*fields: QWidget) -> QWidget:
    """Fields that share the width equally."""
    holder = QWidget()
    layout = QHBoxLayout(holder)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setSpacing(12)
    for each in fields:
        layout.addWidget(each, 1)
    return holder
