"""Which prompts are measured: none, several versions, or two versions of one."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QCheckBox, QGridLayout, QHBoxLayout, QVBoxLayout, QWidget

from app.evals.runs.entities import PromptChoice
from app.prompts.entities import Prompt, PromptVersion
from app.ui.evals.suites.item_fields import remove_button
from app.ui.forms.fields import WheelShyBox
from app.ui.pane import PaneContext
from app.ui.widgets.buttons import Button
from app.ui.widgets.labels import Label
from app.ui.widgets.layout import row

if TYPE_CHECKING:
    from app.bootstrap import Services

_PRODUCTION = "production"
_LONGEST_NOTE = 32
_NO_PROMPTS = "There is no prompt with a version yet. Keep one on the Prompts page first."
_AS_IT_IS = "The items are asked as they are, without a prompt."


class VersionBox(WheelShyBox):
    """The versions of a prompt, newest first, with their labels."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.setAccessibleName(name)
        self._numbers: list[int] = []

    @property
    def number(self) -> int | None:
        """The chosen version; None while there is none."""
        at = self.currentIndex()
        return self._numbers[at] if 0 <= at < len(self._numbers) else None

    def show_versions(
        self, prompt: Prompt, versions: Sequence[PromptVersion], wanted: int | None = None
    ) -> None:
        """Offer these; `wanted` is chosen, else the newest."""
        self._numbers = [each.number for each in versions]
        self.clear()
        self.addItems([_title(prompt, each) for each in versions])
        self.setCurrentIndex(self._numbers.index(wanted) if wanted in self._numbers else 0)


class PromptBox(WheelShyBox):
    """The prompts that have a version."""

    def __init__(self, prompts: Sequence[Prompt]) -> None:
        super().__init__()
        self.setAccessibleName("Prompt")
        self._prompts = prompts
        self.addItems([each.name for each in prompts])

    @property
    def prompt(self) -> Prompt:
        """The chosen one."""
        return self._prompts[max(self.currentIndex(), 0)]


class PromptPair(QWidget):
    """Two versions of one prompt.

    Signals:
        changed: another prompt or version is chosen.
    """

    changed = Signal()

    def __init__(self, context: PaneContext, services: Services) -> None:
        super().__init__()
        self._context, self._services = context, services
        self.prompt: PromptBox | None = None
        self.before = VersionBox("Version before")
        self.after = VersionBox("Version after")
        self._nothing = Label("", "body2", wrap=True)
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(12)
        self._grid.setColumnStretch(1, 1)
        self._grid.addWidget(self._nothing, 0, 0, 1, 2)
        self._nothing.hide()
        for box in (self.before, self.after):
            box.activated.connect(self.changed)

    @property
    def choices(self) -> tuple[PromptChoice | None, ...]:
        """The two versions; fewer where there are none, or both are the same."""
        if self.prompt is None:
            return ()
        numbers = dict.fromkeys((self.before.number, self.after.number))
        prompt = self.prompt.prompt.id
        return tuple(PromptChoice(prompt, each) for each in numbers if each is not None)

    @property
    def problem(self) -> str:
        """What is missing, in a sentence."""
        if self.prompt is None:
            return _NO_PROMPTS
        if len(self.choices) < 2:
            name = self.prompt.prompt.name
            if self.prompt.prompt.latest < 2:
                return f"“{name}” has one version only. Change it and keep another version."
            return "Choose two different versions."
        return ""

    @property
    def name(self) -> str:
        """Of the run."""
        if self.prompt is None:
            return ""
        name = self.prompt.prompt.name
        return f"Did “{name}” get better? Version {self.before.number} to {self.after.number}"

    def show_prompts(self, prompts: Sequence[Prompt]) -> None:
        """Offer these."""
        if not prompts:
            self._nothing.setText(_NO_PROMPTS)
            self._nothing.show()
            return
        # The one that was worked on last comes first, if it has two versions.
        order = sorted(prompts, key=lambda each: (each.latest > 1, each.updated_at), reverse=True)
        self.prompt = PromptBox(order)
        self.prompt.activated.connect(self._read)
        rows = (("Prompt", self.prompt), ("Before", self.before), ("After", self.after))
        for at, (words, box) in enumerate(rows, 1):
            label = Label(words)
            label.setBuddy(box)
            self._grid.addWidget(label, at, 0)
            self._grid.addWidget(box, at, 1)
        self._read()

    def _read(self) -> None:
        assert self.prompt is not None
        prompt = self.prompt.prompt
        self._context.jobs.submit(
            self._services.prompts.versions,
            prompt.id,
            owner=self,
            done=partial(self._show_versions, prompt),
        )

    def _show_versions(self, prompt: Prompt, versions: tuple[PromptVersion, ...]) -> None:
        if self.prompt is None or prompt.id != self.prompt.prompt.id:
            return
        before = prompt.labels.get(_PRODUCTION, 0)
        if not 0 < before < prompt.latest:
            before = prompt.latest - 1
        self.before.show_versions(prompt, versions, before)
        self.after.show_versions(prompt, versions)
        self.changed.emit()


