"""Which version of a prompt is tried: what is being written, a label, or a number."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from app.prompts.entities import Content, Prompt, PromptVersion
from app.ui.forms.fields import WheelShyBox

AS_WRITTEN = "As it is written now"
_LONGEST_NOTE = 40


@dataclass(frozen=True, slots=True)
class Edition:
    """Something of a prompt that can be tried.

    Attributes:
        key: stays when versions are added; empty for what is being written.
        number: of the version; None for what is being written.
    """

    key: str
    title: str
    content: Content
    number: int | None = None

    @property
    def name(self) -> str:
        """In a few words."""
        return f"version {self.number}" if self.number is not None else "as written"


class VersionChoice(QWidget):
    """Lists the editions.

    Signals:
        changed: another content is chosen.
    """

    changed = Signal()

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._editions: tuple[Edition, ...] = (Edition("", AS_WRITTEN, Content()),)
        self._box = WheelShyBox()
        self._box.setAccessibleName(name)
        self.setFocusProxy(self._box)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._box)
        self._box.addItem(AS_WRITTEN)
        self._box.currentIndexChanged.connect(lambda _index: self.changed.emit())

    @property
    def edition(self) -> Edition:
        """What is chosen."""
        return self._editions[max(self._box.currentIndex(), 0)]

    def show_editions(self, editions: Sequence[Edition], key: str | None = None) -> None:
        """Offer these; what is chosen stays unless a key is given or it is gone."""
        before = self.edition
        wanted = before.key if key is None else key
        self._editions = tuple(editions)
        self._box.blockSignals(True)
        self._box.clear()
        for each in editions:
            self._box.addItem(each.title)
        found = [at for at, each in enumerate(editions) if each.key == wanted]
        self._box.setCurrentIndex(found[0] if found else 0)
        self._box.blockSignals(False)
        if self.edition != before:
            self.changed.emit()

    def choose(self, key: str) -> None:
        """Choose an edition by its key."""
        self.show_editions(self._editions, key)


def editions_of(
    prompt: Prompt, written: Content, versions: Sequence[PromptVersion]
) -> tuple[Edition, ...]:
    """All that can be tried of a prompt, what is being written first.

    Args:
        versions: of the prompt, newest first.
    """
    by_number = {each.number: each for each in versions}
    named = [
        Edition(f"label:{label}", f"{label} (version {number})", by_number[number].content, number)
        for label, number in prompt.labels.items()
        if number in by_number
    ]
    numbered = [
        Edition(f"number:{each.number}", _title(each), each.content, each.number)
        for each in versions
    ]
    latest = [
        Edition("latest", f"Latest (version {each.number})", each.content, each.number)
        for each in versions[:1]
    ]
    return (Edition("", AS_WRITTEN, written), *latest, *named, *numbered)


def _title(version: PromptVersion) -> str:
    note = " ".join(version.note.split())
    note = note if len(note) <= _LONGEST_NOTE else f"{note[:_LONGEST_NOTE].rstrip()}…"
    return f"Version {version.number} · {note}" if note else f"Version {version.number}"
