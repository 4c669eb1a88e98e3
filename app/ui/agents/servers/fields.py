"""The three ways to say what a server is: pasted JSON, a program, an address."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFileDialog, QLineEdit, QPlainTextEdit, QVBoxLayout, QWidget

from app.ui.agents.servers.draft import (
    AddressText,
    ProgramText,
    ServerDraft,
    address_changes,
    address_draft,
    address_text,
    program_changes,
    program_draft,
    program_text,
)
from app.ui.agents.servers.pairs import PairRows
from app.ui.agents.servers.sheet import titled
from app.ui.icons import Icons
from app.ui.theme import ThemeKeeper
from app.ui.widgets.buttons import Button
from app.ui.widgets.layout import NONE, row

_LONGEST_LINE: Final = 4000
_EXAMPLE: Final = """{
  "mcpServers": {
    "files": { "command": "npx", "args": ["-y", "server-filesystem@1.2.3", "/home/me/notes"] }
  }
}"""


class Fields(QWidget):
    """Fields below each other.

    Signals:
        resized: they need more or less room.
        submitted: Enter was pressed in a line.
    """

    resized = Signal()
    submitted = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.body = QVBoxLayout(self)
        self.body.setContentsMargins(*NONE)
        self.body.setSpacing(14)

    def forget(self) -> None:
        """Empty what may be secret."""

    def _line(self, name: str, example: str) -> QLineEdit:
        field = QLineEdit()
        field.setAccessibleName(name)
        field.setPlaceholderText(example)
        field.setMaxLength(_LONGEST_LINE)
        field.setAcceptDrops(False)
        field.returnPressed.connect(self.submitted)
        return field


class PasteFields(Fields):
    """A box for what the page of a server, or another program, has."""

    def __init__(self, theme: ThemeKeeper) -> None:
        super().__init__()
        self.text = _text_box(theme, "JSON of the server", _EXAMPLE, lines=11)
        self.text.setFont(theme.code_font())
        hint = (
            "As pages about servers have it, or from the settings of Claude Desktop, Cursor or "
            "VS Code. A key in it is kept as it is, in mcp.json; write ${keyring:name} in its "
            "place to be asked for it and have it kept in the keyring."
        )
        self.body.addWidget(titled("JSON", self.text, hint=hint))

    def forget(self) -> None:
        self.text.clear()


class ProgramFields(Fields):
    """What is started, and with what."""

    def __init__(self, icons: Icons, theme: ThemeKeeper) -> None:
        super().__init__()
        self.name = self._line("Name", "files")
        self.command = self._line("Command", "npx, uvx, or the full path of a program")
        self.arguments = _text_box(theme, "Arguments, one a line", "-y\nserver@1.2.3", lines=4)
        self.environment = PairRows(icons, "variable", "API_KEY")
        self.folder = self._line("Working folder", "Your home folder, unless you choose another")
        browse = Button("Browse…")
        browse.setAccessibleName("Choose the working folder")
        browse.clicked.connect(self._on_browse_clicked)
        self.environment.resized.connect(self.resized)
        self._name = titled("Name", self.name)
        for part in (
            self._name,
            titled("Command", self.command),
            titled("Arguments", self.arguments, hint="One a line, without quotation marks."),
            titled("Environment", self.environment),
            titled("Working folder", row(self.folder, browse)),
        ):
            self.body.addWidget(part)

    def draft(self) -> ServerDraft:
        """What is entered.

        Raises:
            AppError: something is missing, in words.
        """
        return program_draft(
            self.name.text(),
            self.command.text(),
            self.arguments.toPlainText(),
            self.environment.pairs,
            self.folder.text().strip(),
        )

    def show_entry(self, values: Mapping[str, Any]) -> None:
        """Show what a server has already; its name stays."""
        text = program_text(values)
        self._name.hide()
        self.command.setText(text.command)
        self.arguments.setPlainText(text.arguments)
        self.environment.show_pairs(text.environment)
        self.folder.setText(text.folder)

    def changes(self, name: str, values: Mapping[str, Any]) -> ServerDraft:
        """What is other than in this entry.

        Raises:
            AppError: something is missing, in words.
        """
        now = ProgramText(
            self.command.text(),
            self.arguments.toPlainText(),
            self.environment.pairs,
            self.folder.text(),
        )
        return program_changes(name, values, now)

    def forget(self) -> None:
        self.environment.forget()

    def _on_browse_clicked(self) -> None:
        dialog = QFileDialog(self, "Working folder", self.folder.text())
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        dialog.fileSelected.connect(self.folder.setText)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()


class AddressFields(Fields):
    """Where it is connected to, and with which headers."""

    def __init__(self, icons: Icons) -> None:
        super().__init__()
        self.name = self._line("Name", "notes")
        self.url = self._line("Address", "https://example.com/mcp")
        self.headers = PairRows(icons, "header", "Authorization")
        self.headers.resized.connect(self.resized)
        self._name = titled("Name", self.name)
        self.body.addWidget(self._name)
        hint = "Of a server that speaks streamable HTTP."
        self.body.addWidget(titled("Address", self.url, hint=hint))
        self.body.addWidget(titled("Headers", self.headers))

    def draft(self) -> ServerDraft:
        """What is entered.

        Raises:
            AppError: something is missing, in words.
        """
        return address_draft(self.name.text(), self.url.text(), self.headers.pairs)

    def show_entry(self, values: Mapping[str, Any]) -> None:
        """Show what a server has already; its name stays."""
        text = address_text(values)
        self._name.hide()
        self.url.setText(text.url)
        self.headers.show_pairs(text.headers)

    def changes(self, name: str, values: Mapping[str, Any]) -> ServerDraft:
        """What is other than in this entry.

        Raises:
            AppError: something is missing, in words.
        """
        return address_changes(name, values, AddressText(self.url.text(), self.headers.pairs))

    def forget(self) -> None:
        self.headers.forget()


def _text_box(theme: ThemeKeeper, name: str, example: str, *, lines: int) -> QPlainTextEdit:
    box = QPlainTextEdit()
    box.setObjectName("texts")
    box.setAccessibleName(name)
    box.setPlaceholderText(example)
    box.setTabChangesFocus(True)
    box.setAcceptDrops(False)
    box.setFixedHeight(theme.px(18 * lines) + 16)
    return box