class PromptLine(QWidget):
    """A version of a prompt.

    Signals:
        changed: another is chosen.
        remove_requested: it shall go.
    """

    changed = Signal()
    remove_requested = Signal()

    def __init__(self, context: PaneContext, services: Services, prompts: Sequence[Prompt]) -> None:
        super().__init__()
        self._context, self._services = context, services
        self.prompt = PromptBox(prompts)
        self.version = VersionBox("Version")
        remove = remove_button(context.icons, "Remove this prompt")
        remove.clicked.connect(self.remove_requested)
        self.prompt.activated.connect(self._read)
        self.version.activated.connect(self.changed)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(6)
        layout.addWidget(self.prompt, 2)
        layout.addWidget(self.version, 3)
        layout.addWidget(remove)
        self._read()

    @property
    def choice(self) -> PromptChoice:
        """The version."""
        return PromptChoice(self.prompt.prompt.id, self.version.number)

    def _read(self) -> None:
        prompt = self.prompt.prompt
        self._context.jobs.submit(
            self._services.prompts.versions,
            prompt.id,
            owner=self,
            done=partial(self._show_versions, prompt),
        )

    def _show_versions(self, prompt: Prompt, versions: tuple[PromptVersion, ...]) -> None:
        if prompt.id == self.prompt.prompt.id:
            self.version.show_versions(prompt, versions)
            self.changed.emit()


class PromptList(QWidget):
    """No prompt, or any number of versions.

    Signals:
        changed: others are chosen.
    """

    changed = Signal()
    problem = name = ""

    def __init__(self, context: PaneContext, services: Services) -> None:
        super().__init__()
        self._context, self._services = context, services
        self._prompts: Sequence[Prompt] = ()
        self.lines: list[PromptLine] = []
        self._words = Label(_AS_IT_IS, "body2", wrap=True)
        self.without = QCheckBox("Also without a prompt")
        self.without.toggled.connect(self.changed)
        self.without.hide()
        self.add_button = Button("Add a prompt", "small", context.icons.icon("ph.plus"))
        self.add_button.clicked.connect(self.add)
        self.add_button.setEnabled(False)
        self._list = QVBoxLayout()
        self._list.setSpacing(6)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        layout.addWidget(self._words)
        layout.addLayout(self._list)
        layout.addWidget(row(self.add_button, self.without, None, spacing=16))

    @property
    def choices(self) -> tuple[PromptChoice | None, ...]:
        """The versions; None among them is no prompt."""
        chosen: tuple[PromptChoice | None, ...] = tuple(line.choice for line in self.lines)
        return (*chosen, None) if self.without.isChecked() or not chosen else chosen

    def show_prompts(self, prompts: Sequence[Prompt]) -> None:
        """Offer these."""
        self._prompts = prompts
        self.add_button.setEnabled(bool(prompts))
        self.add_button.setToolTip("" if prompts else _NO_PROMPTS)

    def add(self) -> PromptLine:
        """Add a prompt, as a person does."""
        line = PromptLine(self._context, self._services, self._prompts)
        line.changed.connect(self.changed)
        line.remove_requested.connect(lambda: self._remove(line))
        self.lines.append(line)
        self._list.addWidget(line)
        self._show()
        return line

    def _remove(self, line: PromptLine) -> None:
        self.lines.remove(line)
        self._list.removeWidget(line)
        line.hide()
        line.deleteLater()
        self._show()

    def _show(self) -> None:
        self._words.setVisible(not self.lines)
        self.without.setVisible(bool(self.lines))
        self.changed.emit()


def _title(prompt: Prompt, version: PromptVersion) -> str:
    labels = [label for label, number in prompt.labels.items() if number == version.number]
    if version.number == prompt.latest:
        labels.insert(0, "latest")
    note = " ".join(version.note.split())
    if len(note) > _LONGEST_NOTE:
        note = note[:_LONGEST_NOTE].rstrip() + "…"
    named = f" ({', '.join(labels)})" if labels else ""
    return f"Version {version.number}{named}{f' · {note}' if note else ''}"
