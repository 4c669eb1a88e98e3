"""The sheet that asks for the keys a server wants and nobody kept."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QLineEdit, QWidget

from app.base.errors import AppError
from app.ui.agents.servers.sheet import ServerSheet, titled
from app.ui.agents.servers.words import one_line
from app.ui.icons import Icons
from app.ui.widgets.buttons import Button
from app.ui.widgets.labels import Label

_LONGEST = 8192


class KeysSheet(ServerSheet):
    """A password field for each key.

    Signals:
        given: the keys by name, and whether they are forgotten when Cairn closes. Whoever listens
            calls `dismiss` or `show_problem`.
    """

    given = Signal(dict, bool)

    def __init__(self, window: QWidget, icons: Icons, server: str, names: Sequence[str]) -> None:
        name = one_line(server)
        super().__init__(window, icons, f"Keys for “{name}”", width=520)
        needed, kept = ("these keys", "They are") if len(names) > 1 else ("this key", "It is")
        words = (
            f"“{name}” needs {needed}. {kept} given to no other server, and not written into "
            "mcp.json."
        )
        self.content.addWidget(Label(words, "body2", wrap=True))
        self.fields = {each: secret_field(f"Key {one_line(each)}") for each in names}
        self.for_now = Button("Only until Cairn closes")
        self.keep = Button("Keep in the keyring", "primary")
        for each, field in self.fields.items():
            self.content.addWidget(titled(one_line(each), field))
            field.textChanged.connect(self._on_text_changed)
            field.returnPressed.connect(self.keep.click)
        self.for_now.clicked.connect(lambda: self._give(this_run=True))
        self.keep.clicked.connect(lambda: self._give(this_run=False))
        self.finish(self.for_now, self.keep)
        self._on_text_changed()

    def first_focus(self) -> QWidget | None:
        return next(iter(self.fields.values()), self.back)

    def show_problem(self, error: AppError) -> None:
        self._on_text_changed()
        super().show_problem(error)

    def dismiss(self) -> None:
        for field in self.fields.values():
            field.clear()  # no longer than they are needed
        super().dismiss()

    def _give(self, *, this_run: bool) -> None:
        self.drop_problem()
        texts = {name: field.text().strip() for name, field in self.fields.items()}
        self.keep.setEnabled(False)
        self.for_now.setEnabled(False)
        self.given.emit(texts, this_run)

    def _on_text_changed(self) -> None:
        has_all = all(field.text().strip() for field in self.fields.values())
        self.keep.setEnabled(has_all)
        self.for_now.setEnabled(has_all)


def secret_field(name: str) -> QLineEdit:
    """A field that does not show what is written into it."""
    field = QLineEdit()
    field.setAccessibleName(name)
    field.setMaxLength(_LONGEST)
    field.setAcceptDrops(False)
    set_secret(field, is_secret=True)
    return field


def set_secret(field: QLineEdit, *, is_secret: bool) -> None:
    """Hide or show what is written, from the input method as well."""
    field.setEchoMode(QLineEdit.EchoMode.Password if is_secret else QLineEdit.EchoMode.Normal)
    hidden = (
        Qt.InputMethodHint.ImhHiddenText
        | Qt.InputMethodHint.ImhSensitiveData
        | Qt.InputMethodHint.ImhNoPredictiveText
    )
    field.setInputMethodHints(hidden if is_secret else Qt.InputMethodHint.ImhNone)
