"""How answers are drawn, how often each item is asked, and which items."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QGridLayout, QLineEdit, QSpinBox, QVBoxLayout, QWidget

from app.evals.runs.entities import AnswerSettings, StoredSuite
from app.evals.runs.planning import MOST_REPEATS
from app.ui.amounts import count_text
from app.ui.forms.fields import WheelShyBox, plain
from app.ui.widgets.labels import Label
from app.ui.widgets.layout import row

_FIELD_WIDTH, _LABEL_WIDTH = 136, 116
_MOST_TOKENS = 1_000_000
_MOST_SEED = 2**31 - 1
_HOTTEST = 5.0
_THINKING = {"As in chat": None, "Off": False, "On": True}
_AS_IS = "As the prompt says, else as in chat"
_OWN = "Set here, the same for all"
_REPEATS = "More than one shows how much chance there is in the answers."
_SEED = "The same number gives the same answers again."


class SpinField(QSpinBox):
    """A whole number; an empty field is its least value."""

    def __init__(self, name: str, least: int, most: int, value: int) -> None:
        super().__init__()
        self.setAccessibleName(name)
        self.setRange(least, most)
        self.setValue(value)
        self.setFixedWidth(_FIELD_WIDTH)
        line = self.lineEdit()
        if line is not None:
            line.setTextMargins(8, 0, 0, 0)  # the style sheet's padding is not there


class SettingsField(QWidget):
    """Sampling, repeats and seed.

    Signals:
        changed: one of them is another.
    """

    changed = Signal()

    def __init__(self, usual: AnswerSettings) -> None:
        super().__init__()
        self._usual = usual
        self.way = WheelShyBox()
        self.way.setAccessibleName("Settings of answers")
        self.way.addItems([_AS_IS, _OWN])
        self.temperature = QLineEdit(plain(usual.sampling.temperature))
        self.temperature.setAccessibleName("Temperature")
        self.temperature.setFixedWidth(_FIELD_WIDTH)
        self.temperature.setAcceptDrops(False)
        most = min(max(usual.max_tokens, 1), _MOST_TOKENS)
        self.max_tokens = SpinField("Longest answer in tokens", 1, _MOST_TOKENS, most)
        self.thinking = WheelShyBox()
        self.thinking.setAccessibleName("Thinking before the answer")
        self.thinking.addItems(list(_THINKING))
        self.thinking.setFixedWidth(_FIELD_WIDTH)
        self.repeats = SpinField("Times each item is asked", 1, MOST_REPEATS, 1)
        self.seed = SpinField("Seed", 0, _MOST_SEED, 0)
        self.own = QWidget()
        self.problem = Label("", "danger", wrap=True)
        self._build()
        self.way.activated.connect(self._on_way_activated)
        self.temperature.textEdited.connect(self._on_temperature_edited)
        self.thinking.activated.connect(self.changed)
        for box in (self.max_tokens, self.repeats, self.seed):
            box.valueChanged.connect(self.changed)

    @property
    def settings(self) -> AnswerSettings | None:
        """The settings; None takes those of the prompt, else of chat."""
        if self.way.currentIndex() == 0:
            return None
        return replace(
            self._usual,
            sampling=replace(self._usual.sampling, temperature=self._temperature() or 0.0),
            max_tokens=self.max_tokens.value(),
            thinking=list(_THINKING.values())[self.thinking.currentIndex()],
        )

    @property
    def is_usable(self) -> bool:
        """Whether all of it can be read."""
        return self.way.currentIndex() == 0 or self._temperature() is not None

    def _temperature(self) -> float | None:
        try:
            value = float(self.temperature.text().strip().replace(",", "."))
        except ValueError:
            return None
        return value if 0 <= value <= _HOTTEST else None

    def _build(self) -> None:
        grid = QGridLayout(self.own)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(12)
        grid.setColumnStretch(2, 1)
        fields = (
            ("Temperature", self.temperature, "0 always takes the likeliest word."),
            ("Longest answer", self.max_tokens, "In tokens; an English word has one or two."),
            ("Thinking", self.thinking, "For models that can think before they answer."),
        )
        for at, (words, field, said) in enumerate(fields):
            _put(grid, at, words, field, said)
        self.own.hide()
        self.problem.hide()
        always = QGridLayout()
        always.setHorizontalSpacing(12)
        always.setColumnStretch(2, 1)
        _put(always, 0, "Ask each item", self.repeats, _REPEATS)
        _put(always, 1, "Seed", self.seed, _SEED)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        layout.addWidget(self.way)
        layout.addWidget(self.own)
        layout.addWidget(self.problem)
        layout.addLayout(always)

    def _on_way_activated(self) -> None:
        self.own.setVisible(self.way.currentIndex() == 1)
        self._on_temperature_edited()

    def _on_temperature_edited(self) -> None:
        words = f"The temperature has to be a number from 0 to {_HOTTEST:g}."
        self.problem.setText("" if self.is_usable else words)
        self.problem.setVisible(not self.is_usable)
        self.changed.emit()


class ItemsField(QWidget):
    """Which items of a suite are asked.

    Signals:
        changed: others are chosen.
    """

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._tags: list[str] = [""]
        self.which = WheelShyBox()
        self.which.setAccessibleName("Which items")
        self.most = SpinField("At most so many items", 0, 100_000, 0)
        self.most.setSpecialValueText("no limit")
        self.which.activated.connect(self.changed)
        self.most.valueChanged.connect(self.changed)
        row(self.which, Label("only the first"), self.most, None, spacing=8, into=self)

    @property
    def tag(self) -> str:
        """Only items with it; empty for all."""
        return self._tags[max(self.which.currentIndex(), 0)]

    def show_suite(self, suite: StoredSuite, tags: Mapping[str, int]) -> None:
        """Offer the items of a suite."""
        self._tags = ["", *tags]
        self.which.clear()
        self.which.addItem(f"All {count_text(suite.items, 'item')}")
        for tag, count in tags.items():
            self.which.addItem(f"With the tag “{tag}” ({count:,})")
        self.which.setEnabled(bool(tags))


def _put(grid: QGridLayout, at: int, words: str, field: QWidget, said: str) -> None:
    label = Label(words)
    label.setMinimumWidth(_LABEL_WIDTH)  # two grids, one line
    label.setBuddy(field)
    grid.addWidget(label, at, 0)
    grid.addWidget(field, at, 1)
    grid.addWidget(Label(said, "caption", wrap=True), at, 2)
