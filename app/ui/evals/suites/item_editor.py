"""The editor of one item. It knows no service: what is typed goes out by a signal."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QLineEdit, QVBoxLayout, QWidget

from app.base.errors import AppError
from app.evals.entities import Item
from app.evals.suites.suite import MAX_KEY_CHARACTERS
from app.ui.evals.suites.item_fields import ObjectField, TagsField, TargetsField
from app.ui.evals.suites.item_turns import TurnsField
from app.ui.icons import Icons
from app.ui.widgets.buttons import IconButton
from app.ui.widgets.fold import FoldButton
from app.ui.widgets.labels import Label
from app.ui.widgets.layout import ScrollPage, column, row

_TARGETS = "Any of them counts as right. Leave it empty where nothing is compared with an answer."
_METADATA = (
    "Whatever else belongs to the item, as JSON. “vars” fills in variables of a prompt, “schema” "
    "is the form of the answer, “tool_calls” are the calls expected."
)
_BUTTON = 28
_NO_QUESTION = "Write a question first."
_KEY = (
    "Results are matched by this key. With another one it counts as another item when runs are "
    "compared."
)


class ItemEditor(QWidget):
    """Shows an item, or nothing.

    Signals:
        edited: the `Item` as it stands there now.
        key_edited: the item shall have this key.
        duplicate_requested, remove_requested: of the item that is shown.
    """

    edited = Signal(object)
    key_edited = Signal(str)
    duplicate_requested = Signal()
    remove_requested = Signal()

    def __init__(self, icons: Icons, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._icons = icons
        self._item: Item | None = None
        self.turns = TurnsField(icons)
        self.targets = TargetsField(icons)
        self.tags = TagsField()
        self.metadata = ObjectField("Metadata as JSON")
        self.key = QLineEdit()
        self.key.setAccessibleName("Key")
        self.key.setMaxLength(MAX_KEY_CHARACTERS)
        self.key.setAcceptDrops(False)
        self.key.setProperty("code", "true")
        self.key.editingFinished.connect(self._on_key_edited)
        for field in (self.turns, self.targets, self.tags, self.metadata):
            field.edited.connect(self._on_edited)
        self.state = Label("", "caption")
        self.problem = Label("", "danger", wrap=True)
        self.key_problem = Label("", "danger", wrap=True)
        self._build()
        self.show_item(None)

    @property
    def item(self) -> Item | None:
        """The item as it stands there; None where none is shown."""
        if self._item is None:
            return None
        return replace(
            self._item,
            input=self.turns.turns,
            targets=self.targets.targets,
            tags=self.tags.tags,
            metadata=self.metadata.value,
        )

    def show_item(self, item: Item | None) -> None:
        """Show another item."""
        self._item = item
        self._page.setVisible(item is not None)
        self._nothing.setVisible(item is None)
        self.problem.hide()
        self.key_problem.hide()
        self.state.setText("")
        if item is None:
            return
        self.turns.show_turns(item.input)
        self.targets.show_targets(item.targets)
        self.tags.show_tags(item.tags)
        self.metadata.show_value(item.metadata)
        self.key.setText(item.key)
        self.key.setCursorPosition(0)
        has_more = bool(item.metadata)
        self._fold.set_open(has_more)
        self._more.setVisible(has_more)
        self._page.verticalScrollBar().setValue(0)

    def say(self, state: str, problem: AppError | None = None) -> None:
        """Say whether it is saved, or why it cannot be."""
        self.state.setText("" if problem is not None else state)
        words = str(problem) if problem is not None else ""
        if problem is not None and not any(turn.content.strip() for turn in self.turns.turns):
            words = _NO_QUESTION
        self.problem.setText(f"Not saved yet. {words}")
        self.problem.setVisible(problem is not None)

    def refuse_key(self, error: AppError) -> None:
        """The key cannot be taken; the old one is back."""
        if self._item is not None:
            self.key.setText(self._item.key)
        self.key_problem.setText(str(error))
        self.key_problem.show()

    def focus_question(self) -> None:
        """Put the focus where the question is written."""
        cards = self.turns.cards
        (cards[0].text if cards else self.turns.question).setFocus()

    def _build(self) -> None:
        icon = self._icons.icon
        copy = IconButton(icon("ph.copy"), "Duplicate this item", size=16)
        copy.clicked.connect(self.duplicate_requested)
        remove = IconButton(icon("ph.trash"), "Remove this item", size=16)
        remove.clicked.connect(self.remove_requested)
        for button in (copy, remove):
            button.setFixedSize(_BUTTON, _BUTTON)  # else squeezed while the page is laid out
        self._fold = FoldButton("Key and metadata", self._icons)
        self._more = column(
            _titled("Metadata", self.metadata, _METADATA),
            _titled("Key", self.key, _KEY),
            self.key_problem,
            spacing=14,
        )
        self._fold.unfolded.connect(self._more.setVisible)
        self._page = ScrollPage("Item", width=680, margins=(20, 12, 20, 24))
        body = self._page.body
        body.setSpacing(14)
        body.addWidget(row(Label("Item", "h3"), self.state, None, copy, remove, spacing=6))
        body.addWidget(self.problem)
        body.addWidget(_titled("Question", self.turns))
        body.addWidget(_titled("Right answers", self.targets, _TARGETS))
        body.addWidget(_titled("Tags", self.tags))
        body.addWidget(row(self._fold, None))
        body.addWidget(self._more)
        body.addStretch(1)
        self._nothing = Label("Choose an item to see and change it.", "body2", wrap=True)
        self._nothing.setAlignment(Qt.AlignmentFlag.AlignCenter)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._page, 1)
        layout.addWidget(self._nothing, 1)

    def _on_edited(self) -> None:
        if (item := self.item) is not None:
            self.edited.emit(item)

    def _on_key_edited(self) -> None:
        if self._item is not None and self.key.text().strip() != self._item.key:
            self.key_problem.hide()
            self.key_edited.emit(self.key.text().strip())


def _titled(title: str, field: QWidget, words: str = "") -> QWidget:
    heading = Label(title, "h3")
    heading.setBuddy(field)
    said = [Label(words, "caption", wrap=True)] if words else []
    return column(heading, field, *said, spacing=5)
