"""A field for a whole text: pasted, from a document of the library, or from a text file."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QFileDialog, QWidget

from app.base.errors import AppError
from app.library.entities import Document
from app.prompts.variables import MOST_CHARACTERS
from app.ui.amounts import count_text
from app.ui.forms.document_picker import DocumentPicker
from app.ui.forms.fields import ValueField, plain
from app.ui.forms.long_text import LongText
from app.ui.icons import Icons
from app.ui.jobs import Job, JobRunner
from app.ui.theme import ThemeKeeper
from app.ui.widgets.buttons import Button, IconButton
from app.ui.widgets.labels import ElidedLabel, IconLabel, Label
from app.ui.widgets.layout import row

if TYPE_CHECKING:
    from app.library.service import LibraryService

_READABLE = "Texts (*.txt *.md *.csv *.json *.html *.xml *.log *.py);;All files (*)"
_MOST_SHOWN = 20_000  # characters that can still be edited with ease
_MOST_BYTES = 4 * MOST_CHARACTERS  # UTF-8 has four bytes a character at most


class UnreadableText(AppError):
    """A file that cannot be put into a prompt."""


class DocumentField(ValueField):
    """Shows the text that is pasted, or the name and length of what was chosen."""

    def __init__(
        self,
        name: str,
        jobs: JobRunner,
        theme: ThemeKeeper,
        icons: Icons,
        library: LibraryService | None,
    ) -> None:
        self._text = LongText()
        super().__init__(self._text, name)
        self._name, self._jobs, self._theme, self._icons = name, jobs, theme, icons
        self._library = library
        self._chosen: str | None = None  # the text of what was chosen
        self._reading: Job | None = None
        self._text.setPlaceholderText("Paste a text here, or choose one")
        self._text.textChanged.connect(self.changed)
        self.holder.addWidget(self._build_chosen())
        self.holder.addWidget(self._build_offers())
        self._problem = Label("", "danger", wrap=True)
        self._problem.hide()
        self.holder.addWidget(self._problem)

    def attach(self, library: LibraryService) -> None:
        """The library can be chosen from now."""
        self._library = library
        self._from_library.show()

    def value(self) -> object:
        return self._text.toPlainText() if self._chosen is None else self._chosen

    def set_value(self, value: object) -> None:
        if value == self.value():
            return
        self._take_back()
        text = plain(value)
        if len(text) > _MOST_SHOWN:
            self._chosen = text
            self._show_chosen("A long text", count_text(len(text), "character"))
            self.changed.emit()
        else:
            self._text.setPlainText(text)

    def _build_chosen(self) -> QWidget:
        self._title = ElidedLabel("")
        self._length = Label("", "caption")
        drop = IconButton(self._icons.icon("ph.x"), f"{self._name}: take this text out", size=14)
        drop.clicked.connect(self._on_dropped)
        icon = IconLabel(self._icons.icon("ph.file-text"), 16)
        self._strip = QWidget()
        self._strip.setObjectName("chosentext")
        row(icon, self._title, self._length, None, drop, margins=(10, 2, 4, 2), into=self._strip)
        self._strip.hide()
        return self._strip

    def _build_offers(self) -> QWidget:
        self._from_library = Button("From the library…", "small", self._icons.icon("ph.books"))
        self._from_library.setAccessibleName(f"{self._name}: choose from the library")
        self._from_library.clicked.connect(self._on_library_clicked)
        file = Button("From a file…", "small", self._icons.icon("ph.file-text"))
        file.setAccessibleName(f"{self._name}: choose a file")
        file.clicked.connect(self._on_file_clicked)
        self._offers = row(self._from_library, file, None)
        # Not before it has a parent: shown alone it would be a window.
        self._from_library.setVisible(self._library is not None)
        return self._offers

    def _on_library_clicked(self) -> None:
        if self._library is None:
            return
        picker = DocumentPicker(self.window(), self._icons, self._theme)
        picker.chosen.connect(self.choose_document)
        picker.open()
        self._jobs.submit(
            self._library.documents,
            owner=picker,
            done=picker.show_documents,
            failed=picker.show_problem,
        )

    def _on_file_clicked(self) -> None:
        dialog = QFileDialog(self.window(), "Choose a text", "", _READABLE)
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.fileSelected.connect(lambda path: self.choose_file(Path(path)))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def choose_document(self, document: Document) -> None:
        """Take the whole text of a document of the library."""
        if self._library is not None:
            self._read(document.title, document_text, self._library, document)

    def choose_file(self, path: Path) -> None:
        """Take the text of a file."""
        self._read(path.name, file_text, path)

    def _read(self, title: str, read: Callable[..., str], *args: object) -> None:
        if self._reading is not None:
            self._reading.drop()
        self._problem.hide()
        self._show_chosen(title, "Reading…")
        self._reading = self._jobs.submit(
            read,
            *args,
            owner=self,
            done=partial(self._on_read, title),
            failed=self._on_failed,
        )

    def _on_read(self, title: str, text: str) -> None:
        self._reading, self._chosen = None, text
        self._show_chosen(title, count_text(len(text), "character"))
        self.changed.emit()

    def _on_failed(self, error: AppError) -> None:
        self._take_back()
        self._problem.setText(str(error))
        self._problem.show()
        self.changed.emit()

    def _on_dropped(self) -> None:
        self._take_back()
        self._text.setFocus()
        self.changed.emit()

    def _show_chosen(self, title: str, length: str) -> None:
        self._title.set_text(title)
        self._length.setText(length)
        for widget, is_shown in ((self._strip, True), (self._text, False), (self._offers, False)):
            widget.setVisible(is_shown)

    def _take_back(self) -> None:
        if self._reading is not None:
            self._reading.drop()
        self._reading = self._chosen = None
        self._problem.hide()
        for widget, is_shown in ((self._strip, False), (self._text, True), (self._offers, True)):
            widget.setVisible(is_shown)


def document_text(library: LibraryService, document: Document) -> str:
    """All the text of a document, its pages or sections one after another.

    Raises:
        UnreadableText: it was not read yet, has no text, or is too long for a prompt.
    """
    if document.content is None:
        raise UnreadableText(
            f"“{document.title}” has not been read yet.", "Wait until the library has it."
        )
    parts: list[str] = []
    for part in range(max(document.pages, 1)):
        parts.append(library.part_text(document.content, part).strip())
        if sum(map(len, parts)) > MOST_CHARACTERS:
            raise _too_long(document.title)
    text = "\n\n".join(part for part in parts if part)
    if not text:
        raise UnreadableText(f"“{document.title}” has no text.", "Choose another document.")
    return text


def file_text(path: Path) -> str:
    """The text of a file in UTF-8.

    Raises:
        UnreadableText: it cannot be opened, is no text, or is too long for a prompt.
    """
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise _too_long(path.name)
        text = path.read_text("utf-8-sig")
    except OSError as error:
        raise UnreadableText(
            f"“{path.name}” cannot be opened ({error.strerror}).", "Choose another file."
        ) from error
    except UnicodeDecodeError as error:
        raise UnreadableText(
            f"“{path.name}” is no plain text.",
            "Add it to your library, then choose it from there.",
        ) from error
    if len(text) > MOST_CHARACTERS:
        raise _too_long(path.name)
    return text


def _too_long(name: str) -> UnreadableText:
    return UnreadableText(
        f"“{name}” is too long for a prompt: more than {MOST_CHARACTERS:,} characters.",
        "Ask about it in chat, which finds the passages that matter.",
    )
