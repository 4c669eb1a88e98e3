"""How the answer is drawn: as the settings have it, or in a way of the prompt's own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import Field, fields, replace
from enum import StrEnum
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QDoubleSpinBox, QHBoxLayout, QSpinBox, QWidget

from app.engine.sampling import Mirostat, Sampling
from app.settings.sampling import SamplingSettings
from app.ui.pane import PaneContext
from app.ui.prompts.fields import PickField, Switchover
from app.ui.prompts.section import Section
from app.ui.widgets.fold import FoldButton
from app.ui.widgets.labels import Label
from app.ui.widgets.layout import column, row

_FIELD_WIDTH = 112
_LISTS = ("banned", "logit_bias", "dry_breakers", "order")  # kept, not edited here
_KEPT = "What this prompt says of single words and of the order of steps is kept as it is."


class _WholeBox(QSpinBox):
    def wheelEvent(self, event: QWheelEvent) -> None:
        super().wheelEvent(event) if self.hasFocus() else event.ignore()


class _DecimalBox(QDoubleSpinBox):
    def wheelEvent(self, event: QWheelEvent) -> None:
        super().wheelEvent(event) if self.hasFocus() else event.ignore()


class NumberField(QWidget):
    """A number of the sampler with its title and help.

    Signals:
        edited: a person chose this value.
    """

    edited = Signal(object)

    def __init__(self, spec: Field[Any]) -> None:
        super().__init__()
        title: str = spec.metadata["title"]
        self.box: _WholeBox | _DecimalBox
        low, high = spec.metadata["low"], spec.metadata["high"]
        if isinstance(spec.default, int):
            self.box = _WholeBox()
            # A prompt that is run again gives the same answer: no new seed each time.
            self.box.setRange(0 if spec.name == "seed" else int(low), int(high))
        else:
            self.box = _DecimalBox()
            self.box.setDecimals(2)
            self.box.setRange(low, high)
            self.box.setSingleStep(spec.metadata["step"])
        self.box.setAccessibleName(title)
        self.box.lineEdit().setAccessibleName(title)
        self.box.lineEdit().setTextMargins(8, 0, 0, 0)  # the style sheet's padding is not there
        self.box.setKeyboardTracking(False)  # a number half typed is no choice
        self.box.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.box.setFixedWidth(_FIELD_WIDTH)
        self.box.valueChanged.connect(self._on_value_changed)
        words = spec.metadata["help"].replace(" -1 takes a new one for each answer.", "")
        _beside(self, title, words, self.box)

    def show_value(self, value: float) -> None:
        """Show a value; one out of bounds is shown at the bound."""
        self.box.blockSignals(True)
        if isinstance(self.box, _WholeBox):
            self.box.setValue(min(max(int(value), self.box.minimum()), self.box.maximum()))
        else:
            self.box.setValue(value)
        self.box.blockSignals(False)

    def _on_value_changed(self, value: float) -> None:
        self.edited.emit(value if isinstance(self.box, _WholeBox) else round(value, 6))


class ChoiceField(QWidget):
    """A choice of the sampler with its title and help.

    Signals:
        edited: a person chose this value.
    """

    edited = Signal(object)

    def __init__(self, spec: Field[Any]) -> None:
        super().__init__()
        title: str = spec.metadata["title"]
        self._labels = {Mirostat(name): words for name, words in spec.metadata["labels"].items()}
        self.pick = PickField(title)
        self.pick.edited.connect(lambda: self.edited.emit(self.pick.value))
        _beside(self, title, spec.metadata["help"], self.pick)

    def show_value(self, value: Mirostat) -> None:
        """Show a value."""
        self.pick.offer(self._labels, value)


def _beside(holder: QWidget, title: str, words: str, field: QWidget) -> None:
    said = column(Label(title), Label(words, "caption", wrap=True), spacing=0)
    layout = QHBoxLayout(holder)
    layout.setContentsMargins(0, 2, 0, 2)
    layout.setSpacing(12)
    layout.addWidget(said, 1)
    layout.addWidget(field, 0, Qt.AlignmentFlag.AlignTop)


class SamplingSection(Section):
    """None, or a whole sampling. The fields are made when they are first needed.

    Signals:
        edited: a person changed it.

    Attributes:
        begin_with: gives the sampling that an own one begins with.
    """

    edited = Signal()

    def __init__(self, context: PaneContext) -> None:
        words = "How much is left to chance. Facts want little of it, ideas want more."
        super().__init__("Sampling", words, context.icons)
        self._icons = context.icons
        self._sampling: Sampling | None = None
        self.begin_with: Callable[[], Sampling] = Sampling
        self.fields: dict[str, NumberField | ChoiceField] = {}
        self.way = Switchover("Sampling", "As in the settings", "Its own")
        self.way.edited.connect(self._on_way_edited)
        self._own = QWidget()
        self._kept = Label(_KEPT, "caption", self._own, wrap=True)
        self.body.addWidget(self.way)
        self.body.addWidget(self._own)
        self._show()

    @property
    def sampling(self) -> Sampling | None:
        """The settings; None takes those of the model."""
        return self._sampling

    def show_sampling(self, sampling: Sampling | None) -> None:
        """Show others, folded: they are many, and the heading says whether there are any."""
        self._sampling = sampling
        self.set_open(False)
        self._show()

    def _show(self) -> None:
        sampling = self._sampling
        self.way.show_value(sampling is not None)
        self._own.setVisible(sampling is not None)
        self.say("its own" if sampling is not None else "")
        if sampling is None:
            return
        if not self.fields:
            self._build()
        for name, field in self.fields.items():
            field.show_value(getattr(sampling, name))
        usual = Sampling()
        self._kept.setVisible(any(getattr(sampling, n) != getattr(usual, n) for n in _LISTS))

    def _build(self) -> None:
        specs = [each for each in fields(SamplingSettings) if not isinstance(each.default, tuple)]
        for spec in specs:
            made = self.fields[spec.name] = _make(spec)
            made.edited.connect(self._editor(spec.name))
        fold = FoldButton("Advanced", self._icons)
        more = column(*(self.fields[e.name] for e in specs if e.metadata["advanced"]), spacing=4)
        more.hide()
        fold.unfolded.connect(more.setVisible)
        usual = [self.fields[each.name] for each in specs if not each.metadata["advanced"]]
        column(*usual, row(fold, None), more, self._kept, spacing=4, into=self._own)

    def _on_way_edited(self, is_own: bool) -> None:
        self._sampling = self.begin_with() if is_own else None
        self._show()
        self.edited.emit()

    def _editor(self, name: str) -> Callable[[object], None]:
        def change(value: object) -> None:
            if self._sampling is not None:
                self._sampling = replace(self._sampling, **{name: value})  # type: ignore[arg-type]
                self.edited.emit()

        return change


def _make(spec: Field[Any]) -> NumberField | ChoiceField:
    return ChoiceField(spec) if isinstance(spec.default, StrEnum) else NumberField(spec)
