"""A whole text as a value: pasted, from the library, or from a file."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QLineEdit, QPlainTextEdit

from app.library.entities import ContentHash, Document, DocumentId, DocumentKind, DocumentStatus
from app.library.service import LibraryService
from app.prompts.entities import Variable, VariableKind
from app.ui.forms.document_field import DocumentField, UnreadableText, document_text, file_text
from app.ui.forms.document_picker import DocumentPicker
from app.ui.forms.variable_form import VariableForm
from tests.ui.text.finding import button, child, has_button

CONTRACT = Document(
    DocumentId(1),
    Path("/files/Contract.pdf"),
    "Contract.pdf",
    DocumentKind.PDF,
    DocumentStatus.INDEXED,
    1000,
    None,
    datetime(2026, 11, 21, tzinfo=UTC),
    ContentHash("a"),
    pages=2,
)


@dataclass
class FakeLibrary:
    texts: tuple[str, ...] = ("Page one.", "Page two.")
    stored: list[Document] = field(default_factory=lambda: [CONTRACT])

    def documents(self) -> tuple[Document, ...]:
        return tuple(self.stored)

    def part_text(self, _content: ContentHash, part: int) -> str:
        return self.texts[part]


@pytest.fixture
def form(qtbot, context) -> VariableForm:
    made = VariableForm(context)
    qtbot.addWidget(made)
    made.attach(cast(LibraryService, FakeLibrary()))
    made.show_variables((Variable("text", VariableKind.DOCUMENT, "Text"),))
    made.resize(420, 500)
    made.show()
    return made


def words(form: VariableForm) -> str:
    return "\n".join(each.text() for each in form.findChildren(QLabel) if each.isVisible())


def test_document_of_the_library_is_chosen_by_name(qtbot, form):
    qtbot.mouseClick(button(form, "Text: choose from the library"), Qt.MouseButton.LeftButton)
    picker = child(form.window(), DocumentPicker)
    search = child(picker, QLineEdit)
    qtbot.waitUntil(
        lambda: "Looking" not in " ".join(e.text() for e in picker.findChildren(QLabel))
    )
    qtbot.keyClicks(search, "contr")
    qtbot.keyClick(search, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: form.values() == {"text": "Page one.\n\nPage two."})
    assert "Contract.pdf" in words(form)
    assert "20 characters" in words(form)


def test_what_was_chosen_can_be_taken_out_again(qtbot, form, tmp_path):
    file = tmp_path / "notes.txt"
    file.write_text("Buy milk.")
    child(form, DocumentField).choose_file(file)
    qtbot.waitUntil(lambda: form.values() == {"text": "Buy milk."})
    qtbot.mouseClick(button(form, "Text: take this text out"), Qt.MouseButton.LeftButton)
    assert form.values() == {"text": ""}
    assert child(form, QPlainTextEdit).isVisible()


def test_text_can_be_pasted(qtbot, form):
    qtbot.keyClicks(child(form, QPlainTextEdit), "Pasted.")
    assert form.values() == {"text": "Pasted."}


def test_file_that_is_no_text_is_refused_with_a_next_step(qtbot, form, tmp_path):
    file = tmp_path / "scan.pdf"
    file.write_bytes(b"%PDF-1.7 \xff\xfe")
    child(form, DocumentField).choose_file(file)
    qtbot.waitUntil(lambda: "no plain text" in words(form))
    assert "Add it to your library" in words(form)
    assert form.values() == {"text": ""}


def test_long_text_from_elsewhere_is_named_and_not_shown(form):
    form.set_values({"text": "word " * 10_000})
    assert "50,000 characters" in words(form)
    assert form.values() == {"text": "word " * 10_000}


def test_library_is_offered_only_once_it_is_there(qtbot, context):
    form = VariableForm(context)
    qtbot.addWidget(form)
    form.show_variables((Variable("text", VariableKind.DOCUMENT, "Text"),))
    form.show()
    assert not has_button(form, "Text: choose from the library")
    form.attach(cast(LibraryService, FakeLibrary()))
    assert has_button(form, "Text: choose from the library")


@pytest.mark.parametrize(
    ("document", "library"),
    [
        (replace(CONTRACT, content=None), FakeLibrary()),
        (CONTRACT, FakeLibrary(("", " "))),
        (CONTRACT, FakeLibrary(("x" * 1_500_000, "y" * 600_000))),
    ],
    ids=["not read yet", "no text", "too long"],
)
def test_document_that_gives_no_text_is_explained(document, library):
    with pytest.raises(UnreadableText) as caught:
        document_text(library, document)
    assert caught.value.hint


def test_missing_file_is_explained(tmp_path):
    with pytest.raises(UnreadableText, match=r"gone\.txt"):
        file_text(tmp_path / "gone.txt")
