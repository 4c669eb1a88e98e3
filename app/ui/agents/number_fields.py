"""Numbers of the agent editor: where a run ends, and how answers are drawn."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Final

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QResizeEvent, QWheelEvent
from PySide6.QtWidgets import (
    QDoubleSpinBox,
    QGridLayout,
    QSpinBox,
    QWidget,
)

from app.agents.drafts import MOST_BUDGETS
from app.agents.entities import Budgets
from app.engine.sampling import Sampling
from app.ui.forms.fields import WheelShyBox
from app.ui.theme import ThemeKeeper
from app.ui.widgets.labels import Label
from app.ui.widgets.layout import column

_NARROW: Final = 520


class WholeBox(QSpinBox):
    """A whole number; the wheel scrolls the page unless it has the focus."""

    def __init__(self, name: str, low: int, high: int) -> None:
        super().__init__()
        self.setRange(low, high)
        self.setAccessibleName(name)
        self.lineEdit().setAccessibleName(name)
        self.lineEdit().setTextMargins(8, 0, 0, 0)  # the style sheet's padding is not there
        self.setGroupSeparatorShown(True)
        self.setKeyboardTracking(False)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)

    def wheelEvent(self, event: QWheelEvent) -> None:
        super().wheelEvent(event) if self.hasFocus() else event.ignore()


class DecimalBox(QDoubleSpinBox):
    """A number; the wheel scrolls the page unless it has the focus."""

    def __init__(self, name: str, high: float) -> None:
        super().__init__()
        self.setRange(0.0, high)
        self.setSingleStep(0.05)
        self.setAccessibleName(name)
        self.lineEdit().setAccessibleName(name)
        self.lineEdit().setTextMargins(8, 0, 0, 0)
        self.setKeyboardTracking(False)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)

    def wheelEvent(self, event: QWheelEvent) -> None:
        super().wheelEvent(event) if self.hasFocus() else event.ignore()


class FieldGrid(QWidget):
    """Titled fields, four beside each other, or two where there is less room."""

    def __init__(self, theme: ThemeKeeper, fields: dict[str, QWidget]) -> None:
        super().__init__()
        self._theme = theme
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setSpacing(10)
        self._cells = []
        for title, field in fields.items():
            label = Label(title, "caption")
            label.setBuddy(field)
            self._cells.append(column(label, field, spacing=2))
        self._columns = 0
        self._place(2)

    def _place(self, columns: int) -> None:
        if columns == self._columns:
            return
        self._columns = columns
        for at, cell in enumerate(self._cells):
            self._grid.addWidget(cell, at // columns, at % columns)

    def minimumSizeHint(self) -> QSize:
        return QSize(0, super().minimumSizeHint().height())  # else four could never become two

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._place(2 if self.width() < self._theme.px(_NARROW) else len(self._cells))


class BudgetFields(QWidget):
    """Where a run ends.

    Signals:
        edited: a person changed a limit.
    """

    edited = Signal()

    def __init__(self, theme: ThemeKeeper) -> None:
        super().__init__()
        self.steps = WholeBox("Steps", 1, MOST_BUDGETS.steps)
        self.calls = WholeBox("Tool calls", 1, MOST_BUDGETS.tool_calls)
        self.tokens = WholeBox("Tokens", 1, MOST_BUDGETS.tokens)
        self.tokens.setSingleStep(1000)
        self.seconds = WholeBox("Seconds", 1, int(MOST_BUDGETS.seconds))
        self.seconds.setSingleStep(30)
        fields = {
            "Steps": self.steps,
            "Tool calls": self.calls,
            "Tokens written": self.tokens,
            "Seconds of work": self.seconds,
        }
        for box in fields.values():
            box.valueChanged.connect(self.edited)
        column(FieldGrid(theme, dict(fields)), into=self)

    @property
    def budgets(self) -> Budgets:
        """The limits."""
        return Budgets(
            self.steps.value(),
            self.calls.value(),
            self.tokens.value(),
            float(self.seconds.value()),
        )

    def show_budgets(self, budgets: Budgets) -> None:
        """Show these."""
        values = {
            self.steps: budgets.steps,
            self.calls: budgets.tool_calls,
            self.tokens: budgets.tokens,
            self.seconds: round(budgets.seconds),
        }
        for box, value in values.items():
            box.blockSignals(True)
            box.setValue(value)
            box.blockSignals(False)


class SamplingChoice(QWidget):
    """As in the settings, or some values of the agent's own.

    Signals:
        edited: a person changed it.
    """

    edited = Signal()

    def __init__(self, theme: ThemeKeeper) -> None:
        super().__init__()
        self._sampling: Sampling | None = None
        self.box = WheelShyBox()
        self.box.setAccessibleName("Sampling")
        self.box.addItems(["Sampling as in Settings", "Sampling of its own"])
        self.box.activated.connect(self._on_way_chosen)
        self.fields = {
            "temperature": DecimalBox("Temperature", 5.0),
            "top_p": DecimalBox("Top-p", 1.0),
            "min_p": DecimalBox("Min-p", 1.0),
        }
        self.seed = WholeBox("Seed", 0, 2**31 - 1)
        self.seed.setGroupSeparatorShown(False)
        titles = {"Temperature": "temperature", "Top-p": "top_p", "Min-p": "min_p"}
        fields: dict[str, QWidget] = {title: self.fields[n] for title, n in titles.items()}
        self._own = FieldGrid(theme, fields | {"Seed": self.seed})
        for name, field in self.fields.items():
            field.valueChanged.connect(partial(self._on_edited, name))
        self.seed.valueChanged.connect(partial(self._on_edited, "seed"))
        column(self.box, self._own, into=self)
        self.show_sampling(None)

    @property
    def sampling(self) -> Sampling | None:
        """None takes the settings."""
        return self._sampling

    def show_sampling(self, sampling: Sampling | None) -> None:
        """Show this."""
        self._sampling = sampling
        self.box.setCurrentIndex(sampling is not None)
        self._own.setVisible(sampling is not None)
        if sampling is None:
            return
        for name, field in self.fields.items():
            field.blockSignals(True)
            field.setValue(getattr(sampling, name))
            field.blockSignals(False)
        self.seed.blockSignals(True)
        self.seed.setValue(max(sampling.seed, 0))
        self.seed.blockSignals(False)

    def _on_way_chosen(self, index: int) -> None:
        self.show_sampling(self._sampling or Sampling() if index else None)
        self.edited.emit()

    def _on_edited(self, name: str, value: float) -> None:
        if self._sampling is not None:
            given = value if name == "seed" else round(value, 6)
            self._sampling = replace(self._sampling, **{name: given})  # type: ignore[arg-type]
            self.edited.emit()
