"""Few-shot examples: questions with their answers, also pasted from two columns of a table."""

from __future__ import annotations

import csv
import io

from PySide6.QtCore import QMimeData, Signal
from PySide6.QtGui import QGuiApplication

from app.prompts.entities import Example
from app.ui.pane import PaneContext
from app.ui.prompts.entries import Entry, EntryList
from app.ui.prompts.fields import GrowingText, titled
from app.ui.prompts.section import Section
from app.ui.widgets.buttons import Button
from app.ui.widgets.labels import Label
from app.ui.widgets.layout import row

MOST_PASTED = 200
_MOST_CHARACTERS = 1_000_000
_NO_ROWS = "Copy two columns of a table first: the questions and their answers."


def pasted_rows(text: str) -> tuple[Example, ...]:
    """Examples from two columns separated by tabs, as spreadsheets copy them; none if it is not."""
    if "\t" not in text or len(text) > _MOST_CHARACTERS:
        return ()
    try:
        lines = [
            each for each in csv.reader(io.StringIO(text, newline=""), delimiter="\t") if any(each)
        ]
    except csv.Error:
        return ()
    if len(lines) > MOST_PASTED or any(len(each) != 2 or not each[0].strip() for each in lines):
        return ()
    return tuple(Example(question, answer) for question, answer in lines)


class _Question(GrowingText):
    """A question; two columns pasted into an empty one become rows.

    Signals:
        rows_pasted: a tuple of `Example`.
    """

    rows_pasted = Signal(object)

    def insertFromMimeData(self, source: QMimeData) -> None:
        examples = () if self.text else pasted_rows(source.text())
        if examples:
            self.rows_pasted.emit(examples)
        else:
            super().insertFromMimeData(source)


class ExampleCard(Entry):
    """One example.

    Signals:
        rows_pasted: a tuple of `Example`, pasted into its empty question.
    """

    rows_pasted = Signal(object)

    def __init__(self, example: Example, context: PaneContext) -> None:
        super().__init__("example", context.icons)
        self.question = _Question("Question of the example", most=8)
        self.answer = GrowingText("Answer of the example", most=8)
        self.question.show_text(example.input)
        self.answer.show_text(example.output)
        self.question.edited.connect(self.edited)
        self.answer.edited.connect(self.edited)
        self.question.rows_pasted.connect(self.rows_pasted)
        self._number = Label("", "caption")
        self.body.addWidget(row(self._number, None, self.tools))
        self.body.addWidget(titled("Question", self.question))
        self.body.addWidget(titled("Answer", self.answer))

    @property
    def example(self) -> Example:
        """The example as it stands there."""
        return Example(self.question.text, self.answer.text)

    def take_place(self, index: int, count: int) -> None:
        super().take_place(index, count)
        self._number.setText(f"Example {index + 1}")

    def focus_first(self) -> None:
        self.question.setFocus()


class ExamplesSection(Section):
    """All examples.

    Signals:
        edited: a person changed something.
    """

    edited = Signal()

    def __init__(self, context: PaneContext) -> None:
        words = (
            "Questions with the answers you would like, sent word for word before the first"
            " question. Small models learn much from two or three."
        )
        super().__init__("Examples", words, context.icons)
        self._context = context
        self.list: EntryList[Example] = EntryList("example", context.icons, self._make, _example)
        self.list.edited.connect(self._on_edited)
        add = Button("Add an example", "small", context.icons.icon("ph.plus"))
        add.clicked.connect(lambda: self.list.add(Example("", "")).focus_first())
        self.paste = Button("Paste rows", "small", context.icons.icon("ph.clipboard-text"))
        self.paste.clicked.connect(self._on_paste_clicked)
        self.words = Label("", "caption", wrap=True)
        self.words.hide()
        for widget in (self.list, row(add, self.paste, None), self.words):
            self.body.addWidget(widget)

    @property
    def examples(self) -> tuple[Example, ...]:
        """The examples as they stand there."""
        return self.list.values

    @property
    def cards(self) -> tuple[ExampleCard, ...]:
        """One an example, in their order."""
        return tuple(each for each in self.list.entries if isinstance(each, ExampleCard))

    def show_examples(self, examples: tuple[Example, ...]) -> None:
        """Show others; the section is open if there are any."""
        self.list.show_values(examples)
        self.set_open(bool(examples))
        self.words.hide()
        self._count()

    def _make(self, example: Example) -> ExampleCard:
        card = ExampleCard(example, self._context)
        card.rows_pasted.connect(lambda rows: self._on_rows_pasted(card, rows))
        return card

    def _on_rows_pasted(self, card: ExampleCard, rows: tuple[Example, ...]) -> None:
        first, *rest = rows
        card.question.insertPlainText(first.input)
        if not card.answer.text:
            card.answer.insertPlainText(first.output)
        if rest:
            self.list.add(*rest).focus_first()

    def _on_paste_clicked(self) -> None:
        rows = pasted_rows(QGuiApplication.clipboard().text())
        self.words.setText("" if rows else _NO_ROWS)
        self.words.setVisible(not rows)
        if rows:
            self.list.add(*rows)

    def _on_edited(self) -> None:
        self._count()
        self.edited.emit()

    def _count(self) -> None:
        self.say(f"{len(self.examples)}" if self.examples else "")


def _example(entry: Entry) -> Example:
    assert isinstance(entry, ExampleCard)
    return entry.example
