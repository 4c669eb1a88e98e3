"""Which models are measured: files grouped by the model they are of, and servers."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QCheckBox, QVBoxLayout, QWidget

from app.evals.runs.entities import ModelChoice
from app.modelhub.entities import Endpoint, LocalModel, ModelId
from app.modelhub.in_use import host_of
from app.ui.amounts import size_text
from app.ui.evals.new_run.forecast import FitWords
from app.ui.theme import set_look
from app.ui.widgets.labels import ElidedLabel, Label
from app.ui.widgets.layout import column, row

_NO_MODELS = "There is no model yet. Import a file or connect a server on the Models page first."
_LEVEL_WIDTH = 96


def base_name(model: LocalModel) -> str:
    """What files of one model share: its name without the quantization level."""
    level = re.escape(model.quantization)
    return re.sub(rf"[-_. ]*\b{level}$", "", model.name, flags=re.IGNORECASE) or model.name


class ModelLine(QWidget):
    """One model with a box to tick.

    Signals:
        toggled: it was ticked or not.
    """

    toggled = Signal()

    def __init__(self, choice: ModelChoice, title: str, facts: str, name: str) -> None:
        super().__init__()
        self.choice = choice
        self.name = name
        self.box = QCheckBox(title)
        self.box.setMinimumWidth(_LEVEL_WIDTH)
        self.box.setAccessibleName(name)
        self.box.toggled.connect(self.toggled)
        self.facts = Label(facts, "caption")
        self.fit = ElidedLabel("", "caption")
        self.setObjectName("checkrow")
        row(self.box, self.facts, self.fit, margins=(4, 3, 4, 3), spacing=12, into=self)
        layout = self.layout()
        if layout is not None:
            layout.setStretch(2, 1)  # type: ignore[attr-defined]  # it is a QHBoxLayout

    def show_fit(self, words: FitWords | None) -> None:
        """Say whether it fits into memory."""
        self.fit.set_text(words.text if words is not None else "")
        set_look(self.fit, "role", "danger" if words and words.is_doubtful else "caption")


class ModelChecklist(QWidget):
    """Lists the models.

    Signals:
        changed: other models are ticked.
    """

    changed = Signal()

    def __init__(self, *, is_reading: bool) -> None:
        super().__init__()
        self._is_reading = is_reading
        self.lines: list[ModelLine] = []
        self._groups: dict[str, list[ModelLine]] = {}
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(10)
        self._nothing = Label(_NO_MODELS, "body2", wrap=True)
        self._nothing.hide()
        self._layout.addWidget(self._nothing)

    @property
    def chosen(self) -> tuple[ModelChoice, ...]:
        """The models that are ticked."""
        return tuple(line.choice for line in self.lines if line.box.isChecked())

    @property
    def chosen_groups(self) -> tuple[str, ...]:
        """The base names of the files that are ticked; servers each count as one."""
        return tuple(
            name
            for name, lines in self._groups.items()
            if any(line.box.isChecked() for line in lines)
        )

    def show_models(
        self, models: Sequence[LocalModel], endpoints: Sequence[Endpoint], in_use: ModelId | None
    ) -> None:
        """Offer these, and tick what will most likely be wanted."""
        for model in sorted(models, key=lambda each: (base_name(each).casefold(), each.size_bytes)):
            same = [each for each in models if _title(each) == _title(model)]
            line = _file_line(model, is_alone=len(same) == 1)
            self._groups.setdefault(base_name(model), []).append(line)
        for name, lines in self._groups.items():
            self._add_group(name, lines)
        wanted = self._wanted(in_use)
        servers = [each for each in endpoints if not self._is_reading or _can_read(each)]
        if servers:
            lines = [_server_line(each) for each in servers]
            self._add_group("On servers", lines)
            self._groups |= {line.name: [line] for line in lines}
        self._nothing.setVisible(not self.lines)
        for line in wanted:
            line.box.setChecked(True)
        for line in self.lines:
            line.toggled.connect(self.changed)
        self.changed.emit()

    def show_fits(self, fits: Mapping[ModelId, FitWords]) -> None:
        """Say of the ticked ones whether they fit into memory."""
        for line in self.lines:
            found = None if line.choice.model is None else fits.get(line.choice.model)
            line.show_fit(found if line.box.isChecked() else None)

    def _wanted(self, in_use: ModelId | None) -> list[ModelLine]:
        there = [line for line in self.lines if line.box.isEnabled()]
        used = [line for line in there if line.choice.model == in_use and in_use is not None]
        if not self._is_reading:
            return used or there[:1]
        several = [lines for each in self._groups.values() if len(lines := _enabled(each)) > 1]
        with_used = [lines for lines in several if used and used[0] in lines]
        return next(iter(with_used or several), used or there[:1])

    def _add_group(self, name: str, lines: list[ModelLine]) -> None:
        self.lines += lines
        self._layout.addWidget(column(ElidedLabel(name, "body2"), *lines, spacing=2))


def _enabled(lines: Sequence[ModelLine]) -> list[ModelLine]:
    return [line for line in lines if line.box.isEnabled()]


def _title(model: LocalModel) -> tuple[str, str]:
    level = model.quantization if model.quantization not in ("", "unknown") else model.path.name
    return base_name(model), level


def _file_line(model: LocalModel, *, is_alone: bool) -> ModelLine:
    """A line; two files of one model and level are told apart by their names."""
    facts = " · ".join(
        filter(
            None,
            (
                size_text(model.size_bytes),
                "" if is_alone else model.path.name,
                "" if model.is_present else "the file is missing",
            ),
        )
    )
    base, level = _title(model)
    name = f"{base} {level}" if is_alone else f"{base} {level} {model.path.name}"
    line = ModelLine(ModelChoice(model=model.id), level, facts, name)
    line.setToolTip(str(model.path))
    line.box.setEnabled(model.is_present)
    return line


def _server_line(endpoint: Endpoint) -> ModelLine:
    facts = f"The items are sent to {host_of(endpoint.base_url)}"
    return ModelLine(ModelChoice(endpoint=endpoint.id), endpoint.name, facts, endpoint.name)


def _can_read(endpoint: Endpoint) -> bool:
    return endpoint.kind.value == "vllm"  # no other server tells how likely a text is
