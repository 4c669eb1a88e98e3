"""Rows of names and values, for variables of the environment and for headers."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

from app.ui.agents.servers.draft import Pair, looks_secret
from app.ui.agents.servers.keys import set_secret
from app.ui.icons import Icons
from app.ui.widgets.buttons import Button, IconButton
from app.ui.widgets.layout import NONE

_LONGEST = 8192


class PairRows(QWidget):
    """As many rows as wanted. Names that sound like secrets are kept in the keyring by default.

    Signals:
        resized: a row came or went.
    """

    resized = Signal()

    def __init__(self, icons: Icons, what: str, example: str) -> None:
        """Take what one of them is, in words, and a name for the empty field."""
        super().__init__()
        self._icons = icons
        self._what = what
        self._example = example
        self.rows: list[PairRow] = []
        self.add_button = Button(f"Add a {what}", "small", icons.icon("ph.plus"))
        self.add_button.clicked.connect(self.add)
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(*NONE)
        self._layout.setSpacing(6)
        self._layout.addWidget(self.add_button)

    @property
    def pairs(self) -> tuple[Pair, ...]:
        """As they are entered now."""
        return tuple(row.pair for row in self.rows)

    def show_pairs(self, pairs: Sequence[Pair]) -> None:
        """Show what an entry has already; once, before anything is added."""
        for each in pairs:
            self._add_row().show_pair(each)

    def add(self) -> None:
        """Add an empty row and go there."""
        row = self._add_row()
        row.show()
        row.name.setFocus()
        self.resized.emit()

    def forget(self) -> None:
        """Empty the values: secrets stay no longer than they are needed."""
        for row in self.rows:
            row.value.clear()

    def _add_row(self) -> PairRow:
        row = PairRow(self._icons, self._what, self._example)
        self.rows.append(row)
        self._layout.insertWidget(self._layout.count() - 1, row)
        row.remove.clicked.connect(partial(self._on_remove_clicked, row))
        return row

    def _on_remove_clicked(self, row: PairRow) -> None:
        self.rows.remove(row)
        row.hide()
        row.deleteLater()
        self.add_button.setFocus()
        self.resized.emit()


class PairRow(QWidget):
    """A name, its value, and whether that is a secret."""

    def __init__(self, icons: Icons, what: str, example: str) -> None:
        super().__init__()
        self.name = QLineEdit()
        self.name.setPlaceholderText(example)
        self.name.setAccessibleName(f"Name of the {what}")
        self.value = QLineEdit()
        self.value.setPlaceholderText("Value")
        self.value.setAccessibleName(f"Value of the {what}")
        self.secret = QCheckBox("Keep in the keyring")
        self.secret.setAccessibleName(f"Keep the {what} in the system keyring")
        self.remove = IconButton(icons.icon("ph.x"), f"Remove this {what}", size=14)
        self.remove.setFixedSize(self.remove.sizeHint())  # else it has no size before the layout
        layout = QHBoxLayout(self)
        layout.setContentsMargins(*NONE)
        layout.setSpacing(6)
        for field, share in ((self.name, 2), (self.value, 3)):
            field.setMaxLength(_LONGEST)
            field.setAcceptDrops(False)
            layout.addWidget(field, share)
        layout.addWidget(self.secret)
        layout.addWidget(self.remove)
        self._is_decided = False
        self._reference = ""
        self.name.textEdited.connect(self._on_name_edited)
        self.secret.clicked.connect(self._on_secret_clicked)
        self.secret.toggled.connect(lambda is_on: set_secret(self.value, is_secret=is_on))

    @property
    def pair(self) -> Pair:
        """As it is entered now."""
        is_secret = self.secret.isChecked()
        reference = self._reference if is_secret else ""
        return Pair(self.name.text(), self.value.text(), is_secret, reference)

    def show_pair(self, pair: Pair) -> None:
        """Show what is there already; of a key only that it is kept."""
        self.name.setText(pair.name)
        self.value.setText(pair.value)
        self.secret.setChecked(pair.is_secret)
        self._reference, self._is_decided = pair.reference, True
        if pair.reference:
            self.value.setPlaceholderText("Kept in the keyring")
            self.value.setToolTip("What is written here takes its place")
        elif looks_secret(pair.name):
            set_secret(self.value, is_secret=True)  # it stands in the file, but not on the screen

    def _on_name_edited(self, text: str) -> None:
        if not self._is_decided:
            self.secret.setChecked(looks_secret(text))

    def _on_secret_clicked(self) -> None:
        self._is_decided = True
