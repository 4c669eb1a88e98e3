"""Fields of an item. A text comes back exactly as it was shown until a person edits it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QLineEdit, QVBoxLayout, QWidget

from app.evals.suites.parsing import parse_object
from app.evals.suites.suite import BadItem
from app.ui.forms.long_text import LongText
from app.ui.icons import Icons
from app.ui.widgets.buttons import Button, IconButton
from app.ui.widgets.labels import Label
from app.ui.widgets.layout import column, row

_MOST_LINES = 12  # of a LongText
_BUTTON = 28


class KeptText(LongText):
    """Several lines.

    Signals:
        edited: a person changed the text.
    """

    edited = Signal()

    def __init__(self, name: str, hint: str = "", *, fewest: int = 2, is_code: bool = False):
        super().__init__(fewest=fewest)
        self.setAccessibleName(name)
        self.setPlaceholderText(hint)
        if is_code:
            self.setProperty("code", "true")
        self._given: str | None = ""  # what Qt cannot hold, such as carriage returns, stays in it
        self.textChanged.connect(self._on_text_changed)
        self.document().documentLayout().documentSizeChanged.connect(self._show_bar)
        self._show_bar()

    @property
    def text(self) -> str:
        """What stands there."""
        if self._given is not None:
            return self._given
        # Not `toPlainText`: that makes ordinary spaces of those that keep words together.
        return self.document().toRawText().replace("\u2029", "\n")

    def show_text(self, text: str) -> None:
        """Show another text; nothing is emitted."""
        self.blockSignals(True)
        self.setPlainText(text)
        self.blockSignals(False)
        self._given = text

    def _on_text_changed(self) -> None:
        self._given = None
        self.edited.emit()

    def _show_bar(self) -> None:
        # Until it is as high as it gets, a rounded pixel would bring the bar.
        is_long = self.document().size().height() > _MOST_LINES
        policy = Qt.ScrollBarPolicy
        self.setVerticalScrollBarPolicy(
            policy.ScrollBarAsNeeded if is_long else policy.ScrollBarAlwaysOff
        )


def remove_button(icons: Icons, tip: str) -> IconButton:
    """A small cross at the end of a line."""
    button = IconButton(icons.icon("ph.x"), tip, size=14)
    button.setFixedSize(_BUTTON, _BUTTON)  # else squeezed while a long list is laid out
    return button


class TargetsField(QWidget):
    """Right answers, each in a field of its own; there is always an empty one to write into.

    Signals:
        edited: a person changed them.
    """

    edited = Signal()

    def __init__(self, icons: Icons) -> None:
        super().__init__()
        self._icons = icons
        self._fields: list[tuple[QWidget, KeptText]] = []
        self._layout = QVBoxLayout()
        self._layout.setSpacing(6)
        self._add = Button("Another right answer", "small", icons.icon("ph.plus"))
        self._add.clicked.connect(self._on_add_clicked)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(6)
        whole.addLayout(self._layout)
        whole.addWidget(row(self._add, None))
        self.show_targets(())

    @property
    def targets(self) -> tuple[str, ...]:
        """The right answers as they stand there; empty ones are left out."""
        return tuple(field.text for _line, field in self._fields if field.text.strip())

    @property
    def fields(self) -> tuple[KeptText, ...]:
        """Where they are written."""
        return tuple(field for _line, field in self._fields)

    def show_targets(self, targets: Sequence[str]) -> None:
        """Show others."""
        while self._fields:
            self._drop(len(self._fields) - 1)
        for each in targets or ("",):
            self._append(each)

    def _append(self, text: str) -> KeptText:
        number = len(self._fields) + 1
        name = "Right answer" if number == 1 else f"Right answer {number}"
        field = KeptText(name, "What a good model would say", fewest=1)
        field.show_text(text)
        field.edited.connect(self.edited)
        remove = remove_button(self._icons, f"Remove: {name.lower()}")
        line = row(field, remove, spacing=4)
        remove.clicked.connect(lambda: self._on_remove_clicked(line))
        self._fields.append((line, field))
        self._layout.addWidget(line)
        self._show_removing()
        return field

    def _drop(self, at: int) -> None:
        line, _field = self._fields.pop(at)
        self._layout.removeWidget(line)
        line.hide()
        line.deleteLater()

    def _show_removing(self) -> None:
        for line, _field in self._fields:
            for button in line.findChildren(IconButton):
                button.setVisible(len(self._fields) > 1)

    def _on_add_clicked(self) -> None:
        field = self._append("")
        field.show()
        field.setFocus()

    def _on_remove_clicked(self, line: QWidget) -> None:
        self._drop(next(at for at, each in enumerate(self._fields) if each[0] is line))
        self._show_removing()
        self._fields[-1][1].setFocus()
        self.edited.emit()


class TagsField(QLineEdit):
    """Tags with commas between them."""

    edited = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setAccessibleName("Tags")
        self.setPlaceholderText("None; or words with commas between")
        self.setAcceptDrops(False)
        self._given: tuple[str, ...] | None = ()
        self.textEdited.connect(self._on_text_edited)

    @property
    def tags(self) -> tuple[str, ...]:
        """The tags, each once."""
        if self._given is not None:
            return self._given
        words = (each.strip() for each in self.text().split(","))
        return tuple(dict.fromkeys(filter(None, words)))

    def show_tags(self, tags: Sequence[str]) -> None:
        """Show others; one with a comma in it stays whole until it is edited."""
        self.setText(", ".join(tags))
        self.setCursorPosition(0)
        self._given = tuple(tags)

    def _on_text_edited(self) -> None:
        self._given = None
        self.edited.emit()


class ObjectField(QWidget):
    """A JSON object, checked as it is written.

    Signals:
        edited: a person changed it.
    """

    edited = Signal()

    def __init__(self, name: str, hint: str = '{"source": "manual"}') -> None:
        super().__init__()
        self.editor = KeptText(name, hint, fewest=1, is_code=True)
        self.editor.edited.connect(self._on_edited)
        self.problem = Label("", "danger", wrap=True)
        self.problem.hide()
        self._value: Mapping[str, Any] = {}
        self.setFocusProxy(self.editor)
        column(self.editor, self.problem, spacing=4, into=self)

    @property
    def value(self) -> Mapping[str, Any]:
        """What was last written there that could be read."""
        return self._value

    def show_value(self, value: Mapping[str, Any]) -> None:
        """Show another object."""
        self._value = value
        self.editor.show_text(json.dumps(value, ensure_ascii=False, indent=2) if value else "")
        self.problem.hide()

    def _on_edited(self) -> None:
        text = self.editor.text.strip()
        try:
            self._value = parse_object(text) if text else {}
        except BadItem as error:
            self.problem.setText(
                f"{error.message} What was there before is kept until it can be read."
            )
            self.problem.show()
            return
        self.problem.hide()
        self.edited.emit()
